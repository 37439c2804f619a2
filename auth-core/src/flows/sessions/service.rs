use std::sync::Arc;

use crate::{
    auth::Auth,
    error::{Error, ErrorKind, Result, WeakPasswordReason},
    event::{Event, EventKind},
    id::{SessionId, UserId},
    model::{Amr, Attribute, Attributes, JsonObject, Session, SessionPatch, SessionRecord, User},
    proof::Proof,
    request::Client,
    secret::SessionToken,
};

use super::lookup::Lookup;
use crate::flows::tokens::SessionTokens;

/// What a new session starts with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewSession {
    /// From where it was asked for.
    pub client: Client,
    /// Whether the cookie outlives the browser window; yes by default.
    pub persistent: bool,
    /// What travels in access tokens.
    pub payload: JsonObject,
    /// What stays in the database.
    pub data: JsonObject,
    /// Declared attributes.
    pub attributes: Attributes,
}

impl Default for NewSession {
    fn default() -> Self {
        Self {
            client: Client::default(),
            persistent: true,
            payload: JsonObject::new(),
            data: JsonObject::new(),
            attributes: Attributes::new(),
        }
    }
}

impl NewSession {
    /// A session asked for by this client.
    pub fn from_client(client: Client) -> Self {
        Self {
            client,
            ..Self::default()
        }
    }
}

/// A session and the token that opens it, to be handed to its owner.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "the token must reach its owner, for example with `AuthRequest::set_session`"]
pub struct IssuedSession {
    /// The session.
    pub session: Session,
    /// What opens it; nothing, when `tokens` do.
    pub token: SessionToken,
    /// What opens it under the token strategy.
    pub tokens: Option<SessionTokens>,
    /// Why the password it was opened with would be refused as a new one today; empty when it would not, and when there was
    /// none. Ask for another one: nobody is refused for it.
    pub weak_password: Vec<WeakPasswordReason>,
}

/// A session that was presented and is alive.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ValidSession {
    /// The session; `fresh` when it was renewed just now.
    pub session: Session,
    /// Its new token, when it was renewed: the presented one ends after the grace period.
    pub renewed: Option<SessionToken>,
}

