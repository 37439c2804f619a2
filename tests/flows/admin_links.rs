//! Links that administrators make and bring to their owners themselves: §2.10 and §6.11 of the GoTrue contract.

use auth_core::{EventKind, GenerateLink, MemoryMailer};
use serde_json::{Value, json};

use super::admin::service;
use crate::{App, Client, PASSWORD, stories};

stories![
    generate_link_signup_confirms_the_new_account,
    generate_link_signup_marks_a_password_that_another_chose,
    generate_link_signup_needs_a_password_for_a_new_account,
    generate_link_signup_drops_a_password_nobody_vouches_for,
    generate_link_magiclink_of_an_unknown_address_signs_up,
    generate_link_recovery_and_invite,
    generate_link_email_change_needs_both_halves,
    generate_link_email_change_halves_are_about_one_address,
    generate_link_email_change_with_one_half_where_that_is_enough,
    generate_link_hashed_token_works_once_for_every_type,
    generate_link_codes_work_for_every_type,
    generate_link_sends_no_mail_and_knows_no_limit,
    generate_link_refuses_what_is_none,
    an_action_link_is_gotrues_and_logs_in,
    a_link_of_the_core_redirects_where_it_was_told,
    an_invited_user_is_a_user_with_a_mail,
];

const LINK: &str = "/api/auth/admin/generate_link";

/// An application that writes mails, so that addresses have to be proven.
async fn with_mail(app: &App) -> (App, MemoryMailer) {
    let mailer = MemoryMailer::default();
    let app = app
        .beside(|builder| {
            builder
                .mailer(mailer.clone())
                .redirect_url("https://web.example.org/**")
        })
        .await;
    (app, mailer)
}

async fn generate(admin: &Client, body: Value) -> Value {
    let answer = admin.post(LINK, body.clone()).await;
    assert_eq!(answer.status(), 200, "{body}: {answer:?}");
    let link = answer.json();
    for name in [
        "action_link",
        "email_otp",
        "hashed_token",
        "verification_type",
        "redirect_to",
        "id",
        "email",
    ] {
        assert!(link[name].is_string(), "{name}: {link}");
    }
    link
}

async fn follow(app: &App, link: &Value) -> Client {
    let browser = app.browser();
    let body = json!({ "token_hash": link["hashed_token"], "type": link["verification_type"] });
    let answer = browser.post("/api/auth/verify", body).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    browser
}

async fn made(admin: &Client, email: &str) {
    let body = json!({ "email": email, "password": PASSWORD, "email_confirm": true });
    assert_eq!(admin.post("/api/auth/admin/users", body).await.status(), 200);
}

/// [V1] generate_link signup — User + `action_link,email_otp,hashed_token,verification_type,redirect_to`; no mail.
async fn generate_link_signup_confirms_the_new_account(app: App) {
    let (app, mailer) = with_mail(&app).await;
    let admin = service(&app);
    let body = json!({ "type": "signup", "email": "ada@example.com", "password": PASSWORD, "data": { "name": "Ada" } });
    let link = generate(&admin, body.clone()).await;
    assert_eq!(link["verification_type"], "signup");
    assert_eq!(link["user_metadata"], json!({ "name": "Ada" }));
    assert!(link["confirmation_sent_at"].is_string() && link.get("email_confirmed_at").is_none());
    assert_eq!(link["redirect_to"], "https://app.example.com/");
    assert_eq!(
        app.script().sign_in("ada@example.com", PASSWORD).await.error_code(),
        "email_not_confirmed"
    );
    let ada = follow(&app, &link).await;
    assert!(ada.get("/api/auth/user").await.json()["email_confirmed_at"].is_string());
    // The password that came with the link stays.
    assert_eq!(app.script().sign_in("ada@example.com", PASSWORD).await.status(), 200);
    let again = admin.post(LINK, body).await;
    assert_eq!((again.status(), again.error_code().as_str()), (422, "email_exists"));
    assert!(mailer.sent().is_empty());
}

