use serde_json::json;

use super::*;
use crate::client::{GoTrueUser, UserAttributes};

#[tokio::test]
async fn get_user_asks_user_with_bearer() {
    let server = Server::answering([USER]).await;
    let user = server.api().get_user("jwt").await.unwrap();
    let heard = server.heard();
    assert_eq!(heard.line, "GET /user");
    assert_eq!(heard.header("authorization"), Some("Bearer jwt"));
    assert!(!heard.has_body());
    assert_eq!(user.email.as_deref(), Some("ada@example.com"));
    assert_eq!(user.created_at.unwrap().as_unix_ms(), 1_636_372_800_123);
    assert_eq!(user.user_metadata["name"], "Ada");
    assert!(user.identities.is_empty(), "null is none");
    assert_eq!(user.extra.get("factors"), Some(&json!([])), "unknown members are kept");
}

#[tokio::test]
async fn update_user_puts_user_and_returns_it_changed() {
    let server = Server::answering([USER, USER]).await;
    let attributes = UserAttributes::default().data(object(r#"{"name":"Ada"}"#));
    let user = server.api().update_user("jwt", attributes).await.unwrap();
    assert_eq!(user.user_metadata["name"], "Ada");
    let heard = server.heard();
    assert_eq!(heard.line, "PUT /user");
    assert_eq!(heard.header("authorization"), Some("Bearer jwt"));
    assert_eq!(heard.json(), json!({"data":{"name":"Ada"}}));

    let everything = UserAttributes::default()
        .email("b@example.com")
        .phone("+41791234567")
        .password("new")
        .current_password("old")
        .nonce("123456")
        .email_change_token("ect");
    server.api().update_user("jwt", everything).await.unwrap();
    assert_eq!(
        server.heard().json(),
        json!({"email":"b@example.com","phone":"+41791234567","password":"new","current_password":"old","nonce":"123456",
            "email_change_token":"ect"})
    );
}

#[test]
fn a_user_survives_being_written_and_read() {
    let user: GoTrueUser = serde_json::from_str(USER).unwrap();
    let written = serde_json::to_string(&user).unwrap();
    assert_eq!(serde_json::from_str::<GoTrueUser>(&written).unwrap(), user);
    let smallest: GoTrueUser = serde_json::from_str(r#"{"id":"u1","user_metadata":null,"created_at":""}"#).unwrap();
    assert!(smallest.user_metadata.is_empty() && smallest.created_at.is_none());
    assert!(
        serde_json::from_str::<GoTrueUser>(r#"{"email":"a"}"#).is_err(),
        "nobody has no id"
    );
}
