use serde_json::json;

use super::*;
use crate::client::{OtpKind, OtpOptions, SessionOrUser, VerifyOtp};

#[tokio::test]
async fn send_magic_link_email_posts_magiclink_and_takes_an_empty_object() {
    let server = Server::answering(["{}", "{}"]).await;
    let said = server
        .api()
        .send_magic_link_email("ada@example.com", OtpOptions::default())
        .await
        .unwrap();
    assert!(said.is_empty());
    assert_eq!(server.heard().line, "POST /magiclink");
    assert_eq!(server.heard().json(), json!({"email":"ada@example.com"}));
    let options = OtpOptions::default().redirect_to("https://example.com/in");
    server
        .api()
        .send_magic_link_email("ada@example.com", options)
        .await
        .unwrap();
    assert_eq!(
        server.heard().line,
        "POST /magiclink?redirect_to=https%3A%2F%2Fexample.com%2Fin"
    );
}

#[tokio::test]
async fn send_mobile_otp_posts_otp() {
    let server = Server::answering([r#"{"message_id":"m1"}"#]).await;
    let said = server
        .api()
        .send_mobile_otp("+41791234567", OtpOptions::default())
        .await
        .unwrap();
    assert_eq!(said["message_id"], "m1");
    assert_eq!(server.heard().line, "POST /otp");
    assert_eq!(server.heard().json(), json!({"phone":"+41791234567"}));
}

#[tokio::test]
async fn the_create_user_flag_is_sent_to_otp() {
    let server = Server::answering(["{}", "{}"]).await;
    let only_known = OtpOptions::default().create_user(false);
    server
        .api()
        .send_mobile_otp("+41791234567", only_known.clone())
        .await
        .unwrap();
    assert_eq!(
        server.heard().json(),
        json!({"phone":"+41791234567","create_user":false})
    );
    server
        .api()
        .send_magic_link_email("ada@example.com", only_known)
        .await
        .unwrap();
    assert_eq!(server.heard().line, "POST /otp");
    assert_eq!(
        server.heard().json(),
        json!({"email":"ada@example.com","create_user":false})
    );
}

#[tokio::test]
async fn verify_mobile_otp_posts_verify_with_type_sms() {
    let server = Server::answering([SESSION, SESSION]).await;
    let redirect = Some("https://example.com/");
    let verified = server
        .api()
        .verify_mobile_otp("+41791234567", "123456", redirect)
        .await
        .unwrap();
    assert_eq!(server.heard().line, "POST /verify");
    assert_eq!(
        server.heard().json(),
        json!({"phone":"+41791234567","token":"123456","type":"sms","redirect_to":"https://example.com/"})
    );
    assert_eq!(verified.session().unwrap().access_token.expose(), "at");
    server
        .api()
        .verify_mobile_otp("+41791234567", "123456", None)
        .await
        .unwrap();
    assert_eq!(
        server.heard().json(),
        json!({"phone":"+41791234567","token":"123456","type":"sms"})
    );
}

#[tokio::test]
async fn verify_otp_posts_verify_for_every_type() {
    for (kind, word) in [
        (OtpKind::Email, "email"),
        (OtpKind::EmailChange, "email_change"),
        (OtpKind::Invite, "invite"),
        (OtpKind::MagicLink, "magiclink"),
        (OtpKind::PhoneChange, "phone_change"),
        (OtpKind::Recovery, "recovery"),
        (OtpKind::Signup, "signup"),
        (OtpKind::Sms, "sms"),
    ] {
        let server = Server::answering([SESSION, SESSION]).await;
        let code = VerifyOtp::email("ada@example.com", "123456", kind);
        server.api().verify_otp(code).await.unwrap();
        assert_eq!(server.heard().line, "POST /verify");
        assert_eq!(
            server.heard().json(),
            json!({"email":"ada@example.com","token":"123456","type":word})
        );
        server
            .api()
            .verify_otp(VerifyOtp::token_hash("th", kind))
            .await
            .unwrap();
        assert_eq!(server.heard().json(), json!({"token_hash":"th","type":word}));
    }
}

#[tokio::test]
async fn the_first_half_of_an_address_change_is_a_message() {
    let sentence = "Confirmation link accepted. Please proceed to confirm link sent to the other email";
    let server = Server::answering([&format!(r#"{{"msg":"{sentence}","code":"200"}}"#)]).await;
    let half = VerifyOtp::token_hash("th", OtpKind::EmailChange);
    let verified = server.api().verify_otp(half).await.unwrap();
    assert!(matches!(&verified, SessionOrUser::Message(message) if message == sentence));
    assert!(verified.session().is_none() && verified.user().is_none());
}

#[tokio::test]
async fn reset_password_for_email_posts_recover() {
    let server = Server::answering(["{}", "{}"]).await;
    let said = server
        .api()
        .reset_password_for_email("ada@example.com", None)
        .await
        .unwrap();
    assert!(said.is_empty());
    assert_eq!(server.heard().line, "POST /recover");
    assert_eq!(server.heard().json(), json!({"email":"ada@example.com"}));
    server
        .api()
        .reset_password_for_email("ada@example.com", Some("https://e.com/new"))
        .await
        .unwrap();
    assert_eq!(
        server.heard().line,
        "POST /recover?redirect_to=https%3A%2F%2Fe.com%2Fnew"
    );
}
