mod actix;
mod app;
mod axum;
mod client;
mod core;
mod holder;
mod post;
mod smtp;
mod socket;
mod store;

pub use app::{App, Driver, PASSWORD, Setup, passwords};
pub use client::{Answer, Client};
pub use holder::Held;
pub use post::{MINUTE, Received};
pub use smtp::{Caught, Manners, SmtpCatcher, Wire};
pub use store::Store;
