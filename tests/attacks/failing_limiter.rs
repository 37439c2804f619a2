//! A store that cannot count any more: nobody may try without end because of that.

use auth_core::testing::Fault;
use serde_json::json;

use crate::{App, PASSWORD, stories};

stories![App::with_post => what_cannot_be_counted_is_not_done,];

async fn what_cannot_be_counted_is_not_done(app: App) {
    app.confirmed("ada@example.com").await;
    app.mails.clear();
    let body = |kind: &str| {
        json!({
            "email": "ada@example.com", "password": PASSWORD, "type": kind, "token": "123456",
        })
    };
    for (path, kind) in [
        ("signup", "signup"),
        ("token?grant_type=password", "signup"),
        ("magiclink", "signup"),
        ("otp", "signup"),
        ("recover", "signup"),
        ("resend", "signup"),
        ("verify", "email"),
    ] {
        let hashes = app.auth.password_hashes();
        app.store.fail(Fault::Always);
        let answer = app.browser().post(&format!("/api/auth/{path}"), body(kind)).await;
        assert_eq!(
            (
                answer.status(),
                answer.set_cookies().iter().any(|cookie| cookie.contains("session"))
            ),
            (503, false),
            "{path}"
        );
        assert!(!answer.text().contains("implementation details"), "{answer:?}");
        assert_eq!(app.auth.password_hashes(), hashes, "{path}");
        app.store.fail(Fault::Never);
    }
    app.deliver().await;
    assert!(app.mails.sent().is_empty());
}
