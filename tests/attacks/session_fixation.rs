//! Somebody plants their own session in a victim's browser, before or after the victim signs in.

use auth_core::Tokens;

use crate::{App, Client, Driver, PASSWORD, stories};

stories![
    signing_in_ends_the_session_that_was_there,
    signing_up_ends_the_session_that_was_there,
    every_sign_in_has_an_id_and_a_secret_of_its_own,
    a_refused_sign_in_ends_nothing,
];

/// The same with access and refresh tokens.
mod with_tokens {
    use super::*;

    stories![tokens =>
        signing_in_ends_the_session_that_was_there,
        signing_up_ends_the_session_that_was_there,
        every_sign_in_has_an_id_and_a_secret_of_its_own,
        a_refused_sign_in_ends_nothing,
    ];
}

async fn tokens(driver: Driver) -> App {
    App::with(driver, |builder| builder.sessions(Tokens::default())).await
}

/// What a browser holds that opens or renews a session, under either strategy.
fn held(browser: &Client) -> Vec<String> {
    let names = ["__Host-auth_session", "__Host-auth_access", "__Host-auth_refresh"];
    let held: Vec<String> = names.iter().filter_map(|name| browser.cookie(name)).collect();
    assert!(!held.is_empty());
    held
}

/// Whether what it holds opens anything, or renews it.
async fn is_in(browser: &Client) -> bool {
    let renewed = browser
        .copy()
        .send("POST", "/api/auth/session/refresh", None, "")
        .await
        .status();
    let opened = browser.get("/api/auth/user").await.status();
    assert!(opened == 200 || renewed != 200, "{opened} {renewed}");
    opened == 200
}

async fn signing_in_ends_the_session_that_was_there(app: App) {
    app.signed_up("victim@example.com").await;
    let attacker = app.signed_up("attacker@example.com").await;
    let planted = held(&attacker);
    let victim = attacker.copy();
    assert_eq!(victim.sign_in("victim@example.com", PASSWORD).await.status(), 200);
    assert!(held(&victim).iter().all(|new| !planted.contains(new)));
    assert!(!is_in(&attacker).await);
    let user = victim.get("/api/auth/user").await.json();
    assert_eq!(user["email"], "victim@example.com");
}

async fn signing_up_ends_the_session_that_was_there(app: App) {
    let attacker = app.signed_up("attacker@example.com").await;
    let victim = attacker.copy();
    assert_eq!(victim.sign_up("victim@example.com", PASSWORD).await.status(), 200);
    assert!(!is_in(&attacker).await);
    assert!(is_in(&victim).await);
}

async fn every_sign_in_has_an_id_and_a_secret_of_its_own(app: App) {
    app.signed_up("ada@example.com").await;
    let mut tokens = Vec::new();
    for _ in 0..5 {
        let browser = app.browser();
        browser.sign_in("ada@example.com", PASSWORD).await;
        // The session token, or the refresh token: both begin with them.
        tokens.extend(held(&browser).pop());
    }
    let mut parts: Vec<_> = tokens.iter().flat_map(|token| token.split('.').take(2)).collect();
    parts.sort_unstable();
    parts.dedup();
    assert_eq!(parts.len(), 10);
}

async fn a_refused_sign_in_ends_nothing(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    assert_eq!(ada.sign_in("ada@example.com", "wrong horse").await.status(), 400);
    assert!(is_in(&ada).await);
}
