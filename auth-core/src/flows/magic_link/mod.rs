//! Signing in without a password: by a link or code in a mail, or a code in a text message. Whoever is unknown gets an
//! account, unless that is switched off.
//!
//! Against learning who is here: known and unknown addresses are answered alike, after the same work.

pub(crate) mod docs;
pub(crate) mod routes;
mod service;
