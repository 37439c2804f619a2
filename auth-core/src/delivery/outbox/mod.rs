//! The outbox: what flows write into the store together with a token is sent from here, off the request path.
//!
//! - **At least once.** A row goes when its message is handed over. A process that dies in between leaves a lease, which ends,
//!   and the next one sends the message again, under the same id.
//! - **Not by two at a time.** Whoever leases a message has it for a minute, and gives up sending well before that. A process does not
//!   take again what it is sending, whatever its clock does meanwhile.
//! - **Not for ever.** A message that was no good is tried again with growing pauses until it is of no use any more.

mod backoff;
mod sending;
mod under_way;
mod worker;

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;

use sending::Sending;
use under_way::{Turn, UnderWay};

use super::{
    DeliveryError, Mailer, Recipients, SmsSender,
    letter::{Channel, Letter, LetterKind},
    templates::{Message, Renderer},
};
use crate::{
    adapter::Adapter,
    clock::{Clock, Timestamp},
    entropy::Entropy,
    error::Result,
    event::{Event, EventKind, EventSink},
    id::UserId,
    model::OutboxMessage,
    secret::Secret,
};

/// What became of the messages that were due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivered {
    /// So many were handed over.
    pub sent: usize,
    /// So many will be tried again.
    pub failed: usize,
    /// So many were given up: refused for good, or too late.
    pub dropped: usize,
}

/// Sends what is in the outbox.
#[derive(Clone)]
pub(crate) struct Outbox {
    owner: Arc<Owner>,
}

/// Who has the outbox. The worker ends with it, whatever is being sent.
struct Owner {
    parts: Arc<OutboxParts>,
}

/// What an outbox is made of.
pub(crate) struct OutboxParts {
    pub(crate) adapter: Arc<dyn Adapter>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The application's secret, and those it replaced.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) mailer: Option<Arc<dyn Mailer>>,
    pub(crate) recipients: Recipients,
    pub(crate) sms_sender: Option<Arc<dyn SmsSender>>,
    pub(crate) renderer: Renderer,
    pub(crate) events: Arc<dyn EventSink>,
    /// Told when something was written.
    pub(crate) wake: Arc<Notify>,
    pub(crate) under_way: UnderWay,
}

impl Outbox {
    pub(crate) fn new(parts: OutboxParts) -> Self {
        let parts = Arc::new(parts);
        Self {
            owner: Arc::new(Owner { parts }),
        }
    }

    /// Whether a mail to this address is ever sent.
    pub(crate) fn may_mail(&self, address: &str) -> bool {
        self.owner.parts.recipients.include(address)
    }

    /// Tells the worker that a message was written.
    pub(crate) fn wake(&self) {
        self.owner.parts.wake.notify_one();
    }

    /// Sends everything that is due by now, and answers when that is done.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED` when the store does not hand messages out. Those that were leased are sent all the same.
    pub(crate) async fn deliver_due(&self) -> Result<Delivered> {
        let parts = &self.owner.parts;
        let (due, mut sending, mut delivered) = (parts.clock.now(), Sending::default(), Delivered::default());
        let mut leased = sending.begin(parts, due).await;
        while let Some(outcome) = sending.next().await {
            delivered.count(&outcome);
            if leased.is_ok() && sending.wants_more() {
                leased = sending.begin(parts, due).await;
            }
        }
        leased.map(|()| delivered)
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}

impl Delivered {
    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Sent => self.sent += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Dropped => self.dropped += 1,
            Outcome::Nothing => {}
        }
    }
}

enum Outcome {
    Sent,
    Failed,
    Dropped,
    /// It was a decoy.
    Nothing,
}

