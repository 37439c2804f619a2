//! What an access token says.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::Claim;
use crate::{
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    id::{SessionId, UserId},
    model::{Amr, Attributes, JsonObject, KeyRecord, Session, SessionState, User},
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<i64>,
    pub(super) session_id: String,
    pub(super) role: String,
    // What is kept out of tokens is not there; what a user does not have is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) app_metadata: Option<JsonObject>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user_metadata: Option<JsonObject>,
    pub(super) is_anonymous: bool,
    pub(super) aal: String,
    pub(super) amr: Vec<AmrClaim>,
    /// `None` in tokens that others signed, which know of none.
    pub(super) refresh: Option<RefreshClaim>,
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
    /// Everything about the session and its user; the refresh token, the times and the issuer come later.
    pub(super) fn of(session: &Session, user: &User, keys: &[KeyRecord]) -> Self {
        Self {
            iss: String::new(),
            aud: String::new(),
            sub: user.id.as_str().to_owned(),
            exp: 0,
            iat: 0,
            nbf: None,
            session_id: session.id.as_str().to_owned(),
            role: user.role.clone(),
            email: Some(user.email.clone().unwrap_or_default()),
            phone: Some(user.phone.clone().unwrap_or_default()),
            app_metadata: Some(user.app_metadata_with(keys)),
            user_metadata: Some(user.user_metadata.clone()),
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
            refresh: None,
            anti_csrf: None,
            payload: session.payload.clone(),
        }
    }

    /// Notes the refresh token that is made with them.
    pub(super) fn beside(&mut self, session: &Session, digest: Digest, generation: &Generation) {
        self.refresh = Some(RefreshClaim {
            digest,
            parent: generation.parent,
            issued_at: generation.issued_at,
            expires: session.expires(),
            began: session.created_at,
            persistent: session.persistent,
        });
    }

    /// Leaves out what tokens are not to tell.
    pub(super) fn keep(&mut self, told: &[Claim]) {
        fn keep<T>(told: bool, claim: &mut Option<T>) {
            if !told {
                *claim = None;
            }
        }
        keep(told.contains(&Claim::AppMetadata), &mut self.app_metadata);
        keep(told.contains(&Claim::Email), &mut self.email);
        keep(told.contains(&Claim::Phone), &mut self.phone);
        keep(told.contains(&Claim::UserMetadata), &mut self.user_metadata);
    }

    /// The claims as JSON, no longer than asked: what users note about themselves stays out when there is too much of
    /// it, and then what the application notes of them. A browser would drop the cookie without a word, and nobody is to
    /// be locked out by notes.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when the payload is too long.
    pub(super) fn fitted(&mut self, limit: usize) -> Result<Vec<u8>> {
        let mut text = self.to_json()?;
        for claim in [Claim::UserMetadata, Claim::AppMetadata] {
            if text.len() <= limit {
                break;
            }
            let notes = match claim {
                Claim::AppMetadata => &mut self.app_metadata,
                _ => &mut self.user_metadata,
            };
            if let Some(notes) = notes {
                notes.clear();
            }
            text = self.to_json()?;
        }
        if text.len() <= limit {
            return Ok(text);
        }
        Err(Error::from(ErrorKind::ValidationFailed).detail("The payload does not fit into an access token."))
    }

    fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| Error::with_source(ErrorKind::Unknown, error))
    }

    pub(crate) fn session_id(&self) -> SessionId {
        SessionId::from(self.session_id.as_str())
    }

    /// Whether somebody else signed it: all it says is whose session it is for.
    pub(crate) fn is_of_others(&self) -> bool {
        self.refresh.is_none()
    }

    /// The refresh token beside it, until its first use has been noticed.
    pub(crate) fn unconfirmed(&self) -> Option<Generation> {
        let refresh = self.refresh.as_ref()?;
        let parent = refresh.parent?;
        Some(Generation {
            at_rest: refresh.digest.again(),
            parent: Some(parent),
            issued_at: refresh.issued_at,
        })
    }

    /// What the store keeps of the refresh token beside it.
    pub(super) fn at_rest(&self) -> Option<Digest> {
        self.refresh.as_ref().map(|refresh| refresh.digest.again())
    }

    /// Whether there is nothing to notice.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.refresh.as_ref().is_none_or(|refresh| refresh.parent.is_none())
    }

    /// Notes that its first use has been noticed, and when the session ends since.
    pub(super) fn confirm(&mut self, expires: Timestamp) {
        if let Some(refresh) = &mut self.refresh {
            refresh.parent = None;
            refresh.expires = expires;
        }
    }

    pub(crate) fn subject(&self) -> &str {
        &self.sub
    }

    pub(super) fn expires(&self) -> Timestamp {
        seconds(self.exp)
    }

    /// When it begins to be good, if it says so.
    pub(super) fn begins(&self) -> Option<Timestamp> {
        self.nbf.map(seconds)
    }

    /// When its session ends, as far as it knows.
    pub(super) fn session_ends(&self) -> Timestamp {
        self.refresh.as_ref().map_or(self.expires(), |refresh| refresh.expires)
    }

    /// The session as far as the token knows it.
    pub(crate) fn session(&self) -> Session {
        let refresh = self.refresh.as_ref();
        Session {
            id: SessionId::from(self.session_id.as_str()),
            user_id: UserId::from(self.sub.as_str()),
            state: SessionState::Active,
            fresh: false,
            active_expires: self.expires(),
            idle_expires: self.session_ends(),
            absolute_expires: None,
            persistent: refresh.is_some_and(|refresh| refresh.persistent),
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
            refreshed_at: refresh
                .filter(|refresh| refresh.issued_at > refresh.began)
                .map(|refresh| refresh.issued_at),
            created_at: refresh.map_or(seconds(self.iat), |refresh| refresh.began),
            straggler: false,
            attributes: Attributes::new(),
        }
    }
}

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_unix_ms(seconds.saturating_mul(1_000))
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
