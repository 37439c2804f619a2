use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

use super::{ApiError, Extra, GoTrueApi, GoTrueUser, request::Request, wire::or_default};
use crate::{clock::Timestamp, flows::auth_cookie::AuthCookieSession, secret::WireToken};

/// A session, as servers hand one over. `Debug` shows no token.
///
/// ```
/// use auth_core::client::GoTrueSession;
///
/// let session: GoTrueSession = serde_json::from_str(
///     r#"{"access_token":"secret","token_type":"bearer","expires_in":3600,"refresh_token":"also","user":{"id":"u1"}}"#,
/// ).unwrap();
/// assert_eq!(session.access_token.expose(), "secret");
/// assert!(!format!("{session:?}").contains("secret"));
/// ```
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct GoTrueSession {
    /// What opens it.
    pub access_token: WireToken,
    /// `bearer`.
    #[serde(default, deserialize_with = "or_default")]
    pub token_type: String,
    /// For how many seconds the access token is good.
    #[serde(default)]
    pub expires_in: Option<u64>,
    /// Until when, in Unix seconds. Worked out here when the server does not say.
    #[serde(default)]
    pub expires_at: Option<i64>,
    /// What renews it; none where sessions are opaque.
    #[serde(default)]
    pub refresh_token: Option<WireToken>,
    /// The access token of a provider the user came from.
    #[serde(default)]
    pub provider_token: Option<WireToken>,
    /// The refresh token of that provider.
    #[serde(default)]
    pub provider_refresh_token: Option<WireToken>,
    /// Whose it is. GoTrue's ancestor leaves it out.
    #[serde(default)]
    pub user: Option<Box<GoTrueUser>>,
    /// Whatever else the server said.
    #[serde(flatten)]
    pub extra: Extra,
}

impl GoTrueSession {
    /// Whether the access token's time is over. One that has no time never is.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at
            .is_some_and(|expires_at| expires_at <= now.as_unix_seconds())
    }

    pub(super) fn with_expiry(mut self, now: Timestamp) -> Self {
        let seconds = self.expires_in.filter(|seconds| *seconds > 0);
        if let (None, Some(seconds)) = (self.expires_at, seconds) {
            let rounded = now.as_unix_ms().saturating_add(500).div_euclid(1_000);
            self.expires_at = Some(rounded.saturating_add_unsigned(seconds));
        }
        self
    }
}

impl From<&GoTrueSession> for AuthCookieSession {
    fn from(session: &GoTrueSession) -> Self {
        Self::new(session.access_token.clone(), session.refresh_token.clone())
    }
}

/// What signing up or proving an address leads to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SessionOrUser {
    /// Signed in.
    Session(Box<GoTrueSession>),
    /// There is, or seems to be, an account; something must be confirmed first.
    User(Box<GoTrueUser>),
    /// Half done: what to do next, in a sentence. Two addresses confirm a change.
    Message(String),
}

impl SessionOrUser {
    /// The session, if somebody is signed in.
    pub fn session(&self) -> Option<&GoTrueSession> {
        match self {
            Self::Session(session) => Some(session),
            _ => None,
        }
    }

    /// The user, signed in or not.
    pub fn user(&self) -> Option<&GoTrueUser> {
        match self {
            Self::Session(session) => session.user.as_deref(),
            Self::User(user) => Some(user),
            Self::Message(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for SessionOrUser {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        // serde_json's own words could quote a token.
        let unknown = |_| D::Error::custom("neither a session nor a user");
        if value.get("access_token").is_some() {
            serde_json::from_value(value).map(Self::Session).map_err(unknown)
        } else if let (None, Some(message)) = (value.get("id"), value["msg"].as_str()) {
            Ok(Self::Message(message.to_owned()))
        } else {
            serde_json::from_value(value).map(Self::User).map_err(unknown)
        }
    }
}

impl GoTrueApi {
    pub(super) async fn ask_session(&self, request: Request<'_>) -> Result<GoTrueSession, ApiError> {
        Ok(self.ask::<GoTrueSession>(request).await?.with_expiry(self.now()))
    }

    pub(super) async fn ask_session_or_user(&self, request: Request<'_>) -> Result<SessionOrUser, ApiError> {
        Ok(match self.ask(request).await? {
            SessionOrUser::Session(session) => SessionOrUser::Session(Box::new(session.with_expiry(self.now()))),
            other => other,
        })
    }
}
