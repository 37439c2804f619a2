//! What the fuzz targets call; not part of the interface.

use http::HeaderValue;
use url::Url;

use super::{BearerReading, ClientPolicy, OriginFacts, OriginPolicy, PeerAddr, RedirectPolicy, RequestView};
use crate::{
    error::ErrorKind,
    http::{Body, BodyFormat},
    model::JsonObject,
};

/// Reads a cookie field.
pub fn cookie(field: &[u8]) {
    if let Some(parts) = with_header("cookie", field) {
        let _ = super::read_cookie("__Host-auth_session", &parts);
    }
}

/// Checks an `Origin`; nothing but the own one may pass.
pub fn origin(value: &[u8]) {
    let (Some(parts), Ok(base)) = (with_header("origin", value), Url::parse("https://app.example.com")) else {
        return;
    };
    let policy = OriginPolicy::new(&base, &[], &mut Vec::new());
    let facts = OriginFacts::from_view(&parts as &dyn RequestView, false);
    assert_eq!(policy.check(&facts).is_ok(), value == b"https://app.example.com");
}

/// Checks a redirect target: it never leaves the site, nor, where the list has wildcards, the hosts that those stand for.
pub fn redirect(target: &str) {
    let Ok(base) = Url::parse("https://app.example.com") else {
        return;
    };
    let policy = RedirectPolicy::new(&base, &[], &mut Vec::new());
    if let Some(location) = policy.check(target) {
        assert!(
            base.join(&location)
                .is_ok_and(|reached| reached.origin() == base.origin())
        );
    }
    let patterns = ["https://*.example.org/**", "https://docs.example.net/*/done"].map(str::to_owned);
    let policy = RedirectPolicy::new(&base, &patterns, &mut Vec::new());
    if let Some(location) = policy.check(target) {
        let reached = base.join(&location);
        assert!(reached.is_ok_and(|reached| reached.origin() == base.origin() || is_meant(&reached)));
    }
}

/// Said without wildcards.
fn is_meant(reached: &Url) -> bool {
    let host = reached.host_str().unwrap_or_default();
    let is_subdomain = host
        .strip_suffix(".example.org")
        .is_some_and(|label| !label.is_empty() && !label.contains('.'));
    let segments: Vec<&str> = reached.path().split('/').collect();
    let is_done = host == "docs.example.net" && matches!(segments.as_slice(), ["", _, "done"]);
    reached.scheme() == "https"
        && reached.port().is_none()
        && reached.username().is_empty()
        && reached.password().is_none()
        && (is_subdomain || is_done && reached.query().is_none())
}

/// Reads a body, as JSON and as a form: what is read is what other readers read, and each member is of one type.
pub fn body(bytes: &[u8]) {
    if bytes.trim_ascii().is_empty() {
        // Nothing was sent.
        return;
    }
    match Body::read(bytes, BodyFormat::Json) {
        Ok(body) => {
            let members: JsonObject = serde_json::from_slice(bytes).unwrap_or_default();
            assert!(!members.is_empty() || bytes.contains(&b'{'));
            for (name, value) in &members {
                assert_eq!(body.text(name).ok().flatten(), value.as_str());
                assert_eq!(body.text(name).is_ok(), value.is_string() || value.is_null());
                assert_eq!(body.flag(name).ok().flatten(), value.as_bool());
                assert_eq!(body.object(name).ok().flatten(), value.as_object());
            }
        }
        read => only_refused(read),
    }
    match Body::read(bytes, BodyFormat::Form) {
        Ok(mut body) => {
            for (name, value) in url::form_urlencoded::parse(bytes) {
                if !name.contains('[') {
                    assert_eq!(body.text(&name).ok().flatten(), Some(value.as_ref()));
                    let password = body.take_password(&name).ok().flatten();
                    assert!(password.is_some_and(|password| password.expose() == value));
                    assert!(body.text(&name).is_ok_and(|text| text.is_none()));
                }
            }
        }
        read => only_refused(read),
    }
}

fn only_refused(read: crate::error::Result<Body>) {
    let kind = read.err().map(|error| error.kind());
    assert!(matches!(
        kind,
        None | Some(ErrorKind::BadJson | ErrorKind::ValidationFailed)
    ));
}

/// Reads who is asking, and from where, of any text in the headers that say so.
pub fn client(value: &[u8]) {
    if let Some(parts) = with_header("authorization", value)
        && let BearerReading::Token(token) = super::read_bearer(&parts)
    {
        assert!(!token.is_empty() && token.trim() == token);
        assert!(value.trim_ascii().to_ascii_lowercase().starts_with(b"bearer "));
        assert!(value.windows(token.len()).any(|part| part == token.as_bytes()));
    }
    if let Some(parts) = with_header("user-agent", value) {
        let read = ClientPolicy::default().read(&parts).user_agent;
        assert!(read.is_some_and(|text| text.len() <= 512 && !text.contains(char::is_control)));
    }
    // Nobody's word counts but a proxy's, and of that only the last one: the rest came from the client.
    let proxies = ["10.0.0.0/8".to_owned()];
    let policy = ClientPolicy::new(&proxies, &mut Vec::new());
    for (peer, word, expected) in [
        ([198, 51, 100, 7], "203.0.113.9", [198, 51, 100, 7]),
        ([10, 0, 0, 1], "203.0.113.9", [203, 0, 113, 9]),
        ([10, 0, 0, 1], "203.0.113.9, 10.0.0.2", [203, 0, 113, 9]),
        ([10, 0, 0, 1], "nobody", [10, 0, 0, 1]),
    ] {
        let told = [value, b", ", word.as_bytes()].concat();
        if let Some(mut parts) = with_header("x-forwarded-for", &told) {
            parts.extensions.insert(PeerAddr(peer.into()));
            assert_eq!(policy.read(&parts).ip, Some(expected.into()));
        }
    }
    if let Some(mut parts) = with_header("x-forwarded-for", value) {
        parts.extensions.insert(PeerAddr([10, 0, 0, 1].into()));
        assert!(policy.read(&parts).ip.is_some_and(|ip| ip == ip.to_canonical()));
    }
}

