use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use auth_core::{Passage, Requirement, VerifySession};
use axum_core::response::{IntoResponse, Response};
use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use crate::{convert, extract::observed, reject::AuthRejection};

/// Lets only signed-in users through; to be used below [`AuthLayer`](crate::AuthLayer), with `route_layer`. A CORS preflight is
/// answered by the guard and reaches no handler: [`AuthRequest::require`](auth_core::AuthRequest::require).
///
/// ```
/// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
/// use auth_axum::{AuthLayer, require_user};
/// use axum::{Router, routing::get};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
/// let app: Router = Router::new()
///     .route("/notes", get(|| async { "only for users" }))
///     .route_layer(require_user())
///     .layer(AuthLayer::new(auth));
/// # Ok(()) }
/// ```
pub fn require_user() -> Guard {
    Guard {
        requirement: Requirement::User,
    }
}

/// Lets only users through who proved who they are at most `age` ago.
///
/// ```
/// use std::time::Duration;
/// use auth_axum::require_fresh;
///
/// let guard = require_fresh(Duration::from_secs(10 * 60));
/// # let _ = guard;
/// ```
pub fn require_fresh(age: Duration) -> Guard {
    Guard {
        requirement: Requirement::Fresh(age),
    }
}

/// Lets requests through whose session stands a closer look: the store's word, the anti-CSRF value, or none at all.
///
/// ```
/// use auth_core::VerifySession;
/// use auth_axum::verify_session;
///
/// let guard = verify_session(VerifySession::default().check_store(true));
/// # let _ = guard;
/// ```
pub fn verify_session(wanted: VerifySession) -> Guard {
    Guard {
        requirement: Requirement::Session(wanted),
    }
}

/// The layer [`require_user`], [`require_fresh`] and [`verify_session`] make.
///
/// ```
/// use std::time::Duration;
/// use auth_axum::{Guard, require_fresh, require_user};
/// use axum::{Router, routing::get};
///
/// fn behind(guard: Guard) -> Router {
///     Router::new().route("/keys", get(|| async { "the keys" })).route_layer(guard)
/// }
///
/// let strict = true;
/// let app = behind(if strict { require_fresh(Duration::from_secs(60)) } else { require_user() });
/// # let _ = app;
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Guard {
    requirement: Requirement,
}

impl<S> Layer<S> for Guard {
    type Service = GuardService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService { inner, guard: *self }
    }
}

/// The service a [`Guard`] makes, which nobody has to name. [`require_user`] has the example.
#[derive(Clone, Debug)]
pub struct GuardService<S> {
    inner: S,
    guard: Guard,
}

impl<S, B> Service<Request<B>> for GuardService<S>
where
    S: Service<Request<B>, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone that was polled ready goes along; the other one waits for the next call.
        let waiting = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, waiting);
        let guard = self.guard;
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let observed = observed(&parts);
            let request = Request::from_parts(parts, body);
            let passed = match observed {
                Ok(shared) => guard.check(&shared).await,
                Err(rejection) => Err(rejection),
            };
            match passed {
                Ok(Passage::Open) => ready.call(request).await,
                Ok(Passage::Answer(answer)) => Ok(convert::response(*answer)),
                Err(rejection) => Ok(rejection.into_response()),
            }
        })
    }
}

impl Guard {
    async fn check(self, request: &auth_core::AuthRequest) -> Result<Passage, AuthRejection> {
        let met = request.require(self.requirement).await;
        met.map_err(|error| AuthRejection::new(request, error))
    }
}
