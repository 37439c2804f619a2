use http::{
    HeaderMap, HeaderValue,
    header::{CACHE_CONTROL, SET_COOKIE},
};

use super::set_cookie_name;

/// What a request wants added to its response: finished `Set-Cookie` values, each cookie name once.
#[derive(Debug, Default)]
#[must_use = "effects belong into the response"]
pub struct Effects {
    cookies: Vec<HeaderValue>,
}

impl Effects {
    /// Whether there is nothing to add.
    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }

    /// The finished `Set-Cookie` values.
    pub fn cookies(&self) -> &[HeaderValue] {
        &self.cookies
    }

    /// Whether a `Set-Cookie` value that is already in the response gives way to one of these.
    pub fn replaces(&self, set_cookie: &[u8]) -> bool {
        let name = set_cookie_name(set_cookie);
        self.cookies
            .iter()
            .any(|cookie| set_cookie_name(cookie.as_bytes()) == name)
    }

    /// Adds everything to a response's headers. Cookies of other names survive; a response that sets one of ours is
    /// not to be stored by caches.
    pub fn apply(&self, headers: &mut HeaderMap) {
        if self.is_empty() {
            return;
        }
        if headers
            .get_all(SET_COOKIE)
            .iter()
            .any(|value| self.replaces(value.as_bytes()))
        {
            let kept: Vec<_> = headers
                .get_all(SET_COOKIE)
                .iter()
                .filter(|value| !self.replaces(value.as_bytes()))
                .cloned()
                .collect();
            headers.remove(SET_COOKIE);
            for value in kept {
                headers.append(SET_COOKIE, value);
            }
        }
        for cookie in &self.cookies {
            headers.append(SET_COOKIE, cookie.clone());
        }
        headers
            .entry(CACHE_CONTROL)
            .or_insert(HeaderValue::from_static(Self::CACHE_CONTROL));
    }

    /// The `Cache-Control` of a response that sets a session cookie and says nothing itself.
    pub const CACHE_CONTROL: &'static str = "no-store";

    pub(crate) fn set_cookie(&mut self, value: HeaderValue) {
        let name = set_cookie_name(value.as_bytes());
        self.cookies.retain(|cookie| set_cookie_name(cookie.as_bytes()) != name);
        self.cookies.push(value);
    }
}
