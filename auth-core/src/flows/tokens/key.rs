//! One signing key: what it signs, what it checks, how it is stored.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use zeroize::Zeroizing;

#[cfg(feature = "asymmetric")]
use super::es256::Es256;
#[cfg(feature = "aws-lc")]
use super::rs256::{self, Rs256};
use super::{Algorithm, jwk};
use crate::{
    clock::Timestamp,
    entropy::{Entropy, random_string},
    error::{Error, ErrorKind, Result},
    model::SigningKeyRecord,
    secret::{Digest, Secret, open, seal},
};

/// A key, ready for use. Everything comes from one seed, the signing half and the code over refresh tokens; only the
/// private key of RS256 stands beside it.
pub(crate) struct Key {
    pub(super) kid: String,
    pub(super) generation: i64,
    pub(super) active_from: Timestamp,
    /// The one header that tokens of this key get, encoded.
    pub(super) header: String,
    /// Of a key of the application's own: the header with its name, or without.
    other_header: Option<String>,
    pub(super) algorithm: Algorithm,
    signer: Signer,
    refresh: Secret,
}

enum Signer {
    Hs256(Secret),
    #[cfg(feature = "asymmetric")]
    Es256(Box<Es256>),
    #[cfg(feature = "asymmetric")]
    EdDsa(Box<ed25519_dalek::SigningKey>),
    #[cfg(feature = "aws-lc")]
    Rs256(Box<Rs256>),
}

/// RFC 9068: not to be mistaken for an id token, a link in a mail or anything else that is a JWT.
const TYPE: &str = "at+jwt";
/// Bytes of a seed.
const SEED: usize = 32;
const SEALED: &str = "signing key encryption";
const KID_ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

impl Key {
    pub(super) const KID_LENGTH: usize = 12;

    /// A key of the application's own: it signs as it is, so that others who have it can check; without its name when
    /// they know none.
    pub(super) fn own(secret: &Secret, is_named: bool) -> Self {
        let name = secret.mac("kid", &[]);
        let kid = format!("s{}", &URL_SAFE_NO_PAD.encode(name)[..12]);
        let (mut header, mut other_header) = (header(&kid, Algorithm::Hs256), unnamed_header());
        if !is_named {
            std::mem::swap(&mut header, &mut other_header);
        }
        Self {
            header,
            other_header: Some(other_header),
            signer: Signer::Hs256(secret.clone()),
            // Never asked for: refresh tokens outlive keys that an application may change at any time.
            refresh: Secret::new([]),
            kid,
            algorithm: Algorithm::Hs256,
            generation: 0,
            active_from: Timestamp::from_unix_ms(0),
        }
    }

    /// What a new key needs that comes of no seed: the primes of RS256, which take a while to find.
    ///
    /// # Errors
    /// [`ErrorKind::Unknown`] when there are none.
    pub(super) async fn find(algorithm: Algorithm) -> Result<Zeroizing<Vec<u8>>> {
        match algorithm {
            #[cfg(feature = "aws-lc")]
            Algorithm::Rs256 => {
                let found = tokio::task::spawn_blocking(Rs256::generate).await.ok().flatten();
                found.ok_or_else(|| Error::from(ErrorKind::Unknown).detail("an RSA key could not be made"))
            }
            _ => Ok(Zeroizing::default()),
        }
    }

    /// A new key, encrypted for the store, around what was found for it.
    pub(super) fn generate(
        secret: &Secret,
        algorithm: Algorithm,
        found: &[u8],
        generation: i64,
        active_from: Timestamp,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<SigningKeyRecord> {
        let kid = random_string(entropy, KID_ALPHABET, Self::KID_LENGTH)?;
        let mut seed = Zeroizing::new([0_u8; SEED]);
        entropy.fill(seed.as_mut())?;
        let plain = Zeroizing::new([seed.as_slice(), found].concat());
        let mut record = SigningKeyRecord {
            generation,
            kid,
            algorithm: algorithm.as_str().to_owned(),
            active_from,
            created_at: now,
            sealed: Vec::new(),
        };
        record.sealed = seal(secret, SEALED, &bound(&record), &plain, entropy)?;
        Ok(record)
    }

    /// Reads a stored key with the first secret that opens it; `None` when none does, or when the key's algorithm is
    /// one this build does not have.
    pub(super) fn open(record: &SigningKeyRecord, secrets: &[Secret]) -> Option<Self> {
        let algorithm = Algorithm::from_name(&record.algorithm)?;
        let plain = open(secrets, SEALED, &bound(record), &record.sealed)?;
        let (seed, found) = plain.split_first_chunk::<SEED>()?;
        let seed = Secret::new(*seed);
        Some(Self {
            header: header(&record.kid, algorithm),
            other_header: None,
            signer: Signer::new(&seed, found, algorithm)?,
            refresh: Secret::new(seed.mac("refresh token", &[])),
            kid: record.kid.clone(),
            algorithm,
            generation: record.generation,
            active_from: record.active_from,
        })
    }

    /// A key that may be another the next time: tokens say by its name which it was, so that one that is remembered is not good
    /// under a later one.
    pub(super) fn changing(secret: &Secret) -> Self {
        Self {
            other_header: None,
            ..Self::own(secret, true)
        }
    }

    /// The compact form (RFC 7515 §7.1) of these claims.
    ///
    /// # Errors
    /// [`ErrorKind::Unknown`] when there is no randomness for a signature.
    pub(super) fn sign(&self, claims: &[u8]) -> Result<Zeroizing<String>> {
        let mut token = format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(claims));
        let failed = || Error::from(ErrorKind::Unknown).detail("an access token could not be signed");
        let signature = self.signer.sign(token.as_bytes()).ok_or_else(failed)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(Zeroizing::new(token))
    }

