//! A client for programs that talk to an auth server over HTTP: GoTrue's `GoTrueApi` in Rust, for this library's routes, for
//! GoTrue, and for what speaks like it.
//!
//! One method for each call of the seed's class, by its name in snake case; failures are an [`ApiError`], never a panic, and
//! whatever the server says beyond what is typed is kept in `extra`. Against tokens in logs (they have no `Display`, and
//! `Debug` hides them), servers that send a caller elsewhere (redirects are not followed) or answer without end (a limit
//! and a time-out), and cookies that travel in clear ([`GoTrueApi::set_auth_cookie`]). It keeps no session: what it gets,
//! its caller has.
//!
//! ```no_run
//! use auth_core::client::GoTrueApi;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let api = GoTrueApi::new("https://example.com/api/auth")?;
//! let session = api.sign_in_with_email("ada@example.com", "correct horse battery", None).await?;
//! let user = api.get_user(session.access_token.expose()).await?;
//! assert_eq!(user.email.as_deref(), Some("ada@example.com"));
//!
//! api.sign_out(session.access_token.expose()).await?;
//! assert_eq!(api.get_user(session.access_token.expose()).await.unwrap_err().status(), 403);
//! # Ok(()) }
//! ```
//!
//! | the seed | here |
//! |---|---|
//! | `new GoTrueApi({url, headers, cookieOptions})` | [`GoTrueApi::new`], [`header`](GoTrueApi::header), [`cookie_options`](GoTrueApi::cookie_options) |
//! | `{data, error}` | `Result<T, ApiError>` |
//! | `signUpWithEmail`, `signUpWithPhone` | [`sign_up_with_email`](GoTrueApi::sign_up_with_email), [`sign_up_with_phone`](GoTrueApi::sign_up_with_phone) |
//! | `signInWithEmail`, `signInWithPhone` | [`sign_in_with_email`](GoTrueApi::sign_in_with_email), [`sign_in_with_phone`](GoTrueApi::sign_in_with_phone) |
//! | `sendMagicLinkEmail`, `sendMobileOTP` | [`send_magic_link_email`](GoTrueApi::send_magic_link_email), [`send_mobile_otp`](GoTrueApi::send_mobile_otp) |
//! | `verifyMobileOTP`, `verifyOTP` | [`verify_mobile_otp`](GoTrueApi::verify_mobile_otp), [`verify_otp`](GoTrueApi::verify_otp) |
//! | `inviteUserByEmail`, `resetPasswordForEmail` | [`invite_user_by_email`](GoTrueApi::invite_user_by_email), [`reset_password_for_email`](GoTrueApi::reset_password_for_email) |
//! | `refreshAccessToken`, `signOut` | [`refresh_access_token`](GoTrueApi::refresh_access_token), [`sign_out`](GoTrueApi::sign_out) |
//! | `getUser`, `updateUser`, `deleteUser` | [`get_user`](GoTrueApi::get_user), [`update_user`](GoTrueApi::update_user), [`delete_user`](GoTrueApi::delete_user) |
//! | `createUser`, `listUsers`, `getUserById`, `updateUserById` | [`create_user`](GoTrueApi::create_user), [`list_users`](GoTrueApi::list_users), [`get_user_by_id`](GoTrueApi::get_user_by_id), [`update_user_by_id`](GoTrueApi::update_user_by_id) |
//! | `generateLink`, `getUrlForProvider` | [`generate_link`](GoTrueApi::generate_link), [`get_url_for_provider`](GoTrueApi::get_url_for_provider) |
//! | `setAuthCookie`, `getAuthCookieString`, `deleteAuthCookie` | [`set_auth_cookie`](GoTrueApi::set_auth_cookie), [`get_auth_cookie_string`](GoTrueApi::get_auth_cookie_string), [`delete_auth_cookie`](GoTrueApi::delete_auth_cookie) |
//! | `getUserByCookie` | [`get_user_by_cookie`](GoTrueApi::get_user_by_cookie) |
//! | `getSessionFromUrl` | [`session_from_url`](GoTrueApi::session_from_url) |

mod account;
mod admin;
mod api;
mod cookies;
mod error;
mod extra;
mod generate_link;
mod landing;
mod one_time;
mod provider;
mod request;
mod session;
mod sign_in;
mod sign_up;
#[cfg(test)]
mod tests;
mod user;
mod wire;

pub use account::UserAttributes;
pub use admin::{AdminUserAttributes, UserPage};
pub use api::GoTrueApi;
pub use cookies::UserByCookie;
pub use error::ApiError;
pub use extra::Extra;
pub use generate_link::{GenerateLink, GeneratedLink, LinkKind};
pub use landing::Landing;
pub use one_time::{OtpKind, OtpOptions, VerifyOtp};
pub use session::{GoTrueSession, SessionOrUser};
pub use sign_up::SignUpOptions;
pub use user::{GoTrueIdentity, GoTrueUser};
