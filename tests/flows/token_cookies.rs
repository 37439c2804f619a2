//! The cookies of the token strategy, to the letter: names, lifetimes, attributes, set and cleared.

use auth_core::{AuthBuilder, CookieConfig, RefreshAt, SameSite, TokenNames, Tokens};
use serde_json::json;

use crate::{Answer, App, PASSWORD, stories};

stories![
    by_default_they_are_as_strict_as_they_can_be,
    they_have_the_path_and_same_site_asked_for,
    with_supertokens_names_the_refresh_cookie_goes_to_its_endpoint,
    those_of_a_window_have_no_end_of_their_own,
    only_the_origin_check_stands_where_same_site_is_none,
];

// From the first moment of 2026: an hour, and a hundred days.
const AN_HOUR: &str = "Max-Age=3600; Expires=Thu, 01 Jan 2026 01:00:00 GMT";
const HUNDRED_DAYS: &str = "Max-Age=8640000; Expires=Sat, 11 Apr 2026 00:00:00 GMT";
const NO_MORE: &str = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";

/// Each `Set-Cookie` with `…` for its value, in the order they were sent.
fn shapes(answer: &Answer) -> Vec<String> {
    let shape = |cookie: String| {
        let (name, rest) = cookie.split_once('=').unwrap();
        let (value, attributes) = rest.split_once(';').unwrap();
        format!("{name}={};{attributes}", if value.is_empty() { "" } else { "…" })
    };
    answer.set_cookies().into_iter().map(shape).collect()
}

/// What signing up sets, and what a refresh without any token clears.
async fn set_and_cleared(app: App, setup: impl FnOnce(AuthBuilder) -> AuthBuilder) -> (Vec<String>, Vec<String>) {
    let app = App::with(app.driver, setup).await;
    let answer = app.browser().sign_up("ada@example.com", PASSWORD).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    let cleared = app.browser().send("POST", "/api/auth/session/refresh", None, "").await;
    (shapes(&answer), shapes(&cleared))
}

async fn by_default_they_are_as_strict_as_they_can_be(app: App) {
    let (set, cleared) = set_and_cleared(app, |builder| builder.sessions(Tokens::default())).await;
    assert_eq!(
        set,
        [
            format!("__Host-auth_access=…; HttpOnly; SameSite=Lax; Secure; Path=/; {AN_HOUR}"),
            format!("__Host-auth_refresh=…; HttpOnly; SameSite=Lax; Secure; Path=/; {HUNDRED_DAYS}"),
            format!("__Host-auth_marker=…; SameSite=Lax; Secure; Path=/; {HUNDRED_DAYS}"),
        ]
    );
    assert_eq!(
        cleared,
        [
            format!("__Host-auth_access=; HttpOnly; SameSite=Lax; Secure; Path=/; {NO_MORE}"),
            format!("__Host-auth_refresh=; HttpOnly; SameSite=Lax; Secure; Path=/; {NO_MORE}"),
            format!("__Host-auth_marker=; SameSite=Lax; Secure; Path=/; {NO_MORE}"),
        ]
    );
}

async fn they_have_the_path_and_same_site_asked_for(app: App) {
    let (set, cleared) = set_and_cleared(app, |builder| {
        let cookie = CookieConfig::default().path("/api").same_site(SameSite::Strict);
        builder.sessions(Tokens::default()).cookie(cookie)
    })
    .await;
    assert_eq!(
        set,
        [
            format!("__Secure-auth_access=…; HttpOnly; SameSite=Strict; Secure; Path=/api; {AN_HOUR}"),
            format!("__Secure-auth_refresh=…; HttpOnly; SameSite=Strict; Secure; Path=/api; {HUNDRED_DAYS}"),
            format!("__Secure-auth_marker=…; SameSite=Strict; Secure; Path=/api; {HUNDRED_DAYS}"),
        ]
    );
    assert_eq!(
        cleared,
        [
            format!("__Secure-auth_access=; HttpOnly; SameSite=Strict; Secure; Path=/api; {NO_MORE}"),
            format!("__Secure-auth_refresh=; HttpOnly; SameSite=Strict; Secure; Path=/api; {NO_MORE}"),
            format!("__Secure-auth_marker=; SameSite=Strict; Secure; Path=/api; {NO_MORE}"),
        ]
    );
}

async fn with_supertokens_names_the_refresh_cookie_goes_to_its_endpoint(app: App) {
    let (set, cleared) = set_and_cleared(app, |builder| {
        let tokens = Tokens::default().names(TokenNames::supertokens());
        let cookie = CookieConfig::default().domain("example.com").path("/api/auth");
        builder.sessions(tokens.refresh_at(RefreshAt::Endpoint)).cookie(cookie)
    })
    .await;
    let endpoint = "/api/auth/session/refresh";
    let domain = "Domain=example.com";
    assert_eq!(
        set,
        [
            format!("sAccessToken=…; HttpOnly; SameSite=Lax; Secure; Path=/api/auth; {domain}; {AN_HOUR}"),
            format!("sRefreshToken=…; HttpOnly; SameSite=Lax; Secure; Path={endpoint}; {domain}; {HUNDRED_DAYS}"),
            format!("sIdRefreshToken=…; SameSite=Lax; Secure; Path=/api/auth; {domain}; {HUNDRED_DAYS}"),
        ]
    );
    assert_eq!(
        cleared,
        [
            format!("sAccessToken=; HttpOnly; SameSite=Lax; Secure; Path=/api/auth; {domain}; {NO_MORE}"),
            format!("sRefreshToken=; HttpOnly; SameSite=Lax; Secure; Path={endpoint}; {domain}; {NO_MORE}"),
            format!("sIdRefreshToken=; SameSite=Lax; Secure; Path=/api/auth; {domain}; {NO_MORE}"),
        ]
    );
}

async fn those_of_a_window_have_no_end_of_their_own(app: App) {
    let app = App::with(app.driver, |builder| builder.sessions(Tokens::default())).await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "remember": false });
    let answer = app.browser().post("/api/auth/signup", body).await;
    assert_eq!(
        shapes(&answer),
        [
            "__Host-auth_access=…; HttpOnly; SameSite=Lax; Secure; Path=/",
            "__Host-auth_refresh=…; HttpOnly; SameSite=Lax; Secure; Path=/",
            "__Host-auth_marker=…; SameSite=Lax; Secure; Path=/",
        ]
    );
}

async fn only_the_origin_check_stands_where_same_site_is_none(app: App) {
    let app = App::with(app.driver, |builder| {
        let cookie = CookieConfig::default().same_site(SameSite::None);
        builder.sessions(Tokens::default()).cookie(cookie)
    })
    .await;
    let ada = app.browser();
    let answer = ada.sign_up("ada@example.com", PASSWORD).await;
    assert!(
        shapes(&answer)
            .iter()
            .all(|cookie| cookie.contains("SameSite=None; Secure"))
    );
    // What a browser now sends along with a page of another site: it always says from where.
    for (header, value) in [
        ("origin", "https://evil.test"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        for path in ["/write", "/api/auth/session/refresh", "/api/auth/logout"] {
            let forged = ada.copy().with(header, value);
            let forged = match header {
                "sec-fetch-site" => forged.with("origin", "https://sibling.example.com"),
                _ => forged,
            };
            let answer = forged.post(path, json!({})).await;
            assert_eq!(
                (answer.status(), answer.set_cookies().len()),
                (403, 0),
                "{value} {path}"
            );
        }
    }
    assert_eq!(ada.post("/write", json!({})).await.status(), 200);
    assert_eq!(ada.get("/me").await.status(), 200);
}