impl OutboxParts {
    /// Takes what is due by a moment.
    async fn lease(&self, due: Timestamp, limit: usize) -> Result<Vec<(OutboxMessage, Turn)>> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let until = || self.clock.now() + LEASE;
        let lease = async { self.adapter.lease_messages(due, until(), limit).await };
        self.under_way.begin(lease).await
    }

    /// How long there is nothing to do, as far as this process knows.
    async fn pause(&self) -> Result<Duration> {
        let due = self.adapter.next_message_due().await?;
        let wait = due.map_or(LONGEST_PAUSE, |due| due.since(self.clock.now()));
        Ok(wait.clamp(SHORTEST_PAUSE, LONGEST_PAUSE))
    }

    /// Sends one message that is leased, and sees to its row.
    async fn deliver(&self, message: OutboxMessage) -> Outcome {
        let now = self.clock.now();
        let Some(letter) = Letter::open(&message, &self.secrets) else {
            // Another process may have a newer secret, or know more kinds of letters.
            let unread = DeliveryError::temporary("no secret opens the message");
            return self.put_off(&message, None, &unread, now).await;
        };
        if letter.kind == LetterKind::Nothing {
            self.delete(&message).await;
            return Outcome::Nothing;
        }
        let user = letter.user_id.as_ref();
        // Notices that nobody asked for end here, and what was written before the list was.
        if letter.kind.channel() == Some(Channel::Mail) && !self.recipients.include(&letter.to) {
            tracing::info!(target: "auth::delivery", id = message.id.as_str(), "a mail to somebody who is not on the list was left out");
            return self.drop_message(&message, user, "not_authorized", now).await;
        }
        if message.expires <= now {
            return self.give_up(&message, user, "expired", now).await;
        }
        match self.send(&message, &letter).await {
            Ok(()) => {
                self.delete(&message).await;
                Outcome::Sent
            }
            Err(error) if error.is_permanent() => {
                log(&message, &error);
                self.give_up(&message, user, "refused", now).await
            }
            Err(error) => self.put_off(&message, user, &error, self.clock.now()).await,
        }
    }

    /// Puts a letter into words and hands it over.
    async fn send(&self, message: &OutboxMessage, letter: &Letter) -> Result<(), DeliveryError> {
        let unwritten = |error| DeliveryError::temporary("the message could not be put into words").because(error);
        let written = self.renderer.render(message, letter).map_err(unwritten)?;
        let handed_over = async {
            match (&written, &self.mailer, &self.sms_sender) {
                (Message::Mail(mail), Some(mailer), _) => mailer.send(mail).await,
                (Message::Sms(sms), _, Some(sender)) => sender.send(sms).await,
                (Message::Mail(_), None, _) => Err(DeliveryError::temporary("there is no mailer")),
                (Message::Sms(_), _, None) => Err(DeliveryError::temporary("there is no sender of text messages")),
            }
        };
        tokio::time::timeout(SENDING, handed_over)
            .await
            .unwrap_or_else(|_| Err(DeliveryError::temporary("it took too long")))
    }

    async fn put_off(
        &self,
        message: &OutboxMessage,
        user: Option<&UserId>,
        error: &DeliveryError,
        now: Timestamp,
    ) -> Outcome {
        log(message, error);
        let pause = backoff::pause(message.attempts, self.entropy.as_ref());
        let Some(pause) = backoff::within(pause, message.expires.since(now)) else {
            return self.give_up(message, user, "expired", now).await;
        };
        let due = now + pause;
        let postponed = self.adapter.postpone_message(&message.id, message.due_at, due).await;
        if let Err(error) = postponed {
            // Its lease ends by itself.
            tracing::warn!(target: "auth::delivery", id = message.id.as_str(), %error, "a message could not be put off");
        }
        Outcome::Failed
    }

    async fn give_up(
        &self,
        message: &OutboxMessage,
        user: Option<&UserId>,
        reason: &'static str,
        now: Timestamp,
    ) -> Outcome {
        tracing::error!(target: "auth::delivery", id = message.id.as_str(), attempts = message.attempts, reason, "a message was given up");
        self.drop_message(message, user, reason, now).await
    }

    async fn drop_message(
        &self,
        message: &OutboxMessage,
        user: Option<&UserId>,
        reason: &'static str,
        now: Timestamp,
    ) -> Outcome {
        let mut event = Event::of_ours(EventKind::MessageDropped, now).reason(reason);
        event.user_id = user.cloned();
        self.events.emit(&event);
        self.delete(message).await;
        Outcome::Dropped
    }

    /// A row that stays is a message that is sent again, so the store is asked more than once.
    async fn delete(&self, message: &OutboxMessage) {
        for pause in [Some(RETRY), Some(RETRY * 10), None] {
            let Err(error) = self.adapter.delete_message(&message.id).await else {
                return;
            };
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => {
                    tracing::error!(target: "auth::delivery", id = message.id.as_str(), %error, "a message may be sent again");
                }
            }
        }
    }
}

fn log(message: &OutboxMessage, error: &DeliveryError) {
    tracing::warn!(
        target: "auth::delivery",
        id = message.id.as_str(),
        attempts = message.attempts,
        permanent = error.is_permanent(),
        error = chain(error),
        "a message was not sent",
    );
}

/// An error and its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// For this long nobody else touches a message.
const LEASE: Duration = Duration::from_secs(60);
/// Sending is given up after this: long before the lease ends, so that two never send the same message, even with clocks that
/// differ by some seconds.
const SENDING: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_millis(200);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// What other processes left behind is found after this.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

#[cfg(all(test, feature = "testing"))]
#[expect(clippy::unwrap_used, reason = "a test reports by panicking")]
mod tests;
