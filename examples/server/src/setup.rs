//! From settings to the library.

use std::{fs, net::SocketAddr, path::Path, time::Duration};

use auth_core::{
    Algorithm, Auth, AuthBuilder, CaptchaCheck, Claim, EmailConfig, EventSink, LeakCheck, LeakedPasswordFile, Limit,
    Limits, LinkStyle, OneTimeConfig, PasswordConfig, PhoneConfig, PublicKey, PwnedPasswords, ReqwestClient, Rotation,
    Secret, SessionConfig, SessionStrategy, SigningKeys, SiteVerify, Tokens, TracingSink,
};

use crate::{
    Failure, Settings, delivery, duration,
    metrics::Metrics,
    settings::{CaptchaProvider, Delivery, Links, Signature, Strategy, Switch},
    store,
};

/// What a serving process has and a command has not.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) metrics: Option<Metrics>,
}

/// Where to listen.
pub(crate) fn addr(settings: &Settings) -> SocketAddr {
    settings.addr.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 9_999)))
}

/// How long a connection may wait for the whole head of a request.
pub(crate) fn idle_timeout(settings: &Settings) -> Result<Duration, Failure> {
    const LONGEST: Duration = Duration::from_secs(24 * 3_600);
    let given = settings.idle_timeout.as_deref();
    match period(given)? {
        Some(Duration::ZERO) => Err(Failure::new("an idle time-out of 0s leaves nobody the time to ask")),
        Some(timeout) if timeout > LONGEST => Err(Failure::new(format!(
            "an idle time-out of {} is longer than a day",
            given.unwrap_or_default()
        ))),
        Some(timeout) => Ok(timeout),
        None => Ok(Duration::from_secs(75)),
    }
}

/// The library, configured; the database is reached and not yet migrated.
pub(crate) async fn auth(settings: &Settings, listening_on: SocketAddr, parts: &Parts) -> Result<Auth, Failure> {
    let secret = secret(settings)?;
    let mut builder = Auth::builder(store::open(settings).await?)
        .secret(secret)
        .base_url(settings.base_url.clone().unwrap_or_else(|| own_url(listening_on)))
        .base_path(settings.base_path.as_deref().unwrap_or("/"))
        .sessions(sessions(settings)?)
        .tokens_in_body(settings.delivery == Some(Delivery::Body))
        .diagnostic_headers(settings.diagnostic_headers.unwrap_or(false))
        .oauth_token_errors(settings.oauth_token_errors.unwrap_or(false))
        .passwords(passwords(settings)?)
        .one_time(one_time(settings)?)
        .email(email(settings))
        .phone(phone(settings))
        .limits(limits(settings)?)
        .anonymous(settings.anonymous.unwrap_or(false))
        .signup(!settings.disable_signup.unwrap_or(false))
        .keep_events(settings.keep_events.unwrap_or(false));
    for previous in &settings.previous_secret {
        builder = builder.previous_secret(Secret::new(previous.as_str()));
    }
    for path in &settings.previous_secret_file {
        builder = builder.previous_secret(secret_in(path)?);
    }
    if settings.danger_allow_http == Some(true) {
        builder = builder.danger_allow_http();
    }
    if settings.danger_reveal_unconfirmed == Some(true) {
        builder = builder.danger_reveal_unconfirmed();
    }
    if let Some(provider) = settings.captcha_provider {
        builder = builder.captcha(captcha(settings, provider)?);
    }
    if let Some(audience) = &settings.audience {
        builder = builder.audience(audience);
    }
    if let Some(role) = &settings.role {
        builder = builder.default_role(role);
    }
    if let Some(name) = &settings.request_id_header {
        builder = builder.request_id_header(name);
    }
    if let Some(url) = &settings.site_url {
        builder = builder.site_url(url);
    }
    if let Some(name) = &settings.site_name {
        builder = builder.site_name(name);
    }
    builder = each(builder, &settings.redirect_url, AuthBuilder::redirect_url);
    builder = each(builder, &settings.trusted_origin, AuthBuilder::trusted_origin);
    builder = each(builder, &settings.trusted_proxy, AuthBuilder::trusted_proxy);
    builder = each(builder, &settings.mail_only_to, AuthBuilder::mail_only_to);
    builder = delivery::configure(builder, settings, parts.metrics.as_ref())?;
    if let Some(metrics) = &parts.metrics {
        builder = builder.events(Both(metrics.clone()));
    }
    Ok(builder.build()?)
}

