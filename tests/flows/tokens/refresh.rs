use std::time::Duration;

use auth_core::{AntiCsrf, ErrorKind, RefreshToken, Rotation, Tokens, adapter::SessionAdapter, testing::Fault};
use serde_json::json;

use super::{HOUR, issue, issue_with, not_renewed, object, opens, refresh, refused, strict, with};
use crate::{App, Driver, Held, PASSWORD, stories};

const WINDOW: Duration = Duration::from_secs(10);

stories![App::new =>
    case_21_and_22_a_refresh_token_is_read_and_a_forged_one_is_not,
    case_33_and_34_a_refresh_gives_everything_anew,
    case_35_a_session_slides_while_it_is_used_and_ends_when_it_is_not,
    a_lost_answer_can_be_asked_for_again,
    g6_5_06_the_window_is_ten_seconds_unless_said_otherwise,
    many_first_uses_at_once_all_succeed_and_one_writes,
    a_first_use_of_an_ended_session_is_refused,
    rotation_by_grace_ends_the_parent_at_once_and_forgives_it_for_a_while,
    a_failing_store_is_never_a_lost_session,
    a_store_that_fails_at_any_call_of_a_refresh_costs_no_session,
    a_store_that_fails_at_any_call_of_a_change_of_password_costs_no_session,
];