    /// How long a signature is.
    pub(super) fn signature_bytes(&self) -> usize {
        match self.algorithm {
            Algorithm::Hs256 => 32,
            #[cfg(feature = "asymmetric")]
            Algorithm::Es256 | Algorithm::EdDsa => 64,
            #[cfg(feature = "aws-lc")]
            Algorithm::Rs256 => rs256::SIGNATURE_BYTES,
        }
    }

    /// Whether a header is one that this key signs with now, or did when it had or lacked its name.
    pub(super) fn is_named_by(&self, header: &str) -> bool {
        self.header == header || self.other_header.as_deref() == Some(header)
    }

    /// Whether this key signed the message.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.signer.verifies(message, signature)
    }

    /// What the code over refresh tokens is made with.
    pub(super) fn refresh(&self) -> &Secret {
        &self.refresh
    }

    /// The public half as a JWK (RFC 7517); a symmetric key has none.
    pub(super) fn public(&self) -> Option<Value> {
        Some(jwk::named(self.signer.public()?, &self.kid, self.algorithm))
    }
}

/// The code over a refresh token.
pub(super) fn authenticate(secret: &Secret, message: &[u8]) -> [u8; 32] {
    secret.mac("refresh token", &[message])
}

fn header(kid: &str, algorithm: Algorithm) -> String {
    URL_SAFE_NO_PAD.encode(json!({ "alg": algorithm.as_str(), "kid": kid, "typ": TYPE }).to_string())
}

/// Of a key that others know without a name. The type stays: no JWT that they make has it.
fn unnamed_header() -> String {
    URL_SAFE_NO_PAD.encode(json!({ "alg": Algorithm::Hs256.as_str(), "typ": TYPE }).to_string())
}

/// What the encryption is bound to: a sealed part moved to another row opens nothing.
fn bound(record: &SigningKeyRecord) -> Vec<u8> {
    format!("{}.{}.{}", record.generation, record.kid, record.algorithm).into_bytes()
}

impl Signer {
    fn new(seed: &Secret, found: &[u8], algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            #[cfg(feature = "aws-lc")]
            Algorithm::Rs256 => Rs256::from_pkcs8(found).map(|key| Self::Rs256(Box::new(key))),
            _ if !found.is_empty() => None,
            Algorithm::Hs256 => Some(Self::Hs256(Secret::new(seed.mac("access token", &[])))),
            #[cfg(feature = "asymmetric")]
            Algorithm::Es256 => {
                // A scalar outside the curve's order comes up once in 2^32 seeds; the next attempt has another.
                let mut scalars = (0_u8..8).map(|attempt| seed.mac("es256", &[&[attempt]]));
                let key = scalars.find_map(|scalar| p256::SecretKey::from_slice(&scalar).ok());
                key.and_then(|key| Es256::new(&key))
                    .map(|key| Self::Es256(Box::new(key)))
            }
            #[cfg(feature = "asymmetric")]
            Algorithm::EdDsa => {
                let scalar = Zeroizing::new(seed.mac("eddsa", &[]));
                Some(Self::EdDsa(Box::new(ed25519_dalek::SigningKey::from_bytes(&scalar))))
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        #[cfg(feature = "asymmetric")]
        use ed25519_dalek::Signer as _;
        match self {
            Self::Hs256(key) => Some(key.hmac(message).to_vec()),
            #[cfg(feature = "asymmetric")]
            Self::Es256(key) => key.sign(message),
            #[cfg(feature = "asymmetric")]
            Self::EdDsa(key) => Some(key.sign(message).to_bytes().to_vec()),
            #[cfg(feature = "aws-lc")]
            Self::Rs256(key) => key.sign(message),
        }
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Hs256(key) => Digest::from_stored(signature) == Some(Digest::from(key.hmac(message))),
            #[cfg(feature = "asymmetric")]
            Self::Es256(key) => key.verifies(message, signature),
            #[cfg(feature = "asymmetric")]
            Self::EdDsa(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verifying_key().verify_strict(message, &signature).is_ok()),
            #[cfg(feature = "aws-lc")]
            Self::Rs256(key) => key.public().verifies(message, signature),
        }
    }

    fn public(&self) -> Option<Value> {
        match self {
            Self::Hs256(_) => None,
            #[cfg(feature = "asymmetric")]
            Self::Es256(key) => Some(jwk::ec(key.public())),
            #[cfg(feature = "asymmetric")]
            Self::EdDsa(key) => Some(jwk::okp(&key.verifying_key())),
            #[cfg(feature = "aws-lc")]
            Self::Rs256(key) => Some(key.public().jwk()),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("kid", &self.kid).finish_non_exhaustive()
    }
}
