//! Lookups at a read replica, everything else at the primary.

mod adapter;
mod recent_writes;
#[cfg(all(test, feature = "testing"))]
#[expect(clippy::unwrap_used, reason = "a test reports by panicking")]
mod tests;

pub use adapter::ReplicatedAdapter;
