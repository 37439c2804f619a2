//! Token sessions over HTTP: cookies and headers, renewal by itself and at the endpoint, the words of SuperTokens.

use std::time::Duration;

use auth_core::{
    AntiCsrf, AuthRequest, EventKind, RefreshAt, Rotation, TokenNames, Tokens, adapter::SessionAdapter, testing::Fault,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use auth_tests::Answer;

use crate::{App, Client, PASSWORD, stories};

stories![
    case_44_45_sign_up_sets_three_cookies_and_tells_the_front,
    a_live_access_token_costs_no_store_call,
    an_expired_access_token_is_renewed_along_the_way,
    a_request_without_any_cookie_clears_none,
    the_table_of_present_and_missing_cookies_when_requests_renew,
    the_table_of_present_and_missing_cookies_when_the_endpoint_renews,
    the_refresh_cookie_travels_to_its_endpoint_only,
    the_refresh_cookie_travels_to_the_path_asked_for,
    case_44_refresh_at_the_endpoint_changes_everything,
    case_44_theft_at_the_endpoint_clears_and_ends_the_session,
    case_46_47_signing_out_ends_the_session_and_clears,
    case_48_a_refresh_of_nothing_is_refused_and_clears,
    case_49_50_revoking_all_ends_every_session_of_the_user,
    sign_out_without_an_access_token_says_to_refresh,
    many_requests_with_one_expired_token_all_succeed,
    a_straggler_is_served_and_its_cookies_stay,
    anti_csrf_by_header,
    anti_csrf_by_token,
    routes_can_ask_the_store_and_skip_the_check,
    a_client_without_cookies_keeps_its_tokens_itself,
    a_client_of_gotrue_asks_the_store_once_for_a_refreshed_token,
    the_refresh_grant_of_gotrue,
    the_status_can_be_the_old_one,
    the_names_can_be_supertokens_own,
    expose_headers_are_kept_and_completed,
    a_failing_store_touches_no_cookie,
    changing_the_password_gives_new_tokens_and_ends_the_others,
    changing_the_password_leaves_a_client_of_gotrue_its_tokens,
    sessions_are_listed_and_ended_one_by_one,
    a_window_session_stays_one_through_every_renewal,
    the_keys_are_published_without_private_parts,
    a_session_that_was_too_long_is_not_one_that_was_idle,
    opaque_applications_have_no_token_routes,
    validating_a_token_request_never_renews,
    preflights_are_answered_for_trusted_origins_only,
    a_handler_reads_changes_and_ends_the_session_of_its_request,
    no_cookie_is_longer_than_browsers_take,
    a_stricter_guard_counts_although_somebody_asked_before,
    a_request_that_renewed_its_session_is_not_a_step_behind_itself,
    signing_out_with_an_expired_access_token_does_not_pretend,
    a_client_that_keeps_tokens_gets_new_ones_with_a_new_password,
    signing_out_a_client_that_keeps_tokens_ends_one_session,
    whoever_signs_in_another_way_loses_the_tokens_of_the_first,
];

const ACCESS: &str = "__Host-auth_access";
const REFRESH: &str = "__Host-auth_refresh";
const MARKER: &str = "__Host-auth_marker";
const HOUR: Duration = Duration::from_secs(3_600);

async fn with(app: App, tokens: Tokens) -> App {
    App::with(app.driver, |builder| builder.sessions(tokens)).await
}

async fn at_endpoint(app: App) -> App {
    with(app, Tokens::default().refresh_at(RefreshAt::Endpoint)).await
}

fn expire(app: &App) {
    app.wait(HOUR + Duration::from_secs(1));
}

fn names(answer: &Answer) -> Vec<String> {
    let mut names: Vec<String> = answer
        .set_cookies()
        .iter()
        .map(|cookie| {
            cookie
                .split('=')
                .next()
                .unwrap()
                .trim_start_matches("__Host-")
                .trim_start_matches("__Secure-")
                .to_owned()
        })
        .collect();
    names.sort();
    names
}

fn clears_all(answer: &Answer) -> bool {
    let cookies = answer.set_cookies();
    cookies.len() == 3
        && cookies
            .iter()
            .all(|cookie| cookie.contains("Max-Age=0") && cookie.contains("=;"))
}

async fn refresh(client: &Client) -> Answer {
    client.send("POST", "/api/auth/session/refresh", None, "").await
}

/// A request with the cookies of a browser, to be asked directly.
fn asked(browser: &Client) -> AuthRequest {
    let names = [ACCESS, REFRESH, MARKER, browser.app.cookie_name()];
    let cookies: Vec<String> = names
        .iter()
        .filter_map(|name| Some(format!("{name}={}", browser.cookie(name)?)))
        .collect();
    let request = http::Request::get("/").header("cookie", cookies.join("; "));
    AuthRequest::new(&browser.app.auth, &request.body(()).unwrap().into_parts().0)
}

fn front(answer: &Answer) -> Value {
    let token = STANDARD.decode(answer.header("front-token").unwrap()).unwrap();
    serde_json::from_slice(&token).unwrap()
}

async fn case_44_45_sign_up_sets_three_cookies_and_tells_the_front(app: App) {
    let app = with(app, Tokens::default()).await;
    let ada = app.browser();
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "data": { "name": "Ädá \u{1f600}" } });
    let answer = ada.post("/api/auth/signup", body).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(names(&answer), ["auth_access", "auth_marker", "auth_refresh"]);
    for cookie in answer.set_cookies() {
        let is_marker = cookie.starts_with(MARKER);
        assert_eq!(cookie.contains("HttpOnly"), !is_marker, "{cookie}");
        assert!(
            cookie.contains("Secure") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/;"),
            "{cookie}"
        );
    }
    assert_eq!(answer.header("anti-csrf"), None);
    assert_eq!(answer.header("access-control-expose-headers"), Some("front-token"));
    let front = front(&answer);
    assert_eq!(front["uid"], answer.json()["user"]["id"]);
    assert_eq!(front["up"]["user_metadata"]["name"], "Ädá \u{1f600}");
    assert_eq!(
        front["ate"].as_i64().unwrap() / 1_000,
        answer.json()["expires_at"].as_i64().unwrap()
    );
    assert_eq!(answer.json().get("access_token"), None);
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn a_live_access_token_costs_no_store_call(app: App) {
    let app = with(app, Tokens::default()).await;
    let ada = app.signed_up("ada@example.com").await;
    app.store.forget_calls();
    let answer = ada.get("/session").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.set_cookies(), [""; 0]);
    assert_eq!(app.store.calls(), [""; 0]);
    // The user is one call: its newest state is in the store.
    ada.get("/me").await;
    assert_eq!(app.store.calls(), ["get_user"]);
}

async fn an_expired_access_token_is_renewed_along_the_way(app: App) {
    let app = with(app, Tokens::default()).await;
    let ada = app.signed_up("ada@example.com").await;
    expire(&app);
    let before = ada.cookie(REFRESH);
    let answer = ada.get("/session").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(names(&answer), ["auth_access", "auth_marker", "auth_refresh"]);
    assert_ne!(ada.cookie(REFRESH), before);
    // The first use of the new tokens is noticed, once.
    let answer = ada.get("/session").await;
    assert_eq!(names(&answer), ["auth_access"]);
    assert_eq!(ada.get("/session").await.set_cookies(), [""; 0]);
}

