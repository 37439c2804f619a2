use async_trait::async_trait;

use super::Store;
use crate::{
    clock::Timestamp,
    error::Result,
    model::{EventQuery, EventRecord},
};

/// What happened, kept for administrators.
#[async_trait]
pub trait EventAdapter: Store {
    /// Keeps events.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn add_events(&self, events: &[EventRecord]) -> Result<()>;

    /// Those asked for, newest first.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn get_events(&self, query: &EventQuery) -> Result<Vec<EventRecord>>;

    /// Forgets those from before this moment, and answers how many they were.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn delete_events(&self, before: Timestamp) -> Result<u64>;
}
