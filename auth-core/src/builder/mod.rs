//! From what was written to what it means: every configuration problem at once.

mod accounts;
mod build;
mod checks;

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    adapter::Adapter,
    captcha::CaptchaCheck,
    clock::{Clock, SystemClock},
    delivery::{Mailer, SmsSender, Templates},
    entropy::{Entropy, OsEntropy},
    event::{EventSink, TracingSink},
    flows::{
        admin::AdminConfig,
        auth_cookie::CookieOptions,
        confirmation::{EmailConfig, PhoneConfig},
        one_time::OneTimeConfig,
        sessions::SessionConfig,
        tokens::SessionStrategy,
    },
    limit::Limits,
    model::{Attribute, User},
    password::{PasswordConfig, PasswordHasher},
    request::CookieConfig,
    secret::Secret,
};

/// A configuration in the making. Defaults are the production ones; what weakens them says `danger`.
///
/// ```
/// use auth_core::{Auth, adapters::MemoryAdapter};
///
/// let refused = Auth::builder(MemoryAdapter::default())
///     .secret(auth_core::Secret::new("too short"))
///     .base_url("http://example.com")
///     .build()
///     .unwrap_err();
/// assert_eq!(refused.problems().len(), 2);
/// ```
#[must_use = "a builder does nothing until `build()`"]
pub struct AuthBuilder {
    adapter: Arc<dyn Adapter>,
    secret: Option<Secret>,
    previous_secrets: Vec<Secret>,
    base_url: Option<String>,
    allow_http: bool,
    base_path: String,
    sign_in_page: Option<String>,
    forgot_password_page: Option<String>,
    trusted_origins: Vec<String>,
    redirect_urls: Vec<String>,
    trusted_proxies: Vec<String>,
    cookie: CookieConfig,
    sessions: SessionStrategy,
    passwords: PasswordConfig,
    hasher: Option<Arc<dyn PasswordHasher>>,
    limits: Limits,
    captcha: Option<CaptchaCheck>,
    user_attributes: Vec<Attribute>,
    session_attributes: Vec<Attribute>,
    user_ids: Option<Box<dyn Fn() -> String + Send + Sync>>,
    events: Arc<dyn EventSink>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    body_limit: usize,
    request_timeout: Duration,
    signup: bool,
    clear_site_data: bool,
    site_url: Option<String>,
    site_name: Option<String>,
    audience: String,
    default_role: String,
    email: EmailConfig,
    phone: PhoneConfig,
    anonymous: bool,
    reveal_accounts: bool,
    reveal_unconfirmed: bool,
    one_time: OneTimeConfig,
    admin: AdminConfig,
    keeps_events: bool,
    event_lifetime: Duration,
    tokens_in_body: bool,
    oauth_token_errors: bool,
    diagnostic_headers: bool,
    request_id_header: Option<String>,
    auth_cookie: Option<CookieOptions>,
    mailer: Option<Arc<dyn Mailer>>,
    mail_only_to: Vec<String>,
    sms_sender: Option<Arc<dyn SmsSender>>,
    templates: Templates,
}

impl AuthBuilder {
    pub(crate) fn new(adapter: Arc<dyn Adapter>) -> Self {
        Self {
            adapter,
            secret: None,
            previous_secrets: Vec::new(),
            base_url: None,
            allow_http: false,
            base_path: "/api/auth".to_owned(),
            sign_in_page: None,
            forgot_password_page: None,
            trusted_origins: Vec::new(),
            redirect_urls: Vec::new(),
            trusted_proxies: Vec::new(),
            cookie: CookieConfig::default(),
            sessions: SessionConfig::default().into(),
            passwords: PasswordConfig::default(),
            hasher: None,
            limits: Limits::default(),
            captcha: None,
            user_attributes: Vec::new(),
            session_attributes: Vec::new(),
            user_ids: None,
            events: Arc::new(TracingSink),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            body_limit: 64 * 1024,
            request_timeout: Duration::from_secs(10),
            signup: true,
            clear_site_data: false,
            site_url: None,
            site_name: None,
            audience: "authenticated".to_owned(),
            default_role: User::DEFAULT_ROLE.to_owned(),
            email: EmailConfig::default(),
            phone: PhoneConfig::default(),
            anonymous: false,
            reveal_accounts: false,
            reveal_unconfirmed: false,
            one_time: OneTimeConfig::default(),
            admin: AdminConfig::default(),
            keeps_events: false,
            event_lifetime: Duration::from_secs(90 * 24 * 60 * 60),
            tokens_in_body: false,
            oauth_token_errors: false,
            diagnostic_headers: false,
            request_id_header: None,
            auth_cookie: None,
            mailer: None,
            mail_only_to: Vec::new(),
            sms_sender: None,
            templates: Templates::default(),
        }
    }

    /// The application's secret, at least 32 bytes. Required. Changing it forgets the counted attempts, and signs
    /// nobody out; but give the old one to [`AuthBuilder::previous_secret`] when sessions are [`Tokens`](crate::Tokens).
    pub fn secret(mut self, secret: Secret) -> Self {
        self.secret = Some(secret);
        self
    }

    /// A secret that [`AuthBuilder::secret`] replaced: what was encrypted with it can still be read. Keep it for as long as
    /// refresh tokens live.
    pub fn previous_secret(mut self, secret: Secret) -> Self {
        self.previous_secrets.push(secret);
        self
    }

