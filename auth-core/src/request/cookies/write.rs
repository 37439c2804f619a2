//! The one place that writes `Set-Cookie`.

use cookie::Cookie;
use http::HeaderValue;

use super::{CookieConfig, SameSite};
use crate::clock::Timestamp;

/// Writes the session cookie as configured.
pub(crate) struct CookieWriter {
    config: CookieConfig,
    secure: bool,
    name: String,
    blank: HeaderValue,
}

impl CookieWriter {
    /// A writer for a configuration without problems.
    pub(crate) fn new(config: &CookieConfig, secure: bool) -> Self {
        let mut writer = Self {
            name: config.wire_name(secure),
            config: config.clone(),
            secure,
            blank: HeaderValue::from_static(""),
        };
        let mut blank = writer.cookie("");
        blank.set_max_age(time::Duration::ZERO);
        blank.set_expires(time::OffsetDateTime::UNIX_EPOCH);
        writer.blank = finished(&blank);
        writer
    }

    /// The name on the wire.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether browsers take a cookie with this value, however long it lives.
    pub(crate) fn fits(&self, value: &str) -> bool {
        // The blank one has one digit of Max-Age, the longest eight.
        self.blank.len() + value.len() + 7 <= MAX_BYTES
    }

    /// Hands a value to the client, for the browser window or until it expires, 400 days at most (RFC 6265bis §5.6).
    pub(crate) fn set(&self, value: &str, now: Timestamp, expires: Timestamp, persistent: bool) -> HeaderValue {
        let mut cookie = self.cookie(value);
        if persistent && self.config.persistent {
            let expires = expires.min(now + MAX_AGE);
            cookie.set_max_age(time::Duration::milliseconds(
                expires.as_unix_ms().saturating_sub(now.as_unix_ms()).max(0),
            ));
            cookie.set_expires(expires.to_offset_date_time());
        }
        finished(&cookie)
    }

    /// Takes the value away: the same name, path and domain, so that the client finds the cookie it holds.
    pub(crate) fn clear(&self) -> HeaderValue {
        self.blank.clone()
    }

    fn cookie<'a>(&'a self, value: &'a str) -> Cookie<'a> {
        let mut cookie = Cookie::new(self.name.as_str(), value);
        cookie.set_http_only(self.config.http_only);
        cookie.set_secure(self.secure);
        cookie.set_path(self.config.path.as_str());
        cookie.set_same_site(match self.config.same_site {
            SameSite::Lax => cookie::SameSite::Lax,
            SameSite::None => cookie::SameSite::None,
            SameSite::Strict => cookie::SameSite::Strict,
        });
        if let Some(domain) = &self.config.domain {
            cookie.set_domain(domain.as_str());
        }
        cookie
    }
}

/// What browsers take (RFC 6265bis §5.6); the longest name, domain and path of a configuration fit with our token.
const MAX_BYTES: usize = 4_096;

const MAX_AGE: std::time::Duration = std::time::Duration::from_secs(400 * 24 * 60 * 60);

/// The configuration was checked and our values are base64url and dots, so the text is always a header value; a blank
/// one would merely set nothing.
fn finished(cookie: &Cookie<'_>) -> HeaderValue {
    let text = cookie.to_string();
    debug_assert!(text.len() <= MAX_BYTES, "a cookie browsers would drop");
    let mut value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    debug_assert!(!value.is_empty(), "a cookie that is no header value");
    value.set_sensitive(true);
    value
}

/// The name in a `Set-Cookie` value.
pub(crate) fn set_cookie_name(value: &[u8]) -> &[u8] {
    let pair = value.split(|byte| *byte == b';').next().unwrap_or_default();
    pair.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_700_000_000_000);
    const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

    fn set(config: &CookieConfig, secure: bool, days: u32) -> String {
        let writer = CookieWriter::new(config, secure);
        let value = writer.set("v", NOW, NOW + DAY * days, true);
        assert!(value.is_sensitive());
        value.to_str().unwrap().to_owned()
    }

    #[test]
    fn the_default_cookie_is_as_strict_as_it_can_be() {
        assert_eq!(
            set(&CookieConfig::default(), true, 1),
            "__Host-auth_session=v; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400; \
             Expires=Wed, 15 Nov 2023 22:13:20 GMT"
        );
    }

    #[test]
    fn insecure_has_no_prefix_and_no_secure() {
        let cookie = set(&CookieConfig::default(), false, 1);
        assert!(
            cookie.starts_with("auth_session=v; HttpOnly; SameSite=Lax; Path=/"),
            "{cookie}"
        );
    }

    #[test]
    fn a_domain_changes_the_prefix() {
        let cookie = set(&CookieConfig::default().domain("example.com"), true, 1);
        assert!(
            cookie.starts_with("__Secure-auth_session=v; HttpOnly; SameSite=Lax; Secure; Path=/; Domain=example.com")
        );
    }

    #[test]
    fn no_cookie_lives_longer_than_400_days() {
        assert!(set(&CookieConfig::default(), true, 1_000).contains("Max-Age=34560000;"));
    }

    #[test]
    fn a_window_cookie_has_no_end_of_its_own() {
        let writer = CookieWriter::new(&CookieConfig::default(), true);
        let value = writer.set("v", NOW, NOW + DAY, false);
        assert!(!value.to_str().unwrap().contains("Max-Age") && !value.to_str().unwrap().contains("Expires"));
    }

    #[test]
    fn clearing_names_the_same_cookie() {
        let config = CookieConfig::default().domain("example.com").path("/app");
        let writer = CookieWriter::new(&config, true);
        assert_eq!(
            writer.clear().to_str().unwrap(),
            "__Secure-auth_session=; HttpOnly; SameSite=Lax; Secure; Path=/app; Domain=example.com; Max-Age=0; \
             Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        );
        assert_eq!(set_cookie_name(writer.clear().as_bytes()), b"__Secure-auth_session");
    }

    #[test]
    fn impossible_cookies_are_refused() {
        let problems = |config: CookieConfig, secure| config.problems(secure).len();
        let default = CookieConfig::default;
        assert_eq!(problems(default(), true), 0);
        assert_eq!(problems(default(), false), 0);
        assert_eq!(problems(default().same_site(SameSite::None), true), 0);
        assert_eq!(problems(default().same_site(SameSite::None), false), 1);
        assert_eq!(problems(default().name("__Host-x").domain("example.com"), true), 1);
        assert_eq!(problems(default().name("__Host-x").path("/app"), true), 1);
        assert_eq!(problems(default().name("__Host-x"), true), 0);
        assert_eq!(problems(default().name("a b"), true), 1);
        assert_eq!(problems(default().name("a\r\nb"), true), 1);
        assert_eq!(problems(default().domain("a;b"), true), 1);
        assert_eq!(problems(default().path("/a;b"), true), 1);
        assert_eq!(problems(default().path("a"), true), 1);
    }
}
