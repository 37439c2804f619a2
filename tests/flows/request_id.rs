//! What a request is called by the proxy in front: in answers and in logs.

use auth_core::{TracingSink, testing::Fault};
use serde_json::json;

use crate::{App, Client, PASSWORD, heard, listen, stories};

stories![
    a_request_is_called_what_the_proxy_calls_it,
    a_request_id_is_short_and_can_be_printed,
    what_is_logged_names_the_request,
];

async fn named(app: &App) -> App {
    App::with(app.driver, |builder| builder.request_id_header("X-Request-Id")).await
}

/// The `error_id` of a request that fails.
async fn error_id(client: &Client, path: &str) -> String {
    client.app.store.fail(Fault::Always);
    let answer = client.get(path).await;
    client.app.store.fail(Fault::Never);
    assert_eq!(answer.status(), 503, "{answer:?}");
    answer.json()["error_id"].as_str().unwrap().to_owned()
}

/// G6.2-29.
async fn a_request_is_called_what_the_proxy_calls_it(app: App) {
    let asked = "2f0c7a52-8e3f-4c55-a3f0-0d2cbb1d6a11";
    let configured = named(&app).await;
    let ada = configured.keeper().sign_up("ada@example.com", PASSWORD).await.json();
    let access = ada["access_token"].as_str().unwrap();
    let ada = configured.bearer(access).with("x-request-id", asked);
    assert_eq!(error_id(&ada, "/api/auth/user").await, asked);
    // On the application's own routes as well.
    assert_eq!(error_id(&ada, "/me").await, asked);
    // In the newer shape too.
    let newer = configured
        .bearer(access)
        .with("x-request-id", asked)
        .with("x-supabase-api-version", "2024-01-01");
    assert_eq!(error_id(&newer, "/api/auth/user").await, asked);
    // It is not for the client to read: whoever is in front has it already.
    assert_eq!(ada.get("/api/auth/user").await.header("x-request-id"), None);
    // Without a header, and where nothing is configured, each has its own.
    let unnamed = configured.bearer(access);
    let (one, two) = (
        error_id(&unnamed, "/api/auth/user").await,
        error_id(&unnamed, "/api/auth/user").await,
    );
    assert!(one.len() >= 16 && one != two, "{one} {two}");
    let access = app.keeper().sign_up("ada@example.com", PASSWORD).await.json();
    let access = access["access_token"].as_str().unwrap();
    let plain = app.bearer(access).with("x-request-id", asked);
    assert_ne!(error_id(&plain, "/api/auth/user").await, asked);
}

async fn a_request_id_is_short_and_can_be_printed(app: App) {
    let app = named(&app).await;
    let longest = "a".repeat(128);
    for (id, is_fit) in [
        ("abc", true),
        (&*longest, true),
        (&*"a".repeat(129), false),
        ("a b", false),
        ("a\tb", false),
        ("", false),
    ] {
        let client = app.script().with("x-request-id", id);
        assert_eq!(error_id(&client, "/api/auth/health").await == id, is_fit, "{id:?}");
    }
    // Two of them are none: whose word would count?
    let twice = app.script().with("x-request-id", "abc").with("x-request-id", "abc");
    assert_ne!(error_id(&twice, "/api/auth/health").await, "abc");
}

async fn what_is_logged_names_the_request(app: App) {
    listen();
    let app = App::with(app.driver, |builder| {
        builder.request_id_header("x-request-id").events(TracingSink)
    })
    .await;
    let client = app.script().with("x-request-id", "from-the-proxy");
    client.sign_up("ada@example.com", PASSWORD).await;
    let body = json!({ "email": "ada@example.com", "password": "wrong horse" });
    client.post("/api/auth/token?grant_type=password", body).await;
    app.script().sign_in("ada@example.com", "wrong horse").await;
    error_id(&client, "/api/auth/health").await;
    let log = heard();
    // Drivers log their statements, in which there are such words.
    let own = |line: &&str| line.contains("auth::");
    let lines = |part: &str| {
        log.lines()
            .filter(own)
            .filter(|line| line.contains(part))
            .collect::<Vec<_>>()
    };
    let is_named = |line: &&str| line.contains("request.id=\"from-the-proxy\"");
    let refused = lines("authn_login_fail");
    assert_eq!(refused.len(), 2, "{log}");
    assert!(is_named(&refused[0]) && !is_named(&refused[1]), "{log}");
    assert!(lines("user_created").iter().all(is_named), "{log}");
    let failed = lines("a request failed");
    assert!(
        failed.len() == 1 && failed[0].contains("error.id=\"from-the-proxy\""),
        "{log}"
    );
}
