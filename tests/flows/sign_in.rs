use auth_core::EventKind;
use serde_json::json;

use crate::{App, PASSWORD, stories};

stories![
    the_right_password_signs_in,
    wrong_and_unknown_are_one_answer,
    only_the_password_grant_is_known,
    the_last_sign_in_is_noted,
    newer_clients_get_the_newer_error_shape,
    malformed_bodies_are_refused,
];

async fn the_right_password_signs_in(app: App) {
    app.signed_up("ada@example.com").await;
    let browser = app.browser();
    let answer = browser.sign_in("ADA@example.com", PASSWORD).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(browser.get("/me").await.text(), answer.json()["user"]["id"]);
}

async fn wrong_and_unknown_are_one_answer(app: App) {
    app.signed_up("ada@example.com").await;
    let wrong = app.browser().sign_in("ada@example.com", "wrong horse").await;
    let unknown = app.browser().sign_in("nobody@example.com", "wrong horse").await;
    assert_eq!(wrong.essence(), unknown.essence());
    assert_eq!(wrong.status(), 400);
    assert_eq!(
        wrong.json(),
        json!({
            "code": 400,
            "error_code": "invalid_credentials",
            "msg": "Invalid login credentials",
            "message": "AUTH_INVALID_CREDENTIALS",
        })
    );
    assert_eq!(app.events.count(EventKind::SignInFailed), 2);
}

async fn only_the_password_grant_is_known(app: App) {
    for path in ["/api/auth/token", "/api/auth/token?grant_type=x"] {
        let answer = app.browser().post(path, json!({})).await;
        assert_eq!(
            (answer.status(), answer.error_code().as_str()),
            (400, "invalid_credentials")
        );
        assert_eq!(answer.json()["msg"], "unsupported_grant_type");
    }
    let twice = app
        .browser()
        .post("/api/auth/token?grant_type=password&grant_type=x", json!({}))
        .await;
    assert_eq!(twice.status(), 400);
}

async fn the_last_sign_in_is_noted(app: App) {
    app.signed_up("ada@example.com").await;
    app.wait(std::time::Duration::from_secs(60));
    let browser = app.browser();
    let answer = browser.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(answer.json()["user"]["last_sign_in_at"], "2026-01-01T00:01:00Z");
    let user = browser.get("/api/auth/user").await;
    assert_eq!(user.json()["last_sign_in_at"], "2026-01-01T00:01:00Z");
}

async fn newer_clients_get_the_newer_error_shape(app: App) {
    let newer = app.browser().with("x-supabase-api-version", "2024-01-01");
    let answer = newer.sign_in("nobody@example.com", PASSWORD).await;
    assert_eq!(
        answer.json(),
        json!({ "code": "invalid_credentials", "message": "Invalid login credentials" })
    );
    assert_eq!(answer.header("x-supabase-api-version"), Some("2024-01-01"));
    let older = app.browser().with("x-supabase-api-version", "2023-12-31");
    assert_eq!(older.sign_in("nobody@example.com", PASSWORD).await.json()["code"], 400);
}

async fn malformed_bodies_are_refused(app: App) {
    let path = "/api/auth/token?grant_type=password";
    let browser = app.browser();
    for (content_type, body, status, word) in [
        (Some("application/json"), "{", 400, "bad_json"),
        (Some("application/json"), "[]", 400, "bad_json"),
        (
            Some("application/json"),
            r#"{"email":"a","email":"b"}"#,
            400,
            "validation_failed",
        ),
        (
            Some("application/json"),
            r#"{"email":["a"],"password":"b"}"#,
            400,
            "validation_failed",
        ),
        (Some("multipart/form-data"), "x", 415, "unsupported_media_type"),
        (Some("application/xml"), "<a/>", 415, "unsupported_media_type"),
    ] {
        let answer = browser.send("POST", path, content_type, body).await;
        assert_eq!(
            (answer.status(), answer.error_code().as_str()),
            (status, word),
            "{body}"
        );
    }
    let large = format!(r#"{{"email":"{}"}}"#, "a".repeat(70_000));
    let answer = browser.send("POST", path, Some("application/json"), &large).await;
    assert_eq!(
        (answer.status(), answer.error_code().as_str()),
        (413, "request_entity_too_large")
    );
}
