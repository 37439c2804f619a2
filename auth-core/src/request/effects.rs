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
        with_exposed(there, self.headers.iter().map(|(name, _)| name.as_str()))
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

    /// The `Cache-Control` the response is to have instead of its own, if that would let a cache hand our cookies or tokens to
    /// others (RFC 9111 §7.3): a response that is neither `private` nor `no-store` becomes the latter.
    pub fn cache_control<'a>(&self, there: impl Iterator<Item = &'a [u8]>) -> Option<HeaderValue> {
        let keeps_it = |value: &[u8]| {
            // With a value, `private` is about some headers only.
            value.split(|byte| *byte == b',').any(|directive| {
                let directive = directive.trim_ascii();
                directive.eq_ignore_ascii_case(b"no-store") || directive.eq_ignore_ascii_case(b"private")
            })
        };
        let mut there = there;
        let is_kept = self.is_empty() || there.any(keeps_it);
        (!is_kept).then_some(HeaderValue::from_static("no-store"))
    }

    /// Adds everything to a response's headers. Cookies of other names survive; a response that sets one of ours is
    /// not to be stored by shared caches, whatever it says itself.
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
        let there = headers.get_all(CACHE_CONTROL).iter();
        if let Some(value) = self.cache_control(there.map(HeaderValue::as_bytes)) {
            headers.insert(CACHE_CONTROL, value);
        }
    }

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

/// An `Access-Control-Expose-Headers` with what is there already, and ours, each once.
pub(crate) fn with_exposed<'there, 'ours>(
    there: impl Iterator<Item = &'there [u8]>,
    ours: impl IntoIterator<Item = &'ours str>,
) -> Option<HeaderValue> {
    let mut names: Vec<String> = there
        .map(String::from_utf8_lossy)
        .flat_map(|value| value.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>())
        .filter(|name| !name.is_empty())
        .collect();
    for ours in ours {
        if !names.iter().any(|name| name.eq_ignore_ascii_case(ours)) {
            names.push(ours.to_owned());
        }
    }
    HeaderValue::from_str(&names.join(", ")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_other_visitor_is_given_keeps_its_cache_control() {
        let mut effects = Effects::default();
        let said = |effects: &Effects, there: &[&str]| {
            let value = effects.cache_control(there.iter().map(|value| value.as_bytes()));
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(said(&effects, &["public"]), None);
        effects.set_cookie(HeaderValue::from_static("a=b"));
        for kept in ["private", "Private, max-age=60", "max-age=0,no-store"] {
            assert_eq!(said(&effects, &[kept]), None, "{kept}");
        }
        assert_eq!(said(&effects, &["max-age=60", "private"]), None);
        for replaced in [
            "public, max-age=300",
            "max-age=60",
            "no-cache",
            "private=\"x-name\"",
            "not-private",
            "",
        ] {
            assert_eq!(said(&effects, &[replaced]).as_deref(), Some("no-store"), "{replaced}");
        }
        assert_eq!(said(&effects, &[]).as_deref(), Some("no-store"));
    }
}
