use std::fmt;

use crate::{
    adapter::Act,
    address::{EMAIL, PHONE, key_id},
    auth::Auth,
    clock::Timestamp,
    entropy::random_string,
    error::{Error, ErrorKind, Result},
    event::{Event, EventKind},
    id::UserId,
    model::{Attributes, JsonObject, KeyRecord, MADE_BY_ADMINISTRATOR, User, UserPatch},
    request::Client,
    secret::Password,
};

/// What a new user starts with.
///
/// ```
/// use auth_core::{Attributes, NewUser};
///
/// let new = NewUser::with_password("username", "ada", "correct horse battery")
///     .attributes(Attributes::new().with("theme", "dark"));
/// # let _ = new;
/// ```
pub struct NewUser {
    pub(crate) id: Option<UserId>,
    pub(crate) key: Option<(String, String)>,
    pub(crate) password: Option<Password>,
    pub(crate) attributes: Attributes,
    pub(crate) user_metadata: JsonObject,
    pub(crate) app_metadata: JsonObject,
    pub(crate) confirmed: bool,
    pub(crate) anonymous: bool,
    pub(crate) client: Client,
}

impl NewUser {
    /// A user without any key: nobody can sign in until one is added.
    pub fn without_key() -> Self {
        Self {
            id: None,
            key: None,
            password: None,
            attributes: Attributes::new(),
            user_metadata: JsonObject::new(),
            app_metadata: JsonObject::new(),
            confirmed: false,
            anonymous: false,
            client: Client::default(),
        }
    }

    /// A user with a primary key that asks for no password, for example of an outside provider.
    pub fn with_key(provider: impl Into<String>, provider_user_id: impl Into<String>) -> Self {
        Self {
            key: Some((provider.into(), provider_user_id.into())),
            ..Self::without_key()
        }
    }

    /// A user with a primary key and a password.
    pub fn with_password(
        provider: impl Into<String>,
        provider_user_id: impl Into<String>,
        password: impl Into<Password>,
    ) -> Self {
        Self {
            password: Some(password.into()),
            ..Self::with_key(provider, provider_user_id)
        }
    }

