use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use super::sessions::{SessionTables, session_methods};
use crate::{
    adapter::{Adapter, AttemptAdapter, Recent, Schema, SessionAdapter, SigningKeyAdapter, Store, UserAdapter},
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    id::{KeyId, SessionId, UserId},
    model::{
        AttemptCount, AttemptSubject, Attribute, AttributeValue, EventRecord, KeyPatch, KeyRecord, OneTimeToken,
        OutboxMessage, SessionPatch, SessionRecord, SessionRotation, SharedSession, SigningKeyRecord, User, UserPatch,
        UserQuery,
    },
    secret::{Digest, HashedPassword},
};

/// Users, keys, sessions and attempts in memory, for tests and for trying things out. Clones share the data.
///
/// ```
/// use auth_core::{Auth, Secret, adapters::MemoryAdapter};
///
/// let auth = Auth::builder(MemoryAdapter::default())
///     .secret(Secret::random()?)
///     .base_url("http://localhost:3000")
///     .build()?;
/// # let _ = auth;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryAdapter {
    tables: Arc<Mutex<Tables>>,
}

#[derive(Debug, Default)]
pub(super) struct Tables {
    unique_attributes: Vec<String>,
    pub(super) users: HashMap<UserId, Arc<User>>,
    pub(super) keys: BTreeMap<u64, KeyRecord>,
    pub(super) key_numbers: HashMap<KeyId, u64>,
    inserted_keys: u64,
    sessions: SessionTables,
    pub(super) tokens: BTreeMap<String, OneTimeToken>,
    pub(super) outbox: BTreeMap<String, OutboxMessage>,
    pub(super) events: BTreeMap<String, EventRecord>,
    signing_keys: BTreeMap<i64, SigningKeyRecord>,
}

impl MemoryAdapter {
    pub(super) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    /// Whether the attributes clash with another user's.
    fn check_unique(&self, user: &User) -> Result<()> {
        let value_of = |user: &User, name: &str| user.attributes.get(name).cloned().unwrap_or(AttributeValue::Null);
        for name in &self.unique_attributes {
            let value = value_of(user, name);
            let is_taken = value != AttributeValue::Null
                && self
                    .users
                    .values()
                    .any(|other| other.id != user.id && value_of(other, name) == value);
            if is_taken {
                return Err(ErrorKind::DuplicateUserData.into());
            }
        }
        Ok(())
    }

    fn session_and_user(&self, id: &SessionId) -> Option<(Arc<SharedSession>, Arc<User>)> {
        let session = self.sessions.get(id)?;
        let user = self.users.get(&session.user_id)?;
        Some((session.clone(), user.clone()))
    }

    /// Whether a user may be inserted.
    pub(super) fn check_new(&self, user: &User) -> Result<()> {
        if self.users.contains_key(&user.id) {
            return Err(Error::update_failed("a user with this id exists"));
        }
        self.check_unique(user)
    }

    pub(super) fn patched(&self, user_id: &UserId, patch: &UserPatch) -> Result<User> {
        let user = self.users.get(user_id).ok_or(ErrorKind::InvalidUserId)?;
        let mut user = (**user).clone();
        patch.apply(&mut user);
        self.check_unique(&user)?;
        Ok(user)
    }

    pub(super) fn key(&self, id: &KeyId) -> Option<&KeyRecord> {
        self.keys.get(self.key_numbers.get(id)?)
    }

    fn key_mut(&mut self, id: &KeyId) -> Option<&mut KeyRecord> {
        self.keys.get_mut(self.key_numbers.get(id)?)
    }

    /// Where a new key with this id goes.
    pub(super) fn next_key_number(&mut self, id: &KeyId) -> Result<u64> {
        if self.key_numbers.contains_key(id) {
            return Err(ErrorKind::DuplicateKeyId.into());
        }
        self.inserted_keys += 1;
        Ok(self.inserted_keys)
    }

    fn insert_key(&mut self, key: &KeyRecord) -> Result<()> {
        let number = self.next_key_number(&key.id)?;
        self.key_numbers.insert(key.id.clone(), number);
        self.keys.insert(number, key.clone());
        Ok(())
    }

    fn remove_key(&mut self, id: &KeyId) -> Option<KeyRecord> {
        let number = self.key_numbers.remove(id)?;
        self.keys.remove(&number)
    }

