//! Users and keys: what the seed's suite left out, and the acts beyond its contract.

use std::sync::Arc;

use serde_json::json;

use super::{
    Case, cases,
    fixtures::{IDLE, NOW, hash, key, key_id, kind, object, session, user},
};
use crate::{
    adapter::{Act, Adapter},
    clock::Timestamp,
    error::ErrorKind,
    id::{KeyId, UserId},
    model::{AttributeValue, Attributes, KeyPatch, UserPatch},
};

type Store = Arc<dyn Adapter>;

pub(super) const CASES: &[Case<Store>] = cases![
    a_duplicate_user_id_is_refused_and_changes_nothing,
    updating_unknown_users_and_keys_is_refused,
    an_empty_patch_changes_nothing,
    every_user_column_can_be_patched_alone,
    every_key_column_can_be_patched_alone,
    unique_attributes_clash_at_insertion_and_leave_nothing,
    unique_attributes_clash_at_update_and_change_nothing,
    nulls_of_unique_attributes_do_not_clash,
    every_kind_of_attribute_round_trips,
    text_is_data_and_never_sql,
    user_times_round_trip_in_64_bits,
    deleting_a_user_takes_keys_and_sessions_along,
    keys_come_oldest_first,
    a_key_and_its_user_are_found_together,
    a_non_primary_key_is_deleted_and_a_primary_one_stays,
    a_key_is_taken_once,
    renaming_a_key_moves_it_with_its_user,
    renaming_a_key_is_all_or_nothing,
    a_password_is_set_on_every_key_that_has_one,
    a_password_is_set_on_the_primary_key_when_none_has_one,
    a_hash_is_replaced_only_if_it_is_the_expected_one,
];

async fn a_duplicate_user_id_is_refused_and_changes_nothing(store: Store) {
    let one = user("one");
    let mut two = user("two");
    two.id = one.id.clone();
    store.set_user(&one, None).await.unwrap();
    let refused = store.set_user(&two, Some(&key("two", &two))).await;
    assert_eq!(kind(refused), ErrorKind::DatabaseUpdateFailed);
    assert_eq!(store.get_key(&key_id("two")).await.unwrap(), None);
    assert_eq!(store.get_user(&one.id).await.unwrap(), Some(one));
}

async fn updating_unknown_users_and_keys_is_refused(store: Store) {
    let nobody = UserId::from("*");
    let patch = UserPatch {
        role: Some("admin".to_owned()),
        ..UserPatch::default()
    };
    assert_eq!(kind(store.update_user(&nobody, &patch).await), ErrorKind::InvalidUserId);
    let refused = store.update_user(&nobody, &UserPatch::default()).await;
    assert_eq!(kind(refused), ErrorKind::InvalidUserId);
    let patch = KeyPatch {
        updated_at: Some(NOW),
        ..KeyPatch::default()
    };
    assert_eq!(
        kind(store.update_key(&key_id("*"), &patch).await),
        ErrorKind::InvalidKeyId
    );
    let refused = store.update_key(&key_id("*"), &KeyPatch::default()).await;
    assert_eq!(kind(refused), ErrorKind::InvalidKeyId);
    let refused = store.set_password(&nobody, None, NOW).await;
    assert_eq!(kind(refused), ErrorKind::InvalidUserId);
}

async fn an_empty_patch_changes_nothing(store: Store) {
    let user = user("one");
    let key = key("one", &user);
    store.set_user(&user, Some(&key)).await.unwrap();
    store.update_user(&user.id, &UserPatch::default()).await.unwrap();
    store.update_key(&key.id, &KeyPatch::default()).await.unwrap();
    assert_eq!(store.get_key_and_user(&key.id).await.unwrap(), Some((key, user)));
}

