//! Hashes other libraries made: they verify here, and are replaced at the next sign-in.
//!
//! The parameters are part of the formats or bounded before any work.

use aes::Aes256;
use ctr::{
    Ctr128BE,
    cipher::{Array, KeyIvInit, StreamCipher},
};
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
            Self::Firebase {
                log_n,
                r,
                salt,
                signer_key,
                encrypted,
            } => {
                let mut key = Zeroizing::new([0_u8; 32]);
                let mut computed = signer_key.clone();
                let done = scrypt_into(*log_n, *r, password, salt, &mut *key);
                Ctr128BE::<Aes256>::new(&Array::from(*key), &Array::default()).apply_keystream(&mut computed);
                done && computed.ct_eq(encrypted).into()
            }
            Self::Pbkdf2 { rounds, salt, hash } => {
                let mut computed = vec![0_u8; hash.len()];
                pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, *rounds, &mut computed);
                computed.ct_eq(hash).into()
            }
            Self::Scrypt { r, salt, hash } => {
                let mut computed = [0_u8; 64];
                scrypt_into(14, *r, password, salt, &mut computed) && computed.as_slice().ct_eq(hash).into()
            }
        }
    }
}

fn scrypt_into(log_n: u8, r: u32, password: &[u8], salt: &[u8], computed: &mut [u8]) -> bool {
    scrypt::Params::new(log_n, r, 1).is_ok_and(|params| scrypt::scrypt(password, salt, &params, computed).is_ok())
}
