//! What a configuration is refused for: everything at once, each with its fix.

use std::time::Duration;

use auth_core::{
    Auth, AuthBuilder, Captcha, CaptchaAnswer, CaptchaCheck, CaptchaToken, CookieConfig, LeakCheck, LeakDigest,
    LeakedPasswords, Limit, Limits, PasswordConfig, SameSite, Secret, adapters::MemoryAdapter,
};

/// A list on which nothing is.
struct Nothing;

#[async_trait::async_trait]
impl LeakedPasswords for Nothing {
    async fn contains(&self, _: &LeakDigest) -> auth_core::Result<bool> {
        Ok(false)
    }
}

/// Takes everybody for a program.
struct Nobody;

#[async_trait::async_trait]
impl Captcha for Nobody {
    async fn check(&self, _: &CaptchaToken, _: Option<std::net::IpAddr>) -> auth_core::Result<CaptchaAnswer> {
        Ok(CaptchaAnswer::Refused(Vec::new()))
    }
}

fn builder() -> AuthBuilder {
    Auth::builder(MemoryAdapter::default())
        .secret(Secret::new("0123456789abcdef0123456789abcdef"))
        .base_url("https://app.example.com")
}

fn problems(builder: AuthBuilder) -> Vec<String> {
    match builder.build() {
        Ok(_) => Vec::new(),
        Err(error) => error
            .problems()
            .iter()
            .map(|problem| problem.option.to_owned())
            .collect(),
    }
}

#[test]
fn a_sound_configuration_is_accepted() {
    assert_eq!(problems(builder()), [""; 0]);
    for url in [
        "http://localhost:3000",
        "http://127.0.0.1",
        "http://[::1]:80",
        "http://a.localhost",
    ] {
        assert_eq!(problems(builder().base_url(url)), [""; 0], "{url}");
    }
    assert_eq!(
        problems(builder().base_url("http://intranet").danger_allow_http()),
        [""; 0]
    );
}

#[test]
fn a_missing_or_short_secret_is_refused() {
    assert_eq!(problems(builder().secret(Secret::new("x".repeat(31)))), ["secret"]);
    let without = Auth::builder(MemoryAdapter::default()).base_url("https://app.example.com");
    assert_eq!(problems(without), ["secret"]);
}

#[test]
fn s01_everything_that_is_missing_is_named_at_once() {
    assert_eq!(
        problems(Auth::builder(MemoryAdapter::default())),
        ["secret", "base_url"]
    );
}

#[test]
fn a_base_url_that_sends_cookies_in_clear_is_refused() {
    for url in [
        "http://example.com",
        "http://192.168.0.1",
        "http://localhost.evil.test",
        "ftp://x",
        "nonsense",
        "https://x/path",
        "https://ada@example.com",
        "https://ada:secret@example.com",
    ] {
        assert_eq!(problems(builder().base_url(url)), ["base_url"], "{url}");
    }
}

#[test]
fn impossible_cookies_are_refused() {
    let cookie = |cookie| problems(builder().cookie(cookie));
    let default = CookieConfig::default;
    assert_eq!(
        cookie(default().name("__Host-s").domain("example.com")),
        ["cookie.name"]
    );
    let insecure = builder()
        .base_url("http://localhost")
        .cookie(default().same_site(SameSite::None));
    assert_eq!(problems(insecure), ["cookie.same_site"]);
    // Browsers would not take them, or not send them to the routes.
    for domain in ["other.org", "le.com", "x.app.example.com", "com.example"] {
        assert_eq!(cookie(default().domain(domain)), ["cookie.domain"], "{domain}");
    }
    for domain in ["example.com", "app.example.com", "Example.com", ".example.com"] {
        assert_eq!(cookie(default().domain(domain)), [""; 0], "{domain}");
    }
    for path in ["/app", "/api/auth/user", "/ap", "/api/authors"] {
        assert_eq!(cookie(default().path(path)), ["cookie.path"], "{path}");
    }
    for path in ["/", "/api", "/api/", "/api/auth", "/api/auth/"] {
        assert_eq!(cookie(default().path(path)), [""; 0], "{path}");
    }
    let below = builder().base_path("/app/auth").cookie(default().path("/app"));
    assert_eq!(problems(below), [""; 0]);
    assert_eq!(cookie(default().name("auth_mark")), ["cookie.name"]);
}

#[test]
fn what_would_answer_nobody_is_refused() {
    assert_eq!(problems(builder().request_timeout(Duration::ZERO)), ["request_timeout"]);
    let score = |score| problems(builder().passwords(PasswordConfig::default().min_score(score)));
    assert_eq!((score(4), score(5)), (vec![], vec!["passwords.min_score".to_owned()]));
}

