use actix_web::{HttpRequest, HttpResponse};
use auth_core::Auth;

use crate::convert::{self, View};

/// The answer to a CORS preflight of a trusted origin: exactly the headers that the library's clients need, and these
/// methods. `None` when the request is none, or the origin is not trusted.
///
/// ```
/// # use auth_core::Auth;
/// use actix_web::{HttpRequest, HttpResponse};
///
/// async fn options(auth: Auth, request: HttpRequest) -> HttpResponse {
///     auth_actix::preflight(&auth, &request, "GET, POST").unwrap_or_else(|| HttpResponse::NoContent().finish())
/// }
/// ```
pub fn preflight(auth: &Auth, request: &HttpRequest, methods: &str) -> Option<HttpResponse> {
    auth.preflight(&View(request), methods)
        .map(|response| convert::response(&response))
}
