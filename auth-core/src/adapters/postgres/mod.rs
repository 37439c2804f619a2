//! The PostgreSQL adapter: reads share a few pipelined connections, acts take one from a pool each.
//!
//! A read never waits for a lock, so that reads of many requests can follow each other on one connection without
//! holding each other up: one system call carries many of them. An act may wait for a row, so it has its connection for
//! itself; it needs one only, so that a pool of any size gets on.

mod adapter;
mod driver;
mod error;
mod invalidations;
mod listener;
mod options;
mod reader;
mod run;
mod tls;

pub use adapter::PostgresAdapter;
pub use invalidations::PostgresInvalidations;
pub use options::PostgresOptions;

#[cfg(all(test, feature = "sqlite", feature = "testing"))]
pub(in crate::adapters) mod tests;
