use std::collections::BTreeSet;

use auth_core::{MemoryMailer, MemorySms, PhoneConfig, Tokens, adapter::UserAdapter, testing::Fault};
use serde_json::{Value, json};

use super::{admin::service, transport::described};
use crate::{App, PASSWORD, eventually, stories};

stories![
    the_service_says_what_it_offers,
    health_tells_whether_the_store_answers,
    n18_unknown_paths_and_methods_are_refused_exactly,
    s28_other_paths_are_the_applications,
    options_and_head_are_answered,
    every_answer_says_that_it_must_not_be_kept,
    what_nobody_can_send_is_off,
    another_base_path_is_respected,
    the_base_path_may_be_the_root,
    a_route_that_takes_too_long_answers_504,
    pages_of_trusted_origins_read_headers,
];

async fn the_service_says_what_it_offers(app: App) {
    let settings = app.script().get("/api/auth/settings").await;
    let expected = json!({
        "external": { "anonymous_users": false, "email": true, "phone": false },
        "disable_signup": false,
        "mailer_autoconfirm": true,
        "phone_autoconfirm": true,
        "sms_provider": "",
        "saml_enabled": false,
        "passkeys_enabled": false,
    });
    assert_eq!((settings.status(), settings.json()), (200, expected));
    let app = App::with(app.driver, |builder| {
        let builder = builder.mailer(MemoryMailer::default()).sms_sender(MemorySms::default());
        builder.anonymous(true).signup(false)
    })
    .await;
    let expected = json!({
        "external": { "anonymous_users": true, "email": true, "phone": true },
        "disable_signup": true,
        "mailer_autoconfirm": false,
        "phone_autoconfirm": false,
        "sms_provider": "memory",
        "saml_enabled": false,
        "passkeys_enabled": false,
    });
    assert_eq!(app.script().get("/api/auth/settings").await.json(), expected);
}

async fn health_tells_whether_the_store_answers(app: App) {
    let health = app.script().get("/api/auth/health").await;
    let expected = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "name": "auth",
        "description": "Authentication for Rust web applications: users, keys, sessions and /api/auth/**, one core for axum and actix-web.",
    });
    assert_eq!((health.status(), health.json()), (200, expected));
    app.store.fail(Fault::Always);
    assert_eq!(app.script().get("/api/auth/health").await.status(), 503);
}

