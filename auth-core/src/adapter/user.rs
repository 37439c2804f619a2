use std::sync::Arc;

use async_trait::async_trait;

use super::Store;
use crate::{
    clock::Timestamp,
    error::Result,
    id::{KeyId, UserId},
    model::{KeyPatch, KeyRecord, User, UserPatch, UserQuery},
    secret::HashedPassword,
};

/// Users and their keys.
#[async_trait]
pub trait UserAdapter: Store {
    /// The user with this id.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn get_user(&self, user_id: &UserId) -> Result<Option<User>>;

    /// As [`get_user`](Self::get_user), for requests, which only look at the user: a store that has its rows in memory can share
    /// them instead of copying. Any other can keep the default. Suite: `at01`, `at02`.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn get_shared_user(&self, user_id: &UserId) -> Result<Option<Arc<User>>> {
        Ok(self.get_user(user_id).await?.map(Arc::new))
    }

    /// The users asked for, in the order of their moments and ids: newest first is oldest first backwards, and
    /// [`UserQuery::after`] is a place in this order, whether anybody stands there or not.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn get_users(&self, query: &UserQuery) -> Result<Vec<User>>;

    /// How many users there are of those asked for, whatever its `after`, offset and limit say.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn count_users(&self, query: &UserQuery) -> Result<u64>;

    /// Inserts the user, and the key if there is one; **both or neither**.
    ///
    /// # Errors
    /// `AUTH_DUPLICATE_KEY_ID` when the key id is taken, `AUTH_DUPLICATE_USER_DATA` when a unique attribute is,
    /// `DATABASE_UPDATE_FAILED` for anything else, a taken user id included.
    async fn set_user(&self, user: &User, key: Option<&KeyRecord>) -> Result<()>;

    /// Changes the given columns; an empty patch is no change (and no error for a known user).
    ///
    /// # Errors
    /// `AUTH_INVALID_USER_ID` when there is no such user, `AUTH_DUPLICATE_USER_DATA` when a unique attribute clashes,
    /// `DATABASE_UPDATE_FAILED`.
    async fn update_user(&self, user_id: &UserId, patch: &UserPatch) -> Result<()>;

    /// Removes the user with all keys, and the user's sessions where they are kept in the same store. An unknown id
    /// is no error.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn delete_user(&self, user_id: &UserId) -> Result<()>;

    /// The key with this id.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn get_key(&self, key_id: &KeyId) -> Result<Option<KeyRecord>>;

    /// The key and its user; `None` when either is missing. The default asks twice; override it where one query can
    /// join.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn get_key_and_user(&self, key_id: &KeyId) -> Result<Option<(KeyRecord, User)>> {
        let Some(key) = self.get_key(key_id).await? else {
            return Ok(None);
        };
        let user = self.get_user(&key.user_id).await?;
        Ok(user.map(|user| (key, user)))
    }

    /// All keys of the user, oldest first, expired ones too; empty for an unknown user.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn get_keys_by_user_id(&self, user_id: &UserId) -> Result<Vec<KeyRecord>>;

    /// Inserts a key.
    ///
    /// # Errors
    /// `AUTH_DUPLICATE_KEY_ID` when the id is taken, `AUTH_INVALID_USER_ID` when there is no such user,
    /// `DATABASE_UPDATE_FAILED`.
    async fn set_key(&self, key: &KeyRecord) -> Result<()>;

    /// Changes the given columns; an empty patch is no change (and no error for a known key).
    ///
    /// # Errors
    /// `AUTH_INVALID_KEY_ID` when there is no such key, `DATABASE_UPDATE_FAILED`.
    async fn update_key(&self, key_id: &KeyId, patch: &KeyPatch) -> Result<()>;

    /// Removes the key, primary or not. An unknown id is no error.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn delete_key(&self, key_id: &KeyId) -> Result<()>;

    /// Removes the key unless it is primary, in one act. An unknown id is no error.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn delete_non_primary_key(&self, key_id: &KeyId) -> Result<()>;

    /// Removes all keys of the user. An unknown user is no error.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn delete_keys_by_user_id(&self, user_id: &UserId) -> Result<()>;

    /// Removes the key and answers whether this call removed it: of any number of racers exactly one hears `true`.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn take_key(&self, key_id: &KeyId) -> Result<bool>;

    /// Gives a key of this user a new id and changes the user, **both or neither**.
    ///
    /// # Errors
    /// `AUTH_INVALID_KEY_ID` when the user has no such key, `AUTH_DUPLICATE_KEY_ID` when the new id is taken,
    /// `AUTH_DUPLICATE_USER_DATA` when a unique attribute clashes, `DATABASE_UPDATE_FAILED`.
    async fn rename_key(
        &self,
        user_id: &UserId,
        key_id: &KeyId,
        new_id: &KeyId,
        patch: &UserPatch,
        now: Timestamp,
    ) -> Result<()>;

    /// Sets or removes the password of the user, in one act: on every key that has a password, or on the primary
    /// keys when none has. Single-use keys stay as they are.
    ///
    /// # Errors
    /// `AUTH_INVALID_USER_ID` when the user has no key it could be set on, `DATABASE_UPDATE_FAILED`.
    async fn set_password(&self, user_id: &UserId, hash: Option<&HashedPassword>, now: Timestamp) -> Result<()>;

    /// Replaces the hash of a key if it is still the expected one, and answers whether it was; so that a rehash at
    /// sign-in cannot undo a password change.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn replace_hash(&self, key_id: &KeyId, expected: &HashedPassword, new: &HashedPassword) -> Result<bool>;
}
