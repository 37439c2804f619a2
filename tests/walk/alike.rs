//! Both applications, request by request.

use super::{
    Running, Which,
    http::{Received, send},
};

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
    let form = [("content-type", "application/x-www-form-urlencoded")];
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
        ("GET", "/api/auth/verify?token=x&type=signup&redirect_to=/", &[], ""),
        (
            "POST",
            "/api/auth/verify",
            &form,
            "type=signup&email=a%40example.com&token=123456",
        ),
        ("GET", "/check-mail?for=recovery&email=a%40example.com", &[], ""),
        ("GET", "/new-password?error_code=otp_expired", &[], ""),
        ("GET", "/account", &[("accept", "text/html")], ""),
        ("GET", "/account?x=%20y", &[("accept", "text/html")], ""),
        ("HEAD", "/", &[], ""),
        ("HEAD", "/me", &[], ""),
        ("HEAD", "/sign-in", &[], ""),
        ("HEAD", "/sign-in/code", &[], ""),
        ("HEAD", "/sign-up", &[], ""),
        ("HEAD", "/check-mail?for=sign-up", &[], ""),
        ("HEAD", "/forgot-password", &[], ""),
        ("HEAD", "/new-password", &[], ""),
        ("HEAD", "/account", &[("accept", "text/html")], ""),
        ("HEAD", "/style.css", &[], ""),
        ("GET", "/nothing", &[], ""),
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
