use std::time::Duration;

use auth_core::{EventKind, NewKey, NewUser, PhoneConfig, UserId};
use serde_json::json;

use crate::{App, PASSWORD, stories};

stories![
    a_refused_change_changes_nothing,
    a_password_change_that_a_store_cuts_short_leaves_no_other_session,
    the_current_password_opens_a_locked_account_to_its_owner,
    a_new_password_opens_a_locked_number_to_its_owner,
    two_addresses_change_together_or_not_at_all,
    n13_the_user_route_answers_the_user_and_renews,
    the_session_route_answers_both_or_nulls,
    metadata_is_merged_and_null_removes,
    a_unique_attribute_is_bounded_text,
    an_address_changes_with_a_fresh_session,
    a_taken_address_is_refused,
    a_password_changes_with_the_current_one,
    a_new_password_takes_the_current_one_where_that_is_asked,
    a_password_change_ends_other_sessions_and_the_old_secret,
    the_same_password_is_refused,
    a_stale_session_must_prove_itself,
    a_password_that_works_once_does_not_become_one_for_good,
    an_account_can_be_deleted,
    sessions_are_listed_without_secrets,
    a_session_can_be_ended_by_its_handle,
];

const DAY: Duration = Duration::from_secs(24 * 3_600);

async fn n13_the_user_route_answers_the_user_and_renews(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.wait(2 * DAY);
    let answer = ada.get("/api/auth/user").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json()["email"], "ada@example.com");
    assert_eq!(answer.set_cookies().len(), 1);
    let stranger = app.browser().get("/api/auth/user").await;
    assert_eq!(
        (stranger.status(), stranger.error_code().as_str()),
        (401, "no_authorization")
    );
}

async fn the_session_route_answers_both_or_nulls(app: App) {
    let nobody = app.browser().get("/api/auth/session").await;
    assert_eq!(
        (nobody.status(), nobody.text()),
        (200, r#"{"session":null,"user":null}"#)
    );
    let ada = app.signed_up("ada@example.com").await;
    let answer = ada.get("/api/auth/session").await.json();
    assert_eq!(answer["user"]["email"], "ada@example.com");
    assert_eq!(answer["session"]["current"], true);
    assert_eq!(answer["session"]["aal"], "aal1");
}

async fn metadata_is_merged_and_null_removes(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    ada.put("/api/auth/user", json!({ "data": { "name": "Ada", "theme": "dark" } }))
        .await;
    let answer = ada
        .put("/api/auth/user", json!({ "data": { "theme": null, "lang": "en" } }))
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json()["user_metadata"], json!({ "name": "Ada", "lang": "en" }));
    let answer = ada
        .put(
            "/api/auth/user",
            json!({ "attributes": { "username": "ada", "credits": 5 } }),
        )
        .await;
    assert_eq!(
        answer.json()["attributes"],
        json!({ "credits": null, "username": "ada" })
    );
}

async fn a_unique_attribute_is_bounded_text(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let named = async |name: &str| {
        let change = json!({ "attributes": { "username": name } });
        ada.put("/api/auth/user", change).await
    };
    // Four bytes each, and no two alike beside each other.
    let longest: String = (0..512).filter_map(|index| char::from_u32(0x1F300 + index)).collect();
    let refused = named(&format!("{longest}!")).await;
    assert_eq!(refused.error_code(), "validation_failed");
    assert!(refused.text().contains("username"), "{}", refused.text());
    // Beside an address that counts at once, too.
    let both = json!({ "email": "lovelace@example.com", "attributes": { "username": format!("{longest}!") } });
    let refused = ada.put("/api/auth/user", both).await;
    assert_eq!(refused.error_code(), "validation_failed");
    assert_eq!(ada.get("/api/auth/user").await.json()["email"], "ada@example.com");
    assert_eq!(named(&longest).await.json()["attributes"]["username"], longest.as_str());

    let sign_up = json!({
        "email": "grace@example.com",
        "password": PASSWORD,
        "attributes": { "username": "g".repeat(100_000 / 2) },
    });
    let refused = app.browser().post("/api/auth/signup", sign_up).await;
    assert_eq!(refused.error_code(), "validation_failed");
}

async fn an_address_changes_with_a_fresh_session(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let answer = ada.put("/api/auth/user", json!({ "email": "Grace@example.com" })).await;
    assert_eq!(answer.json()["email"], "grace@example.com");
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 400);
    assert_eq!(app.browser().sign_in("grace@example.com", PASSWORD).await.status(), 200);
    let invalid = ada.put("/api/auth/user", json!({ "email": "nonsense" })).await;
    assert_eq!(
        (invalid.status(), invalid.error_code().as_str()),
        (400, "validation_failed")
    );
}

