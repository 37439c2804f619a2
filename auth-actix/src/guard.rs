use std::{
    future::{Ready, ready},
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    Error,
    body::EitherBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
};
use auth_core::{Passage, Requirement, VerifySession};
use futures_util::future::LocalBoxFuture;

use crate::{convert, extract::observed, reject::AuthRejection};

/// Lets only signed-in users through; to be used inside [`AuthMiddleware`](crate::AuthMiddleware), on a scope or
/// resource. A CORS preflight is answered by the guard and reaches no handler:
/// [`AuthRequest::require`](auth_core::AuthRequest::require).
///
/// ```
/// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
/// use actix_web::{App, web};
/// use auth_actix::{AuthMiddleware, require_user};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
/// let app = App::new().wrap(AuthMiddleware::new(auth)).service(
///     web::scope("/notes")
///         .wrap(require_user())
///         .route("", web::get().to(|| async { "only for users" })),
/// );
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
/// use auth_actix::require_fresh;
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
/// use auth_actix::verify_session;
///
/// let guard = verify_session(VerifySession::default().check_store(true));
/// # let _ = guard;
/// ```
pub fn verify_session(wanted: VerifySession) -> Guard {
    Guard {
        requirement: Requirement::Session(wanted),
    }
}

/// The middleware [`require_user`], [`require_fresh`] and [`verify_session`] make.
///
/// ```
/// use std::time::Duration;
/// use actix_web::{dev::HttpServiceFactory, web};
/// use auth_actix::{Guard, require_fresh, require_user};
///
/// fn behind(guard: Guard) -> impl HttpServiceFactory {
///     web::resource("/keys").wrap(guard).route(web::get().to(|| async { "the keys" }))
/// }
///
/// let strict = true;
/// let keys = behind(if strict { require_fresh(Duration::from_secs(60)) } else { require_user() });
/// # let _ = keys;
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Guard {
    requirement: Requirement,
}

impl<S, B> Transform<S, ServiceRequest> for Guard
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = GuardService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(GuardService {
            inner: Rc::new(inner),
            guard: *self,
        }))
    }
}

/// The service a [`Guard`] makes, which nobody has to name. [`require_user`] has the example.
#[derive(Debug)]
pub struct GuardService<S> {
    inner: Rc<S>,
    guard: Guard,
}

impl<S, B> Service<ServiceRequest> for GuardService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let inner = Rc::clone(&self.inner);
        let guard = self.guard;
        Box::pin(async move {
            let passed = match observed(request.request()) {
                Ok(shared) => guard.check(&shared).await,
                Err(rejection) => Err(rejection),
            };
            match passed {
                Ok(Passage::Open) => inner.call(request).await.map(ServiceResponse::map_into_left_body),
                Ok(Passage::Answer(answer)) => {
                    let answer = request.into_response(convert::response(&answer));
                    Ok(answer.map_into_boxed_body().map_into_right_body())
                }
                Err(rejection) => Ok(request.error_response(rejection).map_into_right_body()),
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