fn each(builder: AuthBuilder, values: &[String], add: fn(AuthBuilder, String) -> AuthBuilder) -> AuthBuilder {
    values.iter().cloned().fold(builder, add)
}

/// Events are counted and logged.
struct Both(Metrics);

impl EventSink for Both {
    fn emit(&self, event: &auth_core::Event) {
        self.0.count_event(event);
        TracingSink.emit(event);
    }
}

fn secret(settings: &Settings) -> Result<Secret, Failure> {
    if let Some(secret) = &settings.secret {
        return Ok(Secret::new(secret.as_str()));
    }
    if let Some(path) = &settings.secret_file {
        return secret_in(path);
    }
    // What is in memory ends with the process as well.
    if store::url(settings) == "memory:" || settings.danger_random_secret == Some(true) {
        return Ok(Secret::random()?);
    }
    Err(Failure::new(
        "there is no secret, so that whatever is signed and encrypted would end with this process: write 32 random bytes into a \
         file (`openssl rand -base64 32 > auth.secret`) and name it with --secret-file, or set AUTH_SECRET",
    ))
}

fn secret_in(path: &Path) -> Result<Secret, Failure> {
    Ok(Secret::new(store::read(path)?.trim_ascii()))
}

fn captcha(settings: &Settings, provider: CaptchaProvider) -> Result<CaptchaCheck, Failure> {
    let secret = match (&settings.captcha_secret, &settings.captcha_secret_file) {
        (Some(secret), _) => Secret::new(secret.as_str()),
        (None, Some(path)) => secret_in(path)?,
        (None, None) => return Err(Failure::new("--captcha-secret is missing: --captcha-provider needs it")),
    };
    Ok(CaptchaCheck::new(match provider {
        CaptchaProvider::HCaptcha => SiteVerify::hcaptcha(online()?, secret)?,
        CaptchaProvider::Turnstile => SiteVerify::turnstile(online()?, secret)?,
    }))
}

/// `localhost` is the name people type for this machine.
fn own_url(listening_on: SocketAddr) -> String {
    match listening_on.ip().is_loopback() {
        true => format!("http://localhost:{}", listening_on.port()),
        false => format!("http://{listening_on}"),
    }
}

fn sessions(settings: &Settings) -> Result<SessionStrategy, Failure> {
    let (access, refresh) = (
        period(settings.access_lifetime.as_deref())?,
        period(settings.refresh_lifetime.as_deref())?,
    );
    let single = settings.single_session == Some(true);
    if settings.strategy == Some(Strategy::Opaque) {
        let mut sessions = SessionConfig::default().one_per_user(single);
        if let Some(idle) = refresh {
            sessions = sessions.idle_period(idle);
        }
        return Ok(sessions.into());
    }
    let mut tokens = Tokens::default().check_store(true).one_per_user(single);
    if let Some(key) = &settings.jwt_secret {
        tokens = tokens.signing_keys(SigningKeys::shared(Secret::new(key.as_str())));
    }
    if let Some(signature) = settings.algorithm {
        tokens = tokens.algorithm(match signature {
            Signature::Es256 => Algorithm::Es256,
            Signature::EdDsa => Algorithm::EdDsa,
            Signature::Hs256 => Algorithm::Hs256,
            Signature::Rs256 => Algorithm::Rs256,
        });
    }
    for path in &settings.verify_key {
        tokens = tokens.verify_only(public_key(path)?);
    }
    if let Some(issuer) = &settings.issuer {
        tokens = tokens.issuer(issuer);
    }
    if let Some(claims) = &settings.claims {
        tokens = tokens.claims(named(claims)?);
    }
    if let Some(validity) = access {
        tokens = tokens.access_validity(validity);
    }
    if let Some(validity) = refresh {
        tokens = tokens.refresh_validity(validity);
    }
    if settings.danger_no_rotation == Some(true) {
        tokens = tokens.rotation(Rotation::Off);
    }
    Ok(tokens.into())
}

fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", path.display()));
    let read = fs::read_to_string(path).map_err(|error| failed(&error))?;
    PublicKey::from_jwk(&read).map_err(|error| failed(&error))
}

fn named(claims: &str) -> Result<Vec<Claim>, Failure> {
    let names = claims.split(',').map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|name| {
            let known = Claim::ALL.into_iter().find(|claim| claim.as_str() == name);
            known.ok_or_else(|| Failure::new(format!("--claims: there is no claim {name}")))
        })
        .collect()
}

fn period(text: Option<&str>) -> Result<Option<Duration>, Failure> {
    text.map(duration::parse).transpose().map_err(Failure::new)
}

fn passwords(settings: &Settings) -> Result<PasswordConfig, Failure> {
    let asks = settings.require_current_password == Some(true);
    let mut passwords = PasswordConfig::default().ask_for_current(asks);
    if let Some(list) = &settings.leaked_passwords {
        let check = match list.as_str() {
            "online" => LeakCheck::new(PwnedPasswords::new(online()?)),
            path => LeakCheck::new(LeakedPasswordFile::open(path)?),
        };
        passwords = passwords.leak_check(match settings.leaked_passwords_required {
            Some(true) => check.refuse_when_unavailable(),
            _ => check,
        });
    }
    if let Some(characters) = settings.password_min {
        passwords = passwords.min_length(characters);
    }
    if let Some(characters) = settings.danger_password_min {
        passwords = passwords.danger_min_length(characters);
    }
    Ok(match settings.danger_known_passwords {
        Some(true) => passwords.danger_without_block_list(),
        _ => passwords,
    })
}

/// The checks themselves give up earlier, or as late.
fn online() -> Result<ReqwestClient, Failure> {
    ReqwestClient::new(Duration::from_secs(5)).map_err(|error| Failure::new(format!("no HTTP client: {error}")))
}

/// `--limits off` is for everything that no other flag sets.
fn limits(settings: &Settings) -> Result<Limits, Failure> {
    let mut limits = match settings.limits {
        Some(Switch::Off) => Limits::danger_unlimited(),
        Some(Switch::On) | None => Limits::default(),
    };
    if let Some(max) = settings.refreshes_per_client {
        limits = limits.refreshes_per_client(Some(Limit::new(max, Duration::from_secs(5 * 60))));
    }
    if let Some(interval) = period(settings.send_interval.as_deref())? {
        limits = limits.send_interval(interval);
    }
    if settings.mails_per_hour.is_some() {
        limits = limits.mails_per_hour(settings.mails_per_hour);
    }
    if settings.text_messages_per_hour.is_some() {
        limits = limits.text_messages_per_hour(settings.text_messages_per_hour);
    }
    Ok(limits)
}

fn one_time(settings: &Settings) -> Result<OneTimeConfig, Failure> {
    let mut one_time = OneTimeConfig::default();
    if let Some(lifetime) = period(settings.link_lifetime.as_deref())? {
        one_time = one_time.link_lifetime(lifetime);
    }
    if let Some(lifetime) = period(settings.code_lifetime.as_deref())? {
        one_time = one_time.code_lifetime(lifetime);
    }
    Ok(match settings.link_style {
        Some(Links::Direct) => one_time.link_style(LinkStyle::Direct),
        _ => one_time,
    })
}

fn email(settings: &Settings) -> EmailConfig {
    let email = EmailConfig::default().enabled(settings.email.unwrap_or(true));
    match settings.autoconfirm_email {
        Some(at_once) => email.confirm(!at_once),
        None => email,
    }
}

fn phone(settings: &Settings) -> PhoneConfig {
    let mut phone = PhoneConfig::default();
    if let Some(enabled) = settings.phone {
        phone = phone.enabled(enabled);
    }
    match settings.autoconfirm_phone {
        Some(at_once) => phone.confirm(!at_once),
        None => phone,
    }
}