async fn n18_unknown_paths_and_methods_are_refused_exactly(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    for path in [
        "/api/auth/nothing",
        "/api/auth/user/",
        "/api/auth/users",
        "/api/auth//user",
        "/api/auth/user/x",
        "/api/auth/User",
        "/api/auth/%75ser",
        "/api/auth/sessions/",
        "/api/auth/sessions/a/b",
    ] {
        let answer = ada.get(path).await;
        assert_eq!(
            (answer.status(), answer.error_code().as_str()),
            (404, "not_found"),
            "{path}"
        );
    }
    for (method, path, allow) in [
        ("PATCH", "/api/auth/user", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("GET", "/api/auth/signup", "POST, OPTIONS"),
        ("GET", "/api/auth/logout", "POST, OPTIONS"),
        ("POST", "/api/auth/sessions/x", "DELETE, OPTIONS"),
        ("TRACE", "/api/auth/token", "POST, OPTIONS"),
    ] {
        let answer = ada.send(method, path, Some("application/json"), "").await;
        assert_eq!(
            (answer.status(), answer.header("allow")),
            (405, Some(allow)),
            "{method} {path}"
        );
    }
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn s28_other_paths_are_the_applications(app: App) {
    for path in ["/api/authx", "/api/", "/nothing"] {
        let answer = app.browser().get(path).await;
        assert_eq!(answer.status(), 404);
        assert!(!answer.text().contains("AUTH_"), "{path}");
    }
    assert_eq!(app.browser().get("/public").await.text(), "public");
}

async fn options_and_head_are_answered(app: App) {
    let options = app.script().send("OPTIONS", "/api/auth/user", None, "").await;
    assert_eq!(
        (options.status(), options.header("allow")),
        (204, Some("GET, PUT, DELETE, HEAD, OPTIONS"))
    );
    let head = app.script().send("HEAD", "/api/auth/session", None, "").await;
    assert_eq!(
        (head.status(), head.header("content-type")),
        (200, Some("application/json"))
    );
}

async fn every_answer_says_that_it_must_not_be_kept(app: App) {
    let mut routes = described(&app, |_| true).await;
    for (method, path) in [("GET", "/api/auth/nothing"), ("PATCH", "/api/auth/user")] {
        routes.push((method.to_owned(), path.to_owned(), Value::Null));
    }
    assert!(routes.len() > 30, "{routes:?}");
    for (number, (method, path, body)) in routes.iter().enumerate() {
        // Some of them end the session, or the account.
        let ada = app.signed_up(&format!("ada{number}@example.com")).await;
        for client in [app.script(), service(&app), ada] {
            let answer = client.json(method, path, body.clone()).await;
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {path}");
            let vary = answer.header("vary").unwrap();
            assert!(
                vary.contains("Origin") && vary.contains("Sec-Fetch-Site"),
                "{method} {path}"
            );
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        }
    }
}

/// What only a mailer or a sender of text messages can do is said to be off without them, before anybody is looked for.
async fn what_nobody_can_send_is_off(app: App) {
    let app = App::with(app.driver, |builder| {
        builder.phone(PhoneConfig::default().enabled(true))
    })
    .await;
    let ada = app.signed_up("ada@example.com").await;
    let (email, phone) = (json!({ "email": "ada@example.com" }), json!({ "phone": "15551234567" }));
    let resend = |kind: &str, address: &Value| {
        let mut body = address.clone();
        body["type"] = json!(kind);
        body
    };
    let mut asked = BTreeSet::new();
    for (client, method, path, body) in [
        (&app.script(), "POST", "/magiclink", email.clone()),
        (&app.script(), "POST", "/otp", email.clone()),
        (&app.script(), "POST", "/otp", phone.clone()),
        (&app.script(), "POST", "/recover", email.clone()),
        (&app.script(), "POST", "/resend", resend("signup", &email)),
        (&app.script(), "POST", "/resend", resend("email_change", &email)),
        (&app.script(), "POST", "/resend", resend("sms", &phone)),
        (&app.script(), "POST", "/resend", resend("phone_change", &phone)),
        (&service(&app), "POST", "/invite", email.clone()),
        (
            &ada.copy().with("sec-fetch-site", "same-origin"),
            "GET",
            "/reauthenticate",
            json!({}),
        ),
        (&ada, "POST", "/reauthenticate", json!({})),
    ] {
        app.store.forget_calls();
        let answer = client.json(method, &format!("/api/auth{path}"), body).await;
        assert_eq!(
            answer.refusal(),
            (404, "feature_disabled".to_owned()),
            "{method} {path}"
        );
        assert!(!app.store.calls().contains(&"get_key_and_user"), "{path}");
        asked.insert((method.to_owned(), format!("/api/auth{path}")));
    }
    // Events are something else.
    let says_so = |operation: &Value| {
        let said = operation["responses"]["404"]["description"].as_str();
        said.is_some_and(|said| said.contains("feature_disabled"))
    };
    let described = described(&app, says_so).await.into_iter();
    let described: BTreeSet<_> = described
        .map(|(method, path, _)| (method, path))
        .filter(|(_, path)| !["/api/auth/admin/events", "/api/auth/admin/audit"].contains(&path.as_str()))
        .collect();
    assert_eq!(asked, described);
}

async fn another_base_path_is_respected(app: App) {
    let app = App::with(app.driver, |builder| builder.base_path("/v1/auth")).await;
    assert_eq!(app.browser().get("/v1/auth/session").await.status(), 200);
    assert_eq!(app.browser().get("/api/auth/session").await.status(), 404);
}

async fn the_base_path_may_be_the_root(app: App) {
    let app = App::with(app.driver, |builder| builder.base_path("/").sign_in_page("/sign-in")).await;
    assert_eq!(app.auth.base_path(), "/");
    let browser = app.browser();
    let body = json!({ "email": "ada@example.com", "password": crate::PASSWORD });
    assert_eq!(browser.post("/signup", body).await.status(), 200);
    assert_eq!(browser.get("/user").await.json()["email"], "ada@example.com");
    // The application's own routes are found before.
    assert_eq!(browser.get("/public").await.text(), "public");
    assert_eq!(browser.get("/me").await.status(), 200);
    let unknown = browser.get("/unknown").await;
    assert_eq!((unknown.status(), unknown.error_code().as_str()), (404, "not_found"));
    for path in ["/", "//user", "/user/"] {
        assert_eq!(browser.get(path).await.status(), 404, "{path}");
    }
    let link = app
        .auth
        .generate_link(auth_core::GenerateLink::magic_link("ada@example.com"))
        .await
        .unwrap();
    assert!(link.action_link.starts_with("https://app.example.com/verify?token="));
    let document = app.script().get("/openapi.json").await.json();
    assert_eq!(document["servers"][0]["url"], "https://app.example.com");
}

async fn a_route_that_takes_too_long_answers_504(app: App) {
    // Shorter than a hash takes that is worth its name.
    let moment = std::time::Duration::from_millis(1);
    let app = App::with(app.driver, |builder| {
        builder
            .request_timeout(moment)
            .passwords(auth_core::PasswordConfig::default())
    })
    .await;
    let answer = app.browser().sign_up("ada@example.com", crate::PASSWORD).await;
    assert_eq!(
        (answer.status(), answer.error_code().as_str()),
        (504, "request_timeout")
    );
    // What was begun is finished: the account is there.
    let id = auth_core::KeyId::from("email:ada@example.com");
    eventually("the sign-up ends", async || app.store.get_key(&id).await.unwrap()).await;
}

/// G6.2-25: what a page may not read in a header, its client does not know, first of all which error it was.
async fn pages_of_trusted_origins_read_headers(app: App) {
    const ALL: &str = "link, retry-after, x-sb-error-code, x-supabase-api-version, x-total-count";
    const PAGE: &str = "https://admin.example.com";
    let exposed = |answer: &crate::Answer| -> Vec<String> {
        let headers = answer.headers.get_all("access-control-expose-headers");
        headers.iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    let refused = app
        .script()
        .with("origin", PAGE)
        .with("x-supabase-api-version", "2024-01-01");
    let refused = refused.get("/api/auth/user").await;
    assert_eq!(refused.header("x-sb-error-code"), Some("no_authorization"));
    assert_eq!(refused.header("x-supabase-api-version"), Some("2024-01-01"));
    assert_eq!(exposed(&refused), [ALL]);
    let list = service(&app).with("origin", PAGE).get("/api/auth/admin/users").await;
    assert_eq!((list.status(), list.header("x-total-count")), (200, Some("0")));
    assert_eq!(exposed(&list), [ALL]);
    for origin in ["https://evil.test", "null"] {
        let answer = app.script().with("origin", origin).get("/api/auth/user").await;
        assert_eq!(exposed(&answer), [""; 0], "{origin}");
    }
    // Beside what a session says of itself: one header, and no name twice.
    let app = App::with(app.driver, |builder| builder.sessions(Tokens::default())).await;
    let script = app.script().with("origin", PAGE).with("st-auth-mode", "header");
    let answer = script.sign_up("ada@example.com", PASSWORD).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    let values = exposed(&answer);
    assert_eq!(values.len(), 1, "{values:?}");
    let names: Vec<&str> = values[0].split(", ").collect();
    let once: std::collections::HashSet<&str> = names.iter().copied().collect();
    assert_eq!(once.len(), names.len(), "{names:?}");
    for name in ALL
        .split(", ")
        .chain(["front-token", "st-access-token", "st-refresh-token"])
    {
        assert!(once.contains(name), "{name}");
    }
}