async fn a_request_without_any_cookie_clears_none(app: App) {
    let app = with(app, Tokens::default()).await;
    app.store.forget_calls();
    for (path, status) in [("/session", 401), ("/maybe", 200)] {
        let answer = app.browser().get(path).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
    assert_eq!(app.browser().get("/session").await.json()["message"], "unauthorised");
    assert_eq!(app.store.calls(), [""; 0]);
}

/// Which cookies are there, the status, and whether everything is cleared.
async fn table(app: App, refresh_at: RefreshAt, rows: &[(&str, u16, &str, bool)]) {
    let app = with(app, Tokens::default().refresh_at(refresh_at)).await;
    let ada = app.signed_up("ada@example.com").await;
    for (there, status, word, clears) in rows {
        let tab = ada.copy();
        for (letter, name) in [("a", ACCESS), ("r", REFRESH), ("m", MARKER)] {
            if !there.contains(letter) {
                tab.forget_cookie(name);
            }
        }
        let answer = tab.get("/session").await;
        assert_eq!(answer.status(), *status, "{there}: {answer:?}");
        if *status != 200 {
            assert_eq!(answer.json()["message"], *word, "{there}");
        }
        assert_eq!(clears_all(&answer), *clears, "{there}: {answer:?}");
        if *status == 401 && !clears {
            assert_eq!(answer.set_cookies(), [""; 0], "{there}");
        }
    }
}

async fn the_table_of_present_and_missing_cookies_when_requests_renew(app: App) {
    let rows = [
        ("arm", 200, "", false),
        ("am", 200, "", false),
        ("rm", 200, "", false),
        ("m", 401, "unauthorised", true),
        ("ar", 401, "unauthorised", true),
        ("a", 401, "unauthorised", true),
        ("r", 401, "unauthorised", true),
        ("", 401, "unauthorised", false),
    ];
    table(app, RefreshAt::Request, &rows).await;
}

async fn the_table_of_present_and_missing_cookies_when_the_endpoint_renews(app: App) {
    let rows = [
        ("arm", 200, "", false),
        ("am", 200, "", false),
        ("m", 401, "try refresh token", false),
        ("rm", 401, "try refresh token", false),
        ("a", 401, "unauthorised", true),
        ("", 401, "unauthorised", false),
    ];
    table(app, RefreshAt::Endpoint, &rows).await;
}

async fn the_refresh_cookie_travels_to_its_endpoint_only(app: App) {
    let app = at_endpoint(app).await;
    let ada = app.browser();
    let answer = ada.sign_up("ada@example.com", PASSWORD).await;
    let cookies = answer.set_cookies();
    let of = |name: &str| cookies.iter().find(|cookie| cookie.contains(name)).unwrap();
    assert!(of("auth_refresh").starts_with("__Secure-auth_refresh="));
    assert!(of("auth_refresh").contains("Path=/api/auth/session/refresh;"));
    assert!(of("auth_access").contains("Path=/;"));
    expire(&app);
    let answer = ada.get("/session").await;
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.json()["message"], "try refresh token");
    assert_eq!(answer.set_cookies(), [""; 0]);
    // Also for who would take anybody: signed out is not what they are.
    assert_eq!(ada.get("/maybe").await.status(), 401);
    assert_eq!(refresh(&ada).await.status(), 200);
    assert_eq!(ada.get("/session").await.status(), 200);
    let answer = ada.post("/api/auth/signout", json!({})).await;
    assert!(
        answer
            .set_cookies()
            .iter()
            .any(|cookie| cookie.contains("Path=/api/auth/session/refresh;")),
        "{answer:?}"
    );
}

async fn the_refresh_cookie_travels_to_the_path_asked_for(app: App) {
    for (path, name) in [
        ("/api/auth", "__Secure-auth_refresh"),
        ("/api/", "__Secure-auth_refresh"),
        ("/", "__Host-auth_refresh"),
    ] {
        let tokens = Tokens::default().refresh_at(RefreshAt::Endpoint).refresh_path(path);
        let app = with(app.clone(), tokens).await;
        let ada = app.browser();
        let answer = ada.sign_up("ada@example.com", PASSWORD).await;
        let is_there = |answer: &Answer| {
            let mut cookies = answer.set_cookies().into_iter();
            let refresh = cookies.find(|cookie| cookie.starts_with(&format!("{name}="))).unwrap();
            refresh.contains(&format!("Path={path};"))
        };
        assert!(is_there(&answer), "{answer:?}");
        let before = ada.cookie(name).unwrap();
        expire(&app);
        // It may travel further, and renews at the endpoint all the same.
        assert_eq!(ada.get("/session").await.json()["message"], "try refresh token");
        assert_eq!(ada.cookie(name).unwrap(), before);
        let answer = refresh(&ada).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        assert!(is_there(&answer), "{answer:?}");
        assert_ne!(ada.cookie(name).unwrap(), before);
        assert_eq!(ada.get("/session").await.status(), 200);
        let answer = ada.post("/api/auth/signout", json!({})).await;
        assert!(is_there(&answer), "{answer:?}");
        assert_eq!(ada.cookie(name), None);
    }
}

async fn case_44_refresh_at_the_endpoint_changes_everything(app: App) {
    let app = with(app, Tokens::default().anti_csrf(AntiCsrf::Token)).await;
    let ada = app.browser();
    let answer = ada.sign_up("ada@example.com", PASSWORD).await;
    let first = answer.header("anti-csrf").unwrap().to_owned();
    let before = [ACCESS, REFRESH, MARKER].map(|name| ada.cookie(name).unwrap());
    let answer = refresh(&ada).await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"));
    let after = [ACCESS, REFRESH, MARKER].map(|name| ada.cookie(name).unwrap());
    for (before, after) in before.iter().zip(&after) {
        assert_ne!(before, after);
    }
    assert_ne!(answer.header("anti-csrf").unwrap(), first);
    assert_eq!(
        answer.header("access-control-expose-headers"),
        Some("front-token, anti-csrf")
    );
    assert_eq!(ada.get("/session").await.status(), 200);
}

async fn case_44_theft_at_the_endpoint_clears_and_ends_the_session(app: App) {
    let strict = Rotation::ParentChild {
        straggler: Duration::ZERO,
    };
    let app = with(app, Tokens::default().rotation(strict).anti_csrf(AntiCsrf::Token)).await;
    let ada = app.signed_up("ada@example.com").await;
    let thief = ada.copy();
    refresh(&ada).await;
    ada.get("/session").await;
    let answer = refresh(&thief).await;
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.json()["message"], "token theft detected");
    assert!(clears_all(&answer), "{answer:?}");
    assert_eq!(answer.header("anti-csrf"), None);
    assert_eq!(answer.header("front-token"), Some("remove"));
    assert_eq!(app.events.count(EventKind::TokenReused), 1);
    expire(&app);
    let answer = ada.get("/session").await;
    assert_eq!(answer.json()["message"], "unauthorised");
    assert!(clears_all(&answer));
}

