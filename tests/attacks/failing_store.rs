//! A store that fails at the n-th call, for every n: an error that says nothing, no cookie touched, nothing half done.

use auth_core::{KeyId, Tokens, adapter::UserAdapter, testing::Fault};
use serde_json::json;

use auth_tests::{Answer, Setup};

use crate::{App, Client, PASSWORD, heard, listen, stories_on_memory};

// What fails stands before the store, whichever that is. Servers that fail are the business of `adapters/fault_tests`.
stories_on_memory![
    a_failure_at_any_call_is_503_and_clears_no_cookie,
    under_tokens_a_failure_at_any_call_is_503_and_clears_no_cookie,
    a_failed_sign_up_leaves_all_or_nothing,
    a_failure_tells_no_details,
    a_failure_behind_a_form_is_logged_and_found_by_its_id,
];

/// Does one of the acts, the one called "end" to this session.
async fn act(client: &Client, act: &str, session: &str) -> Answer {
    match act {
        "sign up" => client.sign_up("new@example.com", PASSWORD).await,
        "sign in" => client.sign_in("ada@example.com", PASSWORD).await,
        "user" => client.get("/api/auth/user").await,
        "session" => client.get("/api/auth/session").await,
        "sessions" => client.get("/api/auth/sessions").await,
        "change" => {
            client
                .put(
                    "/api/auth/user",
                    json!({ "data": { "a": 1 }, "email": "b@example.com" }),
                )
                .await
        }
        "password" => {
            client
                .put("/api/auth/user", json!({ "password": "a new long password" }))
                .await
        }
        "logout" => client.post("/api/auth/logout", json!({})).await,
        "logout everywhere" => client.post("/api/auth/logout?scope=global", json!({})).await,
        "end" => client.delete(&format!("/api/auth/sessions/{session}"), json!({})).await,
        "refresh" => client.send("POST", "/api/auth/session/refresh", None, "").await,
        "signout" => client.post("/api/auth/signout?scope=others", json!({})).await,
        "delete" => client.delete("/api/auth/user", json!({})).await,
        "me" => client.get("/me").await,
        _ => client.get("/many").await,
    }
}

const ACTS: [&str; 14] = [
    "sign up",
    "sign in",
    "user",
    "session",
    "sessions",
    "change",
    "password",
    "logout",
    "logout everywhere",
    "end",
    "signout",
    "delete",
    "me",
    "many",
];

async fn a_failure_at_any_call_is_503_and_clears_no_cookie(app: App) {
    fails_at_any_call(&app, |builder| builder, &ACTS, &[false, true]).await;
}

/// Where the store is asked each time; an access token that is over is refused without it.
async fn under_tokens_a_failure_at_any_call_is_503_and_clears_no_cookie(app: App) {
    let tokens: Setup = |builder| builder.sessions(Tokens::default().check_store(true));
    fails_at_any_call(&app, tokens, &ACTS, &[false]).await;
    fails_at_any_call(&app, tokens, &["refresh"], &[false, true]).await;
}

/// Does each of these acts, at once or after two days, while another call of the store fails each time.
async fn fails_at_any_call(app: &App, strategy: Setup, acts: &[&str], idle: &[bool]) {
    for &name in acts {
        let ends = ["logout", "logout everywhere", "end", "delete"].contains(&name);
        for &idle in idle {
            // Until the act needs fewer calls than this.
            for call in 1.. {
                assert!(call < 30, "{name} never ends");
                let app = App::with(app.driver, strategy).await;
                let ada = app.signed_up("ada@example.com").await;
                let session = ada.get("/api/auth/session").await.json()["session"]["id"].clone();
                if idle && !["change", "password", "delete"].contains(&name) {
                    app.wait(std::time::Duration::from_secs(2 * 24 * 3_600));
                }
                app.store.forget_calls();
                app.store.fail(Fault::At(call));
                let answer = act(&ada, name, session.as_str().unwrap()).await;
                app.store.fail(Fault::Never);
                if app.store.calls().len() < call {
                    assert!(answer.status.is_success(), "{name} {answer:?}");
                    break;
                }
                let calls = app.store.calls();
                if ["clear_attempts", "delete_expired_sessions"].contains(&calls[call - 1]) {
                    // Tidying up is not what was asked for: what is not forgotten ends with its window.
                    assert_eq!(answer.status(), 200, "{name} at call {call} of {calls:?}");
                    assert_eq!(ada.get("/me").await.status(), 200);
                    continue;
                }
                let is_of_keys = ["get_signing_keys", "set_signing_key"].contains(&calls[call - 1]);
                if name == "refresh" && is_of_keys && answer.status() == 200 {
                    // The next key can wait: the one that is known signs on while it may.
                    assert_eq!(ada.get("/me").await.status(), 200);
                    continue;
                }
                assert_eq!(answer.status(), 503, "{name} at call {call} of {calls:?}: {answer:?}");
                assert!(
                    answer.set_cookies().iter().all(|cookie| !cookie.contains("Max-Age=0")),
                    "{name} at call {call} clears a cookie"
                );
                if !ends {
                    assert!(ada.token().is_some());
                }
                if !ends && !["sign in", "sign up"].contains(&name) {
                    if name == "refresh" {
                        assert_eq!(act(&ada, name, "").await.status(), 200, "{calls:?}");
                    }
                    assert_eq!(
                        ada.get("/me").await.status(),
                        200,
                        "{name} at call {call} signed somebody out"
                    );
                }
            }
        }
    }
}

