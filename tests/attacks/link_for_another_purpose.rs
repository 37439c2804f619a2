//! A link or code sent for one thing, used for another, or at another account.

use std::time::Duration;

use auth_core::EmailConfig;
use serde_json::json;

use crate::{App, Driver, MINUTE, PASSWORD, Received, stories};

stories![opened =>
    a_link_opens_what_it_was_sent_for_and_nothing_else,
    a_code_is_good_at_its_own_account_only,
    a_link_of_an_account_that_is_gone_opens_nothing,
];

async fn opened(driver: Driver) -> App {
    let one_mail = EmailConfig::default().secure_change(false);
    App::with_post_and(driver, |builder| builder.email(one_mail)).await
}

const ADA: &str = "ada@example.com";
const TYPES: [&str; 8] = [
    "signup",
    "email",
    "magiclink",
    "recovery",
    "invite",
    "email_change",
    "sms",
    "phone_change",
];

async fn mails(app: &App) -> Vec<(Received, &'static str, &'static [&'static str])> {
    let ada = app.confirmed(ADA).await;
    app.keeper().post("/api/auth/magiclink", json!({ "email": ADA })).await;
    let magic = app.mail_to(ADA).await;
    app.wait(MINUTE);
    app.keeper().post("/api/auth/recover", json!({ "email": ADA })).await;
    let recovery = app.mail_to(ADA).await;
    app.bearer(&ada.token().unwrap())
        .put("/api/auth/user", json!({ "email": "new@example.com" }))
        .await;
    app.keeper().sign_up("sign@example.com", PASSWORD).await;
    let admin = app.bearer(&app.auth.service_token(Duration::from_secs(24 * 3_600)));
    admin
        .post("/api/auth/invite", json!({ "email": "guest@example.com" }))
        .await;
    let sign_in: &[&str] = &["signup", "email", "magiclink"];
    vec![
        (app.mail_to("sign@example.com").await, "sign@example.com", sign_in),
        (app.mail_to("guest@example.com").await, "guest@example.com", &["invite"]),
        (
            app.mail_to("new@example.com").await,
            "new@example.com",
            &["email_change"],
        ),
        (magic, ADA, sign_in),
        (recovery, ADA, &["recovery"]),
    ]
}

async fn a_link_opens_what_it_was_sent_for_and_nothing_else(app: App) {
    for (mail, email, good_for) in mails(&app).await {
        for kind in TYPES.into_iter().filter(|kind| !good_for.contains(kind)) {
            let by_link = app.keeper().verify_link(kind, &mail.secret()).await;
            assert_eq!(
                by_link.refusal(),
                (403, "otp_expired".to_owned()),
                "{} as {kind}",
                mail.kind
            );
            let by_code = app
                .keeper()
                .from_ip("198.51.100.3")
                .verify(kind, email, &mail.code())
                .await;
            assert!(
                [400, 403].contains(&by_code.status()),
                "{} as {kind}: {by_code:?}",
                mail.kind
            );
        }
        let exchange = json!({ "auth_code": mail.secret(), "code_verifier": "x" });
        let answer = app.keeper().post("/api/auth/token?grant_type=pkce", exchange).await;
        assert_eq!(answer.refusal(), (404, "flow_state_not_found".to_owned()));
        // It is as good as before.
        let answer = app
            .keeper()
            .from_ip("198.51.100.4")
            .verify_link(good_for[0], &mail.secret())
            .await;
        if mail.kind != "magic_link" && mail.kind != "recovery" {
            assert_eq!(answer.status(), 200, "{}: {answer:?}", mail.kind);
        }
        app.wait(6 * MINUTE);
    }
}

async fn a_code_is_good_at_its_own_account_only(app: App) {
    app.confirmed("bob@example.com").await;
    app.keeper().post("/api/auth/otp", json!({ "email": ADA })).await;
    app.keeper()
        .post("/api/auth/otp", json!({ "email": "bob@example.com" }))
        .await;
    let (ada, bob) = (
        app.mail_to(ADA).await.code(),
        app.mail_to("bob@example.com").await.code(),
    );
    if ada != bob {
        assert_eq!(
            app.keeper().verify("email", "bob@example.com", &ada).await.status(),
            403
        );
        assert_eq!(app.keeper().verify("email", ADA, &bob).await.status(), 403);
    }
    assert_eq!(
        app.keeper().verify("email", ADA, &ada).await.json()["user"]["email"],
        ADA
    );
}

async fn a_link_of_an_account_that_is_gone_opens_nothing(app: App) {
    app.confirmed(ADA).await;
    app.keeper().post("/api/auth/magiclink", json!({ "email": ADA })).await;
    let mail = app.mail_to(ADA).await;
    let user = app.auth.get_user_by_provider_id("email", ADA).await.unwrap();
    // Shut out first.
    app.auth.ban_user(&user.id, Some(app.now() + MINUTE)).await.unwrap();
    let answer = app.keeper().verify_link("magiclink", &mail.secret()).await;
    assert_eq!(answer.error_code(), "user_banned");
    app.wait(2 * MINUTE);
    app.auth.delete_user(&user.id).await.unwrap();
    assert_eq!(
        app.keeper().verify_link("magiclink", &mail.secret()).await.status(),
        403
    );
    // A new account with the same address is another.
    app.keeper().sign_up(ADA, PASSWORD).await;
    assert_eq!(
        app.keeper().verify_link("magiclink", &mail.secret()).await.status(),
        403
    );
}
