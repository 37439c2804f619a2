//! Both example applications as people use them: real processes, real sockets, a SQLite file, plain forms.

mod http;
mod running;

pub(crate) use http::{send, send_from};
pub(crate) use running::{Running, Which};

use http::{Browser, Received};

/// Sign up → me → notes → renew → list → revoke → change password → sign out → refused → delete.
async fn walk(which: Which, strategy: &str) {
    let directory = tempfile::TempDir::new().unwrap();
    let database = directory.path().join("walk.db");
    let server = Running::start_with(which, &database, &["--strategy", strategy]).await;
    let ada = Browser::new(server.address());

    let page = ada.get("/").await;
    assert!(page.body.contains("Sign up"), "{page:?}");
    assert_eq!(ada.get("/me").await.status, 401);
    let refused = ada
        .form("/api/auth/signup", "email=ada%40example.com&password=short")
        .await;
    assert_eq!(refused.status, 303);
    assert!(refused.header("location").unwrap().contains("error_code=weak_password"));
    let page = ada.get("/sign-up?error_code=weak_password").await;
    assert!(page.body.contains("too easy to guess"));

    let answer = ada
        .form(
            "/api/auth/signup",
            "email=ada%40example.com&password=correct+horse+battery&redirect_to=%2F",
        )
        .await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    let me: serde_json::Value = serde_json::from_str(&ada.get("/me").await.body).unwrap();
    assert_eq!(me["email"], "ada@example.com");

    let note = ada.form("/notes", "text=%3Cb%3Ebuy+milk%3C%2Fb%3E").await;
    assert_eq!(note.status, 303);
    let page = ada.get("/").await;
    assert!(page.body.contains("&lt;b&gt;buy milk"), "{page:?}");

    let phone = Browser::new(server.address());
    let sign_in = "email=ada%40example.com&password=correct+horse+battery";
    assert_eq!(
        phone.form("/api/auth/token?grant_type=password", sign_in).await.status,
        303
    );
    let sessions: serde_json::Value = serde_json::from_str(&ada.get("/api/auth/sessions").await.body).unwrap();
    let sessions = sessions["sessions"].as_array().unwrap().clone();
    assert_eq!(sessions.len(), 2);
    let page = ada.get("/account").await;
    assert_eq!(page.body.matches("Sign out this device").count(), 2);

    // A day later, as far as the database is concerned, or with the access token's time over: the next request renews.
    let before = ada.jar();
    match strategy {
        "opaque" => age_sessions(&database),
        _ => ada.lose("auth_access"),
    }
    let renewed = ada.get("/me").await;
    assert_eq!(renewed.status, 200);
    let after = ada.jar();
    assert!(after.len() == before.len() && after.iter().all(|(name, value)| before[name] != *value));
    assert_eq!(ada.get("/me").await.status, 200);

    let other = sessions.iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/api/auth/sessions/{}", other["id"].as_str().unwrap());
    let ended = ada.form(&path, "_method=DELETE&redirect_to=%2Faccount").await;
    assert_eq!((ended.status, ended.header("location")), (303, Some("/account")));
    assert_eq!(phone.get("/me").await.status, 401);

    let change =
        "_method=PUT&current_password=correct+horse+battery&password=a+new+long+password&redirect_to=%2Faccount";
    let changed = ada.form("/api/auth/user", change).await;
    assert_eq!(changed.header("location"), Some("/account"));
    assert_eq!(ada.get("/me").await.status, 200);

    let evil = ada.form_of_another_site("/notes", "text=spam").await;
    assert_eq!(evil.status, 403);
    assert!(!ada.get("/").await.body.contains("spam"));

    let stolen = ada.jar();
    assert_eq!(
        ada.form("/api/auth/logout", "redirect_to=%2F").await.header("location"),
        Some("/")
    );
    assert!(ada.jar().is_empty());
    assert_eq!(ada.get("/me").await.status, 401);
    ada.set_jar(stolen);
    assert_eq!(ada.get("/me").await.status, 401);
    let account = ada.navigate("/account").await;
    assert_eq!(
        (account.status, account.header("location")),
        (303, Some("/sign-in?redirect_to=%2Faccount"))
    );

    let again = "email=ada%40example.com&password=a+new+long+password&redirect_to=%2Faccount";
    let answer = ada.form("/api/auth/token?grant_type=password", again).await;
    assert_eq!(answer.header("location"), Some("/account"));
    let gone = ada
        .form("/api/auth/user", "_method=DELETE&current_password=a+new+long+password")
        .await;
    assert_eq!((gone.status, gone.header("location")), (303, Some("/")));
    assert_eq!(count(&database, "note"), 0);
    assert_eq!(count(&database, "auth_session"), 0);
    server.stop().await;
}

fn age_sessions(database: &std::path::Path) {
    let connection = rusqlite::Connection::open(database).unwrap();
    connection
        .execute("UPDATE auth_session SET active_expires = active_expires - 90000000", [])
        .unwrap();
}

