use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, SET_COOKIE},
};

use super::set_cookie_name;

/// What a request wants added to its response: finished `Set-Cookie` values, each cookie name once, and headers for
/// clients that keep tokens themselves.
#[derive(Debug, Default)]
#[must_use = "effects belong into the response"]
pub struct Effects {
    cookies: Vec<HeaderValue>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Effects {
    /// Whether there is nothing to add.
    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty() && self.headers.is_empty()
    }

    /// Headers to set, each name once; what the response has of that name gives way.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// The `Access-Control-Expose-Headers` that lets scripts of another origin read those headers: what is there
    /// already, and ours, each once. `None` when there is nothing to expose.
    pub fn exposed<'a>(&self, there: impl Iterator<Item = &'a [u8]>) -> Option<HeaderValue> {
        if self.headers.is_empty() {
            return None;
        }
        let there: Vec<String> = there
            .map(String::from_utf8_lossy)
            .flat_map(|value| value.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>())
            .filter(|name| !name.is_empty())
            .collect();
        let ours = self.headers.iter().map(|(name, _)| name.as_str().to_owned());
        let missing = ours.filter(|ours| !there.iter().any(|name| name.eq_ignore_ascii_case(ours)));
        let names: Vec<String> = there.iter().cloned().chain(missing).collect();
        HeaderValue::from_str(&names.join(", ")).ok()
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
        let there = headers.get_all(ACCESS_CONTROL_EXPOSE_HEADERS).iter();
        if let Some(exposed) = self.exposed(there.map(HeaderValue::as_bytes)) {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        headers
            .entry(CACHE_CONTROL)
            .or_insert(HeaderValue::from_static(Self::CACHE_CONTROL));
    }

    /// The `Cache-Control` of a response that sets a session cookie and says nothing itself.
    pub const CACHE_CONTROL: &'static str = "no-store";

    pub(crate) fn unset_header(&mut self, name: &HeaderName) {
        self.headers.retain(|(there, _)| there != name);
    }

    pub(crate) fn set_header(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.retain(|(there, _)| *there != name);
        self.headers.push((name, value));
    }

    pub(crate) fn set_cookie(&mut self, value: HeaderValue) {
        let name = set_cookie_name(value.as_bytes());
        self.cookies.retain(|cookie| set_cookie_name(cookie.as_bytes()) != name);
        self.cookies.push(value);
    }
}
