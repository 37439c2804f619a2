//! Links and codes in a mailbox that is not the account's any more.

use auth_core::{EmailConfig, adapter::TokenAdapter};
use serde_json::json;

use crate::{App, Client, MINUTE, Received, stories};

stories![App::with_post => links_to_the_old_address_open_nothing_after_the_change,];

const ADA: &str = "ada@example.com";
const NEW: &str = "lovelace@example.com";

async fn old_mails(app: &App, ada: &Client) -> Vec<(&'static str, Received)> {
    let mut mails = Vec::new();
    for (path, kind) in [("magiclink", "magiclink"), ("recover", "recovery")] {
        app.keeper()
            .post(&format!("/api/auth/{path}"), json!({ "email": ADA }))
            .await;
        mails.push((kind, app.mail_to(ADA).await));
        app.wait(MINUTE);
    }
    let bearer = app.bearer(&ada.token().unwrap());
    assert_eq!(bearer.get("/api/auth/reauthenticate").await.status(), 200);
    app.deliver().await;
    mails
}

async fn links_to_the_old_address_open_nothing_after_the_change(app: App) {
    let quick = EmailConfig::default().secure_change(false);
    let app = App::with_post_and(app.driver, |builder| builder.email(quick)).await;
    for by_route in [true, false] {
        let ada = app.confirmed(ADA).await;
        let mails = old_mails(&app, &ada).await;
        let nonce = app.mail_to(ADA).await;
        let user = app.auth.get_user_by_provider_id("email", ADA).await.unwrap();
        if by_route {
            ada.put("/api/auth/user", json!({ "email": NEW })).await;
            ada.follow(&app.mail_to(NEW).await).await;
        } else {
            app.auth.update_user_provider_id(&user.id, "email", NEW).await.unwrap();
        }
        assert_eq!(app.auth.get_user(&user.id).await.unwrap().email.as_deref(), Some(NEW));
        // Codes that are waiting to be exchanged as well.
        assert_eq!(
            app.store.get_tokens_by_user_id(&user.id).await.unwrap(),
            [],
            "{by_route}"
        );
        for (kind, mail) in &mails {
            assert_eq!(
                app.keeper().verify_link(kind, &mail.secret()).await.status(),
                403,
                "{kind} {by_route}"
            );
            for email in [ADA, NEW] {
                let answer = app.keeper().verify(kind, email, &mail.code()).await;
                assert_eq!(answer.status(), 403, "{kind} {by_route}");
            }
        }
        let change = json!({ "password": "a new long password", "nonce": nonce.code() });
        assert_eq!(
            ada.put("/api/auth/user", change).await.refusal(),
            (422, "reauthentication_not_valid".to_owned())
        );
        // Whoever has the old mailbox now can have an account of their own.
        app.wait(MINUTE);
        app.auth.delete_user(&user.id).await.unwrap();
    }
}
