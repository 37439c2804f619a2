//! Headers that say which session an answer is about, for people who look for a fault.

use std::time::Duration;

use auth_core::{Tokens, adapter::SessionAdapter};
use serde_json::json;

use crate::{Answer, App, PASSWORD, stories};

stories![headers_say_which_session_an_answer_is_about, headers_are_switched_on,];

const GRANT: &str = "/api/auth/token?grant_type=refresh_token";

fn told<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.header(&format!("sb-auth-{name}"))
}

/// G6.5-16.
async fn headers_say_which_session_an_answer_is_about(app: App) {
    let app = App::with(app.driver, |builder| {
        builder.sessions(Tokens::default()).diagnostic_headers(true)
    })
    .await;
    let answer = app.keeper().sign_up("ada@example.com", PASSWORD).await;
    let session = answer.json();
    let (user_id, session_id) = (told(&answer, "user-id").unwrap(), told(&answer, "session-id").unwrap());
    assert_eq!(session["user"]["id"], user_id);
    // The beginning of what the store keeps of the token, and nothing of the token itself.
    let prefix = told(&answer, "refresh-token-prefix").unwrap();
    let kept = app.store.get_session(&session_id.into()).await.unwrap().unwrap();
    let kept: String = kept
        .secret_digest
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(prefix.len() == 8 && kept.starts_with(prefix), "{prefix} {kept}");
    assert!(!session["refresh_token"].as_str().unwrap().contains(prefix));
    for absent in ["rotated", "reuse", "reuse-cause"] {
        assert_eq!(told(&answer, &format!("refresh-token-{absent}")), None);
    }
    assert!(
        answer
            .header("access-control-expose-headers")
            .unwrap()
            .contains("sb-auth-session-id")
    );

    let with = |token: &serde_json::Value| json!({ "refresh_token": token });
    let renewed = app.keeper().post(GRANT, with(&session["refresh_token"])).await;
    assert_eq!(told(&renewed, "session-id"), Some(session_id));
    assert_eq!(told(&renewed, "refresh-token-rotated"), Some("true"));
    assert_ne!(told(&renewed, "refresh-token-prefix").unwrap(), prefix);
    // Its first use ends the parent, which is forgiven for a moment and then a copy.
    let access = renewed.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(app.bearer(&access).get("/me").await.status(), 200);
    let late = app.keeper().post(GRANT, with(&session["refresh_token"])).await;
    assert_eq!(late.status(), 409, "{late:?}");
    assert_eq!(
        (told(&late, "session-id"), told(&late, "refresh-token-reuse-cause")),
        (Some(session_id), Some("concurrent-refresh"))
    );
    app.wait(Duration::from_secs(60));
    let stolen = app.keeper().post(GRANT, with(&session["refresh_token"])).await;
    assert_eq!(stolen.refusal(), (400, "refresh_token_already_used".to_owned()));
    assert_eq!(
        (
            told(&stolen, "user-id"),
            told(&stolen, "refresh-token-reuse"),
            told(&stolen, "refresh-token-reuse-cause")
        ),
        (Some(user_id), Some("true"), Some("already-used"))
    );

    // A token that is none of ours is about nobody.
    let answer = app.keeper().post(GRANT, with(&json!("nothing"))).await;
    assert_eq!(told(&answer, "user-id").or(told(&answer, "refresh-token-reuse")), None);
    // The application's own routes say what they renew.
    let browser = app.browser();
    browser.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(told(&browser.get("/me").await, "session-id"), None);
    app.wait(Duration::from_secs(2 * 3_600));
    let renewed = browser.get("/me").await;
    assert_eq!(
        (renewed.status(), told(&renewed, "refresh-token-rotated")),
        (200, Some("true"))
    );
}

async fn headers_are_switched_on(app: App) {
    let opaque = App::with(app.driver, |builder| builder.diagnostic_headers(true)).await;
    let answer = opaque.browser().sign_up("ada@example.com", PASSWORD).await;
    assert_eq!(answer.json()["user"]["id"], told(&answer, "user-id").unwrap());
    assert!(told(&answer, "session-id").is_some() && told(&answer, "refresh-token-prefix").is_none());
    // Off unless switched on.
    for tokens in [false, true] {
        let plain = App::with(app.driver, |builder| match tokens {
            true => builder.sessions(Tokens::default()),
            false => builder,
        })
        .await;
        let answer = plain.keeper().sign_up("ada@example.com", PASSWORD).await;
        assert!(
            answer.headers.keys().all(|name| !name.as_str().starts_with("sb-auth-")),
            "{answer:?}"
        );
    }
}
