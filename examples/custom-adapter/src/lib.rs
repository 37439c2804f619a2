//! An adapter of your own, with the public interface only: tables as vectors behind one lock.
//!
//! What to look at: every method is one critical section, so that each act is atomic; the codes the contract names are
//! answered as [`ErrorKind`]s and everything else as [`auth_core::Error::update_failed`]; and the test at the end is the whole
//! proof, one call of the conformance suite.

mod events;
mod outbox;
mod sessions;
mod tokens;
mod users;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use auth_core::{
    AttemptCount, AttributeValue, ErrorKind, EventRecord, KeyRecord, OneTimeToken, OutboxMessage, Result,
    SessionRecord, SigningKeyRecord, User, UserId, UserPatch,
    adapter::{Adapter, Schema, SigningKeyAdapter, Store},
};

/// Everything in vectors.
#[derive(Clone, Debug, Default)]
pub struct VecAdapter {
    tables: Arc<Mutex<Tables>>,
}

#[derive(Clone, Debug, Default)]
struct Tables {
    schema: Schema,
    users: Vec<User>,
    keys: Vec<KeyRecord>,
    sessions: Vec<SessionRecord>,
    /// Subject, action and count.
    attempts: Vec<(String, String, AttemptCount)>,
    tokens: Vec<OneTimeToken>,
    messages: Vec<OutboxMessage>,
    events: Vec<EventRecord>,
    signing_keys: Vec<SigningKeyRecord>,
}

impl VecAdapter {
    /// The tables, whoever panicked while holding them: every change is made in one piece.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn user(&self, id: &UserId) -> Option<&User> {
        self.users.iter().find(|user| user.id == *id)
    }

    /// The user as it would be after a change, if the change is allowed.
    fn patched(&self, id: &UserId, patch: &UserPatch) -> Result<User> {
        let mut user = self.user(id).cloned().ok_or(ErrorKind::InvalidUserId)?;
        patch.apply(&mut user);
        self.check_unique(&user)?;
        Ok(user)
    }

    fn replace(&mut self, changed: User) {
        self.users.retain(|user| user.id != changed.id);
        self.users.push(changed);
    }

    /// Nulls never clash, and nobody clashes with themselves.
    fn check_unique(&self, user: &User) -> Result<()> {
        let unique = self
            .schema
            .user_attributes()
            .iter()
            .filter(|attribute| attribute.is_unique());
        for attribute in unique {
            let value = user.attributes.get(attribute.name());
            let is_taken = value.is_some_and(|value| *value != AttributeValue::Null)
                && self
                    .users
                    .iter()
                    .any(|other| other.id != user.id && other.attributes.get(attribute.name()) == value);
            if is_taken {
                return Err(ErrorKind::DuplicateUserData.into());
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Store for VecAdapter {
    fn declare(&self, schema: &Schema) -> Result<(), String> {
        self.tables().schema = schema.clone();
        Ok(())
    }
}

// The default of `get_session_and_user` asks twice, which is as good as a join here.
impl Adapter for VecAdapter {}

#[async_trait]
impl SigningKeyAdapter for VecAdapter {
    async fn get_signing_keys(&self) -> Result<Vec<SigningKeyRecord>> {
        let mut keys = self.tables().signing_keys.clone();
        keys.sort_by_key(|key| key.generation);
        Ok(keys)
    }

    async fn set_signing_key(&self, key: &SigningKeyRecord) -> Result<bool> {
        let mut tables = self.tables();
        let is_free = tables
            .signing_keys
            .iter()
            .all(|other| other.generation != key.generation);
        if is_free {
            tables.signing_keys.push(key.clone());
        }
        Ok(is_free)
    }

    async fn delete_signing_keys(&self, up_to: i64) -> Result<()> {
        self.tables().signing_keys.retain(|key| key.generation > up_to);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use auth_core::testing::conformance;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_adapter_conforms() {
        let report = conformance::run(async || VecAdapter::default()).await;
        assert_eq!(report.cases(), 124);
    }
}
