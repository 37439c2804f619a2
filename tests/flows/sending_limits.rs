use std::time::Duration;

use auth_core::{EventKind, Limit, Limits};
use serde_json::json;

use crate::{App, Client, MINUTE, PASSWORD, stories};

stories![App::with_post =>
    one_message_a_minute_for_each_address,
    text_messages_have_their_own_words,
    all_routes_share_the_minute,
    mails_have_a_budget_for_all,
    text_messages_have_a_budget_for_all,
    one_client_does_not_use_up_the_text_messages_of_all,
    one_client_does_not_ask_for_everybody,
    limits_can_be_off,
    a_sign_up_is_counted_whether_the_address_is_known_or_not,
];

const ADA: &str = "ada@example.com";

/// Security statement 28.
///
/// G6.7-29, G6.7-30.
async fn one_message_a_minute_for_each_address(app: App) {
    let ask = async || app.keeper().post("/api/auth/magiclink", json!({ "email": ADA })).await;
    assert_eq!(ask().await.status(), 200);
    app.wait(Duration::from_millis(17_500));
    let refused = ask().await;
    assert_eq!(refused.refusal(), (429, "over_email_send_rate_limit".to_owned()));
    assert_eq!(
        refused.json()["msg"],
        "For security purposes, you can only request this after 43 seconds."
    );
    assert_eq!(refused.header("retry-after"), Some("43"));
    assert_eq!(app.events.count(EventKind::LimitExceeded), 1);
    app.wait(Duration::from_secs(43));
    assert_eq!(ask().await.status(), 200);
    assert_eq!(app.mails_to(ADA).await.len(), 2);
    // Others are not kept waiting.
    let other = app
        .keeper()
        .post("/api/auth/magiclink", json!({ "email": "bob@example.com" }))
        .await;
    assert_eq!(other.status(), 200);
}

/// G6.7-29, G6.7-30.
async fn text_messages_have_their_own_words(app: App) {
    let ask = async || {
        app.keeper()
            .post("/api/auth/otp", json!({ "phone": "15551234567" }))
            .await
    };
    assert_eq!(ask().await.status(), 200);
    let refused = ask().await;
    assert_eq!(refused.refusal(), (429, "over_sms_send_rate_limit".to_owned()));
    assert_eq!(
        refused.json()["msg"],
        "For security purposes, you can only request this after 60 seconds."
    );
    assert_eq!(refused.header("retry-after"), Some("60"));
}

async fn all_routes_share_the_minute(app: App) {
    let body = |kind: &str| json!({ "email": ADA, "password": PASSWORD, "type": kind });
    let paths = ["signup", "magiclink", "otp", "recover", "resend"];
    for first in paths {
        let ask = async |path: &str| app.keeper().post(&format!("/api/auth/{path}"), body("signup")).await;
        assert_eq!(ask(first).await.status(), 200, "{first}");
        for second in paths {
            assert_eq!(ask(second).await.status(), 429, "{first}, then {second}");
        }
        app.wait(MINUTE);
    }
}

/// G6.7-31.
async fn mails_have_a_budget_for_all(app: App) {
    let limits = Limits::default().mails_per_hour(Some(2));
    let app = App::with_post_and(app.driver, |builder| builder.limits(limits)).await;
    for number in 0..4 {
        let body = json!({ "email": format!("u{number}@example.com") });
        let answer = app
            .keeper()
            .from_ip(&format!("198.51.100.{number}"))
            .post("/api/auth/magiclink", body)
            .await;
        assert_eq!(answer.status(), if number < 2 { 200 } else { 429 });
        if number >= 2 {
            assert_eq!(answer.error_code(), "over_email_send_rate_limit");
            assert_eq!(answer.json()["msg"], "email rate limit exceeded");
            assert!(answer.header("retry-after").is_some());
        }
    }
    app.wait(Duration::from_secs(3_601));
    let answer = app
        .keeper()
        .post("/api/auth/magiclink", json!({ "email": "late@example.com" }))
        .await;
    assert_eq!(answer.status(), 200);
}

/// G6.7-31.
async fn text_messages_have_a_budget_for_all(app: App) {
    let mut refused = 0;
    for number in 0..35 {
        let body = json!({ "phone": format!("155512345{number:02}") });
        let answer = app
            .keeper()
            .from_ip(&format!("198.51.100.{number}"))
            .post("/api/auth/otp", body)
            .await;
        if answer.status() == 429 {
            refused += 1;
            assert_eq!(answer.json()["msg"], "SMS rate limit exceeded");
            assert_eq!(answer.error_code(), "over_sms_send_rate_limit");
        }
    }
    assert_eq!(refused, 5);
}

async fn one_client_does_not_use_up_the_text_messages_of_all(app: App) {
    let ask = async |client: Client, number: usize| {
        let body = json!({ "phone": format!("155512345{number:02}") });
        client.post("/api/auth/otp", body).await
    };
    for number in 0..40 {
        let answer = ask(app.keeper(), number).await;
        assert_eq!(answer.status(), if number < 10 { 200 } else { 429 }, "{number}");
        if number >= 10 {
            assert_eq!(answer.error_code(), "over_sms_send_rate_limit");
        }
        // The limit of what is asked for, of whatever sort, is another.
        app.wait(Duration::from_secs(15));
    }
    let elsewhere = app.keeper().from_ip("198.51.100.1");
    assert_eq!(ask(elsewhere, 50).await.status(), 200);
}

/// Security statement 23.
async fn one_client_does_not_ask_for_everybody(app: App) {
    let limits = Limits::default().messages_per_client(Limit::new(3, Duration::from_secs(300)));
    let app = App::with_post_and(app.driver, |builder| builder.limits(limits)).await;
    for (number, path) in ["magiclink", "otp", "recover", "resend", "magiclink"]
        .into_iter()
        .enumerate()
    {
        let body = json!({ "email": format!("u{number}@example.com"), "type": "signup" });
        let answer = app.keeper().post(&format!("/api/auth/{path}"), body).await;
        assert_eq!(answer.status(), if number < 3 { 200 } else { 429 }, "{path}");
        if number >= 3 {
            assert_eq!(answer.error_code(), "over_request_rate_limit");
            assert_eq!(answer.json()["msg"], "Request rate limit reached");
            assert!(answer.header("retry-after").is_some());
        }
    }
    let elsewhere = app
        .keeper()
        .from_ip("198.51.100.1")
        .post("/api/auth/magiclink", json!({ "email": ADA }))
        .await;
    assert_eq!(elsewhere.status(), 200);
}

/// G6.7-31.
async fn limits_can_be_off(app: App) {
    let app = App::with_post_and(app.driver, |builder| builder.limits(Limits::danger_unlimited())).await;
    for _ in 0..5 {
        let answer = app.keeper().post("/api/auth/magiclink", json!({ "email": ADA })).await;
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(app.mails_to(ADA).await.len(), 5);
}

async fn a_sign_up_is_counted_whether_the_address_is_known_or_not(app: App) {
    app.confirmed(ADA).await;
    let mut answers = Vec::new();
    for email in [ADA, "new@example.com"] {
        assert_eq!(app.browser().sign_up(email, PASSWORD).await.status(), 200);
        answers.push(app.browser().sign_up(email, PASSWORD).await);
    }
    assert_eq!(answers[0].status(), 429);
    assert_eq!(answers[0].essence(), answers[1].essence());
}
