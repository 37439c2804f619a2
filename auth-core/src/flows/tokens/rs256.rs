//! RS256 (RFC 7518 §3.3): RSA with PKCS #1 v1.5 and SHA-256, by AWS-LC alone: RustCrypto's `rsa` leaks its key to who
//! measures (RUSTSEC-2023-0071).

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize, PublicKeyComponents},
    signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256},
};
use serde_json::Value;
use zeroize::Zeroizing;

use super::jwk;

/// A key that signs.
pub(super) struct Rs256 {
    key: KeyPair,
    public: Rs256Public,
}

/// A key that checks: 2048 to 8192 bits.
pub(super) struct Rs256Public {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    parsed: ParsedPublicKey,
}

/// Of a signature by a key of ours.
pub(super) const SIGNATURE_BYTES: usize = 256;

impl Rs256 {
    /// A new key of 2048 bits, as PKCS #8. Finding one takes a good part of a second; AWS-LC draws it from its own
    /// generator.
    pub(super) fn generate() -> Option<Zeroizing<Vec<u8>>> {
        let key = KeyPair::generate(KeySize::Rsa2048).ok()?;
        let encoded: Pkcs8V1Der<'_> = key.as_der().ok()?;
        Some(Zeroizing::new(encoded.as_ref().to_vec()))
    }

    pub(super) fn from_pkcs8(encoded: &[u8]) -> Option<Self> {
        let key = KeyPair::from_pkcs8(encoded).ok()?;
        let PublicKeyComponents::<Vec<u8>> { n, e } = key.public_key().into();
        let public = Rs256Public::new(&n, &e)?;
        Some(Self { key, public })
    }

    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        self.key
            .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
            .ok()?;
        Some(signature)
    }

    pub(super) fn public(&self) -> &Rs256Public {
        &self.public
    }
}

impl Rs256Public {
    /// From big-endian numbers without leading zeros. AWS-LC looks at them only when it checks a signature; what it would
    /// never check, and the exponent one, under which everything is signed, are refused at once.
    pub(super) fn new(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
        let is_long = (256..=1024).contains(&modulus.len()) && modulus.first().is_some_and(|first| *first >= 0x80);
        let is_exponent = (1..=4).contains(&exponent.len()) && exponent != [1];
        if !is_long || !is_exponent || !is_odd(modulus) || !is_odd(exponent) {
            return None;
        }
        let components = PublicKeyComponents {
            n: modulus,
            e: exponent,
        };
        Some(Self {
            parsed: components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()?,
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
        })
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }

    pub(super) fn jwk(&self) -> Value {
        jwk::rsa(&self.modulus, &self.exponent)
    }
}
