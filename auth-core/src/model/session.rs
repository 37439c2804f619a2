use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    clock::Timestamp,
    error::Result,
    id::{SessionId, UserId},
    model::{Attributes, JsonObject},
    secret::{Digest, SessionToken},
};

/// One way the owner of a session proved who they are, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "stored as it is")]
pub struct Amr {
    /// `password`, `otp`, `oauth`, …
    pub method: String,
    /// When, in Unix milliseconds.
    pub timestamp: Timestamp,
}

/// A session, as stored: digests only, so that a dump of the table opens nothing.
#[derive(Clone, Debug, PartialEq)]
#[doc(alias = "SessionSchema")]
#[expect(clippy::exhaustive_structs, reason = "adding a column is a change for every store")]
pub struct SessionRecord {
    /// The public handle.
    pub id: SessionId,
    /// Whose session it is.
    pub user_id: UserId,
    /// Digest of the secret that opens it.
    pub secret_digest: Digest,
    /// When that secret was made.
    pub secret_issued_at: Timestamp,
    /// Digest of the secret that was just replaced.
    pub previous_digest: Option<Digest>,
    /// When the replaced secret was made.
    pub previous_issued_at: Option<Timestamp>,
    /// Until when the replaced secret still opens the session.
    pub previous_expires: Option<Timestamp>,
    /// Until when the session needs no renewal.
    pub active_expires: Timestamp,
    /// Until when the session can be renewed.
    pub idle_expires: Timestamp,
    /// When the session ends whatever happens.
    pub absolute_expires: Option<Timestamp>,
    /// Whether the cookie outlives the browser window.
    pub persistent: bool,
    /// What travels in access tokens.
    pub payload: JsonObject,
    /// What stays in the database.
    pub data: JsonObject,
    /// The authenticator assurance level, 1 or 2.
    pub aal: u8,
    /// How the owner proved who they are, newest first.
    pub amr: Vec<Amr>,
    /// The address the session was made from.
    pub ip: Option<IpAddr>,
    /// The browser the session was made with, cut to 512 bytes.
    pub user_agent: Option<String>,
    /// When the session was last seen, written at renewal.
    pub last_seen: Timestamp,
    /// When the session was made.
    pub created_at: Timestamp,
    /// When the session was last changed.
    pub updated_at: Timestamp,
    /// The declared attributes.
    pub attributes: Attributes,
}

impl SessionRecord {
    /// Active while `now <= active_expires`, idle while `now <= idle_expires`, else dead; the absolute end comes first.
    pub fn state(&self, now: Timestamp) -> SessionState {
        if self.absolute_expires.is_some_and(|end| now > end) || now > self.idle_expires {
            SessionState::Dead
        } else if now > self.active_expires {
            SessionState::Idle
        } else {
            SessionState::Active
        }
    }

    /// Whether the session has not ended.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.state(now) != SessionState::Dead
    }

    /// Whether the digest is the session's, or the one just replaced and still within its grace.
    pub fn is_opened_by(&self, digest: &Digest, now: Timestamp) -> bool {
        self.secret_digest == *digest || self.is_opened_by_previous(digest, now)
    }

    /// Whether the digest is the one just replaced and still within its grace.
    pub fn is_opened_by_previous(&self, digest: &Digest, now: Timestamp) -> bool {
        self.previous_digest.as_ref() == Some(digest) && self.previous_expires.is_some_and(|end| now <= end)
    }

    /// Whether there is a secret that was replaced a moment ago, and opens it too.
    pub(super) fn has_previous(&self, now: Timestamp) -> bool {
        self.previous_expires.is_some_and(|end| now <= end)
    }

    /// The session for whoever opened it with this token, a step behind or not.
    pub(crate) fn opened_with(self, token: &SessionToken, now: Timestamp) -> Session {
        // Most sessions have no secret that was replaced a moment ago, and need no second digest.
        let straggler = self.has_previous(now) && self.is_opened_by_previous(&token.digest(), now);
        Session {
            straggler,
            ..self.into_session(now, false)
        }
    }

    /// The session without its digests.
    pub fn into_session(self, now: Timestamp, fresh: bool) -> Session {
        Session {
            state: self.state(now),
            fresh,
            refreshed_at: Some(self.secret_issued_at).filter(|issued_at| *issued_at > self.created_at),
            id: self.id,
            user_id: self.user_id,
            active_expires: self.active_expires,
            idle_expires: self.idle_expires,
            absolute_expires: self.absolute_expires,
            persistent: self.persistent,
            payload: self.payload,
            data: self.data,
            aal: self.aal,
            amr: self.amr,
            ip: self.ip,
            user_agent: self.user_agent,
            last_seen: self.last_seen,
            created_at: self.created_at,
            straggler: false,
            attributes: self.attributes,
        }
    }
}

/// What a renewal writes, if the expected secret still opens the session.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "adding a column is a change for every store")]
pub struct SessionRotation {
    /// Digest of the new secret.
    pub secret_digest: Digest,
    /// When the new secret was made.
    pub secret_issued_at: Timestamp,
    /// Until when the old secret still opens the session.
    pub previous_expires: Timestamp,
    /// New end of the active period.
    pub active_expires: Timestamp,
    /// New end of the idle period.
    pub idle_expires: Timestamp,
    /// When the session was seen.
    pub last_seen: Timestamp,
    /// Whether the secret that was replaced before, and until when it opens, stay as they are.
    pub keeps_previous: bool,
}

