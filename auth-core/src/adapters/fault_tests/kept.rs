//! Where an application that is killed keeps what it knows, so that it can be told to another process.

use std::{fmt, path::PathBuf};

use super::{Database, Place, Settings};
use crate::adapters::{AnyAdapter, SqliteAdapter};

pub(super) enum Kept {
    Server(Place),
    /// A file.
    Sqlite(PathBuf),
    /// Users in a file, sessions under a prefix.
    #[cfg(feature = "redis")]
    Redis(PathBuf, String),
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(place) => write!(f, "{:?} {}", place.database, place.prefix),
            Self::Sqlite(file) => write!(f, "Sqlite {}", file.display()),
            #[cfg(feature = "redis")]
            Self::Redis(file, prefix) => write!(f, "Redis {} {prefix}", file.display()),
        }
    }
}

impl Kept {
    /// What [`Display`](fmt::Display) wrote.
    pub(super) fn parse(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            ["Sqlite", file] => Self::Sqlite(file.into()),
            #[cfg(feature = "redis")]
            ["Redis", file, prefix] => Self::Redis(file.into(), prefix.to_owned()),
            ["Mariadb", prefix] => Self::Server(Place::shared(Database::Mariadb).with_prefix(prefix)),
            ["Postgres", prefix] => Self::Server(Place::shared(Database::Postgres).with_prefix(prefix)),
            _ => panic!("where is {text}?"),
        }
    }

    pub(super) async fn open(&self) -> AnyAdapter {
        match self {
            Self::Server(place) => place.open(&Settings::default()).await,
            Self::Sqlite(file) => AnyAdapter::new(sqlite(file).await),
            #[cfg(feature = "redis")]
            Self::Redis(file, prefix) => {
                let options = crate::adapters::RedisOptions::new(redis_url()).key_prefix(prefix);
                let sessions = crate::adapters::RedisSessions::open(options).await.unwrap();
                AnyAdapter::new(sqlite(file).await).with_sessions(sessions)
            }
        }
    }

    /// Nothing is half-written: looked at beside the library.
    pub(super) async fn assert_consistent(&self) {
        match self {
            Self::Server(place) => {
                let witness = place.witness().await;
                witness.assert_consistent().await;
                witness.assert_no_user_without_key().await;
            }
            Self::Sqlite(file) => drop(users_in(file)),
            #[cfg(feature = "redis")]
            Self::Redis(file, prefix) => {
                use crate::{adapter::SessionAdapter, id::UserId};
                let (store, mut listed) = (self.open().await, 0);
                for user in users_in(file) {
                    listed += store.get_sessions_by_user_id(&UserId::from(user)).await.unwrap().len();
                }
                let client = redis::Client::open(redis_url()).unwrap();
                let mut control = client.get_multiplexed_async_connection().await.unwrap();
                let asked = redis::cmd("KEYS").arg(format!("{prefix}*")).to_owned();
                let keys: Vec<String> = asked.query_async(&mut control).await.unwrap();
                // A session that no list of its user has could not be ended with the others.
                assert_eq!(keys.iter().filter(|key| key.contains(":s1:")).count(), listed);
            }
        }
    }
}

#[cfg(feature = "redis")]
fn redis_url() -> String {
    std::env::var("AUTH_TEST_REDIS").unwrap()
}

async fn sqlite(file: &std::path::Path) -> SqliteAdapter {
    SqliteAdapter::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap()
}

/// Checks the tables of a file, and answers who is in it.
fn users_in(file: &std::path::Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let integrity: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(integrity, "ok");
    for nothing in [
        "SELECT count(*) FROM pragma_foreign_key_check",
        "SELECT count(*) FROM auth_user u WHERE NOT EXISTS (SELECT 1 FROM auth_key k WHERE k.user_id = u.id)",
        "SELECT count(*) FROM auth_session s WHERE NOT EXISTS (SELECT 1 FROM auth_user u WHERE u.id = s.user_id)",
    ] {
        let count: i64 = connection.query_row(nothing, [], |row| row.get(0)).unwrap();
        assert_eq!(count, 0, "{nothing}");
    }
    let mut users = connection.prepare("SELECT id FROM auth_user").unwrap();
    let users = users.query_map([], |row| row.get(0)).unwrap();
    users.map(Result::unwrap).collect()
}