async fn case_21_and_22_a_refresh_token_is_read_and_a_forged_one_is_not(app: App) {
    let app = with(&app, Tokens::default()).await;
    let (issued, tokens) = issue(&app).await;
    let text = tokens.refresh.as_str();
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
    let other: Vec<&str> = other.refresh.split('.').collect();
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

async fn case_33_and_34_a_refresh_gives_everything_anew(app: App) {
    for anti_csrf in [AntiCsrf::None, AntiCsrf::Token] {
        let app = with(&app, Tokens::default().anti_csrf(anti_csrf)).await;
        let payload = object(&json!({ "role": "admin" }));
        let (issued, first) = issue_with(&app, payload.clone()).await;
        let refreshed = app.auth.refresh_session(first.refresh.expose()).await.unwrap();
        let second = refreshed.tokens.unwrap();
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
        let fourth = refresh(&app, &Held::from(&second)).await;
        assert!(opens(&app, &fourth).await.is_some());
        // And in cookies.
        let browser = app.browser_with(&fourth);
        let answer = browser.send("POST", "/api/auth/session/refresh", None, "").await;
        assert_eq!((answer.status(), answer.set_cookies().len()), (200, 3), "{answer:?}");
        assert_eq!(answer.header("anti-csrf").is_some(), anti_csrf == AntiCsrf::Token);
        assert_ne!(browser.cookie("__Host-auth_access").unwrap(), fourth.access);
        assert_ne!(browser.cookie("__Host-auth_refresh").unwrap(), fourth.refresh);
        assert_eq!(browser.get("/session").await.text(), issued.session.id.as_str());
    }
}

async fn case_35_a_session_slides_while_it_is_used_and_ends_when_it_is_not(app: App) {
    let app = with(&app, Tokens::default().refresh_validity(3 * HOUR)).await;
    let (_, tokens) = issue(&app).await;
    let second = refresh(&app, &tokens).await;
    opens(&app, &second).await;
    app.wait(3 * HOUR + Duration::from_millis(1));
    assert_eq!(not_renewed(&app, &second.refresh).await, ErrorKind::Unauthorised);

    let (_, mut tokens) = issue(&app).await;
    for _ in 0..4 {
        tokens = refresh(&app, &tokens).await;
        app.wait(2 * HOUR);
    }
    refresh(&app, &tokens).await;
}

async fn a_lost_answer_can_be_asked_for_again(app: App) {
    let app = strict(&app).await;
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

async fn g6_5_06_the_window_is_ten_seconds_unless_said_otherwise(app: App) {
    for (moment, is_served) in [(WINDOW, true), (WINDOW + Duration::from_millis(1), false)] {
        let app = with(&app, Tokens::default()).await;
        let (_, parent) = issue(&app).await;
        let child = refresh(&app, &parent).await;
        opens(&app, &child).await;
        app.wait(moment);
        let late = app.auth.refresh_session(&parent.refresh).await;
        if is_served {
            assert!(late.unwrap().tokens.is_none());
        } else {
            assert_eq!(late.unwrap_err().kind(), ErrorKind::TokenTheft);
        }
    }
}

async fn many_first_uses_at_once_all_succeed_and_one_writes(app: App) {
    let app = with(&app, Tokens::default()).await;
    let (issued, tokens) = issue(&app).await;
    let child = refresh(&app, &tokens).await;
    app.store.forget_calls();
    // Another has seen the row as it was, and comes too late to write.
    let held = app.store.hold_before("rotate_session");
    let uses = async {
        held.reached().await;
        let uses = (0..20).map(|_| opens(&app, &child));
        let renewed = futures_util::future::join_all(uses).await;
        held.release();
        renewed
    };
    let (late, renewed) = tokio::join!(opens(&app, &child), uses);
    assert!(late.is_some() && renewed.iter().all(Option::is_some));
    // In memory nobody comes between a look and its write; elsewhere all may try, and one succeeds.
    let most = if matches!(app.driver, Driver::CoreOn(_)) { 21 } else { 2 };
    assert!((2..=most).contains(&app.store.count_calls("rotate_session")));
    let row = app
        .store
        .inner()
        .get_session(&issued.session.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.previous_issued_at, Some(issued.session.created_at));
}

async fn a_first_use_of_an_ended_session_is_refused(app: App) {
    let app = with(&app, Tokens::default()).await;
    let (issued, tokens) = issue(&app).await;
    let child = refresh(&app, &tokens).await;
    app.auth.revoke_session(&issued.session.id).await.unwrap();
    assert_eq!(refused(&app, &child.access).await, ErrorKind::Unauthorised);
    assert!(
        app.store
            .inner()
            .get_session(&issued.session.id)
            .await
            .unwrap()
            .is_none()
    );
}

async fn rotation_by_grace_ends_the_parent_at_once_and_forgives_it_for_a_while(app: App) {
    let app = with(
        &app,
        Tokens::default().rotation(Rotation::Grace(Duration::from_secs(30))),
    )
    .await;
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
    assert_eq!(not_renewed(&app, &second.refresh).await, ErrorKind::TokenTheft);
    assert!(row().await.is_none());

    let (_, first) = issue(&app).await;
    refresh(&app, &first).await;
    app.wait(Duration::from_millis(30_001));
    assert_eq!(not_renewed(&app, &first.refresh).await, ErrorKind::TokenTheft);

    let app = with(&app, Tokens::default().rotation(Rotation::Grace(Duration::ZERO))).await;
    let (_, first) = issue(&app).await;
    refresh(&app, &first).await;
    assert_eq!(not_renewed(&app, &first.refresh).await, ErrorKind::TokenTheft);
}

async fn a_failing_store_is_never_a_lost_session(app: App) {
    let app = with(&app, Tokens::default()).await;
    let (_, tokens) = issue(&app).await;
    let child = refresh(&app, &tokens).await;
    app.store.fail(Fault::Always);
    let error = app.auth.refresh_session(&tokens.refresh).await.unwrap_err();
    assert!(error.is_store_failure());
    assert_eq!(not_renewed(&app, &tokens.refresh).await, ErrorKind::DatabaseFetchFailed);
    let error = app.auth.validate_access_token(&child.access, None).await.unwrap_err();
    assert!(error.is_store_failure());
    assert_eq!(refused(&app, &child.access).await, ErrorKind::DatabaseFetchFailed);
    app.store.fail(Fault::Never);
    assert!(opens(&app, &child).await.is_some());
}

async fn a_store_that_fails_at_any_call_of_a_refresh_costs_no_session(app: App) {
    for rotation in [
        Rotation::Grace(Duration::ZERO),
        Rotation::ParentChild { straggler: WINDOW },
        Rotation::Off,
    ] {
        let app = with(&app, Tokens::default().rotation(rotation)).await;
        let (mut done, mut failed) = (0, 0);
        // Before the store did anything, and after: only the answer is lost.
        for fault in (1..=4).flat_map(|call| [Fault::At(call), Fault::AfterwardsAt(call)]) {
            let (_, held) = issue(&app).await;
            app.store.fail(fault);
            let refreshed = app.auth.refresh_session(&held.refresh).await;
            app.store.fail(Fault::Never);
            // Long after any window.
            app.wait(Duration::from_secs(60));
            match refreshed {
                Ok(given) => {
                    refresh(&app, &Held::from(given.tokens.as_ref().unwrap())).await;
                    done += 1;
                }
                Err(error) => {
                    assert!(error.is_store_failure(), "{rotation:?} {fault:?}: {error:?}");
                    refresh(&app, &held).await;
                    failed += 1;
                }
            }
        }
        assert!(done > 1 && failed > 2, "{rotation:?}: {done} {failed}");
    }
}

async fn a_store_that_fails_at_any_call_of_a_change_of_password_costs_no_session(app: App) {
    let app = with(&app, Tokens::default()).await;
    for at in [Fault::At, Fault::AfterwardsAt] {
        let mut changed = 0;
        for call in 1..=20 {
            let ada = app.signed_up(&format!("ada{call}@example.com")).await;
            let change = json!({ "password": "another horse battery", "current_password": PASSWORD });
            app.store.fail(at(call));
            let answer = ada.put("/api/auth/user", change).await;
            app.store.fail(Fault::Never);
            let renewed = ada.send("POST", "/api/auth/session/refresh", None, "").await;
            assert_eq!(renewed.status(), 200, "call {call}: {answer:?}, {renewed:?}");
            assert_eq!(ada.get("/session").await.status(), 200);
            changed += usize::from(answer.status() == 200);
            let id = app
                .auth
                .get_user_by_provider_id("email", &format!("ada{call}@example.com"))
                .await;
            app.auth.delete_user(&id.unwrap().id).await.unwrap();
        }
        assert!((1..15).contains(&changed), "{changed}");
    }
}
