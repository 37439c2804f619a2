//! What whoever runs the library relies on: limits that hold everywhere, mails in their words, a record of what happened.

use std::{collections::HashSet, time::Duration};

use auth_core::{Limit, Limits, Templates, Tokens, UserId, UserPatch, adapter::UserAdapter};
use serde_json::{Value, json};

use super::admin::service;
use crate::{App, Client, MINUTE, PASSWORD, stories};

stories![App::with_post =>
    g6_12_01_codes_and_links_are_limited_for_each_client,
    g6_12_01_refreshes_are_limited_where_that_is_asked_for,
    g6_12_02_limits_hold_without_being_configured,
    g6_12_02_processes_count_together,
    g6_12_06_templates_have_gotrues_variables,
    g6_12_08_gotrues_actions_are_written,
    g6_12_10_requests_go_on_while_it_is_swept,
    g6_12_12_a_ban_blocks_until_it_passes,
];

const ADA: &str = "ada@example.com";
const LIMITED: (u16, &str) = (429, "over_request_rate_limit");

/// G6.12-01.
async fn g6_12_01_codes_and_links_are_limited_for_each_client(app: App) {
    let client = app.keeper().from_ip("198.51.100.7");
    for number in 0..30 {
        // Of another account each time; links and codes are one.
        let answer = match number % 3 {
            0 => client.verify_link("magiclink", &format!("unknown{number}")).await,
            1 => client.verify("sms", &format!("155512345{number:02}"), "123456").await,
            _ => {
                client
                    .verify("email", &format!("u{number}@example.com"), "123456")
                    .await
            }
        };
        assert_eq!(answer.refusal(), (403, "otp_expired".to_owned()), "{number}");
    }
    let refused = client.verify("email", ADA, "123456").await;
    assert_eq!(refused.refusal(), (LIMITED.0, LIMITED.1.to_owned()));
    assert_eq!(refused.json()["msg"], "Request rate limit reached");
    assert!(refused.header("retry-after").is_some());
    let refused = client.verify_link("magiclink", "unknown").await;
    assert_eq!(refused.refusal(), (LIMITED.0, LIMITED.1.to_owned()));
    let elsewhere = app
        .keeper()
        .from_ip("198.51.100.8")
        .verify("email", ADA, "123456")
        .await;
    assert_eq!(elsewhere.error_code(), "otp_expired");
    app.wait(Duration::from_secs(301));
    assert_eq!(client.verify("email", ADA, "123456").await.error_code(), "otp_expired");
}

/// G6.12-01.
async fn g6_12_01_refreshes_are_limited_where_that_is_asked_for(app: App) {
    let limits = Limits::default().refreshes_per_client(Some(Limit::new(4, 5 * MINUTE)));
    let app = App::with_post_and(app.driver, |builder| builder.sessions(Tokens::default()).limits(limits)).await;
    let keeper = app.keeper().from_ip("198.51.100.7");
    keeper.sign_up(ADA, PASSWORD).await;
    let confirmed = keeper.verify_link("signup", &app.mail_to(ADA).await.secret()).await;
    let session = confirmed.json();
    let path = "/api/auth/token?grant_type=refresh_token";
    let forged = json!({ "refresh_token": "rt_forged" });
    for _ in 0..3 {
        assert_eq!(keeper.post(path, forged.clone()).await.status(), 400);
    }
    // Both endpoints count, cookies too, and what is refused stays good.
    let browser = app.browser().from_ip("198.51.100.7");
    browser.sign_in(ADA, PASSWORD).await;
    assert_eq!(browser.post("/api/auth/session/refresh", json!({})).await.status(), 200);
    let refused = browser.post("/api/auth/session/refresh", json!({})).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.set_cookies(), [""; 0]);
    let good = json!({ "refresh_token": session["refresh_token"] });
    let refused = keeper.post(path, good.clone()).await;
    assert_eq!(refused.refusal(), (LIMITED.0, LIMITED.1.to_owned()));
    assert!(refused.header("retry-after").is_some());
    let elsewhere = app.keeper().from_ip("198.51.100.8");
    assert_eq!(elsewhere.post(path, forged).await.status(), 400);
    app.wait(5 * MINUTE + Duration::from_secs(1));
    assert_eq!(keeper.post(path, good).await.status(), 200);
    assert_eq!(browser.get("/me").await.status(), 200);
}

