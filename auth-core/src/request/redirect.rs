//! Redirect targets: a path on this site or an allowed origin, or nothing. What was asked for is never reflected.

use url::Url;

use super::{origin::exact_origin, redirect_pattern::Pattern};
use crate::config::ConfigProblem;

/// Where `redirect_to` may lead.
pub(crate) struct RedirectPolicy {
    own: String,
    base: Url,
    allowed: Vec<Allowed>,
}

impl RedirectPolicy {
    pub(crate) fn new(base: &Url, allowed: &[String], problems: &mut Vec<ConfigProblem>) -> Self {
        let allowed = allowed
            .iter()
            .filter_map(|text| {
                let allowed = exact_origin(text).map(Allowed::Origin);
                let allowed = allowed.or_else(|| Pattern::parse(text).map(Allowed::Pattern));
                if allowed.is_none() {
                    problems.push(ConfigProblem::new(
                        "redirect_url",
                        format!("{text:?} is neither an exact origin nor a URL with careful wildcards."),
                        "Use `https://app.example.com`, `https://*.example.com/**` or `myapp://callback`.",
                    ));
                }
                allowed
            })
            .collect();
        Self {
            own: base.origin().ascii_serialization(),
            base: base.clone(),
            allowed,
        }
    }

    /// Where everything leads that says nothing, or nothing that is allowed: the site, relative if it is this one.
    pub(crate) fn home(&self, site: &Url) -> String {
        let here = (site.origin() == self.base.origin()).then(|| relative(site)).flatten();
        here.unwrap_or_else(|| site.to_string())
    }

    /// The schemes of applications, not of the web, that targets may have.
    pub(crate) fn schemes(&self, site: &Url) -> Vec<String> {
        let patterns = self.allowed.iter().filter_map(|allowed| match allowed {
            Allowed::Origin(_) => None,
            Allowed::Pattern(pattern) => Some(pattern.scheme()),
        });
        let mut schemes: Vec<String> = patterns
            .chain([site.scheme()])
            .filter(|scheme| !is_web(scheme))
            .map(str::to_owned)
            .collect();
        schemes.sort();
        schemes.dedup();
        schemes
    }

    /// The target as it may stand in `Location`: relative for this site, absolute for an allowed one.
    pub(crate) fn check(&self, target: &str) -> Option<String> {
        // Browsers drop tabs and newlines, and read a backslash as a slash; nobody needs either in a target.
        let is_plain = !target.is_empty()
            && target.len() <= 2_048
            && target
                .chars()
                .all(|character| !character.is_control() && !character.is_whitespace())
            && !target.contains('\\');
        if !is_plain {
            return None;
        }
        if target.starts_with('/') {
            let url = self.base.join(target).ok()?;
            return (!target.starts_with("//") && url.origin() == self.base.origin())
                .then(|| relative(&url))
                .flatten();
        }
        let url = Url::parse(target).ok()?;
        let is_web = is_web(url.scheme());
        let is_safe = !matches!(
            url.scheme(),
            "javascript" | "data" | "vbscript" | "file" | "blob" | "about"
        );
        // `https:example.com` and `https:///x` parse, but are nobody's honest spelling.
        let is_spelled_out = target.split_once("://").is_some_and(|(_, rest)| !rest.starts_with('/'));
        if !is_safe || !is_spelled_out || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let origin = url.origin().ascii_serialization();
        if is_web && origin == self.own {
            return relative(&url);
        }
        let is_allowed = self.allowed.iter().any(|allowed| match allowed {
            Allowed::Origin(allowed) => is_web && *allowed == origin,
            Allowed::Pattern(pattern) => pattern.matches(&url),
        });
        is_allowed.then(|| url.to_string())
    }
}

fn is_web(scheme: &str) -> bool {
    matches!(scheme, "http" | "https")
}

/// One entry of the list.
enum Allowed {
    /// Any path of it.
    Origin(String),
    Pattern(Pattern),
}

/// Path, query and fragment, in the URL parser's own spelling; a path that would read as another host is none.
fn relative(url: &Url) -> Option<String> {
    let text = url[url::Position::BeforePath..].to_owned();
    (!text.starts_with("//")).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy() -> RedirectPolicy {
        let base = Url::parse("https://app.example.com").unwrap();
        let mut problems = Vec::new();
        let policy = RedirectPolicy::new(&base, &["https://shop.example.com".to_owned()], &mut problems);
        assert!(problems.is_empty());
        policy
    }

    #[test]
    fn paths_of_this_site_and_allowed_origins_pass() {
        for (target, expected) in [
            ("/", "/"),
            ("/notes?x=1&y=2#top", "/notes?x=1&y=2#top"),
            ("/a/../b", "/b"),
            ("/http://evil.test", "/http://evil.test"),
            ("/?next=//evil.test", "/?next=//evil.test"),
            ("https://app.example.com", "/"),
            ("https://app.example.com:443/notes", "/notes"),
            ("HTTPS://APP.example.com/x", "/x"),
            ("https://shop.example.com/cart", "https://shop.example.com/cart"),
        ] {
            assert_eq!(policy().check(target).as_deref(), Some(expected), "{target}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for target in BAD_TARGETS {
            assert_eq!(policy().check(target), None, "{target:?}");
        }
        assert_eq!(policy().check(&format!("/{}", "a".repeat(3_000))), None);
    }

    proptest! {
        #[test]
        fn a_target_never_leaves_the_allowed_origins(target in r"[/\\a-z:.@?#%0-9\t\n ]{0,30}") {
            let base = Url::parse("https://app.example.com").unwrap();
            if let Some(location) = policy().check(&target) {
                let reached = base.join(&location).unwrap().origin().ascii_serialization();
                prop_assert!(
                    reached == "https://app.example.com" || reached == "https://shop.example.com",
                    "{} leads to {}", target, reached
                );
                prop_assert!(http::HeaderValue::from_str(&location).is_ok());
            }
        }
    }

    const BAD_TARGETS: &[&str] = &[
        "",
        " ",
        "notes",
        "?x=1",
        "#top",
        "./notes",
        "../notes",
        "//evil.test",
        "///evil.test",
        "////evil.test",
        "/\\evil.test",
        "\\/evil.test",
        "\\\\evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "/\r/evil.test",
        "\t//evil.test",
        " //evil.test",
        "/ /evil.test",
        "/\u{a0}/evil.test",
        "/\u{2028}/evil.test",
        "/a\r\nSet-Cookie: a=b",
        "/a\u{0}b",
        "http://evil.test",
        "https://evil.test/https://app.example.com",
        "http://app.example.com",
        "https://app.example.com:8443/",
        "https://app.example.com.evil.test",
        "https://app.example.com@evil.test",
        "https://app.example.com:x@evil.test",
        "https://user@app.example.com/",
        "https://evil.test#https://app.example.com",
        "https://evil.test?https://app.example.com",
        "https:app.example.com",
        "https:/evil.test",
        "https:///evil.test",
        "https://",
        "https://sub.app.example.com",
        "javascript:alert(1)",
        "JAVASCRIPT://app.example.com/%0aalert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://app.example.com/",
        "//app.example.com@evil.test",
        "/..//evil.test",
        "/.//evil.test",
        "/a/..//evil.test",
    ];
}
