use std::{pin::Pin, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ErrorKind as Kind, PushInfo, PushKind, RedisResult, Value,
    aio::MultiplexedConnection, sentinel::SentinelClient,
};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver},
    time::{sleep, timeout},
};

use super::{
    keys::Keys,
    options::{Place, RedisOptions},
    sentinel,
};
use crate::{
    adapters::bus::{ANSWER, HEARTBEAT, Line, Unsaid},
    error::{Error, ErrorKind, Result},
};

/// One connection that listens and speaks, as RESP3 allows.
pub(super) struct Subscriber {
    server: Server,
    channel: String,
    connect_timeout: Duration,
    response_timeout: Duration,
    queue: usize,
}

enum Server {
    Only(Box<Client>),
    Master(Box<dyn Fn() -> Result<SentinelClient> + Send + Sync>),
}

/// What arrives, and who says whether it still arrives from the master.
pub(super) struct Open {
    pushes: UnboundedReceiver<PushInfo>,
    sentinels: Option<(SentinelClient, String)>,
}

impl Subscriber {
    pub(super) fn new(options: &RedisOptions) -> Result<Self> {
        let keys = Keys::new(&options.prefix)?;
        let (server, database) = match &options.place {
            Place::Cluster(_) => {
                return Err(Error::from(ErrorKind::ValidationFailed).detail(
                    "A Redis cluster loses messages between its nodes: use a single server, sentinels or PostgreSQL as the bus.",
                ));
            }
            Place::Sentinel { sentinels, master } => {
                let (sentinels, master, options) = (sentinels.clone(), master.clone(), options.clone());
                let database = options.info(&master)?.redis_settings().db();
                let find = move || sentinel::client(&sentinels, &master, &options);
                find()?;
                (Server::Master(Box::new(find)), database)
            }
            Place::Server(url) => {
                let client = options.client(url)?;
                let database = client.get_connection_info().redis_settings().db();
                (Server::Only(Box::new(client)), database)
            }
        };
        Ok(Self {
            server,
            channel: keys.channel(database),
            connect_timeout: options.connect_timeout,
            response_timeout: options.response_timeout,
            queue: options.queue,
        })
    }

    async fn connect(&self) -> Result<(MultiplexedConnection, Open)> {
        let (sender, pushes) = mpsc::unbounded_channel();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(Some(self.response_timeout))
            .set_pipeline_buffer_size(self.queue)
            .set_push_sender(sender);
        let (client, sentinels) = match &self.server {
            Server::Only(client) => (Client::clone(client), None),
            Server::Master(find) => {
                let mut sentinels = find()?;
                let master = sentinels.async_get_client().await.map_err(Error::fetch_failed)?;
                let address = address(&master);
                (master, Some((sentinels, address)))
            }
        };
        let connected = client.get_multiplexed_async_connection_with_config(&config).await;
        let mut connection = connected.map_err(Error::fetch_failed)?;
        connection.subscribe(&self.channel).await.map_err(Error::fetch_failed)?;
        Ok((connection, Open { pushes, sentinels }))
    }
}

fn address(client: &Client) -> String {
    client.get_connection_info().addr().to_string()
}

impl Line for Subscriber {
    type Open = Open;
    type Speaker = MultiplexedConnection;

    /// Boxed, because the driver's future is so deep a type.
    fn open(&self) -> impl Future<Output = Result<(MultiplexedConnection, Open)>> + Send {
        let connecting: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(self.connect());
        connecting
    }

    async fn listen(&self, connection: MultiplexedConnection, open: Open, hear: impl Fn(&str) + Send + Sync) -> Error {
        let Open { mut pushes, sentinels } = open;
        let heard = async {
            while let Some(push) = pushes.recv().await {
                match (push.kind, push.data.get(1)) {
                    (PushKind::Message, Some(Value::BulkString(message))) => {
                        // Not UTF-8, not ours: it means everything.
                        hear(std::str::from_utf8(message).unwrap_or_default());
                    }
                    (PushKind::Message, _) => hear(""),
                    (PushKind::Subscribe, _) => {}
                    // The end, or no longer subscribed.
                    _ => break,
                }
            }
            Error::fetch_failed("Redis closed the connection")
        };
        tokio::select! {
            error = heard => error,
            error = silence(connection, sentinels) => error,
        }
    }

    async fn say(&self, mut connection: MultiplexedConnection, message: &str) -> Result<(), Unsaid> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(&self.channel).arg(message);
        let answer: RedisResult<Value> = command.query_async(&mut connection).await;
        answer.map(drop).map_err(|error| {
            let is_lost = matches!(error.kind(), Kind::Io) || error.is_unrecoverable_error();
            let error = Error::update_failed(error);
            if is_lost {
                Unsaid::Lost(error)
            } else {
                Unsaid::Refused(error)
            }
        })
    }

    fn patience(&self) -> Duration {
        self.connect_timeout.saturating_add(self.response_timeout)
    }
}

/// Asks every moment whether the server is there, and is the one.
async fn silence(mut connection: MultiplexedConnection, mut sentinels: Option<(SentinelClient, String)>) -> Error {
    loop {
        sleep(HEARTBEAT).await;
        let asked = async {
            let _: Value = redis::cmd("PING").query_async(&mut connection).await?;
            match &mut sentinels {
                Some((sentinels, address_then)) => {
                    let master = Box::pin(sentinels.async_get_client()).await?;
                    Ok(address(&master) == *address_then)
                }
                None => is_master(&mut connection).await,
            }
        };
        let answer: RedisResult<bool> = match timeout(ANSWER, asked).await {
            Ok(answer) => answer,
            Err(late) => return Error::fetch_failed(late),
        };
        match answer {
            Ok(true) => {}
            Ok(false) => return Error::fetch_failed("another Redis is the master now"),
            Err(error) => return Error::fetch_failed(error),
        }
    }
}

/// Whether others hear what is said here: a server that was demoted goes on as a replica, and takes messages that its master
/// never sees. An account that may not ask is told by nobody.
async fn is_master(connection: &mut MultiplexedConnection) -> RedisResult<bool> {
    match redis::cmd("ROLE").query_async::<Vec<Value>>(connection).await {
        Ok(role) => Ok(role.first() != Some(&Value::BulkString(b"slave".to_vec()))),
        Err(error) if error.code() == Some("NOPERM") => Ok(true),
        Err(error) => Err(error),
    }
}
