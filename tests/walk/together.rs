//! Several processes on one store, as behind a balancer: one address, one secret, no stickiness.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::{Browser, Place, Running, Which, on_every_place, running::rotate_keys};

on_every_place![
    opaque_sessions_are_shared,
    tokens_are_shared,
    four_start_on_an_empty_store_and_sign_with_one_key,
    four_rotate_at_once_and_nobody_is_signed_out,
];

/// What browsers call the application.
const BASE_URL: &str = "http://localhost:3000";

async fn start(which: &[Which], place: &Place, strategy: &str) -> Vec<Running> {
    let more = ["--base-url", BASE_URL, "--strategy", strategy, "--no-confirm"];
    join_all(which.iter().map(|&which| Running::start_on(which, place, &more))).await
}

async fn opaque_sessions_are_shared(place: &Place) {
    shared(place, "opaque").await;
}

async fn tokens_are_shared(place: &Place) {
    shared(place, "tokens").await;
}

/// Signed in on one, known on the other; ended on one, refused on the other, at the next request.
async fn shared(place: &Place, strategy: &str) {
    let nodes = start(&[Which::Axum, Which::Actix], place, strategy).await;
    for (number, [here, there]) in [[&nodes[0], &nodes[1]], [&nodes[1], &nodes[0]]].into_iter().enumerate() {
        let account = format!("email=ada{number}%40example.com&password=correct+horse+battery");
        let sign_in = "/api/auth/token?grant_type=password";
        let ada = Browser::at(BASE_URL, here.address());
        assert_eq!(ada.form("/api/auth/signup", &account).await.status, 303);
        let ada_there = ada.sent_to(there.address());
        assert_eq!(ada_there.get("/me").await.status, 200);
        assert_eq!(ada_there.form("/notes", "text=from+there").await.status, 303);
        assert!(ada.get("/").await.body.contains("from there"));

        // One device.
        let phone = Browser::at(BASE_URL, there.address());
        assert_eq!(phone.form(sign_in, &account).await.status, 303);
        let phone_here = phone.sent_to(here.address());
        assert_eq!(phone_here.get("/me").await.status, 200);
        let path = format!("/api/auth/sessions/{}", other_session(&ada).await);
        assert_eq!(ada.form(&path, "_method=DELETE").await.status, 303);
        assert_eq!(phone.get("/me").await.status, 401);
        assert_eq!(ada_there.get("/me").await.status, 200);

        // Everywhere.
        let laptop = Browser::at(BASE_URL, here.address());
        assert_eq!(laptop.form(sign_in, &account).await.status, 303);
        let kept = ada.jar();
        assert_eq!(ada_there.form("/api/auth/logout?scope=global", "").await.status, 303);
        for gone in [&ada, &laptop] {
            assert_eq!(gone.get("/me").await.status, 401);
        }
        ada_there.set_jar(kept);
        assert_eq!(ada_there.get("/me").await.status, 401);
    }
    renewed_here_opens_there(&nodes, place, strategy).await;
    for node in nodes {
        node.stop().await;
    }
}

/// Whichever node renews, the others know the new secret.
async fn renewed_here_opens_there(nodes: &[Running], place: &Place, strategy: &str) {
    let mut grace = Browser::at(BASE_URL, nodes[0].address());
    let account = "email=grace%40example.com&password=correct+horse+battery";
    assert_eq!(grace.form("/api/auth/signup", account).await.status, 303);
    let me: serde_json::Value = serde_json::from_str(&grace.get("/me").await.body).unwrap();
    let user_id = me["id"].as_str().unwrap();
    for turn in 0..4 {
        let before = grace.jar();
        match strategy {
            "opaque" => place.age_sessions(user_id).await,
            _ => grace.lose("auth_access"),
        }
        grace = grace.sent_to(nodes[turn % 2].address());
        assert_eq!(grace.get("/me").await.status, 200);
        assert!(
            grace.jar().iter().all(|(name, value)| before[name] != *value),
            "it is renewed"
        );
        grace = grace.sent_to(nodes[(turn + 1) % 2].address());
        assert_eq!(grace.get("/me").await.status, 200);
    }
    assert_eq!(place.count_sessions(user_id).await, 1);
}

/// The handle of the one session that is not this browser's own.
async fn other_session(browser: &Browser) -> String {
    let sessions: serde_json::Value = serde_json::from_str(&browser.get("/api/auth/sessions").await.body).unwrap();
    let mut others = sessions["sessions"].as_array().unwrap().iter();
    let other = others.find(|session| session["current"] == false).unwrap();
    other["id"].as_str().unwrap().to_owned()
}

/// All make the tables at the same moment, and all want to make the first signing key.
async fn four_start_on_an_empty_store_and_sign_with_one_key(place: &Place) {
    let nodes = start(&[Which::Axum, Which::Actix, Which::Axum, Which::Actix], place, "tokens").await;
    let signing_up = nodes.iter().enumerate().map(async |(number, node)| {
        let browser = Browser::at(BASE_URL, node.address());
        let account = format!("email=ada{number}%40example.com&password=correct+horse+battery");
        assert_eq!(browser.form("/api/auth/signup", &account).await.status, 303);
        browser
    });
    for browser in join_all(signing_up).await {
        for node in &nodes {
            assert_eq!(browser.sent_to(node.address()).get("/me").await.status, 200);
        }
    }
    assert_eq!(place.count_signing_keys().await, 1);
    for node in nodes {
        node.stop().await;
    }
}

/// Four more processes want another key at the same moment: whoever comes second is told of the first one's.
async fn four_rotate_at_once_and_nobody_is_signed_out(place: &Place) {
    let nodes = start(&[Which::Axum, Which::Actix], place, "tokens").await;
    let mut ada = Browser::at(BASE_URL, nodes[0].address());
    let account = "email=ada%40example.com&password=correct+horse+battery";
    assert_eq!(ada.form("/api/auth/signup", account).await.status, 303);
    assert_eq!(place.count_signing_keys().await, 1);
    let told: BTreeSet<String> = join_all((0..4).map(|_| rotate_keys(place))).await.into_iter().collect();
    assert_eq!(place.count_signing_keys().await, 1 + told.len());
    for node in &nodes {
        ada = ada.sent_to(node.address());
        assert_eq!(ada.get("/me").await.status, 200);
        ada.lose("auth_access");
        assert_eq!(ada.get("/me").await.status, 200);
    }
    for node in nodes {
        node.stop().await;
    }
}
