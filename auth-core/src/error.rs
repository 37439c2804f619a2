//! The one error type of the library: an opaque value with a stable [`ErrorKind`] and the cause kept as source.
//!
//! What the client is told about a kind is decided in one other file, `http/told.rs`.

use std::{error::Error as StdError, fmt, time::Duration};

use crate::id::{SessionId, UserId};

type Source = Box<dyn StdError + Send + Sync + 'static>;

/// The result of every fallible operation of the library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, with the cause kept.
///
/// Opaque so that context can be added without breaking anyone: match on [`Error::kind`], read
/// [`Error::code`] for the stable word, and log the chain of sources. `Display` never contains a secret.
///
/// ```
/// use auth_core::{Error, ErrorKind};
///
/// let error = Error::from(ErrorKind::InvalidUserId);
/// assert_eq!(error.code(), "AUTH_INVALID_USER_ID");
/// assert_eq!(error.kind(), ErrorKind::InvalidUserId);
/// ```
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    detail: Option<String>,
    retry_after: Option<Duration>,
    reasons: Vec<WeakPasswordReason>,
    theft: Option<(SessionId, UserId)>,
    source: Option<Source>,
}

impl Error {
    /// An error of this kind with its cause.
    pub fn with_source(kind: ErrorKind, source: impl Into<Source>) -> Self {
        let mut error = Self::from(kind);
        error.inner.source = Some(source.into());
        error
    }

    /// A read that failed for a reason the adapter contract does not name (`DATABASE_FETCH_FAILED`).
    pub fn fetch_failed(source: impl Into<Source>) -> Self {
        Self::with_source(ErrorKind::DatabaseFetchFailed, source)
    }

    /// A write that failed for a reason the adapter contract does not name (`DATABASE_UPDATE_FAILED`).
    pub fn update_failed(source: impl Into<Source>) -> Self {
        Self::with_source(ErrorKind::DatabaseUpdateFailed, source)
    }

    /// Adds a sentence for the person who caused the error. It must not contain a secret.
    #[must_use]
    pub fn detail(mut self, sentence: impl Into<String>) -> Self {
        self.inner.detail = Some(sentence.into());
        self
    }

    pub(crate) fn retry_in(mut self, wait: Duration) -> Self {
        self.inner.retry_after = Some(wait);
        self
    }

    pub(crate) fn weak_password(reasons: Vec<WeakPasswordReason>) -> Self {
        let mut error = Self::from(ErrorKind::WeakPassword);
        error.inner.reasons = reasons;
        error
    }

    /// What kind of trouble this is.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The stable code of the kind, the seeds' own word where they have one.
    pub fn code(&self) -> &'static str {
        self.inner.kind.code()
    }

    /// How long to wait before trying again, for [`ErrorKind::Throttled`] and [`ErrorKind::Busy`].
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// Why a password was refused; empty unless the kind is [`ErrorKind::WeakPassword`].
    pub fn weak_password_reasons(&self) -> &[WeakPasswordReason] {
        &self.inner.reasons
    }

    /// The session and the user whose token was stolen, for [`ErrorKind::TokenTheft`].
    pub fn theft(&self) -> Option<(&SessionId, &UserId)> {
        self.inner.theft.as_ref().map(|(session, user)| (session, user))
    }

    pub(crate) fn token_theft(session: SessionId, user: UserId) -> Self {
        let mut error = Self::from(ErrorKind::TokenTheft);
        error.inner.theft = Some((session, user));
        error
    }

    /// The sentence added with [`Error::detail`].
    pub fn sentence(&self) -> Option<&str> {
        self.inner.detail.as_deref()
    }

    /// Whether the store, not the caller, is to blame.
    pub fn is_store_failure(&self) -> bool {
        matches!(
            self.inner.kind,
            ErrorKind::DatabaseFetchFailed | ErrorKind::DatabaseUpdateFailed
        )
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                detail: None,
                retry_after: None,
                reasons: Vec::new(),
                theft: None,
                source: None,
            }),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        match &self.inner.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.inner.kind);
        if let Some(detail) = &self.inner.detail {
            debug.field("detail", detail);
        }
        if let Some(source) = &self.inner.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident => $code:literal,)+) => {
        /// Every kind of trouble the library reports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$doc])* #[doc = concat!("\n\nCode `", $code, "`.")] $name,)+
        }

        impl ErrorKind {
            /// All kinds, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable code: the seeds' own word where they have one.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }
        }
    };
}