    fn remove_keys_of(&mut self, user_id: &UserId) {
        self.keys.retain(|_, key| key.user_id != *user_id);
        let keys = &self.keys;
        self.key_numbers.retain(|_, number| keys.contains_key(number));
    }

    pub(super) fn has_user(&self, user_id: &UserId) -> Result<()> {
        if self.users.contains_key(user_id) {
            Ok(())
        } else {
            Err(ErrorKind::InvalidUserId.into())
        }
    }
}

#[async_trait]
impl Store for MemoryAdapter {
    fn declare(&self, schema: &Schema) -> Result<(), String> {
        let unique = schema
            .user_attributes()
            .iter()
            .filter(|attribute| attribute.is_unique());
        self.tables().unique_attributes = unique.map(Attribute::name).map(str::to_owned).collect();
        Ok(())
    }
}

#[async_trait]
impl Adapter for MemoryAdapter {
    async fn get_session_and_user(&self, session_id: &SessionId) -> Result<Option<(SessionRecord, User)>> {
        let found = self.tables().session_and_user(session_id);
        Ok(found.map(|(session, user)| (session.into_record(), Arc::unwrap_or_clone(user))))
    }

    async fn get_recent_session(&self, session_id: &SessionId) -> Result<Recent<Arc<SharedSession>>> {
        Ok(Recent::Current(self.tables().sessions.get(session_id).cloned()))
    }

    async fn get_recent_session_and_user(
        &self,
        session_id: &SessionId,
    ) -> Result<Recent<(Arc<SharedSession>, Arc<User>)>> {
        Ok(Recent::Current(self.tables().session_and_user(session_id)))
    }
}

#[async_trait]
impl UserAdapter for MemoryAdapter {
    async fn get_user(&self, user_id: &UserId) -> Result<Option<User>> {
        let user = self.tables().users.get(user_id).cloned();
        Ok(user.map(Arc::unwrap_or_clone))
    }

    async fn get_shared_user(&self, user_id: &UserId) -> Result<Option<Arc<User>>> {
        Ok(self.tables().users.get(user_id).cloned())
    }

    async fn get_users(&self, query: &UserQuery) -> Result<Vec<User>> {
        let tables = self.tables();
        let asked_for = |user: &&Arc<User>| query.matches(user) && query.goes_on_to(user);
        let mut users: Vec<_> = tables.users.values().filter(asked_for).collect();
        users.sort_unstable_by_key(|user| (user.created_at, &user.id));
        if !query.oldest_first {
            users.reverse();
        }
        let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
        Ok(users
            .into_iter()
            .skip(offset)
            .take(query.limit as usize)
            .map(|user| (**user).clone())
            .collect())
    }

    async fn count_users(&self, query: &UserQuery) -> Result<u64> {
        let tables = self.tables();
        Ok(tables.users.values().filter(|user| query.matches(user)).count() as u64)
    }

    async fn set_user(&self, user: &User, key: Option<&KeyRecord>) -> Result<()> {
        let mut tables = self.tables();
        tables.check_new(user)?;
        if let Some(key) = key {
            tables.insert_key(key)?;
        }
        tables.users.insert(user.id.clone(), Arc::new(user.clone()));
        Ok(())
    }

    async fn update_user(&self, user_id: &UserId, patch: &UserPatch) -> Result<()> {
        let mut tables = self.tables();
        let user = tables.patched(user_id, patch)?;
        tables.users.insert(user.id.clone(), Arc::new(user));
        Ok(())
    }

    async fn delete_user(&self, user_id: &UserId) -> Result<()> {
        let mut tables = self.tables();
        tables.sessions.remove_of(user_id, None);
        tables.remove_keys_of(user_id);
        tables.tokens.retain(|_, token| token.user_id != *user_id);
        tables.users.remove(user_id);
        Ok(())
    }

    async fn get_key(&self, key_id: &KeyId) -> Result<Option<KeyRecord>> {
        Ok(self.tables().key(key_id).cloned())
    }

    async fn get_key_and_user(&self, key_id: &KeyId) -> Result<Option<(KeyRecord, User)>> {
        let tables = self.tables();
        let Some(key) = tables.key(key_id) else { return Ok(None) };
        let user = tables.users.get(&key.user_id);
        Ok(user.map(|user| (key.clone(), (**user).clone())))
    }

