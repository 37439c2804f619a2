//! One link, one code, redeemed by many at the same moment: one gets it.

use auth_core::{Password, UserId};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{Answer, App, Client, MINUTE, PASSWORD, stories_of_both};

stories_of_both![App::with_post => {
    of_fifty_who_follow_a_link_one_gets_in,
    of_fifty_who_press_the_button_one_gets_in,
    of_fifty_who_type_a_code_one_gets_in,
    of_fifty_who_exchange_a_code_one_gets_in,
    of_fifty_who_use_a_nonce_one_changes_the_password,
    two_halves_of_a_change_answered_at_once_leave_no_link_behind,
    a_link_followed_while_the_password_is_changed_opens_nothing,
    a_link_followed_while_its_owner_is_banned_opens_nothing,
    a_change_answered_while_the_password_is_changed_opens_nothing,
    a_link_is_taken_by_the_act_that_stores_what_it_is_exchanged_for,
} opaque {
}];

const ADA: &str = "ada@example.com";

fn crowd(app: &App) -> Vec<Client> {
    let everybody = 0..50;
    everybody
        .map(|number| app.keeper().from_ip(&format!("198.51.100.{}", number + 1)))
        .collect()
}

async fn race(answers: impl IntoIterator<Item = impl Future<Output = u16>>) -> Vec<u16> {
    let mut statuses = futures_util::future::join_all(answers).await;
    statuses.sort_unstable();
    statuses
}

async fn of_fifty_who_follow_a_link_one_gets_in(app: App) {
    app.keeper().post("/api/auth/magiclink", json!({ "email": ADA })).await;
    let secret = app.mail_to(ADA).await.secret();
    let clients = crowd(&app);
    let answers = clients
        .iter()
        .map(|client| async { client.verify_link("magiclink", &secret).await.status() });
    let statuses = race(answers).await;
    assert_eq!((statuses[0], statuses[1]), (200, 403), "{statuses:?}");
    assert!(statuses[1..].iter().all(|status| *status == 403));
}

async fn of_fifty_who_press_the_button_one_gets_in(app: App) {
    app.browser().sign_up(ADA, PASSWORD).await;
    let mail = app.mail_to(ADA).await;
    let page = app.browser().get(&mail.path()).await;
    let browsers: Vec<_> = (0..50)
        .map(|number| app.browser().from_ip(&format!("198.51.100.{}", number + 1)))
        .collect();
    futures_util::future::join_all(browsers.iter().map(|browser| browser.press(&page))).await;
    let signed_in = browsers.iter().filter(|browser| browser.token().is_some()).count();
    assert_eq!(signed_in, 1);
}

async fn of_fifty_who_type_a_code_one_gets_in(app: App) {
    app.keeper().post("/api/auth/otp", json!({ "email": ADA })).await;
    let code = app.mail_to(ADA).await.code();
    let clients = crowd(&app);
    let answers = clients
        .iter()
        .map(|client| async { client.verify("magiclink", ADA, &code).await.status() });
    let statuses = race(answers).await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert!(
        statuses[1..].iter().all(|status| [403, 429].contains(status)),
        "{statuses:?}"
    );
}

async fn of_fifty_who_exchange_a_code_one_gets_in(app: App) {
    let verifier = "a-verifier-of-more-than-forty-three-characters-~";
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let body = json!({ "email": ADA, "code_challenge": challenge, "code_challenge_method": "s256" });
    app.keeper().post("/api/auth/magiclink", body).await;
    let code = app
        .browser()
        .follow(&app.mail_to(ADA).await)
        .await
        .target_query("code")
        .unwrap();
    let clients = crowd(&app);
    let body = json!({ "auth_code": code, "code_verifier": verifier });
    let answers = clients.iter().map(|client| async {
        client
            .post("/api/auth/token?grant_type=pkce", body.clone())
            .await
            .status()
    });
    let statuses = race(answers).await;
    assert_eq!((statuses[0], statuses[1]), (200, 404), "{statuses:?}");
    assert!(statuses[1..].iter().all(|status| *status == 404), "{statuses:?}");
}

