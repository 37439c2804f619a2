use crate::{
    adapter::Act,
    address::Address,
    auth::Auth,
    delivery::LetterKind,
    error::{ErrorKind, Result},
    event::{Event, EventKind},
    flows::{
        confirmation::SAID,
        one_time::{Asked, Issued},
        users::{NewUser, check_metadata},
    },
    id::UserId,
    model::{JsonObject, Purpose, User},
    request::Client,
};

impl Auth {
    /// Makes an account for somebody and mails them an invitation; an account nobody has proven is invited again.
    ///
    /// # Errors
    /// [`ErrorKind::EmailExists`] when somebody has proven this address, [`ErrorKind::ValidationFailed`] when it is none,
    /// [`ErrorKind::FeatureDisabled`] when there is no mailer, [`ErrorKind::OverEmailSendRateLimit`] within a minute of another mail to
    /// it, [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "inviteUserByEmail")]
    pub async fn invite_user_by_email(&self, email: &str, data: JsonObject, redirect_to: Option<&str>) -> Result<User> {
        let asked = self.asked_leading_to(redirect_to);
        self.invite(&Address::email(email)?, data, &asked, &Client::default())
            .await
    }

    pub(crate) async fn invite(
        &self,
        address: &Address,
        data: JsonObject,
        asked: &Asked,
        client: &Client,
    ) -> Result<User> {
        self.inner.post.check(address)?;
        self.limit_sending(address, client).await?;
        let (user, issued, mut acts) = self.prepare_invitation(address, data, asked).await?;
        acts.push(self.letter(LetterKind::Invite, address.as_str(), &user, &issued)?);
        self.commit(&acts).await.map_err(taken)?;
        self.emit(&Event::new(EventKind::UserInvited, self.now(), client).user(&user.id));
        Ok(user)
    }

    /// The account to be, its invitation, and what has to be written for them.
    pub(crate) async fn prepare_invitation(
        &self,
        address: &Address,
        data: JsonObject,
        asked: &Asked,
    ) -> Result<(User, Issued, Vec<Act>)> {
        check_metadata([&data])?;
        let found = self.inner.adapter.get_key_and_user(&address.key_id()).await?;
        let (user, made) = match found {
            Some((_, user)) if Self::is_proven(&user, address) => return Err(ErrorKind::EmailExists.into()),
            Some((_, user)) => (user, None),
            None => {
                let new = NewUser::with_key(address.provider(), address.as_str()).user_metadata(data.clone());
                let (user, key) = self.prepare_user(new.made_by_administrator())?;
                let made = Act::SetUser(Box::new(user.clone()), Some(key));
                (user, Some(made))
            }
        };
        let issued = self.issue(Purpose::Invite, &user.id, address.as_str(), asked)?;
        let issued = issued.data(SAID, data);
        let acts = made.into_iter().chain([Act::SetToken(issued.record.clone())]).collect();
        Ok((user, issued, acts))
    }

    /// The user of an address, known or not; for administrators only.
    pub(crate) async fn user_at(&self, address: &Address) -> Result<Option<(UserId, User)>> {
        let found = self.inner.adapter.get_key_and_user(&address.key_id()).await?;
        Ok(found.map(|(_, user)| (user.id.clone(), user)))
    }
}

fn taken(error: crate::Error) -> crate::Error {
    match error.kind() {
        ErrorKind::DuplicateKeyId => ErrorKind::EmailExists.into(),
        _ => error,
    }
}
