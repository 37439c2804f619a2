mod leases;
mod worker;

use std::sync::Mutex;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::*;
use crate::{
    adapter::{Act, OutboxAdapter, TokenAdapter},
    adapters::MemoryAdapter,
    delivery::{Mail, MemoryMailer, MemorySms, Sms, Templates, letter::LetterKind, templates::Site},
    entropy::OsEntropy,
    testing::{EventLog, Fault, FaultyAdapter, ManualClock},
};

/// A store, a clock, and what happened; any number of outboxes over them.
struct World {
    adapter: FaultyAdapter<MemoryAdapter>,
    clock: ManualClock,
    events: EventLog,
}

impl World {
    fn new() -> Self {
        Self {
            adapter: FaultyAdapter::new(MemoryAdapter::default()),
            clock: ManualClock::default(),
            events: EventLog::default(),
        }
    }

    fn outbox(&self, mailer: impl Mailer) -> Outbox {
        self.outbox_with(Some(Arc::new(mailer)), None, vec![secret(1)])
    }

    fn outbox_with(
        &self,
        mailer: Option<Arc<dyn Mailer>>,
        sms_sender: Option<Arc<dyn SmsSender>>,
        secrets: Vec<Secret>,
    ) -> Outbox {
        let site = Site::new(None, &url::Url::parse("https://example.com").unwrap());
        Outbox::new(OutboxParts {
            adapter: Arc::new(self.adapter.clone()),
            clock: Arc::new(self.clock.clone()),
            entropy: Arc::new(OsEntropy),
            secrets,
            mailer,
            recipients: Recipients::default(),
            sms_sender,
            renderer: Templates::default().compile(site, &mut Vec::new()),
            events: Arc::new(self.events.clone()),
            wake: Arc::default(),
            under_way: UnderWay::default(),
        })
    }

    async fn write(&self, kind: LetterKind) {
        let letter = Letter {
            link: Some("https://example.com/verify?token=abc".to_owned()),
            code: Some("123456".to_owned()),
            user_id: Some(UserId::from("ada")),
            ..Letter::new(kind, "ada@example.com")
        };
        let now = self.clock.now();
        let message = letter.into_message(&secret(1), &OsEntropy, now, now + LIFE).unwrap();
        self.adapter.commit(&[Act::Send(message)]).await.unwrap();
    }

    async fn waiting(&self) -> Option<Timestamp> {
        self.adapter.inner().next_message_due().await.unwrap()
    }
}

fn secret(byte: u8) -> Secret {
    Secret::new([byte; 32])
}

fn delivered(sent: usize, failed: usize, dropped: usize) -> Delivered {
    Delivered { sent, failed, dropped }
}

const LIFE: Duration = Duration::from_secs(600);

