//! A master, its replica, and a sentinel that promotes it.

use std::time::Duration;

use super::*;
use crate::adapter::SessionAdapter;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn the_master_of_the_moment_is_found_through_sentinels() {
    let mut master = Server::start(&["--requirepass", "secret", "--masterauth", "secret"]).await;
    let port = master.port.to_string();
    let arguments = [
        "--requirepass",
        "secret",
        "--masterauth",
        "secret",
        "--replicaof",
        "127.0.0.1",
        &port,
    ];
    let replica = Server::start(&arguments).await;
    let sentinel = Server::sentinel(&[
        &format!("sentinel monitor mymaster 127.0.0.1 {port} 1"),
        "sentinel auth-pass mymaster secret",
        "sentinel down-after-milliseconds mymaster 300",
        "sentinel failover-timeout mymaster 2000",
    ])
    .await;
    let wait = Duration::from_millis(500);
    let options = RedisOptions::sentinel([sentinel.url()], "redis://:secret@mymaster/0")
        .connect_timeout(wait)
        .response_timeout(wait);
    let store = RedisSessions::open(options).await.unwrap();
    store.set_session(&session("one")).await.unwrap();

    let client = redis::Client::open(format!("redis://:secret@127.0.0.1:{}", replica.port)).unwrap();
    let connection = client.get_multiplexed_async_connection().await.unwrap();
    until(async || {
        let copied: RedisResult<bool> = redis::cmd("EXISTS")
            .arg("auth:s1:{one}")
            .query_async(&mut connection.clone())
            .await;
        copied.unwrap()
    })
    .await;
    // The sentinel has to have seen the replica before the master goes.
    let seen = redis::Client::open(sentinel.url()).unwrap();
    let seen = seen.get_multiplexed_async_connection().await.unwrap();
    until(async || {
        let mut command = redis::cmd("SENTINEL");
        command.arg("replicas").arg("mymaster");
        let replicas: Vec<redis::Value> = command.query_async(&mut seen.clone()).await.unwrap();
        !replicas.is_empty()
    })
    .await;
    master.stop();
    let error = store.set_session(&session("two")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DatabaseUpdateFailed);
    until(async || store.set_session(&session("three")).await.is_ok()).await;
    assert!(store.get_session(&SessionId::from("one")).await.unwrap().is_some());
    // A promotion closes connections.
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let role: Vec<redis::Value> = redis::cmd("ROLE").query_async(&mut connection).await.unwrap();
    assert_eq!(role[0], redis::Value::BulkString(b"master".to_vec()));
}

async fn until(is_true: impl AsyncFn() -> bool) {
    for _ in 0..200 {
        if is_true().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("this did not happen within ten seconds");
}