async fn case_46_47_signing_out_ends_the_session_and_clears(app: App) {
    for check_store in [false, true] {
        let app = with(app.clone(), Tokens::default().check_store(check_store)).await;
        let ada = app.signed_up("ada@example.com").await;
        let old = ada.copy();
        let answer = ada.post("/api/auth/signout", json!({})).await;
        assert_eq!((answer.status(), answer.text()), (200, r#"{"status":"OK"}"#));
        assert!(clears_all(&answer));
        assert_eq!(answer.header("front-token"), Some("remove"));
        assert_eq!(answer.header("anti-csrf"), None);
        // An access token lives on where nobody asks the store, and never on our own routes.
        assert_eq!(
            old.copy().get("/session").await.status(),
            if check_store { 401 } else { 200 }
        );
        assert_eq!(old.copy().get("/api/auth/user").await.status(), 401);
        assert_eq!(refresh(&old).await.json()["message"], "unauthorised");
    }
}

async fn case_48_a_refresh_of_nothing_is_refused_and_clears(app: App) {
    let app = with(app, Tokens::default()).await;
    let ada = app.signed_up("ada@example.com").await;
    let id = ada.get("/session").await.text().to_owned();
    app.auth.invalidate_session(&id.as_str().into()).await.unwrap();
    let answer = refresh(&ada).await;
    assert_eq!(
        (answer.status(), &answer.json()["message"]),
        (401, &json!("unauthorised"))
    );
    assert!(clears_all(&answer));
    assert_eq!(answer.header("st-access-token"), Some(""));
    // Whoever removed the marker signed out, and the refresh token beside it renews nothing.
    let bob = app.signed_up("bob@example.com").await;
    let unmarked = bob.copy();
    unmarked.forget_cookie(MARKER);
    app.store.forget_calls();
    let answer = refresh(&unmarked).await;
    assert_eq!(
        (answer.status(), &answer.json()["message"]),
        (401, &json!("unauthorised"))
    );
    assert!(clears_all(&answer), "{answer:?}");
    assert_eq!(app.store.calls(), [""; 0]);
    assert_eq!(refresh(&bob).await.status(), 200);
    // A visitor's first call costs nothing.
    app.store.forget_calls();
    let answer = refresh(&app.browser()).await;
    assert_eq!(answer.status(), 401);
    assert_eq!(app.store.calls(), [""; 0]);
}

async fn case_49_50_revoking_all_ends_every_session_of_the_user(app: App) {
    for check_store in [false, true] {
        let app = with(app.clone(), Tokens::default().check_store(check_store)).await;
        let ada = app.signed_up("ada@example.com").await;
        let phone = app.browser();
        phone.sign_in("ada@example.com", PASSWORD).await;
        let bob = app.signed_up("bob@example.com").await;
        let user = ada.get("/me").await.text().to_owned();
        app.auth
            .revoke_all_sessions_for_user(&user.as_str().into())
            .await
            .unwrap();
        for browser in [&ada, &phone] {
            let status = if check_store { 401 } else { 200 };
            assert_eq!(browser.copy().get("/session").await.status(), status);
            let answer = refresh(browser).await;
            assert_eq!(answer.json()["message"], "unauthorised");
            assert!(clears_all(&answer));
        }
        assert_eq!(refresh(&bob).await.status(), 200);
    }
}

async fn sign_out_without_an_access_token_says_to_refresh(app: App) {
    let app = at_endpoint(app).await;
    let ada = app.signed_up("ada@example.com").await;
    expire(&app);
    let answer = ada.post("/api/auth/signout", json!({})).await;
    assert_eq!(answer.json()["message"], "try refresh token");
    refresh(&ada).await;
    assert_eq!(ada.post("/api/auth/signout", json!({})).await.status(), 200);
    assert_eq!(app.browser().post("/api/auth/signout", json!({})).await.status(), 401);
}

async fn many_requests_with_one_expired_token_all_succeed(app: App) {
    let app = with(app, Tokens::default()).await;
    let ada = app.signed_up("ada@example.com").await;
    expire(&app);
    let tabs: Vec<Client> = (0..20).map(|_| ada.copy()).collect();
    let answers = futures_util::future::join_all(tabs.iter().map(|tab| tab.get("/session"))).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    // The jar keeps one of twenty; whichever it is, all of them go on.
    for tab in &tabs {
        assert_eq!(tab.get("/session").await.status(), 200);
    }
    app.wait(2 * HOUR);
    for tab in &tabs {
        assert_eq!(tab.get("/session").await.status(), 200);
    }
    assert_eq!(app.events.count(EventKind::TokenReused), 0);
}

async fn a_straggler_is_served_and_its_cookies_stay(app: App) {
    let app = with(app, Tokens::default()).await;
    let ada = app.signed_up("ada@example.com").await;
    expire(&app);
    let late = ada.copy();
    ada.get("/session").await;
    ada.get("/session").await;
    app.wait(Duration::from_secs(9));
    let answer = late.get("/session").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.set_cookies(), [""; 0]);
    let newest = front(&refresh(&ada.copy()).await);
    for path in ["/api/auth/session/refresh", "/api/auth/token?grant_type=refresh_token"] {
        let answer = late.copy().send("POST", path, None, "").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.set_cookies(), [""; 0]);
        // Its scripts learn that there is a session, and nothing of how long its token is good.
        let front = front(&answer);
        assert_eq!(front["ate"], app.now().as_unix_ms());
        for claim in [
            "sub",
            "session_id",
            "email",
            "app_metadata",
            "payload",
            "iss",
            "aud",
            "role",
            "amr",
        ] {
            assert_eq!(front["up"][claim], newest["up"][claim], "{claim}");
        }
        if path.contains("grant_type") {
            let answer = answer.json();
            assert_eq!(answer["expires_in"], 0);
            assert_eq!(answer["expires_at"], app.now().as_unix_seconds());
        }
    }
    // Who keeps tokens in headers is told that there are newer ones.
    let script = app
        .script()
        .with("authorization", format!("Bearer {}", late.cookie(REFRESH).unwrap()));
    let answer = refresh(&script).await;
    assert_eq!((answer.status(), answer.error_code().as_str()), (409, "conflict"));
    app.wait(Duration::from_secs(2));
    assert_eq!(late.get("/session").await.json()["message"], "token theft detected");
}

async fn anti_csrf_by_header(app: App) {
    let app = with(app, Tokens::default().anti_csrf(AntiCsrf::Header)).await;
    let ada = app.signed_up("ada@example.com").await;
    assert_eq!(ada.get("/me").await.status(), 200);
    let answer = ada.post("/write", json!({})).await;
    assert_eq!(answer.json()["message"], "try refresh token");
    assert_eq!(answer.set_cookies(), [""; 0]);
    let scripted = ada.copy().with("rid", "anti-csrf");
    assert_eq!(scripted.post("/write", json!({})).await.status(), 200);
    assert!(clears_all(&refresh(&ada.copy()).await));
    assert_eq!(refresh(&scripted).await.status(), 200);
    // The origin check stands before it.
    let foreign = ada.copy().with("rid", "anti-csrf").with("origin", "https://evil.test");
    assert_eq!(foreign.post("/write", json!({})).await.status(), 403);
}

