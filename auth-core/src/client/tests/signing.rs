use serde_json::json;

use super::*;
use crate::{
    client::{SessionOrUser, SignUpOptions},
    clock::Timestamp,
};

#[tokio::test]
async fn a_client_built_with_only_a_url_sends_requests_to_url_and_path() {
    let server = Server::answering([USER, USER]).await;
    server.api().get_user("jwt").await.unwrap();
    assert_eq!(server.heard().line, "GET /user");
    let below = GoTrueApi::new(format!("{}/auth/v1/", server.url())).unwrap();
    below.get_user("jwt").await.unwrap();
    assert_eq!(server.heard().line, "GET /auth/v1/user");
}

#[tokio::test]
async fn given_headers_are_on_every_request() {
    let server = Server::answering([USER, "{}"]).await;
    let api = server.api().header("apikey", "key").unwrap();
    let api = api.header("Content-Type", "text/plain;charset=UTF-8").unwrap();
    api.get_user("jwt").await.unwrap();
    assert_eq!(server.heard().header("apikey"), Some("key"));
    api.send_magic_link_email("ada@example.com", Default::default())
        .await
        .unwrap();
    assert_eq!(server.heard().header("apikey"), Some("key"));
    assert_eq!(server.heard().header("content-type"), Some("text/plain;charset=UTF-8"));
}

#[tokio::test]
async fn a_calls_token_overrides_the_authorization_header_for_that_call_only() {
    let server = Server::answering([USER, USER]).await;
    let api = server.api().header("Authorization", "Bearer service").unwrap();
    api.get_user("jwt").await.unwrap();
    assert_eq!(server.heard().header("authorization"), Some("Bearer jwt"));
    api.invite_user_by_email("bob@example.com", Default::default())
        .await
        .unwrap();
    assert_eq!(server.heard().header("authorization"), Some("Bearer service"));
}

#[tokio::test]
async fn the_api_version_header_and_json_are_sent() {
    let server = Server::answering([SESSION]).await;
    server
        .api()
        .sign_in_with_email("ada@example.com", "pw", None)
        .await
        .unwrap();
    let heard = server.heard();
    assert_eq!(heard.header("x-supabase-api-version"), Some("2024-01-01"));
    assert_eq!(heard.header("content-type"), Some("application/json;charset=UTF-8"));
    assert_eq!(heard.header("st-auth-mode"), Some("header"));
    assert!(heard.header("x-client-info").unwrap().starts_with("auth-core/"));
}

