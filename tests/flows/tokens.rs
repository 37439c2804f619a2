//! The token strategy without HTTP: the cases of SuperTokens' own suite (numbered as there), and those it left out.

use std::{sync::Arc, time::Duration};

use auth_core::{
    AntiCsrf, Auth, ErrorKind, IssuedSession, JsonObject, NewSession, NewUser, RefreshAt, RefreshToken, Rotation,
    Secret, SessionConfig, SessionId, SessionTokens, SigningKeys, Tokens, UserId,
    adapter::{SessionAdapter, SigningKeyAdapter},
    adapters::{MemoryAdapter, SqliteAdapter},
    testing::ManualClock,
};
use serde_json::json;

use crate::{App, Driver, PASSWORD};

const HOUR: Duration = Duration::from_secs(3_600);

async fn with(tokens: Tokens) -> App {
    App::with(Driver::Core, |builder| builder.sessions(tokens)).await
}

async fn strict() -> App {
    with(Tokens::default().rotation(Rotation::ParentChild {
        straggler: Duration::ZERO,
    }))
    .await
}

async fn issue_for(app: &App, name: &str, payload: JsonObject) -> IssuedSession {
    let new = NewUser::with_password("username", name, PASSWORD);
    // A second session of somebody who is there already.
    let _ = app.auth.create_user(new).await;
    let proof = app.auth.authenticate_user("username", name, PASSWORD).await.unwrap();
    let mut session = NewSession::default();
    session.payload = payload;
    app.auth.create_session(&proof, session).await.unwrap()
}

async fn issue(app: &App) -> (IssuedSession, SessionTokens) {
    let issued = issue_for(app, "ada", JsonObject::new()).await;
    let tokens = issued.tokens.clone().unwrap();
    (issued, tokens)
}

fn object(value: &serde_json::Value) -> JsonObject {
    value.as_object().unwrap().clone()
}

async fn refused(app: &App, access: &str) -> ErrorKind {
    app.auth.validate_access_token(access, None).await.unwrap_err().kind()
}

async fn not_renewed(app: &App, refresh: &str) -> ErrorKind {
    app.auth.refresh_session(refresh).await.unwrap_err().kind()
}

async fn refresh(app: &App, tokens: &SessionTokens) -> SessionTokens {
    let refreshed = app.auth.refresh_session(tokens.refresh.expose()).await.unwrap();
    refreshed.tokens.unwrap()
}

async fn opens(app: &App, tokens: &SessionTokens) -> Option<String> {
    let opened = app
        .auth
        .validate_access_token(tokens.access.expose(), None)
        .await
        .unwrap();
    opened.renewed.map(|access| access.expose().to_owned())
}

#[tokio::test]
async fn case_01_and_19_an_access_token_carries_what_it_was_made_with() {
    let app = with(Tokens::default()).await;
    let payload = object(&json!({ "a": "a", "nested": { "ä": [1, null, true] } }));
    let issued = issue_for(&app, "ada", payload.clone()).await;
    let tokens = issued.tokens.unwrap();
    let opened = app
        .auth
        .validate_access_token(tokens.access.expose(), None)
        .await
        .unwrap();
    assert_eq!(opened.session.id, issued.session.id);
    assert_eq!(opened.session.user_id, issued.session.user_id);
    assert_eq!(opened.session.payload, payload);
    assert_eq!(opened.session.active_expires, tokens.access.expires());
    assert_eq!(
        opened.session.authenticated_at().as_unix_seconds(),
        app.now().as_unix_seconds()
    );
    assert!(opened.renewed.is_none());
}

