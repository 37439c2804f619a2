use std::sync::Arc;

use async_trait::async_trait;

use super::{
    SqlError, SqlErrorKind, SqlValue, Statement, Step,
    adapter::{SqlAdapter, update_error},
    rows::Reader,
    values::{hash, json, key_values, maybe_text, maybe_time, text, time, user_values},
};
use crate::{
    adapter::UserAdapter,
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    id::{KeyId, UserId},
    model::{KeyPatch, KeyRecord, User, UserPatch, UserQuery},
    secret::HashedPassword,
};

impl SqlAdapter {
    async fn user(&self, user_id: &UserId) -> Result<Option<User>> {
        let queries = self.queries();
        let row = self.read_one(&queries.get_user, user_id.as_str()).await?;
        row.map(|mut row| row.user(queries.schema.user_attributes()))
            .transpose()
    }
}

#[async_trait]
impl UserAdapter for SqlAdapter {
    async fn get_user(&self, user_id: &UserId) -> Result<Option<User>> {
        self.user(user_id).await
    }

    // As the default, but by way of `user`: by way of `self` it would be one more boxed future.
    async fn get_shared_user(&self, user_id: &UserId) -> Result<Option<Arc<User>>> {
        Ok(self.user(user_id).await?.map(Arc::new))
    }

    async fn get_users(&self, query: &UserQuery) -> Result<Vec<User>> {
        self.list_users(query).await
    }

    async fn count_users(&self, query: &UserQuery) -> Result<u64> {
        self.count_listed_users(query).await
    }

    async fn set_user(&self, user: &User, key: Option<&KeyRecord>) -> Result<()> {
        let queries = self.queries();
        let user_values = user_values(user, queries.schema.user_attributes())?;
        let mut steps = vec![Step::any(Statement::new(&queries.insert_user, user_values))];
        if let Some(key) = key {
            steps.push(Step::any(Statement::new(&queries.insert_key, key_values(key))));
        }
        let Err(error) = self.write(steps).await else {
            return Ok(());
        };
        Err(match error.step {
            0 => user_error(error),
            _ => key_error(error),
        })
    }

    async fn update_user(&self, user_id: &UserId, patch: &UserPatch) -> Result<()> {
        let Some(update) = self.user_update(user_id.as_str(), patch)? else {
            return match self.get_user(user_id).await? {
                Some(_) => Ok(()),
                None => Err(ErrorKind::InvalidUserId.into()),
            };
        };
        let written = self.write(vec![Step::some(update)]).await;
        written.map(drop).map_err(user_error)
    }

    async fn delete_user(&self, user_id: &UserId) -> Result<()> {
        // Keys and sessions go by the foreign keys.
        self.execute(&self.queries().delete_user, vec![text(user_id.as_str())])
            .await
            .map(drop)
    }

    async fn get_key(&self, key_id: &KeyId) -> Result<Option<KeyRecord>> {
        let row = self.read_one(&self.queries().get_key, key_id.as_str()).await?;
        row.map(|mut row| row.key()).transpose()
    }

    async fn get_key_and_user(&self, key_id: &KeyId) -> Result<Option<(KeyRecord, User)>> {
        let queries = self.queries();
        let Some(mut row) = self.read_one(&queries.get_key_and_user, key_id.as_str()).await? else {
            return Ok(None);
        };
        let key = row.key()?;
        let user = row.user(queries.schema.user_attributes())?;
        Ok(Some((key, user)))
    }

    async fn get_keys_by_user_id(&self, user_id: &UserId) -> Result<Vec<KeyRecord>> {
        let rows = self
            .read(&self.queries().get_keys_of_user, vec![text(user_id.as_str())])
            .await?;
        rows.into_iter().map(|row| Reader::new(row).key()).collect()
    }

    async fn set_key(&self, key: &KeyRecord) -> Result<()> {
        let step = Step::any(Statement::new(&self.queries().insert_key, key_values(key)));
        let written = self.write(vec![step]).await;
        written.map(drop).map_err(key_error)
    }

    async fn update_key(&self, key_id: &KeyId, patch: &KeyPatch) -> Result<()> {
        let mut columns = Vec::new();
        if let Some(password) = &patch.hashed_password {
            columns.push(("hashed_password", hash(password.as_ref())));
        }
        if let Some(expires) = patch.expires {
            columns.push(("expires", maybe_time(expires)));
        }
        if let Some(updated_at) = patch.updated_at {
            columns.push(("updated_at", time(updated_at)));
        }
        let Some(update) = self.update(&self.tables.key, key_id.as_str(), columns) else {
            return match self.get_key(key_id).await? {
                Some(_) => Ok(()),
                None => Err(ErrorKind::InvalidKeyId.into()),
            };
        };
        let written = self.write(vec![Step::some(update)]).await;
        written.map(drop).map_err(key_error)
    }

