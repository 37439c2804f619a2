use crate::{
    adapter::Act,
    address::Address,
    auth::Auth,
    delivery::LetterKind,
    error::{Error, ErrorKind, Result},
    event::{Event, EventKind},
    flows::one_time::Asked,
    model::{OneTimeToken, Purpose, User},
    request::Client,
};

impl Auth {
    /// Sends a code to the proven address of a user, else to the proven number.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when there is neither address nor number, [`ErrorKind::NonceEmailNotConfirmed`],
    /// [`ErrorKind::NoncePhoneNotConfirmed`], [`ErrorKind::OverEmailSendRateLimit`], [`ErrorKind::OverSmsSendRateLimit`],
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub(crate) async fn send_nonce(&self, user: &User, asked: &Asked, client: &Client) -> Result<()> {
        let address = address_of(user)?;
        if !Self::is_proven(user, &address) {
            let unproven = match address {
                Address::Email(_) => ErrorKind::NonceEmailNotConfirmed,
                Address::Phone(_) => ErrorKind::NoncePhoneNotConfirmed,
            };
            return Err(unproven.into());
        }
        self.limit_mailing(&address, client).await?;
        let issued = self.issue(Purpose::Reauthentication, &user.id, address.as_str(), asked)?;
        let kind = match address {
            Address::Email(_) => LetterKind::Reauthentication,
            Address::Phone(_) => LetterKind::ReauthenticationCode,
        };
        let letter = self.letter(kind, address.as_str(), user, &issued)?;
        self.commit(&[Act::SetToken(issued.record), letter]).await?;
        self.emit(&Event::new(EventKind::ReauthenticationAsked, self.now(), client).user(&user.id));
        Ok(())
    }

    /// Takes the code of [`Auth::send_nonce`].
    ///
    /// # Errors
    /// [`ErrorKind::ReauthenticationNotValid`] whatever is wrong with it, [`ErrorKind::Throttled`].
    pub(crate) async fn take_nonce(&self, user: &User, nonce: &str, client: &Client) -> Result<()> {
        let address = address_of(user)?;
        let purposes = [Purpose::Reauthentication];
        let checked = self
            .check_code(Some(&user.id), address.as_str(), nonce, &purposes, None, client)
            .await;
        let taken = match checked {
            Ok(OneTimeToken { id, link_digest, .. }) => self.commit(&[Act::TakeToken(id, link_digest)]).await,
            Err(error) => Err(error),
        };
        taken.map_err(|error| match error.kind() {
            ErrorKind::OtpExpired => ErrorKind::ReauthenticationNotValid.into(),
            _ => error,
        })
    }
}

/// The first that is proven; else the first, to say that it is not.
fn address_of(user: &User) -> Result<Address> {
    let email = user.email.clone().map(Address::Email);
    let phone = user.phone.clone().map(Address::Phone);
    let addresses: Vec<Address> = email.into_iter().chain(phone).collect();
    let proven = addresses.iter().find(|address| Auth::is_proven(user, address));
    proven.or(addresses.first()).cloned().ok_or_else(|| {
        Error::from(ErrorKind::ValidationFailed)
            .detail("Reauthentication requires the user to have an email or a phone number")
    })
}