impl SessionRotation {
    /// Rotates a session in memory; the caller has compared the expected digest.
    pub fn apply(&self, session: &mut SessionRecord) {
        if !self.keeps_previous {
            session.previous_digest = Some(session.secret_digest);
            session.previous_issued_at = Some(session.secret_issued_at);
            session.previous_expires = Some(self.previous_expires);
        }
        session.secret_digest = self.secret_digest;
        session.secret_issued_at = self.secret_issued_at;
        session.active_expires = self.active_expires;
        session.idle_expires = self.idle_expires;
        session.last_seen = self.last_seen;
        session.updated_at = self.last_seen;
    }
}

/// The columns of a session to change; `None` leaves a column as it is. Secrets change by [`SessionRotation`] only.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "adding a column is a change for every store")]
pub struct SessionPatch {
    /// New end of the active period.
    pub active_expires: Option<Timestamp>,
    /// New end of the idle period.
    pub idle_expires: Option<Timestamp>,
    /// New payload, whole.
    pub payload: Option<JsonObject>,
    /// New data, whole.
    pub data: Option<JsonObject>,
    /// New assurance level.
    pub aal: Option<u8>,
    /// New proofs, newest first.
    pub amr: Option<Vec<Amr>>,
    /// When the session was seen.
    pub last_seen: Option<Timestamp>,
    /// When this change was made.
    pub updated_at: Option<Timestamp>,
    /// The attributes to change; the others stay.
    pub attributes: Attributes,
}

impl SessionPatch {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Changes the given columns of a session in memory.
    pub fn apply(&self, session: &mut SessionRecord) {
        macro_rules! apply {
            ($($column:ident),+) => {$(
                if let Some(value) = &self.$column {
                    session.$column = value.clone();
                }
            )+};
        }
        apply!(
            active_expires,
            idle_expires,
            payload,
            data,
            aal,
            amr,
            last_seen,
            updated_at
        );
        session.attributes.merge(&self.attributes);
    }
}

/// How much life a session has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the three states of the seed")]
pub enum SessionState {
    /// Needs nothing.
    Active,
    /// Is renewed at its next use.
    Idle,
    /// Is over.
    Dead,
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Idle => "idle",
            Self::Dead => "dead",
        })
    }
}

/// A session, as the application sees it: without its digests.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Session {
    /// The public handle.
    pub id: SessionId,
    /// Whose session it is.
    #[doc(alias = "getUserId")]
    pub user_id: UserId,
    /// Active or idle; a dead session is never handed out.
    pub state: SessionState,
    /// Whether it was made or renewed just now, so that the client needs its new token.
    pub fresh: bool,
    /// Until when the session needs no renewal.
    pub active_expires: Timestamp,
    /// Until when the session can be renewed.
    pub idle_expires: Timestamp,
    /// When the session ends whatever happens.
    pub absolute_expires: Option<Timestamp>,
    /// Whether the cookie outlives the browser window.
    pub persistent: bool,
    /// What travels in access tokens.
    #[doc(alias = "getJWTPayload")]
    pub payload: JsonObject,
    /// What stays in the database.
    pub data: JsonObject,
    /// The authenticator assurance level, 1 or 2.
    pub aal: u8,
    /// How the owner proved who they are, newest first.
    pub amr: Vec<Amr>,
    /// The address the session was made from.
    pub ip: Option<IpAddr>,
    /// The browser the session was made with.
    pub user_agent: Option<String>,
    /// When the session was last seen.
    pub last_seen: Timestamp,
    /// When the secret or refresh token was made that took the place of an earlier one; `None` when it still has its first.
    pub refreshed_at: Option<Timestamp>,
    /// When the session was made.
    pub created_at: Timestamp,
    /// Whether it was opened by a secret or token that was replaced a moment ago: by its owner, or by somebody with a copy. Such
    /// a request is served, but must get nothing that outlives it, unless it proves again who asks.
    pub straggler: bool,
    /// The declared attributes.
    pub attributes: Attributes,
}

impl Session {
    /// The public handle, under its name in seed 004.
    #[doc(alias = "getHandle")]
    pub fn handle(&self) -> &SessionId {
        &self.id
    }

    /// When the session ends if it is not used: the earlier of the idle and the absolute end.
    #[doc(alias = "getExpiry")]
    pub fn expires(&self) -> Timestamp {
        self.absolute_expires
            .map_or(self.idle_expires, |end| end.min(self.idle_expires))
    }

    /// When the owner last proved who they are; for a [straggler](Self::straggler) long ago, because it may not be the owner.
    pub fn authenticated_at(&self) -> Timestamp {
        if self.straggler {
            return Timestamp::from_unix_ms(0);
        }
        self.amr
            .iter()
            .map(|amr| amr.timestamp)
            .max()
            .unwrap_or(self.created_at)
    }

    /// The declared attributes as a type of the application's.
    ///
    /// # Errors
    /// As [`Attributes::read`].
    pub fn attributes<T: DeserializeOwned>(&self) -> Result<T> {
        self.attributes.read()
    }
}
