//! Acts of several parts: in order, and wholly or not at all, whichever part cannot be done.

use std::{sync::Arc, time::Duration};

use super::{
    Case, cases,
    fixtures::{NOW, digest, hash, key, key_id, kind, message, token, user},
};
use crate::{
    adapter::{Act, Adapter},
    clock::Timestamp,
    error::ErrorKind,
    id::UserId,
    model::{Attributes, KeyRecord, OneTimeToken, OutboxMessage, Purpose, User, UserPatch, UserQuery},
};

type Store = Arc<dyn Adapter>;

pub(super) const CASES: &[Case<Store>] = cases![
    every_kind_of_act_does_its_part,
    an_act_sees_those_before_it,
    no_acts_are_no_change,
    an_empty_patch_needs_its_user,
    all_other_keys_of_a_user_are_deleted,
    all_tokens_of_a_user_are_deleted,
    nothing_of_an_act_remains_whichever_part_fails,
];

const LATER: Timestamp = Timestamp::from_unix_ms(NOW.as_unix_ms() + 60_000);

fn role(role: &str) -> Box<UserPatch> {
    Box::new(UserPatch {
        role: Some(role.to_owned()),
        ..UserPatch::default()
    })
}

fn name(name: &str) -> Box<UserPatch> {
    Box::new(UserPatch {
        attributes: Attributes::new().with("username", name),
        ..UserPatch::default()
    })
}

/// A message that is due before any other.
fn urgent(id: &str) -> OutboxMessage {
    OutboxMessage {
        due_at: Timestamp::from_unix_ms(1),
        ..message(id)
    }
}

/// Everything that acts can change, without changing it.
#[derive(Debug, PartialEq)]
struct Everything {
    users: Vec<User>,
    keys: Vec<KeyRecord>,
    tokens: Vec<OneTimeToken>,
    next_message: Option<Timestamp>,
}

impl Everything {
    async fn in_store(store: &Store) -> Self {
        let query = UserQuery {
            limit: 100,
            ..UserQuery::default()
        };
        let users = store.get_users(&query).await.unwrap();
        let (mut keys, mut tokens) = (Vec::new(), Vec::new());
        for user in &users {
            keys.extend(store.get_keys_by_user_id(&user.id).await.unwrap());
            tokens.extend(store.get_tokens_by_user_id(&user.id).await.unwrap());
        }
        Self {
            users,
            keys,
            tokens,
            next_message: store.next_message_due().await.unwrap(),
        }
    }
}

async fn every_kind_of_act_does_its_part(store: Store) {
    let (one, two) = (user("one"), user("two"));
    let taken = token(Purpose::EmailChange, &one);
    store.set_user(&one, Some(&key("one", &one))).await.unwrap();
    store.commit(&[Act::SetToken(taken.clone())]).await.unwrap();
    let set = token(Purpose::Recovery, &one);
    let mut patch = role("admin");
    patch.deleted_at = Some(Some(LATER));
    let acts = [
        Act::TakeToken(taken.id.clone(), taken.link_digest),
        Act::SetUser(Box::new(two.clone()), Some(key("two", &two))),
        Act::UpdateUser(one.id.clone(), patch.clone()),
        Act::SetKey(key("more", &one)),
        Act::RenameKey(one.id.clone(), key_id("one"), key_id("renamed"), LATER),
        Act::SetPassword(key_id("more"), Some(hash("s2:new")), LATER),
        Act::SetToken(set.clone()),
        Act::Send(message("first")),
    ];
    store.commit(&acts).await.unwrap();
    let mut changed = one.clone();
    patch.apply(&mut changed);
    assert_eq!(store.get_user(&one.id).await.unwrap(), Some(changed));
    assert_eq!(store.get_user(&two.id).await.unwrap().as_ref(), Some(&two));
    assert_eq!(store.get_keys_by_user_id(&two.id).await.unwrap(), [key("two", &two)]);
    let renamed = KeyRecord {
        updated_at: LATER,
        ..key("renamed", &one)
    };
    let more = KeyRecord {
        hashed_password: Some(hash("s2:new")),
        updated_at: LATER,
        ..key("more", &one)
    };
    assert_eq!(store.get_key(&key_id("one")).await.unwrap(), None);
    assert_eq!(store.get_key(&renamed.id).await.unwrap(), Some(renamed));
    assert_eq!(store.get_key(&more.id).await.unwrap(), Some(more));
    assert_eq!(store.get_tokens_by_user_id(&one.id).await.unwrap(), [set]);
    let sent = store.lease_messages(LATER, LATER, 100).await.unwrap();
    assert_eq!(sent.len(), 1);
    // And without a password again.
    let acts = [Act::SetPassword(key_id("more"), None, NOW)];
    store.commit(&acts).await.unwrap();
    assert_eq!(store.get_key(&key_id("more")).await.unwrap(), Some(key("more", &one)));
}

