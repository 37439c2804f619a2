//! A copied refresh or access token: every scenario of SuperTokens' theft table, and the false alarms it must not raise.

use std::time::Duration;

use auth_core::{ErrorKind, EventKind, IssuedSession, NewSession, NewUser, Rotation, Tokens};
use serde_json::json;

use crate::{App, Held, PASSWORD, stories};

stories![App::new =>
    case_36_the_parent_is_used_again_after_the_childs_access_token,
    case_37_the_parent_is_used_again_after_the_childs_refresh_token,
    the_thief_is_first_and_the_owner_finds_out,
    of_two_who_refreshed_one_token_at_different_times_the_first_to_use_it_wins,
    an_ancestor_is_theft_whatever_the_window,
    a_straggler_is_served_and_given_nothing,
    a_refresh_within_the_window_makes_no_thief_of_a_straggler,
    a_straggler_does_nothing_grave_and_gets_nothing_by_a_new_password,
    a_straggler_of_gotrues_changes_its_password_and_every_line_ends,
    a_copy_is_noticed_only_when_one_side_moves_on,
    a_thief_who_comes_after_the_session_ended_gets_nothing_and_raises_no_alarm,
    the_application_may_answer_theft_itself,
    an_expired_but_authentic_token_of_a_living_session_is_judged_by_the_same_rule,
    a_thief_who_keeps_refreshing_is_found_out_and_gets_nothing_in_the_window,
    once_the_owner_has_refreshed_a_siblings_time_is_over,
    a_token_of_a_line_that_is_over_ends_nothing_by_a_sign_in,
];

async fn strict(app: &App, straggler: u64) -> App {
    let straggler = Duration::from_secs(straggler);
    let tokens = Tokens::default().rotation(Rotation::ParentChild { straggler });
    App::with(app.driver, |builder| builder.sessions(tokens)).await
}

async fn issue(app: &App) -> (IssuedSession, Held) {
    let _ = app
        .auth
        .create_user(NewUser::with_password("username", "ada", PASSWORD))
        .await;
    let proof = app.auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
    let issued = app.auth.create_session(&proof, NewSession::default()).await.unwrap();
    let held = Held::from(issued.tokens.as_ref().unwrap());
    (issued, held)
}

async fn refresh(app: &App, held: &Held) -> Result<Held, ErrorKind> {
    let renewed = app.renew(&held.refresh).await?;
    Ok(renewed.expect("no straggler"))
}

async fn open(app: &App, held: &Held) -> Result<(), ErrorKind> {
    app.open(&held.access).await.map(drop)
}

/// The theft is told by the endpoint, and with handle and user in an event, and the session is over although the answer
/// is an error.
async fn is_theft(app: &App, issued: &IssuedSession, stolen: &Held) {
    assert_eq!(app.renew(&stolen.refresh).await.unwrap_err(), ErrorKind::TokenTheft);
    let reported = app
        .events
        .events()
        .into_iter()
        .find(|event| event.kind == EventKind::TokenReused)
        .unwrap();
    assert_eq!(reported.session_id.as_ref(), Some(&issued.session.id));
    assert_eq!(reported.user_id.as_ref(), Some(&issued.session.user_id));
    assert_eq!(
        app.auth.get_session_data(&issued.session.id).await.unwrap_err().kind(),
        ErrorKind::Unauthorised
    );
}

/// What the application that calls the core itself is told.
async fn is_theft_to_the_core(app: &App, issued: &IssuedSession, stolen: &Held) {
    let error = app.auth.refresh_session(&stolen.refresh).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenTheft);
    assert_eq!(error.theft(), Some((&issued.session.id, &issued.session.user_id)));
}

async fn case_36_the_parent_is_used_again_after_the_childs_access_token(app: App) {
    for window in [0, 10] {
        let app = strict(&app, window).await;
        let (issued, first) = issue(&app).await;
        let second = refresh(&app, &first).await.unwrap();
        open(&app, &second).await.unwrap();
        app.wait(Duration::from_secs(window) + Duration::from_millis(1));
        is_theft(&app, &issued, &first).await;
        assert_eq!(refresh(&app, &second).await.err(), Some(ErrorKind::Unauthorised));
    }
}

