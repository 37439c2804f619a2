//! Passwords, tokens and hashes in logs, `Debug` output and answers.

use auth_core::{AntiCsrf, AuthBuilder, NewKey, NewUser, Password, Secret, SignUp, Tokens, testing::Fault};
use serde_json::json;

use crate::{Answer, App, Client, Driver, PASSWORD, Store, heard, listen, stories};

stories![nothing_secret_reaches_the_log, nothing_secret_is_in_answers,];

/// The same with access and refresh tokens, and a value against forged requests.
mod with_tokens {
    use super::*;

    stories![no_token_reaches_the_log, no_token_is_in_answers,];

    async fn no_token_reaches_the_log(app: App) {
        log_of_somebody(app.driver, with_anti_csrf).await;
    }

    async fn no_token_is_in_answers(app: App) {
        answers_to_somebody(App::with(app.driver, with_anti_csrf).await).await;
    }
}

pub(super) fn with_anti_csrf(builder: AuthBuilder) -> AuthBuilder {
    builder.sessions(Tokens::default().anti_csrf(AntiCsrf::Token))
}

/// What nobody else may learn of what a browser was given: of the cookies all but ids, times and names of keys.
fn secrets(browser: &Client, answer: &Answer) -> Vec<String> {
    let names = ["__Host-auth_session", "__Host-auth_access", "__Host-auth_refresh"];
    let cookies = names.iter().filter_map(|name| browser.cookie(name));
    let mut secrets: Vec<String> = cookies
        .flat_map(|cookie| cookie.split('.').skip(1).map(str::to_owned).collect::<Vec<_>>())
        .filter(|part| part.len() >= 43)
        .collect();
    assert!(!secrets.is_empty());
    secrets.extend(answer.header("anti-csrf").map(str::to_owned));
    secrets
}

const CANARY: &str = "canary-password-9f1c";

async fn nothing_secret_reaches_the_log(app: App) {
    log_of_somebody(app.driver, |builder| builder).await;
}

async fn log_of_somebody(driver: Driver, strategy: fn(AuthBuilder) -> AuthBuilder) {
    listen();
    // Events to the log, as by default.
    let app = App::with(driver, |builder| strategy(builder.events(auth_core::TracingSink))).await;

    let browser = app.browser();
    let mut given = Vec::new();
    let answer = browser.sign_up("ada@example.com", CANARY).await;
    given.extend(secrets(&browser, &answer));
    browser.sign_in("ada@example.com", &format!("{CANARY}-wrong")).await;
    let answer = browser.sign_in("ada@example.com", CANARY).await;
    given.extend(secrets(&browser, &answer));
    browser
        .send(
            "POST",
            "/api/auth/signup",
            Some("application/json"),
            &format!("{{{CANARY}"),
        )
        .await;
    app.wait(std::time::Duration::from_secs(2 * 24 * 3_600));
    let answer = browser.get("/me").await;
    given.extend(secrets(&browser, &answer));
    let browser = match answer.header("anti-csrf") {
        Some(value) => browser.with("anti-csrf", value),
        None => browser,
    };
    let change = json!({ "password": format!("{CANARY}-new"), "current_password": CANARY });
    let answer = browser.put("/api/auth/user", change).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    given.extend(secrets(&browser, &answer));
    // A copy of what was replaced, and something made up.
    let stranger = app.browser();
    stranger.set_cookie("__Host-auth_refresh", given.join("."));
    stranger.set_cookie("__Host-auth_marker", "x");
    stranger.get("/me").await;
    stranger.send("POST", "/api/auth/session/refresh", None, "").await;
    app.store.fail(Fault::Always);
    browser.get("/me").await;
    browser.sign_in("ada@example.com", CANARY).await;
    let form = format!("email=ada%40example.com&password={CANARY}");
    browser.form("/api/auth/token?grant_type=password", &form).await;

    let text = heard();
    assert!(
        text.contains("session_renewed") && text.contains("authn_login_fail"),
        "{text}"
    );
    assert!(text.contains("implementation details"), "the operator sees the cause");
    if let Driver::CoreOn(Store::Postgres | Store::RedisPostgres) = driver {
        assert!(
            text.contains("with parameters"),
            "what the driver tells of each statement is heard"
        );
    }
    assert!(!text.contains("canary"), "{text}");
    for secret in given {
        assert!(!text.contains(&secret), "{secret} in {text}");
    }
    assert!(!text.contains("$argon2"));
    // Whose session it was can be found, by its public id.
    assert!(text.contains("ses_"));
}

async fn nothing_secret_is_in_answers(app: App) {
    answers_to_somebody(app).await;
}

async fn answers_to_somebody(app: App) {
    let ada = app.browser();
    let answer = ada.sign_up("ada@example.com", PASSWORD).await;
    let given = secrets(&ada, &answer);
    for path in [
        "/api/auth/user",
        "/api/auth/session",
        "/api/auth/sessions",
        "/api/auth/settings",
        "/me",
        "/maybe",
    ] {
        let answer = ada.get(path).await;
        let words = [PASSWORD, "$argon2", "digest", "hashed", "secret"];
        for leaked in given.iter().map(String::as_str).chain(words) {
            assert!(!answer.text().contains(leaked), "{path} tells {leaked}");
        }
    }
    // Nor in what is refused: for its form, for its password, and because the store fails.
    let (sign_up, json) = ("/api/auth/signup", Some("application/json"));
    let mut refused = vec![
        ada.send("POST", sign_up, json, &format!("{{\"password\": \"{CANARY}\", "))
            .await,
        ada.post(sign_up, json!({ "email": "nobody", "password": CANARY }))
            .await,
        ada.sign_in("ada@example.com", CANARY).await,
    ];
    app.store.fail(Fault::Always);
    refused.push(ada.get("/me").await);
    refused.push(ada.sign_in("ada@example.com", CANARY).await);
    for answer in refused {
        assert!(answer.status() >= 400, "{answer:?}");
        for leaked in given.iter().map(String::as_str).chain([CANARY, "$argon2"]) {
            assert!(!answer.text().contains(leaked), "{answer:?} tells {leaked}");
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

#[tokio::test]
async fn no_token_is_in_debug_output() {
    let app = App::with(Driver::Core, with_anti_csrf).await;
    app.auth
        .create_user(NewUser::with_password("username", "ada", PASSWORD))
        .await
        .unwrap();
    let proof = app.auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
    let issued = app.auth.create_session(&proof, Default::default()).await.unwrap();
    let tokens = issued.tokens.clone().unwrap();
    let refreshed = app.auth.refresh_session(tokens.refresh.expose()).await.unwrap();
    let renewed = refreshed.tokens.clone().unwrap();
    let opened = app
        .auth
        .validate_access_token(renewed.access.expose(), None)
        .await
        .unwrap();
    let printed = [
        format!("{issued:?}"),
        format!("{tokens:?}"),
        format!("{refreshed:#?}"),
        format!("{opened:?}"),
        format!("{:?}", app.auth),
    ];
    assert!(printed[1].contains("[redacted]") && opened.renewed.is_some());
    for tokens in [tokens, renewed] {
        let (access, refresh) = (tokens.access.expose(), tokens.refresh.expose());
        let parts = access.split('.').skip(1).chain(refresh.split('.').skip(1));
        for secret in parts.filter(|part| part.len() >= 43).chain(tokens.anti_csrf.as_deref()) {
            for text in &printed {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
    }
}