#[tokio::test]
async fn sign_up_with_email_posts_signup_with_redirect_in_the_query() {
    let server = Server::answering([SESSION, SESSION]).await;
    let options = SignUpOptions::default()
        .redirect_to("https://example.com/a?b=c&d=é")
        .data(object(r#"{"name":"Ada"}"#));
    server
        .api()
        .sign_up_with_email("ada@example.com", "pw", options)
        .await
        .unwrap();
    let heard = server.heard();
    assert_eq!(
        heard.line,
        "POST /signup?redirect_to=https%3A%2F%2Fexample.com%2Fa%3Fb%3Dc%26d%3D%C3%A9"
    );
    assert_eq!(
        heard.json(),
        json!({"email":"ada@example.com","password":"pw","data":{"name":"Ada"}})
    );
    assert_eq!(heard.header("authorization"), None);

    server
        .api()
        .sign_up_with_email("ada@example.com", "pw", Default::default())
        .await
        .unwrap();
    let heard = server.heard();
    assert_eq!(
        (heard.line.as_str(), heard.json()),
        ("POST /signup", json!({"email":"ada@example.com","password":"pw"}))
    );
}

#[tokio::test]
async fn sign_up_with_email_result_is_a_session_with_expires_at_or_the_user() {
    let server = Server::answering([SESSION, USER]).await;
    let api = server.api().clock(At(Timestamp::from_unix_ms(1_700_000_000_499)));
    let signed_up = api
        .sign_up_with_email("ada@example.com", "pw", Default::default())
        .await
        .unwrap();
    let session = signed_up.session().unwrap();
    assert_eq!(session.expires_at, Some(1_700_003_600));
    assert_eq!(session.refresh_token.as_ref().unwrap().expose(), "rt");
    assert!(!session.is_expired(Timestamp::from_unix_ms(1_700_003_599_000)));
    assert!(session.is_expired(Timestamp::from_unix_ms(1_700_003_600_000)));
    assert_eq!(signed_up.user().unwrap().id, "u1");

    let unconfirmed = api
        .sign_up_with_email("ada@example.com", "pw", Default::default())
        .await
        .unwrap();
    let SessionOrUser::User(user) = &unconfirmed else {
        panic!("{unconfirmed:?}");
    };
    assert!(user.confirmation_sent_at.is_some() && !user.is_confirmed());
    assert!(unconfirmed.session().is_none());
}

#[tokio::test]
async fn sign_in_with_email_posts_the_password_grant_and_returns_a_session_with_expires_at() {
    let server = Server::answering([SESSION, SESSION]).await;
    let api = server.api().clock(At(Timestamp::from_unix_ms(1_700_000_000_500)));
    let session = api.sign_in_with_email("ada@example.com", "pw", None).await.unwrap();
    assert_eq!(session.expires_at, Some(1_700_003_601), "rounded as the seed does");
    let heard = server.heard();
    assert_eq!(heard.line, "POST /token?grant_type=password");
    assert_eq!(heard.json(), json!({"email":"ada@example.com","password":"pw"}));
    api.sign_in_with_email("ada@example.com", "pw", Some("https://example.com/"))
        .await
        .unwrap();
    assert_eq!(
        server.heard().line,
        "POST /token?grant_type=password&redirect_to=https%3A%2F%2Fexample.com%2F"
    );
}

#[tokio::test]
async fn the_servers_own_expires_at_is_kept() {
    let server = Server::answering([r#"{"access_token":"a","expires_in":10,"expires_at":7}"#]).await;
    let session = server.api().sign_in_with_email("a", "b", None).await.unwrap();
    assert_eq!(session.expires_at, Some(7));
    assert!(session.user.is_none() && session.refresh_token.is_none());
}

#[tokio::test]
async fn sign_up_with_phone_posts_signup() {
    let server = Server::answering([USER]).await;
    let data = Some(object(r#"{"a":1}"#));
    server
        .api()
        .sign_up_with_phone("+41791234567", "pw", data)
        .await
        .unwrap();
    let heard = server.heard();
    assert_eq!(heard.line, "POST /signup");
    assert_eq!(
        heard.json(),
        json!({"phone":"+41791234567","password":"pw","data":{"a":1}})
    );
}

#[tokio::test]
async fn sign_in_with_phone_posts_the_password_grant() {
    let server = Server::answering([SESSION]).await;
    server.api().sign_in_with_phone("+41791234567", "pw").await.unwrap();
    let heard = server.heard();
    assert_eq!(heard.line, "POST /token?grant_type=password");
    assert_eq!(heard.json(), json!({"phone":"+41791234567","password":"pw"}));
}

#[tokio::test]
async fn refresh_access_token_posts_the_refresh_grant() {
    let server = Server::answering([SESSION]).await;
    let session = server.api().refresh_access_token("old").await.unwrap();
    let heard = server.heard();
    assert_eq!(heard.line, "POST /token?grant_type=refresh_token");
    assert_eq!(heard.json(), json!({"refresh_token":"old"}));
    assert_eq!(session.access_token.expose(), "at");
    assert_eq!(session.refresh_token.unwrap().expose(), "rt");
    assert!(session.expires_at.is_some());
}

#[tokio::test]
async fn sign_out_posts_logout_with_bearer_and_takes_204_without_body() {
    let server = Server::start().await;
    server.then("204 No Content", &[], "");
    server.then("200 OK", &[], "not JSON");
    server.api().sign_out("jwt").await.unwrap();
    let heard = server.heard();
    assert_eq!(heard.line, "POST /logout");
    assert_eq!(heard.header("authorization"), Some("Bearer jwt"));
    assert_eq!(heard.json(), json!({}));
    server.api().sign_out("jwt").await.unwrap();
}

#[test]
fn get_url_for_provider_encodes_each_value_and_calls_nobody() {
    let api = GoTrueApi::new("https://example.com/auth").unwrap();
    assert_eq!(
        api.get_url_for_provider("google", None, None),
        "https://example.com/auth/authorize?provider=google"
    );
    assert_eq!(
        api.get_url_for_provider("a&b", Some("https://x.example/?y=z"), Some("repo gist")),
        "https://example.com/auth/authorize?provider=a%26b&redirect_to=https%3A%2F%2Fx.example%2F%3Fy%3Dz&scopes=repo%20gist"
    );
}

#[test]
fn nothing_secret_is_in_debug_output() {
    let session = r#"{"access_token":"hush1","refresh_token":"hush2","provider_token":"hush3",
        "provider_refresh_token":"hush4","id_token":"hush5"}"#;
    let session: crate::client::GoTrueSession = serde_json::from_str(session).unwrap();
    let link = r#"{"id":"u1","action_link":"hush6","email_otp":"hush7","hashed_token":"hush8","next_token":"hush9"}"#;
    let link: crate::client::GeneratedLink = serde_json::from_str(link).unwrap();
    let api = GoTrueApi::new("https://example.com").unwrap();
    let api = api.header("apikey", "hush0").unwrap();
    let printed = format!(
        "{session:?} {link:?} {api:?} {:?}",
        SessionOrUser::Session(Box::new(session.clone()))
    );
    assert!(!printed.contains("hush"), "{printed}");
    assert!(printed.contains("id_token"), "names are there: {printed}");
}

#[test]
fn urls_and_headers_that_cannot_be_used_are_refused_at_once() {
    for url in [
        "",
        "example.com",
        "localhost:9999",
        "ftp://example.com",
        "https://a:b@example.com",
        "https://e.com/?q",
        "https://e.com/#f",
    ] {
        assert!(GoTrueApi::new(url).is_err(), "{url}");
    }
    let api = GoTrueApi::new("https://example.com").unwrap();
    assert!(api.clone().header("a b", "c").is_err());
    let refused = api.header("a", "hush\r\nb: c").unwrap_err();
    assert!(!refused.to_string().contains("hush"));
}
