//! Sessions: made for a proof, opened by a secret, renewed in place, listed and ended.
//!
//! Against stolen databases (digests only), fixation (ids are made here, never taken from a client), replay after
//! sign-out (the row is gone) and endless sessions (idle and absolute ends). It does not decide who may sign in.
//!
//! ```
//! # use auth_core::{Auth, NewUser, Secret, adapters::MemoryAdapter};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
//! # auth.create_user(NewUser::with_password("email", "ada@example.com", "correct horse battery")).await?;
//! let proof = auth.authenticate_user("email", "ada@example.com", "correct horse battery").await?;
//! let issued = auth.create_session(&proof, Default::default()).await?;
//! auth.invalidate_session(&issued.session.id).await?;
//! assert!(auth.validate_session(&issued.token).await.is_err());
//! # Ok(()) }
//! ```

mod config;
pub(crate) mod docs;
mod ending;
mod lookup;
pub(crate) mod routes;
mod service;

pub use config::SessionConfig;
pub(crate) use lookup::{Lookup, Renewal};
pub use service::{IssuedSession, NewSession, ValidSession};
