//! The conformance suite on a real server, and what only PostgreSQL can get wrong.

use std::sync::atomic::{AtomicUsize, Ordering};

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
    std::env::var("AUTH_TEST_POSTGRES").expect("AUTH_TEST_POSTGRES is not set: see tests/servers")
}

/// Options with a schema of their own.
pub(in crate::adapters) fn options() -> PostgresOptions {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    PostgresOptions::new(url()).schema(format!("t{}_{number}", crate::adapters::tests::this_run()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn postgres_conforms() {
    let report = conformance::run(async || PostgresAdapter::open(options()).await.unwrap()).await;
    assert_eq!(report.cases(), CASES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn one_connection_to_write_and_one_to_read_conform() {
    let open = async || PostgresAdapter::open(options().pool_size(1).readers(1)).await.unwrap();
    let report = conformance::run(open).await;
    assert_eq!(report.cases(), CASES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn migrations_can_be_repeated_and_raced() {
    let options = options();
    let schema = Schema::new(
        vec![Attribute::text("username").unique(), Attribute::boolean("member")],
        vec![Attribute::text("country")],
    );
    let mut adapters = Vec::new();
    for _ in 0..8 {
        let adapter = PostgresAdapter::open(options.clone()).await.unwrap();
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

/// Its index is called as that of a primary key is.
#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn a_unique_attribute_may_be_called_as_a_primary_key_is() {
    let adapter = PostgresAdapter::open(options()).await.unwrap();
    adapter
        .declare(&Schema::new(vec![Attribute::text("x_pkey").unique()], Vec::new()))
        .unwrap();
    adapter.migrate().await.unwrap();
    let named = |id: &str| {
        let mut user = User::new(UserId::from(id), Timestamp::default());
        user.attributes = Attributes::new().with("x_pkey", "the same");
        user
    };
    adapter.set_user(&named("one"), None).await.unwrap();
    let refused = adapter.set_user(&named("two"), None).await.unwrap_err();
    assert_eq!(refused.kind(), crate::ErrorKind::DuplicateUserData);
    let refused = adapter.set_user(&named("one"), None).await.unwrap_err();
    assert_ne!(refused.kind(), crate::ErrorKind::DuplicateUserData);
}
