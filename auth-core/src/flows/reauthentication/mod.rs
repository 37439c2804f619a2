//! Showing once more who is asking, before something grave: a code sent to the proven address or number of the account.

pub(crate) mod docs;
pub(crate) mod routes;
mod service;
