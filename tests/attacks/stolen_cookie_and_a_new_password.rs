//! A thief holds a copy of the session cookie, or has renewed it first; the owner changes the password: the copy is worth nothing at
//! once, with no grace.

use std::time::Duration;

use auth_core::SessionToken;
use serde_json::json;

use crate::{Answer, App, Client, PASSWORD, stories};

stories![
    a_change_on_an_idle_session_ends_the_copy,
    a_thief_who_renewed_first_is_out,
    however_the_answer_is_delivered_the_cookie_is_replaced,
    a_thief_who_renews_meanwhile_ends_the_session,
    a_cookie_that_was_just_replaced_does_nothing_grave,
];

const DAY: Duration = Duration::from_secs(24 * 3_600);

async fn change(client: &Client) -> Answer {
    let change = json!({ "password": "a new long password", "current_password": PASSWORD });
    let answer = client.put("/api/auth/user", change).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer
}

async fn assert_out(thief: &Client) {
    assert_eq!(thief.get("/me").await.status(), 401);
}

async fn a_change_on_an_idle_session_ends_the_copy(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.wait(2 * DAY);
    let thief = ada.copy();
    assert_eq!(change(&ada).await.set_cookies().len(), 1);
    assert_out(&thief).await;
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn a_thief_who_renewed_first_is_out(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.wait(2 * DAY);
    let thief = ada.copy();
    assert_eq!(thief.get("/me").await.set_cookies().len(), 1);
    // Within the grace of what she has.
    let copy = ada.copy();
    change(&ada).await;
    for thief in [&thief, &copy] {
        assert_out(thief).await;
    }
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn however_the_answer_is_delivered_the_cookie_is_replaced(app: App) {
    for (name, value) in [("st-auth-mode", "header"), ("x-supabase-api-version", "2024-01-01")] {
        let app = App::new(app.driver).await;
        let ada = app.signed_up("ada@example.com").await;
        let thief = ada.copy();
        let ada = ada.with(name, value);
        assert_eq!(change(&ada).await.set_cookies().len(), 1, "{name}");
        assert_out(&thief).await;
        assert_eq!(ada.get("/me").await.status(), 200);
    }
}

async fn a_thief_who_renews_meanwhile_ends_the_session(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let thief = ada.copy();
    let token = SessionToken::parse(&thief.token().unwrap()).unwrap();
    let held = app.store.hold_before("rotate_session");
    let (_, issued) = tokio::join!(change(&ada), async {
        held.reached().await;
        let issued = app.auth.renew_session(&token).await.unwrap();
        held.release();
        issued
    });
    assert_eq!(ada.token(), None);
    assert_out(&thief).await;
    thief.set_token(issued.token.expose().as_str());
    assert_out(&thief).await;
}

/// Even right after the sign-in: it may be a copy.
async fn a_cookie_that_was_just_replaced_does_nothing_grave(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let thief = ada.copy();
    let token = SessionToken::parse(&ada.token().unwrap()).unwrap();
    let issued = app.auth.renew_session(&token).await.unwrap();
    ada.set_token(issued.token.expose().as_str());
    assert_eq!(thief.get("/me").await.status(), 200);
    let change = json!({ "password": "the thief's password" });
    for answer in [
        thief.put("/api/auth/user", change.clone()).await,
        thief.delete("/api/auth/user", json!({})).await,
        thief.get("/fresh").await,
    ] {
        assert_eq!(answer.error_code(), "reauthentication_needed", "{answer:?}");
    }
    let ada = ada.put("/api/auth/user", change).await;
    assert_eq!(ada.status(), 200, "{ada:?}");
}
