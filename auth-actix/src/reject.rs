use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use auth_core::Error;
use bytes::Bytes;

use crate::convert;

/// Why a request was refused, with the response the core wrote for it.
///
/// ```
/// use auth_core::ErrorKind;
/// use auth_actix::{AuthRejection, AuthRequest};
///
/// async fn export(request: AuthRequest) -> Result<&'static str, AuthRejection> {
///     let session = request.require_session().await.map_err(|error| request.reject(error))?;
///     match session.aal {
///         2 => Ok("everything"),
///         _ => Err(request.reject(ErrorKind::ReauthenticationNeeded.into())),
///     }
/// }
/// ```
pub struct AuthRejection {
    error: Error,
    response: Box<http::Response<Bytes>>,
}

impl AuthRejection {
    pub(crate) fn new(request: &auth_core::AuthRequest, error: Error) -> Self {
        let response = Box::new(request.refusal(&error));
        Self { error, response }
    }

    pub(crate) fn missing_layer() -> Self {
        let (error, response) =
            auth_core::missing_layer("add `.wrap(auth_actix::AuthMiddleware::new(auth))` to the App");
        Self {
            error,
            response: Box::new(response),
        }
    }

    /// What went wrong.
    ///
    /// ```
    /// use auth_actix::{AuthRejection, CurrentUser};
    ///
    /// async fn export(user: Result<CurrentUser, AuthRejection>) -> Result<String, AuthRejection> {
    ///     let user = user.inspect_err(|refused| println!("refused an export: {}", refused.error()))?;
    ///     Ok(format!("everything of {}", user.id()))
    /// }
    /// ```
    pub fn error(&self) -> &Error {
        &self.error
    }
}

impl ResponseError for AuthRejection {
    fn status_code(&self) -> StatusCode {
        self.error_response().status()
    }

    fn error_response(&self) -> HttpResponse {
        convert::response(&self.response)
    }
}

impl fmt::Display for AuthRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl fmt::Debug for AuthRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthRejection").field(&self.error).finish()
    }
}
