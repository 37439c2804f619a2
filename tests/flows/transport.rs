//! What GoTrue's clients rely on whatever they ask: bodies, error shapes, and why a bearer token opens nothing.

use std::time::Duration;

use auth_core::{RefreshAt, Tokens, UserId, testing::Fault};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{App, Client, PASSWORD, stories};

stories![
    json_without_a_type_is_json,
    members_nobody_knows_are_left_alone,
    every_error_is_json_with_its_word_in_a_header,
    a_missing_bearer_is_401,
    a_bearer_that_is_none_of_ours_is_403,
    an_ended_session_is_told_on_every_route,
    elsewhere_an_ended_session_is_nobody,
    where_nobody_has_to_be_signed_in_a_session_to_be_renewed_is_told,
    signed_tokens_say_whose_they_were,
    clients_of_supertokens_hear_their_own_words,
    signing_out_with_what_is_over_is_no_error,
    another_audience_is_refused,
    the_default_audience_and_role_are_configurable,
    what_is_missing_at_sign_in_is_said,
    the_routes_live_under_any_prefix,
];

/// A program that has signed up, under either strategy.
async fn keeper(app: &App, tokens: bool) -> (App, Client, String) {
    let app = App::with(app.driver, |builder| match tokens {
        true => builder.sessions(Tokens::default()),
        false => builder,
    })
    .await;
    let session = app.keeper().sign_up("ada@example.com", PASSWORD).await.json();
    let access = session["access_token"].as_str().unwrap().to_owned();
    (app.clone(), app.bearer(&access), access)
}

/// G6.2-01.
async fn json_without_a_type_is_json(app: App) {
    let body = json!({ "email": "ada@example.com", "password": PASSWORD }).to_string();
    let script = app.script();
    let answer = script
        .send("POST", "/api/auth/signup", Some("text/plain;charset=UTF-8"), &body)
        .await;
    assert_eq!(
        (answer.status(), &answer.json()["user"]["email"]),
        (200, &json!("ada@example.com"))
    );
}

/// G6.2-03.
async fn members_nobody_knows_are_left_alone(app: App) {
    let body = json!({
        "email": "ada@example.com", "password": PASSWORD, "phone": null, "data": null, "code_challenge": null,
        "code_challenge_method": null, "gotrue_meta_security": {}, "foo": 1,
    });
    assert_eq!(app.keeper().post("/api/auth/signup", body).await.status(), 200);
}

/// G6.2-02, G6.2-04, G6.2-05, G6.2-07, G6.2-08, G6.2-09, G6.2-10, G6.2-11.
async fn every_error_is_json_with_its_word_in_a_header(app: App) {
    let large = format!("{{\"email\":\"{}\"}}", "a".repeat(70_000));
    for version in [
        None,
        Some("2024-01-01"),
        Some("2025-06-01"),
        Some("nonsense"),
        Some("2023-12-31"),
    ] {
        let client = match version {
            Some(version) => app.keeper().with("x-supabase-api-version", version),
            None => app.keeper(),
        };
        let is_new = version.is_some_and(|version| version.starts_with("202") && version >= "2024-01-01");
        for (method, path, kind, body, status, word) in [
            ("GET", "/api/auth/nothing", None, "", 404, "not_found"),
            ("DELETE", "/api/auth/signup", None, "", 405, "method_not_allowed"),
            (
                "POST",
                "/api/auth/signup",
                Some("application/json"),
                large.as_str(),
                413,
                "request_entity_too_large",
            ),
            (
                "POST",
                "/api/auth/signup",
                Some("application/xml"),
                "<a/>",
                415,
                "unsupported_media_type",
            ),
            (
                "POST",
                "/api/auth/signup",
                Some("application/json"),
                "{",
                400,
                "bad_json",
            ),
        ] {
            let answer = client.send(method, path, kind, body).await;
            let told = answer.json();
            assert_eq!(answer.status(), status, "{path} {answer:?}");
            assert_eq!(answer.header("x-sb-error-code"), Some(word));
            if is_new {
                assert_eq!((&told["code"], told["message"].is_string()), (&json!(word), true));
                assert_eq!(answer.header("x-supabase-api-version"), Some("2024-01-01"));
            } else {
                assert_eq!((&told["code"], &told["error_code"]), (&json!(status), &json!(word)));
                assert!(told["msg"].is_string());
            }
        }
    }
    app.store.fail(Fault::Always);
    let answer = app.keeper().sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.json()["error_id"].as_str().is_some_and(|id| id.len() >= 8));
    assert!(!answer.text().contains("implementation details"));
}

