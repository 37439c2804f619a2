use std::{fmt, time::Duration};

use crate::{
    address::key_id,
    auth::Auth,
    error::{ErrorKind, Result},
    event::{Event, EventKind},
    id::UserId,
    model::{Key, KeyPatch, KeyRecord, User},
    password::Verified,
    proof::Proof,
    request::Client,
    secret::Password,
};

/// What a new key starts with.
pub struct NewKey {
    provider: String,
    provider_user_id: String,
    password: Option<Password>,
    expires_in: Option<Duration>,
}

impl NewKey {
    /// A key that stays until it is deleted.
    pub fn persistent(provider: impl Into<String>, provider_user_id: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            provider_user_id: provider_user_id.into(),
            password: None,
            expires_in: None,
        }
    }

    /// A key that can be used once, within a time.
    pub fn single_use(provider: impl Into<String>, provider_user_id: impl Into<String>, expires_in: Duration) -> Self {
        Self {
            expires_in: Some(expires_in),
            ..Self::persistent(provider, provider_user_id)
        }
    }

    /// Asks for this password.
    #[must_use]
    pub fn password(mut self, password: impl Into<Password>) -> Self {
        self.password = Some(password.into());
        self
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey")
            .field("provider", &self.provider)
            .field("provider_user_id", &self.provider_user_id)
            .finish_non_exhaustive()
    }
}

/// A key somebody has just used, and the proof it makes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UsedKey {
    /// The key.
    pub key: Key,
    /// What opens a session for its owner.
    pub proof: Proof,
}

