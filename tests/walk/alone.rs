//! One process, one person, from signing up to leaving.

use super::{Browser, Place, Running, Which, on_every_place};

on_every_place![axum_opaque, axum_tokens, actix_opaque, actix_tokens,];

async fn axum_opaque(place: &Place) {
    walk(Which::Axum, place, "opaque").await;
}

async fn axum_tokens(place: &Place) {
    walk(Which::Axum, place, "tokens").await;
}

async fn actix_opaque(place: &Place) {
    walk(Which::Actix, place, "opaque").await;
}

async fn actix_tokens(place: &Place) {
    walk(Which::Actix, place, "tokens").await;
}

/// Sign up → me → notes → renew → list → revoke → change password → sign out → refused → delete.
async fn walk(which: Which, place: &Place, strategy: &str) {
    let server = Running::start_on(which, place, &["--strategy", strategy]).await;
    let ada = Browser::new(server.address());

    let page = ada.get("/").await;
    assert!(page.body.contains("Sign up"), "{page:?}");
    assert_eq!(ada.get("/me").await.status, 401);
    let refused = ada
        .form("/api/auth/signup", "email=ada%40example.com&password=short")
        .await;
    assert_eq!(refused.status, 303);
    assert!(refused.header("location").unwrap().contains("error_code=weak_password"));
    let page = ada.get("/sign-up?error_code=weak_password").await;
    assert!(page.body.contains("too easy to guess"));

    let answer = ada
        .form(
            "/api/auth/signup",
            "email=ada%40example.com&password=correct+horse+battery&redirect_to=%2F",
        )
        .await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    let me: serde_json::Value = serde_json::from_str(&ada.get("/me").await.body).unwrap();
    assert_eq!(me["email"], "ada@example.com");
    let user_id = me["id"].as_str().unwrap();

    let note = ada.form("/notes", "text=%3Cb%3Ebuy+milk%3C%2Fb%3E").await;
    assert_eq!(note.status, 303);
    let page = ada.get("/").await;
    assert!(page.body.contains("&lt;b&gt;buy milk"), "{page:?}");
    assert_eq!(ada.form("/notes", "text=wash+up").await.status, 303);
    let page = ada.get("/").await;
    let (_, rest) = page.body.split_once("/notes/").unwrap();
    let wash_up = rest.split_once("/delete").unwrap().0;
    assert!(page.body.find("wash up") < page.body.find("buy milk"), "newest first");
    assert_eq!(ada.form(&format!("/notes/{wash_up}/delete"), "").await.status, 303);
    assert!(!ada.get("/").await.body.contains("wash up"));

    let phone = Browser::new(server.address());
    let sign_in = "email=ada%40example.com&password=correct+horse+battery";
    assert_eq!(
        phone.form("/api/auth/token?grant_type=password", sign_in).await.status,
        303
    );
    let sessions: serde_json::Value = serde_json::from_str(&ada.get("/api/auth/sessions").await.body).unwrap();
    let sessions = sessions["sessions"].as_array().unwrap().clone();
    assert_eq!(sessions.len(), 2);
    let page = ada.get("/account").await;
    assert_eq!(page.body.matches("Sign out this device").count(), 2);

    // A day later, as far as the database is concerned, or with the access token's time over: the next request renews.
    let before = ada.jar();
    match strategy {
        "opaque" => place.age_sessions(user_id).await,
        _ => ada.lose("auth_access"),
    }
    let renewed = ada.get("/me").await;
    assert_eq!(renewed.status, 200);
    let after = ada.jar();
    assert!(after.len() == before.len() && after.iter().all(|(name, value)| before[name] != *value));
    assert_eq!(ada.get("/me").await.status, 200);

    let other = sessions.iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/api/auth/sessions/{}", other["id"].as_str().unwrap());
    let ended = ada.form(&path, "_method=DELETE&redirect_to=%2Faccount").await;
    assert_eq!((ended.status, ended.header("location")), (303, Some("/account")));
    assert_eq!(phone.get("/me").await.status, 401);

    let change =
        "_method=PUT&current_password=correct+horse+battery&password=a+new+long+password&redirect_to=%2Faccount";
    let changed = ada.form("/api/auth/user", change).await;
    assert_eq!(changed.header("location"), Some("/account"));
    assert_eq!(ada.get("/me").await.status, 200);

    let evil = ada.form_of_another_site("/notes", "text=spam").await;
    assert_eq!(evil.status, 403);
    assert!(!ada.get("/").await.body.contains("spam"));

    let stolen = ada.jar();
    assert_eq!(
        ada.form("/api/auth/logout", "redirect_to=%2F").await.header("location"),
        Some("/")
    );
    assert!(ada.jar().is_empty());
    assert_eq!(ada.get("/me").await.status, 401);
    ada.set_jar(stolen);
    assert_eq!(ada.get("/me").await.status, 401);
    let account = ada.navigate("/account").await;
    assert_eq!(
        (account.status, account.header("location")),
        (303, Some("/sign-in?redirect_to=%2Faccount"))
    );

    let again = "email=ada%40example.com&password=a+new+long+password&redirect_to=%2Faccount";
    let answer = ada.form("/api/auth/token?grant_type=password", again).await;
    assert_eq!(answer.header("location"), Some("/account"));
    let gone = ada
        .form("/api/auth/user", "_method=DELETE&current_password=a+new+long+password")
        .await;
    assert_eq!((gone.status, gone.header("location")), (303, Some("/")));
    assert_eq!(place.count_notes().await, 0);
    assert_eq!(place.count_sessions(user_id).await, 0);
    server.stop().await;
}
