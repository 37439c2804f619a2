use async_trait::async_trait;

use super::Store;
use crate::{clock::Timestamp, error::Result, model::OutboxMessage};

/// Messages that wait to be sent. They come in by [`Act::Send`](super::Act::Send).
#[async_trait]
pub trait OutboxAdapter: Store {
    /// Leases messages that are due, oldest first, at most so many, and answers them as they are then: `due_at` is the end
    /// of the lease, and the attempt is counted. Of racers each message goes to one.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn lease_messages(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<OutboxMessage>>;

    /// Removes a message: it is sent, or of no use. An unknown id is no error.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn delete_message(&self, id: &str) -> Result<()>;

    /// Gives a lease back: the message is due at another time. Nothing happens unless the lease is still the one that ends
    /// at `leased`.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn postpone_message(&self, id: &str, leased: Timestamp, due_at: Timestamp) -> Result<()>;

    /// When the next message is due, if there is one.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn next_message_due(&self) -> Result<Option<Timestamp>>;
}
