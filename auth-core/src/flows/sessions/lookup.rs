//! From a token to a session: the table of states, in one place.

use std::sync::Arc;

use crate::{
    adapter::{Recent, shared},
    auth::Auth,
    clock::Timestamp,
    error::{ErrorKind, Result},
    event::{Event, EventKind},
    id::SessionId,
    model::{Session, SessionPatch, SessionRecord, SessionRotation, SessionState, SharedSession, User},
    request::Client,
    secret::{Digest, SessionToken},
};

use super::{IssuedSession, ValidSession};

/// What to read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookup {
    Session,
    WithUser,
}

/// A session, with its user if that was asked for; shared, because a store that has them in memory need not copy them.
type FoundRows = (Arc<SharedSession>, Option<Arc<User>>);

/// What to do with an idle session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// New secret, new expiries: the client can be given a new cookie.
    Rotate,
    /// New expiries only: a bearer client has no way to learn a new secret.
    Extend,
}

impl Auth {
    /// Reads the session of a token and checks secret and state; a dead one is deleted.
    pub(crate) async fn look_up(
        &self,
        token: &SessionToken,
        lookup: Lookup,
        now: Timestamp,
        client: &Client,
    ) -> Result<FoundRows> {
        let digest = token.digest();
        let found = self.read_session(token.id(), &digest, lookup, now).await?;
        let (session, user) = found.ok_or(ErrorKind::InvalidSessionId)?;
        if !session.is_opened_by(&digest, now) {
            self.emit(&self.session_event(EventKind::SessionSecretWrong, &session, now, client));
            return Err(ErrorKind::InvalidSessionId.into());
        }
        if session.state(now) == SessionState::Dead {
            if self.inner.config.sessions.cleanup {
                self.delete_session_if_dead(&session.id, now).await?;
            }
            self.emit(&self.session_event(EventKind::SessionExpired, &session, now, client));
            return Err(ErrorKind::InvalidSessionId.into());
        }
        if user.as_ref().is_some_and(|user| user.is_banned(now)) {
            return Err(ErrorKind::InvalidSessionId.into());
        }
        Ok((session, user))
    }

    /// Reads the row of a token. A cache or a replica is believed when it says yes; a no is the store's own.
    async fn read_session(
        &self,
        id: &SessionId,
        digest: &Digest,
        lookup: Lookup,
        now: Timestamp,
    ) -> Result<Option<FoundRows>> {
        let adapter = &self.inner.adapter;
        let says_yes =
            |session: &SessionRecord| session.state(now) == SessionState::Active && session.is_opened_by(digest, now);
        match lookup {
            Lookup::Session => {
                let session = match adapter.get_recent_session(id).await? {
                    Recent::Current(session) => session,
                    Recent::MaybeOld(session) if says_yes(&session) => Some(session),
                    Recent::MaybeOld(_) => adapter.get_session(id).await?.map(SharedSession::new),
                };
                Ok(session.map(|session| (session, None)))
            }
            Lookup::WithUser => {
                let found = match adapter.get_recent_session_and_user(id).await? {
                    Recent::Current(found) => found,
                    Recent::MaybeOld((session, user)) if says_yes(&session) && !user.is_banned(now) => {
                        Some((session, user))
                    }
                    Recent::MaybeOld(_) => adapter.get_session_and_user(id).await?.map(shared),
                };
                Ok(found.map(|(session, user)| (session, Some(user))))
            }
        }
    }

    /// A session that is alive, and its user who is not shut out, as the store itself has them.
    pub(crate) async fn live_session_and_user(&self, id: &SessionId) -> Result<Option<(SessionRecord, User)>> {
        let found = self.inner.adapter.get_session_and_user(id).await?;
        let now = self.now();
        Ok(found.filter(|(session, user)| session.is_alive(now) && !user.is_banned(now)))
    }

    /// Looks up and renews an idle session.
    pub(super) async fn validate_token(
        &self,
        token: &SessionToken,
        lookup: Lookup,
    ) -> Result<(ValidSession, Option<Arc<User>>)> {
        let client = Client::default();
        let now = self.now();
        let (record, user) = self.look_up(token, lookup, now, &client).await?;
        let record = record.into_record();
        let valid = self.renew_if_idle(record, token, Renewal::Rotate, now, &client).await?;
        Ok((valid, user))
    }

