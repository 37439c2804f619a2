//! A way back for whoever has forgotten the password: a mailed link or code opens a session, and with it a new password is
//! chosen; that ends every other session and everything else that was sent.
//!
//! It works while the account is locked by somebody who guesses.

pub(crate) mod docs;
pub(crate) mod routes;
mod service;
