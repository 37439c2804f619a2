use std::time::Duration;

use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ALLOW, SET_COOKIE},
    request::Parts,
};
use proptest::prelude::*;

use super::*;
use crate::{clock::Timestamp, request::SameSite, secret::WireToken};

const NOW: Timestamp = Timestamp::from_unix_ms(1_700_000_000_000);
const SIGNED_IN: &str = r#"{"event":"SIGNED_IN","session":{"access_token":"a.b.c","refresh_token":"r"}}"#;
const SIGNED_OUT: &str = r#"{"event":"SIGNED_OUT","session":null}"#;

fn request(method: &str, host: Option<&str>) -> Parts {
    let builder = http::Request::builder().method(method).uri("/api/cookie");
    let builder = match host {
        Some(host) => builder.header("host", host),
        None => builder,
    };
    builder.body(()).unwrap().into_parts().0
}

fn answer(cookies: &AuthCookies, host: &str, body: &str) -> Vec<String> {
    let reply = cookies
        .answer(&request("POST", Some(host)), body.as_bytes(), NOW)
        .unwrap();
    assert_eq!((reply.status(), reply.body()), (StatusCode::OK, "{}"));
    lines(reply.effects())
}

fn lines(effects: &crate::request::Effects) -> Vec<String> {
    let cookies = effects.cookies().iter();
    cookies.map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
}

fn refused(body: &str) -> AuthCookieError {
    let request = request("POST", Some("example.com"));
    AuthCookies::default()
        .answer(&request, body.as_bytes(), NOW)
        .unwrap_err()
}

#[test]
fn set_auth_cookie_non_post_is_405_with_allow_and_no_cookie() {
    for method in ["GET", "PUT", "DELETE", "post"] {
        let reply = AuthCookies::default()
            .answer(&request(method, None), SIGNED_IN.as_bytes(), NOW)
            .unwrap();
        let response = reply.into_response();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()[ALLOW], "POST");
        assert!(!response.headers().contains_key(SET_COOKIE));
        assert_eq!(response.body(), "Method Not Allowed");
    }
}

#[test]
fn set_auth_cookie_missing_event_fails() {
    for body in [
        "",
        "{}",
        "[]",
        "1",
        r#"{"event":null}"#,
        r#"{"event":""}"#,
        r#"{"event":7}"#,
    ] {
        assert_eq!(refused(body).to_string(), "Auth event missing!", "{body}");
    }
}