async fn anti_csrf_by_token(app: App) {
    let app = with(app, Tokens::default().anti_csrf(AntiCsrf::Token)).await;
    let ada = app.browser();
    let value = ada
        .sign_up("ada@example.com", PASSWORD)
        .await
        .header("anti-csrf")
        .unwrap()
        .to_owned();
    let bob = app.browser();
    let other = bob
        .sign_up("bob@example.com", PASSWORD)
        .await
        .header("anti-csrf")
        .unwrap()
        .to_owned();
    assert_eq!(ada.get("/me").await.status(), 200);
    for wrong in [None, Some(""), Some("wrong"), Some(other.as_str())] {
        let client = match wrong {
            Some(value) => ada.copy().with("anti-csrf", value),
            None => ada.copy(),
        };
        let answer = client.post("/write", json!({})).await;
        assert_eq!(answer.json()["message"], "try refresh token", "{wrong:?}");
        assert_eq!(answer.set_cookies(), [""; 0], "{wrong:?}");
    }
    let right = ada.copy().with("anti-csrf", value);
    assert_eq!(right.post("/write", json!({})).await.status(), 200);
    // An expired token is no way around the check.
    expire(&app);
    let answer = ada.copy().post("/write", json!({})).await;
    assert_eq!(answer.json()["message"], "try refresh token");
    assert_eq!(answer.set_cookies(), [""; 0]);
}

async fn routes_can_ask_the_store_and_skip_the_check(app: App) {
    let app = with(app, Tokens::default().anti_csrf(AntiCsrf::Token)).await;
    let ada = app.browser();
    let value = ada
        .sign_up("ada@example.com", PASSWORD)
        .await
        .header("anti-csrf")
        .unwrap()
        .to_owned();
    let checked = ada.copy().with("anti-csrf", value);
    assert_eq!(checked.get("/checked").await.text(), "checked");
    assert_eq!(ada.copy().get("/checked").await.json()["message"], "try refresh token");
    assert_eq!(ada.copy().post("/lenient", json!({})).await.text(), "lenient");
    assert_eq!(app.browser().get("/lenient").await.text(), "lenient");
    assert_eq!(app.browser().get("/checked").await.json()["message"], "unauthorised");
    let id = ada.copy().get("/session").await.text().to_owned();
    app.auth.invalidate_session(&id.as_str().into()).await.unwrap();
    assert_eq!(ada.copy().get("/session").await.status(), 200);
    // A revoked session is told, and taken away.
    let answer = checked.get("/checked").await;
    assert_eq!(answer.json()["message"], "unauthorised");
    assert!(clears_all(&answer), "{answer:?}");
}

async fn a_client_without_cookies_keeps_its_tokens_itself(app: App) {
    let app = with(app, Tokens::default()).await;
    let script = app.script().with("st-auth-mode", "header");
    let answer = script.sign_up("ada@example.com", PASSWORD).await;
    assert_eq!(answer.set_cookies(), [""; 0]);
    let access = answer.json()["access_token"].as_str().unwrap().to_owned();
    let refresh_token = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("st-access-token"), Some(access.as_str()));
    assert_eq!(answer.header("st-refresh-token"), Some(refresh_token.as_str()));
    assert_eq!(
        answer.header("access-control-expose-headers"),
        Some("st-refresh-token, st-access-token, front-token")
    );
    let bearer = |token: &str| app.script().with("authorization", format!("Bearer {token}"));
    assert_eq!(bearer(&access).get("/me").await.status(), 200);
    assert_eq!(bearer(&access).post("/write", json!({})).await.status(), 200);
    assert_eq!(
        bearer(&access).get("/api/auth/user").await.json()["email"],
        "ada@example.com"
    );
    // A refresh token opens nothing, an access token renews nothing.
    assert_eq!(bearer(&refresh_token).get("/me").await.status(), 401);
    assert_eq!(refresh(&bearer(&access)).await.status(), 401);
    expire(&app);
    let answer = bearer(&access).get("/me").await;
    assert_eq!(answer.json()["message"], "try refresh token");
    let answer = refresh(&bearer(&refresh_token)).await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"));
    let renewed = answer.header("st-access-token").unwrap().to_owned();
    let answer = bearer(&renewed).with("st-auth-mode", "header").get("/me").await;
    assert_eq!(answer.status(), 200);
    let confirmed = answer.header("st-access-token").unwrap().to_owned();
    assert_eq!(bearer(&confirmed).get("/me").await.header("st-access-token"), None);
    let answer = bearer(&confirmed).post("/api/auth/logout", json!({})).await;
    assert_eq!(answer.status(), 204);
    let late = bearer(&confirmed).get("/api/auth/user").await;
    assert_eq!(late.refusal(), (403, "session_not_found".to_owned()));
    let of_supertokens = bearer(&confirmed).with("st-auth-mode", "header");
    assert_eq!(
        of_supertokens.get("/api/auth/user").await.json()["message"],
        "unauthorised"
    );
}

async fn a_client_of_gotrue_asks_the_store_once_for_a_refreshed_token(app: App) {
    let app = with(app, Tokens::default()).await;
    let first = app.keeper().sign_up("ada@example.com", PASSWORD).await.json();
    let grant = "/api/auth/token?grant_type=refresh_token";
    let token = json!({ "refresh_token": first["refresh_token"] });
    let second = app.script().post(grant, token).await.json();
    let bearer = app.bearer(second["access_token"].as_str().unwrap());
    app.store.forget_calls();
    let answer = bearer.get("/session").await;
    assert_eq!((answer.status(), answer.header("st-access-token")), (200, None));
    assert_eq!(app.store.calls(), ["get_session", "rotate_session"]);
    app.store.forget_calls();
    for _ in 0..3 {
        let answer = bearer.get("/session").await;
        assert_eq!((answer.status(), answer.header("st-access-token")), (200, None));
    }
    assert_eq!(app.store.calls(), [""; 0]);
    assert_eq!(bearer.get("/me").await.status(), 200);
    assert_eq!(app.store.calls(), ["get_user"]);
    // Another process notices for itself.
    let beside = app.beside(|builder| builder.sessions(Tokens::default())).await;
    let bearer = beside.bearer(second["access_token"].as_str().unwrap());
    app.store.forget_calls();
    for _ in 0..3 {
        assert_eq!(bearer.get("/session").await.status(), 200);
    }
    assert_eq!(app.store.count_calls("get_session"), 1);
    // It is as old as it says, whatever was noticed.
    expire(&app);
    assert_eq!(bearer.get("/session").await.status(), 401);
}

