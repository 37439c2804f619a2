use std::{collections::HashSet, sync::Arc, time::Duration};

use auth_core::{
    Algorithm, ErrorKind, IssuedSession, NewSession, Secret, SigningKeys, Tokens, adapter::SigningKeyAdapter,
    testing::Fault,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{AHEAD, HOUR, issue, not_renewed, opens, refresh, refused, with};
use crate::{App, Held, PASSWORD, stories};

stories![
    case_02_a_key_function_signs_and_checks_and_stores_nothing,
    case_03_05_and_31_keys_rotate_and_nobody_is_signed_out,
    case_11_a_stored_key_opens_with_the_secret_only,
    another_algorithm_takes_over_and_nobody_is_signed_out,
    a_store_that_fails_at_the_rotation_delays_it,
    old_keys_go_when_nothing_they_signed_can_live,
    a_key_is_known_before_it_signs_to_those_who_keep_the_keys,
    a_key_made_by_hand_signs_when_it_was_said_to,
    the_first_key_made_by_hand_signs_at_once,
    a_process_that_starts_beside_a_failing_store_signs_nobody_out,
    a_crowd_that_meets_a_starting_process_is_let_in,
];

async fn case_02_a_key_function_signs_and_checks_and_stores_nothing(app: App) {
    let key = || Secret::new("a key of the application, long enough");
    let app = with(
        &app,
        Tokens::default().signing_keys(SigningKeys::from_fn(move || async move { Ok(key()) })),
    )
    .await;
    let (_, tokens) = issue(&app).await;
    assert_eq!(opens(&app, &tokens).await, None);
    let child = refresh(&app, &tokens).await;
    assert!(opens(&app, &child).await.is_some());
    assert_eq!(app.store.get_signing_keys().await.unwrap(), []);

    // A key that changes ends access tokens, remembered ones too, and nobody's session.
    let current = Arc::new(std::sync::Mutex::new("the first key, 32 bytes and more....."));
    let shared = Arc::clone(&current);
    let changing = SigningKeys::from_fn(move || {
        let key = Secret::new(*shared.lock().unwrap());
        async move { Ok(key) }
    });
    let app = with(&app, Tokens::default().signing_keys(changing)).await;
    let (issued, tokens) = issue(&app).await;
    assert_eq!(opens(&app, &tokens).await, None);
    // Others who have the key leave its name out, and are not heard: nothing would say under which key a token was good.
    let nameless = nameless(&issued, "the first key, 32 bytes and more.....");
    assert_eq!(refused(&app, &nameless).await, ErrorKind::TryRefreshToken);
    *current.lock().unwrap() = "the second key, 32 bytes and more....";
    assert_eq!(refused(&app, &tokens.access).await, ErrorKind::TryRefreshToken);
    let child = refresh(&app, &tokens).await;
    assert!(opens(&app, &child).await.is_some());

    let failing = SigningKeys::from_fn(|| async { Err(ErrorKind::Unknown.into()) });
    let app = with(&app, Tokens::default().signing_keys(failing)).await;
    let error = app
        .auth
        .create_session(&app.proof, NewSession::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown);
    let handles = app
        .auth
        .get_all_session_handles_for_user(app.proof.user_id())
        .await
        .unwrap();
    assert_eq!(handles, []);
    // An error of the request, and nothing is handed out or taken away.
    let answer = app.browser().sign_up("ada@example.com", PASSWORD).await;
    assert_eq!((answer.status(), answer.set_cookies().len()), (500, 0), "{answer:?}");
    let answer = app.bearer(&child.access).get("/session").await;
    assert_eq!((answer.status(), answer.header("front-token")), (500, None));
}

/// As our own tokens are, for a key without a name.
fn nameless(issued: &IssuedSession, key: &str) -> String {
    let claims = issued
        .tokens
        .as_ref()
        .unwrap()
        .access
        .expose()
        .split('.')
        .nth(1)
        .unwrap();
    let message = format!(
        "{}.{claims}",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"at+jwt"}"#)
    );
    let key = jsonwebtoken::EncodingKey::from_secret(key.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

async fn case_03_05_and_31_keys_rotate_and_nobody_is_signed_out(app: App) {
    let tokens = Tokens::default()
        .key_interval(HOUR)
        .access_validity(2 * HOUR)
        .cached_tokens(0);
    let app = with(&app, tokens).await;
    let (_, first) = issue(&app).await;
    let kid = |held: &Held| held.access.split('.').next().unwrap().to_owned();
    // Published before it signs.
    app.wait(HOUR - AHEAD);
    let (_, ahead) = issue(&app).await;
    assert_eq!(kid(&ahead), kid(&first));
    assert_eq!(app.store.get_signing_keys().await.unwrap().len(), 2);
    app.wait(AHEAD);
    let (_, second) = issue(&app).await;
    assert_ne!(kid(&second), kid(&first));
    // The old key still checks what it signed.
    assert_eq!(opens(&app, &first).await, None);
    app.wait(HOUR + Duration::from_secs(30));
    assert_eq!(refused(&app, &first.access).await, ErrorKind::TryRefreshToken);
    // And refresh tokens outlive the key's days of signing.
    app.wait(24 * HOUR);
    let renewed = refresh(&app, &first).await;
    assert!(opens(&app, &renewed).await.is_some());
}

async fn case_11_a_stored_key_opens_with_the_secret_only(app: App) {
    const OTHER: &str = "the second secret, 32 bytes and more";
    let first = with(&app, Tokens::default()).await;
    let (issued, held) = issue(&first).await;

    // Cases 20 and 22: other keys.
    let stranger = first
        .beside(|builder| builder.secret(Secret::new(OTHER)).sessions(Tokens::default()))
        .await;
    assert_eq!(refused(&stranger, &held.access).await, ErrorKind::TryRefreshToken);
    assert_eq!(not_renewed(&stranger, &held.refresh).await, ErrorKind::Unauthorised);
    let error = stranger.auth.refresh_session(&held.refresh).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorised);
    // In cookies as well: there it is renewed at once, or over.
    let answer = stranger.browser_with(&held).get("/session").await;
    assert_eq!(answer.json()["message"], "unauthorised");

    // A secret that was replaced properly signs nobody out.
    let previous = || Secret::new("a secret of the tests, 32 bytes and more");
    let heir = first
        .beside(|builder| {
            let builder = builder.secret(Secret::new(OTHER)).previous_secret(previous());
            builder.sessions(Tokens::default())
        })
        .await;
    assert_eq!(opens(&heir, &held).await, None);
    let child = refresh(&heir, &held).await;
    assert!(opens(&heir, &child).await.is_some());
    let browser = heir.browser_with(&child);
    assert_eq!(browser.get("/session").await.text(), issued.session.id.as_str());
}

async fn another_algorithm_takes_over_and_nobody_is_signed_out(app: App) {
    let before = with(&app, Tokens::default()).await;
    let (_, old) = issue(&before).await;
    let after = before
        .beside(|builder| builder.sessions(Tokens::default().algorithm(Algorithm::EdDsa)))
        .await;
    assert_eq!(opens(&after, &old).await, None);
    refresh(&after, &old).await;
    before.wait(AHEAD);
    let new = refresh(&after, &old).await;
    let header = |held: &Held| held.access.split('.').next().unwrap().to_owned();
    assert_ne!(header(&new), header(&old));
    assert!(new.access.len() > old.access.len());
    // A process that still has the old setting takes both.
    assert!(opens(&before, &new).await.is_some());
    assert!(before.store.get_signing_keys().await.unwrap().len() <= 3);
    let published = after.script().get("/api/auth/.well-known/jwks.json").await.json();
    assert_eq!(published["keys"][0]["crv"], "Ed25519");
}

async fn a_store_that_fails_at_the_rotation_delays_it(app: App) {
    let app = with(&app, Tokens::default()).await;
    let (_, tokens) = issue(&app).await;
    let kid = |access: &str| access.split('.').next().unwrap().to_owned();
    let child = refresh(&app, &tokens).await;
    app.wait(25 * HOUR);
    // The first two calls are the session's, the third the key's.
    app.store.fail(Fault::At(3));
    let late = refresh(&app, &child).await;
    assert_eq!(kid(&late.access), kid(&tokens.access));
    app.store.fail(Fault::Never);
    refresh(&app, &late).await;
    assert_eq!(app.store.get_signing_keys().await.unwrap().len(), 2);
}

async fn old_keys_go_when_nothing_they_signed_can_live(app: App) {
    let app = with(&app, Tokens::default().key_interval(HOUR).refresh_validity(3 * HOUR)).await;
    for _ in 0..12 {
        let _ = issue(&app).await;
        app.wait(HOUR);
    }
    let kept = app.store.get_signing_keys().await.unwrap();
    assert!((2..=8).contains(&kept.len()), "{kept:?}");
    // And none that is needed: the oldest session that can live does.
    let (_, oldest) = issue(&app).await;
    let child = refresh(&app, &oldest).await;
    for _ in 0..3 {
        app.wait(HOUR - Duration::from_secs(60));
        let _ = issue(&app).await;
    }
    refresh(&app, &child).await;
}

/// G6.4-24: somebody keeps what one process published for as long as it says, and meets tokens of another.
async fn a_key_is_known_before_it_signs_to_those_who_keep_the_keys(app: App) {
    let tokens = || Tokens::default().algorithm(Algorithm::EdDsa).key_interval(HOUR);
    let app = with(&app, tokens()).await;
    let publisher = app.beside(|builder| builder.sessions(tokens())).await;
    let (mut kept, mut until, mut signed) = (HashSet::new(), app.now(), HashSet::new());
    for step in 0..360 {
        // Signing first, or asking first.
        let held = if step % 2 == 0 { Some(issue(&app).await.1) } else { None };
        if app.now() >= until {
            let answer = publisher.script().get("/api/auth/.well-known/jwks.json").await;
            let caching = answer.header("cache-control");
            assert_eq!(caching, Some("public, max-age=600, must-revalidate"));
            let keys = answer.json()["keys"].as_array().unwrap().clone();
            kept = keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
            until = app.now() + Duration::from_secs(600);
        }
        let access = match held {
            Some(held) => held.access,
            None => issue(&app).await.1.access,
        };
        let kid = jsonwebtoken::decode_header(&access).unwrap().kid.unwrap();
        assert!(kept.contains(&kid), "step {step}");
        signed.insert(kid);
        app.wait(Duration::from_secs(20));
    }
    assert!(signed.len() >= 2);
    // By hand as well.
    let now = app.now();
    assert_eq!(app.auth.rotate_signing_keys().await.unwrap(), now + AHEAD);
}

async fn a_key_made_by_hand_signs_when_it_was_said_to(app: App) {
    let app = with(&app, Tokens::default()).await;
    let beside = app.beside(|builder| builder.sessions(Tokens::default())).await;
    let (_, first) = issue(&app).await;
    let kid = |held: &Held| held.access.split('.').next().unwrap().to_owned();
    let from = app.auth.rotate_signing_keys().await.unwrap();
    let mut held = first.clone();
    for (now, is_new) in [
        (from - Duration::from_millis(1), false),
        (from, true),
        (from + Duration::from_secs(60), true),
    ] {
        app.clock.set(now);
        // In both processes, the one that made it and the one that finds it.
        for house in [&app.app, &beside] {
            held = refresh(house, &held).await;
            assert_eq!(kid(&held) != kid(&first), is_new, "{now:?}");
            assert!(opens(house, &held).await.is_some());
        }
    }
    assert_eq!(app.store.get_signing_keys().await.unwrap().len(), 2);
    assert_eq!(opens(&app, &first).await, None);
}

async fn the_first_key_made_by_hand_signs_at_once(app: App) {
    let app = with(&app, Tokens::default()).await;
    assert_eq!(app.auth.rotate_signing_keys().await.unwrap(), app.now());
    let (_, held) = issue(&app).await;
    assert_eq!(opens(&app, &held).await, None);
    assert_eq!(app.store.get_signing_keys().await.unwrap().len(), 1);
}

/// It has read no key yet, and nobody can tell it that there is none of this name.
async fn a_process_that_starts_beside_a_failing_store_signs_nobody_out(app: App) {
    let app = with(&app, Tokens::default()).await;
    let (_, held) = issue(&app).await;
    let fresh = app.beside(|builder| builder.sessions(Tokens::default())).await;
    app.store.forget_calls();
    app.store.fail(Fault::Always);
    for _ in 0..3 {
        let error = fresh.auth.validate_access_token(&held.access, None).await.unwrap_err();
        assert!(error.is_store_failure(), "{error:?}");
        let error = fresh.auth.refresh_session(&held.refresh).await.unwrap_err();
        assert!(error.is_store_failure(), "{error:?}");
    }
    // Asked once for all of them.
    assert_eq!(app.store.count_calls("get_signing_keys"), 1);
    app.store.fail(Fault::Never);
    app.wait(Duration::from_secs(5));
    assert!(fresh.auth.validate_access_token(&held.access, None).await.is_ok());
}

async fn a_crowd_that_meets_a_starting_process_is_let_in(app: App) {
    let app = with(&app, Tokens::default()).await;
    let (_, held) = issue(&app).await;
    let fresh = app.beside(|builder| builder.sessions(Tokens::default())).await;
    app.store.forget_calls();
    let hold = app.store.hold_before("get_signing_keys");
    let open = || {
        let (auth, access) = (fresh.auth.clone(), held.access.clone());
        tokio::spawn(async move { auth.validate_access_token(&access, None).await.map(drop) })
    };
    let first = open();
    hold.reached().await;
    let crowd: Vec<_> = (0..8).map(|_| open()).collect();
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    hold.release();
    first.await.unwrap().unwrap();
    for other in crowd {
        other.await.unwrap().unwrap();
    }
    assert_eq!(app.store.count_calls("get_signing_keys"), 1);
}
