use std::{collections::BTreeMap, ops::Bound};

use async_trait::async_trait;

use super::MemoryAdapter;
use crate::{
    adapter::EventAdapter,
    clock::Timestamp,
    error::{Error, Result},
    model::{EventQuery, EventRecord},
};

#[async_trait]
impl EventAdapter for MemoryAdapter {
    async fn add_events(&self, events: &[EventRecord]) -> Result<()> {
        let mut tables = self.tables();
        let rows: BTreeMap<_, _> = events.iter().map(|event| (event.id.clone(), event.clone())).collect();
        if rows.len() < events.len() || rows.keys().any(|id| tables.events.contains_key(id)) {
            return Err(Error::update_failed("an event with this id exists"));
        }
        tables.events.extend(rows);
        Ok(())
    }

    async fn get_events(&self, query: &EventQuery) -> Result<Vec<EventRecord>> {
        let tables = self.tables();
        let end = query.before.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let older = tables.events.range::<str, _>((Bound::Unbounded, end));
        let asked_for = older.rev().map(|(_, event)| event).filter(|event| {
            query
                .user_id
                .as_ref()
                .is_none_or(|id| event.user_id.as_ref() == Some(id))
                && query
                    .actor
                    .as_ref()
                    .is_none_or(|actor| event.actor.as_ref() == Some(actor))
                && query.kind.as_ref().is_none_or(|kind| event.kind == *kind)
        });
        Ok(asked_for.take(query.limit as usize).cloned().collect())
    }

    async fn delete_events(&self, before: Timestamp) -> Result<u64> {
        let mut tables = self.tables();
        let count = tables.events.len();
        tables.events.retain(|_, event| event.at >= before);
        Ok((count - tables.events.len()) as u64)
    }
}
