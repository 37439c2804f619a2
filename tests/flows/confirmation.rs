use auth_core::{EmailConfig, EventKind, MemoryMailer, Tokens, UserId};
use serde_json::{Value, json};

use crate::{Answer, App, Driver, MINUTE, PASSWORD, stories_of_both};

stories_of_both![App::with_post => {
    a_new_address_gets_a_mail_and_no_session,
    the_link_confirms_and_signs_in,
    the_code_confirms_and_signs_in,
    data_is_kept_as_it_was_sent,
    nobody_is_in_before_the_address_is_proven,
    a_known_address_is_answered_like_a_new_one,
    the_owner_of_a_known_address_is_shown_the_pages_of_the_application,
    a_second_sign_up_sends_one_more_mail_and_sets_no_password,
    accounts_can_be_told_apart_on_demand,
    a_proof_is_sent_once_more,
    what_is_wrong_with_a_resend_is_said,
    an_invited_address_is_answered_like_a_new_one,
    a_challenge_is_taken_whole_or_not_at_all,
    what_is_switched_off_is_said,
    what_is_wrong_with_a_sign_up_is_said,
    a_unique_attribute_is_refused_for_known_and_new_addresses_alike,
    the_default_role_is_configurable,
    an_unproven_address_is_told_of_when_that_is_switched_on,
} opaque {
    without_confirmation_a_session_comes_at_once,
}];

const ADA: &str = "ada@example.com";

fn sign_up(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD })
}

/// G6.3-01, G6.3-06.
async fn a_new_address_gets_a_mail_and_no_session(app: App) {
    let browser = app.browser();
    let answer = browser.sign_up(" Ada@Example.COM ", PASSWORD).await;
    assert_eq!(answer.status(), 200);
    assert!(
        !answer.set_cookies().iter().any(|cookie| cookie.contains("session")),
        "{answer:?}"
    );
    let user = answer.json();
    assert_eq!((&user["email"], &user["phone"]), (&json!(ADA), &json!("")));
    assert_eq!(user["confirmation_sent_at"], "2026-01-01T00:00:00Z");
    assert_eq!(
        user["app_metadata"],
        json!({ "provider": "email", "providers": ["email"] })
    );
    for absent in [
        "email_confirmed_at",
        "confirmed_at",
        "last_sign_in_at",
        "access_token",
        "session",
    ] {
        assert!(user[absent].is_null(), "{absent}");
    }
    let mails = app.mails_to(ADA).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].kind, "confirmation");
    assert_eq!(browser.get("/me").await.status(), 401);
    assert_eq!(app.events.count(EventKind::UserCreated), 1);
}

/// G6.3-01, G6.3-06.
async fn the_link_confirms_and_signs_in(app: App) {
    let browser = app.browser();
    browser
        .post("/api/auth/signup?redirect_to=/welcome", sign_up(ADA))
        .await;
    let mail = app.mail_to(ADA).await;
    assert_eq!(mail.query("type").as_deref(), Some("signup"));
    let answer = browser.follow(&mail).await;
    assert_eq!(answer.location().as_str(), "https://app.example.com/welcome");
    let user = browser.get("/api/auth/user").await.json();
    assert_eq!(user["email_confirmed_at"], "2026-01-01T00:00:00Z");
    assert!(user["confirmed_at"].is_string() && user["last_sign_in_at"].is_string());
    assert!(user["confirmation_sent_at"].is_null(), "{user}");
    assert_eq!(app.events.count(EventKind::AddressConfirmed), 1);
    // The password of the sign-up is the password.
    assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 200);
}

/// G6.3-01, G6.3-06.
async fn the_code_confirms_and_signs_in(app: App) {
    let browser = app.browser();
    browser.sign_up(ADA, PASSWORD).await;
    let code = app.mail_to(ADA).await.code();
    let answer = browser.verify("signup", ADA, &code).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(browser.get("/me").await.text(), answer.json()["user"]["id"]);
    assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 200);
}

