//! A migration beside another process that takes long over the same file.

use std::{thread, time::Duration};

use rusqlite::Connection;

use crate::{
    adapter::Store,
    adapters::{SqliteAdapter, SqliteOptions},
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
