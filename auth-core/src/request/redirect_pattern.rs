//! Entries of the list of redirect targets that stand for more than one: wildcards that never reach another owner's host.

use url::Url;

/// A URL with `*` and `**` in it.
pub(super) struct Pattern {
    scheme: String,
    host: String,
    port: Option<u16>,
    path: String,
}

impl Pattern {
    /// Reads an entry; `None` when it is no URL, or when its wildcards are not careful: at least two labels of a host of the
    /// web must be spelled out at its end.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte));
        let is_dangerous = matches!(scheme, "javascript" | "data" | "vbscript" | "file" | "blob" | "about");
        if !is_scheme || is_dangerous || text.contains(['\\', '@', '#', ' ']) {
            return None;
        }
        let (authority, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => (host, Some(port.parse().ok()?)),
            _ => (authority, None),
        };
        let is_web = matches!(scheme, "http" | "https");
        let labels: Vec<&str> = host.split('.').collect();
        let plain_end = labels.iter().rev().take_while(|label| !label.contains('*')).count();
        let is_careful =
            !host.contains('*') || (is_web && plain_end >= 2 && labels.iter().all(|label| !label.contains("**")));
        if !is_careful || (is_web && host.is_empty()) {
            return None;
        }
        Some(Self {
            scheme: scheme.to_owned(),
            host: host.to_ascii_lowercase(),
            port,
            path: path.to_owned(),
        })
    }

    pub(super) fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Whether a URL, in the parser's own spelling, is one of those meant; its fragment does not matter.
    pub(super) fn matches(&self, url: &Url) -> bool {
        let port = self.port.or(default_port(&self.scheme));
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let same_path = glob(&self.path, &path, &['/'])
            || (matches!(self.path.as_str(), "" | "/") && matches!(path.as_str(), "" | "/"));
        url.scheme() == self.scheme
            && url.port_or_known_default() == port
            && glob(&self.host, url.host_str().unwrap_or_default(), &['.'])
            && same_path
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// `*` stands for anything without a separator, `**` for anything.
fn glob(pattern: &str, text: &str, separators: &[char]) -> bool {
    let Some(star) = pattern.find('*') else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(&pattern[..star]) else {
        return false;
    };
    let (pattern, crosses) = match pattern[star..].strip_prefix("**") {
        Some(after) => (after, true),
        None => (&pattern[star + 1..], false),
    };
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    for end in ends {
        if !crosses && rest[..end].contains(separators) {
            return false;
        }
        if glob(pattern, &rest[end..], separators) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, url: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_star_stays_within_its_label_or_segment() {
        for (pattern, url, expected) in [
            ("https://*.example.com/**", "https://app.example.com/a/b?c=1", true),
            ("https://*.example.com/**", "https://example.com/", false),
            ("https://*.example.com/**", "https://a.b.example.com/", false),
            ("https://*.example.com/**", "https://evil.test/.example.com/", false),
            ("https://*.example.com/**", "https://app.example.com.evil.test/", false),
            ("https://*.example.com/**", "http://app.example.com/", false),
            ("https://*.example.com/**", "https://app.example.com:8443/", false),
            ("https://*.example.com", "https://app.example.com/", true),
            ("https://*.example.com", "https://app.example.com/x", false),
            ("https://app.example.com/*/done", "https://app.example.com/a/done", true),
            (
                "https://app.example.com/*/done",
                "https://app.example.com/a/b/done",
                false,
            ),
            (
                "https://app.example.com/welcome",
                "https://app.example.com/welcome#x",
                true,
            ),
            (
                "https://app.example.com/welcome",
                "https://app.example.com/welcome?x=1",
                false,
            ),
            ("http://localhost:3000/**", "http://localhost:3000/x", true),
            ("http://localhost:3000/**", "http://localhost:3001/x", false),
            ("myapp://callback", "myapp://callback", true),
            ("myapp://callback", "myapp://other", false),
        ] {
            assert_eq!(
                Pattern::parse(pattern).is_some_and(|pattern| pattern.matches(&Url::parse(url).unwrap())),
                expected,
                "{pattern} {url}"
            );
        }
    }

    #[test]
    fn careless_wildcards_are_no_pattern() {
        for pattern in [
            "https://*",
            "https://*/**",
            "https://*.com/**",
            "https://**.example.com/",
            "*://example.com/",
            "javascript://x/**",
            "https://app.*/",
            "https://user@example.com/",
            "https://",
            "example.com",
            "https://a.*.com/",
            "data://x",
        ] {
            assert!(Pattern::parse(pattern).is_none(), "{pattern}");
        }
        assert!(!matches(
            "https://*.example.com/**",
            "https://x@evil.test/.example.com/"
        ));
    }
}