    async fn get_keys_by_user_id(&self, user_id: &UserId) -> Result<Vec<KeyRecord>> {
        let tables = self.tables();
        let keys = tables.keys.values().filter(|key| key.user_id == *user_id);
        Ok(keys.cloned().collect())
    }

    async fn set_key(&self, key: &KeyRecord) -> Result<()> {
        let mut tables = self.tables();
        tables.has_user(&key.user_id)?;
        tables.insert_key(key)
    }

    async fn update_key(&self, key_id: &KeyId, patch: &KeyPatch) -> Result<()> {
        let mut tables = self.tables();
        let key = tables.key_mut(key_id).ok_or(ErrorKind::InvalidKeyId)?;
        patch.apply(key);
        Ok(())
    }

    async fn delete_key(&self, key_id: &KeyId) -> Result<()> {
        self.tables().remove_key(key_id);
        Ok(())
    }

    async fn delete_non_primary_key(&self, key_id: &KeyId) -> Result<()> {
        let mut tables = self.tables();
        if tables.key(key_id).is_some_and(|key| !key.primary) {
            tables.remove_key(key_id);
        }
        Ok(())
    }

    async fn delete_keys_by_user_id(&self, user_id: &UserId) -> Result<()> {
        self.tables().remove_keys_of(user_id);
        Ok(())
    }

    async fn take_key(&self, key_id: &KeyId) -> Result<bool> {
        Ok(self.tables().remove_key(key_id).is_some())
    }

    async fn rename_key(
        &self,
        user_id: &UserId,
        key_id: &KeyId,
        new_id: &KeyId,
        patch: &UserPatch,
        now: Timestamp,
    ) -> Result<()> {
        let mut tables = self.tables();
        let key = tables.key(key_id).filter(|key| key.user_id == *user_id);
        let mut key = key.cloned().ok_or(ErrorKind::InvalidKeyId)?;
        if tables.key(new_id).is_some() {
            return Err(ErrorKind::DuplicateKeyId.into());
        }
        let user = tables.patched(user_id, patch)?;
        let number = tables.key_numbers.remove(key_id).ok_or(ErrorKind::InvalidKeyId)?;
        key.id = new_id.clone();
        key.updated_at = now;
        tables.key_numbers.insert(new_id.clone(), number);
        tables.keys.insert(number, key);
        tables.users.insert(user.id.clone(), Arc::new(user));
        Ok(())
    }

    async fn set_password(&self, user_id: &UserId, hash: Option<&HashedPassword>, now: Timestamp) -> Result<()> {
        let mut tables = self.tables();
        let of_user = |key: &KeyRecord| key.user_id == *user_id && key.expires.is_none();
        let some_have = tables
            .keys
            .values()
            .any(|key| of_user(key) && key.hashed_password.is_some());
        let mut changed = false;
        for key in tables.keys.values_mut().filter(|key| of_user(key)) {
            let is_meant = if some_have {
                key.hashed_password.is_some()
            } else {
                key.primary
            };
            if is_meant {
                key.hashed_password = hash.cloned();
                key.updated_at = now;
                changed = true;
            }
        }
        if changed {
            Ok(())
        } else {
            Err(ErrorKind::InvalidUserId.into())
        }
    }

    async fn replace_hash(&self, key_id: &KeyId, expected: &HashedPassword, new: &HashedPassword) -> Result<bool> {
        let mut tables = self.tables();
        match tables.key_mut(key_id) {
            Some(key) if key.hashed_password.as_ref() == Some(expected) => {
                key.hashed_password = Some(new.clone());
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

session_methods!(MemoryAdapter, tables.sessions, |tables, session| tables
    .has_user(&session.user_id));

#[async_trait]
impl SigningKeyAdapter for MemoryAdapter {
    async fn get_signing_keys(&self) -> Result<Vec<SigningKeyRecord>> {
        Ok(self.tables().signing_keys.values().cloned().collect())
    }

    async fn set_signing_key(&self, key: &SigningKeyRecord) -> Result<bool> {
        let mut tables = self.tables();
        let is_free = !tables.signing_keys.contains_key(&key.generation);
        if is_free {
            tables.signing_keys.insert(key.generation, key.clone());
        }
        Ok(is_free)
    }

    async fn delete_signing_keys(&self, up_to: i64) -> Result<()> {
        self.tables().signing_keys.retain(|generation, _| *generation > up_to);
        Ok(())
    }
}
