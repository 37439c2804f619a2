use super::{ApiError, GoTrueApi, GoTrueSession, request::Request};
use crate::secret::Password;

impl GoTrueApi {
    /// Signs in with an e-mail address and a password.
    ///
    /// # Errors
    /// What the server refuses, and a server that does not answer.
    #[doc(alias = "signInWithEmail")]
    pub async fn sign_in_with_email(
        &self,
        email: &str,
        password: impl Into<Password>,
        redirect_to: Option<&str>,
    ) -> Result<GoTrueSession, ApiError> {
        let request = Request::post("/token")
            .query("grant_type", Some("password"))
            .query("redirect_to", redirect_to)
            .member("email", Some(email))
            .member("password", Some(password.into().expose()));
        self.ask_session(request).await
    }

    /// Signs in with a phone number and a password.
    ///
    /// # Errors
    /// As [`GoTrueApi::sign_in_with_email`].
    #[doc(alias = "signInWithPhone")]
    pub async fn sign_in_with_phone(
        &self,
        phone: &str,
        password: impl Into<Password>,
    ) -> Result<GoTrueSession, ApiError> {
        let request = Request::post("/token")
            .query("grant_type", Some("password"))
            .member("phone", Some(phone))
            .member("password", Some(password.into().expose()));
        self.ask_session(request).await
    }

    /// Exchanges a refresh token for new tokens. The old one is used up.
    ///
    /// # Errors
    /// As [`GoTrueApi::sign_in_with_email`].
    #[doc(alias = "refreshAccessToken")]
    pub async fn refresh_access_token(&self, refresh_token: &str) -> Result<GoTrueSession, ApiError> {
        let request = Request::post("/token")
            .query("grant_type", Some("refresh_token"))
            .member("refresh_token", Some(refresh_token));
        self.ask_session(request).await
    }

    /// Ends the session of an access token; the server's default is every session of its user.
    ///
    /// # Errors
    /// As [`GoTrueApi::sign_in_with_email`].
    #[doc(alias = "signOut")]
    pub async fn sign_out(&self, jwt: &str) -> Result<(), ApiError> {
        let request = Request::post("/logout").jwt(jwt).body(Default::default());
        self.send(request).await.map(drop)
    }
}
