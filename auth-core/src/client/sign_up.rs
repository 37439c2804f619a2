use super::{ApiError, GoTrueApi, GoTrueUser, SessionOrUser, request::Request};
use crate::{model::JsonObject, secret::Password};

/// What goes with signing up and inviting.
///
/// ```
/// use auth_core::client::SignUpOptions;
///
/// let name = serde_json::json!({ "name": "Ada" }).as_object().unwrap().clone();
/// let options = SignUpOptions::default().redirect_to("https://example.com/welcome").data(name);
/// # let _ = options;
/// ```
#[derive(Clone, Debug, Default)]
pub struct SignUpOptions {
    redirect_to: Option<String>,
    data: Option<JsonObject>,
}

impl SignUpOptions {
    /// Where the link in the mail leads in the end.
    #[must_use]
    pub fn redirect_to(mut self, url: impl Into<String>) -> Self {
        self.redirect_to = Some(url.into());
        self
    }

    /// The new user's metadata.
    #[must_use]
    pub fn data(mut self, data: JsonObject) -> Self {
        self.data = Some(data);
        self
    }
}

impl GoTrueApi {
    /// Creates an account with an e-mail address: a session where addresses need no confirmation, else the user.
    ///
    /// # Errors
    /// What the server refuses, and a server that does not answer.
    #[doc(alias = "signUpWithEmail")]
    pub async fn sign_up_with_email(
        &self,
        email: &str,
        password: impl Into<Password>,
        options: SignUpOptions,
    ) -> Result<SessionOrUser, ApiError> {
        let request = Request::post("/signup")
            .query("redirect_to", options.redirect_to.as_deref())
            .member("email", Some(email))
            .member("password", Some(password.into().expose()))
            .member("data", options.data);
        self.ask_session_or_user(request).await
    }

    /// Creates an account with a phone number: a session where numbers need no confirmation, else the user.
    ///
    /// # Errors
    /// As [`GoTrueApi::sign_up_with_email`].
    #[doc(alias = "signUpWithPhone")]
    pub async fn sign_up_with_phone(
        &self,
        phone: &str,
        password: impl Into<Password>,
        data: Option<JsonObject>,
    ) -> Result<SessionOrUser, ApiError> {
        let request = Request::post("/signup")
            .member("phone", Some(phone))
            .member("password", Some(password.into().expose()))
            .member("data", data);
        self.ask_session_or_user(request).await
    }

    /// Sends an invitation. Needs an administrator's `Authorization` among the [headers](GoTrueApi::header).
    ///
    /// # Errors
    /// As [`GoTrueApi::sign_up_with_email`]; 401 or 403 for everybody else.
    #[doc(alias = "inviteUserByEmail")]
    pub async fn invite_user_by_email(&self, email: &str, options: SignUpOptions) -> Result<GoTrueUser, ApiError> {
        let request = Request::post("/invite")
            .query("redirect_to", options.redirect_to.as_deref())
            .member("email", Some(email))
            .member("data", options.data);
        self.ask(request).await
    }
}
