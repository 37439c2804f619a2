//! One folder per way of signing in or looking after an account, always the same file names:
//! `mod` (the door), `service` (the decisions), `routes` (what HTTP makes of them), `docs` (what is told about
//! the routes).

pub(crate) mod address_change;
pub(crate) mod admin;
pub(crate) mod anonymous;
pub(crate) mod auth_cookie;
pub(crate) mod confirmation;
pub(crate) mod invite;
pub(crate) mod keys;
pub(crate) mod letters;
pub(crate) mod magic_link;
pub(crate) mod one_time;
pub(crate) mod password;
pub(crate) mod post;
pub(crate) mod reauthentication;
pub(crate) mod recovery;
pub(crate) mod service;
pub(crate) mod sessions;
pub(crate) mod tokens;
pub(crate) mod users;
pub(crate) mod verify;
