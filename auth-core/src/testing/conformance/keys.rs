//! Keys: the seed's cases.

use std::sync::Arc;

use super::{
    Case, cases,
    fixtures::{hash, key, key_id, kind, user},
};
use crate::{
    adapter::Adapter,
    error::ErrorKind,
    id::UserId,
    model::{KeyPatch, User},
};

type Store = Arc<dyn Adapter>;

pub(super) const CASES: &[Case<Store>] = cases![
    at10_get_key_returns_the_target,
    at11_get_key_returns_none_for_an_unknown_id,
    at12_set_key_inserts,
    at13_set_key_refuses_a_duplicate_id,
    at14_set_key_refuses_an_unknown_user,
    at15_update_key_changes_the_hash,
    at16_get_keys_returns_the_users_own,
    at17_get_keys_returns_nothing_for_an_unknown_user,
    at18_delete_keys_deletes_the_users_own,
    at19_delete_keys_ignores_an_unknown_user,
    at20_delete_key_deletes_the_target,
    at21_delete_key_ignores_an_unknown_id,
];

async fn two_users(store: &Store) -> (User, User) {
    let (one, two) = (user("one"), user("two"));
    store.set_user(&one, None).await.unwrap();
    store.set_user(&two, None).await.unwrap();
    (one, two)
}

async fn at10_get_key_returns_the_target(store: Store) {
    let user = user("one");
    let key = key("one", &user);
    store.set_user(&user, Some(&key)).await.unwrap();
    assert_eq!(store.get_key(&key.id).await.unwrap(), Some(key));
}

async fn at11_get_key_returns_none_for_an_unknown_id(store: Store) {
    assert_eq!(store.get_key(&key_id("*")).await.unwrap(), None);
}

async fn at12_set_key_inserts(store: Store) {
    let (user, _) = two_users(&store).await;
    let mut key = key("one", &user);
    key.hashed_password = Some(hash("hash"));
    key.primary = true;
    key.expires = Some(super::fixtures::IDLE);
    store.set_key(&key).await.unwrap();
    assert_eq!(store.get_key(&key.id).await.unwrap(), Some(key));
}

async fn at13_set_key_refuses_a_duplicate_id(store: Store) {
    let (one, two) = two_users(&store).await;
    store.set_key(&key("same", &one)).await.unwrap();
    assert_eq!(kind(store.set_key(&key("same", &two)).await), ErrorKind::DuplicateKeyId);
    assert_eq!(store.get_key(&key_id("same")).await.unwrap().unwrap().user_id, one.id);
}

async fn at14_set_key_refuses_an_unknown_user(store: Store) {
    let refused = store.set_key(&key("one", &user("nobody"))).await;
    assert_eq!(kind(refused), ErrorKind::InvalidUserId);
}

async fn at15_update_key_changes_the_hash(store: Store) {
    let (user, _) = two_users(&store).await;
    let mut key = key("one", &user);
    store.set_key(&key).await.unwrap();
    let patch = KeyPatch {
        hashed_password: Some(Some(hash("HASHED"))),
        ..KeyPatch::default()
    };
    store.update_key(&key.id, &patch).await.unwrap();
    patch.apply(&mut key);
    assert_eq!(store.get_key(&key.id).await.unwrap(), Some(key));
}

async fn at16_get_keys_returns_the_users_own(store: Store) {
    let (one, two) = two_users(&store).await;
    let key_one = key("one", &one);
    store.set_key(&key_one).await.unwrap();
    store.set_key(&key("two", &two)).await.unwrap();
    assert_eq!(store.get_keys_by_user_id(&one.id).await.unwrap(), [key_one]);
}

async fn at17_get_keys_returns_nothing_for_an_unknown_user(store: Store) {
    let (one, _) = two_users(&store).await;
    store.set_key(&key("one", &one)).await.unwrap();
    assert_eq!(store.get_keys_by_user_id(&UserId::from("*")).await.unwrap(), []);
}

async fn at18_delete_keys_deletes_the_users_own(store: Store) {
    let (one, two) = two_users(&store).await;
    let key_two = key("two", &two);
    store.set_key(&key("one", &one)).await.unwrap();
    store.set_key(&key_two).await.unwrap();
    store.delete_keys_by_user_id(&one.id).await.unwrap();
    assert_eq!(store.get_keys_by_user_id(&one.id).await.unwrap(), []);
    assert_eq!(store.get_keys_by_user_id(&two.id).await.unwrap(), [key_two]);
}

async fn at19_delete_keys_ignores_an_unknown_user(store: Store) {
    store.delete_keys_by_user_id(&UserId::from("*")).await.unwrap();
}

async fn at20_delete_key_deletes_the_target(store: Store) {
    let (one, two) = two_users(&store).await;
    let key_two = key("two", &two);
    store.set_key(&key("one", &one)).await.unwrap();
    store.set_key(&key_two).await.unwrap();
    store.delete_key(&key_id("one")).await.unwrap();
    assert_eq!(store.get_key(&key_id("one")).await.unwrap(), None);
    assert_eq!(store.get_key(&key_two.id).await.unwrap(), Some(key_two));
}

async fn at21_delete_key_ignores_an_unknown_id(store: Store) {
    store.delete_key(&key_id("*")).await.unwrap();
}
