//! The HTTP side: one table of routes, one reader of bodies, one file that picks statuses, one router.
//!
//! [`Auth::handle`](crate::Auth::handle) answers every request under the base path; it cannot fail, errors are already
//! replies. The frameworks only carry bytes to it and back.

mod bearer;
mod body;
mod call;
mod captcha;
mod cors;
mod onward;
mod openapi;
mod page;
mod refusal;
mod reply;
mod route;
mod router;
mod told;
mod wire;

pub use refusal::missing_layer;

pub(crate) use body::Body;
#[cfg(feature = "testing")]
pub(crate) use body::BodyFormat;
pub(crate) use call::Call;
pub(crate) use openapi::{Answer, Caller, Kind, Member, RouteDoc, openapi};
pub(crate) use page::Page;
pub(crate) use reply::Reply;
pub(crate) use route::{Route, routes};
pub(crate) use told::error_pairs;
pub(crate) use wire::{
    Delivery, receipt_answer, refreshed_answer, session_answer, session_listing, session_pairs, user_answer,
};
