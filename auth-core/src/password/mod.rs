//! Passwords: what they must be like, how they are hashed, and on which threads.
//!
//! Against guessing (argon2id at OWASP's floor or above, a block list, a list of leaked passwords), against enumeration
//! (an unknown account costs a hash too), against floods (a bounded pool with a bounded queue, sizes checked before any
//! work), against hashes that are bombs (parameters of stored hashes are bounded before memory is taken), and, where there are keys for
//! it, against a thief with a copy of the database (hashes are encrypted, or mixed with a pepper). Text is brought to NFC and
//! otherwise taken as it is: no trimming, no truncation, no change of case.
//!
//! The block list is the part with eight characters and more of the list of common passwords of the `zxcvbn` crate
//! (MIT licence, © 2016 Joshua Holmer).

mod argon2id;
mod config;
mod formats;
#[cfg(feature = "testing")]
pub(crate) mod fuzz;
mod hasher;
mod leaked;
mod legacy;
mod phc;
mod policy;
mod pool;
mod sealed;
mod service;

pub use argon2id::Argon2Params;
pub use config::PasswordConfig;
pub use hasher::{PasswordHasher, Verified};
pub use leaked::{LeakCheck, LeakDigest, LeakedPasswordFile, LeakedPasswords, PwnedPasswords};
pub(crate) use service::Passwords;
