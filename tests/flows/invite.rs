use std::time::Duration;

use auth_core::{EventKind, Tokens};
use serde_json::json;

use crate::{App, Client, MINUTE, PASSWORD, stories_of_both};

stories_of_both![App::with_post => {
    somebody_is_invited_and_accepts,
    an_invitation_to_a_proven_address_is_refused,
    an_invitation_takes_the_place_of_the_one_before,
    under_tokens_an_invitation_is_accepted_with_tokens,
    an_invitation_of_an_unproven_account_is_the_administrators_word,
    what_an_invitation_says_stays_when_its_guest_comes_in_another_way,
    an_invitation_shares_the_minute_of_its_address,
} opaque {
    only_administrators_invite,
}];

const ADA: &str = "ada@example.com";

fn admin(app: &App) -> Client {
    let token = app.auth.service_token(Duration::from_secs(24 * 3_600));
    app.bearer(&token).with("st-auth-mode", "header")
}

/// G6.11-01, G6.11-03.
async fn somebody_is_invited_and_accepts(app: App) {
    let body = json!({ "email": "Ada@Example.com", "data": { "team": "engine" } });
    let answer = admin(&app).post("/api/auth/invite?redirect_to=/welcome", body).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    let user = answer.json();
    assert!(user["invited_at"].is_string() && user["confirmation_sent_at"].is_string());
    assert!(user["email_confirmed_at"].is_null());
    assert_eq!(user["user_metadata"], json!({ "team": "engine" }));
    let mail = app.mail_to(ADA).await;
    assert_eq!((mail.kind, mail.query("type").as_deref()), ("invite", Some("invite")));
    let browser = app.browser();
    let followed = browser.follow(&mail).await;
    assert_eq!(followed.location().path(), "/welcome");
    let me = app.auth.get_user_by_provider_id("email", ADA).await.unwrap();
    assert!(me.email_confirmed_at.is_some());
    assert_eq!(json!(me.user_metadata), json!({ "team": "engine" }));
    assert_eq!(me.id.as_str(), user["id"]);
    assert_eq!(app.events.count(EventKind::UserInvited), 1);
    // The mailed code does the same, and a password can be chosen.
    let access = followed.fragment("access_token").unwrap();
    let answer = app
        .bearer(&access)
        .put("/api/auth/user", json!({ "password": PASSWORD }))
        .await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 200);
}

/// G6.11-02.
async fn an_invitation_to_a_proven_address_is_refused(app: App) {
    app.confirmed(ADA).await;
    let answer = admin(&app).post("/api/auth/invite", json!({ "email": ADA })).await;
    assert_eq!(answer.refusal(), (422, "email_exists".to_owned()));
    assert_eq!(
        answer.json()["msg"],
        "A user with this email address has already been registered"
    );
    let answer = admin(&app)
        .post("/api/auth/invite", json!({ "email": "no address" }))
        .await;
    assert_eq!(answer.refusal(), (400, "validation_failed".to_owned()));
}

async fn an_invitation_takes_the_place_of_the_one_before(app: App) {
    let mut mails = Vec::new();
    for _ in 0..2 {
        assert_eq!(
            admin(&app)
                .post("/api/auth/invite", json!({ "email": ADA }))
                .await
                .status(),
            200
        );
        mails.push(app.mail_to(ADA).await);
        app.wait(MINUTE);
    }
    assert_eq!(
        app.keeper().verify_link("invite", &mails[0].secret()).await.status(),
        403
    );
    assert_eq!(app.keeper().verify("invite", ADA, &mails[1].code()).await.status(), 200);
}

async fn under_tokens_an_invitation_is_accepted_with_tokens(app: App) {
    let app = App::with_post_and(app.driver, |builder| builder.sessions(Tokens::default())).await;
    let body = json!({ "email": ADA, "data": { "team": "engine" } });
    assert_eq!(admin(&app).post("/api/auth/invite", body).await.status(), 200);
    let secret = app.mail_to(ADA).await.secret();
    let session = app.keeper().verify_link("invite", &secret).await.json();
    assert_eq!(session["user"]["user_metadata"], json!({ "team": "engine" }));
    let again = app.keeper().verify_link("invite", &secret).await;
    assert_eq!(again.refusal(), (403, "otp_expired".to_owned()));
    let ada = app.bearer(session["access_token"].as_str().unwrap());
    let chosen = ada.put("/api/auth/user", json!({ "password": PASSWORD })).await;
    assert_eq!(chosen.status(), 200, "{chosen:?}");
    assert_eq!(app.keeper().sign_in(ADA, PASSWORD).await.status(), 200);
}

/// G6.2-20.
async fn only_administrators_invite(app: App) {
    let body = || json!({ "email": ADA });
    assert_eq!(
        app.keeper().post("/api/auth/invite", body()).await.refusal(),
        (401, "no_authorization".to_owned())
    );
    let bob = app.confirmed("bob@example.com").await;
    assert_eq!(
        bob.post("/api/auth/invite", body()).await.refusal(),
        (403, "not_admin".to_owned())
    );
    assert_eq!(
        app.bearer("junk").post("/api/auth/invite", body()).await.refusal(),
        (403, "bad_jwt".to_owned())
    );
    assert!(app.mails_to(ADA).await.is_empty());
}

async fn an_invitation_of_an_unproven_account_is_the_administrators_word(app: App) {
    let body = json!({ "email": ADA, "password": PASSWORD, "data": { "team": "mine" } });
    app.browser().post("/api/auth/signup", body).await;
    app.wait(MINUTE);
    let body = json!({ "email": ADA, "data": { "team": "engine" } });
    assert_eq!(admin(&app).post("/api/auth/invite", body).await.status(), 200);
    app.browser().follow(&app.mail_to(ADA).await).await;
    let user = app.auth.get_user_by_provider_id("email", ADA).await.unwrap();
    assert_eq!(json!(user.user_metadata), json!({ "team": "engine" }));
    assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 400);
}

/// What an administrator wrote is no stranger's.
async fn what_an_invitation_says_stays_when_its_guest_comes_in_another_way(app: App) {
    let said = json!({ "team": "engine" });
    let invited = json!({ "email": ADA, "data": said });
    assert_eq!(admin(&app).post("/api/auth/invite", invited).await.status(), 200);
    app.mail_to(ADA).await;
    app.wait(MINUTE);
    let link = json!({ "type": "magiclink", "email": "grace@example.com", "data": said });
    let answer = admin(&app).post("/api/auth/admin/generate_link", link).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    for email in [ADA, "grace@example.com"] {
        let browser = app.browser();
        assert_eq!(
            browser.post("/api/auth/otp", json!({ "email": email })).await.status(),
            200
        );
        browser.follow(&app.mail_to(email).await).await;
        let user = app.auth.get_user_by_provider_id("email", email).await.unwrap();
        assert!(user.email_confirmed_at.is_some(), "{email}");
        assert_eq!(json!(user.user_metadata), said, "{email}");
        assert!(!user.app_metadata.contains_key("made_by_administrator"), "{email}");
    }
}

async fn an_invitation_shares_the_minute_of_its_address(app: App) {
    let invite = async || admin(&app).post("/api/auth/invite", json!({ "email": ADA })).await;
    assert_eq!(invite().await.status(), 200);
    assert_eq!(invite().await.refusal(), (429, "over_email_send_rate_limit".to_owned()));
    let asked = app.browser().post("/api/auth/otp", json!({ "email": ADA })).await;
    assert_eq!(asked.refusal(), (429, "over_email_send_rate_limit".to_owned()));
    app.wait(MINUTE);
    assert_eq!(invite().await.status(), 200);
}
