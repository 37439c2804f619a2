//! A way to a server, which can be closed.

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// Passes on what is said on a port of its own; while it is closed nobody is connected and nobody can.
pub(super) struct Way {
    port: u16,
    upstream: (String, u16),
    accepting: Option<JoinHandle<()>>,
}

impl Way {
    pub(super) async fn to(host: &str, port: u16) -> Self {
        let mut way = Self {
            port: 0,
            upstream: (host.to_owned(), port),
            accepting: None,
        };
        way.open().await;
        way
    }

    /// Where it begins, on this machine.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// On the port that it had.
    pub(super) async fn open(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        let upstream = self.upstream.clone();
        self.accepting = Some(tokio::spawn(async move {
            // They end with this task.
            let mut links = JoinSet::new();
            while let Ok((mut client, _)) = listener.accept().await {
                let upstream = upstream.clone();
                links.spawn(async move {
                    let mut server = TcpStream::connect(upstream).await?;
                    copy_bidirectional(&mut client, &mut server).await
                });
            }
        }));
    }

    pub(super) async fn close(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            // Until nobody listens any more.
            let _ = accepting.await;
        }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}
