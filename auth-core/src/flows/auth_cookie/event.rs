use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::AuthCookieError;
use crate::secret::WireToken;

/// What happened in the page, in the words of GoTrue's clients.
///
/// ```
/// use auth_core::AuthChangeEvent;
///
/// assert_eq!(AuthChangeEvent::from("SIGNED_IN"), AuthChangeEvent::SignedIn);
/// assert_eq!(AuthChangeEvent::SignedOut.as_str(), Some("SIGNED_OUT"));
/// assert_eq!(AuthChangeEvent::from("MFA_CHALLENGE_VERIFIED"), AuthChangeEvent::Other);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthChangeEvent {
    /// `PASSWORD_RECOVERY`: somebody came by a recovery link.
    PasswordRecovery,
    /// `SIGNED_IN`.
    SignedIn,
    /// `SIGNED_OUT`.
    SignedOut,
    /// `TOKEN_REFRESHED`: the session has new tokens.
    TokenRefreshed,
    /// `USER_DELETED`.
    UserDeleted,
    /// `USER_UPDATED`.
    UserUpdated,
    /// One that has no meaning for cookies.
    Other,
}

impl AuthChangeEvent {
    /// The word on the wire; none for [`AuthChangeEvent::Other`].
    pub fn as_str(self) -> Option<&'static str> {
        WORDS.iter().find(|(event, _)| *event == self).map(|(_, word)| *word)
    }
}

impl From<&str> for AuthChangeEvent {
    fn from(word: &str) -> Self {
        let known = WORDS.iter().find(|(_, known)| *known == word);
        known.map_or(Self::Other, |(event, _)| *event)
    }
}

const WORDS: [(AuthChangeEvent, &str); 6] = [
    (AuthChangeEvent::PasswordRecovery, "PASSWORD_RECOVERY"),
    (AuthChangeEvent::SignedIn, "SIGNED_IN"),
    (AuthChangeEvent::SignedOut, "SIGNED_OUT"),
    (AuthChangeEvent::TokenRefreshed, "TOKEN_REFRESHED"),
    (AuthChangeEvent::UserDeleted, "USER_DELETED"),
    (AuthChangeEvent::UserUpdated, "USER_UPDATED"),
];

/// The tokens of a session, as far as cookies need them; its other members are ignored.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct AuthCookieSession {
    /// What opens the session.
    #[serde(default, deserialize_with = "or_empty")]
    pub access_token: WireToken,
    /// What renews it, if it can be renewed.
    #[serde(default)]
    pub refresh_token: Option<WireToken>,
}

impl AuthCookieSession {
    /// A session with these tokens.
    pub fn new(access_token: impl Into<WireToken>, refresh_token: Option<WireToken>) -> Self {
        Self {
            access_token: access_token.into(),
            refresh_token,
        }
    }
}

/// Takes the body `{event, session}` apart.
///
/// # Errors
/// [`AuthCookieError::EventMissing`] for whatever names no event, [`AuthCookieError::SessionMissing`] for a session that
/// is none.
pub(super) fn read_body(body: &[u8]) -> Result<(AuthChangeEvent, Option<AuthCookieSession>), AuthCookieError> {
    let mut body: Value = serde_json::from_slice(body).map_err(|_| AuthCookieError::EventMissing)?;
    let event = match &body["event"] {
        Value::String(event) if !event.is_empty() => AuthChangeEvent::from(event.as_str()),
        _ => return Err(AuthCookieError::EventMissing),
    };
    let session = match body.get_mut("session").map(Value::take) {
        None | Some(Value::Null) => None,
        Some(session) => Some(serde_json::from_value(session).map_err(|_| AuthCookieError::SessionMissing)?),
    };
    Ok((event, session))
}

fn or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<WireToken, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
