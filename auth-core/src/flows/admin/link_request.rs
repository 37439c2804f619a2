use std::fmt;

use crate::{
    model::{JsonObject, User},
    secret::Password,
};

/// What a link is to be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkKind {
    SignUp,
    Invite,
    MagicLink,
    Recovery,
    EmailChangeCurrent,
    EmailChangeNew,
}

impl LinkKind {
    /// GoTrue's word.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "signup",
            Self::Invite => "invite",
            Self::MagicLink => "magiclink",
            Self::Recovery => "recovery",
            Self::EmailChangeCurrent => "email_change_current",
            Self::EmailChangeNew => "email_change_new",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [
            Self::SignUp,
            Self::Invite,
            Self::MagicLink,
            Self::Recovery,
            Self::EmailChangeCurrent,
            Self::EmailChangeNew,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == word)
    }
}

/// Which link [`Auth::generate_link`](crate::Auth::generate_link) is to make.
///
/// ```
/// use auth_core::GenerateLink;
///
/// let wanted = GenerateLink::recovery("ada@example.com").redirect_to("https://example.com/new-password");
/// # let _ = wanted;
/// ```
#[must_use]
pub struct GenerateLink {
    pub(super) kind: LinkKind,
    pub(super) email: String,
    pub(super) new_email: Option<String>,
    pub(super) password: Option<Password>,
    pub(super) data: JsonObject,
    pub(super) redirect_to: Option<String>,
}

impl GenerateLink {
    pub(super) fn new(kind: LinkKind, email: impl Into<String>) -> Self {
        Self {
            kind,
            email: email.into(),
            new_email: None,
            password: None,
            data: JsonObject::new(),
            redirect_to: None,
        }
    }

    /// Confirms a new account that signs in with this password.
    pub fn sign_up(email: impl Into<String>, password: impl Into<Password>) -> Self {
        Self::new(LinkKind::SignUp, email).password(password)
    }

    /// Lets somebody in who was invited; their account is made if there is none.
    pub fn invite(email: impl Into<String>) -> Self {
        Self::new(LinkKind::Invite, email)
    }

    /// Signs in; an unknown address gets an account, and the link confirms it.
    pub fn magic_link(email: impl Into<String>) -> Self {
        Self::new(LinkKind::MagicLink, email)
    }

    /// Lets the owner choose a new password.
    pub fn recovery(email: impl Into<String>) -> Self {
        Self::new(LinkKind::Recovery, email)
    }

    /// Agrees at the present address to a change to another.
    pub fn email_change_current(email: impl Into<String>, new_email: impl Into<String>) -> Self {
        Self::new(LinkKind::EmailChangeCurrent, email).new_email(new_email)
    }

    /// Proves the new address of a change.
    pub fn email_change_new(email: impl Into<String>, new_email: impl Into<String>) -> Self {
        Self::new(LinkKind::EmailChangeNew, email).new_email(new_email)
    }

    /// What a new user notes about themselves.
    pub fn data(mut self, data: JsonObject) -> Self {
        self.data = data;
        self
    }

    /// Where the link leads in the end, if that is allowed. Default the site.
    pub fn redirect_to(mut self, target: impl Into<String>) -> Self {
        self.redirect_to = Some(target.into());
        self
    }

    pub(super) fn password(mut self, password: impl Into<Password>) -> Self {
        self.password = Some(password.into());
        self
    }

    pub(super) fn new_email(mut self, email: impl Into<String>) -> Self {
        self.new_email = Some(email.into());
        self
    }
}

impl fmt::Debug for GenerateLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenerateLink")
            .field("kind", &self.kind)
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// A link that was made and not sent. Not printable: it opens the account.
#[non_exhaustive]
pub struct GeneratedLink {
    /// Whose it is.
    pub user: User,
    /// The link.
    pub action_link: String,
    /// The code that does the same.
    pub email_otp: String,
    /// The link's secret, for `POST /verify` as `token_hash`.
    pub hashed_token: String,
    /// The `type` that goes with the code or the secret.
    pub verification_type: &'static str,
    /// Where the link leads in the end.
    pub redirect_to: String,
}

impl fmt::Debug for GeneratedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeneratedLink")
            .field("user", &self.user.id)
            .field("verification_type", &self.verification_type)
            .finish_non_exhaustive()
    }
}
