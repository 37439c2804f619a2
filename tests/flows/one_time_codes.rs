use std::time::Duration;

use auth_core::{EventKind, OneTimeConfig, PhoneConfig};
use serde_json::json;

use crate::{App, Driver, MINUTE, stories_of_both};

stories_of_both![App::with_post => {
    a_code_works_once,
    a_wrong_code_and_an_unknown_address_are_one_answer,
    codes_end_after_ten_minutes_and_links_after_an_hour,
    lifetimes_and_lengths_are_configurable,
    five_tries_and_the_code_is_void,
    a_code_is_good_for_its_purpose_only,
    a_number_gets_its_code,
    a_number_for_reviewers_has_its_code,
} opaque {
}];

const ADA: &str = "ada@example.com";
const NUMBER: &str = "15551234567";

fn expired() -> (u16, String) {
    (403, "otp_expired".to_owned())
}

/// Asks for a code as a script does, and reads it.
async fn code(app: &App) -> String {
    app.wait(MINUTE);
    let answer = app.keeper().post("/api/auth/otp", json!({ "email": ADA })).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    app.mail_to(ADA).await.code()
}

/// Another code of the same length.
fn wrong(code: &str) -> String {
    let last = code.len() - 1;
    let digit = if code.ends_with('0') { '1' } else { '0' };
    format!("{}{digit}", &code[..last])
}

/// G6.7-09.
async fn a_code_works_once(app: App) {
    let code = code(&app).await;
    assert_eq!(app.keeper().verify("email", ADA, &code).await.status(), 200);
    let again = app.keeper().verify("email", ADA, &code).await;
    assert_eq!(again.refusal(), expired());
}

/// G6.7-14.
async fn a_wrong_code_and_an_unknown_address_are_one_answer(app: App) {
    let code = code(&app).await;
    let wrong = app.keeper().verify("email", ADA, &wrong(&code)).await;
    let unknown = app.keeper().verify("email", "nobody@example.com", &code).await;
    assert_eq!(wrong.refusal(), expired());
    assert_eq!(wrong.json()["msg"], "Token has expired or is invalid");
    assert_eq!(wrong.essence(), unknown.essence());
    for typed in [
        "",
        "abc",
        "12345",
        "12345678901",
        "1234567890123456789012345678901234567890",
    ] {
        let answer = app.keeper().verify("email", ADA, typed).await;
        assert!([400, 403].contains(&answer.status()), "{typed}: {answer:?}");
    }
    assert!(app.events.count(EventKind::CodeRefused) >= 2);
}

/// G6.7-07, G6.7-08.
async fn codes_end_after_ten_minutes_and_links_after_an_hour(app: App) {
    for (age, code_works, link_works) in [
        (599, true, true),
        (601, false, true),
        (3_599, false, true),
        (3_601, false, false),
    ] {
        let code = code(&app).await;
        let mail = app.mail_to(ADA).await;
        app.wait(Duration::from_secs(age));
        let by_code = app.keeper().verify("email", ADA, &code).await;
        assert_eq!(by_code.status() == 200, code_works, "{age}: {by_code:?}");
        if !code_works {
            let by_link = app.keeper().verify_link("magiclink", &mail.secret()).await;
            assert_eq!(by_link.status() == 200, link_works, "{age}: {by_link:?}");
        }
    }
}

/// G6.7-07, G6.7-08.
async fn lifetimes_and_lengths_are_configurable(app: App) {
    for digits in 6..=10 {
        let config = OneTimeConfig::default()
            .code_digits(digits)
            .code_lifetime(Duration::from_secs(30))
            .link_lifetime(Duration::from_secs(300));
        let app = App::with_post_and(app.driver, |builder| builder.one_time(config)).await;
        let code = code(&app).await;
        assert_eq!(code.len(), digits);
        app.wait(Duration::from_secs(31));
        assert_eq!(app.keeper().verify("email", ADA, &code).await.refusal(), expired());
        app.wait(Duration::from_secs(270));
        let secret = app.mail_to(ADA).await.secret();
        assert_eq!(
            app.keeper().verify_link("magiclink", &secret).await.refusal(),
            expired()
        );
    }
}