#[test]
fn vague_origins_networks_and_paths_are_refused() {
    assert_eq!(
        problems(builder().trusted_origin("https://*.example.com")),
        ["trusted_origin"]
    );
    for url in [
        "example.com",
        "https://*/**",
        "https://*.com/**",
        "javascript://x/**",
        "https://user@example.com/",
    ] {
        assert_eq!(problems(builder().redirect_url(url)), ["redirect_url"], "{url}");
    }
    assert_eq!(problems(builder().trusted_proxy("everyone")), ["trusted_proxy"]);
    for path in ["api/auth", "//", "/api/auth/", "/api//auth", "/api/{x}", ""] {
        assert_eq!(problems(builder().base_path(path)), ["base_path"], "{path}");
    }
    assert_eq!(problems(builder().sign_in_page("https://evil.test")), ["sign_in_page"]);
    assert_eq!(problems(builder().sign_in_page("//evil.test")), ["sign_in_page"]);
    assert_eq!(
        problems(builder().forgot_password_page("reset")),
        ["forgot_password_page"]
    );
    assert_eq!(problems(builder().body_limit(10)), ["body_limit"]);
    assert_eq!(problems(builder().audience("a".repeat(256))), ["audience"]);
    assert_eq!(problems(builder().default_role("a\nb")), ["default_role"]);
    for name in ["", "x request id", "Authorization", "cookie"] {
        assert_eq!(
            problems(builder().request_id_header(name)),
            ["request_id_header"],
            "{name}"
        );
    }
    for entry in ["example.com", "@", "", "Ada <ada@example.com>"] {
        assert_eq!(problems(builder().mail_only_to(entry)), ["mail_only_to"], "{entry}");
    }
    let encrypted = |config: PasswordConfig| problems(builder().passwords(config));
    let config = PasswordConfig::default().encryption_key(1, [1; 32]);
    assert_eq!(encrypted(config.clone().encryption_key(2, [2; 32])), [""; 0]);
    assert_eq!(
        encrypted(config.clone().encryption_key(2, [2; 31])),
        ["passwords.encryption_key"]
    );
    assert_eq!(
        encrypted(config.clone().encryption_key(1, [2; 32])),
        ["passwords.encryption_key"]
    );
    assert_eq!(encrypted(config.pepper(1, [1; 31])), ["passwords.pepper"]);
    let check = LeakCheck::new(Nothing);
    for (milliseconds, expected) in [
        (49, vec!["passwords.leak_check.timeout"]),
        (50, vec![]),
        (5_000, vec![]),
        (5_001, vec!["passwords.leak_check.timeout"]),
    ] {
        let check = check.clone().timeout(Duration::from_millis(milliseconds));
        let passwords = PasswordConfig::default().leak_check(check);
        assert_eq!(problems(builder().passwords(passwords)), expected, "{milliseconds}");
    }
    let check = CaptchaCheck::new(Nobody);
    for (milliseconds, expected) in [
        (49, vec!["captcha.timeout"]),
        (10_000, vec![]),
        (10_001, vec!["captcha.timeout"]),
    ] {
        let check = check.clone().timeout(Duration::from_millis(milliseconds));
        assert_eq!(problems(builder().captcha(check)), expected, "{milliseconds}");
    }
    let none = Limits::default().captchas_per_client(Limit::new(0, Duration::from_secs(1)));
    assert_eq!(problems(builder().limits(none)), ["limits.captchas_per_client"]);
    let none = Limits::default().refreshes_per_client(Some(Limit::new(1, Duration::ZERO)));
    assert_eq!(problems(builder().limits(none)), ["limits.refreshes_per_client"]);
    for (limits, option) in [
        (Limits::default().mails_per_hour(Some(0)), "limits.mails_per_hour"),
        (
            Limits::default().text_messages_per_hour(Some(0)),
            "limits.text_messages_per_hour",
        ),
    ] {
        assert_eq!(problems(builder().limits(limits)), [option]);
    }
    assert_eq!(problems(builder().audience("").default_role("")), [""; 0]);
}

#[test]
fn all_problems_come_at_once_and_each_with_its_fix() {
    let refused = builder()
        .secret(Secret::new("short"))
        .base_url("http://example.com")
        .cookie(CookieConfig::default().path("x"))
        .trusted_origin("null")
        .build()
        .unwrap_err();
    assert_eq!(refused.problems().len(), 4);
    assert!(refused.problems().iter().all(|problem| !problem.fix.is_empty()));
    let text = refused.to_string();
    assert_eq!(text.lines().count(), 5, "{text}");
}

#[test]
fn the_handle_is_shareable_and_shows_no_secret() {
    fn is_shareable<T: Clone + Send + Sync + 'static>(_: &T) {}
    let auth = builder().build().unwrap();
    is_shareable(&auth);
    assert!(!format!("{auth:?}").contains("0123456789abcdef"));
}

#[test]
fn a_session_attribute_cannot_be_unique() {
    let refused = auth_core::Auth::builder(auth_core::adapters::MemoryAdapter::default())
        .secret(auth_core::Secret::new("a secret of the tests, 32 bytes and more"))
        .base_url("https://app.example.com")
        .session_attribute(auth_core::Attribute::text("country").unique())
        .build()
        .unwrap_err();
    assert_eq!(refused.problems()[0].option, "session_attribute");
}
