//! What the buses between processes have in common: who listens, and a connection that comes back by itself.

#[cfg(any(feature = "postgres", feature = "redis"))]
mod backoff;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod line;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod server;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod sinks;
mod tell;
#[cfg(all(
    test,
    any(feature = "postgres", feature = "redis"),
    feature = "sqlite",
    feature = "testing"
))]
#[expect(clippy::unwrap_used, reason = "a test reports by panicking")]
pub(in crate::adapters) mod tests;

#[cfg(any(feature = "postgres", feature = "redis"))]
pub(in crate::adapters) use line::{ANSWER, HEARTBEAT, Line, Unsaid};
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(in crate::adapters) use server::Bus;
pub(in crate::adapters) use tell::tell;
