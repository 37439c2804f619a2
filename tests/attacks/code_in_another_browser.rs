//! A code talked out of its owner, or read over their shoulder, and typed into another browser.

use serde_json::json;

use crate::{App, MINUTE, PASSWORD, stories};

stories![App::with_post =>
    a_code_is_good_in_the_browser_that_asked,
    a_browser_keeps_its_mark_through_several_requests,
    a_planted_mark_is_no_key,
];

const ADA: &str = "ada@example.com";

async fn a_code_is_good_in_the_browser_that_asked(app: App) {
    app.confirmed(ADA).await;
    for (path, kind, email) in [
        ("signup", "signup", "new@example.com"),
        ("otp", "email", ADA),
        ("magiclink", "magiclink", ADA),
        ("recover", "recovery", ADA),
    ] {
        let asked = app.browser();
        let body = json!({ "email": email, "password": PASSWORD });
        let answer = asked.post(&format!("/api/auth/{path}"), body).await;
        let mark = answer
            .set_cookies()
            .into_iter()
            .find(|cookie| cookie.contains("auth_mark"))
            .unwrap();
        for attribute in ["__Host-", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            assert!(mark.contains(attribute), "{mark}");
        }
        let code = app.mail_to(email).await.code();
        for another in [app.browser(), app.keeper(), app.script()] {
            for _ in 0..3 {
                let answer = another.verify(kind, email, &code).await;
                assert_eq!(answer.refusal(), (403, "otp_expired".to_owned()), "{path}");
            }
        }
        // Nor can anybody use up its tries from elsewhere.
        assert_eq!(asked.verify(kind, email, &code).await.status(), 200, "{path}");
        app.wait(6 * MINUTE);
    }
}

async fn a_browser_keeps_its_mark_through_several_requests(app: App) {
    let browser = app.browser();
    browser.sign_up(ADA, PASSWORD).await;
    let first = app.mail_to(ADA).await.code();
    browser
        .post("/api/auth/magiclink", json!({ "email": "other@example.com" }))
        .await;
    let second = app.mail_to("other@example.com").await.code();
    assert_eq!(
        browser.verify("email", "other@example.com", &second).await.status(),
        200
    );
    assert_eq!(browser.verify("signup", ADA, &first).await.status(), 200);
}

async fn a_planted_mark_is_no_key(app: App) {
    let browser = app.browser();
    for planted in ["", "x", "auth_mark", &"a".repeat(500)] {
        browser.set_cookie("__Host-auth_mark", planted);
        let answer = browser.post("/api/auth/magiclink", json!({ "email": ADA })).await;
        assert_eq!(answer.status(), 200);
        let mark = browser.cookie("__Host-auth_mark").unwrap();
        assert_ne!(mark, planted);
        assert_eq!(mark.len(), 32);
        app.wait(MINUTE);
    }
}