#[tokio::test]
async fn case_02_a_key_function_signs_and_checks_and_stores_nothing() {
    let key = || Secret::new("a key of the application, long enough");
    let app = with(Tokens::default().signing_keys(SigningKeys::from_fn(move || async move { Ok(key()) }))).await;
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
    let app = with(Tokens::default().signing_keys(changing)).await;
    let (_, tokens) = issue(&app).await;
    assert_eq!(opens(&app, &tokens).await, None);
    *current.lock().unwrap() = "the second key, 32 bytes and more....";
    assert_eq!(refused(&app, tokens.access.expose()).await, ErrorKind::TryRefreshToken);
    let child = refresh(&app, &tokens).await;
    assert!(opens(&app, &child).await.is_some());

    let failing = SigningKeys::from_fn(|| async { Err(ErrorKind::Unknown.into()) });
    let app = with(Tokens::default().signing_keys(failing)).await;
    app.auth
        .create_user(NewUser::with_password("username", "ada", PASSWORD))
        .await
        .unwrap();
    let proof = app.auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
    let error = app
        .auth
        .create_session(&proof, NewSession::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown);
    assert!(
        app.auth
            .get_all_session_handles_for_user(proof.user_id())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn case_03_05_and_31_keys_rotate_and_nobody_is_signed_out() {
    let tokens = Tokens::default()
        .key_interval(HOUR)
        .access_validity(2 * HOUR)
        .cached_tokens(0);
    let app = with(tokens).await;
    let (_, first) = issue(&app).await;
    let kid = |tokens: &SessionTokens| tokens.access.expose().split('.').next().unwrap().to_owned();
    // Published a minute before it signs.
    app.wait(HOUR - Duration::from_secs(30));
    let (_, ahead) = issue(&app).await;
    assert_eq!(kid(&ahead), kid(&first));
    assert_eq!(app.store.get_signing_keys().await.unwrap().len(), 2);
    app.wait(Duration::from_secs(60));
    let (_, second) = issue(&app).await;
    assert_ne!(kid(&second), kid(&first));
    // The old key still checks what it signed.
    assert_eq!(opens(&app, &first).await, None);
    app.wait(HOUR);
    assert_eq!(refused(&app, first.access.expose()).await, ErrorKind::TryRefreshToken);
    // And refresh tokens outlive the key's days of signing.
    app.wait(24 * HOUR);
    let renewed = refresh(&app, &first).await;
    assert!(opens(&app, &renewed).await.is_some());
}

#[tokio::test]
async fn case_04_and_30_an_access_token_ends_on_time() {
    let app = with(Tokens::default().access_validity(Duration::from_secs(10))).await;
    let (_, tokens) = issue(&app).await;
    app.clock.set(tokens.access.expires());
    assert_eq!(opens(&app, &tokens).await, None);
    app.wait(Duration::from_millis(1));
    assert_eq!(refused(&app, tokens.access.expose()).await, ErrorKind::TryRefreshToken);
}

#[tokio::test]
async fn case_11_a_stored_key_opens_with_the_secret_only() {
    let store = MemoryAdapter::default();
    let clock = ManualClock::default();
    let handle = |secret: &str, previous: Option<&str>| {
        let mut builder = Auth::builder(store.clone())
            .secret(Secret::new(secret))
            .base_url("https://app.example.com")
            .clock(clock.clone())
            .sessions(Tokens::default());
        if let Some(previous) = previous {
            builder = builder.previous_secret(Secret::new(previous));
        }
        builder.build().unwrap()
    };
    let (one, two) = (
        "the first secret, 32 bytes and more",
        "the second secret, 32 bytes and more",
    );
    let auth = handle(one, None);
    auth.create_user(NewUser::with_password("username", "ada", PASSWORD))
        .await
        .unwrap();
    let proof = auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
    let issued = auth.create_session(&proof, NewSession::default()).await.unwrap();
    let tokens = issued.tokens.unwrap();

    // Cases 20 and 22: other keys.
    let stranger = handle(two, None);
    let error = stranger
        .validate_access_token(tokens.access.expose(), None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TryRefreshToken);
    let error = stranger.refresh_session(tokens.refresh.expose()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorised);

    // A secret that was replaced properly signs nobody out.
    let heir = handle(two, Some(one));
    heir.validate_access_token(tokens.access.expose(), None).await.unwrap();
    heir.refresh_session(tokens.refresh.expose()).await.unwrap();
}

#[tokio::test]
async fn case_21_and_22_a_refresh_token_is_read_and_a_forged_one_is_not() {
    let app = with(Tokens::default()).await;
    let (issued, tokens) = issue(&app).await;
    let text = tokens.refresh.expose();
    assert_eq!(RefreshToken::parse(text).unwrap().session_id(), &issued.session.id);
    assert_eq!(
        app.auth.validate_refresh_token(text).await.unwrap(),
        issued.session.user_id
    );

    let parts: Vec<&str> = text.split('.').collect();
    let changed = |index: usize, part: &str| {
        let mut changed = parts.clone();
        changed[index] = part;
        changed.join(".")
    };
    let other = issue(&app).await.1;
    let other: Vec<&str> = other.refresh.expose().split('.').collect();
    let forged = [
        String::new(),
        "rft_".to_owned(),
        text[..text.len() - 1].to_owned(),
        format!("{text}."),
        changed(0, other[0]),
        changed(1, other[1]),
        changed(2, parts[1]),
        changed(3, "1"),
        changed(4, "unknown"),
        changed(5, other[5]),
        text.replacen("rft_", "ses_", 1),
    ];
    for forged in forged {
        app.store.forget_calls();
        assert_eq!(not_renewed(&app, &forged).await, ErrorKind::Unauthorised, "{forged}");
        let calls = app.store.calls();
        assert!(
            calls.iter().all(|call| *call == "get_signing_keys"),
            "{forged} asked {calls:?}"
        );
    }
    // Garbage does not make the store busy: unknown keys are looked for once in a while.
    app.store.forget_calls();
    for number in 0..100 {
        not_renewed(&app, &changed(4, &format!("k{number}"))).await;
        refused(
            &app,
            &format!("eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiYXQrand0In0.e30.{number}AAA"),
        )
        .await;
    }
    assert!(app.store.calls().len() <= 1, "{:?}", app.store.calls());
}

#[tokio::test]
async fn case_23_to_27_ids_are_opaque_whatever_they_look_like() {
    for id in ["1", "", " 1 ", r#"{"a":"testing"}"#, r#"{"i":"testing"}"#, "ü"] {
        let owned = id.to_owned();
        let app = App::with(Driver::Core, |builder| {
            builder.sessions(Tokens::default()).user_ids(move || owned.clone())
        })
        .await;
        let (issued, tokens) = issue(&app).await;
        assert_eq!(issued.session.user_id, UserId::from(id));
        let child = refresh(&app, &tokens).await;
        let opened = app
            .auth
            .validate_access_token(child.access.expose(), None)
            .await
            .unwrap();
        assert_eq!(opened.session.user_id, UserId::from(id), "{id:?}");
    }
}

#[tokio::test]
async fn case_28_and_29_the_anti_csrf_value_is_checked_when_it_is_given() {
    let app = with(Tokens::default().anti_csrf(AntiCsrf::Token)).await;
    let (_, tokens) = issue(&app).await;
    let access = tokens.access.expose();
    let value = tokens.anti_csrf.clone().unwrap();
    assert!(value.len() >= 22);
    assert!(app.auth.validate_access_token(access, Some(&value)).await.is_ok());
    assert!(app.auth.validate_access_token(access, None).await.is_ok());
    for wrong in ["", "wrong", &value[1..]] {
        let error = app.auth.validate_access_token(access, Some(wrong)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TryRefreshToken);
    }
    let app = with(Tokens::default()).await;
    let (_, tokens) = issue(&app).await;
    assert_eq!(tokens.anti_csrf, None);
    assert!(
        app.auth
            .validate_access_token(tokens.access.expose(), Some("wrong"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_check_costs_no_store_call_and_neither_does_the_next() {
    let app = with(Tokens::default()).await;
    let (_, tokens) = issue(&app).await;
    app.store.forget_calls();
    for _ in 0..3 {
        opens(&app, &tokens).await;
    }
    assert_eq!(app.store.calls(), [""; 0]);
}

#[tokio::test]
async fn case_33_and_34_a_refresh_gives_everything_anew() {
    for anti_csrf in [AntiCsrf::None, AntiCsrf::Token] {
        let app = with(Tokens::default().anti_csrf(anti_csrf)).await;
        let payload = object(&json!({ "role": "admin" }));
        let issued = issue_for(&app, "ada", payload.clone()).await;
        let first = issued.tokens.clone().unwrap();
        let second = refresh(&app, &first).await;
        assert_ne!(first.access.expose(), second.access.expose());
        assert_ne!(first.refresh.expose(), second.refresh.expose());
        assert_eq!(first.anti_csrf.is_some(), anti_csrf == AntiCsrf::Token);
        if anti_csrf == AntiCsrf::Token {
            assert_ne!(first.anti_csrf, second.anti_csrf);
        }
        // The first use is noticed and gives a token that costs nothing from then on.
        let opened = app
            .auth
            .validate_access_token(second.access.expose(), second.anti_csrf.as_deref())
            .await
            .unwrap();
        assert_eq!(opened.session.payload, payload);
        assert_eq!(opened.session.id, issued.session.id);
        let third = opened.renewed.unwrap();
        app.store.forget_calls();
        let again = app
            .auth
            .validate_access_token(third.expose(), second.anti_csrf.as_deref())
            .await
            .unwrap();
        assert!(again.renewed.is_none());
        assert_eq!(app.store.calls(), [""; 0]);
        app.wait(HOUR + Duration::from_secs(1));
        assert_eq!(refused(&app, third.expose()).await, ErrorKind::TryRefreshToken);
        let fourth = refresh(&app, &second).await;
        assert!(opens(&app, &fourth).await.is_some());
    }
}

#[tokio::test]
async fn case_35_a_session_slides_while_it_is_used_and_ends_when_it_is_not() {
    let app = with(Tokens::default().refresh_validity(3 * HOUR)).await;
    let (_, tokens) = issue(&app).await;
    let second = refresh(&app, &tokens).await;
    opens(&app, &second).await;
    app.wait(3 * HOUR + Duration::from_millis(1));
    assert_eq!(
        not_renewed(&app, second.refresh.expose()).await,
        ErrorKind::Unauthorised
    );

    let (_, mut tokens) = issue(&app).await;
    for _ in 0..4 {
        tokens = refresh(&app, &tokens).await;
        app.wait(2 * HOUR);
    }
    refresh(&app, &tokens).await;
}

#[tokio::test]
async fn a_session_ends_at_its_absolute_end_however_much_it_is_used() {
    let app = with(Tokens::default().refresh_validity(3 * HOUR).absolute_period(5 * HOUR)).await;
    let (issued, mut tokens) = issue(&app).await;
    let end = issued.session.created_at + 5 * HOUR;
    for _ in 0..4 {
        tokens = refresh(&app, &tokens).await;
        let opened = app
            .auth
            .validate_access_token(tokens.access.expose(), None)
            .await
            .unwrap();
        assert!(tokens.access.expires() <= end && opened.renewed.unwrap().expires() <= end);
        app.wait(HOUR + HOUR / 5);
    }
    app.clock.set(end + Duration::from_millis(1));
    assert_eq!(
        not_renewed(&app, tokens.refresh.expose()).await,
        ErrorKind::Unauthorised
    );
    assert_eq!(refused(&app, tokens.access.expose()).await, ErrorKind::TryRefreshToken);
}

#[tokio::test]
async fn case_38_session_data_is_replaced_whole_and_survives_refreshes() {
    let app = with(Tokens::default()).await;
    let (issued, tokens) = issue(&app).await;
    let handle = &issued.session.id;
    assert_eq!(app.auth.get_session_data(handle).await.unwrap(), JsonObject::new());
    let data = object(&json!({ "cart": [1, 2] }));
    for _ in 0..2 {
        app.auth.update_session_data(handle, data.clone()).await.unwrap();
    }
    let child = refresh(&app, &tokens).await;
    opens(&app, &child).await;
    assert_eq!(app.auth.get_session_data(handle).await.unwrap(), data);
    assert!(!child.access.expose().contains("cart"));
    let unknown = SessionId::from("ses_unknown");
    assert_eq!(
        app.auth.get_session_data(&unknown).await.unwrap_err().kind(),
        ErrorKind::Unauthorised
    );
    let error = app.auth.update_session_data(&unknown, data).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSessionId);
}

#[tokio::test]
async fn a_changed_payload_travels_with_the_next_refresh() {
    let app = with(Tokens::default()).await;
    let (issued, tokens) = issue(&app).await;
    let payload = object(&json!({ "plan": "pro" }));
    app.auth
        .update_session_payload(&issued.session.id, payload.clone())
        .await
        .unwrap();
    let opened = app
        .auth
        .validate_access_token(tokens.access.expose(), None)
        .await
        .unwrap();
    assert_eq!(opened.session.payload, JsonObject::new());
    let child = refresh(&app, &tokens).await;
    let opened = app
        .auth
        .validate_access_token(child.access.expose(), None)
        .await
        .unwrap();
    assert_eq!(opened.session.payload, payload);
}

#[tokio::test]
async fn case_39_to_43_revoking_ends_the_refresh_token_at_once_and_the_access_token_when_the_store_is_asked() {
    for check_store in [false, true] {
        let app = with(Tokens::default().check_store(check_store)).await;
        let (one, one_tokens) = issue(&app).await;
        let (_, two_tokens) = issue(&app).await;
        let user = &one.session.user_id;
        assert!(app.auth.revoke_session(&one.session.id).await.unwrap());
        assert!(!app.auth.revoke_session(&one.session.id).await.unwrap());
        assert_eq!(app.auth.get_all_session_handles_for_user(user).await.unwrap().len(), 1);
        assert_eq!(
            not_renewed(&app, one_tokens.refresh.expose()).await,
            ErrorKind::Unauthorised
        );
        let opened = app.auth.validate_access_token(one_tokens.access.expose(), None).await;
        match check_store {
            true => assert_eq!(opened.unwrap_err().kind(), ErrorKind::Unauthorised),
            false => assert!(opened.is_ok()),
        }
        assert!(
            app.auth
                .validate_access_token(two_tokens.access.expose(), None)
                .await
                .is_ok()
        );

        app.auth.revoke_all_sessions_for_user(user).await.unwrap();
        assert!(
            app.auth
                .get_all_session_handles_for_user(user)
                .await
                .unwrap()
                .is_empty()
        );
        let opened = app.auth.validate_access_token(two_tokens.access.expose(), None).await;
        assert_eq!(opened.is_err(), check_store);
        // Case 41: not longer than it lives.
        app.wait(HOUR + Duration::from_secs(1));
        assert_eq!(
            refused(&app, two_tokens.access.expose()).await,
            ErrorKind::TryRefreshToken
        );
    }
}

#[tokio::test]
async fn revoking_several_tells_which_there_were_and_spares_the_others() {
    let app = with(Tokens::default()).await;
    let (one, _) = issue(&app).await;
    let (two, _) = issue(&app).await;
    let (three, _) = issue(&app).await;
    let unknown = SessionId::from("ses_unknown");
    let handles = [one.session.id.clone(), unknown, two.session.id.clone()];
    let ended = app.auth.revoke_sessions(&handles).await.unwrap();
    assert_eq!(ended, [one.session.id, two.session.id]);
    let left = app
        .auth
        .get_all_session_handles_for_user(&three.session.user_id)
        .await
        .unwrap();
    assert_eq!(left, [three.session.id]);
    let nobody = UserId::from("nobody");
    assert!(
        app.auth
            .get_all_session_handles_for_user(&nobody)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn an_invalidated_refresh_token_renews_nothing_and_an_unknown_one_is_no_error() {
    let app = with(Tokens::default()).await;
    let (_, tokens) = issue(&app).await;
    app.auth
        .invalidate_refresh_token(tokens.refresh.expose())
        .await
        .unwrap();
    assert_eq!(
        not_renewed(&app, tokens.refresh.expose()).await,
        ErrorKind::Unauthorised
    );
    app.auth
        .invalidate_refresh_token(tokens.refresh.expose())
        .await
        .unwrap();
    app.auth.invalidate_refresh_token("rft_garbage").await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_can_be_asked_for_again() {
    let app = strict().await;
    let (_, tokens) = issue(&app).await;
    // Of the refresh, any number of times.
    for _ in 0..3 {
        refresh(&app, &tokens).await;
        app.wait(HOUR);
    }
    let child = refresh(&app, &tokens).await;
    // Of the first use.
    for _ in 0..3 {
        assert!(opens(&app, &child).await.is_some());
    }
    // Of the refresh of a child that was never used.
    let (_, tokens) = issue(&app).await;
    let child = refresh(&app, &tokens).await;
    for _ in 0..3 {
        refresh(&app, &child).await;
    }
}

#[tokio::test]
async fn many_first_uses_at_once_all_succeed_and_one_writes() {
    let app = with(Tokens::default()).await;
    let (issued, tokens) = issue(&app).await;
    let child = refresh(&app, &tokens).await;
    app.store.forget_calls();
    let uses = (0..20).map(|_| opens(&app, &child));
    let renewed = futures_util::future::join_all(uses).await;
    assert!(renewed.iter().all(Option::is_some));
    let writes = app
        .store
        .calls()
        .into_iter()
        .filter(|call| *call == "rotate_session")
        .count();
    assert_eq!(writes, 1);
    let row = app
        .store
        .inner()
        .get_session(&issued.session.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.previous_issued_at, Some(issued.session.created_at));
}

#[tokio::test]
async fn a_first_use_of_an_ended_session_is_refused() {
    let app = with(Tokens::default()).await;
    let (issued, tokens) = issue(&app).await;
    let child = refresh(&app, &tokens).await;
    app.auth.revoke_session(&issued.session.id).await.unwrap();
    assert_eq!(refused(&app, child.access.expose()).await, ErrorKind::Unauthorised);
    assert!(
        app.store
            .inner()
            .get_session(&issued.session.id)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_refreshes_at_once_all_succeed_and_one_line_lives_on() {
    for sqlite in [false, true] {
        let clock = ManualClock::default();
        let builder = match sqlite {
            true => Auth::builder(SqliteAdapter::connect("sqlite::memory:").await.unwrap()),
            false => Auth::builder(MemoryAdapter::default()),
        };
        let auth = builder
            .secret(Secret::new("a secret of the tests, 32 bytes and more"))
            .base_url("https://app.example.com")
            .clock(clock.clone())
            .sessions(Tokens::default())
            .build()
            .unwrap();
        auth.migrate().await.unwrap();
        auth.create_user(NewUser::with_password("username", "ada", PASSWORD))
            .await
            .unwrap();
        let proof = auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
        let issued = auth.create_session(&proof, NewSession::default()).await.unwrap();
        let token = Arc::new(issued.tokens.unwrap().refresh.expose().to_owned());

        let racers: Vec<_> = (0..50)
            .map(|_| {
                let (auth, token) = (auth.clone(), Arc::clone(&token));
                tokio::spawn(async move { auth.refresh_session(&token).await.unwrap().tokens.unwrap() })
            })
            .collect();
        let mut children = Vec::new();
        for racer in racers {
            children.push(racer.await.unwrap());
        }
        // Each is used at once, and from then on one line counts: the first that is refreshed.
        let uses: Vec<_> = children
            .iter()
            .map(|child| {
                let (auth, access) = (auth.clone(), child.access.expose().to_owned());
                tokio::spawn(async move { auth.validate_access_token(&access, None).await.unwrap() })
            })
            .collect();
        for used in uses {
            used.await.unwrap();
        }
        clock.advance(Duration::from_secs(60));
        let next = auth
            .refresh_session(children[7].refresh.expose())
            .await
            .unwrap()
            .tokens
            .unwrap();
        auth.validate_access_token(next.access.expose(), None).await.unwrap();
        for child in &children {
            // Within the window the others are served.
            assert!(
                auth.refresh_session(child.refresh.expose())
                    .await
                    .unwrap()
                    .tokens
                    .is_none()
            );
        }
        auth.refresh_session(next.refresh.expose()).await.unwrap();
        assert_eq!(
            auth.get_all_session_handles_for_user(proof.user_id())
                .await
                .unwrap()
                .len(),
            1
        );
        clock.advance(Duration::from_secs(60));
        let late = auth.refresh_session(children[8].refresh.expose()).await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TokenTheft);
    }
}

#[tokio::test]
async fn one_key_comes_of_many_processes_that_start_at_once() {
    let store = SqliteAdapter::connect("sqlite::memory:").await.unwrap();
    let handle = || {
        Auth::builder(store.clone())
            .secret(Secret::new("a secret of the tests, 32 bytes and more"))
            .base_url("https://app.example.com")
            .sessions(Tokens::default())
            .build()
            .unwrap()
    };
    let first = handle();
    first.migrate().await.unwrap();
    first
        .create_user(NewUser::with_password("username", "ada", PASSWORD))
        .await
        .unwrap();
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let auth = handle();
            tokio::spawn(async move {
                let proof = auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
                auth.create_session(&proof, NewSession::default())
                    .await
                    .unwrap()
                    .tokens
                    .unwrap()
            })
        })
        .collect();
    for start in starts {
        let tokens = start.await.unwrap();
        first.validate_access_token(tokens.access.expose(), None).await.unwrap();
        first.refresh_session(tokens.refresh.expose()).await.unwrap();
    }
    assert_eq!(store.get_signing_keys().await.unwrap().len(), 1);
}

#[tokio::test]
async fn another_algorithm_takes_over_and_nobody_is_signed_out() {
    use auth_core::Algorithm;
    let store = MemoryAdapter::default();
    let clock = ManualClock::default();
    let handle = |algorithm: Algorithm| {
        Auth::builder(store.clone())
            .secret(Secret::new("a secret of the tests, 32 bytes and more"))
            .base_url("https://app.example.com")
            .clock(clock.clone())
            .sessions(Tokens::default().algorithm(algorithm))
            .build()
            .unwrap()
    };
    let before = handle(Algorithm::Hs256);
    before
        .create_user(NewUser::with_password("username", "ada", PASSWORD))
        .await
        .unwrap();
    let proof = before.authenticate_user("username", "ada", PASSWORD).await.unwrap();
    let old = before
        .create_session(&proof, NewSession::default())
        .await
        .unwrap()
        .tokens
        .unwrap();
    let after = handle(Algorithm::EdDsa);
    after.validate_access_token(old.access.expose(), None).await.unwrap();
    after.refresh_session(old.refresh.expose()).await.unwrap();
    clock.advance(Duration::from_secs(61));
    let new = after
        .refresh_session(old.refresh.expose())
        .await
        .unwrap()
        .tokens
        .unwrap();
    let header = |tokens: &SessionTokens| tokens.access.expose().split('.').next().unwrap().to_owned();
    assert_ne!(header(&new), header(&old));
    assert!(new.access.expose().len() > old.access.expose().len());
    // A process that still has the old setting takes both.
    before.validate_access_token(new.access.expose(), None).await.unwrap();
    assert!(store.get_signing_keys().await.unwrap().len() <= 3);
}

#[tokio::test]
async fn a_store_that_fails_at_the_rotation_delays_it() {
    use auth_core::testing::Fault;
    let app = with(Tokens::default()).await;
    let (_, tokens) = issue(&app).await;
    let kid = |access: &str| access.split('.').next().unwrap().to_owned();
    let child = refresh(&app, &tokens).await;
    app.wait(25 * HOUR);
    // The first two calls are the session's, the third the key's.
    app.store.fail(Fault::At(3));
    let late = app
        .auth
        .refresh_session(child.refresh.expose())
        .await
        .unwrap()
        .tokens
        .unwrap();
    assert_eq!(kid(late.access.expose()), kid(tokens.access.expose()));
    app.store.fail(Fault::Never);
    refresh(&app, &late).await;
    assert_eq!(app.store.get_signing_keys().await.unwrap().len(), 2);
}

#[tokio::test]
async fn old_keys_go_when_nothing_they_signed_can_live() {
    let app = with(Tokens::default().key_interval(HOUR).refresh_validity(3 * HOUR)).await;
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

#[tokio::test]
async fn rotation_by_grace_ends_the_parent_at_once_and_forgives_it_for_a_while() {
    let app = with(Tokens::default().rotation(Rotation::Grace(Duration::from_secs(30)))).await;
    let (issued, first) = issue(&app).await;
    let row = async || app.store.inner().get_session(&issued.session.id).await.unwrap();
    app.wait(Duration::from_secs(60));
    let second = refresh(&app, &first).await;
    let after_first = row().await.unwrap();
    // Checked here, never against the store.
    app.store.forget_calls();
    assert_eq!(opens(&app, &second).await, None);
    assert_eq!(app.store.calls(), [""; 0]);
    // Within the window the parent gives another child; the window does not slide, and one child lives.
    app.wait(Duration::from_secs(20));
    let third = refresh(&app, &first).await;
    let after_second = row().await.unwrap();
    assert_eq!(after_second.previous_digest, after_first.previous_digest);
    assert_eq!(after_second.previous_expires, after_first.previous_expires);
    refresh(&app, &third).await;
    assert_eq!(not_renewed(&app, second.refresh.expose()).await, ErrorKind::TokenTheft);
    assert!(row().await.is_none());

    let (_, first) = issue(&app).await;
    refresh(&app, &first).await;
    app.wait(Duration::from_millis(30_001));
    assert_eq!(not_renewed(&app, first.refresh.expose()).await, ErrorKind::TokenTheft);

    let app = with(Tokens::default().rotation(Rotation::Grace(Duration::ZERO))).await;
    let (_, first) = issue(&app).await;
    refresh(&app, &first).await;
    assert_eq!(not_renewed(&app, first.refresh.expose()).await, ErrorKind::TokenTheft);
}

#[tokio::test]
async fn jitter_only_shortens_and_stays_within_its_bound() {
    let app = with(Tokens::default().jitter(0.25)).await;
    let (mut shortest, mut longest) = (HOUR, Duration::ZERO);
    for _ in 0..40 {
        let (_, tokens) = issue(&app).await;
        let life = tokens.access.expires().since(app.now());
        shortest = shortest.min(life);
        longest = longest.max(life);
    }
    assert!(longest <= HOUR && shortest >= HOUR.mul_f64(0.75) - Duration::from_secs(1));
    assert!(longest - shortest > Duration::from_secs(60));
}

#[tokio::test]
async fn a_failing_store_is_never_a_lost_session() {
    use auth_core::testing::Fault;
    let app = with(Tokens::default()).await;
    let (_, tokens) = issue(&app).await;
    let child = refresh(&app, &tokens).await;
    app.store.fail(Fault::Always);
    let error = app.auth.refresh_session(tokens.refresh.expose()).await.unwrap_err();
    assert!(error.is_store_failure());
    let error = app
        .auth
        .validate_access_token(child.access.expose(), None)
        .await
        .unwrap_err();
    assert!(error.is_store_failure());
    app.store.fail(Fault::Never);
    assert!(opens(&app, &child).await.is_some());
}

#[tokio::test]
async fn another_strategy_on_the_same_database_signs_nobody_in() {
    let store = MemoryAdapter::default();
    let handle = |tokens: bool| {
        let builder = Auth::builder(store.clone())
            .secret(Secret::new("a secret of the tests, 32 bytes and more"))
            .base_url("https://app.example.com");
        match tokens {
            true => builder.sessions(Tokens::default()),
            false => builder.sessions(SessionConfig::default()),
        }
        .build()
        .unwrap()
    };
    let (opaque, tokens) = (handle(false), handle(true));
    opaque
        .create_user(NewUser::with_password("username", "ada", PASSWORD))
        .await
        .unwrap();
    let proof = opaque.authenticate_user("username", "ada", PASSWORD).await.unwrap();
    let of_opaque = opaque.create_session(&proof, NewSession::default()).await.unwrap();
    let of_tokens = tokens.create_session(&proof, NewSession::default()).await.unwrap();
    assert!(of_opaque.tokens.is_none());
    assert!(opaque.validate_session(&of_tokens.token).await.is_err());
    let set = of_tokens.tokens.unwrap();
    assert!(opaque.validate_access_token(set.access.expose(), None).await.is_err());
    assert!(opaque.refresh_session(set.refresh.expose()).await.is_err());
    // Both are listed and can be ended by either.
    let handles = tokens.get_all_session_handles_for_user(proof.user_id()).await.unwrap();
    assert_eq!(handles.len(), 2);
    assert!(opaque.revoke_session(&of_tokens.session.id).await.unwrap());
    assert_eq!(
        tokens.refresh_session(set.refresh.expose()).await.unwrap_err().kind(),
        ErrorKind::Unauthorised
    );
}

#[test]
fn settings_out_of_bounds_are_refused_by_name() {
    let build = |tokens: Tokens| {
        Auth::builder(MemoryAdapter::default())
            .secret(Secret::new("a secret of the tests, 32 bytes and more"))
            .base_url("https://app.example.com")
            .sessions(tokens)
            .build()
            .map(drop)
            .map_err(|error| {
                error
                    .problems()
                    .iter()
                    .map(|problem| problem.option)
                    .collect::<Vec<_>>()
            })
    };
    let seconds = Duration::from_secs;
    let default = Tokens::default;
    let at_endpoint = |path: &str| Tokens::default().refresh_at(RefreshAt::Endpoint).refresh_path(path);
    let year = 8_760 * HOUR;
    for (tokens, expected) in [
        (default(), None),
        (
            default()
                .access_validity(seconds(10))
                .rotation(Rotation::Grace(seconds(0))),
            None,
        ),
        (default().access_validity(seconds(9)), Some("tokens.access_validity")),
        (
            default().access_validity(seconds(86_400_001)),
            Some("tokens.access_validity"),
        ),
        (default().access_validity(2_400 * HOUR), Some("tokens.access_validity")),
        (default().access_validity(seconds(10)).refresh_validity(HOUR), None),
        (default().refresh_validity(year), None),
        (default().refresh_validity(year + HOUR), Some("tokens.refresh_validity")),
        (
            default().access_validity(seconds(10)).refresh_validity(seconds(3_599)),
            Some("tokens.refresh_validity"),
        ),
        (default().key_interval(HOUR), None),
        (default().key_interval(720 * HOUR), None),
        (default().key_interval(seconds(3_599)), Some("tokens.key_interval")),
        (default().key_interval(721 * HOUR), Some("tokens.key_interval")),
        (at_endpoint("/api/auth/session/refresh"), None),
        (at_endpoint("/api"), None),
        (at_endpoint("/api/auth/session/refresh/"), Some("tokens.refresh_path")),
        (at_endpoint("/refresh"), Some("tokens.refresh_path")),
        (at_endpoint("/ap"), Some("tokens.refresh_path")),
        (at_endpoint("api"), Some("tokens.refresh_path")),
        (at_endpoint(""), Some("tokens.refresh_path")),
        (at_endpoint("/api; Domain=example.com"), Some("tokens.refresh_path")),
        (at_endpoint("/api\r\nx: y"), Some("tokens.refresh_path")),
        (default().refresh_path("/api"), Some("tokens.refresh_path")),
        (default().jitter(0.25), None),
        (default().jitter(0.26), Some("tokens.jitter")),
        (default().jitter(-0.1), Some("tokens.jitter")),
        (default().jitter(f64::NAN), Some("tokens.jitter")),
        (default().leeway(seconds(60)), None),
        (default().leeway(seconds(61)), Some("tokens.leeway")),
        (
            default().rotation(Rotation::Grace(seconds(301))),
            Some("tokens.rotation"),
        ),
        (default().session_expired_status(440), None),
        (
            default().session_expired_status(200),
            Some("tokens.session_expired_status"),
        ),
        (
            default().signing_keys(SigningKeys::fixed(Secret::new("short"))),
            Some("tokens.signing_keys"),
        ),
        (default().absolute_period(HOUR), Some("tokens.absolute_period")),
        (
            default().names(auth_core::TokenNames::new("same", "same", None)),
            Some("tokens.names"),
        ),
        (
            default().names(auth_core::TokenNames::new("a b", "refresh", None)),
            Some("cookie.name"),
        ),
    ] {
        match (build(tokens.clone()), expected) {
            (Ok(()), None) => {}
            (Err(options), Some(expected)) => assert!(options.contains(&expected), "{tokens:?}: {options:?}"),
            (result, _) => panic!("{tokens:?}: {result:?}"),
        }
    }
}
