//! Single statements straight through tokio-postgres: lookups on connections that are shared, writes on one that nobody else uses
//! meanwhile, because the commits of a shared one would wait for each other's disk.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use auth_core::adapters::PostgresAdapter;
use sqlx::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::{
    Failure, beside,
    growth::Lookup,
    rows::{Rows, renewal},
};

pub(crate) async fn beside_tokio_postgres(
    url: &str,
    schema: &str,
    readers: usize,
    writers: usize,
    adapter: &PostgresAdapter,
) -> Result<(), Failure> {
    let table = format!("{schema}.auth_session");
    let mut clients = Vec::new();
    for _ in 0..readers {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let select = client.prepare(&lookup(schema)).await?;
        clients.push((client, select));
    }
    let manager = deadpool_postgres::Manager::from_config(
        url.parse()?,
        tokio_postgres::NoTls,
        deadpool_postgres::ManagerConfig {
            recycling_method: deadpool_postgres::RecyclingMethod::Fast,
        },
    );
    let pool = deadpool_postgres::Pool::builder(manager).max_size(writers).build()?;
    let rows = Arc::new(Rows::make(adapter).await?);
    let Insertion {
        sql: insertion,
        values,
        id_at,
    } = insertion(&clients[0].0, &table, rows.template().id.as_str()).await?;
    let (clients, next) = (Arc::new(clients), AtomicUsize::new(0));
    let id = rows.template().id.to_string();
    let label = format!("postgres, {readers} conn");
    beside(&label, "lookup", rows.with_user(), || {
        let (clients, id, at) = (
            Arc::clone(&clients),
            id.clone(),
            next.fetch_add(1, Ordering::Relaxed) % readers,
        );
        async move {
            let (client, select) = &clients[at];
            assert_eq!(client.query(select, &[&id]).await.expect("it answers").len(), 1);
        }
    })
    .await;
    let label = format!("postgres, {writers} conn");
    beside(&label, "create", rows.create(), || {
        let (pool, insertion, values, id) = (pool.clone(), Arc::clone(&insertion), Arc::clone(&values), rows.fresh());
        async move {
            let client = pool.get().await.expect("it answers");
            let insertion = client.prepare_cached(&insertion).await.expect("it answers");
            let made = client.execute(&insertion, &with_id(&values, id_at, &id)).await;
            assert_eq!(made.expect("it answers"), 1);
        }
    })
    .await;
    let update: Arc<str> = renewal(&table, |number| format!("${number}")).into();
    beside(&label, "renew", rows.renew(), || {
        let (pool, update, id, rows) = (pool.clone(), Arc::clone(&update), rows.turn(), Arc::clone(&rows));
        async move {
            let row = rows.template();
            let (digest, seen) = (row.secret_digest.as_bytes().as_slice(), row.last_seen.as_unix_ms());
            let (active, idle) = (row.active_expires.as_unix_ms(), row.idle_expires.as_unix_ms());
            let client = pool.get().await.expect("it answers");
            let update = client.prepare_cached(&update).await.expect("it answers");
            let issued = row.secret_issued_at.as_unix_ms();
            let values: [&(dyn ToSql + Sync); 9] =
                [&active, &digest, &issued, &active, &idle, &seen, &seen, &id, &digest];
            assert_eq!(client.execute(&update, &values).await.expect("it answers"), 1);
        }
    })
    .await;
    let removal: Arc<str> = format!("DELETE FROM {table} WHERE id = $1").into();
    beside(&label, "+ delete", rows.delete(), || {
        let (insertion, removal, values) = (Arc::clone(&insertion), Arc::clone(&removal), Arc::clone(&values));
        let (pool, id) = (pool.clone(), rows.fresh());
        async move {
            for (statement, values) in [(insertion, with_id(&values, id_at, &id)), (removal, vec![&id as _])] {
                let client = pool.get().await.expect("it answers");
                let statement = client.prepare_cached(&statement).await.expect("it answers");
                assert_eq!(client.execute(&statement, &values).await.expect("it answers"), 1);
            }
        }
    })
    .await;
    Ok(())
}

fn lookup(schema: &str) -> String {
    format!(
        "SELECT s.*, u.* FROM {schema}.auth_session s JOIN {schema}.auth_user u ON u.id = s.user_id WHERE s.id = $1"
    )
}

/// Lookups of sessions with their users by id, over one connection.
pub(crate) async fn lookups(url: &str, schema: &str) -> Result<Lookup, Failure> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let asked = Arc::new((client.prepare(&lookup(schema)).await?, client));
    Ok(Box::new(move |id| {
        let asked = Arc::clone(&asked);
        Box::pin(async move {
            let (select, client) = &*asked;
            assert_eq!(client.query(select, &[&id]).await.expect("it answers").len(), 1);
        })
    }))
}

/// The same through sqlx.
pub(crate) async fn lookups_of_sqlx(url: &str, schema: &str) -> Result<Lookup, Failure> {
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(10)
        .connect(url)
        .await?;
    let lookup: Arc<str> = lookup(schema).into();
    Ok(Box::new(move |id| {
        let (pool, lookup) = (pool.clone(), Arc::clone(&lookup));
        Box::pin(async move {
            let row = sqlx::query(sqlx::AssertSqlSafe(lookup)).bind(id).fetch_one(&pool).await;
            assert!(!row.expect("it answers").is_empty());
        })
    }))
}

type Bound = Box<dyn ToSql + Send + Sync>;

/// The statement that makes a row like the one that is there, its values, and where the id is among them.
struct Insertion {
    sql: Arc<str>,
    values: Arc<Vec<Bound>>,
    id_at: usize,
}

async fn insertion(client: &tokio_postgres::Client, table: &str, id: &str) -> Result<Insertion, Failure> {
    let row = client
        .query_one(&format!("SELECT * FROM {table} WHERE id = $1"), &[&id])
        .await?;
    let names: Vec<&str> = row.columns().iter().map(|column| column.name()).collect();
    let value = |(at, column): (usize, &tokio_postgres::Column)| -> Result<Bound, Failure> {
        Ok(match *column.type_() {
            Type::BOOL => Box::new(row.try_get::<_, Option<bool>>(at)?),
            Type::BYTEA => Box::new(row.try_get::<_, Option<Vec<u8>>>(at)?),
            Type::INT8 => Box::new(row.try_get::<_, Option<i64>>(at)?),
            _ => Box::new(row.try_get::<_, Option<String>>(at)?),
        })
    };
    let values = row
        .columns()
        .iter()
        .enumerate()
        .map(value)
        .collect::<Result<Vec<_>, _>>()?;
    let places: Vec<String> = (1..=names.len()).map(|number| format!("${number}")).collect();
    let sql = format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        names.join(", "),
        places.join(", ")
    );
    let id_at = names.iter().position(|name| *name == "id").ok_or("an id")?;
    Ok(Insertion {
        sql: sql.into(),
        values: Arc::new(values),
        id_at,
    })
}

/// The values with another id among them.
fn with_id<'a>(values: &'a [Bound], id_at: usize, id: &'a String) -> Vec<&'a (dyn ToSql + Sync)> {
    let mut bound: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value as _).collect();
    bound[id_at] = id;
    bound
}
