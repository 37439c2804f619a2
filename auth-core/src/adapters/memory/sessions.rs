use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use crate::{
    adapter::{AttemptAdapter, SessionAdapter, Store},
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    id::{SessionId, UserId},
    model::{AttemptCount, AttemptSubject, SessionPatch, SessionRecord, SessionRotation, SessionState, SharedSession},
    secret::Digest,
};

/// Sessions and attempts in memory, without users: half of a
/// [`SplitAdapter`](crate::adapter::SplitAdapter). They end with the process.
#[derive(Clone, Debug, Default)]
pub struct MemorySessions {
    tables: Arc<Mutex<SessionTables>>,
}

/// The rows; who may insert a session is the caller's decision.
#[derive(Debug, Default)]
pub(super) struct SessionTables {
    /// With the number of the insertion, which is what "oldest first" means.
    sessions: HashMap<SessionId, (u64, Arc<SharedSession>)>,
    by_user: HashMap<UserId, BTreeMap<u64, SessionId>>,
    inserted: u64,
    attempts: HashMap<(AttemptSubject, String), AttemptCount>,
}

impl SessionTables {
    pub(super) fn get(&self, id: &SessionId) -> Option<&Arc<SharedSession>> {
        self.sessions.get(id).map(|(_, session)| session)
    }

    pub(super) fn of(&self, user_id: &UserId) -> Vec<SessionRecord> {
        let ids = self.by_user.get(user_id).into_iter().flat_map(BTreeMap::values);
        ids.filter_map(|id| self.get(id).cloned().map(SharedSession::into_record))
            .collect()
    }

    pub(super) fn insert(&mut self, session: &SessionRecord) -> Result<()> {
        if self.sessions.contains_key(&session.id) {
            return Err(Error::update_failed("a session with this id exists"));
        }
        self.inserted += 1;
        self.by_user
            .entry(session.user_id.clone())
            .or_default()
            .insert(self.inserted, session.id.clone());
        self.sessions
            .insert(session.id.clone(), (self.inserted, SharedSession::new(session.clone())));
        Ok(())
    }

    pub(super) fn update(&mut self, id: &SessionId, patch: &SessionPatch) -> Result<()> {
        let (_, session) = self.sessions.get_mut(id).ok_or(ErrorKind::InvalidSessionId)?;
        change(session, |record| patch.apply(record));
        Ok(())
    }

    pub(super) fn rotate(&mut self, id: &SessionId, expected: &Digest, rotation: &SessionRotation) -> bool {
        match self.sessions.get_mut(id) {
            Some((_, session)) if session.secret_digest == *expected => {
                change(session, |record| rotation.apply(record));
                true
            }
            _ => false,
        }
    }

    pub(super) fn remove(&mut self, id: &SessionId) -> bool {
        let Some((number, session)) = self.sessions.remove(id) else {
            return false;
        };
        if let Some(ids) = self.by_user.get_mut(&session.user_id) {
            ids.remove(&number);
            if ids.is_empty() {
                self.by_user.remove(&session.user_id);
            }
        }
        true
    }

    pub(super) fn remove_of(&mut self, user_id: &UserId, except: Option<&SessionId>) {
        for session in self.of(user_id) {
            if Some(&session.id) != except {
                self.remove(&session.id);
            }
        }
    }

    pub(super) fn remove_expired(&mut self, user_id: Option<&UserId>, now: Timestamp) -> u64 {
        let is_dead = |session: &Arc<SharedSession>| session.state(now) == SessionState::Dead;
        let dead: Vec<SessionId> = match user_id {
            Some(user_id) => {
                let ids = self.by_user.get(user_id).into_iter().flat_map(BTreeMap::values);
                ids.filter(|id| self.get(id).is_some_and(is_dead)).cloned().collect()
            }
            None => {
                let all = self.sessions.values().map(|(_, session)| session);
                all.filter(|session| is_dead(session))
                    .map(|session| session.id.clone())
                    .collect()
            }
        };
        for id in &dead {
            self.remove(id);
        }
        dead.len() as u64
    }

    pub(super) fn remove_if_dead(&mut self, id: &SessionId, now: Timestamp) {
        if self
            .get(id)
            .is_some_and(|session| session.state(now) == SessionState::Dead)
        {
            self.remove(id);
        }
    }

