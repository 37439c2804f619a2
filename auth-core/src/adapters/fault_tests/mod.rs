//! Real servers that fail, and connections that break: each story is written once and runs on PostgreSQL and on MariaDB.
//!
//! Connections break at a [`Proxy`](proxy::Proxy) before the server that all tests share; what has to be stopped, killed
//! or configured is a [`Server`](server::Server) of the test's own.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test without its server fails"
)]

mod clock;
mod crowds;
mod cuts;
mod halves;
mod hangs;
mod kept;
mod kills;
mod place;
mod proxy;
mod read_only;
mod records;
mod releases;
mod restarts;
mod server;
mod standby;
mod tls;

use kept::Kept;
use place::{Database, Place, Settings};
use proxy::{Proxy, Way};
use server::Server;

/// Runs each story on both databases, beside `tests/servers`.
macro_rules! on_both {
    ($($story:ident,)+) => {
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "needs AUTH_TEST_POSTGRES and AUTH_TEST_PG_BIN, see tests/servers"]
                async fn $story() {
                    super::$story(super::Database::Postgres).await;
                }
            )+
        }

        mod mariadb {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "needs AUTH_TEST_MYSQL and AUTH_TEST_MARIADBD, see tests/servers"]
                async fn $story() {
                    super::$story(super::Database::Mariadb).await;
                }
            )+
        }
    };
}
use on_both;
