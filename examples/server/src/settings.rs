use std::{fs, net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum};
use serde::Deserialize;

use crate::Failure;

/// Declares the settings once: a flag, a variable `AUTH_…` and a member of the configuration file each.
macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $name:ident: $kind:ty = $env:literal $([$($arg:tt)*])?,)+) => {
        /// What the server is told. A flag counts before the environment, the environment before the file.
        #[derive(Args, Clone, Default, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        #[expect(missing_debug_implementations, reason = "there are secrets in it")]
        #[non_exhaustive]
        pub struct Settings {
            $($(#[doc = $doc])+ #[arg(long, global = true, env = $env, hide_env_values = true $(, $($arg)*)?)] pub $name: $kind,)+
        }

        impl Settings {
            /// What is not given here is as there.
            fn or(mut self, other: Self) -> Self {
                $(if self.$name.is_absent() {
                    self.$name = other.$name;
                })+
                self
            }
        }
    };
}

settings! {
    /// Where to listen; port 0 takes a free one. [default: 127.0.0.1:9999]
    addr: Option<SocketAddr> = "AUTH_ADDR",
    /// How long a connection may wait for the whole head of a request: longer than a proxy keeps its own open. [default: 75s]
    idle_timeout: Option<String> = "AUTH_IDLE_TIMEOUT",
    /// Where Prometheus reads `/metrics`, an address of its own that nobody outside reaches. [default: nowhere]
    metrics_addr: Option<SocketAddr> = "AUTH_METRICS_ADDR",
    /// Where browsers find the server: scheme, host and port. [default: its own address]
    base_url: Option<String> = "AUTH_BASE_URL",
    /// Allow http in the base URL of a host that is not this machine.
    danger_allow_http: Option<bool> = "AUTH_DANGER_ALLOW_HTTP" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// The path before every route; `/` for none. [default: /]
    base_path: Option<String> = "AUTH_BASE_PATH",
    /// Where users are kept: sqlite://file.db, postgres://…, mysql://…, memory:. [default: sqlite://auth-server.db]
    database: Option<String> = "AUTH_DATABASE",
    /// A file of certificates (PEM) that may vouch for that database, instead of the web's.
    database_ca: Option<PathBuf> = "AUTH_DATABASE_CA",
    /// The schema of the tables in PostgreSQL, the database of the tables in MySQL. [default: the connection's]
    database_schema: Option<String> = "AUTH_DATABASE_SCHEMA",
    /// How many connections to PostgreSQL or MySQL write. [default: 10]
    database_pool: Option<usize> = "AUTH_DATABASE_POOL",
    /// Where sessions and attempts are kept instead: redis://…, or rediss://… with TLS.
    sessions: Option<String> = "AUTH_SESSIONS",
    /// A file of certificates (PEM) that may vouch for that rediss:// server, instead of the web's.
    sessions_ca: Option<PathBuf> = "AUTH_SESSIONS_CA",
    /// The server's secret, 32 bytes or more.
    secret: Option<String> = "AUTH_SECRET",
    /// A file with the secret.
    secret_file: Option<PathBuf> = "AUTH_SECRET_FILE" [conflicts_with = "secret"],
    /// A secret that this one replaced: what it signed and encrypted is read as before. Repeatable.
    previous_secret: Vec<String> = "AUTH_PREVIOUS_SECRET",
    /// A file with such a secret. Repeatable.
    previous_secret_file: Vec<PathBuf> = "AUTH_PREVIOUS_SECRET_FILE" [value_delimiter = ','],
    /// Start without a secret, with one that ends with the process: everybody is signed out then, and no second one can read what
    /// this one writes.
    danger_random_secret: Option<bool> = "AUTH_DANGER_RANDOM_SECRET" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// A secret that a gateway has as well and signs tokens with: GoTrue's JWT_SECRET, 32 bytes or more. [default: keys made here]
    jwt_secret: Option<String> = "AUTH_JWT_SECRET",
    /// What signs access tokens. [default: hs256]
    algorithm: Option<Signature> = "AUTH_ALGORITHM",
    /// A file with a JWK, a public key whose tokens are taken as well. Repeatable.
    verify_key: Vec<PathBuf> = "AUTH_VERIFY_KEY" [value_delimiter = ','],
    /// The `iss` of access tokens. [default: base URL and path]
    issuer: Option<String> = "AUTH_ISSUER",
    /// The `aud` of users and access tokens; may be empty. [default: authenticated]
    audience: Option<String> = "AUTH_AUDIENCE",
    /// What access tokens tell of their user, of app_metadata, email, phone and user_metadata; may be empty. [default: all]
    claims: Option<String> = "AUTH_CLAIMS",
    /// The role of new users; may be empty. [default: authenticated]
    role: Option<String> = "AUTH_ROLE",
    /// Where links lead when nothing else was asked for. [default: the base URL]
    site_url: Option<String> = "AUTH_SITE_URL",
    /// What the site is called, in mails. [default: its host]
    site_name: Option<String> = "AUTH_SITE_NAME",
    /// One more URL that `redirect_to` may lead to; wildcards allowed. Repeatable.
    redirect_url: Vec<String> = "AUTH_REDIRECT_URL" [value_delimiter = ','],
    /// One more origin whose pages may call the server. Repeatable.
    trusted_origin: Vec<String> = "AUTH_TRUSTED_ORIGIN" [value_delimiter = ','],
    /// One more network of proxies, as CIDR, whose X-Forwarded-For is believed. Repeatable.
    trusted_proxy: Vec<String> = "AUTH_TRUSTED_PROXY" [value_delimiter = ','],
    /// How sessions work. [default: tokens]
    strategy: Option<Strategy> = "AUTH_STRATEGY",
    /// How clients get their tokens that do not say how. [default: cookie]
    delivery: Option<Delivery> = "AUTH_DELIVERY",
    /// Failures of POST /token in the words of OAuth, as clients of 2021 read them.
    oauth_token_errors: Option<bool> = "AUTH_OAUTH_TOKEN_ERRORS" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// Say in headers which user, session and refresh token an answer is about.
    diagnostic_headers: Option<bool> = "AUTH_DIAGNOSTIC_HEADERS" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// The header in which a proxy says what a request is called, for logs and `error_id`.
    request_id_header: Option<String> = "AUTH_REQUEST_ID_HEADER",
    /// How long an access token lives. [default: 1h]
    access_lifetime: Option<String> = "AUTH_ACCESS_LIFETIME",
    /// How long a refresh token, or an opaque session that is not used, lives. [default: the library's]
    refresh_lifetime: Option<String> = "AUTH_REFRESH_LIFETIME",
    /// A sign-in ends the other sessions of its user.
    single_session: Option<bool> = "AUTH_SINGLE_SESSION" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// Leave refresh tokens as they are when they are used: a stolen one is never noticed.
    danger_no_rotation: Option<bool> = "AUTH_DANGER_NO_ROTATION" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// How long a link in a mail is good. [default: 1h]
    link_lifetime: Option<String> = "AUTH_LINK_LIFETIME",
    /// How long a code is good. [default: 10m]
    code_lifetime: Option<String> = "AUTH_CODE_LIFETIME",
    /// What opening a mailed link does. [default: page]
    link_style: Option<Links> = "AUTH_LINK_STYLE",
    /// Whether people sign up and in with e-mail addresses. [default: true]
    email: Option<bool> = "AUTH_EMAIL" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// Whether people sign up and in with phone numbers. [default: where text messages are sent]
    phone: Option<bool> = "AUTH_PHONE" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// No new accounts but those that administrators make.
    disable_signup: Option<bool> = "AUTH_DISABLE_SIGNUP" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// New e-mail addresses count without a proof.
    autoconfirm_email: Option<bool> = "AUTH_AUTOCONFIRM_EMAIL" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// New phone numbers count without a proof.
    autoconfirm_phone: Option<bool> = "AUTH_AUTOCONFIRM_PHONE" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// Accounts without any address.
    anonymous: Option<bool> = "AUTH_ANONYMOUS" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// The fewest characters of a password, 8 or more. [default: 8]
    password_min: Option<usize> = "AUTH_PASSWORD_MIN",
    /// The fewest characters of a password, less than 8 as well: the suites of GoTrue's clients use 6.
    danger_password_min: Option<usize> = "AUTH_DANGER_PASSWORD_MIN" [conflicts_with = "password_min"],
    /// Take passwords that everybody guesses first.
    danger_known_passwords: Option<bool> = "AUTH_DANGER_KNOWN_PASSWORDS" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// A new password takes the current one, however fresh the session is.
    require_current_password: Option<bool> = "AUTH_REQUIRE_CURRENT_PASSWORD" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// Refuse new passwords that have leaked: a file of SHA-1 digests in ascending order, or `online` to ask api.pwnedpasswords.com.
    leaked_passwords: Option<String> = "AUTH_LEAKED_PASSWORDS",
    /// Refuse all new passwords while that list does not answer.
    leaked_passwords_required: Option<bool> = "AUTH_LEAKED_PASSWORDS_REQUIRED" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// Whose riddle tells people from programs, at sign-up, sign-in and whatever sends mail. [default: nobody's]
    captcha_provider: Option<CaptchaProvider> = "AUTH_CAPTCHA_PROVIDER",
    /// The secret key that stands beside the widget's site key.
    captcha_secret: Option<String> = "AUTH_CAPTCHA_SECRET",
    /// A file with that secret.
    captcha_secret_file: Option<PathBuf> = "AUTH_CAPTCHA_SECRET_FILE" [conflicts_with = "captcha_secret"],
    /// Tell of addresses nobody has proven, whatever the password: for the suites of GoTrue's first clients.
    danger_reveal_unconfirmed: Option<bool> = "AUTH_DANGER_REVEAL_UNCONFIRMED" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// `off` counts no attempts and no messages: for tests. [default: on]
    limits: Option<Switch> = "AUTH_LIMITS",
    /// How many refresh tokens each client may send in five minutes; GoTrue's own server takes 150. [default: any number]
    refreshes_per_client: Option<u32> = "AUTH_REFRESHES_PER_CLIENT",
    /// How long after a mail or text message to an address the next may be asked for; 0s for no wait. [default: 60s]
    send_interval: Option<String> = "AUTH_SEND_INTERVAL",
    /// How many mails may be asked for in an hour, by everybody together. [default: any number]
    mails_per_hour: Option<u32> = "AUTH_MAILS_PER_HOUR",
    /// How many text messages may be asked for in an hour, by everybody together; each costs money. [default: 30]
    text_messages_per_hour: Option<u32> = "AUTH_TEXT_MESSAGES_PER_HOUR",
    /// Keep events in the database, for GET /admin/events.
    keep_events: Option<bool> = "AUTH_KEEP_EVENTS" [num_args = 0..=1, require_equals = true, default_missing_value = "true"],
    /// The mail server: smtps://user:password@host or smtp://…
    smtp: Option<String> = "AUTH_SMTP",
    /// A file of certificates (PEM) that may vouch for the mail server, instead of the web's.
    smtp_ca: Option<PathBuf> = "AUTH_SMTP_CA",
    /// Who mails come from: `Name <address>`.
    mail_from: Option<String> = "AUTH_MAIL_FROM",
    /// A folder that mails are written to instead.
    mail_files: Option<PathBuf> = "AUTH_MAIL_FILES" [conflicts_with = "smtp"],
    /// Mails are printed instead.
    mail_console: Option<bool> = "AUTH_MAIL_CONSOLE" [num_args = 0..=1, require_equals = true, default_missing_value = "true", conflicts_with_all = ["smtp", "mail_files"]],
    /// One more address that mails may go to, or a domain, `@example.com`; nobody else gets any. Repeatable. [default: anybody]
    mail_only_to: Vec<String> = "AUTH_MAIL_ONLY_TO" [value_delimiter = ','],
    /// Text messages: `console`, `twilio`, or the https URL of a webhook.
    sms: Option<String> = "AUTH_SMS",
    /// The webhook's secret: `v1,whsec_…`.
    sms_webhook_secret: Option<String> = "AUTH_SMS_WEBHOOK_SECRET",
    /// Twilio's account: `AC…`.
    twilio_account: Option<String> = "AUTH_TWILIO_ACCOUNT",
    /// Twilio's auth token.
    twilio_token: Option<String> = "AUTH_TWILIO_TOKEN",
    /// Whom Twilio's messages come from: a number, or `MG…`.
    twilio_from: Option<String> = "AUTH_TWILIO_FROM",
}

/// The two kinds of sessions.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Strategy {
    /// One secret, looked up at each request.
    Opaque,
    /// Signed access tokens and rotating refresh tokens.
    Tokens,
}

