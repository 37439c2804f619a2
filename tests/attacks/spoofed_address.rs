//! A client that says where it comes from, to slip through limits or to blame somebody else.

use std::time::Duration;

use auth_core::{Limit, Limits};

use crate::{App, stories};

stories![
    forwarded_headers_are_ignored_by_default,
    a_trusted_proxy_is_believed_and_nobody_before_it,
];

async fn forwarded_headers_are_ignored_by_default(app: App) {
    let one = Limits::default().sign_in_per_client(Limit::new(3, Duration::from_secs(60)));
    let app = App::with(app.driver, move |builder| builder.limits(one)).await;
    for number in 0..4 {
        let address = format!("198.51.100.{number}");
        let spoofing = app
            .browser()
            .with("x-forwarded-for", address.as_str())
            .with("forwarded", format!("for={address}"))
            .with("x-real-ip", address.as_str())
            .with("x-client-ip", address.as_str());
        let answer = spoofing.sign_in(&format!("u{number}@example.com"), "wrong horse").await;
        assert_eq!(answer.status(), if number < 3 { 400 } else { 429 });
    }
    assert!(
        app.events
            .events()
            .iter()
            .all(|event| event.client.ip.unwrap().to_string() == "203.0.113.7")
    );
}

async fn a_trusted_proxy_is_believed_and_nobody_before_it(app: App) {
    let app = App::with(app.driver, |builder| builder.trusted_proxy("203.0.113.0/24")).await;
    let browser = app
        .browser()
        .with("x-forwarded-for", "6.6.6.6, 198.51.100.1, 203.0.113.9");
    browser.sign_in("nobody@example.com", "wrong horse").await;
    let events = app.events.events();
    assert_eq!(events.last().unwrap().client.ip.unwrap().to_string(), "198.51.100.1");
}