/// The routes that take a bearer token, as the service describes them. Who is asking comes before what is asked for, so that an
/// empty body does.
///
/// Others that also read one, and what becomes of an ended session there, are in [`elsewhere_an_ended_session_is_nobody`].
async fn routes(app: &App) -> Vec<Route> {
    let routes = described(app, |operation| operation["security"].is_array()).await;
    for known in [
        ("GET", "/api/auth/user"),
        ("PUT", "/api/auth/user"),
        ("DELETE", "/api/auth/sessions/x"),
        ("POST", "/api/auth/invite"),
        ("POST", "/api/auth/admin/generate_link"),
    ] {
        assert!(
            routes
                .iter()
                .any(|(method, path, _)| (method.as_str(), path.as_str()) == known),
            "{known:?} is not among them"
        );
    }
    assert!(routes.len() >= 17, "{routes:?}");
    routes
}

/// Method, path and an empty body, where there may be one.
pub(crate) type Route = (String, String, Value);

/// The routes of whose description something is true; a new one is among them by itself.
pub(crate) async fn described(app: &App, is_meant: impl Fn(&Value) -> bool) -> Vec<Route> {
    let document = app.script().get("/api/auth/openapi.json").await.json();
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if is_meant(operation) {
                let path = format!("/api/auth{}", path.replace("{id}", "x"));
                let body = if method == "get" { Value::Null } else { json!({}) };
                routes.push((method.to_uppercase(), path, body));
            }
        }
    }
    routes
}

async fn ask(client: &Client, (method, path, body): &Route) -> (u16, String, String) {
    let answer = match body {
        Value::Null => client.send(method, path, None, "").await,
        body => client.json(method, path, body.clone()).await,
    };
    let sentence = answer.json()["msg"].as_str().unwrap_or_default().to_owned();
    (answer.status(), answer.error_code(), sentence)
}

/// G6.2-14.
async fn a_missing_bearer_is_401(app: App) {
    for tokens in [false, true] {
        let (app, ..) = keeper(&app, tokens).await;
        for route in routes(&app).await {
            for client in [app.script(), app.script().with("authorization", "Basic dTpw")] {
                let (status, word, sentence) = ask(&client, &route).await;
                assert_eq!((status, word.as_str()), (401, "no_authorization"), "{tokens} {route:?}");
                assert_eq!(sentence, "This endpoint requires a valid Bearer token");
            }
        }
    }
}

/// G6.2-15, G6.2-16, G6.6-04.
async fn a_bearer_that_is_none_of_ours_is_403(app: App) {
    for tokens in [false, true] {
        let (app, _, access) = keeper(&app, tokens).await;
        let foreign = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
        for junk in ["junk", foreign, &format!("{access}x"), "a.b.c"] {
            let mut all = routes(&app).await;
            all.push(("POST".to_owned(), "/api/auth/logout".to_owned(), json!({})));
            for route in all {
                let (status, word, sentence) = ask(&app.bearer(junk), &route).await;
                assert_eq!((status, word.as_str()), (403, "bad_jwt"), "{tokens} {junk} {route:?}");
                assert!(
                    sentence.starts_with("invalid JWT: unable to parse or verify signature"),
                    "{sentence}"
                );
            }
        }
        if tokens {
            app.wait(Duration::from_secs(2 * 3_600));
            let (status, word, _) = ask(&app.bearer(&access), &routes(&app).await[0]).await;
            assert_eq!(
                (status, word.as_str()),
                (403, "bad_jwt"),
                "an access token that is over"
            );
        }
    }
}

