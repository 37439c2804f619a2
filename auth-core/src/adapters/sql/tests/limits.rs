//! The server is told as well how long a statement may take.

use std::time::Duration;

use crate::adapters::{
    PostgresAdapter,
    postgres::tests::options,
    sql::{SqlValue, Statement},
};

#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn every_connection_to_postgres_begins_with_its_limits() {
    let options = options().timeout(Duration::from_millis(4_321));
    let adapter = PostgresAdapter::open(options).await.unwrap();
    let driver = &adapter.sql().driver;
    for limit in [
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
    ] {
        let asked = Statement::text(format!("SELECT current_setting('{limit}')"));
        for rows in [driver.fetch(asked.clone()).await, driver.list(asked).await] {
            assert!(rows.unwrap() == [[SqlValue::Text("4321ms".to_owned())]], "{limit}");
        }
    }
}