    /// An id of the application's choice; it must not be in use.
    #[must_use]
    pub fn id(mut self, id: impl Into<UserId>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Declared attributes.
    #[must_use]
    pub fn attributes(mut self, attributes: Attributes) -> Self {
        self.attributes = attributes;
        self
    }

    /// What the user notes about themselves; at most 64 KiB of JSON.
    #[must_use]
    pub fn user_metadata(mut self, metadata: JsonObject) -> Self {
        self.user_metadata = metadata;
        self
    }

    /// What the application notes about the user; at most 64 KiB of JSON.
    #[must_use]
    pub fn app_metadata(mut self, metadata: JsonObject) -> Self {
        self.app_metadata = metadata;
        self
    }

    /// Until the first proof, which would sweep away what a stranger has written.
    pub(crate) fn made_by_administrator(mut self) -> Self {
        self.app_metadata.insert(MADE_BY_ADMINISTRATOR.to_owned(), true.into());
        self
    }

    /// Whether the address counts as proven.
    #[must_use]
    pub fn confirmed(mut self, confirmed: bool) -> Self {
        self.confirmed = confirmed;
        self
    }

    /// Nobody can sign in to it again.
    pub(crate) fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// From where the account was asked for, for the event.
    #[must_use]
    pub fn client(mut self, client: Client) -> Self {
        self.client = client;
        self
    }
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// A user who is not stored yet, and the key that goes along.
struct Prepared {
    user: User,
    key: Option<KeyRecord>,
}

impl Auth {
    /// Makes a user, with the key if there is one: both or neither.
    ///
    /// # Errors
    /// [`ErrorKind::DuplicateKeyId`] (the seed's `AUTH_DUPLICATE_PROVIDER_ID`) when the key is taken,
    /// [`ErrorKind::DuplicateUserData`] when a unique attribute is, [`ErrorKind::WeakPassword`],
    /// [`ErrorKind::ValidationFailed`], [`ErrorKind::Busy`], [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn create_user(&self, mut new: NewUser) -> Result<User> {
        let (password, client) = (new.password.take(), new.client.clone());
        let Prepared { user, mut key } = self.prepare(new)?;
        if let Some(password) = password {
            let context = key.iter().map(|key| key.id.provider_user_id()).collect::<Vec<_>>();
            self.inner.passwords.check_new(&password, &context).await?;
            let hash = self.inner.passwords.hash(password, &user.id).await?;
            if let Some(key) = &mut key {
                key.hashed_password = Some(hash);
            }
        }
        self.inner.adapter.set_user(&user, key.as_ref()).await?;
        self.emit(&Event::new(EventKind::UserCreated, self.now(), &client).user(&user.id));
        Ok(user)
    }

    /// A user with a key that asks for no password yet; neither is stored.
    pub(crate) fn prepare_user(&self, new: NewUser) -> Result<(User, KeyRecord)> {
        let Prepared { user, key } = self.prepare(new)?;
        let key = key.ok_or_else(|| Error::from(ErrorKind::Unknown).detail("a user without a key"))?;
        Ok((user, key))
    }

    fn prepare(&self, new: NewUser) -> Result<Prepared> {
        let now = self.now();
        self.check_attributes(&new.attributes, self.inner.config.schema.user_attributes())?;
        check_metadata([&new.user_metadata, &new.app_metadata])?;
        let key_id = match &new.key {
            Some((provider, provider_user_id)) => Some(key_id(provider, provider_user_id)?),
            None => None,
        };
        let id = match new.id {
            Some(id) => id,
            None => self.generate_user_id()?,
        };
        let mut user = User::new(id, now);
        user.attributes = new.attributes;
        user.attributes.complete(self.inner.config.schema.user_attributes());
        user.user_metadata = new.user_metadata;
        user.app_metadata = new.app_metadata;
        user.is_anonymous = new.anonymous;
        user.role.clone_from(&self.inner.config.default_role);
        let address = |provider: &str| {
            let of_provider = key_id.as_ref().filter(|key_id| key_id.provider() == provider);
            of_provider.map(|key_id| key_id.provider_user_id().to_owned())
        };
        (user.email, user.phone) = (address(EMAIL), address(PHONE));
        user.email_confirmed_at = user.email.as_ref().filter(|_| new.confirmed).map(|_| now);
        user.phone_confirmed_at = user.phone.as_ref().filter(|_| new.confirmed).map(|_| now);
        let key = key_id.map(|id| KeyRecord {
            id,
            user_id: user.id.clone(),
            hashed_password: None,
            primary: true,
            expires: None,
            created_at: now,
            updated_at: now,
        });
        Ok(Prepared { user, key })
    }

    /// The user with this id.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUserId`] when there is none, [`ErrorKind::DatabaseFetchFailed`].
    pub async fn get_user(&self, user_id: &UserId) -> Result<User> {
        let user = self.inner.adapter.get_user(user_id).await?;
        user.ok_or_else(|| ErrorKind::InvalidUserId.into())
    }

    /// The user of a provider's user.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidProviderId`] when there is none, [`ErrorKind::DatabaseFetchFailed`].
    pub async fn get_user_by_provider_id(&self, provider: &str, provider_user_id: &str) -> Result<User> {
        let key_id = key_id(provider, provider_user_id)?;
        let found = self.inner.adapter.get_key_and_user(&key_id).await?;
        found
            .map(|(_, user)| user)
            .ok_or_else(|| ErrorKind::InvalidProviderId.into())
    }

    /// Changes the given attributes of a user and answers the user as it is then (the seed's `updateUserData`).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUserId`], [`ErrorKind::DuplicateUserData`] when a unique attribute clashes,
    /// [`ErrorKind::ValidationFailed`] when an attribute is not declared or of another type,
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn update_user_attributes(&self, user_id: &UserId, attributes: Attributes) -> Result<User> {
        self.update_user(
            user_id,
            UserPatch {
                attributes,
                ..UserPatch::default()
            },
        )
        .await
    }

    /// Changes the given columns of a user and answers the user as it is then. A ban and another role end all sessions.
    ///
    /// # Errors
    /// As [`Auth::update_user_attributes`]; [`ErrorKind::ValidationFailed`] for metadata of more than 64 KiB of JSON, and for an
    /// address, which is changed with [`Auth::update_user_provider_id`], because its key has to move along.
    #[doc(alias = "updateUser")]
    pub async fn update_user(&self, user_id: &UserId, patch: UserPatch) -> Result<User> {
        self.change_user(user_id, patch, &Client::default()).await
    }

    /// As [`Auth::update_user`], knowing who asks.
    pub(crate) async fn change_user(&self, user_id: &UserId, mut patch: UserPatch, client: &Client) -> Result<User> {
        if patch.email.is_some() || patch.phone.is_some() {
            return Err(Error::from(ErrorKind::ValidationFailed).detail("An address moves with its key."));
        }
        self.check_attributes(&patch.attributes, self.inner.config.schema.user_attributes())?;
        check_metadata(patch.user_metadata.iter().chain(&patch.app_metadata))?;
        let now = self.now();
        patch.updated_at = Some(now);
        let is_other_role = match &patch.role {
            Some(role) => self.get_user(user_id).await?.role != *role,
            None => false,
        };
        let ends_sessions = is_other_role || matches!(patch.banned_until, Some(Some(_)));
        if ends_sessions {
            // Before and after: if the store fails in between, no session with the old role stays.
            self.delete_sessions_of(user_id, None).await?;
        }
        self.inner.adapter.update_user(user_id, &patch).await?;
        if ends_sessions {
            self.end_sessions(user_id, None, client).await?;
        }
        self.emit(&Event::new(EventKind::UserUpdated, now, client).user(user_id));
        self.get_user(user_id).await
    }

    /// Moves a user's key to another provider user id, and the address with it, which counts as proven: whoever calls this
    /// has seen the proof.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUserId`] when the user has no key of this provider, [`ErrorKind::DuplicateKeyId`] (the
    /// seed's `AUTH_DUPLICATE_PROVIDER_ID`) when the new id is taken, [`ErrorKind::ValidationFailed`],
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn update_user_provider_id(
        &self,
        user_id: &UserId,
        provider: &str,
        provider_user_id: &str,
    ) -> Result<User> {
        let (patch, client) = (UserPatch::default(), Client::default());
        self.change_provider_id(user_id, provider, provider_user_id, patch, &client)
            .await
    }

    /// As [`Auth::update_user_provider_id`], with other changes in the same act, and knowing who asks.
    pub(crate) async fn change_provider_id(
        &self,
        user_id: &UserId,
        provider: &str,
        provider_user_id: &str,
        mut patch: UserPatch,
        client: &Client,
    ) -> Result<User> {
        let new_id = key_id(provider, provider_user_id)?;
        self.check_attributes(&patch.attributes, self.inner.config.schema.user_attributes())?;
        check_metadata(patch.user_metadata.iter().chain(&patch.app_metadata))?;
        let keys = self.inner.adapter.get_keys_by_user_id(user_id).await?;
        let old = keys
            .iter()
            .find(|key| key.id.provider() == provider && key.expires.is_none())
            .ok_or(ErrorKind::InvalidUserId)?;
        if old.id == new_id {
            return match patch.is_empty() {
                true => self.get_user(user_id).await,
                false => self.change_user(user_id, patch, client).await,
            };
        }
        let now = self.now();
        patch.updated_at = Some(now);
        match provider {
            EMAIL => {
                patch.email = Some(Some(new_id.provider_user_id().to_owned()));
                patch.email_confirmed_at = Some(Some(now));
            }
            PHONE => {
                patch.phone = Some(Some(new_id.provider_user_id().to_owned()));
                patch.phone_confirmed_at = Some(Some(now));
            }
            _ => {}
        }
        let adapter = &self.inner.adapter;
        adapter.rename_key(user_id, &old.id, &new_id, &patch, now).await?;
        if matches!(provider, EMAIL | PHONE) {
            // What was sent to the address before is worth nothing to whoever has that mailbox.
            adapter.commit(&[Act::DeleteTokens(user_id.clone())]).await?;
        }
        let moved = Event::new(EventKind::UserUpdated, now, client).user(user_id);
        self.emit(&moved.reason("provider_id"));
        self.get_user(user_id).await
    }

    /// Shuts a user out until a moment, or lifts the ban; a ban ends all sessions.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUserId`], [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn ban_user(&self, user_id: &UserId, until: Option<Timestamp>) -> Result<()> {
        let now = self.now();
        let patch = UserPatch {
            banned_until: Some(until),
            updated_at: Some(now),
            ..UserPatch::default()
        };
        self.inner.adapter.update_user(user_id, &patch).await?;
        if until.is_some() {
            self.end_sessions(user_id, None, &Client::default()).await?;
        }
        self.emit(&Event::new(EventKind::UserBanned, now, &Client::default()).user(user_id));
        Ok(())
    }

