//! The bus on a real Redis.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use super::*;
use crate::{
    adapter::{Invalidation, Invalidations},
    adapters::{
        AnyAdapter, RedisInvalidations,
        bus::tests::{self as common, Heard, until},
    },
};

async fn two(place: &Place) -> [RedisInvalidations; 2] {
    let open = async || RedisInvalidations::open(place.options()).await.unwrap();
    [open().await, open().await]
}

/// Two stores on the same Redis and the same users.
async fn stores(place: &Place) -> [AnyAdapter; 2] {
    let users = MemoryAdapter::default();
    let store = async || {
        let sessions = RedisSessions::open(place.options()).await.unwrap();
        AnyAdapter::new(SplitAdapter::new(users.clone(), sessions))
    };
    [store().await, store().await]
}

#[tokio::test]
#[ignore = "needs a Redis server: AUTH_TEST_REDIS"]
async fn a_thousand_messages_arrive_in_order() {
    let place = Place::new().await;
    let [one, two] = two(&place).await;
    // Others on the same server: another prefix, another database.
    let other_prefix = Heard::on(&RedisInvalidations::open(Place::new().await.options()).await.unwrap());
    let options = RedisOptions::new(format!("{}/1", place.url)).key_prefix(&place.prefix);
    let other_database = Heard::on(&RedisInvalidations::open(options).await.unwrap());
    common::a_thousand_messages_arrive_in_order(one, two).await;
    assert!(other_prefix.messages().is_empty());
    assert!(other_database.messages().is_empty());
}

