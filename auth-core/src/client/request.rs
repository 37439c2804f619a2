use http::{HeaderMap, Method};
use percent_encoding::utf8_percent_encode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{ApiError, GoTrueApi};
use crate::{flows::auth_cookie::NOT_IN_A_COMPONENT, model::JsonObject};

/// One call, as the table of the contract writes it.
pub(super) struct Request<'a> {
    method: Method,
    path: String,
    query: String,
    jwt: Option<&'a str>,
    body: Option<JsonObject>,
}

/// A 2xx answer.
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    body: Vec<u8>,
}

impl<'a> Request<'a> {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: String::new(),
            jwt: None,
            body: None,
        }
    }

    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// On behalf of whoever has this token.
    pub(super) fn jwt(mut self, jwt: &'a str) -> Self {
        self.jwt = Some(jwt);
        self
    }

    /// A member of the query, if there is one.
    pub(super) fn query(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            append(&mut self.query, name, value);
        }
        self
    }

    /// A member of the body, if there is one.
    pub(super) fn member(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        let body = self.body.get_or_insert_default();
        if let Some(value) = value {
            body.insert(name.to_owned(), value.into());
        }
        self
    }

    pub(super) fn body(mut self, body: JsonObject) -> Self {
        self.body = Some(body);
        self
    }
}

impl GoTrueApi {
    /// Sends a request; whatever is not 2xx is an error.
    pub(super) async fn send(&self, request: Request<'_>) -> Result<Answer, ApiError> {
        let headers = self.request_headers(request.jwt)?;
        let url = format!("{}{}{}", self.url(), request.path, request.query);
        let mut builder = self
            .http
            .request(request.method, url)
            .headers(headers)
            .timeout(self.timeout);
        if let Some(body) = request.body {
            builder = builder.body(Value::Object(body).to_string());
        }
        let mut response = builder.send().await.map_err(ApiError::network)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(ApiError::network)? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(ApiError::of("The server's answer is too large."));
            }
            body.extend_from_slice(&chunk);
        }
        let headers = std::mem::take(response.headers_mut());
        if response.status().is_success() {
            Ok(Answer { headers, body })
        } else {
            Err(ApiError::answered(response.status(), &headers, &body))
        }
    }

    /// Sends a request and reads what it is answered.
    pub(super) async fn ask<T: DeserializeOwned>(&self, request: Request<'_>) -> Result<T, ApiError> {
        self.send(request).await?.read()
    }

    /// Sends a request that is answered by nothing in particular.
    pub(super) async fn tell(&self, request: Request<'_>) -> Result<JsonObject, ApiError> {
        let answer = self.send(request).await?;
        if answer.body.trim_ascii().is_empty() {
            return Ok(JsonObject::new());
        }
        answer.read()
    }
}

impl Answer {
    /// # Errors
    /// When it is something else. serde_json's message may quote what was sent, so that only its place is passed on.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            ApiError::of(format!(
                "The server's answer is not understood (line {}, column {}).",
                error.line(),
                error.column()
            ))
        })
    }
}

/// As `encodeURIComponent` of ECMAScript does, which is what the seed's servers know.
pub(super) fn component(text: &str) -> String {
    utf8_percent_encode(text, NOT_IN_A_COMPONENT).to_string()
}

/// Appends `name=value` to a query, with the mark it needs.
pub(super) fn append(query: &mut String, name: &str, value: &str) {
    query.push(if query.is_empty() { '?' } else { '&' });
    query.push_str(name);
    query.push('=');
    query.push_str(&component(value));
}

/// A page of a thousand users with all their identities is a tenth of it.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
