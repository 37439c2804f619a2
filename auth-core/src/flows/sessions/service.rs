use crate::{
    auth::Auth,
    error::{Error, ErrorKind, Result},
    event::{Event, EventKind},
    id::{SessionId, UserId},
    model::{Amr, Attributes, JsonObject, Session, SessionPatch, SessionRecord, User},
    proof::Proof,
    request::Client,
    secret::SessionToken,
};

use super::lookup::Lookup;

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
    /// What opens it.
    pub token: SessionToken,
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
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn create_session(&self, proof: &Proof, mut new: NewSession) -> Result<IssuedSession> {
        let now = self.now();
        if proof.user().is_banned(now) {
            return Err(ErrorKind::UserBanned.into());
        }
        let declared = self.inner.config.schema.session_attributes();
        self.check_attributes(&new.attributes, declared)?;
        new.attributes.complete(declared);
        let config = &self.inner.config.sessions;
        let token = SessionToken::issue(self.inner.entropy.as_ref())?;
        let record = SessionRecord {
            id: token.id().clone(),
            user_id: proof.user_id().clone(),
            secret_digest: token.digest(),
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
        self.inner.adapter.set_session(&record).await?;
        if config.cleanup {
            self.delete_expired_user_sessions(proof.user_id()).await?;
        }
        self.emit(
            &Event::new(EventKind::SessionCreated, now, &new.client)
                .user(&record.user_id)
                .session(&record.id),
        );
        Ok(IssuedSession {
            session: record.into_session(now, true),
            token,
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
        Ok(record.into_session(now, false))
    }

    /// As [`Auth::get_session`], with the user, in one query where the store can join.
    ///
    /// # Errors
    /// As [`Auth::get_session`].
    pub async fn get_session_user(&self, token: &SessionToken) -> Result<(Session, User)> {
        let now = self.now();
        let (record, user) = self.look_up(token, Lookup::WithUser, now, &Client::default()).await?;
        let user = user.ok_or(ErrorKind::InvalidSessionId)?;
        Ok((record.into_session(now, false), user))
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
        Ok((valid, user.ok_or(ErrorKind::InvalidSessionId)?))
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
        self.rotate(&record, token, now, grace_ends, &client)
            .await?
            .ok_or_else(|| ErrorKind::InvalidSessionId.into())
    }

    /// Ends a session. An unknown one is no error.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn invalidate_session(&self, session_id: &SessionId) -> Result<()> {
        self.end_session(session_id, &Client::default()).await
    }

    /// As [`Auth::invalidate_session`], knowing who asks.
    pub(crate) async fn end_session(&self, session_id: &SessionId, client: &Client) -> Result<()> {
        self.inner.adapter.delete_session(session_id).await?;
        self.emit(&Event::new(EventKind::SessionRevoked, self.now(), client).session(session_id));
        Ok(())
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
        self.inner.adapter.delete_sessions_by_user_id(user_id, except).await?;
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
        self.inner.adapter.delete_expired_sessions(Some(user_id), now).await?;
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
        self.inner.adapter.delete_expired_sessions(None, now).await
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
    /// [`ErrorKind::InvalidSessionId`] when there is no such session, [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn update_session_data(&self, session_id: &SessionId, data: JsonObject) -> Result<()> {
        self.patch_session(
            session_id,
            SessionPatch {
                data: Some(data),
                ..SessionPatch::default()
            },
        )
        .await
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

    /// Refuses attributes nobody declared and values of another type.
    pub(crate) fn check_attributes(&self, given: &Attributes, declared: &[crate::model::Attribute]) -> Result<()> {
        for (name, value) in given.iter() {
            match declared.iter().find(|attribute| attribute.name() == name) {
                Some(attribute) if value.is_of(attribute.kind()) => {}
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
