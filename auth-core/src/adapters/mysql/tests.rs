//! The conformance suite on a real server, and what only MySQL can get wrong.

use std::sync::atomic::{AtomicUsize, Ordering};

use mysql_async::prelude::Queryable;

use super::*;
use crate::{
    Attribute, Timestamp,
    adapter::{Schema, Store, UserAdapter},
    adapters::tests::CASES,
    id::UserId,
    model::{Attributes, User},
    testing::conformance,
};

#[expect(clippy::expect_used, reason = "a test without its server fails")]
pub(in crate::adapters) fn url() -> String {
    std::env::var("AUTH_TEST_MYSQL").expect("AUTH_TEST_MYSQL is not set: see tests/servers")
}

/// Options with tables of their own.
pub(in crate::adapters) fn options() -> MysqlOptions {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    MysqlOptions::new(url()).table_prefix(format!("t{}_{number}_", crate::adapters::tests::this_run()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn mysql_conforms() {
    let report = conformance::run(async || MysqlAdapter::open(options()).await.unwrap()).await;
    assert_eq!(report.cases(), CASES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn one_connection_conforms() {
    let report = conformance::run(async || MysqlAdapter::open(options().pool_size(1)).await.unwrap()).await;
    assert_eq!(report.cases(), CASES);
}

/// Tables in another database than the connection's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn another_schema_conforms() {
    let name = format!("schema_{}", crate::adapters::tests::this_run());
    let mut make = mysql_async::Conn::from_url(url()).await.unwrap();
    make.query_drop(format!("CREATE DATABASE {name}")).await.unwrap();
    let open = async || MysqlAdapter::open(options().schema(&name)).await.unwrap();
    let report = conformance::run(async || open().await).await;
    assert_eq!(report.cases(), CASES);
    let adapter = open().await;
    assert!(!adapter.migration_plan().await.unwrap().is_empty());
    adapter.migrate().await.unwrap();
    adapter.migrate().await.unwrap();
    assert!(adapter.migration_plan().await.unwrap().is_empty());
    let tables = format!("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '{name}'");
    let tables: Option<usize> = make.query_first(tables).await.unwrap();
    assert!(tables.unwrap() > 8, "{tables:?}");
    make.query_drop(format!("DROP DATABASE {name}")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn migrations_can_be_repeated_and_raced() {
    let options = options();
    let schema = Schema::new(
        vec![Attribute::text("username").unique(), Attribute::boolean("member")],
        vec![Attribute::text("country")],
    );
    let mut adapters = Vec::new();
    for _ in 0..8 {
        let adapter = MysqlAdapter::open(options.clone()).await.unwrap();
        adapter.declare(&schema).unwrap();
        adapters.push(adapter);
    }
    let migrations = adapters.iter().map(|adapter| adapter.migrate());
    for migrated in futures_util::future::join_all(migrations).await {
        migrated.unwrap();
    }
    assert!(adapters[0].migration_plan().await.unwrap().is_empty());
    let mut user = User::new(UserId::from("u"), Timestamp::default());
    user.attributes = Attributes::new().with("username", "ada").with("member", true);
    adapters[0].set_user(&user, None).await.unwrap();
    assert_eq!(adapters[1].get_user(&user.id).await.unwrap(), Some(user));
}
