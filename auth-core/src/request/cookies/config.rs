use std::str::FromStr;

use url::Url;

use crate::config::{ConfigError, ConfigProblem};

/// What a browser holds that asked for a code.
pub(crate) const MARK: &str = "auth_mark";

/// When browsers send the cookie along with requests that other sites cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 6265bis has these three")]
pub enum SameSite {
    /// On navigations only.
    Lax,
    /// Always; needs `Secure`, and the origin check is all that protects then.
    None,
    /// Never.
    Strict,
}

impl FromStr for SameSite {
    type Err = ConfigError;

    /// Reads `lax`, `none` or `strict`, in any case.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text.to_ascii_lowercase().as_str() {
            "lax" => Ok(Self::Lax),
            "none" => Ok(Self::None),
            "strict" => Ok(Self::Strict),
            _ => Err(ConfigError::of(ConfigProblem::new(
                "cookie.same_site",
                format!("option sameSite is invalid: {text:?}."),
                "Use `lax`, `strict` or `none`.",
            ))),
        }
    }
}

/// The session cookie. It is always `HttpOnly`, and `Secure` whenever the base URL is https.
///
/// ```
/// use auth_core::{CookieConfig, SameSite};
///
/// let cookie = CookieConfig::default().name("sid").same_site(SameSite::Strict);
/// # let _ = cookie;
/// ```
#[derive(Clone, Debug)]
pub struct CookieConfig {
    pub(super) name: String,
    pub(super) same_site: SameSite,
    pub(super) domain: Option<String>,
    pub(super) path: String,
    pub(super) persistent: bool,
    pub(super) prefixed: bool,
    pub(super) http_only: bool,
}

impl Default for CookieConfig {
    fn default() -> Self {
        Self {
            name: "auth_session".to_owned(),
            same_site: SameSite::Lax,
            domain: None,
            path: "/".to_owned(),
            persistent: true,
            prefixed: true,
            http_only: true,
        }
    }
}

impl CookieConfig {
    /// The base name, `auth_session` by default. On the wire it gets the prefix `__Host-` when it is `Secure` with no
    /// Domain and `Path=/`, else `__Secure-` when it is `Secure`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Default [`SameSite::Lax`]. `Strict` also drops the session when somebody follows a link from elsewhere; `None`
    /// leaves all protection to the origin check.
    #[must_use]
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Shares the cookie with every subdomain, and with whoever takes one over. Default none.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Default `/`.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Whether the cookie may outlive the browser window at all. Default yes; each session can still say no.
    #[must_use]
    pub fn persistent(mut self, persistent: bool) -> Self {
        self.persistent = persistent;
        self
    }

    /// Without the prefix that keeps sibling domains out.
    pub(crate) fn unprefixed(mut self) -> Self {
        self.prefixed = false;
        self
    }

    /// For scripts to read: it must hold no secret.
    pub(crate) fn readable(mut self) -> Self {
        self.http_only = false;
        self
    }

    /// The name on the wire.
    pub(super) fn wire_name(&self, secure: bool) -> String {
        let has_prefix = !self.prefixed || self.name.starts_with("__Host-") || self.name.starts_with("__Secure-");
        match (secure, has_prefix) {
            (false, _) | (_, true) => self.name.clone(),
            (true, false) if self.is_host_only() => format!("__Host-{}", self.name),
            (true, false) => format!("__Secure-{}", self.name),
        }
    }

    fn is_host_only(&self) -> bool {
        self.domain.is_none() && self.path == "/"
    }

    pub(crate) fn problems(&self, secure: bool) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let mut refuse = |option, problem: &str, fix: &str| {
            problems.push(ConfigProblem::new(option, problem, fix));
        };
        if self.name.is_empty() || self.name.len() > 128 || !self.name.bytes().all(is_token) {
            refuse(
                "cookie.name",
                "it is not a cookie name.",
                "Use letters, digits, `-` and `_`.",
            );
        }
        if self.name.starts_with("__Host-") && !self.is_host_only() {
            refuse(
                "cookie.name",
                "a `__Host-` cookie cannot have a Domain or another Path than `/`; browsers drop it.",
                "Leave the Domain and Path out, or use another name.",
            );
        }
        if self.name.starts_with("__") && !secure {
            refuse(
                "cookie.name",
                "a prefixed cookie needs https; browsers drop it otherwise.",
                "Leave the prefix out: it is added when the base URL is https.",
            );
        }
        if self.same_site == SameSite::None && !secure {
            refuse(
                "cookie.same_site",
                "`None` needs `Secure`, and the base URL is http; browsers drop such a cookie.",
                "Use an https base URL, or `Lax`.",
            );
        }
        let domain = self.domain.as_deref().unwrap_or("example.com");
        let is_domain = (1..=253).contains(&domain.len())
            && domain
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
        if !is_domain {
            refuse(
                "cookie.domain",
                "it is not a domain.",
                "Use something like `example.com`.",
            );
        }
        let is_path = self.path.starts_with('/')
            && self.path.len() <= 1024
            && self.path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
        if !is_path {
            refuse("cookie.path", "it is not a path.", "Use `/`.");
        }
        problems
    }

    /// Where browsers would not send it, or not take it.
    pub(crate) fn misfits(&self, base_url: &Url, base_path: &str) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let mut refuse = |option, problem: &str, fix: &str| {
            problems.push(ConfigProblem::new(option, problem, fix));
        };
        let above = self.path.trim_end_matches('/');
        let below = base_path.strip_prefix(above);
        if !above.is_empty() && !below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            refuse(
                "cookie.path",
                "the routes are not below it, and would never see the cookie.",
                "Use `/`, or a `base_path` below it.",
            );
        }
        let host = base_url.host_str().unwrap_or_default();
        let is_of = |domain: &str| {
            let domain = domain.trim_start_matches('.').to_ascii_lowercase();
            host == domain || host.ends_with(&format!(".{domain}"))
        };
        if !self.domain.as_deref().is_none_or(is_of) {
            refuse(
                "cookie.domain",
                "the host of the base URL is not in it; browsers drop such a cookie.",
                "Use that host or a domain above it, or leave it out.",
            );
        }
        if self.name == MARK {
            refuse(
                "cookie.name",
                "another cookie of the library has this name.",
                "Use another one.",
            );
        }
        problems
    }
}

/// RFC 9110 §5.6.2, of which RFC 6265 §4.1.1 makes cookie names.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
