use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use super::{Session, SessionRecord, SessionState};
use crate::{clock::Timestamp, secret::SessionToken};

/// A session's row that several requests may hold at a time, and what they all see of it while it is active: made once.
#[derive(Debug)]
pub struct SharedSession {
    record: SessionRecord,
    active: OnceLock<Arc<Session>>,
}

impl SharedSession {
    /// A row that was just read or written.
    pub fn new(record: SessionRecord) -> Arc<Self> {
        Arc::new(Self {
            record,
            active: OnceLock::new(),
        })
    }

    /// The row itself; copied only if somebody else holds it as well.
    pub fn into_record(self: Arc<Self>) -> SessionRecord {
        Arc::try_unwrap(self).map_or_else(|shared| shared.record.clone(), |own| own.record)
    }

    /// The session for whoever opened it with this token, a step behind or not.
    pub(crate) fn opened_with(self: Arc<Self>, token: &SessionToken, now: Timestamp) -> Arc<Session> {
        // A step behind is told apart by the token; everybody else sees the same of an active session.
        if self.state(now) != SessionState::Active || self.has_previous(now) {
            return Arc::new(self.into_record().opened_with(token, now));
        }
        match Arc::try_unwrap(self) {
            Ok(own) => Arc::new(own.record.into_session(now, false)),
            Err(shared) => {
                let make = || Arc::new(shared.record.clone().into_session(now, false));
                Arc::clone(shared.active.get_or_init(make))
            }
        }
    }
}

impl Deref for SharedSession {
    type Target = SessionRecord;

    fn deref(&self) -> &SessionRecord {
        &self.record
    }
}

impl PartialEq for SharedSession {
    fn eq(&self, other: &Self) -> bool {
        self.record == other.record
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        JsonObject, UserId,
        entropy::OsEntropy,
        model::{Attributes, SessionRotation},
    };

    fn opened(shared: &Arc<SharedSession>, token: &SessionToken, now: Timestamp) -> Arc<Session> {
        Arc::clone(shared).opened_with(token, now)
    }

    #[test]
    fn all_see_the_same_of_an_active_session_and_each_its_own_of_any_other() {
        let token = SessionToken::issue(&OsEntropy).unwrap();
        let now = Timestamp::from_unix_ms(1_767_225_600_000);
        let hour = Duration::from_secs(3_600);
        let mut record = SessionRecord {
            id: token.id().clone(),
            user_id: UserId::from("ada"),
            secret_digest: token.digest(),
            secret_issued_at: now,
            previous_digest: None,
            previous_issued_at: None,
            previous_expires: None,
            active_expires: now + hour,
            idle_expires: now + hour + hour,
            absolute_expires: None,
            persistent: true,
            payload: JsonObject::new(),
            data: JsonObject::new(),
            aal: 1,
            amr: Vec::new(),
            ip: None,
            user_agent: Some("Browser".to_owned()),
            last_seen: now,
            created_at: now,
            updated_at: now,
            attributes: Attributes::new(),
        };
        let shared = SharedSession::new(record.clone());
        let session = opened(&shared, &token, now);
        assert_eq!(*session, record.clone().opened_with(&token, now));
        assert!(Arc::ptr_eq(&session, &opened(&shared, &token, now + hour)));
        // Nobody else holds it: it is taken as it is.
        assert_eq!(SharedSession::new(record.clone()).opened_with(&token, now), session);

        let later = now + hour + Duration::from_millis(1);
        assert_eq!(opened(&shared, &token, later).state, SessionState::Idle);
        assert_eq!(opened(&shared, &token, now).state, SessionState::Active);

        // A moment after a renewal, the old token is a step behind and the new one is not.
        let renewed = SessionToken::issue_for(record.id.clone(), &OsEntropy).unwrap();
        SessionRotation {
            secret_digest: renewed.digest(),
            secret_issued_at: now,
            previous_expires: now + hour,
            active_expires: record.active_expires,
            idle_expires: record.idle_expires,
            last_seen: now,
            keeps_previous: false,
        }
        .apply(&mut record);
        let shared = SharedSession::new(record.clone());
        assert!(!opened(&shared, &renewed, now).straggler);
        assert!(opened(&shared, &token, now).straggler);
        assert!(!opened(&shared, &renewed, now).straggler);
        assert_eq!(shared.into_record(), record);
    }
}
