use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, ParsedPublicKey},
};

use super::{Point, point};

/// A key, by AWS-LC. It takes the randomness of its signatures from its own generator, which nobody can replace.
pub(in super::super) struct Es256 {
    key: EcdsaKeyPair,
    parsed: ParsedPublicKey,
    public: Point,
}

impl Es256 {
    pub(in super::super) fn new(key: &p256::SecretKey) -> Option<Self> {
        let public = point(key)?;
        // SEC 1 §2.3.3, uncompressed.
        let encoded = [&[4], public.0.as_slice(), &public.1].concat();
        let scalar = zeroize::Zeroizing::new(key.to_bytes());
        let pair =
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &scalar[..], &encoded);
        Some(Self {
            key: pair.ok()?,
            parsed: ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, encoded).ok()?,
            public,
        })
    }

    pub(in super::super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature = self.key.sign(&SystemRandom::new(), message).ok()?;
        Some(signature.as_ref().to_vec())
    }

    pub(in super::super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }

    pub(in super::super) fn public(&self) -> Point {
        self.public
    }
}
