//! A server that is only tried out mails nobody but those who try it out.

use std::time::Duration;

use auth_core::{DeliveryError, EmailConfig, EventKind, Mail, Mailer, adapter::OutboxAdapter};
use serde_json::{Value, json};

use super::admin::service;
use crate::{Answer, App, Driver, MINUTE, PASSWORD, stories};

stories![staging =>
    g6_12_13_nobody_else_is_mailed,
    g6_12_13_an_account_is_not_told_apart,
    g6_12_13_both_addresses_of_a_change_are_on_the_list,
    g6_12_13_an_account_that_is_there_gets_no_mail_either,
    g6_12_13_a_letter_from_before_is_left_out,
];

const TESTER: &str = "tester@agency.example";
const COLLEAGUE: &str = "colleague@example.com";
const STRANGER: &str = "stranger@elsewhere.example";

async fn staging(driver: Driver) -> App {
    App::with_post_and(driver, |builder| {
        builder
            .mail_only_to("@Example.com")
            .mail_only_to("Tester@Agency.example")
    })
    .await
}

/// The routes that answer an address with a mail, and what they are sent.
async fn ask(app: &App, path: &str, email: &str) -> Answer {
    let body = json!({ "email": email, "password": PASSWORD, "type": "signup" });
    app.keeper().post(&format!("/api/auth/{path}"), body).await
}

const ROUTES: [&str; 5] = ["signup", "magiclink", "otp", "recover", "resend"];

fn assert_not_authorized(answer: &Answer, email: &str) {
    assert_eq!(answer.refusal(), (400, "email_address_not_authorized".to_owned()));
    let sentence = format!("Email address \"{email}\" cannot be used as it is not authorized");
    assert_eq!(answer.json()["msg"], sentence);
}

async fn make(app: &App, email: &str) -> Value {
    let body = json!({ "email": email, "password": PASSWORD, "email_confirm": true });
    let made = service(app).post("/api/auth/admin/users", body).await;
    assert_eq!(made.status(), 200, "{made:?}");
    made.json()
}

/// G6.12-13.
async fn g6_12_13_nobody_else_is_mailed(app: App) {
    for path in ROUTES {
        assert_not_authorized(&ask(&app, path, STRANGER).await, STRANGER);
        let below = "colleague@sub.example.com";
        assert_not_authorized(&ask(&app, path, below).await, below);
    }
    let refused = app
        .browser()
        .form("/api/auth/recover", "email=stranger%40elsewhere.example")
        .await;
    let told = refused.target_query("error_code");
    assert_eq!(told.as_deref(), Some("email_address_not_authorized"));
    let invited = service(&app)
        .post("/api/auth/invite", json!({ "email": STRANGER }))
        .await;
    assert_not_authorized(&invited, STRANGER);
    // Whoever is refused has no account from it.
    let found = app.auth.get_user_by_provider_id("email", STRANGER).await;
    assert!(found.is_err());
    assert!(app.mails_to(STRANGER).await.is_empty());

    for email in [TESTER, COLLEAGUE] {
        assert_eq!(ask(&app, "signup", email).await.status(), 200);
        assert_eq!(app.mails_to(email).await.len(), 1);
    }
    let text = json!({ "phone": "15551234567" });
    assert_eq!(app.keeper().post("/api/auth/otp", text).await.status(), 200);
    // What is mailed to nobody is nobody's business.
    let link = json!({ "type": "signup", "email": STRANGER, "password": PASSWORD });
    let link = service(&app).post("/api/auth/admin/generate_link", link).await;
    assert_eq!(link.status(), 200, "{link:?}");
}

