use std::{fmt, time::Duration};

use crate::{
    id::UserId,
    model::{Attributes, JsonObject},
    secret::{HashedPassword, Password},
};

/// What an administrator sets on an account, new or not; what is not given stays as it is.
///
/// ```
/// use auth_core::AdminUserAttributes;
///
/// let given = AdminUserAttributes::default()
///     .email("ada@example.com")
///     .email_confirm(true)
///     .role("editor");
/// # let _ = given;
/// ```
#[derive(Default)]
#[must_use]
pub struct AdminUserAttributes {
    pub(super) id: Option<UserId>,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) secret: Option<NewSecret>,
    pub(super) email_confirm: bool,
    pub(super) phone_confirm: bool,
    pub(super) user_metadata: JsonObject,
    pub(super) app_metadata: JsonObject,
    pub(super) role: Option<String>,
    pub(super) ban: Option<Option<Duration>>,
    pub(super) attributes: Attributes,
}

/// What the user will sign in with.
pub(super) enum NewSecret {
    Password(Password),
    Hash(HashedPassword),
}

impl AdminUserAttributes {
    /// The id of a new account: letters, digits and `-._~`, at most 64. Default random.
    pub fn id(mut self, id: impl Into<UserId>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The e-mail address. It counts at once, nobody is asked; whether it is proven does not change by itself.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// The phone number; as [`AdminUserAttributes::email`].
    pub fn phone(mut self, phone: impl Into<String>) -> Self {
        self.phone = Some(phone.into());
        self
    }

    /// The password. Whoever sets one for somebody else knows it: prefer [`Auth::generate_link`](crate::Auth::generate_link)
    /// for a recovery. Until its owner chooses another, `app_metadata` says `must_change_password`.
    pub fn password(mut self, password: impl Into<Password>) -> Self {
        self.secret = Some(NewSecret::Password(password.into()));
        self
    }

    /// The password's hash, from another system, in any form that sign-in reads: Argon2, bcrypt, PBKDF2, Lucia's scrypt, Firebase's as
    /// GoTrue writes it (`$fbscrypt$…`, with the signer key of the project).
    pub fn password_hash(mut self, hash: impl Into<String>) -> Self {
        self.secret = Some(NewSecret::Hash(HashedPassword::from_stored(hash)));
        self
    }

    /// With `true`, the e-mail address counts as proven from now on; `false` changes nothing.
    pub fn email_confirm(mut self, confirm: bool) -> Self {
        self.email_confirm = confirm;
        self
    }

    /// With `true`, the phone number counts as proven from now on; `false` changes nothing.
    pub fn phone_confirm(mut self, confirm: bool) -> Self {
        self.phone_confirm = confirm;
        self
    }

    /// What the user notes about themselves: members are added and overwritten one by one, `null` removes one.
    /// All together are at most 64 KiB of JSON.
    pub fn user_metadata(mut self, metadata: JsonObject) -> Self {
        self.user_metadata = metadata;
        self
    }

    /// What the application notes about the user; as [`AdminUserAttributes::user_metadata`].
    pub fn app_metadata(mut self, metadata: JsonObject) -> Self {
        self.app_metadata = metadata;
        self
    }

    /// The role. Another one ends the sessions of an account.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// Shuts the user out for this long, which ends all sessions; `None` lets them in again.
    pub fn ban(mut self, duration: Option<Duration>) -> Self {
        self.ban = Some(duration);
        self
    }

    /// Declared attributes, editable by the user or not.
    pub fn attributes(mut self, attributes: Attributes) -> Self {
        self.attributes = attributes;
        self
    }

    /// Whether somebody will have a password that another knows.
    pub(super) fn chooses_password(&self) -> bool {
        matches!(self.secret, Some(NewSecret::Password(_)))
    }
}

impl fmt::Debug for AdminUserAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminUserAttributes")
            .field("id", &self.id)
            .field("email", &self.email)
            .field("phone", &self.phone)
            .finish_non_exhaustive()
    }
}