    /// The session as it is while it is active, renewed when it is idle.
    pub(crate) async fn renew_if_idle(
        &self,
        record: SessionRecord,
        token: &SessionToken,
        renewal: Renewal,
        now: Timestamp,
        client: &Client,
    ) -> Result<ValidSession> {
        if record.state(now) == SessionState::Active {
            if self.is_touch_due(&record, now) {
                self.touch(&record, now).await?;
            }
            return Ok(ValidSession::as_it_is(record, token, now));
        }
        if renewal == Renewal::Extend {
            return self.extend(record, token, now, client).await;
        }
        let grace_ends = now + self.inner.config.sessions.grace;
        match self.rotate(&record, &token.digest(), now, grace_ends, client).await? {
            Some(issued) => Ok(ValidSession {
                session: issued.session,
                renewed: Some(issued.token),
            }),
            // Another request renewed or ended it in between: what stands now decides.
            None => {
                let (record, _) = self.look_up(token, Lookup::Session, now, client).await?;
                Ok(ValidSession::as_it_is(record.into_record(), token, now))
            }
        }
    }

    /// Swaps the secret, if the one with this digest is still the session's; `None` when another request was first.
    pub(crate) async fn rotate(
        &self,
        record: &SessionRecord,
        expected: &Digest,
        now: Timestamp,
        previous_expires: Timestamp,
        client: &Client,
    ) -> Result<Option<IssuedSession>> {
        let config = &self.inner.config.sessions;
        let new_token = SessionToken::issue_for(record.id.clone(), self.inner.entropy.as_ref())?;
        let rotation = SessionRotation {
            secret_digest: new_token.digest(),
            secret_issued_at: now,
            previous_expires,
            active_expires: now + config.active_period,
            idle_expires: now + config.active_period + config.idle_period,
            last_seen: now,
            keeps_previous: false,
        };
        if !self.swap_secret(&record.id, expected, &rotation).await? {
            return Ok(None);
        }
        let mut record = record.clone();
        rotation.apply(&mut record);
        self.emit(&self.session_event(EventKind::SessionRenewed, &record, now, client));
        Ok(Some(IssuedSession {
            session: record.into_session(now, true),
            token: new_token,
            tokens: None,
            weak_password: Vec::new(),
        }))
    }

    /// Puts a secret in the place of the expected one, if that still is the session's. Only the answer may be lost, and its client
    /// would be left with a secret that ends with the grace, or be taken for a thief: so a store that fails is asked what stands.
    pub(crate) async fn swap_secret(
        &self,
        id: &SessionId,
        expected: &Digest,
        rotation: &SessionRotation,
    ) -> Result<bool> {
        let adapter = &self.inner.adapter;
        match adapter.rotate_session(id, expected, rotation).await {
            Err(error) if error.is_store_failure() && *expected != rotation.secret_digest => {
                match adapter.get_session(id).await {
                    Ok(Some(there)) if there.secret_digest == rotation.secret_digest => Ok(true),
                    _ => Err(error),
                }
            }
            swapped => swapped,
        }
    }

    async fn extend(
        &self,
        mut record: SessionRecord,
        token: &SessionToken,
        now: Timestamp,
        client: &Client,
    ) -> Result<ValidSession> {
        let config = &self.inner.config.sessions;
        let patch = SessionPatch {
            active_expires: Some(now + config.active_period),
            idle_expires: Some(now + config.active_period + config.idle_period),
            last_seen: Some(now),
            updated_at: Some(now),
            ..SessionPatch::default()
        };
        self.inner.adapter.update_session(&record.id, &patch).await?;
        patch.apply(&mut record);
        self.emit(&self.session_event(EventKind::SessionRenewed, &record, now, client));
        Ok(ValidSession {
            session: Session {
                fresh: true,
                ..record.opened_with(token, now)
            },
            renewed: None,
        })
    }

    /// Whether `last_seen` of an active session is to be written.
    pub(crate) fn is_touch_due(&self, record: &SessionRecord, now: Timestamp) -> bool {
        let interval = self.inner.config.sessions.touch_interval;
        interval.is_some_and(|interval| now > record.last_seen + interval)
    }

    pub(crate) async fn touch(&self, record: &SessionRecord, now: Timestamp) -> Result<()> {
        let patch = SessionPatch {
            last_seen: Some(now),
            ..SessionPatch::default()
        };
        self.inner.adapter.update_session(&record.id, &patch).await
    }

    fn session_event(&self, kind: EventKind, session: &SessionRecord, now: Timestamp, client: &Client) -> Event {
        Event::new(kind, now, client)
            .user(&session.user_id)
            .session(&session.id)
    }
}

impl ValidSession {
    pub(crate) fn as_it_is(record: SessionRecord, token: &SessionToken, now: Timestamp) -> Self {
        Self {
            session: record.opened_with(token, now),
            renewed: None,
        }
    }
}
