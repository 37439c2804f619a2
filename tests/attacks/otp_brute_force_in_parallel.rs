//! Guessing codes: many at the same moment, and a few for each of many codes.

use auth_core::{EventKind, adapter::TokenAdapter};
use serde_json::json;

use crate::{App, MINUTE, stories};

stories![App::with_post =>
    five_codes_are_compared_however_many_come_at_once,
    a_new_code_gives_no_new_guesses_for_the_account,
    guesses_at_nobody_are_counted_alike,
    one_place_does_not_guess_everybodys,
];

const ADA: &str = "ada@example.com";

async fn ask(app: &App, email: &str) -> String {
    app.wait(MINUTE);
    let answer = app.keeper().post("/api/auth/otp", json!({ "email": email })).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    app.mail_to(email).await.code()
}

/// Somewhere else each time.
async fn guess(app: &App, number: usize, email: &str, code: &str) -> u16 {
    let ip = format!("198.51.{}.{}", number / 200, number % 200 + 1);
    app.keeper()
        .from_ip(&ip)
        .verify("magiclink", email, code)
        .await
        .status()
}

fn wrong(code: &str, number: usize) -> String {
    let right: usize = code.parse().unwrap();
    format!("{:06}", (right + 1 + number) % 1_000_000)
}

async fn five_codes_are_compared_however_many_come_at_once(app: App) {
    let code = ask(&app, ADA).await;
    let guesses = (0..25).map(|number| {
        let (app, wrong) = (app.clone(), wrong(&code, number));
        async move { guess(&app, number, ADA, &wrong).await }
    });
    let statuses = futures_util::future::join_all(guesses).await;
    assert!(statuses.iter().all(|status| *status == 403), "{statuses:?}");
    let user = app.auth.get_user_by_provider_id("email", ADA).await.unwrap();
    let tokens = app.store.inner().get_tokens_by_user_id(&user.id).await.unwrap();
    assert_eq!(tokens[0].attempts, 5);
    // The right one comes too late.
    assert_eq!(guess(&app, 25, ADA, &code).await, 403);
    assert!(app.events.count(EventKind::CodeRefused) > 0);
}

async fn a_new_code_gives_no_new_guesses_for_the_account(app: App) {
    let (mut refused, mut throttled) = (0, 0);
    for round in 0..8 {
        let code = ask(&app, ADA).await;
        for number in 0..5 {
            match guess(&app, round * 5 + number, ADA, &wrong(&code, number)).await {
                403 => refused += 1,
                status => {
                    assert_eq!(status, 429);
                    throttled += 1;
                }
            }
        }
    }
    assert_eq!((refused, throttled), (30, 10));
    let code = ask(&app, ADA).await;
    assert_eq!(guess(&app, 100, ADA, &code).await, 429);
    // The link still lets the owner in, and the hour passes.
    let secret = app.mail_to(ADA).await.secret();
    assert_eq!(app.keeper().verify_link("magiclink", &secret).await.status(), 200);
    app.wait(60 * MINUTE);
    let code = ask(&app, ADA).await;
    assert_eq!(guess(&app, 101, ADA, &code).await, 200);
    // A right one forgets the wrong ones.
    for round in 0..3 {
        let code = ask(&app, ADA).await;
        for number in 0..4 {
            assert_eq!(guess(&app, number, ADA, &wrong(&code, number)).await, 403, "{round}");
        }
        assert_eq!(guess(&app, 9, ADA, &code).await, 200, "{round}");
    }
}

async fn guesses_at_nobody_are_counted_alike(app: App) {
    let mut statuses = Vec::new();
    for number in 0..32 {
        statuses.push(guess(&app, number, "nobody@example.com", "123456").await);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 30);
    assert_eq!(statuses[31], 429);
}

async fn one_place_does_not_guess_everybodys(app: App) {
    let mut statuses = Vec::new();
    for number in 0..32 {
        let email = format!("u{number}@example.com");
        statuses.push(guess(&app, 7, &email, "123456").await);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 30);
    assert_eq!(statuses[31], 429);
    assert!(app.events.count(EventKind::LimitExceeded) > 0);
}