/// G6.3-03.
async fn data_is_kept_as_it_was_sent(app: App) {
    let data = json!({ "name": "Ada", "nested": { "a": [1, null] } });
    let browser = app.browser();
    let body = json!({ "email": ADA, "password": PASSWORD, "data": data });
    let answer = browser.post("/api/auth/signup", body).await;
    assert_eq!(answer.json()["user_metadata"], data);
    browser.follow(&app.mail_to(ADA).await).await;
    assert_eq!(browser.get("/api/auth/user").await.json()["user_metadata"], data);
}

/// G6.4-04.
async fn nobody_is_in_before_the_address_is_proven(app: App) {
    app.browser().sign_up(ADA, PASSWORD).await;
    let right = app.browser().sign_in(ADA, PASSWORD).await;
    assert_eq!(right.refusal(), (400, "email_not_confirmed".to_owned()));
    assert_eq!(right.json()["msg"], "Email not confirmed");
    let wrong = app.browser().sign_in(ADA, "wrong horse battery").await;
    assert_eq!(wrong.refusal(), (400, "invalid_credentials".to_owned()));
}

/// G6.3-19, G6.3-24, G6.3-25.
async fn a_known_address_is_answered_like_a_new_one(app: App) {
    let owner = app.confirmed(ADA).await;
    let before = owner.get("/api/auth/user").await.json();
    let answers = [
        app.browser().sign_up(ADA, "the stranger's password").await,
        app.browser()
            .sign_up("new@example.com", "the stranger's password")
            .await,
    ];
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let (known, new) = (answers[0].json(), answers[1].json());
    assert_eq!((answers[0].status(), answers[1].status()), (200, 200));
    assert_eq!(members(&known), members(&new));
    assert_eq!(members(&known["identities"][0]), members(&new["identities"][0]));
    assert_ne!(known["id"], before["id"]);
    assert!(known["email_confirmed_at"].is_null() && known["confirmation_sent_at"].is_string());
    assert!(
        app.auth
            .get_user(&UserId::from(known["id"].as_str().unwrap()))
            .await
            .is_err()
    );
    assert_eq!(owner.get("/api/auth/user").await.json(), before);
    assert_eq!(
        app.browser().sign_in(ADA, "the stranger's password").await.status(),
        400
    );
    // The owner is told, and gets nothing that opens anything.
    let mail = app.mail_to(ADA).await;
    assert_eq!(mail.kind, "account_exists");
    assert!(mail.link().is_none(), "{mail:?}");
    assert_eq!(app.events.count(EventKind::SignedUpAgain), 1);
}

/// G6.3-25.
async fn the_owner_of_a_known_address_is_shown_the_pages_of_the_application(app: App) {
    let app = App::with_post_and(app.driver, |builder| {
        builder
            .sign_in_page("/sign-in")
            .forgot_password_page("/forgot-password")
    })
    .await;
    app.confirmed(ADA).await;
    app.wait(MINUTE);
    app.browser().sign_up(ADA, "the stranger's password").await;
    let mail = app.mail_to(ADA).await;
    assert_eq!(mail.kind, "account_exists");
    for page in [
        "https://app.example.com/sign-in",
        "https://app.example.com/forgot-password",
    ] {
        assert!(mail.text.lines().any(|line| line == page), "{}", mail.text);
    }
}