async fn every_user_column_can_be_patched_alone(store: Store) {
    let mut user = user("one");
    store.set_user(&user, None).await.unwrap();
    let none = UserPatch::default;
    for patch in [
        UserPatch {
            email: Some(Some("new@example.com".to_owned())),
            ..none()
        },
        UserPatch {
            email: Some(None),
            ..none()
        },
        UserPatch {
            phone: Some(None),
            ..none()
        },
        UserPatch {
            email_confirmed_at: Some(None),
            ..none()
        },
        UserPatch {
            phone_confirmed_at: Some(Some(IDLE)),
            ..none()
        },
        UserPatch {
            role: Some("reader".to_owned()),
            ..none()
        },
        UserPatch {
            app_metadata: Some(object("plan", "paid")),
            ..none()
        },
        UserPatch {
            user_metadata: Some(object("name", "Grace")),
            ..none()
        },
        UserPatch {
            is_anonymous: Some(true),
            ..none()
        },
        UserPatch {
            banned_until: Some(Some(IDLE)),
            ..none()
        },
        UserPatch {
            deleted_at: Some(Some(IDLE)),
            ..none()
        },
        UserPatch {
            last_sign_in_at: Some(None),
            ..none()
        },
        UserPatch {
            updated_at: Some(IDLE),
            ..none()
        },
        UserPatch {
            attributes: Attributes::new().with("visits", 4).with("member", false),
            ..none()
        },
    ] {
        store.update_user(&user.id, &patch).await.unwrap();
        patch.apply(&mut user);
        assert_eq!(store.get_user(&user.id).await.unwrap().as_ref(), Some(&user));
    }
}

async fn every_key_column_can_be_patched_alone(store: Store) {
    let user = user("one");
    let mut key = key("one", &user);
    store.set_user(&user, Some(&key)).await.unwrap();
    let none = KeyPatch::default;
    for patch in [
        KeyPatch {
            hashed_password: Some(Some(hash("h"))),
            ..none()
        },
        KeyPatch {
            expires: Some(Some(IDLE)),
            ..none()
        },
        KeyPatch {
            updated_at: Some(IDLE),
            ..none()
        },
        KeyPatch {
            hashed_password: Some(None),
            ..none()
        },
        KeyPatch {
            expires: Some(None),
            ..none()
        },
    ] {
        store.update_key(&key.id, &patch).await.unwrap();
        patch.apply(&mut key);
        assert_eq!(store.get_key(&key.id).await.unwrap().as_ref(), Some(&key));
    }
}

async fn unique_attributes_clash_at_insertion_and_leave_nothing(store: Store) {
    store.set_user(&user("one"), None).await.unwrap();
    let mut two = user("two");
    two.attributes.set("username", "one");
    let refused = store.set_user(&two, Some(&key("two", &two))).await;
    assert_eq!(kind(refused), ErrorKind::DuplicateUserData);
    assert_eq!(store.get_user(&two.id).await.unwrap(), None);
    assert_eq!(store.get_key(&key_id("two")).await.unwrap(), None);
}

async fn unique_attributes_clash_at_update_and_change_nothing(store: Store) {
    let (one, two) = (user("one"), user("two"));
    store.set_user(&one, None).await.unwrap();
    store.set_user(&two, None).await.unwrap();
    let patch = |name: &str| UserPatch {
        role: Some("changed".to_owned()),
        attributes: Attributes::new().with("username", name),
        ..UserPatch::default()
    };
    let refused = store.update_user(&two.id, &patch("one")).await;
    assert_eq!(kind(refused), ErrorKind::DuplicateUserData);
    assert_eq!(store.get_user(&two.id).await.unwrap().as_ref(), Some(&two));
    // One's own value is no clash.
    store.update_user(&two.id, &patch("two")).await.unwrap();
}

async fn nulls_of_unique_attributes_do_not_clash(store: Store) {
    for name in ["one", "two"] {
        let mut user = user(name);
        user.attributes.set("username", AttributeValue::Null);
        store.set_user(&user, None).await.unwrap();
    }
}

