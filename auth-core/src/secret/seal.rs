//! What the store keeps and must not be able to read: encrypted with a key made of the application's secret.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use zeroize::Zeroizing;

use super::Secret;
use crate::{
    entropy::Entropy,
    error::{Error, ErrorKind, Result},
};

/// Encrypts. The purpose keeps uses apart; `bound` is what the row says beside it, so that a sealed part moved to
/// another row opens nothing.
pub(crate) fn seal(
    secret: &Secret,
    purpose: &str,
    bound: &[u8],
    plain: &[u8],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>> {
    let mut nonce = [0_u8; NONCE];
    entropy.fill(&mut nonce)?;
    let payload = Payload { msg: plain, aad: bound };
    let sealed = cipher(secret, purpose)
        .encrypt(&nonce.into(), payload)
        .map_err(|_| Error::from(ErrorKind::Unknown).detail("what is to be stored could not be encrypted"))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// Decrypts with the first secret that opens it; `None` when none does.
pub(crate) fn open(secrets: &[Secret], purpose: &str, bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    secrets.iter().find_map(|secret| {
        let payload = Payload {
            msg: sealed,
            aad: bound,
        };
        let opened = cipher(secret, purpose).decrypt(&(*nonce).into(), payload).ok()?;
        Some(Zeroizing::new(opened))
    })
}

fn cipher(secret: &Secret, purpose: &str) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&secret.mac(purpose, &[]).into())
}

/// Of XChaCha20: long enough to be drawn at random.
const NONCE: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::OsEntropy;

    fn secret(byte: u8) -> Secret {
        Secret::new([byte; 32])
    }

    #[test]
    fn what_is_sealed_opens_with_any_of_the_secrets_that_sealed_it() {
        let sealed = seal(&secret(1), "letters", b"row 1", b"hello", &OsEntropy).unwrap();
        let opened = open(&[secret(2), secret(1)], "letters", b"row 1", &sealed).unwrap();
        assert_eq!(opened.as_slice(), b"hello");
    }

    #[test]
    fn it_opens_with_no_other_secret_purpose_or_row_and_not_when_it_was_changed() {
        let sealed = seal(&secret(1), "letters", b"row 1", b"hello", &OsEntropy).unwrap();
        assert!(open(&[secret(2)], "letters", b"row 1", &sealed).is_none());
        assert!(open(&[secret(1)], "keys", b"row 1", &sealed).is_none());
        assert!(open(&[secret(1)], "letters", b"row 2", &sealed).is_none());
        assert!(open(&[secret(1)], "letters", b"row 1", &sealed[..20]).is_none());
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(open(&[secret(1)], "letters", b"row 1", &changed).is_none());
        }
    }

    #[test]
    fn the_same_text_is_sealed_differently_each_time() {
        let seal = || seal(&secret(1), "letters", b"row 1", b"hello", &OsEntropy).unwrap();
        assert_ne!(seal(), seal());
    }
}