/// G6.3-21, G6.3-22.
async fn a_second_sign_up_sends_one_more_mail_and_sets_no_password(app: App) {
    app.browser().sign_up(ADA, PASSWORD).await;
    let first = app.mail_to(ADA).await;
    let early = app.browser().sign_up(ADA, PASSWORD).await;
    assert_eq!(early.refusal(), (429, "over_email_send_rate_limit".to_owned()));
    let sentence = early.json()["msg"].as_str().unwrap().to_owned();
    assert!(
        sentence.starts_with("For security purposes, you can only request this after "),
        "{sentence}"
    );
    app.wait(MINUTE);
    let browser = app.browser();
    assert_eq!(browser.sign_up(ADA, PASSWORD).await.status(), 200);
    let second = app.mail_to(ADA).await;
    assert_eq!(second.kind, "confirmation");
    assert_eq!(
        app.browser().follow(&first).await.fragment("error_code").as_deref(),
        Some("otp_expired")
    );
    assert_eq!(browser.follow(&second).await.fragment("error"), None);
    // The same password twice is the password.
    assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 200);
}

/// G6.7-04.
async fn accounts_can_be_told_apart_on_demand(app: App) {
    let app = App::with_post_and(app.driver, |builder| builder.reveal_accounts(true)).await;
    app.confirmed(ADA).await;
    let answer = app.browser().sign_up(ADA, PASSWORD).await;
    assert_eq!(answer.refusal(), (422, "user_already_exists".to_owned()));
    let body = json!({ "email": "nobody@example.com", "create_user": false });
    let answer = app.browser().post("/api/auth/otp", body).await;
    assert_eq!(answer.refusal(), (422, "otp_disabled".to_owned()));
    assert_eq!(answer.json()["msg"], "Signups not allowed for otp");
}

/// G6.3-02, G6.3-20, G6.3-23.
async fn without_confirmation_a_session_comes_at_once(app: App) {
    let unconfirmed = EmailConfig::default().confirm(false);
    for tokens in [false, true] {
        let email = unconfirmed.clone();
        let app = App::with_post_and(app.driver, |builder| {
            let builder = builder.email(email);
            if tokens {
                builder.sessions(Tokens::default())
            } else {
                builder
            }
        })
        .await;
        let script = app.keeper();
        let session = script.sign_up(ADA, PASSWORD).await.json();
        assert_eq!(session["token_type"], "bearer");
        assert_eq!(session["refresh_token"].is_string(), tokens);
        assert!(session["expires_in"].is_number() && session["expires_at"].is_number());
        let user = &session["user"];
        assert!(user["email_confirmed_at"].is_string() && user["last_sign_in_at"].is_string());
        assert!(app.mails_to(ADA).await.is_empty());
        let again = app.browser().sign_up(ADA, PASSWORD).await;
        assert_eq!(again.refusal(), (422, "user_already_exists".to_owned()));
        assert!(
            again.json()["msg"]
                .as_str()
                .unwrap()
                .starts_with("User already registered")
        );
        assert!(again.set_cookies().is_empty());
    }
    // An account that was made when addresses had to be proven opens to nobody who only knows it.
    app.browser().sign_up(ADA, PASSWORD).await;
    let later = app.beside(|builder| builder.email(unconfirmed)).await;
    let answer = later.browser().sign_up(ADA, "the stranger's password").await;
    assert_eq!(answer.status(), 422);
    assert!(answer.set_cookies().is_empty());
    assert_eq!(
        later.browser().sign_in(ADA, "the stranger's password").await.status(),
        400
    );
}

/// G6.7-28.
async fn a_proof_is_sent_once_more(app: App) {
    let resend = async |email: &str| {
        app.browser()
            .post("/api/auth/resend", json!({ "type": "signup", "email": email }))
            .await
    };
    app.browser().sign_up(ADA, PASSWORD).await;
    let first = app.mail_to(ADA).await;
    app.wait(MINUTE);
    let answer = resend(ADA).await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"));
    let second = app.mail_to(ADA).await;
    assert_ne!(first.secret(), second.secret());
    assert_eq!(
        app.browser().verify_link("signup", &first.secret()).await.refusal().0,
        403
    );
    assert_eq!(
        app.browser().verify_link("signup", &second.secret()).await.status(),
        200
    );
    assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 200);
    // Confirmed, or nobody: the same answer, and no mail.
    app.wait(MINUTE);
    app.mails.clear();
    assert_eq!(
        resend(ADA).await.essence(),
        resend("nobody@example.com").await.essence()
    );
    app.deliver().await;
    assert!(app.mails.sent().is_empty());
    // Also when it comes too soon.
    let (known, unknown) = (resend(ADA).await, resend("nobody@example.com").await);
    assert_eq!((known.status(), known.essence()), (429, unknown.essence()));
}

