//! Reading or ending what belongs to somebody else.

use serde_json::json;

use crate::{App, stories};

stories![nobody_ends_another_users_session, nobody_sees_another_users_sessions,];

async fn nobody_ends_another_users_session(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let eve = app.signed_up("eve@example.com").await;
    let handle = ada.token().unwrap().split_once('.').unwrap().0.to_owned();
    let path = format!("/api/auth/sessions/{handle}");
    assert_eq!(eve.delete(&path, json!({})).await.status(), 404);
    assert_eq!(app.browser().delete(&path, json!({})).await.status(), 401);
    assert_eq!(eve.form(&path, "_method=DELETE").await.status(), 303);
    eve.post("/api/auth/logout?scope=global", json!({})).await;
    assert_eq!(ada.get("/me").await.status(), 200);
    // The handle is public; it opens nothing.
    let browser = app.browser();
    for token in [
        handle.clone(),
        format!("{handle}."),
        format!("{handle}.{}", "A".repeat(43)),
    ] {
        browser.set_token(token);
        assert_eq!(browser.get("/me").await.status(), 401);
    }
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn nobody_sees_another_users_sessions(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let eve = app.signed_up("eve@example.com").await;
    let handle = ada.token().unwrap().split_once('.').unwrap().0.to_owned();
    for path in ["/api/auth/sessions", "/api/auth/session", "/api/auth/user"] {
        assert!(!eve.get(path).await.text().contains(&handle));
    }
}
