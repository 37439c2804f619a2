use std::time::Duration;

use auth_core::{EventKind, Tokens};
use serde_json::json;

use crate::{App, MINUTE, PASSWORD, stories_of_both};

stories_of_both![App::with_post => {
    who_forgot_the_password_is_not_asked_for_it,
    a_forgotten_password_is_replaced,
    an_unknown_address_gets_the_same_answer_and_no_mail,
    every_other_session_and_every_other_token_ends,
    it_works_while_somebody_guesses,
    an_address_nobody_has_proven_is_proven_by_it,
    the_owner_is_told,
    what_is_wrong_with_the_request_is_said,
} opaque {
}];

const ADA: &str = "ada@example.com";
const NEW: &str = "a new long password";

/// G6.7-25, G6.7-26.
async fn a_forgotten_password_is_replaced(app: App) {
    for tokens in [false, true] {
        let app = App::with_post_and(app.driver, |builder| match tokens {
            true => builder.sessions(Tokens::default()),
            false => builder,
        })
        .await;
        app.browser().sign_up(ADA, PASSWORD).await;
        app.browser().follow(&app.mail_to(ADA).await).await;
        app.wait(MINUTE);
        let browser = app.browser();
        let answer = browser
            .post(
                "/api/auth/recover?redirect_to=/new-password",
                json!({ "email": "Ada@example.com" }),
            )
            .await;
        assert_eq!((answer.status(), answer.text()), (200, "{}"));
        let mail = app.mail_to(ADA).await;
        assert_eq!(
            (mail.kind, mail.query("type").as_deref()),
            ("recovery", Some("recovery"))
        );
        let answer = browser.follow(&mail).await;
        assert_eq!(answer.location().as_str(), "https://app.example.com/new-password");
        let listed = browser.get("/api/auth/sessions").await.json();
        let amr = listed["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|session| &session["amr"][0]["method"]);
        assert!(amr.into_iter().any(|method| method == "recovery"), "{listed}");
        assert_eq!(
            browser.put("/api/auth/user", json!({ "password": NEW })).await.status(),
            200
        );
        assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 400);
        assert_eq!(app.browser().sign_in(ADA, NEW).await.status(), 200);
    }
}

/// G6.7-25, G6.7-27.
async fn an_unknown_address_gets_the_same_answer_and_no_mail(app: App) {
    let ada = app.confirmed(ADA).await;
    let recover = async |email: &str| app.keeper().post("/api/auth/recover", json!({ "email": email })).await;
    app.mails.clear();
    let (known, unknown) = (recover(ADA).await, recover("nobody@example.com").await);
    assert_eq!((known.status(), known.text()), (200, "{}"));
    assert_eq!(known.essence(), unknown.essence());
    app.deliver().await;
    assert_eq!(app.mails.sent().len(), 1);
    assert!(ada.get("/api/auth/user").await.json()["recovery_sent_at"].is_string());
    // Also when it comes too soon.
    let (known, unknown) = (recover(ADA).await, recover("nobody@example.com").await);
    assert_eq!((known.status(), known.essence()), (429, unknown.essence()));
    assert_eq!(app.events.count(EventKind::RecoveryAsked), 1);
}

/// Security statement 38.
async fn every_other_session_and_every_other_token_ends(app: App) {
    let ada = app.confirmed(ADA).await;
    let other = app.browser();
    other.sign_in(ADA, PASSWORD).await;
    app.keeper().post("/api/auth/magiclink", json!({ "email": ADA })).await;
    let before = app.mail_to(ADA).await;
    app.wait(MINUTE);
    let browser = app.browser();
    browser.post("/api/auth/recover", json!({ "email": ADA })).await;
    browser.follow(&app.mail_to(ADA).await).await;
    // Nothing ends before there is another password.
    assert_eq!(ada.get("/me").await.status(), 200);
    browser.put("/api/auth/user", json!({ "password": NEW })).await;
    for client in [&ada, &other] {
        assert_eq!(client.get("/me").await.status(), 401);
    }
    assert_eq!(browser.get("/me").await.status(), 200);
    assert_eq!(
        app.keeper().verify_link("magiclink", &before.secret()).await.status(),
        403
    );
    assert_eq!(
        app.keeper().verify("magiclink", ADA, &before.code()).await.status(),
        403
    );
}

