//! Rotation switched off: one refresh token for as long as the session lives.

use std::time::Duration;

use auth_core::{ErrorKind, EventKind, Rotation, Tokens, testing::Fault};
use serde_json::json;

use super::{HOUR, House, issue, not_renewed, opens, refresh, with};
use crate::{App, Held, PASSWORD, stories};

stories![App::new =>
    g6_5_09_a_refresh_token_that_does_not_rotate_stays_usable,
    g6_5_09_a_session_that_does_not_rotate_slides_and_outlives_the_keys,
    g6_5_09_a_session_that_does_not_rotate_ends_like_any_other,
    g6_5_09_another_password_gives_another_token_and_the_old_one_ends_nothing,
    g6_5_09_switching_rotation_off_and_on_signs_nobody_out,
];

async fn unrotated(app: &App) -> House {
    with(app, Tokens::default().rotation(Rotation::Off)).await
}

/// A refresh, which must give the same refresh token and an access token that is good at once.
async fn same(app: &App, held: &Held) -> Held {
    let renewed = refresh(app, held).await;
    assert_eq!(renewed.refresh, held.refresh);
    assert_eq!(opens(app, &renewed).await, None);
    renewed
}

fn thefts(app: &App) -> usize {
    app.events.count(EventKind::TokenReused)
}

async fn g6_5_09_a_refresh_token_that_does_not_rotate_stays_usable(app: App) {
    let app = unrotated(&app).await;
    let (issued, first) = issue(&app).await;
    let mut before = first.clone();
    for _ in 0..3 {
        app.wait(Duration::from_secs(60));
        let renewed = same(&app, &first).await;
        assert_ne!(renewed.access, before.access);
        // What was given before is as good, and asks no store.
        app.store.forget_calls();
        assert_eq!(opens(&app, &before).await, None);
        assert_eq!(app.store.calls(), [""; 0]);
        before = renewed;
    }
    let crowd = futures_util::future::join_all((0..50).map(|_| same(&app, &first))).await;
    assert_eq!(crowd.len(), 50);
    assert_eq!(
        app.auth.validate_refresh_token(&first.refresh).await.unwrap(),
        issued.session.user_id
    );
    // In cookies as well: the same refresh cookie is set again.
    let browser = app.browser_with(&first);
    for _ in 0..2 {
        app.wait(HOUR + Duration::from_secs(1));
        let answer = browser.get("/session").await;
        assert_eq!(
            (answer.text(), answer.set_cookies().len()),
            (issued.session.id.as_str(), 3)
        );
        assert_eq!(browser.cookie("__Host-auth_refresh").unwrap(), first.refresh);
    }
    assert_eq!(thefts(&app), 0);
    // A store that fails takes nothing away.
    app.store.fail(Fault::Always);
    assert_eq!(not_renewed(&app, &first.refresh).await, ErrorKind::DatabaseFetchFailed);
    app.store.fail(Fault::Never);
    same(&app, &first).await;
}

async fn g6_5_09_a_session_that_does_not_rotate_slides_and_outlives_the_keys(app: App) {
    let tokens = Tokens::default()
        .rotation(Rotation::Off)
        .key_interval(HOUR)
        .refresh_validity(3 * HOUR);
    let app = with(&app, tokens).await;
    let (_, held) = issue(&app).await;
    // Every key of its first hours is long gone.
    for _ in 0..20 {
        app.wait(2 * HOUR);
        same(&app, &held).await;
    }
    app.wait(3 * HOUR + Duration::from_millis(1));
    assert_eq!(not_renewed(&app, &held.refresh).await, ErrorKind::Unauthorised);

    let tokens = Tokens::default().rotation(Rotation::Off);
    let app = with(&app, tokens.refresh_validity(3 * HOUR).absolute_period(5 * HOUR)).await;
    let (issued, held) = issue(&app).await;
    app.wait(2 * HOUR);
    same(&app, &held).await;
    app.wait(2 * HOUR + HOUR / 2);
    let last = same(&app, &held).await;
    let end = issued.session.created_at + 5 * HOUR;
    let opened = app.auth.validate_access_token(&last.access, None).await.unwrap();
    assert!(opened.session.active_expires <= end);
    app.clock.set(end + Duration::from_millis(1));
    assert_eq!(not_renewed(&app, &held.refresh).await, ErrorKind::Unauthorised);
}

