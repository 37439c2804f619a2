//! What adapters and applications are tested with; behind the feature `testing`, and not covered by semantic versioning.
//!
//! - [`conformance`]: proves an adapter, the library's or yours.
//! - [`ManualClock`] and [`SeededEntropy`]: time and chance that do as they are told.
//! - [`FaultyAdapter`]: a store that fails when it is told to, and counts what it is asked;
//!   and holds a call ([`Hold`]) to put two acts in any order.
//! - [`EventLog`]: the events that happened.
//! - [`PasswordConfig::danger_cheap_hashes`](crate::PasswordConfig::danger_cheap_hashes), so that a suite does not spend its time
//!   hashing.

pub mod conformance;
mod entropy;
mod events;
mod faulty;
mod hold;
mod manual_clock;

pub use entropy::SeededEntropy;
pub use events::EventLog;
pub use faulty::{Fault, FaultyAdapter};
pub use hold::Hold;
pub use manual_clock::ManualClock;
