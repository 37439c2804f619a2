use auth_core::EventKind;
use serde_json::json;

use crate::{App, Client, PASSWORD, stories};

stories![
    one_address_cannot_be_tried_without_end,
    an_account_is_made_and_signed_in,
    what_the_user_says_is_kept_and_what_they_must_not_say_is_not,
    editable_attributes_are_taken_and_checked,
    weak_passwords_are_refused_with_their_reasons,
    what_is_missing_is_said,
    a_script_gets_its_token_in_the_body,
    l10_the_cookie_can_end_with_the_window,
    sign_up_can_be_closed,
];

async fn an_account_is_made_and_signed_in(app: App) {
    let browser = app.browser();
    let answer = browser.sign_up(" Ada@Example.COM ", PASSWORD).await;
    assert_eq!(answer.status(), 200);
    let session = answer.json();
    assert_eq!(session["expires_in"], 15 * 24 * 3_600);
    assert!(session["access_token"].is_null() && session["refresh_token"].is_null());
    let user = &session["user"];
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(user["role"], "authenticated");
    assert_eq!(
        user["app_metadata"],
        json!({ "provider": "email", "providers": ["email"] })
    );
    assert_eq!(user["identities"][0]["provider"], "email");
    assert_eq!(user["created_at"], "2026-01-01T00:00:00Z");
    assert!(user["confirmed_at"].is_string() && user["last_sign_in_at"].is_string());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(browser.get("/me").await.text(), user["id"]);
    assert_eq!(app.events.count(EventKind::UserCreated), 1);
    assert_eq!(app.events.count(EventKind::SignInSucceeded), 1);
}

async fn what_the_user_says_is_kept_and_what_they_must_not_say_is_not(app: App) {
    let browser = app.browser();
    let answer = browser
        .post(
            "/api/auth/signup",
            json!({ "email": "ada@example.com", "password": PASSWORD, "data": { "name": "Ada" }, "role": "admin" }),
        )
        .await;
    let user = &answer.json()["user"];
    assert_eq!(user["user_metadata"], json!({ "name": "Ada" }));
    assert_eq!(user["role"], "authenticated");
}

async fn editable_attributes_are_taken_and_checked(app: App) {
    let sign_up = async |browser: &Client, email: &str, attributes| {
        let body = json!({ "email": email, "password": PASSWORD, "attributes": attributes });
        browser.post("/api/auth/signup", body).await
    };
    let answer = sign_up(
        &app.browser(),
        "ada@example.com",
        json!({ "username": "ada", "credits": 1_000 }),
    )
    .await;
    // `credits` is not the user's to set.
    assert_eq!(answer.json()["user"]["attributes"]["username"], "ada");
    assert!(answer.json()["user"]["attributes"]["credits"].is_null());
    let taken = sign_up(&app.browser(), "grace@example.com", json!({ "username": "ada" })).await;
    assert_eq!((taken.status(), taken.error_code().as_str()), (422, "conflict"));
    let wrong = sign_up(&app.browser(), "grace@example.com", json!({ "username": 7 })).await;
    assert_eq!(
        (wrong.status(), wrong.error_code().as_str()),
        (400, "validation_failed")
    );
    let fine = sign_up(&app.browser(), "grace@example.com", json!({ "username": "grace" })).await;
    assert_eq!(fine.status(), 200);
}

async fn weak_passwords_are_refused_with_their_reasons(app: App) {
    for (password, reasons) in [
        ("short", json!(["length"])),
        ("password1", json!(["common"])),
        ("lovelace-12", json!(["context"])),
    ] {
        let answer = app.browser().sign_up("lovelace@example.com", password).await;
        assert_eq!(answer.status(), 422, "{answer:?}");
        assert_eq!(answer.error_code(), "weak_password");
        assert_eq!(answer.json()["weak_password"]["reasons"], reasons);
    }
    assert_eq!(app.auth.password_hashes(), 0);
}

async fn what_is_missing_is_said(app: App) {
    for (body, sentence) in [
        (
            json!({ "email": "ada@example.com" }),
            "Signup requires a valid password",
        ),
        (json!({ "password": PASSWORD }), "An email address is required"),
        (
            json!({ "email": "ada", "password": PASSWORD }),
            "Unable to validate email address: invalid format",
        ),
        (json!({ "email": 7, "password": PASSWORD }), "`email` must be text."),
    ] {
        let answer = app.browser().post("/api/auth/signup", body).await;
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.json()["msg"], sentence);
        assert_eq!(answer.error_code(), "validation_failed");
    }
}

async fn a_script_gets_its_token_in_the_body(app: App) {
    let body = json!({ "email": "ada@example.com", "password": PASSWORD }).to_string();
    // GoTrue's first clients say text/plain.
    let script = app.script();
    let answer = script
        .send("POST", "/api/auth/signup", Some("text/plain;charset=UTF-8"), &body)
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.set_cookies(), [""; 0]);
    let session = answer.json();
    assert_eq!(session["token_type"], "bearer");
    let bearer = format!("Bearer {}", session["access_token"].as_str().unwrap());
    let me = app.script().with("authorization", bearer).get("/api/auth/user").await;
    assert_eq!(me.json()["email"], "ada@example.com");
    // And whoever asks for it.
    let asking = app.script().with("st-auth-mode", "header");
    let answer = asking.sign_in("ada@example.com", PASSWORD).await;
    assert!(answer.json()["access_token"].is_string());
    assert_eq!(answer.set_cookies(), [""; 0]);
}

async fn l10_the_cookie_can_end_with_the_window(app: App) {
    app.signed_up("ada@example.com").await;
    let browser = app.browser();
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "remember": false });
    let answer = browser.post("/api/auth/token?grant_type=password", body).await;
    let cookie = &answer.set_cookies()[0];
    assert!(!cookie.contains("Max-Age") && !cookie.contains("Expires"), "{cookie}");
    // The renewed cookie is of the same kind.
    app.wait(std::time::Duration::from_secs(2 * 24 * 3_600));
    let cookie = &browser.get("/me").await.set_cookies()[0];
    assert!(!cookie.contains("Max-Age") && !cookie.contains("Expires"), "{cookie}");
}

async fn sign_up_can_be_closed(app: App) {
    let closed = App::with(app.driver, |builder| builder.signup(false)).await;
    let answer = closed.browser().sign_up("ada@example.com", PASSWORD).await;
    assert_eq!(
        (answer.status(), answer.error_code().as_str()),
        (422, "signup_disabled")
    );
    assert_eq!(
        closed.browser().get("/api/auth/settings").await.json()["disable_signup"],
        true
    );
}

async fn one_address_cannot_be_tried_without_end(app: App) {
    let limits = auth_core::Limits::default();
    let app = App::with(app.driver, |builder| builder.limits(limits)).await;
    app.signed_up("ada@example.com").await;
    let mut told = 0;
    for number in 0..20 {
        let client = app.browser().from_ip(&format!("203.0.113.{}", number + 20));
        let answer = client.sign_up("ada@example.com", PASSWORD).await;
        match answer.status() {
            422 => told += 1,
            status => assert_eq!(status, 429),
        }
    }
    assert_eq!(told, 9);
    // Others sign up as ever.
    app.signed_up("bob@example.com").await;
}
