//! The list of a user's sessions: complete, and not for ever.

use super::*;
use crate::{
    adapter::SessionAdapter,
    adapters::redis::{layout::PROMISE_AT, lifetime::MARGIN},
    model::SessionPatch,
};

const INDEX: &str = "$u:{ada}";

async fn listed(place: &Place) -> Vec<String> {
    place.ask(&format!("ZRANGE {INDEX} 0 -1")).await
}

/// A session's key, its entry and the list end in this order, and none is for ever.
async fn assert_is_listed_long_enough(place: &Place, name: &str) {
    let session: i64 = place.ask(&format!("PEXPIRETIME $s1:{{{name}}}")).await;
    let entry: f64 = place.ask(&format!("ZSCORE {INDEX} {name}")).await;
    let list: i64 = place.ask(&format!("PEXPIRETIME {INDEX}")).await;
    let margin = i64::try_from(MARGIN).unwrap();
    assert!(session > 0 && session + margin <= entry as i64, "{session} {entry}");
    assert!(entry as i64 <= list + 1_000, "{entry} {list}");
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn a_session_is_listed_for_as_long_as_it_can_be_renewed() {
    let place = Place::new().await;
    let store = place.store().await;
    let mut record = session("one");
    store.set_session(&record).await.unwrap();
    assert_is_listed_long_enough(&place, "one").await;
    // Renewals that promise more and more, as a year of them would; by rotation and by extension.
    for round in 1..=20 {
        let mut renewed = rotation(&round.to_string(), NOW);
        renewed.idle_expires = at(NOW + round * 2 * HOUR);
        assert!(
            store
                .rotate_session(&record.id, &record.secret_digest, &renewed)
                .await
                .unwrap()
        );
        renewed.apply(&mut record);
        assert_is_listed_long_enough(&place, "one").await;
        let patch = SessionPatch {
            idle_expires: Some(at(NOW + round * 3 * HOUR)),
            updated_at: Some(at(NOW)),
            ..SessionPatch::default()
        };
        store.update_session(&record.id, &patch).await.unwrap();
        patch.apply(&mut record);
        assert_is_listed_long_enough(&place, "one").await;
    }
    assert_eq!(store.get_session(&record.id).await.unwrap(), Some(record));
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn a_session_that_no_list_knows_is_listed_at_its_renewal() {
    let place = Place::new().await;
    let store = place.store().await;
    let record = session("one");
    store.set_session(&record).await.unwrap();
    // As if its moment were nearly over.
    let forgotten = format!("SETRANGE $s1:{{one}} {PROMISE_AT} \0\0\0\0\0\0\0\u{1}");
    let _: i64 = place.ask(&forgotten).await;
    let _: i64 = place.ask("DEL $u:{ada}").await;
    let renewed = rotation("second", NOW);
    assert!(
        store
            .rotate_session(&record.id, &digest("first"), &renewed)
            .await
            .unwrap()
    );
    assert_eq!(listed(&place).await, ["one"]);
    assert_is_listed_long_enough(&place, "one").await;
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn ids_leave_the_list_with_their_sessions() {
    let place = Place::new().await;
    let store = place.store().await;
    for name in ["a", "b", "c", "d"] {
        store.set_session(&session(name)).await.unwrap();
    }
    assert!(store.delete_session(&SessionId::from("a")).await.unwrap());
    assert_eq!(listed(&place).await, ["b", "c", "d"]);
    let dead = at(NOW + 2 * HOUR + 1);
    store.delete_session_if_dead(&SessionId::from("b"), dead).await.unwrap();
    assert_eq!(listed(&place).await, ["c", "d"]);
    let user_id = UserId::from("ada");
    store
        .delete_sessions_by_user_id(&user_id, Some(&SessionId::from("d")))
        .await
        .unwrap();
    assert_eq!(listed(&place).await, ["d"]);
    assert_eq!(store.delete_expired_sessions(Some(&user_id), dead).await.unwrap(), 1);
    assert_eq!(place.keys().await, [""; 0], "an empty list is no key");
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn a_sign_in_clears_away_what_ended_long_ago_and_nothing_else() {
    let place = Place::new().await;
    let store = place.store().await;
    store.set_session(&session("one")).await.unwrap();
    let _: i64 = place.ask("ZADD $u:{ada} 1 ended").await;
    // Listed, not written yet: another process is in the middle of a sign-in.
    let _: i64 = place.ask("ZADD $u:{ada} 99999999999999 coming").await;
    let sessions = store.get_sessions_by_user_id(&UserId::from("ada")).await.unwrap();
    assert_eq!(sessions, [session("one")]);
    store
        .delete_sessions_by_user_id(&UserId::from("ada"), None)
        .await
        .unwrap();
    assert_eq!(listed(&place).await, ["ended", "coming"]);
    store.set_session(&session("two")).await.unwrap();
    assert_eq!(listed(&place).await, ["two", "coming"]);
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn the_session_of_another_user_is_neither_shown_nor_deleted() {
    let place = Place::new().await;
    let store = place.store().await;
    let record = session("one");
    store.set_session(&record).await.unwrap();
    let mut other = session("one");
    other.user_id = UserId::from("eve");
    // Refused, but eve's list has the id.
    assert!(store.set_session(&other).await.is_err());
    assert_eq!(store.get_sessions_by_user_id(&other.user_id).await.unwrap(), []);
    store.delete_sessions_by_user_id(&other.user_id, None).await.unwrap();
    let dead = at(NOW + 2 * HOUR + 1);
    assert_eq!(
        store.delete_expired_sessions(Some(&other.user_id), dead).await.unwrap(),
        0
    );
    assert_eq!(store.get_session(&record.id).await.unwrap(), Some(record));
    place.clean().await;
}