async fn case_37_the_parent_is_used_again_after_the_childs_refresh_token(app: App) {
    for window in [0, 10] {
        let app = strict(&app, window).await;
        let (issued, first) = issue(&app).await;
        let second = refresh(&app, &first).await.unwrap();
        refresh(&app, &second).await.unwrap();
        app.wait(Duration::from_secs(window) + Duration::from_millis(1));
        is_theft(&app, &issued, &first).await;
    }
    // In cookies, and to who calls the core.
    let app = strict(&app, 0).await;
    let (_, first) = issue(&app).await;
    let thief = app.browser_with(&first);
    let second = refresh(&app, &first).await.unwrap();
    refresh(&app, &second).await.unwrap();
    let answer = thief.send("POST", "/api/auth/session/refresh", None, "").await;
    assert_eq!(answer.json()["message"], "token theft detected");
    assert_eq!(thief.cookie("__Host-auth_refresh"), None);
    assert_eq!(refresh(&app, &second).await.err(), Some(ErrorKind::Unauthorised));

    let (issued, first) = issue(&app).await;
    let second = refresh(&app, &first).await.unwrap();
    refresh(&app, &second).await.unwrap();
    is_theft_to_the_core(&app, &issued, &first).await;
}

async fn the_thief_is_first_and_the_owner_finds_out(app: App) {
    let app = strict(&app, 10).await;
    let (issued, stolen) = issue(&app).await;
    let of_thief = refresh(&app, &stolen).await.unwrap();
    open(&app, &of_thief).await.unwrap();
    app.wait(Duration::from_secs(11));
    is_theft(&app, &issued, &stolen).await;
    assert_eq!(refresh(&app, &of_thief).await.err(), Some(ErrorKind::Unauthorised));
}

async fn of_two_who_refreshed_one_token_at_different_times_the_first_to_use_it_wins(app: App) {
    for window in [0, 10] {
        let app = strict(&app, window).await;
        let (issued, shared) = issue(&app).await;
        let of_thief = refresh(&app, &shared).await.unwrap();
        app.wait(Duration::from_secs(window) + Duration::from_millis(1));
        let of_owner = refresh(&app, &shared).await.unwrap();
        open(&app, &of_owner).await.unwrap();
        assert_eq!(open(&app, &of_thief).await, Err(ErrorKind::Unauthorised));
        is_theft(&app, &issued, &of_thief).await;
    }
}

async fn an_ancestor_is_theft_whatever_the_window(app: App) {
    let app = strict(&app, 10).await;
    let (issued, first) = issue(&app).await;
    app.wait(Duration::from_secs(3_600));
    let second = refresh(&app, &first).await.unwrap();
    open(&app, &second).await.unwrap();
    app.wait(Duration::from_secs(3_600));
    let third = refresh(&app, &second).await.unwrap();
    open(&app, &third).await.unwrap();
    is_theft(&app, &issued, &first).await;
}

async fn a_straggler_is_served_and_given_nothing(app: App) {
    let app = strict(&app, 10).await;
    let (issued, first) = issue(&app).await;
    let second = refresh(&app, &first).await.unwrap();
    open(&app, &second).await.unwrap();
    app.wait(Duration::from_secs(10));
    app.store.forget_calls();
    let late = app.auth.refresh_session(&first.refresh).await.unwrap();
    assert_eq!(late.session.id, issued.session.id);
    assert!(late.tokens.is_none());
    assert_eq!(app.store.calls(), ["get_session_and_user"]);
    refresh(&app, &second).await.unwrap();
}

async fn a_refresh_within_the_window_makes_no_thief_of_a_straggler(app: App) {
    let app = strict(&app, 10).await;
    let (issued, first) = issue(&app).await;
    app.wait(Duration::from_secs(3_600));
    let second = refresh(&app, &first).await.unwrap();
    let sibling = refresh(&app, &first).await.unwrap();
    open(&app, &second).await.unwrap();
    app.wait(Duration::from_secs(5));
    // A page that asks for new tokens early.
    let third = refresh(&app, &second).await.unwrap();
    for behind in [&first, &sibling] {
        let late = app.auth.refresh_session(&behind.refresh).await.unwrap();
        assert_eq!(late.session.id, issued.session.id);
        assert!(late.tokens.is_none());
    }
    // The window is that of the first use, and did not slide.
    app.wait(Duration::from_millis(5_001));
    open(&app, &third).await.unwrap();
    is_theft(&app, &issued, &first).await;
}

