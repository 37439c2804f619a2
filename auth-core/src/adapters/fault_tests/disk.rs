//! A disk that is full, and a file that nobody may write to.

use std::{
    fs::Permissions,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    time::{Duration, Instant},
};

use super::{
    Database, Over, Place, Server, Settings, over_both,
    read_only::{acts, assert_refused, chain},
    records::{key, key_id, message, schema, session, user},
};
use crate::{
    ErrorKind,
    adapter::{Act, Adapter, SessionAdapter, Store, TokenAdapter, UserAdapter},
    adapters::AnyAdapter,
    entropy::{Entropy, OsEntropy},
    id::{SessionId, UserId},
};

over_both![a_full_disk_of_a_server_says_so_and_is_still_read,];

async fn a_full_disk_of_a_server_says_so_and_is_still_read(database: Database, over: Over) {
    let mut server = Server::prepare(database);
    server.set_small_disk(true);
    server.start_again().await;
    let place = Place::of(&server);
    let store = place.open_over(over, &Settings::default()).await;
    store.declare(&schema()).unwrap();
    store.migrate().await.unwrap();
    store.set_user(&user("ada"), Some(&key("ada"))).await.unwrap();
    store.set_session(&session("one", "ada")).await.unwrap();
    let refused = async {
        for number in 0..100 {
            let name = format!("u{number}");
            let mut large = message(&name);
            // Nothing that could be made shorter.
            large.sealed = vec![0; 1_000_000];
            OsEntropy.fill(&mut large.sealed).unwrap();
            let acts = [Act::SetUser(Box::new(user(&name)), Some(key(&name))), Act::Send(large)];
            if let Err(error) = store.commit(&acts).await {
                return (name, error);
            }
        }
        panic!("the disk is not full")
    };
    let (name, error) = refused.await;
    assert_eq!(error.kind(), ErrorKind::DatabaseUpdateFailed);
    let (told, reason) = (
        chain(&error),
        match database {
            Database::Mariadb => "is full",
            Database::Postgres => "File too large",
        },
    );
    assert!(told.contains(reason), "{told}");
    // It is read on, and what was refused was wholly refused.
    let one = store.get_session_and_user(&SessionId::from("one")).await.unwrap();
    assert!(one.is_some());
    assert!(store.get_user(&UserId::from(name.as_str())).await.unwrap().is_none());
    assert!(store.get_key(&key_id(&name)).await.unwrap().is_none());

    // With room again, everything goes on.
    server.stop();
    server.set_small_disk(false);
    server.start_again().await;
    let began = Instant::now();
    while let Err(error) = store.ping().await {
        assert!(began.elapsed() < Duration::from_secs(5), "{error:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (number, answer) in acts(&store).await.into_iter().enumerate() {
        answer.unwrap_or_else(|error| panic!("act {number}: {error:?}"));
    }
    let witness = place.witness().await;
    witness.assert_consistent().await;
}

/// SQLite where files cannot grow any more: this program started again, under a limit.
#[tokio::test]
async fn a_full_disk_says_so_and_is_still_read() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("full.db");
    let child = concat!(module_path!(), "::on_a_small_disk");
    let child = child.split_once("::").unwrap().1;
    // A file that would grow beyond 200 KiB is an error instead of a signal.
    let limited = "trap '' XFSZ; ulimit -f 200; exec \"$0\" --exact \"$1\" --ignored --nocapture";
    let told = std::process::Command::new("bash")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .arg(child)
        .env("AUTH_TEST_SMALL_DISK", &path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(
        told.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&told.stderr)
    );
    let store = AnyAdapter::connect(&format!("sqlite://{}", path.display()))
        .await
        .unwrap();
    store.declare(&schema()).unwrap();
    for (number, answer) in acts(&store).await.into_iter().enumerate() {
        answer.unwrap_or_else(|error| panic!("act {number}: {error:?}"));
    }
    let witness = rusqlite::Connection::open(&path).unwrap();
    let integrity: String = witness
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(integrity, "ok");
    let lonely = "SELECT count(*) FROM auth_user u WHERE id <> 'ada' AND NOT EXISTS (SELECT 1 FROM auth_key k WHERE k.user_id = u.id)";
    assert_eq!(witness.query_row(lonely, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[tokio::test]
#[ignore = "part of a_full_disk_says_so_and_is_still_read"]
async fn on_a_small_disk() {
    let Ok(path) = std::env::var("AUTH_TEST_SMALL_DISK") else {
        return;
    };
    let store = AnyAdapter::connect(&format!("sqlite://{path}")).await.unwrap();
    store.declare(&schema()).unwrap();
    store.migrate().await.unwrap();
    store.set_user(&user("ada"), Some(&key("ada"))).await.unwrap();
    store.set_session(&session("one", "ada")).await.unwrap();
    let refused = async {
        for number in 0..10_000 {
            let name = format!("u{number}");
            if let Err(error) = store.set_user(&user(&name), Some(&key(&name))).await {
                return (name, error);
            }
        }
        panic!("the disk is not full")
    };
    let (name, error) = refused.await;
    assert_eq!(error.kind(), ErrorKind::DatabaseUpdateFailed);
    let told = chain(&error);
    assert!(told.contains("full") || told.contains("disk I/O error"), "{told}");
    assert!(
        store
            .get_session_and_user(&SessionId::from("one"))
            .await
            .unwrap()
            .is_some()
    );
    // Wholly refused.
    assert!(store.get_user(&UserId::from(name.as_str())).await.unwrap().is_none());
    assert!(store.get_key(&key_id(&name)).await.unwrap().is_none());
}

/// SQLite where nobody may write the file, nor beside it: this program started again, without root's right to all the same.
#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs setpriv")]
async fn a_file_that_cannot_be_written_says_so_and_is_still_read() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("read-only.db");
    let store = AnyAdapter::connect(&format!("sqlite://{}", path.display()))
        .await
        .unwrap();
    store.declare(&schema()).unwrap();
    store.migrate().await.unwrap();
    store.set_user(&user("ada"), Some(&key("ada"))).await.unwrap();
    store.set_session(&session("one", "ada")).await.unwrap();
    drop(store);
    // Its threads end by themselves.
    for _ in 0..1_000 {
        if !path.with_extension("db-wal").exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let permit = |path: &Path, mode: u32| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    permit(&path, 0o444);
    let child = concat!(module_path!(), "::on_a_file_that_cannot_be_written");
    let child = child.split_once("::").unwrap().1;
    for folder in [0o755, 0o555] {
        // What those who could not write left beside it.
        for beside in ["db-wal", "db-shm"] {
            let _ = std::fs::remove_file(path.with_extension(beside));
        }
        permit(directory.path(), folder);
        let told = std::process::Command::new("setpriv")
            .args(if is_root() {
                &["--bounding-set", "-dac_override"][..]
            } else {
                &[]
            })
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", child, "--ignored", "--nocapture"])
            .env("AUTH_TEST_READ_ONLY", &path)
            .envs((folder == 0o555).then_some(("AUTH_TEST_READ_ONLY_FOLDER", "")))
            .output()
            .unwrap();
        permit(directory.path(), 0o755);
        let said = String::from_utf8_lossy(&told.stdout);
        assert!(
            told.status.success() && said.contains("1 passed"),
            "{said}{}",
            String::from_utf8_lossy(&told.stderr)
        );
    }
}

#[tokio::test]
#[ignore = "part of a_file_that_cannot_be_written_says_so_and_is_still_read"]
async fn on_a_file_that_cannot_be_written() {
    let Ok(path) = std::env::var("AUTH_TEST_READ_ONLY") else {
        return;
    };
    let url = format!("sqlite://{path}");
    let mut stores = vec![AnyAdapter::connect(&url).await];
    #[cfg(feature = "sqlx")]
    {
        use crate::adapters::SqliteAdapter;

        // As sqlx opens files by itself, and as somebody who knows that this one cannot be written.
        for read_only in [false, true] {
            let options: sqlx::sqlite::SqliteConnectOptions = url.parse().unwrap();
            let pool = sqlx::SqlitePool::connect_lazy_with(options.read_only(read_only));
            stores.push(SqliteAdapter::from_pool(pool, "auth_").await.map(AnyAdapter::new));
        }
    }
    let has_room_beside = std::env::var("AUTH_TEST_READ_ONLY_FOLDER").is_err();
    for opened in stores {
        // Who reads writes too, beside the file: in its list of who reads what.
        if !has_room_beside {
            let refused = opened.unwrap_err();
            let told = chain(&refused);
            let says_so = ["readonly database", "unable to open database file"];
            assert!(says_so.iter().any(|reason| told.contains(reason)), "{told}");
            continue;
        }
        let store = opened.unwrap();
        store.declare(&schema()).unwrap();
        assert_refused(acts(&store).await, "attempt to write a readonly database");
        let one = store.get_session_and_user(&SessionId::from("one")).await.unwrap();
        assert!(one.is_some());
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}
