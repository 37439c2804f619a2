//! Single statements straight through rusqlite, on the thread that asks; a row is read whole, as other drivers answer it.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use auth_core::adapters::SqliteAdapter;
use rusqlite::{Connection, types::Value};
use sqlx::{
    Row,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use crate::{
    Failure, beside,
    growth::Lookup,
    rows::{Rows, renewal},
};

/// A connection behind a lock: what asks may move to another thread.
struct Bare(Mutex<Connection>);

impl Bare {
    /// As the adapter opens its own.
    fn open(path: &Path) -> Result<Arc<Self>, Failure> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "mmap_size", 1_i64 << 30)?;
        Ok(Arc::new(Self(Mutex::new(connection))))
    }

    /// The rows that the statement read or changed.
    fn run(&self, sql: &str, values: &[Value]) -> usize {
        let connection = self.0.lock().expect("nobody panicked");
        let mut statement = connection.prepare_cached(sql).expect("it is a statement");
        if statement.column_count() == 0 {
            return statement
                .execute(rusqlite::params_from_iter(values))
                .expect("it answers");
        }
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(values)).expect("it answers");
        let mut found = 0;
        while let Some(row) = rows.next().expect("it answers") {
            let row: Vec<Value> = (0..columns).map(|column| row.get(column).expect("a value")).collect();
            std::hint::black_box(row);
            found += 1;
        }
        found
    }
}

pub(crate) async fn beside_rusqlite(path: &Path, adapter: &SqliteAdapter) -> Result<(), Failure> {
    let (reader, writer) = (Bare::open(path)?, Bare::open(path)?);
    let rows = Arc::new(Rows::make(adapter).await?);
    let text = |text: &str| Value::from(text.to_owned());
    let lookup = lookup(path)?;
    let template = rows.template().id.to_string();
    beside("sqlite", "lookup", rows.with_user(), || {
        let (reader, lookup, id) = (Arc::clone(&reader), Arc::clone(&lookup), text(&template));
        async move { assert_eq!(reader.run(&lookup, &[id]), 1) }
    })
    .await;
    let (insertion, values, at) = insertion(path, &template)?;
    let insertion: Arc<str> = insertion.into();
    let fresh = || {
        let (mut values, id) = (values.clone(), text(&rows.fresh()));
        values[at] = id.clone();
        (values, id)
    };
    beside("sqlite", "create", rows.create(), || {
        let (writer, insertion, (values, _)) = (Arc::clone(&writer), Arc::clone(&insertion), fresh());
        async move { assert_eq!(writer.run(&insertion, &values), 1) }
    })
    .await;
    let update: Arc<str> = renewal("auth_session", |_| "?".to_owned()).into();
    beside("sqlite", "renew", rows.renew(), || {
        let row = rows.template();
        let digest = Value::from(row.secret_digest.as_bytes().to_vec());
        let [issued, active, idle, seen] = [
            row.secret_issued_at,
            row.active_expires,
            row.idle_expires,
            row.last_seen,
        ]
        .map(|time| Value::from(time.as_unix_ms()));
        let id = text(&rows.turn());
        let values = vec![
            active.clone(),
            digest.clone(),
            issued,
            active,
            idle,
            seen.clone(),
            seen,
            id,
            digest,
        ];
        let (writer, update) = (Arc::clone(&writer), Arc::clone(&update));
        async move { assert_eq!(writer.run(&update, &values), 1) }
    })
    .await;
    let removal: Arc<str> = "DELETE FROM auth_session WHERE id = ?".into();
    beside("sqlite", "+ delete", rows.delete(), || {
        let (writer, insertion, removal) = (Arc::clone(&writer), Arc::clone(&insertion), Arc::clone(&removal));
        let (values, id) = fresh();
        async move { assert_eq!((writer.run(&insertion, &values), writer.run(&removal, &[id])), (1, 1)) }
    })
    .await;
    Ok(())
}

/// Lookups of sessions with their users by id.
pub(crate) fn lookups(path: &Path) -> Result<Lookup, Failure> {
    let (reader, lookup) = (Bare::open(path)?, lookup(path)?);
    Ok(Box::new(move |id| {
        let (reader, lookup) = (Arc::clone(&reader), Arc::clone(&lookup));
        Box::pin(async move { assert_eq!(reader.run(&lookup, &[Value::from(id)]), 1) })
    }))
}

/// The same through sqlx.
pub(crate) async fn lookups_of_sqlx(path: &Path) -> Result<Lookup, Failure> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .pragma("mmap_size", (1_i64 << 30).to_string());
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await?;
    let lookup = lookup(path)?;
    Ok(Box::new(move |id| {
        let (pool, lookup) = (pool.clone(), Arc::clone(&lookup));
        Box::pin(async move {
            let row = sqlx::query(sqlx::AssertSqlSafe(lookup)).bind(id).fetch_one(&pool).await;
            assert!(!row.expect("it answers").is_empty());
        })
    }))
}

/// A session with its user by its id; the columns by name, as the adapter asks for them.
fn lookup(path: &Path) -> Result<Arc<str>, Failure> {
    let connection = Connection::open(path)?;
    let columns = |table: &str, alias: &str| -> rusqlite::Result<Vec<String>> {
        let select = connection.prepare(&format!("SELECT * FROM {table}"))?;
        Ok(select
            .column_names()
            .iter()
            .map(|name| format!("{alias}.\"{name}\""))
            .collect())
    };
    let columns = [columns("auth_session", "s")?, columns("auth_user", "u")?]
        .concat()
        .join(", ");
    let joined = "\"auth_session\" s JOIN \"auth_user\" u ON u.id = s.user_id";
    Ok(format!("SELECT {columns} FROM {joined} WHERE s.id = ?1").into())
}

/// The statement that makes a row like the one that is there, its values, and where the id is among them.
fn insertion(path: &Path, id: &str) -> Result<(String, Vec<Value>, usize), Failure> {
    let connection = Connection::open(path)?;
    let mut select = connection.prepare("SELECT * FROM auth_session WHERE id = ?")?;
    let names: Vec<String> = select.column_names().into_iter().map(str::to_owned).collect();
    let values = select.query_row([id], |row| (0..names.len()).map(|column| row.get(column)).collect())?;
    let at = names.iter().position(|name| name == "id").ok_or("an id")?;
    let places = vec!["?"; names.len()].join(", ");
    Ok((
        format!("INSERT INTO auth_session ({}) VALUES ({places})", names.join(", ")),
        values,
        at,
    ))
}
