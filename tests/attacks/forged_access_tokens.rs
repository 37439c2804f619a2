//! Access tokens somebody made up or bent: the table of RFC 8725, and every bit.

use std::time::Duration;

use auth_core::{
    Algorithm, Auth, ErrorKind, NewSession, NewUser, Secret, SessionTokens, SigningKeys, Tokens, testing::FaultyAdapter,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode, jwk::JwkSet};
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

use crate::{App, Driver, PASSWORD, runtime};

const KEY: &str = "a key of the application, 32 bytes and more";

async fn app(tokens: Tokens) -> (App, SessionTokens) {
    let app = App::with(Driver::Core, |builder| builder.sessions(tokens)).await;
    app.auth
        .create_user(NewUser::with_password("username", "ada", PASSWORD))
        .await
        .unwrap();
    let proof = app.auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
    let issued = app.auth.create_session(&proof, NewSession::default()).await.unwrap();
    (app, issued.tokens.unwrap())
}

/// With a key that this test knows as well, so that signatures can be right and everything else wrong.
async fn with_known_key() -> (App, SessionTokens) {
    app(Tokens::default().signing_keys(SigningKeys::fixed(Secret::new(KEY)))).await
}

async fn refused(app: &App, token: &str) {
    let error = app.auth.validate_access_token(token, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TryRefreshToken, "{token}");
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&B64.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

/// Signed with the right key, by another library.
fn signed(header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
    let key = EncodingKey::from_secret(KEY.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

#[tokio::test]
async fn what_this_test_signs_would_pass_if_it_were_right() {
    let (app, tokens) = with_known_key().await;
    let token = tokens.access.expose();
    let again = signed(&part(token, 0), &part(token, 1));
    app.auth.validate_access_token(&again, None).await.unwrap();
}

#[tokio::test]
async fn a_header_that_is_not_ours_is_refused_although_the_signature_is_right() {
    let (app, tokens) = with_known_key().await;
    let token = tokens.access.expose();
    let (header, claims) = (part(token, 0), part(token, 1));
    let with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        header
    };
    let mut without_typ = header.clone();
    without_typ.as_object_mut().unwrap().remove("typ");
    for bent in [
        with("alg", json!("none")),
        with("alg", json!("None")),
        with("alg", json!("")),
        with("alg", json!("HS384")),
        with("alg", json!("HS512")),
        with("alg", json!("RS256")),
        with("alg", json!("ES256")),
        with("typ", json!("JWT")),
        with("typ", json!("dpop+jwt")),
        without_typ,
        with("kid", json!("another")),
        with("kid", json!("../../../../dev/null")),
        with("kid", json!("' OR 1=1 --")),
        with("kid", json!("https://evil.test/jwks.json")),
        with("jku", json!("https://evil.test/jwks.json")),
        with("x5u", json!("https://evil.test/cert.pem")),
        with("jwk", json!({ "kty": "oct", "k": "AAAA" })),
        with("crit", json!(["exp"])),
        with("b64", json!(false)),
        with("zip", json!("DEF")),
    ] {
        refused(&app, &signed(&bent, &claims)).await;
    }
}

/// A gateway that has the key names none; beyond that its header may say nothing.
#[tokio::test]
async fn a_header_without_a_kid_says_nothing_else_although_the_signature_is_right() {
    let (app, tokens) = with_known_key().await;
    let claims = part(tokens.access.expose(), 1);
    let plain = json!({ "alg": "HS256", "typ": "JWT" });
    app.auth
        .validate_access_token(&signed(&plain, &claims), None)
        .await
        .unwrap();
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS384")),
        ("alg", json!("HS512")),
        ("alg", json!("RS256")),
        ("alg", json!("hs256")),
        ("alg", json!(["HS256"])),
        ("typ", json!("dpop+jwt")),
        ("typ", json!("logout+jwt")),
        ("typ", json!("")),
        ("kid", json!("")),
        ("kid", json!("another")),
        ("kid", json!("' OR 1=1 --")),
        ("cty", json!("JWT")),
        ("jku", json!("https://evil.test/jwks.json")),
        ("x5u", json!("https://evil.test/cert.pem")),
        ("jwk", json!({ "kty": "oct", "k": "AAAA" })),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
    ] {
        let mut bent = plain.clone();
        bent[name] = value;
        refused(&app, &signed(&bent, &claims)).await;
    }
    // A member given twice, and what is no object.
    for header in [r#"{"alg":"HS256","alg":"none"}"#, r#"["HS256"]"#, r#""HS256""#, "null"] {
        let message = format!("{}.{}", B64.encode(header), B64.encode(claims.to_string()));
        let key = EncodingKey::from_secret(KEY.as_bytes());
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
        refused(&app, &format!("{message}.{signature}")).await;
    }
}

#[tokio::test]
async fn claims_for_others_or_without_an_end_are_refused_although_the_signature_is_right() {
    let (app, tokens) = with_known_key().await;
    let token = tokens.access.expose();
    let (header, claims) = (part(token, 0), part(token, 1));
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    for bent in [
        with("iss", json!("https://evil.test")),
        with("iss", json!("https://app.example.com")),
        with("aud", json!("another")),
        with("aud", json!(["authenticated"])),
        with("exp", json!(0)),
        with("exp", json!(-1)),
        with("exp", json!("9999999999")),
        with("exp", json!(1e30)),
        with("exp", json!(claims["iat"].as_i64().unwrap() - 1)),
        with("sub", json!(1)),
        with("refresh", json!({})),
    ] {
        refused(&app, &signed(&header, &bent)).await;
    }
    for name in ["iss", "aud", "sub", "exp", "session_id", "refresh"] {
        let mut missing = claims.clone();
        missing.as_object_mut().unwrap().remove(name);
        refused(&app, &signed(&header, &missing)).await;
    }
    for text in ["", "[]", "null", "{", "\u{0}"] {
        let message = format!("{}.{}", B64.encode(header.to_string()), B64.encode(text));
        let key = EncodingKey::from_secret(KEY.as_bytes());
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
        refused(&app, &format!("{message}.{signature}")).await;
    }
}

#[tokio::test]
async fn unsigned_tokens_and_those_of_other_keys_are_refused() {
    let (app, tokens) = with_known_key().await;
    let token = tokens.access.expose();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let none = B64.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
    let claims = token.split('.').nth(1).unwrap();
    let header = Header::new(jsonwebtoken::Algorithm::HS256);
    let mut others = vec![
        message.to_owned(),
        format!("{message}."),
        format!("{message}.AAAA"),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{token}="),
        format!(" {token}"),
        String::new(),
        "..".to_owned(),
        ".".repeat(1_000),
        "A".repeat(1_000_000),
    ];
    for key in ["", KEY[1..].to_owned().as_str(), "public key"] {
        others.push(encode(&header, &part(token, 1), &EncodingKey::from_secret(key.as_bytes())).unwrap());
    }
    for other in others {
        refused(&app, &other).await;
    }
    // A refresh token is none either.
    refused(&app, tokens.refresh.expose()).await;
}

#[tokio::test]
async fn every_changed_character_is_refused() {
    for algorithm in [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa] {
        let (app, tokens) = app(Tokens::default().algorithm(algorithm).cached_tokens(0)).await;
        let token = tokens.access.expose();
        app.auth.validate_access_token(token, None).await.unwrap();
        let step = if algorithm == Algorithm::Hs256 { 1 } else { 17 };
        for position in (0..token.len()).step_by(step) {
            let mut bent = token.as_bytes().to_vec();
            bent[position] = if bent[position] == b'A' { b'B' } else { b'A' };
            refused(&app, &String::from_utf8(bent).unwrap()).await;
        }
    }
}

/// The public key as an HMAC secret: the oldest trick.
#[tokio::test]
async fn a_public_key_is_no_hmac_secret() {
    let (app, tokens) = app(Tokens::default().algorithm(Algorithm::Es256)).await;
    let jwks = published(&app).await;
    let mut header = part(tokens.access.expose(), 0);
    header["alg"] = json!("HS256");
    let x = B64.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
    for secret in [x, jwks["keys"][0].to_string().into_bytes()] {
        let message = format!(
            "{}.{}",
            B64.encode(header.to_string()),
            tokens.access.expose().split('.').nth(1).unwrap()
        );
        let key = EncodingKey::from_secret(&secret);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
        refused(&app, &format!("{message}.{signature}")).await;
    }
}

async fn published(app: &App) -> Value {
    app.script().get("/api/auth/.well-known/jwks.json").await.json()
}

/// What a resource server elsewhere would do, with a library that is not ours.
#[tokio::test]
async fn another_library_verifies_our_tokens() {
    for (algorithm, theirs) in [
        (Algorithm::Es256, jsonwebtoken::Algorithm::ES256),
        (Algorithm::EdDsa, jsonwebtoken::Algorithm::EdDSA),
    ] {
        let (app, tokens) = app(Tokens::default().algorithm(algorithm)).await;
        let keys: JwkSet = serde_json::from_value(published(&app).await).unwrap();
        let kid = jsonwebtoken::decode_header(tokens.access.expose())
            .unwrap()
            .kid
            .unwrap();
        let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
        verifies(&tokens, &key, theirs);
    }
    let (_, tokens) = with_known_key().await;
    let key = DecodingKey::from_secret(KEY.as_bytes());
    verifies(&tokens, &key, jsonwebtoken::Algorithm::HS256);
}

fn verifies(tokens: &SessionTokens, key: &DecodingKey, algorithm: jsonwebtoken::Algorithm) {
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&["authenticated"]);
    validation.set_issuer(&["https://app.example.com/api/auth"]);
    // The clock of the tests stands elsewhere.
    validation.validate_exp = false;
    let decoded = decode::<Value>(tokens.access.expose(), key, &validation).unwrap();
    assert_eq!(decoded.header.typ.as_deref(), Some("at+jwt"));
    for claim in [
        "iss",
        "aud",
        "sub",
        "exp",
        "iat",
        "session_id",
        "role",
        "email",
        "phone",
        "app_metadata",
        "user_metadata",
        "aal",
        "amr",
        "is_anonymous",
        "refresh",
        "payload",
    ] {
        assert!(!decoded.claims[claim].is_null(), "{claim}");
    }
}