    pub(super) fn count(
        &mut self,
        subject: &AttemptSubject,
        action: &str,
        window: Duration,
        now: Timestamp,
    ) -> AttemptCount {
        let fresh = AttemptCount {
            count: 0,
            window_ends: now + window,
        };
        let counted = self
            .attempts
            .entry((subject.clone(), action.to_owned()))
            .or_insert(fresh);
        if counted.window_ends < now {
            *counted = fresh;
        }
        counted.count = counted.count.saturating_add(1);
        *counted
    }

    pub(super) fn clear(&mut self, subject: &AttemptSubject, action: &str) {
        self.attempts.remove(&(subject.clone(), action.to_owned()));
    }

    pub(super) fn remove_expired_attempts(&mut self, now: Timestamp) -> u64 {
        let before = self.attempts.len();
        self.attempts.retain(|_, counted| counted.window_ends >= now);
        (before - self.attempts.len()) as u64
    }
}

/// Whoever still reads the row keeps it as it was.
fn change(session: &mut Arc<SharedSession>, change: impl FnOnce(&mut SessionRecord)) {
    let mut record = SessionRecord::clone(session);
    change(&mut record);
    *session = SharedSession::new(record);
}

impl MemorySessions {
    fn tables(&self) -> MutexGuard<'_, SessionTables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemorySessions {}

/// The session and attempt methods over a `tables()` that derefs to [`SessionTables`]; they differ in nothing else.
macro_rules! session_methods {
    ($adapter:ty, $tables:ident $(. $field:ident)?, |$this:ident, $session:ident| $may_insert:expr) => {
        #[async_trait]
        impl SessionAdapter for $adapter {
            async fn get_session(&self, session_id: &SessionId) -> Result<Option<SessionRecord>> {
                let session = self.$tables()$(.$field)?.get(session_id).cloned();
                Ok(session.map($crate::model::SharedSession::into_record))
            }

            async fn get_sessions_by_user_id(&self, user_id: &UserId) -> Result<Vec<SessionRecord>> {
                Ok(self.$tables()$(.$field)?.of(user_id))
            }

            async fn set_session(&self, $session: &SessionRecord) -> Result<()> {
                let mut $this = self.$tables();
                $may_insert?;
                $this$(.$field)?.insert($session)
            }

            async fn update_session(&self, session_id: &SessionId, patch: &SessionPatch) -> Result<()> {
                self.$tables()$(.$field)?.update(session_id, patch)
            }

            async fn rotate_session(
                &self,
                session_id: &SessionId,
                expected: &Digest,
                rotation: &SessionRotation,
            ) -> Result<bool> {
                Ok(self.$tables()$(.$field)?.rotate(session_id, expected, rotation))
            }

            async fn delete_session(&self, session_id: &SessionId) -> Result<bool> {
                Ok(self.$tables()$(.$field)?.remove(session_id))
            }

            async fn delete_sessions_by_user_id(&self, user_id: &UserId, except: Option<&SessionId>) -> Result<()> {
                self.$tables()$(.$field)?.remove_of(user_id, except);
                Ok(())
            }

            async fn delete_expired_sessions(&self, user_id: Option<&UserId>, now: Timestamp) -> Result<u64> {
                Ok(self.$tables()$(.$field)?.remove_expired(user_id, now))
            }

            async fn delete_session_if_dead(&self, session_id: &SessionId, now: Timestamp) -> Result<()> {
                self.$tables()$(.$field)?.remove_if_dead(session_id, now);
                Ok(())
            }
        }

        #[async_trait]
        impl AttemptAdapter for $adapter {
            async fn count_attempt(
                &self,
                subject: &AttemptSubject,
                action: &str,
                window: Duration,
                now: Timestamp,
            ) -> Result<AttemptCount> {
                Ok(self.$tables()$(.$field)?.count(subject, action, window, now))
            }

            async fn clear_attempts(&self, subject: &AttemptSubject, action: &str) -> Result<()> {
                self.$tables()$(.$field)?.clear(subject, action);
                Ok(())
            }

            async fn delete_expired_attempts(&self, now: Timestamp) -> Result<u64> {
                Ok(self.$tables()$(.$field)?.remove_expired_attempts(now))
            }
        }
    };
}
pub(super) use session_methods;

session_methods!(MemorySessions, tables, |this, session| Ok::<(), Error>(()));
