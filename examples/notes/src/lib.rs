//! The small application both framework examples serve: a list of notes for every user.
//!
//! Everything here is framework-free: the command line, the notes themselves and the pages. How signed-in people reach
//! them is the business of `axum-app` and `actix-app`, which is what those two are there to show.

mod mail;
mod options;
mod pages;
mod setup;
mod store;
mod visit;

pub use mail::Mail;
pub use options::{Options, OptionsError, Strategy};
pub use pages::{AccountView, Page, Pages};
pub use setup::{SetupError, auth, init_logging, url};
pub use store::{Note, NoteError, Notes};
pub use visit::Visit;