/// What signs access tokens.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Signature {
    /// ECDSA on P-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// A secret of the server alone.
    Hs256,
    /// RSA, for those who can check nothing else.
    Rs256,
}

/// How clients get their tokens that do not say how.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Delivery {
    /// In the body, as GoTrue's clients expect.
    Body,
    /// In cookies that scripts cannot read.
    Cookie,
}

/// Whose riddle tells people from programs.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CaptchaProvider {
    /// hCaptcha.
    HCaptcha,
    /// Cloudflare Turnstile.
    Turnstile,
}

/// What opening a mailed link does.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Links {
    /// It takes the link and leads on.
    Direct,
    /// It shows a page with a button.
    Page,
}

/// On or off.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Switch {
    /// As it should be.
    On,
    /// Not at all.
    Off,
}

impl Settings {
    /// Of what excludes each other, what is given here stands in the place of all that is given there.
    fn take_place_of(&self, there: &mut Self) {
        if self.secret.is_some() || self.secret_file.is_some() {
            (there.secret, there.secret_file) = (None, None);
        }
        if self.captcha_secret.is_some() || self.captcha_secret_file.is_some() {
            (there.captcha_secret, there.captcha_secret_file) = (None, None);
        }
        if self.smtp.is_some() || self.mail_files.is_some() || self.mail_console.is_some() {
            (there.smtp, there.mail_files, there.mail_console) = (None, None, None);
        }
        if self.password_min.is_some() || self.danger_password_min.is_some() {
            (there.password_min, there.danger_password_min) = (None, None);
        }
    }

