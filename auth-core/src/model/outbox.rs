use std::fmt;

use crate::clock::Timestamp;

/// A message that waits to be sent, as stored: its text holds links and codes, so it is encrypted with the application's
/// secret.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "adding a column is a change for every store")]
pub struct OutboxMessage {
    /// The id, at most 64 characters.
    pub id: String,
    /// The message, encrypted.
    pub sealed: Vec<u8>,
    /// How often somebody set out to send it.
    pub attempts: u32,
    /// From when on it may be sent: the end of the lease while somebody is at it.
    pub due_at: Timestamp,
    /// When it is of no use any more.
    pub expires: Timestamp,
    /// When it was written.
    pub created_at: Timestamp,
}

impl fmt::Debug for OutboxMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxMessage")
            .field("id", &self.id)
            .field("attempts", &self.attempts)
            .field("due_at", &self.due_at)
            .finish_non_exhaustive()
    }
}
