//! A way to a server, which can be closed.

use std::net::Ipv4Addr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpSocket, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// Passes on what is said on a port of its own; while it is closed nobody is connected and nobody can.
pub(super) struct Way {
    port: u16,
    upstream: (String, u16),
    accepting: Option<JoinHandle<()>>,
    /// While it is closed: nobody else gets its port, and whoever connects there is refused.
    kept: Option<TcpSocket>,
}

impl Way {
    pub(super) fn to(host: &str, port: u16) -> Self {
        let mut way = Self {
            port: 0,
            upstream: (host.to_owned(), port),
            accepting: None,
            kept: Some(bound(0)),
        };
        way.open();
        way
    }

    /// Where it begins, on this machine.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// On the port that it had.
    pub(super) fn open(&mut self) {
        let listener = self.kept.take().unwrap().listen(1_024).unwrap();
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
            self.kept = Some(bound(self.port));
        }
    }
}

/// A socket with this port of this machine, on which nobody listens yet; 0 for any that is free.
fn bound(port: u16) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    // Connections of before may still linger there.
    socket.set_reuseaddr(true).unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, port).into()).unwrap();
    socket
}

impl Drop for Way {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}