    /// These settings, and those of the file where these say nothing.
    pub(crate) fn with_file(self, file: Option<&PathBuf>) -> Result<Self, Failure> {
        let Some(path) = file else { return Ok(self) };
        let text = fs::read_to_string(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        // The message of the parser quotes the line, which may hold a secret.
        let mut there: Self = toml::from_str(&text).map_err(|error| {
            let line = error
                .span()
                .map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            Failure::new(format!("{}, line {line}: {}", path.display(), error.message()))
        })?;
        self.take_place_of(&mut there);
        Ok(self.or(there))
    }
}

/// Whether a setting was not given.
trait Absent {
    fn is_absent(&self) -> bool;
}

impl<T> Absent for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T> Absent for Vec<T> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests report by panicking")]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::Cli;

    fn merged(flags: &[&str], file: &str) -> Settings {
        let cli = Cli::parse_from(["auth-server"].iter().chain(flags));
        let mut there: Settings = toml::from_str(file).unwrap();
        cli.settings.take_place_of(&mut there);
        cli.settings.or(there)
    }

    #[test]
    fn a_flag_counts_before_the_file() {
        let file = "role = \"a\"\naudience = \"b\"\nredirect-url = [\"https://a.example.com\"]\nlimits = \"off\"\n";
        let settings = merged(&["--role", "", "--redirect-url", "https://b.example.com"], file);
        assert_eq!(settings.role.as_deref(), Some(""));
        assert_eq!(settings.audience.as_deref(), Some("b"));
        assert_eq!(settings.redirect_url, ["https://b.example.com"]);
        assert_eq!(settings.limits, Some(Switch::Off));
    }

