//! What happens on the application's own routes: who is asking, from where, and what the answer must carry.
//!
//! Against cross-site requests ([`origin`]), ambiguous cookies ([`cookies`]), spoofed addresses ([`client`]) and open
//! redirects ([`redirect`]). Every deciding function is pure; only [`AuthRequest`] asks a store.

mod asked;
mod auth_cookie;
mod auth_request;
mod bearer;
mod client;
mod cookies;
mod diagnostics;
mod effects;
mod found_once;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod fuzz;
mod memo;
mod origin;
mod presented;
mod redirect;
mod redirect_pattern;
mod requirement;
mod resolution;
mod seen;
mod session_acts;
mod token_headers;
mod token_request;
mod tokens;
mod view;

pub use auth_request::AuthRequest;
pub(crate) use bearer::{BearerReading, read_bearer};
pub use client::Client;
pub(crate) use client::{ClientPolicy, throttle_subject};
pub use cookies::{CookieConfig, SameSite};
pub(crate) use cookies::{CookieReading, CookieWriter, MARK, TokenCookies, read_cookie, read_cookies, set_cookie_name};
pub use effects::Effects;
pub(crate) use effects::with_exposed;
pub(crate) use origin::{OriginFacts, OriginPolicy, OriginRefusal};
pub(crate) use redirect::RedirectPolicy;
pub use requirement::{Passage, Requirement, VerifySession};
pub(crate) use seen::{ErrorShape, Navigation, Seen, requested_method};
pub(crate) use token_headers::speaks_supertokens;
pub(crate) use tokens::PresentedTokens;
pub use view::{PeerAddr, RequestView};
