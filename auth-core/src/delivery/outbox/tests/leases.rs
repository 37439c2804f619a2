//! Nobody sends what somebody else is sending.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_workers_on_one_store_never_send_twice() {
    let world = World::new();
    let mailer = MemoryMailer::default();
    for _ in 0..200 {
        world.write(LetterKind::MagicLink).await;
    }
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let outbox = world.outbox(mailer.clone());
        workers.spawn(async move { outbox.deliver_due().await.unwrap().sent });
    }
    let sent: usize = workers.join_all().await.into_iter().sum();
    assert_eq!(sent, 200);
    let mut ids: Vec<_> = mailer.sent().into_iter().map(|mail| mail.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), mailer.sent().len()), (200, 200));
}

#[tokio::test]
async fn a_worker_that_dies_while_sending_leaves_the_message_to_the_next_one() {
    let world = World::new();
    let dying = Held::new();
    world.write(LetterKind::Recovery).await;
    let outbox = world.outbox(dying.clone());
    let worker = tokio::spawn(async move { outbox.deliver_due().await });
    dying.begun.acquire().await.unwrap().forget();
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());

    let mailer = MemoryMailer::default();
    let next = world.outbox(mailer.clone());
    assert_eq!(
        next.deliver_due().await.unwrap(),
        Delivered::default(),
        "while the lease holds"
    );
    world.clock.advance(LEASE);
    assert_eq!(next.deliver_due().await.unwrap(), delivered(1, 0, 0));
    assert_eq!(mailer.sent().len(), 1);
    assert!(dying.sent.sent().is_empty());
}

#[tokio::test]
async fn a_clock_that_is_set_forward_sends_nothing_twice() {
    let world = World::new();
    world.write(LetterKind::Recovery).await;
    let held = Held::new();
    let outbox = world.outbox(held.clone());
    let worker = tokio::spawn({
        let outbox = outbox.clone();
        async move { outbox.deliver_due().await }
    });
    held.begun.acquire().await.unwrap().forget();
    world.clock.advance(LEASE);
    let again = tokio::time::timeout(Duration::from_secs(5), outbox.deliver_due()).await;
    assert_eq!(again.expect("nothing is sent").unwrap(), Delivered::default());
    held.gate.add_permits(2);
    assert_eq!(worker.await.unwrap().unwrap(), delivered(1, 0, 0));
    world.clock.advance(LEASE);
    assert_eq!(outbox.deliver_due().await.unwrap(), Delivered::default());
    assert_eq!(held.sent.sent().len(), 1);
    assert_eq!(world.waiting().await, None);
}

/// As before, and the store's answer comes when the message has been sent and its row has gone.
#[tokio::test]
async fn what_was_being_sent_when_a_lease_began_is_not_sent_when_it_is_answered() {
    let world = World::new();
    world.write(LetterKind::Recovery).await;
    let held = Held::new();
    let outbox = world.outbox(held.clone());
    let deliver = || {
        let outbox = outbox.clone();
        tokio::spawn(async move { outbox.deliver_due().await })
    };
    let worker = deliver();
    held.begun.acquire().await.unwrap().forget();
    world.clock.advance(LEASE);
    let late = world.adapter.hold_after("lease_messages");
    let again = deliver();
    late.reached().await;
    held.gate.add_permits(2);
    assert!(held.sent.wait_for(1, Duration::from_secs(10)).await.is_some());
    while world.waiting().await.is_some() {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    late.release();
    assert_eq!(again.await.unwrap().unwrap(), Delivered::default());
    assert_eq!(worker.await.unwrap().unwrap(), delivered(1, 0, 0));
    assert_eq!(held.sent.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_mailer_that_hangs_is_given_up_before_the_lease_ends() {
    let world = World::new();
    world.write(LetterKind::Recovery).await;
    let outbox = world.outbox(Held::new());
    let before = tokio::time::Instant::now();
    assert_eq!(outbox.deliver_due().await.unwrap(), delivered(0, 1, 0));
    assert!(before.elapsed() < LEASE);
}