#[test]
fn set_auth_cookie_signed_in_without_session_fails() {
    for session in ["null", "{}", r#"{"access_token":""}"#, r#"{"access_token":null}"#, "7"] {
        let body = format!(r#"{{"event":"SIGNED_IN","session":{session}}}"#);
        assert_eq!(refused(&body).to_string(), "Auth session missing!", "{session}");
    }
    assert_eq!(refused(r#"{"event":"SIGNED_IN"}"#), AuthCookieError::SessionMissing);
}

#[test]
fn set_auth_cookie_signed_in_sets_one_http_only_cookie() {
    assert_eq!(
        answer(&AuthCookies::default(), "example.com", SIGNED_IN),
        [
            "sb:token=a.b.c; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=28800; Expires=Wed, 15 Nov 2023 06:13:20 GMT"
        ]
    );
}

#[test]
fn secure_is_left_out_on_a_developers_machine_only() {
    for host in [
        "localhost",
        "localhost:3000",
        "127.0.0.1:8080",
        "app.local",
        "App.Local:1",
        "LOCALHOST",
    ] {
        assert!(
            !answer(&AuthCookies::default(), host, SIGNED_IN)[0].contains("Secure"),
            "{host}"
        );
    }
    for host in [
        "example.com",
        "localhost.example.com",
        "127.0.0.1.example.com",
        "xlocalhost",
        "local",
        "[::1]",
        "10.0.0.1",
    ] {
        assert!(
            answer(&AuthCookies::default(), host, SIGNED_IN)[0].contains("; Secure;"),
            "{host}"
        );
    }
}

#[test]
fn set_auth_cookie_signed_out_expires_the_cookie_with_domain_and_path() {
    let options = CookieOptions::default()
        .domain("example.com")
        .unwrap()
        .path("/app")
        .unwrap();
    assert_eq!(
        answer(&AuthCookies::new(options), "app.example.com", SIGNED_OUT),
        [
            "sb:token=; HttpOnly; SameSite=Lax; Secure; Path=/app; Domain=example.com; Max-Age=0; \
          Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        ]
    );
}

#[test]
fn set_auth_cookie_other_events_leave_cookies_alone() {
    for event in [
        "USER_UPDATED",
        "PASSWORD_RECOVERY",
        "USER_DELETED",
        "signed_in",
        "WHATEVER",
    ] {
        let body = format!(r#"{{"event":"{event}","session":{{"access_token":"a"}}}}"#);
        assert!(
            answer(&AuthCookies::default(), "example.com", &body).is_empty(),
            "{event}"
        );
    }
}

#[test]
fn a_refreshed_token_replaces_the_one_in_the_cookie() {
    let body = SIGNED_IN.replace("SIGNED_IN", "TOKEN_REFRESHED");
    assert!(answer(&AuthCookies::default(), "example.com", &body)[0].starts_with("sb:token=a.b.c;"));
}

#[test]
fn cookie_same_site_option_is_read_in_any_case_and_others_refused() {
    for (text, expected) in [
        ("lax", SameSite::Lax),
        ("Lax", SameSite::Lax),
        ("STRICT", SameSite::Strict),
        ("nOnE", SameSite::None),
    ] {
        assert_eq!(text.parse::<SameSite>().unwrap(), expected);
    }
    for text in ["", "true", "lax ", "laxx", "no_restriction"] {
        let error = text.parse::<SameSite>().unwrap_err();
        assert!(error.to_string().contains("option sameSite is invalid"), "{error}");
    }
}

#[test]
fn what_browsers_drop_without_secure_is_secure_everywhere() {
    let none = AuthCookies::new(CookieOptions::default().same_site(SameSite::None));
    assert!(answer(&none, "localhost", SIGNED_IN)[0].contains("SameSite=None; Secure;"));
    let prefixed = AuthCookies::new(CookieOptions::default().name("__Host-sid").unwrap());
    assert!(
        answer(&prefixed, "localhost", SIGNED_IN)[0].starts_with("__Host-sid=a.b.c; HttpOnly; SameSite=Lax; Secure;")
    );
}

#[test]
fn cookie_option_defaults_are_the_seeds() {
    let [cookie] = <[String; 1]>::try_from(answer(&AuthCookies::default(), "localhost", SIGNED_IN)).unwrap();
    assert!(
        cookie.starts_with("sb:token=") && cookie.contains("Max-Age=28800;"),
        "{cookie}"
    );
    assert!(cookie.contains("Path=/;") && cookie.contains("SameSite=Lax;") && !cookie.contains("Domain"));
}

#[test]
fn cookie_options_that_cannot_be_written_are_refused_where_they_are_said() {
    let default = CookieOptions::default;
    for name in ["", "a b", "a;b", "a=b", "a\r\nb", "ä", "a,b"] {
        assert!(default().name(name).is_err(), "{name:?}");
    }
    assert!(CookieOptions::two_cookies().name("").is_err());
    for domain in ["a;b", "a b", "a\n", "ä.example"] {
        assert!(default().domain(domain).is_err(), "{domain:?}");
    }
    for path in ["", "a", "/a;b", "/a b", "/\n"] {
        assert!(default().path(path).is_err(), "{path:?}");
    }
    let prefixed = default().name("__Host-sid").unwrap();
    assert!(prefixed.clone().domain("example.com").is_err());
    assert!(prefixed.path("/app").is_err());
    assert!(default().domain("example.com").unwrap().name("__Host-sid").is_err());
    assert!(default().domain("").unwrap().name("__Host-sid").is_ok());
}

#[test]
fn set_cookie_is_appended_and_earlier_cookies_survive() {
    let mut headers = HeaderMap::new();
    headers.append(SET_COOKIE, HeaderValue::from_static("theme=dark"));
    headers.append(SET_COOKIE, HeaderValue::from_static("sb:token=old"));
    let reply = AuthCookies::default()
        .answer(&request("POST", Some("localhost")), SIGNED_IN.as_bytes(), NOW)
        .unwrap();
    reply.apply(&mut headers);
    let cookies: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
    assert_eq!(cookies.len(), 2);
    assert_eq!(cookies[0], "theme=dark");
    assert!(cookies[1].to_str().unwrap().starts_with("sb:token=a.b.c;"));
}

#[test]
fn missing_host_header_is_an_error_and_never_an_insecure_cookie() {
    let cookies = AuthCookies::default();
    for body in [SIGNED_IN, SIGNED_OUT] {
        let error = cookies
            .answer(&request("POST", None), body.as_bytes(), NOW)
            .unwrap_err();
        assert_eq!(error.to_string(), "The \"host\" request header is not available");
    }
    for host in ["", " "] {
        let asked = cookies.answer(&request("POST", Some(host)), SIGNED_IN.as_bytes(), NOW);
        assert_eq!(asked.unwrap_err(), AuthCookieError::HostMissing);
    }
    let mut twice = request("POST", Some("example.com"));
    twice.headers.append("host", HeaderValue::from_static("localhost"));
    assert_eq!(is_secure_context(&twice), Err(AuthCookieError::HostMissing));
}

#[test]
fn http_2_names_its_host_in_the_authority() {
    let authority = |uri: &str| is_secure_context(&http::Request::get(uri).body(()).unwrap().into_parts().0);
    assert_eq!(authority("https://example.com/"), Ok(true));
    assert_eq!(authority("https://localhost:3000/"), Ok(false));
}

#[test]
fn two_cookies_are_set_and_removed_together() {
    let cookies = AuthCookies::new(CookieOptions::two_cookies());
    let set = answer(&cookies, "localhost", SIGNED_IN);
    assert_eq!(set.len(), 2);
    assert!(set[0].starts_with("sb-access-token=a.b.c; HttpOnly;"), "{}", set[0]);
    assert!(set[1].starts_with("sb-refresh-token=r; HttpOnly;"), "{}", set[1]);
    let removed = answer(&cookies, "localhost", SIGNED_OUT);
    assert!(removed[0].starts_with("sb-access-token=; ") && removed[0].contains("Max-Age=0"));
    assert!(removed[1].starts_with("sb-refresh-token=; ") && removed[1].contains("Max-Age=0"));
    let alone = answer(
        &cookies,
        "localhost",
        r#"{"event":"SIGNED_IN","session":{"access_token":"a"}}"#,
    );
    assert!(
        alone[1].starts_with("sb-refresh-token=; "),
        "no token of an earlier session is left"
    );
}

#[test]
fn delete_auth_cookie_clears_and_sends_on_with_307() {
    let cookies = AuthCookies::new(CookieOptions::two_cookies());
    for (asked, target) in [(None, "/"), (Some("/bye"), "/bye"), (Some("/\r\nx: y"), "/")] {
        let response = cookies
            .delete(&request("GET", Some("example.com")), asked)
            .unwrap()
            .into_response();
        assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(response.headers()["location"], target);
        assert_eq!(response.headers().get_all(SET_COOKIE).iter().count(), 2);
    }
    assert_eq!(
        cookies.delete(&request("GET", None), None).unwrap_err(),
        AuthCookieError::HostMissing
    );
}

#[test]
fn a_token_that_browsers_would_drop_is_refused() {
    let session = AuthCookieSession::new("x".repeat(5_000), None);
    let set = AuthCookies::default().set(&session, true, NOW);
    assert_eq!(set.unwrap_err(), AuthCookieError::TooLong);
    let longest = (3_900..4_097)
        .rev()
        .find(|length| {
            let session = AuthCookieSession::new("x".repeat(*length), None);
            AuthCookies::new(CookieOptions::default().lifetime(Duration::from_secs(u64::MAX)))
                .set(&session, true, NOW)
                .is_ok()
        })
        .unwrap();
    assert!(longest > 3_900);
}

#[test]
fn cookies_that_are_missing_or_ambiguous_are_errors() {
    let cookies = AuthCookies::default();
    let read = |fields: &[&str]| {
        let mut parts = request("GET", None);
        for field in fields {
            parts.headers.append("cookie", HeaderValue::from_str(field).unwrap());
        }
        cookies
            .read(&parts)
            .map(|held| held.access_token.unwrap().expose().to_owned())
    };
    assert_eq!(read(&[]).unwrap_err().to_string(), "No cookie found!");
    assert_eq!(read(&["sb:token="]), Err(AuthCookieError::NoCookie));
    assert_eq!(read(&["xsb:token=a"]), Err(AuthCookieError::NoCookie));
    assert_eq!(read(&["sb:token=%ff"]), Err(AuthCookieError::NoCookie));
    assert_eq!(read(&["sb:token=a; sb:token=b"]), Err(AuthCookieError::Ambiguous));
    assert_eq!(read(&["theme=dark; sb:token=a%2Bb"]).unwrap(), "a+b");
}

#[test]
fn nothing_secret_is_printed() {
    let session: AuthCookieSession =
        serde_json::from_str(r#"{"access_token":"hush1","refresh_token":"hush2"}"#).unwrap();
    let held = HeldCookies {
        access_token: Some(WireToken::new("hush3")),
        refresh_token: None,
    };
    let effects = AuthCookies::default().set(&session, true, NOW).unwrap();
    let printed = format!("{session:?} {held:?} {effects:?}");
    assert!(!printed.contains("hush"), "{printed}");
}

proptest! {
    #[test]
    fn whatever_the_token_is_one_cookie_comes_back_with_it(token in "\\PC{1,200}", refresh in "\\PC{1,50}") {
        let cookies = AuthCookies::new(CookieOptions::two_cookies());
        let session = AuthCookieSession::new(token.as_str(), Some(WireToken::new(refresh.as_str())));
        let set = lines(&cookies.set(&session, true, NOW).unwrap());
        let pairs: Vec<_> = set.iter().map(|cookie| cookie.split("; ").next().unwrap()).collect();
        prop_assert_eq!(pairs.len(), 2);
        let mut parts = request("GET", None);
        parts.headers.insert("cookie", HeaderValue::from_str(&pairs.join("; ")).unwrap());
        let held = cookies.read(&parts).unwrap();
        prop_assert_eq!(held.access_token.as_ref().unwrap().expose(), token);
        prop_assert_eq!(held.refresh_token.as_ref().unwrap().expose(), refresh);
    }

    #[test]
    fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = AuthCookies::default().answer(&request("POST", Some("example.com")), &body, NOW);
    }
}
