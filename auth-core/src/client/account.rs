use http::Method;

use super::{ApiError, GoTrueApi, GoTrueUser, request::Request};
use crate::{
    model::JsonObject,
    secret::{Password, WireToken},
};

/// What a user changes about themselves.
///
/// ```
/// use auth_core::client::UserAttributes;
///
/// let attributes = UserAttributes::default().password("a longer one than before").current_password("the old one");
/// assert!(!format!("{attributes:?}").contains("longer"));
/// ```
#[derive(Debug, Default)]
pub struct UserAttributes {
    email: Option<String>,
    phone: Option<String>,
    password: Option<Password>,
    current_password: Option<Password>,
    nonce: Option<WireToken>,
    email_change_token: Option<WireToken>,
    data: Option<JsonObject>,
}

impl UserAttributes {
    /// A new address; most servers want it confirmed.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// A new phone number; most servers want it confirmed.
    #[must_use]
    pub fn phone(mut self, phone: impl Into<String>) -> Self {
        self.phone = Some(phone.into());
        self
    }

    /// A new password.
    #[must_use]
    pub fn password(mut self, password: impl Into<Password>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The password so far, for servers that ask for it.
    #[must_use]
    pub fn current_password(mut self, password: impl Into<Password>) -> Self {
        self.current_password = Some(password.into());
        self
    }

    /// The code of a reauthentication mail, for servers that ask for it.
    #[must_use]
    pub fn nonce(mut self, nonce: impl Into<WireToken>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// What confirms a new address, on servers of the seed's time.
    #[must_use]
    pub fn email_change_token(mut self, token: impl Into<WireToken>) -> Self {
        self.email_change_token = Some(token.into());
        self
    }

    /// Members to merge into the user's metadata; `null` removes one.
    #[must_use]
    pub fn data(mut self, data: JsonObject) -> Self {
        self.data = Some(data);
        self
    }
}

impl GoTrueApi {
    /// The user of an access token.
    ///
    /// # Errors
    /// What the server refuses, and a server that does not answer.
    #[doc(alias = "getUser")]
    pub async fn get_user(&self, jwt: &str) -> Result<GoTrueUser, ApiError> {
        self.ask(Request::get("/user").jwt(jwt)).await
    }

    /// Changes the user of an access token.
    ///
    /// # Errors
    /// As [`GoTrueApi::get_user`].
    #[doc(alias = "updateUser")]
    pub async fn update_user(&self, jwt: &str, attributes: UserAttributes) -> Result<GoTrueUser, ApiError> {
        let token = |token: Option<WireToken>| token.map(|token| token.expose().to_owned());
        let password = |password: Option<Password>| password.map(|password| password.expose().to_owned());
        let request = Request::new(Method::PUT, "/user")
            .jwt(jwt)
            .member("email", attributes.email)
            .member("phone", attributes.phone)
            .member("password", password(attributes.password))
            .member("current_password", password(attributes.current_password))
            .member("nonce", token(attributes.nonce))
            .member("email_change_token", token(attributes.email_change_token))
            .member("data", attributes.data);
        self.ask(request).await
    }
}
