//! Who holds a token, whichever strategy it is of: the functions of seed 003 that take one.

use super::service::opened_by_line;
use crate::{
    auth::Auth,
    error::{ErrorKind, Result},
    model::User,
    secret::SessionToken,
};

impl Auth {
    /// The user of an access token or of the token of an opaque session, whose session is asked for in the store. The
    /// `getUser` of seed 003.
    ///
    /// # Errors
    /// [`ErrorKind::TryRefreshToken`], [`ErrorKind::Unauthorised`] or [`ErrorKind::InvalidSessionId`] when the token opens
    /// nothing, [`ErrorKind::DatabaseFetchFailed`].
    #[doc(alias = "getUser")]
    pub async fn get_user_by_token(&self, token: &str) -> Result<User> {
        let now = self.now();
        match &self.inner.tokens {
            Some(strategy) => {
                let claims = strategy.verify(self, token).await?;
                let (session, user) = self.session_and_user_of(&claims, now).await?;
                opened_by_line(strategy, session, &claims, now)?;
                Ok(user)
            }
            None => {
                let (_, user) = self.get_session_user(&SessionToken::parse(token)?).await?;
                if user.is_banned(now) {
                    Err(ErrorKind::UserBanned.into())
                } else {
                    Ok(user)
                }
            }
        }
    }

    /// Ends all sessions of whoever holds this token, an access token or the token of an opaque session, while its own
    /// session lives. The `signOut` of seed 003.
    ///
    /// # Errors
    /// [`ErrorKind::TryRefreshToken`] or [`ErrorKind::InvalidSessionId`] when the token is not ours or is over,
    /// [`ErrorKind::Unauthorised`] when its session has ended or another line of it is in use,
    /// [`ErrorKind::DatabaseFetchFailed`], [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "signOut")]
    pub async fn sign_out(&self, token: &str) -> Result<()> {
        let user_id = match &self.inner.tokens {
            Some(strategy) => {
                let claims = strategy.verify(self, token).await?;
                self.check_line(strategy, &claims).await?.user_id
            }
            None => self.get_session(&SessionToken::parse(token)?).await?.user_id,
        };
        self.invalidate_all_user_sessions(&user_id).await
    }
}