/// Statement 44.
async fn generate_link_signup_marks_a_password_that_another_chose(app: App) {
    let (app, _) = with_mail(&app).await;
    let admin = service(&app);
    let mark = |user: &Value| user["app_metadata"]["must_change_password"].clone();
    let body = json!({ "type": "signup", "email": "ada@example.com", "password": PASSWORD });
    assert_eq!(mark(&generate(&admin, body.clone()).await), true);
    // One who has begun to sign up is there already.
    let mine = app.browser().sign_up("bob@example.com", "chosen by Bob himself").await;
    assert_eq!((mine.status(), mark(&mine.json())), (200, Value::Null));
    let theirs = json!({ "type": "signup", "email": "bob@example.com", "password": PASSWORD });
    assert_eq!(mark(&generate(&admin, theirs).await), true);
    // A link without one leaves whoever signed up to choose.
    app.browser().sign_up("cyd@example.com", "chosen by Cyd herself").await;
    let without = generate(&admin, json!({ "type": "signup", "email": "cyd@example.com" })).await;
    assert_eq!(mark(&without), Value::Null);

    let link = generate(&admin, body).await;
    let ada = follow(&app, &link).await;
    assert_eq!(mark(&ada.get("/api/auth/user").await.json()), true);
    let change = json!({ "password": "chosen by Ada herself", "current_password": PASSWORD });
    let changed = ada.put("/api/auth/user", change).await;
    assert_eq!((changed.status(), mark(&changed.json())), (200, Value::Null));
}

async fn generate_link_signup_needs_a_password_for_a_new_account(app: App) {
    let admin = service(&app);
    let answer = admin
        .post(LINK, json!({ "type": "signup", "email": "ada@example.com" }))
        .await;
    assert_eq!(
        (answer.status(), answer.error_code().as_str()),
        (400, "validation_failed")
    );
    let weak = json!({ "type": "signup", "email": "ada@example.com", "password": "short" });
    assert_eq!(admin.post(LINK, weak).await.error_code(), "weak_password");
}

async fn generate_link_signup_drops_a_password_nobody_vouches_for(app: App) {
    let (app, _) = with_mail(&app).await;
    // A stranger signs up with somebody else's address, and waits.
    let stranger = json!({
        "email": "ada@example.com",
        "password": "a stranger's password",
        "data": { "name": "Eve" },
    });
    assert_eq!(app.browser().post("/api/auth/signup", stranger).await.status(), 200);
    let admin = service(&app);
    let body = json!({ "type": "signup", "email": "ada@example.com", "data": { "team": 7 } });
    let link = generate(&admin, body).await;
    let ada = follow(&app, &link).await;
    let user = ada.get("/api/auth/user").await.json();
    assert_eq!(user["user_metadata"], json!({ "team": 7 }));
    let stranger = app.script().sign_in("ada@example.com", "a stranger's password").await;
    assert_eq!(stranger.error_code(), "invalid_credentials");
}

/// [V1] generate_link magiclink unknown address — creates the user, `verification_type:"signup"`.
async fn generate_link_magiclink_of_an_unknown_address_signs_up(app: App) {
    let admin = service(&app);
    let link = generate(
        &admin,
        json!({ "type": "magiclink", "email": "ada@example.com", "data": { "a": 1 } }),
    )
    .await;
    assert_eq!(link["verification_type"], "signup");
    assert_eq!(link["user_metadata"], json!({ "a": 1 }));
    assert_eq!(app.events.count(EventKind::UserCreated), 1);
    let ada = follow(&app, &link).await;
    let user = ada.get("/api/auth/user").await.json();
    assert_eq!(user["user_metadata"], json!({ "a": 1 }));
    let link = generate(&admin, json!({ "type": "magiclink", "email": "ada@example.com" })).await;
    assert_eq!(link["verification_type"], "magiclink");
    follow(&app, &link).await;
    assert_eq!(app.events.count(EventKind::UserCreated), 1);
}

