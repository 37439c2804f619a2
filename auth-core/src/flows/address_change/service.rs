use serde_json::Value;

use crate::{
    adapter::Act,
    address::Address,
    auth::Auth,
    delivery::LetterKind,
    error::{ErrorKind, Result},
    event::{Event, EventKind},
    flows::{
        one_time::{Asked, Issued},
        verify::{Settled, take},
    },
    id::UserId,
    model::{KeyRecord, OneTimeToken, Purpose, User, UserPatch},
    proof::{PasswordChanges, Proof, password_changes},
    request::Client,
};

impl Auth {
    /// Whether a change of address or number may be asked for now.
    ///
    /// # Errors
    /// [`ErrorKind::EmailExists`] and [`ErrorKind::PhoneExists`] only where accounts are not kept secret;
    /// [`ErrorKind::FeatureDisabled`], [`ErrorKind::EmailNotAuthorized`], [`ErrorKind::OverEmailSendRateLimit`],
    /// [`ErrorKind::OverSmsSendRateLimit`], [`ErrorKind::DatabaseFetchFailed`].
    pub(crate) async fn check_change(&self, user: &User, new: &Address, client: &Client) -> Result<()> {
        if self.inner.config.reveal_accounts {
            self.check_nobody_elses(user, new).await?;
        }
        if let Some(old) = self.must_agree(user, new) {
            let old = Address::Email(old.to_owned());
            self.inner.post.check(new)?;
            // It gets a mail as well, whatever the new address is the next time; counted first, so that what is refused
            // for it takes nothing from an address that is perhaps somebody else's.
            self.limit_agreement(&old, client).await?;
        }
        self.limit_mailing(new, client).await
    }

    /// Refuses an address or number that somebody else has.
    ///
    /// # Errors
    /// [`ErrorKind::EmailExists`], [`ErrorKind::PhoneExists`], [`ErrorKind::DatabaseFetchFailed`].
    pub(crate) async fn check_nobody_elses(&self, user: &User, new: &Address) -> Result<()> {
        match self.other_owner(user, new).await? {
            Some(_) => Err(exists(new)),
            None => Ok(()),
        }
    }

