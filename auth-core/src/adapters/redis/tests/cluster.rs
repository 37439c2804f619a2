//! A cluster of three.

use super::*;
use crate::{adapter::SessionAdapter, adapters::tests::free_port};

async fn cluster() -> Vec<Server> {
    let mut nodes = Vec::new();
    for _ in 0..3 {
        // Where the nodes speak to one another.
        let port = free_port().to_string();
        let arguments = [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "2000",
            "--cluster-port",
            &port,
        ];
        nodes.push(Server::start(&arguments).await);
    }
    let addresses: Vec<String> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
    let made = std::process::Command::new("redis-cli")
        .args(["--cluster", "create"])
        .args(&addresses)
        .args(["--cluster-replicas", "0", "--cluster-yes"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
    nodes
}

async fn ask<T: FromRedisValue>(node: &Server, command: &str) -> T {
    let client = redis::Client::open(node.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut cmd = Cmd::new();
    cmd.arg(command.split(' ').collect::<Vec<_>>());
    cmd.query_async(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn sessions_on_a_cluster_conform_and_spread() {
    let nodes = cluster().await;
    let urls: Vec<String> = nodes.iter().map(Server::url).collect();
    let open = async |prefix: &str| {
        // Two nodes of three are enough to find the rest.
        let options = RedisOptions::cluster(&urls[..2]).key_prefix(prefix);
        RedisSessions::open(options).await.unwrap()
    };
    let expected = conformance::run_sessions(async || MemorySessions::default()).await;
    let number = std::sync::atomic::AtomicUsize::new(0);
    let report = conformance::run_sessions(async || {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        open(&format!("case{number}:")).await
    })
    .await;
    assert_eq!(report, expected);

    let store = open("spread:").await;
    for number in 0..60 {
        store.set_session(&session(&number.to_string())).await.unwrap();
    }
    let owner = UserId::from("ada");
    assert_eq!(store.get_sessions_by_user_id(&owner).await.unwrap().len(), 60);
    for node in &nodes {
        let keys: Vec<String> = ask(node, "KEYS spread:s1:*").await;
        assert!(keys.len() > 5, "{} of 60 keys", keys.len());
    }
    // Whatever else belongs to a session is in its slot.
    let slot = async |key: &str| ask::<u16>(&nodes[0], &format!("CLUSTER KEYSLOT {key}")).await;
    assert_eq!(slot("spread:s1:{one}").await, slot("one").await);
    assert_ne!(slot("spread:s1:{one}").await, slot("spread:s1:{two}").await);

    for node in &nodes {
        let _: String = ask(node, "SCRIPT FLUSH").await;
    }
    let dead = at(NOW + 2 * HOUR + 1);
    assert_eq!(store.delete_expired_sessions(None, dead).await.unwrap(), 60);
    for node in &nodes {
        assert_eq!(ask::<Vec<String>>(node, "KEYS spread:*").await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_node_that_is_gone_fails_its_own_sessions_and_comes_back() {
    let mut nodes = cluster().await;
    for node in &nodes {
        let _: String = ask(node, "CONFIG SET cluster-require-full-coverage no").await;
    }
    let urls: Vec<String> = nodes.iter().map(Server::url).collect();
    let wait = std::time::Duration::from_millis(300);
    let options = RedisOptions::cluster(urls).connect_timeout(wait).response_timeout(wait);
    let store = RedisSessions::open(options).await.unwrap();
    nodes[2].stop();
    let (mut found, mut failed) = (0, 0);
    for number in 0..12 {
        match store.get_session(&SessionId::from(number.to_string())).await {
            Ok(none) => {
                found += 1;
                assert_eq!(none, None);
            }
            Err(error) => {
                failed += 1;
                assert_eq!(error.kind(), ErrorKind::DatabaseFetchFailed);
            }
        }
    }
    assert!(found > 0 && failed > 0, "{found} found, {failed} failed");
    nodes[2].start_again().await;
    for _ in 0..50 {
        let mut all = true;
        for number in 0..12 {
            all &= store.get_session(&SessionId::from(number.to_string())).await.is_ok();
        }
        if all {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the cluster did not come back");
}
