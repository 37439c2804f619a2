//! What an access token says, and for how long it is good.

use std::time::Duration;

use auth_core::{Claim, Tokens};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::HOUR;
use crate::{App, PASSWORD, stories};

stories![
    g6_4_20_an_access_token_has_gotrues_claims,
    g6_4_21_an_access_token_lives_as_long_as_configured_and_expires_in_says_so,
    g6_4_27_what_is_not_wanted_is_kept_out_of_access_tokens,
];

async fn with(app: &App, tokens: Tokens) -> App {
    App::with(app.driver, |builder| builder.sessions(tokens).anonymous(true)).await
}

/// The claims of the access token in an answer's body.
fn claims(session: &Value) -> Value {
    let token = session["access_token"].as_str().unwrap();
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

async fn g6_4_20_an_access_token_has_gotrues_claims(app: App) {
    let app = with(&app, Tokens::default()).await;
    let keeper = app.keeper();
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "data": { "name": "Ada" } });
    let session = keeper.post("/api/auth/signup", body).await.json();
    let told = claims(&session);
    let now = app.now().as_unix_seconds();
    let access = session["access_token"].as_str().unwrap();
    for (name, expected) in [
        ("iss", json!("https://app.example.com/api/auth")),
        ("sub", session["user"]["id"].clone()),
        ("aud", json!("authenticated")),
        ("exp", json!(now + 3_600)),
        ("iat", json!(now)),
        ("email", json!("ada@example.com")),
        ("phone", json!("")),
        ("app_metadata", json!({ "provider": "email", "providers": ["email"] })),
        ("user_metadata", json!({ "name": "Ada" })),
        ("role", json!("authenticated")),
        ("aal", json!("aal1")),
        ("amr", json!([{ "method": "password", "timestamp": now }])),
        ("session_id", json!(app.bearer(access).get("/session").await.text())),
        ("is_anonymous", json!(false)),
    ] {
        assert_eq!(told[name], expected, "{name}");
    }
    // Nobody's address is an empty text, not a missing one.
    let nobody = claims(&keeper.post("/api/auth/signup", json!({})).await.json());
    assert_eq!((&nobody["email"], &nobody["is_anonymous"]), (&json!(""), &json!(true)));
    assert_eq!(nobody["amr"][0]["method"], "anonymous");
}

async fn g6_4_21_an_access_token_lives_as_long_as_configured_and_expires_in_says_so(app: App) {
    for (tokens, seconds) in [
        (Tokens::default(), 3_600),
        (Tokens::default().access_validity(Duration::from_secs(90)), 90),
        (Tokens::default().access_validity(24 * HOUR), 86_400),
    ] {
        let app = with(&app, tokens).await;
        let keeper = app.keeper();
        let signed_up = keeper.sign_up("ada@example.com", PASSWORD).await.json();
        let signed_in = keeper.sign_in("ada@example.com", PASSWORD).await.json();
        let body = json!({ "refresh_token": signed_in["refresh_token"] });
        let renewed = keeper
            .post("/api/auth/token?grant_type=refresh_token", body)
            .await
            .json();
        for session in [signed_up, signed_in, renewed.clone()] {
            let told = claims(&session);
            assert_eq!(session["expires_in"], seconds, "{session}");
            assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), seconds);
            assert_eq!(session["expires_at"], told["exp"]);
        }
        let bearer = app.bearer(renewed["access_token"].as_str().unwrap());
        app.wait(Duration::from_secs(seconds.unsigned_abs()));
        assert_eq!(bearer.get("/session").await.status(), 200);
        app.wait(Duration::from_secs(1));
        assert_eq!(bearer.get("/session").await.status(), 401);
    }
}

async fn g6_4_27_what_is_not_wanted_is_kept_out_of_access_tokens(app: App) {
    let names = ["app_metadata", "email", "phone", "user_metadata"];
    for allowed in [
        &[][..],
        &[Claim::Email],
        &[Claim::Phone, Claim::AppMetadata],
        &Claim::ALL,
    ] {
        let app = with(&app, Tokens::default().claims(allowed.iter().copied())).await;
        let keeper = app.keeper();
        let body = json!({ "email": "ada@example.com", "password": PASSWORD, "data": { "about": "a secret note" } });
        let answer = keeper.post("/api/auth/signup", body).await;
        let session = answer.json();
        let is_told = |told: &Value| {
            let is_allowed = |claim: &Claim| allowed.contains(claim);
            let there: Vec<bool> = names.iter().map(|name| told.get(name).is_some()).collect();
            assert_eq!(there, Claim::ALL.iter().map(is_allowed).collect::<Vec<_>>(), "{told}");
        };
        is_told(&claims(&session));
        // Nor do scripts of the page learn it.
        let front = STANDARD.decode(answer.header("front-token").unwrap()).unwrap();
        is_told(&serde_json::from_slice::<Value>(&front).unwrap()["up"]);
        // Who asks the store still knows everything, and a token that renewed itself says no more.
        assert_eq!(session["user"]["user_metadata"]["about"], "a secret note");
        let body = json!({ "refresh_token": session["refresh_token"] });
        let renewed = keeper
            .post("/api/auth/token?grant_type=refresh_token", body)
            .await
            .json();
        is_told(&claims(&renewed));
        let access = renewed["access_token"].as_str().unwrap();
        let bearer = app.bearer(access).with("st-auth-mode", "header");
        let opened = bearer.get("/me").await;
        assert_eq!(opened.text(), session["user"]["id"].as_str().unwrap());
        is_told(&claims(
            &json!({ "access_token": opened.header("st-access-token").unwrap() }),
        ));
        let user = bearer.get("/api/auth/user").await.json();
        assert_eq!(
            (&user["email"], &user["user_metadata"]["about"]),
            (&json!("ada@example.com"), &json!("a secret note"))
        );
        // A process that keeps out nothing reads such a token.
        let other = app.beside(|builder| builder.sessions(Tokens::default())).await;
        let other = other.bearer(session["access_token"].as_str().unwrap());
        assert_eq!(other.get("/session").await.status(), 200);
    }
}
