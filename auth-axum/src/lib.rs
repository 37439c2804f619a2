//! [`auth_core`] for axum: a layer, the `/api/auth` routes and extractors. The core decides, this crate translates.
//!
//! ```no_run
//! use auth_axum::{AuthLayer, CurrentUser};
//! use auth_core::{Auth, Secret, adapters::SqliteAdapter};
//! use axum::{Router, routing::get};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let auth = Auth::builder(SqliteAdapter::connect("sqlite://app.db").await?)
//!     .secret(Secret::from_env("AUTH_SECRET")?)
//!     .base_url("http://localhost:3000")
//!     .build()?;
//! auth.migrate().await?;
//!
//! let app: Router = Router::new()
//!     .route("/me", get(|user: CurrentUser| async move { user.id().to_string() }))
//!     .nest_service("/api/auth", auth_axum::routes(&auth))
//!     .layer(AuthLayer::new(auth));
//! # Ok(()) }
//! ```
//!
//! | name | in a handler | without a session | when the store fails |
//! |---|---|---|---|
//! | [`AuthRequest`] | everything: validate, set, clear | – | an error to handle |
//! | [`CurrentUser`], [`CurrentSession`] | the user, the session | 401, or 303 to the sign-in page | 503 |
//! | [`MaybeUser`], [`MaybeSession`], `Option<…>` | if there is one | `None` | 503, never `None` |
//! | [`require_user`], [`require_fresh`], [`verify_session`] | guards for whole routers | 401, or 303 | 503 |
//!
//! Client addresses come from axum's `ConnectInfo<SocketAddr>`: serve with
//! `app.into_make_service_with_connect_info::<SocketAddr>()`, or limits per client see no address.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod convert;
mod cors;
mod extract;
mod guard;
mod layer;
mod reject;
mod routes;

pub use cors::preflight;
pub use extract::{AuthRequest, CurrentSession, CurrentUser, MaybeSession, MaybeUser};
pub use guard::{Guard, GuardService, require_fresh, require_user, verify_session};
pub use layer::{AuthLayer, AuthService, ResponseFuture};
pub use reject::AuthRejection;
pub use routes::{AuthRoutes, routes};