async fn the_refresh_grant_of_gotrue(app: App) {
    let strict = Rotation::ParentChild {
        straggler: Duration::ZERO,
    };
    let app = with(app, Tokens::default().rotation(strict)).await;
    let script = app.script().with("st-auth-mode", "header");
    let first = script.sign_up("ada@example.com", PASSWORD).await.json();
    let grant = async |token: &Value| {
        script
            .post(
                "/api/auth/token?grant_type=refresh_token",
                json!({ "refresh_token": token }),
            )
            .await
    };
    let second = grant(&first["refresh_token"]).await;
    assert_eq!(second.status(), 200, "{second:?}");
    let second = second.json();
    for member in [
        "access_token",
        "refresh_token",
        "expires_at",
        "expires_in",
        "token_type",
        "user",
    ] {
        assert!(!second[member].is_null(), "{member}");
    }
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    grant(&second["refresh_token"]).await;
    let theft = grant(&first["refresh_token"]).await;
    assert_eq!(
        (theft.status(), theft.error_code().as_str()),
        (400, "refresh_token_already_used")
    );
    assert_eq!(theft.json()["msg"], "Invalid Refresh Token: Already Used");
    let gone = grant(&second["refresh_token"]).await;
    assert_eq!(gone.refusal(), (400, "session_not_found".to_owned()));
    assert_eq!(gone.json()["msg"], "Invalid Refresh Token: No Valid Session Found");
    for garbage in [json!("x"), json!("")] {
        let answer = grant(&garbage).await;
        assert_eq!(
            answer.refusal(),
            (400, "refresh_token_not_found".to_owned()),
            "{garbage}"
        );
        assert_eq!(answer.json()["msg"], "Invalid Refresh Token: Refresh Token Not Found");
    }
    assert_eq!(grant(&Value::Null).await.status(), 401);
    let third = script.sign_in("ada@example.com", PASSWORD).await.json();
    app.wait(101 * 24 * HOUR);
    let over = grant(&third["refresh_token"]).await;
    assert_eq!(over.refusal(), (400, "session_expired".to_owned()));
    assert_eq!(
        over.json()["msg"],
        "Invalid Refresh Token: Session Expired (Inactivity)"
    );
    assert_eq!(grant(&json!(["x"])).await.status(), 400);
}

/// G6.5-12.
async fn a_session_that_was_too_long_is_not_one_that_was_idle(app: App) {
    let boxed = Tokens::default().refresh_validity(3 * HOUR).absolute_period(5 * HOUR);
    let app = with(app, boxed).await;
    let mut session = app.keeper().sign_up("ada@example.com", PASSWORD).await.json();
    let grant = async |session: &Value| {
        let body = json!({ "refresh_token": session["refresh_token"] });
        app.keeper()
            .post("/api/auth/token?grant_type=refresh_token", body)
            .await
    };
    for _ in 0..2 {
        app.wait(2 * HOUR);
        session = grant(&session).await.json();
        let bearer = app.bearer(session["access_token"].as_str().unwrap());
        assert_eq!(bearer.get("/me").await.status(), 200);
    }
    app.wait(2 * HOUR);
    let over = grant(&session).await;
    assert_eq!(over.refusal(), (400, "session_expired".to_owned()));
    assert_eq!(over.json()["msg"], "Invalid Refresh Token: Session Expired");
}

async fn the_status_can_be_the_old_one(app: App) {
    let app = with(app, Tokens::default().session_expired_status(440)).await;
    let answer = app.browser().get("/session").await;
    assert_eq!((answer.status(), &answer.json()["code"]), (440, &json!(440)));
    assert_eq!(refresh(&app.browser()).await.status(), 440);
    // Other errors keep their own.
    assert_eq!(
        app.browser().sign_in("nobody@example.com", PASSWORD).await.status(),
        400
    );
}

async fn the_names_can_be_supertokens_own(app: App) {
    let app = with(app, Tokens::default().names(TokenNames::supertokens())).await;
    let ada = app.signed_up("ada@example.com").await;
    for name in ["sAccessToken", "sRefreshToken", "sIdRefreshToken"] {
        assert!(ada.cookie(name).is_some(), "{name}");
    }
    assert_eq!(ada.get("/me").await.status(), 200);
    // Two cookies of one name: nobody can tell which is ours.
    ada.set_cookie("x", "1; sAccessToken=another");
    let answer = ada.get("/session").await;
    assert_eq!(answer.status(), 200, "renewed by the refresh token");
}

async fn expose_headers_are_kept_and_completed(app: App) {
    use auth_core::Effects;
    let app = with(app, Tokens::default()).await;
    let ada = app.signed_up("ada@example.com").await;
    expire(&app);
    let request = asked(&ada);
    request.validate().await.unwrap().unwrap();
    let effects: Effects = request.take_effects();
    let mut headers = http::HeaderMap::new();
    headers.append("access-control-expose-headers", "X-Total, Front-Token".parse().unwrap());
    effects.apply(&mut headers);
    effects.apply(&mut headers);
    let exposed: Vec<_> = headers.get_all("access-control-expose-headers").iter().collect();
    assert_eq!(exposed, ["X-Total, Front-Token"]);
    assert_eq!(headers.get_all("set-cookie").iter().count(), 3);
    assert_eq!(headers.get_all("front-token").iter().count(), 1);
}

async fn a_failing_store_touches_no_cookie(app: App) {
    let app = with(app, Tokens::default()).await;
    let ada = app.signed_up("ada@example.com").await;
    expire(&app);
    app.store.fail(Fault::Always);
    for path in ["/session", "/maybe"] {
        let answer = ada.get(path).await;
        assert_eq!(answer.status(), 503, "{path}");
        assert_eq!(answer.set_cookies(), [""; 0]);
        assert_eq!(answer.header("front-token"), None);
    }
    let answer = refresh(&ada).await;
    assert_eq!((answer.status(), answer.set_cookies().len()), (503, 0));
    app.store.fail(Fault::Never);
    assert_eq!(ada.get("/session").await.status(), 200);
}

async fn changing_the_password_gives_new_tokens_and_ends_the_others(app: App) {
    let app = with(app, Tokens::default()).await;
    let ada = app.signed_up("ada@example.com").await;
    let stolen = ada.copy();
    let phone = app.browser();
    phone.sign_in("ada@example.com", PASSWORD).await;
    let change = json!({ "password": "another horse battery", "current_password": PASSWORD });
    let answer = ada.put("/api/auth/user", change).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(names(&answer), ["auth_access", "auth_marker", "auth_refresh"]);
    assert_eq!(refresh(&phone).await.json()["message"], "unauthorised");
    assert_eq!(ada.get("/api/auth/user").await.status(), 200);
    // No window for the tokens from before; and no alarm, because a tab of the owner's may have been under way with them.
    for (wait, told) in [
        (0, "try refresh token"),
        (1, "try refresh token"),
        (60_000, "unauthorised"),
    ] {
        app.wait(Duration::from_millis(wait));
        assert_eq!(refresh(&stolen.copy()).await.json()["message"], told);
    }
    assert_eq!(app.events.count(EventKind::TokenReused), 0);
    assert_eq!(refresh(&ada).await.status(), 200);
    assert_eq!(ada.get("/session").await.status(), 200);
}

