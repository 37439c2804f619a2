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
mod dead_locks;
mod disk;
mod halves;
mod hangs;
mod idle;
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
use place::{Database, Over, Place, Settings};
use proxy::{Proxy, Way};
use server::Server;

/// Runs each story with what it is given, beside `tests/servers`.
macro_rules! stories_of {
    ($module:ident, $needs:literal, $given:tt: $($story:ident,)+) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = $needs]
                async fn $story() {
                    super::$story $given.await;
                }
            )+
        }
    };
}
use stories_of;

/// Each story on both databases.
macro_rules! on_both {
    ($($story:ident,)+) => {
        super::stories_of! {
            postgres, "needs AUTH_TEST_POSTGRES and AUTH_TEST_PG_BIN, see tests/servers",
            (super::Database::Postgres): $($story,)+
        }
        super::stories_of! {
            mariadb, "needs AUTH_TEST_MYSQL and AUTH_TEST_MARIADBD, see tests/servers",
            (super::Database::Mariadb): $($story,)+
        }
    };
}
use on_both;

/// Each story on both databases, over the library's own connections and over a pool of sqlx's.
macro_rules! over_both {
    ($($story:ident,)+) => {
        super::stories_of! {
            postgres_own, "needs AUTH_TEST_POSTGRES and AUTH_TEST_PG_BIN, see tests/servers",
            (super::Database::Postgres, super::Over::Own): $($story,)+
        }
        super::stories_of! {
            postgres_sqlx, "needs AUTH_TEST_POSTGRES and AUTH_TEST_PG_BIN, see tests/servers",
            (super::Database::Postgres, super::Over::Sqlx): $($story,)+
        }
        super::stories_of! {
            mariadb_own, "needs AUTH_TEST_MYSQL and AUTH_TEST_MARIADBD, see tests/servers",
            (super::Database::Mariadb, super::Over::Own): $($story,)+
        }
        super::stories_of! {
            mariadb_sqlx, "needs AUTH_TEST_MYSQL and AUTH_TEST_MARIADBD, see tests/servers",
            (super::Database::Mariadb, super::Over::Sqlx): $($story,)+
        }
    };
}
use over_both;
