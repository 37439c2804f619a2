//! Users: the seed's cases.

use std::sync::Arc;

use super::{
    Case, cases,
    fixtures::{key, kind, user},
};
use crate::{
    adapter::Adapter,
    error::ErrorKind,
    id::UserId,
    model::{Attributes, UserPatch},
};

type Store = Arc<dyn Adapter>;

pub(super) const CASES: &[Case<Store>] = cases![
    at01_get_user_returns_the_target,
    at02_get_user_returns_none_for_an_unknown_id,
    at03_set_user_inserts_the_user_only,
    at04_set_user_inserts_user_and_key,
    at05_set_user_refuses_a_duplicate_key_id,
    at06_set_user_leaves_nothing_behind_when_it_fails,
    at07_delete_user_deletes_the_target,
    at08_delete_user_ignores_an_unknown_id,
    at09_update_user_changes_the_given_field,
];

async fn at01_get_user_returns_the_target(store: Store) {
    let user = user("one");
    store.set_user(&user, None).await.unwrap();
    assert_eq!(store.get_user(&user.id).await.unwrap().as_ref(), Some(&user));
    assert_eq!(store.get_shared_user(&user.id).await.unwrap().as_deref(), Some(&user));
}

async fn at02_get_user_returns_none_for_an_unknown_id(store: Store) {
    store.set_user(&user("one"), None).await.unwrap();
    // The last is no text for every database.
    for id in ["*", "", "one", "user_one\0"] {
        let id = UserId::from(id);
        assert_eq!(store.get_user(&id).await.unwrap(), None, "{id:?}");
        assert_eq!(store.get_shared_user(&id).await.unwrap(), None, "{id:?}");
    }
}

async fn at03_set_user_inserts_the_user_only(store: Store) {
    let user = user("one");
    store.set_user(&user, None).await.unwrap();
    assert_eq!(store.get_user(&user.id).await.unwrap().as_ref(), Some(&user));
    assert_eq!(store.get_keys_by_user_id(&user.id).await.unwrap(), []);
}

async fn at04_set_user_inserts_user_and_key(store: Store) {
    let user = user("one");
    let key = key("one", &user);
    store.set_user(&user, Some(&key)).await.unwrap();
    assert_eq!(store.get_user(&user.id).await.unwrap(), Some(user));
    assert_eq!(store.get_key(&key.id).await.unwrap(), Some(key));
}

async fn at05_set_user_refuses_a_duplicate_key_id(store: Store) {
    let (one, two) = (user("one"), user("two"));
    store.set_user(&one, Some(&key("same", &one))).await.unwrap();
    let refused = store.set_user(&two, Some(&key("same", &two))).await;
    assert_eq!(kind(refused), ErrorKind::DuplicateKeyId);
}

async fn at06_set_user_leaves_nothing_behind_when_it_fails(store: Store) {
    let (one, two) = (user("one"), user("two"));
    let first = key("same", &one);
    store.set_user(&one, Some(&first)).await.unwrap();
    store.set_user(&two, Some(&key("same", &two))).await.unwrap_err();
    assert_eq!(store.get_user(&two.id).await.unwrap(), None);
    assert_eq!(store.get_keys_by_user_id(&two.id).await.unwrap(), []);
    assert_eq!(store.get_key(&first.id).await.unwrap(), Some(first));
    // The name of the user that never was is free.
    store.set_user(&two, Some(&key("other", &two))).await.unwrap();
}

async fn at07_delete_user_deletes_the_target(store: Store) {
    let (one, two) = (user("one"), user("two"));
    store.set_user(&one, None).await.unwrap();
    store.set_user(&two, None).await.unwrap();
    store.delete_user(&two.id).await.unwrap();
    assert_eq!(store.get_user(&one.id).await.unwrap(), Some(one));
    assert_eq!(store.get_user(&two.id).await.unwrap(), None);
}

async fn at08_delete_user_ignores_an_unknown_id(store: Store) {
    store.delete_user(&UserId::from("*")).await.unwrap();
}

async fn at09_update_user_changes_the_given_field(store: Store) {
    let mut user = user("one");
    store.set_user(&user, None).await.unwrap();
    let patch = UserPatch {
        attributes: Attributes::new().with("username", "Y"),
        ..UserPatch::default()
    };
    store.update_user(&user.id, &patch).await.unwrap();
    patch.apply(&mut user);
    assert_eq!(user.attributes.get("username"), Some(&"Y".into()));
    assert_eq!(store.get_user(&user.id).await.unwrap(), Some(user));
}