/// G6.7-18.
async fn five_tries_and_the_code_is_void(app: App) {
    for (tries, works) in [(4, true), (5, false)] {
        let code = code(&app).await;
        for _ in 0..tries {
            assert_eq!(
                app.keeper().verify("magiclink", ADA, &wrong(&code)).await.refusal(),
                expired()
            );
        }
        let right = app.keeper().verify("magiclink", ADA, &code).await;
        assert_eq!(right.status() == 200, works, "{tries}: {right:?}");
    }
    // The link of the same mail is not guessed, and stays good.
    let secret = app.mail_to(ADA).await.secret();
    assert_eq!(app.keeper().verify_link("magiclink", &secret).await.status(), 200);
}

async fn a_code_is_good_for_its_purpose_only(app: App) {
    let code = code(&app).await;
    for kind in ["recovery", "invite", "email_change"] {
        assert_eq!(
            app.keeper().verify(kind, ADA, &code).await.refusal(),
            expired(),
            "{kind}"
        );
    }
    assert_eq!(app.keeper().verify("email", ADA, &code).await.status(), 200);
}

/// G6.7-03.
async fn a_number_gets_its_code(app: App) {
    let browser = app.browser();
    let answer = browser
        .post("/api/auth/otp", json!({ "phone": "+1 (555) 123-4567" }))
        .await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"));
    let text = app.text_to(NUMBER).await;
    let answer = browser.verify("sms", "+15551234567", &text.code()).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(answer.json()["user"]["phone"], NUMBER);
    assert_eq!(browser.get("/me").await.status(), 200);
    // A text message is one weak factor.
    let listed = browser.get("/api/auth/sessions").await.json();
    assert_eq!(listed["sessions"][0]["aal"], "aal1");
    assert_eq!(listed["sessions"][0]["amr"][0]["method"], "otp");
}

/// G6.7-24.
async fn a_number_for_reviewers_has_its_code(app: App) {
    let phone = PhoneConfig::default().danger_test_code("15555550100", "123456");
    let app = App::with_post_and(app.driver, |builder| builder.phone(phone)).await;
    let script = app.keeper();
    assert_eq!(
        script
            .post("/api/auth/otp", json!({ "phone": "+15555550100" }))
            .await
            .status(),
        200
    );
    assert!(app.texts_to("15555550100").await.is_empty());
    assert_eq!(script.verify("sms", "15555550100", "123456").await.status(), 200);
}

#[tokio::test]
/// G6.7-07, G6.7-08.
async fn codes_and_links_have_their_bounds() {
    let refused = |config: OneTimeConfig| {
        let builder = auth_core::Auth::builder(auth_core::adapters::MemoryAdapter::default())
            .secret(auth_core::Secret::new("a secret of the tests, 32 bytes and more"))
            .base_url("https://app.example.com");
        let error = builder.one_time(config).build().unwrap_err();
        error.problems()[0].option
    };
    let config = OneTimeConfig::default;
    assert_eq!(refused(config().code_digits(5)), "one_time.code_digits");
    assert_eq!(refused(config().code_digits(11)), "one_time.code_digits");
    assert_eq!(
        refused(config().code_lifetime(Duration::from_secs(601))),
        "one_time.code_lifetime"
    );
    assert_eq!(
        refused(config().code_lifetime(Duration::from_secs(29))),
        "one_time.code_lifetime"
    );
    assert_eq!(
        refused(config().link_lifetime(Duration::from_secs(299))),
        "one_time.link_lifetime"
    );
    assert_eq!(
        refused(config().link_lifetime(Duration::from_secs(8 * 24 * 3_600))),
        "one_time.link_lifetime"
    );
    // And the core functions of the seed do as the routes.
    let app = App::with_post(Driver::Core).await;
    app.auth.send_mobile_otp("+15551234567").await.unwrap();
    let code = app.text_to(NUMBER).await.code();
    let (user, _) = app
        .auth
        .verify_mobile_otp(NUMBER, &code, Default::default())
        .await
        .unwrap();
    assert_eq!(user.phone.as_deref(), Some(NUMBER));
    app.auth.send_magic_link_email(ADA, Some("/notes")).await.unwrap();
    assert_eq!(app.mail_to(ADA).await.query("redirect_to").as_deref(), Some("/notes"));
}
