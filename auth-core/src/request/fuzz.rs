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

fn with_header(name: &'static str, value: &[u8]) -> Option<http::request::Parts> {
    let (mut parts, ()) = http::Request::post("/").body(()).ok()?.into_parts();
    parts.headers.insert(name, HeaderValue::from_bytes(value).ok()?);
    Some(parts)
}
