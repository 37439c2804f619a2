use std::fmt;

use subtle::ConstantTimeEq;

/// A password's hash in its stored form, a PHC string for those made here.
///
/// Not a secret that opens anything by itself, and yet nothing for logs: `Debug` is redacted.
#[derive(Clone)]
pub struct HashedPassword(String);

impl HashedPassword {
    /// A hash read back from a store or imported from another system.
    pub fn from_stored(hash: impl Into<String>) -> Self {
        Self(hash.into())
    }

    /// The string to store.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for HashedPassword {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for HashedPassword {}

impl fmt::Debug for HashedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedPassword([redacted])")
    }
}
