//! A server that becomes a replica, and another that takes its place behind the same address.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    adapter::{Invalidation, Invalidations, SessionAdapter},
    adapters::{
        RedisInvalidations,
        bus::tests::{Heard, until},
    },
};

/// An address behind which stands whoever has this port.
async fn in_front_of(server: &Server) -> (Arc<AtomicU16>, u16) {
    let behind = Arc::new(AtomicU16::new(server.port));
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = address.local_addr().unwrap().port();
    tokio::spawn({
        let behind = Arc::clone(&behind);
        async move {
            while let Ok((mut client, _)) = address.accept().await {
                let server = TcpStream::connect(("127.0.0.1", behind.load(Ordering::SeqCst))).await;
                let mut server = server.unwrap();
                tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            }
        }
    });
    (behind, port)
}

/// Nobody closes a connection for it: the replica goes on answering.
async fn demote(old: &Server, new: &Server) {
    let client = redis::Client::open(old.url()).unwrap();
    let mut control = client.get_multiplexed_async_connection().await.unwrap();
    let mut demotion = redis::cmd("REPLICAOF");
    demotion.arg("127.0.0.1").arg(new.port);
    let _: Value = demotion.query_async(&mut control).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_demoted_server_is_left_for_the_one_that_took_its_place() {
    let (old, new) = (Server::start(&[]).await, Server::start(&[]).await);
    let (behind, port) = in_front_of(&old).await;
    let store = RedisSessions::connect(&format!("redis://127.0.0.1:{port}"))
        .await
        .unwrap();
    store.set_session(&session("one")).await.unwrap();

    behind.store(new.port, Ordering::SeqCst);
    demote(&old, &new).await;
    let error = store.set_session(&session("two")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DatabaseUpdateFailed);
    store.set_session(&session("two")).await.unwrap();
    assert!(store.get_session(&SessionId::from("two")).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn the_bus_leaves_a_demoted_server_too() {
    let (old, new) = (Server::start(&[]).await, Server::start(&[]).await);
    let (behind, port) = in_front_of(&old).await;
    let open = async || {
        let options = RedisOptions::new(format!("redis://127.0.0.1:{port}"));
        RedisInvalidations::open(options).await.unwrap()
    };
    let here = open().await;
    let heard = Heard::on(&here);
    behind.store(new.port, Ordering::SeqCst);
    demote(&old, &new).await;
    // The connection stands, and nothing that others say would arrive over it.
    until("it has left", || heard.lost() > 0 && heard.connected() > 1).await;
    let there = open().await;
    there.publish(&Invalidation::Everything).await.unwrap();
    until("it hears the others", || {
        heard.messages().contains(&Invalidation::Everything)
    })
    .await;
}
