//! Where a message finds somebody: an e-mail address or a phone number, in canonical form.

use crate::{email::canonical_email, error::Result, id::KeyId, phone::canonical_phone};

/// The provider whose provider user id is an e-mail address.
pub(crate) const EMAIL: &str = "email";

/// The provider whose provider user id is a phone number.
pub(crate) const PHONE: &str = "phone";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Email(String),
    Phone(String),
}

impl Address {
    /// # Errors
    /// [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when it is none.
    pub(crate) fn email(typed: &str) -> Result<Self> {
        canonical_email(typed).map(Self::Email)
    }

    /// # Errors
    /// [`ErrorKind::ValidationFailed`](crate::ErrorKind::ValidationFailed) when it is none.
    pub(crate) fn phone(typed: &str) -> Result<Self> {
        canonical_phone(typed).map(Self::Phone)
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Email(address) | Self::Phone(address) => address,
        }
    }

    pub(crate) fn provider(&self) -> &'static str {
        match self {
            Self::Email(_) => EMAIL,
            Self::Phone(_) => PHONE,
        }
    }

    pub(crate) fn is_email(&self) -> bool {
        matches!(self, Self::Email(_))
    }

    /// The key of whoever signs in with it.
    pub(crate) fn key_id(&self) -> KeyId {
        KeyId::from(format!("{}:{}", self.provider(), self.as_str()))
    }
}

/// The key of a provider's user; addresses and numbers are brought to their canonical form.
pub(crate) fn key_id(provider: &str, provider_user_id: &str) -> Result<KeyId> {
    match provider {
        EMAIL => Address::email(provider_user_id).map(|address| address.key_id()),
        PHONE => Address::phone(provider_user_id).map(|address| address.key_id()),
        _ => KeyId::new(provider, provider_user_id),
    }
}