    #[test]
    fn a_flag_stands_in_the_place_of_what_it_excludes() {
        let settings = merged(
            &["--mail-console"],
            "smtp = \"smtps://localhost\"\nmail-from = \"a@example.com\"\n",
        );
        assert_eq!((settings.mail_console, settings.smtp), (Some(true), None));
        assert_eq!(settings.mail_from.as_deref(), Some("a@example.com"));
        let settings = merged(&["--secret-file", "/run/secret"], "secret = \"x\"\n");
        assert_eq!(settings.secret, None);
        let settings = merged(
            &[
                "--captcha-provider",
                "hcaptcha",
                "--captcha-secret-file",
                "/run/captcha",
            ],
            "captcha-provider = \"turnstile\"\ncaptcha-secret = \"x\"\n",
        );
        assert_eq!(settings.captcha_provider, Some(CaptchaProvider::HCaptcha));
        assert_eq!(settings.captcha_secret, None);
    }

    #[test]
    fn every_flag_says_what_it_does_and_has_its_variable() {
        for flag in Cli::command().get_arguments() {
            let id = flag.get_id().as_str();
            let variable = flag.get_env().and_then(|name| name.to_str());
            assert_eq!(variable, Some(format!("AUTH_{}", id.to_uppercase()).as_str()), "{id}");
            assert!(flag.get_help().is_some(), "{id}");
        }
    }

    #[test]
    fn every_flag_may_stand_on_either_side_of_the_command() {
        for arguments in [["--anonymous", "check"], ["check", "--anonymous"]] {
            let cli = Cli::parse_from(["auth-server"].iter().chain(&arguments));
            assert_eq!(cli.settings.anonymous, Some(true));
        }
    }
}
