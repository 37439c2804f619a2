//! Somebody who is signed in sends one new password after the other, each of them work for the hashing threads: nobody else would
//! be signed in.

use std::time::Duration;

use auth_core::{Limit, Limits};
use futures_util::future::join_all;
use serde_json::json;

use crate::{App, Client, PASSWORD, stories};

stories![
    new_passwords_of_an_account_are_counted_before_they_are_hashed,
    new_passwords_of_a_client_are_counted_whatever_the_account,
    changes_that_succeed_count_too,
    a_thief_who_proves_nothing_uses_up_nothing_of_the_owners,
];

const WINDOW: Duration = Duration::from_secs(15 * 60);

async fn send(client: &Client, password: &str) -> u16 {
    let answer = client.put("/api/auth/user", json!({ "password": password })).await;
    assert_eq!(answer.status() == 429, answer.header("retry-after").is_some());
    answer.status()
}

async fn new_passwords_of_an_account_are_counted_before_they_are_hashed(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let elsewhere = ada.copy().from_ip("203.0.113.99");
    let before = app.auth.password_hashes();
    let flood = (0..40).map(|number| send(if number % 2 == 0 { &ada } else { &elsewhere }, PASSWORD));
    let statuses = join_all(flood).await;
    let refused = |status: u16| statuses.iter().filter(|there| **there == status).count();
    assert_eq!((refused(422), refused(429)), (10, 30), "{statuses:?}");
    assert_eq!(app.auth.password_hashes() - before, 10);
    // Signing in is another matter.
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 200);
    let later = app.browser();
    app.wait(WINDOW + Duration::from_millis(1));
    later.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(send(&later, "a new long password").await, 200);
}

async fn new_passwords_of_a_client_are_counted_whatever_the_account(app: App) {
    let limits = Limits::default().sign_in_per_client(Limit::new(12, WINDOW));
    let app = App::with(app.driver, |builder| builder.limits(limits)).await;
    let (ada, bob) = (
        app.signed_up("ada@example.com").await,
        app.signed_up("bob@example.com").await,
    );
    for number in 0..20 {
        let client = if number % 2 == 0 { &ada } else { &bob };
        let expected = if number < 12 { 422 } else { 429 };
        // A password that is too weak costs no hash, but perhaps a question to somebody's list.
        assert_eq!(send(client, "short").await, expected, "{number}");
    }
    assert_eq!(
        send(&ada.copy().from_ip("203.0.113.99"), "a new long password").await,
        200
    );
}

async fn changes_that_succeed_count_too(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    for number in 0..15 {
        let expected = if number < 10 { 200 } else { 429 };
        assert_eq!(
            send(&ada, &format!("a new long password, number {number}")).await,
            expected
        );
    }
}

async fn a_thief_who_proves_nothing_uses_up_nothing_of_the_owners(app: App) {
    let thief = app.signed_up("ada@example.com").await;
    app.wait(Duration::from_secs(3_600));
    let change = json!({ "password": "the thief's password" });
    for number in 0..12 {
        let answer = thief.put("/api/auth/user", change.clone()).await;
        let expected = if number < 10 {
            "reauthentication_needed"
        } else {
            "over_request_rate_limit"
        };
        assert_eq!(answer.error_code(), expected, "{number}");
    }
    let ada = app.browser();
    ada.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(send(&ada, "a new long password").await, 200);
}
