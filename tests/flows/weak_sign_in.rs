//! Signing in with a password that would not be accepted as a new one today.

use std::time::{Duration, Instant};

use auth_core::{AuthBuilder, Tokens};
use serde_json::json;

use super::leaked_passwords::{LEAKED, Mood, PwnedServer, with_check};
use crate::{App, PASSWORD, passwords, stories};

stories![
    a_password_that_would_be_refused_today_still_signs_in,
    a_password_that_has_leaked_since_still_signs_in,
];

fn longer(builder: AuthBuilder) -> AuthBuilder {
    builder.passwords(passwords().min_length(40))
}

/// G6.4-11.
async fn a_password_that_would_be_refused_today_still_signs_in(app: App) {
    app.signed_up("ada@example.com").await;
    let strong = app.browser().sign_in("ada@example.com", PASSWORD).await;
    assert!(strong.json()["weak_password"].is_null(), "{strong:?}");

    let today = app.beside(longer).await;
    let browser = today.browser();
    let hashes = today.auth.password_hashes();
    let answer = browser.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(
        answer.json()["weak_password"],
        json!({ "message": "Password should be at least 40 characters.", "reasons": ["length"] })
    );
    assert_eq!(today.auth.password_hashes(), hashes + 1);
    assert_eq!(browser.get("/me").await.text(), answer.json()["user"]["id"]);
    let keeper = today.keeper().sign_in("ada@example.com", PASSWORD).await.json();
    assert!(keeper["access_token"].is_string() && keeper["weak_password"]["reasons"] == json!(["length"]));

    // A wrong one is told nothing.
    let wrong = today.browser().sign_in("ada@example.com", "wrong").await;
    let unknown = today.browser().sign_in("nobody@example.com", "wrong").await;
    assert_eq!(wrong.essence(), unknown.essence());
    assert!(!wrong.text().contains("weak_password"));

    // With tokens it is the same, and the application hears of it as well.
    let tokens = app.beside(|builder| longer(builder).sessions(Tokens::default())).await;
    let answer = tokens.keeper().sign_in("ada@example.com", PASSWORD).await.json();
    assert!(answer["refresh_token"].is_string() && answer["weak_password"]["reasons"] == json!(["length"]));
    let signed_in = tokens
        .auth
        .sign_in_with_email("ada@example.com", PASSWORD, Default::default())
        .await;
    let (_, issued) = signed_in.unwrap();
    assert_eq!(issued.weak_password, [auth_core::WeakPasswordReason::Length]);
}

async fn a_password_that_has_leaked_since_still_signs_in(app: App) {
    app.browser().sign_up("ada@example.com", LEAKED).await;
    let server = PwnedServer::start().await;
    let today = app.beside(with_check(server.check().refuse_when_unavailable())).await;
    // A list is asked only about what is right: it would learn what is tried, and how often.
    today.browser().sign_in("ada@example.com", PASSWORD).await;
    assert!(server.heads().is_empty());
    let hashes = today.auth.password_hashes();
    let answer = today.browser().sign_in("ada@example.com", LEAKED).await;
    assert_eq!(
        (answer.status(), &answer.json()["weak_password"]["reasons"]),
        (200, &json!(["pwned"]))
    );
    assert_eq!(today.auth.password_hashes(), hashes + 1);
    assert_eq!(server.heads().len(), 1);

    // One that does not answer is not waited for, and nobody is refused because of it.
    for mood in [Mood::Hang, Mood::Fail] {
        server.be(mood);
        let began = Instant::now();
        let answer = today.browser().sign_in("ada@example.com", LEAKED).await;
        assert_eq!((answer.status(), answer.json()["weak_password"].is_null()), (200, true));
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    }
}
