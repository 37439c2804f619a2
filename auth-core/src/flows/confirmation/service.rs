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
        password::SignUp,
        users::NewUser,
    },
    id::UserId,
    model::{KeyRecord, OneTimeToken, Purpose, User},
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
        self.check_new_password(&password, address.as_str())?;
        let (user, mut key) = self.prepare_user(new)?;
        self.limit_sending(address, &client).await?;

        let found = self.inner.adapter.get_key_and_user(&key.id).await?;
        let issued = self.issue_confirmation(address, &user.id, asked, false)?;
        match found {
            None => {
                key.hashed_password = Some(self.inner.passwords.hash(password).await?);
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
                    // Somebody was quicker; the next sign-up finds the account.
                    Err(error) if error.kind() == ErrorKind::DuplicateKeyId => {}
                    committed => {
                        committed?;
                        let created = Event::new(EventKind::UserCreated, self.now(), &client);
                        self.emit(&created.user(&receipt.user.id));
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
                let acts = if Self::is_proven(&owner, address) {
                    if self.inner.config.reveal_accounts {
                        return Err(ErrorKind::DuplicateKeyId.into());
                    }
                    drop(self.inner.passwords.hash(password).await?);
                    vec![self.account_exists_letter(address, &owner)?]
                } else {
                    self.sign_up_again(address, &owner, there, password, asked).await?
                };
                self.rehearse(&receipt.user).await?;
                self.commit(&acts).await?;
                let again = Event::new(EventKind::SignedUpAgain, self.now(), &client);
                self.emit(&again.user(&owner.id));
                Ok(receipt)
            }
        }
    }

    /// A second sign-up with an address nobody has proven: one more mail. A password that is not the first one's makes both
    /// nobody's: it goes when the address is proven.
    async fn sign_up_again(
        &self,
        address: &Address,
        owner: &User,
        key: KeyRecord,
        password: Password,
        asked: &Asked,
    ) -> Result<Vec<Act>> {
        let same = self.inner.passwords.verify(password, key.hashed_password).await;
        let is_same = matches!(same, Ok(Verified::Yes | Verified::Outdated));
        let purpose = confirmation(address);
        let is_contested = !is_same || self.is_contested(&owner.id, purpose).await?;
        let issued = self.issue_confirmation(address, &owner.id, asked, is_contested)?;
        let letter = self.confirmation_letter(address, owner, &issued)?;
        Ok(vec![Act::SetToken(issued.record), letter])
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

    async fn is_contested(&self, user_id: &UserId, purpose: Purpose) -> Result<bool> {
        let tokens = self.inner.adapter.get_tokens_by_user_id(user_id).await?;
        let before = tokens.iter().find(|token| token.purpose == purpose);
        Ok(before.is_some_and(|token| token.data.get(CONTESTED).and_then(Value::as_bool) == Some(true)))
    }

    /// Whether the attributes of an account that will not be made would have been taken: who learns that must learn it of a
    /// known address as well.
    async fn rehearse(&self, user: &User) -> Result<()> {
        if user.attributes.is_empty() {
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
    /// [`ErrorKind::OverEmailSendRateLimit`], [`ErrorKind::OverSmsSendRateLimit`], [`ErrorKind::Throttled`],
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub(crate) async fn resend_confirmation(&self, address: &Address, asked: &Asked, client: &Client) -> Result<()> {
        self.limit_mailing(address, client).await?;
        let found = self.inner.adapter.get_key_and_user(&address.key_id()).await?;
        let acts = match found {
            Some((_, user)) if !Self::is_proven(&user, address) => {
                let is_contested = self.is_contested(&user.id, confirmation(address)).await?;
                let issued = self.issue_confirmation(address, &user.id, asked, is_contested)?;
                let letter = self.confirmation_letter(address, &user, &issued)?;
                vec![Act::SetToken(issued.record), letter]
            }
            _ => vec![self.no_letter(address)?],
        };
        self.commit(&acts).await
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

/// Two sign-ups with this address did not agree about its password.
pub(crate) const CONTESTED: &str = "contested";