async fn changing_the_password_leaves_a_client_of_gotrue_its_tokens(app: App) {
    let app = with(app, Tokens::default()).await;
    // gotrue-js of 2021, supabase-js of today, and our own client, which asks for tokens in the body in two ways.
    let version = "x-supabase-api-version";
    for (number, headers) in [
        vec![],
        vec![(version, "2024-01-01")],
        vec![(version, "2024-01-01"), ("st-auth-mode", "header")],
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("ada{number}@example.com");
        let session = app.keeper().sign_up(&email, PASSWORD).await.json();
        let other = app.keeper().sign_in(&email, PASSWORD).await.json();
        let text = |session: &Value, name: &str| session[name].as_str().unwrap().to_owned();
        let bearer = headers
            .iter()
            .fold(app.bearer(&text(&session, "access_token")), |client, (name, value)| {
                client.with(name, *value)
            });
        let change = json!({ "password": "another horse battery", "current_password": PASSWORD });
        let answer = bearer.put("/api/auth/user", change).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        assert_eq!(answer.header("st-refresh-token"), None);
        assert_eq!(answer.set_cookies(), [""; 0]);
        // What it holds goes on; the other sessions are over.
        let grant = "/api/auth/token?grant_type=refresh_token";
        let token = json!({ "refresh_token": text(&session, "refresh_token") });
        let renewed = app.script().post(grant, token).await;
        assert_eq!(renewed.status(), 200, "{renewed:?}");
        let bearer = app.bearer(&text(&renewed.json(), "access_token"));
        assert_eq!(bearer.get("/api/auth/user").await.status(), 200);
        let token = json!({ "refresh_token": text(&other, "refresh_token") });
        assert_eq!(app.script().post(grant, token).await.status(), 400);
    }
    assert_eq!(app.events.count(EventKind::TokenReused), 0);
}

async fn sessions_are_listed_and_ended_one_by_one(app: App) {
    let app = with(app, Tokens::default()).await;
    let ada = app.signed_up("ada@example.com").await;
    let phone = app.browser();
    phone.sign_in("ada@example.com", PASSWORD).await;
    let listed = ada.get("/api/auth/sessions").await.json();
    let listed = listed["sessions"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    let other = listed.iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/api/auth/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(ada.delete(&path, json!({})).await.status(), 204);
    assert_eq!(refresh(&phone).await.status(), 401);
    assert_eq!(
        ada.get("/api/auth/session").await.json()["user"]["email"],
        "ada@example.com"
    );
}

async fn a_window_session_stays_one_through_every_renewal(app: App) {
    let app = with(app, Tokens::default()).await;
    let ada = app.browser();
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "remember": false });
    let mut answers = vec![ada.post("/api/auth/signup", body).await];
    expire(&app);
    answers.push(ada.get("/session").await);
    answers.push(ada.get("/session").await);
    for cookie in answers.iter().flat_map(Answer::set_cookies) {
        assert!(!cookie.contains("Max-Age") && !cookie.contains("Expires"), "{cookie}");
    }
    let id = ada.get("/session").await.text().to_owned();
    let row = app
        .store
        .inner()
        .get_session(&id.as_str().into())
        .await
        .unwrap()
        .unwrap();
    assert!(!row.persistent);
}

async fn the_keys_are_published_without_private_parts(app: App) {
    use auth_core::Algorithm;
    for (algorithm, kty) in [(Algorithm::Es256, "EC"), (Algorithm::EdDsa, "OKP")] {
        let app = with(app.clone(), Tokens::default().algorithm(algorithm)).await;
        let ada = app.signed_up("ada@example.com").await;
        assert_eq!(ada.get("/me").await.status(), 200);
        let answer = app.script().get("/api/auth/.well-known/jwks.json").await;
        assert_eq!(answer.status(), 200);
        let caching = answer.header("cache-control");
        assert_eq!(caching, Some("public, max-age=600, must-revalidate"));
        // For the pages of anybody, and nobody's cookies.
        let stranger = app.browser().with("origin", "https://evil.test");
        for client in [app.script(), stranger] {
            let answer = client.get("/api/auth/.well-known/jwks.json").await;
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            assert_eq!(answer.headers.get_all("access-control-allow-origin").iter().count(), 1);
        }
        let keys = answer.json()["keys"].as_array().unwrap().clone();
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0]["kty"], kty);
        assert_eq!(keys[0]["alg"], algorithm.as_str());
        for private in ["d", "p", "q", "k", "dp", "dq", "qi"] {
            assert!(keys[0].get(private).is_none(), "{private}");
        }
        // The next is there before it signs.
        app.wait(24 * HOUR - Duration::from_secs(50));
        let answer = app.script().get("/api/auth/.well-known/jwks.json").await;
        assert_eq!(answer.json()["keys"].as_array().unwrap().len(), 2);
    }
    let app = with(app, Tokens::default()).await;
    app.signed_up("ada@example.com").await;
    let answer = app.script().get("/api/auth/.well-known/jwks.json").await;
    assert_eq!(answer.text(), r#"{"keys":[]}"#);
}

async fn opaque_applications_have_no_token_routes(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    assert_eq!(refresh(&ada).await.status(), 404);
    assert_eq!(ada.get("/api/auth/.well-known/jwks.json").await.status(), 404);
    let answer = ada.post("/api/auth/token?grant_type=refresh_token", json!({})).await;
    assert_eq!(answer.status(), 401);
    assert_eq!(ada.get("/me").await.status(), 200);
}

/// What a server that renders pages for others may do: read, and never renew, confirm or clear.
async fn validating_a_token_request_never_renews(app: App) {
    use auth_core::ErrorKind;
    let app = with(app, Tokens::default()).await;
    let ada = app.signed_up("ada@example.com").await;
    expire(&app);
    let expired = ada.copy();
    ada.get("/session").await;
    let ask = async |client: &Client| {
        let request = asked(client);
        let answer = request.validate_request().await;
        assert!(request.take_effects().is_empty());
        answer.map_err(|error| error.kind())
    };
    app.store.forget_calls();
    // The first use of a new token, and an old one.
    assert!(ask(&ada).await.is_ok());
    assert_eq!(ask(&expired).await.unwrap_err(), ErrorKind::TryRefreshToken);
    assert_eq!(app.store.calls(), ["get_session"]);
    assert_eq!(names(&ada.get("/session").await), ["auth_access"]);
}