#[tokio::test]
async fn the_end_holds_to_the_second_and_leeway_is_what_was_asked_for() {
    for leeway in [0, 60] {
        let leeway = Duration::from_secs(leeway);
        let (app, tokens) = app(Tokens::default().leeway(leeway)).await;
        app.clock.set(tokens.access.expires() + leeway);
        app.auth
            .validate_access_token(tokens.access.expose(), None)
            .await
            .unwrap();
        app.wait(Duration::from_millis(1));
        refused(&app, tokens.access.expose()).await;
    }
}

#[tokio::test]
async fn nothing_in_the_database_makes_a_token() {
    use auth_core::adapter::{SessionAdapter, SigningKeyAdapter};
    let (app, tokens) = app(Tokens::default()).await;
    let store: &FaultyAdapter<_> = &app.store;
    let id = tokens.refresh.session_id();
    let row = store.get_session(id).await.unwrap().unwrap();
    let keys = store.get_signing_keys().await.unwrap();
    let rest = format!(
        "{:?}{}",
        row.secret_digest.as_bytes(),
        B64.encode(row.secret_digest.as_bytes())
    );
    assert!(!rest.contains(tokens.refresh.expose().split('.').nth(1).unwrap()));
    // The access token tells the digest of the refresh token; the store keeps the digest of that.
    let told = part(tokens.access.expose(), 1)["refresh"]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_ne!(B64.decode(told).unwrap(), row.secret_digest.as_bytes());
    // The seed of 32 bytes is sealed with 16 bytes of tag and 24 of nonce, and bound to its row.
    assert_eq!(keys[0].sealed.len(), 32 + 16 + 24);
    let mut moved = keys[0].clone();
    moved.generation = 2;
    store.delete_signing_keys(1).await.unwrap();
    store.set_signing_key(&moved).await.unwrap();
    let other_process = Auth::builder(store.clone())
        .secret(Secret::new("a secret of the tests, 32 bytes and more"))
        .base_url("https://app.example.com")
        .clock(app.clock.clone())
        .sessions(Tokens::default())
        .build()
        .unwrap();
    let error = other_process
        .validate_access_token(tokens.access.expose(), None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TryRefreshToken);
}

