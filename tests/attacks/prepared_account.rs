//! An account made with somebody else's address before they come, and a way into it left open.

use auth_core::{AdminUserAttributes, NewKey, NewUser, adapter::UserAdapter};
use serde_json::json;

use crate::{App, Client, Driver, MINUTE, PASSWORD, stories_of_both};

stories_of_both![opened => {
    nothing_of_whoever_came_first_remains_whichever_way_the_owner_comes,
    two_passwords_are_none,
    the_same_password_twice_is_one,
    a_contested_password_stays_nobodys_when_the_mail_is_late,
    sign_ups_at_the_same_moment_leave_one_account_and_no_surprise,
    what_came_with_the_sign_up_that_is_answered_stays,
    a_code_that_is_sent_again_keeps_no_strangers_password,
    an_owner_who_is_quicker_keeps_the_password,
    the_message_of_a_sign_up_says_that_it_was_one,
    an_owner_who_is_proven_loses_nothing,
    a_session_without_an_address_ends_when_somebody_proves_one,
    a_proof_that_is_refused_costs_no_account,
    a_second_proof_ends_no_session,
    a_second_proof_loses_nothing_that_was_noted,
} opaque {
    a_copy_of_an_anonymous_session_does_nothing_grave,
    an_account_with_a_key_is_its_holders,
    sessions_and_keys_of_whoever_came_first_end,
}];

async fn opened(driver: Driver) -> App {
    App::with_post_and(driver, |builder| builder.anonymous(true)).await
}

const VICTIM: &str = "victim@example.com";
const EVIL: &str = "the attacker's password";

async fn prepare(app: &App) {
    let body = json!({
        "email": VICTIM,
        "password": EVIL,
        "data": { "name": "<b>Eve</b>" },
        "attributes": { "username": "eve" },
    });
    assert_eq!(app.keeper().post("/api/auth/signup", body).await.status(), 200);
    app.wait(MINUTE);
}

async fn victim_comes(app: &App, way: &str) -> Client {
    let browser = app.browser();
    let body = json!({ "email": VICTIM, "password": PASSWORD });
    match way {
        "invite" => {
            let admin = app.auth.service_token(60 * MINUTE);
            assert_eq!(app.bearer(&admin).post("/api/auth/invite", body).await.status(), 200);
        }
        path => assert_eq!(browser.post(&format!("/api/auth/{path}"), body).await.status(), 200),
    }
    let followed = browser.follow(&app.mail_to(VICTIM).await).await;
    assert_eq!(followed.fragment("error"), None, "{way}: {followed:?}");
    browser
}

async fn nothing_of_whoever_came_first_remains_whichever_way_the_owner_comes(app: App) {
    for way in ["signup", "magiclink", "otp", "recover", "invite"] {
        prepare(&app).await;
        victim_comes(&app, way).await;
        assert_eq!(
            app.browser().sign_in(VICTIM, EVIL).await.refusal(),
            (400, "invalid_credentials".to_owned()),
            "{way}"
        );
        let user = app.auth.get_user_by_provider_id("email", VICTIM).await.unwrap();
        assert!(user.email_confirmed_at.is_some(), "{way}");
        assert_eq!(json!(user.user_metadata), json!({}), "{way}");
        assert_eq!(json!(user.attributes)["username"], json!(null), "{way}");
        app.auth.delete_user(&user.id).await.unwrap();
        app.wait(MINUTE);
    }
}

async fn sessions_and_keys_of_whoever_came_first_end(app: App) {
    for way in ["signup", "magiclink", "recover", "invite"] {
        let new = NewUser::with_password("email", VICTIM, EVIL);
        let user = app.auth.create_user(new).await.unwrap();
        app.auth
            .create_key(&user.id, NewKey::persistent("username", "eve").password(EVIL))
            .await
            .unwrap();
        let proof = app.auth.authenticate_user("username", "eve", EVIL).await.unwrap();
        let issued = app.auth.create_session(&proof, Default::default()).await.unwrap();
        let eve = app.browser();
        eve.set_token(issued.token.expose().as_str());
        assert_eq!(eve.get("/me").await.status(), 200);
        let victim = victim_comes(&app, way).await;
        assert_eq!(eve.get("/me").await.status(), 401, "{way}");
        assert!(
            app.auth.authenticate_user("username", "eve", EVIL).await.is_err(),
            "{way}"
        );
        assert!(
            app.auth.authenticate_user("email", VICTIM, EVIL).await.is_err(),
            "{way}"
        );
        let keys = app.store.inner().get_keys_by_user_id(&user.id).await.unwrap();
        assert_eq!(keys.len(), 1, "{way}: {keys:?}");
        if victim.token().is_some() {
            assert_eq!(victim.get("/me").await.text(), user.id.as_str(), "{way}");
        }
        app.auth.delete_user(&user.id).await.unwrap();
        app.wait(MINUTE);
    }
}

