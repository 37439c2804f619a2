use std::{
    future::{Ready, ready},
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpMessage,
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
};
use auth_core::Auth;
use futures_util::future::LocalBoxFuture;

use crate::convert;

/// Puts one shared [`AuthRequest`](crate::AuthRequest) into every request and its cookies into every response: errors,
/// rejections, 4xx and 5xx too.
///
/// Lazy: nothing is parsed and no store is asked before a handler wants to know.
///
/// ```
/// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
/// use actix_web::{App, web};
/// use auth_actix::AuthMiddleware;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
/// let app = App::new()
///     .wrap(AuthMiddleware::new(auth))
///     .route("/", web::get().to(|| async { "public" }));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AuthMiddleware {
    auth: Auth,
}

impl AuthMiddleware {
    /// A middleware over this handle. [`AuthMiddleware`] has the example.
    pub fn new(auth: Auth) -> Self {
        Self { auth }
    }
}

impl<S, B> Transform<S, ServiceRequest> for AuthMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
{
    type Response = S::Response;
    type Error = Error;
    type Transform = AuthMiddlewareService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(AuthMiddlewareService {
            inner,
            auth: self.auth.clone(),
        }))
    }
}

/// The service [`AuthMiddleware`] makes, which nobody has to name. [`AuthMiddleware`] has the example.
#[derive(Debug)]
pub struct AuthMiddlewareService<S> {
    inner: S,
    auth: Auth,
}

impl<S, B> Service<ServiceRequest> for AuthMiddlewareService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
{
    type Response = S::Response;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let shared = auth_core::AuthRequest::unseen(&self.auth);
        request.extensions_mut().insert(shared.clone());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            let effects = shared.take_effects();
            match answer {
                Ok(mut response) => {
                    convert::apply(&effects, response.headers_mut());
                    Ok(response)
                }
                // An error becomes a response further out, and gets its cookies there.
                Err(mut error) => {
                    if !effects.is_empty() {
                        error.add_response_mapper(move |mut response| {
                            convert::apply(&effects, response.headers_mut());
                            response
                        });
                    }
                    Err(error)
                }
            }
        })
    }
}