/// Answers each mail as it is told, and counts.
#[derive(Clone)]
struct Fails {
    permanent: bool,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fails {
    fn new(permanent: bool) -> Self {
        Self {
            permanent,
            asked: Arc::default(),
        }
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

#[async_trait]
impl Mailer for Fails {
    async fn send(&self, mail: &Mail) -> Result<(), DeliveryError> {
        self.asked.lock().unwrap().push(mail.id.clone());
        Err(if self.permanent {
            DeliveryError::permanent("no such mailbox")
        } else {
            DeliveryError::temporary("busy")
        })
    }
}

/// Holds mails until it is let go.
#[derive(Clone)]
struct Held {
    gate: Arc<Semaphore>,
    begun: Arc<Semaphore>,
    sent: MemoryMailer,
}

impl Held {
    fn new() -> Self {
        Self {
            gate: Arc::new(Semaphore::new(0)),
            begun: Arc::new(Semaphore::new(0)),
            sent: MemoryMailer::default(),
        }
    }
}

#[async_trait]
impl Mailer for Held {
    async fn send(&self, mail: &Mail) -> Result<(), DeliveryError> {
        self.begun.add_permits(1);
        self.gate.acquire().await.unwrap().forget();
        self.sent.send(mail).await
    }
}

#[tokio::test]
async fn what_is_due_is_sent_once_and_its_row_goes() {
    let world = World::new();
    let mailer = MemoryMailer::default();
    let outbox = world.outbox(mailer.clone());
    for _ in 0..40 {
        world.write(LetterKind::MagicLink).await;
    }
    assert_eq!(outbox.deliver_due().await.unwrap(), delivered(40, 0, 0));
    assert_eq!(outbox.deliver_due().await.unwrap(), Delivered::default());
    assert_eq!(mailer.sent().len(), 40);
    assert_eq!(world.waiting().await, None);
    let mail = &mailer.sent()[0];
    assert_eq!(mail.to, "ada@example.com");
    assert!(
        mail.text.contains("https://example.com/verify?token=abc"),
        "{}",
        mail.text
    );
    assert_eq!(mail.date, world.clock.now());
}

#[tokio::test]
async fn a_text_message_goes_to_its_sender_and_a_decoy_nowhere() {
    let world = World::new();
    let (mailer, sender) = (MemoryMailer::default(), MemorySms::default());
    let outbox = world.outbox_with(
        Some(Arc::new(mailer.clone())),
        Some(Arc::new(sender.clone())),
        vec![secret(1)],
    );
    world.write(LetterKind::Code).await;
    world.write(LetterKind::Nothing).await;
    assert_eq!(outbox.deliver_due().await.unwrap(), delivered(1, 0, 0));
    world.write(LetterKind::Nothing).await;
    world.clock.advance(LIFE);
    assert_eq!(outbox.deliver_due().await.unwrap(), Delivered::default());
    assert_eq!(world.waiting().await, None);
    assert!(mailer.sent().is_empty());
    let sms: Sms = sender.sent().remove(0);
    assert_eq!(sms.code.as_deref(), Some("123456"));
    assert_eq!(sms.user_id, Some(UserId::from("ada")));
    assert_eq!(world.events.events(), []);
}

#[tokio::test]
async fn a_temporary_failure_is_tried_again_with_growing_pauses_until_it_is_too_late() {
    let world = World::new();
    let mailer = Fails::new(false);
    let outbox = world.outbox(mailer.clone());
    world.write(LetterKind::Recovery).await;
    let begun = world.clock.now();
    let mut pauses = Vec::new();
    while let Some(due) = world.waiting().await {
        pauses.push(due.since(world.clock.now()));
        world.clock.set(due);
        let outcome = outbox.deliver_due().await.unwrap();
        assert_eq!(outcome.sent, 0);
        assert_eq!(outcome.failed + outcome.dropped, 1);
        assert_eq!(
            outbox.deliver_due().await.unwrap(),
            Delivered::default(),
            "not before it is due"
        );
    }
    assert!(pauses[0].is_zero());
    // They grow until the next would be too late, and then use what is left.
    let longest = pauses.iter().max().unwrap();
    let at = pauses.iter().position(|pause| pause == longest).unwrap();
    let (growing, shrinking) = (&pauses[1..=at], &pauses[at..]);
    assert!(growing.len() >= 5 && growing.is_sorted(), "{pauses:?}");
    assert!(shrinking.len() >= 3 && shrinking.iter().rev().is_sorted(), "{pauses:?}");
    let tried_until = world.clock.now().since(begun);
    assert!(
        tried_until < LIFE && tried_until + Duration::from_secs(10) >= LIFE,
        "{tried_until:?}"
    );
    assert_eq!(mailer.count(), pauses.len());
    let ids = mailer.asked.lock().unwrap().clone();
    assert!(ids.iter().all(|id| *id == ids[0]), "the id stays");
    let event = world.events.events().remove(0);
    assert_eq!(event.kind, EventKind::MessageDropped);
    assert_eq!(event.reason, Some("expired"));
    assert_eq!(event.user_id, Some(UserId::from("ada")));
}

#[tokio::test]
async fn it_is_sent_when_the_server_is_back() {
    let world = World::new();
    world.write(LetterKind::Recovery).await;
    assert_eq!(
        world.outbox(Fails::new(false)).deliver_due().await.unwrap(),
        delivered(0, 1, 0)
    );
    world.clock.set(world.waiting().await.unwrap());
    let mailer = MemoryMailer::default();
    assert_eq!(
        world.outbox(mailer.clone()).deliver_due().await.unwrap(),
        delivered(1, 0, 0)
    );
    assert_eq!(mailer.sent().len(), 1);
}

#[tokio::test]
async fn a_refusal_gives_a_message_up() {
    let world = World::new();
    let mailer = Fails::new(true);
    world.write(LetterKind::Recovery).await;
    let outbox = world.outbox(mailer.clone());
    assert_eq!(outbox.deliver_due().await.unwrap(), delivered(0, 0, 1));
    assert_eq!(world.waiting().await, None);
    assert_eq!(mailer.count(), 1);
    assert_eq!(world.events.events()[0].reason, Some("refused"));
}

#[tokio::test]
async fn what_is_of_no_use_any_more_is_not_sent() {
    let world = World::new();
    let mailer = MemoryMailer::default();
    world.write(LetterKind::Recovery).await;
    world.clock.advance(LIFE);
    assert_eq!(
        world.outbox(mailer.clone()).deliver_due().await.unwrap(),
        delivered(0, 0, 1)
    );
    assert!(mailer.sent().is_empty());
    assert_eq!(world.waiting().await, None);
}

#[tokio::test]
async fn one_that_hangs_does_not_hold_up_the_others() {
    /// Its first mail hangs.
    struct FirstHangs(Held, MemoryMailer);
    #[async_trait]
    impl Mailer for FirstHangs {
        async fn send(&self, mail: &Mail) -> Result<(), DeliveryError> {
            if self.0.begun.available_permits() == 0 {
                return self.0.send(mail).await;
            }
            self.1.send(mail).await
        }
    }
    let world = World::new();
    let (held, mailer) = (Held::new(), MemoryMailer::default());
    for _ in 0..60 {
        world.write(LetterKind::Recovery).await;
    }
    let outbox = world.outbox(FirstHangs(held.clone(), mailer.clone()));
    let worker = tokio::spawn(async move { outbox.deliver_due().await });
    assert!(mailer.wait_for(59, Duration::from_secs(10)).await.is_some());
    held.gate.add_permits(1);
    assert_eq!(worker.await.unwrap().unwrap(), delivered(60, 0, 0));
}

#[tokio::test]
async fn a_store_that_fails_in_between_stops_nothing_that_was_begun() {
    let world = World::new();
    let held = Held::new();
    for _ in 0..17 {
        world.write(LetterKind::Recovery).await;
    }
    let outbox = world.outbox(held.clone());
    // A lease of sixteen and eight rows that go; the second lease fails.
    world.adapter.fail(Fault::At(10));
    let delivering = tokio::spawn(async move { outbox.deliver_due().await });
    held.gate.add_permits(8);
    assert!(held.sent.wait_for(8, Duration::from_secs(10)).await.is_some());
    while world.adapter.count_calls("lease_messages") < 2 {
        tokio::task::yield_now().await;
    }
    held.gate.add_permits(8);
    assert!(delivering.await.unwrap().unwrap_err().is_store_failure());
    assert_eq!(held.sent.sent().len(), 16);
    assert!(world.waiting().await.is_some());
}

/// Whoever sweeps or ends a program is not kept by those who go on writing.
#[tokio::test]
async fn what_is_written_meanwhile_is_left_to_the_next() {
    let world = World::new();
    let held = Held::new();
    world.write(LetterKind::Recovery).await;
    let outbox = world.outbox(held.clone());
    let delivering = tokio::spawn({
        let outbox = outbox.clone();
        async move { outbox.deliver_due().await }
    });
    held.begun.acquire().await.unwrap().forget();
    world.clock.advance(Duration::from_secs(1));
    world.write(LetterKind::Recovery).await;
    outbox.wake();
    held.gate.add_permits(1);
    let delivered_by_then = tokio::time::timeout(Duration::from_secs(10), delivering).await;
    assert_eq!(delivered_by_then.unwrap().unwrap().unwrap(), delivered(1, 0, 0));
    assert!(world.waiting().await.is_some());
}

#[tokio::test]
async fn a_mailer_that_panics_takes_nobody_with_it() {
    struct Panics;
    #[async_trait]
    impl Mailer for Panics {
        async fn send(&self, _mail: &Mail) -> Result<(), DeliveryError> {
            panic!("on purpose")
        }
    }
    let world = World::new();
    world.write(LetterKind::Recovery).await;
    assert_eq!(world.outbox(Panics).deliver_due().await.unwrap(), delivered(0, 1, 0));
    assert_eq!(world.waiting().await, Some(world.clock.now() + LEASE));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_could_not_be_deleted_is_asked_for_again() {
    let world = World::new();
    let mailer = MemoryMailer::default();
    world.write(LetterKind::Recovery).await;
    // The lease, then the first deletion.
    world.adapter.fail(Fault::At(2));
    let outbox = world.outbox(mailer.clone());
    assert_eq!(outbox.deliver_due().await.unwrap(), delivered(1, 0, 0));
    assert_eq!(world.waiting().await, None);
    assert_eq!(mailer.sent().len(), 1);
}

#[tokio::test]
async fn without_the_right_secret_or_a_mailer_a_message_waits() {
    let world = World::new();
    world.write(LetterKind::Recovery).await;
    let mailer = MemoryMailer::default();
    let stranger = world.outbox_with(Some(Arc::new(mailer.clone())), None, vec![secret(9)]);
    assert_eq!(stranger.deliver_due().await.unwrap(), delivered(0, 1, 0));
    world.clock.set(world.waiting().await.unwrap());
    let speechless = world.outbox_with(None, None, vec![secret(1)]);
    assert_eq!(speechless.deliver_due().await.unwrap(), delivered(0, 1, 0));
    world.clock.set(world.waiting().await.unwrap());
    let newer = world.outbox_with(Some(Arc::new(mailer.clone())), None, vec![secret(9), secret(1)]);
    assert_eq!(newer.deliver_due().await.unwrap(), delivered(1, 0, 0));
}

#[tokio::test]
async fn a_store_that_is_down_is_an_error() {
    let world = World::new();
    world.adapter.fail(Fault::Always);
    let failed = world.outbox(MemoryMailer::default()).deliver_due().await;
    assert!(failed.unwrap_err().is_store_failure());
}

#[test]
fn a_log_line_tells_all_causes() {
    let cause = crate::HttpError::new("connection refused");
    let error = DeliveryError::temporary("the webhook was not reached").because(cause);
    assert_eq!(
        chain(&error),
        "the webhook was not reached: there was no answer: connection refused"
    );
}
