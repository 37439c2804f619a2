//! The conformance suite on a real Redis, and what only Redis can get wrong.
//!
//! `AUTH_TEST_REDIS` is the address of a server for these tests; each uses keys of its own there. Tests that stop a
//! server start their own: `AUTH_TEST_REDIS_SERVER`, or `redis-server` from the path.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test without its server fails")]

mod cluster;
mod cuts;
mod demotion;
mod expiry;
mod faults;
mod index;
mod invalidations;
mod races;
mod records;
mod sentinel;
pub(in crate::adapters) mod server;
#[cfg(feature = "redis-tls")]
mod tls;
mod wire;

use redis::{Cmd, FromRedisValue, RedisResult, Value, aio::MultiplexedConnection};
use server::Server;

use super::{RedisOptions, RedisSessions, keys::Keys};
use crate::{
    ErrorKind,
    adapter::{Schema, SplitAdapter, Store},
    adapters::{MemoryAdapter, MemorySessions, SqliteAdapter},
    clock::Timestamp,
    entropy::generate_random_string,
    id::{SessionId, UserId},
    model::{Amr, Attribute, Attributes, SessionRecord, SessionRotation},
    secret::Digest,
    testing::conformance,
};

/// Keys of one test on a server that others use as well.
struct Place {
    url: String,
    prefix: String,
    control: MultiplexedConnection,
}

impl Place {
    async fn new() -> Self {
        let url = std::env::var("AUTH_TEST_REDIS").unwrap();
        Self::at(url).await
    }

    async fn at(url: String) -> Self {
        let random = generate_random_string(12).unwrap();
        let client = redis::Client::open(url.as_str()).unwrap();
        Self {
            control: client.get_multiplexed_async_connection().await.unwrap(),
            prefix: format!("test-{random}:"),
            url,
        }
    }

    fn options(&self) -> RedisOptions {
        RedisOptions::new(&self.url).key_prefix(&self.prefix)
    }

    async fn store(&self) -> RedisSessions {
        self.store_over(&self.url).await
    }

    /// The same keys, reached by another way.
    async fn store_over(&self, url: &str) -> RedisSessions {
        let options = RedisOptions::new(url).key_prefix(&self.prefix);
        let store = RedisSessions::open(options).await.unwrap();
        let attributes = vec![Attribute::text("country")];
        store.declare(&Schema::new(Vec::new(), attributes)).unwrap();
        store
    }

    /// Stores whose keys differ.
    async fn another(&self) -> RedisSessions {
        let random = generate_random_string(12).unwrap();
        let options = self.options().key_prefix(format!("{}{random}:", self.prefix));
        RedisSessions::open(options).await.unwrap()
    }

    async fn ask<T: FromRedisValue>(&self, command: &str) -> T {
        let mut cmd = Cmd::new();
        for word in command.split(' ') {
            cmd.arg(word.replace('$', &self.prefix));
        }
        cmd.query_async(&mut self.control.clone()).await.unwrap()
    }

    async fn keys(&self) -> Vec<String> {
        self.ask("KEYS $*").await
    }

    /// Removes what the test left.
    async fn clean(self) {
        for key in self.keys().await {
            let _: u64 = redis::cmd("DEL")
                .arg(key)
                .query_async(&mut self.control.clone())
                .await
                .unwrap();
        }
    }
}

const NOW: i64 = 1_767_225_600_123;
const HOUR: i64 = 3_600_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(ms)
}

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

/// A session of an hour and then another one, by a clock that stands still in another year.
fn session(name: &str) -> SessionRecord {
    SessionRecord {
        id: SessionId::from(name),
        user_id: UserId::from("ada"),
        secret_digest: digest("first"),
        secret_issued_at: at(NOW),
        previous_digest: None,
        previous_issued_at: None,
        previous_expires: None,
        active_expires: at(NOW + HOUR),
        idle_expires: at(NOW + 2 * HOUR),
        absolute_expires: None,
        persistent: true,
        payload: crate::JsonObject::new(),
        data: crate::JsonObject::new(),
        aal: 1,
        amr: vec![Amr {
            method: "password".to_owned(),
            timestamp: at(NOW),
        }],
        ip: None,
        user_agent: Some("Browser".to_owned()),
        last_seen: at(NOW),
        created_at: at(NOW),
        updated_at: at(NOW),
        attributes: Attributes::new().with("country", "XX"),
    }
}