async fn a_taken_address_is_refused(app: App) {
    app.signed_up("grace@example.com").await;
    let ada = app.signed_up("ada@example.com").await;
    let answer = ada.put("/api/auth/user", json!({ "email": "grace@example.com" })).await;
    assert_eq!((answer.status(), answer.error_code().as_str()), (422, "email_exists"));
    assert_eq!(ada.get("/api/auth/user").await.json()["email"], "ada@example.com");
}

async fn a_password_changes_with_the_current_one(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.wait(Duration::from_secs(3_600));
    let wrong = json!({ "password": "a new long password", "current_password": "wrong horse" });
    let answer = ada.put("/api/auth/user", wrong).await;
    assert_eq!(
        (answer.status(), answer.error_code().as_str()),
        (400, "current_password_invalid")
    );
    let right = json!({ "password": "a new long password", "current_password": PASSWORD });
    assert_eq!(ada.put("/api/auth/user", right).await.status(), 200);
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 400);
    assert_eq!(
        app.browser()
            .sign_in("ada@example.com", "a new long password")
            .await
            .status(),
        200
    );
    assert_eq!(app.events.count(EventKind::PasswordChanged), 1);
}

/// G6.9-12.
async fn a_new_password_takes_the_current_one_where_that_is_asked(app: App) {
    let app = App::with(app.driver, |builder| {
        builder
            .passwords(crate::passwords().ask_for_current(true))
            .anonymous(true)
    })
    .await;
    let ada = app.signed_up("ada@example.com").await;
    let change = |current: &str| json!({ "password": "a new long password", "current_password": current });
    // A moment after the sign-in, and with what is no nonce.
    for body in [
        change(""),
        json!({ "password": "a new long password" }),
        json!({ "password": "a new long password", "nonce": "123456" }),
    ] {
        let answer = ada.put("/api/auth/user", body).await;
        assert_eq!(answer.refusal(), (400, "current_password_required".to_owned()));
    }
    let wrong = ada.put("/api/auth/user", change("wrong horse")).await;
    assert_eq!(wrong.refusal(), (400, "current_password_invalid".to_owned()));
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 200);
    // What is no password needs none while the session is fresh.
    let address = json!({ "email": "lovelace@example.com" });
    assert_eq!(ada.put("/api/auth/user", address).await.status(), 200);
    assert_eq!(ada.put("/api/auth/user", change(PASSWORD)).await.status(), 200);
    let again = app.browser();
    assert_eq!(
        again
            .sign_in("lovelace@example.com", "a new long password")
            .await
            .status(),
        200
    );
    // Nobody is asked for what they do not have.
    let nobody = app.browser();
    nobody.post("/api/auth/signup", json!({})).await;
    let first = json!({ "email": "grace@example.com", "password": PASSWORD });
    assert_eq!(nobody.put("/api/auth/user", first).await.status(), 200);
}

async fn a_password_change_ends_other_sessions_and_the_old_secret(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let thief = ada.copy();
    let other = app.browser();
    other.sign_in("ada@example.com", PASSWORD).await;
    let answer = ada
        .put("/api/auth/user", json!({ "password": "a new long password" }))
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(ada.get("/me").await.status(), 200);
    assert_eq!(other.get("/me").await.status(), 401);
    // A copy of the very cookie, at once and with no grace.
    assert_eq!(thief.get("/me").await.status(), 401);
}

async fn the_same_password_is_refused(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let answer = ada.put("/api/auth/user", json!({ "password": PASSWORD })).await;
    assert_eq!((answer.status(), answer.error_code().as_str()), (422, "same_password"));
    assert_eq!(
        answer.json()["msg"],
        "New password should be different from the old password."
    );
}

async fn a_stale_session_must_prove_itself(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.wait(Duration::from_secs(15 * 60) + Duration::from_millis(1));
    for body in [
        json!({ "password": "a new long password" }),
        json!({ "email": "x@example.com" }),
    ] {
        let answer = ada.put("/api/auth/user", body).await;
        assert_eq!(
            (answer.status(), answer.error_code().as_str()),
            (400, "reauthentication_needed")
        );
    }
    let answer = ada.delete("/api/auth/user", json!({})).await;
    assert_eq!(answer.refusal(), (400, "reauthentication_needed".to_owned()));
    // What is not dangerous needs no proof.
    assert_eq!(
        ada.put("/api/auth/user", json!({ "data": { "a": 1 } })).await.status(),
        200
    );
}

