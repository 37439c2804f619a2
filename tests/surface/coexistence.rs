//! An application can use sqlx 0.9 with SQLite in the same build, and on the same database.

use auth_core::{Auth, Secret, SignUp, adapters::SqliteAdapter};
use sqlx::{Connection, Row, SqliteConnection};

use crate::PASSWORD;

#[tokio::test]
async fn sqlx_reads_what_the_adapter_wrote() {
    let directory = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", directory.path().join("shared.db").display());
    let auth = Auth::builder(SqliteAdapter::connect(&url).await.unwrap())
        .secret(Secret::random().unwrap())
        .base_url("https://app.example.com")
        .build()
        .unwrap();
    auth.migrate().await.unwrap();
    let (user, _) = auth
        .sign_up_with_email(SignUp::new("ada@example.com", PASSWORD))
        .await
        .unwrap();

    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("CREATE TABLE note (user_id TEXT NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE, text TEXT)")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::query("INSERT INTO note VALUES (?, 'hello')")
        .bind(user.id.as_str())
        .execute(&mut connection)
        .await
        .unwrap();
    let row = sqlx::query("SELECT u.email, n.text FROM auth_user u JOIN note n ON n.user_id = u.id")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(
        (row.get::<String, _>(0).as_str(), row.get::<String, _>(1).as_str()),
        ("ada@example.com", "hello")
    );

    auth.delete_user(&user.id).await.unwrap();
    let left = sqlx::query("SELECT count(*) FROM note")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(left.get::<i64, _>(0), 0);
}
