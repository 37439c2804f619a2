use auth_core::{EventKind, Tokens};
use serde_json::json;

use crate::{App, MINUTE, PASSWORD, stories_of_both};

stories_of_both![App::with_post => {
    a_known_address_gets_a_link_and_a_code,
    an_unknown_address_gets_an_account,
    otp_with_an_address_is_the_same,
    nobody_is_made_who_is_not_wanted,
    a_closed_sign_up_lets_only_the_known_in,
    the_code_of_the_mail_works_as_well,
    data_of_a_new_account_is_kept,
    what_is_wrong_with_the_request_is_said,
    a_new_link_voids_the_one_before,
    a_banned_owner_gets_nothing,
} opaque {
    a_client_with_tokens_gets_them_in_the_fragment,
}];

const ADA: &str = "ada@example.com";

/// G6.7-01.
async fn a_known_address_gets_a_link_and_a_code(app: App) {
    app.confirmed(ADA).await;
    app.mails.clear();
    let browser = app.browser();
    let answer = browser
        .post("/api/auth/magiclink", json!({ "email": " ADA@example.com" }))
        .await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"));
    let mails = app.mails_to(ADA).await;
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].kind, mails[0].code().len()), ("magic_link", 6));
    let answer = browser.follow(&mails[0]).await;
    assert_eq!(answer.location().as_str(), "https://app.example.com/");
    let listed = browser.get("/api/auth/sessions").await.json();
    let current = listed["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|session| session["current"] == true);
    assert_eq!(current.unwrap()["amr"][0]["method"], "magiclink");
    // The password is what it was.
    assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 200);
}

/// G6.7-02.
async fn an_unknown_address_gets_an_account(app: App) {
    let browser = app.browser();
    let answer = browser.post("/api/auth/magiclink", json!({ "email": ADA })).await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"));
    assert_eq!(app.events.count(EventKind::UserCreated), 1);
    let mail = app.mail_to(ADA).await;
    assert_eq!(mail.kind, "confirmation");
    browser.follow(&mail).await;
    let user = browser.get("/api/auth/user").await.json();
    assert!(user["email_confirmed_at"].is_string());
    // There is no password that anybody could know.
    let answer = app.browser().sign_in(ADA, "").await;
    assert_eq!(answer.status(), 400);
}

/// G6.7-04.
async fn otp_with_an_address_is_the_same(app: App) {
    let browser = app.browser();
    let answer = browser.post("/api/auth/otp", json!({ "email": ADA })).await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"));
    let code = app.mail_to(ADA).await.code();
    assert_eq!(browser.verify("email", ADA, &code).await.status(), 200);
}

/// G6.7-04.
async fn nobody_is_made_who_is_not_wanted(app: App) {
    let body = json!({ "email": ADA, "create_user": false });
    let answer = app.browser().post("/api/auth/otp", body).await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"));
    assert!(app.mails_to(ADA).await.is_empty());
    assert!(app.auth.get_user_by_provider_id("email", ADA).await.is_err());
}

async fn a_closed_sign_up_lets_only_the_known_in(app: App) {
    app.confirmed(ADA).await;
    let closed = app
        .beside(|builder| builder.mailer(app.mails.clone()).signup(false))
        .await;
    for email in [ADA, "nobody@example.com"] {
        let answer = closed
            .browser()
            .post("/api/auth/magiclink", json!({ "email": email }))
            .await;
        assert_eq!((answer.status(), answer.text()), (200, "{}"));
    }
    assert_eq!(app.mail_to(ADA).await.kind, "magic_link");
    assert!(app.mails_to("nobody@example.com").await.is_empty());
    assert!(
        app.auth
            .get_user_by_provider_id("email", "nobody@example.com")
            .await
            .is_err()
    );
}

