use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE, LOCATION},
};

use crate::request::Effects;

/// What to answer: a status, a body, cookies.
#[derive(Debug)]
#[must_use = "the cookies belong into the response"]
pub struct AuthCookieReply {
    status: StatusCode,
    effects: Effects,
    location: Option<HeaderValue>,
}

impl AuthCookieReply {
    /// 200 `{}`.
    pub(super) fn done(effects: Effects) -> Self {
        Self {
            status: StatusCode::OK,
            effects,
            location: None,
        }
    }

    /// 405; nothing happens.
    pub(super) fn method_not_allowed() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            effects: Effects::default(),
            location: None,
        }
    }

    /// 307 to a page of the application's choice, or to `/` when that is no header value.
    pub(super) fn elsewhere(effects: Effects, target: &str) -> Self {
        Self {
            status: StatusCode::TEMPORARY_REDIRECT,
            effects,
            location: Some(HeaderValue::from_str(target).unwrap_or(HeaderValue::from_static("/"))),
        }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The cookies.
    pub fn effects(&self) -> &Effects {
        &self.effects
    }

    /// Adds everything to the headers of a response that the application makes; cookies it has set survive.
    pub fn apply(&self, headers: &mut HeaderMap) {
        self.effects.apply(headers);
        if let Some(location) = &self.location {
            headers.insert(LOCATION, location.clone());
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        let content_type = match self.status {
            StatusCode::OK => "application/json",
            _ => "text/plain; charset=utf-8",
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }

    /// The body that goes with the status.
    pub fn body(&self) -> &'static str {
        match self.status {
            StatusCode::OK => "{}",
            StatusCode::METHOD_NOT_ALLOWED => "Method Not Allowed",
            _ => "",
        }
    }

    /// The whole response.
    pub fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from_static(self.body().as_bytes()));
        *response.status_mut() = self.status;
        self.apply(response.headers_mut());
        response
    }
}
