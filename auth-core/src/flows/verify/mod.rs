//! Answering what was sent: a link followed or a code typed is taken, once, and does what it was for.
//!
//! Against mail scanners (a GET shows a page and takes nothing, unless links are set to lead on at once), against what an
//! unproven owner left behind (password, keys and sessions go when somebody else proves the address), and against
//! sessions in places where others look (a fragment or a code that only the asking client can exchange).

pub(crate) mod docs;
mod page;
pub(crate) mod routes;
mod service;

pub(crate) use service::{Settled, method_of, take};
