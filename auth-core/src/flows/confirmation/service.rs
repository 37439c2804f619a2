use crate::{
    adapter::Act,
    address::Address,
    auth::Auth,
    delivery::LetterKind,
    error::{Error, ErrorKind, Result},
    event::{Event, EventKind},
    flows::{
        one_time::{Asked, Issued},
        password::SignUp,
        users::NewUser,
        verify::take,
    },
    id::UserId,
    model::{Attribute, AttributeValue, JsonObject, KeyRecord, OneTimeToken, Purpose, User},
    password::Verified,
    request::Client,
};

/// How often the proofs of an address may change while somebody signs up with it once more.
const RACES: usize = 8;

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

        let adapter = &self.inner.adapter;
        // Before the user, so that whoever is not proven by then can only be proven by taking one of them.
        let tokens = adapter.get_tokens_by_address(address.as_str()).await?;
        let found = adapter.get_key_and_user(&key.id).await?;
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
                        self.contest(address, &receipt.user.user_metadata, asked).await?;
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
                if is_proven {
                    if self.inner.config.reveal_accounts {
                        return Err(ErrorKind::DuplicateKeyId.into());
                    }
                    drop(self.inner.passwords.hash(password, &owner.id).await?);
                    self.commit(&[self.account_exists_letter(address, &owner)?]).await?;
                } else {
                    let there = there.hashed_password.as_ref().map(|hash| (&owner.id, hash));
                    let same = self.inner.passwords.verify(password, there).await;
                    let is_same = matches!(same, Ok(Verified::Yes | Verified::Outdated));
                    let acts =
                        self.second_sign_up(address, &owner, &receipt.user.user_metadata, is_same, &tokens, asked)?;
                    match self.commit(&acts).await {
                        Err(error) if error.kind() == ErrorKind::OtpExpired => {
                            self.contest(address, &receipt.user.user_metadata, asked).await?;
                        }
                        committed => committed?,
                    }
                }
                let again = Event::new(EventKind::SignedUpAgain, self.now(), &client);
                self.emit(&again.user(&owner.id));
                if !is_proven {
                    self.emit_confirmation_asked(&owner.id, &client);
                }
                Ok(receipt)
            }
        }
    }

    /// Somebody signed up with the same address in the same moment, or its proof was answered or sent anew. Whether with the same
    /// password, nobody knows any more.
    async fn contest(&self, address: &Address, said: &JsonObject, asked: &Asked) -> Result<()> {
        let adapter = &self.inner.adapter;
        for _ in 0..RACES {
            let tokens = adapter.get_tokens_by_address(address.as_str()).await?;
            let acts = match adapter.get_key_and_user(&address.key_id()).await? {
                None => return Ok(()),
                Some((_, owner)) if Self::is_proven(&owner, address) => {
                    vec![self.account_exists_letter(address, &owner)?]
                }
                Some((_, owner)) => self.second_sign_up(address, &owner, said, false, &tokens, asked)?,
            };
            match self.commit(&acts).await {
                Err(error) if error.kind() == ErrorKind::OtpExpired => {}
                committed => return committed,
            }
        }
        Err(Error::update_failed("the proofs of an address change all the time"))
    }

    /// A second sign-up with an address nobody has proven: one more mail. A password that is not the first one's is nobody's,
    /// and neither is the first: at once, so that nothing has to remember it until somebody comes, and only if nobody has come
    /// meanwhile, who would have taken the tokens.
    fn second_sign_up(
        &self,
        address: &Address,
        owner: &User,
        said: &JsonObject,
        is_same: bool,
        tokens: &[OneTimeToken],
        asked: &Asked,
    ) -> Result<Vec<Act>> {
        let issued = self.issue_confirmation(address, &owner.id, asked, !is_same)?;
        let issued = issued.data(SAID, said.clone());
        let letter = self.confirmation_letter(address, owner, &issued)?;
        let mut acts = Vec::new();
        if !is_same {
            let slot = &issued.record.id;
            let of_owner = |token: &&OneTimeToken| token.user_id == owner.id;
            let there = tokens.iter().filter(of_owner).max_by_key(|token| token.id == *slot);
            if let Some(there) = there {
                acts.push(take(there));
                if there.id != *slot {
                    acts.push(Act::SetToken(there.clone()));
                }
            }
            acts.push(Act::SetPassword(address.key_id(), None, self.now()));
        }
        acts.extend([Act::SetToken(issued.record), letter]);
        Ok(acts)
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
        let adapter = &self.inner.adapter;
        let tokens = adapter.get_tokens_by_address(address.as_str()).await?;
        let found = adapter.get_key_and_user(&address.key_id()).await?;
        let mut asked_by = None;
        let acts = match found {
            Some((key, user)) if !Self::is_proven(&user, address) => {
                asked_by = Some(user.id.clone());
                let theirs = || tokens.iter().filter(|token| token.user_id == user.id);
                let slot = OneTimeToken::slot(confirmation(address), &user.id);
                let there = theirs().find(|token| token.id == slot);
                let link = theirs().find(|token| token.purpose == Purpose::MagicLink);
                // Whoever asked for another way in, as far as their browser tells, says nothing about who chose the password: a
                // stranger who asks for one takes no password away, and one who signed up leaves none.
                let by_link = link.filter(|link| {
                    there.is_none_or(|there| link.created_at >= there.created_at)
                        && link.browser_digest == asked.browser
                });
                let is_contested = key.hashed_password.is_none()
                    || by_link.is_some()
                    || there.is_some_and(|token| !token.says(SIGNED_UP) || token.says(CONTESTED));
                let mut issued = self.issue_confirmation(address, &user.id, asked, is_contested)?;
                let said_with = match is_contested {
                    true => by_link.or(there).or(link),
                    false => there,
                };
                if let Some(said) = said_with.and_then(|token| token.data.get(SAID)) {
                    issued = issued.data(SAID, said.clone());
                }
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
            // A contested one keeps no password that somebody should be told of.
            Address::Phone(_) if issued.record.says(CONTESTED) => LetterKind::Code,
            Address::Phone(_) => LetterKind::SignUpCode,
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
