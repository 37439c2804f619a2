//! SQLite through rusqlite: one thread that writes, a few that read.
//!
//! The writer takes everything that is waiting into one transaction, so that many sign-ins cost one sync of the disk;
//! each act is still all or nothing, and nobody is answered before the commit. Readers never wait for the writer (WAL).

mod adapter;
mod driver;
mod options;
mod reader;
mod run;
mod writer;

pub use adapter::SqliteAdapter;
pub use options::{SqliteOptions, Synchronous};
