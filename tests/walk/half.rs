//! A client that begins a request and never ends it.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Running, Which, http::send, running::run, server::serve};

#[tokio::test]
async fn half_a_request_does_not_keep_an_application_from_ending() {
    let which = [Which::Axum, Which::Actix, Which::Server];
    let ended = which.map(|which| async move {
        let directory = TempDir::new().unwrap();
        let server = start(which, &directory).await;
        let half = begin_request(&server).await;
        let told = Instant::now();
        server.stop().await;
        assert!(
            told.elapsed() < Duration::from_secs(30),
            "{which:?}: {:?}",
            told.elapsed()
        );
        drop(half);
    });
    futures_util::future::join_all(ended).await;
}

#[tokio::test]
async fn half_a_request_is_cut_off_by_the_server() {
    let directory = TempDir::new().unwrap();
    let server = serve(&directory, &["--idle-timeout", "3s"]).await;
    let mut half = begin_request(&server).await;
    let cut_off = tokio::time::timeout(Duration::from_secs(30), half.read_to_end(&mut Vec::new())).await;
    assert!(cut_off.is_ok(), "it waits for ever");
    server.stop().await;
}

#[tokio::test]
async fn an_idle_time_out_is_a_time() {
    for wrong in ["0s", "soon", "2d"] {
        let output = run(
            Which::Server,
            &["check", "--database", "memory:", "--idle-timeout", wrong],
        )
        .await;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(wrong), "{told}");
    }
}

async fn start(which: Which, directory: &TempDir) -> Running {
    match which {
        Which::Axum | Which::Actix => Running::start(which, &directory.path().join("app.db")).await,
        Which::Server => serve(directory, &[]).await,
    }
}

async fn begin_request(server: &Running) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream
        .write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n")
        .await
        .unwrap();
    // It has been accepted once somebody who came later is answered.
    assert!(send(server.address(), "GET", "/", &[], "").await.unwrap().status < 500);
    stream
}
