//! Somebody plants their own session in a victim's browser, before or after the victim signs in.

use crate::{App, PASSWORD, stories};

stories![
    signing_in_ends_the_session_that_was_there,
    signing_up_ends_the_session_that_was_there,
    every_sign_in_has_an_id_and_a_secret_of_its_own,
    a_refused_sign_in_ends_nothing,
];

async fn signing_in_ends_the_session_that_was_there(app: App) {
    app.signed_up("victim@example.com").await;
    let attacker = app.signed_up("attacker@example.com").await;
    let planted = attacker.token().unwrap();
    let victim = app.browser();
    victim.set_token(planted.as_str());
    assert_eq!(victim.sign_in("victim@example.com", PASSWORD).await.status(), 200);
    assert_ne!(victim.token().unwrap(), planted);
    assert_eq!(attacker.get("/me").await.status(), 401);
    let user = victim.get("/api/auth/user").await.json();
    assert_eq!(user["email"], "victim@example.com");
}

async fn signing_up_ends_the_session_that_was_there(app: App) {
    let attacker = app.signed_up("attacker@example.com").await;
    let victim = attacker.copy();
    assert_eq!(victim.sign_up("victim@example.com", PASSWORD).await.status(), 200);
    assert_eq!(attacker.get("/me").await.status(), 401);
    assert_eq!(victim.get("/me").await.status(), 200);
}

async fn every_sign_in_has_an_id_and_a_secret_of_its_own(app: App) {
    app.signed_up("ada@example.com").await;
    let mut tokens = Vec::new();
    for _ in 0..5 {
        let browser = app.browser();
        browser.sign_in("ada@example.com", PASSWORD).await;
        tokens.push(browser.token().unwrap());
    }
    let mut parts: Vec<_> = tokens.iter().flat_map(|token| token.split('.')).collect();
    parts.sort_unstable();
    parts.dedup();
    assert_eq!(parts.len(), 10);
}

async fn a_refused_sign_in_ends_nothing(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    assert_eq!(ada.sign_in("ada@example.com", "wrong horse").await.status(), 400);
    assert_eq!(ada.get("/me").await.status(), 200);
}
