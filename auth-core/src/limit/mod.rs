//! Attempts per account and per client: counted before any work is done, in one atomic act of the store.
//!
//! Answers guessing (one account from many places, many accounts from one place) and floods. It does not lock an
//! account for good: windows end, sessions that exist go on, and recovery has limits of its own.

mod counting;
mod limits;

pub use limits::{Limit, Limits};
