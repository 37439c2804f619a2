//! Another process that takes long over the same file.

use std::{thread, time::Duration};

use rusqlite::Connection;

use crate::{
    Error, ErrorKind, Timestamp,
    adapter::{Store, UserAdapter},
    adapters::{SqliteAdapter, SqliteOptions},
    id::UserId,
    model::User,
};

#[tokio::test]
async fn a_migration_waits_for_another_longer_than_a_write_does() {
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("auth.db");
    let options = SqliteOptions::new(&format!("sqlite://{}", file.display())).busy_timeout(Duration::from_millis(50));
    let adapter = SqliteAdapter::open(options).await.unwrap();
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let other = thread::spawn(move || {
        thread::sleep(Duration::from_millis(400));
        other.execute_batch("COMMIT").unwrap();
    });
    adapter.migrate().await.unwrap();
    other.join().unwrap();
    assert!(adapter.migration_plan().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_crowd_that_waits_for_the_file_is_refused_at_once_beyond_its_queue() {
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("auth.db");
    let options = SqliteOptions::new(&format!("sqlite://{}", file.display()))
        .queue(2)
        .busy_timeout(Duration::from_secs(20));
    let adapter = SqliteAdapter::open(options).await.unwrap();
    adapter.migrate().await.unwrap();
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let is_too_many = |refused: &Error| format!("{refused:?}").contains("too many");
    let write = async |adapter: SqliteAdapter, number: usize| {
        let user = User::new(UserId::from(format!("u{number}")), Timestamp::default());
        adapter.set_user(&user, None).await
    };
    // One is being written, two wait.
    let mut early = Vec::new();
    for number in 0..3 {
        let adapter = adapter.clone();
        early.push(tokio::spawn(async move {
            loop {
                match write(adapter.clone(), number).await {
                    // The thread that writes has not taken the first one yet.
                    Err(refused) if is_too_many(&refused) => tokio::time::sleep(Duration::from_millis(10)).await,
                    done => return done,
                }
            }
        }));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for number in 3..10 {
        let refused = tokio::time::timeout(Duration::from_secs(5), write(adapter.clone(), number)).await;
        let refused = refused.expect("it does not wait").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::DatabaseUpdateFailed);
        assert!(is_too_many(&refused), "{refused:?}");
    }
    // Lookups go on meanwhile.
    assert_eq!(adapter.get_user(&UserId::from("u0")).await.unwrap(), None);

    other.execute_batch("COMMIT").unwrap();
    for written in early {
        written.await.unwrap().unwrap();
    }
}