async fn a_straggler_does_nothing_grave_and_gets_nothing_by_a_new_password(app: App) {
    for waits in [Duration::ZERO, Duration::from_secs(31)] {
        let tokens = Tokens::default().access_validity(Duration::from_secs(30));
        let app = App::with(app.driver, |builder| builder.sessions(tokens)).await;
        let (issued, first) = issue(&app).await;
        let copied = refresh(&app, &first).await.unwrap();
        open(&app, &copied).await.unwrap();
        // By its access token, or when that is over by its refresh token.
        app.wait(waits);
        let newest = refresh(&app, &copied).await.unwrap();
        open(&app, &newest).await.unwrap();
        let thief = app.browser_with(&copied);
        assert_eq!(thief.get("/session").await.text(), issued.session.id.as_str());
        let mut change = json!({ "password": "another horse battery" });
        let answer = thief.put("/api/auth/user", change.clone()).await;
        assert_eq!(answer.error_code(), "reauthentication_needed", "{answer:?}");
        assert_eq!(
            thief.delete("/api/auth/user", json!({})).await.error_code(),
            "reauthentication_needed"
        );
        assert_eq!(answer.set_cookies(), [""; 0]);
        assert!(open(&app, &newest).await.is_ok());
        // It may be the owner, who knows the password and signs in with the new one.
        change["current_password"] = json!(PASSWORD);
        let answer = thief.put("/api/auth/user", change).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        assert!(
            answer.set_cookies().iter().all(|cookie| cookie.contains("Max-Age=0")),
            "{answer:?}"
        );
        assert_eq!(answer.header("front-token"), Some("remove"));
        assert_eq!(refresh(&app, &newest).await.err(), Some(ErrorKind::Unauthorised));
        assert_eq!(app.events.count(EventKind::TokenReused), 0);
    }
}

/// Its client would take no other tokens, and goes on with those it has: nobody does any more.
async fn a_straggler_of_gotrues_changes_its_password_and_every_line_ends(app: App) {
    let app = strict(&app, 10).await;
    let (_, first) = issue(&app).await;
    let copied = refresh(&app, &first).await.unwrap();
    open(&app, &copied).await.unwrap();
    let newest = refresh(&app, &copied).await.unwrap();
    open(&app, &newest).await.unwrap();
    let change = json!({ "password": "another horse battery", "current_password": PASSWORD });
    let answer = app.bearer(&copied.access).put("/api/auth/user", change).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(refresh(&app, &newest).await.err(), Some(ErrorKind::Unauthorised));
}

async fn a_copy_is_noticed_only_when_one_side_moves_on(app: App) {
    let app = strict(&app, 10).await;
    let (_, copied) = issue(&app).await;
    app.wait(Duration::from_secs(1_800));
    open(&app, &copied).await.unwrap();
    open(&app, &copied).await.unwrap();
    assert!(
        app.events
            .events()
            .iter()
            .all(|event| event.kind != EventKind::TokenReused)
    );
}

async fn a_thief_who_comes_after_the_session_ended_gets_nothing_and_raises_no_alarm(app: App) {
    let app = strict(&app, 10).await;
    let (issued, tokens) = issue(&app).await;
    app.auth.revoke_session(&issued.session.id).await.unwrap();
    assert_eq!(refresh(&app, &tokens).await.err(), Some(ErrorKind::Unauthorised));
    let (_, tokens) = issue(&app).await;
    app.wait(Duration::from_secs(2_400 * 3_600 + 1));
    assert_eq!(refresh(&app, &tokens).await.err(), Some(ErrorKind::Unauthorised));
    assert!(
        app.events
            .events()
            .iter()
            .all(|event| event.kind != EventKind::TokenReused)
    );
}

async fn the_application_may_answer_theft_itself(app: App) {
    let tokens = Tokens::default()
        .rotation(Rotation::ParentChild {
            straggler: Duration::ZERO,
        })
        .revoke_on_theft(false);
    let app = App::with(app.driver, |builder| builder.sessions(tokens)).await;
    let (issued, first) = issue(&app).await;
    let second = refresh(&app, &first).await.unwrap();
    open(&app, &second).await.unwrap();
    assert_eq!(refresh(&app, &first).await.err(), Some(ErrorKind::TokenTheft));
    // Still there, for the application to end.
    refresh(&app, &second).await.unwrap();
    assert!(app.auth.revoke_session(&issued.session.id).await.unwrap());
}