/// G6.2-18, G6.6-01, G6.6-06.
async fn an_ended_session_is_told_on_every_route(app: App) {
    for tokens in [false, true] {
        let (app, ada, access) = keeper(&app, tokens).await;
        let session = app.keeper().sign_in("ada@example.com", PASSWORD).await.json();
        assert_eq!(ada.get("/api/auth/user").await.status(), 200);
        let answer = ada.post("/api/auth/logout", json!({})).await;
        assert_eq!((answer.status(), answer.text()), (204, ""));
        if tokens {
            // Refresh tokens too, that of another session of hers as well.
            let body = json!({ "refresh_token": session["refresh_token"] });
            let path = "/api/auth/token?grant_type=refresh_token";
            let refused = app.script().post(path, body).await;
            assert_eq!(refused.refusal(), (400, "session_not_found".to_owned()), "{refused:?}");
        }
        for route in routes(&app).await {
            let (status, word, _) = ask(&app.bearer(&access), &route).await;
            assert_eq!(
                (status, word.as_str()),
                (403, "session_not_found"),
                "{tokens} {route:?}"
            );
        }
    }
}

/// `GET /session` tells pages who is there, so that nobody is no error; signing out twice is none either; whoever signs up or in
/// is who they say, whatever they held before. `POST /cookie` keeps no such token: that story is with the cookie's.
async fn elsewhere_an_ended_session_is_nobody(app: App) {
    for tokens in [false, true] {
        let (app, ada, access) = keeper(&app, tokens).await;
        ada.post("/api/auth/logout", json!({})).await;
        let late = app.bearer(&access);
        let session = late.get("/api/auth/session").await;
        assert_eq!(
            (session.status(), session.json()),
            (200, json!({ "session": null, "user": null }))
        );
        assert_eq!(late.post("/api/auth/logout", json!({})).await.status(), 204);
        assert_eq!(late.sign_in("ada@example.com", PASSWORD).await.status(), 200);
    }
}

/// A page that asks who is there, or signs out, must not take a session for over that its access token cannot reach any more.
async fn where_nobody_has_to_be_signed_in_a_session_to_be_renewed_is_told(app: App) {
    let app = App::with(app.driver, |builder| {
        builder.sessions(Tokens::default().refresh_at(RefreshAt::Endpoint))
    })
    .await;
    let ada = app.signed_up("ada@example.com").await;
    ada.forget_cookie("__Host-auth_access");
    for (method, path, status) in [
        ("GET", "/api/auth/session", 401),
        ("POST", "/api/auth/logout", 401),
        ("POST", "/api/auth/signout", 401),
        ("POST", "/api/auth/session/refresh", 200),
        ("GET", "/api/auth/session", 200),
    ] {
        let answer = ada.json(method, path, json!({})).await;
        assert_eq!(answer.status(), status, "{method} {path} {answer:?}");
        if status == 401 {
            assert_eq!(answer.error_code(), "bad_jwt");
        }
    }
    let access = ada.cookie("__Host-auth_access").unwrap();
    app.wait(Duration::from_secs(2 * 3_600));
    let late = app.bearer(&access).get("/api/auth/session").await;
    assert_eq!(late.refusal(), (401, "bad_jwt".to_owned()));
}

/// G6.2-17, G6.2-19.
async fn signed_tokens_say_whose_they_were(app: App) {
    let (app, ada, _) = keeper(&app, true).await;
    let id = UserId::from(ada.get("/api/auth/user").await.json()["id"].as_str().unwrap());
    app.auth
        .ban_user(&id, Some(app.now() + Duration::from_secs(600)))
        .await
        .unwrap();
    assert_eq!(
        ada.get("/api/auth/user").await.refusal(),
        (403, "user_banned".to_owned())
    );
    app.auth.delete_user(&id).await.unwrap();
    assert_eq!(
        ada.get("/api/auth/user").await.refusal(),
        (403, "user_not_found".to_owned())
    );
}

async fn clients_of_supertokens_hear_their_own_words(app: App) {
    let (app, _, access) = keeper(&app, true).await;
    app.wait(Duration::from_secs(2 * 3_600));
    for (name, value) in [("rid", "anti-csrf"), ("st-auth-mode", "header")] {
        let answer = app.bearer(&access).with(name, value).get("/api/auth/user").await;
        assert_eq!(
            (answer.status(), &answer.json()["message"]),
            (401, &json!("try refresh token"))
        );
    }
}