/// [V1] generate_link recovery unknown — 404; invite of confirmed — 422 `email_exists`.
async fn generate_link_recovery_and_invite(app: App) {
    let (app, _) = with_mail(&app).await;
    let admin = service(&app);
    let unknown = admin
        .post(LINK, json!({ "type": "recovery", "email": "ada@example.com" }))
        .await;
    assert_eq!(
        (unknown.status(), unknown.error_code().as_str()),
        (404, "user_not_found")
    );
    let invited = generate(
        &admin,
        json!({ "type": "invite", "email": "ada@example.com", "data": { "team": 7 } }),
    )
    .await;
    assert!(invited["invited_at"].is_string());
    assert_eq!(invited["user_metadata"], json!({ "team": 7 }));
    // [C] Invite acceptance — verify type invite gives a session and confirms.
    let ada = follow(&app, &invited).await;
    assert!(ada.get("/api/auth/user").await.json()["email_confirmed_at"].is_string());
    let again = admin
        .post(LINK, json!({ "type": "invite", "email": "ada@example.com" }))
        .await;
    assert_eq!((again.status(), again.error_code().as_str()), (422, "email_exists"));
    let recovery = generate(&admin, json!({ "type": "recovery", "email": "ada@example.com" })).await;
    assert!(recovery["recovery_sent_at"].is_string());
    let ada = follow(&app, &recovery).await;
    let chosen = ada
        .put("/api/auth/user", json!({ "password": "a new long password" }))
        .await;
    assert_eq!(chosen.status(), 200, "{chosen:?}");
    assert_eq!(
        app.script()
            .sign_in("ada@example.com", "a new long password")
            .await
            .status(),
        200
    );
}

/// [C] generate_link email_change_current/new — `new_email` set; link type `email_change`; [B] `hashed_token` usable for both.
async fn generate_link_email_change_needs_both_halves(app: App) {
    let admin = service(&app);
    for (email, new, order) in [
        (
            "a@example.com",
            "a2@example.com",
            ["email_change_current", "email_change_new"],
        ),
        (
            "b@example.com",
            "b2@example.com",
            ["email_change_new", "email_change_current"],
        ),
    ] {
        made(&admin, email).await;
        let mut halves = Vec::new();
        for kind in order {
            let link = generate(&admin, json!({ "type": kind, "email": email, "new_email": new })).await;
            assert_eq!(link["new_email"], new);
            assert_eq!(link["verification_type"], kind);
            assert!(link["action_link"].as_str().unwrap().contains("&type=email_change"));
            halves.push(json!({ "token_hash": link["hashed_token"], "type": kind }));
        }
        let first = app.script().post("/api/auth/verify", halves[0].clone()).await;
        assert_eq!(
            (first.status(), first.json()["code"].as_str()),
            (200, Some("200")),
            "{first:?}"
        );
        assert_eq!(app.script().sign_in(email, PASSWORD).await.status(), 200);
        let second = app.script().post("/api/auth/verify", halves[1].clone()).await;
        assert_eq!(second.status(), 200, "{second:?}");
        assert_eq!(app.script().sign_in(new, PASSWORD).await.status(), 200);
        assert_eq!(app.script().sign_in(email, PASSWORD).await.status(), 400);
    }
    // What was agreed to stays agreed to when the other link is made anew.
    made(&admin, "c@example.com").await;
    let body = |kind: &str| json!({ "type": kind, "email": "c@example.com", "new_email": "c2@example.com" });
    follow(&app, &generate(&admin, body("email_change_current")).await).await;
    follow(&app, &generate(&admin, body("email_change_new")).await).await;
    assert_eq!(app.script().sign_in("c2@example.com", PASSWORD).await.status(), 200);
    let taken = json!({ "type": "email_change_new", "email": "c2@example.com", "new_email": "a2@example.com" });
    assert_eq!(admin.post(LINK, taken).await.error_code(), "email_exists");
}

