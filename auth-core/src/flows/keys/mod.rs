//! Keys: the ways a user can sign in, primary (made with the user), persistent or single-use.
//!
//! Against keys used twice (a single-use key is taken in one act of the store), passwords that are no passwords (a key
//! without one accepts none) and probing (an unknown key costs the same work).

mod service;

pub use service::{NewKey, UsedKey};
