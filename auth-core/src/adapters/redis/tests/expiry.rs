//! What Redis ends by itself, and when.

use super::*;
use crate::{
    Auth, NewUser, Secret,
    adapter::{AttemptAdapter, SessionAdapter},
    adapters::{AnyAdapter, CacheOptions, CachedAdapter, ReplicatedAdapter, redis::lifetime::MARGIN},
    model::SessionPatch,
    testing::FaultyAdapter,
};

const SECOND: u64 = 1_000;

/// For how long Redis still keeps a key.
async fn left(place: &Place, key: &str) -> u64 {
    let left: i64 = place.ask(&format!("PTTL {key}")).await;
    u64::try_from(left).unwrap()
}

#[track_caller]
fn assert_is_just_below(left: u64, end: u64) {
    assert!(
        left <= end && left + 30 * SECOND > end,
        "{left} is not just below {end}"
    );
}

/// Whatever stands before Redis; a store that keeps what is dead is asked to remove it.
#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn a_sign_in_does_not_look_through_the_sessions_of_its_user() {
    let place = Place::new().await;
    let split = || async { SplitAdapter::new(MemoryAdapter::default(), place.another().await) };
    let cached = CachedAdapter::new(split().await, CacheOptions::default());
    let replicated = ReplicatedAdapter::new(split().await, split().await);
    for (adapter, sweeps) in [
        (AnyAdapter::new(split().await), 0),
        (AnyAdapter::new(cached), 0),
        (AnyAdapter::new(replicated), 0),
        (AnyAdapter::new(MemoryAdapter::default()), 1),
    ] {
        let store = FaultyAdapter::new(adapter);
        let auth = Auth::builder(store.clone())
            .secret(Secret::random().unwrap())
            .base_url("https://example.com")
            .build()
            .unwrap();
        let new = NewUser::with_password("username", "ada", "correct horse battery");
        auth.create_user(new).await.unwrap();
        let proof = auth.authenticate_user("username", "ada", "correct horse battery").await;
        let _ = auth.create_session(&proof.unwrap(), Default::default()).await.unwrap();
        assert_eq!(store.count_calls("set_session"), 1);
        assert_eq!(store.count_calls("delete_expired_sessions"), sweeps);
    }
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn a_key_outlives_its_session_by_the_margin_and_no_more() {
    const TWO_HOURS: u64 = 2 * HOUR as u64;
    let place = Place::new().await;
    let store = place.store().await;
    let mut record = session("one");
    store.set_session(&record).await.unwrap();
    assert_is_just_below(left(&place, "$s1:{one}").await, TWO_HOURS + MARGIN);

    // A change of data is no longer life.
    let later = Some(at(NOW + HOUR));
    let patch = SessionPatch {
        data: Some(crate::JsonObject::new()),
        updated_at: later,
        ..SessionPatch::default()
    };
    store.update_session(&record.id, &patch).await.unwrap();
    assert_is_just_below(left(&place, "$s1:{one}").await, TWO_HOURS + MARGIN);

    // A new end counts from the moment of its writing.
    let patch = SessionPatch {
        idle_expires: Some(at(NOW + 2 * HOUR)),
        updated_at: later,
        ..SessionPatch::default()
    };
    store.update_session(&record.id, &patch).await.unwrap();
    assert_is_just_below(left(&place, "$s1:{one}").await, TWO_HOURS / 2 + MARGIN);
    let renewed = rotation("second", NOW + HOUR);
    assert!(
        store
            .rotate_session(&record.id, &digest("first"), &renewed)
            .await
            .unwrap()
    );
    assert_is_just_below(left(&place, "$s1:{one}").await, TWO_HOURS + MARGIN);

    // Without a moment the last known one counts.
    let patch = SessionPatch {
        idle_expires: Some(at(NOW + 2 * HOUR)),
        ..SessionPatch::default()
    };
    store.update_session(&record.id, &patch).await.unwrap();
    assert_is_just_below(left(&place, "$s1:{one}").await, TWO_HOURS / 2 + MARGIN);

    // The absolute end caps them all.
    record.id = SessionId::from("two");
    record.absolute_expires = Some(at(NOW + HOUR));
    store.set_session(&record).await.unwrap();
    assert_is_just_below(left(&place, "$s1:{two}").await, TWO_HOURS / 2 + MARGIN);
    let renewed = rotation("second", NOW + HOUR / 2);
    assert!(
        store
            .rotate_session(&record.id, &digest("first"), &renewed)
            .await
            .unwrap()
    );
    assert_is_just_below(left(&place, "$s1:{two}").await, TWO_HOURS / 4 + MARGIN);
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn a_session_written_dead_lives_for_the_margin() {
    let place = Place::new().await;
    let store = place.store().await;
    let mut record = session("one");
    record.idle_expires = at(NOW - HOUR);
    store.set_session(&record).await.unwrap();
    assert_is_just_below(left(&place, "$s1:{one}").await, MARGIN);
    record.id = SessionId::from("two");
    record.idle_expires = at(i64::MAX);
    store.set_session(&record).await.unwrap();
    assert_eq!(store.get_session(&record.id).await.unwrap(), Some(record));
    assert!(left(&place, "$s1:{two}").await > 1_000_000_000_000);
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn an_expired_key_is_no_session() {
    let place = Place::new().await;
    let store = place.store().await;
    let record = session("one");
    store.set_session(&record).await.unwrap();
    let _: bool = place.ask("PEXPIRE $s1:{one} 1").await;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    assert_eq!(store.get_session(&record.id).await.unwrap(), None);
    assert_eq!(store.get_sessions_by_user_id(&record.user_id).await.unwrap(), []);
    let renewed = rotation("second", NOW);
    assert!(
        !store
            .rotate_session(&record.id, &digest("first"), &renewed)
            .await
            .unwrap()
    );
    let error = store
        .update_session(&record.id, &SessionPatch::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSessionId);
    assert_eq!(place.keys().await.len(), 1, "only the index is left");
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn a_window_of_attempts_expires() {
    let place = Place::new().await;
    let store = place.store().await;
    let window = std::time::Duration::from_secs(60);
    // Pairs whose parts contain the separator are told apart.
    store
        .count_attempt(&"a:{b}".into(), "c", window, at(NOW))
        .await
        .unwrap();
    let counted = store
        .count_attempt(&"b}".into(), "c:{a", window, at(NOW))
        .await
        .unwrap();
    assert_eq!(counted.count, 1);
    for key in place.keys().await {
        assert_is_just_below(left(&place, &key).await, 60 * SECOND + MARGIN);
    }
    assert_eq!(store.delete_expired_attempts(at(NOW + 60_000)).await.unwrap(), 0);
    assert_eq!(store.delete_expired_attempts(at(NOW + 60_001)).await.unwrap(), 2);
    place.clean().await;
}
