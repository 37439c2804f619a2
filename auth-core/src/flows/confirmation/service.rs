use crate::{
    adapter::Act,
    address::Address,
    auth::Auth,
    delivery::LetterKind,
    error::{ErrorKind, Result},
    event::{Event, EventKind},
    flows::{
        one_time::{Asked, Issued},
        password::SignUp,
        users::NewUser,
    },
    id::UserId,
    model::{Attribute, AttributeValue, KeyRecord, OneTimeToken, Purpose, User},
    password::Verified,
    request::Client,
    secret::Password,
};

/// What a sign-up that awaits its proof answers: the account as it is, or as it would be if the address were new.
pub(crate) struct Receipt {
    pub(crate) user: User,
    pub(crate) key: KeyRecord,
    pub(crate) token: OneTimeToken,
}

impl Auth {
    /// Whether a new address or number must be proven before it counts.
    pub(crate) fn confirms(&self, address: &Address) -> bool {
        let config = &self.inner.config;
        match address {
            Address::Email(_) => config.email.confirm.unwrap_or(self.inner.post.has_mailer()),
            Address::Phone(_) => config.phone.confirm.unwrap_or(self.inner.post.has_sms()),
        }
    }

    /// Whether the owner of the account has proven this address or number.
    pub(crate) fn is_proven(user: &User, address: &Address) -> bool {
        match address {
            Address::Email(_) => user.email_confirmed_at.is_some(),
            Address::Phone(_) => user.phone_confirmed_at.is_some(),
        }
    }

    /// Makes the account, or does what takes as long; the answer tells nobody which.
    pub(crate) async fn sign_up_unconfirmed(
        &self,
        address: &Address,
        sign_up: SignUp,
        asked: &Asked,
    ) -> Result<Receipt> {
        let client = sign_up.session.client.clone();
        let password = sign_up.password;
        let new = NewUser::with_key(address.provider(), address.as_str())
            .attributes(sign_up.attributes)
            .user_metadata(sign_up.user_metadata)
            .client(client.clone());
        self.check_new_password(&password, address.as_str()).await?;
        let (user, mut key) = self.prepare_user(new)?;
        self.limit_sending(address, &client).await?;
        self.rehearse(&user).await?;

        let found = self.inner.adapter.get_key_and_user(&key.id).await?;
        let issued = self.issue_confirmation(address, &user.id, asked, false)?;
        match found {
            None => {
                key.hashed_password = Some(self.inner.passwords.hash(password, &user.id).await?);
                let receipt = Receipt {
                    user,
                    key,
                    token: issued.record.clone(),
                };
                let letter = self.confirmation_letter(address, &receipt.user, &issued)?;
                let acts = [
                    Act::SetUser(Box::new(receipt.user.clone()), Some(receipt.key.clone())),
                    Act::SetToken(issued.record),
                    letter,
                ];
                match self.commit(&acts).await {
                    Err(error) if error.kind() == ErrorKind::DuplicateKeyId => {
                        self.was_quicker(address, asked).await?;
                    }
                    committed => {
                        committed?;
                        let created = Event::new(EventKind::UserCreated, self.now(), &client);
                        self.emit(&created.user(&receipt.user.id));
                        self.emit_confirmation_asked(&receipt.user.id, &client);
                    }
                }
                Ok(receipt)
            }
            Some((there, owner)) => {
                let receipt = Receipt {
                    user,
                    key,
                    token: issued.record,
                };
                let is_proven = Self::is_proven(&owner, address);
                let acts = if is_proven {
                    if self.inner.config.reveal_accounts {
                        return Err(ErrorKind::DuplicateKeyId.into());
                    }
                    drop(self.inner.passwords.hash(password, &owner.id).await?);
                    vec![self.account_exists_letter(address, &owner)?]
                } else {
                    self.sign_up_again(address, &owner, there, password, asked).await?
                };
                self.commit(&acts).await?;
                let again = Event::new(EventKind::SignedUpAgain, self.now(), &client);
                self.emit(&again.user(&owner.id));
                if !is_proven {
                    self.emit_confirmation_asked(&owner.id, &client);
                }
                Ok(receipt)
            }
        }
    }

    /// A second sign-up with an address nobody has proven: one more mail. A password that is not the first one's is nobody's,
    /// and neither is the first.
    async fn sign_up_again(
        &self,
        address: &Address,
        owner: &User,
        key: KeyRecord,
        password: Password,
        asked: &Asked,
    ) -> Result<Vec<Act>> {
        let there = key.hashed_password.as_ref().map(|hash| (&owner.id, hash));
        let same = self.inner.passwords.verify(password, there).await;
        let is_same = matches!(same, Ok(Verified::Yes | Verified::Outdated));
        let issued = self.issue_confirmation(address, &owner.id, asked, !is_same)?;
        let letter = self.confirmation_letter(address, owner, &issued)?;
        let mut acts = vec![Act::SetToken(issued.record), letter];
        if !is_same {
            // At once, so that nothing has to remember it until somebody comes.
            acts.push(Act::SetPassword(key.id, None, self.now()));
        }
        Ok(acts)
    }

