//! Every order in which a reading and a write can meet.

use std::sync::Arc;

use super::*;

/// What a write can be; each of them changes what `served` answers.
pub(super) const WRITES: [&str; 8] = [
    "delete_session",
    "update_session",
    "rotate_session",
    "delete_sessions_by_user_id",
    "delete_expired_sessions",
    "update_user",
    "commit",
    "delete_user",
];

pub(super) async fn write(store: &impl Adapter, name: &str) {
    let (id, ada) = (SessionId::from("one"), UserId::from("ada"));
    let patch = SessionPatch {
        aal: Some(2),
        ..SessionPatch::default()
    };
    let dead = Timestamp::from_unix_ms(i64::MAX);
    match name {
        "delete_session" => drop(store.delete_session(&id).await.unwrap()),
        "update_session" => store.update_session(&id, &patch).await.unwrap(),
        "rotate_session" => assert!(
            store
                .rotate_session(&id, &Digest::of(b"one"), &rotation())
                .await
                .unwrap()
        ),
        "delete_sessions_by_user_id" => store.delete_sessions_by_user_id(&ada, None).await.unwrap(),
        "delete_expired_sessions" => assert_eq!(store.delete_expired_sessions(None, dead).await.unwrap(), 1),
        "update_user" => store.update_user(&ada, &role("admin")).await.unwrap(),
        "commit" => {
            let acts = [Act::UpdateUser(ada, Box::new(role("admin")))];
            store.commit(&acts).await.unwrap();
        }
        "delete_user" => store.delete_user(&ada).await.unwrap(),
        other => panic!("{other}"),
    }
}

/// Every order of two steps of a reader (the store reads, the cache keeps) with three of a writer (it begins, the store
/// writes, it ends).
fn orders() -> Vec<Vec<char>> {
    let mut orders = Vec::new();
    for first in 0..5 {
        for second in first + 1..5 {
            let mut steps = "bwe".chars();
            let order = (0..5).map(|step| match step {
                _ if step == first => 'r',
                _ if step == second => 'k',
                _ => steps.next().unwrap(),
            });
            orders.push(order.collect());
        }
    }
    orders
}

#[tokio::test]
async fn a_reading_that_races_with_a_write_never_brings_the_old_row_back() {
    let mut met = 0;
    for name in WRITES {
        for order in orders() {
            for is_warm in [false, true] {
                one_order(name, &order, is_warm).await;
                met += 1;
            }
        }
    }
    assert_eq!(met, WRITES.len() * 10 * 2);
}

async fn one_order(name: &'static str, order: &[char], is_warm: bool) {
    let store = Arc::new(cached(CacheOptions::default()));
    let id = ada_in(&*store).await;
    let faulty = store.inner();
    let old = faulty.inner().get_session_and_user(&id).await.unwrap();
    if is_warm {
        assert_eq!(served(&*store, &id).await, old);
    }
    // It asks the store, whatever is cached: a reading that always has something to put back.
    let before_read = faulty.hold_before("get_session_and_user");
    let mut reader = Some(tokio::spawn({
        let (store, id) = (Arc::clone(&store), id.clone());
        async move { store.get_session_and_user(&id).await.unwrap() }
    }));
    before_read.reached().await;
    let (before_write, after_write) = (faulty.hold_before(name), faulty.hold_after(name));
    let (mut after_read, mut writer) = (None, None);
    let mut has_begun = false;
    for step in order {
        match step {
            'r' => {
                let hold = after_read.insert(faulty.hold_after("get_session_and_user"));
                before_read.release();
                hold.reached().await;
            }
            'k' => {
                after_read.take().unwrap().release();
                reader.take().unwrap().await.unwrap();
            }
            'b' => {
                let store = Arc::clone(&store);
                writer = Some(tokio::spawn(async move { write(&*store, name).await }));
                before_write.reached().await;
                has_begun = true;
            }
            'w' => {
                before_write.release();
                after_write.reached().await;
            }
            _ => {
                after_write.release();
                writer.take().unwrap().await.unwrap();
            }
        }
        // From its beginning on, what a write changes is served as the store has it at this moment.
        if has_begun {
            let stored = faulty.inner().get_session_and_user(&id).await.unwrap();
            assert_eq!(served(&*store, &id).await, stored, "{name} {order:?} at {step}");
        }
    }
    assert_ne!(faulty.inner().get_session_and_user(&id).await.unwrap(), old, "{name}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_never_go_back_in_time() {
    const WRITES: i64 = 3_000;
    let store = Arc::new(cached(CacheOptions::default()));
    let id = ada_in(&*store).await;
    let seen_at = |found: Option<(SessionRecord, User)>| found.unwrap().0.last_seen.as_unix_ms() - 1_000_000;
    let readers: Vec<_> = (0..6)
        .map(|_| {
            let (store, id) = (Arc::clone(&store), id.clone());
            tokio::spawn(async move {
                let mut last = 0;
                while last < WRITES {
                    let found = seen_at(served(&*store, &id).await);
                    assert!(found >= last, "{found} after {last}");
                    last = found;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for number in 1..=WRITES {
        let patch = SessionPatch {
            last_seen: Some(Timestamp::from_unix_ms(1_000_000 + number)),
            ..SessionPatch::default()
        };
        store.update_session(&id, &patch).await.unwrap();
        assert_eq!(seen_at(served(&*store, &id).await), number);
    }
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn a_write_that_is_cut_off_or_fails_is_over() {
    let store = Arc::new(cached(CacheOptions::default()));
    let id = ada_in(&*store).await;
    for is_done in [false, true] {
        served(&*store, &id).await;
        let faulty = store.inner();
        let hold = match is_done {
            true => faulty.hold_after("update_user"),
            false => faulty.hold_before("update_user"),
        };
        let writer = tokio::spawn({
            let store = Arc::clone(&store);
            async move { write(&*store, "update_user").await }
        });
        hold.reached().await;
        writer.abort();
        assert!(writer.await.unwrap_err().is_cancelled());
        let (_, user) = served(&*store, &id).await.unwrap();
        assert_eq!(user.role == "admin", is_done);
        let recent = store.get_recent_session(&id).await.unwrap();
        assert!(matches!(recent, Recent::MaybeOld(_)));
    }
    // The store did it, and its answer was lost.
    store.inner().fail(Fault::AfterwardsAt(1));
    assert!(store.delete_session(&id).await.is_err());
    assert_eq!(served(&*store, &id).await, None);
}
