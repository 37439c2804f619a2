use auth_core::testing::Fault;
use serde_json::json;

use crate::{App, PASSWORD, stories};

stories![
    n14_signing_out_ends_the_session_and_clears_the_cookie,
    n15_signing_out_without_a_cookie_asks_no_store,
    n16_another_site_cannot_sign_anybody_out,
    n17_signing_out_fails_when_the_store_does,
    the_scope_says_whose_sessions_end,
    a_bearer_client_signs_out_everywhere_by_default,
    supertokens_clients_have_their_own_route,
    everything_else_can_be_cleared_as_well,
];

async fn n14_signing_out_ends_the_session_and_clears_the_cookie(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let stolen = ada.copy();
    let answer = ada.post("/api/auth/logout", json!({})).await;
    assert_eq!((answer.status(), answer.text()), (204, ""));
    assert!(answer.set_cookies()[0].contains("Max-Age=0"));
    assert_eq!(ada.token(), None);
    let events = app.events.events();
    let ended = events
        .iter()
        .find(|event| event.kind == auth_core::EventKind::SessionRevoked)
        .unwrap();
    assert_eq!(ended.client.ip.unwrap().to_string(), "203.0.113.7");
    // Not only at the client: the old cookie opens nothing.
    assert_eq!(stolen.get("/me").await.status(), 401);
    assert_eq!(
        stolen.get("/api/auth/session").await.json(),
        json!({ "session": null, "user": null })
    );
}

async fn n15_signing_out_without_a_cookie_asks_no_store(app: App) {
    for path in ["/api/auth/logout", "/api/auth/signout"] {
        let answer = app.browser().post(path, json!({})).await;
        assert!(answer.status.is_success());
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
    assert_eq!(app.store.calls(), [""; 0]);
}

async fn n16_another_site_cannot_sign_anybody_out(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    for path in ["/api/auth/logout", "/api/auth/signout"] {
        let answer = ada
            .copy()
            .with("origin", "https://evil.example.com")
            .post(path, json!({}))
            .await;
        assert_eq!(
            (answer.status(), answer.error_code().as_str()),
            (403, "origin_not_allowed")
        );
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn n17_signing_out_fails_when_the_store_does(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    // The look-up, and the deletion after it.
    for call in [1, 2] {
        app.store.fail(Fault::At(call));
        let answer = ada.post("/api/auth/logout", json!({})).await;
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
    app.store.fail(Fault::Never);
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn the_scope_says_whose_sessions_end(app: App) {
    let one = app.signed_up("ada@example.com").await;
    let two = app.browser();
    let three = app.browser();
    two.sign_in("ada@example.com", PASSWORD).await;
    three.sign_in("ada@example.com", PASSWORD).await;
    let grace = app.signed_up("grace@example.com").await;

    assert_eq!(one.post("/api/auth/logout?scope=x", json!({})).await.status(), 400);
    assert_eq!(one.post("/api/auth/logout?scope=others", json!({})).await.status(), 204);
    assert_eq!(one.get("/me").await.status(), 200);
    assert_eq!(two.get("/me").await.status(), 401);
    two.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(one.post("/api/auth/logout?scope=local", json!({})).await.status(), 204);
    assert_eq!(one.get("/me").await.status(), 401);
    assert_eq!(two.get("/me").await.status(), 200);
    three.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(two.post("/api/auth/logout?scope=global", json!({})).await.status(), 204);
    assert_eq!(three.get("/me").await.status(), 401);
    assert_eq!(grace.get("/me").await.status(), 200);
}

async fn a_bearer_client_signs_out_everywhere_by_default(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let other = app.browser();
    other.sign_in("ada@example.com", PASSWORD).await;
    let script = app
        .script()
        .with("authorization", format!("Bearer {}", ada.token().unwrap()));
    assert_eq!(script.post("/api/auth/logout", json!({})).await.status(), 204);
    assert_eq!(other.get("/me").await.status(), 401);
    let late = script.get("/api/auth/user").await;
    assert_eq!((late.status(), late.error_code().as_str()), (403, "session_not_found"));
}

async fn supertokens_clients_have_their_own_route(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let answer = ada.post("/api/auth/signout", json!({})).await;
    assert_eq!((answer.status(), answer.text()), (200, r#"{"status":"OK"}"#));
    assert_eq!(ada.token(), None);
}

async fn everything_else_can_be_cleared_as_well(app: App) {
    let app = App::with(app.driver, |builder| builder.clear_site_data(true)).await;
    let ada = app.signed_up("ada@example.com").await;
    let answer = ada.post("/api/auth/logout", json!({})).await;
    assert_eq!(answer.header("clear-site-data"), Some(r#""cookies", "storage""#));
}
