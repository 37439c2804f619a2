//! Tokens that others signed: with a key they share with us, or with one whose public half we were given.
//!
//! Their header says which key by saying no more than that, and the key says the algorithm. What they claim is whose
//! session they are for; everything else is asked of the store.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::{Algorithm, claims::Claims};
use crate::model::JsonObject;

/// The header of a token that is not ours byte for byte: these members in any order, and no others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
}

/// Longer ones are nobody's.
const MAX_HEADER: usize = 512;

impl Header {
    pub(super) fn read(encoded: &str) -> Option<Self> {
        if encoded.len() > MAX_HEADER {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
    }

    /// Whether it is of a key without a name: HS256, and a type that is not that of our own tokens.
    pub(super) fn is_unnamed(&self) -> bool {
        self.alg == Algorithm::Hs256.as_str() && self.kid.is_none() && self.has_type(&["JWT"])
    }

    /// Whether it is of this key.
    #[cfg(feature = "asymmetric")]
    pub(super) fn is_of(&self, kid: &str, algorithm: Algorithm) -> bool {
        self.alg == algorithm.as_str() && self.kid.as_deref() == Some(kid) && self.has_type(&["JWT", "at+jwt"])
    }

    fn has_type(&self, types: &[&str]) -> bool {
        let is_one = |typ: &str| types.iter().any(|known| typ.eq_ignore_ascii_case(known));
        self.typ.as_deref().is_none_or(is_one)
    }
}

/// What is read of their claims.
#[derive(Deserialize)]
pub(super) struct OthersClaims {
    iss: Option<String>,
    aud: String,
    sub: String,
    exp: i64,
    nbf: Option<i64>,
    session_id: String,
}

impl OthersClaims {
    /// As claims that know nothing but the session. An issuer may be left out: the key says who may sign.
    pub(super) fn into_claims(self, issuer: &str) -> Claims {
        Claims {
            iss: self.iss.unwrap_or_else(|| issuer.to_owned()),
            aud: self.aud,
            sub: self.sub,
            exp: self.exp,
            nbf: self.nbf,
            iat: 0,
            session_id: self.session_id,
            role: String::new(),
            email: None,
            phone: None,
            app_metadata: None,
            user_metadata: None,
            is_anonymous: false,
            aal: String::new(),
            amr: Vec::new(),
            refresh: None,
            anti_csrf: None,
            payload: JsonObject::new(),
        }
    }
}
