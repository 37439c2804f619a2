//! SQL in everything a client can send, on the SQLite adapter.

use auth_core::{Attribute, Attributes, Auth, NewUser, Secret, SignUp, UserId, adapters::SqliteAdapter};

use serde_json::json;

use crate::{
    PASSWORD,
    walk::{Running, Which, send},
};

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
    let issued = issued.unwrap();
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

/// The same through everything a request has room for, over real sockets and a SQLite file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_from_requests_is_never_sql() {
    let directory = tempfile::TempDir::new().unwrap();
    let database = directory.path().join("injected.db");
    let server = Running::start(Which::Axum, &database).await;
    let json = ("content-type", "application/json");
    let origin = format!("http://localhost:{}", server.address().port());
    let ask = async |method: &str, path: &str, cookie: &str, body: serde_json::Value| {
        let headers = [json, ("cookie", cookie), ("origin", origin.as_str())];
        send(server.address(), method, path, &headers, &body.to_string())
            .await
            .unwrap()
    };
    let sign_up = json!({ "email": "ada@example.com", "password": PASSWORD });
    let answer = ask("POST", "/api/auth/signup", "", sign_up).await;
    let cookie = answer
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    for (number, text) in INJECTIONS.iter().enumerate() {
        let escaped: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let change = json!({ "data": { *text: text }, "attributes": { "display_name": text, *text: text } });
        let changed = ask("PUT", "/api/auth/user", &cookie, change).await;
        assert_eq!(changed.status, 200, "{text}");
        let kept: serde_json::Value = serde_json::from_str(&changed.body).unwrap();
        assert_eq!(kept["user_metadata"][*text], *text);
        assert_eq!(kept["attributes"]["display_name"], *text);
        for (method, path, cookie, body, status) in [
            (
                "DELETE",
                format!("/api/auth/sessions/{escaped}"),
                cookie.as_str(),
                json!({}),
                404,
            ),
            (
                "POST",
                format!("/api/auth/logout?scope={escaped}"),
                cookie.as_str(),
                json!({}),
                400,
            ),
            (
                "POST",
                "/api/auth/token?grant_type=password".to_owned(),
                "",
                json!({ "email": "ada@example.com", "password": text }),
                400,
            ),
            (
                "POST",
                "/api/auth/signup".to_owned(),
                "",
                json!({ "email": text, "password": PASSWORD }),
                400,
            ),
        ] {
            let answer = ask(method, &path, cookie, body).await;
            assert_eq!(answer.status, status, "{path} {text}: {}", answer.body);
        }
        let id: String = text
            .chars()
            .filter(|character| !";,\\\" ".contains(*character))
            .collect();
        let forged = format!("auth_session=ses_{id:x<24.24}.{}", "A".repeat(43));
        assert_eq!(ask("GET", "/me", &forged, json!({})).await.status, 401, "{number}");
    }
    assert_eq!(ask("GET", "/me", &cookie, json!({})).await.status, 200);
    let connection = rusqlite::Connection::open(&database).unwrap();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM auth_user WHERE role = 'authenticated'"), 1);
    assert_eq!(count("SELECT count(*) FROM auth_session"), 1);
}
