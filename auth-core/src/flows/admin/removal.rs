use crate::{
    adapter::Act,
    auth::Auth,
    error::{ErrorKind, Result},
    event::{Event, EventKind},
    id::UserId,
    model::{AttributeValue, JsonObject, UserPatch},
    request::Client,
};

impl Auth {
    /// Gives an account up and keeps its row: the id stays known and says when it ended; addresses are free for somebody
    /// else, and nothing personal can be read any more. An account that was given up before stays as it is.
    ///
    /// ```
    /// # use auth_core::{Auth, NewUser, Secret, adapters::MemoryAdapter};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
    /// let user = auth.create_user(NewUser::with_key("email", "ada@example.com")).await?;
    /// auth.soft_delete_user(&user.id).await?;
    /// let gone = auth.get_user(&user.id).await?;
    /// assert!(gone.deleted_at.is_some() && gone.email.is_none());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::UserNotFound`], [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn soft_delete_user(&self, user_id: &UserId) -> Result<()> {
        self.give_up(user_id, &Client::default()).await
    }

    pub(super) async fn give_up(&self, user_id: &UserId, client: &Client) -> Result<()> {
        let user = self.inner.adapter.get_user(user_id).await?;
        let user = user.ok_or(ErrorKind::UserNotFound)?;
        if user.deleted_at.is_some() {
            return Ok(());
        }
        let now = self.now();
        let patch = UserPatch {
            email: Some(None),
            phone: Some(None),
            email_confirmed_at: Some(None),
            phone_confirmed_at: Some(None),
            role: Some(self.inner.config.default_role.clone()),
            app_metadata: Some(JsonObject::new()),
            user_metadata: Some(JsonObject::new()),
            is_anonymous: Some(false),
            banned_until: Some(None),
            last_sign_in_at: Some(None),
            deleted_at: Some(Some(now)),
            updated_at: Some(now),
            attributes: user
                .attributes
                .iter()
                .map(|(name, _)| (name.to_owned(), AttributeValue::Null))
                .collect(),
        };
        let acts = [
            Act::DeleteOtherKeys(user_id.clone(), None),
            Act::DeleteTokens(user_id.clone()),
            Act::UpdateUser(user_id.clone(), Box::new(patch)),
        ];
        // Before and after: a sign-in between the two may have made one more.
        self.delete_sessions_of(user_id, None).await?;
        self.commit(&acts).await?;
        self.delete_sessions_of(user_id, None).await?;
        let deleted = Event::new(EventKind::UserDeleted, now, client).user(user_id);
        self.emit(&deleted.reason("soft"));
        Ok(())
    }
}
