use super::{attributes::AdminUserAttributes, new_account::BY_ADMINISTRATOR};
use crate::{
    adapter::Act,
    address::Address,
    auth::Auth,
    error::{Error, ErrorKind, Result},
    event::{Event, EventKind},
    flows::users::{check_metadata, merged},
    id::{SessionId, UserId},
    model::{KeyRecord, MUST_CHANGE_PASSWORD, User, UserPatch},
    request::Client,
    secret::HashedPassword,
};

impl Auth {
    /// Changes an account as an administrator does: at once, in one act, whatever its owner would have had to prove. A new
    /// password, another role and a ban end all sessions; a password or address that changes is told to the owner by mail.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use auth_core::{AdminUserAttributes, Auth, NewUser, Secret, adapters::MemoryAdapter};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
    /// # let user = auth.create_user(NewUser::with_key("email", "ada@example.com")).await?;
    /// let day = Duration::from_secs(24 * 3_600);
    /// let user = auth.admin_update_user(&user.id, AdminUserAttributes::default().ban(Some(day))).await?;
    /// assert!(user.banned_until.is_some());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::UserNotFound`], also for an account that was given up, and as [`Auth::admin_create_user`].
    pub async fn admin_update_user(&self, user_id: &UserId, given: AdminUserAttributes) -> Result<User> {
        self.change_account(user_id, given, None, &Client::default()).await
    }

    /// As [`Auth::admin_update_user`]; an administrator who changes their own password keeps this session.
    pub(super) async fn change_account(
        &self,
        user_id: &UserId,
        given: AdminUserAttributes,
        own: Option<&SessionId>,
        client: &Client,
    ) -> Result<User> {
        let user = self.account(user_id).await?;
        self.check_attributes(&given.attributes, self.inner.config.schema.user_attributes())?;
        let mut addresses = given.addresses()?;
        addresses.retain(|address| address_of(&user, address) != Some(address.as_str()));
        self.check_free(&addresses, Some(user_id)).await?;
        let known = user.email.iter().cloned().map(Address::Email);
        let is_chosen_for_them = own.is_none() && given.chooses_password();
        let hash = self
            .hash_of(
                given.secret,
                user_id,
                &addresses.iter().cloned().chain(known).collect::<Vec<_>>(),
            )
            .await?;

        let now = self.now();
        let mut patch = UserPatch {
            role: given.role.filter(|role| *role != user.role),
            banned_until: given.ban.map(|duration| duration.map(|duration| now + duration)),
            attributes: given.attributes,
            updated_at: Some(now),
            ..UserPatch::default()
        };
        if !given.user_metadata.is_empty() {
            patch.user_metadata = Some(merged(&user.user_metadata, &given.user_metadata));
        }
        if !given.app_metadata.is_empty() {
            patch.app_metadata = Some(merged(&user.app_metadata, &given.app_metadata));
        }
        check_metadata(patch.user_metadata.iter().chain(&patch.app_metadata))?;
        if is_chosen_for_them {
            let notes = patch.app_metadata.get_or_insert_with(|| user.app_metadata.clone());
            notes.insert(MUST_CHANGE_PASSWORD.to_owned(), true.into());
        }
        for address in &addresses {
            patch.is_anonymous = Some(false);
            match address {
                Address::Email(email) => patch.email = Some(Some(email.clone())),
                Address::Phone(phone) => patch.phone = Some(Some(phone.clone())),
            }
        }
        let has_email = user.email.is_some() || patch.email.is_some();
        let has_phone = user.phone.is_some() || patch.phone.is_some();
        patch.email_confirmed_at = (given.email_confirm && has_email).then_some(Some(now));
        patch.phone_confirmed_at = (given.phone_confirm && has_phone).then_some(Some(now));

        if patch.email_confirmed_at.is_some() || patch.phone_confirmed_at.is_some() {
            patch.forget_maker(&user);
        }

        let is_other_role = patch.role.is_some();
        let is_banned = matches!(patch.banned_until, Some(Some(_)));
        let kept = own.filter(|_| !is_other_role && !is_banned);
        let ends_sessions = is_other_role || is_banned || hash.is_some();
        let acts = self.acts_of_change(&user, &addresses, hash.as_ref(), &patch).await?;
        if ends_sessions {
            // Before and after: if the store fails in between, no session of a thief stays.
            self.delete_sessions_of(user_id, kept).await?;
        }
        self.commit_addresses(&acts, &addresses, Some(user_id)).await?;
        if ends_sessions {
            self.end_sessions(user_id, kept, client).await?;
        }
        let happened = |kind| Event::new(kind, now, client).user(user_id).reason(BY_ADMINISTRATOR);
        self.emit(&happened(EventKind::UserUpdated));
        if patch.banned_until.is_some() {
            self.emit(&happened(EventKind::UserBanned));
        }
        if hash.is_some() {
            self.emit(&happened(EventKind::PasswordChanged));
            self.forget_guesses(&user).await;
        }
        self.account(user_id).await
    }

