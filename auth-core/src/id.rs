//! Ids: opaque strings with a type each, so that a user's id is never taken for a session's.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as it is stored.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The id as an owned string.
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.0)
            }
        }
    };
}

id! {
    /// A user's id. Opaque: `"1"` is a string, never a number.
    UserId
}

id! {
    /// A session's public id, the handle shown in listings. It opens nothing: the secret beside it does.
    SessionId
}

/// A key's id: `provider:provider_user_id`, split at the first colon.
///
/// ```
/// use auth_core::KeyId;
///
/// let id = KeyId::new("email", "ada@example.com")?;
/// assert_eq!(id.as_str(), "email:ada@example.com");
/// assert_eq!(KeyId::from("github:a:b").provider_user_id(), "a:b");
/// assert!(KeyId::new("e:mail", "x").is_err());
/// # Ok::<(), auth_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    /// The id of this provider's user.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when the provider is empty or contains a colon.
    pub fn new(provider: &str, provider_user_id: &str) -> Result<Self> {
        if provider.is_empty() || provider.contains(':') {
            return Err(Error::from(ErrorKind::ValidationFailed).detail("A provider is a name without a colon."));
        }
        Ok(Self(format!("{provider}:{provider_user_id}")))
    }

    /// The id as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first colon.
    pub fn provider(&self) -> &str {
        self.0.split_once(':').map_or(self.0.as_str(), |(provider, _)| provider)
    }

    /// The part after the first colon.
    pub fn provider_user_id(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, id)| id)
    }
}

impl From<String> for KeyId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl From<&str> for KeyId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({:?})", self.0)
    }
}
