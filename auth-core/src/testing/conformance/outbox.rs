//! The outbox: every message goes to one worker at a time.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{
    Case, cases,
    fixtures::{NOW, message},
    races::race,
};
use crate::{
    adapter::{Act, Adapter},
    clock::Timestamp,
    model::OutboxMessage,
};

type Store = Arc<dyn Adapter>;

pub(super) const CASES: &[Case<Store>] = cases![
    messages_round_trip,
    messages_that_are_due_are_leased_oldest_first,
    two_workers_never_lease_the_same_message,
    a_lease_that_ran_out_is_given_again,
    a_lease_is_given_back_by_whoever_has_it,
    a_message_is_deleted_and_never_seen_again,
    the_next_message_is_due_when_the_first_of_all_is,
];

/// A moment that many seconds from now.
fn at(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

async fn send(store: &Store, id: &str, due_at: Timestamp) {
    let message = OutboxMessage { due_at, ..message(id) };
    store.commit(&[Act::Send(message)]).await.unwrap();
}

async fn lease(store: &Store, now: Timestamp, until: Timestamp, limit: u32) -> Vec<String> {
    let leased = store.lease_messages(now, until, limit).await.unwrap();
    leased.into_iter().map(|message| message.id).collect()
}

fn ids<const N: usize>(names: [&str; N]) -> [String; N] {
    names.map(|name| message(name).id)
}

async fn messages_round_trip(store: Store) {
    // Longer than the shorter kinds of columns of some databases.
    let long = OutboxMessage {
        sealed: (0..=255).cycle().take(100_000).collect(),
        ..message("long")
    };
    let empty = OutboxMessage {
        sealed: Vec::new(),
        attempts: 7,
        ..message("short")
    };
    let acts = [long.clone(), empty.clone()].map(Act::Send);
    store.commit(&acts).await.unwrap();
    let leased = |message: OutboxMessage| OutboxMessage {
        attempts: message.attempts + 1,
        due_at: at(60),
        ..message
    };
    let found = store.lease_messages(NOW, at(60), 100).await.unwrap();
    assert_eq!(found, [leased(long.clone()), leased(empty)]);
    // And it is stored as it was answered.
    let again = store.lease_messages(at(60), at(120), 1).await.unwrap();
    let twice = OutboxMessage {
        attempts: 2,
        due_at: at(120),
        ..long
    };
    assert_eq!(again, [twice]);
}

async fn messages_that_are_due_are_leased_oldest_first(store: Store) {
    assert_eq!(lease(&store, NOW, at(60), 10).await, [""; 0]);
    for (id, due) in [("c", 3), ("a", 1), ("d", 4), ("b", 2), ("bb", 2)] {
        send(&store, id, at(due)).await;
    }
    assert_eq!(lease(&store, NOW, at(60), 10).await, [""; 0]);
    assert_eq!(lease(&store, at(3), at(60), 0).await, [""; 0]);
    assert_eq!(lease(&store, at(3), at(60), 2).await, ids(["a", "b"]));
    // The moment itself is due.
    assert_eq!(lease(&store, at(3), at(60), 10).await, ids(["bb", "c"]));
    assert_eq!(lease(&store, at(3), at(60), 10).await, [""; 0]);
}

async fn two_workers_never_lease_the_same_message(store: Store) {
    let sent: BTreeSet<String> = (0..40).map(|number| message(&number.to_string()).id).collect();
    let acts: Vec<Act> = sent
        .iter()
        .map(|id| {
            Act::Send(OutboxMessage {
                id: id.clone(),
                ..message("")
            })
        })
        .collect();
    store.commit(&acts).await.unwrap();
    let leased = race(|_| {
        let store = Arc::clone(&store);
        async move { store.lease_messages(NOW, at(60), 3).await.unwrap() }
    })
    .await;
    let mut leased: Vec<OutboxMessage> = leased.into_iter().flatten().collect();
    assert!(!leased.is_empty(), "somebody gets what everybody wants");
    leased.extend(store.lease_messages(NOW, at(60), 100).await.unwrap());
    assert!(leased.iter().all(|message| message.attempts == 1));
    let count = leased.len();
    let leased: BTreeSet<String> = leased.into_iter().map(|message| message.id).collect();
    assert_eq!(leased.len(), count, "somebody got what another has");
    assert_eq!(leased, sent);
}

async fn a_lease_that_ran_out_is_given_again(store: Store) {
    send(&store, "one", NOW).await;
    assert_eq!(lease(&store, NOW, at(60), 10).await, ids(["one"]));
    assert_eq!(lease(&store, at(59), at(120), 10).await, [""; 0]);
    let again = store.lease_messages(at(60), at(120), 10).await.unwrap();
    assert_eq!((again[0].attempts, again[0].due_at), (2, at(120)));
}

async fn a_lease_is_given_back_by_whoever_has_it(store: Store) {
    send(&store, "one", NOW).await;
    let [id] = ids(["one"]);
    lease(&store, NOW, at(60), 10).await;
    store.postpone_message(&id, at(60), at(90)).await.unwrap();
    assert_eq!(store.next_message_due().await.unwrap(), Some(at(90)));
    // Who had it before is too late.
    assert_eq!(lease(&store, at(90), at(150), 10).await, ids(["one"]));
    for stale in [NOW, at(60), at(90)] {
        store.postpone_message(&id, stale, NOW).await.unwrap();
        assert_eq!(store.next_message_due().await.unwrap(), Some(at(150)));
    }
    store.postpone_message("*", at(150), NOW).await.unwrap();
    // It counts no attempt.
    store.postpone_message(&id, at(150), NOW).await.unwrap();
    let again = store.lease_messages(NOW, at(60), 10).await.unwrap();
    assert_eq!(again[0].attempts, 3);
}

async fn a_message_is_deleted_and_never_seen_again(store: Store) {
    for id in ["one", "two"] {
        send(&store, id, NOW).await;
    }
    let [one] = ids(["one"]);
    for _ in 0..2 {
        store.delete_message(&one).await.unwrap();
    }
    assert_eq!(lease(&store, at(1), at(60), 10).await, ids(["two"]));
    store.postpone_message(&one, at(60), NOW).await.unwrap();
    assert_eq!(lease(&store, at(1), at(60), 10).await, [""; 0]);
}

async fn the_next_message_is_due_when_the_first_of_all_is(store: Store) {
    assert_eq!(store.next_message_due().await.unwrap(), None);
    for (id, due) in [("b", 20), ("a", 10), ("c", 30)] {
        send(&store, id, at(due)).await;
    }
    assert_eq!(store.next_message_due().await.unwrap(), Some(at(10)));
    lease(&store, at(10), at(60), 10).await;
    assert_eq!(store.next_message_due().await.unwrap(), Some(at(20)));
    for id in ids(["a", "b", "c"]) {
        store.delete_message(&id).await.unwrap();
    }
    assert_eq!(store.next_message_due().await.unwrap(), None);
}
