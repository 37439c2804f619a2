use crate::{
    adapter::Act,
    address::Address,
    auth::Auth,
    delivery::LetterKind,
    error::Result,
    event::{Event, EventKind},
    flows::one_time::Asked,
    model::Purpose,
    request::Client,
};

impl Auth {
    /// Mails a link and a code with which a new password can be chosen; to nobody, when nobody has this address.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when it is no address,
    /// [`ErrorKind::FeatureDisabled`](crate::ErrorKind::FeatureDisabled) when there is no mailer,
    /// [`ErrorKind::OverEmailSendRateLimit`](crate::ErrorKind::OverEmailSendRateLimit),
    /// [`ErrorKind::Throttled`](crate::ErrorKind::Throttled),
    /// [`ErrorKind::DatabaseUpdateFailed`](crate::ErrorKind::DatabaseUpdateFailed).
    #[doc(alias = "resetPasswordForEmail")]
    pub async fn reset_password_for_email(&self, email: &str, redirect_to: Option<&str>) -> Result<()> {
        let asked = self.asked_leading_to(redirect_to);
        self.send_recovery(&Address::email(email)?, &asked, &Client::default())
            .await
    }

    pub(crate) async fn send_recovery(&self, address: &Address, asked: &Asked, client: &Client) -> Result<()> {
        self.check_logins(address)?;
        self.limit_mailing(address, client).await?;
        let found = self.inner.adapter.get_key_and_user(&address.key_id()).await?;
        let Some((_, user)) = found.filter(|(_, user)| !user.is_banned(self.now())) else {
            return self.commit(&[self.no_letter(address)?]).await;
        };
        let issued = self.issue(Purpose::Recovery, &user.id, address.as_str(), asked)?;
        let letter = self.letter(LetterKind::Recovery, address.as_str(), &user, &issued)?;
        self.commit(&[Act::SetToken(issued.record), letter]).await?;
        self.emit(&Event::new(EventKind::RecoveryAsked, self.now(), client).user(&user.id));
        Ok(())
    }
}
