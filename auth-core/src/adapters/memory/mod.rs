//! Everything in memory, behind one lock: every method is one critical section, so every act is atomic.

mod adapter;
mod commit;
mod events;
mod invalidations;
mod outbox;
mod sessions;
mod tokens;

pub use adapter::MemoryAdapter;
pub use invalidations::MemoryInvalidations;
pub use sessions::MemorySessions;