impl Auth {
    /// Adds a key to a user; never a primary one, those are made with the user.
    ///
    /// # Errors
    /// [`ErrorKind::DuplicateKeyId`] when it is taken, [`ErrorKind::InvalidUserId`], [`ErrorKind::WeakPassword`],
    /// [`ErrorKind::ValidationFailed`], [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn create_key(&self, user_id: &UserId, new: NewKey) -> Result<Key> {
        let now = self.now();
        let id = key_id(&new.provider, &new.provider_user_id)?;
        let hashed_password = match new.password {
            Some(password) => {
                let context = [id.provider_user_id()];
                self.inner.passwords.check_new(&password, &context).await?;
                Some(self.inner.passwords.hash(password, user_id).await?)
            }
            None => None,
        };
        let record = KeyRecord {
            id,
            user_id: user_id.clone(),
            hashed_password,
            primary: false,
            expires: new.expires_in.map(|time| now + time),
            created_at: now,
            updated_at: now,
        };
        self.inner.adapter.set_key(&record).await?;
        Ok(record.to_key())
    }

    /// Uses a key: checks its password and its time, and takes it if it is single-use. A wrong password leaves it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidKeyId`] when there is no such key, [`ErrorKind::InvalidPassword`] when the password is
    /// wrong or missing, or given for a key that has none, [`ErrorKind::OutdatedPassword`],
    /// [`ErrorKind::ExpiredKey`], [`ErrorKind::Busy`], [`ErrorKind::DatabaseFetchFailed`],
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn use_key(&self, provider: &str, provider_user_id: &str, password: Option<Password>) -> Result<UsedKey> {
        if let Some(password) = &password {
            let checked = self.inner.passwords.check_size(password);
            checked.map_err(|_| ErrorKind::InvalidPassword)?;
        }
        let id = key_id(provider, provider_user_id)?;
        let found = self.inner.adapter.get_key_and_user(&id).await?;
        let has_password = password.is_some();
        let (key, user) = self.check_key(found, password, ErrorKind::InvalidKeyId).await?;
        let now = self.now();
        let method = match (has_password, key.expires) {
            (true, _) => "password",
            (false, Some(_)) => "otp",
            // Another provider vouches for whoever uses a key that stays and has no password.
            (false, None) => "oauth",
        };
        if key.expires.is_some() {
            let taken = self.inner.adapter.take_key(&key.id).await?;
            if key.is_expired(now) {
                return Err(ErrorKind::ExpiredKey.into());
            }
            if !taken {
                return Err(ErrorKind::InvalidKeyId.into());
            }
        }
        Ok(UsedKey {
            key: key.to_key(),
            proof: Proof::new(user, method, now),
        })
    }

    /// Checks the password of a key, with the same work whether there is a key, a password or neither, and replaces an
    /// outdated hash.
    pub(crate) async fn check_key(
        &self,
        found: Option<(KeyRecord, User)>,
        password: Option<Password>,
        unknown: ErrorKind,
    ) -> Result<(KeyRecord, User)> {
        let stored = found
            .as_ref()
            .and_then(|(key, _)| Some((&key.user_id, key.hashed_password.as_ref()?)));
        let verified = match password {
            Some(password) => {
                let rehash = Password::new(password.expose());
                let verified = self.inner.passwords.verify(password, stored).await;
                if let (Ok(Verified::Outdated), Some((key, _))) = (&verified, &found) {
                    self.upgrade_hash(key, rehash).await;
                }
                matches!(verified?, Verified::Yes | Verified::Outdated)
            }
            None => stored.is_none(),
        };
        let (key, user) = found.ok_or(unknown)?;
        if verified {
            Ok((key, user))
        } else {
            Err(ErrorKind::InvalidPassword.into())
        }
    }

    /// Replaces an outdated hash; when that fails the sign-in goes on, the next one tries again.
    async fn upgrade_hash(&self, key: &KeyRecord, password: Password) {
        let Some(old) = &key.hashed_password else { return };
        let upgraded = async {
            let new = self.inner.passwords.hash(password, &key.user_id).await?;
            self.inner.adapter.replace_hash(&key.id, old, &new).await
        };
        if let Err(error) = upgraded.await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "an outdated password hash was not replaced"
            );
        }
    }

    /// The key, without checking its password or time.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidKeyId`] when there is none, [`ErrorKind::DatabaseFetchFailed`].
    pub async fn get_key(&self, provider: &str, provider_user_id: &str) -> Result<Key> {
        let key = self.inner.adapter.get_key(&key_id(provider, provider_user_id)?).await?;
        key.map(|key| key.to_key())
            .ok_or_else(|| ErrorKind::InvalidKeyId.into())
    }

    /// All keys of a user, oldest first, expired ones too.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUserId`] when there is no such user, [`ErrorKind::DatabaseFetchFailed`].
    pub async fn get_all_user_keys(&self, user_id: &UserId) -> Result<Vec<Key>> {
        self.get_user(user_id).await?;
        let keys = self.inner.adapter.get_keys_by_user_id(user_id).await?;
        Ok(keys.iter().map(KeyRecord::to_key).collect())
    }

    /// Sets or removes the password of one key. Sessions go on; end them with
    /// [`Auth::invalidate_all_user_sessions`] if that is wanted.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidKeyId`] when there is no such key, [`ErrorKind::WeakPassword`], [`ErrorKind::Busy`],
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn update_key_password(
        &self,
        provider: &str,
        provider_user_id: &str,
        password: Option<Password>,
    ) -> Result<()> {
        let id = key_id(provider, provider_user_id)?;
        if let Some(password) = &password {
            let context = [id.provider_user_id()];
            self.inner.passwords.check_new(password, &context).await?;
        }
        let key = self.inner.adapter.get_key(&id).await?.ok_or(ErrorKind::InvalidKeyId)?;
        let hash = match password {
            Some(password) => Some(self.inner.passwords.hash(password, &key.user_id).await?),
            None => None,
        };
        let patch = KeyPatch {
            hashed_password: Some(hash),
            updated_at: Some(self.now()),
            ..KeyPatch::default()
        };
        self.inner.adapter.update_key(&id, &patch).await?;
        let changed = Event::new(EventKind::PasswordChanged, self.now(), &Client::default());
        self.emit(&changed.reason("key").user(&key.user_id));
        Ok(())
    }

    /// Deletes a key unless it is primary. An unknown one is no error.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when it cannot be a key, [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn delete_key(&self, provider: &str, provider_user_id: &str) -> Result<()> {
        let id = key_id(provider, provider_user_id)?;
        self.inner.adapter.delete_non_primary_key(&id).await
    }
}
