use async_trait::async_trait;

use super::{
    SqlValue, Statement, Step,
    adapter::SqlAdapter,
    columns,
    queries::{all_of, list},
    rows::Reader,
    values::{event_values, text},
};
use crate::{
    adapter::EventAdapter,
    clock::Timestamp,
    error::{Error, Result},
    model::{EventQuery, EventRecord},
};

#[async_trait]
impl EventAdapter for SqlAdapter {
    async fn add_events(&self, events: &[EventRecord]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let insert = |event| Step::any(Statement::new(&self.queries().insert_event, event_values(event)));
        let steps = events.iter().map(insert).collect();
        self.write(steps).await.map(drop).map_err(Error::update_failed)
    }

    async fn get_events(&self, query: &EventQuery) -> Result<Vec<EventRecord>> {
        let (sql, values) = self.event_list(query);
        let rows = self.read_list(sql, values).await?;
        rows.into_iter().map(|row| Reader::new(row).event()).collect()
    }

    async fn delete_events(&self, before: Timestamp) -> Result<u64> {
        self.sweep(&self.queries().delete_events, before).await
    }
}

impl SqlAdapter {
    /// The statement of a listing and its values; made when it is asked for, which is now and then.
    pub(super) fn event_list(&self, query: &EventQuery) -> (String, Vec<SqlValue>) {
        let dialect = self.dialect();
        let given = [
            ("user_id =", query.user_id.as_ref().map(|id| id.as_str())),
            ("actor =", query.actor.as_deref()),
            ("kind =", query.kind.as_deref()),
            ("id <", query.before.as_deref()),
        ];
        let (mut conditions, mut values) = (Vec::new(), Vec::new());
        for (condition, value) in given {
            if let Some(value) = value {
                values.push(text(value));
                conditions.push(format!("{condition} {}", dialect.value(values.len())));
            }
        }
        let condition = all_of(&conditions);
        values.push(SqlValue::Integer(query.limit.into()));
        let sql = format!(
            "SELECT {} FROM {}{condition} ORDER BY id DESC LIMIT {}",
            list(columns::EVENT, &[], "", dialect),
            self.tables.event,
            dialect.value(values.len())
        );
        (sql, values)
    }
}
