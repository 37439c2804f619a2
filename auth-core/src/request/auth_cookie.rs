//! The cookie of a page that holds its tokens itself, on the server's side.

use super::AuthRequest;
use crate::{
    error::{Error, ErrorKind, Result},
    flows::auth_cookie::{AuthChangeEvent, AuthCookieError, AuthCookieSession, AuthCookies},
    model::User,
};

impl AuthRequest {
    /// Sets the cookie of [`AuthBuilder::auth_cookie`](crate::AuthBuilder::auth_cookie) when a page says that somebody signed
    /// in, and removes it when they signed out; other events change nothing. A token that opens nothing is not kept. The
    /// `setAuthCookie` of seed 003.
    ///
    /// # Errors
    /// [`ErrorKind::FeatureDisabled`] without a configured cookie, [`ErrorKind::InvalidRequest`] when another site may have
    /// sent the request, [`ErrorKind::ValidationFailed`] when somebody signed in without a session,
    /// [`ErrorKind::InvalidSessionId`] when the token opens nothing, [`ErrorKind::DatabaseFetchFailed`].
    #[doc(alias = "setAuthCookie")]
    pub async fn set_auth_cookie(&self, event: AuthChangeEvent, session: Option<&AuthCookieSession>) -> Result<()> {
        let cookies = self.auth_cookies()?;
        self.check_origin()?;
        if let (AuthChangeEvent::SignedIn | AuthChangeEvent::TokenRefreshed, Some(session)) = (event, session) {
            let opened = self.auth().get_user_by_token(session.access_token.expose()).await;
            // The token strategy says in SuperTokens' words what a client should do next; here it comes down to the same.
            opened.map_err(|error| match error.kind() {
                ErrorKind::TryRefreshToken | ErrorKind::Unauthorised => ErrorKind::InvalidSessionId.into(),
                _ => error,
            })?;
        }
        let auth = self.auth();
        let secure = auth.inner.config.base_url.scheme() == "https";
        let effects = cookies.change(event, session, secure, auth.now()).map_err(refused)?;
        for cookie in effects.cookies() {
            self.add_cookie(cookie.clone());
        }
        Ok(())
    }

    /// The user of the token in that cookie. Nothing is renewed and no cookie changes. The `getUserByCookie` of seed 003.
    ///
    /// # Errors
    /// [`ErrorKind::NotAuthenticated`] when there is no cookie, [`ErrorKind::InvalidSessionId`] or
    /// [`ErrorKind::TryRefreshToken`] when its token opens nothing any more, [`ErrorKind::FeatureDisabled`],
    /// [`ErrorKind::DatabaseFetchFailed`].
    #[doc(alias = "getUserByCookie")]
    pub async fn get_user_by_cookie(&self) -> Result<User> {
        self.auth_cookies()?;
        let token = self.seen().auth_cookie.as_ref();
        let token = token.ok_or_else(|| Error::from(ErrorKind::NotAuthenticated).detail("No cookie found!"))?;
        self.auth().get_user_by_token(token.expose()).await
    }

    fn auth_cookies(&self) -> Result<&AuthCookies> {
        let cookies = self.auth().inner.auth_cookies.as_ref();
        cookies.ok_or_else(|| {
            Error::from(ErrorKind::FeatureDisabled).detail("There is no `auth_cookie` in the configuration.")
        })
    }
}

fn refused(error: AuthCookieError) -> Error {
    let sentence = error.to_string();
    Error::with_source(ErrorKind::ValidationFailed, error).detail(sentence)
}
