//! Where an application that is killed keeps what it knows, so that it can be told to another process.

use std::{fmt, path::PathBuf};

use super::{Database, Place, Settings};
use crate::adapters::{AnyAdapter, SqliteAdapter};

pub(super) enum Kept {
    Server(Place),
    /// A file.
    Sqlite(PathBuf),
    /// Sessions under a prefix, users elsewhere.
    #[cfg(feature = "redis")]
    Redis(String, Box<Kept>),
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(place) => write!(f, "{:?} {}", place.database, place.prefix),
            Self::Sqlite(file) => write!(f, "Sqlite {}", file.display()),
            #[cfg(feature = "redis")]
            Self::Redis(prefix, users) => write!(f, "Redis {prefix} {users}"),
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
            ["Redis", prefix, ref users @ ..] => {
                Self::Redis(prefix.to_owned(), Box::new(Self::parse(&users.join(" "))))
            }
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
            Self::Redis(prefix, users) => {
                let options = crate::adapters::RedisOptions::new(redis_url()).key_prefix(prefix);
                let sessions = crate::adapters::RedisSessions::open(options).await.unwrap();
                Box::pin(users.open()).await.with_sessions(sessions)
            }
        }
    }

    /// Nothing is half-written: looked at beside the library. Answers whose accounts there are.
    pub(super) async fn assert_consistent(&self) -> Vec<String> {
        match self {
            Self::Server(place) => {
                let witness = place.witness().await;
                witness.assert_consistent().await;
                witness.assert_no_user_without_key().await;
                witness.users().await
            }
            Self::Sqlite(file) => users_in(file),
            #[cfg(feature = "redis")]
            Self::Redis(prefix, users) => {
                use crate::{adapter::SessionAdapter, id::UserId};
                let users = Box::pin(users.assert_consistent()).await;
                let (store, mut listed) = (self.open().await, 0);
                for user in &users {
                    listed += store
                        .get_sessions_by_user_id(&UserId::from(user.as_str()))
                        .await
                        .unwrap()
                        .len();
                }
                let client = redis::Client::open(redis_url()).unwrap();
                let mut control = client.get_multiplexed_async_connection().await.unwrap();
                let asked = redis::cmd("KEYS").arg(format!("{prefix}*")).to_owned();
                let keys: Vec<String> = asked.query_async(&mut control).await.unwrap();
                // A session that no list of its user has could not be ended with the others.
                assert_eq!(keys.iter().filter(|key| key.contains(":s1:")).count(), listed);
                users
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
