//! The origin check: may a browser have been made to send this request by another site?
//!
//! The algorithm of Go 1.25's `CrossOriginProtection` (also tower-http's `csrf`): Fetch Metadata first, then `Origin`,
//! then, beyond it, `Referer`. Where it deviates: the allowed origins are the configured ones and never the `Host` of
//! the request, and a request that says nothing at all is refused when it carries cookies.

use http::{
    HeaderName,
    header::{COOKIE, ORIGIN, REFERER},
};
use url::Url;

use super::RequestView;
use crate::config::ConfigProblem;

/// The origins whose requests are trusted, in their canonical form.
#[derive(Debug)]
pub(crate) struct OriginPolicy {
    own: String,
    trusted: Vec<String>,
}

/// What the check reads of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OriginFacts {
    pub(crate) is_safe: bool,
    pub(crate) is_bearer: bool,
    pub(crate) has_cookies: bool,
    pub(crate) fetch_site: Header,
    pub(crate) origin: Header,
    pub(crate) referer: Header,
}

/// A header that should be there once or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Header {
    #[default]
    Missing,
    One(String),
    /// Several, or not ASCII: no browser sends that.
    Garbled,
}

/// Which rule refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OriginRefusal {
    FetchSite,
    Origin,
    Referer,
    Silent,
}

impl OriginRefusal {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::FetchSite => "sec_fetch_site",
            Self::Origin => "origin",
            Self::Referer => "referer",
            Self::Silent => "no_origin",
        }
    }
}

impl OriginPolicy {
    pub(crate) fn new(base: &Url, trusted: &[String], problems: &mut Vec<ConfigProblem>) -> Self {
        let trusted = trusted
            .iter()
            .filter_map(|origin| {
                let canonical = exact_origin(origin);
                if canonical.is_none() {
                    problems.push(ConfigProblem::new(
                        "trusted_origin",
                        format!("{origin:?} is not an exact origin."),
                        "Use scheme, host and port only: `https://app.example.com`.",
                    ));
                }
                canonical
            })
            .collect();
        Self {
            own: base.origin().ascii_serialization(),
            trusted,
        }
    }

    /// Whether it is one of the other origins that were listed.
    pub(crate) fn lists(&self, origin: &str) -> bool {
        self.trusted.iter().any(|trusted| trusted == origin)
    }

    /// The decision.
    pub(crate) fn check(&self, facts: &OriginFacts) -> Result<(), OriginRefusal> {
        if facts.is_safe {
            return Ok(());
        }
        // Nothing ambient: a page of another site cannot make a browser send this header.
        if facts.is_bearer {
            return Ok(());
        }
        if let Header::One(origin) = &facts.origin
            && self.trusted.contains(origin)
        {
            return Ok(());
        }
        match &facts.fetch_site {
            Header::Missing => {}
            Header::One(site) if site == "same-origin" || site == "none" => return Ok(()),
            Header::One(_) | Header::Garbled => return Err(OriginRefusal::FetchSite),
        }
        match &facts.origin {
            Header::Missing => {}
            Header::One(origin) if *origin == self.own => return Ok(()),
            Header::One(_) | Header::Garbled => return Err(OriginRefusal::Origin),
        }
        match &facts.referer {
            Header::Missing if facts.has_cookies => Err(OriginRefusal::Silent),
            Header::Missing => Ok(()),
            Header::One(referer) if self.allows_url(referer) => Ok(()),
            Header::One(_) | Header::Garbled => Err(OriginRefusal::Referer),
        }
    }

    fn allows_url(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| {
            let origin = url.origin().ascii_serialization();
            origin == self.own || self.trusted.contains(&origin)
        })
    }
}

impl OriginFacts {
    /// Reads a request; a safe one is not read further.
    pub(crate) fn from_view(view: &dyn RequestView, is_bearer: bool) -> Self {
        let is_safe = matches!(view.method(), "GET" | "HEAD" | "OPTIONS");
        if is_safe || is_bearer {
            return Self {
                is_safe,
                is_bearer,
                ..Self::default()
            };
        }
        Self::as_of_a_change(view)
    }

