//! A client brings an id of its own choice, hoping that the server adopts it.

use auth_core::{SessionId, adapter::SessionAdapter};

use crate::{App, PASSWORD, stories};

stories![
    an_id_nobody_issued_never_creates_state,
    an_id_nobody_issued_is_not_adopted_at_sign_in,
];

async fn an_id_nobody_issued_never_creates_state(app: App) {
    let chosen = format!("ses_{}", "A".repeat(24));
    let browser = app.browser();
    for path in [
        "/me",
        "/session",
        "/maybe",
        "/guarded",
        "/many",
        "/api/auth/session",
        "/api/auth/user",
    ] {
        browser.set_token(format!("{chosen}.{}", "b".repeat(43)));
        browser.get(path).await;
    }
    assert!(
        app.store.calls().iter().all(|call| call.starts_with("get")),
        "{:?}",
        app.store.calls()
    );
    assert_eq!(app.store.get_session(&SessionId::from(chosen)).await.unwrap(), None);
}

async fn an_id_nobody_issued_is_not_adopted_at_sign_in(app: App) {
    app.signed_up("ada@example.com").await;
    let chosen = format!("ses_{}", "A".repeat(24));
    let browser = app.browser();
    browser.set_token(format!("{chosen}.{}", "b".repeat(43)));
    browser.sign_in("ada@example.com", PASSWORD).await;
    assert!(!browser.token().unwrap().starts_with(&chosen));
    assert_eq!(app.store.get_session(&SessionId::from(chosen)).await.unwrap(), None);
}