#[tokio::test]
#[ignore = "needs a Redis server: AUTH_TEST_REDIS"]
async fn a_revocation_elsewhere_is_seen_with_the_message() {
    let place = Place::new().await;
    common::a_revocation_elsewhere_is_seen_with_the_message(stores(&place).await, two(&place).await).await;
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_connection_that_is_killed_is_made_up_for() {
    // A server of its own: everybody's subscription is killed.
    let server = Server::start(&[]).await;
    let place = Place::at(server.url()).await;
    let kill = async || {
        let killed: u64 = place.ask("CLIENT KILL TYPE pubsub").await;
        assert_eq!(killed, 2);
    };
    common::a_connection_that_is_killed_is_made_up_for(stores(&place).await, two(&place).await, kill).await;
}

#[tokio::test]
#[ignore = "needs a Redis server: AUTH_TEST_REDIS"]
async fn strange_messages_mean_everything() {
    let place = Place::new().await;
    let publish = async |message: &[u8]| {
        let mut command = redis::cmd("PUBLISH");
        command.arg(format!("{}invalidations:0", place.prefix)).arg(message);
        let heard: u64 = command.query_async(&mut place.control.clone()).await.unwrap();
        assert!(heard > 0);
    };
    let buses = two(&place).await;
    let heard = Heard::on(&buses[0]);
    publish(b"\xff\xfe s:one \0").await;
    until("the message", || heard.messages() == [Invalidation::Everything]).await;
    let shout = async |message: &str| publish(message.as_bytes()).await;
    common::strange_messages_mean_everything(stores(&place).await, buses, shout).await;
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn while_the_server_is_gone_nothing_is_served_from_memory() {
    let mut server = Server::start(&[]).await;
    let place = Place::at(server.url()).await;
    // The store is not the server that is stopped.
    let users = MemoryAdapter::default();
    let [mine, other] = two(&place).await;
    let heard = Heard::on(&mine);
    let one = common::Process::new(users.clone(), mine);
    let elsewhere = common::Process::new(users, other);
    let issued = common::ada_in(&one.auth).await;
    assert_eq!(one.questions(&issued.token).await, 1);
    server.stop();
    let noticed = until("lost", || heard.lost() == 1).await;
    println!("a stopped server is noticed after {noticed:?}");
    assert_eq!(one.questions(&issued.token).await, 5);
    // The write is done though nobody can be told, and soon.
    let start = std::time::Instant::now();
    elsewhere.auth.invalidate_session(&issued.session.id).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(one.auth.validate_session_user(&issued.token).await.is_err());
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.start_again().await;
    let back = until("back", || heard.connected() == 2).await;
    println!("a server that is back is found after {back:?}");
    assert!(one.auth.validate_session_user(&issued.token).await.is_err());
}

/// Passes bytes on until it is told to swallow them: a connection that is half open.
fn swallowing_proxy(to: u16) -> (u16, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let swallows = Arc::new(AtomicBool::new(false));
    let is_deaf = Arc::clone(&swallows);
    let pump = move |mut from: TcpStream, mut to: TcpStream, is_deaf: Arc<AtomicBool>| {
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(read @ 1..) = from.read(&mut buffer) {
                if !is_deaf.load(SeqCst) && to.write_all(&buffer[..read]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(std::net::Shutdown::Both);
        })
    };
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(("127.0.0.1", to)).unwrap();
            pump(
                client.try_clone().unwrap(),
                server.try_clone().unwrap(),
                Arc::clone(&is_deaf),
            );
            pump(server, client, Arc::clone(&is_deaf));
        }
    });
    (port, swallows)
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_connection_that_is_half_open_is_found_out() {
    let server = Server::start(&[]).await;
    let (port, swallows) = swallowing_proxy(server.port);
    let bus = RedisInvalidations::connect(&format!("redis://127.0.0.1:{port}"))
        .await
        .unwrap();
    let heard = Heard::on(&bus);
    swallows.store(true, SeqCst);
    let noticed = until("lost", || heard.lost() == 1).await;
    println!("a half-open connection is noticed after {noticed:?}");
    assert!(noticed < Duration::from_millis(3_500), "{noticed:?}");
    swallows.store(false, SeqCst);
    until("back", || heard.connected() == 2).await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn what_could_not_be_said_is_made_up_for() {
    let server = Server::start(&[]).await;
    let (port, swallows) = swallowing_proxy(server.port);
    let bus = RedisInvalidations::connect(&format!("redis://127.0.0.1:{port}"))
        .await
        .unwrap();
    let there = RedisInvalidations::connect(&server.url()).await.unwrap();
    let heard = Heard::on(&there);
    swallows.store(true, SeqCst);
    let start = std::time::Instant::now();
    bus.publish(&Invalidation::User("ada".into())).await.unwrap_err();
    println!("publishing into the void takes {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_millis(2_200), "{:?}", start.elapsed());
    assert!(heard.messages().is_empty());
    swallows.store(false, SeqCst);
    until("made up for", || heard.messages() == [Invalidation::Everything]).await;
    assert_eq!(heard.lost(), 0);
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn it_ends_with_its_last_handle() {
    let server = Server::start(&[]).await;
    let place = Place::at(server.url()).await;
    let listeners = async || place.ask::<Vec<Value>>("PUBSUB CHANNELS *").await.len();
    let bus = RedisInvalidations::open(place.options()).await.unwrap();
    let heard = Heard::on(&bus);
    let clone = bus.clone();
    drop(bus);
    clone.publish(&Invalidation::Everything).await.unwrap();
    assert_eq!(listeners().await, 1);
    drop(clone);
    until("told", || heard.lost() == 1).await;
    for _ in 0..100 {
        if listeners().await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(listeners().await, 0);
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn the_master_of_the_moment_carries_the_bus() {
    let mut master = Server::start(&[]).await;
    let port = master.port.to_string();
    let _replica = Server::start(&["--replicaof", "127.0.0.1", &port]).await;
    let sentinel = Server::sentinel(&[
        &format!("sentinel monitor mymaster 127.0.0.1 {port} 1"),
        "sentinel down-after-milliseconds mymaster 300",
        "sentinel failover-timeout mymaster 2000",
    ])
    .await;
    let options = RedisOptions::sentinel([sentinel.url()], "redis://mymaster/0");
    let one = RedisInvalidations::open(options.clone()).await.unwrap();
    let two = RedisInvalidations::open(options).await.unwrap();
    let heard = Heard::on(&two);
    one.publish(&Invalidation::User("ada".into())).await.unwrap();
    until("heard", || heard.messages().len() == 1).await;
    // The sentinel has to have seen the replica before the master goes.
    tokio::time::sleep(Duration::from_secs(11)).await;
    master.stop();
    until("lost", || heard.lost() == 1).await;
    let back = until("back", || heard.connected() == 2).await;
    println!("after a failover the bus is back after {back:?}");
    for _ in 0..100 {
        if one.publish(&Invalidation::User("ben".into())).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until("heard", || heard.messages().contains(&Invalidation::User("ben".into()))).await;
}

#[tokio::test]
async fn what_cannot_be_a_bus_is_refused() {
    for options in [
        RedisOptions::cluster(["redis://localhost"]),
        RedisOptions::new("http://:hunter2@localhost"),
        RedisOptions::new("redis://localhost").key_prefix("*"),
        RedisOptions::sentinel(["redis://localhost"], "unix:/master"),
    ] {
        let error = RedisInvalidations::open(options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValidationFailed);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    let error = RedisInvalidations::connect("redis://127.0.0.1:1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DatabaseFetchFailed);
}
