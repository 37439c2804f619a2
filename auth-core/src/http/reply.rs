//! The only file that picks a status: the table from error kind to what the client is told.

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

use super::Page;

use crate::{
    entropy::generate_random_string,
    error::{Error, ErrorKind},
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
    /// 200 with a page of ours. The address that shows it may hold a secret, so nobody is told it.
    pub(crate) fn page(page: Page) -> Self {
        let mut reply = Self::no_content();
        reply.status = StatusCode::OK;
        reply.body = Some(Content::Html(page.into_html()));
        if let Ok(policy) = HeaderValue::from_str(&Page::policy()) {
            reply = reply.header(CONTENT_SECURITY_POLICY, policy);
        }
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

    /// The reply to an error; an error of ours is logged here, once, with its chain of causes.
    pub(crate) fn error(error: &Error, new_shape: bool) -> Self {
        let (status, word, sentence) = told(error.kind());
        let sentence = error.sentence().unwrap_or(sentence);
        // SuperTokens' clients find their word in `message`, Lucia's the code.
        let message = if is_about_tokens(error.kind()) {
            sentence
        } else {
            error.code()
        };
        let mut body = if new_shape {
            json!({ "code": word, "message": sentence })
        } else {
            json!({ "code": status.as_u16(), "error_code": word, "msg": sentence, "message": message })
        };
        if error.kind() == ErrorKind::WeakPassword {
            let reasons: Vec<_> = error
                .weak_password_reasons()
                .iter()
                .map(|reason| reason.as_str())
                .collect();
            body["weak_password"] = json!({ "reasons": reasons });
        }
        if status.is_server_error() {
            let id = generate_random_string(16).unwrap_or_default();
            tracing::error!(
                target: "auth::http",
                error = error as &dyn std::error::Error,
                error.id = id,
                "a request failed"
            );
            body["error_id"] = Value::from(id);
        }
        let mut reply = Self::json(status, body).header(X_SB_ERROR_CODE, HeaderValue::from_static(word));
        if new_shape {
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
    pub(crate) fn method_not_allowed(allow: &str, new_shape: bool) -> Self {
        Self::error(&ErrorKind::MethodNotAllowed.into(), new_shape).allow(allow)
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

/// A wait for people and headers: rounded up, and never none.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1_000))
        .unwrap_or(u64::MAX)
        .max(1)
}

const X_SB_ERROR_CODE: HeaderName = HeaderName::from_static("x-sb-error-code");
const X_SUPABASE_API_VERSION: HeaderName = HeaderName::from_static("x-supabase-api-version");

fn is_about_tokens(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TokenTheft | ErrorKind::TryRefreshToken | ErrorKind::Unauthorised
    )
}

/// What went wrong, for a redirect (RFC 6749 §4.1.2.1, and GoTrue's word).
pub(crate) fn error_pairs(error: &Error) -> Vec<(&'static str, String)> {
    let (status, word, sentence) = told(error.kind());
    if status.is_server_error() {
        tracing::error!(target: "auth::http", error = error as &dyn std::error::Error, "a link could not be followed");
    }
    let class = match status {
        StatusCode::BAD_REQUEST => "invalid_request",
        StatusCode::UNAUTHORIZED => "unauthorized_client",
        StatusCode::SERVICE_UNAVAILABLE => "temporarily_unavailable",
        status if status.is_server_error() => "server_error",
        _ => "access_denied",
    };
    vec![
        ("error", class.to_owned()),
        ("error_code", word.to_owned()),
        ("error_description", error.sentence().unwrap_or(sentence).to_owned()),
    ]
}

/// Status, word and sentence of every kind. Words never change.
pub(crate) fn told(kind: ErrorKind) -> (StatusCode, &'static str, &'static str) {
    use StatusCode as S;
    match kind {
        ErrorKind::AnonymousDisabled => (
            S::UNPROCESSABLE_ENTITY,
            "anonymous_provider_disabled",
            "Anonymous sign-ins are disabled",
        ),
        ErrorKind::AnonymousNeedsAddress => (
            S::UNPROCESSABLE_ENTITY,
            "validation_failed",
            "Updating password of an anonymous user without an email or phone is not allowed",
        ),
        ErrorKind::BadCodeVerifier => (
            S::BAD_REQUEST,
            "bad_code_verifier",
            "code challenge does not match previously saved code verifier",
        ),
        ErrorKind::BadJwt => (
            S::FORBIDDEN,
            "bad_jwt",
            "invalid JWT: unable to parse or verify signature",
        ),
        ErrorKind::BadJson => (S::BAD_REQUEST, "bad_json", "Could not parse request body as JSON."),
        ErrorKind::Busy => (
            S::SERVICE_UNAVAILABLE,
            "over_capacity",
            "The server is busy. Try again in a moment.",
        ),
        ErrorKind::DatabaseFetchFailed | ErrorKind::DatabaseUpdateFailed => (
            S::SERVICE_UNAVAILABLE,
            "unexpected_failure",
            "The service cannot answer now. Try again later.",
        ),
        ErrorKind::DuplicateKeyId => (
            S::UNPROCESSABLE_ENTITY,
            "user_already_exists",
            "User already registered",
        ),
        ErrorKind::DuplicateUserData => (
            S::UNPROCESSABLE_ENTITY,
            "conflict",
            "A value that must be unique is already in use.",
        ),
        ErrorKind::EmailExists => (
            S::UNPROCESSABLE_ENTITY,
            "email_exists",
            "A user with this email address has already been registered",
        ),
        ErrorKind::EmailLoginsDisabled => (
            S::UNPROCESSABLE_ENTITY,
            "email_provider_disabled",
            "Email logins are disabled",
        ),
        ErrorKind::EmailNotConfirmed => (S::BAD_REQUEST, "email_not_confirmed", "Email not confirmed"),
        ErrorKind::EmailSignupsDisabled => (S::BAD_REQUEST, "email_provider_disabled", "Email signups are disabled"),
        ErrorKind::ExpiredKey | ErrorKind::InvalidKeyId | ErrorKind::OtpExpired => {
            (S::FORBIDDEN, "otp_expired", "Token has expired or is invalid")
        }
        ErrorKind::FeatureDisabled => (S::NOT_FOUND, "feature_disabled", "This is switched off here."),
        ErrorKind::FlowStateExpired => (
            S::UNPROCESSABLE_ENTITY,
            "flow_state_expired",
            "invalid flow state, flow state has expired",
        ),
        ErrorKind::FlowStateNotFound => (
            S::NOT_FOUND,
            "flow_state_not_found",
            "invalid flow state, no valid flow state found",
        ),
        ErrorKind::InvalidCredentials
        | ErrorKind::InvalidPassword
        | ErrorKind::InvalidProviderId
        | ErrorKind::OutdatedPassword => (S::BAD_REQUEST, "invalid_credentials", "Invalid login credentials"),
        ErrorKind::InvalidEmail => (S::UNPROCESSABLE_ENTITY, "validation_failed", "Invalid email format"),
        ErrorKind::InvalidRequest => (
            S::FORBIDDEN,
            "origin_not_allowed",
            "This request may come from another site and was refused.",
        ),
        ErrorKind::InvalidSessionId => (
            S::FORBIDDEN,
            "session_not_found",
            "The session does not exist or has ended.",
        ),
        ErrorKind::InvalidUserId => (S::FORBIDDEN, "user_not_found", "User not found"),
        ErrorKind::MethodNotAllowed => (
            S::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "This method is not allowed here.",
        ),
        ErrorKind::MissingLayer => (
            S::INTERNAL_SERVER_ERROR,
            "unexpected_failure",
            "Unexpected failure, please check server logs for more information",
        ),
        ErrorKind::NotAdmin => (S::FORBIDDEN, "not_admin", "User not allowed"),
        ErrorKind::NotAuthenticated => (
            S::UNAUTHORIZED,
            "no_authorization",
            "This endpoint requires a valid Bearer token",
        ),
        ErrorKind::NotFound => (S::NOT_FOUND, "not_found", "There is nothing at this path."),
        ErrorKind::OtpDisabled => (S::UNPROCESSABLE_ENTITY, "otp_disabled", "Signups not allowed for otp"),
        ErrorKind::OverEmailSendRateLimit => (
            S::TOO_MANY_REQUESTS,
            "over_email_send_rate_limit",
            "email rate limit exceeded",
        ),
        ErrorKind::OverSmsSendRateLimit => (
            S::TOO_MANY_REQUESTS,
            "over_sms_send_rate_limit",
            "SMS rate limit exceeded",
        ),
        ErrorKind::PayloadTooLarge => (
            S::PAYLOAD_TOO_LARGE,
            "request_entity_too_large",
            "The request body is too large.",
        ),
        ErrorKind::PhoneExists => (
            S::UNPROCESSABLE_ENTITY,
            "phone_exists",
            "A user with this phone number has already been registered",
        ),
        ErrorKind::PhoneLoginsDisabled => (
            S::UNPROCESSABLE_ENTITY,
            "phone_provider_disabled",
            "Phone logins are disabled",
        ),
        ErrorKind::PhoneNotConfirmed => (S::BAD_REQUEST, "phone_not_confirmed", "Phone not confirmed"),
        ErrorKind::PhoneSignupsDisabled => (S::BAD_REQUEST, "phone_provider_disabled", "Phone signups are disabled"),
        ErrorKind::ReauthenticationNeeded => (
            S::FORBIDDEN,
            "reauthentication_needed",
            "Sign in again, or give the current password, to do this.",
        ),
        ErrorKind::ReauthenticationNotValid => (
            S::UNPROCESSABLE_ENTITY,
            "reauthentication_not_valid",
            "Nonce has expired or is invalid",
        ),
        ErrorKind::RefreshConflict => (S::CONFLICT, "conflict", "Newer tokens of this session are under way."),
        ErrorKind::RefreshSessionExpired => (
            S::BAD_REQUEST,
            "session_expired",
            "Invalid Refresh Token: Session Expired",
        ),
        ErrorKind::RefreshSessionNotFound => (
            S::BAD_REQUEST,
            "session_not_found",
            "Invalid Refresh Token: No Valid Session Found",
        ),
        ErrorKind::RefreshTokenNotFound => (
            S::BAD_REQUEST,
            "refresh_token_not_found",
            "Invalid Refresh Token: Refresh Token Not Found",
        ),
        ErrorKind::RefreshTokenReused => (
            S::BAD_REQUEST,
            "refresh_token_already_used",
            "Invalid Refresh Token: Already Used",
        ),
        ErrorKind::SamePassword => (
            S::UNPROCESSABLE_ENTITY,
            "same_password",
            "New password should be different from the old password.",
        ),
        ErrorKind::SessionNotFound => (S::NOT_FOUND, "session_not_found", "There is no such session."),
        ErrorKind::SignupDisabled => (
            S::UNPROCESSABLE_ENTITY,
            "signup_disabled",
            "Signups not allowed for this instance",
        ),
        ErrorKind::Throttled => (
            S::TOO_MANY_REQUESTS,
            "over_request_rate_limit",
            "Request rate limit reached",
        ),
        ErrorKind::TimedOut => (
            S::GATEWAY_TIMEOUT,
            "request_timeout",
            "Processing this request timed out, please retry after a moment.",
        ),
        ErrorKind::TokenTheft => (S::UNAUTHORIZED, "refresh_token_already_used", "token theft detected"),
        ErrorKind::TryRefreshToken => (S::UNAUTHORIZED, "bad_jwt", "try refresh token"),
        ErrorKind::Unauthorised => (S::UNAUTHORIZED, "session_expired", "unauthorised"),
        ErrorKind::UnexpectedAudience => (
            S::BAD_REQUEST,
            "unexpected_audience",
            "Token audience doesn't match request audience",
        ),
        ErrorKind::Unknown => (
            S::INTERNAL_SERVER_ERROR,
            "unexpected_failure",
            "Unexpected failure, please check server logs for more information",
        ),
        ErrorKind::UnsupportedMediaType => (
            S::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send application/json or application/x-www-form-urlencoded.",
        ),
        ErrorKind::UserBanned => (S::BAD_REQUEST, "user_banned", "User is banned"),
        ErrorKind::UserShutOut => (S::FORBIDDEN, "user_banned", "User is banned"),
        ErrorKind::UserNotFound => (S::NOT_FOUND, "user_not_found", "User not found"),
        ErrorKind::ValidationFailed => (
            S::BAD_REQUEST,
            "validation_failed",
            "A value in the request is missing or not acceptable.",
        ),
        ErrorKind::WeakPassword => (
            S::UNPROCESSABLE_ENTITY,
            "weak_password",
            "The password does not meet the requirements.",
        ),
    }
}
