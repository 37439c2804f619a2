//! What every SQL database must do with the statements that are written once.

#![expect(clippy::unwrap_used, reason = "a test without its database fails")]

mod held_up;
#[cfg(feature = "postgres")]
mod limits;
mod lists;
mod memory_map;
#[cfg(feature = "mysql")]
mod mysql_locks;
mod plans;
#[cfg(feature = "postgres")]
mod postgres_locks;
mod sweep;
#[cfg(feature = "postgres")]
mod unsendable;
mod upgrade;
