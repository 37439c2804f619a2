//! Keys that only check: the public halves of those that others sign with.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

#[cfg(feature = "aws-lc")]
use super::rs256::Rs256Public;
use super::{Algorithm, es256::Es256Public, jwk, others::Header};
use crate::config::{ConfigError, ConfigProblem};

/// The public half of a key that others sign access tokens with, for
/// [`Tokens::verify_only`](crate::Tokens::verify_only). It has one algorithm, whatever a token says.
///
/// ```
/// use auth_core::{PublicKey, Tokens};
///
/// let key = PublicKey::from_jwk(
///     r#"{ "kty": "OKP", "crv": "Ed25519", "kid": "gateway", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }"#,
/// )?;
/// let tokens = Tokens::default().verify_only(key);
/// # let _ = tokens;
/// # Ok::<(), auth_core::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct PublicKey(Arc<Parts>);

struct Parts {
    kid: String,
    algorithm: Algorithm,
    verifier: Verifier,
    jwk: Value,
}

enum Verifier {
    Es256(Es256Public),
    EdDsa(ed25519_dalek::VerifyingKey),
    #[cfg(feature = "aws-lc")]
    Rs256(Rs256Public),
}

/// Members of private and of symmetric keys (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

impl PublicKey {
    /// Reads a JWK (RFC 7517) that has a `kid`: an EC key on P-256 checks ES256, an OKP key on Ed25519 EdDSA, and, with the
    /// feature `aws-lc`, an RSA key of 2048 bits or more RS256.
    ///
    /// # Errors
    /// [`ConfigError`] when it is none of these, is meant for something else, or has a private part.
    pub fn from_jwk(jwk: &str) -> Result<Self, ConfigError> {
        let refused =
            |problem: &str, fix: &str| ConfigError::of(ConfigProblem::new("tokens.verify_only", problem, fix));
        let Ok(jwk) = serde_json::from_str::<Map<String, Value>>(jwk) else {
            return Err(refused(
                "the key is no JSON object.",
                "Give one JWK, not a set of them.",
            ));
        };
        if PRIVATE.iter().any(|member| jwk.contains_key(*member)) {
            return Err(refused("the key has a private part.", "Leave that with whoever signs."));
        }
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let Some(kid) = text("kid").filter(|kid| (1..=128).contains(&kid.len())) else {
            return Err(refused(
                "the key has no `kid`.",
                "Give it the one that its tokens name.",
            ));
        };
        let checks = |operations: &Value| operations.as_array().is_some_and(|all| all.contains(&"verify".into()));
        if jwk.get("use").is_some_and(|meant| meant != "sig") || !jwk.get("key_ops").is_none_or(checks) {
            return Err(refused(
                "the key is not for checking signatures.",
                "Give the one that is.",
            ));
        }
        let Some((algorithm, verifier, public)) = read(&jwk) else {
            return Err(refused(
                "the key is none of P-256, Ed25519 and, with the feature `aws-lc`, RSA of 2048 bits or more.",
                "Give one of these.",
            ));
        };
        if jwk.get("alg").is_some_and(|meant| meant != algorithm.as_str()) {
            return Err(refused(
                "the key is for another algorithm.",
                "Use ES256, EdDSA or RS256.",
            ));
        }
        Ok(Self(Arc::new(Parts {
            jwk: jwk::named(public, kid, algorithm),
            kid: kid.to_owned(),
            algorithm,
            verifier,
        })))
    }

    /// Its name in the headers of tokens.
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// The one algorithm it checks.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    pub(super) fn is_named_by(&self, header: &Header) -> bool {
        header.is_of(&self.0.kid, self.0.algorithm)
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0.verifier {
            Verifier::Es256(key) => key.verifies(message, signature),
            Verifier::EdDsa(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            #[cfg(feature = "aws-lc")]
            Verifier::Rs256(key) => key.verifies(message, signature),
        }
    }

    /// As it is published: what was read, and no other member of what it was read from.
    pub(super) fn jwk(&self) -> Value {
        self.0.jwk.clone()
    }
}

/// The key in a JWK, with its only algorithm and its published form.
fn read(jwk: &Map<String, Value>) -> Option<(Algorithm, Verifier, Value)> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    match (text("kty")?, text("crv")) {
        ("EC", Some("P-256")) => {
            let point = (bytes("x")?.try_into().ok()?, bytes("y")?.try_into().ok()?);
            let key = Es256Public::new(&point)?;
            Some((Algorithm::Es256, Verifier::Es256(key), jwk::ec(point)))
        }
        ("OKP", Some("Ed25519")) => {
            let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes("x")?.try_into().ok()?).ok()?;
            // One of the few keys that everything is signed by.
            if key.is_weak() {
                return None;
            }
            let public = jwk::okp(&key);
            Some((Algorithm::EdDsa, Verifier::EdDsa(key), public))
        }
        #[cfg(feature = "aws-lc")]
        ("RSA", None) => {
            let key = Rs256Public::new(&bytes("n")?, &bytes("e")?)?;
            let public = key.jwk();
            Some((Algorithm::Rs256, Verifier::Rs256(key), public))
        }
        _ => None,
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("kid", &self.0.kid)
            .field("algorithm", &self.0.algorithm)
            .finish_non_exhaustive()
    }
}
