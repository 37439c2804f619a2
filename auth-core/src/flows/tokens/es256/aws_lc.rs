use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, ParsedPublicKey},
};

use super::{Point, encoded, point};

/// A key, by AWS-LC. It takes the randomness of its signatures from its own generator, which nobody can replace.
pub(in super::super) struct Es256 {
    key: EcdsaKeyPair,
    verifier: Es256Public,
    public: Point,
}

/// The public half, which checks.
pub(in super::super) struct Es256Public(ParsedPublicKey);

impl Es256 {
    pub(in super::super) fn new(key: &p256::SecretKey) -> Option<Self> {
        let public = point(key)?;
        let scalar = zeroize::Zeroizing::new(key.to_bytes());
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &scalar[..],
            &encoded(&public),
        );
        Some(Self {
            key: pair.ok()?,
            verifier: Es256Public::new(&public)?,
            public,
        })
    }

    pub(in super::super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature = self.key.sign(&SystemRandom::new(), message).ok()?;
        Some(signature.as_ref().to_vec())
    }

    pub(in super::super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifier.verifies(message, signature)
    }

    pub(in super::super) fn public(&self) -> Point {
        self.public
    }
}

impl Es256Public {
    /// `None` for what is no point of the curve.
    pub(in super::super) fn new(point: &Point) -> Option<Self> {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, encoded(point))
            .ok()
            .map(Self)
    }

    pub(in super::super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}