async fn the_code_of_the_mail_works_as_well(app: App) {
    app.confirmed(ADA).await;
    for kind in ["email", "magiclink"] {
        let browser = app.browser();
        browser.post("/api/auth/magiclink", json!({ "email": ADA })).await;
        let code = app.mail_to(ADA).await.code();
        // As people type it.
        let typed = format!("{} {}", &code[..3], &code[3..]);
        let answer = browser.verify(kind, "ADA@example.com", &typed).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        let listed = browser.get("/api/auth/sessions").await.json();
        let methods: Vec<_> = listed["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["amr"][0]["method"])
            .collect();
        assert!(methods.contains(&&json!("otp")), "{methods:?}");
        app.wait(MINUTE);
    }
}

async fn data_of_a_new_account_is_kept(app: App) {
    let browser = app.browser();
    let body = json!({ "email": ADA, "data": { "name": "Ada" } });
    browser.post("/api/auth/otp", body).await;
    browser.follow(&app.mail_to(ADA).await).await;
    assert_eq!(
        browser.get("/api/auth/user").await.json()["user_metadata"],
        json!({ "name": "Ada" })
    );
    // What a known account says about itself is not for strangers to change.
    app.wait(MINUTE);
    let body = json!({ "email": ADA, "data": { "name": "Eve" } });
    app.browser().post("/api/auth/otp", body).await;
    browser.follow(&app.mail_to(ADA).await).await;
    assert_eq!(
        browser.get("/api/auth/user").await.json()["user_metadata"],
        json!({ "name": "Ada" })
    );
}

/// G6.7-05, G6.7-06.
async fn what_is_wrong_with_the_request_is_said(app: App) {
    for (path, body) in [
        ("/api/auth/otp", json!({})),
        ("/api/auth/otp", json!({ "email": ADA, "phone": "+15551234567" })),
        (
            "/api/auth/otp",
            json!({ "phone": "+15551234567", "channel": "whatsapp" }),
        ),
        ("/api/auth/otp", json!({ "email": ["a"] })),
        ("/api/auth/magiclink", json!({})),
        ("/api/auth/magiclink", json!({ "email": "no address" })),
        ("/api/auth/magiclink", json!({ "email": ADA, "data": "x" })),
    ] {
        let answer = app.browser().post(path, body.clone()).await;
        assert_eq!(answer.refusal(), (400, "validation_failed".to_owned()), "{path} {body}");
    }
    assert!(!app.store.calls().contains(&"commit"));
}

/// G6.7-10.
async fn a_new_link_voids_the_one_before(app: App) {
    app.confirmed(ADA).await;
    let mut mails = Vec::new();
    for _ in 0..2 {
        app.keeper().post("/api/auth/magiclink", json!({ "email": ADA })).await;
        mails.push(app.mail_to(ADA).await);
        app.wait(MINUTE);
    }
    assert_eq!(
        app.browser()
            .verify_link("magiclink", &mails[0].secret())
            .await
            .refusal(),
        (403, "otp_expired".to_owned())
    );
    assert_eq!(
        app.keeper().verify("email", ADA, &mails[0].code()).await.refusal(),
        (403, "otp_expired".to_owned())
    );
    assert_eq!(
        app.browser()
            .verify_link("magiclink", &mails[1].secret())
            .await
            .status(),
        200
    );
}

/// G6.7-19.
async fn a_client_with_tokens_gets_them_in_the_fragment(app: App) {
    for tokens in [false, true] {
        let app = App::with_post_and(app.driver, |builder| match tokens {
            true => builder.sessions(Tokens::default()),
            false => builder,
        })
        .await;
        let script = app.keeper();
        script.post("/api/auth/magiclink", json!({ "email": ADA })).await;
        let browser = app.browser();
        let answer = browser.follow(&app.mail_to(ADA).await).await;
        assert!(answer.set_cookies().is_empty(), "{answer:?}");
        assert_eq!(answer.location().query(), None);
        assert_eq!(answer.fragment("token_type").as_deref(), Some("bearer"));
        assert_eq!(answer.fragment("type").as_deref(), Some("magiclink"));
        assert_eq!(answer.fragment("refresh_token").is_some(), tokens);
        assert!(answer.fragment("expires_in").unwrap().parse::<u64>().unwrap() > 0);
        assert!(answer.fragment("expires_at").unwrap().parse::<u64>().unwrap() > 0);
        let access = answer.fragment("access_token").unwrap();
        assert_eq!(app.bearer(&access).get("/api/auth/user").await.json()["email"], ADA);
    }
}

async fn a_banned_owner_gets_nothing(app: App) {
    let ada = app.confirmed(ADA).await;
    let id = ada.get("/me").await.text().to_owned();
    app.auth
        .ban_user(&id.as_str().into(), Some(app.now() + 60 * MINUTE))
        .await
        .unwrap();
    app.mails.clear();
    let answer = app.browser().post("/api/auth/magiclink", json!({ "email": ADA })).await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"));
    assert!(app.mails_to(ADA).await.is_empty());
}
