//! Who sends in the background.

use super::*;

/// Nine mails that hang, and a worker.
async fn nine_hang(world: &World) -> (Outbox, Held, MemoryMailer) {
    struct NineHang(Held, MemoryMailer);
    #[async_trait]
    impl Mailer for NineHang {
        async fn send(&self, mail: &Mail) -> Result<(), DeliveryError> {
            if self.0.begun.available_permits() < 9 {
                return self.0.send(mail).await;
            }
            self.1.send(mail).await
        }
    }
    let (held, mailer) = (Held::new(), MemoryMailer::default());
    for _ in 0..9 {
        world.write(LetterKind::Recovery).await;
    }
    let outbox = world.outbox(NineHang(held.clone(), mailer.clone()));
    outbox.spawn();
    let hang = tokio::time::timeout(Duration::from_secs(10), held.begun.acquire_many(9)).await;
    drop(hang.unwrap());
    (outbox, held, mailer)
}

#[tokio::test]
async fn what_is_written_while_others_hang_does_not_wait_for_them() {
    let world = World::new();
    let (outbox, held, mailer) = nine_hang(&world).await;
    for count in [1, 51] {
        for _ in mailer.sent().len()..count {
            world.write(LetterKind::Recovery).await;
        }
        outbox.wake();
        let sent = mailer.wait_for(count, Duration::from_secs(3)).await;
        assert!(sent.is_some(), "only {} of {count}", mailer.sent().len());
    }
    held.gate.add_permits(9);
    assert!(held.sent.wait_for(9, Duration::from_secs(10)).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_once_while_others_hang_is_asked_again_before_they_end() {
    let world = World::new();
    let (outbox, _held, mailer) = nine_hang(&world).await;
    let before = tokio::time::Instant::now();
    world.write(LetterKind::Recovery).await;
    world.adapter.fail(Fault::At(1));
    outbox.wake();
    assert!(mailer.wait_for(1, SENDING).await.is_some());
    assert!(before.elapsed() < SENDING / 2, "{:?}", before.elapsed());
}

#[tokio::test]
async fn the_worker_ends_what_it_is_sending_and_takes_nothing_new() {
    let world = World::new();
    let held = Held::new();
    world.write(LetterKind::Recovery).await;
    let outbox = world.outbox(held.clone());
    let worker = outbox.spawn();
    held.begun.acquire().await.unwrap().forget();
    world.write(LetterKind::Recovery).await;
    drop(outbox);
    tokio::time::sleep(Duration::from_millis(50)).await;
    held.gate.add_permits(2);
    tokio::time::timeout(Duration::from_secs(10), worker)
        .await
        .expect("the worker ends")
        .unwrap();
    assert_eq!(held.sent.sent().len(), 1);
}

#[tokio::test]
async fn the_worker_sends_when_it_is_told_and_ends_with_the_outbox() {
    let world = World::new();
    let mailer = MemoryMailer::default();
    let outbox = world.outbox(mailer.clone());
    let worker = outbox.spawn();
    for count in 1..4 {
        world.write(LetterKind::MagicLink).await;
        outbox.wake();
        assert!(mailer.wait_for(count, Duration::from_secs(10)).await.is_some());
    }
    drop(outbox);
    tokio::time::timeout(Duration::from_secs(10), worker)
        .await
        .expect("the worker ends")
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_worker_finds_what_others_left_and_outlives_a_store_that_is_down() {
    let world = World::new();
    let mailer = MemoryMailer::default();
    let outbox = world.outbox(mailer.clone());
    world.adapter.fail(Fault::Always);
    let worker = outbox.spawn();
    tokio::time::sleep(STORE_IS_DOWN).await;
    world.adapter.fail(Fault::Never);
    world.write(LetterKind::MagicLink).await;
    let before = tokio::time::Instant::now();
    assert!(mailer.wait_for(1, LONGEST_PAUSE * 2).await.is_some());
    assert!(before.elapsed() <= LONGEST_PAUSE);
    worker.abort();
}

const STORE_IS_DOWN: Duration = Duration::from_secs(20);
