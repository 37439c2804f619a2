//! A database that can be read and not written says so, and why.

use std::error::Error as StdError;

use super::{
    Database, Place, Server, Settings, on_both,
    records::{NOW, key, key_id, schema, session, user},
};
use crate::{
    Error, ErrorKind,
    adapter::{Adapter, AttemptAdapter, SessionAdapter, Store, UserAdapter},
    adapters::AnyAdapter,
    id::{SessionId, UserId},
    model::UserPatch,
};

on_both![a_read_only_server_says_so_and_is_still_read,];

/// Every act, on connections there have been all along.
async fn acts(store: &AnyAdapter) -> Vec<Result<(), Error>> {
    let patch = UserPatch {
        role: Some("other".to_owned()),
        ..UserPatch::default()
    };
    let (ada, one) = (UserId::from("ada"), SessionId::from("one"));
    vec![
        store.set_user(&user("new"), Some(&key("new"))).await,
        store.update_user(&ada, &patch).await,
        store
            .rename_key(&ada, &key_id("ada"), &key_id("renamed"), &patch, NOW)
            .await,
        store.set_session(&session("two", "ada")).await,
        store.delete_session(&one).await.map(drop),
        store.delete_user(&ada).await,
        store
            .count_attempt(&"somebody".into(), "a", super::records::HOUR, NOW)
            .await
            .map(drop),
    ]
}

fn chain(error: &Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        told = format!("{told}: {cause}");
        source = cause.source();
    }
    told
}

pub(super) fn assert_refused(answers: Vec<Result<(), Error>>, reason: &str) {
    for (number, answer) in answers.into_iter().enumerate() {
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DatabaseUpdateFailed, "act {number}: {error:?}");
        assert!(chain(&error).contains(reason), "act {number}: {}", chain(&error));
    }
}

async fn a_read_only_server_says_so_and_is_still_read(database: Database) {
    let server = Server::start(database).await;
    let place = Place::at(database, &server.app_url());
    let store = place.open(&Settings::default()).await;
    store.declare(&schema()).unwrap();
    store.migrate().await.unwrap();
    store.set_user(&user("ada"), Some(&key("ada"))).await.unwrap();
    store.set_session(&session("one", "ada")).await.unwrap();
    let admin = Place::of(&server).with_prefix(&place.prefix).witness().await;
    let set = async |read_only: bool| match database {
        Database::Mariadb => {
            admin
                .execute(&format!("SET GLOBAL read_only = {}", i32::from(read_only)))
                .await
        }
        Database::Postgres => {
            let value = if read_only { "on" } else { "off" };
            admin
                .execute(&format!("ALTER SYSTEM SET default_transaction_read_only = {value}"))
                .await;
            admin.execute("SELECT pg_reload_conf()").await;
            // Connections hear of it when they next have nothing to do.
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
    };
    let before = admin.everything().await;
    set(true).await;
    let reason = match database {
        Database::Mariadb => "--read-only",
        Database::Postgres => "read-only transaction",
    };
    assert_refused(acts(&store).await, reason);
    let (found, owner) = store
        .get_session_and_user(&SessionId::from("one"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.id.as_str(), owner.id.as_str()), ("one", "ada"));
    assert!(admin.everything().await == before);
    set(false).await;
    for (number, answer) in acts(&store).await.into_iter().enumerate() {
        answer.unwrap_or_else(|error| panic!("act {number}: {error:?}"));
    }
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
