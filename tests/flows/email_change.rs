use std::time::Duration;

use auth_core::{
    EmailConfig, EventKind, Purpose, UserId,
    adapter::{Act, TokenAdapter},
};
use serde_json::json;

use crate::{App, Client, MINUTE, PASSWORD, Received, stories_of_both};

stories_of_both![App::with_post => {
    a_change_is_confirmed_at_both_addresses,
    either_address_may_be_first,
    one_half_moves_nothing_when_the_other_is_gone,
    the_present_address_is_not_flooded_either,
    a_change_can_be_confirmed_by_codes,
    one_address_is_enough_when_that_is_configured,
    a_taken_address_is_answered_like_a_free_one,
    an_address_taken_meanwhile_is_refused,
    the_mails_of_a_change_are_sent_again,
    a_new_change_voids_the_one_before,
    what_else_is_changed_is_changed_at_once,
    the_present_address_is_no_change,
    a_stale_session_changes_no_address,
    a_script_may_send_what_old_clients_send,
    the_codes_of_both_halves_are_tried_apart,
    an_owner_hears_what_was_wanted_with_their_address,
} opaque {
}];

const ADA: &str = "ada@example.com";
const NEW: &str = "lovelace@example.com";

async fn asked(app: &App) -> (Client, Received, Received) {
    let ada = app.confirmed(ADA).await;
    let answer = ada.put("/api/auth/user", json!({ "email": NEW })).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    let (old, new) = (app.mail_to(ADA).await, app.mail_to(NEW).await);
    (ada, old, new)
}

async fn address_of(client: &Client) -> String {
    let user = client.get("/api/auth/user").await.json();
    user["email"].as_str().unwrap().to_owned()
}

const HALF: &str = "Confirmation link accepted. Please proceed to confirm link sent to the other email";

/// G6.9-05, G6.9-07.
async fn a_change_is_confirmed_at_both_addresses(app: App) {
    let (ada, old, new) = asked(&app).await;
    let user = ada.get("/api/auth/user").await.json();
    assert_eq!((&user["email"], &user["new_email"]), (&json!(ADA), &json!(NEW)));
    assert!(user["email_change_sent_at"].is_string());
    assert_eq!((old.kind, new.kind), ("email_change_current", "email_change"));
    assert_eq!(
        (old.query("type"), new.query("type")),
        (Some("email_change".into()), Some("email_change".into()))
    );
    // One is not enough.
    let half = app.keeper().verify_link("email_change", &new.secret()).await;
    assert_eq!(
        (half.status(), half.json()),
        (200, json!({ "msg": HALF, "code": "200" }))
    );
    assert_eq!(address_of(&ada).await, ADA);
    assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 200);
    assert_eq!(app.browser().sign_in(NEW, PASSWORD).await.status(), 400);
    // The same one twice is not both.
    assert_eq!(
        app.keeper().verify_link("email_change", &new.secret()).await.status(),
        403
    );
    let whole = app.keeper().verify_link("email_change", &old.secret()).await;
    assert_eq!((whole.status(), &whole.json()["user"]["email"]), (200, &json!(NEW)));
    let user = ada.get("/api/auth/user").await.json();
    assert_eq!((&user["email"], &user["new_email"]), (&json!(NEW), &json!(null)));
    assert_eq!(user["identities"][0]["id"], NEW);
    assert_eq!(app.browser().sign_in(ADA, PASSWORD).await.status(), 400);
    assert_eq!(app.browser().sign_in(NEW, PASSWORD).await.status(), 200);
    // Whoever had the old mailbox hears of it.
    let told = app.mail_to(ADA).await;
    assert_eq!(told.kind, "email_changed");
    assert!(told.link().is_none() && told.text.contains(NEW), "{told:?}");
    assert_eq!(app.events.count(EventKind::AddressChangeAsked), 1);
}

/// G6.9-05, G6.9-07.
async fn either_address_may_be_first(app: App) {
    let (ada, old, new) = asked(&app).await;
    let half = app.browser().follow(&old).await;
    assert_eq!(half.fragment("message").as_deref(), Some(HALF));
    assert!(half.set_cookies().is_empty());
    assert_eq!(address_of(&ada).await, ADA);
    let whole = ada.follow(&new).await;
    assert_eq!(whole.fragment("error"), None, "{whole:?}");
    assert_eq!(address_of(&ada).await, NEW);
}

async fn one_half_moves_nothing_when_the_other_is_gone(app: App) {
    let (ada, old, new) = asked(&app).await;
    let id = UserId::from(ada.get("/me").await.text());
    let store = app.store.inner();
    let tokens = store.get_tokens_by_user_id(&id).await.unwrap();
    let half = tokens.iter().find(|token| token.purpose == Purpose::EmailChangeCurrent);
    let half = half.unwrap();
    store
        .commit(&[Act::TakeToken(half.id.clone(), half.link_digest)])
        .await
        .unwrap();
    for mail in [new, old] {
        let refused = app.keeper().verify_link("email_change", &mail.secret()).await;
        assert_eq!(refused.refusal(), (403, "otp_expired".to_owned()));
    }
    assert_eq!(address_of(&ada).await, ADA);
}

