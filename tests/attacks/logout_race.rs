//! Signing out while other requests of the same session write: when all are done, the session is gone.

use std::time::Duration;

use serde_json::json;

use crate::{App, stories};

stories![
    a_renewal_does_not_bring_a_session_back,
    an_update_does_not_bring_a_session_back,
    an_extension_does_not_bring_a_session_back,
];

async fn a_renewal_does_not_bring_a_session_back(app: App) {
    for round in 0..20 {
        let ada = app.signed_up(&format!("ada{round}@example.com")).await;
        app.wait(Duration::from_secs(2 * 24 * 3_600));
        let tabs: Vec<_> = (0..8).map(|_| ada.copy()).collect();
        let requests = tabs.iter().enumerate().map(|(index, tab)| async move {
            if index == round % 8 {
                tab.post("/api/auth/logout?scope=global", json!({})).await;
            } else {
                tab.get("/me").await;
            }
        });
        futures_util::future::join_all(requests).await;
        for tab in tabs.iter().chain([&ada]) {
            assert_eq!(tab.get("/me").await.status(), 401);
        }
    }
}

async fn an_update_does_not_bring_a_session_back(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let session = app
        .auth
        .get_session(&auth_core::SessionToken::parse(&ada.token().unwrap()).unwrap())
        .await;
    let id = session.unwrap().id;
    let update = app.auth.update_session_data(&id, Default::default());
    let (_, _) = tokio::join!(ada.post("/api/auth/logout", json!({})), update);
    let late = app.auth.update_session_data(&id, Default::default()).await;
    assert_eq!(late.unwrap_err().code(), "UNAUTHORISED");
    assert_eq!(ada.copy().get("/me").await.status(), 401);
}

async fn an_extension_does_not_bring_a_session_back(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let bearer = format!("Bearer {}", ada.token().unwrap());
    app.wait(Duration::from_secs(2 * 24 * 3_600));
    let script = app.script().with("authorization", bearer);
    tokio::join!(script.post("/api/auth/logout", json!({})), script.get("/me"));
    assert_eq!(script.get("/me").await.status(), 401);
}
