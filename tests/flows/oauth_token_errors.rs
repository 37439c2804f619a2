//! Failures of `POST /token` in the words of OAuth, for clients of 2021.

use auth_core::{Limit, Limits, Tokens, testing::Fault};
use serde_json::json;

use crate::{App, MINUTE, PASSWORD, stories};

stories![failures_of_the_token_route_are_told_as_in_2021,];

const TOKEN: &str = "/api/auth/token?grant_type=password";

/// G6.2-13.
async fn failures_of_the_token_route_are_told_as_in_2021(app: App) {
    let plain = app.clone();
    let app = App::with(app.driver, |builder| {
        let limits = Limits::default().sign_in_per_account(Limit::new(2, MINUTE));
        builder
            .oauth_token_errors(true)
            .sessions(Tokens::default())
            .limits(limits)
    })
    .await;
    app.keeper().sign_up("ada@example.com", PASSWORD).await;
    let wrong = |email: &str| json!({ "email": email, "password": "wrong horse" });
    for (path, body, status, sentence) in [
        (TOKEN, wrong("ada@example.com"), 400, "Invalid login credentials"),
        (TOKEN, wrong("nobody@example.com"), 400, "Invalid login credentials"),
        (TOKEN, json!({}), 400, "missing email or phone"),
        ("/api/auth/token", json!({}), 400, "unsupported_grant_type"),
        (
            "/api/auth/token?grant_type=refresh_token",
            json!({ "refresh_token": "none of ours" }),
            400,
            "Invalid Refresh Token: Refresh Token Not Found",
        ),
    ] {
        let answer = app.keeper().post(path, body).await;
        assert_eq!(answer.status(), status, "{answer:?}");
        assert_eq!(
            answer.json(),
            json!({ "error": "invalid_grant", "error_description": sentence })
        );
        assert!(answer.header("x-sb-error-code").is_some());
    }
    let broken = app.keeper().send("POST", TOKEN, Some("application/json"), "{").await;
    assert_eq!(
        (broken.status(), &broken.json()["error"]),
        (400, &json!("invalid_grant"))
    );

    // Newer clients read the newer shape, other routes tell as ever, and so does what is not the grant's fault.
    let newer = app.keeper().with("x-supabase-api-version", "2024-01-01");
    let answer = newer.post(TOKEN, wrong("nobody@example.com")).await;
    assert_eq!(answer.json()["code"], "invalid_credentials");
    let answer = app.script().get("/api/auth/user").await;
    assert_eq!(answer.refusal(), (401, "no_authorization".to_owned()));
    app.keeper().post(TOKEN, wrong("ada@example.com")).await;
    let throttled = app.keeper().post(TOKEN, wrong("ada@example.com")).await;
    assert_eq!(throttled.refusal(), (429, "over_request_rate_limit".to_owned()));
    app.store.fail(Fault::Always);
    let failed = app.keeper().post(TOKEN, wrong("bob@example.com")).await;
    assert_eq!(failed.status(), 503);
    assert!(failed.json()["error_id"].is_string());

    // Off unless switched on.
    let answer = plain.keeper().post(TOKEN, wrong("ada@example.com")).await;
    assert_eq!(answer.refusal(), (400, "invalid_credentials".to_owned()));
}
