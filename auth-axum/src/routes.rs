use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use auth_core::{Auth, PeerAddr};
use axum_core::{body::Body, response::Response};
use http::Request;
use tower_service::Service;

use crate::convert;

/// The library's own routes, to be mounted at the configured base path.
///
/// ```
/// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
/// use axum::Router;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
/// let app: Router = Router::new().nest_service(auth.base_path(), auth_axum::routes(&auth));
/// # Ok(()) }
/// ```
///
/// With the base path `/` they answer whatever nobody else does:
///
/// ```
/// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
/// # use axum::Router;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com")
/// #     .base_path("/").build()?;
/// let app: Router = Router::new().fallback_service(auth_axum::routes(&auth));
/// # Ok(()) }
/// ```
pub fn routes(auth: &Auth) -> AuthRoutes {
    AuthRoutes { auth: auth.clone() }
}

/// The service [`routes`] makes: it answers any request below the base path, and nothing makes it fail.
///
/// ```
/// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
/// use auth_axum::AuthRoutes;
/// use axum::{body::Body, http::Request};
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
/// let routes: AuthRoutes = auth_axum::routes(&auth);
/// let health = routes.oneshot(Request::get("/api/auth/health").body(Body::empty())?).await?;
/// assert_eq!(health.status(), 200);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct AuthRoutes {
    auth: Auth,
}

impl Service<Request<Body>> for AuthRoutes {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let auth = self.auth.clone();
        Box::pin(async move {
            let full = convert::original_uri(request.extensions(), request.uri()).clone();
            *request.uri_mut() = full;
            if let Some(peer) = convert::peer(request.extensions()) {
                request.extensions_mut().insert(PeerAddr(peer));
            }
            Ok(convert::response(auth.handle_body(request).await))
        })
    }
}
