//! `kill -9` while people sign up: the database holds whole accounts or none.

use std::time::Duration;

use serde_json::json;

use crate::walk::{Running, Which, send_from};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_application_leaves_no_half_user() {
    killed(Which::Axum).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_actix_application_leaves_no_half_user() {
    killed(Which::Actix).await;
}

async fn killed(which: Which) {
    let directory = tempfile::TempDir::new().unwrap();
    let database = directory.path().join("killed.db");
    let mut accounts = 0;
    for round in 0..3 {
        let server = Running::start(which, &database).await;
        let address = server.address();
        let clients: Vec<_> = (0..8)
            .map(|client| {
                tokio::spawn(async move {
                    let mut last = None;
                    for number in 0..=u8::MAX {
                        // From another address of this machine each time: no client's limit ends the work before the kill does.
                        let from = [127, 1, client, number % 250 + 1].into();
                        let body = json!({
                            "email": format!("u{round}-{client}-{number}@example.com"),
                            "password": crate::PASSWORD,
                        });
                        let answer = send_from(
                            from,
                            address,
                            "POST",
                            "/api/auth/signup",
                            &[("content-type", "application/json")],
                            &body.to_string(),
                        )
                        .await;
                        match answer {
                            Ok(answer) => last = Some(answer.status),
                            Err(_) => break,
                        }
                    }
                    last
                })
            })
            .collect();
        // Anywhere in the middle of it.
        tokio::time::sleep(Duration::from_millis(250 + round * 37)).await;
        server.kill();
        for client in clients {
            // Those who were answered at all were not refused, so that it was killed in the middle of the work.
            assert!(matches!(client.await.unwrap(), None | Some(200)));
        }
        accounts = consistent(&database);
    }
    assert!(accounts > 0, "nobody signed up at all");
    // And it goes on.
    let server = Running::start(which, &database).await;
    let health = crate::walk::send(server.address(), "GET", "/api/auth/health", &[], "")
        .await
        .unwrap();
    assert_eq!(health.status, 200);
}

/// Checks the tables and answers how many accounts there are.
fn consistent(database: &std::path::Path) -> i64 {
    let connection = rusqlite::Connection::open(database).unwrap();
    let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let integrity: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(integrity, "ok");
    assert_eq!(one("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    let without_key =
        "SELECT count(*) FROM auth_user u WHERE NOT EXISTS (SELECT 1 FROM auth_key k WHERE k.user_id = u.id)";
    assert_eq!(one(without_key), 0);
    let without_password = "SELECT count(*) FROM auth_key WHERE hashed_password IS NULL";
    assert_eq!(one(without_password), 0);
    assert_eq!(
        one("SELECT count(*) FROM auth_user"),
        one("SELECT count(*) FROM auth_key")
    );
    one("SELECT count(*) FROM auth_user")
}
