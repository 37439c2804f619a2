//! SQL in everything a client can send, on the SQLite adapter.

use auth_core::{Attribute, Attributes, Auth, NewUser, Secret, SignUp, UserId, adapters::SqliteAdapter};

use crate::PASSWORD;

const INJECTIONS: &[&str] = &[
    "' OR '1'='1",
    "'; DROP TABLE auth_user; --",
    "\"; DELETE FROM auth_session; --",
    "1); UPDATE auth_user SET role='admin'; --",
    "' UNION SELECT hashed_password FROM auth_key --",
    "?1",
    "%",
    "\\",
];

#[tokio::test]
async fn text_from_clients_is_never_sql() {
    let auth = Auth::builder(SqliteAdapter::connect("sqlite::memory:").await.unwrap())
        .secret(Secret::random().unwrap())
        .base_url("https://app.example.com")
        .user_attribute(Attribute::text("username").unique())
        .build()
        .unwrap();
    auth.migrate().await.unwrap();
    let (witness, issued) = auth
        .sign_up_with_email(SignUp::new("ada@example.com", PASSWORD))
        .await
        .unwrap();
    for text in INJECTIONS {
        let new =
            NewUser::with_password("username", *text, PASSWORD).attributes(Attributes::new().with("username", *text));
        let user = auth.create_user(new).await.unwrap();
        let proof = auth.authenticate_user("username", text, PASSWORD).await.unwrap();
        assert_eq!(proof.user_id(), &user.id);
        assert!(
            auth.authenticate_user("username", &format!("{text} "), PASSWORD)
                .await
                .is_err()
        );
        assert!(auth.get_user(&UserId::from(*text)).await.is_err());
        assert!(
            auth.sign_in_with_email(text, PASSWORD, Default::default())
                .await
                .is_err()
        );
        let stored: Attributes = auth.get_user(&user.id).await.unwrap().attributes;
        assert_eq!(stored, Attributes::new().with("username", *text));
        auth.delete_user(&user.id).await.unwrap();
    }
    assert_eq!(auth.get_user(&witness.id).await.unwrap().role, "authenticated");
    assert!(auth.validate_session(&issued.token).await.is_ok());
}
