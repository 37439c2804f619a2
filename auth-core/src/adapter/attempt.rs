use std::time::Duration;

use async_trait::async_trait;

use super::Store;
use crate::{
    clock::Timestamp,
    error::Result,
    model::{AttemptCount, AttemptSubject},
};

/// Counters of attempts.
#[async_trait]
pub trait AttemptAdapter: Store {
    /// Counts one attempt and answers how many the window holds, in one act: `n` racers hear `1..=n`, each once.
    ///
    /// A window starts with its first attempt and lasts `window`; an attempt after its end starts the next.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn count_attempt(
        &self,
        subject: &AttemptSubject,
        action: &str,
        window: Duration,
        now: Timestamp,
    ) -> Result<AttemptCount>;

    /// Forgets the attempts of this subject at this action.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn clear_attempts(&self, subject: &AttemptSubject, action: &str) -> Result<()>;

    /// Forgets the windows that ended before `now`, and answers how many they were.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn delete_expired_attempts(&self, now: Timestamp) -> Result<u64>;
}
