//! The token strategy: an access token that is checked without a store, and a refresh token that rotates.
//!
//! Against stolen refresh tokens (using a copy is noticed, and ends the session), stolen databases (digests of digests,
//! encrypted keys) and forged access tokens (a token's header only selects one of our keys, with its one algorithm). It
//! does not end an access token before its time, unless a route asks the store.
//!
//! ```
//! # use auth_core::{Auth, NewUser, Secret, Tokens, adapters::MemoryAdapter};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let auth = Auth::builder(MemoryAdapter::default())
//!     .secret(Secret::random()?)
//!     .base_url("https://example.com")
//!     .sessions(Tokens::default())
//!     .build()?;
//! # auth.create_user(NewUser::with_password("email", "ada@example.com", "correct horse battery")).await?;
//! let proof = auth.authenticate_user("email", "ada@example.com", "correct horse battery").await?;
//! let tokens = auth.create_session(&proof, Default::default()).await?.tokens.unwrap();
//! let opened = auth.validate_access_token(tokens.access.expose(), None).await?;
//! assert_eq!(&opened.session.user_id, proof.user_id());
//!
//! let refreshed = auth.refresh_session(tokens.refresh.expose()).await?;
//! assert_eq!(refreshed.session.id, opened.session.id);
//! # Ok(()) }
//! ```

mod claims;
mod config;
pub(crate) mod docs;
#[cfg(feature = "asymmetric")]
mod es256;
mod handed;
mod holder;
mod jwk;
mod key;
mod options;
mod others;
#[cfg(feature = "asymmetric")]
mod public_key;
mod refresh;
mod ring;
mod rotate;
mod rotation;
pub(crate) mod routes;
#[cfg(feature = "aws-lc")]
mod rs256;
mod service;
mod strategy;
mod verified;

pub(crate) use claims::Claims;
pub use config::{SessionStrategy, Tokens};
pub use handed::{AccessToken, OpenedSession, RefreshedSession, SessionTokens};
pub use options::{Algorithm, AntiCsrf, Claim, RefreshAt, Rotation, SigningKeys, TokenNames, Transfer};
#[cfg(feature = "asymmetric")]
pub use public_key::PublicKey;
pub(crate) use service::{check_anti_csrf, is_behind};
pub(crate) use strategy::TokenStrategy;
pub(crate) use verified::VerifiedClaims;
