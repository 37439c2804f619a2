use std::time::Duration;

use super::*;
use crate::client::ApiError;

async fn refused(status: &str, body: &str) -> ApiError {
    let server = Server::refusing(status, body).await;
    server
        .api()
        .sign_in_with_email("ada@example.com", "pw", None)
        .await
        .unwrap_err()
}

#[tokio::test]
async fn api_error_picks_the_message_in_the_seeds_order() {
    for (body, message) in [
        (r#"{"msg":"a","message":"b","error_description":"c","error":"d"}"#, "a"),
        (r#"{"message":"b","error_description":"c","error":"d"}"#, "b"),
        (r#"{"error_description":"c","error":"d"}"#, "c"),
        (r#"{"error":"d"}"#, "d"),
        (r#"{"msg":"","message":null,"error_description":0,"error":"d"}"#, "d"),
        (r#"{"error":{"a":1}}"#, r#"{"a":1}"#),
        (r#"{"else":1}"#, r#"{"else":1}"#),
    ] {
        let error = refused("400 Bad Request", body).await;
        assert_eq!((error.status(), error.message()), (400, message));
        assert_eq!(error.to_string(), message);
    }
}

#[tokio::test]
async fn both_error_shapes_are_understood() {
    let older = refused(
        "400 Bad Request",
        r#"{"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials","message":"AUTH_INVALID_CREDENTIALS"}"#,
    )
    .await;
    let newer = refused(
        "400 Bad Request",
        r#"{"code":"invalid_credentials","message":"Invalid login credentials"}"#,
    )
    .await;
    for error in [older, newer] {
        assert_eq!(error.code(), Some("invalid_credentials"));
        assert_eq!(error.message(), "Invalid login credentials");
        assert!(!error.is_network());
    }
    let oauth = refused(
        "400 Bad Request",
        r#"{"error":"invalid_grant","error_description":"Email not confirmed"}"#,
    )
    .await;
    assert_eq!((oauth.code(), oauth.message()), (None, "Email not confirmed"));
}

#[tokio::test]
async fn reasons_and_waiting_times_are_passed_on() {
    let server = Server::start().await;
    server.then(
        "422 Unprocessable Entity",
        &[],
        r#"{"code":"weak_password","message":"m","weak_password":{"reasons":["length","pwned"]}}"#,
    );
    server.then(
        "429 Too Many Requests",
        &["retry-after: 7", "x-sb-error-code: over_request_rate_limit"],
        "{}",
    );
    let weak = server
        .api()
        .sign_up_with_email("a", "b", Default::default())
        .await
        .unwrap_err();
    assert_eq!(weak.weak_password_reasons(), ["length", "pwned"]);
    let limited = server
        .api()
        .sign_up_with_email("a", "b", Default::default())
        .await
        .unwrap_err();
    assert_eq!(limited.retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(limited.code(), Some("over_request_rate_limit"));
}

#[tokio::test]
async fn an_error_that_is_not_json_is_an_error_still() {
    let error = refused("502 Bad Gateway", "<html>").await;
    assert_eq!(
        (error.status(), error.message()),
        (502, "The server answered 502 Bad Gateway, and not in JSON.")
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = Server::start().await;
    let elsewhere = Server::answering([SESSION]).await;
    server.then(
        "307 Temporary Redirect",
        &[&format!("location: {}/token", elsewhere.url())],
        "{}",
    );
    let error = server.api().sign_in_with_email("a", "b", None).await.unwrap_err();
    assert_eq!(error.status(), 307);
    assert!(elsewhere.all_heard().is_empty(), "the password went nowhere else");
}

#[tokio::test]
async fn network_failure_is_returned_as_an_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let api = GoTrueApi::new(&url).unwrap();
    let error = api.reset_password_for_email("ada@example.com", None).await.unwrap_err();
    assert!(error.is_network());
    assert_eq!(error.status(), 500);
    assert!(error.message().contains("onnection refused"), "{error}");
}

#[tokio::test]
async fn a_server_that_hangs_up_or_hangs_is_a_network_failure() {
    let server = Server::start().await;
    assert!(server.api().get_user("jwt").await.unwrap_err().is_network());
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = GoTrueApi::new(format!("http://{}", silent.local_addr().unwrap())).unwrap();
    let error = api
        .timeout(Duration::from_millis(50))
        .get_user("jwt")
        .await
        .unwrap_err();
    assert!(error.is_network(), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_something_else_is_an_error_that_quotes_nothing() {
    for body in [
        "",
        "[]",
        r#"{"access_token":7,"refresh_token":"hush"}"#,
        r#"{"user":{"id":"hush"}}"#,
    ] {
        let server = Server::answering([body]).await;
        let error = server.api().sign_in_with_email("a", "b", None).await.unwrap_err();
        assert!(
            error.message().starts_with("The server's answer is not understood"),
            "{error}"
        );
        assert!(!format!("{error:?}").contains("hush"));
    }
}

#[tokio::test]
async fn a_token_that_is_no_header_value_is_an_error() {
    let server = Server::start().await;
    let error = server.api().get_user("a\r\nb: c").await.unwrap_err();
    assert_eq!(error.message(), "The token is no header value.");
    assert!(server.all_heard().is_empty());
}
