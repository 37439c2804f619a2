//! From what was written to what it means: every configuration problem at once.

use std::{fmt, sync::Arc, time::Duration};

use url::Url;

use crate::{
    adapter::{Adapter, Schema},
    auth::{Auth, Inner},
    clock::{Clock, SystemClock},
    config::{Config, ConfigError, ConfigProblem},
    delivery::{Mailer, OutboxParts, Site, SmsSender, Templates},
    entropy::{Entropy, OsEntropy},
    event::{EventSink, TracingSink},
    flows::{
        admin::{AdminConfig, Journal},
        confirmation::{EmailConfig, PhoneConfig},
        one_time::OneTimeConfig,
        post::Post,
        sessions::SessionConfig,
        tokens::{SessionStrategy, TokenStrategy},
    },
    limit::Limits,
    model::{Attribute, User},
    password::{PasswordConfig, PasswordHasher, Passwords},
    phone::canonical_phone,
    request::{ClientPolicy, CookieConfig, CookieWriter, OriginPolicy, RedirectPolicy, TokenCookies},
    secret::{OneTimeCode, Secret},
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
    trusted_origins: Vec<String>,
    redirect_urls: Vec<String>,
    trusted_proxies: Vec<String>,
    cookie: CookieConfig,
    sessions: SessionStrategy,
    passwords: PasswordConfig,
    hasher: Option<Arc<dyn PasswordHasher>>,
    limits: Limits,
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
    default_role: String,
    email: EmailConfig,
    phone: PhoneConfig,
    anonymous: bool,
    reveal_accounts: bool,
    one_time: OneTimeConfig,
    admin: AdminConfig,
    keeps_events: bool,
    mailer: Option<Arc<dyn Mailer>>,
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
            trusted_origins: Vec::new(),
            redirect_urls: Vec::new(),
            trusted_proxies: Vec::new(),
            cookie: CookieConfig::default(),
            sessions: SessionConfig::default().into(),
            passwords: PasswordConfig::default(),
            hasher: None,
            limits: Limits::default(),
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
            default_role: User::DEFAULT_ROLE.to_owned(),
            email: EmailConfig::default(),
            phone: PhoneConfig::default(),
            anonymous: false,
            reveal_accounts: false,
            one_time: OneTimeConfig::default(),
            admin: AdminConfig::default(),
            keeps_events: false,
            mailer: None,
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

    /// Where the routes are mounted, as browsers see it. Default `/api/auth`.
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

    /// One more origin whose requests are trusted, exact: `https://app.example.com`.
    pub fn trusted_origin(mut self, origin: impl Into<String>) -> Self {
        self.trusted_origins.push(origin.into());
        self
    }

    /// Where mails and links lead when nothing else was asked for. Default the base URL.
    pub fn site_url(mut self, url: impl Into<String>) -> Self {
        self.site_url = Some(url.into());
        self
    }

    /// What the site is called, in mails. Default its host.
    pub fn site_name(mut self, name: impl Into<String>) -> Self {
        self.site_name = Some(name.into());
        self
    }

    /// Sends mails: by SMTP, to the console, into files. With one, new addresses have to be proven; without, they count at
    /// once and nothing that needs a mail works.
    pub fn mailer(mut self, mailer: impl Mailer) -> Self {
        self.mailer = Some(Arc::new(mailer));
        self
    }

    /// Sends text messages. With one, people can sign up and in with phone numbers.
    pub fn sms_sender(mut self, sender: impl SmsSender) -> Self {
        self.sms_sender = Some(Arc::new(sender));
        self
    }

    /// The words of mails and text messages.
    pub fn templates(mut self, templates: Templates) -> Self {
        self.templates = templates;
        self
    }

    /// Signing in with e-mail addresses.
    pub fn email(mut self, email: EmailConfig) -> Self {
        self.email = email;
        self
    }

    /// Signing in with phone numbers.
    pub fn phone(mut self, phone: PhoneConfig) -> Self {
        self.phone = phone;
        self
    }

    /// Whether accounts without any address are made. Default no.
    pub fn anonymous(mut self, allowed: bool) -> Self {
        self.anonymous = allowed;
        self
    }

    /// Whether answers may say that somebody has an account with an address. Default no: a sign-up with a taken address is
    /// answered like any other, and its owner gets a mail. Without address confirmation, sign-up says so anyway.
    pub fn reveal_accounts(mut self, reveal: bool) -> Self {
        self.reveal_accounts = reveal;
        self
    }

    /// Links and codes.
    pub fn one_time(mut self, one_time: OneTimeConfig) -> Self {
        self.one_time = one_time;
        self
    }

    /// Who may administrate.
    pub fn admin(mut self, admin: AdminConfig) -> Self {
        self.admin = admin;
        self
    }

    /// The role of new users. Default `authenticated`; may be empty.
    pub fn default_role(mut self, role: impl Into<String>) -> Self {
        self.default_role = role.into();
        self
    }

    /// Whether events are kept in the store, for `GET /admin/events`. Default no: they go where
    /// [`AuthBuilder::events`] sends them, and nowhere else.
    pub fn keep_events(mut self, keep: bool) -> Self {
        self.keeps_events = keep;
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

    /// The handle, or every problem of the configuration with its fix.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn build(self) -> Result<Auth, ConfigError> {
        let mut problems = Vec::new();
        let secret = check_secret(self.secret, &mut problems);
        let base_url = check_base_url(self.base_url.as_deref(), self.allow_http, &mut problems);
        check_base_path(&self.base_path, &mut problems);
        check_sign_in_page(self.sign_in_page.as_deref(), &mut problems);
        if self.body_limit < 1024 {
            problems.push(ConfigProblem::new(
                "body_limit",
                "less than a kilobyte does not hold a sign-up.",
                "Use 1024 or more; 65536 is the default.",
            ));
        }
        let (sessions, tokens) = match self.sessions {
            SessionStrategy::Opaque(sessions) => (sessions, None),
            SessionStrategy::Tokens(tokens) => {
                problems.extend(tokens.problems());
                (tokens.lifetimes(), Some(*tokens))
            }
        };
        if tokens.is_none() {
            problems.extend(sessions.problems());
        }
        problems.extend(self.one_time.problems());
        for (option, asks, sends, fix) in [
            (
                "email",
                self.email.confirm,
                self.mailer.is_some(),
                "Give it a `mailer`, or leave `confirm` out.",
            ),
            (
                "phone",
                self.phone.confirm,
                self.sms_sender.is_some(),
                "Give it an `sms_sender`, or leave `confirm` out.",
            ),
        ] {
            if asks == Some(true) && !sends {
                problems.push(ConfigProblem::new(
                    option,
                    "nothing can be sent that would confirm an address.",
                    fix,
                ));
            }
        }
        for (number, code) in &self.phone.test_codes {
            if canonical_phone(number).ok().as_ref() != Some(number) || OneTimeCode::parse(code).is_none() {
                problems.push(ConfigProblem::new(
                    "phone.danger_test_code",
                    "not a number in E.164 form without the plus sign, or not a code of 6 to 10 digits.",
                    "Use something like `(\"15555550100\", \"123456\")`.",
                ));
            }
        }
        let site_url = match self.site_url.as_deref().map(Url::parse) {
            None => base_url.clone(),
            Some(Ok(url)) if url.has_host() || !url.cannot_be_a_base() => url,
            Some(_) => {
                problems.push(ConfigProblem::new(
                    "site_url",
                    "it is not a URL.",
                    "Use `https://example.com`.",
                ));
                base_url.clone()
            }
        };
        problems.extend(self.limits.problems());
        problems.extend(self.passwords.problems());
        let secure = base_url.scheme() == "https";
        problems.extend(self.cookie.problems(secure));
        let issuer = format!("{}{}", base_url.origin().ascii_serialization(), self.base_path);
        let audience = tokens
            .as_ref()
            .map_or(User::DEFAULT_ROLE, |tokens| tokens.audience.as_str())
            .to_owned();
        let tokens = tokens.map(|tokens| {
            let endpoint = format!("{}/session/refresh", self.base_path);
            let cookies = TokenCookies::new(&self.cookie, &tokens, &endpoint, secure, &mut problems);
            TokenStrategy::new(tokens, cookies, issuer)
        });
        for attribute in self.session_attributes.iter().filter(|attribute| attribute.is_unique()) {
            problems.push(ConfigProblem::new(
                "session_attribute",
                format!("{} is unique, and sessions come and go.", attribute.name()),
                "Declare it without `unique()`, or on users.",
            ));
        }
        let schema = Schema::new(self.user_attributes, self.session_attributes);
        if let Err(problem) = self.adapter.declare(&schema) {
            problems.push(ConfigProblem::new(
                "user_attribute, session_attribute",
                problem,
                "Declare attributes the store can hold.",
            ));
        }
        let origins = OriginPolicy::new(&base_url, &self.trusted_origins, &mut problems);
        let mut redirect_urls = self.redirect_urls;
        if site_url.origin() != base_url.origin() && matches!(site_url.scheme(), "http" | "https") {
            redirect_urls.push(site_url.origin().ascii_serialization());
        }
        let redirects = RedirectPolicy::new(&base_url, &redirect_urls, &mut problems);
        let mark = self.cookie.clone().name("auth_mark");
        let clients = ClientPolicy::new(&self.trusted_proxies, &mut problems);
        let site = Site::new(self.site_name.as_deref(), &site_url);
        let renderer = self.templates.compile(site, &mut problems);
        ConfigError::unless_empty(problems)?;

        let post_adapter = Arc::clone(&self.adapter);
        let post = Post::new(OutboxParts {
            adapter: Arc::clone(&self.adapter),
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            secrets: std::iter::once(&secret)
                .chain(&self.previous_secrets)
                .cloned()
                .collect(),
            mailer: self.mailer,
            sms_sender: self.sms_sender,
            renderer,
            events: Arc::clone(&self.events),
            wake: Arc::default(),
        });
        let passwords = Passwords::new(&self.passwords, self.hasher, Arc::clone(&self.entropy));
        Ok(Auth {
            inner: Arc::new(Inner {
                adapter: self.adapter,
                clock: self.clock,
                entropy: self.entropy,
                events: self.events,
                passwords,
                origins,
                redirects,
                clients,
                cookies: CookieWriter::new(&self.cookie, secure),
                marks: CookieWriter::new(&mark, secure),
                tokens,
                journal: self.keeps_events.then(|| Journal::new(Arc::clone(&post_adapter))),
                post,
                config: Config {
                    site_url,
                    audience,
                    default_role: self.default_role,
                    email: self.email,
                    phone: self.phone,
                    anonymous: self.anonymous,
                    reveal_accounts: self.reveal_accounts,
                    one_time: self.one_time,
                    admin: self.admin,
                    secret,
                    previous_secrets: self.previous_secrets,
                    base_url,
                    base_path: self.base_path,
                    sign_in_page: self.sign_in_page,
                    sessions,
                    limits: self.limits,
                    schema,
                    body_limit: self.body_limit,
                    request_timeout: self.request_timeout,
                    signup: self.signup,
                    user_ids: self.user_ids,
                    clear_site_data: self.clear_site_data,
                },
            }),
        })
    }
}

