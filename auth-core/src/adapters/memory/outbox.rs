use async_trait::async_trait;

use super::MemoryAdapter;
use crate::{adapter::OutboxAdapter, clock::Timestamp, error::Result, model::OutboxMessage};

#[async_trait]
impl OutboxAdapter for MemoryAdapter {
    async fn lease_messages(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<OutboxMessage>> {
        let mut tables = self.tables();
        let due = tables.outbox.values_mut().filter(|message| message.due_at <= now);
        let mut due: Vec<&mut OutboxMessage> = due.collect();
        // Of the same moment, they stay in the order of their ids.
        due.sort_by_key(|message| message.due_at);
        let leased = due.into_iter().take(limit as usize).map(|message| {
            message.due_at = until;
            message.attempts = message.attempts.saturating_add(1);
            message.clone()
        });
        Ok(leased.collect())
    }

    async fn delete_message(&self, id: &str) -> Result<()> {
        self.tables().outbox.remove(id);
        Ok(())
    }

    async fn postpone_message(&self, id: &str, leased: Timestamp, due_at: Timestamp) -> Result<()> {
        if let Some(message) = self.tables().outbox.get_mut(id)
            && message.due_at == leased
        {
            message.due_at = due_at;
        }
        Ok(())
    }

    async fn next_message_due(&self) -> Result<Option<Timestamp>> {
        let tables = self.tables();
        Ok(tables.outbox.values().map(|message| message.due_at).min())
    }
}
