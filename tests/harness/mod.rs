mod actix;
mod app;
mod axum;
mod client;
mod core;

pub use app::{App, Driver, PASSWORD, Setup};
pub use client::{Answer, Client};
