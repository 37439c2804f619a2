use super::attributes::{AdminUserAttributes, NewSecret};
use crate::{
    adapter::Act,
    address::Address,
    auth::Auth,
    error::{Error, ErrorKind, Result},
    event::{Event, EventKind},
    flows::{
        address_change::exists,
        users::{NewUser, merged},
    },
    id::UserId,
    model::{JsonObject, KeyRecord, MUST_CHANGE_PASSWORD, User},
    request::Client,
    secret::HashedPassword,
};

impl Auth {
    /// Makes an account as an administrator does: at once, with whatever is given, and nobody is written to. Without a
    /// password its owner gets in by a link or code.
    ///
    /// ```
    /// # use auth_core::{AdminUserAttributes, Auth, Secret, adapters::MemoryAdapter};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
    /// let ada = AdminUserAttributes::default().email("ada@example.com").phone("+493023125").email_confirm(true);
    /// let user = auth.admin_create_user(ada).await?;
    /// assert!(user.email_confirmed_at.is_some() && user.phone_confirmed_at.is_none());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::EmailExists`], [`ErrorKind::PhoneExists`], [`ErrorKind::WeakPassword`],
    /// [`ErrorKind::DuplicateUserData`] when a unique attribute is taken, [`ErrorKind::ValidationFailed`] for no address, a
    /// wrong one, a hash of no known form or an id that cannot be one or is in use, [`ErrorKind::Busy`],
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn admin_create_user(&self, given: AdminUserAttributes) -> Result<User> {
        self.make_account(given, &Client::default()).await
    }

    pub(super) async fn make_account(&self, given: AdminUserAttributes, client: &Client) -> Result<User> {
        let addresses = given.addresses()?;
        let first = addresses.first().ok_or_else(|| {
            Error::from(ErrorKind::ValidationFailed).detail("Cannot create a user without either an email or phone")
        })?;
        let nothing = JsonObject::new();
        let mut notes = merged(&nothing, &given.app_metadata);
        if given.chooses_password() {
            notes.insert(MUST_CHANGE_PASSWORD.to_owned(), true.into());
        }
        let is_confirmed = |address: &Address| match address {
            Address::Email(_) => given.email_confirm,
            Address::Phone(_) => given.phone_confirm,
        };
        let mut new = NewUser::with_key(first.provider(), first.as_str())
            .user_metadata(merged(&nothing, &given.user_metadata))
            .app_metadata(notes)
            .attributes(given.attributes);
        if !addresses.iter().any(is_confirmed) {
            new = new.made_by_administrator();
        }
        if let Some(id) = given.id {
            self.check_new_id(&id).await?;
            new = new.id(id);
        }
        let (mut user, mut key) = self.prepare_user(new)?;
        self.check_free(&addresses, None).await?;
        key.hashed_password = self.hash_of(given.secret, &user.id, &addresses).await?;

        let now = user.created_at;
        for address in &addresses {
            match address {
                Address::Email(email) => {
                    user.email = Some(email.clone());
                    user.email_confirmed_at = given.email_confirm.then_some(now);
                }
                Address::Phone(phone) => {
                    user.phone = Some(phone.clone());
                    user.phone_confirmed_at = given.phone_confirm.then_some(now);
                }
            }
        }
        if let Some(role) = given.role {
            user.role = role;
        }
        user.banned_until = given.ban.flatten().map(|duration| now + duration);

        let others = addresses.iter().skip(1).map(|address| {
            Act::SetKey(KeyRecord {
                id: address.key_id(),
                ..key.clone()
            })
        });
        let others: Vec<Act> = others.collect();
        let mut acts = vec![Act::SetUser(Box::new(user.clone()), Some(key))];
        acts.extend(others);
        self.commit_addresses(&acts, &addresses, None).await?;
        let made = Event::new(EventKind::UserCreated, now, client).user(&user.id);
        self.emit(&made.reason(BY_ADMINISTRATOR));
        Ok(user)
    }

    /// An id that can stand in a path, and is nobody's.
    async fn check_new_id(&self, id: &UserId) -> Result<()> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let text = id.as_str();
        let refused = |sentence: &str| Err(Error::from(ErrorKind::ValidationFailed).detail(sentence));
        if !(1..=64).contains(&text.len()) || !text.bytes().all(is_plain) || [".", ".."].contains(&text) {
            return refused("An id has 1 to 64 characters of A-Z, a-z, 0-9 and -._~");
        }
        if self.inner.adapter.get_user(id).await?.is_some() {
            return refused("This id is in use.");
        }
        Ok(())
    }

    /// Refuses addresses that are somebody else's.
    pub(super) async fn check_free(&self, addresses: &[Address], owner: Option<&UserId>) -> Result<()> {
        for address in addresses {
            let key = self.inner.adapter.get_key(&address.key_id()).await?;
            if key.is_some_and(|key| Some(&key.user_id) != owner) {
                return Err(exists(address));
            }
        }
        Ok(())
    }

    /// Commits, and says which address somebody else was quicker to take.
    pub(super) async fn commit_addresses(
        &self,
        acts: &[Act],
        addresses: &[Address],
        owner: Option<&UserId>,
    ) -> Result<()> {
        match self.commit(acts).await {
            Err(error) if error.kind() == ErrorKind::DuplicateKeyId => {
                self.check_free(addresses, owner).await?;
                Err(error)
            }
            committed => committed,
        }
    }

    /// The hash to store; one that is given must be one that sign-in will read.
    pub(super) async fn hash_of(
        &self,
        secret: Option<NewSecret>,
        owner: &UserId,
        addresses: &[Address],
    ) -> Result<Option<HashedPassword>> {
        let passwords = &self.inner.passwords;
        match secret {
            None => Ok(None),
            Some(NewSecret::Password(password)) => {
                let context: Vec<&str> = addresses.iter().map(Address::as_str).collect();
                passwords.check_new(&password, &context).await?;
                passwords.hash(password, owner).await.map(Some)
            }
            Some(NewSecret::Hash(hash)) => {
                let adopted = passwords.adopt(hash, owner).await?;
                let refused = || {
                    Error::from(ErrorKind::ValidationFailed)
                        .detail("The password hash is in no form that is read here.")
                };
                adopted.ok_or_else(refused).map(Some)
            }
        }
    }
}

impl AdminUserAttributes {
    /// The addresses that are given, in canonical form.
    pub(super) fn addresses(&self) -> Result<Vec<Address>> {
        let email = self.email.as_deref().map(Address::email).transpose()?;
        let phone = self.phone.as_deref().map(Address::phone).transpose()?;
        Ok(email.into_iter().chain(phone).collect())
    }
}

/// Why it happened, in events.
pub(super) const BY_ADMINISTRATOR: &str = "admin";