    /// The present address, when it has to agree to the change as well.
    fn must_agree<'a>(&self, user: &'a User, new: &Address) -> Option<&'a str> {
        let secure = self.inner.config.email.secure_change && user.email_confirmed_at.is_some();
        user.email.as_deref().filter(|_| secure && new.is_email())
    }

    /// Who else has this address.
    async fn other_owner(&self, user: &User, new: &Address) -> Result<Option<User>> {
        let found = self.inner.adapter.get_key_and_user(&new.key_id()).await?;
        Ok(found.map(|(_, owner)| owner).filter(|owner| owner.id != user.id))
    }

    /// Sends the proofs that a change of address or number needs, after [`Auth::check_change`]; nothing changes before they are
    /// answered.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub(crate) async fn ask_for_change(
        &self,
        user: &User,
        new: &Address,
        asked: &Asked,
        client: &Client,
    ) -> Result<()> {
        let acts = self.change_acts(user, new, asked).await?;
        self.commit(&acts).await?;
        let asked = Event::new(EventKind::AddressChangeAsked, self.now(), client).user(&user.id);
        self.emit(&asked.reason(new.provider()));
        Ok(())
    }

    /// The tokens of a change and what is sent with them. An address that somebody else has is pending all the same, so that
    /// the answer does not tell; what would prove it is never sent, and its owner hears of it.
    async fn change_acts(&self, user: &User, new: &Address, asked: &Asked) -> Result<Vec<Act>> {
        let (purpose, kind) = match new {
            Address::Email(_) => (Purpose::EmailChange, LetterKind::EmailChange),
            Address::Phone(_) => (Purpose::PhoneChange, LetterKind::PhoneChangeCode),
        };
        let issued = self.issue(purpose, &user.id, new.as_str(), asked)?;
        let letter = match self.other_owner(user, new).await? {
            Some(owner) => self.address_taken_letter(new, &owner)?,
            None => self.letter_about_change(kind, new.as_str(), new, user, &issued)?,
        };
        let Some(old) = self.must_agree(user, new) else {
            return Ok(vec![Act::SetToken(issued.record), letter]);
        };
        let mut acts = vec![Act::SetToken(in_need_of_both(issued).record), letter];
        let issued = self.issue(Purpose::EmailChangeCurrent, &user.id, old, asked)?;
        let issued = in_need_of_both(issued.data(NEW_EMAIL, new.as_str()));
        acts.push(self.letter_about_change(LetterKind::EmailChangeCurrent, old, new, user, &issued)?);
        acts.push(Act::SetToken(issued.record));
        Ok(acts)
    }

    /// Sends the proofs of a pending change once more. Whether there is one, nobody learns.
    ///
    /// # Errors
    /// As [`Auth::resend_confirmation`].
    pub(crate) async fn resend_change(&self, address: &Address, asked: &Asked, client: &Client) -> Result<()> {
        self.check_logins(address)?;
        self.limit_mailing(address, client).await?;
        let found = self.inner.adapter.get_key_and_user(&address.key_id()).await?;
        let user = found.map(|(_, user)| user);
        let pending = self.pending_change(user.as_ref(), address).await?;
        let acts = match (user, pending) {
            (Some(user), Some(new)) if self.may_send_to(&new, client).await? => {
                self.change_acts(&user, &new, asked).await?
            }
            (_, Some(new)) => {
                self.inner.adapter.get_key_and_user(&new.key_id()).await?;
                vec![self.no_letter(address)?]
            }
            // Counted and looked up as a real one is.
            (_, None) => {
                let nobodys = nobodys(address);
                self.may_send_to(&nobodys, client).await?;
                self.inner.adapter.get_key_and_user(&nobodys.key_id()).await?;
                vec![self.no_letter(address)?]
            }
        };
        self.commit(&acts).await
    }

    /// Whether the new address has been left alone for a while; who asks again about the old one does not learn it.
    async fn may_send_to(&self, new: &Address, client: &Client) -> Result<bool> {
        match self.limit_sending(new, client).await {
            Ok(()) => Ok(true),
            Err(error) if error.retry_after().is_some() || error.kind() == ErrorKind::EmailNotAuthorized => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether a code for a change was sent to this address for this user. Asks the store for nobody as well.
    pub(crate) async fn awaits_code_at(&self, user_id: Option<&UserId>, address: &Address) -> Result<bool> {
        let nobody = UserId::from("");
        let tokens = self
            .inner
            .adapter
            .get_tokens_by_user_id(user_id.unwrap_or(&nobody))
            .await?;
        Ok(tokens
            .iter()
            .any(|token| token.purpose.is_change() && token.sent_to == address.as_str()))
    }

    /// Whose account is to change to this address or number.
    pub(crate) async fn user_changing_to(&self, new: &Address) -> Result<Option<UserId>> {
        let purpose = match new {
            Address::Email(_) => Purpose::EmailChange,
            Address::Phone(_) => Purpose::PhoneChange,
        };
        let tokens = self.inner.adapter.get_tokens_by_address(new.as_str()).await?;
        let newest = tokens
            .into_iter()
            .filter(|token| token.purpose == purpose)
            .max_by_key(|token| token.created_at);
        Ok(newest.map(|token| token.user_id))
    }

    /// Asks the store for nobody as well, so that it takes as long.
    async fn pending_change(&self, user: Option<&User>, present: &Address) -> Result<Option<Address>> {
        let purpose = match present {
            Address::Email(_) => Purpose::EmailChange,
            Address::Phone(_) => Purpose::PhoneChange,
        };
        let user_id = user.map_or_else(|| UserId::from(""), |user| user.id.clone());
        let tokens = self.inner.adapter.get_tokens_by_user_id(&user_id).await?;
        let pending = tokens.into_iter().find(|token| token.purpose == purpose);
        Ok(pending.map(|token| match present {
            Address::Email(_) => Address::Email(token.sent_to),
            Address::Phone(_) => Address::Phone(token.sent_to),
        }))
    }

    /// One proof of a change was answered: it waits for the other, or the change is made.
    pub(crate) async fn settle_change(
        &self,
        mut token: OneTimeToken,
        user: User,
        then: Option<Act>,
        client: &Client,
    ) -> Result<Settled> {
        let now = self.now();
        let tokens = self.inner.adapter.get_tokens_by_user_id(&user.id).await?;
        let other = match token.purpose {
            Purpose::EmailChange => Some(Purpose::EmailChangeCurrent),
            Purpose::EmailChangeCurrent => Some(Purpose::EmailChange),
            _ => None,
        };
        if !tokens.iter().any(|there| there.link_digest == token.link_digest) {
            // Answered at the same moment, by somebody who was quicker.
            return Err(ErrorKind::OtpExpired.into());
        }
        let is_other = |there: &OneTimeToken| Some(there.purpose) == other && leads_to(there) == leads_to(&token);
        let other = tokens.into_iter().find(is_other);
        let new = match token.purpose {
            Purpose::PhoneChange => Address::Phone(token.sent_to.clone()),
            Purpose::EmailChange => Address::Email(token.sent_to.clone()),
            _ => {
                // The old address agrees; it must still be the account's.
                if user.email.as_deref() != Some(token.sent_to.as_str()) {
                    return Err(ErrorKind::OtpExpired.into());
                }
                let new = token.text(NEW_EMAIL);
                Address::Email(new.ok_or(ErrorKind::OtpExpired)?.to_owned())
            }
        };
        if let Some(other) = other.filter(|_| !has_agreed(&token)) {
            if now > other.expires() {
                return Err(ErrorKind::OtpExpired.into());
            }
            match self.agree(&token, other).await {
                Err(error) if error.kind() == ErrorKind::OtpExpired => {
                    // Answered at the same moment, the other half may have been first: then this one is the last.
                    let tokens = self.inner.adapter.get_tokens_by_user_id(&user.id).await?;
                    let same = |there: &OneTimeToken| there.link_digest == token.link_digest && has_agreed(there);
                    token = tokens.into_iter().find(same).ok_or(error)?;
                }
                agreed => return agreed.map(|()| Settled::Half),
            }
        }
        let needs_both = token.says(NEEDS_BOTH) || token.purpose == Purpose::EmailChangeCurrent;
        if needs_both && !has_agreed(&token) {
            // One alone moves nothing: the other half is gone, or about another address.
            return Err(ErrorKind::OtpExpired.into());
        }
        let user_id = user.id.clone();
        let is_claimed = self.is_claimed_by(&user).await?;
        if is_claimed {
            // What will be refused must not cost the only way in.
            self.check_nobody_elses(&user, &new).await?;
            self.delete_sessions_of(&user_id, None).await?;
        }
        let (user, changes) = self
            .move_address(Some(&token), user, &new, UserPatch::default(), then, client)
            .await?;
        if is_claimed {
            // A sign-in between the two may have made one more.
            self.delete_sessions_of(&user_id, None).await?;
        }
        let method = crate::flows::verify::method_of(token.purpose, true);
        Ok(Settled::proven(Proof::new(user, method, now).since(changes)))
    }

    /// Whether a proof makes the account somebody's: nobody has proven an address, and nobody has a key. Whoever prepared it may be
    /// somebody else than who proves this address.
    async fn is_claimed_by(&self, user: &User) -> Result<bool> {
        if user.email_confirmed_at.is_some() || user.phone_confirmed_at.is_some() {
            return Ok(false);
        }
        Ok(self.inner.adapter.get_keys_by_user_id(&user.id).await?.is_empty())
    }

    /// Takes one half of a change and marks the other, if nobody has taken either.
    async fn agree(&self, token: &OneTimeToken, mut other: OneTimeToken) -> Result<()> {
        let untouched = take(&other);
        other.data.insert(AGREED.to_owned(), Value::from(true));
        self.commit(&[take(token), untouched, Act::SetToken(other)]).await
    }

    /// Moves the account to another address or number, proven; everything else that was sent is void, and the owner of
    /// the old one is told.
    pub(crate) async fn change_address(
        &self,
        token: Option<&OneTimeToken>,
        user: User,
        new: &Address,
        patch: UserPatch,
        then: Option<Act>,
        client: &Client,
    ) -> Result<User> {
        let moved = self.move_address(token, user, new, patch, then, client).await;
        moved.map(|(user, _)| user)
    }

    /// As [`Auth::change_address`]; answers as well how the keys with a password stand after it, if nobody else has changed one.
    async fn move_address(
        &self,
        token: Option<&OneTimeToken>,
        mut user: User,
        new: &Address,
        mut patch: UserPatch,
        then: Option<Act>,
        client: &Client,
    ) -> Result<(User, PasswordChanges)> {
        let now = self.now();
        patch.is_anonymous = Some(false);
        patch.updated_at = Some(now);
        patch.forget_maker(&user);
        let old = match new {
            Address::Email(email) => {
                patch.email = Some(Some(email.clone()));
                patch.email_confirmed_at = Some(Some(now));
                user.email.clone().map(Address::Email)
            }
            Address::Phone(phone) => {
                patch.phone = Some(Some(phone.clone()));
                patch.phone_confirmed_at = Some(Some(now));
                user.phone.clone().map(Address::Phone)
            }
        };
        let mut acts: Vec<Act> = token.map(take).into_iter().collect();
        acts.push(Act::DeleteTokens(user.id.clone()));
        let mut keys = self.inner.adapter.get_keys_by_user_id(&user.id).await?;
        let key = keys
            .iter_mut()
            .find(|key| key.id.provider() == new.provider() && key.expires.is_none());
        match key {
            Some(key) if key.id == new.key_id() => {}
            Some(key) => {
                let old = std::mem::replace(&mut key.id, new.key_id());
                key.updated_at = now;
                acts.push(Act::RenameKey(user.id.clone(), old, new.key_id(), now));
            }
            None => {
                // What works once must not become a password for good.
                let password = keys.iter().filter(|key| key.expires.is_none());
                let key = KeyRecord {
                    id: new.key_id(),
                    user_id: user.id.clone(),
                    hashed_password: password.into_iter().find_map(|key| key.hashed_password.clone()),
                    primary: keys.is_empty(),
                    expires: None,
                    created_at: now,
                    updated_at: now,
                };
                acts.push(Act::SetKey(key.clone()));
                keys.push(key);
            }
        }
        acts.push(Act::UpdateUser(user.id.clone(), Box::new(patch.clone())));
        patch.apply(&mut user);
        if old.as_ref() != Some(new) {
            acts.extend(self.changed_letter(old.as_ref(), new, &user)?);
        }
        acts.extend(then);
        self.commit(&acts).await.map_err(|error| match error.kind() {
            ErrorKind::DuplicateKeyId => exists(new),
            _ => error,
        })?;
        let changed = Event::new(EventKind::UserUpdated, now, client).user(&user.id);
        self.emit(&changed.reason(new.provider()));
        Ok((user, password_changes(keys)))
    }

    /// Tells the mailbox that was the account's. A number is somebody else's soon, and one more number is one more way in.
    pub(crate) fn changed_letter(&self, old: Option<&Address>, new: &Address, user: &User) -> Result<Option<Act>> {
        let told = match (new, old) {
            (Address::Email(_), Some(old)) => Some((LetterKind::EmailChanged, old.as_str())),
            (Address::Email(_), None) => None,
            (Address::Phone(_), _) => {
                let proven = user.email.as_deref().filter(|_| user.email_confirmed_at.is_some());
                proven.map(|email| (LetterKind::PhoneChanged, email))
            }
        };
        let Some((kind, to)) = told.filter(|_| self.inner.post.has_mailer()) else {
            return Ok(None);
        };
        self.notice(kind, to, user, |letter| match new {
            Address::Email(new) => {
                letter.old_email = old.map(|old| old.as_str().to_owned());
                letter.new_email = Some(new.clone());
            }
            Address::Phone(new) => {
                letter.old_phone = old.map(|old| old.as_str().to_owned());
                letter.phone = Some(new.clone());
            }
        })
        .map(Some)
    }
}

/// Whether the owner of the other address has said yes.
pub(crate) fn has_agreed(token: &OneTimeToken) -> bool {
    token.says(AGREED)
}

/// Half of a change to whose other half its owner has said yes before.
pub(crate) fn with_agreement(issued: Issued) -> Issued {
    issued.data(AGREED, true)
}

/// Half of a change that the owner of the other address has to say yes to as well, be their half still there or not.
pub(crate) fn in_need_of_both(issued: Issued) -> Issued {
    issued.data(NEEDS_BOTH, true)
}

/// The address or number that an account has after the change of which this is one proof.
pub(crate) fn leads_to(token: &OneTimeToken) -> Option<&str> {
    match token.purpose {
        Purpose::EmailChangeCurrent => token.text(NEW_EMAIL),
        _ => Some(token.sent_to.as_str()),
    }
}

/// What the old address agrees to.
pub(crate) const NEW_EMAIL: &str = "new_email";

/// The owner of the other address has said yes.
const AGREED: &str = "agreed";

/// The owner of the other address has to say yes.
const NEEDS_BOTH: &str = "needs_both";

/// Somebody else has it.
pub(crate) fn exists(address: &Address) -> crate::Error {
    match address {
        Address::Email(_) => ErrorKind::EmailExists.into(),
        Address::Phone(_) => ErrorKind::PhoneExists.into(),
    }
}

/// An address or number like this one that nobody has.
fn nobodys(address: &Address) -> Address {
    match address {
        Address::Email(email) => Address::Email(format!("*{email}")),
        Address::Phone(number) => Address::Phone(format!("{number}*")),
    }
}
