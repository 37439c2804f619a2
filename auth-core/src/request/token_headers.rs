//! The headers that SuperTokens' clients read: for tokens they keep themselves, and for what their scripts may know.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue};
use serde_json::json;

use super::{Effects, RequestView};
use crate::{
    clock::Timestamp,
    flows::tokens::{AccessToken, Claims, SessionTokens},
};

const ACCESS: HeaderName = HeaderName::from_static("st-access-token");
const ANTI_CSRF: HeaderName = HeaderName::from_static("anti-csrf");
const FRONT: HeaderName = HeaderName::from_static("front-token");
const REFRESH: HeaderName = HeaderName::from_static("st-refresh-token");

/// What their clients send along with every request.
const SENT: [HeaderName; 2] = [HeaderName::from_static("rid"), HeaderName::from_static("st-auth-mode")];
const API_VERSION: HeaderName = HeaderName::from_static("x-supabase-api-version");

/// Whether the client is one of SuperTokens', which takes tokens from the headers of any answer. GoTrue's may ask for tokens
/// in the body in the same words; it is known by a header of its own, and takes them from the body of sign-in and refresh.
pub(crate) fn speaks_supertokens(view: &dyn RequestView) -> bool {
    let has = |name: &HeaderName| {
        let mut has = false;
        view.each_header(name, &mut |_| has = true);
        has
    };
    SENT.iter().any(has) && !has(&API_VERSION)
}

impl Effects {
    /// Hands both tokens over in headers.
    pub(crate) fn hand_over(&mut self, tokens: &SessionTokens) {
        self.set_secret(REFRESH, tokens.refresh.expose());
        self.hand_over_access(&tokens.access);
    }

    /// Hands an access token over in a header.
    pub(crate) fn hand_over_access(&mut self, access: &AccessToken) {
        self.set_secret(ACCESS, access.expose());
        self.tell_front(access);
    }

    /// Tells the scripts of the page who is signed in and until when.
    pub(crate) fn tell_front(&mut self, access: &AccessToken) {
        self.tell_front_until(access.claims(), access.expires());
    }

    /// As [`Effects::tell_front`], where no access token is given.
    pub(crate) fn tell_front_until(&mut self, claims: &Claims, expires: Timestamp) {
        let front = json!({ "uid": claims.subject(), "ate": expires.as_unix_ms(), "up": claims });
        self.set_secret(FRONT, &STANDARD.encode(front.to_string()));
    }

    /// Gives the scripts of the page what they must send along.
    pub(crate) fn tell_anti_csrf(&mut self, value: &str) {
        self.set_secret(ANTI_CSRF, value);
    }

    /// Takes everything away from a client that keeps tokens itself.
    pub(crate) fn take_away(&mut self) {
        self.unset_header(&ANTI_CSRF);
        for (name, value) in [(ACCESS, ""), (REFRESH, ""), (FRONT, "remove")] {
            self.set_header(name, HeaderValue::from_static(value));
        }
    }

    fn set_secret(&mut self, name: HeaderName, value: &str) {
        // Base64, dots, letters and digits: always a header value.
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.set_header(name, value);
        }
    }
}