async fn two_passwords_are_none(app: App) {
    prepare(&app).await;
    let victim = victim_comes(&app, "signup").await;
    for password in [EVIL, PASSWORD] {
        assert_eq!(app.browser().sign_in(VICTIM, password).await.status(), 400);
    }
    // The owner is in, and chooses one.
    let answer = victim.put("/api/auth/user", json!({ "password": PASSWORD })).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(app.browser().sign_in(VICTIM, PASSWORD).await.status(), 200);
    // In the other order as well: the attacker comes while the mail is on its way.
    let browser = app.browser();
    browser.sign_up("late@example.com", PASSWORD).await;
    app.wait(MINUTE);
    app.keeper().sign_up("late@example.com", EVIL).await;
    browser.follow(&app.mail_to("late@example.com").await).await;
    for password in [EVIL, PASSWORD] {
        assert_eq!(app.browser().sign_in("late@example.com", password).await.status(), 400);
    }
}

async fn the_same_password_twice_is_one(app: App) {
    app.browser().sign_up(VICTIM, PASSWORD).await;
    app.wait(MINUTE);
    victim_comes(&app, "signup").await;
    assert_eq!(app.browser().sign_in(VICTIM, PASSWORD).await.status(), 200);
}

async fn a_contested_password_stays_nobodys_when_the_mail_is_late(app: App) {
    prepare(&app).await;
    app.browser().sign_up(VICTIM, PASSWORD).await;
    // The mail is found too late, and what is over is swept away.
    app.wait(120 * MINUTE);
    use auth_core::adapter::TokenAdapter;
    assert!(app.store.inner().delete_expired_tokens(app.now()).await.unwrap() > 0);
    let browser = app.browser();
    browser
        .post("/api/auth/resend", json!({ "type": "signup", "email": VICTIM }))
        .await;
    browser.follow(&app.mail_to(VICTIM).await).await;
    assert!(browser.token().is_some());
    for password in [EVIL, PASSWORD] {
        assert_eq!(app.browser().sign_in(VICTIM, password).await.status(), 400);
    }
}

async fn sign_ups_at_the_same_moment_leave_one_account_and_no_surprise(app: App) {
    // Without the minute between two mails nothing else keeps them apart.
    let limits = auth_core::Limits::danger_unlimited();
    let app = App::with_post_and(app.driver, |builder| builder.limits(limits)).await;
    for round in 0..5 {
        let email = format!("victim{round}@example.com");
        let (eve, victim) = (app.browser(), app.browser());
        let (one, two) = tokio::join!(eve.sign_up(&email, EVIL), victim.sign_up(&email, PASSWORD));
        assert_eq!((one.status(), two.status()), (200, 200));
        victim.follow(&app.mail_to(&email).await).await;
        let works = app.browser().sign_in(&email, EVIL).await.status() == 200;
        assert!(!works, "round {round}: the attacker's password works");
    }
}