async fn every_kind_of_attribute_round_trips(store: Store) {
    let mut user = user("one");
    let values: [(&str, AttributeValue); 10] = [
        ("nickname", "".into()),
        ("nickname", "\u{1f600} \u{0}".replace('\u{0}', "").into()),
        ("visits", i64::MAX.into()),
        ("visits", i64::MIN.into()),
        ("score", 0.1.into()),
        ("score", (-1e300).into()),
        ("member", false.into()),
        ("birthday", Timestamp::from_unix_ms(-1).into()),
        ("settings", json!("text").into()),
        ("settings", json!([{ "deep": [1.5, true, null] }]).into()),
    ];
    store.set_user(&user, None).await.unwrap();
    for (name, value) in values {
        let patch = UserPatch {
            attributes: Attributes::new().with(name, value),
            ..UserPatch::default()
        };
        store.update_user(&user.id, &patch).await.unwrap();
        patch.apply(&mut user);
        assert_eq!(store.get_user(&user.id).await.unwrap().as_ref(), Some(&user));
    }
    let names: Vec<String> = user.attributes.iter().map(|(name, _)| name.to_owned()).collect();
    user.attributes = names.iter().map(|name| (name.as_str(), AttributeValue::Null)).collect();
    let patch = UserPatch {
        attributes: user.attributes.clone(),
        ..UserPatch::default()
    };
    store.update_user(&user.id, &patch).await.unwrap();
    assert_eq!(store.get_user(&user.id).await.unwrap(), Some(user));
}

async fn text_is_data_and_never_sql(store: Store) {
    let witness = user("witness");
    store.set_user(&witness, None).await.unwrap();
    for (index, text) in [
        "' OR '1'='1",
        "'; DROP TABLE auth_user; --",
        "\" OR \"\"=\"",
        "%",
        "_",
        "1",
        "?1",
        "$1",
        "\\'; --",
        "\u{2019}",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let mut user = user(&format!("user {index}"));
        user.id = UserId::from(format!("id{text}"));
        user.email = Some(text.to_owned());
        user.attributes.set("username", format!("{index}{text}"));
        let mut key = key("k", &user);
        key.id = KeyId::from(format!("username:{text}"));
        store.set_user(&user, Some(&key)).await.unwrap();
        assert_eq!(
            store.get_key_and_user(&key.id).await.unwrap(),
            Some((key.clone(), user.clone()))
        );
        assert_eq!(store.get_keys_by_user_id(&user.id).await.unwrap(), [key.clone()]);
        store.delete_user(&user.id).await.unwrap();
        assert_eq!(store.get_key(&key.id).await.unwrap(), None);
    }
    assert_eq!(store.get_user(&witness.id).await.unwrap(), Some(witness));
}

async fn user_times_round_trip_in_64_bits(store: Store) {
    for (index, ms) in [i64::MAX, i64::MIN, (1 << 53) + 1, -1, 0].into_iter().enumerate() {
        let mut user = user(&index.to_string());
        user.banned_until = Some(Timestamp::from_unix_ms(ms));
        user.created_at = Timestamp::from_unix_ms(ms);
        store.set_user(&user, None).await.unwrap();
        assert_eq!(store.get_user(&user.id).await.unwrap(), Some(user));
    }
}

async fn deleting_a_user_takes_keys_and_sessions_along(store: Store) {
    let (one, two) = (user("one"), user("two"));
    for user in [&one, &two] {
        let name = user.email.as_deref().unwrap();
        store.set_user(user, Some(&key(name, user))).await.unwrap();
        store.set_session(&session(name, user)).await.unwrap();
    }
    store.delete_user(&one.id).await.unwrap();
    assert_eq!(store.get_keys_by_user_id(&one.id).await.unwrap(), []);
    assert_eq!(store.get_sessions_by_user_id(&one.id).await.unwrap(), []);
    assert_eq!(store.get_keys_by_user_id(&two.id).await.unwrap().len(), 1);
    assert_eq!(store.get_sessions_by_user_id(&two.id).await.unwrap().len(), 1);
}

