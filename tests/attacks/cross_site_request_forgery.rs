//! Requests that another site makes a browser send.

use auth_core::Tokens;
use bytes::Bytes;
use http::Request;
use serde_json::json;

use crate::{App, flows::transport::described, stories};

stories![
    the_matrix_of_site_origin_and_method,
    signing_in_and_up_is_protected_too,
    a_form_that_looks_like_json_is_refused,
    garbage_in_the_origin_is_refused_without_panic,
    reading_never_changes_anything,
    a_sibling_domain_is_another_site,
    a_bearer_token_that_does_not_count_opens_no_way_to_the_cookies,
];

async fn the_matrix_of_site_origin_and_method(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let cookie = format!("__Host-auth_session={}", ada.token().unwrap());
    let own = "https://app.example.com";
    let trusted = "https://admin.example.com";
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
        let is_safe = ["GET", "HEAD"].contains(&method);
        for site in [
            None,
            Some("same-origin"),
            Some("none"),
            Some("same-site"),
            Some("cross-site"),
            Some("x"),
        ] {
            for origin in [None, Some(own), Some(trusted), Some("https://evil.test"), Some("null")] {
                let mut request = Request::builder()
                    .method(method)
                    .uri("/write")
                    .header("cookie", &cookie);
                if let Some(site) = site {
                    request = request.header("sec-fetch-site", site);
                }
                if let Some(origin) = origin {
                    request = request.header("origin", origin);
                }
                let answer = ada.copy().send_as_is(request.body(Bytes::new()).unwrap()).await;
                let by_site = matches!(site, Some("same-origin" | "none"));
                let by_origin = origin == Some(trusted) || (site.is_none() && origin == Some(own));
                let expected = if is_safe || by_site || by_origin { 200 } else { 403 };
                assert_eq!(answer.status(), expected, "{method} {site:?} {origin:?}");
                assert_eq!(answer.set_cookies(), [""; 0]);
            }
        }
    }
}

async fn signing_in_and_up_is_protected_too(app: App) {
    app.signed_up("attacker@example.com").await;
    let victim = app.browser().with("origin", "https://evil.test");
    for path in ["/api/auth/token?grant_type=password", "/api/auth/signup"] {
        app.store.forget_calls();
        let body = json!({ "email": "attacker@example.com", "password": crate::PASSWORD });
        let answer = victim.post(path, body).await;
        assert_eq!(
            (answer.status(), answer.error_code().as_str()),
            (403, "origin_not_allowed")
        );
        assert_eq!(app.store.calls(), [""; 0]);
        assert_eq!(victim.token(), None);
    }
}

async fn a_form_that_looks_like_json_is_refused(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let body = r#"{"data":{"x":"="}}"#;
    for content_type in [
        "text/plain",
        "multipart/form-data",
        "application/json; charset=utf-8, text/plain",
    ] {
        let answer = ada.send("PUT", "/api/auth/user", Some(content_type), body).await;
        let expected = if content_type.starts_with("application/json") {
            200
        } else {
            415
        };
        assert_eq!(answer.status(), expected, "{content_type}");
        let from_elsewhere = ada.copy().with("sec-fetch-site", "cross-site");
        let answer = from_elsewhere
            .send("PUT", "/api/auth/user", Some(content_type), body)
            .await;
        assert_eq!(answer.status(), 403, "{content_type}");
    }
}

async fn garbage_in_the_origin_is_refused_without_panic(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let long = "https://".to_owned() + &"a".repeat(5_000);
    for origin in [
        "null",
        "",
        "https://app.example.com/",
        "https://app.example.com https://evil.test",
        "https://APP.example.com.",
        "//app.example.com",
        "app.example.com",
        "https://app.example.com:443",
        "https://[::1",
        &long,
    ] {
        let answer = ada.copy().with("origin", origin).post("/write", json!({})).await;
        assert_eq!(answer.status(), 403, "{origin}");
    }
    // Two of them, and bytes that are no text.
    for values in [
        vec![b"https://app.example.com".as_slice(), b"https://evil.test"],
        vec![b"\xff\xfe"],
    ] {
        let mut request =
            Request::post("/write").header("cookie", format!("__Host-auth_session={}", ada.token().unwrap()));
        for value in values {
            request = request.header("origin", value);
        }
        let answer = ada.send_as_is(request.body(Bytes::new()).unwrap()).await;
        assert_eq!(answer.status(), 403);
    }
}

async fn reading_never_changes_anything(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let routes = described(&app, |_| true).await.into_iter();
    let mut paths: Vec<_> = routes.map(|(_, path, _)| path).collect();
    assert!(paths.len() > 30, "{paths:?}");
    for path in [
        "/api/auth/token?grant_type=password",
        "/api/auth/user?_method=DELETE",
        "/api/auth/verify?token=x&type=signup",
    ] {
        paths.push(path.to_owned());
    }
    app.store.forget_calls();
    for path in paths {
        for method in ["GET", "HEAD", "OPTIONS"] {
            ada.copy()
                .with("sec-fetch-site", "cross-site")
                .send(method, &path, None, "")
                .await;
        }
    }
    let calls = app.store.calls();
    assert!(
        calls.iter().all(|call| call.starts_with("get") || *call == "ping"),
        "{calls:?}"
    );
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn a_sibling_domain_is_another_site(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    for origin in [
        "https://evil.example.com",
        "https://example.com",
        "http://app.example.com",
        "https://x.app.example.com",
    ] {
        let same_site = ada.copy().with("origin", origin).with("sec-fetch-site", "same-site");
        assert_eq!(same_site.post("/write", json!({})).await.status(), 403, "{origin}");
    }
}

async fn a_bearer_token_that_does_not_count_opens_no_way_to_the_cookies(app: App) {
    let app = App::with(app.driver, |builder| builder.sessions(Tokens::default())).await;
    let ada = app.signed_up("ada@example.com").await;
    let refresh = ada.cookie("__Host-auth_refresh").unwrap();
    // It says that it is an access token of ours, which no refresh looks at; and one that is.
    let made_up = "eyJ0eXAiOiJhdCtqd3QifQ.x.y".to_owned();
    for bearer in [made_up, ada.cookie("__Host-auth_access").unwrap()] {
        for path in ["/api/auth/session/refresh", "/api/auth/token?grant_type=refresh_token"] {
            for (name, value) in [("origin", "https://evil.test"), ("sec-fetch-site", "cross-site")] {
                app.store.forget_calls();
                let victim = ada.copy().with("authorization", format!("Bearer {bearer}"));
                let answer = victim.with(name, value).send("POST", path, None, "").await;
                assert_eq!(
                    (answer.status(), answer.error_code().as_str()),
                    (403, "origin_not_allowed"),
                    "{path}"
                );
                assert_eq!(answer.set_cookies(), [""; 0]);
                assert_eq!(app.store.calls(), [""; 0]);
            }
            // A page of ours may send what it likes beside its cookies.
            let page = ada.copy().with("authorization", format!("Bearer {bearer}"));
            let answer = page
                .with("sec-fetch-site", "same-origin")
                .send("POST", path, None, "")
                .await;
            assert_eq!(answer.status(), 200, "{path}: {answer:?}");
        }
    }
    assert_eq!(ada.cookie("__Host-auth_refresh").unwrap(), refresh);
    assert_eq!(ada.get("/session").await.status(), 200);
}
