//! CORS, for pages of the trusted origins: exact origins, never `*`, and no header more than clients send.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
    },
};

use crate::{
    auth::Auth,
    request::{RequestView, requested_method, with_exposed},
};

/// What clients of ours send beyond what every browser may: SuperTokens' and GoTrue's headers.
const HEADERS: &str = "content-type, rid, fdi-version, anti-csrf, authorization, st-auth-mode, x-supabase-api-version, \
                       x-client-info, apikey, x-jwt-aud, x-client-ip, x-use-cookie";

/// What answers say in headers, to scripts as well: GoTrue's clients read the word of an error there, and how long a list is.
const EXPOSED: [&str; 5] = [
    "link",
    "retry-after",
    "x-sb-error-code",
    "x-supabase-api-version",
    "x-total-count",
];

impl Auth {
    /// The answer to a CORS preflight (Fetch §4.8) for one of the application's own routes; `None` when the request is
    /// none, or comes from an origin that is not trusted. The library's routes answer theirs themselves.
    ///
    /// The response to the request itself needs [`Auth::allow_origin`], or a CORS layer of the application's.
    ///
    /// ```
    /// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
    /// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com")
    /// #     .trusted_origin("https://app.example.com").build()?;
    /// let (parts, _) = http::Request::options("/notes")
    ///     .header("origin", "https://app.example.com")
    ///     .header("access-control-request-method", "PUT")
    ///     .body(())?
    ///     .into_parts();
    /// let answer = auth.preflight(&parts, "GET, PUT").unwrap();
    /// assert_eq!(answer.headers()["access-control-allow-origin"], "https://app.example.com");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn preflight(&self, view: &dyn RequestView, methods: &str) -> Option<Response<Bytes>> {
        requested_method(view)?;
        let methods = HeaderValue::from_str(methods).ok()?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if !self.allow_origin(view, response.headers_mut()) {
            return None;
        }
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        Some(response)
    }

    /// What a guard answers to a preflight: which methods the routes behind it have it does not know, so it allows the one that
    /// is asked for, and they refuse it if they must.
    pub(crate) fn guard_preflight(&self, view: &dyn RequestView, method: &[u8]) -> Response<Bytes> {
        let method = Method::from_bytes(method).ok();
        let granted = method.and_then(|method| self.preflight(view, method.as_str()));
        granted.unwrap_or_else(|| {
            let mut nothing = Response::new(Bytes::new());
            *nothing.status_mut() = StatusCode::NO_CONTENT;
            nothing
        })
    }

    /// Lets a page of a trusted origin read a response, with cookies, and what it says in headers; answers whether the request
    /// came from one.
    pub fn allow_origin(&self, view: &dyn RequestView, response: &mut HeaderMap) -> bool {
        let mut origins = Vec::new();
        view.each_header(&ORIGIN, &mut |value| origins.push(value.to_vec()));
        let origin = match origins.as_slice() {
            [origin] => HeaderValue::from_bytes(origin).ok(),
            _ => None,
        };
        let Some(origin) = origin else {
            return false;
        };
        let is_listed = origin.to_str().is_ok_and(|origin| self.inner.origins.lists(origin));
        if is_listed {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            response.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            let there = response.get_all(ACCESS_CONTROL_EXPOSE_HEADERS).iter();
            if let Some(exposed) = with_exposed(there.map(HeaderValue::as_bytes), EXPOSED) {
                response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
            }
            let says_so = |value: &HeaderValue| {
                let value = value.as_bytes().to_ascii_lowercase();
                value
                    .split(|byte| *byte == b',')
                    .any(|name| matches!(name.trim_ascii(), b"origin" | b"*"))
            };
            if !response.get_all(VARY).iter().any(says_so) {
                response.append(VARY, HeaderValue::from_static("Origin"));
            }
        }
        is_listed
    }
}
