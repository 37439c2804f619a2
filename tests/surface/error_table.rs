//! The codes, which never change.

use auth_core::ErrorKind;

#[test]
fn every_error_kind_is_told_as_written_down() {
    let told: Vec<String> = ErrorKind::ALL
        .iter()
        .map(|kind| format!("{kind:?} {}", kind.code()))
        .collect();
    assert_eq!(
        told,
        [
            "AmbiguousCookies AUTH_AMBIGUOUS_COOKIES",
            "AnonymousDisabled AUTH_ANONYMOUS_DISABLED",
            "AnonymousNeedsAddress AUTH_ANONYMOUS_NEEDS_ADDRESS",
            "BadCodeVerifier AUTH_BAD_CODE_VERIFIER",
            "BadJwt AUTH_BAD_JWT",
            "BadJson AUTH_BAD_JSON",
            "Busy AUTH_BUSY",
            "CaptchaFailed AUTH_CAPTCHA_FAILED",
            "CurrentPasswordInvalid AUTH_CURRENT_PASSWORD_INVALID",
            "CurrentPasswordRequired AUTH_CURRENT_PASSWORD_REQUIRED",
            "DatabaseFetchFailed DATABASE_FETCH_FAILED",
            "DatabaseUpdateFailed DATABASE_UPDATE_FAILED",
            "DuplicateKeyId AUTH_DUPLICATE_KEY_ID",
            "DuplicateUserData AUTH_DUPLICATE_USER_DATA",
            "EmailExists AUTH_EMAIL_EXISTS",
            "EmailNotAuthorized AUTH_EMAIL_NOT_AUTHORIZED",
            "EmailNotConfirmed AUTH_EMAIL_NOT_CONFIRMED",
            "EmailLoginsDisabled AUTH_EMAIL_LOGINS_DISABLED",
            "EmailSignupsDisabled AUTH_EMAIL_SIGNUPS_DISABLED",
            "ExpiredKey AUTH_EXPIRED_KEY",
            "FeatureDisabled AUTH_FEATURE_DISABLED",
            "FlowStateExpired AUTH_FLOW_STATE_EXPIRED",
            "FlowStateNotFound AUTH_FLOW_STATE_NOT_FOUND",
            "InvalidCredentials AUTH_INVALID_CREDENTIALS",
            "InvalidEmail AUTH_INVALID_EMAIL",
            "InvalidKeyId AUTH_INVALID_KEY_ID",
            "InvalidPassword AUTH_INVALID_PASSWORD",
            "InvalidProviderId AUTH_INVALID_PROVIDER_ID",
            "InvalidRequest AUTH_INVALID_REQUEST",
            "InvalidSessionId AUTH_INVALID_SESSION_ID",
            "InvalidUserId AUTH_INVALID_USER_ID",
            "MethodNotAllowed AUTH_METHOD_NOT_ALLOWED",
            "MissingLayer AUTH_MISSING_LAYER",
            "NotAuthenticated AUTH_NOT_AUTHENTICATED",
            "NotAdmin AUTH_NOT_ADMIN",
            "NotFound AUTH_NOT_FOUND",
            "NonceEmailNotConfirmed AUTH_NONCE_EMAIL_NOT_CONFIRMED",
            "NoncePhoneNotConfirmed AUTH_NONCE_PHONE_NOT_CONFIRMED",
            "OtpDisabled AUTH_OTP_DISABLED",
            "OtpExpired AUTH_OTP_EXPIRED",
            "OutdatedPassword AUTH_OUTDATED_PASSWORD",
            "OverEmailSendRateLimit AUTH_OVER_EMAIL_SEND_RATE_LIMIT",
            "OverSmsSendRateLimit AUTH_OVER_SMS_SEND_RATE_LIMIT",
            "PayloadTooLarge AUTH_PAYLOAD_TOO_LARGE",
            "PhoneExists AUTH_PHONE_EXISTS",
            "PhoneLoginsDisabled AUTH_PHONE_LOGINS_DISABLED",
            "PhoneNotConfirmed AUTH_PHONE_NOT_CONFIRMED",
            "PhoneSignupsDisabled AUTH_PHONE_SIGNUPS_DISABLED",
            "ReauthenticationNeeded AUTH_REAUTHENTICATION_NEEDED",
            "ReauthenticationNotValid AUTH_REAUTHENTICATION_NOT_VALID",
            "RefreshConflict AUTH_REFRESH_CONFLICT",
            "RefreshSessionExpired AUTH_REFRESH_SESSION_EXPIRED",
            "RefreshSessionNotFound AUTH_REFRESH_SESSION_NOT_FOUND",
            "RefreshTokenNotFound AUTH_REFRESH_TOKEN_NOT_FOUND",
            "RefreshTokenReused AUTH_REFRESH_TOKEN_REUSED",
            "SamePassword AUTH_SAME_PASSWORD",
            "SessionNotFound AUTH_SESSION_NOT_FOUND",
            "SignupDisabled AUTH_SIGNUP_DISABLED",
            "Throttled AUTH_TOO_MANY_ATTEMPTS",
            "TimedOut AUTH_REQUEST_TIMEOUT",
            "TokenTheft UNAUTHORISED_AND_TOKEN_THEFT_DETECTED",
            "TryRefreshToken TRY_REFRESH_TOKEN",
            "Unauthorised UNAUTHORISED",
            "UnexpectedAudience AUTH_UNEXPECTED_AUDIENCE",
            "Unknown UNKNOWN_ERROR",
            "UnsupportedMediaType AUTH_UNSUPPORTED_MEDIA_TYPE",
            "UpdateNeedsReauthentication AUTH_UPDATE_NEEDS_REAUTHENTICATION",
            "UserBanned AUTH_USER_BANNED",
            "UserShutOut AUTH_USER_SHUT_OUT",
            "UserNotFound AUTH_USER_NOT_FOUND",
            "ValidationFailed AUTH_VALIDATION_FAILED",
            "WeakPassword AUTH_WEAK_PASSWORD",
        ]
    );
}

/// The seeds' words, of the generations this library takes in so far.
#[test]
fn every_code_of_the_seeds_is_there() {
    for code in [
        "AUTH_DUPLICATE_KEY_ID",
        "AUTH_DUPLICATE_USER_DATA",
        "AUTH_EXPIRED_KEY",
        "AUTH_INVALID_KEY_ID",
        "AUTH_INVALID_PASSWORD",
        "AUTH_INVALID_PROVIDER_ID",
        "AUTH_INVALID_REQUEST",
        "AUTH_INVALID_SESSION_ID",
        "AUTH_INVALID_USER_ID",
        "AUTH_NOT_AUTHENTICATED",
        "AUTH_OUTDATED_PASSWORD",
        "DATABASE_FETCH_FAILED",
        "DATABASE_UPDATE_FAILED",
        "TRY_REFRESH_TOKEN",
        "UNAUTHORISED",
        "UNAUTHORISED_AND_TOKEN_THEFT_DETECTED",
        "UNKNOWN_ERROR",
    ] {
        assert!(ErrorKind::ALL.iter().any(|kind| kind.code() == code), "{code}");
    }
}