/// Sent once more as well, and once more.
async fn what_came_with_the_sign_up_that_is_answered_stays(app: App) {
    let resend = json!({ "type": "signup", "email": VICTIM });
    let said = json!({ "name": "Victor" });
    let sign_up = json!({ "email": VICTIM, "password": PASSWORD, "data": said });
    for (path, body, is_prepared) in [
        ("signup", sign_up.clone(), true),
        ("signup", sign_up, false),
        ("otp", json!({ "email": VICTIM, "data": said }), true),
        ("otp", json!({ "email": VICTIM, "data": said }), false),
    ] {
        for again in 0..3 {
            if is_prepared {
                prepare(&app).await;
            }
            let browser = app.browser();
            let answer = browser.post(&format!("/api/auth/{path}"), body.clone()).await;
            assert_eq!(answer.status(), 200, "{answer:?}");
            app.wait(MINUTE);
            for _ in 0..again {
                assert_eq!(browser.post("/api/auth/resend", resend.clone()).await.status(), 200);
                app.wait(MINUTE);
            }
            browser.follow(&app.mail_to(VICTIM).await).await;
            let user = app.auth.get_user_by_provider_id("email", VICTIM).await.unwrap();
            assert!(user.email_confirmed_at.is_some());
            assert_eq!(json!(user.user_metadata), said, "{path}, sent again: {again}");
            assert_eq!(app.browser().sign_in(VICTIM, EVIL).await.status(), 400);
            app.auth.delete_user(&user.id).await.unwrap();
            app.wait(MINUTE);
        }
    }
    // The same password twice is one account, with what the answered sign-up says.
    let mail = async |name: &str| {
        let body = json!({ "email": VICTIM, "password": PASSWORD, "data": { "name": name } });
        app.browser().post("/api/auth/signup", body).await;
        app.wait(MINUTE);
        app.mail_to(VICTIM).await
    };
    mail("first").await;
    app.browser().follow(&mail("second").await).await;
    let user = app.auth.get_user_by_provider_id("email", VICTIM).await.unwrap();
    assert_eq!(json!(user.user_metadata), json!({ "name": "second" }));
    assert_eq!(app.browser().sign_in(VICTIM, PASSWORD).await.status(), 200);
}

/// Another way in says nothing about who chose the password, however often it is sent; nor does a stranger's take it away.
async fn a_code_that_is_sent_again_keeps_no_strangers_password(app: App) {
    const NUMBER: &str = "15551234567";
    let sign_up = json!({ "phone": NUMBER, "password": EVIL });
    app.keeper().post("/api/auth/signup", sign_up).await;
    app.wait(MINUTE);
    let victim = app.keeper();
    victim.post("/api/auth/otp", json!({ "phone": NUMBER })).await;
    for _ in 0..3 {
        app.wait(MINUTE);
        let resend = json!({ "type": "sms", "phone": NUMBER });
        assert_eq!(victim.post("/api/auth/resend", resend).await.status(), 200);
    }
    let text = app.text_to(NUMBER).await;
    assert_eq!(text.kind, "sms");
    assert_eq!(victim.verify("sms", NUMBER, &text.code()).await.status(), 200);
    let sign_in = json!({ "phone": NUMBER, "password": EVIL });
    let refused = app.browser().post("/api/auth/token?grant_type=password", sign_in).await;
    assert_eq!(refused.refusal(), (400, "invalid_credentials".to_owned()));
    // Her own sign-up, for which a stranger asks other mails, is sent again as it was.
    let body = json!({ "email": VICTIM, "password": PASSWORD, "data": { "name": "Victor" } });
    app.browser().post("/api/auth/signup", body).await;
    for path in ["recover", "otp"] {
        app.wait(MINUTE);
        let body = json!({ "email": VICTIM, "data": { "name": "<b>Eve</b>" } });
        app.keeper().post(&format!("/api/auth/{path}"), body).await;
    }
    app.wait(MINUTE);
    let victim = app.browser();
    victim
        .post("/api/auth/resend", json!({ "type": "signup", "email": VICTIM }))
        .await;
    victim.follow(&app.mail_to(VICTIM).await).await;
    let user = app.auth.get_user_by_provider_id("email", VICTIM).await.unwrap();
    assert_eq!(json!(user.user_metadata), json!({ "name": "Victor" }));
    assert_eq!(app.browser().sign_in(VICTIM, PASSWORD).await.status(), 200);
}

