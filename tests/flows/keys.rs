use std::time::Duration;

use auth_core::{ErrorKind, KeyId, NewKey, NewSession, NewUser, Password, User, UserId};

use super::stores::{Core, on_every_store};
use crate::PASSWORD;

on_every_store![
    k01_a_key_id_splits_at_the_first_colon,
    k02_a_user_and_its_key_are_stored_together,
    k04_a_primary_key_only_goes_with_its_user,
    k05_a_persistent_key_may_have_a_password,
    k06_a_single_use_key_ends_in_time,
    k07_a_key_with_a_password_asks_for_it,
    k08_a_key_without_password_accepts_none,
    a_session_says_by_what_kind_of_key_it_was_opened,
    k09_a_single_use_key_is_used_once_and_survives_a_wrong_password,
    k10_an_expired_key_says_so_once,
    k11_an_unknown_key_costs_a_hash,
    k12_a_key_can_be_looked_at,
    k13_all_keys_of_a_user_are_listed,
    k14_a_keys_password_can_be_changed_and_removed,
    k15_deleting_keys,
    k16_an_empty_password_is_no_password,
];

fn kind<T>(result: auth_core::Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

fn password(typed: &str) -> Option<Password> {
    Some(Password::new(typed))
}

async fn ada(core: &Core) -> User {
    let new = NewUser::with_password("username", "ada", PASSWORD);
    core.auth.create_user(new).await.unwrap()
}

async fn k01_a_key_id_splits_at_the_first_colon(core: Core) {
    let user = ada(&core).await;
    let key = core
        .auth
        .create_key(&user.id, NewKey::persistent("github", "a:b:c"))
        .await
        .unwrap();
    assert_eq!((key.id.provider(), key.id.provider_user_id()), ("github", "a:b:c"));
    let refused = core.auth.create_key(&user.id, NewKey::persistent("git:hub", "x")).await;
    assert_eq!(kind(refused), ErrorKind::ValidationFailed);
    assert!(KeyId::new("", "x").is_err());
}

async fn k02_a_user_and_its_key_are_stored_together(core: Core) {
    ada(&core).await;
    let second = NewUser::with_password("username", "ada", PASSWORD).id("second");
    assert_eq!(kind(core.auth.create_user(second).await), ErrorKind::DuplicateKeyId);
    assert_eq!(
        kind(core.auth.get_user(&UserId::from("second")).await),
        ErrorKind::InvalidUserId
    );
}

async fn k04_a_primary_key_only_goes_with_its_user(core: Core) {
    let user = ada(&core).await;
    core.auth.delete_key("username", "ada").await.unwrap();
    assert!(core.auth.get_key("username", "ada").await.unwrap().primary);
    core.auth.delete_user(&user.id).await.unwrap();
    assert_eq!(
        kind(core.auth.get_key("username", "ada").await),
        ErrorKind::InvalidKeyId
    );
}

async fn k05_a_persistent_key_may_have_a_password(core: Core) {
    let user = ada(&core).await;
    let with = NewKey::persistent("pin", "ada").password("another long password");
    let key = core.auth.create_key(&user.id, with).await.unwrap();
    assert!(key.has_password && !key.primary && key.expires.is_none());
    let without = core
        .auth
        .create_key(&user.id, NewKey::persistent("github", "1"))
        .await
        .unwrap();
    assert!(!without.has_password);
    let taken = core.auth.create_key(&user.id, NewKey::persistent("github", "1")).await;
    assert_eq!(kind(taken), ErrorKind::DuplicateKeyId);
    let nobody = core
        .auth
        .create_key(&UserId::from("*"), NewKey::persistent("github", "2"))
        .await;
    assert_eq!(kind(nobody), ErrorKind::InvalidUserId);
}

async fn k06_a_single_use_key_ends_in_time(core: Core) {
    let user = ada(&core).await;
    let minute = Duration::from_secs(60);
    let key = core
        .auth
        .create_key(&user.id, NewKey::single_use("link", "x", minute))
        .await
        .unwrap();
    assert_eq!(key.expires, Some(key.created_at + minute));
    let after = Duration::from_millis(1);
    assert_eq!(
        [key.created_at, key.created_at + minute, key.created_at + minute + after].map(|now| key.is_expired(now)),
        [false, false, true]
    );
    let stays = core.auth.get_key("username", "ada").await.unwrap();
    assert!(!stays.is_expired(key.created_at + 1_000_000 * minute));
    // The last moment still counts.
    core.clock.advance(minute);
    assert!(core.auth.use_key("link", "x", None).await.is_ok());
}

async fn k07_a_key_with_a_password_asks_for_it(core: Core) {
    let user = ada(&core).await;
    let used = core.auth.use_key("username", "ada", password(PASSWORD)).await.unwrap();
    assert_eq!(used.key.user_id, user.id);
    assert_eq!(used.proof.user_id(), &user.id);
    let wrong = core.auth.use_key("username", "ada", password("wrong horse")).await;
    assert_eq!(kind(wrong), ErrorKind::InvalidPassword);
    let missing = core.auth.use_key("username", "ada", None).await;
    assert_eq!(kind(missing), ErrorKind::InvalidPassword);
}

async fn k08_a_key_without_password_accepts_none(core: Core) {
    core.auth.create_user(NewUser::with_key("github", "1")).await.unwrap();
    assert!(core.auth.use_key("github", "1", None).await.is_ok());
    for typed in ["", "anything"] {
        let refused = core.auth.use_key("github", "1", password(typed)).await;
        assert_eq!(kind(refused), ErrorKind::InvalidPassword);
    }
}

async fn a_session_says_by_what_kind_of_key_it_was_opened(core: Core) {
    let user = ada(&core).await;
    let minute = Duration::from_secs(60);
    for key in [
        NewKey::persistent("github", "1"),
        NewKey::single_use("link", "x", minute),
    ] {
        core.auth.create_key(&user.id, key).await.unwrap();
    }
    for (provider, id, given, method) in [
        ("username", "ada", password(PASSWORD), "password"),
        ("github", "1", None, "oauth"),
        ("link", "x", None, "otp"),
    ] {
        let used = core.auth.use_key(provider, id, given).await.unwrap();
        let issued = core
            .auth
            .create_session(&used.proof, NewSession::default())
            .await
            .unwrap();
        assert_eq!(issued.session.amr[0].method, method, "{provider}");
    }
}

async fn k09_a_single_use_key_is_used_once_and_survives_a_wrong_password(core: Core) {
    let user = ada(&core).await;
    let key = NewKey::single_use("code", "ada", Duration::from_secs(60)).password("a code of eight words");
    core.auth.create_key(&user.id, key).await.unwrap();
    let wrong = core.auth.use_key("code", "ada", password("wrong")).await;
    assert_eq!(kind(wrong), ErrorKind::InvalidPassword);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let auth = core.auth.clone();
            tokio::spawn(async move {
                auth.use_key("code", "ada", password("a code of eight words"))
                    .await
                    .is_ok()
            })
        })
        .collect();
    let mut winners = 0;
    for task in tasks {
        winners += usize::from(task.await.unwrap());
    }
    assert_eq!(winners, 1);
    let again = core
        .auth
        .use_key("code", "ada", password("a code of eight words"))
        .await;
    assert_eq!(kind(again), ErrorKind::InvalidKeyId);
}

