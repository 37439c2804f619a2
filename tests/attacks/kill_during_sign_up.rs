//! `kill -9` while people sign up: a store holds whole accounts or none, and who has one gets their mail.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::json;

use crate::{
    eventually,
    walk::{Mails, Place, Running, Which, on_every_place, send, send_from},
};

on_every_place![
    a_killed_application_leaves_no_half_user,
    a_killed_actix_application_leaves_no_half_user,
];

async fn a_killed_application_leaves_no_half_user(place: &Place) {
    killed(Which::Axum, place).await;
}

async fn a_killed_actix_application_leaves_no_half_user(place: &Place) {
    killed(Which::Actix, place).await;
}

async fn killed(which: Which, place: &Place) {
    let mails = Mails::new();
    let [mail, folder] = mails.arguments();
    let mut answered = HashSet::new();
    for round in 0..3 {
        let server = Running::start_on(which, place, &[&mail, &folder]).await;
        let answers = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..8)
            .map(|client| tokio::spawn(sign_up(round, client, server.address(), Arc::clone(&answers))))
            .collect();
        // Anywhere in the middle of it.
        let are_some_in = || (answers.load(Ordering::SeqCst) >= 3).then_some(());
        eventually("three are answered", async || are_some_in()).await;
        tokio::time::sleep(Duration::from_millis(20 + round * 37)).await;
        server.kill().await;
        for client in clients {
            answered.extend(client.await.unwrap());
        }
        // What a database had been told to the end when its client died, it may still be doing.
        tokio::time::sleep(Duration::from_millis(300)).await;
        check(place, &mails, &answered).await;
    }
    // And it goes on: what waited is sent, as soon as nobody is believed to be at it.
    place.execute("UPDATE auth_outbox SET due_at = 0").await;
    let server = Running::start_on(which, place, &[&mail, &folder]).await;
    let health = send(server.address(), "GET", "/api/auth/health", &[], "").await;
    assert_eq!(health.unwrap().status, 200);
    eventually("all that waited is sent", async || {
        (place.count("auth_outbox").await == 0).then_some(())
    })
    .await;
    assert_eq!(place.texts("SELECT email FROM auth_user").await, mails.recipients());
    server.stop().await;
}

/// Signs up one account after the other until nobody answers, and says which ones were answered.
async fn sign_up(round: u64, client: u8, address: std::net::SocketAddr, answers: Arc<AtomicUsize>) -> Vec<String> {
    let mut answered = Vec::new();
    for number in 0..=u8::MAX {
        // From another address of this machine each time: no client's limit ends the work before the kill does.
        let from = [127, 1, client, number % 250 + 1].into();
        let email = format!("u{round}-{client}-{number}@example.com");
        let body = json!({ "email": email, "password": crate::PASSWORD }).to_string();
        let json = [("content-type", "application/json")];
        let Ok(answer) = send_from(from, address, "POST", "/api/auth/signup", &json, &body).await else {
            break;
        };
        // Who was answered at all was not refused, so that it was killed in the middle of the work.
        assert_eq!(answer.status, 200, "{answer:?}");
        answers.fetch_add(1, Ordering::SeqCst);
        answered.push(email);
    }
    answered
}

async fn check(place: &Place, mails: &Mails, answered: &HashSet<String>) {
    place.assert_sound().await;
    for nothing in [
        "auth_user u WHERE NOT EXISTS (SELECT 1 FROM auth_key k WHERE k.user_id = u.id)",
        "auth_user u WHERE NOT EXISTS (SELECT 1 FROM auth_one_time_token t WHERE t.user_id = u.id)",
        "auth_key k WHERE NOT EXISTS (SELECT 1 FROM auth_user u WHERE u.id = k.user_id)",
        "auth_one_time_token t WHERE NOT EXISTS (SELECT 1 FROM auth_user u WHERE u.id = t.user_id)",
        "auth_key WHERE hashed_password IS NULL",
    ] {
        assert_eq!(place.count(nothing).await, 0, "{nothing}");
    }
    assert_eq!(place.count("auth_user").await, place.count("auth_key").await);
    let accounts = place.texts("SELECT email FROM auth_user").await;
    assert!(
        accounts.is_superset(answered),
        "somebody was told of an account that is not there"
    );
    // Mail goes out for what is there, and what has not gone out waits. One that went out may wait still: in the end all are sent.
    let mailed = mails.recipients();
    assert!(
        accounts.is_superset(&mailed),
        "somebody got mail about an account that is not there"
    );
    let waiting = place.count("auth_outbox").await;
    let unmailed = accounts.difference(&mailed).count();
    assert!(unmailed as i64 <= waiting, "{unmailed} without mail, {waiting} wait");
}
