//! One folder per way of signing in or looking after an account, always the same file names:
//! `mod` (the door), `service` (the decisions), `routes` (what HTTP makes of them), `docs` (what is told about
//! the routes).

pub(crate) mod auth_cookie;
pub(crate) mod keys;
pub(crate) mod password;
pub(crate) mod service;
pub(crate) mod sessions;
pub(crate) mod tokens;
pub(crate) mod users;
