//! Signing up with somebody else's address must not open, change or reveal their account.

use crate::{App, PASSWORD, stories};

stories![
    a_taken_address_costs_the_same_and_opens_nothing,
    a_race_for_one_address_has_one_winner,
];

async fn a_taken_address_costs_the_same_and_opens_nothing(app: App) {
    let before = app.auth.password_hashes();
    let ada = app.signed_up("ada@example.com").await;
    let honest = app.auth.password_hashes() - before;
    for email in ["ada@example.com", "ADA@example.com", " ada@Example.com "] {
        let attacker = app.browser();
        let before = app.auth.password_hashes();
        let answer = attacker.sign_up(email, "the attacker's own password").await;
        assert_eq!(
            (answer.status(), answer.error_code().as_str()),
            (422, "user_already_exists")
        );
        assert_eq!(app.auth.password_hashes() - before, honest);
        assert_eq!(answer.set_cookies(), [""; 0]);
        assert_eq!(attacker.get("/me").await.status(), 401);
    }
    assert_eq!(
        app.browser()
            .sign_in("ada@example.com", "the attacker's own password")
            .await
            .status(),
        400
    );
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 200);
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn a_race_for_one_address_has_one_winner(app: App) {
    let browsers: Vec<_> = (0..12).map(|_| app.browser()).collect();
    let requests = browsers
        .iter()
        .map(|browser| browser.sign_up("ada@example.com", PASSWORD));
    let answers = futures_util::future::join_all(requests).await;
    assert_eq!(answers.iter().filter(|answer| answer.status() == 200).count(), 1);
    assert!(answers.iter().all(|answer| [200, 422].contains(&answer.status())));
    let signed_in = browsers.iter().filter(|browser| browser.token().is_some()).count();
    assert_eq!(signed_in, 1);
}
