use serde::Deserialize;

use super::{ApiError, GoTrueApi, GoTrueUser, request::Request};
use crate::{
    model::JsonObject,
    secret::{Password, WireToken},
};

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkKind {
    /// The address so far agrees to a new one.
    EmailChangeCurrent,
    /// The new address is proven.
    EmailChangeNew,
    /// Accepting an invitation.
    Invite,
    /// Signing in.
    MagicLink,
    /// A new password.
    Recovery,
    /// A confirmed account.
    Signup,
}

impl LinkKind {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmailChangeCurrent => "email_change_current",
            Self::EmailChangeNew => "email_change_new",
            Self::Invite => "invite",
            Self::MagicLink => "magiclink",
            Self::Recovery => "recovery",
            Self::Signup => "signup",
        }
    }
}

/// A link to be made instead of mailed.
///
/// ```
/// use auth_core::client::{GenerateLink, LinkKind};
///
/// let link = GenerateLink::new(LinkKind::Signup, "ada@example.com").password("correct horse battery");
/// # let _ = link;
/// ```
#[derive(Debug)]
pub struct GenerateLink {
    kind: LinkKind,
    email: String,
    new_email: Option<String>,
    password: Option<Password>,
    data: Option<JsonObject>,
    redirect_to: Option<String>,
}

impl GenerateLink {
    /// A link for this address.
    pub fn new(kind: LinkKind, email: impl Into<String>) -> Self {
        Self {
            kind,
            email: email.into(),
            new_email: None,
            password: None,
            data: None,
            redirect_to: None,
        }
    }

    /// The address after the change.
    #[must_use]
    pub fn new_email(mut self, email: impl Into<String>) -> Self {
        self.new_email = Some(email.into());
        self
    }

    /// The password of a new account.
    #[must_use]
    pub fn password(mut self, password: impl Into<Password>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The metadata of a new account.
    #[must_use]
    pub fn data(mut self, data: JsonObject) -> Self {
        self.data = Some(data);
        self
    }

    /// Where the link leads in the end.
    #[must_use]
    pub fn redirect_to(mut self, url: impl Into<String>) -> Self {
        self.redirect_to = Some(url.into());
        self
    }
}

/// A link, and what stands in it. Whoever has it has the account: `Debug` shows none of it.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct GeneratedLink {
    /// The link.
    pub action_link: WireToken,
    /// The code that does the same.
    #[serde(default)]
    pub email_otp: Option<WireToken>,
    /// The token in the link.
    #[serde(default)]
    pub hashed_token: Option<WireToken>,
    /// What the token is for, which may be another thing than was asked for: an unknown address signs up.
    #[serde(default)]
    pub verification_type: Option<String>,
    /// Where the link leads in the end.
    #[serde(default)]
    pub redirect_to: Option<String>,
    /// Whose link it is.
    #[serde(flatten)]
    pub user: GoTrueUser,
}

impl GoTrueApi {
    /// Makes a link instead of mailing it. Needs an administrator's `Authorization` among the
    /// [headers](GoTrueApi::header).
    ///
    /// # Errors
    /// What the server refuses, and a server that does not answer.
    #[doc(alias = "generateLink")]
    pub async fn generate_link(&self, link: GenerateLink) -> Result<GeneratedLink, ApiError> {
        let request = Request::post("/admin/generate_link")
            .member("type", Some(link.kind.as_str()))
            .member("email", Some(link.email))
            .member("new_email", link.new_email)
            .member("password", link.password.as_ref().map(Password::expose))
            .member("data", link.data)
            .member("redirect_to", link.redirect_to);
        self.ask(request).await
    }
}
