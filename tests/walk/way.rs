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
    /// Nobody else gets its port; who connects while only this socket has it is refused.
    _kept: TcpSocket,
}

impl Way {
    pub(super) fn to(host: &str, port: u16) -> Self {
        let kept = bound(0);
        let mut way = Self {
            port: kept.local_addr().unwrap().port(),
            upstream: (host.to_owned(), port),
            accepting: None,
            _kept: kept,
        };
        way.open();
        way
    }

    /// Where it begins, on this machine.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn open(&mut self) {
        let listener = bound(self.port).listen(1_024).unwrap();
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

/// A socket with this port of this machine, which others of this kind may have too; 0 for any that is free.
fn bound(port: u16) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
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
