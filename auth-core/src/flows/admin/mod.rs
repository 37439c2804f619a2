//! Looking after accounts that are not one's own.
//!
//! An administrator is whoever holds a token signed with the server's key that says so, or a signed-in user whose role says
//! so and who has just proven who they are. Everybody else learns nothing but that.

mod config;
mod gate;
mod journal;
mod service_token;

pub use config::AdminConfig;
pub(crate) use journal::Journal;
