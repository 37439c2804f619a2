use p256::ecdsa::{
    Signature, SigningKey, VerifyingKey,
    signature::{Signer, Verifier},
};

use super::{Point, encoded, point};

/// A key, by RustCrypto's `p256`; its signatures are the same each time (RFC 6979).
pub(in super::super) struct Es256 {
    key: SigningKey,
    public: Point,
}

/// The public half, which checks.
pub(in super::super) struct Es256Public(VerifyingKey);

impl Es256 {
    pub(in super::super) fn new(key: &p256::SecretKey) -> Option<Self> {
        Some(Self {
            public: point(key)?,
            key: SigningKey::from(key),
        })
    }

    pub(in super::super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature: Signature = self.key.try_sign(message).ok()?;
        Some(signature.to_bytes().to_vec())
    }

    pub(in super::super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        verifies(self.key.verifying_key(), message, signature)
    }

    pub(in super::super) fn public(&self) -> Point {
        self.public
    }
}

impl Es256Public {
    /// `None` for what is no point of the curve.
    pub(in super::super) fn new(point: &Point) -> Option<Self> {
        VerifyingKey::from_sec1_bytes(&encoded(point)).ok().map(Self)
    }

    pub(in super::super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        verifies(&self.0, message, signature)
    }
}

fn verifies(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    Signature::from_slice(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
}
