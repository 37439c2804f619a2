//! On PostgreSQL, the lock of those who migrate ends with their transaction, and no limit ends the wait for it.

use std::time::Duration;

use tokio_postgres::NoTls;

use crate::{
    adapter::Store,
    adapters::{
        PostgresAdapter, PostgresOptions,
        postgres::tests::url,
        sql::{SqlValue, Statement},
    },
};

/// How long a call may take.
const PATIENCE: Duration = Duration::from_millis(400);

async fn waits_for_another(adapter: &PostgresAdapter) {
    let (lock, _) = (adapter.sql().dialect().lock)(None, &format!("{}migration", adapter.sql().tables.prefix));
    let (other, connection) = tokio_postgres::connect(&url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    other.batch_execute("BEGIN").await.unwrap();
    for statement in lock {
        other.batch_execute(&statement).await.unwrap();
    }
    let migrating = tokio::spawn({
        let adapter = adapter.clone();
        async move { adapter.migrate().await }
    });
    tokio::time::sleep(PATIENCE * 3).await;
    assert!(!migrating.is_finished());
    other.batch_execute("COMMIT").await.unwrap();
    migrating.await.unwrap().unwrap();
    assert!(adapter.migration_plan().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn a_migration_waits_for_another_longer_than_a_statement_may_take() {
    let prefix = format!("w{}_", crate::adapters::tests::this_run());
    let options = PostgresOptions::new(url()).table_prefix(prefix);
    let adapter = PostgresAdapter::open(options.timeout(PATIENCE).pool_size(1))
        .await
        .unwrap();
    waits_for_another(&adapter).await;

    // What is no migration is bounded as before.
    let asked = Statement::text("SELECT current_setting('statement_timeout')");
    let rows = adapter.sql().driver.fetch(asked).await;
    assert!(rows.unwrap() == [[SqlValue::Text("400ms".to_owned())]]);
}

#[cfg(feature = "sqlx")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn a_migration_over_a_pool_waits_for_another_longer_than_a_call_may_take() {
    let prefix = format!("wx{}_", crate::adapters::tests::this_run());
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1);
    let pool = pool.connect(&url()).await.unwrap();
    let limits = crate::adapters::PoolLimits::default().timeout(PATIENCE);
    let adapter = PostgresAdapter::from_pool_within(pool, &prefix, limits).await.unwrap();
    waits_for_another(&adapter).await;
}
