use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A password as it was typed; wiped from memory when dropped.
///
/// It has no `Display`, no `Serialize` and no `PartialEq`:
///
/// ```compile_fail
/// let password = auth_core::Password::new("correct horse");
/// println!("{password}");
/// ```
///
/// ```compile_fail
/// use auth_core::Password;
/// assert!(Password::new("a") == Password::new("a"));
/// ```
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes over a typed password; nothing is trimmed or changed.
    pub fn new(typed: impl Into<String>) -> Self {
        Self(Zeroizing::new(typed.into()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Password {
    fn from(typed: &str) -> Self {
        Self::new(typed)
    }
}

impl From<String> for Password {
    fn from(typed: String) -> Self {
        Self::new(typed)
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}