async fn preflights_are_answered_for_trusted_origins_only(app: App) {
    let path = "/api/auth/session/refresh";
    let ask = async |origin: &'static str| {
        let client = app
            .script()
            .with("origin", origin)
            .with("access-control-request-method", "POST")
            .with("access-control-request-headers", "anti-csrf");
        client.send("OPTIONS", path, None, "").await
    };
    let answer = ask("https://admin.example.com").await;
    assert_eq!(answer.status(), 204);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://admin.example.com")
    );
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST, OPTIONS"));
    let allowed = answer.header("access-control-allow-headers").unwrap();
    for name in [
        "content-type",
        "rid",
        "fdi-version",
        "anti-csrf",
        "authorization",
        "st-auth-mode",
        "x-supabase-api-version",
        "x-client-info",
        "apikey",
        "x-jwt-aud",
        "x-client-ip",
        "x-use-cookie",
    ] {
        assert!(allowed.split(", ").any(|allowed| allowed == name), "{name}");
    }
    assert!(answer.header("vary").unwrap().contains("Origin"));
    for stranger in [
        "https://evil.test",
        "null",
        "https://admin.example.com.evil.test",
        "https://app.example.com",
    ] {
        let answer = ask(stranger).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{stranger}");
        assert_eq!(answer.header("access-control-allow-headers"), None, "{stranger}");
    }
    // The application's own routes have a helper for theirs.
    let own = app.script().with("access-control-request-method", "POST");
    let own = own
        .with("origin", "https://admin.example.com")
        .send("OPTIONS", "/cors", None, "")
        .await;
    assert_eq!(
        (own.status(), own.header("access-control-allow-methods")),
        (204, Some("GET, POST"))
    );
    assert_eq!(
        own.header("access-control-allow-origin"),
        Some("https://admin.example.com")
    );
    let own = app.script().with("access-control-request-method", "POST");
    assert_eq!(
        own.with("origin", "https://evil.test")
            .send("OPTIONS", "/cors", None, "")
            .await
            .status(),
        404
    );
    // The answer itself can be read by the same pages only, errors too.
    let refused = app
        .script()
        .with("origin", "https://admin.example.com")
        .get("/api/auth/user")
        .await;
    assert_eq!(
        refused.header("access-control-allow-origin"),
        Some("https://admin.example.com")
    );
    let refused = app
        .script()
        .with("origin", "https://evil.test")
        .get("/api/auth/user")
        .await;
    assert_eq!(refused.header("access-control-allow-origin"), None);
}

async fn a_handler_reads_changes_and_ends_the_session_of_its_request(app: App) {
    use auth_core::ErrorKind;
    for tokens in [true, false] {
        let app = App::with(app.driver, |builder| match tokens {
            true => builder.sessions(Tokens::default()),
            false => builder,
        })
        .await;
        let ada = app.signed_up("ada@example.com").await;
        let ask = || asked(&ada);
        assert!(ask().data().await.unwrap().is_empty());
        let data = json!({ "cart": [1] }).as_object().unwrap().clone();
        ask().update_data(data.clone()).await.unwrap();
        assert_eq!(ask().data().await.unwrap(), data);
        let request = ask();
        assert!(request.revoke().await.unwrap());
        let cleared = request.take_effects().cookies().len();
        assert_eq!(cleared, if tokens { 3 } else { 1 });
        if tokens {
            // The access token lives on; what it wants from the store is gone, and the cookies with it.
            for request in [ask(), ask()] {
                assert_eq!(request.data().await.unwrap_err().kind(), ErrorKind::Unauthorised);
                assert_eq!(request.take_effects().cookies().len(), 3);
            }
            let request = ask();
            let late = request.update_data(data).await.unwrap_err();
            assert_eq!(late.kind(), ErrorKind::Unauthorised);
            let cookies = request.take_effects();
            let cleared = |cookie: &http::HeaderValue| cookie.to_str().unwrap().contains("Max-Age=0");
            assert_eq!(cookies.cookies().len(), 3);
            assert!(cookies.cookies().iter().all(cleared));
            let request = ask();
            assert!(!request.revoke().await.unwrap());
            assert_eq!(request.take_effects().cookies().len(), 3);
        }
    }
}

async fn no_cookie_is_longer_than_browsers_take(app: App) {
    let app = with(app, Tokens::default().algorithm(auth_core::Algorithm::Es256)).await;
    for (length, is_told) in [(100, true), (2_500, false), (30_000, false)] {
        let ada = app.browser();
        let email = format!("{}{length}@example.com", "a".repeat(50));
        let body = json!({ "email": email, "password": PASSWORD, "data": { "about": "x".repeat(length) } });
        let answer = ada.post("/api/auth/signup", body).await;
        assert_eq!(answer.status(), 200, "{length}");
        for cookie in answer.set_cookies() {
            assert!(cookie.split(';').next().unwrap().len() <= 4_096, "{length}");
        }
        assert_eq!(ada.get("/me").await.status(), 200);
        // What does not fit is in the store all the same.
        assert_eq!(
            front(&answer)["up"]["user_metadata"]["about"].is_string(),
            is_told,
            "{length}"
        );
        let user = ada.get("/api/auth/user").await.json();
        assert_eq!(user["user_metadata"]["about"].as_str().unwrap().len(), length);
    }
    // What the application notes of somebody locks nobody out either.
    let ada = app.signed_up("ada@example.com").await;
    let id = ada.get("/api/auth/user").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (length, is_told) in [(100, true), (2_500, false), (30_000, false)] {
        let patch = auth_core::UserPatch {
            app_metadata: json!({ "roles": "x".repeat(length) }).as_object().cloned(),
            ..Default::default()
        };
        app.auth.update_user(&id.as_str().into(), patch).await.unwrap();
        let answer = ada.sign_in("ada@example.com", PASSWORD).await;
        for answer in [answer, refresh(&ada).await] {
            assert_eq!(answer.status(), 200, "{answer:?}");
            for cookie in answer.set_cookies() {
                assert!(cookie.split(';').next().unwrap().len() <= 4_096, "{length}");
            }
            let told = &front(&answer)["up"]["app_metadata"];
            assert_eq!(
                (told.is_object(), told["roles"].is_string()),
                (true, is_told),
                "{length}"
            );
        }
        assert_eq!(ada.get("/me").await.status(), 200);
        let user = ada.get("/api/auth/user").await.json();
        assert_eq!(user["app_metadata"]["roles"].as_str().unwrap().len(), length);
    }
    let proof = app
        .auth
        .authenticate_user("email", &format!("{}100@example.com", "a".repeat(50)), PASSWORD)
        .await
        .unwrap();
    let mut session = auth_core::NewSession::default();
    session.payload = json!({ "x": "x".repeat(1_529) }).as_object().unwrap().clone();
    assert!(app.auth.create_session(&proof, session.clone()).await.is_err());
    session.payload = json!({ "x": "x".repeat(1_528) }).as_object().unwrap().clone();
    let issued = app.auth.create_session(&proof, session).await.unwrap();
    let tokens = issued.tokens.unwrap();
    assert!(tokens.access.expose().len() < 4_000, "{}", tokens.access.expose().len());
    assert!(tokens.refresh.expose().len() < 300);
}

