use async_trait::async_trait;

use super::{
    SqlValue, Statement, Step,
    adapter::SqlAdapter,
    rows::Reader,
    values::{text, time},
};
use crate::{
    adapter::OutboxAdapter,
    clock::Timestamp,
    error::{Error, Result},
    model::OutboxMessage,
};

#[async_trait]
impl OutboxAdapter for SqlAdapter {
    async fn lease_messages(&self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<OutboxMessage>> {
        let queries = self.queries();
        let values = vec![time(now), SqlValue::Integer(limit.into())];
        let rows = self
            .driver
            .fetch(Statement::new(&queries.get_due_messages, values))
            .await;
        let rows = rows.map_err(Error::update_failed)?;
        let messages = rows.into_iter().map(|row| Reader::new(row).message());
        let messages = messages.collect::<Result<Vec<_>>>()?;
        if messages.is_empty() {
            return Ok(messages);
        }
        // Whoever changes the moment at which a message is due has it; others that saw the same moment come too late.
        let lease = |message: &OutboxMessage| {
            let values = vec![time(until), text(&message.id), time(message.due_at)];
            Step::any(Statement::new(&queries.lease_message, values))
        };
        let steps = messages.iter().map(lease).collect();
        let outcomes = self.write(steps).await.map_err(Error::update_failed)?;
        let leased = messages
            .into_iter()
            .zip(outcomes)
            .filter(|(_, outcome)| outcome.affected > 0);
        let leased = leased.map(|(message, _)| OutboxMessage {
            attempts: message.attempts.saturating_add(1),
            due_at: until,
            ..message
        });
        Ok(leased.collect())
    }

    async fn delete_message(&self, id: &str) -> Result<()> {
        self.execute(&self.queries().delete_message, vec![text(id)])
            .await
            .map(drop)
    }

    async fn postpone_message(&self, id: &str, leased: Timestamp, due_at: Timestamp) -> Result<()> {
        let values = vec![time(due_at), text(id), time(leased)];
        self.execute(&self.queries().postpone_message, values).await.map(drop)
    }

    async fn next_message_due(&self) -> Result<Option<Timestamp>> {
        let rows = self.read(&self.queries().next_message_due, Vec::new()).await?;
        let row = rows.into_iter().next();
        Reader::new(row.unwrap_or_default()).maybe_time()
    }
}