    /// Deletes a user with keys and sessions. An unknown id is no error.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "deleteUser")]
    pub async fn delete_user(&self, user_id: &UserId) -> Result<()> {
        self.remove_user(user_id, &Client::default()).await
    }

    /// As [`Auth::delete_user`], knowing who asks.
    pub(crate) async fn remove_user(&self, user_id: &UserId, client: &Client) -> Result<()> {
        self.delete_account(user_id).await?;
        self.emit(&Event::new(EventKind::UserDeleted, self.now(), client).user(user_id));
        Ok(())
    }

    fn generate_user_id(&self) -> Result<UserId> {
        match &self.inner.config.user_ids {
            Some(generate) => Ok(UserId::from(generate())),
            None => random_string(self.inner.entropy.as_ref(), USER_ID_ALPHABET, USER_ID_LENGTH).map(UserId::from),
        }
    }
}

/// Refuses metadata that would make a row large, and with it all that reads the row.
pub(crate) fn check_metadata<'a>(given: impl IntoIterator<Item = &'a JsonObject>) -> Result<()> {
    for metadata in given {
        let length = serde_json::to_vec(metadata).map_or(usize::MAX, |text| text.len());
        if length > MAX_METADATA {
            return Err(Error::from(ErrorKind::ValidationFailed).detail("Metadata has at most 64 KiB of JSON."));
        }
    }
    Ok(())
}

const MAX_METADATA: usize = 64 * 1024;

/// Lower-case, so that stores with case-insensitive collations tell ids apart.
const USER_ID_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// 129 bits.
const USER_ID_LENGTH: usize = 25;