async fn g6_5_09_a_session_that_does_not_rotate_ends_like_any_other(app: App) {
    let app = unrotated(&app).await;
    for way in ["revoke", "refresh token", "all", "sign out"] {
        let (issued, held) = issue(&app).await;
        let renewed = same(&app, &held).await;
        match way {
            "revoke" => assert!(app.auth.revoke_session(&issued.session.id).await.unwrap()),
            "refresh token" => app.auth.invalidate_refresh_token(&held.refresh).await.unwrap(),
            "all" => app
                .auth
                .invalidate_all_user_sessions(&issued.session.user_id)
                .await
                .unwrap(),
            _ => {
                let answer = app.bearer(&renewed.access).post("/api/auth/logout", json!({})).await;
                assert_eq!(answer.status(), 204, "{answer:?}");
            }
        }
        assert_eq!(not_renewed(&app, &held.refresh).await, ErrorKind::Unauthorised, "{way}");
    }
    let (_, held) = issue(&app).await;
    let mut forged = held.refresh.into_bytes();
    let last = forged.len() - 10;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    assert_eq!(not_renewed(&app, &forged).await, ErrorKind::Unauthorised);
}

async fn g6_5_09_another_password_gives_another_token_and_the_old_one_ends_nothing(app: App) {
    let app = unrotated(&app).await;
    let keeper = app.keeper();
    let first = keeper.sign_up("bob@example.com", PASSWORD).await.json();
    let text = |session: &serde_json::Value, name: &str| session[name].as_str().unwrap().to_owned();
    let change = json!({ "password": "another horse battery", "current_password": PASSWORD });
    let bearer = app.bearer(&text(&first, "access_token")).with("st-auth-mode", "header");
    let answer = bearer.put("/api/auth/user", change).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    let held = Held {
        access: answer.header("st-access-token").unwrap().to_owned(),
        refresh: answer.header("st-refresh-token").unwrap().to_owned(),
    };
    let old = text(&first, "refresh_token");
    assert_ne!(held.refresh, old);
    for wait in [0, 60] {
        app.wait(Duration::from_secs(wait));
        // A tab may have been under way at first.
        let told = [ErrorKind::TryRefreshToken, ErrorKind::Unauthorised][usize::from(wait > 0)];
        assert_eq!(not_renewed(&app, &old).await, told);
        let grant = "/api/auth/token?grant_type=refresh_token";
        let answer = app.script().post(grant, json!({ "refresh_token": old })).await;
        assert_eq!(answer.refusal(), (400, "refresh_token_already_used".to_owned()));
        same(&app, &held).await;
    }
    assert_eq!(thefts(&app), 0);
}

async fn g6_5_09_switching_rotation_off_and_on_signs_nobody_out(app: App) {
    let before = with(&app, Tokens::default()).await;
    let (_, first) = issue(&before).await;
    // One token that the row holds, one that was never used.
    let child = refresh(&before, &first).await;
    let off = before
        .beside(|builder| builder.sessions(Tokens::default().rotation(Rotation::Off)))
        .await;
    assert_eq!(off.renew(&child.refresh).await.unwrap().unwrap().refresh, child.refresh);
    assert_eq!(off.renew(&child.refresh).await.unwrap().unwrap().refresh, child.refresh);
    // Its parent is over, and no thief's.
    off.wait(Duration::from_secs(60));
    assert_eq!(not_renewed(&off, &first.refresh).await, ErrorKind::Unauthorised);
    assert_eq!(thefts(&off), 0);
    // And back: it rotates again.
    let again = refresh(&before, &child).await;
    assert_ne!(again.refresh, child.refresh);
    assert!(opens(&before, &again).await.is_some());
}
