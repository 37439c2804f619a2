//! A wire between an adapter and its server that breaks where a test says.

use std::{
    io::{Error, Result},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};

use super::Database;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    ToClient,
    ToServer,
}

#[derive(Clone, Copy)]
enum Rule {
    Pass,
    /// Lets so many messages pass this way, and ends the connection of the last of them.
    Cut(Way, usize),
    /// Each message to the client comes this much later.
    Slow(Duration),
    /// Connections up to this one are silent for good; later ones pass.
    Silent(usize),
}

/// Passes on whole messages of the database's protocol.
pub(super) struct Proxy {
    port: u16,
    wire: Arc<Wire>,
    accepting: JoinHandle<()>,
}

struct Wire {
    database: Database,
    upstream: u16,
    rule: Mutex<Rule>,
    seen: AtomicUsize,
    has_cut: AtomicBool,
    connections: AtomicUsize,
    /// Connections that ended here and not yet at the server.
    ending: AtomicUsize,
}

impl Proxy {
    pub(super) async fn before(database: Database, upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let wire = Arc::new(Wire {
            database,
            upstream,
            rule: Mutex::new(Rule::Pass),
            seen: AtomicUsize::new(0),
            has_cut: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            ending: AtomicUsize::new(0),
        });
        let accepting = tokio::spawn({
            let wire = Arc::clone(&wire);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(Arc::clone(&wire).link(client));
                }
            }
        });
        Self { port, wire, accepting }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn pass(&self) {
        self.wire.set(Rule::Pass);
    }

    /// Cuts the connection that carries the n-th message from now this way, right behind it; before the first with 0.
    pub(super) fn cut(&self, way: Way, after: usize) {
        self.wire.set(Rule::Cut(way, after));
    }

    pub(super) fn slow(&self, by: Duration) {
        self.wire.set(Rule::Slow(by));
    }

    /// Nothing comes through any more, now and on later connections.
    pub(super) fn silence(&self) {
        self.wire.set(Rule::Silent(usize::MAX));
    }

    /// Connections there are now say nothing any more, for good; new ones work.
    pub(super) fn silence_those_there_are(&self) {
        self.wire.set(Rule::Silent(self.connections()));
    }

    /// How many there have been.
    pub(super) fn connections(&self) -> usize {
        self.wire.connections.load(Ordering::SeqCst)
    }

    pub(super) fn has_cut(&self) -> bool {
        self.wire.has_cut.load(Ordering::SeqCst)
    }

    /// Until the server has done what came to it and left the connections that are cut.
    pub(super) async fn settled(&self) {
        while self.wire.ending.load(Ordering::SeqCst) > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Wire {
    fn set(&self, rule: Rule) {
        *self.rule.lock().unwrap() = rule;
        self.seen.store(0, Ordering::SeqCst);
        self.has_cut.store(false, Ordering::SeqCst);
    }

    async fn link(self: Arc<Self>, client: TcpStream) {
        let number = self.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.upstream)).await else {
            return;
        };
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let (mut client_in, mut client_out) = client.into_split();
        let (mut server_in, mut server_out) = server.into_split();
        let _ = tokio::select! {
            ended = self.pump(Way::ToServer, number, &mut client_in, &mut server_out) => ended,
            ended = self.pump(Way::ToClient, number, &mut server_in, &mut client_out) => ended,
        };
        self.ending.fetch_add(1, Ordering::SeqCst);
        // The server does all it was sent before it finds nobody there.
        let _ = server_out.shutdown().await;
        let mut rest = [0; 4_096];
        let gone = async { while !matches!(server_in.read(&mut rest).await, Ok(0) | Err(_)) {} };
        let _ = tokio::join!(gone, async {
            drop(client_in);
            drop(client_out);
        });
        self.ending.fetch_sub(1, Ordering::SeqCst);
    }

    async fn pump(
        &self,
        way: Way,
        connection: usize,
        from: &mut (impl AsyncReadExt + Unpin),
        to: &mut (impl AsyncWriteExt + Unpin),
    ) -> Result<()> {
        let mut is_first = true;
        loop {
            let message = self.message(way, is_first, from).await?;
            is_first = false;
            let rule = *self.rule.lock().unwrap();
            match rule {
                Rule::Pass => {}
                Rule::Slow(by) if way == Way::ToClient => sleep(by).await,
                Rule::Slow(_) => {}
                Rule::Silent(up_to) if connection <= up_to => loop {
                    sleep(Duration::from_millis(5)).await;
                    let rule = *self.rule.lock().unwrap();
                    if !matches!(rule, Rule::Silent(up_to) if connection <= up_to) {
                        break;
                    }
                },
                Rule::Silent(_) => {}
                Rule::Cut(cut, after) if cut == way => {
                    let number = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
                    if number <= after {
                        to.write_all(&message).await?;
                    }
                    if number >= after && !self.has_cut.swap(true, Ordering::SeqCst) {
                        return Err(Error::other("cut"));
                    }
                    if number <= after {
                        continue;
                    }
                }
                Rule::Cut(..) => {}
            }
            to.write_all(&message).await?;
        }
    }

    /// The next whole message.
    async fn message(&self, way: Way, is_first: bool, from: &mut (impl AsyncReadExt + Unpin)) -> Result<Vec<u8>> {
        let mut message = match self.database {
            Database::Mariadb => vec![0; 4],
            // The client's first word has no type.
            Database::Postgres if is_first && way == Way::ToServer => vec![0; 4],
            Database::Postgres => vec![0; 5],
        };
        from.read_exact(&mut message).await?;
        let head = message.len();
        let rest = match self.database {
            Database::Mariadb => u32::from_le_bytes([message[0], message[1], message[2], 0]) as usize,
            Database::Postgres => {
                let length = [head - 4, head - 3, head - 2, head - 1].map(|index| message[index]);
                u32::from_be_bytes(length) as usize - 4
            }
        };
        message.resize(head + rest, 0);
        from.read_exact(&mut message[head..]).await?;
        Ok(message)
    }
}