    async fn delete_key(&self, key_id: &KeyId) -> Result<()> {
        self.execute(&self.queries().delete_key, vec![text(key_id.as_str())])
            .await
            .map(drop)
    }

    async fn delete_non_primary_key(&self, key_id: &KeyId) -> Result<()> {
        self.execute(&self.queries().delete_non_primary_key, vec![text(key_id.as_str())])
            .await
            .map(drop)
    }

    async fn delete_keys_by_user_id(&self, user_id: &UserId) -> Result<()> {
        self.execute(&self.queries().delete_keys_of_user, vec![text(user_id.as_str())])
            .await
            .map(drop)
    }

    async fn take_key(&self, key_id: &KeyId) -> Result<bool> {
        let taken = self
            .execute(&self.queries().delete_key, vec![text(key_id.as_str())])
            .await?;
        Ok(taken > 0)
    }

    async fn rename_key(
        &self,
        user_id: &UserId,
        key_id: &KeyId,
        new_id: &KeyId,
        patch: &UserPatch,
        now: Timestamp,
    ) -> Result<()> {
        let mut steps = vec![self.renaming(user_id, key_id, new_id, now)];
        steps.extend(self.user_update(user_id.as_str(), patch)?.map(Step::some));
        self.write(steps).await.map(drop).map_err(|error| match error.step {
            0 => key_error(error),
            _ => user_error(error),
        })
    }

    async fn set_password(&self, user_id: &UserId, password: Option<&HashedPassword>, now: Timestamp) -> Result<()> {
        let values = vec![hash(password), time(now), text(user_id.as_str())];
        match self.execute(&self.queries().set_password, values).await? {
            0 => Err(ErrorKind::InvalidUserId.into()),
            _ => Ok(()),
        }
    }

    async fn replace_hash(&self, key_id: &KeyId, expected: &HashedPassword, new: &HashedPassword) -> Result<bool> {
        let values = vec![hash(Some(new)), text(key_id.as_str()), hash(Some(expected))];
        Ok(self.execute(&self.queries().replace_hash, values).await? > 0)
    }
}

impl SqlAdapter {
    /// Of this user's key only: it may have become somebody else's.
    pub(super) fn renaming(&self, user_id: &UserId, key_id: &KeyId, new_id: &KeyId, now: Timestamp) -> Step {
        let ids = [key_id.as_str(), user_id.as_str()].map(text);
        let values = [text(new_id.as_str()), time(now)].into_iter().chain(ids).collect();
        Step::some(Statement::new(&self.queries().rename_key, values))
    }

    pub(super) fn user_update(&self, id: &str, patch: &UserPatch) -> Result<Option<Statement>> {
        let mut columns: Vec<(&str, SqlValue)> = Vec::new();
        let mut set = |name, value: Option<SqlValue>| columns.extend(value.map(|value| (name, value)));
        let metadata = |metadata: &Option<_>| metadata.as_ref().map(json).transpose();
        set("email", patch.email.as_ref().map(|email| maybe_text(email.as_deref())));
        set("phone", patch.phone.as_ref().map(|phone| maybe_text(phone.as_deref())));
        set("email_confirmed_at", patch.email_confirmed_at.map(maybe_time));
        set("phone_confirmed_at", patch.phone_confirmed_at.map(maybe_time));
        set("role", patch.role.as_deref().map(text));
        set("app_metadata", metadata(&patch.app_metadata)?);
        set("user_metadata", metadata(&patch.user_metadata)?);
        set("is_anonymous", patch.is_anonymous.map(SqlValue::Boolean));
        set("banned_until", patch.banned_until.map(maybe_time));
        set("last_sign_in_at", patch.last_sign_in_at.map(maybe_time));
        set("deleted_at", patch.deleted_at.map(maybe_time));
        set("updated_at", patch.updated_at.map(time));
        Self::push_attributes(&mut columns, &patch.attributes, self.queries().schema.user_attributes())?;
        Ok(self.update(&self.tables.user, id, columns))
    }
}

/// What a failed write to the table of users means.
pub(super) fn user_error(error: SqlError) -> Error {
    match error.kind {
        SqlErrorKind::PrimaryKey => Error::update_failed(error),
        _ => update_error(error, ErrorKind::DuplicateUserData, ErrorKind::InvalidUserId),
    }
}

/// What a failed write to the table of keys means.
pub(super) fn key_error(error: SqlError) -> Error {
    update_error(error, ErrorKind::DuplicateKeyId, ErrorKind::InvalidKeyId)
}
