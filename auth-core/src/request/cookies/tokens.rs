//! The three cookies of the token strategy.

use http::HeaderValue;

use super::{CookieConfig, CookieWriter};
use crate::{
    clock::Timestamp,
    config::ConfigProblem,
    flows::tokens::{AccessToken, RefreshAt, SessionTokens, Tokens},
};

/// Writes access, refresh and marker cookie.
pub(crate) struct TokenCookies {
    pub(crate) access: CookieWriter,
    pub(crate) refresh: CookieWriter,
    /// Readable by scripts: whether there is a session, and whether its tokens changed. It opens nothing.
    pub(crate) marker: Option<CookieWriter>,
}

impl TokenCookies {
    /// Writers with the attributes of `base`; the refresh cookie only travels to `refresh_path`, when that is where
    /// tokens are renewed.
    pub(crate) fn new(
        base: &CookieConfig,
        tokens: &Tokens,
        refresh_path: &str,
        secure: bool,
        problems: &mut Vec<ConfigProblem>,
    ) -> Self {
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
