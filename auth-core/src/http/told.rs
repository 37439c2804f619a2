//! The only table from what went wrong to what the client is told: status, word, sentence.

use http::StatusCode;

use crate::error::{Error, ErrorKind};

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
        // The browser's jar is at fault, not the server; 401 would make its scripts forget the session.
        ErrorKind::AmbiguousCookies => (
            S::BAD_REQUEST,
            "ambiguous_cookies",
            "The request contains multiple session cookies.",
        ),
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
        ErrorKind::CaptchaFailed => (
            S::BAD_REQUEST,
            "captcha_failed",
            "captcha protection: request disallowed",
        ),
        ErrorKind::CurrentPasswordInvalid => (
            S::BAD_REQUEST,
            "current_password_invalid",
            "The current password is wrong.",
        ),
        ErrorKind::CurrentPasswordRequired => (
            S::BAD_REQUEST,
            "current_password_required",
            "Current password required when setting new password.",
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
        ErrorKind::EmailNotAuthorized => (
            S::BAD_REQUEST,
            "email_address_not_authorized",
            "Email address cannot be used as it is not authorized",
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
        ErrorKind::NonceEmailNotConfirmed => (
            S::UNPROCESSABLE_ENTITY,
            "email_not_confirmed",
            "Please verify your email first.",
        ),
        ErrorKind::NoncePhoneNotConfirmed => (
            S::UNPROCESSABLE_ENTITY,
            "phone_not_confirmed",
            "Please verify your phone first.",
        ),
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
        ErrorKind::UpdateNeedsReauthentication => (
            S::BAD_REQUEST,
            "reauthentication_needed",
            "Sign in again, or give the current password or a nonce, to do this.",
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
