use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::request::Parts;

use super::*;
use crate::{clock::Timestamp, flows::auth_cookie::CookieOptions};

const NOW: Timestamp = Timestamp::from_unix_ms(1_700_000_000_000);

fn request(method: &str, cookie: Option<&str>) -> Parts {
    let builder = http::Request::builder()
        .method(method)
        .uri("/")
        .header("host", "example.com");
    let builder = match cookie {
        Some(cookie) => builder.header("cookie", cookie),
        None => builder,
    };
    builder.body(()).unwrap().into_parts().0
}

fn jwt(exp: i64) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{exp}}}"#)))
}

/// A client of the later, two-cookie kind.
fn pair(server: &Server) -> GoTrueApi {
    server.api().clock(At(NOW)).cookie_options(CookieOptions::two_cookies())
}

#[test]
fn cookie_options_default_to_the_seeds() {
    let api = GoTrueApi::new("https://example.com").unwrap();
    let reply = api
        .set_auth_cookie(
            &request("POST", None),
            br#"{"event":"SIGNED_IN","session":{"access_token":"at"}}"#,
        )
        .unwrap();
    let cookie = reply.effects().cookies()[0].to_str().unwrap();
    assert!(
        cookie.starts_with("sb:token=at; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=28800; "),
        "{cookie}"
    );
}

#[tokio::test]
async fn get_user_by_cookie_success_returns_the_user_and_the_token() {
    let server = Server::answering([USER]).await;
    let found = server
        .api()
        .get_user_by_cookie(&request("GET", Some("a=b; sb:token=at")))
        .await
        .unwrap();
    assert_eq!((found.user.id.as_str(), found.token.expose()), ("u1", "at"));
    assert!(found.effects.is_empty());
    assert_eq!(server.heard().line, "GET /user");
    assert_eq!(server.heard().header("authorization"), Some("Bearer at"));
    assert!(!format!("{found:?}").contains("\"at\""));
}

#[tokio::test]
async fn get_user_by_cookie_no_cookie_is_an_error() {
    let server = Server::start().await;
    for cookie in [None, Some("other=1"), Some("sb:token=")] {
        let error = server
            .api()
            .get_user_by_cookie(&request("GET", cookie))
            .await
            .unwrap_err();
        assert_eq!((error.message(), error.status()), ("No cookie found!", 400));
        assert!(!error.is_network());
    }
    assert!(server.all_heard().is_empty());
}

#[tokio::test]
async fn get_user_by_cookie_bad_token_carries_the_servers_message() {
    let server = Server::refusing("403 Forbidden", r#"{"code":"bad_jwt","message":"invalid JWT"}"#).await;
    let error = server
        .api()
        .get_user_by_cookie(&request("GET", Some("sb:token=x")))
        .await
        .unwrap_err();
    assert_eq!(
        (error.message(), error.status(), error.code()),
        ("invalid JWT", 403, Some("bad_jwt"))
    );
}

#[tokio::test]
async fn cookie_auto_refresh_returns_the_user_and_sets_two_new_cookies() {
    let over = format!("sb-access-token={}; sb-refresh-token=old", jwt(1_700_000_000));
    // A browser may have dropped the first already.
    for cookie in [over.as_str(), "sb-refresh-token=old"] {
        let server = Server::answering([SESSION]).await;
        let found = pair(&server)
            .get_user_by_cookie(&request("GET", Some(cookie)))
            .await
            .unwrap();
        assert_eq!((found.user.id.as_str(), found.token.expose()), ("u1", "at"));
        let cookies: Vec<_> = found
            .effects
            .cookies()
            .iter()
            .map(|cookie| cookie.to_str().unwrap())
            .collect();
        assert!(cookies[0].starts_with("sb-access-token=at; HttpOnly; SameSite=Lax; Secure; "));
        assert!(cookies[1].starts_with("sb-refresh-token=rt; HttpOnly; SameSite=Lax; Secure; "));
        assert_eq!(server.heard().line, "POST /token?grant_type=refresh_token");
        assert_eq!(server.heard().json()["refresh_token"], "old");
        assert_eq!(server.all_heard().len(), 1);
    }
}

#[tokio::test]
async fn cookies_that_are_still_good_are_not_refreshed() {
    for token in [
        jwt(1_700_000_001),
        "opaque".to_owned(),
        "e30.e30.x".to_owned(),
        "a.%%.c".to_owned(),
    ] {
        let server = Server::answering([USER]).await;
        let cookie = format!("sb-access-token={token}; sb-refresh-token=rt");
        let found = pair(&server)
            .get_user_by_cookie(&request("GET", Some(&cookie)))
            .await
            .unwrap();
        assert!(found.effects.is_empty());
        assert_eq!(server.heard().line, "GET /user", "{token}");
    }
}

#[tokio::test]
async fn an_expired_cookie_that_cannot_be_refreshed_is_the_servers_to_refuse() {
    let server = Server::refusing("401 Unauthorized", r#"{"code":"bad_jwt","message":"expired"}"#).await;
    let cookie = format!("sb-access-token={}", jwt(1));
    let error = pair(&server)
        .get_user_by_cookie(&request("GET", Some(&cookie)))
        .await
        .unwrap_err();
    assert_eq!(error.message(), "expired");
}

#[tokio::test]
async fn no_refresh_token_is_used_up_when_the_cookies_could_not_be_set() {
    let server = Server::start().await;
    let mut request = request("GET", Some("sb-refresh-token=rt"));
    request.headers.remove("host");
    let error = pair(&server).get_user_by_cookie(&request).await.unwrap_err();
    assert_eq!(error.message(), "The \"host\" request header is not available");
    assert!(server.all_heard().is_empty());
}

#[test]
fn get_auth_cookie_string_is_what_set_auth_cookie_writes() {
    let api = GoTrueApi::new("https://example.com").unwrap().clock(At(NOW));
    let api = api.cookie_options(CookieOptions::two_cookies());
    let body = br#"{"event":"SIGNED_IN","session":{"access_token":"at","refresh_token":"rt"}}"#;
    let strings = api.get_auth_cookie_string(&request("POST", None), body).unwrap();
    let reply = api.set_auth_cookie(&request("POST", None), body).unwrap();
    assert_eq!(strings, reply.effects().cookies());
    assert_eq!(strings.len(), 2);
    let other_method = api.get_auth_cookie_string(&request("GET", None), body).unwrap();
    assert!(other_method.is_empty());
}

#[test]
fn delete_auth_cookie_of_the_client_clears_both_and_redirects() {
    let api = GoTrueApi::new("https://example.com").unwrap();
    let api = api.cookie_options(CookieOptions::two_cookies());
    let response = api
        .delete_auth_cookie(&request("GET", None), None)
        .unwrap()
        .into_response();
    assert_eq!(
        (response.status().as_u16(), response.headers()["location"].as_bytes()),
        (307, b"/".as_slice())
    );
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
}
