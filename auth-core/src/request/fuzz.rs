//! What the fuzz targets call; not part of the interface.

use http::HeaderValue;
use url::Url;

use super::{OriginFacts, OriginPolicy, RedirectPolicy, RequestView};

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

/// Checks a redirect target; it never leaves the site.
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
