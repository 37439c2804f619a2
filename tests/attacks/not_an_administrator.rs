//! Whoever is no administrator learns nothing but that, at every route of administrators.

use std::time::Duration;

use auth_core::{AdminConfig, AdminUserAttributes, Secret, Tokens, UserId, adapter::UserAdapter};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::{App, Client, PASSWORD, stories};

stories![
    nobody_passes_without_being_an_administrator,
    the_configuration_says_who_administrates,
    a_cookie_of_an_administrator_is_of_no_use_to_another_site,
    a_service_token_is_no_session,
    under_tokens_an_administrator_needs_a_live_session_and_a_fresh_proof,
    refusals_are_the_same_for_what_is_there_and_what_is_not,
];

const ROUTES: &[(&str, &str)] = &[
    ("GET", "/admin/users"),
    ("POST", "/admin/users"),
    ("GET", "/admin/users/{id}"),
    ("PUT", "/admin/users/{id}"),
    ("DELETE", "/admin/users/{id}"),
    ("GET", "/admin/users/{id}/sessions"),
    ("DELETE", "/admin/users/{id}/sessions"),
    ("POST", "/admin/generate_link"),
    ("GET", "/admin/events"),
    ("GET", "/admin/audit"),
    ("POST", "/invite"),
];

/// What the harness gives every application.
const SECRET: &str = "a secret of the tests, 32 bytes and more";

fn signed(claims: &Value, secret: &str) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

fn bearer(app: &App, token: &str) -> Client {
    app.script().with("authorization", format!("Bearer {token}"))
}

/// Asks every route, and answers how each one refused.
async fn ask_all(client: &Client, id: &str) -> Vec<(u16, String)> {
    let mut answers = Vec::new();
    for (method, path) in ROUTES {
        let path = format!("/api/auth{}", path.replace("{id}", id));
        let body = json!({ "email": "new@example.com", "type": "magiclink", "role": "service_role" });
        let answer = match *method {
            "GET" => client.get(&path).await,
            method => client.json(method, &path, body).await,
        };
        assert!(
            !answer.text().contains("ada@example.com"),
            "{method} {path}: {answer:?}"
        );
        answers.push((answer.status(), answer.error_code()));
    }
    answers
}

async fn refused(client: &Client, id: &str, status: u16, word: &str, who: &str) {
    for (answer, route) in ask_all(client, id).await.into_iter().zip(ROUTES) {
        assert_eq!(answer, (status, word.to_owned()), "{who} at {route:?}");
    }
}

async fn nobody_passes_without_being_an_administrator(app: App) {
    let app = app.beside(|builder| builder.keep_events(true)).await;
    let ada = app.signed_up("ada@example.com").await;
    let id = ada.get("/api/auth/user").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    refused(&app.script(), &id, 401, "no_authorization", "nobody").await;
    refused(
        &app.browser(),
        &id,
        401,
        "no_authorization",
        "a browser without a session",
    )
    .await;
    refused(&ada, &id, 403, "not_admin", "a user by cookie").await;
    let script = app.script().with("st-auth-mode", "header");
    let session = script.sign_in("ada@example.com", PASSWORD).await.json();
    let token = session["access_token"].as_str().unwrap();
    refused(&bearer(&app, token), &id, 403, "not_admin", "a user by bearer token").await;

    let now = app.now().as_unix_seconds();
    let good = json!({ "role": "service_role", "iat": now, "exp": now + 60 });
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let unsigned = |head: Value| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signature = signed(&good, SECRET).rsplit_once('.').unwrap().1.to_owned();
        [
            format!("{}.{}.", part(&head), part(&good)),
            format!("{}.{}.{signature}", part(&head), part(&good)),
        ]
    };
    let mut bad = vec![
        (signed(&with("exp", json!(now - 1)), SECRET), "an expired service token"),
        (
            signed(&with("nbf", json!(now + 60)), SECRET),
            "a service token of tomorrow",
        ),
        (
            signed(&with("exp", json!("soon")), SECRET),
            "a service token without a moment",
        ),
        (
            signed(&good, "another secret of others, 32 bytes and more"),
            "a service token of another key",
        ),
        (signed(&good, ""), "a service token without a key"),
        (format!("{}x", signed(&good, SECRET)), "a changed service token"),
    ];
    for head in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS512" }),
        json!({ "alg": "HS256", "crit": ["b64"] }),
    ] {
        bad.extend(unsigned(head).map(|token| (token, "a service token with another head")));
    }
    for (token, who) in bad {
        refused(&bearer(&app, &token), &id, 403, "bad_jwt", who).await;
    }
    for role in ["authenticated", "", "admin", "SERVICE_ROLE", "service_role "] {
        let token = signed(&with("role", json!(role)), SECRET);
        refused(&bearer(&app, &token), &id, 403, "not_admin", role).await;
    }
    let stale = administrator(&app).await;
    app.wait(Duration::from_secs(24 * 3_600));
    refused(
        &stale,
        &id,
        403,
        "reauthentication_needed",
        "an administrator of yesterday",
    )
    .await;

    // Nobody changed anything, and whoever may, may.
    assert_eq!(ada.get("/api/auth/user").await.json()["role"], "authenticated");
    let token = app.auth.service_token(Duration::from_secs(60));
    let listed = bearer(&app, &token).get("/api/auth/admin/users").await;
    assert_eq!(listed.header("x-total-count"), Some("2"));
    // GoTrue's service keys have no end and no user, or one that is none.
    let forever = json!({ "role": "supabase_admin", "sub": "1234567890" });
    let answer = bearer(&app, &signed(&forever, SECRET))
        .get("/api/auth/admin/users")
        .await;
    assert_eq!(answer.status(), 200);
}

