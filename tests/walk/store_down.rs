//! A store that is down for a while: what needs it says so, what does not goes on, and nobody is signed out by it.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::{Browser, Place, Running, Way, Which, place::Kind};
use crate::{eventually, free_port};

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn while_redis_is_down_sessions_are_unavailable_and_afterwards_as_they_were() {
    for (which, strategy) in WALKS {
        let directory = TempDir::new().unwrap();
        let port = free_port();
        let redis = Redis::start(directory.path(), port).await;
        let url = format!("redis://127.0.0.1:{port}");
        let more = ["--no-confirm", "--strategy", strategy, "--sessions", &url];
        let server = Running::start_with(which, &directory.path().join("app.db"), &more).await;
        let ada = signed_up(&server).await;

        redis.kill();
        nobody_is_signed_out(&ada, which).await;
        forms_are_unavailable(&ada, which, strategy).await;

        let redis = Redis::start(directory.path(), port).await;
        // The application connects again by itself, for the first who asks.
        all_is_as_it_was(&ada, which, strategy).await;
        server.stop().await;
        redis.kill();
    }
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn while_postgres_cannot_be_reached_everything_is_unavailable_and_afterwards_as_it_was() {
    while_unreachable(Kind::Postgres).await;
}

#[tokio::test]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn while_mysql_cannot_be_reached_everything_is_unavailable_and_afterwards_as_it_was() {
    while_unreachable(Kind::Mysql).await;
}

/// A page that shows its user asks the store for it under both strategies.
const WALKS: [(Which, &str); 4] = [
    (Which::Axum, "opaque"),
    (Which::Actix, "opaque"),
    (Which::Axum, "tokens"),
    (Which::Actix, "tokens"),
];

async fn while_unreachable(kind: Kind) {
    for (which, strategy) in WALKS {
        let place = Place::new(kind).await;
        let mut url = place.url();
        let port = url.port().expect("the URL of the server says its port");
        let mut way = Way::to(url.host_str().unwrap(), port);
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(way.port())).unwrap();
        let arguments = ["--database", url.as_str(), "--strategy", strategy, "--no-confirm"];
        let server = Running::with(which, &arguments.map(str::to_owned)).await;
        let ada = signed_up(&server).await;

        way.close().await;
        nobody_is_signed_out(&ada, which).await;
        forms_are_unavailable(&ada, which, strategy).await;

        way.open();
        all_is_as_it_was(&ada, which, strategy).await;
        server.stop().await;
        place.remove().await;
    }
}

async fn signed_up(server: &Running) -> Browser {
    let ada = Browser::new(server.address());
    let account = "email=ada%40example.com&password=correct+horse+battery";
    assert_eq!(ada.form("/api/auth/signup", account).await.status, 303);
    assert_eq!(ada.get("/me").await.status, 200);
    ada
}

/// Forms that cannot be answered just now take no cookie away.
async fn forms_are_unavailable(ada: &Browser, which: Which, strategy: &str) {
    for path in ["/api/auth/session/refresh", "/api/auth/logout"] {
        if strategy == "opaque" && path.ends_with("refresh") {
            continue;
        }
        let refused = ada.form(path, "").await;
        let says = format!("{} {:?}", refused.status, refused.header("location"));
        assert!(
            says.starts_with("503") || says.starts_with("303") && says.contains("error_code=unexpected_failure"),
            "{which:?} {path}: {refused:?}"
        );
        assert_eq!(refused.header("set-cookie"), None, "{which:?} {path}: {refused:?}");
    }
}

async fn all_is_as_it_was(ada: &Browser, which: Which, strategy: &str) {
    let answer = ada.get("/me").await;
    assert_eq!(answer.status, 200, "{which:?}: {answer:?}");
    if strategy == "tokens" {
        let refreshed = ada.form("/api/auth/session/refresh", "").await;
        assert!(refreshed.header("set-cookie").is_some(), "{which:?}: {refreshed:?}");
        assert_eq!(ada.get("/me").await.status, 200, "{which:?}");
    }
    assert_eq!(ada.form("/api/auth/logout", "").await.status, 303, "{which:?}");
    assert_eq!(ada.get("/me").await.status, 401, "{which:?}");
}

/// While the store does not answer, what needs it says so and what does not goes on.
async fn nobody_is_signed_out(ada: &Browser, which: Which) {
    let cookies = ada.jar();
    for _ in 0..2 {
        let refused = ada.get("/me").await;
        assert_eq!(refused.status, 503, "{which:?}: {refused:?}");
        // A cookie that was taken away here would be gone when the store is back.
        assert_eq!(refused.header("set-cookie"), None, "{refused:?}");
        assert_eq!(ada.get("/sign-in").await.status, 200, "{which:?}");
    }
    assert_eq!(ada.jar(), cookies);
}

/// A server of the test's own that keeps what it was told in a folder; it ends with this value.
struct Redis(Child);

impl Redis {
    /// A server that answers.
    async fn start(folder: &Path, port: u16) -> Self {
        let binary = std::env::var("AUTH_TEST_REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
        // A test that does not run must not pass.
        assert!(
            !binary.is_empty(),
            "AUTH_TEST_REDIS_SERVER is empty: there is no redis-server here that a test could kill"
        );
        let process = Command::new(binary)
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "always"])
            .current_dir(folder)
            .stdout(Stdio::null())
            .spawn();
        let started = Self(process.unwrap());
        let client = redis::Client::open(("127.0.0.1", port)).unwrap();
        eventually("redis-server answers", async || {
            // It listens before it has read its file.
            let mut connection = client.get_multiplexed_async_connection().await.ok()?;
            redis::cmd("PING").exec_async(&mut connection).await.ok()
        })
        .await;
        started
    }

    /// `kill -9`, and no process is left.
    fn kill(self) {
        drop(self);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
