//! Finding out who has an account by asking for mails: by status, body, headers, hashes, what the store is asked, or the clock.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use auth_core::{JsonObject, Limit, Limits, NewUser};
use serde_json::{Value, json};

use super::slow_mailer::Slow;
use crate::{App, Client, Driver, MINUTE, PASSWORD, stories};

stories![opened =>
    every_route_that_takes_an_address_answers_alike,
    a_change_to_any_address_is_answered_alike,
    being_throttled_is_alike_as_well,
    numbers_are_no_different,
    a_change_to_any_number_is_answered_alike,
];

const WRONG: &str = "the wrong horse battery";
const STATES: [&str; 7] = [
    "confirmed",
    "unconfirmed",
    "passwordless",
    "banned",
    "changing",
    "invited",
    "unknown",
];

/// Limits that leave these tests alone.
async fn opened(driver: Driver) -> App {
    App::with_post_and(driver, |builder| builder.limits(generous())).await
}

fn generous() -> Limits {
    let any = Limit::new(100_000, Duration::from_secs(60));
    Limits::default()
        .messages_per_client(any)
        .text_messages_per_client(any)
        .text_messages_per_hour(None)
        .codes_per_client(any)
        .codes_per_account(Limit::new(100, Duration::from_secs(60)))
        .sign_in_per_account(Limit::new(100, Duration::from_secs(60)))
        .sign_up_per_account(any)
        .sign_up_per_client(any)
        .sign_in_per_client(any)
}

/// Accounts in every state, afresh; the unknown one is not made.
async fn people(app: &App, round: usize) -> BTreeMap<&'static str, String> {
    let addresses: BTreeMap<_, _> = STATES
        .map(|state| (state, format!("{state}-{round}@example.com")))
        .into();
    make_accounts(app, "email", &addresses).await;
    let invited = addresses["invited"].as_str();
    app.auth
        .invite_user_by_email(invited, JsonObject::new(), None)
        .await
        .unwrap();
    // Whoever was invited has just had a mail.
    app.wait(MINUTE);
    addresses
}

/// An account in every state that an address and a number can be in.
async fn make_accounts(app: &App, provider: &str, addresses: &BTreeMap<&'static str, String>) {
    let make = |new: NewUser| app.auth.create_user(new);
    let with_password = |state: &str| NewUser::with_password(provider, addresses[state].as_str(), PASSWORD);
    make(with_password("confirmed").confirmed(true)).await.unwrap();
    make(with_password("unconfirmed")).await.unwrap();
    make(NewUser::with_key(provider, addresses["passwordless"].as_str()).confirmed(true))
        .await
        .unwrap();
    let banned = make(with_password("banned").confirmed(true)).await.unwrap();
    app.auth
        .ban_user(&banned.id, Some(app.now() + 10_000 * MINUTE))
        .await
        .unwrap();
    make(with_password("changing").confirmed(true)).await.unwrap();
    let (browser, present) = (app.browser(), addresses["changing"].as_str());
    let sign_in = json!({ provider: present, "password": PASSWORD });
    browser.post("/api/auth/token?grant_type=password", sign_in).await;
    let next = if provider == "email" {
        format!("next-{present}")
    } else {
        format!("{present}9")
    };
    let change = browser.put("/api/auth/user", json!({ provider: next })).await;
    assert_eq!(change.status(), 200, "{change:?}");
    // It has just been written to.
    app.wait(MINUTE);
}

/// Path and body of a request about an address or number.
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

const ROUTES_OF_NUMBERS: [(&str, Ask); 8] = [
    ("signup", |number| {
        ("/api/auth/signup", json!({ "phone": number, "password": WRONG }))
    }),
    ("token", |number| {
        (
            "/api/auth/token?grant_type=password",
            json!({ "phone": number, "password": WRONG }),
        )
    }),
    ("otp", |number| ("/api/auth/otp", json!({ "phone": number }))),
    ("otp, nobody made", |number| {
        ("/api/auth/otp", json!({ "phone": number, "create_user": false }))
    }),
    ("resend", |number| {
        ("/api/auth/resend", json!({ "type": "sms", "phone": number }))
    }),
    ("resend a change", |number| {
        ("/api/auth/resend", json!({ "type": "phone_change", "phone": number }))
    }),
    ("verify", |number| {
        (
            "/api/auth/verify",
            json!({ "type": "sms", "phone": number, "token": "123456" }),
        )
    }),
    ("verify a change", |number| {
        (
            "/api/auth/verify",
            json!({ "type": "phone_change", "phone": number, "token": "123456" }),
        )
    }),
];

/// What somebody who is signed in sends with `PUT`.
const CHANGE: Ask = |email| ("/api/auth/user", json!({ "email": email }));
const CHANGE_OF_NUMBER: Ask = |number| ("/api/auth/user", json!({ "phone": number }));

/// Somebody who has just signed in, and asks about others.
async fn somebody(app: &App) -> Client {
    const EMAIL: &str = "curious@example.com";
    let known = app.auth.get_user_by_provider_id("email", EMAIL).await.is_ok();
    if !known {
        let new = NewUser::with_password("email", EMAIL, PASSWORD).confirmed(true);
        app.auth.create_user(new).await.unwrap();
    }
    let browser = app.browser();
    assert_eq!(browser.sign_in(EMAIL, PASSWORD).await.status(), 200);
    browser
}

/// All that could tell, but for the time.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    essence: (u16, String, Vec<(String, String)>),
    hashes: u64,
    calls: Vec<&'static str>,
}

async fn told(client: &Client, ask: Ask, email: &str) -> Told {
    told_by(client, "POST", ask, email).await
}

