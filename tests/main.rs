//! Every promise has a test, every attack has a test named after it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::allow_attributes,
    missing_docs,
    reason = "tests report by panicking"
)]

pub(crate) use auth_tests::{
    Answer, App, Client, Driver, Held, Leaving, MINUTE, PASSWORD, Received, Store, Unanswered, eventually, free_port,
    heard, listen, passwords, runtime, stories, stories_in_process, stories_of_both, stories_on_memory,
    stories_over_sockets,
};

mod attacks;
mod delivery;
mod flows;
mod surface;
mod walk;
