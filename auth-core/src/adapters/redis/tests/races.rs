//! Acts that meet.

use std::sync::Arc;

use super::*;
use crate::{
    adapter::SessionAdapter,
    model::{JsonObject, SessionPatch},
};

fn numbered(number: i64) -> JsonObject {
    JsonObject::from_iter([("n".to_owned(), number.into())])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn a_deleted_session_never_comes_back() {
    let place = Place::new().await;
    let store = place.store().await;
    for round in 0..30 {
        let record = Arc::new(session(&round.to_string()));
        store.set_session(&record).await.unwrap();
        let tasks: Vec<_> = (0..20_i64)
            .map(|number| {
                let (store, record) = (store.clone(), Arc::clone(&record));
                tokio::spawn(async move {
                    match number {
                        7 if round % 2 == 0 => drop(store.delete_session(&record.id).await.unwrap()),
                        7 => {
                            let all = store.delete_sessions_by_user_id(&record.user_id, None);
                            all.await.unwrap();
                        }
                        _ if number % 2 == 0 => {
                            // Longer than the list knows of: the two steps of a renewal, with the deletion in between.
                            let mut renewed = rotation(&number.to_string(), NOW);
                            renewed.idle_expires = at(NOW + 100 * HOUR);
                            let rotated = store.rotate_session(&record.id, &record.secret_digest, &renewed);
                            rotated.await.unwrap();
                        }
                        _ => {
                            let patch = SessionPatch {
                                idle_expires: Some(at(NOW + 100 * HOUR)),
                                data: Some(numbered(number)),
                                updated_at: Some(at(NOW)),
                                ..SessionPatch::default()
                            };
                            match store.update_session(&record.id, &patch).await {
                                Ok(()) => {}
                                Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidSessionId),
                            }
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(store.get_session(&record.id).await.unwrap(), None);
        assert_eq!(store.get_sessions_by_user_id(&record.user_id).await.unwrap(), []);
    }
    let left = place.keys().await;
    assert!(left.iter().all(|key| key.contains(":u:")), "{left:?}");
    place.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn a_renewal_and_changes_of_data_keep_each_other() {
    let place = Place::new().await;
    let store = place.store().await;
    for round in 0..30 {
        let record = Arc::new(session(&round.to_string()));
        store.set_session(&record).await.unwrap();
        let renewed = rotation("second", NOW + 5);
        let with = |patch: SessionPatch| {
            let (store, record) = (store.clone(), Arc::clone(&record));
            tokio::spawn(async move { store.update_session(&record.id, &patch).await.unwrap() })
        };
        let none = SessionPatch::default;
        let patches = [
            SessionPatch {
                data: Some(numbered(1)),
                ..none()
            },
            SessionPatch {
                payload: Some(numbered(2)),
                ..none()
            },
            SessionPatch { aal: Some(2), ..none() },
            SessionPatch {
                attributes: Attributes::new().with("country", "YY"),
                ..none()
            },
        ];
        let tasks: Vec<_> = patches.clone().into_iter().map(with).collect();
        let rotated = store.rotate_session(&record.id, &record.secret_digest, &renewed).await;
        assert!(rotated.unwrap());
        for task in tasks {
            task.await.unwrap();
        }
        let mut expected = SessionRecord::clone(&record);
        renewed.apply(&mut expected);
        patches.iter().for_each(|patch| patch.apply(&mut expected));
        assert_eq!(store.get_session(&record.id).await.unwrap(), Some(expected));
    }
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn a_session_renewed_since_it_was_read_is_not_deleted_as_dead() {
    let place = Place::new().await;
    let store = place.store().await;
    let read = session("one");
    store.set_session(&read).await.unwrap();
    let dead = at(NOW + 2 * HOUR + 1);
    let renewed = rotation("second", NOW + 2 * HOUR);
    assert!(
        store
            .rotate_session(&read.id, &digest("first"), &renewed)
            .await
            .unwrap()
    );
    assert!(!store.inner.delete_if_dead(&read, dead).await.unwrap());
    assert!(store.get_session(&read.id).await.unwrap().is_some());
    place.clean().await;
}
