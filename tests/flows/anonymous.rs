use std::time::Duration;

use auth_core::{Limit, Limits};
use serde_json::json;

use crate::{App, Client, Driver, MINUTE, PASSWORD, stories_of_both};

stories_of_both![opened => {
    somebody_looks_around_without_an_address,
    it_is_off_unless_switched_on,
    an_address_makes_it_a_real_account,
    a_number_makes_it_a_real_account,
    a_password_needs_an_address,
    accounts_are_not_made_without_end,
    it_can_be_deleted_whenever_its_owner_likes,
} opaque {
}];

async fn opened(driver: Driver) -> App {
    App::with_post_and(driver, |builder| builder.anonymous(true)).await
}

async fn nobody(app: &App) -> Client {
    let browser = app.browser();
    let answer = browser
        .post("/api/auth/signup", json!({ "data": { "theme": "dark" } }))
        .await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    browser
}

/// G6.3-29.
async fn somebody_looks_around_without_an_address(app: App) {
    let browser = app.browser();
    let answer = browser
        .post("/api/auth/signup", json!({ "data": { "theme": "dark" } }))
        .await;
    let user = &answer.json()["user"];
    assert_eq!((answer.status(), &user["is_anonymous"]), (200, &json!(true)));
    assert_eq!((&user["email"], &user["phone"]), (&json!(""), &json!("")));
    assert_eq!(user["user_metadata"], json!({ "theme": "dark" }));
    assert_eq!((&user["app_metadata"], &user["identities"]), (&json!({}), &json!([])));
    assert_eq!(browser.get("/me").await.text(), user["id"]);
    let listed = browser.get("/api/auth/sessions").await.json();
    assert_eq!(listed["sessions"][0]["amr"][0]["method"], "anonymous");
    assert_eq!(
        app.browser().get("/api/auth/settings").await.json()["external"]["anonymous_users"],
        true
    );
}

/// G6.3-30.
async fn it_is_off_unless_switched_on(app: App) {
    let off = App::with_post(app.driver).await;
    let answer = off.browser().post("/api/auth/signup", json!({})).await;
    assert_eq!(answer.refusal(), (422, "anonymous_provider_disabled".to_owned()));
    assert_eq!(answer.json()["msg"], "Anonymous sign-ins are disabled");
    let closed = App::with_post_and(app.driver, |builder| builder.anonymous(true).signup(false)).await;
    let answer = closed.browser().post("/api/auth/signup", json!({})).await;
    assert_eq!(answer.refusal(), (422, "signup_disabled".to_owned()));
}

/// G6.3-31.
async fn an_address_makes_it_a_real_account(app: App) {
    let browser = nobody(&app).await;
    let id = browser.get("/me").await.text().to_owned();
    let answer = browser
        .put("/api/auth/user", json!({ "email": "ada@example.com" }))
        .await;
    assert_eq!(
        (answer.status(), &answer.json()["is_anonymous"]),
        (200, &json!(true)),
        "{answer:?}"
    );
    browser.follow(&app.mail_to("ada@example.com").await).await;
    let user = browser.get("/api/auth/user").await.json();
    assert_eq!(
        (&user["id"], &user["is_anonymous"], &user["email"]),
        (&json!(id), &json!(false), &json!("ada@example.com"))
    );
    assert_eq!(user["app_metadata"]["providers"], json!(["email"]));
    assert_eq!(user["user_metadata"], json!({ "theme": "dark" }));
    assert_eq!(
        browser
            .put("/api/auth/user", json!({ "password": PASSWORD }))
            .await
            .status(),
        200
    );
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 200);
}

/// G6.3-31.
async fn a_number_makes_it_a_real_account(app: App) {
    let browser = nobody(&app).await;
    browser.put("/api/auth/user", json!({ "phone": "15551234567" })).await;
    let code = app.text_to("15551234567").await.code();
    let answer = browser.verify("phone_change", "15551234567", &code).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(answer.json()["user"]["is_anonymous"], false);
    app.wait(MINUTE);
    let script = app.keeper();
    script.post("/api/auth/otp", json!({ "phone": "15551234567" })).await;
    let back = script
        .verify("sms", "15551234567", &app.text_to("15551234567").await.code())
        .await;
    assert_eq!(back.json()["user"]["id"], answer.json()["user"]["id"]);
}

/// G6.9-16.
async fn a_password_needs_an_address(app: App) {
    let browser = nobody(&app).await;
    let answer = browser.put("/api/auth/user", json!({ "password": PASSWORD })).await;
    assert_eq!(answer.refusal(), (422, "validation_failed".to_owned()));
    // One that is not proven yet is none: whoever has it may be somebody else.
    let answer = browser
        .put(
            "/api/auth/user",
            json!({ "password": PASSWORD, "email": "ada@example.com" }),
        )
        .await;
    assert_eq!(answer.status(), 422);
    assert!(app.mails_to("ada@example.com").await.is_empty());
}

async fn accounts_are_not_made_without_end(app: App) {
    let limits = Limits::default().anonymous_per_client(Limit::new(3, Duration::from_secs(3_600)));
    let app = App::with_post_and(app.driver, |builder| builder.anonymous(true).limits(limits)).await;
    for number in 0..5 {
        let answer = app.browser().post("/api/auth/signup", json!({})).await;
        assert_eq!(answer.status(), if number < 3 { 200 } else { 429 });
    }
    let elsewhere = app.browser().from_ip("198.51.100.9");
    assert_eq!(elsewhere.post("/api/auth/signup", json!({})).await.status(), 200);
}

async fn it_can_be_deleted_whenever_its_owner_likes(app: App) {
    let browser = nobody(&app).await;
    app.wait(Duration::from_secs(3_600));
    assert_eq!(browser.delete("/api/auth/user", json!({})).await.status(), 200);
    assert_eq!(browser.get("/me").await.status(), 401);
}
