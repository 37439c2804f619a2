//! Mails with links to the attacker, made by asking with another `Host`.

use serde_json::json;

use crate::{App, MINUTE, PASSWORD, stories};

stories![App::with_post => a_mail_never_names_the_host_of_the_request,];

async fn a_mail_never_names_the_host_of_the_request(app: App) {
    let owner = app.confirmed("ada@example.com").await;
    let poisons: [&[(&str, &str)]; 6] = [
        &[("host", "evil.test")],
        &[("host", "app.example.com@evil.test")],
        &[("x-forwarded-host", "evil.test"), ("x-forwarded-proto", "http")],
        &[("forwarded", "host=evil.test;proto=http")],
        &[
            ("x-original-url", "https://evil.test/"),
            ("x-rewrite-url", "//evil.test"),
        ],
        &[("referer", "https://evil.test/"), ("x-host", "evil.test")],
    ];
    for (number, poison) in poisons.into_iter().enumerate() {
        for (route, email) in [
            ("signup", format!("new{number}@example.com")),
            ("magiclink", "ada@example.com".to_owned()),
            ("recover", "ada@example.com".to_owned()),
        ] {
            app.wait(MINUTE);
            let mut body = json!({ "email": email, "password": PASSWORD });
            body["redirect_to"] = json!("https://evil.test/");
            let mut client = app.script();
            for (name, value) in poison {
                client = client.with(name, *value);
            }
            let answer = client.post(&format!("/api/auth/{route}"), body).await;
            // A server may refuse such a request before we see it, and a page that says it is elsewhere is.
            if [400, 403].contains(&answer.status()) {
                continue;
            }
            assert_eq!(answer.status(), 200, "{poison:?} {answer:?}");
            let mail = app.mail_to(&email).await;
            assert!(!mail.text.contains("evil"), "{mail:?}");
            assert_eq!(
                mail.link().unwrap().origin().ascii_serialization(),
                "https://app.example.com"
            );
            let mails = app.mails.sent();
            assert!(mails.iter().all(|mail| !mail.html.as_ref().unwrap().contains("evil")));
        }
    }
    drop(owner);
}
