use bytes::Bytes;
use http::{
    HeaderName, Response,
    header::{ACCEPT, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN},
};

use super::{
    BearerReading, Client, CookieReading, OriginFacts, OriginRefusal, PresentedTokens, RequestView, read_bearer,
    read_cookie,
};
use crate::{
    auth::Auth,
    secret::{SessionToken, WireToken},
};

/// What the library keeps of a request: no header is copied that is not needed.
pub(crate) struct Seen {
    pub(crate) credentials: Credentials,
    pub(crate) origin: Result<(), OriginRefusal>,
    /// The same for what the request does by its cookies, whatever it shows beside them.
    pub(crate) origin_of_cookies: Result<(), OriginRefusal>,
    pub(crate) client: Client,
    /// What a guard answers when a browser asks what it may send.
    pub(crate) preflight: Option<Box<Response<Bytes>>>,
    /// How errors are told.
    pub(crate) error_shape: ErrorShape,
    /// What the request is called in logs, if the configured header says so.
    pub(crate) request_id: Option<String>,
    /// The token in the cookie of a page that holds its tokens itself.
    pub(crate) auth_cookie: Option<WireToken>,
    /// Where to come back to after signing in, when a person is navigating and a sign-in page is configured.
    pub(crate) navigation: Option<Navigation>,
}

/// How the request presents a session; a token is `None` when it is malformed.
pub(crate) enum Credentials {
    None,
    Bearer(Option<SessionToken>),
    Cookie(Option<SessionToken>),
    /// Under the token strategy: all of it, because which tokens count depends on what is asked.
    Tokens(Box<PresentedTokens>),
}

/// The members of an error's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorShape {
    /// GoTrue's since 2024: the word in `code`.
    Code,
    /// OAuth's (RFC 6749 §5.2), which `POST /token` of GoTrue had until then.
    OAuth,
    /// The status in `code`, the word in `error_code`.
    Word,
}

/// A person moving between pages, not a script.
pub(crate) enum Navigation {
    /// To this page.
    To(String),
    /// Away from a form.
    FromForm,
}

impl Seen {
    /// Reads a request.
    pub(crate) fn of(auth: &Auth, view: &dyn RequestView) -> Self {
        let inner = &auth.inner;
        let credentials = match &inner.tokens {
            Some(strategy) => Credentials::Tokens(Box::new(PresentedTokens::read(strategy, view))),
            None => credentials(inner.cookies.name(), view),
        };
        let is_bearer = match &credentials {
            Credentials::Bearer(_) => true,
            Credentials::Tokens(presented) => presented.is_bearer,
            Credentials::None | Credentials::Cookie(_) => false,
        };
        let origin_of_cookies = inner.origins.check(&OriginFacts::from_view(view, false));
        Self {
            credentials,
            // Nothing ambient: a page of another site cannot make a browser send a bearer token.
            origin: if is_bearer { Ok(()) } else { origin_of_cookies },
            origin_of_cookies,
            client: inner.clients.read(view),
            preflight: requested_method(view).map(|method| Box::new(auth.guard_preflight(view, method))),
            error_shape: error_shape(auth, view),
            request_id: inner
                .config
                .request_id_header
                .as_ref()
                .and_then(|name| request_id(name, view)),
            auth_cookie: inner
                .auth_cookies
                .as_ref()
                .and_then(|cookies| cookies.read(view).ok()?.access_token),
            navigation: inner.config.sign_in_page.as_ref().and_then(|_| navigation(view)),
        }
    }

    /// A request nobody showed us has no session.
    pub(crate) fn nothing() -> Self {
        Self {
            credentials: Credentials::None,
            origin: Ok(()),
            origin_of_cookies: Ok(()),
            client: Client::default(),
            preflight: None,
            error_shape: ErrorShape::Word,
            request_id: None,
            auth_cookie: None,
            navigation: None,
        }
    }
}

/// A bearer token wins, and the cookies of its request are ignored: it needs no origin check.
fn credentials(cookie_name: &str, view: &dyn RequestView) -> Credentials {
    match read_bearer(view) {
        BearerReading::Token(token) => return Credentials::Bearer(SessionToken::parse(token).ok()),
        BearerReading::Conflict => return Credentials::Bearer(None),
        BearerReading::Missing | BearerReading::OtherScheme => {}
    }
    match read_cookie(cookie_name, view) {
        CookieReading::Missing => Credentials::None,
        CookieReading::Conflict => Credentials::Cookie(None),
        CookieReading::One(value) => Credentials::Cookie(SessionToken::parse(&value).ok()),
    }
}

const API_VERSION: HeaderName = HeaderName::from_static("x-supabase-api-version");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Whoever names a version knows the shape of that version.
fn error_shape(auth: &Auth, view: &dyn RequestView) -> ErrorShape {
    let config = &auth.inner.config;
    if has_new_errors(view) {
        ErrorShape::Code
    } else if config.oauth_token_errors && view.path().strip_prefix(config.mount()) == Some("/token") {
        ErrorShape::OAuth
    } else {
        ErrorShape::Word
    }
}

/// Whoever sends it chooses it, so it is short, can be printed, and there is one; any other is none.
fn request_id(name: &HeaderName, view: &dyn RequestView) -> Option<String> {
    let mut found = None;
    let mut times = 0;
    view.each_header(name, &mut |value| {
        times += 1;
        let is_fit = (1..=MAX_REQUEST_ID).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
        found = is_fit.then(|| String::from_utf8_lossy(value).into_owned());
    });
    found.filter(|_| times == 1)
}

const MAX_REQUEST_ID: usize = 128;

/// `X-Supabase-Api-Version: 2024-01-01` or newer; such dates compare as text.
fn has_new_errors(view: &dyn RequestView) -> bool {
    let mut new = false;
    view.each_header(&API_VERSION, &mut |value| {
        let is_date = value.len() == 10
            && value.iter().enumerate().all(|(index, byte)| match index {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        new |= is_date && value >= b"2024-01-01".as_slice();
    });
    new
}

/// The method a browser asks to be allowed (Fetch §4.8); `None` when the request is no preflight.
pub(crate) fn requested_method(view: &dyn RequestView) -> Option<&[u8]> {
    let mut method = None;
    let mut has_origin = false;
    if view.method() == "OPTIONS" {
        view.each_header(&ACCESS_CONTROL_REQUEST_METHOD, &mut |value| method = Some(value));
        view.each_header(&ORIGIN, &mut |_| has_origin = true);
    }
    method.filter(|_| has_origin)
}

fn navigation(view: &dyn RequestView) -> Option<Navigation> {
    let mut mode = None;
    view.each_header(&SEC_FETCH_MODE, &mut |value| mode = Some(value == b"navigate"));
    let mut accepts_html = false;
    view.each_header(&ACCEPT, &mut |value| {
        accepts_html |= value.windows(9).any(|part| part.eq_ignore_ascii_case(b"text/html"));
    });
    if !mode.unwrap_or(accepts_html) {
        return None;
    }
    Some(match (view.method(), view.query()) {
        ("GET" | "HEAD", Some(query)) => Navigation::To(format!("{}?{query}", view.path())),
        ("GET" | "HEAD", None) => Navigation::To(view.path().to_owned()),
        _ => Navigation::FromForm,
    })
}
