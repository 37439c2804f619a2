//! Inviting somebody by mail: an administrator makes the account, and its link lets the owner in to choose a password.

pub(crate) mod docs;
pub(crate) mod routes;
mod service;
