//! A client that goes away in the middle of an act: the act is done or not done, never half.

use std::{task::Poll, time::Duration};

use auth_core::{KeyId, adapter::UserAdapter};
use futures_util::{FutureExt, future::poll_fn};

use crate::{App, PASSWORD, stories_in_process};

stories_in_process![
    a_sign_up_is_finished_without_its_client,
    a_renewal_is_finished_without_its_client,
    a_refresh_that_nobody_waits_for_signs_nobody_out,
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
