use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use url::{Host, Url};

use crate::{
    clock::{Clock, SystemClock, Timestamp},
    config::{ConfigError, ConfigProblem},
    flows::auth_cookie::{AuthCookies, CookieOptions},
};

use super::ApiError;

/// A server's API. Cheap to clone; clones share their connections.
///
/// ```
/// use auth_core::{CookieOptions, client::GoTrueApi};
///
/// # fn main() -> Result<(), auth_core::ConfigError> {
/// let api = GoTrueApi::new("http://localhost:9999")?
///     .header("apikey", "public key")?
///     .cookie_options(CookieOptions::two_cookies());
/// assert_eq!(api.url(), "http://localhost:9999");
/// assert!(GoTrueApi::new("localhost:9999").is_err());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct GoTrueApi {
    url: String,
    headers: HeaderMap,
    pub(super) cookies: AuthCookies,
    pub(super) http: reqwest::Client,
    pub(super) timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl GoTrueApi {
    /// The API at this URL, which may have a path: `https://example.com/api/auth`.
    ///
    /// # Errors
    /// When it is no http or https URL, has a query, a fragment or credentials, or TLS cannot be set up.
    pub fn new(url: impl Into<String>) -> Result<Self, ConfigError> {
        let given = url.into();
        let parsed = checked(&given)?;
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .referer(false);
        // No proxy reaches this machine's own loopback.
        if is_loopback(&parsed) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| {
            refused(
                "client",
                format!("TLS cannot be set up: {}.", ApiError::chain(&error)),
                "Install root certificates.",
            )
        })?;
        Ok(Self {
            url: given.trim_end_matches('/').to_owned(),
            headers: HeaderMap::new(),
            cookies: AuthCookies::default(),
            http,
            timeout: Duration::from_secs(30),
            clock: Arc::new(SystemClock),
        })
    }

    /// Sends a header with every request, in the place of an earlier one of its name. An `Authorization` gives way to the
    /// token of a call that takes one.
    ///
    /// # Errors
    /// When it cannot be a header.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, ConfigError> {
        let fix = "Use letters, digits and `-` for the name, and text without control characters.";
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| refused("client.header", format!("{name:?} is no header name."), fix))?;
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| refused("client.header", format!("the value of {name} is no header value."), fix))?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// The cookie of [`GoTrueApi::set_auth_cookie`]; the seed's `cookieOptions`.
    #[must_use]
    pub fn cookie_options(mut self, options: CookieOptions) -> Self {
        self.cookies = AuthCookies::new(options);
        self
    }

    /// How long a call may take, answer included; 30 seconds unless said otherwise.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Reads the time elsewhere than from the system.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// What every path is appended to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The headers of a request: the given ones, and the bearer token over them. What was given stays as it is.
    pub(super) fn request_headers(&self, jwt: Option<&str>) -> Result<HeaderMap, ApiError> {
        let mut headers = self.headers.clone();
        if let Some(jwt) = jwt {
            let bearer = HeaderValue::from_str(&format!("Bearer {jwt}"));
            let mut bearer = bearer.map_err(|_| ApiError::of("The token is no header value."))?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        for (name, value) in ALWAYS {
            headers.entry(name).or_insert(value);
        }
        Ok(headers)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// What a caller's headers give way to: JSON, the newer shape of errors, tokens in the body rather than in cookies, and
/// who is asking.
const ALWAYS: [(HeaderName, HeaderValue); 4] = [
    (
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json;charset=UTF-8"),
    ),
    (
        HeaderName::from_static("x-supabase-api-version"),
        HeaderValue::from_static("2024-01-01"),
    ),
    (
        HeaderName::from_static("st-auth-mode"),
        HeaderValue::from_static("header"),
    ),
    (
        HeaderName::from_static("x-client-info"),
        HeaderValue::from_static(concat!("auth-core/", env!("CARGO_PKG_VERSION"))),
    ),
];

fn checked(given: &str) -> Result<Url, ConfigError> {
    let fix = "Use something like `https://example.com/api/auth`.";
    let url = Url::parse(given).map_err(|error| refused("client.url", format!("it is no URL: {error}."), fix))?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if is_plain {
        Ok(url)
    } else {
        Err(refused(
            "client.url",
            "it must be http or https, without credentials, query and fragment.",
            fix,
        ))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn refused(option: &'static str, problem: impl Into<String>, fix: &str) -> ConfigError {
    ConfigError::of(ConfigProblem::new(option, problem, fix))
}

impl fmt::Debug for GoTrueApi {
    /// Names of headers only: their values are keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoTrueApi")
            .field("url", &self.url)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("cookies", &self.cookies)
            .finish_non_exhaustive()
    }
}
