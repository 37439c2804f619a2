//! Other people's clients, and ours, against both frameworks as they are deployed: servers on ports of their own.
//!
//! They need Node.js (20 or newer, with npm) and Python (3.10 or newer, with venv): what they use of the two registries is
//! pinned and put into the target folder. Without them: `cargo test -p auth-tests --test all`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::allow_attributes,
    missing_docs,
    reason = "tests report by panicking"
)]

mod gotrue_api;
mod gotrue_js;
mod letterbox;
mod openapi;
mod served;
mod tools;
