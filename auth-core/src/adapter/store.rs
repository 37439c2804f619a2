use async_trait::async_trait;

use super::{MigrationPlan, Schema};
use crate::error::Result;

/// What every adapter can do, whatever it keeps.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Takes note of the application's attributes; called once by `build()`, before anything else.
    ///
    /// # Errors
    /// A sentence saying what the store cannot hold; it becomes a configuration problem.
    fn declare(&self, schema: &Schema) -> Result<(), String> {
        let _ = schema;
        Ok(())
    }

    /// Creates what is missing in the store, never removes anything; safe to repeat and to race.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn migrate(&self) -> Result<()> {
        Ok(())
    }

    /// What `migrate` would do now, without doing it; empty when the store has everything, or needs nothing.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn migration_plan(&self) -> Result<MigrationPlan> {
        Ok(MigrationPlan::default())
    }

    /// Whether the store answers at all.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}
