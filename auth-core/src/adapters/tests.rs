//! Every adapter of the library passes the conformance suite; and what only SQLite can get wrong.

use std::{
    hash::{BuildHasher, RandomState},
    net::TcpListener,
    sync::{
        LazyLock, OnceLock,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;

use super::*;
use crate::{
    Attribute, Auth, NewUser, Secret, Timestamp,
    adapter::{Adapter, AttemptAdapter, Schema, SessionAdapter, SplitAdapter, Store, UserAdapter},
    id::{SessionId, UserId},
    model::{Attributes, User},
    testing::conformance,
};

/// The seed's 34, 17 more for sessions, 21 more for users and keys, eight races, four for signing keys, seven for listings, 12
/// for one-time tokens, seven for acts of several parts, seven for the outbox and seven for events.
pub(super) const CASES: usize = 124;

/// What the names of this run's tables and schemas have in them: numbers of processes come again, on a server that stays.
#[expect(clippy::unwrap_used, reason = "the machine is random")]
pub(super) fn this_run() -> &'static str {
    static RANDOM: OnceLock<String> = OnceLock::new();
    RANDOM.get_or_init(|| crate::generate_random_string(6).unwrap().to_lowercase())
}

/// A port for a server of a test's own, below the range that the system gives to clients: one that is started again
/// finds it free.
pub(super) fn free_port() -> u16 {
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(RandomState::new().hash_one(()) as u16));
    loop {
        let port = 20_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

#[expect(clippy::unwrap_used, reason = "a test without its database fails")]
async fn file(directory: &TempDir) -> SqliteAdapter {
    let path = directory.path().join("auth.db");
    SqliteAdapter::connect(&format!("sqlite://{}", path.display()))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_conforms() {
    let report = conformance::run(async || MemoryAdapter::default()).await;
    assert_eq!(report.cases(), CASES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_in_a_file_conforms() {
    let directory = TempDir::new().unwrap();
    let number = std::sync::atomic::AtomicUsize::new(0);
    let report = conformance::run(async || {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let path = directory.path().join(format!("{number}.db"));
        let options = SqliteOptions::new(&format!("sqlite://{}", path.display())).synchronous(Synchronous::Normal);
        SqliteAdapter::open(options).await.unwrap()
    })
    .await;
    assert_eq!(report.cases(), CASES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_in_memory_conforms() {
    let report = conformance::run(async || SqliteAdapter::connect("sqlite::memory:").await.unwrap()).await;
    assert_eq!(report.cases(), CASES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_in_one_store_and_sessions_in_another_conform() {
    let report =
        conformance::run(async || SplitAdapter::new(MemoryAdapter::default(), MemorySessions::default())).await;
    assert_eq!(report.cases(), CASES);
    let report = conformance::run(async || {
        let users = SqliteAdapter::connect("sqlite::memory:").await.unwrap();
        SplitAdapter::new(users, MemorySessions::default())
    })
    .await;
    assert_eq!(report.cases(), CASES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_alone_conform() {
    let report = conformance::run_sessions(async || MemorySessions::default()).await;
    assert_eq!(report.cases(), 29);
}

#[tokio::test]
async fn another_table_prefix_conforms_and_a_hostile_one_is_refused() {
    let open =
        async |prefix: &str| SqliteAdapter::open(SqliteOptions::new("sqlite::memory:").table_prefix(prefix)).await;
    let report = conformance::run(async || open("main.shop_").await.unwrap()).await;
    assert_eq!(report.cases(), CASES);
    for prefix in ["", "a b", "a\"; DROP TABLE x; --", "A_", "1_", "a.b.c_", "\u{e4}_"] {
        assert!(open(prefix).await.is_err(), "{prefix:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_can_be_repeated_and_raced() {
    let directory = TempDir::new().unwrap();
    let schema = Schema::new(
        vec![Attribute::text("username").unique()],
        vec![Attribute::text("country")],
    );
    let (one, two) = (file(&directory).await, file(&directory).await);
    one.declare(&schema).unwrap();
    two.declare(&schema).unwrap();
    let (first, second) = tokio::join!(one.migrate(), two.migrate());
    first.unwrap();
    second.unwrap();
    one.migrate().await.unwrap();
    // A complete database is only read: whoever may make no tables can still start.
    let other = rusqlite::Connection::open(directory.path().join("auth.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    two.migrate().await.unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    let mut user = User::new(UserId::from("u"), Timestamp::default());
    user.attributes = Attributes::new().with("username", "ada");
    one.set_user(&user, None).await.unwrap();
    assert_eq!(two.get_user(&user.id).await.unwrap(), Some(user));
}

#[tokio::test]
async fn an_attribute_can_be_declared_later_and_loses_nothing() {
    let directory = TempDir::new().unwrap();
    let user = User::new(UserId::from("u"), Timestamp::default());
    {
        let adapter = file(&directory).await;
        adapter.migrate().await.unwrap();
        adapter.set_user(&user, None).await.unwrap();
    }
    let adapter = file(&directory).await;
    adapter
        .declare(&Schema::new(vec![Attribute::integer("visits")], Vec::new()))
        .unwrap();
    adapter.migrate().await.unwrap();
    let stored = adapter.get_user(&user.id).await.unwrap().unwrap();
    assert_eq!(stored.attributes.get("visits"), Some(&crate::AttributeValue::Null));
    assert_eq!(stored.created_at, user.created_at);
}

#[tokio::test]
async fn attributes_that_cannot_be_columns_are_refused() {
    for name in [
        "id",
        "email",
        "a b",
        "x\"; DROP TABLE auth_user; --",
        "",
        "Upper",
        "select\0",
    ] {
        let adapter = SqliteAdapter::connect("sqlite::memory:").await.unwrap();
        let refused = Auth::builder(adapter)
            .secret(Secret::random().unwrap())
            .base_url("https://example.com")
            .user_attribute(Attribute::text(name))
            .build();
        assert_eq!(refused.unwrap_err().problems().len(), 1, "{name:?}");
    }
}

#[tokio::test]
async fn the_printed_migration_is_the_one_that_runs() {
    let directory = TempDir::new().unwrap();
    let adapter = file(&directory).await;
    // Printing it declares nothing.
    let without = adapter.migration_sql();
    let schema = Schema::new(vec![Attribute::text("username").unique()], Vec::new());
    adapter.declare(&schema).unwrap();
    assert!(without.len() < adapter.migration_sql().len());
    let by_hand = rusqlite::Connection::open_in_memory().unwrap();
    by_hand.execute_batch(&adapter.migration_sql()).unwrap();
    adapter.migrate().await.unwrap();
    let migrated = rusqlite::Connection::open(directory.path().join("auth.db")).unwrap();
    let objects = |connection: &rusqlite::Connection| -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
            .unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(objects(&by_hand), objects(&migrated));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acts_that_share_a_transaction_keep_their_own_errors() {
    let directory = TempDir::new().unwrap();
    let adapter = file(&directory).await;
    adapter.migrate().await.unwrap();
    let tasks: Vec<_> = (0..500)
        .map(|index| {
            let adapter = adapter.clone();
            tokio::spawn(async move {
                // Every other user is a duplicate of the one before it.
                let user = User::new(UserId::from(format!("u{}", index / 2)), Timestamp::default());
                adapter.set_user(&user, None).await.is_ok()
            })
        })
        .collect();
    let mut stored = 0;
    for task in tasks {
        stored += usize::from(task.await.unwrap());
    }
    assert_eq!(stored, 250);
    for index in 0..250 {
        let id = UserId::from(format!("u{index}"));
        assert!(adapter.get_user(&id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_written_says_so() {
    let directory = TempDir::new().unwrap();
    let adapter = file(&directory).await;
    adapter.migrate().await.unwrap();
    let other = rusqlite::Connection::open(directory.path().join("auth.db")).unwrap();
    other.execute_batch("DROP TABLE auth_session").unwrap();
    let error = adapter.delete_session(&SessionId::from("x")).await.unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::DatabaseUpdateFailed);
    assert!(std::error::Error::source(&error).is_some());
    let error = adapter.get_session(&SessionId::from("x")).await.unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::DatabaseFetchFailed);
    // Nor one that is not there, with the driver's own words.
    let nowhere = SqliteAdapter::connect("sqlite:///nowhere/at/all.db")
        .await
        .err()
        .unwrap();
    assert!(std::error::Error::source(&nowhere).is_some(), "{nowhere:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_new_file_is_opened_by_many_at_once() {
    for _ in 0..20 {
        let directory = TempDir::new().unwrap();
        let url = format!("sqlite://{}", directory.path().join("auth.db").display());
        let opening = (0..8).map(|_| {
            let url = url.clone();
            tokio::spawn(async move { SqliteAdapter::connect(&url).await })
        });
        for opened in futures_util::future::join_all(opening).await {
            opened.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn the_mode_of_a_url_is_read_and_no_part_of_a_files_name() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("auth.db");
    let connect = async |parameters: &str| {
        let url = format!("sqlite://{}{parameters}", path.display());
        SqliteAdapter::connect(&url).await.map(drop)
    };
    let is_there = || path.exists();
    assert!(connect("?mode=rw").await.is_err() && !is_there());
    connect("?mode=memory").await.unwrap();
    assert!(!is_there());
    for refused in [
        "?mode=ro",
        "?mode=",
        "?cache=shared",
        "?mode=rwc&immutable=1",
        "?mode=rwc?",
    ] {
        let error = connect(refused).await.unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::ValidationFailed, "{refused}");
        assert!(!is_there(), "{refused}");
    }
    connect("?mode=rwc").await.unwrap();
    assert!(is_there());
    connect("?mode=rw").await.unwrap();
    connect("").await.unwrap();
    let names = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|file| file.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().contains('?')));
}

#[tokio::test]
async fn a_locked_database_fails_after_its_time_and_works_again() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("auth.db");
    let options = SqliteOptions::new(&format!("sqlite://{}", path.display())).busy_timeout(Duration::from_millis(50));
    let adapter = SqliteAdapter::open(options).await.unwrap();
    adapter.migrate().await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let user = User::new(UserId::from("u"), Timestamp::default());
    let error = adapter.set_user(&user, None).await.unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::DatabaseUpdateFailed);
    // Readers do not wait for writers.
    assert_eq!(adapter.get_user(&user.id).await.unwrap(), None);
    other.execute_batch("ROLLBACK").unwrap();
    adapter.set_user(&user, None).await.unwrap();
}

#[tokio::test]
async fn nobody_waits_for_a_lock_longer_than_the_time_for_one() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("auth.db");
    let patience = Duration::from_millis(300);
    let options = SqliteOptions::new(&format!("sqlite://{}", path.display())).busy_timeout(patience);
    let adapter = SqliteAdapter::open(options).await.unwrap();
    adapter.migrate().await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let users: Vec<User> = (0..10)
        .map(|number| User::new(UserId::from(number.to_string()), Timestamp::default()))
        .collect();
    let begun = std::time::Instant::now();
    for done in futures_util::future::join_all(users.iter().map(|user| adapter.set_user(user, None))).await {
        assert_eq!(done.unwrap_err().kind(), crate::ErrorKind::DatabaseUpdateFailed);
    }
    // One behind the other they would take ten times as long.
    assert!(begun.elapsed() < patience * 5, "{:?}", begun.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    for user in &users {
        adapter.set_user(user, None).await.unwrap();
    }
}

#[tokio::test]
async fn the_threads_end_with_the_last_clone() {
    let directory = TempDir::new().unwrap();
    let adapter = file(&directory).await;
    let clone = adapter.clone();
    drop(adapter);
    assert!(clone.ping().await.is_ok());
    let weak = clone.weak();
    drop(clone);
    assert!(weak.upgrade().is_none());
}

#[tokio::test]
async fn an_account_survives_a_restart() {
    let directory = TempDir::new().unwrap();
    let auth = async || {
        let auth = Auth::builder(file(&directory).await)
            .secret(Secret::random().unwrap())
            .base_url("https://example.com")
            .build()
            .unwrap();
        auth.migrate().await.unwrap();
        auth
    };
    let user = auth()
        .await
        .create_user(NewUser::with_password("username", "ada", "correct horse battery"))
        .await
        .unwrap();
    let proof = auth()
        .await
        .authenticate_user("username", "ada", "correct horse battery")
        .await
        .unwrap();
    assert_eq!(proof.user_id(), &user.id);
}

/// The ports stay usable as trait objects.
#[expect(dead_code, reason = "it only has to compile")]
fn object_safe(_: &dyn Adapter, _: &dyn UserAdapter, _: &dyn SessionAdapter, _: &dyn AttemptAdapter) {}
