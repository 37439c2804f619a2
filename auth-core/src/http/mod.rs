//! The HTTP side: one table of routes, one reader of bodies, one file that picks statuses, one router.
//!
//! [`Auth::handle`](crate::Auth::handle) answers every request under the base path; it cannot fail, errors are already
//! replies. The frameworks only carry bytes to it and back.

mod body;
mod cors;
mod openapi;
mod refusal;
mod reply;
mod route;
mod router;
mod wire;

pub use refusal::missing_layer;

pub(crate) use body::Body;
pub(crate) use openapi::{Answer, Caller, Kind, Member, RouteDoc, openapi};
pub(crate) use reply::Reply;
pub(crate) use route::{Call, Route, routes};
pub(crate) use wire::{Delivery, refreshed_answer, session_answer, session_listing, user_answer};
