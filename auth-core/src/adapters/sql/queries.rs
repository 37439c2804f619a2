//! Every fixed statement, made once when the attributes are known: a request formats no SQL.

use std::sync::Arc;

use super::{
    Dialect,
    columns::{self, Column},
};
use crate::{adapter::Schema, model::Attribute};

/// The tables' names, quoted; and the parts they are made of.
#[derive(Clone)]
pub(super) struct Tables {
    pub(super) schema: Option<String>,
    pub(super) prefix: String,
    pub(super) user: String,
    pub(super) key: String,
    pub(super) session: String,
    pub(super) attempt: String,
    pub(super) one_time_token: String,
    pub(super) outbox: String,
    pub(super) event: String,
    pub(super) signing_key: String,
    pub(super) migration: String,
}

/// The longest beginning: names of indexes follow, and PostgreSQL cuts names at 63 bytes.
const LONGEST_PREFIX: usize = 32;

impl Tables {
    /// Tables that begin with a prefix, `auth_` or `schema.auth_`.
    pub(super) fn new(prefix: &str, dialect: &Dialect) -> Result<Self, String> {
        let (schema, prefix) = match prefix.split_once('.') {
            Some((schema, prefix)) => (Some(schema), prefix),
            None => (None, prefix),
        };
        let is_plain = columns::is_identifier(prefix)
            && prefix.len() <= LONGEST_PREFIX
            && schema.is_none_or(columns::is_identifier);
        if !is_plain {
            return Err(format!(
                "{prefix:?} cannot begin a table's name: use a-z, 0-9 and _, {LONGEST_PREFIX} at most."
            ));
        }
        let name = |table: &str| dialect.name_in(schema, &format!("{prefix}{table}"));
        Ok(Self {
            user: name("user"),
            key: name("key"),
            session: name("session"),
            attempt: name("attempt"),
            one_time_token: name("one_time_token"),
            outbox: name("outbox"),
            event: name("event"),
            signing_key: name("signing_key"),
            migration: name("migration"),
            schema: schema.map(str::to_owned),
            prefix: prefix.to_owned(),
        })
    }

    /// A table's name, quoted, in its schema.
    pub(super) fn in_schema(&self, table: &str) -> &str {
        match table {
            "user" => &self.user,
            "key" => &self.key,
            "session" => &self.session,
            "attempt" => &self.attempt,
            "one_time_token" => &self.one_time_token,
            "outbox" => &self.outbox,
            "event" => &self.event,
            "signing_key" => &self.signing_key,
            _ => &self.migration,
        }
    }
}

pub(super) struct Queries {
    pub(super) schema: Schema,
    pub(super) get_user: Arc<str>,
    pub(super) insert_user: Arc<str>,
    pub(super) touch_user: Arc<str>,
    pub(super) delete_user: Arc<str>,
    pub(super) get_key: Arc<str>,
    pub(super) get_key_and_user: Arc<str>,
    pub(super) get_keys_of_user: Arc<str>,
    pub(super) insert_key: Arc<str>,
    pub(super) delete_key: Arc<str>,
    pub(super) delete_non_primary_key: Arc<str>,
    pub(super) delete_keys_of_user: Arc<str>,
    pub(super) delete_other_keys: Arc<str>,
    pub(super) rename_key: Arc<str>,
    pub(super) set_key_password: Arc<str>,
    pub(super) set_password: Arc<str>,
    pub(super) replace_hash: Arc<str>,
    pub(super) get_session: Arc<str>,
    pub(super) get_session_and_user: Arc<str>,
    pub(super) get_sessions_of_user: Arc<str>,
    pub(super) insert_session: Arc<str>,
    pub(super) rotate_session: Arc<str>,
    pub(super) replace_secret: Arc<str>,
    pub(super) delete_session: Arc<str>,
    pub(super) delete_sessions_of_user: Arc<str>,
    pub(super) delete_other_sessions: Arc<str>,
    pub(super) delete_idle: Arc<str>,
    pub(super) delete_ended: Arc<str>,
    pub(super) delete_expired_of_user: Arc<str>,
    pub(super) delete_session_if_dead: Arc<str>,
    pub(super) get_signing_keys: Arc<str>,
    pub(super) insert_signing_key: Arc<str>,
    pub(super) delete_signing_keys: Arc<str>,
    pub(super) get_token: Arc<str>,
    pub(super) get_token_by_link: Arc<str>,
    pub(super) get_tokens_of_address: Arc<str>,
    pub(super) get_tokens_of_user: Arc<str>,
    pub(super) set_token: Arc<str>,
    pub(super) count_try: Arc<str>,
    pub(super) take_token: Arc<str>,
    pub(super) delete_tokens_of_user: Arc<str>,
    pub(super) delete_expired_tokens: Arc<str>,
    pub(super) insert_message: Arc<str>,
    pub(super) get_due_messages: Arc<str>,
    pub(super) lease_message: Arc<str>,
    pub(super) postpone_message: Arc<str>,
    pub(super) delete_message: Arc<str>,
    pub(super) next_message_due: Arc<str>,
    pub(super) insert_event: Arc<str>,
    pub(super) delete_events: Arc<str>,
    pub(super) count_attempt: Vec<Arc<str>>,
    pub(super) clear_attempts: Arc<str>,
    pub(super) delete_expired_attempts: Arc<str>,
}

