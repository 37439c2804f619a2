//! Programs that open every link in a mail before its reader does, and browsers that fetch ahead.

use auth_core::adapter::TokenAdapter;
use serde_json::json;

use crate::{App, MINUTE, PASSWORD, stories};

stories![App::with_post => looking_at_a_link_takes_nothing,];

const ADA: &str = "ada@example.com";

async fn looking_at_a_link_takes_nothing(app: App) {
    app.confirmed(ADA).await;
    for path in ["magiclink", "recover", "signup"] {
        let email = if path == "signup" { "new@example.com" } else { ADA };
        let browser = app.browser();
        let body = json!({ "email": email, "password": PASSWORD });
        assert_eq!(browser.post(&format!("/api/auth/{path}"), body).await.status(), 200);
        let mail = app.mail_to(email).await;
        let user = app.auth.get_user_by_provider_id("email", email).await.unwrap();
        let before = app.store.inner().get_tokens_by_user_id(&user.id).await.unwrap();
        for scanner in [
            app.script().with("user-agent", "Mozilla/5.0 (compatible; SafeLinks)"),
            app.script().with("sec-purpose", "prefetch;prerender"),
            app.browser(),
        ] {
            for method in ["GET", "HEAD", "GET", "OPTIONS"] {
                let answer = scanner.send(method, &mail.path(), None, "").await;
                assert!(answer.status.is_success(), "{answer:?}");
                assert!(answer.set_cookies().is_empty());
                assert_eq!(answer.header("cache-control"), Some("no-store"));
                if method != "OPTIONS" {
                    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
                }
            }
        }
        assert_eq!(app.store.inner().get_tokens_by_user_id(&user.id).await.unwrap(), before);
        let page = browser.get(&mail.path()).await;
        assert_eq!(browser.press(&page).await.fragment("error"), None);
        assert!(browser.token().is_some(), "{path}");
        assert_eq!(
            browser.press(&page).await.fragment("error_code").as_deref(),
            Some("otp_expired")
        );
        app.wait(MINUTE);
    }
    // A page that will not say where it is is another site's.
    let body = "token_hash=x&type=magiclink";
    let answer = app
        .browser()
        .with("origin", "null")
        .form("/api/auth/verify", body)
        .await;
    assert_eq!(answer.refusal(), (403, "origin_not_allowed".to_owned()));
    let answer = app
        .browser()
        .with("origin", "null")
        .with("sec-fetch-site", "same-origin");
    let answer = answer.form("/api/auth/verify", body).await;
    assert_eq!(answer.fragment("error_code").as_deref(), Some("otp_expired"));
}
