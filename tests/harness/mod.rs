mod actix;
mod app;
mod axum;
mod client;
mod core;
mod documented;
mod eventually;
mod free_port;
mod holder;
mod log;
mod post;
mod smtp;
mod socket;
mod store;

pub use app::{App, Driver, PASSWORD, Setup, passwords};
pub use client::{Answer, Client, Unanswered};
pub use eventually::eventually;
pub use free_port::free_port;
pub use holder::Held;
pub use log::{heard, listen};
pub use post::{MINUTE, Received};
pub use smtp::{Caught, Manners, SmtpCatcher, Wire};
pub use socket::Leaving;
pub use store::Store;

/// For tests that are no stories.
pub fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}
