//! Public keys as they are published (RFC 7517): what anybody needs to check, and nothing else.

#[cfg(feature = "asymmetric")]
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
#[cfg(feature = "asymmetric")]
use serde_json::json;

use super::Algorithm;

/// With its name and what it is for.
pub(super) fn named(mut jwk: Value, kid: &str, algorithm: Algorithm) -> Value {
    jwk["kid"] = Value::from(kid);
    jwk["alg"] = Value::from(algorithm.as_str());
    jwk["use"] = Value::from("sig");
    jwk
}

/// A point of P-256 (RFC 7518 §6.2).
#[cfg(feature = "asymmetric")]
pub(super) fn ec((x, y): super::es256::Point) -> Value {
    json!({ "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) })
}

/// A key of Ed25519 (RFC 8037 §2).
#[cfg(feature = "asymmetric")]
pub(super) fn okp(key: &ed25519_dalek::VerifyingKey) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(key.as_bytes()) })
}

/// Modulus and exponent, without leading zeros (RFC 7518 §6.3).
#[cfg(feature = "aws-lc")]
pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Value {
    json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(modulus), "e": URL_SAFE_NO_PAD.encode(exponent) })
}
