//! Single statements straight through tokio-postgres: lookups on connections that are shared, writes on one that nobody else uses
//! meanwhile, because the commits of a shared one would wait for each other's disk.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use auth_core::adapters::PostgresAdapter;

use crate::{
    Failure, Work, beside,
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
        deadpool_postgres::ManagerConfig { recycling_method: deadpool_postgres::RecyclingMethod::Fast },
    );
    let pool = deadpool_postgres::Pool::builder(manager).max_size(writers).build()?;
    let rows = Arc::new(Rows::make(adapter).await?);
    let insertion: Arc<str> = insertion(&clients[0].0, &table, rows.template().id.as_str()).await?.into();
    let (clients, next) = (Arc::new(clients), AtomicUsize::new(0));
    let id = rows.template().id.to_string();
    let label = format!("postgres, {readers} conn");
    beside(&label, "lookup", rows.with_user(), || {
        let (clients, id, at) = (Arc::clone(&clients), id.clone(), next.fetch_add(1, Ordering::Relaxed) % readers);
        async move {
            let (client, select) = &clients[at];
            assert_eq!(client.query(select, &[&id]).await.expect("it answers").len(), 1);
        }
    })
    .await;
    let label = format!("postgres, {writers} conn");
    beside(&label, "create", rows.create(), || {
        let (pool, insertion, id) = (pool.clone(), Arc::clone(&insertion), rows.fresh());
        async move {
            let client = pool.get().await.expect("it answers");
            let insertion = client.prepare_cached(&insertion).await.expect("it answers");
            client.execute(&insertion, &[&id]).await.map(drop).expect("it answers");
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
            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 9] =
                [&active, &digest, &issued, &active, &idle, &seen, &seen, &id, &digest];
            assert_eq!(client.execute(&update, &values).await.expect("it answers"), 1);
        }
    })
    .await;
    let removal: Arc<str> = format!("DELETE FROM {table} WHERE id = $1").into();
    beside(&label, "+ delete", rows.delete(), || {
        let (pool, insertion, removal, id) = (pool.clone(), Arc::clone(&insertion), Arc::clone(&removal), rows.fresh());
        async move {
            for statement in [insertion, removal] {
                let client = pool.get().await.expect("it answers");
                let statement = client.prepare_cached(&statement).await.expect("it answers");
                assert_eq!(client.execute(&statement, &[&id]).await.expect("it answers"), 1);
            }
        }
    })
    .await;
    Ok(())
}

fn lookup(schema: &str) -> String {
    format!("SELECT s.*, u.* FROM {schema}.auth_session s JOIN {schema}.auth_user u ON u.id = s.user_id WHERE s.id = $1")
}

/// Lookups of sessions with their users by id, over one connection.
pub(crate) async fn lookups(url: &str, schema: &str) -> Result<impl Fn(String) -> Work + use<>, Failure> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let asked = Arc::new((client.prepare(&lookup(schema)).await?, client));
    Ok(move |id: String| -> Work {
        let asked = Arc::clone(&asked);
        Box::pin(async move {
            let (select, client) = &*asked;
            assert_eq!(client.query(select, &[&id]).await.expect("it answers").len(), 1);
        })
    })
}

/// A row like the one that is there, but for its id; the other values stand in the statement.
async fn insertion(client: &tokio_postgres::Client, table: &str, id: &str) -> Result<String, Failure> {
    let (schema, name) = table.split_once('.').ok_or("a schema")?;
    let columns = client
        .query(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 \
             AND column_name <> 'id' ORDER BY ordinal_position",
            &[&schema, &name],
        )
        .await?;
    let columns: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
    let quoted: Vec<String> = columns.iter().map(|column| format!("quote_nullable({column})")).collect();
    let select = format!("SELECT concat_ws(', ', {}) FROM {table} WHERE id = $1", quoted.join(", "));
    let values: String = client.query_one(&select, &[&id]).await?.get(0);
    Ok(format!("INSERT INTO {table} (id, {}) VALUES ($1, {values})", columns.join(", ")))
}
