use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use auth_core::Auth;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// Puts one shared [`AuthRequest`](crate::AuthRequest) into every request and its cookies into every response: errors,
/// rejections, 4xx and 5xx too.
///
/// Lazy: nothing is parsed and no store is asked before a handler wants to know.
///
/// ```
/// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
/// use auth_axum::AuthLayer;
/// use axum::{Router, routing::get};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
/// let app: Router = Router::new()
///     .route("/", get(|| async { "public" }))
///     .layer(AuthLayer::new(auth));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthLayer {
    auth: Auth,
}

impl AuthLayer {
    /// A layer over this handle. [`AuthLayer`] has the example.
    pub fn new(auth: Auth) -> Self {
        Self { auth }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthService {
            inner,
            auth: self.auth.clone(),
        }
    }
}

/// The service [`AuthLayer`] makes, around any other.
///
/// ```
/// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
/// use auth_axum::{AuthLayer, AuthService};
/// use tower_layer::Layer;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
/// let router = axum::Router::<()>::new();
/// let service: AuthService<axum::Router> = AuthLayer::new(auth).layer(router);
/// # let _ = service;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct AuthService<S> {
    inner: S,
    auth: Auth,
}

impl<S, B, R> Service<Request<B>> for AuthService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let shared = auth_core::AuthRequest::unseen(&self.auth);
        request.extensions_mut().insert(shared.clone());
        ResponseFuture {
            inner: self.inner.call(request),
            shared,
        }
    }
}

pin_project! {
    /// The future of [`AuthService`], which nobody has to name: it waits for the answer and adds the cookies, without a box of its
    /// own. [`AuthLayer`] has the example.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        shared: auth_core::AuthRequest,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(context))?;
        this.shared.take_effects().apply(response.headers_mut());
        Poll::Ready(Ok(response))
    }
}