/// G6.2-21, G6.2-22: other roles, another key, and no token for ever.
async fn the_configuration_says_who_administrates(app: App) {
    const KEY: &str = "a key of the gateway's, 32 bytes and more";
    let usual = app;
    let app = usual
        .beside(|builder| {
            let admin = AdminConfig::default().roles(["support"]).role("operator");
            builder
                .keep_events(true)
                .admin(admin.require_expiry(true).key(Secret::new(KEY)))
        })
        .await;
    let now = app.now().as_unix_seconds();
    let claims = |role: &str| json!({ "role": role, "iat": now, "exp": now + 60 });
    let listed = async |app: &App, token: &str| bearer(app, token).get("/api/auth/admin/users").await;
    for role in ["support", "operator"] {
        for secret in [SECRET, KEY] {
            let answer = listed(&app, &signed(&claims(role), secret)).await;
            assert_eq!(answer.status(), 200, "{role} {answer:?}");
        }
        let forever = signed(&json!({ "role": role, "iat": now }), SECRET);
        refused(&bearer(&app, &forever), "x", 403, "bad_jwt", "a token without an end").await;
    }
    let own = app.auth.service_token(Duration::from_secs(60));
    assert_eq!(listed(&app, &own).await.status(), 200);
    // The usual ones are none here, and those of here are none elsewhere.
    for role in ["service_role", "supabase_admin"] {
        let token = signed(&claims(role), SECRET);
        refused(&bearer(&app, &token), "x", 403, "not_admin", role).await;
    }
    let answer = listed(&usual, &signed(&claims("service_role"), KEY)).await;
    assert_eq!((answer.status(), answer.error_code().as_str()), (403, "bad_jwt"));
    let answer = listed(&usual, &own).await;
    assert_eq!((answer.status(), answer.error_code().as_str()), (403, "not_admin"));

    // The same holds for people.
    let person = administrator(&app).await;
    refused(&person, "x", 403, "not_admin", "a person with a usual role").await;
    let id = person.get("/api/auth/user").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let role = AdminUserAttributes::default().role("support");
    app.auth.admin_update_user(&UserId::from(id), role).await.unwrap();
    person.sign_in("root@example.com", PASSWORD).await;
    assert_eq!(person.get("/api/auth/admin/users").await.status(), 200);
}

async fn administrator(app: &App) -> Client {
    let browser = app.signed_up("root@example.com").await;
    let id = browser.get("/api/auth/user").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let role = AdminUserAttributes::default().role("service_role");
    app.auth.admin_update_user(&UserId::from(id), role).await.unwrap();
    assert_eq!(browser.sign_in("root@example.com", PASSWORD).await.status(), 200);
    browser
}

