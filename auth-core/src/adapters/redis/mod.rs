//! Sessions and attempts in Redis 7, users elsewhere: half of a [`SplitAdapter`](crate::adapter::SplitAdapter).
//!
//! A session is one string, read whole by one command. What changes has its place in it, so that a renewal and a
//! change of data never overwrite each other, and every change of what is there is one script that first looks whether it
//! still is: a deleted one never comes back. A second key per user lists the ids of the user's sessions; an id is in
//! it before its session is, and leaves it after.
//!
//! Every script touches one key, so a cluster may put each where it likes.

mod adapter;
mod attempts;
mod connection;
mod index;
mod invalidations;
mod kept;
mod keys;
mod layout;
mod lifetime;
mod options;
mod record;
mod scripts;
mod sentinel;
mod sessions;
mod subscriber;
mod sweep;
#[cfg(feature = "redis-tls")]
mod tls;

pub use adapter::RedisSessions;
pub use invalidations::RedisInvalidations;
pub use options::RedisOptions;

#[cfg(all(test, feature = "sqlite", feature = "testing"))]
pub(in crate::adapters) mod tests;