async fn told_by(client: &Client, method: &str, ask: Ask, email: &str) -> Told {
    let app = &client.app;
    // Nobody else asks the store meanwhile.
    app.deliver().await;
    let hashes = app.auth.password_hashes();
    app.store.forget_calls();
    let (path, body) = ask(email);
    let answer = client.json(method, path, body).await;
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
    let (status, body, mut headers) = answer.essence();
    for (_, value) in headers.iter_mut().filter(|(name, _)| name == "set-cookie") {
        // As late as the request was.
        value.truncate(value.find("; Expires=").unwrap_or(value.len()));
    }
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
            let first = first.get_or_insert_with(|| told.clone());
            assert_eq!(&told, first, "{route}: {state} is told apart");
        }
    }
}

async fn a_change_to_any_address_is_answered_alike(app: App) {
    let addresses = people(&app, 0).await;
    changes_are_alike(&app, CHANGE, "nobody-0@example.com", &addresses).await;
}

/// The first change of all is another than the next, whoever has the address.
async fn changes_are_alike(app: &App, ask: Ask, nobody: &str, addresses: &BTreeMap<&str, String>) {
    told_by(&somebody(app).await, "PUT", ask, nobody).await;
    let mut first: Option<Told> = None;
    for (state, address) in addresses {
        app.wait(MINUTE);
        let told = told_by(&somebody(app).await, "PUT", ask, address).await;
        assert_eq!(told.essence.0, 200, "{state}: {told:?}");
        let first = first.get_or_insert_with(|| told.clone());
        assert_eq!(&told, first, "{state} is told apart");
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

/// Numbers in every state, afresh; nobody is invited to one.
async fn numbers(app: &App, round: usize) -> BTreeMap<&'static str, String> {
    let states = [
        "confirmed",
        "unconfirmed",
        "passwordless",
        "banned",
        "changing",
        "unknown",
    ];
    let numbers: BTreeMap<_, _> = (0_usize..)
        .zip(states)
        .map(|(index, state)| (state, format!("1555{round:03}{index:04}")))
        .collect();
    make_accounts(app, "phone", &numbers).await;
    numbers
}

async fn numbers_are_no_different(app: App) {
    for (round, (route, ask)) in ROUTES_OF_NUMBERS.into_iter().enumerate() {
        let mut first: Option<Told> = None;
        for (state, number) in numbers(&app, round).await {
            let told = told(&app.browser(), ask, &number).await;
            assert!(told.essence.0 < 500, "{route} {state}: {told:?}");
            let first = first.get_or_insert_with(|| told.clone());
            assert_eq!(&told, first, "{route}: {state} is told apart");
        }
        app.wait(MINUTE);
    }
}

async fn a_change_to_any_number_is_answered_alike(app: App) {
    let numbers = numbers(&app, 0).await;
    changes_are_alike(&app, CHANGE_OF_NUMBER, "15559990000", &numbers).await;
}

/// With a mailer that takes five seconds.
#[tokio::test]
async fn the_clock_tells_nothing() {
    let app = App::with(Driver::Core, |builder| {
        builder.limits(generous()).mailer(Slow::default())
    })
    .await;
    let routes = ROUTES.into_iter().map(|(route, ask)| (route, "POST", ask));
    let routes = routes.chain([("change", "PUT", CHANGE)]);
    for (round, route) in routes.enumerate() {
        let addresses = people(&app, round).await;
        let unknown = |turn| format!("unknown-{round}-{turn}@example.com");
        assert_equally_fast(&app, route, &addresses, unknown).await;
    }
}

/// With somebody who takes five seconds to send a text message.
#[tokio::test]
async fn the_clock_tells_nothing_of_numbers() {
    let app = App::with(Driver::Core, |builder| {
        builder.limits(generous()).sms_sender(Slow::default())
    })
    .await;
    let routes = ROUTES_OF_NUMBERS.into_iter().map(|(route, ask)| (route, "POST", ask));
    let routes = routes.chain([("change", "PUT", CHANGE_OF_NUMBER)]);
    for (round, route) in routes.enumerate() {
        let numbers = numbers(&app, round).await;
        let unknown = |turn| format!("1556{round:03}{turn:04}");
        assert_equally_fast(&app, route, &numbers, unknown).await;
    }
}

/// The fastest of several, because noise only ever adds. Whoever is unknown must stay so: they are another each time.
async fn assert_equally_fast(
    app: &App,
    (route, method, ask): (&str, &str, Ask),
    accounts: &BTreeMap<&'static str, String>,
    unknown: impl Fn(usize) -> String,
) {
    let mut fastest: BTreeMap<_, _> = accounts.keys().map(|state| (*state, Duration::MAX)).collect();
    for turn in 0..6 {
        app.wait(MINUTE);
        for (state, account) in accounts {
            let account = match *state {
                "unknown" => unknown(turn),
                _ => account.clone(),
            };
            let client = match method {
                "PUT" => {
                    // Whose change it is has just had a mail.
                    app.wait(MINUTE);
                    somebody(app).await
                }
                _ => app.browser(),
            };
            let (path, body) = ask(&account);
            let begun = Instant::now();
            let answer = client.json(method, path, body).await;
            let took = begun.elapsed();
            assert_ne!(answer.status(), 429, "{route} {state}: nothing would be measured");
            let fastest = fastest.get_mut(state).unwrap();
            *fastest = took.min(*fastest);
        }
    }
    let (least, most) = (fastest.values().min().unwrap(), fastest.values().max().unwrap());
    assert!(*most < *least * 2 + Duration::from_millis(5), "{route}: {fastest:?}");
}