/// G6.7-28.
async fn what_is_wrong_with_a_resend_is_said(app: App) {
    for body in [
        json!({ "email": ADA }),
        json!({ "type": "recovery", "email": ADA }),
        json!({ "type": "signup" }),
        json!({ "type": "signup", "phone": "+15551234567" }),
        json!({ "type": "sms", "email": ADA }),
        json!({ "type": "signup", "email": ADA, "phone": "+15551234567" }),
        json!({ "type": "signup", "email": "no address" }),
    ] {
        let answer = app.browser().post("/api/auth/resend", body.clone()).await;
        assert_eq!(answer.refusal(), (400, "validation_failed".to_owned()), "{body}");
    }
}

/// G6.3-26.
async fn an_invited_address_is_answered_like_a_new_one(app: App) {
    let data = json!({ "salary": 1 }).as_object().unwrap().clone();
    app.auth.invite_user_by_email(ADA, data, None).await.unwrap();
    app.wait(MINUTE);
    let answer = app.browser().sign_up(ADA, PASSWORD).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json()["user_metadata"], json!({}));
    assert!(answer.json()["invited_at"].is_null());
    let new = app.browser().sign_up("new@example.com", PASSWORD).await;
    let without_ids = |answer: &Answer| {
        let mut user = answer.json();
        let identity = &mut user["identities"][0];
        for name in ["identity_id", "id", "user_id"] {
            assert!(identity[name].is_string(), "{name}: {identity}");
            identity[name] = Value::Null;
        }
        user["id"] = Value::Null;
        user.to_string().replace("new@example.com", ADA)
    };
    assert_eq!(answer.json()["identities"].as_array().unwrap().len(), 1);
    assert_eq!(without_ids(&answer), without_ids(&new));
}

/// G6.3-27, G6.3-28.
async fn a_challenge_is_taken_whole_or_not_at_all(app: App) {
    let challenge = "a".repeat(43);
    let only = "PKCE flow requires code_challenge_method and code_challenge";
    for (more, sentence) in [
        (json!({ "code_challenge": challenge }), Some(only)),
        (json!({ "code_challenge_method": "s256" }), Some(only)),
        (
            json!({ "code_challenge": "a".repeat(42), "code_challenge_method": "s256" }),
            None,
        ),
        (
            json!({ "code_challenge": "a".repeat(129), "code_challenge_method": "s256" }),
            None,
        ),
        (
            json!({ "code_challenge": "ä".repeat(43), "code_challenge_method": "s256" }),
            None,
        ),
        (
            json!({ "code_challenge": challenge, "code_challenge_method": "md5" }),
            None,
        ),
    ] {
        let mut body = sign_up(ADA);
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = app.browser().post("/api/auth/signup", body).await;
        assert_eq!(answer.refusal(), (400, "validation_failed".to_owned()), "{more}");
        if let Some(sentence) = sentence {
            assert_eq!(answer.json()["msg"], sentence);
        }
    }
    let mut body = sign_up(ADA);
    body["code_challenge"] = json!(challenge);
    body["code_challenge_method"] = json!("S256");
    assert_eq!(app.browser().post("/api/auth/signup", body).await.status(), 200);
    assert!(app.mail_to(ADA).await.secret().starts_with("pkce_"));
}

