use std::fmt;

use crate::clock::Timestamp;

/// A key that signs tokens, as stored: its private part is encrypted with the application's secret.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "adding a column is a change for every store")]
pub struct SigningKeyRecord {
    /// The number of the key, counted from 1: of two processes that make the next one, the second finds it taken.
    pub generation: i64,
    /// The key's public name, the `kid` of tokens.
    pub kid: String,
    /// The algorithm, as JOSE calls it.
    pub algorithm: String,
    /// From when on tokens are signed with it; until then it is only published.
    pub active_from: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// The private part, encrypted.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for SigningKeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeyRecord")
            .field("generation", &self.generation)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