/// What may come over the wire: anything, what looks like a token, and a token of ours with a piece of it changed.
fn bent(token: &str) -> impl Strategy<Value = String> {
    let token = token.to_owned();
    let piece = (any::<Index>(), 0_usize..6, "[A-Za-z0-9_.=-]{0,6}");
    prop_oneof![
        ".{0,200}",
        "[A-Za-z0-9_-]{0,80}([.][A-Za-z0-9_-]{0,120}){0,4}",
        piece.prop_map(move |(at, length, other)| {
            let at = at.index(token.len());
            let end = (at + length).min(token.len());
            format!("{}{other}{}", &token[..at], &token[end..])
        }),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("[a-z_]{0,10}", inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

#[test]
fn whatever_comes_that_is_no_token_of_ours_is_refused_without_panic() {
    let runtime = runtime();
    let (app, tokens) = runtime.block_on(with_known_key());
    let token = tokens.access.expose();
    proptest!(|(text in bent(token))| {
        let opened = runtime.block_on(app.auth.validate_access_token(&text, None));
        match opened {
            Ok(_) => prop_assert_eq!(text, token),
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::TryRefreshToken, "{}", text),
        }
    });
}

/// Under a right signature as well: claims of any shape are read or refused, and what is read is what was said.
#[test]
fn claims_of_any_shape_are_read_or_refused_without_panic() {
    let runtime = runtime();
    let (app, tokens) = runtime.block_on(with_known_key());
    let token = tokens.access.expose();
    let (own, claims) = (part(token, 0), part(token, 1));
    let names: Vec<String> = claims.as_object().unwrap().keys().cloned().collect();
    let plain = json!({ "alg": "HS256", "typ": "JWT" });
    let changes = proptest::collection::vec((proptest::sample::select(names), any_json()), 1..3);
    proptest!(|(changes in changes, is_own: bool, alone: bool)| {
        let mut bent = claims.clone();
        for (name, value) in &changes {
            if let (true, Value::Object(members)) = (alone, &mut bent["refresh"]) {
                // Within the only claim that has an inside of ours.
                if let Some(name) = members.keys().next().cloned() {
                    members.insert(name, value.clone());
                }
            } else {
                bent[name] = value.clone();
            }
        }
        let text = signed(if is_own { &own } else { &plain }, &bent);
        match runtime.block_on(app.auth.validate_access_token(&text, None)) {
            Ok(opened) => {
                for (name, expected) in [("iss", &claims["iss"]), ("aud", &claims["aud"])] {
                    prop_assert!(&bent[name] == expected || (!is_own && bent[name].is_null()));
                }
                prop_assert_eq!(&bent["sub"], opened.session.user_id.as_str());
                prop_assert_eq!(&bent["session_id"], opened.session.id.as_str());
                prop_assert!(bent["exp"].is_i64());
            }
            Err(error) => prop_assert!(
                matches!(error.kind(), ErrorKind::TryRefreshToken | ErrorKind::Unauthorised),
                "{:?}", error
            ),
        }
    });
}