/// Somebody signs up once more with her address while she answers the mail of her own sign-up.
async fn an_owner_who_is_quicker_keeps_the_password(app: App) {
    for sent_anew in [false, true] {
        let ada = app.browser();
        ada.sign_up(VICTIM, PASSWORD).await;
        let mail = app.mail_to(VICTIM).await;
        app.wait(MINUTE);
        let eve = app.keeper();
        // Hers is the first that is committed after this.
        let held = app.store.hold_before("commit");
        let (late, _) = tokio::join!(eve.sign_up(VICTIM, EVIL), async {
            held.reached().await;
            if sent_anew {
                app.wait(MINUTE);
                let resend = json!({ "type": "signup", "email": VICTIM });
                ada.post("/api/auth/resend", resend).await;
            } else {
                ada.follow(&mail).await;
            }
            held.release();
        });
        assert_eq!(late.status(), 200, "{late:?}");
        assert_eq!(app.browser().sign_in(VICTIM, EVIL).await.status(), 400);
        if sent_anew {
            // Nobody has answered: two passwords are none, and the newest mail is the one that counts.
            assert_eq!(app.browser().sign_in(VICTIM, PASSWORD).await.status(), 400);
            let followed = ada.follow(&app.mail_to(VICTIM).await).await;
            assert_eq!(followed.fragment("error"), None, "{followed:?}");
        } else {
            assert_eq!(app.browser().sign_in(VICTIM, PASSWORD).await.status(), 200);
            assert_eq!(app.mail_to(VICTIM).await.kind, "account_exists");
        }
        let user = app.auth.get_user_by_provider_id("email", VICTIM).await.unwrap();
        app.auth.delete_user(&user.id).await.unwrap();
        app.wait(MINUTE);
    }
}

/// Who answers it keeps the password that came with it, and must not think it is the code they asked for themselves.
async fn the_message_of_a_sign_up_says_that_it_was_one(app: App) {
    const NUMBER: &str = "15551234567";
    let body = json!({ "phone": NUMBER, "password": EVIL });
    assert_eq!(app.keeper().post("/api/auth/signup", body).await.status(), 200);
    let text = app.text_to(NUMBER).await;
    assert_eq!(text.kind, "sms_sign_up");
    assert!(
        text.text.contains("signed up") && text.text.contains("not you"),
        "{text:?}"
    );
    assert!(
        text.text.contains(&format!("\n@app.example.com #{}", text.code())),
        "{text:?}"
    );
    app.wait(MINUTE);
    app.keeper().post("/api/auth/otp", json!({ "phone": NUMBER })).await;
    assert_eq!(app.text_to(NUMBER).await.kind, "sms");
}

async fn an_owner_who_is_proven_loses_nothing(app: App) {
    let owner = app.confirmed(VICTIM).await;
    owner
        .put(
            "/api/auth/user",
            json!({ "data": { "name": "Victor" }, "attributes": { "username": "victor" } }),
        )
        .await;
    prepare(&app).await;
    victim_comes(&app, "magiclink").await;
    app.wait(MINUTE);
    victim_comes(&app, "recover").await;
    assert_eq!(owner.get("/me").await.status(), 200);
    assert_eq!(app.browser().sign_in(VICTIM, PASSWORD).await.status(), 200);
    let user = owner.get("/api/auth/user").await.json();
    assert_eq!(user["user_metadata"], json!({ "name": "Victor" }));
    assert_eq!(user["attributes"]["username"], "victor");
}

async fn a_session_without_an_address_ends_when_somebody_proves_one(app: App) {
    let eve = app.browser();
    assert_eq!(eve.post("/api/auth/signup", json!({})).await.status(), 200);
    let elsewhere = eve.copy();
    let change = json!({ "email": VICTIM });
    assert_eq!(eve.put("/api/auth/user", change).await.status(), 200);
    let victim = app.browser();
    let followed = victim.follow(&app.mail_to(VICTIM).await).await;
    assert_eq!(followed.fragment("error"), None, "{followed:?}");
    assert_eq!(victim.get("/api/auth/user").await.json()["email"], VICTIM);
    for old in [eve, elsewhere] {
        assert_eq!(old.get("/me").await.status(), 401);
    }
    // With a number it is the same; its code is good in this browser alone, where somebody has a copy of the cookie.
    let eve = app.browser();
    eve.post("/api/auth/signup", json!({})).await;
    eve.put("/api/auth/user", json!({ "phone": "15551234567" })).await;
    let victim = eve.copy();
    let code = app.text_to("15551234567").await.code();
    let answer = victim.verify("phone_change", "15551234567", &code).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(victim.get("/me").await.status(), 200);
    assert_eq!(eve.get("/me").await.status(), 401);
}

