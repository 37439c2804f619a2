//! The three cookies of the token strategy.

use http::HeaderValue;

use super::{CookieConfig, CookieWriter};
use crate::{
    clock::Timestamp,
    config::ConfigProblem,
    flows::tokens::{AccessToken, RefreshAt, SessionTokens, Tokens, Transfer},
};

/// Writes access, refresh and marker cookie.
pub(crate) struct TokenCookies {
    pub(crate) access: CookieWriter,
    pub(crate) refresh: CookieWriter,
    /// Readable by scripts: whether there is a session, and whether its tokens changed. It opens nothing.
    pub(crate) marker: Option<CookieWriter>,
}

impl TokenCookies {
    /// Writers with the attributes of `base`; the refresh cookie only travels to `endpoint`, when that is where tokens
    /// are renewed, or to what was asked for above it.
    pub(crate) fn new(
        base: &CookieConfig,
        tokens: &Tokens,
        endpoint: &str,
        secure: bool,
        problems: &mut Vec<ConfigProblem>,
    ) -> Self {
        let asked = tokens.refresh_path.as_deref();
        let refresh_path = asked.filter(|path| leads_to(path, endpoint)).unwrap_or(endpoint);
        if asked.is_some_and(|path| path != refresh_path) {
            problems.push(ConfigProblem::new(
                "tokens.refresh_path",
                format!("it does not lead to {endpoint}, where tokens are renewed."),
                "Use that path, or one above it.",
            ));
        }
        let is_silent = tokens.names.marker.is_none() && tokens.transfer != Transfer::Header;
        if is_silent && tokens.refresh_at == RefreshAt::Endpoint && !leads_to(refresh_path, &base.path) {
            problems.push(ConfigProblem::new(
                "tokens.names",
                "without a marker nothing tells that there is a session, once its access token is over.",
                "Name a marker, let any request renew, or let the refresh cookie travel wherever the access cookie does.",
            ));
        }
        let named = |name: &str| {
            let config = base.clone().name(name);
            if tokens.names.prefixed {
                config
            } else {
                config.unprefixed()
            }
        };
        let mut writer = |config: CookieConfig| {
            problems.extend(config.problems(secure));
            CookieWriter::new(&config, secure)
        };
        let refresh = named(&tokens.names.refresh);
        let refresh = match tokens.refresh_at {
            RefreshAt::Endpoint => refresh.path(refresh_path),
            RefreshAt::Request => refresh,
        };
        Self {
            access: writer(named(&tokens.names.access)),
            refresh: writer(refresh),
            marker: tokens
                .names
                .marker
                .as_deref()
                .map(|name| writer(named(name).readable())),
        }
    }

    /// Hands both tokens over, and a new marker.
    pub(crate) fn set(&self, tokens: &SessionTokens, now: Timestamp) -> Vec<HeaderValue> {
        let SessionTokens {
            expires, persistent, ..
        } = *tokens;
        let marker = self.marker.as_ref();
        [
            self.access
                .set(tokens.access.expose(), now, tokens.access.expires(), persistent),
            self.refresh.set(tokens.refresh.expose(), now, expires, persistent),
        ]
        .into_iter()
        .chain(marker.map(|marker| marker.set(&tokens.marker, now, expires, persistent)))
        .collect()
    }

    /// Hands a new access token over.
    pub(crate) fn set_access(&self, access: &AccessToken, now: Timestamp, persistent: bool) -> HeaderValue {
        self.access.set(access.expose(), now, access.expires(), persistent)
    }

    /// Takes everything away.
    pub(crate) fn clear(&self) -> Vec<HeaderValue> {
        let marker = self.marker.as_ref();
        [self.access.clear(), self.refresh.clear()]
            .into_iter()
            .chain(marker.map(CookieWriter::clear))
            .collect()
    }
}

/// RFC 6265 §5.1.4: whether a cookie with this path travels to the other.
fn leads_to(path: &str, endpoint: &str) -> bool {
    let rest = endpoint.strip_prefix(path).filter(|_| path.starts_with('/'));
    rest.is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_what_is_below_it() {
        let endpoint = "/api/auth/session/refresh";
        for path in ["/", "/api", "/api/", "/api/auth", "/api/auth/session/", endpoint] {
            assert!(leads_to(path, endpoint), "{path}");
        }
        for path in [
            "",
            "api",
            "/ap",
            "/api/auth/session/ref",
            "/api/auth/session/refresh/",
            "//",
            "/; Domain=x",
            "/api\n",
        ] {
            assert!(!leads_to(path, endpoint), "{path}");
        }
    }
}
