//! The adapter for MySQL and MariaDB.

mod adapter;
mod driver;
mod options;
mod run;

pub use adapter::MysqlAdapter;
pub use options::MysqlOptions;

#[cfg(all(test, feature = "sqlite", feature = "testing"))]
pub(in crate::adapters) mod tests;
