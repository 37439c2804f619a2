//! Tokens that others sign: with a secret they share with us, or with a key whose public half we were given.

use std::time::Duration;

use auth_core::{Algorithm, ErrorKind, PublicKey, Secret, SigningKeys, Tokens, adapter::SigningKeyAdapter};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, crypto, decode, encode};
use serde_json::{Value, json};

use super::{House, built, issue, opens, refresh, refused, with};
use crate::{App, Held, PASSWORD, stories};

stories![
    g6_4_22_a_gateway_signs_with_the_shared_secret,
    g6_4_22_a_shared_secret_makes_administrators_and_a_session_does_not,
    g6_4_22_tokens_can_be_signed_without_a_kid,
    g6_4_23_tokens_of_a_verify_only_key_open_what_lives,
    g6_4_23_a_verify_only_key_is_published_and_never_signs,
];

const KEY: &str = "the secret of the gateway as well, GoTrue's";

fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

/// As a gateway signs: without a name of the key.
fn signed(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(KEY.as_bytes())).unwrap()
}

/// What a gateway says of somebody's session.
fn claims_of(app: &App, issued: &auth_core::IssuedSession) -> Value {
    json!({
        "aud": "authenticated",
        "sub": issued.session.user_id.as_str(),
        "exp": app.now().as_unix_seconds() + 60,
        "role": "authenticated",
        "session_id": issued.session.id.as_str(),
    })
}

/// Whatever is wrong, refused; `claims` as they are, opened.
async fn only_what_is_right_opens(app: &House, sign: impl Fn(&Value) -> String) {
    let (issued, _) = issue(app).await;
    let (other, _) = issue(app).await;
    let claims = claims_of(app, &issued);
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        sign(&claims)
    };
    for token in [
        sign(&claims),
        with("iss", json!("https://app.example.com/api/auth")),
        with("nbf", json!(app.now().as_unix_seconds())),
        with("payload", json!({ "credits": 1_000_000 })),
    ] {
        assert_eq!(app.open(&token).await.unwrap(), None);
        let opened = app.auth.validate_access_token(&token, None).await.unwrap().session;
        // The session is the store's, whatever else the token says.
        assert_eq!(
            (&opened.id, &opened.user_id),
            (&issued.session.id, &issued.session.user_id)
        );
        assert_eq!(
            (&opened.payload, opened.authenticated_at()),
            (&issued.session.payload, issued.session.authenticated_at())
        );
        assert_eq!(app.bearer(&token).get("/me").await.text(), opened.user_id.as_str());
        let user = app.bearer(&token).get("/api/auth/user").await;
        assert_eq!(user.json()["id"], opened.user_id.as_str());
        assert_eq!(app.auth.get_user_by_token(&token).await.unwrap().id, opened.user_id);
        // In a cookie as well.
        let held = Held {
            access: token,
            refresh: String::new(),
        };
        assert_eq!(app.browser_with(&held).get("/session").await.text(), opened.id.as_str());
    }
    let now = app.now().as_unix_seconds();
    for (name, value) in [
        ("iss", json!("https://evil.test")),
        ("aud", json!("another")),
        ("aud", Value::Null),
        ("exp", json!(now - 1)),
        ("exp", Value::Null),
        ("nbf", json!(now + 1)),
        ("sub", json!(1)),
        ("session_id", Value::Null),
    ] {
        assert_eq!(
            refused(app, &with(name, value.clone())).await,
            ErrorKind::TryRefreshToken,
            "{name} {value}"
        );
    }
    // Signed rightly, for nobody's session or somebody else's.
    for (name, value) in [("session_id", json!("ses_none")), ("sub", json!("somebody"))] {
        let token = with(name, value);
        assert_eq!(refused(app, &token).await, ErrorKind::Unauthorised, "{name}");
        assert!(app.auth.get_user_by_token(&token).await.is_err());
        assert_eq!(app.bearer(&token).get("/api/auth/user").await.status(), 403);
        assert_eq!(app.bearer(&token).get("/me").await.status(), 401, "{name}");
    }
    // The store is asked each time: an ended session is over at once.
    let (token, others) = (sign(&claims), sign(&claims_of(app, &other)));
    app.auth.revoke_session(&issued.session.id).await.unwrap();
    assert_eq!(refused(app, &token).await, ErrorKind::Unauthorised);
    let answer = app.bearer(&token).get("/api/auth/user").await;
    assert_eq!(answer.refusal(), (403, "session_not_found".to_owned()));
    assert_eq!(app.open(&others).await.unwrap(), None);
    app.wait(Duration::from_secs(61));
    assert_eq!(refused(app, &others).await, ErrorKind::TryRefreshToken);
}