fn count(database: &std::path::Path, table: &str) -> i64 {
    let connection = rusqlite::Connection::open(database).unwrap();
    connection
        .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn axum_app_walks() {
    walk(Which::Axum, "opaque").await;
    walk(Which::Axum, "tokens").await;
}

#[tokio::test]
async fn actix_app_walks() {
    walk(Which::Actix, "opaque").await;
    walk(Which::Actix, "tokens").await;
}

/// The same requests over real sockets get the same bytes from both, but for what is theirs: order and date.
#[tokio::test]
async fn both_answer_alike_byte_for_byte() {
    for strategy in ["opaque", "tokens"] {
        alike(strategy).await;
    }
}

async fn alike(strategy: &str) {
    let directory = tempfile::TempDir::new().unwrap();
    let strategy = ["--strategy", strategy];
    let axum = Running::start_with(Which::Axum, &directory.path().join("axum.db"), &strategy).await;
    let actix = Running::start_with(Which::Actix, &directory.path().join("actix.db"), &strategy).await;
    let json = [("content-type", "application/json")];
    for (method, path, headers, body) in [
        ("GET", "/api/auth/session", &[][..], ""),
        ("HEAD", "/api/auth/session", &[], ""),
        ("GET", "/api/auth/settings", &[], ""),
        ("GET", "/api/auth/health", &[], ""),
        ("GET", "/api/auth/user", &[], ""),
        ("GET", "/api/auth", &[], ""),
        ("GET", "/api/auth/", &[], ""),
        ("GET", "/api/auth/nothing", &[], ""),
        ("GET", "/api/auth/a%2fb", &[], ""),
        ("PATCH", "/api/auth/user", &[], ""),
        ("OPTIONS", "/api/auth/user", &[], ""),
        ("POST", "/api/auth/signup", &json, "{"),
        ("POST", "/api/auth/signup", &json, "{\"email\":\"x\"}"),
        ("POST", "/api/auth/signup", &[], ""),
        ("POST", "/api/auth/signup", &[("content-type", "text/xml")], "<a/>"),
        (
            "POST",
            "/api/auth/token?grant_type=password",
            &json,
            "{\"email\":\"a@example.com\",\"password\":\"wrong horse\"}",
        ),
        ("POST", "/api/auth/logout", &[], ""),
        ("POST", "/api/auth/logout", &[("origin", "https://evil.test")], ""),
        ("POST", "/api/auth/logout?scope=x", &[("cookie", "a=b")], ""),
        ("DELETE", "/api/auth/sessions/x", &[], ""),
        ("GET", "/me", &[], ""),
        ("GET", "/me", &[("cookie", "auth_session=x")], ""),
        ("GET", "/me", &[("cookie", "auth_access=x; auth_marker=x")], ""),
        (
            "GET",
            "/me",
            &[("cookie", "auth_access=x; auth_refresh=rft_x; auth_marker=x")],
            "",
        ),
        (
            "GET",
            "/me",
            &[("authorization", "Bearer eyJ0eXAiOiJhdCtqd3QifQ.e30.x")],
            "",
        ),
        ("POST", "/api/auth/session/refresh", &[], ""),
        (
            "POST",
            "/api/auth/session/refresh",
            &[("authorization", "Bearer rft_x")],
            "",
        ),
        ("GET", "/api/auth/.well-known/jwks.json", &[], ""),
        (
            "POST",
            "/api/auth/token?grant_type=refresh_token",
            &json,
            "{\"refresh_token\":\"x\"}",
        ),
        ("GET", "/account", &[("accept", "text/html")], ""),
        ("GET", "/account?x=%20y", &[("accept", "text/html")], ""),
    ] {
        let one = send(axum.address(), method, path, headers, body).await.unwrap();
        let two = send(actix.address(), method, path, headers, body).await.unwrap();
        assert_eq!(essence(one), essence(two), "{method} {path}");
    }
    let large = "x".repeat(70_000);
    for headers in [
        &json[..],
        &[("content-type", "application/json"), ("transfer-encoding", "chunked")],
    ] {
        let one = send(axum.address(), "POST", "/api/auth/signup", headers, &large)
            .await
            .unwrap();
        let two = send(actix.address(), "POST", "/api/auth/signup", headers, &large)
            .await
            .unwrap();
        assert_eq!((one.status, two.status), (413, 413));
        assert_eq!(one.body, two.body);
    }
}

fn essence(received: Received) -> (u16, Vec<(String, String)>, String) {
    let mut headers = received.headers;
    headers.retain(|(name, _)| !["date", "connection"].contains(&name.as_str()));
    headers.sort();
    (received.status, headers, received.body)
}

#[tokio::test]
async fn an_unusable_command_line_is_explained() {
    for which in [Which::Axum, Which::Actix] {
        let output = running::run(which, &["--port", "1"]).await;
        assert!(!output.status.success());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("unknown argument --port"), "{told}");
    }
}
