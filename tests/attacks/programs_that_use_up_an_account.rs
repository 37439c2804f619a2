//! Programs that try and ask from everywhere, so that an account's owner has no attempts and no mails left.

use serde_json::json;

use crate::{
    App, PASSWORD,
    flows::{
        admin::service,
        captcha::{Riddles, send},
    },
    stories,
};

stories![App::with_post => what_a_program_is_refused_for_costs_nobody_anything,];

const ADA: &str = "ada@example.com";

/// G6.12-03.
async fn what_a_program_is_refused_for_costs_nobody_anything(app: App) {
    let riddles = Riddles::start().await;
    let app = riddles.app(&app).await;
    let ada = json!({ "email": ADA, "password": PASSWORD, "email_confirm": true });
    assert_eq!(service(&app).post("/api/auth/admin/users", ada).await.status(), 200);
    let hashes = app.auth.password_hashes();
    app.store.forget_calls();
    let asks = [
        (
            "token?grant_type=password",
            r#"{"email":"ada@example.com","password":"a guess"}"#,
        ),
        ("recover", r#"{"email":"ada@example.com"}"#),
        ("otp", r#"{"phone":"15551234567"}"#),
        (
            "signup",
            r#"{"email":"new@example.com","password":"correct horse battery"}"#,
        ),
    ];
    for number in 0..40 {
        for (path, body) in asks {
            let program = app.keeper().from_ip(&format!("198.51.100.{number}"));
            let token = (number % 2 == 0).then_some("robot");
            assert_eq!(send(&program, path, body, token).await.error_code(), "captcha_failed");
        }
    }
    assert_eq!(app.auth.password_hashes(), hashes);
    // One count for each, of the client; and nothing else is written or looked up.
    assert_eq!(app.store.calls(), vec!["count_attempt"; 40 * asks.len()]);
    app.deliver().await;
    assert!(app.mails.sent().is_empty() && app.texts.sent().is_empty());

    let body = r#"{"email":"ada@example.com","password":"correct horse battery"}"#;
    let owner = send(&app.keeper(), "token?grant_type=password", body, Some("person 1")).await;
    assert_eq!(owner.status(), 200, "{owner:?}");
    for (number, (path, body)) in asks.into_iter().enumerate().skip(1) {
        let token = format!("person {}", number + 1);
        let answer = send(&app.keeper(), path, body, Some(&token)).await;
        assert_eq!(answer.status(), 200, "{path}: {answer:?}");
    }
}
