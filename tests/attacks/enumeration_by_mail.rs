//! Finding out who has an account by asking for mails: by status, body, headers, hashes, what the store is asked, or the clock.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use auth_core::{Limit, Limits, NewUser};
use serde_json::{Value, json};

use crate::{App, Client, Driver, MINUTE, PASSWORD, stories};

stories![opened =>
    every_route_that_takes_an_address_answers_alike,
    being_throttled_is_alike_as_well,
    numbers_are_no_different,
];

const WRONG: &str = "the wrong horse battery";
const STATES: [&str; 5] = ["confirmed", "unconfirmed", "passwordless", "banned", "unknown"];

/// A mailer that takes its time, and limits that leave this test alone.
async fn opened(driver: Driver) -> App {
    let any = Limit::new(100_000, Duration::from_secs(60));
    let limits = Limits::default()
        .messages_per_client(any)
        .codes_per_client(any)
        .codes_per_account(Limit::new(100, Duration::from_secs(60)))
        .sign_in_per_account(Limit::new(100, Duration::from_secs(60)))
        .sign_up_per_account(any)
        .sign_up_per_client(any);
    App::with_post_and(driver, |builder| builder.limits(limits)).await
}

/// Accounts in every state, afresh; the unknown one is not made.
async fn people(app: &App, round: usize) -> BTreeMap<&'static str, String> {
    let addresses: BTreeMap<_, _> = STATES
        .map(|state| (state, format!("{state}-{round}@example.com")))
        .into();
    let make = |new: NewUser| app.auth.create_user(new);
    let with_password = |state: &str| NewUser::with_password("email", addresses[state].as_str(), PASSWORD);
    make(with_password("confirmed").confirmed(true)).await.unwrap();
    make(with_password("unconfirmed")).await.unwrap();
    make(NewUser::with_key("email", addresses["passwordless"].as_str()).confirmed(true))
        .await
        .unwrap();
    let banned = make(with_password("banned").confirmed(true)).await.unwrap();
    app.auth
        .ban_user(&banned.id, Some(app.now() + 10_000 * MINUTE))
        .await
        .unwrap();
    addresses
}

type Ask = fn(&str) -> (&'static str, Value);

const ROUTES: [(&str, Ask); 10] = [
    ("signup", |email| {
        (
            "/api/auth/signup",
            json!({ "email": email, "password": WRONG, "data": { "a": 1 } }),
        )
    }),
    ("token", |email| {
        (
            "/api/auth/token?grant_type=password",
            json!({ "email": email, "password": WRONG }),
        )
    }),
    ("otp", |email| ("/api/auth/otp", json!({ "email": email }))),
    ("otp, nobody made", |email| {
        ("/api/auth/otp", json!({ "email": email, "create_user": false }))
    }),
    ("magiclink", |email| ("/api/auth/magiclink", json!({ "email": email }))),
    ("recover", |email| ("/api/auth/recover", json!({ "email": email }))),
    ("resend", |email| {
        ("/api/auth/resend", json!({ "type": "signup", "email": email }))
    }),
    ("resend a change", |email| {
        ("/api/auth/resend", json!({ "type": "email_change", "email": email }))
    }),
    ("verify", |email| {
        (
            "/api/auth/verify",
            json!({ "type": "email", "email": email, "token": "123456" }),
        )
    }),
    ("verify a change", |email| {
        (
            "/api/auth/verify",
            json!({ "type": "email_change", "email": email, "token": "123456" }),
        )
    }),
];

/// All that could tell, but for the time.
#[derive(Debug, PartialEq)]
struct Told {
    essence: (u16, String, Vec<(String, String)>),
    hashes: u64,
    calls: Vec<&'static str>,
}

async fn told(client: &Client, ask: Ask, email: &str) -> Told {
    let app = &client.app;
    // Nobody else asks the store meanwhile.
    app.deliver().await;
    let hashes = app.auth.password_hashes();
    app.store.forget_calls();
    let (path, body) = ask(email);
    let answer = client.post(path, body).await;
    let ours = |call: &&str| {
        ![
            "lease_messages",
            "delete_message",
            "next_message_due",
            "postpone_message",
        ]
        .contains(call)
    };
    let calls = app.store.calls().into_iter().filter(ours).collect();
    let (status, body, headers) = answer.essence();
    Told {
        essence: (status, masked(&body, email), headers),
        hashes: app.auth.password_hashes() - hashes,
        calls,
    }
}

/// The body without the address, and without what is another for everybody.
fn masked(body: &str, email: &str) -> String {
    fn mask(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    if ["id", "user_id"].contains(&name.as_str()) {
                        *value = json!(value.as_str().map(str::len));
                    }
                    mask(value);
                }
            }
            Value::Array(values) => values.iter_mut().for_each(mask),
            Value::String(text) if text.starts_with("2026-") => *text = "now".to_owned(),
            _ => {}
        }
    }
    let mut value: Value = serde_json::from_str(&body.replace(email, "somebody@example.com")).unwrap();
    mask(&mut value);
    value.to_string()
}

