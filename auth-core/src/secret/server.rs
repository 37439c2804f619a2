use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The application's own secret (`AUTH_SECRET`): keys everything the server derives, opens no session by itself.
///
/// At least 32 bytes; `Auth::builder(…).build()` refuses a shorter one.
///
/// ```
/// use auth_core::Secret;
///
/// let secret = Secret::new("0123456789abcdef0123456789abcdef");
/// assert_eq!(format!("{secret:?}"), "Secret([redacted])");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// The fewest bytes a secret may have.
    pub const MIN_BYTES: usize = 32;

    /// A secret from its bytes. Its length is checked when the [`Auth`](crate::Auth) is built.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The secret in an environment variable.
    ///
    /// # Errors
    /// [`std::env::VarError`] when the variable is missing or not Unicode.
    pub fn from_env(name: &str) -> Result<Self, std::env::VarError> {
        std::env::var(name).map(Self::new)
    }

    /// A secret that lives as long as this process: for tests, and for trying the library out.
    ///
    /// # Errors
    /// When the operating system cannot deliver random bytes.
    pub fn random() -> crate::error::Result<Self> {
        crate::entropy::generate_random_string(Self::MIN_BYTES).map(Self::new)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The bytes, for whoever shares the secret.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }

    /// HMAC-SHA256 of the message as it is (RFC 7518 §3.2).
    pub(crate) fn hmac(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = self.keyed();
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    fn keyed(&self) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length")
    }

    /// HMAC-SHA256 of the parts under this secret; `purpose` and the lengths keep uses and parts apart.
    pub(crate) fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.keyed();
        for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}