/// G6.3-07, G6.3-08, G6.4-09.
async fn what_is_switched_off_is_said(app: App) {
    let off = App::with_post_and(app.driver, |builder| {
        builder
            .email(EmailConfig::default().enabled(false))
            .phone(auth_core::PhoneConfig::default().enabled(false))
    })
    .await;
    for (path, body, expected, sentence) in [
        (
            "/api/auth/signup",
            sign_up(ADA),
            (400, "email_provider_disabled"),
            "Email signups are disabled",
        ),
        (
            "/api/auth/signup",
            json!({ "phone": "+15551234567", "password": PASSWORD }),
            (400, "phone_provider_disabled"),
            "Phone signups are disabled",
        ),
        (
            "/api/auth/token?grant_type=password",
            sign_up(ADA),
            (422, "email_provider_disabled"),
            "Email logins are disabled",
        ),
        (
            "/api/auth/magiclink",
            json!({ "email": ADA }),
            (422, "email_provider_disabled"),
            "Email logins are disabled",
        ),
        (
            "/api/auth/otp",
            json!({ "phone": "+15551234567" }),
            (422, "phone_provider_disabled"),
            "Phone logins are disabled",
        ),
        (
            "/api/auth/recover",
            json!({ "email": ADA }),
            (422, "email_provider_disabled"),
            "Email logins are disabled",
        ),
        (
            "/api/auth/resend",
            json!({ "type": "signup", "email": ADA }),
            (422, "email_provider_disabled"),
            "Email logins are disabled",
        ),
        (
            "/api/auth/resend",
            json!({ "type": "email_change", "email": ADA }),
            (422, "email_provider_disabled"),
            "Email logins are disabled",
        ),
        (
            "/api/auth/resend",
            json!({ "type": "sms", "phone": "+15551234567" }),
            (422, "phone_provider_disabled"),
            "Phone logins are disabled",
        ),
        (
            "/api/auth/resend",
            json!({ "type": "phone_change", "phone": "+15551234567" }),
            (422, "phone_provider_disabled"),
            "Phone logins are disabled",
        ),
    ] {
        let answer = off.browser().post(path, body).await;
        assert_eq!(answer.refusal(), (expected.0, expected.1.to_owned()), "{path}");
        assert_eq!(answer.json()["msg"], sentence);
    }
    let settings = off.browser().get("/api/auth/settings").await.json();
    assert_eq!(
        (&settings["external"]["email"], &settings["external"]["phone"]),
        (&json!(false), &json!(false))
    );
    let closed = App::with_post_and(app.driver, |builder| builder.signup(false)).await;
    let answer = closed.browser().sign_up(ADA, PASSWORD).await;
    assert_eq!(answer.refusal(), (422, "signup_disabled".to_owned()));
    assert_eq!(answer.json()["msg"], "Signups not allowed for this instance");
}

/// G6.3-09, G6.3-10, G6.3-11, G6.3-12, G6.3-14, G6.3-15.
async fn what_is_wrong_with_a_sign_up_is_said(app: App) {
    let long = format!("{}@example.com", "a".repeat(250));
    for (body, sentence) in [
        (json!({ "email": ADA }), "Signup requires a valid password"),
        (
            json!({ "email": ADA, "password": "" }),
            "Signup requires a valid password",
        ),
        (
            json!({ "email": ADA, "phone": "+15551234567", "password": PASSWORD }),
            "Only an email address or phone number should be provided on signup.",
        ),
        (sign_up("xx:;x@x.x"), "Unable to validate email address: invalid format"),
        (sign_up(&long), "An email address is too long"),
        (
            json!({ "phone": "abc", "password": PASSWORD }),
            "Invalid phone number format (E.164 required)",
        ),
        (
            json!({ "phone": "0171 1234567", "password": PASSWORD }),
            "Invalid phone number format (E.164 required)",
        ),
    ] {
        let answer = app.browser().post("/api/auth/signup", body.clone()).await;
        assert_eq!(answer.refusal(), (400, "validation_failed".to_owned()), "{body}");
        assert_eq!(answer.json()["msg"], sentence);
    }
    let weak = app.browser().sign_up(ADA, "short").await;
    assert_eq!(weak.refusal(), (422, "weak_password".to_owned()));
    assert!(
        weak.json()["msg"]
            .as_str()
            .unwrap()
            .starts_with("Password should be at least 8 characters"),
        "{weak:?}"
    );
    assert_eq!(weak.json()["weak_password"]["reasons"], json!(["length"]));
    assert!(!app.store.calls().contains(&"commit"));
}

