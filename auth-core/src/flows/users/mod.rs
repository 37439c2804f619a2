//! Users: made with their first key in one act, read, changed, banned, deleted.
//!
//! Against half-made accounts (user and key are stored together or not at all) and privileges smuggled in (the routes
//! only take what users may set). Passwords and sign-in are in the `password` flow, keys in `keys`.

pub(crate) mod docs;
pub(crate) mod routes;
mod service;

pub(crate) use routes::merged;
pub use service::NewUser;
pub(crate) use service::check_metadata;
