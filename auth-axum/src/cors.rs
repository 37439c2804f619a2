use auth_core::Auth;
use axum_core::response::Response;
use http::request::Parts;

use crate::convert;

/// The answer to a CORS preflight of a trusted origin: exactly the headers that the library's clients need, and these
/// methods. `None` when the request is none, or the origin is not trusted.
///
/// ```
/// # use auth_core::Auth;
/// use axum::{extract::Request, http::StatusCode, response::{IntoResponse, Response}};
///
/// async fn options(auth: Auth, request: Request) -> Response {
///     let (parts, _) = request.into_parts();
///     auth_axum::preflight(&auth, &parts, "GET, POST").unwrap_or_else(|| StatusCode::NO_CONTENT.into_response())
/// }
/// ```
pub fn preflight(auth: &Auth, parts: &Parts, methods: &str) -> Option<Response> {
    auth.preflight(parts, methods).map(convert::response)
}