/// Its session is the only way into it.
async fn a_proof_that_is_refused_costs_no_account(app: App) {
    let ada = app.browser();
    assert_eq!(ada.post("/api/auth/signup", json!({})).await.status(), 200);
    assert_eq!(
        ada.put("/api/auth/user", json!({ "email": VICTIM })).await.status(),
        200
    );
    let mail = app.mail_to(VICTIM).await;
    app.wait(MINUTE);
    let body = json!({ "email": VICTIM, "password": EVIL });
    assert_eq!(app.keeper().post("/api/auth/signup", body).await.status(), 200);
    let followed = app.browser().follow(&mail).await;
    assert_eq!(
        followed.fragment("error_code").as_deref(),
        Some("email_exists"),
        "{followed:?}"
    );
    assert_eq!(ada.get("/me").await.status(), 200);
}

/// Who signs in by a name and adds an address loses neither the name nor the session: the mail asks whether that address may be
/// this account's.
async fn an_account_with_a_key_is_its_holders(app: App) {
    let new = NewUser::with_password("username", "ada", PASSWORD);
    app.auth.create_user(new).await.unwrap();
    let proof = app.auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
    let issued = app.auth.create_session(&proof, Default::default()).await.unwrap();
    let ada = app.browser();
    ada.set_token(issued.token.expose().as_str());
    assert_eq!(
        ada.put("/api/auth/user", json!({ "email": VICTIM })).await.status(),
        200
    );
    let followed = app.browser().follow(&app.mail_to(VICTIM).await).await;
    assert_eq!(followed.fragment("error"), None, "{followed:?}");
    assert_eq!(ada.get("/api/auth/user").await.json()["email"], VICTIM);
    assert!(app.auth.authenticate_user("username", "ada", PASSWORD).await.is_ok());
}

async fn a_second_proof_ends_no_session(app: App) {
    let owner = app.confirmed(VICTIM).await;
    let elsewhere = app.browser();
    elsewhere.sign_in(VICTIM, PASSWORD).await;
    owner.put("/api/auth/user", json!({ "phone": "15551234567" })).await;
    let code = app.text_to("15551234567").await.code();
    assert_eq!(owner.verify("phone_change", "15551234567", &code).await.status(), 200);
    assert_eq!(elsewhere.get("/me").await.status(), 200);
}

/// What a proof says of somebody is added where an owner or an administrator is known, and takes nothing away.
async fn a_second_proof_loses_nothing_that_was_noted(app: App) {
    const NUMBER: &str = "15551234567";
    let noted = json!({ "plan": "gold" });
    let made = AdminUserAttributes::default()
        .email("ada@example.com")
        .email_confirm(true)
        .phone(NUMBER)
        .user_metadata(noted.as_object().unwrap().clone());
    let user = app.auth.admin_create_user(made).await.unwrap();
    // A stranger asks, and she answers.
    let asked = json!({ "phone": NUMBER, "data": { "plan": "none" } });
    let stranger = app.keeper();
    assert_eq!(stranger.post("/api/auth/otp", asked).await.status(), 200);
    let code = app.text_to(NUMBER).await.code();
    assert_eq!(app.keeper().verify("sms", NUMBER, &code).await.status(), 200);
    let after = app.auth.get_user(&user.id).await.unwrap();
    assert!(after.phone_confirmed_at.is_some());
    assert_eq!(json!(after.user_metadata), noted);
}

/// Nobody could ask them for anything.
async fn a_copy_of_an_anonymous_session_does_nothing_grave(app: App) {
    let ada = app.browser();
    ada.post("/api/auth/signup", json!({})).await;
    let thief = ada.copy();
    app.wait(25 * 60 * MINUTE);
    assert_eq!(ada.get("/me").await.status(), 200);
    // Within the grace it is let in, a step behind.
    assert_eq!(thief.get("/me").await.status(), 200);
    let refused = thief.delete("/api/auth/user", json!({})).await;
    assert_eq!(refused.error_code(), "reauthentication_needed", "{refused:?}");
    let refused = thief.put("/api/auth/user", json!({ "email": VICTIM })).await;
    assert_eq!(refused.error_code(), "reauthentication_needed", "{refused:?}");
    assert_eq!(
        ada.put("/api/auth/user", json!({ "email": VICTIM })).await.status(),
        200
    );
    assert_eq!(ada.delete("/api/auth/user", json!({})).await.status(), 200);
}
