use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A token of any form, as its holder has it: an access token, a refresh token, the code or the link of a mail. Wiped from
/// memory when dropped.
///
/// ```
/// let token = auth_core::WireToken::new("eyJhbGciOi…");
/// assert_eq!(format!("{token:?}"), "WireToken([redacted])");
/// assert_eq!(token.expose(), "eyJhbGciOi…");
/// ```
///
/// ```compile_fail
/// let token = auth_core::WireToken::new("eyJhbGciOi…");
/// println!("{token}");
/// ```
#[derive(Clone, Default)]
pub struct WireToken(Zeroizing<String>);

impl WireToken {
    /// Takes a token over as it is.
    pub fn new(token: impl Into<String>) -> Self {
        Self(Zeroizing::new(token.into()))
    }

    /// The token itself, for whom it was made for and nobody else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for WireToken {
    fn from(token: &str) -> Self {
        Self::new(token)
    }
}

impl From<String> for WireToken {
    fn from(token: String) -> Self {
        Self::new(token)
    }
}

impl<'de> Deserialize<'de> for WireToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl fmt::Debug for WireToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WireToken([redacted])")
    }
}
