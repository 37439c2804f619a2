use std::time::Duration;

use serde_json::{Value, json};

use super::admin::service;
use crate::{App, Client, MINUTE, PASSWORD, stories_of_both};

stories_of_both![App::with_post => {
    a_nonce_lets_a_stale_session_change_what_is_grave,
    a_nonce_works_once_and_for_its_owner_only,
    a_password_that_is_too_weak_costs_no_nonce,
    a_wrong_nonce_is_refused,
    what_is_not_proven_gets_no_nonce,
    another_site_cannot_have_codes_sent,
    a_number_gets_its_code_where_there_is_no_address,
    a_number_gets_its_code_where_the_address_is_not_proven,
} opaque {
    who_has_no_address_is_told_so,
}];

const ADA: &str = "ada@example.com";

fn passwords(number: usize) -> String {
    format!("a new long password, number {number}")
}

async fn stale(app: &App, email: &str) -> Client {
    let client = app.confirmed(email).await;
    app.wait(Duration::from_secs(3_600));
    client
}

/// As a script of the page's own does.
async fn nonce(client: &Client, email: &str) -> String {
    let answer = client.post("/api/auth/reauthenticate", json!({})).await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"), "{answer:?}");
    let mail = client.app.mail_to(email).await;
    assert_eq!(mail.kind, "reauthentication");
    assert!(mail.link().is_none(), "a nonce has no link: {mail:?}");
    mail.code()
}

/// G6.9-11, G6.9-13.
async fn a_nonce_lets_a_stale_session_change_what_is_grave(app: App) {
    let ada = stale(&app, ADA).await;
    let change = json!({ "password": passwords(1) });
    assert_eq!(
        ada.put("/api/auth/user", change).await.refusal(),
        (400, "reauthentication_needed".to_owned())
    );
    let nonce = nonce(&ada, ADA).await;
    let user = ada.get("/api/auth/user").await.json();
    assert!(user["reauthentication_sent_at"].is_string());
    let change = json!({ "password": passwords(1), "nonce": nonce });
    assert_eq!(ada.put("/api/auth/user", change).await.status(), 200);
    assert_eq!(app.browser().sign_in(ADA, &passwords(1)).await.status(), 200);
    assert_eq!(app.mail_to(ADA).await.kind, "password_changed");
}

async fn a_nonce_works_once_and_for_its_owner_only(app: App) {
    let (ada, bob) = (stale(&app, ADA).await, stale(&app, "bob@example.com").await);
    let code = nonce(&ada, ADA).await;
    let change = |number| json!({ "password": passwords(number), "nonce": code });
    assert_eq!(
        bob.put("/api/auth/user", change(1)).await.refusal(),
        (422, "reauthentication_not_valid".to_owned())
    );
    // Nor does it sign anybody in.
    for kind in ["email", "magiclink", "recovery", "signup", "reauthentication"] {
        let answer = app.keeper().verify(kind, ADA, &code).await;
        assert!([400, 403].contains(&answer.status()), "{kind}: {answer:?}");
    }
    assert_eq!(ada.put("/api/auth/user", change(2)).await.status(), 200);
    assert_eq!(
        ada.put("/api/auth/user", change(3)).await.refusal(),
        (422, "reauthentication_not_valid".to_owned())
    );
}

/// G6.9-11.
async fn a_wrong_nonce_is_refused(app: App) {
    let ada = stale(&app, ADA).await;
    let code = nonce(&ada, ADA).await;
    let wrong = format!("{}{}", &code[..5], if code.ends_with('0') { '1' } else { '0' });
    for _ in 0..5 {
        let answer = ada
            .put("/api/auth/user", json!({ "password": passwords(1), "nonce": wrong }))
            .await;
        assert_eq!(answer.refusal(), (422, "reauthentication_not_valid".to_owned()));
        assert_eq!(answer.json()["msg"], "Nonce has expired or is invalid");
    }
    // Five tries; the right one comes too late.
    let answer = ada
        .put("/api/auth/user", json!({ "password": passwords(1), "nonce": code }))
        .await;
    assert_eq!(answer.status(), 422);
    app.wait(MINUTE);
    let code = nonce(&ada, ADA).await;
    app.wait(Duration::from_secs(601));
    let answer = ada
        .put("/api/auth/user", json!({ "password": passwords(1), "nonce": code }))
        .await;
    assert_eq!(answer.status(), 422);
    assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 200);
}

/// G6.9-13.
async fn who_has_no_address_is_told_so(app: App) {
    let app = App::with_post_and(app.driver, |builder| builder.anonymous(true)).await;
    let browser = app.browser();
    browser.post("/api/auth/signup", json!({})).await;
    let answer = browser.post("/api/auth/reauthenticate", json!({})).await;
    assert_eq!(answer.refusal(), (400, "validation_failed".to_owned()));
    assert_eq!(
        answer.json()["msg"],
        "Reauthentication requires the user to have an email or a phone number"
    );
    let stranger = app.keeper().get("/api/auth/reauthenticate").await;
    assert_eq!(stranger.refusal(), (401, "no_authorization".to_owned()));
}

