//! Hashes other libraries made: they verify here, and are replaced at the next sign-in.
//!
//! The parameters are part of the formats or bounded before any work.

use sha2::Sha256;
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::{argon2id::nfc, formats::Legacy};
use crate::secret::Password;

/// Whether the password matches; `None` when the format is unknown.
pub(super) fn verify(password: &Password, stored: &str) -> Option<bool> {
    let legacy = Legacy::parse(stored)?;
    let nfc = nfc(password);
    if legacy.matches(nfc.as_bytes()) {
        return Some(true);
    }
    // What the other library hashed: Lucia NFKC, the others the text as it came. One more hash only where it differs.
    let other: Zeroizing<String> = Zeroizing::new(match legacy {
        Legacy::Scrypt { r: 16, .. } => password.expose().nfkc().collect(),
        _ => password.expose().to_owned(),
    });
    Some(*other != *nfc && legacy.matches(other.as_bytes()))
}

impl Legacy<'_> {
    fn matches(&self, password: &[u8]) -> bool {
        match self {
            // bcrypt reads 72 bytes and stops; so did whoever made the hash.
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Self::Pbkdf2 { rounds, salt, hash } => {
                let mut computed = vec![0_u8; hash.len()];
                pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, *rounds, &mut computed);
                computed.ct_eq(hash).into()
            }
            Self::Scrypt { r, salt, hash } => {
                let mut computed = [0_u8; 64];
                let params = scrypt::Params::new(14, *r, 1);
                let done = params.is_ok_and(|params| scrypt::scrypt(password, salt, &params, &mut computed).is_ok());
                done && computed.as_slice().ct_eq(hash).into()
            }
        }
    }
}
