//! [`auth_core`] for actix-web: a middleware, the `/api/auth` routes and extractors. The core decides, this crate
//! translates.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use auth_actix::{AuthMiddleware, CurrentUser};
//! use auth_core::{Auth, Secret, adapters::SqliteAdapter};
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let auth = Auth::builder(SqliteAdapter::connect("sqlite://app.db").await?)
//!     .secret(Secret::from_env("AUTH_SECRET")?)
//!     .base_url("http://localhost:3000")
//!     .build()?;
//! auth.migrate().await?;
//!
//! HttpServer::new(move || {
//!     App::new()
//!         .wrap(AuthMiddleware::new(auth.clone()))
//!         .service(auth_actix::routes(&auth))
//!         .route("/me", web::get().to(|user: CurrentUser| async move { user.id().to_string() }))
//! })
//! .bind("127.0.0.1:3000")?
//! .run()
//! .await?;
//! # Ok(()) }
//! ```
//!
//! | name | in a handler | without a session | when the store fails |
//! |---|---|---|---|
//! | [`AuthRequest`] | everything: validate, set, clear | – | an error to handle |
//! | [`CurrentUser`], [`CurrentSession`] | the user, the session | 401, or 303 to the sign-in page | 503 |
//! | [`MaybeUser`], [`MaybeSession`] | if there is one | `None` | 503, never `None` |
//! | [`require_user`], [`require_fresh`], [`verify_session`] | guards for whole scopes | 401, or 303 | 503 |
//!
//! Do not extract `Option<CurrentUser>`: actix-web turns every error of an extractor into `None`, a failing store too.
//! [`MaybeUser`] does not.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod convert;
mod cors;
mod extract;
mod guard;
mod middleware;
mod reject;
mod routes;

pub use cors::preflight;
pub use extract::{AuthRequest, CurrentSession, CurrentUser, MaybeSession, MaybeUser};
pub use guard::{Guard, GuardService, require_fresh, require_user, verify_session};
pub use middleware::{AuthMiddleware, AuthMiddlewareService};
pub use reject::AuthRejection;
pub use routes::{AuthRoutes, routes};
