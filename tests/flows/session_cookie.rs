//! `AuthRequest` used directly: parsing, setting, taking away.

use std::time::Duration;

use auth_core::{
    Auth, AuthRequest, Client, ErrorKind, EventKind, NewSession, Secret, SessionConfig, SignUp,
    adapter::{SessionAdapter, SplitAdapter},
    adapters::{MemoryAdapter, MemorySessions},
    testing::ManualClock,
};

use crate::{App, Driver, PASSWORD};

fn request(method: &str, headers: &[(&str, &str)]) -> http::request::Parts {
    let mut request = http::Request::builder().method(method).uri("/");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

async fn core() -> (App, auth_core::IssuedSession) {
    let app = App::new(Driver::Core).await;
    let (_, issued) = app
        .auth
        .sign_up_with_email(SignUp::new("ada@example.com", PASSWORD))
        .await
        .unwrap();
    let issued = issued.unwrap();
    app.store.forget_calls();
    (app, issued)
}

#[tokio::test]
async fn parsing_a_request_checks_its_origin_and_asks_no_store() {
    let (app, issued) = core().await;
    let cookie = format!("__Host-auth_session={}", issued.token.expose().as_str());
    let parse =
        |method: &str, headers: &[(&str, &str)]| AuthRequest::new(&app.auth, &request(method, headers)).parse_request();
    assert!(parse("GET", &[]).unwrap().is_none());
    assert_eq!(
        parse("GET", &[("cookie", &cookie)]).unwrap().unwrap().id(),
        &issued.session.id
    );
    for origin in ["https://evil.test", "null"] {
        let refused = parse("POST", &[("cookie", &cookie), ("origin", origin)]).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidRequest);
    }
    assert_eq!(
        parse("POST", &[("cookie", &cookie)]).unwrap_err().kind(),
        ErrorKind::InvalidRequest
    );
    assert!(
        parse("POST", &[("cookie", &cookie), ("origin", "https://app.example.com")])
            .unwrap()
            .is_some()
    );
    assert!(parse("GET", &[("cookie", "__Host-auth_session=x")]).unwrap().is_none());
    assert_eq!(app.store.calls(), [""; 0]);
}

#[tokio::test]
async fn validating_a_request_never_renews() {
    let (app, issued) = core().await;
    let cookie = format!("__Host-auth_session={}", issued.token.expose().as_str());
    app.wait(Duration::from_secs(2 * 24 * 3_600));
    let asked = AuthRequest::new(&app.auth, &request("GET", &[("cookie", &cookie)]));
    assert_eq!(asked.validate_request().await.unwrap().id, issued.session.id);
    assert!(asked.take_effects().is_empty());
    assert_eq!(app.store.calls(), ["get_session"]);
    let stranger = AuthRequest::new(&app.auth, &request("GET", &[]));
    assert_eq!(
        stranger.validate_request().await.unwrap_err().kind(),
        ErrorKind::InvalidSessionId
    );
}

