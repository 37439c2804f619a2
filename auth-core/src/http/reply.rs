//! What a handler answers, as a response.

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER, VARY,
        X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};
use serde_json::{Value, json};
use url::Url;

use super::{Page, told::told, wire::reason_words};

use crate::{
    entropy::generate_random_string,
    error::{Error, ErrorKind},
    request::{ErrorShape, Seen},
};

/// What a handler answers.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    body: Option<Content>,
    headers: Vec<(HeaderName, HeaderValue)>,
    replaced: Vec<(HeaderName, HeaderValue)>,
    is_pending: bool,
}

/// A body.
#[derive(Debug)]
enum Content {
    Html(String),
    Json(Value),
}

impl Reply {
    /// 200 with a page of ours. The address that shows it may hold a secret, so no other site is told it. This one is told by
    /// the page itself, whose word comes after the header's: a page that tells nobody posts with `Origin: null` (Fetch §3.2),
    /// and browsers without Fetch Metadata, on plain HTTP all of them, would be refused.
    pub(crate) fn page(page: Page) -> Self {
        let mut reply = Self::no_content();
        reply.status = StatusCode::OK;
        if let Ok(policy) = HeaderValue::from_str(&page.policy()) {
            reply = reply.header(CONTENT_SECURITY_POLICY, policy);
        }
        reply.body = Some(Content::Html(page.into_html()));
        reply
            .header(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
            .header(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"))
    }

    /// 303 to a URL that may hold a secret.
    pub(crate) fn to(target: &Url) -> Self {
        match HeaderValue::from_str(target.as_str()) {
            Ok(mut location) => {
                location.set_sensitive(true);
                Self::see_other(location).header(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
            }
            Err(_) => Self::see_other(HeaderValue::from_static("/")),
        }
    }

    /// Whether it says itself where a browser goes on, or shows it.
    pub(super) fn is_final(&self) -> bool {
        self.status == StatusCode::SEE_OTHER || matches!(self.body, Some(Content::Html(_)))
    }

    /// 200 with JSON.
    pub(crate) fn ok(body: Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// 200 with JSON, while a mail or text message is to be answered: a form goes on where that is waited for.
    pub(crate) fn pending(body: Value) -> Self {
        Self {
            is_pending: true,
            ..Self::ok(body)
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        self.is_pending
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            body: None,
            headers: Vec::new(),
            replaced: Vec::new(),
            is_pending: false,
        }
    }

    /// 303 to a checked target.
    pub(crate) fn see_other(target: HeaderValue) -> Self {
        Self {
            status: StatusCode::SEE_OTHER,
            body: None,
            headers: vec![(http::header::LOCATION, target)],
            replaced: Vec::new(),
            is_pending: false,
        }
    }

    fn json(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            body: Some(Content::Json(body)),
            headers: Vec::new(),
            replaced: Vec::new(),
            is_pending: false,
        }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The reply to an error; an error of ours is logged, and its id is in the body.
    pub(crate) fn error(error: &Error, seen: &Seen) -> Self {
        let (status, word, sentence) = told(error.kind());
        let sentence = error.sentence().unwrap_or(sentence);
        // SuperTokens' clients find their word in `message`, Lucia's the code.
        let message = if is_about_tokens(error.kind()) {
            sentence
        } else {
            error.code()
        };
        let mut body = match seen.error_shape {
            ErrorShape::Code => json!({ "code": word, "message": sentence }),
            // What the grant is not to blame for has no word there.
            ErrorShape::OAuth if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                json!({ "error": "invalid_grant", "error_description": sentence })
            }
            ErrorShape::OAuth | ErrorShape::Word => {
                json!({ "code": status.as_u16(), "error_code": word, "msg": sentence, "message": message })
            }
        };
        if error.kind() == ErrorKind::WeakPassword {
            body["weak_password"] = json!({ "reasons": reason_words(error.weak_password_reasons()) });
        }
        if let Some(id) = logged(error, seen) {
            body["error_id"] = Value::from(id);
        }
        let mut reply = Self::json(status, body).header(X_SB_ERROR_CODE, HeaderValue::from_static(word));
        if seen.error_shape == ErrorShape::Code {
            reply = reply.header(X_SUPABASE_API_VERSION, HeaderValue::from_static("2024-01-01"));
        }
        reply.retry_after(error.retry_after())
    }

    /// Another status for what ends or renews a token session, as configured.
    pub(crate) fn expired_status(mut self, kind: ErrorKind, status: u16) -> Self {
        if is_about_tokens(kind)
            && let Ok(status) = StatusCode::from_u16(status)
        {
            self.status = status;
            if let Some(Content::Json(Value::Object(body))) = &mut self.body
                && body.contains_key("error_code")
            {
                body.insert("code".to_owned(), Value::from(status.as_u16()));
            }
        }
        self
    }

    /// Says when to try again, rounded up: a client that waits this long is not refused again.
    pub(crate) fn retry_after(self, wait: Option<Duration>) -> Self {
        match wait {
            Some(wait) => self.header(RETRY_AFTER, HeaderValue::from(whole_seconds(wait))),
            None => self,
        }
    }

    /// 405 with the methods there are.
    pub(crate) fn method_not_allowed(allow: &str, seen: &Seen) -> Self {
        Self::error(&ErrorKind::MethodNotAllowed.into(), seen).allow(allow)
    }

    /// 204 with the methods there are, for OPTIONS, and with what a preflight asked for.
    pub(crate) fn options(allow: &str, preflight: Option<&Response<Bytes>>) -> Self {
        let mut reply = Self::no_content().allow(allow);
        let granted = preflight.into_iter().flat_map(|preflight| preflight.headers());
        for (name, value) in granted.filter(|(name, _)| **name != VARY) {
            reply = reply.replace_header(name.clone(), value.clone());
        }
        reply
    }

    /// Sets a header in the place of the one every reply has.
    pub(crate) fn replace_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.replaced.push((name, value));
        self
    }

    fn allow(self, allow: &str) -> Self {
        match HeaderValue::from_str(allow) {
            Ok(value) => self.header(ALLOW, value),
            Err(_) => self,
        }
    }

    /// The finished response. Nothing of ours is to be stored by anyone, and it varies with what the origin check reads.
    pub(crate) fn into_response(self) -> Response<Bytes> {
        let (bytes, content_type) = match self.body {
            Some(Content::Html(html)) => (Bytes::from(html), Some("text/html; charset=utf-8")),
            Some(Content::Json(json)) => (Bytes::from(json.to_string()), Some("application/json")),
            None => (Bytes::new(), None),
        };
        let mut response = Response::new(bytes);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            VARY,
            HeaderValue::from_static("Origin, Sec-Fetch-Site, Cookie, Authorization"),
        );
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        for (name, value) in self.replaced {
            headers.insert(name, value);
        }
        response
    }
}

/// Logs an error of ours with its chain of causes, and answers the id it is found by; whoever tells the client of an error calls
/// this, once.
pub(super) fn logged(error: &Error, seen: &Seen) -> Option<String> {
    if !told(error.kind()).0.is_server_error() {
        return None;
    }
    let id = match &seen.request_id {
        Some(id) => id.clone(),
        None => generate_random_string(16).unwrap_or_default(),
    };
    tracing::error!(
        target: "auth::http",
        error = error as &dyn std::error::Error,
        error.id = id,
        "a request failed"
    );
    Some(id)
}

/// A wait for people and headers: rounded up, and never none.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1_000))
        .unwrap_or(u64::MAX)
        .max(1)
}

const X_SB_ERROR_CODE: HeaderName = HeaderName::from_static("x-sb-error-code");
const X_SUPABASE_API_VERSION: HeaderName = HeaderName::from_static("x-supabase-api-version");

/// Whether it ends or renews a token session, in SuperTokens' words.
pub(super) fn is_about_tokens(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TokenTheft | ErrorKind::TryRefreshToken | ErrorKind::Unauthorised
    )
}
