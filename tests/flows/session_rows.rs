//! What is kept of a session and shown of it: where it was opened, how, and when it was renewed.

use std::time::Duration;

use auth_core::Tokens;
use serde_json::{Value, json};

use super::admin::service;
use crate::{App, Client, PASSWORD, stories};

stories![session_rows_say_from_where_and_when_they_were_renewed,];

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