    /// Reads a request as if it changed something, whatever its method, and showed no bearer token.
    pub(crate) fn as_of_a_change(view: &dyn RequestView) -> Self {
        let mut has_cookies = false;
        view.each_header(&COOKIE, &mut |value| has_cookies |= !value.trim_ascii().is_empty());
        Self {
            is_safe: false,
            is_bearer: false,
            has_cookies,
            fetch_site: header(view, &SEC_FETCH_SITE),
            origin: header(view, &ORIGIN),
            referer: header(view, &REFERER),
        }
    }
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

fn header(view: &dyn RequestView, name: &HeaderName) -> Header {
    let mut header = Header::Missing;
    view.each_header(name, &mut |value| {
        header = match (&header, std::str::from_utf8(value)) {
            (Header::Missing, Ok(value)) => Header::One(value.to_owned()),
            _ => Header::Garbled,
        };
    });
    header
}

/// `https://host:port` in canonical form, if the text is exactly that.
pub(super) fn exact_origin(text: &str) -> Option<String> {
    let host_and_port = text.split_once("://").map(|(_, rest)| rest)?;
    if host_and_port.contains(['@', '/', '\\', '*']) || text.contains(char::is_whitespace) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let is_origin = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_origin.then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy() -> OriginPolicy {
        let mut problems = Vec::new();
        let base = Url::parse("https://app.example.com").unwrap();
        let policy = OriginPolicy::new(&base, &["https://admin.example.com".to_owned()], &mut problems);
        assert!(problems.is_empty());
        policy
    }

    fn one(value: Option<&str>) -> Header {
        value.map_or(Header::Missing, |value| Header::One(value.to_owned()))
    }

    /// The rules once more, written the other way round: who passes.
    fn oracle(
        method: &str,
        bearer: bool,
        cookies: bool,
        site: Option<&str>,
        origin: Option<&str>,
        referer: Option<&str>,
    ) -> bool {
        let own = "https://app.example.com";
        let trusted = "https://admin.example.com";
        let passes_by_site = matches!(site, Some("same-origin" | "none"));
        let passes_by_origin = site.is_none() && origin == Some(own);
        let passes_by_referer = site.is_none()
            && origin.is_none()
            && referer.is_some_and(|referer| {
                [own, trusted]
                    .iter()
                    .any(|allowed| referer == *allowed || referer.starts_with(&format!("{allowed}/")))
            });
        let no_browser = site.is_none() && origin.is_none() && referer.is_none() && !cookies;
        ["GET", "HEAD", "OPTIONS"].contains(&method)
            || bearer
            || origin == Some(trusted)
            || passes_by_site
            || passes_by_origin
            || passes_by_referer
            || no_browser
    }

    #[test]
    fn the_whole_matrix_agrees_with_the_rules() {
        let sites = [
            None,
            Some("same-origin"),
            Some("none"),
            Some("same-site"),
            Some("cross-site"),
            Some("Same-Origin"),
            Some(""),
        ];
        let origins = [
            None,
            Some("https://app.example.com"),
            Some("https://admin.example.com"),
            Some("https://evil.example.com"),
            Some("http://app.example.com"),
            Some("https://app.example.com:8443"),
            Some("https://app.example.com.evil.test"),
            Some("null"),
            Some(""),
            Some("garbage"),
        ];
        let referers = [
            None,
            Some("https://app.example.com/page?x"),
            Some("https://admin.example.com/"),
            Some("https://evil.test/https://app.example.com/"),
            Some("about:blank"),
            Some("not a url"),
        ];
        let mut checked = 0;
        for method in [
            "GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "get", "TRACE",
        ] {
            for bearer in [false, true] {
                for cookies in [false, true] {
                    for site in sites {
                        for origin in origins {
                            for referer in referers {
                                let facts = OriginFacts {
                                    is_safe: matches!(method, "GET" | "HEAD" | "OPTIONS"),
                                    is_bearer: bearer,
                                    has_cookies: cookies,
                                    fetch_site: one(site),
                                    origin: one(origin),
                                    referer: one(referer),
                                };
                                assert_eq!(
                                    policy().check(&facts).is_ok(),
                                    oracle(method, bearer, cookies, site, origin, referer),
                                    "{method} {facts:?}"
                                );
                                checked += 1;
                            }
                        }
                    }
                }
            }
        }
        assert_eq!(checked, 9 * 2 * 2 * 7 * 10 * 6);
    }

    #[test]
    fn a_repeated_header_is_refused() {
        let facts = OriginFacts {
            origin: Header::Garbled,
            ..OriginFacts::default()
        };
        assert_eq!(policy().check(&facts), Err(OriginRefusal::Origin));
    }

    #[test]
    fn a_trusted_origin_must_be_exact() {
        for text in [
            "https://*.example.com",
            "example.com",
            "null",
            "https://a.example/path",
            "https://a.example/",
            "ftp://a.example",
            "https://u@a.example",
            "https://@a.example",
            "https:a.example",
            "https:///a.example",
            " https://a.example",
            "https://a.example/.",
            "",
        ] {
            assert_eq!(exact_origin(text), None, "{text}");
        }
        assert_eq!(
            exact_origin("HTTPS://Ä.example:443").as_deref(),
            Some("https://xn--4ca.example")
        );
        assert_eq!(exact_origin("http://[::1]:3000").as_deref(), Some("http://[::1]:3000"));
    }

    proptest! {
        #[test]
        fn an_origin_nobody_listed_never_passes(origin in ".{0,60}") {
            prop_assume!(origin != "https://app.example.com" && origin != "https://admin.example.com");
            let facts = OriginFacts { origin: Header::One(origin), has_cookies: true, ..OriginFacts::default() };
            prop_assert!(policy().check(&facts).is_err());
        }
    }
}
