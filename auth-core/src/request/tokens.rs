//! The tokens a request presents, and which of them count.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderName;
use memchr::memmem;

use super::{BearerReading, CookieReading, CookieWriter, RequestView, read_bearer, read_cookies, speaks_supertokens};
use crate::{
    flows::tokens::{TokenStrategy, Transfer},
    secret::RefreshToken,
};

/// Everything the token strategy reads of a request.
pub(crate) struct PresentedTokens {
    /// The bearer token, if it looks like one of ours; one of somebody else's is none of our business.
    pub(crate) bearer: Option<String>,
    /// Whether the request authenticates by it.
    pub(crate) is_bearer: bool,
    /// Whether the client takes tokens from any answer: GoTrue's with a bearer token go on with those they have.
    pub(crate) takes_tokens: bool,
    pub(crate) access: CookieReading,
    pub(crate) refresh: CookieReading,
    pub(crate) has_marker: bool,
    pub(crate) anti_csrf: Option<String>,
    /// Whether there is a header that no form of another site can send.
    pub(crate) has_custom_header: bool,
    /// Whether the request may change something.
    pub(crate) is_unsafe: bool,
}

/// Where the tokens that count are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Cookie,
    Header,
    Nowhere,
}

const ANTI_CSRF: HeaderName = HeaderName::from_static("anti-csrf");
const RID: HeaderName = HeaderName::from_static("rid");

impl PresentedTokens {
    pub(crate) fn read(strategy: &TokenStrategy, view: &dyn RequestView) -> Self {
        let cookies = &strategy.cookies;
        let bearer = match read_bearer(view) {
            BearerReading::Token(token) => Some(token).filter(|token| is_ours(strategy, token)).map(str::to_owned),
            BearerReading::Conflict => Some(String::new()),
            BearerReading::Missing | BearerReading::OtherScheme => None,
        };
        let mut anti_csrf = None;
        view.each_header(&ANTI_CSRF, &mut |value| {
            anti_csrf.get_or_insert_with(|| String::from_utf8_lossy(value).into_owned());
        });
        let mut has_custom_header = false;
        view.each_header(&RID, &mut |_| has_custom_header = true);
        let marker = cookies.marker.as_ref().map(CookieWriter::name);
        let names = [
            cookies.access.name(),
            cookies.refresh.name(),
            marker.unwrap_or_default(),
        ];
        let [access, refresh, marked] = read_cookies(names, view);
        let is_bearer = bearer.is_some() && strategy.config.transfer != Transfer::Cookie;
        Self {
            is_bearer,
            takes_tokens: !is_bearer || speaks_supertokens(view),
            bearer,
            access: access.into_owned(),
            refresh: refresh.into_owned(),
            has_marker: marker.is_some() && marked != CookieReading::Missing,
            anti_csrf,
            has_custom_header,
            is_unsafe: !matches!(view.method(), "GET" | "HEAD" | "OPTIONS"),
        }
    }

    /// Whether the marker that goes with every session is gone.
    pub(crate) fn is_unmarked(&self, strategy: &TokenStrategy) -> bool {
        strategy.cookies.marker.is_some() && !self.has_marker
    }

    /// Where to look for an access token.
    pub(crate) fn access_place(&self, transfer: Transfer) -> Place {
        place(transfer, self.bearer.is_some(), self.has_cookies())
    }

    /// Whether any of our cookies came along.
    pub(crate) fn has_cookies(&self) -> bool {
        self.access != CookieReading::Missing || self.refresh != CookieReading::Missing || self.has_marker
    }

    /// Where to look for a refresh token.
    pub(crate) fn refresh_place(&self, transfer: Transfer) -> Place {
        let renews = |token: &String| token.is_empty() || token.starts_with(RefreshToken::PREFIX);
        let in_header = self.bearer.as_ref().is_some_and(renews);
        place(transfer, in_header, self.refresh != CookieReading::Missing)
    }
}

/// Headers win, because nothing ambient sends them.
fn place(transfer: Transfer, in_header: bool, in_cookie: bool) -> Place {
    match transfer {
        Transfer::Any | Transfer::Header if in_header => Place::Header,
        Transfer::Any | Transfer::Cookie if in_cookie => Place::Cookie,
        _ => Place::Nowhere,
    }
}

/// A refresh token, a JWT that says it is an access token, or one that names a key others sign with; whether it is a good
/// one is another question.
fn is_ours(strategy: &TokenStrategy, token: &str) -> bool {
    let says_so = |header: &str| {
        let decoded = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
        memmem::find(&decoded, br#""at+jwt""#).is_some() || strategy.ring.is_of_others(header)
    };
    token.starts_with(RefreshToken::PREFIX) || token.split_once('.').is_some_and(|(header, _)| says_so(header))
}
