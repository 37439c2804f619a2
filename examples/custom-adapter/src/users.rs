//! Users and keys.

use async_trait::async_trait;
use auth_core::{
    Error, ErrorKind, HashedPassword, KeyId, KeyPatch, KeyRecord, Result, Timestamp, User, UserId, UserPatch,
    UserQuery, adapter::UserAdapter,
};

use crate::{Tables, VecAdapter};

impl Tables {
    pub(crate) fn insert_user(&mut self, user: &User, key: Option<&KeyRecord>) -> Result<()> {
        if self.user(&user.id).is_some() {
            return Err(Error::update_failed("a user with this id exists"));
        }
        self.check_unique(user)?;
        // The key first: if it cannot be, neither is the user.
        if let Some(key) = key {
            self.insert_key(key)?;
        }
        self.users.push(user.clone());
        Ok(())
    }

    pub(crate) fn insert_key_of_user(&mut self, key: &KeyRecord) -> Result<()> {
        if self.user(&key.user_id).is_none() {
            return Err(ErrorKind::InvalidUserId.into());
        }
        self.insert_key(key)
    }

    fn insert_key(&mut self, key: &KeyRecord) -> Result<()> {
        if self.keys.iter().any(|other| other.id == key.id) {
            return Err(ErrorKind::DuplicateKeyId.into());
        }
        self.keys.push(key.clone());
        Ok(())
    }

    pub(crate) fn rename_key(
        &mut self,
        user_id: &UserId,
        key_id: &KeyId,
        new_id: &KeyId,
        now: Timestamp,
    ) -> Result<()> {
        let is_taken = self.keys.iter().any(|key| key.id == *new_id);
        let is_theirs = |key: &&mut KeyRecord| key.id == *key_id && key.user_id == *user_id;
        let key = self.keys.iter_mut().find(is_theirs);
        let key = key.ok_or(ErrorKind::InvalidKeyId)?;
        if is_taken {
            return Err(ErrorKind::DuplicateKeyId.into());
        }
        key.id = new_id.clone();
        key.updated_at = now;
        Ok(())
    }
}

#[async_trait]
impl UserAdapter for VecAdapter {
    async fn get_user(&self, user_id: &UserId) -> Result<Option<User>> {
        Ok(self.tables().user(user_id).cloned())
    }

    async fn get_users(&self, query: &UserQuery) -> Result<Vec<User>> {
        let mut users = self.tables().users.clone();
        users.retain(|user| query.matches(user) && query.goes_on_to(user));
        users.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        if !query.oldest_first {
            users.reverse();
        }
        let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
        Ok(users.into_iter().skip(offset).take(query.limit as usize).collect())
    }

    async fn count_users(&self, query: &UserQuery) -> Result<u64> {
        let tables = self.tables();
        Ok(tables.users.iter().filter(|user| query.matches(user)).count() as u64)
    }

    async fn set_user(&self, user: &User, key: Option<&KeyRecord>) -> Result<()> {
        self.tables().insert_user(user, key)
    }

    async fn update_user(&self, user_id: &UserId, patch: &UserPatch) -> Result<()> {
        let mut tables = self.tables();
        let changed = tables.patched(user_id, patch)?;
        tables.replace(changed);
        Ok(())
    }

    async fn delete_user(&self, user_id: &UserId) -> Result<()> {
        let mut tables = self.tables();
        tables.sessions.retain(|session| session.user_id != *user_id);
        tables.keys.retain(|key| key.user_id != *user_id);
        tables.tokens.retain(|token| token.user_id != *user_id);
        tables.users.retain(|user| user.id != *user_id);
        Ok(())
    }

    async fn get_key(&self, key_id: &KeyId) -> Result<Option<KeyRecord>> {
        Ok(self.tables().keys.iter().find(|key| key.id == *key_id).cloned())
    }

    async fn get_keys_by_user_id(&self, user_id: &UserId) -> Result<Vec<KeyRecord>> {
        let tables = self.tables();
        let mut keys: Vec<_> = tables
            .keys
            .iter()
            .filter(|key| key.user_id == *user_id)
            .cloned()
            .collect();
        keys.sort_by_key(|key| key.created_at);
        Ok(keys)
    }

    async fn set_key(&self, key: &KeyRecord) -> Result<()> {
        self.tables().insert_key_of_user(key)
    }

    async fn update_key(&self, key_id: &KeyId, patch: &KeyPatch) -> Result<()> {
        let mut tables = self.tables();
        let key = tables.keys.iter_mut().find(|key| key.id == *key_id);
        patch.apply(key.ok_or(ErrorKind::InvalidKeyId)?);
        Ok(())
    }

    async fn delete_key(&self, key_id: &KeyId) -> Result<()> {
        self.tables().keys.retain(|key| key.id != *key_id);
        Ok(())
    }

    async fn delete_non_primary_key(&self, key_id: &KeyId) -> Result<()> {
        self.tables().keys.retain(|key| key.id != *key_id || key.primary);
        Ok(())
    }

    async fn delete_keys_by_user_id(&self, user_id: &UserId) -> Result<()> {
        self.tables().keys.retain(|key| key.user_id != *user_id);
        Ok(())
    }

    async fn take_key(&self, key_id: &KeyId) -> Result<bool> {
        let mut tables = self.tables();
        let before = tables.keys.len();
        tables.keys.retain(|key| key.id != *key_id);
        Ok(tables.keys.len() < before)
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
        let changed = tables.patched(user_id, patch)?;
        tables.rename_key(user_id, key_id, new_id, now)?;
        // From here nothing fails any more.
        tables.replace(changed);
        Ok(())
    }

    async fn set_password(&self, user_id: &UserId, hash: Option<&HashedPassword>, now: Timestamp) -> Result<()> {
        let mut tables = self.tables();
        let stays = |key: &KeyRecord| key.user_id == *user_id && key.expires.is_none();
        let some_have = tables
            .keys
            .iter()
            .any(|key| stays(key) && key.hashed_password.is_some());
        let mut changed = false;
        for key in tables.keys.iter_mut().filter(|key| stays(key)) {
            if if some_have {
                key.hashed_password.is_some()
            } else {
                key.primary
            } {
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
        let key = tables.keys.iter_mut().find(|key| key.id == *key_id);
        match key {
            Some(key) if key.hashed_password.as_ref() == Some(expected) => {
                key.hashed_password = Some(new.clone());
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
