//! Signing up with an address that has to be proven: the account is made, and nobody is in before its mail or message was
//! answered.
//!
//! Against taking somebody else's address (nothing opens before the proof), against learning who is here (a taken address is
//! answered like a new one, after the same work, and its owner is told), and against an account prepared for somebody
//! else: a password that two sign-ups disagree about is nobody's.

mod config;
pub(crate) mod docs;
pub(crate) mod routes;
mod service;

pub use config::{EmailConfig, PhoneConfig};
pub(crate) use service::{CONTESTED, Receipt, SAID, SIGNED_UP};