async fn a_password_that_works_once_does_not_become_one_for_good(app: App) {
    let user = app.auth.create_user(NewUser::without_key()).await.unwrap();
    let ticket = NewKey::single_use("ticket", "later", Duration::from_secs(600)).password("a ticket's password");
    app.auth.create_key(&user.id, ticket).await.unwrap();
    let own = NewKey::persistent("username", "ada");
    app.auth.create_key(&user.id, own).await.unwrap();
    let used = app.auth.use_key("username", "ada", None).await.unwrap();
    let issued = app.auth.create_session(&used.proof, Default::default()).await.unwrap();
    let browser = app.browser();
    browser.set_token(issued.token.expose().as_str());
    let change = json!({ "email": "ada@example.com" });
    assert_eq!(browser.put("/api/auth/user", change).await.status(), 200);
    let signed_in = app.browser().sign_in("ada@example.com", "a ticket's password").await;
    assert_eq!(signed_in.refusal(), (400, "invalid_credentials".to_owned()));
}

async fn an_account_can_be_deleted(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let id = UserId::from(ada.get("/me").await.text());
    let other = app.browser();
    other.sign_in("ada@example.com", PASSWORD).await;
    let answer = ada
        .delete("/api/auth/user", json!({ "current_password": PASSWORD }))
        .await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"));
    assert_eq!(ada.token(), None);
    assert_eq!(other.get("/me").await.status(), 401);
    assert!(app.auth.get_user(&id).await.is_err());
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 400);
    assert_eq!(app.browser().sign_up("ada@example.com", PASSWORD).await.status(), 200);
}

