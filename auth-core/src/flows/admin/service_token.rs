//! Tokens of administrators: JWTs (RFC 7519) signed with the server's secret, without a session, as GoTrue's service keys.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    auth::Auth,
    secret::{Digest, Secret},
};

impl Auth {
    /// A token with which a program of yours may administrate: HS256, role `service_role`.
    ///
    /// ```
    /// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
    /// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
    /// let token = auth.service_token(std::time::Duration::from_secs(3600));
    /// assert_eq!(token.split('.').count(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn service_token(&self, lifetime: Duration) -> String {
        let config = &self.inner.config;
        let now = self.now();
        let role = config.admin.roles.first().map(String::as_str).unwrap_or_default();
        let claims = json!({
            "role": role,
            "iat": now.as_unix_seconds(),
            "exp": (now + lifetime).as_unix_seconds(),
        });
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let code = config.secret.hmac(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(code))
    }

    /// The role a bearer token claims, if one of the server's keys signed it and it is good now.
    pub(super) fn role_of_service_token(&self, token: &str) -> Option<String> {
        let config = &self.inner.config;
        if token.len() > MAX_BYTES {
            return None;
        }
        let (signed, code) = token.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.')?;
        let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()?;
        let is_plain = head.get("alg").and_then(Value::as_str) == Some("HS256")
            && head.get("crit").is_none()
            && head
                .get("typ")
                .is_none_or(|typ| typ.as_str().is_some_and(|typ| typ.eq_ignore_ascii_case("jwt")));
        if !is_plain {
            return None;
        }
        let code: [u8; 32] = URL_SAFE_NO_PAD.decode(code).ok()?.try_into().ok()?;
        let code = Digest::from(code);
        let own = config.secrets();
        let shared = self
            .inner
            .tokens
            .as_ref()
            .and_then(|tokens| tokens.ring.shared_secret());
        let long_enough = |key: &&Secret| key.len() >= Secret::MIN_BYTES;
        let mut keys = own.iter().chain(&config.admin.keys).chain(shared).filter(long_enough);
        keys.find(|key| Digest::from(key.hmac(signed.as_bytes())) == code)?;

        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        // Somebody's access token: that is as good as its session, and the role is the user's.
        if claims.get("session_id").is_some() {
            return None;
        }
        let now = self.now().as_unix_seconds();
        let time = |name: &str| match claims.get(name) {
            None => Some(None),
            Some(value) => value.as_f64().map(|seconds| Some(seconds as i64)),
        };
        let (ends, begins) = (time("exp")?, time("nbf")?);
        let is_good =
            ends.map_or(!config.admin.requires_expiry, |ends| now < ends) && begins.is_none_or(|begins| begins <= now);
        is_good
            .then(|| claims.get("role")?.as_str().map(str::to_owned))
            .flatten()
    }
}

const MAX_BYTES: usize = 8 * 1024;