    /// Somebody signed up with the same address in the same moment. Whether with the same password, nobody knows any more.
    async fn was_quicker(&self, address: &Address, asked: &Asked) -> Result<()> {
        let found = self.inner.adapter.get_key_and_user(&address.key_id()).await?;
        let Some((key, owner)) = found.filter(|(_, owner)| !Self::is_proven(owner, address)) else {
            return Ok(());
        };
        let issued = self.issue_confirmation(address, &owner.id, asked, true)?;
        let letter = self.confirmation_letter(address, &owner, &issued)?;
        let nobodys = Act::SetPassword(key.id, None, self.now());
        self.commit(&[Act::SetToken(issued.record), letter, nobodys]).await
    }

    /// What proves the address of somebody who has signed up.
    pub(crate) fn issue_confirmation(
        &self,
        address: &Address,
        user_id: &UserId,
        asked: &Asked,
        is_contested: bool,
    ) -> Result<Issued> {
        let issued = self.issue(confirmation(address), user_id, address.as_str(), asked)?;
        let issued = issued.data(SIGNED_UP, true);
        Ok(if is_contested {
            issued.data(CONTESTED, true)
        } else {
            issued
        })
    }

    /// Whether the attributes of an account that may not be made are taken: who learns that of a new address must learn it of a
    /// known one as well.
    async fn rehearse(&self, user: &User) -> Result<()> {
        let declared = self.inner.config.schema.user_attributes();
        let is_given = |attribute: &Attribute| {
            let value = user.attributes.get(attribute.name());
            value.is_some_and(|value| *value != AttributeValue::Null)
        };
        if !declared
            .iter()
            .any(|attribute| attribute.is_unique() && is_given(attribute))
        {
            return Ok(());
        }
        let never = Act::TakeToken(String::new(), crate::secret::Digest::of(b""));
        let rehearsed = self
            .inner
            .adapter
            .commit(&[Act::SetUser(Box::new(user.clone()), None), never])
            .await;
        match rehearsed {
            Err(error) if error.kind() == ErrorKind::OtpExpired => Ok(()),
            rehearsed => rehearsed,
        }
    }

    /// Sends the proof once more. Whether there is anything to prove, nobody learns.
    ///
    /// # Errors
    /// [`ErrorKind::EmailLoginsDisabled`], [`ErrorKind::PhoneLoginsDisabled`], [`ErrorKind::OverEmailSendRateLimit`],
    /// [`ErrorKind::OverSmsSendRateLimit`], [`ErrorKind::Throttled`], [`ErrorKind::DatabaseUpdateFailed`].
    pub(crate) async fn resend_confirmation(&self, address: &Address, asked: &Asked, client: &Client) -> Result<()> {
        self.check_logins(address)?;
        self.limit_mailing(address, client).await?;
        let found = self.inner.adapter.get_key_and_user(&address.key_id()).await?;
        let mut asked_by = None;
        let acts = match found {
            Some((key, user)) if !Self::is_proven(&user, address) => {
                asked_by = Some(user.id.clone());
                let is_contested = key.hashed_password.is_none();
                let issued = self.issue_confirmation(address, &user.id, asked, is_contested)?;
                let letter = self.confirmation_letter(address, &user, &issued)?;
                vec![Act::SetToken(issued.record), letter]
            }
            _ => vec![self.no_letter(address)?],
        };
        self.commit(&acts).await?;
        if let Some(user_id) = asked_by {
            self.emit_confirmation_asked(&user_id, client);
        }
        Ok(())
    }

    fn emit_confirmation_asked(&self, user_id: &UserId, client: &Client) {
        self.emit(&Event::new(EventKind::ConfirmationAsked, self.now(), client).user(user_id));
    }

    fn confirmation_letter(&self, address: &Address, user: &User, issued: &Issued) -> Result<Act> {
        let kind = match address {
            Address::Email(_) => LetterKind::Confirmation,
            Address::Phone(_) => LetterKind::Code,
        };
        self.letter(kind, address.as_str(), user, issued)
    }
}

/// What proves a new address.
pub(crate) fn confirmation(address: &Address) -> Purpose {
    match address {
        Address::Email(_) => Purpose::Confirmation,
        Address::Phone(_) => Purpose::Sms,
    }
}

/// The token was made for a sign-up with a password.
pub(crate) const SIGNED_UP: &str = "signed_up";

/// What whoever asked for the token says about the user (`data`).
pub(crate) const SAID: &str = "said";

/// The account has no password that came with a sign-up, or two did not agree about it.
pub(crate) const CONTESTED: &str = "contested";