    /// The account with this id, unless it was given up.
    ///
    /// # Errors
    /// [`ErrorKind::UserNotFound`].
    pub(super) async fn account(&self, user_id: &UserId) -> Result<User> {
        let user = self.inner.adapter.get_user(user_id).await?;
        user.filter(|user| user.deleted_at.is_none())
            .ok_or_else(|| ErrorKind::UserNotFound.into())
    }

    /// Keys, password, tokens, user and letters, in the order the store is to take them.
    async fn acts_of_change(
        &self,
        user: &User,
        addresses: &[Address],
        hash: Option<&HashedPassword>,
        patch: &UserPatch,
    ) -> Result<Vec<Act>> {
        let now = patch.updated_at.unwrap_or_else(|| self.now());
        let mut keys = self.inner.adapter.get_keys_by_user_id(&user.id).await?;
        keys.retain(|key| key.expires.is_none());
        let mut acts = Vec::new();
        for address in addresses {
            acts.push(move_key(&mut keys, user, address, now));
        }
        if let Some(hash) = hash {
            let has_password = keys.iter().any(|key| key.hashed_password.is_some());
            let takes_it = |key: &&KeyRecord| {
                if has_password {
                    key.hashed_password.is_some()
                } else {
                    key.primary
                }
            };
            let before = acts.len();
            acts.extend(
                keys.iter()
                    .filter(takes_it)
                    .map(|key| Act::SetPassword(key.id.clone(), Some(hash.clone()), now)),
            );
            if acts.len() == before {
                return Err(Error::from(ErrorKind::ValidationFailed)
                    .detail("The account has neither an email nor a phone that a password could belong to."));
            }
        }
        if hash.is_some() || !addresses.is_empty() {
            acts.push(Act::DeleteTokens(user.id.clone()));
        }
        acts.push(Act::UpdateUser(user.id.clone(), Box::new(patch.clone())));
        if hash.is_some() {
            acts.extend(self.password_changed_letter(user)?);
        }
        let mut changed = user.clone();
        patch.apply(&mut changed);
        for address in addresses {
            let old = match address {
                Address::Email(_) => user.email.clone().map(Address::Email),
                Address::Phone(_) => user.phone.clone().map(Address::Phone),
            };
            acts.extend(self.changed_letter(old.as_ref(), address, &changed)?);
        }
        Ok(acts)
    }
}

/// The user's present address of the same sort.
fn address_of<'a>(user: &'a User, address: &Address) -> Option<&'a str> {
    match address {
        Address::Email(_) => user.email.as_deref(),
        Address::Phone(_) => user.phone.as_deref(),
    }
}

/// Moves the key of an address to a new one, or makes one, with the password of the others.
fn move_key(keys: &mut Vec<KeyRecord>, user: &User, new: &Address, now: crate::Timestamp) -> Act {
    if let Some(key) = keys.iter_mut().find(|key| key.id.provider() == new.provider()) {
        let old = std::mem::replace(&mut key.id, new.key_id());
        return Act::RenameKey(user.id.clone(), old, new.key_id(), now);
    }
    let key = KeyRecord {
        id: new.key_id(),
        user_id: user.id.clone(),
        hashed_password: keys.iter().find_map(|key| key.hashed_password.clone()),
        primary: keys.is_empty(),
        expires: None,
        created_at: now,
        updated_at: now,
    };
    keys.push(key.clone());
    Act::SetKey(key)
}
