//! Races: of any number of tasks that want the same thing at once, exactly one gets it.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::sync::Barrier;

use super::{
    Case, cases,
    fixtures::{NOW, Sessions, key, key_id, session, user},
    rotations::{replacement, rotation},
};
use crate::{adapter::Adapter, error::ErrorKind};

type Store = Arc<dyn Adapter>;

pub(super) const CASES: &[Case<Store>] = cases![
    one_of_many_sets_the_same_key,
    one_of_many_signs_up_with_the_same_key,
    one_of_many_gets_the_same_unique_name,
    one_of_many_takes_the_same_key,
];

pub(super) const SESSION_CASES: &[Case<Sessions>] = cases![
    one_of_many_rotates_the_same_session,
    one_of_many_replaces_the_same_secret,
    rotation_never_outlives_deletion,
    every_attempt_is_counted_once,
];

pub(super) const RACERS: usize = 50;

/// Starts all at once and collects what they found.
pub(super) async fn race<T, F>(racer: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(RACERS));
    let tasks: Vec<_> = (0..RACERS)
        .map(|index| {
            let start = Arc::clone(&start);
            let run = racer(index);
            tokio::spawn(async move {
                start.wait().await;
                run.await
            })
        })
        .collect();
    let mut found = Vec::new();
    for task in tasks {
        found.push(task.await.unwrap());
    }
    found
}

async fn one_of_many_sets_the_same_key(store: Store) {
    let user = user("one");
    store.set_user(&user, None).await.unwrap();
    let results = race(|_| {
        let (store, key) = (Arc::clone(&store), key("same", &user));
        async move { store.set_key(&key).await }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let lost = results.iter().filter_map(|result| result.as_ref().err());
    assert!(
        lost.map(crate::Error::kind)
            .all(|kind| kind == ErrorKind::DuplicateKeyId)
    );
}

async fn one_of_many_signs_up_with_the_same_key(store: Store) {
    let results = race(|index| {
        let (store, user) = (Arc::clone(&store), user(&index.to_string()));
        async move {
            let set = store.set_user(&user, Some(&key("same", &user))).await;
            (user, set)
        }
    })
    .await;
    let mut winners = 0;
    for (user, set) in results {
        let stored = store.get_user(&user.id).await.unwrap();
        match set {
            Ok(()) => {
                winners += 1;
                assert_eq!(stored, Some(user));
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::DuplicateKeyId);
                assert_eq!(stored, None, "half a user is left");
            }
        }
    }
    assert_eq!(winners, 1);
}

async fn one_of_many_gets_the_same_unique_name(store: Store) {
    let results = race(|index| {
        let store = Arc::clone(&store);
        let mut user = user(&index.to_string());
        user.attributes.set("username", "same");
        async move { store.set_user(&user, None).await }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let lost = results.iter().filter_map(|result| result.as_ref().err());
    assert!(
        lost.map(crate::Error::kind)
            .all(|kind| kind == ErrorKind::DuplicateUserData)
    );
}

async fn one_of_many_takes_the_same_key(store: Store) {
    let user = user("one");
    store.set_user(&user, Some(&key("same", &user))).await.unwrap();
    let taken = race(|_| {
        let store = Arc::clone(&store);
        async move { store.take_key(&key_id("same")).await.unwrap() }
    })
    .await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
}

async fn one_of_many_rotates_the_same_session(store: Sessions) {
    let session = session("one", &user("one"));
    store.set_session(&session).await.unwrap();
    let rotated = race(|index| {
        let (store, session) = (store.clone(), session.clone());
        async move {
            let rotation = rotation(&index.to_string());
            let rotated = store
                .rotate_session(&session.id, &session.secret_digest, &rotation)
                .await;
            rotated.unwrap().then_some(rotation.secret_digest)
        }
    })
    .await;
    let winners: Vec<_> = rotated.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let stored = store.get_session(&session.id).await.unwrap().unwrap();
    assert_eq!(stored.secret_digest, winners[0]);
    assert_eq!(stored.previous_digest, Some(session.secret_digest));
}

async fn one_of_many_replaces_the_same_secret(store: Sessions) {
    let session = session("one", &user("one"));
    store.set_session(&session).await.unwrap();
    let rotated = race(|index| {
        let (store, session) = (store.clone(), session.clone());
        async move {
            // Some leave what was before as it was, others do not: a statement of each kind sees the other's.
            let rotation = if index.is_multiple_of(4) {
                rotation(&index.to_string())
            } else {
                replacement(&index.to_string())
            };
            let rotated = store
                .rotate_session(&session.id, &session.secret_digest, &rotation)
                .await;
            rotated.unwrap().then_some(rotation)
        }
    })
    .await;
    let winners: Vec<_> = rotated.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let mut expected = session;
    winners[0].apply(&mut expected);
    assert_eq!(store.get_session(&expected.id).await.unwrap(), Some(expected));
}

async fn rotation_never_outlives_deletion(store: Sessions) {
    for round in 0..20 {
        let session = session(&round.to_string(), &user("one"));
        store.set_session(&session).await.unwrap();
        race(|index| {
            let (store, session) = (store.clone(), session.clone());
            async move {
                if index == RACERS / 2 {
                    store.delete_session(&session.id).await.unwrap();
                } else {
                    let rotation = rotation(&index.to_string());
                    store
                        .rotate_session(&session.id, &session.secret_digest, &rotation)
                        .await
                        .unwrap();
                }
            }
        })
        .await;
        assert_eq!(store.get_session(&session.id).await.unwrap(), None);
    }
}

async fn every_attempt_is_counted_once(store: Sessions) {
    let counts = race(|_| {
        let store = store.clone();
        async move {
            let counted = store
                .count_attempt(&"one".into(), "sign_in", Duration::from_secs(60), NOW)
                .await;
            usize::try_from(counted.unwrap().count).unwrap()
        }
    })
    .await;
    let mut counts = counts;
    counts.sort_unstable();
    assert_eq!(counts, (1..=RACERS).collect::<Vec<_>>());
}