async fn a_unique_attribute_is_refused_for_known_and_new_addresses_alike(app: App) {
    app.confirmed(ADA).await;
    let attributes = json!({ "username": "grace" });
    let body = |email: &str| json!({ "email": email, "password": PASSWORD, "attributes": attributes });
    assert_eq!(
        app.browser()
            .post("/api/auth/signup", body("grace@example.com"))
            .await
            .status(),
        200
    );
    let known = app.browser().post("/api/auth/signup", body(ADA)).await;
    let new = app.browser().post("/api/auth/signup", body("new@example.com")).await;
    assert_eq!(known.refusal(), (422, "conflict".to_owned()));
    assert_eq!(known.essence(), new.essence());
}

/// G6.4-06.
async fn an_unproven_address_is_told_of_when_that_is_switched_on(app: App) {
    let refused = async |app: &App, email: &str, password: &str| {
        let hashes = app.auth.password_hashes();
        let answer = app.browser().sign_in(email, password).await;
        assert_eq!(app.auth.password_hashes(), hashes + 1);
        answer.refusal()
    };
    let (unconfirmed, invalid) = (
        (400, "email_not_confirmed".to_owned()),
        (400, "invalid_credentials".to_owned()),
    );
    let strict = App::with_post(app.driver).await;
    strict.browser().sign_up(ADA, PASSWORD).await;
    assert_eq!(refused(&strict, ADA, "wrong horse").await, invalid);
    let app = App::with_post_and(app.driver, |builder| builder.danger_reveal_unconfirmed()).await;
    app.browser().sign_up(ADA, PASSWORD).await;
    for (email, password, expected) in [
        (ADA, "wrong horse", &unconfirmed),
        (ADA, PASSWORD, &unconfirmed),
        ("nobody@example.com", "wrong horse", &invalid),
    ] {
        assert_eq!(refused(&app, email, password).await, *expected, "{email} {password}");
    }
    // Whoever has proven theirs is nobody's business.
    app.confirmed("bob@example.com").await;
    assert_eq!(refused(&app, "bob@example.com", "wrong horse").await, invalid);
    let number = json!({ "phone": "15551234567", "password": PASSWORD });
    app.browser().post("/api/auth/signup", number).await;
    let number = json!({ "phone": "15551234567", "password": "wrong horse" });
    let answer = app.browser().post("/api/auth/token?grant_type=password", number).await;
    assert_eq!(answer.refusal(), (400, "phone_not_confirmed".to_owned()));
}

/// G6.2-24.
async fn the_default_role_is_configurable(app: App) {
    for role in ["", "authenticated", "customer"] {
        let app = App::with_post_and(app.driver, |builder| builder.default_role(role)).await;
        assert_eq!(app.browser().sign_up(ADA, PASSWORD).await.json()["role"], role);
    }
}

#[tokio::test]
async fn without_a_mailer_nothing_has_to_be_proven() {
    let app = App::new(Driver::Core).await;
    let settings = app.browser().get("/api/auth/settings").await.json();
    assert_eq!(settings["mailer_autoconfirm"], true);
    app.signed_up(ADA).await;
    let app = App::with(Driver::Core, |builder| builder.mailer(MemoryMailer::default())).await;
    let settings = app.browser().get("/api/auth/settings").await.json();
    assert_eq!(settings["mailer_autoconfirm"], false);
}