/// G6.6-03, G6.6-05.
async fn signing_out_with_what_is_over_is_no_error(app: App) {
    for tokens in [false, true] {
        let (_, ada, _) = keeper(&app, tokens).await;
        let bad = ada.post("/api/auth/logout?scope=x", json!({})).await;
        assert_eq!(
            (bad.status(), &bad.json()["msg"]),
            (400, &json!("Unsupported logout scope \"x\""))
        );
        for _ in 0..2 {
            assert_eq!(ada.post("/api/auth/logout", json!({})).await.status(), 204);
        }
    }
}

/// G6.2-23.
async fn another_audience_is_refused(app: App) {
    for tokens in [false, true] {
        let (app, _, access) = keeper(&app, tokens).await;
        for (audience, status) in [("authenticated", 200), ("", 200), ("another", 400)] {
            let answer = app
                .bearer(&access)
                .with("x-jwt-aud", audience)
                .get("/api/auth/user")
                .await;
            assert_eq!(answer.status(), status, "{audience:?}");
            if status == 400 {
                assert_eq!(answer.error_code(), "unexpected_audience");
            }
        }
    }
}

/// G6.2-24: of users and of access tokens, under either strategy.
async fn the_default_audience_and_role_are_configurable(app: App) {
    for (audience, role) in [("", ""), ("authenticated", "authenticated"), ("shop", "customer")] {
        for tokens in [false, true] {
            let configured = App::with(app.driver, |builder| {
                let builder = builder.audience(audience).default_role(role);
                if tokens {
                    builder.sessions(Tokens::default())
                } else {
                    builder
                }
            })
            .await;
            let session = configured.keeper().sign_up("ada@example.com", PASSWORD).await.json();
            let user = &session["user"];
            assert_eq!((&user["aud"], &user["role"]), (&json!(audience), &json!(role)));
            let access = session["access_token"].as_str().unwrap();
            if tokens {
                let claims = access.split('.').nth(1).unwrap();
                let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
                assert_eq!((&claims["aud"], &claims["role"]), (&json!(audience), &json!(role)));
            }
            let ada = configured.bearer(access);
            assert_eq!(ada.get("/api/auth/user").await.json()["aud"], audience);
            for (asked, status) in [(audience, 200), ("", 200), ("another", 400)] {
                let ada = configured.bearer(access).with("x-jwt-aud", asked);
                assert_eq!(ada.get("/api/auth/user").await.status(), status, "{asked:?}");
            }
            if tokens {
                let other = configured
                    .beside(|builder| builder.sessions(Tokens::default()).audience("other"))
                    .await;
                assert_eq!(other.bearer(access).get("/api/auth/user").await.refusal().1, "bad_jwt");
            }
        }
    }
}

/// G6.4-08.
async fn what_is_missing_at_sign_in_is_said(app: App) {
    let path = "/api/auth/token?grant_type=password";
    for (body, sentence) in [
        (json!({ "password": PASSWORD }), "missing email or phone"),
        (
            json!({ "email": "ada@example.com", "phone": "15551234567", "password": PASSWORD }),
            "Only an email address or phone number should be provided on login.",
        ),
    ] {
        let answer = app.keeper().post(path, body).await;
        assert_eq!(answer.refusal(), (400, "validation_failed".to_owned()));
        assert_eq!(answer.json()["msg"], sentence);
    }
}

/// G6.2-26.
async fn the_routes_live_under_any_prefix(app: App) {
    for prefix in ["/auth/v1", "/a/b/c"] {
        let app = App::with(app.driver, |builder| builder.base_path(prefix)).await;
        assert_eq!(app.script().get(&format!("{prefix}/health")).await.status(), 200);
        let body = json!({ "email": "ada@example.com", "password": PASSWORD });
        assert_eq!(app.keeper().post(&format!("{prefix}/signup"), body).await.status(), 200);
        assert_eq!(app.script().get("/public").await.text(), "public");
    }
}
