use auth_core::LinkStyle;
use serde_json::json;

use crate::{App, Driver, MINUTE, Received, stories_of_both};

stories_of_both![opened => {
    an_allowed_target_is_where_the_link_leads,
    the_page_of_a_link_may_lead_to_an_application,
    a_target_stands_in_the_link_as_it_was_written,
    what_is_not_allowed_falls_back_to_the_site,
    a_changed_link_leads_nowhere_else,
    without_a_target_it_leads_to_the_site,
    links_are_built_from_the_configuration,
} opaque {
}];

const ADA: &str = "ada@example.com";

async fn opened(driver: Driver) -> App {
    App::with_post_and(driver, |builder| {
        builder
            .site_url("https://www.example.com/start")
            .redirect_url("https://shop.example.com")
            .redirect_url("https://*.preview.example.com/**")
            .redirect_url("myapp://callback")
    })
    .await
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn asked(app: &App, target: &str) -> Received {
    app.wait(MINUTE);
    let path = format!("/api/auth/magiclink?redirect_to={}", encoded(target));
    let answer = app.browser().post(&path, json!({ "email": ADA })).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    app.mail_to(ADA).await
}

async fn leads_to(app: &App, mail: &Received) -> String {
    app.browser().follow(mail).await.location().to_string()
}

async fn an_allowed_target_is_where_the_link_leads(app: App) {
    for (target, reached) in [
        ("/notes?a=1&b=2#top", "https://app.example.com/notes?a=1&b=2#top"),
        ("https://app.example.com/notes", "https://app.example.com/notes"),
        (
            "https://shop.example.com/cart?x=%2F",
            "https://shop.example.com/cart?x=%2F",
        ),
        (
            "https://pr-7.preview.example.com/a/b",
            "https://pr-7.preview.example.com/a/b",
        ),
        ("https://www.example.com/other", "https://www.example.com/other"),
        ("myapp://callback", "myapp://callback"),
    ] {
        let mail = asked(&app, target).await;
        assert_eq!(leads_to(&app, &mail).await, reached, "{target}");
    }
    // In the body it counts as well, and more.
    app.wait(MINUTE);
    let body = json!({ "email": ADA, "redirect_to": "/body" });
    app.browser().post("/api/auth/magiclink?redirect_to=/query", body).await;
    let mail = app.mail_to(ADA).await;
    assert_eq!(leads_to(&app, &mail).await, "https://app.example.com/body");
}

/// Browsers hold the redirect after a form to the policy of its page.
async fn the_page_of_a_link_may_lead_to_an_application(app: App) {
    let policy = async |app: &App| {
        let page = app.browser().get(&asked(app, "/").await.path()).await;
        let policy = page.header("content-security-policy").unwrap().to_owned();
        let forms = policy.split("; ").find(|part| part.starts_with("form-action"));
        forms.unwrap().to_owned()
    };
    assert_eq!(policy(&app).await, "form-action 'self' https: http: myapp:");
    let plain = App::with_post(app.driver).await;
    assert_eq!(policy(&plain).await, "form-action 'self' https: http:");
    let home = App::with_post_and(app.driver, |builder| builder.site_url("home-app://start")).await;
    assert_eq!(policy(&home).await, "form-action 'self' https: http: home-app:");
}

/// What clients look for in the mail.
async fn a_target_stands_in_the_link_as_it_was_written(app: App) {
    let mail = asked(&app, "https://shop.example.com/cart").await;
    assert!(
        mail.text.contains("&redirect_to=https://shop.example.com/cart"),
        "{mail:?}"
    );
    let mail = asked(&app, "https://shop.example.com/?a=1&b=2#c").await;
    assert_eq!(
        mail.query("redirect_to").as_deref(),
        Some("https://shop.example.com/?a=1&b=2#c")
    );
}

const ELSEWHERE: &[&str] = &[
    "https://evil.test/",
    "//evil.test",
    "https://shop.example.com.evil.test/",
    "https://shop.example.com@evil.test/",
    "https://preview.example.com/x",
    "https://a.b.preview.example.com/",
    "https://evil.test/.preview.example.com/",
    "http://shop.example.com/",
    "https://shop.example.com:8443/",
    "javascript://app.example.com/%0aalert(1)",
    "data:text/html,x",
    "myapp://other",
    "https://2130706433/",
    "https://192.0.2.1/",
    "/\\evil.test",
    "nonsense",
];

/// Security statement 84.
async fn what_is_not_allowed_falls_back_to_the_site(app: App) {
    for target in ELSEWHERE {
        let mail = asked(&app, target).await;
        assert!(!mail.text.contains("evil"), "{mail:?}");
        assert_eq!(leads_to(&app, &mail).await, "https://www.example.com/start", "{target}");
    }
}

async fn a_changed_link_leads_nowhere_else(app: App) {
    for target in ELSEWHERE {
        let mail = asked(&app, "/notes").await;
        let path = mail.path().replace("/notes", &encoded(target));
        let browser = app.browser();
        let page = browser.get(&path).await;
        assert_eq!(
            browser.press(&page).await.location().as_str(),
            "https://www.example.com/start",
            "{target}"
        );
    }
    // Neither with what went wrong.
    let direct = App::with_post_and(app.driver, |builder| {
        builder.one_time(auth_core::OneTimeConfig::default().link_style(LinkStyle::Direct))
    })
    .await;
    for target in ELSEWHERE {
        let path = format!("/api/auth/verify?token=x&type=signup&redirect_to={}", encoded(target));
        let location = direct.browser().get(&path).await.location();
        assert_eq!(location.host_str(), Some("app.example.com"), "{target}");
    }
}

async fn without_a_target_it_leads_to_the_site(app: App) {
    let mail = asked(&app, "").await;
    assert_eq!(mail.query("redirect_to"), None);
    assert_eq!(leads_to(&app, &mail).await, "https://www.example.com/start");
}

/// Security statement 85; see the attack as well.
async fn links_are_built_from_the_configuration(app: App) {
    let mail = asked(&app, "/notes").await;
    let link = mail.link().unwrap();
    assert_eq!(link.origin().ascii_serialization(), "https://app.example.com");
    assert_eq!(link.path(), "/api/auth/verify");
    let other = App::with_post_and(app.driver, |builder| builder.base_path("/auth/v1")).await;
    other
        .browser()
        .post("/auth/v1/magiclink", json!({ "email": ADA }))
        .await;
    let mail = other.mail_to(ADA).await;
    assert_eq!(mail.link().unwrap().path(), "/auth/v1/verify");
    assert_eq!(
        other.browser().follow(&mail).await.location().host_str(),
        Some("app.example.com")
    );
}
