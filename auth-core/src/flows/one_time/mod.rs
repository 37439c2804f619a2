//! Links and codes that work once, whatever they are for: how they are made, and how they are taken.
//!
//! Against guessing (codes are counted before they are compared, per code and per account), theft of the store (digests
//! only, keyed for codes), a second use (taking one and what it was taken for are one act of the store), use for something
//! else (bound to purpose, user and address), a code phished out of somebody (good only in the browser that asked for
//! it), and mail scanners (looking at a link takes nothing).

mod browser;
mod config;
mod issue;
mod redeem;

pub use config::{LinkStyle, OneTimeConfig};
pub(crate) use issue::{Asked, Challenge, Issued};
