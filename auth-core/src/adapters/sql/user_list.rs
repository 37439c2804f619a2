//! Listings of users. Administrators ask for them now and then, so their statements are made when they are asked for.

use super::{
    SqlValue,
    adapter::SqlAdapter,
    columns,
    queries::{all_of, list},
    rows::Reader,
    values::{text, time},
};
use crate::{
    error::{Error, Result},
    model::{User, UserQuery},
};

impl SqlAdapter {
    pub(super) async fn list_users(&self, query: &UserQuery) -> Result<Vec<User>> {
        if is_in_vain(query) {
            return Ok(Vec::new());
        }
        let attributes = self.queries().schema.user_attributes();
        let (sql, values) = self.user_list(query);
        let rows = self.read_list(sql, values).await?;
        rows.into_iter().map(|row| Reader::new(row).user(attributes)).collect()
    }

    pub(super) async fn count_listed_users(&self, query: &UserQuery) -> Result<u64> {
        if is_in_vain(query) {
            return Ok(0);
        }
        let (filter, values) = self.filter(query);
        let condition = all_of(filter.as_slice());
        let sql = format!("SELECT COUNT(*) FROM {}{condition}", self.tables.user);
        let rows = self.read_list(sql, values).await?;
        let row = rows.into_iter().next();
        let count = Reader::new(row.unwrap_or_default()).integer()?;
        u64::try_from(count).map_err(Error::fetch_failed)
    }

    /// The statement of a listing and its values.
    pub(super) fn user_list(&self, query: &UserQuery) -> (String, Vec<SqlValue>) {
        let dialect = self.dialect();
        let columns = list(columns::USER, self.queries().schema.user_attributes(), "", dialect);
        let (filter, mut values) = self.filter(query);
        let place = query.after.as_ref().map(|(moment, id)| {
            values.push(time(*moment));
            let moment = dialect.value(values.len());
            values.push(text(id.as_str()));
            let id = dialect.value(values.len());
            let further = if query.oldest_first { '>' } else { '<' };
            // The first half alone is a range of the index, for those that make none of a pair.
            format!("created_at {further}= {moment} AND (created_at {further} {moment} OR id {further} {id})")
        });
        let conditions: Vec<String> = filter.into_iter().chain(place).collect();
        let condition = all_of(&conditions);
        let order = if query.oldest_first {
            "created_at, id"
        } else {
            "created_at DESC, id DESC"
        };
        values.push(SqlValue::Integer(query.limit.into()));
        let limit = dialect.value(values.len());
        values.push(SqlValue::Integer(i64::try_from(query.offset).unwrap_or(i64::MAX)));
        let offset = dialect.value(values.len());
        let user = &self.tables.user;
        let sql = format!("SELECT {columns} FROM {user}{condition} ORDER BY {order} LIMIT {limit} OFFSET {offset}");
        (sql, values)
    }

    fn filter(&self, query: &UserQuery) -> (Option<String>, Vec<SqlValue>) {
        let Some(filter) = &query.filter else {
            return Default::default();
        };
        let pattern = self.dialect().value(1);
        let condition = format!("(email LIKE {pattern} ESCAPE '!' OR phone LIKE {pattern} ESCAPE '!')");
        (Some(condition), vec![text(&pattern_of(filter))])
    }
}

/// No address and no number has a NUL in it, and for SQLite a pattern would end there.
fn is_in_vain(query: &UserQuery) -> bool {
    query.filter.as_ref().is_some_and(|filter| filter.contains('\0'))
}

/// The pattern of all texts that contain this one. Not with a backslash: it means something to MySQL already.
fn pattern_of(filter: &str) -> String {
    let mut pattern = String::with_capacity(filter.len() + 2);
    pattern.push('%');
    for character in filter.chars() {
        if matches!(character, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
