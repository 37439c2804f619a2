use std::time::Duration;

use auth_core::{AntiCsrf, ErrorKind, Timestamp, Tokens, UserId};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{HOUR, built, issue, issue_with, not_renewed, object, opens, refresh, refused, with};
use crate::{App, Held, stories};

stories![
    case_01_and_19_an_access_token_carries_what_it_was_made_with,
    case_04_and_30_an_access_token_ends_on_time,
    s21_an_access_token_is_opened_with_its_user,
    case_23_to_27_ids_are_opaque_whatever_they_look_like,
    case_28_and_29_the_anti_csrf_value_is_checked_when_it_is_given,
    case_32_an_altered_payload_is_refused,
    a_check_costs_no_store_call_and_neither_does_the_next,
    a_session_ends_at_its_absolute_end_however_much_it_is_used,
    jitter_only_shortens_and_stays_within_its_bound,
];

async fn case_01_and_19_an_access_token_carries_what_it_was_made_with(app: App) {
    let app = with(&app, Tokens::default()).await;
    let payload = object(&json!({ "a": "a", "nested": { "ä": [1, null, true] } }));
    let (issued, tokens) = issue_with(&app, payload.clone()).await;
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
    // The edge reads the same, from a header and from a cookie.
    let held = Held::from(&tokens);
    assert_eq!(opens(&app, &held).await, None);
    let answer = app.browser_with(&held).get("/me").await;
    assert_eq!((answer.status(), answer.text()), (200, issued.session.user_id.as_str()));
    assert_eq!(answer.set_cookies(), [""; 0]);
}

async fn case_04_and_30_an_access_token_ends_on_time(app: App) {
    let app = with(&app, Tokens::default().access_validity(Duration::from_secs(10))).await;
    let (issued, tokens) = issue(&app).await;
    app.clock.set(issued.tokens.unwrap().access.expires());
    assert_eq!(opens(&app, &tokens).await, None);
    app.wait(Duration::from_millis(1));
    assert_eq!(refused(&app, &tokens.access).await, ErrorKind::TryRefreshToken);
}

async fn s21_an_access_token_is_opened_with_its_user(app: App) {
    let app = with(&app, Tokens::default()).await;
    let (issued, first) = issue(&app).await;
    let id = &issued.session.user_id;
    let ask = async |held: &Held| app.auth.get_access_token_user(&held.access).await;
    let (opened, user) = ask(&first).await.unwrap();
    assert_eq!((&opened.session.id, &user.id), (&issued.session.id, id));
    assert!(opened.renewed.is_none());
    // The user as they are now, and what the first use of a refreshed token gives.
    let attributes = auth_core::Attributes::new().with("credits", 7);
    app.auth.update_user_attributes(id, attributes.clone()).await.unwrap();
    let child = refresh(&app, &first).await;
    let (opened, user) = ask(&child).await.unwrap();
    assert_eq!(user.attributes, app.auth.get_user(id).await.unwrap().attributes);
    assert!(opened.renewed.is_some());

    let kind = async |held: &Held| ask(held).await.unwrap_err().kind();
    let (_, held) = issue(&app).await;
    app.wait(HOUR + Duration::from_secs(1));
    assert_eq!(kind(&held).await, ErrorKind::TryRefreshToken);
    let garbage = Held {
        access: "garbage".to_owned(),
        refresh: String::new(),
    };
    assert_eq!(kind(&garbage).await, ErrorKind::TryRefreshToken);

    // Shut out and gone: the token is good, and its owner is not.
    let (_, held) = issue(&app).await;
    let forever = Timestamp::from_unix_ms(i64::MAX);
    app.auth.ban_user(id, Some(forever)).await.unwrap();
    assert_eq!(kind(&held).await, ErrorKind::Unauthorised);
    app.auth.ban_user(id, None).await.unwrap();
    assert!(ask(&held).await.is_ok());
    app.auth.delete_user(id).await.unwrap();
    assert_eq!(kind(&held).await, ErrorKind::Unauthorised);
}

async fn case_23_to_27_ids_are_opaque_whatever_they_look_like(app: App) {
    for id in ["1", "", " 1 ", r#"{"a":"testing"}"#, r#"{"i":"testing"}"#, "ü"] {
        let owned = id.to_owned();
        let app = built(&app, |builder| {
            builder.sessions(Tokens::default()).user_ids(move || owned.clone())
        })
        .await;
        let (issued, tokens) = issue(&app).await;
        assert_eq!(issued.session.user_id, UserId::from(id));
        let child = refresh(&app, &tokens).await;
        let opened = app.auth.validate_access_token(&child.access, None).await.unwrap();
        assert_eq!(opened.session.user_id, UserId::from(id), "{id:?}");
        assert_eq!(app.bearer(&child.access).get("/me").await.text(), id);
    }
}