async fn a_cookie_of_an_administrator_is_of_no_use_to_another_site(app: App) {
    let app = app.beside(|builder| builder.keep_events(true)).await;
    let admin = administrator(&app).await;
    let ada = app.signed_up("ada@example.com").await;
    let id = ada.get("/api/auth/user").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for client in [
        admin.copy().with("origin", "https://evil.example.net"),
        admin.copy().with("origin", "null"),
        admin
            .copy()
            .with("origin", "https://evil.example.net")
            .with("sec-fetch-site", "cross-site"),
        admin
            .copy()
            .with("origin", "https://other.example.com")
            .with("sec-fetch-site", "same-site"),
    ] {
        refused(&client, &id, 403, "origin_not_allowed", "another site").await;
    }
    let listed = admin.copy().with("origin", "https://admin.example.com");
    assert_eq!(listed.get("/api/auth/admin/users").await.status(), 200);
    assert_eq!(
        admin.get("/api/auth/admin/users").await.header("x-total-count"),
        Some("2")
    );
}

/// It opens the routes of administrators and nothing else.
async fn a_service_token_is_no_session(app: App) {
    for app in [
        app.clone(),
        App::with(app.driver, |builder| builder.sessions(Tokens::default())).await,
    ] {
        let service = bearer(&app, &app.auth.service_token(Duration::from_secs(60)));
        for path in [
            "/api/auth/user",
            "/api/auth/sessions",
            "/me",
            "/session",
            "/guarded",
            "/fresh",
            "/checked",
        ] {
            let answer = service.get(path).await;
            assert!([401, 403].contains(&answer.status()), "{path}: {answer:?}");
        }
        let answer = service.put("/api/auth/user", json!({ "data": { "a": 1 } })).await;
        assert!([401, 403].contains(&answer.status()), "{answer:?}");
        assert_eq!(service.get("/maybe").await.json(), json!({ "user": null }));
        assert_eq!(service.get("/api/auth/admin/users").await.status(), 200);
    }
}

async fn under_tokens_an_administrator_needs_a_live_session_and_a_fresh_proof(app: App) {
    let app = App::with(app.driver, |builder| builder.sessions(Tokens::default())).await;
    let ada = AdminUserAttributes::default()
        .email("root@example.com")
        .password(PASSWORD)
        .email_confirm(true)
        .role("service_role");
    let user = app.auth.admin_create_user(ada).await.unwrap();
    let script = app.script().with("st-auth-mode", "header");
    let sign_in = async || {
        let session = script.sign_in("root@example.com", PASSWORD).await.json();
        session["access_token"].as_str().unwrap().to_owned()
    };
    let admin = bearer(&app, &sign_in().await);
    assert_eq!(admin.get("/api/auth/admin/users").await.status(), 200);
    app.auth.invalidate_all_user_sessions(&user.id).await.unwrap();
    for (status, word) in ask_all(&admin, "x").await {
        assert!([401, 403].contains(&status), "{status} {word}");
    }
    let admin = bearer(&app, &sign_in().await);
    app.wait(Duration::from_secs(24 * 3_600));
    for (status, word) in ask_all(&admin, "x").await {
        assert!([401, 403].contains(&status), "{status} {word}");
    }
    // The role that counts is the account's, not the token's.
    let admin = bearer(&app, &sign_in().await);
    let patch = auth_core::UserPatch {
        role: Some("authenticated".to_owned()),
        ..auth_core::UserPatch::default()
    };
    app.store.update_user(&user.id, &patch).await.unwrap();
    refused(
        &admin,
        "x",
        403,
        "not_admin",
        "somebody who is no administrator any more",
    )
    .await;
    // Whoever is given another one signs in again.
    let patch = auth_core::UserPatch {
        role: Some("editor".to_owned()),
        ..auth_core::UserPatch::default()
    };
    app.auth.update_user(&user.id, patch).await.unwrap();
    refused(&admin, "x", 403, "session_not_found", "somebody with another role").await;
}

async fn refusals_are_the_same_for_what_is_there_and_what_is_not(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let id = ada.get("/api/auth/user").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let grace = app.signed_up("grace@example.com").await;
    for client in [app.script(), grace] {
        for (method, path) in ROUTES.iter().filter(|(_, path)| path.contains("{id}")) {
            let ask = async |id: &str| {
                let path = format!("/api/auth{}", path.replace("{id}", id));
                client.json(method, &path, json!({})).await.essence()
            };
            assert_eq!(ask(&id).await, ask("unknown").await, "{method} {path}");
        }
    }
}
