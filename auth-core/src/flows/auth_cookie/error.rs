use std::{error::Error as StdError, fmt};

use crate::error::{Error, ErrorKind};

/// Why no cookie was set or read, in the seed's sentences.
///
/// ```
/// use auth_core::{AuthCookieError, Error, ErrorKind};
///
/// let error = AuthCookieError::EventMissing;
/// assert_eq!(error.to_string(), "Auth event missing!");
/// assert_eq!(Error::from(error).kind(), ErrorKind::ValidationFailed);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthCookieError {
    /// The request has the cookie twice, with different values: one of them is somebody else's.
    Ambiguous,
    /// The body says nothing of what happened.
    EventMissing,
    /// The request does not say which host it is for, so nobody knows whether the cookie must be `Secure`.
    HostMissing,
    /// The request has no cookie of ours.
    NoCookie,
    /// Somebody signed in, but the body has no session.
    SessionMissing,
    /// The token is so long that browsers would drop the cookie.
    TooLong,
}

impl fmt::Display for AuthCookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ambiguous => "The cookie is there twice!",
            Self::EventMissing => "Auth event missing!",
            Self::HostMissing => "The \"host\" request header is not available",
            Self::NoCookie => "No cookie found!",
            Self::SessionMissing => "Auth session missing!",
            Self::TooLong => "The token does not fit into a cookie!",
        })
    }
}

impl StdError for AuthCookieError {}

impl From<AuthCookieError> for Error {
    fn from(error: AuthCookieError) -> Self {
        let kind = match error {
            AuthCookieError::Ambiguous | AuthCookieError::NoCookie => ErrorKind::NotAuthenticated,
            _ => ErrorKind::ValidationFailed,
        };
        Self::from(kind).detail(error.to_string())
    }
}
