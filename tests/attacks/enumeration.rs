//! Finding out who has an account, by status, body, headers or the work that is done.

use auth_core::{NewKey, NewUser, Timestamp, UserId};

use crate::{App, PASSWORD, stories};

stories![
    every_failed_sign_in_is_the_same_answer_after_the_same_work,
    a_ban_shows_only_after_the_right_password,
    other_peoples_handles_are_as_unknown_as_none,
];

async fn every_failed_sign_in_is_the_same_answer_after_the_same_work(app: App) {
    app.signed_up("ada@example.com").await;
    app.auth
        .create_user(NewUser::with_key("email", "social@example.com"))
        .await
        .unwrap();
    let banned = app
        .auth
        .create_user(NewUser::with_password("email", "banned@example.com", PASSWORD))
        .await
        .unwrap();
    app.auth
        .ban_user(&banned.id, Some(Timestamp::from_unix_ms(i64::MAX)))
        .await
        .unwrap();
    let linked = app.auth.create_user(NewUser::with_key("github", "1")).await.unwrap();
    let key = NewKey::persistent("email", "linked@example.com").password(PASSWORD);
    app.auth.create_key(&linked.id, key).await.unwrap();

    let mut answers = Vec::new();
    for email in ["ada", "nobody", "social", "banned", "linked"] {
        let before = app.auth.password_hashes();
        let answer = app
            .browser()
            .sign_in(&format!("{email}@example.com"), "wrong horse")
            .await;
        assert_eq!(app.auth.password_hashes() - before, 1, "{email}");
        answers.push(answer.essence());
    }
    assert_eq!(answers[0].0, 400);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

async fn a_ban_shows_only_after_the_right_password(app: App) {
    let browser = app.signed_up("ada@example.com").await;
    let id = UserId::from(browser.get("/me").await.text());
    app.auth
        .ban_user(&id, Some(Timestamp::from_unix_ms(i64::MAX)))
        .await
        .unwrap();
    let wrong = app.browser().sign_in("ada@example.com", "wrong horse").await;
    assert_eq!(wrong.error_code(), "invalid_credentials");
    let right = app.browser().sign_in("ada@example.com", PASSWORD).await;
    assert_eq!((right.status(), right.error_code().as_str()), (400, "user_banned"));
    assert_eq!(right.set_cookies(), [""; 0]);
}

async fn other_peoples_handles_are_as_unknown_as_none(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let grace = app.signed_up("grace@example.com").await;
    let handle = grace.token().unwrap().split_once('.').unwrap().0.to_owned();
    let others = ada
        .delete(&format!("/api/auth/sessions/{handle}"), serde_json::json!({}))
        .await;
    let nobodys = ada.delete("/api/auth/sessions/ses_nobody", serde_json::json!({})).await;
    assert_eq!(others.essence(), nobodys.essence());
    assert_eq!(grace.get("/me").await.status(), 200);
}
