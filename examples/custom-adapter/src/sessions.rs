//! Sessions and attempts.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::{
    AttemptCount, AttemptSubject, Digest, Error, ErrorKind, Result, SessionId, SessionPatch, SessionRecord,
    SessionRotation, SessionState, Timestamp, UserId,
    adapter::{AttemptAdapter, SessionAdapter},
};

use crate::VecAdapter;

#[async_trait]
impl SessionAdapter for VecAdapter {
    async fn get_session(&self, session_id: &SessionId) -> Result<Option<SessionRecord>> {
        let tables = self.tables();
        Ok(tables
            .sessions
            .iter()
            .find(|session| session.id == *session_id)
            .cloned())
    }

    async fn get_sessions_by_user_id(&self, user_id: &UserId) -> Result<Vec<SessionRecord>> {
        let tables = self.tables();
        let own = tables.sessions.iter().filter(|session| session.user_id == *user_id);
        let mut sessions: Vec<_> = own.cloned().collect();
        sessions.sort_by_key(|session| session.created_at);
        Ok(sessions)
    }

    async fn set_session(&self, session: &SessionRecord) -> Result<()> {
        let mut tables = self.tables();
        if tables.user(&session.user_id).is_none() {
            return Err(ErrorKind::InvalidUserId.into());
        }
        if tables.sessions.iter().any(|other| other.id == session.id) {
            return Err(Error::update_failed("a session with this id exists"));
        }
        tables.sessions.push(session.clone());
        Ok(())
    }

    async fn update_session(&self, session_id: &SessionId, patch: &SessionPatch) -> Result<()> {
        let mut tables = self.tables();
        let session = tables.sessions.iter_mut().find(|session| session.id == *session_id);
        patch.apply(session.ok_or(ErrorKind::InvalidSessionId)?);
        Ok(())
    }

    async fn rotate_session(
        &self,
        session_id: &SessionId,
        expected: &Digest,
        rotation: &SessionRotation,
    ) -> Result<bool> {
        let mut tables = self.tables();
        let session = tables
            .sessions
            .iter_mut()
            .find(|session| session.id == *session_id && session.secret_digest == *expected);
        match session {
            Some(session) => {
                rotation.apply(session);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    async fn delete_session(&self, session_id: &SessionId) -> Result<bool> {
        let mut tables = self.tables();
        let before = tables.sessions.len();
        tables.sessions.retain(|session| session.id != *session_id);
        Ok(tables.sessions.len() < before)
    }

    async fn delete_sessions_by_user_id(&self, user_id: &UserId, except: Option<&SessionId>) -> Result<()> {
        let goes = |session: &SessionRecord| session.user_id == *user_id && Some(&session.id) != except;
        self.tables().sessions.retain(|session| !goes(session));
        Ok(())
    }

    async fn delete_expired_sessions(&self, user_id: Option<&UserId>, now: Timestamp) -> Result<u64> {
        let mut tables = self.tables();
        let before = tables.sessions.len();
        tables.sessions.retain(|session| {
            user_id.is_some_and(|user_id| session.user_id != *user_id) || session.state(now) != SessionState::Dead
        });
        Ok((before - tables.sessions.len()) as u64)
    }

    async fn delete_session_if_dead(&self, session_id: &SessionId, now: Timestamp) -> Result<()> {
        let goes = |session: &SessionRecord| session.id == *session_id && session.state(now) == SessionState::Dead;
        self.tables().sessions.retain(|session| !goes(session));
        Ok(())
    }
}

#[async_trait]
impl AttemptAdapter for VecAdapter {
    async fn count_attempt(
        &self,
        subject: &AttemptSubject,
        action: &str,
        window: Duration,
        now: Timestamp,
    ) -> Result<AttemptCount> {
        let mut tables = self.tables();
        let counted =
            |attempt: &&mut (String, String, AttemptCount)| attempt.0 == subject.as_str() && attempt.1 == action;
        let new = AttemptCount {
            count: 1,
            window_ends: now + window,
        };
        match tables.attempts.iter_mut().find(counted) {
            Some((.., count)) if count.window_ends < now => *count = new,
            Some((.., count)) => count.count += 1,
            None => tables
                .attempts
                .push((subject.as_str().to_owned(), action.to_owned(), new)),
        }
        let found = tables.attempts.iter_mut().find(counted);
        Ok(found.map_or(new, |(.., count)| *count))
    }

    async fn clear_attempts(&self, subject: &AttemptSubject, action: &str) -> Result<()> {
        let mut tables = self.tables();
        tables
            .attempts
            .retain(|(other, at, _)| other != subject.as_str() || at != action);
        Ok(())
    }

    async fn delete_expired_attempts(&self, now: Timestamp) -> Result<u64> {
        let mut tables = self.tables();
        let before = tables.attempts.len();
        tables.attempts.retain(|(.., count)| count.window_ends >= now);
        Ok((before - tables.attempts.len()) as u64)
    }
}
