use std::{error::Error as StdError, fmt, time::Duration};

use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use serde_json::Value;

use crate::flows::auth_cookie::AuthCookieError;

/// Why a call failed; the seed's `ApiError {message, status}`, and what servers say since.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use auth_core::client::GoTrueApi;
///
/// // Nobody listens there.
/// let api = GoTrueApi::new("http://127.0.0.1:1")?;
/// let error = api.get_user("token").await.unwrap_err();
/// assert!(error.is_network());
/// assert_eq!((error.status(), error.code()), (500, None));
/// # Ok::<(), auth_core::ConfigError>(()) }).unwrap();
/// ```
pub struct ApiError {
    inner: Box<Inner>,
}

struct Inner {
    message: String,
    status: u16,
    code: Option<String>,
    reasons: Vec<String>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl ApiError {
    /// An error of this side.
    pub(super) fn of(message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                message: message.into(),
                status: 500,
                code: None,
                reasons: Vec::new(),
                retry_after: None,
                source: None,
            }),
        }
    }

    /// No answer, or none that was understood. The URL stays out of the message: it may hold somebody's address.
    pub(super) fn network(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut network = Self::of(Self::chain(&error));
        network.inner.source = Some(Box::new(error));
        network
    }

    /// What the server says in either of its shapes, or in OAuth's. The message is the first there is of `msg`, `message`,
    /// `error_description` and `error`, else the whole body.
    pub(super) fn answered(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            let mut error = Self::of(format!("The server answered {status}, and not in JSON."));
            error.inner.status = status.as_u16();
            return error;
        };
        let told = ["msg", "message", "error_description", "error"];
        let told = told
            .iter()
            .filter_map(|name| body.get(name))
            .find(|value| is_truthy(value));
        let message = match told {
            Some(Value::String(message)) => message.clone(),
            Some(other) => other.to_string(),
            None => body.to_string(),
        };
        let mut error = Self::of(message);
        error.inner.status = status.as_u16();
        // Newer servers write the word where older ones write the status.
        let word = body["code"].as_str().or_else(|| body["error_code"].as_str());
        let header = || headers.get("x-sb-error-code").and_then(|value| value.to_str().ok());
        error.inner.code = word.or_else(header).map(str::to_owned);
        let reasons = body["weak_password"]["reasons"].as_array().into_iter().flatten();
        error.inner.reasons = reasons.filter_map(|reason| Some(reason.as_str()?.to_owned())).collect();
        let seconds = headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        error.inner.retry_after = seconds.map(Duration::from_secs);
        error
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The status the server answered; 500 when it did not answer.
    pub fn status(&self) -> u16 {
        self.inner.status
    }

    /// The server's stable word for it: `invalid_credentials`, `session_not_found` and so on.
    pub fn code(&self) -> Option<&str> {
        self.inner.code.as_deref()
    }

    /// Why a password was refused: `length`, `characters`, `pwned`.
    pub fn weak_password_reasons(&self) -> &[String] {
        &self.inner.reasons
    }

    /// How long to wait before trying again, if the server says so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// Whether there was no answer: the server is unreachable, or did not answer in time.
    pub fn is_network(&self) -> bool {
        self.inner
            .source
            .as_ref()
            .is_some_and(|source| source.is::<reqwest::Error>())
    }

    /// An error and its causes in one sentence.
    pub(super) fn chain(error: &dyn StdError) -> String {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

/// As ECMAScript sees it.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

impl From<AuthCookieError> for ApiError {
    fn from(error: AuthCookieError) -> Self {
        let mut told = Self::of(error.to_string());
        told.inner.status = 400;
        told.inner.source = Some(Box::new(error));
        told
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)
    }
}

impl StdError for ApiError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // `message` tells the whole chain of a network failure.
        None
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("message", &self.inner.message)
            .field("status", &self.inner.status)
            .field("code", &self.inner.code)
            .finish_non_exhaustive()
    }
}
