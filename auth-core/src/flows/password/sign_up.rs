//! What a sign-up says.

use std::fmt;

use crate::{
    address::{Address, EMAIL, PHONE},
    error::Result,
    flows::sessions::NewSession,
    model::{Attributes, JsonObject},
    secret::Password,
};

/// What somebody signs up with.
pub struct SignUp {
    provider: &'static str,
    address: String,
    pub(crate) password: Password,
    pub(crate) attributes: Attributes,
    pub(crate) user_metadata: JsonObject,
    pub(crate) session: NewSession,
    pub(super) redirect_to: Option<String>,
}

impl SignUp {
    /// An address and a password.
    pub fn new(email: impl Into<String>, password: impl Into<Password>) -> Self {
        Self::by(EMAIL, email.into(), password.into())
    }

    /// A phone number and a password.
    pub fn with_phone(phone: impl Into<String>, password: impl Into<Password>) -> Self {
        Self::by(PHONE, phone.into(), password.into())
    }

    fn by(provider: &'static str, address: String, password: Password) -> Self {
        Self {
            provider,
            address,
            password,
            attributes: Attributes::new(),
            user_metadata: JsonObject::new(),
            session: NewSession::default(),
            redirect_to: None,
        }
    }

    /// The address or number, in canonical form.
    pub(crate) fn address(&self) -> Result<Address> {
        match self.provider {
            PHONE => Address::phone(&self.address),
            _ => Address::email(&self.address),
        }
    }

    /// Where the link that proves the address leads in the end, if that is allowed; else to the site.
    #[must_use]
    pub fn redirect_to(mut self, target: impl Into<String>) -> Self {
        self.redirect_to = Some(target.into());
        self
    }

    /// Declared attributes.
    #[must_use]
    pub fn attributes(mut self, attributes: Attributes) -> Self {
        self.attributes = attributes;
        self
    }

    /// What the user notes about themselves.
    #[must_use]
    pub fn user_metadata(mut self, metadata: JsonObject) -> Self {
        self.user_metadata = metadata;
        self
    }

    /// What the first session starts with, the client included.
    #[must_use]
    pub fn session(mut self, session: NewSession) -> Self {
        self.session = session;
        self
    }
}

impl fmt::Debug for SignUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignUp")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