kinds! {
    /// Two refresh cookies of one name: somebody planted one, and nobody can tell which.
    AmbiguousCookies => "AUTH_AMBIGUOUS_COOKIES",
    /// Sign-ins without any address are not accepted.
    AnonymousDisabled => "AUTH_ANONYMOUS_DISABLED",
    /// A password without an address to sign in with, for an account that has none.
    AnonymousNeedsAddress => "AUTH_ANONYMOUS_NEEDS_ADDRESS",
    /// The code verifier is not the one whose challenge was sent (PKCE, RFC 7636).
    BadCodeVerifier => "AUTH_BAD_CODE_VERIFIER",
    /// The bearer token is no token of ours.
    BadJwt => "AUTH_BAD_JWT",
    /// The body is not the JSON (or form) it claims to be.
    BadJson => "AUTH_BAD_JSON",
    /// The hashing queue is full, or somebody who has to be asked does not answer; see [`Error::retry_after`].
    Busy => "AUTH_BUSY",
    /// There is no captcha's token in the request, or it is no good.
    CaptchaFailed => "AUTH_CAPTCHA_FAILED",
    /// The current password, which shows who is asking, is wrong.
    CurrentPasswordInvalid => "AUTH_CURRENT_PASSWORD_INVALID",
    /// A new password needs the current one here.
    CurrentPasswordRequired => "AUTH_CURRENT_PASSWORD_REQUIRED",
    /// A store could not be read.
    DatabaseFetchFailed => "DATABASE_FETCH_FAILED",
    /// A store could not be written.
    DatabaseUpdateFailed => "DATABASE_UPDATE_FAILED",
    /// A key with this provider and provider user id exists (also known as `AUTH_DUPLICATE_PROVIDER_ID`).
    DuplicateKeyId => "AUTH_DUPLICATE_KEY_ID",
    /// A value of the user or one of its attributes breaks a unique constraint.
    DuplicateUserData => "AUTH_DUPLICATE_USER_DATA",
    /// Another account has this e-mail address.
    EmailExists => "AUTH_EMAIL_EXISTS",
    /// Mails go to some addresses only here, and not to this one.
    EmailNotAuthorized => "AUTH_EMAIL_NOT_AUTHORIZED",
    /// The account's address has not been proven yet.
    EmailNotConfirmed => "AUTH_EMAIL_NOT_CONFIRMED",
    /// Nobody signs in with an e-mail address here.
    EmailLoginsDisabled => "AUTH_EMAIL_LOGINS_DISABLED",
    /// Nobody signs up with an e-mail address here.
    EmailSignupsDisabled => "AUTH_EMAIL_SIGNUPS_DISABLED",
    /// The single-use key's time is over.
    ExpiredKey => "AUTH_EXPIRED_KEY",
    /// This is switched off here.
    FeatureDisabled => "AUTH_FEATURE_DISABLED",
    /// The code of a redirect is over.
    FlowStateExpired => "AUTH_FLOW_STATE_EXPIRED",
    /// The code of a redirect is unknown or was exchanged before.
    FlowStateNotFound => "AUTH_FLOW_STATE_NOT_FOUND",
    /// The sign-in was refused. Unknown account and wrong password are this one kind.
    InvalidCredentials => "AUTH_INVALID_CREDENTIALS",
    /// The address of a code is none.
    InvalidEmail => "AUTH_INVALID_EMAIL",
    /// No key has this provider and provider user id.
    InvalidKeyId => "AUTH_INVALID_KEY_ID",
    /// The password is missing or wrong.
    InvalidPassword => "AUTH_INVALID_PASSWORD",
    /// No user has this provider and provider user id (also known as `AUTH_INVALID_IDENTIFIER_TOKEN`).
    InvalidProviderId => "AUTH_INVALID_PROVIDER_ID",
    /// The origin check failed: the request may come from another site.
    InvalidRequest => "AUTH_INVALID_REQUEST",
    /// The session is malformed, unknown or dead, or its secret is wrong.
    InvalidSessionId => "AUTH_INVALID_SESSION_ID",
    /// No user has this id.
    InvalidUserId => "AUTH_INVALID_USER_ID",
    /// The path exists, the method does not.
    MethodNotAllowed => "AUTH_METHOD_NOT_ALLOWED",
    /// An extractor was used without the layer or middleware.
    MissingLayer => "AUTH_MISSING_LAYER",
    /// There is no session.
    NotAuthenticated => "AUTH_NOT_AUTHENTICATED",
    /// The caller is no administrator.
    NotAdmin => "AUTH_NOT_ADMIN",
    /// There is nothing at this path.
    NotFound => "AUTH_NOT_FOUND",
    /// The address a nonce would go to has not been proven yet; told where GoTrue's clients ask for one.
    NonceEmailNotConfirmed => "AUTH_NONCE_EMAIL_NOT_CONFIRMED",
    /// The number a nonce would go to has not been proven yet; told where GoTrue's clients ask for one.
    NoncePhoneNotConfirmed => "AUTH_NONCE_PHONE_NOT_CONFIRMED",
    /// New accounts are not made on the way in by a code or link.
    OtpDisabled => "AUTH_OTP_DISABLED",
    /// The link or code is wrong, over, or was used before.
    OtpExpired => "AUTH_OTP_EXPIRED",
    /// The stored password hash is in a format this library does not know.
    OutdatedPassword => "AUTH_OUTDATED_PASSWORD",
    /// Too many mails; see [`Error::retry_after`].
    OverEmailSendRateLimit => "AUTH_OVER_EMAIL_SEND_RATE_LIMIT",
    /// Too many text messages; see [`Error::retry_after`].
    OverSmsSendRateLimit => "AUTH_OVER_SMS_SEND_RATE_LIMIT",
    /// The body is larger than the limit.
    PayloadTooLarge => "AUTH_PAYLOAD_TOO_LARGE",
    /// Another account has this phone number.
    PhoneExists => "AUTH_PHONE_EXISTS",
    /// Nobody signs in with a phone number here.
    PhoneLoginsDisabled => "AUTH_PHONE_LOGINS_DISABLED",
    /// The account's number has not been proven yet.
    PhoneNotConfirmed => "AUTH_PHONE_NOT_CONFIRMED",
    /// Nobody signs up with a phone number here.
    PhoneSignupsDisabled => "AUTH_PHONE_SIGNUPS_DISABLED",
    /// The act needs a fresher proof of who is asking.
    ReauthenticationNeeded => "AUTH_REAUTHENTICATION_NEEDED",
    /// The nonce that should show who is asking is wrong or over.
    ReauthenticationNotValid => "AUTH_REAUTHENTICATION_NOT_VALID",
    /// The refresh token was replaced a moment ago: the client has newer tokens, or is being sent them.
    RefreshConflict => "AUTH_REFRESH_CONFLICT",
    /// The session of a refresh token is over; told where GoTrue's clients renew.
    RefreshSessionExpired => "AUTH_REFRESH_SESSION_EXPIRED",
    /// The session of a refresh token was ended; told where GoTrue's clients renew.
    RefreshSessionNotFound => "AUTH_REFRESH_SESSION_NOT_FOUND",
    /// The refresh token is none of ours; told where GoTrue's clients renew.
    RefreshTokenNotFound => "AUTH_REFRESH_TOKEN_NOT_FOUND",
    /// The refresh token was replaced before; told where GoTrue's clients renew.
    RefreshTokenReused => "AUTH_REFRESH_TOKEN_REUSED",
    /// The new password is the old one.
    SamePassword => "AUTH_SAME_PASSWORD",
    /// The session named in the path is not one of the caller's.
    SessionNotFound => "AUTH_SESSION_NOT_FOUND",
    /// New accounts are not accepted.
    SignupDisabled => "AUTH_SIGNUP_DISABLED",
    /// Too many attempts; see [`Error::retry_after`].
    Throttled => "AUTH_TOO_MANY_ATTEMPTS",
    /// The request took too long.
    TimedOut => "AUTH_REQUEST_TIMEOUT",
    /// A refresh token that was replaced is used again: somebody holds a copy; see [`Error::theft`].
    TokenTheft => "UNAUTHORISED_AND_TOKEN_THEFT_DETECTED",
    /// The access token is missing, expired or not good here, and the refresh token can mend it (also known as
    /// `AUTH_INVALID_ACCESS_TOKEN`).
    TryRefreshToken => "TRY_REFRESH_TOKEN",
    /// There is no session, and no token that could bring it back (also known as `AUTH_INVALID_REFRESH_TOKEN`).
    Unauthorised => "UNAUTHORISED",
    /// The request asks for another audience than ours.
    UnexpectedAudience => "AUTH_UNEXPECTED_AUDIENCE",
    /// Something failed that has no kind of its own.
    Unknown => "UNKNOWN_ERROR",
    /// The body's content type is not accepted here.
    UnsupportedMediaType => "AUTH_UNSUPPORTED_MEDIA_TYPE",
    /// A change of the account needs a fresher proof of who is asking; told where GoTrue's clients make it.
    UpdateNeedsReauthentication => "AUTH_UPDATE_NEEDS_REAUTHENTICATION",
    /// The account is banned.
    UserBanned => "AUTH_USER_BANNED",
    /// The token is the one of a banned account.
    UserShutOut => "AUTH_USER_SHUT_OUT",
    /// An administrator asks for a user who is not there.
    UserNotFound => "AUTH_USER_NOT_FOUND",
    /// A value in the request is missing or not acceptable.
    ValidationFailed => "AUTH_VALIDATION_FAILED",
    /// The password does not meet the policy; see [`Error::weak_password_reasons`].
    WeakPassword => "AUTH_WEAK_PASSWORD",
}

/// Why a password was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WeakPasswordReason {
    /// It is on the block list of common passwords.
    Common,
    /// It contains the address or the site's name.
    Context,
    /// It has too few or too many characters.
    Length,
    /// It is known to have leaked.
    Pwned,
    /// It is too easy to guess.
    Strength,
}

impl WeakPasswordReason {
    /// The word used in answers (`weak_password.reasons[]`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Common => "common",
            Self::Context => "context",
            Self::Length => "length",
            Self::Pwned => "pwned",
            Self::Strength => "strength",
        }
    }
}