async fn a_failed_sign_up_leaves_all_or_nothing(app: App) {
    for fault in (1..8).flat_map(|call| [Fault::At(call), Fault::AfterwardsAt(call)]) {
        let app = App::new(app.driver).await;
        app.store.fail(fault);
        let answer = app.browser().sign_up("ada@example.com", PASSWORD).await;
        app.store.fail(Fault::Never);
        let key = app.store.get_key(&KeyId::from("email:ada@example.com")).await.unwrap();
        let user = match &key {
            Some(key) => app.store.get_user(&key.user_id).await.unwrap(),
            None => None,
        };
        assert_eq!(key.is_some(), user.is_some(), "{fault:?} left half a user");
        // Whoever got an error can go on: signing in if the account is there, signing up if it is not.
        let again = if key.is_some() {
            app.browser().sign_in("ada@example.com", PASSWORD).await
        } else {
            app.browser().sign_up("ada@example.com", PASSWORD).await
        };
        assert_eq!(again.status(), 200, "{fault:?} {answer:?}");
    }
}

async fn a_failure_tells_no_details(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.store.fail(Fault::Always);
    for path in ["/me", "/maybe", "/api/auth/user", "/api/auth/health"] {
        let answer = ada.get(path).await;
        assert_eq!(answer.json()["msg"], "The service cannot answer now. Try again later.");
        // G6.3-33: which class of cause it is.
        assert_eq!(answer.json()["message"], "DATABASE_FETCH_FAILED", "{path}");
        assert!(answer.json()["error_id"].is_string());
        for detail in ["details", "/var/lib", "sqlite", "get_session"] {
            assert!(!answer.text().contains(detail), "{path} tells {detail}");
        }
    }
}

async fn a_failure_behind_a_form_is_logged_and_found_by_its_id(app: App) {
    let browser = app.browser().with("referer", "https://app.example.com/in?error_id=old");
    let sign_in = "email=ada%40example.com&password=correct+horse+battery";
    listen();
    app.store.fail(Fault::Always);
    let answer = browser.form("/api/auth/token?grant_type=password", sign_in).await;
    let log = heard();
    assert_eq!(answer.status(), 303);
    let id = answer
        .header("location")
        .unwrap()
        .strip_prefix("/in?error_code=unexpected_failure&error_id=")
        .unwrap();
    assert!(id.len() >= 16 && !id.contains("old"), "{id}");
    let told: Vec<&str> = log.lines().filter(|line| line.contains("ERROR")).collect();
    assert!(
        matches!(told[..], [line] if line.contains(id) && line.contains("implementation details")),
        "{log}"
    );
    assert!(!log.contains("correct") && !log.contains("ada"), "{log}");
    // What a form is to blame for itself is no error of the server.
    app.store.fail(Fault::Never);
    listen();
    let answer = browser.form("/api/auth/token?grant_type=password", sign_in).await;
    assert_eq!(answer.header("location"), Some("/in?error_code=invalid_credentials"));
    let log = heard();
    assert!(!log.contains("ERROR"), "{log}");
}
