//! `AuthRequest` on the application's own routes: the table of the design, row by row.

use std::time::Duration;

use auth_core::{EventKind, testing::Fault};
use bytes::Bytes;
use http::Request;

use crate::{App, stories};

stories![
    n01_every_framework_builds_the_same_request,
    n02_an_active_session_costs_one_read_and_sets_no_cookie,
    n03_an_idle_session_is_renewed_and_its_cookie_set,
    n04_a_dead_session_is_deleted_and_its_cookie_cleared,
    n05_a_malformed_token_is_cleared_without_asking_the_store,
    n05_an_unknown_session_is_cleared,
    n06_without_a_cookie_nothing_happens,
    n07_a_request_from_another_site_is_nobodys_and_touches_nothing,
    n08_a_failing_store_is_an_error_and_keeps_the_cookie,
    n09_the_user_comes_with_the_same_query,
    n10_many_questions_cost_one_validation,
    n10_many_questions_of_an_idle_session_cost_one_renewal,
    n37_cookies_reach_error_responses_too,
    n11_cookies_of_the_application_survive,
    n40_the_cookie_is_set_again_whenever_the_expiry_moves,
    l05_a_bearer_token_is_validated_without_cookies,
    l05_an_idle_bearer_session_is_extended_and_keeps_its_token,
    l05_other_schemes_are_not_ours,
    a_request_that_never_asks_costs_nothing,
    a_replaced_secret_is_good_for_its_grace,
    maybe_is_none_only_without_a_session,
    guards_refuse_strangers_and_stale_sessions,
    n50_nothing_secret_is_logged_as_an_event,
];

const DAY: Duration = Duration::from_secs(24 * 3_600);
const MOMENT: Duration = Duration::from_millis(1);

async fn n01_every_framework_builds_the_same_request(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let me = ada.get("/me?x=1#y").await;
    assert_eq!(me.status(), 200);
    let events = app.events.events();
    let made = events
        .iter()
        .find(|event| event.kind == EventKind::SessionCreated)
        .unwrap();
    assert_eq!(made.client.ip.unwrap().to_string(), "203.0.113.7");
    assert_eq!(made.client.user_agent.as_deref(), Some("Browser/1.0"));
}

async fn n02_an_active_session_costs_one_read_and_sets_no_cookie(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.store.forget_calls();
    let answer = ada.get("/session").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.set_cookies(), [""; 0]);
    assert_eq!(app.store.calls(), ["get_session"]);
}

