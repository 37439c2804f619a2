use std::fmt;

use zeroize::Zeroizing;

/// What a widget gave a person who solved its riddle: good once, for a few minutes.
///
/// Somebody who reads it in a log could use it first, so it has no `Display`, no `PartialEq` and a redacted `Debug`.
///
/// ```
/// let token = auth_core::CaptchaToken::new("10000000-aaaa-bbbb-cccc-000000000001");
/// assert_eq!(format!("{token:?}"), "CaptchaToken([redacted])");
/// ```
pub struct CaptchaToken(Zeroizing<String>);

impl CaptchaToken {
    /// A token as it was sent.
    pub fn new(token: impl Into<String>) -> Self {
        Self(Zeroizing::new(token.into()))
    }

    /// The text, for whoever is asked about it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CaptchaToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaptchaToken([redacted])")
    }
}
