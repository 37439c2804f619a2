use crate::{
    adapter::Act,
    address::Address,
    auth::Auth,
    delivery::LetterKind,
    error::{ErrorKind, Result},
    event::{Event, EventKind},
    flows::{
        confirmation::SAID,
        one_time::Asked,
        sessions::{IssuedSession, NewSession},
        users::{NewUser, check_metadata},
    },
    model::{JsonObject, Purpose, User},
    request::Client,
};

impl Auth {
    /// Mails a link and a code that sign in; an unknown address gets an account.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when it is no address, [`ErrorKind::EmailLoginsDisabled`],
    /// [`ErrorKind::FeatureDisabled`] when there is no mailer, [`ErrorKind::OverEmailSendRateLimit`],
    /// [`ErrorKind::Throttled`], [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "sendMagicLinkEmail")]
    pub async fn send_magic_link_email(&self, email: &str, redirect_to: Option<&str>) -> Result<()> {
        let asked = self.asked_leading_to(redirect_to);
        self.send_way_in(
            &Address::email(email)?,
            true,
            JsonObject::new(),
            &asked,
            &Client::default(),
        )
        .await
    }

    /// Sends a code that signs in as a text message; an unknown number gets an account.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when it is no number, [`ErrorKind::PhoneLoginsDisabled`],
    /// [`ErrorKind::OverSmsSendRateLimit`], [`ErrorKind::Throttled`], [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "sendMobileOTP")]
    pub async fn send_mobile_otp(&self, phone: &str) -> Result<()> {
        self.send_way_in(
            &Address::phone(phone)?,
            true,
            JsonObject::new(),
            &Asked::default(),
            &Client::default(),
        )
        .await
    }

    /// Signs in with the code of a text message.
    ///
    /// # Errors
    /// [`ErrorKind::OtpExpired`] whatever is wrong with the code, [`ErrorKind::Throttled`], [`ErrorKind::UserBanned`],
    /// [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "verifyMobileOTP")]
    pub async fn verify_mobile_otp(
        &self,
        phone: &str,
        code: &str,
        session: NewSession,
    ) -> Result<(User, IssuedSession)> {
        let address = Address::phone(phone)?;
        let token = self
            .check_code_of(&address, code, &[Purpose::Sms], None, &session.client)
            .await?;
        self.redeem_into_session(token, "otp", session).await
    }

    /// Sends a link or code, or does what takes as long.
    pub(crate) async fn send_way_in(
        &self,
        address: &Address,
        makes_account: bool,
        data: JsonObject,
        asked: &Asked,
        client: &Client,
    ) -> Result<()> {
        self.check_logins(address)?;
        // Before anybody is looked for: what is refused must not tell who is there.
        check_metadata([&data])?;
        self.limit_mailing(address, client).await?;
        let found = self.inner.adapter.get_key_and_user(&address.key_id()).await?;
        let config = &self.inner.config;
        let acts = match found {
            Some((_, user)) if user.is_banned(self.now()) => vec![self.no_letter(address)?],
            Some((_, user)) => self.way_in(address, &user, data, asked)?,
            None if makes_account && config.signup => {
                let new = NewUser::with_key(address.provider(), address.as_str()).user_metadata(data.clone());
                let (user, key) = self.prepare_user(new)?;
                let mut acts = vec![Act::SetUser(Box::new(user.clone()), Some(key))];
                acts.extend(self.way_in(address, &user, data, asked)?);
                match self.commit(&acts).await {
                    Err(error) if error.kind() == ErrorKind::DuplicateKeyId => {
                        // Somebody was quicker, and has been sent the same.
                        return Ok(());
                    }
                    committed => committed?,
                }
                self.emit(&Event::new(EventKind::UserCreated, self.now(), client).user(&user.id));
                return Ok(());
            }
            None if config.reveal_accounts => {
                return Err(if makes_account {
                    ErrorKind::SignupDisabled
                } else {
                    ErrorKind::OtpDisabled
                }
                .into());
            }
            None => vec![self.no_letter(address)?],
        };
        self.commit(&acts).await
    }

    fn way_in(&self, address: &Address, user: &User, data: JsonObject, asked: &Asked) -> Result<Vec<Act>> {
        let (purpose, kind) = match address {
            Address::Email(_) if user.email_confirmed_at.is_none() => (Purpose::MagicLink, LetterKind::Confirmation),
            Address::Email(_) => (Purpose::MagicLink, LetterKind::MagicLink),
            Address::Phone(_) => (Purpose::Sms, LetterKind::Code),
        };
        let mut issued = self.issue(purpose, &user.id, address.as_str(), asked)?;
        if !Self::is_proven(user, address) {
            issued = issued.data(SAID, data);
        }
        let letter = self.letter(kind, address.as_str(), user, &issued)?;
        Ok(vec![Act::SetToken(issued.record), letter])
    }
}