/// A rotation at a moment, after which two hours are left.
fn rotation(secret: &str, now: i64) -> SessionRotation {
    SessionRotation {
        secret_digest: digest(secret),
        secret_issued_at: at(now),
        previous_expires: at(now + 30_000),
        active_expires: at(now + HOUR),
        idle_expires: at(now + 2 * HOUR),
        last_seen: at(now),
        keeps_previous: false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn sessions_in_redis_conform() {
    let place = Place::new().await;
    let expected = conformance::run_sessions(async || MemorySessions::default()).await;
    let report = conformance::run_sessions(async || place.another().await).await;
    assert_eq!(report, expected);
    place.clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn sessions_in_redis_beside_users_in_sqlite_conform() {
    let place = Place::new().await;
    let expected = conformance::run(async || MemoryAdapter::default()).await;
    let report = conformance::run(async || {
        let users = SqliteAdapter::connect("sqlite::memory:").await.unwrap();
        SplitAdapter::new(users, place.another().await)
    })
    .await;
    assert_eq!(report, expected);
    place.clean().await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS and AUTH_TEST_POSTGRES, see tests/servers"]
async fn sessions_in_redis_beside_users_in_postgres_conform() {
    use crate::adapters::{PostgresAdapter, postgres::tests::options};

    let place = Place::new().await;
    let expected = conformance::run(async || MemoryAdapter::default()).await;
    let report = conformance::run(async || {
        let users = PostgresAdapter::open(options()).await.unwrap();
        SplitAdapter::new(users, place.another().await)
    })
    .await;
    assert_eq!(report, expected);
    place.clean().await;
}

#[test]
fn a_hostile_prefix_is_refused() {
    for prefix in [
        "",
        "a b",
        "{x}:",
        "a*",
        "a?",
        "[a]",
        "a\\",
        "\u{e4}:",
        "a\n",
        &"a".repeat(65),
    ] {
        assert!(Keys::new(prefix).is_err(), "{prefix:?}");
    }
    assert!(Keys::new("shop:auth_1.x-").is_ok());
}

#[tokio::test]
async fn no_password_is_shown_or_logged() {
    for url in [
        "redis://ada:hunter2@127.0.0.1:1/0",
        "redis://ada:hunter2@[::",
        "rediss://ada:hunter2@127.0.0.1:1/0",
        "mysql://ada:hunter2@127.0.0.1:1/0",
    ] {
        let (server, cluster) = (RedisOptions::new(url), RedisOptions::cluster([url]));
        let sentinel = RedisOptions::sentinel([url], url);
        for options in [server, cluster, sentinel] {
            let shown = format!("{options:?}");
            let error = RedisSessions::open(options).await.unwrap_err();
            let mut told = format!("{shown} {error} {error:?}");
            let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
            while let Some(error) = source {
                told += &format!(" {error} {error:?}");
                source = error.source();
            }
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn unique_attributes_of_sessions_are_refused() {
    let place = Place::new().await;
    let store = place.another().await;
    let unique = Schema::new(Vec::new(), vec![Attribute::text("device").unique()]);
    assert!(store.declare(&unique).unwrap_err().contains("device"));
    let schema = Schema::new(vec![Attribute::text("name").unique()], vec![Attribute::text("device")]);
    store.declare(&schema).unwrap();
    store.declare(&schema).unwrap();
    assert!(store.declare(&Schema::default()).is_err());
    assert!(!format!("{store:?}").contains("127.0.0.1"));
}

#[tokio::test]
async fn an_address_that_is_none_is_a_mistake_of_the_configuration() {
    let without_tls = (!cfg!(feature = "redis-tls")).then_some("rediss://localhost");
    for url in ["", "localhost", "http://localhost"].into_iter().chain(without_tls) {
        let error = RedisSessions::connect(url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValidationFailed, "{url:?}");
    }
    let error = RedisSessions::connect("redis://127.0.0.1:1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DatabaseFetchFailed);
}
