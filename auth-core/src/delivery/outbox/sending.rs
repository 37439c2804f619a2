use std::sync::Arc;

use tokio::task::JoinSet;

use super::{OutboxParts, Outcome};
use crate::{clock::Timestamp, error::Result};

/// Messages that are being sent, side by side.
#[derive(Default)]
pub(super) struct Sending {
    tasks: JoinSet<Outcome>,
    /// How many the store handed out last, if that was all there was room for.
    full: Option<usize>,
    ended: usize,
}

impl Sending {
    /// Leases as many messages as there is room for, and sets out to send them.
    pub(super) async fn begin(&mut self, parts: &Arc<OutboxParts>, due: Timestamp) -> Result<()> {
        let room = SIDE_BY_SIDE - self.tasks.len();
        (self.full, self.ended) = (None, 0);
        let leased = parts.lease(due, room).await?;
        self.full = (leased.len() == room).then_some(room);
        for (message, turn) in leased {
            let parts = Arc::clone(parts);
            self.tasks.spawn(async move {
                let outcome = parts.deliver(message).await;
                drop(turn);
                outcome
            });
        }
        Ok(())
    }

    /// What became of the next one; None when nothing is being sent.
    pub(super) async fn next(&mut self) -> Option<Outcome> {
        let ended = self.tasks.join_next().await?;
        self.ended += 1;
        // A mailer that panics leaves its lease: the message is sent again when that ends.
        Some(ended.unwrap_or_else(|error| {
            tracing::error!(target: "auth::delivery", %error, "a message could not be sent");
            Outcome::Failed
        }))
    }

    /// Whether there may be more where the last came from, and it is time to ask: some at a time, and not one for each that was
    /// sent, unless the others hang.
    pub(super) fn wants_more(&self) -> bool {
        self.full
            .is_some_and(|leased| self.ended >= leased || self.tasks.len() <= SIDE_BY_SIDE / 2)
    }

    pub(super) fn has_room(&self) -> bool {
        self.tasks.len() < SIDE_BY_SIDE
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

/// So many messages at most.
const SIDE_BY_SIDE: usize = 16;