async fn generate_link_email_change_halves_are_about_one_address(app: App) {
    let app = app
        .beside(|builder| builder.email(auth_core::EmailConfig::default().secure_change(false)))
        .await;
    let admin = service(&app);
    made(&admin, "ada@example.com").await;
    let body = |kind: &str, new: &str| json!({ "type": kind, "email": "ada@example.com", "new_email": new });
    let agrees = generate(&admin, body("email_change_current", "a2@example.com")).await;
    let proves = generate(&admin, body("email_change_new", "a3@example.com")).await;
    // What she agrees to is gone, and she has not agreed to the other.
    let verify = json!({ "type": "email_change_current", "token_hash": agrees["hashed_token"] });
    let refused = app.script().post("/api/auth/verify", verify).await;
    assert_eq!(refused.refusal(), (403, "otp_expired".to_owned()));
    follow(&app, &proves).await;
    assert_eq!(app.script().sign_in("a3@example.com", PASSWORD).await.status(), 200);
}

async fn generate_link_email_change_with_one_half_where_that_is_enough(app: App) {
    let app = app
        .beside(|builder| builder.email(auth_core::EmailConfig::default().secure_change(false)))
        .await;
    let admin = service(&app);
    made(&admin, "ada@example.com").await;
    let body = json!({ "type": "email_change_new", "email": "ada@example.com", "new_email": "a2@example.com" });
    follow(&app, &generate(&admin, body).await).await;
    assert_eq!(app.script().sign_in("a2@example.com", PASSWORD).await.status(), 200);
}

async fn generate_link_hashed_token_works_once_for_every_type(app: App) {
    let (app, _) = with_mail(&app).await;
    let admin = service(&app);
    made(&admin, "there@example.com").await;
    for body in [
        json!({ "type": "signup", "email": "new@example.com", "password": PASSWORD }),
        json!({ "type": "invite", "email": "invited@example.com" }),
        json!({ "type": "magiclink", "email": "there@example.com" }),
        json!({ "type": "magiclink", "email": "unknown@example.com" }),
        json!({ "type": "recovery", "email": "there@example.com" }),
    ] {
        let link = generate(&admin, body.clone()).await;
        let verify = json!({ "token_hash": link["hashed_token"], "type": link["verification_type"] });
        assert_eq!(
            app.script().post("/api/auth/verify", verify.clone()).await.status(),
            200,
            "{body}"
        );
        let again = app.script().post("/api/auth/verify", verify).await;
        assert_eq!(
            (again.status(), again.error_code().as_str()),
            (403, "otp_expired"),
            "{body}"
        );
    }
}

async fn generate_link_codes_work_for_every_type(app: App) {
    let (app, _) = with_mail(&app).await;
    let admin = service(&app);
    made(&admin, "there@example.com").await;
    for body in [
        json!({ "type": "signup", "email": "new@example.com", "password": PASSWORD }),
        json!({ "type": "invite", "email": "invited@example.com" }),
        json!({ "type": "magiclink", "email": "there@example.com" }),
        json!({ "type": "recovery", "email": "there@example.com" }),
    ] {
        let link = generate(&admin, body.clone()).await;
        let verify = json!({ "token": link["email_otp"], "type": link["verification_type"], "email": body["email"] });
        // Whoever asked is not whoever types it.
        let answer = app.browser().post("/api/auth/verify", verify).await;
        assert_eq!(answer.status(), 200, "{body}: {answer:?}");
    }
}

async fn generate_link_sends_no_mail_and_knows_no_limit(app: App) {
    let (app, mailer) = with_mail(&app).await;
    let admin = service(&app);
    for _ in 0..5 {
        generate(&admin, json!({ "type": "magiclink", "email": "ada@example.com" })).await;
    }
    app.auth.deliver_due().await.unwrap();
    assert!(mailer.sent().is_empty());
    assert_eq!(app.events.count(EventKind::LinkGenerated), 5);
}

