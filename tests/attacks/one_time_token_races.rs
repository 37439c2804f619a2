//! One link, one code, redeemed by many at the same moment: one gets it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{App, Client, PASSWORD, stories};

stories![App::with_post =>
    of_fifty_who_follow_a_link_one_gets_in,
    of_fifty_who_press_the_button_one_gets_in,
    of_fifty_who_type_a_code_one_gets_in,
    of_fifty_who_exchange_a_code_one_gets_in,
    of_fifty_who_use_a_nonce_one_changes_the_password,
];

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
