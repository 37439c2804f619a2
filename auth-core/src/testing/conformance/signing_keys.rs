//! Signing keys: in order, each generation once.

use std::sync::Arc;

use super::{Case, cases, fixtures::NOW};
use crate::{adapter::Adapter, model::SigningKeyRecord};

type Store = Arc<dyn Adapter>;

pub(super) const CASES: &[Case<Store>] = cases![
    signing_keys_round_trip_oldest_first,
    a_generation_is_taken_once,
    of_many_racers_for_a_generation_one_wins,
    signing_keys_are_deleted_up_to_a_generation,
];

fn key(generation: i64, kid: &str) -> SigningKeyRecord {
    SigningKeyRecord {
        generation,
        kid: kid.to_owned(),
        algorithm: "HS256".to_owned(),
        active_from: NOW,
        created_at: NOW,
        sealed: vec![0, 255, 39, 0],
    }
}

async fn signing_keys_round_trip_oldest_first(store: Store) {
    assert_eq!(store.get_signing_keys().await.unwrap(), []);
    for generation in [2, 10, 1] {
        let made = key(generation, &format!("k{generation}"));
        assert!(store.set_signing_key(&made).await.unwrap());
    }
    let found = store.get_signing_keys().await.unwrap();
    assert_eq!(found, [key(1, "k1"), key(2, "k2"), key(10, "k10")]);
}

async fn a_generation_is_taken_once(store: Store) {
    assert!(store.set_signing_key(&key(1, "first")).await.unwrap());
    assert!(!store.set_signing_key(&key(1, "second")).await.unwrap());
    assert_eq!(store.get_signing_keys().await.unwrap(), [key(1, "first")]);
}

async fn of_many_racers_for_a_generation_one_wins(store: Store) {
    let racers = (0..16).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.set_signing_key(&key(1, &format!("k{number}"))).await.unwrap() })
    });
    let racers: Vec<_> = racers.collect();
    let mut winners = 0;
    for racer in racers {
        winners += usize::from(racer.await.unwrap());
    }
    assert_eq!(winners, 1);
    assert_eq!(store.get_signing_keys().await.unwrap().len(), 1);
}

async fn signing_keys_are_deleted_up_to_a_generation(store: Store) {
    for generation in 1..=4 {
        store
            .set_signing_key(&key(generation, &format!("k{generation}")))
            .await
            .unwrap();
    }
    store.delete_signing_keys(2).await.unwrap();
    assert_eq!(store.get_signing_keys().await.unwrap(), [key(3, "k3"), key(4, "k4")]);
    store.delete_signing_keys(0).await.unwrap();
    assert_eq!(store.get_signing_keys().await.unwrap().len(), 2);
}
