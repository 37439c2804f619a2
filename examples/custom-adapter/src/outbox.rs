//! Messages that wait to be sent.

use async_trait::async_trait;
use auth_core::{OutboxMessage, Result, Timestamp, adapter::OutboxAdapter};

use crate::VecAdapter;

#[async_trait]
impl OutboxAdapter for VecAdapter {
    async fn lease_messages(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<OutboxMessage>> {
        let mut tables = self.tables();
        tables
            .messages
            .sort_by(|one, other| (one.due_at, &one.id).cmp(&(other.due_at, &other.id)));
        let due = tables.messages.iter_mut().filter(|message| message.due_at <= now);
        let leased = due.take(limit as usize).map(|message| {
            message.due_at = until;
            message.attempts += 1;
            message.clone()
        });
        Ok(leased.collect())
    }

    async fn delete_message(&self, id: &str) -> Result<()> {
        self.tables().messages.retain(|message| message.id != id);
        Ok(())
    }

    async fn postpone_message(&self, id: &str, leased: Timestamp, due_at: Timestamp) -> Result<()> {
        let mut tables = self.tables();
        let is_leased = |message: &&mut OutboxMessage| message.id == id && message.due_at == leased;
        if let Some(message) = tables.messages.iter_mut().find(is_leased) {
            message.due_at = due_at;
        }
        Ok(())
    }

    async fn next_message_due(&self) -> Result<Option<Timestamp>> {
        Ok(self.tables().messages.iter().map(|message| message.due_at).min())
    }
}
