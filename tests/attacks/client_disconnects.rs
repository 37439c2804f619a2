//! A client that goes away in the middle of an act: the act is done or not done, never half.

use std::{task::Poll, time::Duration};

use auth_core::{KeyId, adapter::UserAdapter};
use futures_util::{FutureExt, future::poll_fn};
use serde_json::{Value, json};

use crate::{App, Leaving, PASSWORD, Unanswered, stories_in_process, stories_over_sockets};

stories_in_process![
    a_sign_up_is_finished_without_its_client,
    a_renewal_is_finished_without_its_client,
    a_refresh_that_nobody_waits_for_signs_nobody_out,
];

stories_over_sockets![
    who_hangs_up_while_signing_up_has_a_whole_account,
    who_hangs_up_at_once_has_a_whole_account_or_none,
    who_hangs_up_before_the_end_of_the_body_has_none,
    who_hangs_up_while_a_session_is_renewed_keeps_it,
    who_hangs_up_at_once_keeps_the_session,
];

/// Polls a few times, then drops: what a server does when a client disconnects.
async fn disconnect_after<F: Future>(polls: usize, request: F) {
    let mut request = Box::pin(request);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 || request.poll_unpin(context).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn a_sign_up_is_finished_without_its_client(app: App) {
    for polls in 0..12 {
        let app = App::new(app.driver).await;
        let browser = app.browser();
        disconnect_after(polls, browser.sign_up("ada@example.com", PASSWORD)).await;
        // What was begun comes to its end.
        let id = KeyId::from("email:ada@example.com");
        let begun = !app.store.calls().is_empty();
        for _ in 0..400 {
            if !begun || app.store.calls().contains(&"set_session") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let key = app.store.get_key(&id).await.unwrap();
        assert_eq!(key.is_some(), begun, "after {polls} polls");
        if let Some(key) = key {
            assert!(app.store.get_user(&key.user_id).await.unwrap().is_some());
            assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 200);
        }
    }
}

async fn a_renewal_is_finished_without_its_client(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    for polls in 0..8 {
        app.wait(Duration::from_secs(2 * 24 * 3_600));
        let tab = ada.copy();
        disconnect_after(polls, tab.get("/me")).await;
        tokio::task::yield_now().await;
        // The cookie it did not get is nothing to the others, who are within the grace.
        let answer = ada.get("/me").await;
        assert_eq!(answer.status(), 200, "after {polls} polls");
        if answer.set_cookies().is_empty() {
            // The renewal went through without its client; the owner signs in again once the grace is over.
            assert_eq!(ada.sign_in("ada@example.com", PASSWORD).await.status(), 200);
        }
    }
}

async fn a_refresh_that_nobody_waits_for_signs_nobody_out(app: App) {
    let app = App::with(app.driver, |builder| builder.sessions(auth_core::Tokens::default())).await;
    let ada = app.signed_up("ada@example.com").await;
    for polls in 0..8 {
        app.wait(Duration::from_secs(2 * 3_600));
        for path in ["/me", "/api/auth/session/refresh"] {
            let tab = ada.copy();
            let method = if path == "/me" { "GET" } else { "POST" };
            disconnect_after(polls, tab.send(method, path, None, "")).await;
            tokio::task::yield_now().await;
        }
        // A refresh writes nothing, and its first use can be repeated.
        for _ in 0..2 {
            let tab = ada.copy();
            assert_eq!(ada.get("/me").await.status(), 200, "after {polls} polls");
            disconnect_after(polls, tab.get("/me")).await;
        }
    }
    assert_eq!(app.events.count(auth_core::EventKind::TokenReused), 0);
}

const LEAVING: [Leaving; 2] = [Leaving::Closing, Leaving::Resetting];
const IDLE: Duration = Duration::from_secs(2 * 24 * 3_600);

/// A sign-up, all but the last bytes of its body, whose client has yet to leave.
async fn signing_up(app: &App, email: &str, unsent: usize) -> Unanswered {
    let body = json!({ "email": email, "password": PASSWORD });
    app.browser().begin("POST", "/api/auth/signup", &body, unsent).await
}

/// Whether there is an account, which its owner must be able to use then; else the address must be free.
async fn is_whole(app: &App, email: &str) -> bool {
    let again = app.browser().sign_up(email, PASSWORD).await;
    let is_there = again.status() == 422;
    if is_there {
        assert_eq!(again.error_code(), "user_already_exists");
    } else {
        assert_eq!(again.status(), 200, "{again:?}");
    }
    let ada = app.browser();
    assert_eq!(ada.sign_in(email, PASSWORD).await.status(), 200, "{email}");
    assert_eq!(ada.get("/api/auth/user").await.json()["email"], email);
    is_there
}

/// What was begun comes to its end, wherever the server is in it.
async fn who_hangs_up_while_signing_up_has_a_whole_account(app: App) {
    for (number, how) in LEAVING.into_iter().enumerate() {
        for call in ["count_attempt", "set_user", "set_session"] {
            let email = format!("ada-{number}-{call}@example.com");
            let (held, done) = (app.store.hold_before(call), app.store.hold_after("set_session"));
            let unanswered = signing_up(&app, &email, 0).await;
            held.reached().await;
            unanswered.leave(how).await;
            held.release();
            let finished = tokio::time::timeout(Duration::from_secs(10), done.reached()).await;
            assert!(finished.is_ok(), "{how:?} before {call}");
            done.release();
            assert!(is_whole(&app, &email).await, "{how:?} before {call}");
        }
    }
}

async fn who_hangs_up_at_once_has_a_whole_account_or_none(app: App) {
    for (number, how) in LEAVING.into_iter().enumerate() {
        for turn in 0..8 {
            let email = format!("ada-{number}-{turn}@example.com");
            signing_up(&app, &email, 0).await.leave(how).await;
            // Which of the two is decided by how far the server was.
            is_whole(&app, &email).await;
        }
    }
}

async fn who_hangs_up_before_the_end_of_the_body_has_none(app: App) {
    for (number, how) in LEAVING.into_iter().enumerate() {
        for unsent in [1, 20, 40] {
            let email = format!("ada-{number}-{unsent}@example.com");
            app.store.forget_calls();
            signing_up(&app, &email, unsent).await.leave(how).await;
            assert_eq!(app.store.calls(), [""; 0], "{how:?} with {unsent} bytes unsent");
            assert!(!is_whole(&app, &email).await);
        }
    }
}

/// Less than the grace, in which whoever hung up may come back with the cookie it has.
const LATER: Duration = Duration::from_secs(20);

async fn who_hangs_up_while_a_session_is_renewed_keeps_it(app: App) {
    for (number, how) in LEAVING.into_iter().enumerate() {
        // Before anything is written, and when only the answer is left.
        for is_written in [false, true] {
            let ada = app.signed_up(&format!("ada-{number}-{is_written}@example.com")).await;
            app.wait(IDLE);
            let held = match is_written {
                false => app.store.hold_before("rotate_session"),
                true => app.store.hold_after("rotate_session"),
            };
            let unanswered = ada.begin("GET", "/me", &Value::Null, 0).await;
            held.reached().await;
            unanswered.leave(how).await;
            held.release();
            app.wait(LATER);
            assert_eq!(ada.get("/me").await.status(), 200, "{how:?}, written: {is_written}");
        }
    }
}

async fn who_hangs_up_at_once_keeps_the_session(app: App) {
    for (number, how) in LEAVING.into_iter().enumerate() {
        for turn in 0..8 {
            let ada = app.signed_up(&format!("ada-{number}-{turn}@example.com")).await;
            app.wait(IDLE);
            ada.begin("GET", "/me", &Value::Null, 0).await.leave(how).await;
            app.wait(LATER);
            assert_eq!(ada.get("/me").await.status(), 200, "{how:?}");
        }
    }
}