async fn g6_4_22_a_gateway_signs_with_the_shared_secret(app: App) {
    for (keys, check_store) in [
        (SigningKeys::fixed as fn(Secret) -> SigningKeys, false),
        (SigningKeys::shared, false),
        (SigningKeys::shared, true),
    ] {
        let tokens = Tokens::default().signing_keys(keys(Secret::new(KEY)));
        let app = with(&app, tokens.check_store(check_store)).await;
        only_what_is_right_opens(&app, signed).await;
        // As other libraries write it; what says more is none of these.
        let (issued, _) = issue(&app).await;
        let claims = claims_of(&app, &issued).to_string();
        let with = |header: Value, key: &str| {
            let message = format!(
                "{}.{}",
                URL_SAFE_NO_PAD.encode(header.to_string()),
                URL_SAFE_NO_PAD.encode(&claims)
            );
            let key = EncodingKey::from_secret(key.as_bytes());
            let signature = crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
            format!("{message}.{signature}")
        };
        for header in [json!({ "alg": "HS256" }), json!({ "alg": "HS256", "typ": "jwt" })] {
            assert_eq!(app.open(&with(header.clone(), KEY)).await.unwrap(), None, "{header}");
            let forged = app
                .auth
                .validate_access_token(&with(header, "another secret, 32 bytes and more"), None)
                .await;
            assert_eq!(forged.unwrap_err().kind(), ErrorKind::TryRefreshToken);
        }
    }
    // Nobody shares a key that is made here.
    let app = with(&app, Tokens::default()).await;
    let (issued, _) = issue(&app).await;
    let token = signed(&claims_of(&app, &issued));
    let error = app.auth.validate_access_token(&token, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TryRefreshToken);
    assert_eq!(app.bearer(&token).get("/session").await.status(), 401);
}

async fn g6_4_22_a_shared_secret_makes_administrators_and_a_session_does_not(app: App) {
    let app = with(
        &app,
        Tokens::default().signing_keys(SigningKeys::shared(Secret::new(KEY))),
    )
    .await;
    let ask = async |token: &str| app.bearer(token).get("/api/auth/admin/users").await;
    let service = json!({ "iss": "a gateway", "role": "service_role", "sub": "1234567890" });
    assert_eq!(ask(&signed(&service)).await.status(), 200);
    let answer = ask(&signed(&json!({ "role": "authenticated" }))).await;
    assert_eq!(answer.refusal(), (403, "not_admin".to_owned()));
    // A service token opens no session.
    assert_eq!(app.bearer(&signed(&service)).get("/session").await.status(), 401);

    // The role in the token of a session is what its user has, not what it says.
    let (issued, own) = issue(&app).await;
    let mut claims = claims_of(&app, &issued);
    claims["role"] = json!("service_role");
    assert_eq!(ask(&signed(&claims)).await.refusal(), (403, "not_admin".to_owned()));
    // And our own tokens, which have no kid either, are no service tokens when the user is an administrator.
    let patch = auth_core::UserPatch {
        role: Some("service_role".to_owned()),
        ..Default::default()
    };
    assert_eq!(ask(&own.access).await.refusal(), (403, "not_admin".to_owned()));
    auth_core::adapter::UserAdapter::update_user(&app.store, &issued.session.user_id, &patch)
        .await
        .unwrap();
    assert_eq!(ask(&own.access).await.status(), 200);
    app.wait(Duration::from_secs(16 * 60));
    assert_eq!(
        ask(&own.access).await.refusal(),
        (403, "reauthentication_needed".to_owned())
    );
    claims["exp"] = json!(app.now().as_unix_seconds() + 60);
    assert_eq!(
        ask(&signed(&claims)).await.refusal(),
        (403, "reauthentication_needed".to_owned())
    );
}

