//! A wire to Redis that breaks where a test says.

use std::{
    io::{Error, Result},
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinHandle,
};

use super::Server;

/// Where a connection breaks: after so many commands that were answered, before or behind the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) answered: usize,
    /// Whether the server does what the next one says; nobody hears of it.
    pub(super) is_heard: bool,
}

pub(super) struct Wire {
    pub(super) port: u16,
    cut: Arc<Mutex<Option<Cut>>>,
    accepting: JoinHandle<()>,
}

impl Wire {
    pub(super) async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, upstream) = (listener.local_addr().unwrap().port(), server.port);
        let cut = Arc::<Mutex<Option<Cut>>>::default();
        let accepting = tokio::spawn({
            let cut = Arc::clone(&cut);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(link(client, upstream, Arc::clone(&cut)));
                }
            }
        });
        Self { port, cut, accepting }
    }

    /// Breaks the connection once; later ones pass.
    pub(super) fn cut(&self, cut: Cut) {
        *self.cut.lock().unwrap() = Some(cut);
    }

    /// Whether it broke, and that it will not any more.
    pub(super) fn is_cut(&self) -> bool {
        self.cut.lock().unwrap().take().is_none()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn link(client: TcpStream, upstream: u16, cut: Arc<Mutex<Option<Cut>>>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", upstream)).await else {
        return;
    };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (client_in, mut client_out) = client.into_split();
    let (mut server_in, mut server_out) = server.into_split();
    tokio::select! {
        _ = pass(BufReader::new(client_in), &mut server_out, &cut) => {}
        _ = copy(&mut server_in, &mut client_out) => {}
    }
    // The server does all it was sent before it finds nobody there, and only then the client learns of it.
    let _ = server_out.shutdown().await;
    let mut rest = Vec::new();
    let _ = server_in.read_to_end(&mut rest).await;
}

/// Passes commands on until the connection is cut or over.
async fn pass(mut from: BufReader<OwnedReadHalf>, to: &mut OwnedWriteHalf, cut: &Mutex<Option<Cut>>) -> Result<()> {
    loop {
        let command = command(&mut from).await?;
        let breaks = {
            let mut cut = cut.lock().unwrap();
            match &mut *cut {
                Some(Cut { answered: 0, .. }) => cut.take(),
                Some(later) => {
                    later.answered -= 1;
                    None
                }
                None => None,
            }
        };
        if breaks.is_none_or(|cut| cut.is_heard) {
            to.write_all(&command).await?;
        }
        if breaks.is_some() {
            return Ok(());
        }
    }
}

/// The next whole command: `*2`, and for each part its length and its bytes.
async fn command(from: &mut BufReader<OwnedReadHalf>) -> Result<Vec<u8>> {
    let mut command = Vec::new();
    let parts = number(from, &mut command).await?;
    for _ in 0..parts {
        let length = number(from, &mut command).await?;
        let start = command.len();
        command.resize(start + length + 2, 0);
        from.read_exact(&mut command[start..]).await?;
    }
    Ok(command)
}

async fn number(from: &mut BufReader<OwnedReadHalf>, command: &mut Vec<u8>) -> Result<usize> {
    let start = command.len();
    from.read_until(b'\n', command).await?;
    let line = std::str::from_utf8(&command[start..]).ok();
    let number = line.and_then(|line| line.get(1..)?.trim_end().parse().ok());
    number.ok_or_else(|| Error::other("the end, or no command"))
}
