//! Why a bearer token opens nothing, in GoTrue's words: its clients decide by them whether to renew, to sign in again or to give
//! up.

use std::sync::Arc;

use super::Call;
use crate::{
    error::{Error, ErrorKind, Result},
    id::UserId,
    model::{Session, User},
    secret::SessionToken,
};

impl Call {
    /// Session and user of the request.
    ///
    /// # Errors
    /// [`ErrorKind::NotAuthenticated`] when nothing was presented; for a bearer token [`ErrorKind::BadJwt`] when it is none of
    /// ours or over, [`ErrorKind::InvalidSessionId`] when its session has ended, [`ErrorKind::InvalidUserId`] when its user
    /// is gone, [`ErrorKind::UserShutOut`]; otherwise as [`AuthRequest::require_user`](crate::AuthRequest::require_user).
    pub(crate) async fn require_user(&self) -> Result<(Arc<Session>, Arc<User>)> {
        match self.request.require_user().await {
            Err(error) => Err(self.explained(error).await?),
            found => found,
        }
    }

    /// What a client with a bearer token is told instead; clients of SuperTokens keep hearing its words.
    ///
    /// # Errors
    /// As the store.
    pub(crate) async fn explained(&self, error: Error) -> Result<Error> {
        if self.speaks_supertokens {
            return Ok(error);
        }
        let Some(token) = self.bearer.as_deref() else {
            let never_had_one = error.kind() == ErrorKind::Unauthorised && !self.request.presents_tokens();
            return Ok(if never_had_one {
                ErrorKind::NotAuthenticated.into()
            } else {
                error
            });
        };
        let is_about_it = matches!(
            error.kind(),
            ErrorKind::NotAuthenticated | ErrorKind::TryRefreshToken | ErrorKind::Unauthorised
        );
        if !is_about_it {
            return Ok(error);
        }
        let Some(strategy) = &self.auth.inner.tokens else {
            let is_ours = SessionToken::parse(token).is_ok();
            return Ok(if is_ours {
                ErrorKind::InvalidSessionId.into()
            } else {
                ErrorKind::BadJwt.into()
            });
        };
        let claims = match strategy.verify(&self.auth, token).await {
            Ok(claims) => claims,
            Err(error) if error.kind() == ErrorKind::TryRefreshToken => return Ok(ErrorKind::BadJwt.into()),
            Err(error) => return Err(error),
        };
        let user = self
            .auth
            .inner
            .adapter
            .get_user(&UserId::from(claims.subject()))
            .await?;
        Ok(match user {
            None => ErrorKind::InvalidUserId,
            Some(user) if user.is_banned(self.auth.now()) => ErrorKind::UserShutOut,
            Some(_) => ErrorKind::InvalidSessionId,
        }
        .into())
    }

    /// Refuses a bearer token that is none of ours.
    ///
    /// # Errors
    /// [`ErrorKind::BadJwt`], and as the store.
    pub(crate) async fn check_bearer(&self) -> Result<()> {
        if self.bearer.is_none() {
            return Ok(());
        }
        let explained = self.explained(ErrorKind::NotAuthenticated.into()).await?;
        match explained.kind() {
            ErrorKind::BadJwt => Err(explained),
            _ => Ok(()),
        }
    }
}