/// G6.9-13.
async fn what_is_not_proven_gets_no_nonce(app: App) {
    let app = App::with_post_and(app.driver, |builder| builder.anonymous(true)).await;
    for (given, word, sentence) in [
        (
            json!({ "email": ADA }),
            "email_not_confirmed",
            "Please verify your email first.",
        ),
        (
            json!({ "phone": NUMBER }),
            "phone_not_confirmed",
            "Please verify your phone first.",
        ),
    ] {
        let session = app.keeper().post("/api/auth/signup", json!({})).await.json();
        // An administrator sets it, and does not say that it is theirs.
        let path = format!("/api/auth/admin/users/{}", session["user"]["id"].as_str().unwrap());
        let set = service(&app).put(&path, given).await;
        assert_eq!(set.status(), 200, "{set:?}");
        let somebody = app.bearer(session["access_token"].as_str().unwrap());
        let refused = somebody.get("/api/auth/reauthenticate").await;
        assert_eq!(refused.refusal(), (422, word.to_owned()));
        assert_eq!(refused.json()["msg"], sentence);
    }
    app.deliver().await;
    assert!(app.mails.sent().is_empty() && app.texts.sent().is_empty());
}

/// GoTrue's clients GET it.
async fn another_site_cannot_have_codes_sent(app: App) {
    let ada = app.confirmed(ADA).await;
    app.mails.clear();
    for site in ["cross-site", "same-site", "none"] {
        let answer = ada
            .copy()
            .with("sec-fetch-site", site)
            .get("/api/auth/reauthenticate")
            .await;
        assert_eq!(answer.refusal(), (403, "origin_not_allowed".to_owned()), "{site}");
    }
    assert_eq!(ada.get("/api/auth/reauthenticate").await.status(), 403);
    assert!(app.mails_to(ADA).await.is_empty());
    let own = ada.copy().with("sec-fetch-site", "same-origin");
    assert_eq!(own.get("/api/auth/reauthenticate").await.status(), 200);
    // Sent before the minute is over, in which whoever is sending must have done it.
    assert_eq!(app.mails_to(ADA).await.len(), 1);
    app.wait(MINUTE);
    let bearer = app.bearer(&ada.token().unwrap());
    assert_eq!(bearer.get("/api/auth/reauthenticate").await.status(), 200);
    assert_eq!(app.mails_to(ADA).await.len(), 2);
}

const NUMBER: &str = "15551234567";

async fn signed_in_by_number(app: &App) -> Value {
    let script = app.keeper();
    script.post("/api/auth/otp", json!({ "phone": NUMBER })).await;
    let code = app.text_to(NUMBER).await.code();
    script.verify("sms", NUMBER, &code).await.json()
}

async fn proves_again_by_number(app: &App, session: &Value) {
    app.wait(Duration::from_secs(3_600));
    let ada = app.bearer(session["access_token"].as_str().unwrap());
    assert_eq!(ada.get("/api/auth/reauthenticate").await.status(), 200);
    let text = app.text_to(NUMBER).await;
    assert_eq!(text.kind, "reauthentication_sms");
    let change = json!({ "password": passwords(1), "nonce": text.code() });
    assert_eq!(ada.put("/api/auth/user", change).await.status(), 200);
}

/// G6.9-13.
async fn a_number_gets_its_code_where_there_is_no_address(app: App) {
    let session = signed_in_by_number(&app).await;
    proves_again_by_number(&app, &session).await;
}

async fn a_password_that_is_too_weak_costs_no_nonce(app: App) {
    let ada = stale(&app, ADA).await;
    let nonce = nonce(&ada, ADA).await;
    let weak = json!({ "password": "short", "nonce": nonce });
    assert_eq!(
        ada.put("/api/auth/user", weak).await.refusal(),
        (422, "weak_password".to_owned())
    );
    let change = json!({ "password": passwords(1), "nonce": nonce });
    assert_eq!(ada.put("/api/auth/user", change).await.status(), 200);
}

async fn a_number_gets_its_code_where_the_address_is_not_proven(app: App) {
    let session = signed_in_by_number(&app).await;
    // An administrator sets one, and does not say that it is hers.
    let path = format!("/api/auth/admin/users/{}", session["user"]["id"].as_str().unwrap());
    let set = service(&app).put(&path, json!({ "email": ADA })).await;
    assert_eq!((set.status(), &set.json()["email_confirmed_at"]), (200, &Value::Null));
    proves_again_by_number(&app, &session).await;
}
