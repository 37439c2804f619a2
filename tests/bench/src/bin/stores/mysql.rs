//! Single statements straight through mysql_async.

use std::{sync::Arc, time::Duration};

use auth_core::adapters::MysqlAdapter;
use mysql_async::{Value, prelude::Queryable};

use crate::{
    Failure, beside,
    growth::Lookup,
    rows::{Rows, renewal},
};

pub(crate) async fn beside_mysql_async(
    url: &str,
    prefix: &str,
    size: usize,
    adapter: &MysqlAdapter,
) -> Result<(), Failure> {
    let pool = pool(url, size)?;
    let table = format!("{prefix}session");
    let rows = Arc::new(Rows::make(adapter).await?);
    let label = format!("mysql, {size} conn");
    // One statement on a connection of the pool, which says how many rows it was about.
    let run = |sql: &Arc<str>, values: Vec<Value>| {
        let (pool, sql) = (pool.clone(), Arc::clone(sql));
        async move {
            let mut conn = pool.get_conn().await.expect("it answers");
            let rows: Vec<mysql_async::Row> = conn.exec(&*sql, values).await.expect("it answers");
            rows.len() as u64 + conn.affected_rows()
        }
    };
    let id = || Value::from(rows.template().id.as_str());
    let select = lookup(prefix).into();
    beside(&label, "lookup", rows.with_user(), || {
        let done = run(&select, vec![id()]);
        async move { assert!(done.await > 0) }
    })
    .await;
    let template = pool
        .get_conn()
        .await?
        .exec_first(format!("SELECT * FROM {table} WHERE id = ?"), (id(),))
        .await?;
    let template: mysql_async::Row = template.ok_or("a session")?;
    let names: Vec<String> = template
        .columns_ref()
        .iter()
        .map(|column| column.name_str().into_owned())
        .collect();
    let at = names.iter().position(|name| name == "id").ok_or("an id")?;
    let values = template.unwrap();
    let places = vec!["?"; names.len()].join(", ");
    let insertion = format!("INSERT INTO {table} ({}) VALUES ({places})", names.join(", ")).into();
    beside(&label, "create", rows.create(), || {
        let mut values = values.clone();
        values[at] = Value::from(rows.fresh());
        let done = run(&insertion, values);
        async move { assert_eq!(done.await, 1) }
    })
    .await;
    let update = renewal(&table, |_| "?".to_owned()).into();
    beside(&label, "renew", rows.renew(), || {
        let row = rows.template();
        let digest = Value::from(row.secret_digest.as_bytes().as_slice());
        let [issued, active, idle, seen] = [
            row.secret_issued_at,
            row.active_expires,
            row.idle_expires,
            row.last_seen,
        ]
        .map(|time| Value::from(time.as_unix_ms()));
        let id = Value::from(rows.turn());
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
        let done = run(&update, values);
        async move { assert_eq!(done.await, 1) }
    })
    .await;
    let removal = format!("DELETE FROM {table} WHERE id = ?").into();
    beside(&label, "+ delete", rows.delete(), || {
        let (id, mut values) = (Value::from(rows.fresh()), values.clone());
        values[at] = id.clone();
        let (made, ended) = (run(&insertion, values), run(&removal, vec![id]));
        async move { assert_eq!((made.await, ended.await), (1, 1)) }
    })
    .await;
    Ok(())
}

/// Lookups of sessions with their users by id.
pub(crate) fn lookups(url: &str, prefix: &str) -> Result<Lookup, Failure> {
    let (pool, select) = (pool(url, 10)?, Arc::<str>::from(lookup(prefix)));
    Ok(Box::new(move |id| {
        let (pool, select) = (pool.clone(), Arc::clone(&select));
        Box::pin(async move {
            let mut conn = pool.get_conn().await.expect("it answers");
            let row: Option<mysql_async::Row> = conn.exec_first(&*select, (id,)).await.expect("it answers");
            assert!(row.is_some());
        })
    }))
}

/// As our adapter has it; by default the pool closes connections as soon as nobody uses them.
fn pool(url: &str, size: usize) -> Result<mysql_async::Pool, Failure> {
    let constraints = mysql_async::PoolConstraints::new(0, size).ok_or("a size")?;
    let pool = mysql_async::PoolOpts::default()
        .with_constraints(constraints)
        .with_reset_connection(false)
        .with_inactive_connection_ttl(Duration::from_secs(60));
    let opts = mysql_async::OptsBuilder::from_opts(mysql_async::Opts::from_url(url)?)
        .pool_opts(pool)
        .prefer_socket(false)
        .stmt_cache_size(128)
        .client_found_rows(true);
    Ok(mysql_async::Pool::new(opts))
}

fn lookup(prefix: &str) -> String {
    format!("SELECT s.*, u.* FROM {prefix}session s JOIN {prefix}user u ON u.id = s.user_id WHERE s.id = ?")
}
