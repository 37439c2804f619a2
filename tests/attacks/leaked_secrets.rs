//! Passwords, tokens and hashes in logs, `Debug` output and answers.

use std::{cell::RefCell, io::Write, sync::Once};

use auth_core::{NewKey, NewUser, Password, Secret, SignUp, testing::Fault};
use serde_json::json;
use tracing_subscriber::{Layer, filter::dynamic_filter_fn, layer::SubscriberExt};

use crate::{App, PASSWORD, stories_in_process};

stories_in_process![nothing_secret_reaches_the_log, nothing_secret_is_in_answers,];

thread_local! {
    /// What is logged on this test's thread, while it listens.
    pub(crate) static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Writes to the log of the thread that speaks.
struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.as_mut().map(|log| log.extend(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One subscriber for the whole process: `tracing` remembers which call sites interest anybody, so that one that comes
/// and goes with a test misses what other tests made uninteresting.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let listening = dynamic_filter_fn(|_, _| LOG.with_borrow(Option::is_some));
        let writing = tracing_subscriber::fmt::layer().with_writer(|| Log).with_ansi(false);
        let subscriber = tracing_subscriber::registry().with(writing.with_filter(listening));
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    LOG.set(Some(Vec::new()));
}

const CANARY: &str = "canary-password-9f1c";

async fn nothing_secret_reaches_the_log(app: App) {
    listen();
    // Events to the log, as by default.
    let app = App::with(app.driver, |builder| builder.events(auth_core::TracingSink)).await;

    let browser = app.browser();
    browser.sign_up("ada@example.com", CANARY).await;
    let token = browser.token().unwrap();
    browser.sign_in("ada@example.com", &format!("{CANARY}-wrong")).await;
    browser.sign_in("ada@example.com", CANARY).await;
    let second = browser.token().unwrap();
    browser
        .send(
            "POST",
            "/api/auth/signup",
            Some("application/json"),
            &format!("{{{CANARY}"),
        )
        .await;
    app.wait(std::time::Duration::from_secs(2 * 24 * 3_600));
    browser.get("/me").await;
    let third = browser.token().unwrap();
    let change = json!({ "password": format!("{CANARY}-new"), "current_password": CANARY });
    browser.put("/api/auth/user", change).await;
    app.store.fail(Fault::Always);
    browser.get("/me").await;
    browser.sign_in("ada@example.com", CANARY).await;
    let form = format!("email=ada%40example.com&password={CANARY}");
    browser.form("/api/auth/token?grant_type=password", &form).await;

    let text = String::from_utf8(LOG.take().unwrap()).unwrap();
    assert!(
        text.contains("session_renewed") && text.contains("authn_login_fail"),
        "{text}"
    );
    assert!(text.contains("implementation details"), "the operator sees the cause");
    assert!(!text.contains("canary"), "{text}");
    for token in [token, second, third] {
        assert!(!text.contains(token.split_once('.').unwrap().1));
    }
    assert!(!text.contains("$argon2"));
    // Whose session it was can be found, by its public id.
    assert!(text.contains("ses_"));
}

async fn nothing_secret_is_in_answers(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let token = ada.token().unwrap();
    let secret = token.split_once('.').unwrap().1;
    for path in [
        "/api/auth/user",
        "/api/auth/session",
        "/api/auth/sessions",
        "/api/auth/settings",
        "/me",
        "/maybe",
    ] {
        let answer = ada.get(path).await;
        for leaked in [secret, PASSWORD, "$argon2", "digest", "hashed", "secret"] {
            assert!(!answer.text().contains(leaked), "{path} tells {leaked}");
        }
    }
}

#[tokio::test]
async fn nothing_secret_is_in_debug_output() {
    let app = App::new(crate::Driver::Core).await;
    app.auth
        .create_user(NewUser::with_password("username", "ada", PASSWORD))
        .await
        .unwrap();
    let proof = app.auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
    let issued = app.auth.create_session(&proof, Default::default()).await.unwrap();
    let exposed = issued.token.expose();
    let secret = exposed.split_once('.').unwrap().1;
    let valid = app.auth.validate_session(&issued.token).await.unwrap();
    let printed = [
        format!("{issued:?}"),
        format!("{valid:?}"),
        format!("{proof:?}"),
        format!("{:?}", app.auth),
        format!("{:?}", app.store),
        format!("{:?}", Password::new(PASSWORD)),
        format!("{:?}", Secret::new(PASSWORD)),
        format!("{:?}", SignUp::new("ada@example.com", PASSWORD)),
        format!("{:?}", NewUser::with_password("username", "ada", PASSWORD)),
        format!("{:?}", NewKey::persistent("pin", "ada").password(PASSWORD)),
        format!(
            "{:?}",
            auth_core::adapter::SessionAdapter::get_session(&app.store, &issued.session.id).await
        ),
        format!(
            "{:?}",
            auth_core::adapter::UserAdapter::get_key(&app.store, &"username:ada".into()).await
        ),
    ];
    for text in printed {
        for leaked in [secret, PASSWORD, "$argon2"] {
            assert!(!text.contains(leaked), "{text}");
        }
    }
}
