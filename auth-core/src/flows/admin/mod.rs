//! Looking after accounts that are not one's own.
//!
//! An administrator is whoever holds a token signed with the server's key that says so, or a signed-in user whose role says
//! so and who has just proven who they are. Everybody else learns nothing but that.

mod attributes;
mod changes;
mod config;
pub(crate) mod docs;
mod events;
mod gate;
mod go_duration;
mod journal;
mod link_request;
mod links;
mod new_account;
mod paging;
mod removal;
pub(crate) mod routes;
mod service_token;
mod shapes;
mod sweep;
mod user_list;

pub use attributes::AdminUserAttributes;
pub use config::AdminConfig;
pub(crate) use journal::Journal;
pub use link_request::{GenerateLink, GeneratedLink};
pub use sweep::Swept;
pub use user_list::UserPage;