async fn every_route_that_takes_an_address_answers_alike(app: App) {
    for (round, (route, ask)) in ROUTES.into_iter().enumerate() {
        let addresses = people(&app, round).await;
        let mut first: Option<Told> = None;
        for state in STATES {
            let told = told(&app.browser(), ask, &addresses[state]).await;
            assert!(told.essence.0 < 500, "{route} {state}: {told:?}");
            let first = first.get_or_insert(told_again(&told));
            assert_eq!(&told, first, "{route}: {state} is told apart");
        }
    }
}

fn told_again(told: &Told) -> Told {
    Told {
        essence: told.essence.clone(),
        hashes: told.hashes,
        calls: told.calls.clone(),
    }
}

async fn being_throttled_is_alike_as_well(app: App) {
    for (round, (route, ask)) in ROUTES.into_iter().enumerate() {
        if ["token", "verify", "verify a change"].contains(&route) {
            continue;
        }
        let addresses = people(&app, round).await;
        let mut all = Vec::new();
        for state in STATES {
            told(&app.browser(), ask, &addresses[state]).await;
            let told = told(&app.browser(), ask, &addresses[state]).await;
            assert_eq!(told.essence.0, 429, "{route} {state}");
            all.push(told);
        }
        assert!(all.iter().all(|told| *told == all[0]), "{route}: {all:?}");
    }
}

async fn numbers_are_no_different(app: App) {
    let known = "15550001111";
    let new = NewUser::with_password("phone", known, PASSWORD).confirmed(true);
    app.auth.create_user(new).await.unwrap();
    let routes: [Ask; 5] = [
        |number| ("/api/auth/signup", json!({ "phone": number, "password": WRONG })),
        |number| ("/api/auth/otp", json!({ "phone": number })),
        |number| ("/api/auth/resend", json!({ "type": "sms", "phone": number })),
        |number| {
            (
                "/api/auth/verify",
                json!({ "type": "sms", "phone": number, "token": "123456" }),
            )
        },
        |number| {
            (
                "/api/auth/verify",
                json!({ "type": "phone_change", "phone": number, "token": "123456" }),
            )
        },
    ];
    for (round, ask) in routes.into_iter().enumerate() {
        let unknown = format!("1555000222{round}");
        let told = [
            told(&app.browser(), ask, known).await,
            told(&app.browser(), ask, &unknown).await,
        ];
        assert_eq!(
            (told[0].essence.0, told[0].hashes, &told[0].calls),
            (told[1].essence.0, told[1].hashes, &told[1].calls)
        );
        app.wait(MINUTE);
    }
}

/// The fastest of several, because noise only ever adds.
#[tokio::test]
async fn the_clock_tells_nothing() {
    let app = opened(Driver::Core).await;
    for (round, (route, ask)) in ROUTES.into_iter().enumerate() {
        let addresses = people(&app, round).await;
        let mut fastest = BTreeMap::from(STATES.map(|state| (state, Duration::MAX)));
        for _ in 0..6 {
            app.wait(MINUTE);
            for state in STATES {
                // Whoever is unknown must stay so.
                let email = match state {
                    "unknown" => format!("unknown-{round}-{}@example.com", app.now().as_unix_ms()),
                    _ => addresses[state].clone(),
                };
                app.deliver().await;
                let (path, body) = ask(&email);
                let browser = app.browser();
                let begun = Instant::now();
                browser.post(path, body).await;
                let took = begun.elapsed();
                let fastest = fastest.get_mut(state).unwrap();
                *fastest = took.min(*fastest);
            }
        }
        let (least, most) = (fastest.values().min().unwrap(), fastest.values().max().unwrap());
        assert!(*most < *least * 2 + Duration::from_millis(5), "{route}: {fastest:?}");
    }
}
