use std::fmt;

use crate::clock::Timestamp;

/// Whose attempts are counted: a keyed digest of an account or a client address, never the address itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AttemptSubject(String);

impl AttemptSubject {
    pub(crate) fn new(digest: String) -> Self {
        Self(digest)
    }

    /// The text to store, at most 64 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "testing")]
impl From<&str> for AttemptSubject {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for AttemptSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttemptSubject(…)")
    }
}

/// How many attempts a window holds, this one included, and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "what the store answers")]
pub struct AttemptCount {
    /// Attempts in the window.
    pub count: u32,
    /// When the window ends and counting starts again.
    pub window_ends: Timestamp,
}