fn check_secret(secret: Option<Secret>, problems: &mut Vec<ConfigProblem>) -> Secret {
    let secret = secret.unwrap_or_else(|| Secret::new([]));
    if secret.len() < Secret::MIN_BYTES {
        let found = match secret.len() {
            0 => "there is none.".to_owned(),
            length => format!("it has {length} bytes."),
        };
        problems.push(ConfigProblem::new(
            "secret",
            found,
            "Use 32 random bytes or more, for example the output of `openssl rand -hex 32` in AUTH_SECRET.",
        ));
    }
    secret
}

fn check_base_url(url: Option<&str>, allow_http: bool, problems: &mut Vec<ConfigProblem>) -> Url {
    let problem = match url.map(Url::parse) {
        None => (
            "there is none.",
            "Say where browsers find the application: `https://example.com`.",
        ),
        Some(Err(_)) => ("it is not a URL.", "Use scheme and host: `https://example.com`."),
        Some(Ok(url)) => match check_scheme_and_host(&url, allow_http) {
            None => return url,
            Some(problem) => problem,
        },
    };
    problems.push(ConfigProblem::new("base_url", problem.0, problem.1));
    stand_in_url()
}

fn check_scheme_and_host(url: &Url, allow_http: bool) -> Option<(&'static str, &'static str)> {
    let is_local = match url.host() {
        Some(url::Host::Domain(host)) => host == "localhost" || host.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Some(("it has no host.", "Use scheme and host: `https://example.com`.")),
    };
    match url.scheme() {
        _ if url.path() != "/" || url.query().is_some() || url.fragment().is_some() => Some((
            "it is more than an origin.",
            "Use scheme, host and port only; the routes' path is `base_path`.",
        )),
        "https" => None,
        "http" if is_local || allow_http => None,
        "http" => Some((
            "it is http and not this machine: cookies would travel in clear.",
            "Use https; or, knowing this, `danger_allow_http()`.",
        )),
        _ => Some(("its scheme is neither https nor http.", "Use `https://example.com`.")),
    }
}

/// Lets the remaining checks run when there is no usable base URL; it never leaves `build()`.
#[expect(clippy::expect_used, reason = "the text is a constant")]
fn stand_in_url() -> Url {
    Url::parse("https://localhost").expect("the text is a URL")
}

fn check_base_path(path: &str, problems: &mut Vec<ConfigProblem>) {
    let well_formed = path.starts_with('/')
        && path.len() > 1
        && !path.ends_with('/')
        && !path.contains("//")
        && path
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte));
    if !well_formed {
        problems.push(ConfigProblem::new(
            "base_path",
            format!("{path:?} is not an absolute path of plain segments."),
            "Use something like `/api/auth`, without a slash at the end.",
        ));
    }
}

fn check_sign_in_page(page: Option<&str>, problems: &mut Vec<ConfigProblem>) {
    let well_formed = page.is_none_or(|page| {
        page.starts_with('/')
            && !page.starts_with("//")
            && page.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    });
    if !well_formed {
        problems.push(ConfigProblem::new(
            "sign_in_page",
            "it is not a path on this site.",
            "Use something like `/sign-in`.",
        ));
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