/// G6.12-02.
async fn g6_12_02_limits_hold_without_being_configured(app: App) {
    for number in 0..31 {
        // Nobody's word is taken for where a request comes from.
        let client = app.keeper().with("x-forwarded-for", format!("203.0.113.{number}"));
        let client = client.with("x-real-ip", format!("203.0.113.{number}"));
        let body = json!({ "email": format!("u{number}@example.com") });
        let answer = client.post("/api/auth/recover", body).await;
        let expected = if number < 30 { (200, "") } else { LIMITED };
        assert_eq!(answer.status(), expected.0, "{number}");
    }
    // A proxy that is named is believed, so that those behind it are told apart.
    let behind = app
        .beside(|builder| builder.mailer(app.mails.clone()).trusted_proxy("127.0.0.0/8"))
        .await;
    for number in 0..31 {
        let client = behind.keeper().with("x-forwarded-for", format!("192.0.2.{number}"));
        let body = json!({ "email": format!("v{number}@example.com") });
        let answer = client.from_ip("127.0.0.1").post("/api/auth/recover", body).await;
        assert_eq!(answer.status(), 200, "{number}");
    }
}

/// G6.12-02.
async fn g6_12_02_processes_count_together(app: App) {
    let other = app.beside(|builder| builder).await;
    let guess = async |app: &App, number: u8| {
        let browser = app.browser().from_ip(&format!("198.51.100.{number}"));
        browser.sign_in(ADA, "a wrong guess").await.status()
    };
    for number in 0..5 {
        assert_eq!(
            (guess(&app, number).await, guess(&other, 100 + number).await),
            (400, 400)
        );
    }
    assert_eq!((guess(&app, 50).await, guess(&other, 51).await), (429, 429));
}

