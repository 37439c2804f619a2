//! Signing up and in with an e-mail address and a password, and changing the password.
//!
//! Against guessing (limits are counted before a hash is computed), enumeration (unknown account and wrong password
//! are one answer after the same work), takeover at sign-up (a taken address never opens a session) and thieves who
//! stay signed in (a changed password ends the other sessions).

pub(crate) mod docs;
pub(crate) mod routes;
mod service;
mod sign_up;

pub use sign_up::SignUp;