impl Queries {
    pub(super) fn new(schema: &Schema, tables: &Tables, dialect: &Dialect) -> Self {
        let Tables {
            user,
            key,
            session,
            attempt,
            one_time_token,
            outbox,
            event,
            signing_key,
            ..
        } = tables;
        let p = |number| dialect.value(number);
        let (p1, p2, p3) = (p(1), p(2), p(3));
        let users = |alias| list(columns::USER, schema.user_attributes(), alias, dialect);
        let keys = |alias| list(columns::KEY, &[], alias, dialect);
        let sessions = |alias| list(columns::SESSION, schema.session_attributes(), alias, dialect);
        let insert = |table: &str, columns: String| {
            let count = columns.split(", ").count();
            let values: Vec<String> = (1..=count).map(p).collect();
            format!("INSERT INTO {table} ({columns}) VALUES ({})", values.join(", "))
        };
        let rotated = format!(
            "secret_digest = {p1}, secret_issued_at = {p2}, active_expires = {p3}, idle_expires = {}, last_seen = {}, \
             updated_at = {} WHERE id = {} AND secret_digest = {}",
            p(4),
            p(5),
            p(5),
            p(6),
            p(7)
        );
        let token_names: Vec<String> = names(columns::ONE_TIME_TOKEN, dialect).collect();
        let (token_columns, message_columns) = (token_names.join(", "), list(columns::OUTBOX, &[], "", dialect));
        let key_ring = list(columns::SIGNING_KEY, &[], "", dialect);
        let some = |table: &str, key: &str, condition: String| (dialect.delete_some)(table, key, &condition).into();
        let dead = |now: &str| format!("(idle_expires < {now} OR absolute_expires < {now})");
        let (user_columns, key_columns, session_columns) = (users(""), keys(""), sessions(""));
        let (key_and_user, session_and_user) = (
            format!("{}, {}", keys("k."), users("u.")),
            format!("{}, {}", sessions("s."), users("u.")),
        );
        Self {
            get_user: format!("SELECT {user_columns} FROM {user} WHERE id = {p1}").into(),
            insert_user: insert(user, users("")).into(),
            touch_user: format!("UPDATE {user} SET updated_at = updated_at WHERE id = {p1}").into(),
            delete_user: format!("DELETE FROM {user} WHERE id = {p1}").into(),
            get_key: format!("SELECT {key_columns} FROM {key} WHERE id = {p1}").into(),
            get_key_and_user: format!(
                "SELECT {key_and_user} FROM {key} k JOIN {user} u ON u.id = k.user_id WHERE k.id = {p1}"
            )
            .into(),
            get_keys_of_user: format!("SELECT {key_columns} FROM {key} WHERE user_id = {p1} ORDER BY created_at, id")
                .into(),
            insert_key: insert(key, keys("")).into(),
            delete_key: format!("DELETE FROM {key} WHERE id = {p1}").into(),
            delete_non_primary_key: format!("DELETE FROM {key} WHERE id = {p1} AND is_primary = FALSE").into(),
            delete_keys_of_user: format!("DELETE FROM {key} WHERE user_id = {p1}").into(),
            delete_other_keys: format!("DELETE FROM {key} WHERE user_id = {p1} AND id <> {p2}").into(),
            rename_key: format!(
                "UPDATE {key} SET id = {p1}, updated_at = {p2} WHERE id = {p3} AND user_id = {}",
                p(4)
            )
            .into(),
            set_key_password: format!("UPDATE {key} SET hashed_password = {p1}, updated_at = {p2} WHERE id = {p3}")
                .into(),
            // The innermost SELECT has a limit because MySQL would otherwise look into the table that it is changing.
            set_password: format!(
                "UPDATE {key} SET hashed_password = {p1}, updated_at = {p2} WHERE user_id = {p3} AND expires IS NULL \
                 AND (hashed_password IS NOT NULL OR (is_primary = TRUE AND NOT EXISTS (SELECT 1 FROM (SELECT 1 AS one \
                 FROM {key} WHERE user_id = {p3} AND expires IS NULL AND hashed_password IS NOT NULL LIMIT 1) other)))"
            )
            .into(),
            replace_hash: format!("UPDATE {key} SET hashed_password = {p1} WHERE id = {p2} AND hashed_password = {p3}")
                .into(),
            get_session: format!("SELECT {session_columns} FROM {session} WHERE id = {p1}").into(),
            get_session_and_user: format!(
                "SELECT {session_and_user} FROM {session} s JOIN {user} u ON u.id = s.user_id WHERE s.id = {p1}"
            )
            .into(),
            get_sessions_of_user: format!(
                "SELECT {session_columns} FROM {session} WHERE user_id = {p1} ORDER BY created_at, id"
            )
            .into(),
            insert_session: insert(session, sessions("")).into(),
            // What was comes first: MySQL assigns from left to right.
            rotate_session: format!(
                "UPDATE {session} SET previous_digest = secret_digest, previous_issued_at = secret_issued_at, \
                 previous_expires = {}, {rotated}",
                p(8)
            )
            .into(),
            replace_secret: format!("UPDATE {session} SET {rotated}").into(),
            delete_session: format!("DELETE FROM {session} WHERE id = {p1}").into(),
            delete_sessions_of_user: format!("DELETE FROM {session} WHERE user_id = {p1}").into(),
            delete_other_sessions: format!("DELETE FROM {session} WHERE user_id = {p1} AND id <> {p2}").into(),
            // Two, so that each walks along its own index whatever the database believes about the other column.
            delete_idle: some(session, "id", format!("idle_expires < {p1}")),
            delete_ended: some(session, "id", format!("absolute_expires < {p1}")),
            delete_expired_of_user: format!("DELETE FROM {session} WHERE user_id = {p1} AND {}", dead(&p2)).into(),
            delete_session_if_dead: format!("DELETE FROM {session} WHERE id = {p1} AND {}", dead(&p2)).into(),
            get_signing_keys: format!("SELECT {key_ring} FROM {signing_key} ORDER BY generation").into(),
            insert_signing_key: insert(signing_key, key_ring).into(),
            delete_signing_keys: format!("DELETE FROM {signing_key} WHERE generation <= {p1}").into(),
            get_token: format!("SELECT {token_columns} FROM {one_time_token} WHERE id = {p1}").into(),
            get_token_by_link: format!("SELECT {token_columns} FROM {one_time_token} WHERE link_digest = {p1}").into(),
            get_tokens_of_address: format!(
                "SELECT {token_columns} FROM {one_time_token} WHERE sent_to = {p1} ORDER BY id"
            )
            .into(),
            get_tokens_of_user: format!(
                "SELECT {token_columns} FROM {one_time_token} WHERE user_id = {p1} ORDER BY id"
            )
            .into(),
            set_token: format!(
                "{}{}",
                insert(one_time_token, token_columns),
                (dialect.or_replace)(&token_names)
            )
            .into(),
            count_try: format!(
                "UPDATE {one_time_token} SET attempts = attempts + 1 WHERE id = {p1} AND attempts < {p2} AND \
                 code_expires >= {p3} AND (browser_digest IS NULL OR browser_digest = {})",
                p(4)
            )
            .into(),
            take_token: format!("DELETE FROM {one_time_token} WHERE id = {p1} AND link_digest = {p2}").into(),
            delete_tokens_of_user: format!("DELETE FROM {one_time_token} WHERE user_id = {p1}").into(),
            delete_expired_tokens: some(
                one_time_token,
                "id",
                format!("link_expires < {p1} AND code_expires < {p1}"),
            ),
            get_due_messages: format!(
                "SELECT {message_columns} FROM {outbox} WHERE due_at <= {p1} ORDER BY due_at, id LIMIT {p2}"
            )
            .into(),
            insert_message: insert(outbox, message_columns).into(),
            lease_message: format!(
                "UPDATE {outbox} SET due_at = {p1}, attempts = attempts + 1 WHERE id = {p2} AND due_at = {p3}"
            )
            .into(),
            postpone_message: format!("UPDATE {outbox} SET due_at = {p1} WHERE id = {p2} AND due_at = {p3}").into(),
            delete_message: format!("DELETE FROM {outbox} WHERE id = {p1}").into(),
            next_message_due: format!("SELECT MIN(due_at) FROM {outbox}").into(),
            insert_event: insert(event, list(columns::EVENT, &[], "", dialect)).into(),
            delete_events: some(event, "id", format!("{} < {p1}", dialect.name("at"))),
            count_attempt: (dialect.count_attempt)(attempt).into_iter().map(Arc::from).collect(),
            clear_attempts: format!("DELETE FROM {attempt} WHERE subject = {p1} AND action = {p2}").into(),
            delete_expired_attempts: some(attempt, "subject, action", format!("window_ends < {p1}")),
            schema: schema.clone(),
        }
    }
}

/// The `WHERE` of a listing, if anything is asked of it.
pub(super) fn all_of(conditions: &[String]) -> String {
    match conditions {
        [] => String::new(),
        conditions => format!(" WHERE {}", conditions.join(" AND ")),
    }
}

/// The library's own columns and the application's, in the order rows are read in.
pub(super) fn list(own: &[Column], attributes: &[Attribute], alias: &str, dialect: &Dialect) -> String {
    let attributes = attributes.iter().map(|attribute| dialect.name(attribute.name()));
    names(own, dialect)
        .chain(attributes)
        .map(|name| format!("{alias}{name}"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn names(columns: &[Column], dialect: &Dialect) -> impl Iterator<Item = String> {
    columns.iter().map(|(name, ..)| dialect.name(name))
}
