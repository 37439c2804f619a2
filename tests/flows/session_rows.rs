//! What is kept of a session and shown of it: where it was opened, how, and when it was renewed.

use std::time::Duration;

use auth_core::{EventKind, NewSession, SessionConfig, SessionStrategy, Tokens, UserId};
use serde_json::{Value, json};

use super::admin::service;
use crate::{App, Client, PASSWORD, stories};

stories![
    session_rows_say_from_where_and_when_they_were_renewed,
    a_sign_in_ends_the_other_sessions_where_there_is_one,
];

const HOUR: Duration = Duration::from_secs(3_600);

/// G6.5-13: under either strategy, to their owner and to an administrator.
async fn session_rows_say_from_where_and_when_they_were_renewed(app: App) {
    let ada = app.browser().from_ip("198.51.100.9");
    let user = ada.sign_up("ada@example.com", PASSWORD).await.json()["user"].clone();
    let row = rows(&app, &ada, &user).await.remove(0);
    check(&app, &row, &Value::Null);
    app.wait(25 * HOUR);
    assert_eq!(ada.get("/me").await.status(), 200);
    let row = rows(&app, &ada, &user).await.remove(0);
    check(&app, &row, &json!("2026-01-02T01:00:00Z"));
    assert_eq!(ada.get("/api/auth/session").await.json()["session"], row);

    let app = App::with(app.driver, |builder| builder.sessions(Tokens::default())).await;
    let keeper = app.keeper().from_ip("198.51.100.9");
    let session = keeper.sign_up("ada@example.com", PASSWORD).await.json();
    let bearer = |session: &Value| app.bearer(session["access_token"].as_str().unwrap());
    let row = rows(&app, &bearer(&session), &session["user"]).await.remove(0);
    check(&app, &row, &Value::Null);
    app.wait(HOUR / 2);
    let body = json!({ "refresh_token": session["refresh_token"] });
    let renewed = keeper
        .post("/api/auth/token?grant_type=refresh_token", body)
        .await
        .json();
    app.wait(HOUR / 4);
    // A refresh counts when what it gave is used; the time is its own.
    let row = rows(&app, &bearer(&renewed), &session["user"]).await.remove(0);
    check(&app, &row, &json!("2026-01-01T00:30:00Z"));
}

/// The rows as their owner and as an administrator sees them, which is the same but for whose is asking.
async fn rows(app: &App, owner: &Client, user: &Value) -> Vec<Value> {
    let own = owner.get("/api/auth/sessions").await.json()["sessions"].clone();
    let path = format!("/api/auth/admin/users/{}/sessions", user["id"].as_str().unwrap());
    let mut listed = service(app).get(&path).await.json()["sessions"].clone();
    assert_eq!(listed[0]["current"], false);
    listed[0]["current"] = json!(true);
    assert_eq!(own, listed);
    own.as_array().unwrap().clone()
}

fn check(app: &App, row: &Value, refreshed_at: &Value) {
    assert_eq!(row["user_agent"], "Browser/1.0", "{row}");
    assert_eq!(row["ip"], "198.51.100.9", "{row}");
    assert_eq!(row["aal"], "aal1", "{row}");
    assert_eq!(row["amr"][0]["method"], "password", "{row}");
    assert_eq!(row["created_at"], "2026-01-01T00:00:00Z", "{row}");
    assert_eq!(&row["refreshed_at"], refreshed_at, "{row} at {:?}", app.now());
}

/// G6.5-12: under either strategy, and nobody else's.
async fn a_sign_in_ends_the_other_sessions_where_there_is_one(app: App) {
    let strategies: [SessionStrategy; 2] = [
        SessionConfig::default().one_per_user(true).into(),
        Tokens::default().one_per_user(true).into(),
    ];
    for strategy in strategies {
        let is_signed = matches!(strategy, SessionStrategy::Tokens(_));
        let app = App::with(app.driver, |builder| builder.sessions(strategy)).await;
        let (first, grace) = (app.keeper(), app.signed_up("grace@example.com").await);
        let session = first.sign_up("ada@example.com", PASSWORD).await.json();
        let bearer = app.bearer(session["access_token"].as_str().unwrap());
        assert_eq!(bearer.get("/api/auth/user").await.status(), 200);
        // A sign-in that fails ends nothing.
        app.browser().sign_in("ada@example.com", "wrong horse battery").await;
        assert_eq!(bearer.get("/api/auth/user").await.status(), 200);
        let before = app.events.count(EventKind::SessionRevoked);
        let second = app.browser();
        assert_eq!(second.sign_in("ada@example.com", PASSWORD).await.status(), 200);
        assert_eq!(app.events.count(EventKind::SessionRevoked), before + 1);
        assert_eq!(second.get("/checked").await.status(), 200);
        assert_eq!(
            bearer.get("/api/auth/user").await.refusal(),
            (403, "session_not_found".to_owned())
        );
        if is_signed {
            let body = json!({ "refresh_token": session["refresh_token"] });
            let refused = first.post("/api/auth/token?grant_type=refresh_token", body).await;
            assert_eq!(refused.refusal(), (400, "session_not_found".to_owned()));
        }
        assert_eq!(grace.get("/checked").await.status(), 200);
        // Of many at once, one is left at most.
        let user = UserId::from(session["user"]["id"].as_str().unwrap());
        let proof = app
            .auth
            .authenticate_user("email", "ada@example.com", PASSWORD)
            .await
            .unwrap();
        let made = (0..20).map(|_| app.auth.create_session(&proof, NewSession::default()));
        for issued in futures_util::future::join_all(made).await {
            let _ = issued.unwrap();
        }
        assert!(app.auth.get_all_session_handles_for_user(&user).await.unwrap().len() <= 1);
        assert_eq!(grace.get("/checked").await.status(), 200);
    }
}