async fn a_stricter_guard_counts_although_somebody_asked_before(app: App) {
    use auth_core::{ErrorKind, VerifySession};
    let app = with(app, Tokens::default().anti_csrf(AntiCsrf::Token)).await;
    let ada = app.signed_up("ada@example.com").await;
    let id = ada.get("/session").await.text().to_owned();
    let ask = || asked(&ada);
    let request = ask();
    request.require_session().await.unwrap();
    let strict = VerifySession::default().anti_csrf(true);
    assert_eq!(
        request.verify_session(strict).await.unwrap_err().kind(),
        ErrorKind::TryRefreshToken
    );
    app.auth.invalidate_session(&id.as_str().into()).await.unwrap();
    let request = ask();
    request
        .verify_session(VerifySession::default().optional(true))
        .await
        .unwrap()
        .unwrap();
    let strict = VerifySession::default().check_store(true);
    assert_eq!(
        request.verify_session(strict).await.unwrap_err().kind(),
        ErrorKind::Unauthorised
    );
}

async fn a_request_that_renewed_its_session_is_not_a_step_behind_itself(app: App) {
    let strict = Rotation::ParentChild {
        straggler: Duration::ZERO,
    };
    for rotation in [Rotation::Grace(Duration::ZERO), strict, Rotation::Off] {
        let app = with(app.clone(), Tokens::default().rotation(rotation)).await;
        // Signing out ends what was renewed a moment ago.
        for scope in ["local", "global"] {
            let ada = app.browser();
            ada.sign_up(&format!("{scope}@example.com"), PASSWORD).await;
            expire(&app);
            let answer = ada.post(&format!("/api/auth/logout?scope={scope}"), json!({})).await;
            assert_eq!(answer.status(), 204, "{answer:?}");
            assert!(clears_all(&answer), "{rotation:?} {scope}: {answer:?}");
            let email = format!("{scope}@example.com");
            let user = app.auth.get_user_by_provider_id("email", &email).await.unwrap();
            assert!(app.auth.get_all_user_sessions(&user.id).await.unwrap().is_empty());
        }
        // Asked anew, with more or again, the request is still what it was.
        let ada = app.signed_up("ada@example.com").await;
        expire(&app);
        let request = asked(&ada);
        let session = request.require_session().await.unwrap();
        let stricter = auth_core::VerifySession::default().check_store(true);
        let again = request.verify_session(stricter).await.unwrap().unwrap();
        assert_eq!(again.id, session.id);
        request.invalidate();
        request.require_user().await.unwrap();
        assert_eq!(request.take_effects().cookies().len(), 3);
        // And it sees an end.
        app.auth.invalidate_session(&session.id).await.unwrap();
        request.invalidate();
        assert!(request.validate().await.unwrap().is_none());
        assert_eq!(app.events.count(EventKind::TokenReused), 0);
    }
}

async fn signing_out_with_an_expired_access_token_does_not_pretend(app: App) {
    let app = at_endpoint(app).await;
    let ada = app.signed_up("ada@example.com").await;
    expire(&app);
    let answer = ada.post("/api/auth/logout", json!({})).await;
    assert_eq!(answer.json()["message"], "try refresh token");
    refresh(&ada).await;
    let answer = ada.post("/api/auth/logout", json!({})).await;
    assert_eq!(answer.status(), 204);
    assert!(clears_all(&answer));
    assert_eq!(app.browser().post("/api/auth/logout", json!({})).await.status(), 204);
    // And a page of another site signs nobody out.
    let app = with(app, Tokens::default().anti_csrf(AntiCsrf::Header)).await;
    let ada = app.signed_up("bob@example.com").await;
    let answer = ada.post("/api/auth/logout", json!({})).await;
    assert_eq!(answer.json()["message"], "try refresh token");
}

async fn a_client_that_keeps_tokens_gets_new_ones_with_a_new_password(app: App) {
    let app = with(app, Tokens::default()).await;
    let script = app.script().with("st-auth-mode", "header");
    let answer = script.sign_up("ada@example.com", PASSWORD).await.json();
    let text = |answer: &Value, name: &str| answer[name].as_str().unwrap().to_owned();
    let (access, old) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
    let bearer = |token: &str| {
        app.script()
            .with("st-auth-mode", "header")
            .with("authorization", format!("Bearer {token}"))
    };
    // What a thief made of a copy a moment ago is worth nothing either.
    let child = refresh(&bearer(&old))
        .await
        .header("st-refresh-token")
        .unwrap()
        .to_owned();
    let change = json!({ "password": "another horse battery", "current_password": PASSWORD });
    let answer = bearer(&access).put("/api/auth/user", change).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(answer.set_cookies(), [""; 0]);
    let new = answer.header("st-refresh-token").unwrap().to_owned();
    assert_eq!(refresh(&bearer(&new)).await.status(), 200);
    for stolen in [&child, &old] {
        app.wait(Duration::from_millis(1));
        assert_eq!(refresh(&bearer(stolen)).await.status(), 401);
    }
}

async fn signing_out_a_client_that_keeps_tokens_ends_one_session(app: App) {
    let app = with(app, Tokens::default()).await;
    let script = app.script().with("st-auth-mode", "header");
    let one = script.sign_up("ada@example.com", PASSWORD).await.json();
    let two = script.sign_in("ada@example.com", PASSWORD).await.json();
    let bearer = |token: &Value| {
        app.script()
            .with("authorization", format!("Bearer {}", token.as_str().unwrap()))
    };
    let answer = bearer(&one["access_token"]).post("/api/auth/signout", json!({})).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("front-token"), Some("remove"));
    assert_eq!(refresh(&bearer(&one["refresh_token"])).await.status(), 401);
    assert_eq!(refresh(&bearer(&two["refresh_token"])).await.status(), 200);
    // GoTrue's sign-out is the one that ends them all.
    let answer = bearer(&two["access_token"]).post("/api/auth/logout", json!({})).await;
    assert_eq!(answer.status(), 204);
}

/// SuperTokens' session creation (§7.4): what is left of the other mode would win over what is given now.
async fn whoever_signs_in_another_way_loses_the_tokens_of_the_first(app: App) {
    let app = with(app, Tokens::default()).await;
    let script = app.script().with("st-auth-mode", "header");
    let kept = script.sign_up("ada@example.com", PASSWORD).await.json();
    let stale = format!("Bearer {}", kept["access_token"].as_str().unwrap());
    let browser = app.browser().with("authorization", stale);
    let answer = browser.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    for header in ["st-access-token", "st-refresh-token"] {
        assert_eq!(answer.header(header), Some(""), "{answer:?}");
    }
    assert_eq!(answer.set_cookies().len(), 3);
    assert!(answer.header("front-token").is_some_and(|front| front != "remove"));
    // And the other way; a client of GoTrue's leaves the page's cookies alone.
    let keeper = browser.copy().with("st-auth-mode", "header");
    let answer = keeper.sign_in("ada@example.com", PASSWORD).await;
    assert!(clears_all(&answer), "{answer:?}");
    assert!(!answer.header("st-access-token").unwrap().is_empty());
    let gotrue = browser.copy().with("x-supabase-api-version", "2024-01-01");
    let answer = gotrue.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(answer.set_cookies(), [""; 0], "{answer:?}");
    // Nobody is told to forget what they do not have.
    let answer = app.browser().sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(answer.header("st-access-token"), None);
}
