//! RS256, for those who can check nothing else.

use auth_core::{Algorithm, ErrorKind, NewSession, PublicKey, Secret, Tokens, adapter::SigningKeyAdapter};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};

use super::{AHEAD, HOUR, issue, opens, refresh, refused, with};
use crate::{App, Held, stories};

stories![
    g6_4_23_rs256_signs_rotates_and_is_published,
    g6_4_23_an_rs256_key_is_encrypted_at_rest,
    g6_4_23_an_rs256_key_of_others_only_checks,
    g6_4_23_a_token_of_rs256_fits_into_a_cookie,
];

const JWKS: &str = "/api/auth/.well-known/jwks.json";

fn rs256() -> Tokens {
    Tokens::default().algorithm(Algorithm::Rs256)
}

fn header(held: &Held) -> &str {
    held.access.split('.').next().unwrap()
}

async fn g6_4_23_rs256_signs_rotates_and_is_published(app: App) {
    let app = with(&app, rs256().key_interval(HOUR).access_validity(2 * HOUR)).await;
    let (_, first) = issue(&app).await;
    assert_eq!(opens(&app, &first).await, None);
    let child = refresh(&app, &first).await;
    assert!(opens(&app, &child).await.is_some());
    assert_eq!(app.browser_with(&first).get("/session").await.status(), 200);
    // Changed anywhere, it is nobody's.
    for position in (0..first.access.len()).step_by(97) {
        let mut bent = first.access.clone().into_bytes();
        bent[position] = if bent[position] == b'A' { b'B' } else { b'A' };
        let error = app
            .auth
            .validate_access_token(&String::from_utf8(bent).unwrap(), None)
            .await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::TryRefreshToken, "{position}");
    }
    // Another library checks it with what is published.
    let published = app.script().get(JWKS).await.json();
    let keys = published["keys"].as_array().unwrap();
    assert_eq!(
        (keys.len(), &keys[0]["kty"], &keys[0]["alg"]),
        (1, &json!("RSA"), &json!("RS256"))
    );
    assert_eq!(keys[0]["e"], "AQAB");
    assert_eq!(
        URL_SAFE_NO_PAD.decode(keys[0]["n"].as_str().unwrap()).unwrap().len(),
        256
    );
    assert_eq!(keys[0].as_object().unwrap().len(), 6, "{}", keys[0]);
    let keys: JwkSet = serde_json::from_value(published).unwrap();
    let kid = decode_header(&first.access).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
    let mut validation = Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_audience(&["authenticated"]);
    validation.validate_exp = false;
    decode::<Value>(&first.access, &key, &validation).unwrap();
    // The next is there before it signs, and the old one goes on checking.
    app.wait(HOUR - AHEAD);
    assert_eq!(app.script().get(JWKS).await.json()["keys"].as_array().unwrap().len(), 2);
    app.wait(AHEAD);
    let (_, second) = issue(&app).await;
    assert_ne!(header(&second), header(&first));
    assert_eq!(opens(&app, &first).await, None);
    assert_eq!(opens(&app, &second).await, None);
    refresh(&app, &child).await;
}

async fn g6_4_23_an_rs256_key_is_encrypted_at_rest(app: App) {
    let app = with(&app, rs256()).await;
    let (_, held) = issue(&app).await;
    let stored = app.store.get_signing_keys().await.unwrap();
    assert_eq!((stored.len(), stored[0].algorithm.as_str()), (1, "RS256"));
    let published = app.script().get(JWKS).await.json();
    let n = URL_SAFE_NO_PAD
        .decode(published["keys"][0]["n"].as_str().unwrap())
        .unwrap();
    // Not even the public half is there in clear.
    assert!(!stored[0].sealed.windows(16).any(|window| window == &n[..16]));
    // Another process with the secret opens it, one without does not.
    let beside = app.beside(|builder| builder.sessions(rs256())).await;
    assert_eq!(opens(&beside, &held).await, None);
    let stranger = app
        .beside(|builder| {
            builder
                .secret(Secret::new("the second secret, 32 bytes and more"))
                .sessions(rs256())
        })
        .await;
    assert_eq!(refused(&stranger, &held.access).await, ErrorKind::TryRefreshToken);
}

async fn g6_4_23_an_rs256_key_of_others_only_checks(app: App) {
    let before = with(&app, rs256()).await;
    let (_, held) = issue(&before).await;
    let old = before.script().get(JWKS).await.json()["keys"][0].clone();
    let key = PublicKey::from_jwk(&old.to_string()).unwrap();
    assert_eq!(key.algorithm(), Algorithm::Rs256);
    let other = || Secret::new("the second secret, 32 bytes and more");
    let after = before
        .beside(|builder| builder.secret(other()).sessions(Tokens::default().verify_only(key)))
        .await;
    assert_eq!(opens(&after, &held).await, None);
    assert_eq!(after.script().get(JWKS).await.json(), json!({ "keys": [old.clone()] }));
    // Keys that are too short to trust are none.
    let mut short = old.clone();
    let n = URL_SAFE_NO_PAD.decode(old["n"].as_str().unwrap()).unwrap();
    short["n"] = json!(URL_SAFE_NO_PAD.encode(&n[..128]));
    assert!(PublicKey::from_jwk(&short.to_string()).is_err());
    // Under the exponents one and two everything, and nothing, is signed.
    for (member, value) in [("e", "AQ"), ("e", "Ag"), ("e", ""), ("n", ""), ("x5c", "")] {
        let mut bent = old.clone();
        bent[member] = json!(value);
        let read = PublicKey::from_jwk(&bent.to_string());
        assert_eq!(read.is_ok(), member == "x5c", "{member} {value}");
    }
}

async fn g6_4_23_a_token_of_rs256_fits_into_a_cookie(app: App) {
    let app = with(&app, rs256()).await;
    let mut session = NewSession::default();
    session.payload = json!({ "x": "x".repeat(1_528) }).as_object().unwrap().clone();
    let issued = app.auth.create_session(&app.proof, session).await.unwrap();
    let tokens = issued.tokens.unwrap();
    assert!(tokens.access.expose().len() < 4_000, "{}", tokens.access.expose().len());
    // What users note about themselves gives way.
    for length in [1_000, 1_800, 30_000] {
        let browser = app.browser();
        let body = json!({
            "email": format!("bob{length}@example.com"), "password": crate::PASSWORD, "data": { "about": "x".repeat(length) },
        });
        let answer = browser.post("/api/auth/signup", body).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        for cookie in answer.set_cookies() {
            assert!(cookie.split(';').next().unwrap().len() <= 4_096, "{length}");
        }
        assert_eq!(browser.get("/me").await.status(), 200);
    }
}