    /// Where browsers find the application: scheme, host and port. Required. Its origin is the one whose requests are
    /// trusted, and `https` in it is what makes cookies `Secure`; nothing of this is ever read from a request.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Allows `http` in the base URL of a host that is not this machine. Cookies then travel in clear.
    pub fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Where the routes are mounted, as browsers see it: `/` where nothing else is. Default `/api/auth`.
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.base_path = path.into();
        self
    }

    /// The page on which people sign in: where guards send somebody who is navigating and has no session. Default
    /// none: they get a 401 as scripts do.
    pub fn sign_in_page(mut self, path: impl Into<String>) -> Self {
        self.sign_in_page = Some(path.into());
        self
    }

    /// The page on which people ask for a new password: where the mail leads that says "you already have an account", beside the
    /// [sign-in page](Self::sign_in_page). Default none.
    pub fn forgot_password_page(mut self, path: impl Into<String>) -> Self {
        self.forgot_password_page = Some(path.into());
        self
    }

    /// One more origin whose requests are trusted, exact: `https://app.example.com`.
    pub fn trusted_origin(mut self, origin: impl Into<String>) -> Self {
        self.trusted_origins.push(origin.into());
        self
    }

    /// One more origin that `redirect_to` may lead to, any path of it; or a URL with wildcards: `https://*.example.com/**`,
    /// `https://app.example.com/welcome`, `myapp://callback`. `*` stands for anything within a label of the host or a
    /// segment of the path, `**` in the path for any rest. The base URL's own origin is always allowed, and the site's.
    pub fn redirect_url(mut self, url: impl Into<String>) -> Self {
        self.redirect_urls.push(url.into());
        self
    }

    /// One more network of proxies, as CIDR, whose `X-Forwarded-For` is believed. Default none.
    pub fn trusted_proxy(mut self, network: impl Into<String>) -> Self {
        self.trusted_proxies.push(network.into());
        self
    }

    /// The session cookie.
    pub fn cookie(mut self, cookie: CookieConfig) -> Self {
        self.cookie = cookie;
        self
    }

    /// How sessions work and how long they live: [`SessionConfig`] for opaque sessions, the default, or
    /// [`Tokens`](crate::Tokens).
    pub fn sessions(mut self, sessions: impl Into<SessionStrategy>) -> Self {
        self.sessions = sessions.into();
        self
    }

    /// What passwords must be like and how they are hashed.
    pub fn passwords(mut self, passwords: PasswordConfig) -> Self {
        self.passwords = passwords;
        self
    }

    /// Another way to hash passwords, everywhere.
    pub fn password_hasher(mut self, hasher: impl PasswordHasher) -> Self {
        self.hasher = Some(Arc::new(hasher));
        self
    }

    /// How many attempts are evaluated.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Asks for a captcha's token where programs do harm: at `POST /signup`, `/token` with a password, `/magiclink`, `/otp`, `/recover`
    /// and `/resend`. Default none. The bearer tokens of administrators need none, and neither do this handle's own functions.
    pub fn captcha(mut self, check: CaptchaCheck) -> Self {
        self.captcha = Some(check);
        self
    }

    /// A column of the application's own on users.
    pub fn user_attribute(mut self, attribute: Attribute) -> Self {
        self.user_attributes.push(attribute);
        self
    }

    /// A column of the application's own on sessions.
    pub fn session_attribute(mut self, attribute: Attribute) -> Self {
        self.session_attributes.push(attribute);
        self
    }

    /// Makes the ids of new users. Default 25 random characters (129 bits). Ids must never repeat.
    pub fn user_ids(mut self, generate: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.user_ids = Some(Box::new(generate));
        self
    }

    /// Where events go. Default `tracing`.
    pub fn events(mut self, sink: impl EventSink) -> Self {
        self.events = Arc::new(sink);
        self
    }

    /// Where the time comes from. Default the system.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Where randomness comes from. Default the operating system; anything else is for tests.
    pub fn entropy(mut self, entropy: impl Entropy) -> Self {
        self.entropy = Arc::new(entropy);
        self
    }

    /// The largest body the routes take, in bytes. Default 64 KiB.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How long a route may take before it answers 504. Default 10 seconds. An act that was begun is finished anyway.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// A header in which a proxy of yours says what a request is called, such as `X-Request-Id`. Default none. What the library
    /// logs while it answers stands in a span with this `request.id`, and it is the `error_id` of answers of 500 and above;
    /// without it they have one of their own. Anybody can send the header where no proxy replaces it: more than 128 bytes, spaces
    /// or control characters, and a header that comes twice, are taken for none.
    ///
    /// ```
    /// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
    /// let auth = Auth::builder(MemoryAdapter::default())
    ///     .secret(Secret::random()?)
    ///     .base_url("https://example.com")
    ///     .request_id_header("x-request-id")
    ///     .build()?;
    /// # let _ = auth;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request_id_header(mut self, name: impl Into<String>) -> Self {
        self.request_id_header = Some(name.into());
        self
    }

    /// Whether answers of the library's routes that hand out a session, and all that renew one or refuse to, say in headers which
    /// user, session and refresh token they are about: `sb-auth-user-id`, `sb-auth-session-id` and
    /// `sb-auth-refresh-token-{prefix,rotated,reuse,reuse-cause}`, as GoTrue's. Default no. No secret is in them; the prefix is
    /// that of the digest in the store. For looking for faults: they also reach the client, and whoever keeps its logs.
    pub fn diagnostic_headers(mut self, say: bool) -> Self {
        self.diagnostic_headers = say;
        self
    }

    /// Whether new accounts are accepted. Default yes.
    pub fn signup(mut self, accepted: bool) -> Self {
        self.signup = accepted;
        self
    }

    /// Sends `Clear-Site-Data: "cookies", "storage"` at sign-out. Default no: it also clears what is not ours.
    pub fn clear_site_data(mut self, clear: bool) -> Self {
        self.clear_site_data = clear;
        self
    }
}

impl fmt::Debug for AuthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthBuilder")
            .field("base_url", &self.base_url)
            .field("base_path", &self.base_path)
            .finish_non_exhaustive()
    }
}