async fn an_expired_but_authentic_token_of_a_living_session_is_judged_by_the_same_rule(app: App) {
    let app = strict(&app, 10).await;
    let (_, tokens) = issue(&app).await;
    app.wait(Duration::from_secs(24 * 3_600));
    assert_eq!(open(&app, &tokens).await, Err(ErrorKind::TryRefreshToken));
    refresh(&app, &tokens).await.unwrap();
}

/// A thief who refreshes a copy all the time holds, at any moment, a child as young as the owner's.
async fn a_thief_who_keeps_refreshing_is_found_out_and_gets_nothing_in_the_window(app: App) {
    let app = strict(&app, 10).await;
    let (issued, shared) = issue(&app).await;
    let mut of_thief = refresh(&app, &shared).await.unwrap();
    for _ in 0..5 {
        app.wait(Duration::from_secs(4));
        of_thief = refresh(&app, &shared).await.unwrap();
    }
    app.wait(Duration::from_secs(2));
    let of_owner = refresh(&app, &shared).await.unwrap();
    open(&app, &of_owner).await.unwrap();
    // Within the window: served, and given nothing that lasts.
    let opened = app.auth.validate_access_token(&of_thief.access, None).await.unwrap();
    assert!(opened.renewed.is_none());
    let refreshed = app.auth.refresh_session(&of_thief.refresh).await.unwrap();
    assert!(refreshed.tokens.is_none());
    // After it he has to refresh, and one of the two who do is a thief.
    app.wait(Duration::from_secs(11));
    assert_eq!(open(&app, &of_thief).await, Err(ErrorKind::TryRefreshToken));
    // However it is asked.
    let by_token = app.auth.get_user_by_token(&of_thief.access).await.map(drop);
    assert_eq!(by_token.unwrap_err().kind(), ErrorKind::TryRefreshToken);
    let out = app.auth.sign_out(&of_thief.access).await;
    assert_eq!(out.unwrap_err().kind(), ErrorKind::TryRefreshToken);
    let next = refresh(&app, &of_thief).await.unwrap();
    open(&app, &next).await.unwrap();
    app.wait(Duration::from_secs(3_600));
    is_theft(&app, &issued, &of_owner).await;
    assert_eq!(refresh(&app, &next).await.err(), Some(ErrorKind::Unauthorised));
}

async fn once_the_owner_has_refreshed_a_siblings_time_is_over(app: App) {
    let app = strict(&app, 10).await;
    let (issued, shared) = issue(&app).await;
    let of_thief = refresh(&app, &shared).await.unwrap();
    let of_owner = refresh(&app, &shared).await.unwrap();
    open(&app, &of_owner).await.unwrap();
    app.wait(Duration::from_secs(1_800));
    // The owner's refresh leaves no room beside it, although its child is not used yet.
    refresh(&app, &of_owner).await.unwrap();
    app.wait(Duration::from_secs(11));
    is_theft(&app, &issued, &of_thief).await;
}

/// A sign-in ends the session whose tokens come along; these are nobody's any more.
async fn a_token_of_a_line_that_is_over_ends_nothing_by_a_sign_in(app: App) {
    let app = strict(&app, 0).await;
    app.signed_up("mallory@example.com").await;
    let (_, first) = issue(&app).await;
    let (of_thief, of_owner) = (
        refresh(&app, &first).await.unwrap(),
        refresh(&app, &first).await.unwrap(),
    );
    open(&app, &of_owner).await.unwrap();
    let thief = app.browser_with(&of_thief);
    assert_eq!(thief.sign_in("mallory@example.com", PASSWORD).await.status(), 200);
    open(&app, &of_owner).await.unwrap();
    refresh(&app, &of_owner).await.unwrap();
    // The session's own tokens do end it.
    let browser = app.browser_with(&of_owner);
    assert_eq!(browser.sign_in("mallory@example.com", PASSWORD).await.status(), 200);
    assert_eq!(refresh(&app, &of_owner).await.err(), Some(ErrorKind::Unauthorised));
}