/// Security statement 24. The mail alone has to do: no browser has a session.
async fn it_works_while_somebody_guesses(app: App) {
    app.confirmed(ADA).await;
    for by_code in [false, true] {
        let stranger = app.browser().from_ip("198.51.100.7");
        while stranger.sign_in(ADA, "wrong horse battery").await.status() != 429 {}
        assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 429);
        let browser = app.browser();
        let asked = browser.post("/api/auth/recover", json!({ "email": ADA })).await;
        assert_eq!(asked.status(), 200, "{asked:?}");
        let mail = app.mail_to(ADA).await;
        let proven = match by_code {
            true => browser.verify("recovery", ADA, &mail.code()).await,
            false => browser.follow(&mail).await,
        };
        assert_eq!(proven.status(), if by_code { 200 } else { 303 }, "{proven:?}");
        // The mail alone forgets no guess: the password is still the one that is guessed at.
        assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 429);
        let new = format!("{NEW} {by_code}");
        let changed = browser.put("/api/auth/user", json!({ "password": new })).await;
        assert_eq!(changed.status(), 200, "{changed:?}");
        // A new one does, so that its owner need not wait; and from then on guesses are counted again.
        assert_eq!(app.browser().sign_in(ADA, &new).await.status(), 200);
        assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 400);
        app.wait(MINUTE);
    }
}

/// G6.7-26.
async fn an_address_nobody_has_proven_is_proven_by_it(app: App) {
    app.browser().sign_up(ADA, PASSWORD).await;
    app.wait(MINUTE);
    let browser = app.browser();
    browser.post("/api/auth/recover", json!({ "email": ADA })).await;
    browser.follow(&app.mail_to(ADA).await).await;
    assert!(browser.get("/api/auth/user").await.json()["email_confirmed_at"].is_string());
    // Whoever signed up may have been somebody else.
    assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 400);
}

/// G6.9-18.
async fn the_owner_is_told(app: App) {
    app.confirmed(ADA).await;
    let browser = app.browser();
    browser.post("/api/auth/recover", json!({ "email": ADA })).await;
    browser.follow(&app.mail_to(ADA).await).await;
    browser.put("/api/auth/user", json!({ "password": NEW })).await;
    let mail = app.mail_to(ADA).await;
    assert_eq!(mail.kind, "password_changed");
    assert!(mail.link().is_none());
    // Some time later it takes a proof again.
    app.wait(Duration::from_secs(3_600));
    let answer = browser
        .put("/api/auth/user", json!({ "password": "a third long password" }))
        .await;
    assert_eq!(answer.refusal(), (400, "reauthentication_needed".to_owned()));
}

/// G6.7-05, G6.7-06.
async fn what_is_wrong_with_the_request_is_said(app: App) {
    for body in [
        json!({}),
        json!({ "email": "" }),
        json!({ "email": "nonsense" }),
        json!({ "email": 7 }),
    ] {
        let answer = app.keeper().post("/api/auth/recover", body.clone()).await;
        assert_eq!(answer.refusal(), (400, "validation_failed".to_owned()), "{body}");
    }
}

/// G6.9-12.
async fn who_forgot_the_password_is_not_asked_for_it(app: App) {
    let passwords = || crate::passwords().ask_for_current(true);
    let app = App::with_post_and(app.driver, |builder| builder.passwords(passwords())).await;
    app.confirmed(ADA).await;
    let browser = app.browser();
    browser.post("/api/auth/recover", json!({ "email": ADA })).await;
    browser.follow(&app.mail_to(ADA).await).await;
    let changed = browser.put("/api/auth/user", json!({ "password": NEW })).await;
    assert_eq!(changed.status(), 200, "{changed:?}");
    // Not for ever: a session that is left open is one like others.
    app.wait(Duration::from_secs(3_600));
    let again = json!({ "password": "a third long password" });
    let answer = browser.put("/api/auth/user", again).await;
    assert_eq!(answer.refusal(), (400, "reauthentication_needed".to_owned()));
}