async fn the_present_address_is_not_flooded_either(app: App) {
    let (ada, _, _) = asked(&app).await;
    let ask = async |email: &str| ada.put("/api/auth/user", json!({ "email": email })).await;
    let refused = ask("third@example.com").await;
    assert_eq!(refused.refusal(), (429, "over_email_send_rate_limit".to_owned()));
    let to_old = app.mails_to(ADA).await.into_iter();
    assert_eq!(to_old.filter(|mail| mail.kind == "email_change_current").count(), 1);
    app.wait(MINUTE);
    // What was refused took nothing from the address that was asked for.
    assert_eq!(ask("third@example.com").await.status(), 200);
}

/// G6.9-05, G6.9-07.
async fn a_change_can_be_confirmed_by_codes(app: App) {
    let (ada, old, new) = asked(&app).await;
    let half = ada.verify("email_change", ADA, &old.code()).await;
    assert_eq!(half.json()["msg"], HALF, "{half:?}");
    let whole = ada.verify("email_change", NEW, &new.code()).await;
    assert_eq!(whole.status(), 200, "{whole:?}");
    assert_eq!(address_of(&ada).await, NEW);
}

/// G6.9-08.
async fn one_address_is_enough_when_that_is_configured(app: App) {
    let email = EmailConfig::default().secure_change(false);
    let app = App::with_post_and(app.driver, |builder| builder.email(email)).await;
    let ada = app.confirmed(ADA).await;
    app.mails.clear();
    ada.put("/api/auth/user", json!({ "email": NEW })).await;
    assert!(app.mails_to(ADA).await.is_empty());
    ada.follow(&app.mail_to(NEW).await).await;
    assert_eq!(address_of(&ada).await, NEW);
    assert_eq!(app.mail_to(ADA).await.kind, "email_changed");
}

/// G6.9-09.
async fn a_taken_address_is_answered_like_a_free_one(app: App) {
    app.confirmed("bob@example.com").await;
    let ada = app.confirmed(ADA).await;
    app.mails.clear();
    let taken = ada.put("/api/auth/user", json!({ "email": "bob@example.com" })).await;
    assert_eq!(
        (taken.status(), &taken.json()["new_email"]),
        (200, &json!("bob@example.com"))
    );
    // Who asks sees the same mails as for an address that is free.
    assert_eq!(app.mail_to(ADA).await.kind, "email_change_current");
    let told = app.mails_to("bob@example.com").await;
    assert_eq!((told.len(), told[0].kind), (1, "account_exists"));
    assert!(told[0].link().is_none());
    let half = ada.follow(&app.mail_to(ADA).await).await;
    assert_eq!(half.fragment("message").as_deref(), Some(HALF));
    // Neither does asking again get the owner anything that would give the account away.
    app.wait(MINUTE);
    app.mails.clear();
    let again = ada
        .post("/api/auth/resend", json!({ "type": "email_change", "email": ADA }))
        .await;
    assert_eq!(again.status(), 200);
    assert!(
        app.mails_to("bob@example.com")
            .await
            .iter()
            .all(|mail| mail.kind == "account_exists")
    );
    assert_eq!(app.browser().sign_in("bob@example.com", PASSWORD).await.status(), 200);
    let open = app
        .beside(|builder| builder.mailer(app.mails.clone()).reveal_accounts(true))
        .await;
    let open_ada = open.browser();
    open_ada.sign_in(ADA, PASSWORD).await;
    app.wait(MINUTE);
    // G6.9-09.
    let refused = open_ada
        .put("/api/auth/user", json!({ "email": "bob@example.com" }))
        .await;
    assert_eq!(refused.refusal(), (422, "email_exists".to_owned()));
    assert_eq!(
        refused.json()["msg"],
        "A user with this email address has already been registered"
    );
}

/// G6.9-09.
async fn an_address_taken_meanwhile_is_refused(app: App) {
    let (ada, old, new) = asked(&app).await;
    app.wait(MINUTE);
    app.confirmed(NEW).await;
    ada.follow(&old).await;
    let refused = ada.follow(&new).await;
    assert_eq!(
        refused.fragment("error_code").as_deref(),
        Some("email_exists"),
        "{refused:?}"
    );
    assert_eq!(address_of(&ada).await, ADA);
}

/// G6.7-28.
async fn the_mails_of_a_change_are_sent_again(app: App) {
    let (ada, _, new) = asked(&app).await;
    app.wait(MINUTE);
    let resend = async |email: &str| {
        app.keeper()
            .post("/api/auth/resend", json!({ "type": "email_change", "email": email }))
            .await
    };
    let answer = resend(ADA).await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"));
    let again = app.mail_to(NEW).await;
    assert_ne!(again.secret(), new.secret());
    // Somebody without a change gets the same answer.
    assert_eq!(resend("nobody@example.com").await.essence(), answer.essence());
    // The new address is not flooded by asking about the old one and changing again.
    app.wait(Duration::from_secs(30));
    let answer = ada.put("/api/auth/user", json!({ "email": NEW })).await;
    assert_eq!(answer.refusal(), (429, "over_email_send_rate_limit".to_owned()));
    ada.follow(&app.mail_to(ADA).await).await;
    ada.follow(&again).await;
    assert_eq!(address_of(&ada).await, NEW);
}

