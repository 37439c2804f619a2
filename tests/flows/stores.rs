//! The core on the stores it ships with, for what needs no HTTP.

use auth_core::{Attribute, Auth, AuthBuilder, Secret, adapters::AnyAdapter, testing::ManualClock};

use crate::Store;

/// One core, the clock it reads, and what it keeps things in.
pub(super) struct Core {
    pub(super) auth: Auth,
    pub(super) clock: ManualClock,
    pub(super) store: AnyAdapter,
    pub(super) kept: Store,
}

impl Core {
    pub(super) async fn on(kept: Store, setup: fn(AuthBuilder) -> AuthBuilder) -> Self {
        let (store, clock) = (kept.open().await, ManualClock::default());
        let builder = Auth::builder(store.clone())
            .secret(Secret::new("a secret of the tests, 32 bytes and more"))
            .base_url("https://app.example.com")
            .clock(clock.clone())
            .user_attribute(Attribute::text("username").unique())
            .user_attribute(Attribute::integer("age"))
            .session_attribute(Attribute::text("country"));
        let auth = setup(builder).build().unwrap();
        auth.migrate().await.unwrap();
        Self {
            auth,
            clock,
            store,
            kept,
        }
    }
}

/// Runs each story on every store.
macro_rules! on_every_store {
    ($($story:ident,)+) => {
        $crate::flows::stores::on_store![memory Memory: $($story,)+];
        $crate::flows::stores::on_store![sqlite Sqlite: $($story,)+];
        $crate::flows::stores::on_store![postgres Postgres, "needs a PostgreSQL server: AUTH_TEST_POSTGRES": $($story,)+];
        $crate::flows::stores::on_store![mysql Mysql, "needs a MySQL server: AUTH_TEST_MYSQL": $($story,)+];
        $crate::flows::stores::on_store![redis_sqlite RedisSqlite, "needs a Redis server: AUTH_TEST_REDIS": $($story,)+];
        $crate::flows::stores::on_store![
            redis_postgres RedisPostgres, "needs a Redis and a PostgreSQL server: AUTH_TEST_REDIS, AUTH_TEST_POSTGRES":
            $($story,)+
        ];
    };
}
pub(super) use on_every_store;

/// Each story on one store.
macro_rules! on_store {
    ($module:ident $store:ident: $($story:ident,)+) => {
        mod $module {
            $(#[tokio::test] async fn $story() {
                super::$story($crate::flows::stores::Core::on($crate::Store::$store, |builder| builder).await).await;
            })+
        }
    };
    ($module:ident $store:ident, $needs:literal: $($story:ident,)+) => {
        mod $module {
            $(#[tokio::test] #[ignore = $needs] async fn $story() {
                super::$story($crate::flows::stores::Core::on($crate::Store::$store, |builder| builder).await).await;
            })+
        }
    };
}
pub(super) use on_store;