async fn keys_come_oldest_first(store: Store) {
    let user = user("one");
    store.set_user(&user, None).await.unwrap();
    let mut keys = Vec::new();
    for (index, name) in ["c", "a", "b"].into_iter().enumerate() {
        let mut key = key(name, &user);
        key.created_at = Timestamp::from_unix_ms(NOW.as_unix_ms() + i64::try_from(index).unwrap());
        store.set_key(&key).await.unwrap();
        keys.push(key);
    }
    assert_eq!(store.get_keys_by_user_id(&user.id).await.unwrap(), keys);
}

async fn a_key_and_its_user_are_found_together(store: Store) {
    let user = user("one");
    let key = key("one", &user);
    store.set_user(&user, Some(&key)).await.unwrap();
    assert_eq!(store.get_key_and_user(&key.id).await.unwrap(), Some((key, user)));
    assert_eq!(store.get_key_and_user(&key_id("*")).await.unwrap(), None);
}

async fn a_non_primary_key_is_deleted_and_a_primary_one_stays(store: Store) {
    let user = user("one");
    let mut primary = key("primary", &user);
    primary.primary = true;
    store.set_user(&user, Some(&primary)).await.unwrap();
    store.set_key(&key("other", &user)).await.unwrap();
    for name in ["primary", "other", "*"] {
        store.delete_non_primary_key(&key_id(name)).await.unwrap();
    }
    assert_eq!(store.get_keys_by_user_id(&user.id).await.unwrap(), [primary]);
}

async fn a_key_is_taken_once(store: Store) {
    let user = user("one");
    store.set_user(&user, Some(&key("one", &user))).await.unwrap();
    assert!(store.take_key(&key_id("one")).await.unwrap());
    assert!(!store.take_key(&key_id("one")).await.unwrap());
    assert_eq!(store.get_key(&key_id("one")).await.unwrap(), None);
}

async fn renaming_a_key_moves_it_with_its_user(store: Store) {
    let mut user = user("one");
    let mut key = key("old", &user);
    key.hashed_password = Some(hash("h"));
    key.primary = true;
    store.set_user(&user, Some(&key)).await.unwrap();
    let patch = UserPatch {
        email: Some(Some("new@example.com".to_owned())),
        ..UserPatch::default()
    };
    store
        .rename_key(&user.id, &key.id, &key_id("new"), &patch, IDLE)
        .await
        .unwrap();
    patch.apply(&mut user);
    assert_eq!(store.get_key(&key.id).await.unwrap(), None);
    key.id = key_id("new");
    key.updated_at = IDLE;
    assert_eq!(
        store.get_key_and_user(&key.id).await.unwrap(),
        Some((key.clone(), user.clone()))
    );
    // Without a change to the user.
    store
        .rename_key(&user.id, &key.id, &key_id("newer"), &UserPatch::default(), IDLE)
        .await
        .unwrap();
    assert_eq!(store.get_user(&user.id).await.unwrap(), Some(user));
}

