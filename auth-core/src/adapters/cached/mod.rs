//! A bounded cache of sessions in front of any adapter.
//!
//! # How nothing old is ever put back
//! The classic mistake: a reader fetches a row, a writer changes it and empties the cache, and the reader puts the old row in.
//! Here nothing is emptied. Writes are numbered; each reading notes the number it began at, and is served only while no write
//! to its session or its user has a later one, and none is under way. A late reader may put in what it likes: its number
//! is too small.

mod adapter;
mod entry;
mod options;
mod stamps;
#[cfg(all(test, feature = "sqlite", feature = "testing"))]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a test reports by panicking")]
mod tests;
mod writing;

pub use adapter::CachedAdapter;
pub use options::CacheOptions;