async fn an_act_sees_those_before_it(store: Store) {
    let one = user("one");
    let token = token(Purpose::Confirmation, &one);
    let acts = [
        Act::SetUser(Box::new(one.clone()), None),
        Act::SetKey(key("one", &one)),
        Act::RenameKey(one.id.clone(), key_id("one"), key_id("two"), NOW),
        Act::SetKey(key("one", &one)),
        Act::SetPassword(key_id("two"), Some(hash("s2:two")), NOW),
        Act::SetToken(token.clone()),
        Act::TakeToken(token.id.clone(), token.link_digest),
        Act::SetToken(token.clone()),
        Act::UpdateUser(one.id.clone(), role("first")),
        Act::UpdateUser(one.id.clone(), role("last")),
    ];
    store.commit(&acts).await.unwrap();
    assert_eq!(store.get_user(&one.id).await.unwrap().unwrap().role, "last");
    let two = KeyRecord {
        hashed_password: Some(hash("s2:two")),
        ..key("two", &one)
    };
    assert_eq!(store.get_key(&two.id).await.unwrap(), Some(two));
    assert_eq!(store.get_key(&key_id("one")).await.unwrap(), Some(key("one", &one)));
    assert_eq!(store.get_tokens_by_user_id(&one.id).await.unwrap(), [token]);
}

async fn no_acts_are_no_change(store: Store) {
    store.commit(&[]).await.unwrap();
}

async fn an_empty_patch_needs_its_user(store: Store) {
    let one = user("one");
    store.set_user(&one, None).await.unwrap();
    let patch = |user_id: &UserId| [Act::UpdateUser(user_id.clone(), Box::default())];
    store.commit(&patch(&one.id)).await.unwrap();
    assert_eq!(store.get_user(&one.id).await.unwrap(), Some(one));
    let refused = store.commit(&patch(&UserId::from("*"))).await;
    assert_eq!(kind(refused), ErrorKind::InvalidUserId);
}

async fn all_other_keys_of_a_user_are_deleted(store: Store) {
    let (one, two) = (user("one"), user("two"));
    store.set_user(&one, Some(&key("one", &one))).await.unwrap();
    store.set_user(&two, Some(&key("two", &two))).await.unwrap();
    for name in ["more", "most"] {
        store.set_key(&key(name, &one)).await.unwrap();
    }
    let delete = |kept| [Act::DeleteOtherKeys(one.id.clone(), kept)];
    store.commit(&delete(Some(key_id("more")))).await.unwrap();
    let kept = store.get_keys_by_user_id(&one.id).await.unwrap();
    assert_eq!(kept, [key("more", &one)]);
    // One of another's is kept, which is none of this user's.
    store.commit(&delete(Some(key_id("two")))).await.unwrap();
    assert_eq!(store.get_keys_by_user_id(&one.id).await.unwrap(), []);
    store.set_key(&key("more", &one)).await.unwrap();
    store.commit(&delete(None)).await.unwrap();
    assert_eq!(store.get_keys_by_user_id(&one.id).await.unwrap(), []);
    assert_eq!(store.get_keys_by_user_id(&two.id).await.unwrap(), [key("two", &two)]);
}

async fn all_tokens_of_a_user_are_deleted(store: Store) {
    let (one, two) = (user("one"), user("two"));
    for user in [&one, &two] {
        store.set_user(user, None).await.unwrap();
    }
    let acts = [
        Act::SetToken(token(Purpose::Recovery, &one)),
        Act::SetToken(token(Purpose::MagicLink, &one)),
        Act::SetToken(token(Purpose::MagicLink, &two)),
        Act::DeleteTokens(one.id.clone()),
        Act::DeleteTokens(UserId::from("*")),
    ];
    store.commit(&acts).await.unwrap();
    assert_eq!(store.get_tokens_by_user_id(&one.id).await.unwrap(), []);
    let others = store.get_tokens_by_user_id(&two.id).await.unwrap();
    assert_eq!(others, [token(Purpose::MagicLink, &two)]);
}

