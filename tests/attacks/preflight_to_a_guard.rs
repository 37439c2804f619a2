//! A request that calls itself a preflight and brings nothing: a guard answers it, no handler behind it runs.

use crate::{App, stories};

stories![
    a_preflight_reaches_no_handler_behind_a_guard,
    any_other_options_must_meet_the_guard,
];

const GUARDED: [&str; 4] = ["/guarded", "/fresh", "/checked", "/lenient"];

async fn a_preflight_reaches_no_handler_behind_a_guard(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.store.forget_calls();
    for path in GUARDED {
        for client in [app.script(), ada.copy()] {
            let ask = client.with("access-control-request-method", "PUT");
            let answer = ask
                .with("origin", "https://admin.example.com")
                .send("OPTIONS", path, None, "")
                .await;
            assert_eq!((answer.status(), answer.text()), (204, ""), "{path}");
            assert_eq!(
                answer.header("access-control-allow-origin"),
                Some("https://admin.example.com")
            );
            assert_eq!(answer.header("access-control-allow-methods"), Some("PUT"));
        }
        for (origin, method) in [
            ("https://evil.test", "PUT"),
            ("null", "PUT"),
            ("https://admin.example.com", "no method"),
        ] {
            let ask = app.script().with("origin", origin);
            let ask = ask.with("access-control-request-method", method);
            let answer = ask.send("OPTIONS", path, None, "").await;
            assert_eq!((answer.status(), answer.text()), (204, ""), "{path} {origin}");
            for name in ["origin", "methods", "headers", "credentials"] {
                let name = format!("access-control-allow-{name}");
                assert_eq!(answer.header(&name), None, "{path} {origin} {method}");
            }
        }
    }
    assert_eq!(app.store.calls(), [""; 0]);
}

async fn any_other_options_must_meet_the_guard(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    for path in GUARDED {
        let expected = if path == "/lenient" { 200 } else { 401 };
        let no_origin = app.script().with("access-control-request-method", "GET");
        let no_method = app.script().with("origin", "https://admin.example.com");
        for client in [app.script(), no_origin, no_method] {
            let answer = client.send("OPTIONS", path, None, "").await;
            assert_eq!(answer.status(), expected, "{path}");
        }
    }
    // A handler that takes any method takes this one, from whoever may call it.
    let answer = ada.send("OPTIONS", "/checked", None, "").await;
    assert_eq!((answer.status(), answer.text()), (200, "checked"));
}