async fn a_new_change_voids_the_one_before(app: App) {
    let (ada, _, new) = asked(&app).await;
    app.wait(MINUTE);
    let answer = ada.put("/api/auth/user", json!({ "email": "third@example.com" })).await;
    assert_eq!(answer.json()["new_email"], "third@example.com");
    let refused = ada.follow(&new).await;
    assert_eq!(refused.fragment("error_code").as_deref(), Some("otp_expired"));
}

async fn what_else_is_changed_is_changed_at_once(app: App) {
    let ada = app.confirmed(ADA).await;
    let change = json!({ "email": NEW, "data": { "name": "Ada" }, "password": "a new long password" });
    let answer = ada.put("/api/auth/user", change).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    let user = ada.get("/api/auth/user").await.json();
    assert_eq!(
        (&user["email"], &user["user_metadata"]["name"]),
        (&json!(ADA), &json!("Ada"))
    );
    assert_eq!(app.browser().sign_in(ADA, "a new long password").await.status(), 200);
    // The change of address survives the change of password that came with it.
    ada.follow(
        &app.mails_to(ADA)
            .await
            .into_iter()
            .rfind(|mail| mail.kind == "email_change_current")
            .unwrap(),
    )
    .await;
    ada.follow(&app.mail_to(NEW).await).await;
    assert_eq!(address_of(&ada).await, NEW);
    assert_eq!(app.browser().sign_in(NEW, "a new long password").await.status(), 200);
}

async fn the_present_address_is_no_change(app: App) {
    let ada = app.confirmed(ADA).await;
    app.wait(Duration::from_secs(3_600));
    app.mails.clear();
    let answer = ada
        .put(
            "/api/auth/user",
            json!({ "email": "ADA@example.com", "data": { "a": 1 } }),
        )
        .await;
    assert_eq!((answer.status(), &answer.json()["new_email"]), (200, &json!(null)));
    app.deliver().await;
    assert!(app.mails.sent().is_empty());
}

/// G6.9-11.
async fn a_stale_session_changes_no_address(app: App) {
    let ada = app.confirmed(ADA).await;
    app.wait(Duration::from_secs(16 * 60));
    for change in [
        json!({ "email": NEW }),
        json!({ "phone": "+15551234567" }),
        json!({ "password": "a new long password" }),
    ] {
        let answer = ada.put("/api/auth/user", change).await;
        assert_eq!(answer.refusal(), (400, "reauthentication_needed".to_owned()));
    }
    let answer = ada
        .put("/api/auth/user", json!({ "email": NEW, "current_password": PASSWORD }))
        .await;
    assert_eq!(answer.status(), 200);
}

/// G6.9-06, G6.9-14.
async fn a_script_may_send_what_old_clients_send(app: App) {
    let ada = app.confirmed(ADA).await;
    let body = json!({ "email_change_token": "x", "data": { "a": 1 }, "nonce": null, "channel": null });
    assert_eq!(ada.put("/api/auth/user", body).await.status(), 200);
    let answer = ada
        .put("/api/auth/user", json!({ "app_metadata": { "role": "admin" } }))
        .await;
    assert_eq!(answer.refusal(), (403, "not_admin".to_owned()));
}

async fn the_codes_of_both_halves_are_tried_apart(app: App) {
    let (ada, old, new) = asked(&app).await;
    let wrong = |right: &Received| if right.code() == "123456" { "654321" } else { "123456" };
    for _ in 0..5 {
        let refused = ada.verify("email_change", ADA, wrong(&old)).await;
        assert_eq!(refused.refusal(), (403, "otp_expired".to_owned()));
    }
    // Her tries at the present address are used up, and those at the new one are not.
    assert_eq!(ada.verify("email_change", ADA, &old.code()).await.status(), 403);
    let half = ada.verify("email_change", NEW, &new.code()).await;
    assert_eq!((half.status(), half.json()["msg"].as_str()), (200, Some(HALF)));
    ada.follow(&old).await;
    assert_eq!(address_of(&ada).await, NEW);
}

async fn an_owner_hears_what_was_wanted_with_their_address(app: App) {
    app.confirmed("bob@example.com").await;
    let ada = app.confirmed(ADA).await;
    ada.put("/api/auth/user", json!({ "email": "bob@example.com" })).await;
    let mail = app.mail_to("bob@example.com").await;
    assert!(mail.text.contains("change the address of another account"), "{mail:?}");
    assert!(!mail.text.contains("sign up") && !mail.text.contains(ADA), "{mail:?}");
    app.wait(MINUTE);
    app.browser().sign_up("bob@example.com", PASSWORD).await;
    let mail = app.mail_to("bob@example.com").await;
    assert!(mail.text.contains("tried to sign up"), "{mail:?}");
}