impl Auth {
    /// Opens a session for somebody who has just proved who they are.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUserId`] when the user is gone, [`ErrorKind::UserBanned`] when the user is shut out,
    /// [`ErrorKind::ValidationFailed`] when the payload is longer than 1536 bytes of JSON,
    /// [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "createNewSession")]
    #[doc(alias = "createSession")]
    pub async fn create_session(&self, proof: &Proof, mut new: NewSession) -> Result<IssuedSession> {
        check_payload(&new.payload)?;
        let now = self.now();
        if proof.user().is_banned(now) {
            return Err(ErrorKind::UserBanned.into());
        }
        let declared = self.inner.config.schema.session_attributes();
        self.check_attributes(&new.attributes, declared)?;
        new.attributes.complete(declared);
        let config = &self.inner.config.sessions;
        let token = SessionToken::issue(self.inner.entropy.as_ref())?;
        let refresh = match &self.inner.tokens {
            Some(strategy) => Some(strategy.issue_refresh(self, token.id(), None, now).await?),
            None => None,
        };
        let secret_digest = refresh
            .as_ref()
            .map_or_else(|| token.digest(), |refresh| refresh.generation().at_rest);
        let record = SessionRecord {
            id: token.id().clone(),
            user_id: proof.user_id().clone(),
            secret_digest,
            secret_issued_at: now,
            previous_digest: None,
            previous_issued_at: None,
            previous_expires: None,
            active_expires: now + config.active_period,
            idle_expires: now + config.active_period + config.idle_period,
            absolute_expires: config.absolute_period.map(|period| now + period),
            persistent: new.persistent,
            payload: new.payload,
            data: new.data,
            aal: 1,
            amr: vec![Amr {
                method: proof.method().to_owned(),
                timestamp: proof.at(),
            }],
            ip: new.client.ip,
            user_agent: new.client.user_agent.clone(),
            last_seen: now,
            created_at: now,
            updated_at: now,
            attributes: new.attributes,
        };
        let session = record.clone().into_session(now, true);
        // Signed first: a session nobody can be handed is not stored.
        let tokens = match (&self.inner.tokens, refresh) {
            (Some(strategy), Some(refresh)) => Some(strategy.issue(self, &session, proof.user(), refresh, now).await?),
            _ => None,
        };
        self.inner.adapter.set_session(&record).await?;
        if config.cleanup
            && !self.inner.adapter.removes_expired_sessions()
            && let Err(error) = self.delete_expired_user_sessions(proof.user_id()).await
        {
            // The session is stored: whoever was refused now would leave one that nobody holds.
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "dead sessions were not deleted");
        }
        self.emit(
            &Event::new(EventKind::SessionCreated, now, &new.client)
                .user(&record.user_id)
                .session(&record.id),
        );
        if config.one_per_user {
            // After the new one is there: whoever signs in last stays, and a store that fails here has signed nobody out.
            self.end_sessions(&record.user_id, Some(&record.id), &new.client)
                .await?;
        }
        Ok(IssuedSession {
            session,
            token,
            tokens,
            weak_password: Vec::new(),
        })
    }

    /// The session a token opens, active or idle, without renewing it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSessionId`] when it is unknown, dead or the secret is wrong,
    /// [`ErrorKind::DatabaseFetchFailed`].
    pub async fn get_session(&self, token: &SessionToken) -> Result<Session> {
        let now = self.now();
        let (record, _) = self.look_up(token, Lookup::Session, now, &Client::default()).await?;
        Ok(record.into_record().opened_with(token, now))
    }

    /// As [`Auth::get_session`], with the user, in one query where the store can join.
    ///
    /// # Errors
    /// As [`Auth::get_session`].
    pub async fn get_session_user(&self, token: &SessionToken) -> Result<(Session, User)> {
        let now = self.now();
        let (record, user) = self.look_up(token, Lookup::WithUser, now, &Client::default()).await?;
        let user = user.ok_or(ErrorKind::InvalidSessionId)?;
        let session = record.into_record().opened_with(token, now);
        Ok((session, Arc::unwrap_or_clone(user)))
    }

    /// The session a token opens; an idle one is renewed, and its new token must reach the client.
    ///
    /// # Errors
    /// As [`Auth::get_session`], and [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn validate_session(&self, token: &SessionToken) -> Result<ValidSession> {
        let (valid, _) = self.validate_token(token, Lookup::Session).await?;
        Ok(valid)
    }

    /// As [`Auth::validate_session`], with the user, in one query where the store can join.
    ///
    /// # Errors
    /// As [`Auth::validate_session`].
    pub async fn validate_session_user(&self, token: &SessionToken) -> Result<(ValidSession, User)> {
        let (valid, user) = self.validate_token(token, Lookup::WithUser).await?;
        let user = user.ok_or(ErrorKind::InvalidSessionId)?;
        Ok((valid, Arc::unwrap_or_clone(user)))
    }

    /// Renews a session now, active or idle: same id, new secret, new expiries. The old secret ends after the grace
    /// period.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSessionId`] when the token opens nothing or was replaced by another renewal meanwhile,
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn renew_session(&self, token: &SessionToken) -> Result<IssuedSession> {
        let now = self.now();
        let client = Client::default();
        let (record, _) = self.look_up(token, Lookup::Session, now, &client).await?;
        let grace_ends = now + self.inner.config.sessions.grace;
        self.rotate(&record, &token.digest(), now, grace_ends, &client)
            .await?
            .ok_or_else(|| ErrorKind::InvalidSessionId.into())
    }

    /// Ends a session. An unknown one is no error.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "invalidateSession")]
    pub async fn invalidate_session(&self, session_id: &SessionId) -> Result<()> {
        self.end_session(session_id, None, &Client::default()).await.map(drop)
    }

    /// As [`Auth::invalidate_session`], knowing who asks and, if need be, whose it is; answers whether there was one.
    pub(crate) async fn end_session(
        &self,
        session_id: &SessionId,
        owner: Option<&UserId>,
        client: &Client,
    ) -> Result<bool> {
        let was_there = self.delete_session(session_id).await?;
        let mut revoked = Event::new(EventKind::SessionRevoked, self.now(), client).session(session_id);
        revoked.user_id = owner.cloned();
        self.emit(&revoked);
        Ok(was_there)
    }

    /// Ends a session, and answers whether there was one. The `revokeSessionUsingSessionHandle` of seed 004.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "revokeSessionUsingSessionHandle")]
    #[doc(alias = "revokeSession")]
    pub async fn revoke_session(&self, handle: &SessionId) -> Result<bool> {
        self.end_session(handle, None, &Client::default()).await
    }

    /// Ends sessions, and answers which of them there were.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUpdateFailed`]; those before the failure have ended.
    #[doc(alias = "revokeMultipleSessions")]
    pub async fn revoke_sessions(&self, handles: &[SessionId]) -> Result<Vec<SessionId>> {
        let mut ended = Vec::new();
        for handle in handles {
            if self.revoke_session(handle).await? {
                ended.push(handle.clone());
            }
        }
        Ok(ended)
    }

    /// [`Auth::invalidate_all_user_sessions`] under its name in seed 004.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "revokeAllSessionsForUser")]
    pub async fn revoke_all_sessions_for_user(&self, user_id: &UserId) -> Result<()> {
        self.invalidate_all_user_sessions(user_id).await
    }

    /// The handles of the user's live sessions, oldest first; none for an unknown user.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`].
    #[doc(alias = "getAllSessionHandlesForUser")]
    pub async fn get_all_session_handles_for_user(&self, user_id: &UserId) -> Result<Vec<SessionId>> {
        let now = self.now();
        let records = self.inner.adapter.get_sessions_by_user_id(user_id).await?;
        let alive = records.into_iter().filter(|record| record.is_alive(now));
        Ok(alive.map(|record| record.id).collect())
    }

    /// What stays in the database with a session.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthorised`] when there is no such session, [`ErrorKind::DatabaseFetchFailed`].
    #[doc(alias = "getSessionData")]
    pub async fn get_session_data(&self, handle: &SessionId) -> Result<JsonObject> {
        Ok(self.live_session(handle, self.now()).await?.data)
    }

    /// Replaces what travels in access tokens; those already issued keep what they have.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthorised`] when there is no such session, [`ErrorKind::ValidationFailed`] when the payload is
    /// longer than 1536 bytes of JSON, [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "updateJWTPayload")]
    #[doc(alias = "mergeIntoAccessTokenPayload")]
    pub async fn update_session_payload(&self, handle: &SessionId, payload: JsonObject) -> Result<()> {
        check_payload(&payload)?;
        let patch = SessionPatch {
            payload: Some(payload),
            ..SessionPatch::default()
        };
        self.patch_session(handle, patch).await.map_err(in_supertokens_words)
    }

    /// Ends all sessions of a user. An unknown user is no error.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn invalidate_all_user_sessions(&self, user_id: &UserId) -> Result<()> {
        self.end_sessions(user_id, None, &Client::default()).await
    }

    /// Ends all sessions of a user but one.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn invalidate_other_user_sessions(&self, user_id: &UserId, keep: &SessionId) -> Result<()> {
        self.end_sessions(user_id, Some(keep), &Client::default()).await
    }

    /// Ends all sessions of a user, or all but one, knowing who asks.
    pub(crate) async fn end_sessions(
        &self,
        user_id: &UserId,
        except: Option<&SessionId>,
        client: &Client,
    ) -> Result<()> {
        self.delete_sessions_of(user_id, except).await?;
        let reason = if except.is_some() { "others" } else { "all" };
        self.emit(
            &Event::new(EventKind::SessionRevoked, self.now(), client)
                .user(user_id)
                .reason(reason),
        );
        Ok(())
    }

    /// Deletes the sessions of a user that are dead. An unknown user is no error.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn delete_expired_user_sessions(&self, user_id: &UserId) -> Result<()> {
        let now = self.now();
        self.delete_dead_sessions(Some(user_id), now).await?;
        Ok(())
    }

    /// Deletes every dead session and every ended window of attempts, and answers how many sessions they were; for a
    /// scheduled task.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn delete_expired_sessions(&self) -> Result<u64> {
        let now = self.now();
        self.inner.adapter.delete_expired_attempts(now).await?;
        self.delete_dead_sessions(None, now).await
    }

    /// The live sessions of a user, oldest first.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUserId`] when there is no such user, [`ErrorKind::DatabaseFetchFailed`].
    pub async fn get_all_user_sessions(&self, user_id: &UserId) -> Result<Vec<Session>> {
        let now = self.now();
        self.get_user(user_id).await?;
        let records = self.inner.adapter.get_sessions_by_user_id(user_id).await?;
        Ok(records
            .into_iter()
            .map(|record| record.into_session(now, false))
            .filter(|session| session.state != crate::model::SessionState::Dead)
            .collect())
    }

    /// Replaces what stays in the database with a session.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthorised`] when there is no such session, [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "updateSessionData")]
    pub async fn update_session_data(&self, session_id: &SessionId, data: JsonObject) -> Result<()> {
        self.patch_session(
            session_id,
            SessionPatch {
                data: Some(data),
                ..SessionPatch::default()
            },
        )
        .await
        .map_err(in_supertokens_words)
    }

    /// Changes the given attributes of a session; the others stay.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSessionId`] when there is no such session, [`ErrorKind::ValidationFailed`] when an
    /// attribute is not declared or of another type, [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn update_session_attributes(&self, session_id: &SessionId, attributes: Attributes) -> Result<()> {
        self.check_attributes(&attributes, self.inner.config.schema.session_attributes())?;
        self.patch_session(
            session_id,
            SessionPatch {
                attributes,
                ..SessionPatch::default()
            },
        )
        .await
    }

    async fn patch_session(&self, session_id: &SessionId, mut patch: SessionPatch) -> Result<()> {
        patch.updated_at = Some(self.now());
        self.inner.adapter.update_session(session_id, &patch).await
    }

    /// Refuses attributes nobody declared, values of another type, and what is too long to be unique.
    pub(crate) fn check_attributes(&self, given: &Attributes, declared: &[Attribute]) -> Result<()> {
        for (name, value) in given.iter() {
            match declared.iter().find(|attribute| attribute.name() == name) {
                Some(attribute) if value.is_of(attribute.kind()) && attribute.has_room_for(value) => {}
                Some(attribute) if value.is_of(attribute.kind()) => {
                    let longest = Attribute::LONGEST_UNIQUE;
                    return Err(Error::from(ErrorKind::ValidationFailed)
                        .detail(format!("The attribute {name} may have {longest} characters at most.")));
                }
                Some(_) => {
                    return Err(Error::from(ErrorKind::ValidationFailed)
                        .detail(format!("The attribute {name} has a value of another type.")));
                }
                None => {
                    return Err(
                        Error::from(ErrorKind::ValidationFailed).detail(format!("There is no attribute {name}."))
                    );
                }
            }
        }
        Ok(())
    }
}

/// A payload travels in cookies, which browsers drop when they are too long.
fn check_payload(payload: &JsonObject) -> Result<()> {
    const MAX_BYTES: usize = 1_536;
    if payload.is_empty() || serde_json::to_vec(payload).is_ok_and(|text| text.len() <= MAX_BYTES) {
        return Ok(());
    }
    Err(Error::from(ErrorKind::ValidationFailed).detail("A payload has at most 1536 bytes of JSON."))
}

/// What is asked by handle is answered as SuperTokens does.
fn in_supertokens_words(error: Error) -> Error {
    match error.kind() {
        ErrorKind::InvalidSessionId => ErrorKind::Unauthorised.into(),
        _ => error,
    }
}
