//! Whether single settings can be used.

use http::{
    HeaderName,
    header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION},
};
use url::Url;

use super::AuthBuilder;
use crate::{
    config::ConfigProblem,
    phone::canonical_phone,
    secret::{OneTimeCode, Secret},
};

pub(super) fn check_secret(secret: Option<Secret>, problems: &mut Vec<ConfigProblem>) -> Secret {
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

pub(super) fn check_base_url(url: Option<&str>, allow_http: bool, problems: &mut Vec<ConfigProblem>) -> Url {
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
        _ if !url.username().is_empty() || url.password().is_some() => Some((
            "it has a name or a password in it.",
            "Use scheme and host: `https://example.com`.",
        )),
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

pub(super) fn check_base_path(path: &str, problems: &mut Vec<ConfigProblem>) {
    let well_formed = path.starts_with('/')
        && (path == "/" || !path.ends_with('/'))
        && !path.contains("//")
        && path
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte));
    if !well_formed {
        problems.push(ConfigProblem::new(
            "base_path",
            format!("{path:?} is not an absolute path of plain segments."),
            "Use something like `/api/auth`, without a slash at the end; or `/`.",
        ));
    }
}

pub(super) fn check_page(option: &'static str, page: Option<&str>, problems: &mut Vec<ConfigProblem>) {
    let well_formed = page.is_none_or(|page| {
        page.starts_with('/')
            && !page.starts_with("//")
            && page.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    });
    if !well_formed {
        problems.push(ConfigProblem::new(
            option,
            "it is not a path on this site.",
            "Use something like `/sign-in`.",
        ));
    }
}

/// What every access token says must leave room in it.
pub(super) fn check_claims(builder: &AuthBuilder, problems: &mut Vec<ConfigProblem>) {
    for (option, value) in [("audience", &builder.audience), ("default_role", &builder.default_role)] {
        if value.len() > MAX_CLAIM || value.chars().any(char::is_control) {
            problems.push(ConfigProblem::new(
                option,
                "it is longer than 255 bytes, or has control characters.",
                "Use a word like `authenticated`, or nothing.",
            ));
        }
    }
}

const MAX_CLAIM: usize = 255;

/// What is in it is logged, so it must not be one that holds a secret.
pub(super) fn check_request_id_header(name: Option<&str>, problems: &mut Vec<ConfigProblem>) -> Option<HeaderName> {
    let name = name?;
    let parsed = HeaderName::try_from(name).ok();
    let usable = parsed.filter(|name| ![AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name));
    if usable.is_none() {
        problems.push(ConfigProblem::new(
            "request_id_header",
            format!("{name:?} is no name of a header, or of one that holds secrets."),
            "Use something like `X-Request-Id`.",
        ));
    }
    usable
}

/// Whether what has to be proven can be sent.
pub(super) fn check_sending(builder: &AuthBuilder, problems: &mut Vec<ConfigProblem>) {
    for (option, asks, sends, fix) in [
        (
            "email",
            builder.email.confirm,
            builder.mailer.is_some(),
            "Give it a `mailer`, or leave `confirm` out.",
        ),
        (
            "phone",
            builder.phone.confirm,
            builder.sms_sender.is_some(),
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
    for (number, code) in &builder.phone.test_codes {
        if canonical_phone(number).ok().as_ref() != Some(number) || OneTimeCode::parse(code).is_none() {
            problems.push(ConfigProblem::new(
                "phone.danger_test_code",
                "not a number in E.164 form without the plus sign, or not a code of 6 to 10 digits.",
                "Use something like `(\"15555550100\", \"123456\")`.",
            ));
        }
    }
}