/// Reads a stored hash.
pub fn stored_hash(text: &str) {
    crate::password::fuzz::stored_hash(text);
}

/// Reads a refresh token: what is read is what would be written, and nothing else is taken for it.
pub fn refresh_token(text: &str) {
    if let Ok(token) = crate::secret::RefreshToken::parse(text) {
        assert_eq!(token.expose(), text);
    }
}

/// Reads an access token of a handle that never issued one: all are refused, none panics.
pub fn access_token(text: &str) {
    use std::sync::LazyLock;

    static HANDLE: LazyLock<Option<(tokio::runtime::Runtime, crate::auth::Auth)>> = LazyLock::new(|| {
        let key = crate::secret::Secret::new([7; 32]);
        let tokens = crate::flows::tokens::Tokens::default()
            .signing_keys(crate::flows::tokens::SigningKeys::fixed(key.clone()))
            .cached_tokens(0);
        let auth = crate::auth::Auth::builder(crate::adapters::MemoryAdapter::default())
            .secret(key)
            .base_url("https://app.example.com")
            .sessions(tokens)
            .build()
            .ok()?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
        Some((runtime, auth))
    });
    if let Some((runtime, auth)) = &*HANDLE {
        assert!(runtime.block_on(auth.validate_access_token(text, None)).is_err());
    }
}

fn with_header(name: &'static str, value: &[u8]) -> Option<http::request::Parts> {
    let (mut parts, ()) = http::Request::post("/").body(()).ok()?.into_parts();
    parts.headers.insert(name, HeaderValue::from_bytes(value).ok()?);
    Some(parts)
}

/// What the fuzz targets look for at length, looked for a moment in each run of the tests.
#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    /// It was an error of ours once: 500 at the sign-in, and where an administrator brought such a hash.
    #[test]
    fn less_memory_than_argon2_takes_is_outdated() {
        for cost in [
            "m=0,t=1,p=1",
            "m=7,t=1,p=1",
            "m=8,t=1,p=1",
            "m=15,t=1,p=2",
            "m=16,t=1,p=2",
        ] {
            super::stored_hash(&format!("$argon2id$v=19${cost}$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_body_or_refused(bytes in vec(any::<u8>(), 0..120)) {
            super::body(&bytes);
        }

        #[test]
        fn what_looks_like_json_is_read_as_others_read_it(
            text in r#"\{ ?("(a|b|\\u0061|)": ?(null|true|1e9|-0|"x\\""|"[a-zä]{0,3}"|\[\]|\{"a":1\}),? ?){0,4}\}?"#,
        ) {
            super::body(text.as_bytes());
        }

        #[test]
        fn what_looks_like_a_form_is_read_as_others_read_it(
            text in r"((a|b|data|a%5B|%61|)(\[(a|b|)\]?)?=?[a-z+%0-9]{0,4}&?){0,6}",
        ) {
            super::body(text.as_bytes());
        }

        #[test]
        fn any_header_is_a_client_or_nobody(value in vec(any::<u8>(), 0..80)) {
            super::client(&value);
        }

        #[test]
        fn what_looks_like_addresses_moves_nobody(
            value in r"((Bearer|bearer |Basic)? ?(10\.0\.0\.[0-9]|203\.0\.113\.[0-9]|\[?::ffff:10\.0\.0\.1\]?|[a-f0-9:.]{1,9})(:[0-9]{1,5})?,? ?){0,5}",
        ) {
            super::client(value.as_bytes());
        }

        #[test]
        fn a_target_reaches_what_a_wildcard_stands_for_and_nothing_else(
            target in r"(https?:)?/{0,3}([a-z]{0,3}[.@:\\]?){0,2}(app\.example\.com|a\.example\.org|docs\.example\.net)?[a-z/.?#%@:*\\]{0,12}(done)?",
        ) {
            super::redirect(&target);
        }

        #[test]
        fn any_text_is_a_hash_or_outdated(text in r"[$a-z0-9:=,/+_-]{0,90}") {
            super::stored_hash(&text);
        }

        #[test]
        fn what_looks_like_a_hash_is_one_or_outdated(
            text in r"\$(argon2(id|i|d)(\$v=(16|19|20))?\$m=[0-9]{1,4},t=[0-9]{1,2},p=[0-9]{1,2}(,keyid=[a-zA-Z]{1,3})?|pbkdf2-sha256\$i=1[0-9]{1,3}|fbscrypt\$v=1,n=10,r=1,p=1,ss=Bw,sk=[A-Za-z0-9]{24})\$([A-Za-z0-9]{4}){3,5}\$([A-Za-z0-9]{4}){6,8}",
        ) {
            super::stored_hash(&text);
        }
    }
}