/// G6.12-13.
async fn g6_12_13_an_account_is_not_told_apart(app: App) {
    make(&app, STRANGER).await;
    for path in ROUTES {
        let (known, unknown) = (STRANGER, "stronger@elsewhere.example");
        let (there, nobody) = (ask(&app, path, known).await, ask(&app, path, unknown).await);
        let (status, body, headers) = nobody.essence();
        assert_eq!(
            there.essence(),
            (status, body.replace(unknown, known), headers),
            "{path}"
        );
    }
    // Whoever is there signs in as ever.
    assert_eq!(app.browser().sign_in(STRANGER, PASSWORD).await.status(), 200);
}

/// G6.12-13.
async fn g6_12_13_both_addresses_of_a_change_are_on_the_list(app: App) {
    let colleague = app.confirmed(COLLEAGUE).await;
    let before = app.mails.sent().len();
    let refused = colleague.put("/api/auth/user", json!({ "email": STRANGER })).await;
    assert_not_authorized(&refused, STRANGER);
    assert!(colleague.get("/api/auth/user").await.json()["new_email"].is_null());

    make(&app, STRANGER).await;
    let stranger = app.browser();
    assert_eq!(stranger.sign_in(STRANGER, PASSWORD).await.status(), 200);
    let change = json!({ "email": "new@example.com" });
    let refused = stranger.put("/api/auth/user", change.clone()).await;
    assert_not_authorized(&refused, STRANGER);
    let nonce = stranger.post("/api/auth/reauthenticate", json!({})).await;
    assert_not_authorized(&nonce, STRANGER);
    app.deliver().await;
    assert_eq!(app.mails.sent().len(), before);

    // Where the old address is not asked, it may be anybody's.
    let mailer = app.mails.clone();
    let lenient = app
        .beside(|builder| {
            let email = EmailConfig::default().secure_change(false);
            builder.mailer(mailer).mail_only_to("@example.com").email(email)
        })
        .await;
    let stranger = lenient.browser();
    assert_eq!(stranger.sign_in(STRANGER, PASSWORD).await.status(), 200);
    let changed = stranger.put("/api/auth/user", change).await;
    assert_eq!(changed.json()["new_email"], "new@example.com");
}

/// G6.12-13.
async fn g6_12_13_an_account_that_is_there_gets_no_mail_either(app: App) {
    let stranger = make(&app, STRANGER).await;
    let path = format!("/api/auth/admin/users/{}", stranger["id"].as_str().unwrap());
    let change = json!({ "password": "chosen for somebody" });
    assert_eq!(service(&app).put(&path, change).await.status(), 200);
    app.deliver().await;
    assert!(app.mails.sent().is_empty());
    let events = app.events.events();
    let left_out = events.iter().find(|event| event.kind == EventKind::MessageDropped);
    assert_eq!(left_out.and_then(|event| event.reason), Some("not_authorized"));
}

/// G6.12-13.
async fn g6_12_13_a_letter_from_before_is_left_out(app: App) {
    // What the copied database says was to be sent; its own server never came to it.
    let production = App::with_post_and(app.driver, |builder| builder.mailer(Stuck)).await;
    for email in [STRANGER, COLLEAGUE] {
        assert_eq!(ask(&production, "magiclink", email).await.status(), 200);
    }
    let mails = app.mails.clone();
    let staging = production
        .beside(|builder| builder.mailer(mails.clone()).mail_only_to("@example.com"))
        .await;
    // Its process has ended, or it would go on taking them; what it had taken comes back after a while.
    drop(production);
    for round in 0..200 {
        // Not each time: a lease must last for as long as a slow store needs.
        if round % 20 == 0 {
            staging.wait(MINUTE);
        }
        staging.auth.deliver_due().await.unwrap();
        if staging.store.inner().next_message_due().await.unwrap().is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let reached: Vec<String> = mails.sent().into_iter().map(|mail| mail.to).collect();
    assert_eq!(reached, [COLLEAGUE]);
}

/// A server that takes no mail now.
struct Stuck;

#[async_trait::async_trait]
impl Mailer for Stuck {
    async fn send(&self, _: &Mail) -> Result<(), DeliveryError> {
        Err(DeliveryError::temporary("come back later"))
    }
}