async fn renaming_a_key_is_all_or_nothing(store: Store) {
    let (one, two) = (user("one"), user("two"));
    store.set_user(&one, Some(&key("one", &one))).await.unwrap();
    store.set_user(&two, Some(&key("two", &two))).await.unwrap();
    let patch = UserPatch {
        email: Some(Some("changed@example.com".to_owned())),
        ..UserPatch::default()
    };
    let refused = store
        .rename_key(&one.id, &key_id("*"), &key_id("new"), &patch, NOW)
        .await;
    assert_eq!(kind(refused), ErrorKind::InvalidKeyId);
    // Somebody else's.
    let refused = store
        .rename_key(&two.id, &key_id("one"), &key_id("new"), &patch, NOW)
        .await;
    assert_eq!(kind(refused), ErrorKind::InvalidKeyId);
    let acts = [Act::RenameKey(two.id.clone(), key_id("one"), key_id("new"), NOW)];
    assert_eq!(kind(store.commit(&acts).await), ErrorKind::InvalidKeyId);
    let refused = store
        .rename_key(&one.id, &key_id("one"), &key_id("two"), &patch, NOW)
        .await;
    assert_eq!(kind(refused), ErrorKind::DuplicateKeyId);
    let clash = UserPatch {
        attributes: Attributes::new().with("username", "two"),
        ..patch
    };
    let refused = store
        .rename_key(&one.id, &key_id("one"), &key_id("new"), &clash, NOW)
        .await;
    assert_eq!(kind(refused), ErrorKind::DuplicateUserData);
    assert_eq!(store.get_key(&key_id("new")).await.unwrap(), None);
    let (_, unchanged) = store.get_key_and_user(&key_id("one")).await.unwrap().unwrap();
    assert_eq!(unchanged, one);
    assert_eq!(store.get_user(&two.id).await.unwrap(), Some(two));
}

async fn a_password_is_set_on_every_key_that_has_one(store: Store) {
    let user = user("one");
    let with = |name: &str, password: Option<&str>, expires| {
        let mut key = key(name, &user);
        key.hashed_password = password.map(hash);
        key.expires = expires;
        key
    };
    store
        .set_user(&user, Some(&with("a", Some("old"), None)))
        .await
        .unwrap();
    store.set_key(&with("b", Some("old"), None)).await.unwrap();
    store.set_key(&with("c", None, None)).await.unwrap();
    store.set_key(&with("d", Some("code"), Some(IDLE))).await.unwrap();
    store.set_password(&user.id, Some(&hash("new")), IDLE).await.unwrap();
    let keys = store.get_keys_by_user_id(&user.id).await.unwrap();
    let hashes: Vec<_> = keys.iter().map(|key| key.hashed_password.clone()).collect();
    assert_eq!(hashes, [Some(hash("new")), Some(hash("new")), None, Some(hash("code"))]);
    store.set_password(&user.id, None, IDLE).await.unwrap();
    let keys = store.get_keys_by_user_id(&user.id).await.unwrap();
    assert!(keys[..3].iter().all(|key| key.hashed_password.is_none()));
}

async fn a_password_is_set_on_the_primary_key_when_none_has_one(store: Store) {
    let user = user("one");
    let mut primary = key("primary", &user);
    primary.primary = true;
    store.set_user(&user, Some(&primary)).await.unwrap();
    store.set_key(&key("other", &user)).await.unwrap();
    store.set_password(&user.id, Some(&hash("new")), IDLE).await.unwrap();
    let primary = store.get_key(&primary.id).await.unwrap().unwrap();
    assert_eq!((primary.hashed_password, primary.updated_at), (Some(hash("new")), IDLE));
    let other = store.get_key(&key_id("other")).await.unwrap().unwrap();
    assert_eq!(other.hashed_password, None);
}

async fn a_hash_is_replaced_only_if_it_is_the_expected_one(store: Store) {
    let user = user("one");
    let mut key = key("one", &user);
    key.hashed_password = Some(hash("old"));
    store.set_user(&user, Some(&key)).await.unwrap();
    assert!(!store.replace_hash(&key.id, &hash("other"), &hash("new")).await.unwrap());
    assert!(store.replace_hash(&key.id, &hash("old"), &hash("new")).await.unwrap());
    assert!(!store.replace_hash(&key.id, &hash("old"), &hash("newer")).await.unwrap());
    assert!(
        !store
            .replace_hash(&key_id("*"), &hash("old"), &hash("new"))
            .await
            .unwrap()
    );
    let stored = store.get_key(&key.id).await.unwrap().unwrap();
    assert_eq!(stored.hashed_password, Some(hash("new")));
}
