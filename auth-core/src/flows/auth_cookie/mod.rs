//! Cookies for a page that holds its tokens itself: GoTrue's `setAuthCookie` and `getUserByCookie`.
//!
//! Such a page tells its server what happened (`{event, session}`), and the server answers with cookies, so that pages it
//! renders know who is asking. Against tokens that travel in clear (`Secure`, unless this is a developer's machine),
//! cookies that a sign-out leaves behind (it names the Domain and Path they were set with) and values that smuggle a
//! header in (everything is checked or percent-encoded). It does not look into the tokens, and does not check the origin:
//! that is the route's, `POST /cookie`, which [`AuthBuilder::auth_cookie`](crate::AuthBuilder::auth_cookie) mounts.
//!
//! ```
//! use auth_core::{AuthCookies, CookieOptions, Timestamp};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cookies = AuthCookies::new(CookieOptions::default().domain("example.com")?);
//! let (request, ()) = http::Request::post("/api/cookie").header("host", "app.example.com").body(())?.into_parts();
//! let body = br#"{"event":"SIGNED_IN","session":{"access_token":"eyJhbGciOi"}}"#;
//!
//! let reply = cookies.answer(&request, body, Timestamp::from_unix_ms(1_700_000_000_000))?;
//! assert_eq!(reply.status(), 200);
//! assert_eq!(
//!     reply.effects().cookies()[0],
//!     "sb:token=eyJhbGciOi; HttpOnly; SameSite=Lax; Secure; Path=/; Domain=example.com; Max-Age=28800; \
//!      Expires=Wed, 15 Nov 2023 06:13:20 GMT",
//! );
//! # Ok(()) }
//! ```

pub(crate) mod docs;
mod error;
mod event;
mod host;
mod options;
mod reply;
pub(crate) mod routes;
mod service;
#[cfg(test)]
mod tests;

pub use error::AuthCookieError;
pub use event::{AuthChangeEvent, AuthCookieSession};
pub use host::is_secure_context;
pub use options::CookieOptions;
pub use reply::AuthCookieReply;
#[cfg(feature = "client")]
pub(crate) use service::NOT_IN_A_COMPONENT;
pub use service::{AuthCookies, HeldCookies};
