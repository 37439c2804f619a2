//! What the token strategy hands to its callers: tokens, and what they opened or renewed.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

use super::claims::Claims;
use crate::{
    clock::Timestamp,
    model::{Session, User},
    secret::RefreshToken,
};

/// Both tokens of a session, to be handed to its owner.
#[derive(Clone)]
#[non_exhaustive]
pub struct SessionTokens {
    /// What opens the session, for a short while.
    pub access: AccessToken,
    /// What renews it.
    pub refresh: RefreshToken,
    /// What scripts of the application send along, with [`AntiCsrf::Token`](crate::AntiCsrf::Token).
    pub anti_csrf: Option<String>,
    pub(crate) marker: String,
    pub(crate) expires: Timestamp,
    pub(crate) persistent: bool,
}

impl fmt::Debug for SessionTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionTokens")
            .field("access", &self.access)
            .field("refresh", &self.refresh)
            .field("anti_csrf", &self.anti_csrf.as_ref().map(|_| "[redacted]"))
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// A signed access token: a JWT (RFC 7519) that any stock library can check with the right key.
#[derive(Clone)]
pub struct AccessToken {
    pub(super) value: Zeroizing<String>,
    pub(super) expires: Timestamp,
    pub(super) claims: Arc<Claims>,
}

impl AccessToken {
    /// The token, to be handed to its owner and to nobody else.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// When it stops being good.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("value", &"[redacted]")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// What an access token opened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenedSession {
    /// The session as far as the token knows it: its `data`, its attributes and where it was made are in the store,
    /// see [`Auth::get_session_data`](crate::Auth::get_session_data).
    pub session: Session,
    /// A new access token, when this one was the first of a new refresh token: hand it to the client.
    pub renewed: Option<AccessToken>,
}

/// What a refresh token renewed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RefreshedSession {
    /// The session.
    pub session: Session,
    /// Its owner.
    pub user: User,
    /// The new tokens; `None` for a request that is just a step behind: its client has newer ones already, or is being
    /// sent them.
    pub tokens: Option<SessionTokens>,
}
