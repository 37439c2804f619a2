//! Cookies: configured once, written in one place, read by exact name only.
//!
//! Against cookies planted from a sibling domain (`__Host-` names, duplicates that differ are refused), cookies that a
//! page's script reads (always `HttpOnly`) and cookies that travel in clear (`Secure` follows the base URL).

mod config;
mod read;
mod tokens;
mod write;

pub(crate) use config::MARK;
pub use config::{CookieConfig, SameSite};
pub(crate) use read::{CookieReading, read_cookie, read_cookies};
pub(crate) use tokens::TokenCookies;
pub(crate) use write::{CookieWriter, set_cookie_name};