/// [C] Unknown link type — 400.
async fn generate_link_refuses_what_is_none(app: App) {
    let admin = service(&app);
    made(&admin, "ada@example.com").await;
    for body in [
        json!({}),
        json!({ "type": "sms", "email": "ada@example.com" }),
        json!({ "type": "magiclink" }),
        json!({ "type": "magiclink", "email": "no address" }),
        json!({ "type": "email_change_new", "email": "ada@example.com" }),
        json!({ "type": "email_change_new", "email": "ada@example.com", "new_email": "ada@example.com" }),
        json!({ "type": "email_change_current", "email": "ada@example.com", "new_email": "no address" }),
    ] {
        let answer = admin.post(LINK, body.clone()).await;
        assert_eq!(
            (answer.status(), answer.error_code().as_str()),
            (400, "validation_failed"),
            "{body}"
        );
    }
}

/// [V1] `action_link` — `{external}/verify?token=…&type=…&redirect_to=<raw>`; following it logs in.
async fn an_action_link_is_gotrues_and_logs_in(app: App) {
    let (app, _) = with_mail(&app).await;
    let admin = service(&app).with("host", "evil.example.net");
    let target = "https://web.example.org/welcome";
    let body = json!({ "type": "magiclink", "email": "ada@example.com", "redirect_to": target });
    let link = generate(&admin, body).await;
    let action = link["action_link"].as_str().unwrap();
    let token = link["hashed_token"].as_str().unwrap();
    assert_eq!(
        action,
        format!("https://app.example.com/api/auth/verify?token={token}&type=signup&redirect_to={target}")
    );
    assert_eq!(link["redirect_to"], target);
    let browser = app.browser();
    let path = action.strip_prefix("https://app.example.com").unwrap();
    assert_eq!(browser.get(path).await.status(), 200);
    let form = format!("token_hash={token}&type=signup&redirect_to={target}");
    let answer = browser.form("/api/auth/verify", &form).await;
    assert_eq!((answer.status(), answer.header("location")), (303, Some(target)));
    assert_eq!(browser.get("/api/auth/user").await.json()["email"], "ada@example.com");
    // [B] What is not allowed is left out.
    let elsewhere =
        json!({ "type": "magiclink", "email": "ada@example.com", "redirect_to": "https://evil.example.net/" });
    let link = generate(&service(&app), elsewhere).await;
    assert_eq!(link["redirect_to"], "https://app.example.com/");
    assert!(!link["action_link"].as_str().unwrap().contains("evil"));
}

async fn a_link_of_the_core_redirects_where_it_was_told(app: App) {
    let wanted = GenerateLink::magic_link("ada@example.com").redirect_to("/welcome");
    let link = app.auth.generate_link(wanted).await.unwrap();
    assert!(
        link.action_link.ends_with("&redirect_to=/welcome"),
        "{}",
        link.action_link
    );
    assert!(!format!("{link:?}").contains(&link.hashed_token));
}

/// [S] Invite new — 200 User, `invited_at`, mail; metadata from `data`. [C] Invite confirmed address — 422; invalid — 400.
async fn an_invited_user_is_a_user_with_a_mail(app: App) {
    let (app, mailer) = with_mail(&app).await;
    let admin = service(&app);
    let invite = |email: &str| json!({ "email": email, "data": { "team": 7 } });
    let answer = admin.post("/api/auth/invite", invite("ada@example.com")).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert!(answer.json()["invited_at"].is_string());
    assert_eq!(answer.json()["user_metadata"], json!({ "team": 7 }));
    // The browser of whoever invites is not whose code it is.
    assert!(answer.set_cookies().is_empty());
    let mails = mailer.wait_for(1, std::time::Duration::from_secs(10)).await.unwrap();
    assert_eq!(mails[0].to, "ada@example.com");
    made(&admin, "grace@example.com").await;
    let taken = admin.post("/api/auth/invite", invite("grace@example.com")).await;
    assert_eq!((taken.status(), taken.error_code().as_str()), (422, "email_exists"));
    let invalid = admin.post("/api/auth/invite", invite("no address")).await;
    assert_eq!(
        (invalid.status(), invalid.error_code().as_str()),
        (400, "validation_failed")
    );
    assert_eq!(
        app.browser()
            .post("/api/auth/invite", invite("x@example.com"))
            .await
            .status(),
        401
    );
}
