//! Readers that see a SQLite file as memory.

use rusqlite::Connection;

use crate::{
    adapter::{Store, UserAdapter},
    adapters::{
        SqliteAdapter, SqliteOptions,
        sql::{SqlValue, Statement},
    },
    clock::Timestamp,
    id::UserId,
    model::User,
};

/// As the asking thread sees it, and the thread that reads lists.
async fn mapped(adapter: &SqliteAdapter) -> [SqlValue; 2] {
    let driver = &adapter.sql().driver;
    let asked = || Statement::text("PRAGMA mmap_size");
    [driver.fetch(asked()).await, driver.list(asked()).await].map(|rows| rows.unwrap().remove(0).remove(0))
}

#[tokio::test]
async fn a_file_is_mapped_by_those_who_read_as_far_as_the_options_say() {
    let directory = tempfile::TempDir::new().unwrap();
    let options = SqliteOptions::new(&format!("sqlite://{}", directory.path().join("auth.db").display()));
    for (options, expected) in [(options.clone(), 1 << 30), (options.memory_map(0), 0)] {
        let adapter = SqliteAdapter::open(options).await.unwrap();
        let all = mapped(&adapter)
            .await
            .iter()
            .all(|mapped| *mapped == SqlValue::Integer(expected));
        assert!(all, "{expected}");
    }
}

#[tokio::test]
async fn a_file_that_grows_and_shrinks_under_its_readers_is_read_on() {
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("auth.db");
    let adapter = SqliteAdapter::open(SqliteOptions::new(&format!("sqlite://{}", file.display())))
        .await
        .unwrap();
    adapter.migrate().await.unwrap();
    let other = Connection::open(&file).unwrap();
    let size = || std::fs::metadata(&file).unwrap().len();
    let mut largest = 0;
    for round in 0..5 {
        // Behind much that goes again.
        other
            .execute_batch("CREATE TABLE filler AS SELECT zeroblob(4000000) AS filler; PRAGMA wal_checkpoint(TRUNCATE)")
            .unwrap();
        let user = User::new(UserId::from(format!("user{round}")), Timestamp::default());
        adapter.set_user(&user, None).await.unwrap();
        assert_eq!(adapter.get_user(&user.id).await.unwrap(), Some(user.clone()));
        largest = largest.max(size());
        other
            .execute_batch("DROP TABLE filler; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
            .unwrap();
        for earlier in 0..=round {
            let id = UserId::from(format!("user{earlier}"));
            assert!(adapter.get_user(&id).await.unwrap().is_some(), "{round}: {earlier}");
        }
    }
    assert!(largest > 4_000_000 && size() < 1_000_000, "{largest}, {}", size());
}
