use std::{
    future::{Ready, ready},
    ops::Deref,
    sync::Arc,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use auth_core::{Error, Session, User, UserId};
use futures_util::future::LocalBoxFuture;

use crate::{convert::View, reject::AuthRejection};

/// The request, seen by the library: [`auth_core::AuthRequest`] as an extractor. Never fails but for a missing
/// middleware.
///
/// ```
/// use auth_actix::{AuthRejection, AuthRequest};
///
/// async fn greet(request: AuthRequest) -> Result<String, AuthRejection> {
///     let found = request.validate_user().await.map_err(|error| request.reject(error))?;
///     Ok(found.map_or("Hello, stranger".to_owned(), |(_, user)| format!("Hello, {}", user.id)))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct AuthRequest(auth_core::AuthRequest);

impl AuthRequest {
    /// The rejection for an error, as the core answers it.
    ///
    /// ```
    /// use auth_actix::{AuthRejection, AuthRequest};
    ///
    /// async fn leave(request: AuthRequest) -> Result<&'static str, AuthRejection> {
    ///     request.revoke().await.map_err(|error| request.reject(error))?;
    ///     Ok("goodbye")
    /// }
    /// ```
    pub fn reject(&self, error: Error) -> AuthRejection {
        AuthRejection::new(&self.0, error)
    }
}

impl Deref for AuthRequest {
    type Target = auth_core::AuthRequest;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl FromRequest for AuthRequest {
    type Error = AuthRejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(observed(request).map(Self))
    }
}

/// The middleware's request, shown the request it belongs to.
pub(crate) fn observed(request: &HttpRequest) -> Result<auth_core::AuthRequest, AuthRejection> {
    let shared = request
        .extensions()
        .get::<auth_core::AuthRequest>()
        .cloned()
        .ok_or_else(AuthRejection::missing_layer)?;
    shared.observe(&View(request));
    Ok(shared)
}

/// The signed-in user; without one the request is refused (401, or 303 to the sign-in page).
///
/// ```
/// use auth_actix::CurrentUser;
///
/// async fn me(user: CurrentUser) -> String {
///     format!("{} since {}", user.id(), user.created_at)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CurrentUser {
    session: Arc<Session>,
    user: Arc<User>,
}

impl CurrentUser {
    /// The user's id.
    ///
    /// ```
    /// use auth_actix::CurrentUser;
    ///
    /// async fn whoami(user: CurrentUser) -> String {
    ///     user.id().to_string()
    /// }
    /// ```
    pub fn id(&self) -> &UserId {
        &self.user.id
    }

    /// The session the user is signed in with.
    ///
    /// ```
    /// use auth_actix::CurrentUser;
    ///
    /// async fn device(user: CurrentUser) -> String {
    ///     user.session().user_agent.clone().unwrap_or_default()
    /// }
    /// ```
    pub fn session(&self) -> &Session {
        &self.session
    }
}

impl Deref for CurrentUser {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

impl FromRequest for CurrentUser {
    type Error = AuthRejection;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let observed = observed(request);
        Box::pin(async move {
            let request = observed?;
            match request.require_user().await {
                Ok((session, user)) => Ok(Self { session, user }),
                Err(error) => Err(AuthRejection::new(&request, error)),
            }
        })
    }
}

/// The live session; without one the request is refused (401, or 303 to the sign-in page).
///
/// ```
/// use auth_actix::CurrentSession;
///
/// async fn until(session: CurrentSession) -> String {
///     format!("signed in until {}", session.expires())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CurrentSession(Arc<Session>);

impl Deref for CurrentSession {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.0
    }
}

impl FromRequest for CurrentSession {
    type Error = AuthRejection;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let observed = observed(request);
        Box::pin(async move {
            let request = observed?;
            match request.require_session().await {
                Ok(session) => Ok(Self(session)),
                Err(error) => Err(AuthRejection::new(&request, error)),
            }
        })
    }
}

/// The user if somebody is signed in: `None` only when there is no session; when the store fails the request is
/// refused with 503.
///
/// ```
/// use auth_actix::MaybeUser;
///
/// async fn home(MaybeUser(user): MaybeUser) -> String {
///     user.map_or("Hello, stranger".to_owned(), |user| format!("Hello, {}", user.id()))
/// }
/// ```
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a newtype to be matched on")]
pub struct MaybeUser(pub Option<CurrentUser>);

impl FromRequest for MaybeUser {
    type Error = AuthRejection;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let observed = observed(request);
        Box::pin(async move {
            let request = observed?;
            match request.validate_user().await {
                Ok(found) => Ok(Self(found.map(|(session, user)| CurrentUser { session, user }))),
                Err(error) => Err(AuthRejection::new(&request, error)),
            }
        })
    }
}

/// The session if there is one: `None` only when there is none; when the store fails the request is refused with 503.
///
/// ```
/// use auth_actix::MaybeSession;
///
/// async fn banner(MaybeSession(session): MaybeSession) -> &'static str {
///     if session.is_some() { "welcome back" } else { "welcome" }
/// }
/// ```
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a newtype to be matched on")]
pub struct MaybeSession(pub Option<CurrentSession>);

impl FromRequest for MaybeSession {
    type Error = AuthRejection;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let observed = observed(request);
        Box::pin(async move {
            let request = observed?;
            match request.validate().await {
                Ok(session) => Ok(Self(session.map(CurrentSession))),
                Err(error) => Err(AuthRejection::new(&request, error)),
            }
        })
    }
}
