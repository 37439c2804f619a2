//! What an access token says.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    id::{SessionId, UserId},
    model::{Amr, Attributes, JsonObject, Session, SessionState, User},
    secret::{Digest, Generation},
};

/// The claims of an access token (RFC 7519), GoTrue's and our own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) sub: String,
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) session_id: String,
    pub(super) role: String,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) app_metadata: JsonObject,
    pub(super) user_metadata: JsonObject,
    pub(super) is_anonymous: bool,
    pub(super) aal: String,
    pub(super) amr: Vec<AmrClaim>,
    pub(super) refresh: RefreshClaim,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) anti_csrf: Option<String>,
    pub(super) payload: JsonObject,
}

/// A proof, with GoTrue's seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AmrClaim {
    method: String,
    timestamp: i64,
}

/// The refresh token that was made with this access token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RefreshClaim {
    /// Its digest; a store keeps the digest of this.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub(super) digest: Digest,
    /// What the store kept when it was made; there until its first use was noticed.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_some",
        deserialize_with = "read_some"
    )]
    pub(super) parent: Option<Digest>,
    pub(super) issued_at: Timestamp,
    /// When the session ends if nothing happens.
    pub(super) expires: Timestamp,
    /// When the session began.
    pub(super) began: Timestamp,
    pub(super) persistent: bool,
}

impl Claims {
    /// Everything about the session and its user; the times and the issuer come with the signature.
    pub(super) fn of(session: &Session, user: &User, digest: Digest, generation: &Generation) -> Self {
        Self {
            iss: String::new(),
            aud: String::new(),
            sub: user.id.as_str().to_owned(),
            exp: 0,
            iat: 0,
            session_id: session.id.as_str().to_owned(),
            role: user.role.clone(),
            email: user.email.clone().unwrap_or_default(),
            phone: user.phone.clone().unwrap_or_default(),
            app_metadata: user.app_metadata.clone(),
            user_metadata: user.user_metadata.clone(),
            is_anonymous: user.is_anonymous,
            aal: format!("aal{}", session.aal),
            amr: session
                .amr
                .iter()
                .map(|amr| AmrClaim {
                    method: amr.method.clone(),
                    timestamp: amr.timestamp.as_unix_seconds(),
                })
                .collect(),
            refresh: RefreshClaim {
                digest,
                parent: generation.parent,
                issued_at: generation.issued_at,
                expires: session.expires(),
                began: session.created_at,
                persistent: session.persistent,
            },
            anti_csrf: None,
            payload: session.payload.clone(),
        }
    }

    /// The claims as JSON, no longer than asked: what users note about themselves stays out when there is too much of
    /// it. A browser would drop the cookie without a word.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when the application's own notes and the payload are too long.
    pub(super) fn fitted(&mut self, limit: usize) -> Result<Vec<u8>> {
        for leave_out in [false, true] {
            if leave_out {
                self.user_metadata.clear();
            }
            let text = serde_json::to_vec(self).map_err(|error| Error::with_source(ErrorKind::Unknown, error))?;
            if text.len() <= limit {
                return Ok(text);
            }
        }
        Err(Error::from(ErrorKind::ValidationFailed)
            .detail("The payload and the user's app_metadata do not fit into an access token."))
    }

    pub(crate) fn session_id(&self) -> SessionId {
        SessionId::from(self.session_id.as_str())
    }

    /// Whether the first use of the refresh token beside it has been noticed.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.refresh.parent.is_none()
    }

    pub(crate) fn subject(&self) -> &str {
        &self.sub
    }

    pub(super) fn expires(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.exp.saturating_mul(1_000))
    }

    pub(super) fn generation(&self) -> Generation {
        Generation {
            at_rest: self.refresh.digest.again(),
            parent: self.refresh.parent,
            issued_at: self.refresh.issued_at,
        }
    }

    /// The session as far as the token knows it.
    pub(crate) fn session(&self) -> Session {
        let seconds = |seconds: i64| Timestamp::from_unix_ms(seconds.saturating_mul(1_000));
        Session {
            id: SessionId::from(self.session_id.as_str()),
            user_id: UserId::from(self.sub.as_str()),
            state: SessionState::Active,
            fresh: false,
            active_expires: self.expires(),
            idle_expires: self.refresh.expires,
            absolute_expires: None,
            persistent: self.refresh.persistent,
            payload: self.payload.clone(),
            data: JsonObject::new(),
            aal: if self.aal == "aal2" { 2 } else { 1 },
            amr: self
                .amr
                .iter()
                .map(|amr| Amr {
                    method: amr.method.clone(),
                    timestamp: seconds(amr.timestamp),
                })
                .collect(),
            ip: None,
            user_agent: None,
            last_seen: seconds(self.iat),
            refreshed_at: Some(self.refresh.issued_at).filter(|issued_at| *issued_at > self.refresh.began),
            created_at: self.refresh.began,
            attributes: Attributes::new(),
        }
    }
}

fn write<S: Serializer>(digest: &Digest, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&URL_SAFE_NO_PAD.encode(digest.as_bytes()))
}

fn write_some<S: Serializer>(digest: &Option<Digest>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    match digest {
        Some(digest) => write(digest, serializer),
        None => serializer.serialize_none(),
    }
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Digest, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes()).ok();
    bytes
        .and_then(|bytes| Digest::from_stored(&bytes))
        .ok_or_else(|| D::Error::custom("not a digest"))
}

fn read_some<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Digest>, D::Error> {
    read(deserializer).map(Some)
}
