use crate::{
    auth::Auth,
    error::{ErrorKind, Result},
    flows::{
        sessions::{IssuedSession, NewSession},
        users::NewUser,
    },
    model::{JsonObject, User},
    proof::Proof,
};

impl Auth {
    /// Makes an account without an address and opens its session. When that ends, nobody gets back in.
    ///
    /// # Errors
    /// [`ErrorKind::AnonymousDisabled`] unless [`AuthBuilder::anonymous`](crate::AuthBuilder::anonymous) allows it,
    /// [`ErrorKind::Throttled`], [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn sign_in_anonymously(&self, data: JsonObject, session: NewSession) -> Result<(User, IssuedSession)> {
        if !self.inner.config.anonymous {
            return Err(ErrorKind::AnonymousDisabled.into());
        }
        if !self.inner.config.signup {
            return Err(ErrorKind::SignupDisabled.into());
        }
        self.limit_anonymous(&session.client).await?;
        let new = NewUser::without_key()
            .user_metadata(data)
            .anonymous()
            .client(session.client.clone());
        let user = self.create_user(new).await?;
        let proof = Proof::new(user, "anonymous", self.now());
        self.finish_sign_in(proof, session).await
    }
}