async fn nothing_of_an_act_remains_whichever_part_fails(store: Store) {
    let (one, two, new, nobody) = (user("one"), user("two"), user("new"), user("nobody"));
    let [taken, replaced] = [Purpose::EmailChange, Purpose::Recovery].map(|purpose| token(purpose, &one));
    let theirs = token(Purpose::Recovery, &two);
    store.set_user(&one, Some(&key("one", &one))).await.unwrap();
    store.set_user(&two, Some(&key("two", &two))).await.unwrap();
    store.set_key(&key("more", &one)).await.unwrap();
    let first = [taken.clone(), replaced.clone(), theirs.clone()].map(Act::SetToken);
    store.commit(&first).await.unwrap();
    store.commit(&[Act::Send(message("first"))]).await.unwrap();

    // One of each kind, which can all be done.
    let good = vec![
        Act::SetUser(Box::new(new.clone()), Some(key("new", &new))),
        Act::UpdateUser(one.id.clone(), role("admin")),
        Act::UpdateUser(two.id.clone(), name("another")),
        Act::SetKey(key("third", &one)),
        Act::RenameKey(one.id.clone(), key_id("one"), key_id("renamed"), LATER),
        Act::SetPassword(key_id("more"), Some(hash("s2:new")), LATER),
        Act::TakeToken(taken.id.clone(), taken.link_digest),
        Act::SetToken(OneTimeToken {
            link_digest: digest("a new link"),
            ..replaced.clone()
        }),
        Act::SetToken(token(Purpose::Invite, &new)),
        Act::DeleteTokens(two.id.clone()),
        Act::DeleteOtherKeys(two.id.clone(), None),
        Act::Send(urgent("second")),
    ];
    let mut same_id = nobody.clone();
    same_id.id = one.id.clone();
    let mut same_name = nobody.clone();
    same_name.attributes.set("username", "one");
    let same_link = OneTimeToken {
        link_digest: replaced.link_digest,
        ..token(Purpose::Sms, &one)
    };
    let bad = [
        (Act::SetUser(Box::new(same_id), None), ErrorKind::DatabaseUpdateFailed),
        (
            Act::SetUser(Box::new(nobody.clone()), Some(key("more", &nobody))),
            ErrorKind::DuplicateKeyId,
        ),
        (Act::SetUser(Box::new(same_name), None), ErrorKind::DuplicateUserData),
        (
            Act::UpdateUser(nobody.id.clone(), role("admin")),
            ErrorKind::InvalidUserId,
        ),
        (
            Act::UpdateUser(nobody.id.clone(), Box::default()),
            ErrorKind::InvalidUserId,
        ),
        (
            Act::UpdateUser(two.id.clone(), name("one")),
            ErrorKind::DuplicateUserData,
        ),
        (Act::SetKey(key("more", &one)), ErrorKind::DuplicateKeyId),
        (Act::SetKey(key("fourth", &nobody)), ErrorKind::InvalidUserId),
        (
            Act::RenameKey(one.id.clone(), key_id("*"), key_id("fourth"), LATER),
            ErrorKind::InvalidKeyId,
        ),
        (
            Act::RenameKey(one.id.clone(), key_id("more"), key_id("third"), LATER),
            ErrorKind::DuplicateKeyId,
        ),
        (Act::SetPassword(key_id("*"), None, LATER), ErrorKind::InvalidKeyId),
        (
            Act::SetToken(token(Purpose::Recovery, &nobody)),
            ErrorKind::InvalidUserId,
        ),
        (Act::TakeToken(replaced.id.clone(), digest("*")), ErrorKind::OtpExpired),
        (
            Act::TakeToken(taken.id.clone(), taken.link_digest),
            ErrorKind::OtpExpired,
        ),
        (Act::Send(message("first")), ErrorKind::DatabaseUpdateFailed),
    ];
    let before = Everything::in_store(&store).await;
    for (act, expected) in bad {
        let acts = [good.clone(), vec![act.clone()]].concat();
        assert_eq!(kind(store.commit(&acts).await), expected, "{act:?}");
        assert_eq!(Everything::in_store(&store).await, before, "{act:?}");
        // In the middle it is no better.
        let (head, tail) = acts.split_at(good.len() / 2);
        let acts = [head, &acts[good.len()..], &tail[..tail.len() - 1]].concat();
        if store.commit(&acts).await.is_ok() {
            panic!("{act:?} in the middle should have failed");
        }
        assert_eq!(Everything::in_store(&store).await, before, "{act:?}");
    }
    // A link that is another token's, before that one gets a new one.
    let refused = store
        .commit(&[Act::Send(urgent("second")), Act::SetToken(same_link)])
        .await;
    assert_eq!(kind(refused), ErrorKind::DatabaseUpdateFailed);
    assert_eq!(Everything::in_store(&store).await, before);

    store.commit(&good).await.unwrap();
    let sent = store.lease_messages(NOW, NOW + Duration::from_secs(1), 100).await;
    let sent: Vec<String> = sent.unwrap().into_iter().map(|message| message.id).collect();
    assert_eq!(sent, ["second", "first"].map(|id| message(id).id));
}