async fn g6_4_22_tokens_can_be_signed_without_a_kid(app: App) {
    let keys = |keys: fn(Secret) -> SigningKeys| Tokens::default().signing_keys(keys(Secret::new(KEY)));
    let shared = with(&app, keys(SigningKeys::shared)).await;
    let (_, held) = issue(&shared).await;
    assert_eq!(part(&held.access, 0), json!({ "alg": "HS256", "typ": "at+jwt" }));
    shared.store.forget_calls();
    assert_eq!(opens(&shared, &held).await, None);
    assert_eq!(shared.store.calls(), [""; 0]);
    let child = refresh(&shared, &held).await;
    assert!(opens(&shared, &child).await.is_some());
    assert_eq!(shared.store.get_signing_keys().await.unwrap(), []);
    let published = shared.script().get("/api/auth/.well-known/jwks.json").await;
    assert_eq!(published.text(), r#"{"keys":[]}"#);
    // Whoever has the secret checks it with any library.
    let mut validation = Validation::new(jsonwebtoken::Algorithm::HS256);
    validation.set_audience(&["authenticated"]);
    validation.validate_exp = false;
    decode::<Value>(&held.access, &DecodingKey::from_secret(KEY.as_bytes()), &validation).unwrap();
    // To name the key, or to leave that, signs nobody out.
    let fixed = shared
        .beside(|builder| builder.sessions(keys(SigningKeys::fixed)))
        .await;
    assert_eq!(opens(&fixed, &held).await, None);
    let named = refresh(&fixed, &child).await;
    assert!(part(&named.access, 0)["kid"].is_string());
    assert!(opens(&shared, &named).await.is_some());
}

/// A key of others, with its public half.
fn others_key() -> (EncodingKey, Value) {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let (x, y) = pair.public_key_raw()[1..].split_at(32);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let public = json!({ "kty": "EC", "crv": "P-256", "kid": "gateway", "x": x, "y": y });
    (EncodingKey::from_ec_der(&pair.serialize_der()), public)
}

async fn g6_4_23_tokens_of_a_verify_only_key_open_what_lives(app: App) {
    let (key, public) = others_key();
    let sign = |claims: &Value, kid: &str, algorithm| {
        let mut header = Header::new(algorithm);
        header.kid = Some(kid.to_owned());
        encode(&header, claims, &key).unwrap()
    };
    let es256 = jsonwebtoken::Algorithm::ES256;
    let verify_only = || PublicKey::from_jwk(&public.to_string()).unwrap();
    for algorithm in [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa] {
        let app = with(&app, Tokens::default().algorithm(algorithm).verify_only(verify_only())).await;
        only_what_is_right_opens(&app, |claims| sign(claims, "gateway", es256)).await;
        let (issued, _) = issue(&app).await;
        let claims = claims_of(&app, &issued);
        for stranger in [
            sign(&claims, "another", es256),
            encode(&Header::new(es256), &claims, &key).unwrap(),
            encode(&Header::new(es256), &claims, &others_key().0).unwrap(),
        ] {
            let error = app.auth.validate_access_token(&stranger, None).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TryRefreshToken);
        }
        // The algorithm is the key's: its public half is no secret of HS256, and its name no other key's.
        let header = Header {
            kid: Some("gateway".to_owned()),
            ..Header::default()
        };
        let x = URL_SAFE_NO_PAD.decode(public["x"].as_str().unwrap()).unwrap();
        for secret in [x, public.to_string().into_bytes()] {
            let forged = encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap();
            let error = app.auth.validate_access_token(&forged, None).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TryRefreshToken);
        }
        // It makes no administrators.
        let service = sign(&json!({ "role": "service_role" }), "gateway", es256);
        assert_eq!(app.bearer(&service).get("/api/auth/admin/users").await.status(), 403);
    }
    // Beside a shared secret as well.
    let shared = Tokens::default()
        .signing_keys(SigningKeys::shared(Secret::new(KEY)))
        .verify_only(verify_only());
    let app = with(&app, shared).await;
    only_what_is_right_opens(&app, |claims| sign(claims, "gateway", es256)).await;
    only_what_is_right_opens(&app, signed).await;
}