async fn n03_an_idle_session_is_renewed_and_its_cookie_set(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let old = ada.token().unwrap();
    app.wait(DAY + MOMENT);
    app.store.forget_calls();
    let answer = ada.get("/me").await;
    assert_eq!(answer.status(), 200);
    let cookies = answer.set_cookies();
    assert_eq!(cookies.len(), 1);
    assert!(cookies[0].starts_with("__Host-auth_session=ses_"), "{cookies:?}");
    assert!(cookies[0].contains("HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=1296000;"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(app.store.calls(), ["get_session_and_user", "rotate_session"]);
    let new = ada.token().unwrap();
    assert_ne!(old, new);
    assert_eq!(old.split_once('.').unwrap().0, new.split_once('.').unwrap().0);
    assert_eq!(app.events.count(EventKind::SessionRenewed), 1);
}

async fn n04_a_dead_session_is_deleted_and_its_cookie_cleared(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.wait(15 * DAY + MOMENT);
    app.store.forget_calls();
    let answer = ada.get("/me").await;
    assert_eq!(answer.status(), 401);
    assert!(answer.set_cookies()[0].contains("Max-Age=0"));
    assert_eq!(app.store.calls(), ["get_session_and_user", "delete_session_if_dead"]);
    assert_eq!(app.events.count(EventKind::SessionExpired), 1);
    assert_eq!(ada.token(), None);
}

async fn n05_a_malformed_token_is_cleared_without_asking_the_store(app: App) {
    let browser = app.browser();
    for token in [
        "x",
        "ses_x.y",
        "",
        &"a".repeat(10_000),
        &format!("ses_{}.{}", "a".repeat(24), "b".repeat(42)),
    ] {
        browser.set_token(token);
        let answer = browser.get("/me").await;
        assert_eq!(answer.status(), 401);
        assert!(answer.set_cookies()[0].contains("__Host-auth_session=;"));
    }
    assert_eq!(app.store.calls(), [""; 0]);
}

async fn n05_an_unknown_session_is_cleared(app: App) {
    let browser = app.browser();
    browser.set_token(format!("ses_{}.{}", "a".repeat(24), "b".repeat(43)));
    let answer = browser.get("/me").await;
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(app.store.calls(), ["get_session_and_user"]);
}

async fn n06_without_a_cookie_nothing_happens(app: App) {
    let answer = app.browser().get("/me").await;
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.error_code(), "no_authorization");
    assert_eq!(answer.set_cookies(), [""; 0]);
    assert_eq!(app.store.calls(), [""; 0]);
}

async fn n07_a_request_from_another_site_is_nobodys_and_touches_nothing(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let victim = ada.copy().with("origin", "https://evil.example.com");
    // Idle, so that a renewal would show.
    app.wait(2 * DAY);
    app.store.forget_calls();
    let answer = victim.post("/write", serde_json::json!({})).await;
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.error_code(), "origin_not_allowed");
    assert_eq!(answer.set_cookies(), [""; 0]);
    assert_eq!(app.store.calls(), [""; 0]);
    assert_eq!(app.events.count(EventKind::CsrfRefused), 1);
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn n08_a_failing_store_is_an_error_and_keeps_the_cookie(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.store.fail(Fault::Always);
    for path in [
        "/me",
        "/session",
        "/maybe",
        "/maybe_session",
        "/optional",
        "/guarded",
        "/fresh",
        "/checked",
        "/lenient",
        "/many",
        "/api/auth/user",
        "/api/auth/session",
    ] {
        let answer = ada.get(path).await;
        assert_eq!(answer.status(), 503, "{path} {answer:?}");
        assert_eq!(answer.set_cookies(), [""; 0], "{path}");
    }
    app.store.fail(Fault::Never);
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn n09_the_user_comes_with_the_same_query(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.store.forget_calls();
    assert_eq!(ada.get("/me").await.status(), 200);
    assert_eq!(app.store.calls(), ["get_session_and_user"]);
}

async fn n10_many_questions_cost_one_validation(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.store.forget_calls();
    let answer = ada.get("/many").await;
    assert_eq!(answer.text(), "8 1");
    let calls = app.store.calls();
    assert!(calls.len() <= 2, "{calls:?}");
}

async fn n10_many_questions_of_an_idle_session_cost_one_renewal(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.wait(2 * DAY);
    app.store.forget_calls();
    let answer = ada.get("/many").await;
    assert_eq!(answer.text(), "8 1");
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(app.store.count_calls("rotate_session"), 1);
}

async fn n37_cookies_reach_error_responses_too(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.wait(2 * DAY);
    let answer = ada.get("/broken").await;
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn n11_cookies_of_the_application_survive(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.wait(2 * DAY);
    let answer = ada.get("/cookies").await;
    let cookies = answer.set_cookies();
    // Ours is there once; what the application set under our name is not.
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    assert_eq!(cookies[0], "theme=dark; Path=/");
    assert!(cookies[1].starts_with("__Host-auth_session=ses_"));
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn n40_the_cookie_is_set_again_whenever_the_expiry_moves(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    for _ in 0..20 {
        app.wait(2 * DAY);
        let answer = ada.get("/me").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.set_cookies().len(), 1);
    }
}

async fn l05_a_bearer_token_is_validated_without_cookies(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let grace = app.signed_up("grace@example.com").await;
    let me = ada.get("/me").await.text().to_owned();
    // An unsafe request from anywhere, with somebody else's cookie beside it.
    let mixed = grace
        .copy()
        .with("authorization", format!("Bearer {}", ada.token().unwrap()))
        .with("origin", "https://anywhere.example");
    let answer = mixed.post("/write", serde_json::json!({})).await;
    assert_eq!((answer.status(), answer.text()), (200, me.as_str()));
    assert_eq!(answer.set_cookies(), [""; 0]);
    // A bad token is not rescued by the cookie, and does not clear it.
    let bad = grace.copy().with("authorization", "Bearer nonsense");
    let answer = bad.get("/me").await;
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.set_cookies(), [""; 0]);
}

async fn l05_an_idle_bearer_session_is_extended_and_keeps_its_token(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let script = app
        .script()
        .with("authorization", format!("bearer {}", ada.token().unwrap()));
    for _ in 0..10 {
        app.wait(10 * DAY);
        let answer = script.get("/me").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
}

async fn l05_other_schemes_are_not_ours(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let me = ada.copy().with("authorization", "Basic dTpw");
    assert_eq!(me.get("/me").await.status(), 200);
    // A browser sends Basic by itself, so it exempts from nothing.
    let attacked = ada
        .copy()
        .with("authorization", "Basic dTpw")
        .with("origin", "https://evil.example.com");
    assert_eq!(attacked.post("/write", serde_json::json!({})).await.status(), 403);
}

async fn a_request_that_never_asks_costs_nothing(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.wait(2 * DAY);
    app.store.forget_calls();
    let answer = ada.get("/public").await;
    assert_eq!((answer.status(), answer.text()), (200, "public"));
    assert_eq!(answer.set_cookies(), [""; 0]);
    assert_eq!(app.store.calls(), [""; 0]);
}

async fn a_replaced_secret_is_good_for_its_grace(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let late = ada.copy();
    app.wait(2 * DAY);
    assert_eq!(ada.get("/me").await.set_cookies().len(), 1);
    app.wait(Duration::from_secs(30));
    let answer = late.get("/me").await;
    assert_eq!((answer.status(), answer.set_cookies().len()), (200, 0));
    app.wait(MOMENT);
    let answer = late.get("/me").await;
    assert_eq!(answer.status(), 401);
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn maybe_is_none_only_without_a_session(app: App) {
    let nobody = app.browser();
    assert_eq!(nobody.get("/maybe").await.text(), r#"{"user":null}"#);
    assert_eq!(nobody.get("/maybe_session").await.text(), r#"{"session":null}"#);
    assert_eq!(nobody.get("/optional").await.text(), r#"{"session":null,"user":null}"#);
    let ada = app.signed_up("ada@example.com").await;
    assert!(ada.get("/maybe").await.json()["user"].is_string());
    assert!(ada.get("/maybe_session").await.json()["session"].is_string());
    let both = ada.get("/optional").await.json();
    assert!(both["session"].is_string() && both["user"].is_string(), "{both}");
    app.store.fail(Fault::Always);
    for path in ["/maybe", "/maybe_session", "/optional"] {
        assert_eq!(ada.get(path).await.status(), 503, "{path}");
    }
}

async fn guards_refuse_strangers_and_stale_sessions(app: App) {
    for path in ["/guarded", "/fresh"] {
        assert_eq!(app.browser().get(path).await.status(), 401, "{path}");
    }
    let ada = app.signed_up("ada@example.com").await;
    app.wait(Duration::from_secs(600));
    assert_eq!(ada.get("/guarded").await.status(), 200);
    assert_eq!(ada.get("/fresh").await.status(), 200);
    app.wait(MOMENT);
    assert_eq!(ada.get("/guarded").await.status(), 200);
    let stale = ada.get("/fresh").await;
    assert_eq!(
        (stale.status(), stale.error_code().as_str()),
        (403, "reauthentication_needed")
    );
}

async fn n50_nothing_secret_is_logged_as_an_event(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let first = ada.token().unwrap();
    app.wait(2 * DAY);
    ada.get("/me").await;
    let request = Request::get("/me").header("cookie", format!("__Host-auth_session={first}"));
    ada.send_as_is(request.body(Bytes::new()).unwrap()).await;
    let told = format!("{:?}", app.events.events());
    for token in [first, ada.token().unwrap_or_default()] {
        let secret = token.split_once('.').unwrap().1;
        assert!(!told.contains(secret));
    }
    assert!(!told.contains(crate::PASSWORD));
}
