//! Everything in memory, behind one lock: every method is one critical section, so every act is atomic.

mod adapter;
mod invalidations;
mod sessions;

pub use adapter::MemoryAdapter;
pub use invalidations::MemoryInvalidations;
pub use sessions::MemorySessions;