/// G6.12-06.
async fn g6_12_06_templates_have_gotrues_variables(app: App) {
    // As GoTrue lists them: SiteURL, ConfirmationURL, Email, NewEmail, SendingTo, Token, TokenHash, Data, RedirectTo, OldEmail, OldPhone,
    // Phone. Provider and FactorType belong to notices about identities and factors.
    const NAMES: [&str; 12] = [
        "site_url",
        "link",
        "email",
        "new_email",
        "to",
        "code",
        "token_hash",
        "data.name",
        "redirect_to",
        "old_email",
        "old_phone",
        "phone",
    ];
    let source: String = NAMES.iter().map(|name| format!("{name}={{{{ {name} }}}}\n")).collect();
    let mut templates = Templates::default();
    for kind in [
        "confirmation",
        "magic_link",
        "recovery",
        "invite",
        "email_change",
        "email_change_current",
        "reauthentication",
        "password_changed",
        "email_changed",
        "phone_changed",
    ] {
        templates = templates.set_plain(kind, None, format!("{kind} of {{{{ site_name }}}}"), source.clone());
    }
    let mails = app.mails.clone();
    let app = App::with_post_and(app.driver, |builder| builder.templates(templates).site_name("Example")).await;
    drop(mails);
    let mail = async |kind: &str, to: &str| -> Vec<(String, String)> {
        app.deliver().await;
        let sent = app.mails.sent();
        let mail = sent.iter().rev().find(|mail| mail.to == to && mail.kind == kind);
        let mail = mail.unwrap_or_else(|| panic!("no {kind} for {to}: {sent:?}"));
        assert_eq!(mail.subject, format!("{kind} of Example"));
        let pairs = mail.text.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let value = |mail: &[(String, String)], name: &str| {
        let (_, value) = mail.iter().find(|(key, _)| key == name).unwrap();
        value.clone()
    };
    let assert_link = |mail: &[(String, String)], to: &str| {
        assert_eq!(
            (value(mail, "site_url"), value(mail, "to")),
            ("https://app.example.com".to_owned(), to.to_owned())
        );
        let (link, secret) = (value(mail, "link"), value(mail, "token_hash"));
        assert!(
            secret.len() > 20 && link.contains(&format!("token={secret}&")),
            "{link} {secret}"
        );
        assert_eq!(value(mail, "code").len(), 6);
    };

    let body = json!({ "email": ADA, "password": PASSWORD, "data": { "name": "Ada" } });
    let browser = app.browser();
    assert_eq!(
        browser
            .post("/api/auth/signup?redirect_to=/welcome", body)
            .await
            .status(),
        200
    );
    let confirmation = mail("confirmation", ADA).await;
    assert_link(&confirmation, ADA);
    assert_eq!(
        (value(&confirmation, "email"), value(&confirmation, "data.name")),
        (ADA.to_owned(), "Ada".to_owned())
    );
    assert_eq!(value(&confirmation, "redirect_to"), "/welcome");
    // The secret is what a page of the application sends.
    let secret = value(&confirmation, "token_hash");
    assert_eq!(browser.verify_link("signup", &secret).await.status(), 200);

    for (path, kind) in [("magiclink", "magic_link"), ("recover", "recovery")] {
        app.wait(MINUTE);
        app.keeper()
            .post(&format!("/api/auth/{path}"), json!({ "email": ADA }))
            .await;
        assert_link(&mail(kind, ADA).await, ADA);
    }
    service(&app)
        .post("/api/auth/invite", json!({ "email": "bob@example.com" }))
        .await;
    assert_link(&mail("invite", "bob@example.com").await, "bob@example.com");

    app.wait(MINUTE);
    assert_eq!(browser.post("/api/auth/reauthenticate", json!({})).await.status(), 200);
    let nonce = mail("reauthentication", ADA).await;
    assert_eq!(
        (value(&nonce, "code").len(), value(&nonce, "token_hash")),
        (6, String::new())
    );

    app.wait(MINUTE);
    let change = browser
        .put("/api/auth/user", json!({ "email": "new@example.com" }))
        .await;
    assert_eq!(change.status(), 200, "{change:?}");
    let (new, current) = (
        mail("email_change", "new@example.com").await,
        mail("email_change_current", ADA).await,
    );
    for (mail, to) in [(&new, "new@example.com"), (&current, ADA)] {
        assert_link(mail, to);
        assert_eq!(
            (value(mail, "email"), value(mail, "new_email")),
            (ADA.to_owned(), "new@example.com".to_owned())
        );
    }
    for mail in [&new, &current] {
        let answer = browser.verify_link("email_change", &value(mail, "token_hash")).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
    }
    let told = mail("email_changed", ADA).await;
    assert_eq!(
        (value(&told, "old_email"), value(&told, "new_email")),
        (ADA.to_owned(), "new@example.com".to_owned())
    );

    let user = browser.get("/api/auth/user").await.json();
    let path = format!("/api/auth/admin/users/{}", user["id"].as_str().unwrap());
    for phone in ["15551234567", "15557654321"] {
        let answer = service(&app).put(&path, json!({ "phone": phone })).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
    }
    let told = mail("phone_changed", "new@example.com").await;
    assert_eq!(
        (value(&told, "old_phone"), value(&told, "phone")),
        ("15551234567".to_owned(), "15557654321".to_owned())
    );
    service(&app)
        .put(&path, json!({ "password": "chosen for somebody" }))
        .await;
    assert_eq!(
        value(&mail("password_changed", "new@example.com").await, "to"),
        "new@example.com"
    );
}

async fn token(client: &Client, grant: &str, body: Value) -> Value {
    let answer = client.post(&format!("/api/auth/token?grant_type={grant}"), body).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.json()
}

/// G6.12-08.
async fn g6_12_08_gotrues_actions_are_written(app: App) {
    let app = App::with_post_and(app.driver, |builder| {
        builder.keep_events(true).sessions(Tokens::default())
    })
    .await;
    let keeper = app.keeper().from_ip("198.51.100.7");
    let credentials = json!({ "email": ADA, "password": PASSWORD });
    assert_eq!(keeper.post("/api/auth/signup", credentials.clone()).await.status(), 200);
    keeper.verify_link("signup", &app.mail_to(ADA).await.secret()).await;
    app.wait(MINUTE);
    assert_eq!(keeper.post("/api/auth/signup", credentials.clone()).await.status(), 200);
    app.wait(MINUTE);
    keeper.post("/api/auth/recover", json!({ "email": ADA })).await;
    app.wait(MINUTE);

    let session = token(&keeper, "password", credentials).await;
    let access = session["access_token"].as_str().unwrap();
    let ada = app.bearer(access).from_ip("198.51.100.7");
    assert_eq!(ada.post("/api/auth/reauthenticate", json!({})).await.status(), 200);
    assert_eq!(
        ada.put("/api/auth/user", json!({ "data": { "name": "Ada" } }))
            .await
            .status(),
        200
    );
    let change = json!({ "password": "another long password", "current_password": PASSWORD });
    assert_eq!(ada.put("/api/auth/user", change).await.status(), 200);

    let session = token(
        &keeper,
        "password",
        json!({ "email": ADA, "password": "another long password" }),
    )
    .await;
    let mut refresh = session["refresh_token"].clone();
    for _ in 0..3 {
        refresh = token(&keeper, "refresh_token", json!({ "refresh_token": refresh })).await["refresh_token"].clone();
    }
    app.wait(MINUTE);
    let stolen = json!({ "refresh_token": session["refresh_token"] });
    let stolen = keeper.post("/api/auth/token?grant_type=refresh_token", stolen).await;
    assert_eq!(stolen.error_code(), "refresh_token_already_used");

    let admin = service(&app).from_ip("198.51.100.7");
    admin
        .post("/api/auth/invite", json!({ "email": "bob@example.com" }))
        .await;
    let bob = keeper
        .verify_link("invite", &app.mail_to("bob@example.com").await.secret())
        .await;
    let bob = app
        .bearer(bob.json()["access_token"].as_str().unwrap())
        .from_ip("198.51.100.7");
    assert_eq!(bob.post("/api/auth/logout", json!({})).await.status(), 204);
    let ada = app.auth.get_user_by_provider_id("email", ADA).await.unwrap();
    admin
        .delete(&format!("/api/auth/admin/users/{}", ada.id), json!({}))
        .await;

    let entries = admin.get("/api/auth/admin/audit?per_page=200").await.json();
    let entries = entries.as_array().unwrap();
    let actions: HashSet<&str> = entries
        .iter()
        .map(|entry| entry["payload"]["action"].as_str().unwrap())
        .collect();
    // The other eleven of its list are about factors, identities and passkeys.
    for action in [
        "invite_accepted",
        "login",
        "logout",
        "token_refreshed",
        "token_revoked",
        "user_confirmation_requested",
        "user_deleted",
        "user_invited",
        "user_modified",
        "user_reauthenticate_requested",
        "user_recovery_requested",
        "user_repeated_signup",
        "user_signedup",
        "user_updated_password",
    ] {
        assert!(actions.contains(action), "{action} is not in {actions:?}");
        let found = admin
            .get(&format!("/api/auth/admin/audit?query=action:{action}"))
            .await
            .json();
        let first = &found[0];
        assert_eq!(first["payload"]["action"], action, "{found}");
        assert!(first["payload"]["actor_id"].is_string(), "{first}");
        assert_eq!(first["ip_address"], "198.51.100.7", "{first}");
        assert!(first["payload"]["traits"].is_object() && first["payload"]["log_type"].is_string());
    }
}

/// G6.12-10.
async fn g6_12_10_requests_go_on_while_it_is_swept(app: App) {
    for name in [
        "delete_expired_sessions",
        "delete_expired_attempts",
        "delete_expired_tokens",
    ] {
        let held = app.store.hold_before(name);
        let auth = app.auth.clone();
        let sweeping = tokio::spawn(async move { auth.delete_expired().await });
        held.reached().await;
        let browser = app.browser();
        let email = format!("{name}@example.com").replace('_', "-");
        assert_eq!(browser.sign_up(&email, PASSWORD).await.status(), 200);
        let followed = browser.follow(&app.mail_to(&email).await).await;
        assert_eq!(followed.status(), 303);
        assert_eq!(browser.get("/me").await.status(), 200);
        assert!(!sweeping.is_finished());
        held.release();
        sweeping.await.unwrap().unwrap();
    }
}

/// G6.12-12.
async fn g6_12_12_a_ban_blocks_until_it_passes(app: App) {
    let tokens = App::with_post_and(app.driver, |builder| builder.sessions(Tokens::default())).await;
    for (app, ended) in [(app, "session_not_found"), (tokens, "user_banned")] {
        let admin = service(&app);
        let made = json!({ "email": ADA, "password": PASSWORD, "email_confirm": true });
        let user = admin.post("/api/auth/admin/users", made).await.json();
        let path = format!("/api/auth/admin/users/{}", user["id"].as_str().unwrap());
        let (keeper, credentials) = (app.keeper(), json!({ "email": ADA, "password": PASSWORD }));
        let session = token(&keeper, "password", credentials.clone()).await;
        let banned = admin.put(&path, json!({ "ban_duration": "1h" })).await.json();
        assert!(banned["banned_until"].is_string());

        let bearer = app.bearer(session["access_token"].as_str().unwrap());
        assert_eq!(bearer.get("/api/auth/user").await.refusal(), (403, ended.to_owned()));
        let path = "/api/auth/token?grant_type=password";
        let sign_in = async || app.keeper().post(path, credentials.clone()).await;
        assert_eq!(sign_in().await.refusal(), (400, "user_banned".to_owned()));
        if session["refresh_token"].is_string() {
            let body = json!({ "refresh_token": session["refresh_token"] });
            let refreshed = keeper.post("/api/auth/token?grant_type=refresh_token", body).await;
            assert_eq!(refreshed.refusal(), (400, "session_not_found".to_owned()));
            assert_eq!(refreshed.json()["msg"], "Invalid Refresh Token: No Valid Session Found");
        }
        assert_eq!(
            keeper
                .post("/api/auth/magiclink", json!({ "email": ADA }))
                .await
                .status(),
            200
        );
        assert!(app.mails_to(ADA).await.is_empty());

        app.wait(Duration::from_secs(3_599));
        assert_eq!(sign_in().await.error_code(), "user_banned");
        app.wait(Duration::from_secs(2));
        let back = sign_in().await;
        assert_eq!(back.status(), 200, "{back:?}");
        let bearer = app.bearer(back.json()["access_token"].as_str().unwrap());
        assert_eq!(bearer.get("/api/auth/user").await.status(), 200);

        // Written into the store by somebody, a ban ends no session, and is told all the same.
        let patch = UserPatch {
            banned_until: Some(Some(app.now() + 60 * MINUTE)),
            ..UserPatch::default()
        };
        let id = UserId::from(user["id"].as_str().unwrap());
        app.store.update_user(&id, &patch).await.unwrap();
        if back.json()["refresh_token"].is_string() {
            let body = json!({ "refresh_token": back.json()["refresh_token"] });
            let refreshed = keeper.post("/api/auth/token?grant_type=refresh_token", body).await;
            assert_eq!(refreshed.refusal(), (400, "user_banned".to_owned()));
            assert_eq!(refreshed.json()["msg"], "Invalid Refresh Token: User Banned");
        }
    }
}
