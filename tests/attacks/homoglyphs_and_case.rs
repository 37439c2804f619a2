//! Addresses that look like somebody else's: other letters, other cases, other spellings of a domain.

use serde_json::json;

use crate::{App, MINUTE, PASSWORD, stories};

stories![App::with_post =>
    one_address_is_one_account_however_it_is_written,
    an_address_that_only_looks_alike_is_refused_or_somebody_elses,
];

async fn one_address_is_one_account_however_it_is_written(app: App) {
    app.confirmed("ada@xn--bcher-kva.example").await;
    for written in [
        "ADA@xn--bcher-kva.example",
        "Ada@Bücher.example",
        "ada@BÜCHER.EXAMPLE",
        " ada@XN--BCHER-KVA.example\t",
    ] {
        app.mails.clear();
        assert_eq!(
            app.browser().sign_in(written, PASSWORD).await.status(),
            200,
            "{written}"
        );
        let answer = app
            .keeper()
            .post("/api/auth/recover", json!({ "email": written }))
            .await;
        assert_eq!(answer.status(), 200, "{written}");
        app.deliver().await;
        // To the stored address, never to the one that was typed.
        let sent = app.mails.sent();
        assert_eq!(sent.len(), 1, "{written}");
        assert_eq!(
            (sent[0].to.as_str(), sent[0].kind),
            ("ada@xn--bcher-kva.example", "recovery")
        );
        app.wait(MINUTE);
    }
}

async fn an_address_that_only_looks_alike_is_refused_or_somebody_elses(app: App) {
    app.confirmed("mike@example.com").await;
    let before = app
        .auth
        .get_user_by_provider_id("email", "mike@example.com")
        .await
        .unwrap();
    for written in [
        // Cyrillic і, е; Kelvin sign; dotless and dotted i; full width; zero width; right-to-left; combining marks.
        "m\u{456}ke@example.com",
        "mik\u{435}@example.com",
        "mi\u{212a}e@example.com",
        "m\u{131}ke@example.com",
        "M\u{130}KE@example.com",
        "\u{ff4d}ike@example.com",
        "mi\u{200b}ke@example.com",
        "\u{202e}mike@example.com",
        "mike\u{301}@example.com",
        "mike@ex\u{430}mple.com",
        "mike@exampl\u{435}.com",
        "mike@example\u{3002}com",
        "mike@example.com\u{200b}",
        "mike@exa\u{301}mple.com",
        "mike\u{ff20}example.com",
        "mike@example.com,eve@evil.test",
        "mike@example.com\r\nBcc: eve@evil.test",
        "<mike@example.com>",
        "eve@evil.test <mike@example.com>",
        "mike@[127.0.0.1]",
        "\"mike\"@example.com",
        "mike(comment)@example.com",
    ] {
        app.mails.clear();
        for path in ["recover", "magiclink", "signup", "otp"] {
            let body = json!({ "email": written, "password": PASSWORD });
            let answer = app.keeper().post(&format!("/api/auth/{path}"), body).await;
            assert!(
                [200, 400, 429].contains(&answer.status()),
                "{path} {written:?}: {answer:?}"
            );
        }
        app.deliver().await;
        for mail in app.mails.sent() {
            assert!(
                mail.to.is_ascii() && mail.to != "mike@example.com",
                "{written:?} reached {}",
                mail.to
            );
            assert!(!mail.to.contains("evil"), "{written:?}");
        }
        app.wait(MINUTE);
    }
    let after = app
        .auth
        .get_user_by_provider_id("email", "mike@example.com")
        .await
        .unwrap();
    assert_eq!((after.id, after.updated_at), (before.id, before.updated_at));
}