async fn sessions_are_listed_without_secrets(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.wait(Duration::from_secs(1));
    let phone = app.browser().from_ip("2001:db8::1");
    phone.sign_in("ada@example.com", PASSWORD).await;
    let answer = ada.get("/api/auth/sessions").await;
    let listed = answer.json()["sessions"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 2);
    assert_eq!(
        (&listed[0]["current"], &listed[1]["current"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(listed[1]["ip"], "2001:db8::1");
    assert_eq!(listed[0]["user_agent"], "Browser/1.0");
    for browser in [&ada, &phone] {
        let token = browser.token().unwrap();
        assert!(!answer.text().contains(token.split_once('.').unwrap().1));
    }
    assert_eq!(app.browser().get("/api/auth/sessions").await.status(), 401);
}

async fn a_session_can_be_ended_by_its_handle(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let phone = app.browser();
    phone.sign_in("ada@example.com", PASSWORD).await;
    let handle = |token: String| token.split_once('.').unwrap().0.to_owned();
    let path = format!("/api/auth/sessions/{}", handle(phone.token().unwrap()));
    assert_eq!(ada.delete(&path, json!({})).await.status(), 204);
    assert_eq!(phone.get("/me").await.status(), 401);
    let again = ada.delete(&path, json!({})).await;
    assert_eq!(
        (again.status(), again.error_code().as_str()),
        (404, "session_not_found")
    );
    // One's own.
    let path = format!("/api/auth/sessions/{}", handle(ada.token().unwrap()));
    assert_eq!(ada.delete(&path, json!({})).await.status(), 204);
    assert_eq!(ada.token(), None);
}

async fn a_refused_change_changes_nothing(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.signed_up("bob@example.com").await;
    let before = ada.get("/api/auth/user").await.json();
    for (change, status, word) in [
        (
            json!({ "data": { "a": 1 }, "email": "bob@example.com" }),
            422,
            "email_exists",
        ),
        (
            json!({ "data": { "a": 1 }, "attributes": { "username": "x" }, "email": "eve@example.com", "password": "short" }),
            422,
            "weak_password",
        ),
        (
            json!({ "data": { "a": 1 }, "email": "no address" }),
            400,
            "validation_failed",
        ),
        (
            json!({ "data": { "a": 1 }, "password": PASSWORD }),
            422,
            "same_password",
        ),
        (
            json!({ "data": { "a": 1 }, "password": "another horse battery", "current_password": "wrong" }),
            400,
            "current_password_invalid",
        ),
    ] {
        let answer = ada.put("/api/auth/user", change.clone()).await;
        assert_eq!(
            (answer.status(), answer.error_code().as_str()),
            (status, word),
            "{change}"
        );
        assert_eq!(ada.get("/api/auth/user").await.json(), before, "{change}");
    }
    let change = json!({ "data": { "a": 1 }, "attributes": { "username": "x" }, "email": "eve@example.com" });
    let changed = ada.put("/api/auth/user", change).await.json();
    assert_eq!(changed["email"], "eve@example.com");
    assert_eq!(
        (&changed["user_metadata"]["a"], &changed["attributes"]["username"]),
        (&json!(1), &json!("x"))
    );
    assert_eq!(app.browser().sign_in("eve@example.com", PASSWORD).await.status(), 200);
}

async fn a_password_change_that_a_store_cuts_short_leaves_no_other_session(app: App) {
    for number in 1..20 {
        let app = App::new(app.driver).await;
        let ada = app.signed_up("ada@example.com").await;
        let thief = app.browser();
        thief.sign_in("ada@example.com", PASSWORD).await;
        app.store.fail(auth_core::testing::Fault::At(number));
        let change = json!({ "password": "another horse battery", "current_password": PASSWORD });
        let answer = ada.put("/api/auth/user", change).await;
        app.store.fail(auth_core::testing::Fault::Never);
        let has_changed = app.browser().sign_in("ada@example.com", PASSWORD).await.status() != 200;
        if has_changed {
            assert_eq!(thief.get("/me").await.status(), 401, "after call {number}: {answer:?}");
        }
        if answer.status() == 200 {
            assert!(has_changed && number > 5);
            return;
        }
        assert_eq!(answer.status(), 503, "after call {number}");
    }
    panic!("it never came to an end");
}

async fn the_current_password_opens_a_locked_account_to_its_owner(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.wait(Duration::from_secs(20 * 60));
    let stranger = app.browser().from_ip("203.0.113.99");
    while stranger
        .sign_in("ada@example.com", "wrong horse battery")
        .await
        .status()
        != 429
    {}
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 429);
    let change = json!({ "password": "another horse battery", "current_password": PASSWORD });
    assert_eq!(ada.put("/api/auth/user", change).await.status(), 200);
    assert_eq!(
        app.browser()
            .sign_in("ada@example.com", "another horse battery")
            .await
            .status(),
        200
    );
    // It can be guessed no more often than a sign-in.
    app.wait(Duration::from_secs(20 * 60));
    let mut refused = 0;
    for _ in 0..20 {
        let guess = json!({ "data": {}, "password": "a third horse battery", "current_password": "wrong" });
        refused += usize::from(ada.put("/api/auth/user", guess).await.status() == 429);
    }
    assert_eq!(refused, 10);
}

/// An application where numbers count at once, as addresses do.
async fn with_numbers(app: App) -> App {
    let phone = PhoneConfig::default().confirm(false);
    let sms = auth_core::MemorySms::default();
    App::with(app.driver, |builder| builder.phone(phone).sms_sender(sms)).await
}

async fn a_new_password_opens_a_locked_number_to_its_owner(app: App) {
    let app = with_numbers(app).await;
    let ada = app.browser();
    let number = |password: &str| json!({ "phone": "+15551234567", "password": password });
    assert_eq!(ada.post("/api/auth/signup", number(PASSWORD)).await.status(), 200);
    let sign_in = async |password: &str| {
        let path = "/api/auth/token?grant_type=password";
        app.browser().post(path, number(password)).await.status()
    };
    while sign_in("wrong horse battery").await != 429 {}
    assert_eq!(sign_in(PASSWORD).await, 429);
    let change = json!({ "password": "another horse battery" });
    assert_eq!(ada.put("/api/auth/user", change).await.status(), 200);
    assert_eq!(sign_in("another horse battery").await, 200);
}

async fn two_addresses_change_together_or_not_at_all(app: App) {
    let app = with_numbers(app).await;
    let bob = json!({ "phone": "+15551234567", "password": PASSWORD });
    assert_eq!(app.browser().post("/api/auth/signup", bob).await.status(), 200);
    let ada = app.signed_up("ada@example.com").await;
    let before = ada.get("/api/auth/user").await.json();
    let taken = json!({ "email": "new@example.com", "phone": "+15551234567", "data": { "a": 1 } });
    let answer = ada.put("/api/auth/user", taken).await;
    assert_eq!((answer.status(), answer.error_code().as_str()), (422, "phone_exists"));
    assert_eq!(ada.get("/api/auth/user").await.json(), before);
    let free = json!({ "email": "new@example.com", "phone": "+15557654321", "data": { "a": 1 } });
    let changed = ada.put("/api/auth/user", free).await.json();
    assert_eq!(
        (&changed["email"], &changed["phone"], &changed["user_metadata"]["a"]),
        (&json!("new@example.com"), &json!("15557654321"), &json!(1))
    );
}