async fn k10_an_expired_key_says_so_once(core: Core) {
    let user = ada(&core).await;
    let minute = Duration::from_secs(60);
    core.auth
        .create_key(&user.id, NewKey::single_use("link", "x", minute))
        .await
        .unwrap();
    core.clock.advance(minute + Duration::from_millis(1));
    assert_eq!(kind(core.auth.use_key("link", "x", None).await), ErrorKind::ExpiredKey);
    assert_eq!(
        kind(core.auth.use_key("link", "x", None).await),
        ErrorKind::InvalidKeyId
    );
}

async fn k11_an_unknown_key_costs_a_hash(core: Core) {
    ada(&core).await;
    for id in ["ada", "nobody"] {
        let before = core.auth.password_hashes();
        core.auth
            .use_key("username", id, password("wrong horse"))
            .await
            .unwrap_err();
        assert_eq!(core.auth.password_hashes(), before + 1);
    }
    let unknown = core.auth.use_key("username", "nobody", None).await;
    assert_eq!(kind(unknown), ErrorKind::InvalidKeyId);
}

async fn k12_a_key_can_be_looked_at(core: Core) {
    let user = ada(&core).await;
    core.auth
        .create_key(&user.id, NewKey::single_use("link", "x", Duration::from_secs(1)))
        .await
        .unwrap();
    core.clock.advance(Duration::from_secs(60));
    // Expired, and still there to look at, twice.
    for _ in 0..2 {
        assert_eq!(core.auth.get_key("link", "x").await.unwrap().user_id, user.id);
    }
    assert_eq!(kind(core.auth.get_key("link", "*").await), ErrorKind::InvalidKeyId);
}

async fn k13_all_keys_of_a_user_are_listed(core: Core) {
    let user = ada(&core).await;
    core.clock.advance(Duration::from_secs(1));
    core.auth
        .create_key(&user.id, NewKey::single_use("link", "x", Duration::from_secs(1)))
        .await
        .unwrap();
    core.clock.advance(Duration::from_secs(60));
    let keys = core.auth.get_all_user_keys(&user.id).await.unwrap();
    let ids: Vec<_> = keys.iter().map(|key| key.id.as_str()).collect();
    assert_eq!(ids, ["username:ada", "link:x"]);
    let unknown = core.auth.get_all_user_keys(&UserId::from("*")).await;
    assert_eq!(kind(unknown), ErrorKind::InvalidUserId);
}

async fn k14_a_keys_password_can_be_changed_and_removed(core: Core) {
    ada(&core).await;
    let change = async |new| core.auth.update_key_password("username", "ada", new).await;
    change(password("a new long password")).await.unwrap();
    assert!(
        core.auth
            .use_key("username", "ada", password("a new long password"))
            .await
            .is_ok()
    );
    change(None).await.unwrap();
    assert!(core.auth.use_key("username", "ada", None).await.is_ok());
    let unknown = core.auth.update_key_password("username", "*", None).await;
    assert_eq!(kind(unknown), ErrorKind::InvalidKeyId);
}

async fn k15_deleting_keys(core: Core) {
    let user = ada(&core).await;
    core.auth
        .create_key(&user.id, NewKey::persistent("github", "1"))
        .await
        .unwrap();
    core.auth.delete_key("github", "1").await.unwrap();
    assert_eq!(kind(core.auth.get_key("github", "1").await), ErrorKind::InvalidKeyId);
    core.auth.delete_key("github", "1").await.unwrap();
}

async fn k16_an_empty_password_is_no_password(core: Core) {
    let empty = NewUser::with_password("username", "ada", "");
    assert_eq!(kind(core.auth.create_user(empty).await), ErrorKind::WeakPassword);
    let user = ada(&core).await;
    let refused = core.auth.update_user_password(&user.id, password("")).await;
    assert_eq!(kind(refused), ErrorKind::WeakPassword);
    assert!(core.auth.use_key("username", "ada", password(PASSWORD)).await.is_ok());
}