async fn g6_4_23_a_verify_only_key_is_published_and_never_signs(app: App) {
    // The server that was here before, on the same database with a secret that nobody has any more.
    let before = built(&app, |builder| {
        builder
            .secret(Secret::new("the secret that got lost, 32 bytes and more"))
            .sessions(Tokens::default().algorithm(Algorithm::Es256))
    })
    .await;
    let (_, held) = issue(&before).await;
    let jwks = "/api/auth/.well-known/jwks.json";
    let published = before.script().get(jwks).await.json();
    let old = published["keys"][0].clone();
    let tokens = || Tokens::default().algorithm(Algorithm::EdDsa);
    let without = before.beside(|builder| builder.sessions(tokens())).await;
    assert_eq!(refused(&without, &held.access).await, ErrorKind::TryRefreshToken);
    let key = PublicKey::from_jwk(&old.to_string()).unwrap();
    assert_eq!(
        (key.kid(), key.algorithm()),
        (old["kid"].as_str().unwrap(), Algorithm::Es256)
    );
    let after = before
        .beside(|builder| builder.sessions(tokens().verify_only(key)))
        .await;
    assert_eq!(opens(&after, &held).await, None);
    let new = app_token(&after).await;
    assert_eq!(part(&new, 0)["alg"], "EdDSA");
    let keys = after.script().get(jwks).await.json()["keys"]
        .as_array()
        .unwrap()
        .clone();
    assert!(keys.contains(&old), "{keys:?}");
    let ours: Vec<&Value> = keys.iter().filter(|key| **key != old).collect();
    assert!(
        !ours.is_empty() && ours.iter().all(|key| key["crv"] == "Ed25519"),
        "{keys:?}"
    );
    assert!(keys.iter().all(|key| key.get("d").is_none()));
}

/// The access token of somebody who signs in.
async fn app_token(app: &App) -> String {
    app.wait(super::AHEAD);
    let session = app.keeper().sign_up("new@example.com", PASSWORD).await.json();
    session["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_no_public_key_is_refused_with_the_reason() {
    let ed25519 = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let read = |jwk: &Value| PublicKey::from_jwk(&jwk.to_string());
    let with = |name: &str, value: Value| {
        let mut jwk = ed25519.clone();
        jwk[name] = value;
        jwk
    };
    for good in [
        ed25519.clone(),
        with("use", json!("sig")),
        with("alg", json!("EdDSA")),
        with("key_ops", json!(["verify"])),
        others_key().1,
    ] {
        read(&good).unwrap();
    }
    let mut off_the_curve = others_key().1;
    off_the_curve["y"] = off_the_curve["x"].clone();
    for (bad, reason) in [
        (json!([]), "no JSON object"),
        (json!({ "keys": [] }), "no `kid`"),
        (with("kid", Value::Null), "no `kid`"),
        (with("kid", json!("")), "no `kid`"),
        (
            with("d", json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")),
            "private part",
        ),
        (json!({ "kty": "oct", "kid": "k", "k": "AAAA" }), "private part"),
        (with("use", json!("enc")), "not for checking"),
        (with("key_ops", json!(["sign"])), "not for checking"),
        (with("alg", json!("HS256")), "another algorithm"),
        (with("crv", json!("Ed448")), "none of P-256"),
        (with("x", json!("AAAA")), "none of P-256"),
        // A point of low order: everybody signs with it.
        (
            with("x", json!("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
            "none of P-256",
        ),
        (off_the_curve, "none of P-256"),
        (
            json!({ "kty": "RSA", "kid": "k", "n": "w7Zdfmece8iaB0kiTY8pCtiBtzbptJmP28nSWwtdjRu0f2GFpajvWE4VhfJAjEsOcwYzay7XGN0b-X84BfC8hmCTOj2b2eHT7NsZegFPKRUQzJ9wW8ipn_aDJWMGDuB1XyqT1E7DYqjUCEOD1b4FLpy_xPn6oV_TYOfQ9fZdbE5HGxJUzekuGcOKqOQ8M7wfYHhHHLxGpQVgL0apWuP2gDDOdTtpuld4D2LK1MZK99s9gaSjRHE8JDb1Z4IGhEcEyzkxswVdPndUWzfvWBBWXWxtSUvQGBRkuy1BHOa4sP6FKjWEeeF7gm7UMs2Nm2QUgNZw6xvEDGaLk4KASdIxR", "e": "AA" }),
            "none of P-256",
        ),
    ] {
        let error = read(&bad).unwrap_err();
        assert_eq!(error.problems()[0].option, "tokens.verify_only");
        let told = error.to_string();
        assert!(told.contains(reason), "{bad}: {told}");
        assert!(!told.contains("nWGxne_9WmC6"), "{told}");
    }
}