async fn case_28_and_29_the_anti_csrf_value_is_checked_when_it_is_given(app: App) {
    let app = with(&app, Tokens::default().anti_csrf(AntiCsrf::Token)).await;
    let (issued, held) = issue(&app).await;
    let access = held.access.as_str();
    let value = issued.tokens.unwrap().anti_csrf.unwrap();
    let write = async |app: &App, held: &Held, value: Option<&str>| {
        let browser = app.browser_with(held);
        match value {
            Some(value) => browser.with("anti-csrf", value).post("/write", json!({})).await,
            None => browser.post("/write", json!({})).await,
        }
    };
    assert!(value.len() >= 22);
    assert!(app.auth.validate_access_token(access, Some(&value)).await.is_ok());
    assert!(app.auth.validate_access_token(access, None).await.is_ok());
    for wrong in ["", "wrong", &value[1..]] {
        let error = app.auth.validate_access_token(access, Some(wrong)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TryRefreshToken);
        let answer = write(&app, &held, Some(wrong)).await;
        assert_eq!((answer.status(), answer.set_cookies().len()), (401, 0));
        assert_eq!(answer.json()["message"], "try refresh token");
    }
    assert_eq!(write(&app, &held, Some(&value)).await.status(), 200);
    // Through cookies it must be given; a header of one's own is proof enough.
    assert_eq!(write(&app, &held, None).await.status(), 401);
    assert_eq!(app.bearer(access).post("/write", json!({})).await.status(), 200);
    let app = with(&app, Tokens::default()).await;
    let (issued, held) = issue(&app).await;
    assert_eq!(issued.tokens.unwrap().anti_csrf, None);
    let unasked = app.auth.validate_access_token(&held.access, Some("wrong")).await;
    assert!(unasked.is_ok());
    assert_eq!(write(&app, &held, Some("wrong")).await.status(), 200);
    assert_eq!(write(&app, &held, None).await.status(), 200);
}

async fn case_32_an_altered_payload_is_refused(app: App) {
    let app = with(&app, Tokens::default()).await;
    let (_, tokens) = issue_with(&app, object(&json!({ "credits": 1 }))).await;
    let parts: Vec<&str> = tokens.access.expose().split('.').collect();
    let mut claims: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    claims["payload"]["credits"] = json!(1_000_000);
    let altered = [parts[0], &URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2]].join(".");
    // Before the right one was seen, and after.
    for _ in 0..2 {
        assert_eq!(refused(&app, &altered).await, ErrorKind::TryRefreshToken);
        let opened = app.auth.validate_access_token(&altered, None).await;
        assert_eq!(opened.unwrap_err().kind(), ErrorKind::TryRefreshToken);
        let held = Held::from(&tokens);
        assert_eq!(opens(&app, &held).await, None);
    }
}

async fn a_check_costs_no_store_call_and_neither_does_the_next(app: App) {
    let app = with(&app, Tokens::default()).await;
    let (_, tokens) = issue(&app).await;
    app.store.forget_calls();
    for _ in 0..3 {
        opens(&app, &tokens).await;
    }
    assert_eq!(app.store.calls(), [""; 0]);
}

async fn a_session_ends_at_its_absolute_end_however_much_it_is_used(app: App) {
    let app = with(
        &app,
        Tokens::default().refresh_validity(3 * HOUR).absolute_period(5 * HOUR),
    )
    .await;
    let (issued, mut tokens) = issue(&app).await;
    let end = issued.session.created_at + 5 * HOUR;
    for _ in 0..4 {
        tokens = refresh(&app, &tokens).await;
        let opened = app.auth.validate_access_token(&tokens.access, None).await.unwrap();
        assert!(opened.session.active_expires <= end && opened.renewed.unwrap().expires() <= end);
        opens(&app, &tokens).await;
        app.wait(HOUR + HOUR / 5);
    }
    app.clock.set(end + Duration::from_millis(1));
    assert_eq!(not_renewed(&app, &tokens.refresh).await, ErrorKind::Unauthorised);
    assert_eq!(refused(&app, &tokens.access).await, ErrorKind::TryRefreshToken);
}

async fn jitter_only_shortens_and_stays_within_its_bound(app: App) {
    let app = with(&app, Tokens::default().jitter(0.25)).await;
    let (mut shortest, mut longest) = (HOUR, Duration::ZERO);
    for _ in 0..40 {
        let (_, tokens) = issue(&app).await;
        let answer = app.renew(&tokens.refresh).await.unwrap().unwrap();
        let opened = app.auth.validate_access_token(&answer.access, None).await.unwrap();
        let life = opened.session.active_expires.since(app.now());
        shortest = shortest.min(life);
        longest = longest.max(life);
    }
    assert!(longest <= HOUR && shortest >= HOUR.mul_f64(0.75) - Duration::from_secs(1));
    assert!(longest - shortest > Duration::from_secs(60));
}
