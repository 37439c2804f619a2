use std::time::Duration;

use serde_json::json;

use super::*;
use crate::client::{AdminUserAttributes, GenerateLink, LinkKind, SignUpOptions};

#[tokio::test]
async fn invite_user_by_email_posts_invite_and_returns_the_user() {
    let invited = r#"{"id":"u2","invited_at":"2021-11-08T12:00:00Z"}"#;
    let server = Server::answering([invited]).await;
    let api = server.api().header("Authorization", "Bearer service").unwrap();
    let options = SignUpOptions::default()
        .redirect_to("https://e.com/")
        .data(object(r#"{"team":"a"}"#));
    let user = api.invite_user_by_email("bob@example.com", options).await.unwrap();
    assert!(user.invited_at.is_some());
    let heard = server.heard();
    assert_eq!(heard.line, "POST /invite?redirect_to=https%3A%2F%2Fe.com%2F");
    assert_eq!(heard.json(), json!({"email":"bob@example.com","data":{"team":"a"}}));
    assert_eq!(heard.header("authorization"), Some("Bearer service"));
}

#[tokio::test]
async fn invite_user_by_email_without_an_administrators_bearer_is_403() {
    let server = Server::refusing(
        "403 Forbidden",
        r#"{"code":403,"error_code":"not_admin","msg":"User not allowed"}"#,
    )
    .await;
    let refused = server
        .api()
        .invite_user_by_email("bob@example.com", Default::default())
        .await
        .unwrap_err();
    assert_eq!(
        (refused.status(), refused.code(), refused.message()),
        (403, Some("not_admin"), "User not allowed")
    );
}

#[tokio::test]
async fn delete_user_deletes_by_id_with_the_given_bearer() {
    let server = Server::answering(["{}"]).await;
    server.then(
        "404 Not Found",
        &[],
        r#"{"code":"user_not_found","message":"User not found"}"#,
    );
    let api = server.api().header("Authorization", "Bearer someone").unwrap();
    api.delete_user("u1", "service").await.unwrap();
    let heard = server.heard();
    assert_eq!(heard.line, "DELETE /admin/users/u1");
    assert_eq!(heard.header("authorization"), Some("Bearer service"));
    assert_eq!(heard.json(), json!({}));
    assert_eq!(api.get_user_by_id("service", "u1").await.unwrap_err().status(), 404);
}

#[tokio::test]
async fn an_id_is_one_segment_of_the_path() {
    let server = Server::answering([USER]).await;
    server.api().get_user_by_id("jwt", "../users?x=#y").await.unwrap();
    assert_eq!(server.heard().line, "GET /admin/users/..%2Fusers%3Fx%3D%23y");
}

#[tokio::test]
async fn create_user_posts_admin_users() {
    let server = Server::answering([USER]).await;
    let attributes = AdminUserAttributes::default()
        .email("ada@example.com")
        .phone("+41791234567")
        .password("pw")
        .email_confirm(true)
        .phone_confirm(false)
        .user_metadata(object(r#"{"a":1}"#))
        .app_metadata(object(r#"{"b":2}"#))
        .role("editor");
    server.api().create_user("service", attributes).await.unwrap();
    let heard = server.heard();
    assert_eq!(heard.line, "POST /admin/users");
    assert_eq!(heard.header("authorization"), Some("Bearer service"));
    assert_eq!(
        heard.json(),
        json!({"email":"ada@example.com","phone":"+41791234567","password":"pw","email_confirm":true,"phone_confirm":false,
            "user_metadata":{"a":1},"app_metadata":{"b":2},"role":"editor"})
    );
}

#[tokio::test]
async fn list_users_reads_a_page_and_where_the_next_is() {
    let server = Server::start().await;
    let link = "link: </admin/users?page=3&per_page=2>; rel=\"next\", <https://e.com/admin/users?page=9&per_page=2>; rel=\"last\"";
    let body = format!(r#"{{"users":[{USER}],"aud":"authenticated"}}"#);
    server.then("200 OK", &[link, "x-total-count: 18"], &body);
    server.then("200 OK", &[], r#"{"users":null}"#);
    let page = server.api().list_users("service", 2, 2).await.unwrap();
    assert_eq!(server.heard().line, "GET /admin/users?page=2&per_page=2");
    assert_eq!(
        (page.users.len(), page.total, page.next_page, page.last_page),
        (1, Some(18), Some(3), Some(9))
    );
    assert_eq!(page.extra.get("aud"), Some(&json!("authenticated")));
    let last = server.api().list_users("service", 9, 2).await.unwrap();
    assert_eq!((last.users.len(), last.total, last.next_page), (0, None, None));
}

#[tokio::test]
async fn update_user_by_id_puts_the_user() {
    let server = Server::answering([USER, USER]).await;
    let ban = AdminUserAttributes::default().ban(Some(Duration::from_secs(3_600)));
    server.api().update_user_by_id("service", "u1", ban).await.unwrap();
    assert_eq!(server.heard().line, "PUT /admin/users/u1");
    assert_eq!(server.heard().json(), json!({"ban_duration":"3600s"}));
    server
        .api()
        .update_user_by_id("service", "u1", AdminUserAttributes::default().ban(None))
        .await
        .unwrap();
    assert_eq!(server.heard().json(), json!({"ban_duration":"none"}));
}

#[tokio::test]
async fn get_user_by_id_asks_for_the_user() {
    let server = Server::answering([USER]).await;
    assert_eq!(server.api().get_user_by_id("service", "u1").await.unwrap().id, "u1");
    assert_eq!(server.heard().line, "GET /admin/users/u1");
    assert_eq!(server.heard().header("authorization"), Some("Bearer service"));
}

#[tokio::test]
async fn generate_link_posts_and_returns_the_action_link() {
    let made = r#"{"id":"u1","email":"ada@example.com","action_link":"https://e.com/verify?token=t","email_otp":"123456",
        "hashed_token":"t","verification_type":"signup","redirect_to":"https://e.com/","factors":[]}"#;
    let server = Server::answering([made, made]).await;
    let link = GenerateLink::new(LinkKind::Signup, "ada@example.com")
        .password("pw")
        .data(object(r#"{"a":1}"#))
        .redirect_to("https://e.com/");
    let link = server.api().generate_link(link).await.unwrap();
    assert_eq!(link.action_link.expose(), "https://e.com/verify?token=t");
    assert_eq!(
        (link.user.id.as_str(), link.verification_type.as_deref()),
        ("u1", Some("signup"))
    );
    assert_eq!(link.user.extra.get("factors"), Some(&json!([])));
    assert_eq!(server.heard().line, "POST /admin/generate_link");
    assert_eq!(
        server.heard().json(),
        json!({"type":"signup","email":"ada@example.com","password":"pw","data":{"a":1},"redirect_to":"https://e.com/"})
    );
    let change = GenerateLink::new(LinkKind::EmailChangeNew, "ada@example.com").new_email("b@example.com");
    server.api().generate_link(change).await.unwrap();
    assert_eq!(
        server.heard().json(),
        json!({"type":"email_change_new","email":"ada@example.com","new_email":"b@example.com"})
    );
}