/// Asked again, and with no grace for what it renewed.
#[tokio::test]
async fn a_request_that_renewed_its_session_is_not_a_step_behind_itself() {
    let app = App::with(Driver::Core, |builder| {
        builder.sessions(SessionConfig::default().grace(Duration::ZERO))
    })
    .await;
    let ada = app.signed_up("ada@example.com").await;
    app.wait(Duration::from_secs(2 * 24 * 3_600));
    let cookie = format!("__Host-auth_session={}", ada.token().unwrap());
    let asked = AuthRequest::new(&app.auth, &request("GET", &[("cookie", &cookie)]));
    let renewed = asked.validate().await.unwrap().unwrap();
    assert!(renewed.fresh);
    asked.invalidate();
    assert_eq!(asked.validate().await.unwrap().unwrap().id, renewed.id);
    let effects = asked.take_effects();
    assert_eq!(effects.cookies().len(), 1);
    assert!(!effects.cookies()[0].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(app.events.count(EventKind::SessionSecretWrong), 0);
    let late = AuthRequest::new(&app.auth, &request("GET", &[("cookie", &cookie)]));
    app.wait(Duration::from_millis(1));
    assert!(late.validate().await.unwrap().is_none());
}

#[tokio::test]
async fn setting_a_session_sets_the_cookie_and_is_believed_at_once() {
    let (app, issued) = core().await;
    let asked = AuthRequest::new(&app.auth, &request("GET", &[]));
    assert!(asked.validate().await.unwrap().is_none());
    asked.set_session(Some(&issued));
    assert_eq!(asked.validate().await.unwrap().unwrap().id, issued.session.id);
    assert_eq!(
        asked.validate_user().await.unwrap().unwrap().1.id,
        issued.session.user_id
    );
    // Set twice, it is there once.
    asked.set_session(Some(&issued));
    let effects = asked.take_effects();
    assert_eq!(effects.cookies().len(), 1);
    assert!(effects.cookies()[0].is_sensitive());
    assert!(asked.take_effects().is_empty());
}

#[tokio::test]
async fn taking_a_session_away_leaves_it_in_the_store() {
    let (app, issued) = core().await;
    let cookie = format!("__Host-auth_session={}", issued.token.expose().as_str());
    let asked = AuthRequest::new(&app.auth, &request("GET", &[("cookie", &cookie)]));
    asked.set_session(None);
    assert!(asked.validate().await.unwrap().is_none());
    assert!(
        asked.take_effects().cookies()[0]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    assert!(app.store.get_session(&issued.session.id).await.unwrap().is_some());
    // Forgetting what was found out asks again.
    asked.invalidate();
    assert!(asked.validate().await.unwrap().is_some());
}

#[tokio::test]
async fn n41_cleanup_can_be_left_to_a_schedule() {
    for (cleanup, left) in [(true, false), (false, true)] {
        let app = App::with(Driver::Core, |builder| {
            builder.sessions(SessionConfig::default().auto_database_cleanup(cleanup))
        })
        .await;
        let (_, issued) = app
            .auth
            .sign_up_with_email(SignUp::new("ada@example.com", PASSWORD))
            .await
            .unwrap();
        let issued = issued.unwrap();
        app.wait(Duration::from_secs(16 * 24 * 3_600));
        assert!(app.auth.validate_session(&issued.token).await.is_err());
        assert_eq!(app.store.get_session(&issued.session.id).await.unwrap().is_some(), left);
    }
}

/// A dead session that nobody met goes when its user signs in, unless that is left to a schedule as well.
#[tokio::test]
async fn n41_cleanup_at_sign_in_can_be_left_to_a_schedule() {
    for (cleanup, left) in [(true, false), (false, true)] {
        let app = App::with(Driver::Core, |builder| {
            builder.sessions(SessionConfig::default().auto_database_cleanup(cleanup))
        })
        .await;
        let dead = app.signed_up("ada@example.com").await.token().unwrap();
        let id = auth_core::SessionToken::parse(&dead).unwrap().id().clone();
        app.wait(Duration::from_secs(16 * 24 * 3_600));
        app.store.forget_calls();
        assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 200);
        assert_eq!(app.store.count_calls("delete_expired_sessions"), usize::from(cleanup));
        assert_eq!(app.store.get_session(&id).await.unwrap().is_some(), left);
    }
}

#[tokio::test]
async fn l04_the_last_use_is_noted_at_most_as_often_as_asked() {
    let hour = Duration::from_secs(3_600);
    let app = App::with(Driver::Core, |builder| {
        builder.sessions(SessionConfig::default().touch_interval(hour))
    })
    .await;
    let (_, issued) = app
        .auth
        .sign_up_with_email(SignUp::new("ada@example.com", PASSWORD))
        .await
        .unwrap();
    let issued = issued.unwrap();
    app.store.forget_calls();
    app.wait(hour);
    app.auth.validate_session(&issued.token).await.unwrap();
    assert_eq!(app.store.calls(), ["get_session"]);
    app.wait(Duration::from_millis(1));
    app.auth.validate_session(&issued.token).await.unwrap();
    assert_eq!(app.store.calls(), ["get_session", "get_session", "update_session"]);
    let seen = app.auth.get_session(&issued.token).await.unwrap().last_seen;
    assert_eq!(seen, issued.session.created_at + hour + Duration::from_millis(1));
    // Whoever knows the id and not the secret has not used the session.
    app.wait(2 * hour);
    let stranger = format!("{}.{}", issued.session.id, "A".repeat(43));
    let stranger = auth_core::SessionToken::parse(&stranger).unwrap();
    app.store.forget_calls();
    assert!(app.auth.validate_session(&stranger).await.is_err());
    let bearer = app.bearer(&stranger.expose());
    assert_eq!(bearer.get("/me").await.status(), 401);
    assert_eq!(app.store.count_calls("update_session"), 0);
    assert_eq!(app.auth.get_session(&issued.token).await.unwrap().last_seen, seen);
}

#[tokio::test]
async fn n47_users_and_sessions_may_live_apart() {
    let clock = ManualClock::default();
    let auth = Auth::builder(SplitAdapter::new(MemoryAdapter::default(), MemorySessions::default()))
        .secret(Secret::random().unwrap())
        .base_url("https://app.example.com")
        .clock(clock.clone())
        .build()
        .unwrap();
    let (user, issued) = auth
        .sign_up_with_email(SignUp::new("ada@example.com", PASSWORD))
        .await
        .unwrap();
    let issued = issued.unwrap();
    clock.advance(Duration::from_secs(2 * 24 * 3_600));
    let (valid, found) = auth.validate_session_user(&issued.token).await.unwrap();
    assert_eq!(found.id, user.id);
    let token = valid.renewed.unwrap();
    auth.delete_user(&user.id).await.unwrap();
    assert!(auth.validate_session(&token).await.is_err());
}

#[tokio::test]
async fn signing_in_costs_ten_store_calls_and_one_hash() {
    let (app, _) = core().await;
    let hashes = app.auth.password_hashes();
    let answer = app.browser().sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        app.store.calls(),
        [
            "count_attempt",
            "count_attempt",
            "get_key_and_user",
            "clear_attempts",
            "update_user",
            "set_session",
            "delete_expired_sessions",
            "get_key_and_user",
            "get_keys_by_user_id",
            "get_tokens_by_user_id",
        ]
    );
    assert_eq!(app.auth.password_hashes(), hashes + 1);
}

#[tokio::test]
async fn a_session_knows_from_where_it_was_asked_for() {
    let app = App::new(Driver::Core).await;
    let client = Client {
        ip: Some("2001:db8::1".parse().unwrap()),
        user_agent: Some("Browser".to_owned()),
        ..Client::default()
    };
    let sign_up = SignUp::new("ada@example.com", PASSWORD).session(NewSession::from_client(client));
    let (_, issued) = app.auth.sign_up_with_email(sign_up).await.unwrap();
    let issued = issued.unwrap();
    assert_eq!(issued.session.ip.unwrap().to_string(), "2001:db8::1");
    assert_eq!(issued.session.user_agent.as_deref(), Some("Browser"));
}
