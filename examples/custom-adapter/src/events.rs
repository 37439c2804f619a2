//! What happened.

use async_trait::async_trait;
use auth_core::{Error, EventQuery, EventRecord, Result, Timestamp, adapter::EventAdapter};

use crate::VecAdapter;

#[async_trait]
impl EventAdapter for VecAdapter {
    async fn add_events(&self, events: &[EventRecord]) -> Result<()> {
        let mut tables = self.tables();
        let mut kept = tables.events.clone();
        for event in events {
            if kept.iter().any(|other| other.id == event.id) {
                return Err(Error::update_failed("an event with this id exists"));
            }
            kept.push(event.clone());
        }
        tables.events = kept;
        Ok(())
    }

    async fn get_events(&self, query: &EventQuery) -> Result<Vec<EventRecord>> {
        let mut events = self.tables().events.clone();
        events.retain(|event| {
            query
                .user_id
                .as_ref()
                .is_none_or(|id| event.user_id.as_ref() == Some(id))
                && query
                    .actor
                    .as_ref()
                    .is_none_or(|actor| event.actor.as_ref() == Some(actor))
                && query.kind.as_ref().is_none_or(|kind| event.kind == *kind)
                && query.before.as_ref().is_none_or(|id| event.id < *id)
        });
        events.sort_by(|one, other| other.id.cmp(&one.id));
        events.truncate(query.limit as usize);
        Ok(events)
    }

    async fn delete_events(&self, before: Timestamp) -> Result<u64> {
        let mut tables = self.tables();
        let count = tables.events.len();
        tables.events.retain(|event| event.at >= before);
        Ok((count - tables.events.len()) as u64)
    }
}
