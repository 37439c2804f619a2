//! A session that is over, tried at every extractor, guard and route.

use std::time::Duration;

use serde_json::json;

use crate::{App, PASSWORD, stories};

stories![a_dead_session_opens_no_door, a_session_ended_elsewhere_opens_no_door,];

async fn assert_closed(app: &App, token: &str) {
    let with_cookie = || {
        let browser = app.browser();
        browser.set_token(token);
        browser
    };
    for path in [
        "/me",
        "/session",
        "/guarded",
        "/fresh",
        "/checked",
        "/write",
        "/api/auth/user",
        "/api/auth/sessions",
    ] {
        assert_eq!(with_cookie().get(path).await.status(), 401, "{path}");
    }
    assert_eq!(with_cookie().get("/maybe").await.text(), r#"{"user":null}"#);
    assert_eq!(with_cookie().get("/maybe_session").await.text(), r#"{"session":null}"#);
    assert_eq!(
        with_cookie().get("/optional").await.text(),
        r#"{"session":null,"user":null}"#
    );
    assert_eq!(with_cookie().get("/many").await.text(), "0 0");
    // Takes anybody, and finds nobody: the cookie goes.
    let lenient = with_cookie();
    assert_eq!(lenient.get("/lenient").await.text(), "lenient");
    assert_eq!(lenient.token(), None);
    assert_eq!(
        with_cookie().get("/api/auth/session").await.json(),
        json!({ "session": null, "user": null })
    );
    for (method, path) in [
        ("PUT", "/api/auth/user"),
        ("DELETE", "/api/auth/user"),
        ("DELETE", "/api/auth/sessions/x"),
    ] {
        let answer = with_cookie()
            .json(method, path, json!({ "current_password": PASSWORD }))
            .await;
        assert_eq!(answer.status(), 401, "{method} {path}");
    }
    let script = app.script().with("authorization", format!("Bearer {token}"));
    for path in ["/me", "/checked", "/guarded"] {
        assert_eq!(script.get(path).await.status(), 401, "{path}");
    }
    assert_eq!(script.get("/api/auth/user").await.status(), 403);
}

async fn a_dead_session_opens_no_door(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let token = ada.token().unwrap();
    app.wait(Duration::from_secs(15 * 24 * 3_600) + Duration::from_millis(1));
    assert_closed(&app, &token).await;
}

async fn a_session_ended_elsewhere_opens_no_door(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let token = ada.token().unwrap();
    ada.post("/api/auth/logout", json!({})).await;
    assert_closed(&app, &token).await;
}
