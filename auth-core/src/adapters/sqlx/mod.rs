//! The waist over a pool of sqlx's, for applications that have one already.
//!
//! Slower than the library's own drivers: a pooled connection is asked whether it still lives before each use, unless the
//! pool says `test_before_acquire(false)`, and statements are not pipelined.

mod driver;
mod limits;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use limits::PoolLimits;
#[cfg(feature = "mysql")]
pub(super) use mysql::MysqlPoolDriver;
#[cfg(feature = "postgres")]
pub(super) use postgres::PostgresPoolDriver;
#[cfg(feature = "sqlite")]
pub(super) use sqlite::SqlitePoolDriver;

#[cfg(all(test, feature = "sqlite", feature = "testing"))]
mod tests;