/// Each half sees that the other has not been answered; the one that comes second must not bring the first one back.
async fn two_halves_of_a_change_answered_at_once_leave_no_link_behind(app: App) {
    const NEW: &str = "lovelace@example.com";
    let ada = app.confirmed(ADA).await;
    ada.put("/api/auth/user", json!({ "email": NEW })).await;
    let (old, new) = (app.mail_to(ADA).await.secret(), app.mail_to(NEW).await.secret());
    let held = app.store.hold_before("commit");
    let (one, two) = (app.keeper(), app.keeper());
    let (second, first) = tokio::join!(one.verify_link("email_change", &new), async {
        held.reached().await;
        let answer = two.verify_link("email_change", &old).await;
        held.release();
        answer
    });
    assert_eq!((first.status(), &first.json()["code"]), (200, &json!("200")));
    assert_eq!((second.status(), &second.json()["user"]["email"]), (200, &json!(NEW)));
    for link in [old, new] {
        assert_eq!(app.keeper().verify_link("email_change", &link).await.status(), 403);
    }
}

/// What a request is answered when something happens just before its session is written; no session is left.
async fn opens_nothing(
    app: &App,
    id: &UserId,
    request: impl Future<Output = Answer>,
    meanwhile: impl Future<Output = ()>,
) -> Answer {
    let held = app.store.hold_before("set_session");
    let (answer, ()) = tokio::join!(request, async {
        held.reached().await;
        meanwhile.await;
        held.release();
    });
    let handles = app.auth.get_all_session_handles_for_user(id).await.unwrap();
    assert_eq!(handles, []);
    answer
}

/// The change ends all sessions there are; this one is not there yet.
async fn a_link_followed_while_the_password_is_changed_opens_nothing(app: App) {
    let ada = app.confirmed(ADA).await;
    let id = UserId::from(ada.get("/api/auth/user").await.json()["id"].as_str().unwrap());
    app.keeper().post("/api/auth/magiclink", json!({ "email": ADA })).await;
    let link = app.mail_to(ADA).await.secret();
    let thief = app.keeper();
    let answer = opens_nothing(&app, &id, thief.verify_link("magiclink", &link), async {
        let password = Password::new("another password of Ada's");
        app.auth.update_user_password(&id, Some(password)).await.unwrap();
    });
    assert_eq!(answer.await.refusal(), (403, "otp_expired".to_owned()));
}

async fn a_link_followed_while_its_owner_is_banned_opens_nothing(app: App) {
    let ada = app.confirmed(ADA).await;
    let id = UserId::from(ada.get("/me").await.text());
    app.keeper().post("/api/auth/magiclink", json!({ "email": ADA })).await;
    let link = app.mail_to(ADA).await.secret();
    let banned = app.keeper();
    let answer = opens_nothing(&app, &id, banned.verify_link("magiclink", &link), async {
        app.auth.ban_user(&id, Some(app.now() + 10 * MINUTE)).await.unwrap();
    });
    assert_eq!(answer.await.refusal(), (400, "user_banned".to_owned()));
}

async fn a_change_answered_while_the_password_is_changed_opens_nothing(app: App) {
    let ada = app.confirmed(ADA).await;
    let id = UserId::from(ada.get("/me").await.text());
    ada.put("/api/auth/user", json!({ "phone": "15551234567" })).await;
    let code = app.text_to("15551234567").await.code();
    let thief = ada.copy();
    let answer = opens_nothing(&app, &id, thief.verify("phone_change", "15551234567", &code), async {
        app.wait(MINUTE);
        let password = Password::new("another password of Ada's");
        app.auth.update_user_password(&id, Some(password)).await.unwrap();
    });
    assert_eq!(answer.await.refusal(), (403, "otp_expired".to_owned()));
}

/// A crash between the two would cost the link.
async fn a_link_is_taken_by_the_act_that_stores_what_it_is_exchanged_for(app: App) {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(b"a-verifier"));
    let body = json!({ "email": ADA, "code_challenge": challenge, "code_challenge_method": "s256" });
    app.keeper().post("/api/auth/magiclink", body).await;
    let mail = app.mail_to(ADA).await;
    app.store.forget_calls();
    let answer = app.browser().follow(&mail).await;
    assert!(answer.target_query("code").is_some(), "{answer:?}");
    assert_eq!(app.store.count_calls("commit"), 1);
}

async fn of_fifty_who_use_a_nonce_one_changes_the_password(app: App) {
    let ada = app.confirmed(ADA).await;
    app.wait(std::time::Duration::from_secs(3_600));
    ada.post("/api/auth/reauthenticate", json!({})).await;
    let nonce = app.mail_to(ADA).await.code();
    let tabs: Vec<_> = (0..50).map(|_| ada.copy()).collect();
    let answers = tabs.iter().enumerate().map(|(number, tab)| {
        let change = json!({ "password": format!("another password, number {number}"), "nonce": nonce });
        async move { tab.put("/api/auth/user", change).await.status() }
    });
    let statuses = race(answers).await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
}
