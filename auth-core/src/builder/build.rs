//! Every check at once, then the handle.

use std::sync::Arc;

use url::Url;

use super::{
    AuthBuilder,
    checks::{
        check_base_path, check_base_url, check_claims, check_page, check_request_id_header, check_secret, check_sending,
    },
};
use crate::{
    adapter::Schema,
    auth::{Auth, Inner},
    captcha::CaptchaCheck,
    config::{Config, ConfigError, ConfigProblem, mount},
    delivery::{OutboxParts, Recipients, Site},
    flows::{
        admin::Journal,
        auth_cookie::AuthCookies,
        post::Post,
        tokens::{SessionStrategy, TokenStrategy},
    },
    password::Passwords,
    request::{ClientPolicy, CookieWriter, MARK, OriginPolicy, RedirectPolicy, TokenCookies},
};

impl AuthBuilder {
    /// The handle, or every problem of the configuration with its fix.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn build(self) -> Result<Auth, ConfigError> {
        let mut problems = Vec::new();
        check_sending(&self, &mut problems);
        check_claims(&self, &mut problems);
        let request_id_header = check_request_id_header(self.request_id_header.as_deref(), &mut problems);
        let secret = check_secret(self.secret, &mut problems);
        let base_url = check_base_url(self.base_url.as_deref(), self.allow_http, &mut problems);
        check_base_path(&self.base_path, &mut problems);
        check_page("sign_in_page", self.sign_in_page.as_deref(), &mut problems);
        check_page(
            "forgot_password_page",
            self.forgot_password_page.as_deref(),
            &mut problems,
        );
        if self.body_limit < 1024 {
            problems.push(ConfigProblem::new(
                "body_limit",
                "less than a kilobyte does not hold a sign-up.",
                "Use 1024 or more; 65536 is the default.",
            ));
        }
        if self.request_timeout.is_zero() {
            problems.push(ConfigProblem::new(
                "request_timeout",
                "no request is answered in no time.",
                "Use a few seconds; 10 is the default.",
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
        problems.extend(self.captcha.as_ref().and_then(CaptchaCheck::problem));
        problems.extend(self.passwords.problems());
        let secure = base_url.scheme() == "https";
        match self.cookie.problems(secure) {
            // Beside a base URL that is none, nothing fits.
            none if none.is_empty() && problems.iter().any(|problem| problem.option == "base_url") => {}
            none if none.is_empty() => problems.extend(self.cookie.misfits(&base_url, &self.base_path)),
            some => problems.extend(some),
        }
        let issuer = format!("{}{}", base_url.origin().ascii_serialization(), mount(&self.base_path));
        let tokens = tokens.map(|tokens| {
            let endpoint = format!("{}/session/refresh", mount(&self.base_path));
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
        let mark = self.cookie.clone().name(MARK);
        let clients = ClientPolicy::new(&self.trusted_proxies, &mut problems);
        let site = Site::new(self.site_name.as_deref(), &site_url);
        let renderer = self.templates.compile(site, &mut problems);
        let recipients = Recipients::new(&self.mail_only_to, &mut problems);
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
            recipients,
            sms_sender: self.sms_sender,
            renderer,
            events: Arc::clone(&self.events),
            wake: Arc::default(),
            under_way: Default::default(),
        });
        let passwords = Passwords::new(&self.passwords, self.hasher, Arc::clone(&self.entropy));
        Ok(Auth {
            inner: Arc::new(Inner {
                adapter: self.adapter,
                clock: self.clock,
                entropy: self.entropy,
                events: self.events,
                passwords,
                captcha: self.captcha,
                origins,
                redirects,
                clients,
                cookies: CookieWriter::new(&self.cookie, secure),
                marks: CookieWriter::new(&mark, secure),
                tokens,
                journal: self.keeps_events.then(|| Journal::new(Arc::clone(&post_adapter))),
                post,
                auth_cookies: self.auth_cookie.map(AuthCookies::new),
                config: Config {
                    site_url,
                    audience: self.audience,
                    default_role: self.default_role,
                    email: self.email,
                    phone: self.phone,
                    anonymous: self.anonymous,
                    reveal_accounts: self.reveal_accounts,
                    reveal_unconfirmed: self.reveal_unconfirmed,
                    one_time: self.one_time,
                    admin: self.admin,
                    secret,
                    previous_secrets: self.previous_secrets,
                    base_url,
                    base_path: self.base_path,
                    tokens_in_body: self.tokens_in_body,
                    oauth_token_errors: self.oauth_token_errors,
                    diagnostic_headers: self.diagnostic_headers,
                    request_id_header,
                    event_lifetime: self.event_lifetime,
                    sign_in_page: self.sign_in_page,
                    forgot_password_page: self.forgot_password_page,
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
