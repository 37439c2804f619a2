use std::sync::Arc;

use auth_core::Error;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::convert;

/// Why a request was refused, with the response the core wrote for it.
///
/// The error rides on the response's extensions as `Arc<auth_core::Error>`, so that outer layers see the reason while
/// the client sees the fixed sentence.
///
/// ```
/// use auth_core::ErrorKind;
/// use auth_axum::{AuthRejection, AuthRequest};
///
/// async fn export(request: AuthRequest) -> Result<&'static str, AuthRejection> {
///     let session = request.require_session().await.map_err(|error| request.reject(error))?;
///     match session.aal {
///         2 => Ok("everything"),
///         _ => Err(request.reject(ErrorKind::ReauthenticationNeeded.into())),
///     }
/// }
/// ```
#[derive(Debug)]
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
            auth_core::missing_layer("add `.layer(auth_axum::AuthLayer::new(auth))` to the Router, after its routes");
        Self {
            error,
            response: Box::new(response),
        }
    }

    /// What went wrong.
    ///
    /// ```
    /// use auth_axum::{AuthRejection, CurrentUser};
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

impl IntoResponse for AuthRejection {
    fn into_response(self) -> Response {
        let mut response = convert::response(*self.response);
        response.extensions_mut().insert(Arc::new(self.error));
        response
    }
}
