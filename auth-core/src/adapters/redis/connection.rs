use std::{io, pin::Pin, time::Duration};

use redis::{
    Cmd, ErrorKind as Kind, FromRedisValue, RedisError, RedisResult, ServerErrorKind, Value,
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
    cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo},
    from_redis_value,
};
use tokio::{sync::Semaphore, time::timeout};

use super::{
    kept::{Kept, Whom},
    options::{Place, RedisOptions},
    scripts::Lua,
    sentinel,
};
use crate::error::{Error, Result};

/// The way to Redis: commands of any number of tasks over one connection (on a cluster one per node), which comes back
/// by itself.
pub(super) struct Connection {
    link: Link,
    waiting: Semaphore,
    patience: Duration,
    at_once: usize,
}

enum Link {
    Cluster(ClusterConnection),
    Sentinel(Box<Kept>),
    Server(Box<Kept>),
}

impl Connection {
    /// Connects, and fails if nobody answers. Boxed, because the driver's future is so deep a type that an application
    /// would reach rustc's recursion limit.
    pub(super) fn open(options: &RedisOptions) -> Pin<Box<dyn Future<Output = Result<Self>> + Send + '_>> {
        Box::pin(Self::connect(options))
    }

    async fn connect(options: &RedisOptions) -> Result<Self> {
        let link = timeout(options.patience(), Link::open(options))
            .await
            .map_err(Error::fetch_failed)??;
        let connection = Self {
            link,
            waiting: Semaphore::new(options.queue.min(Semaphore::MAX_PERMITS)),
            patience: options.patience(),
            at_once: (options.queue / 4).clamp(1, 32),
        };
        connection.ping().await.map_err(Error::fetch_failed)?;
        Ok(connection)
    }

    /// How many commands of one act may be on their way together: some, and never all that may be.
    pub(super) fn at_once(&self) -> usize {
        self.at_once
    }

    pub(super) async fn ping(&self) -> RedisResult<()> {
        self.read(&redis::cmd("PING")).await.map(|_: Value| ())
    }

    /// Asks what may be asked twice: a connection that ended meanwhile is made anew, once.
    pub(super) async fn read<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let answer = match self.ask(command).await {
            Err(error) if error.is_connection_dropped() => self.ask(command).await,
            answer => answer,
        };
        Ok(from_redis_value(answer?)?)
    }

    /// Asks once, unless it is certain that nobody heard.
    pub(super) async fn write<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let answer = match self.ask(command).await {
            Err(error) if error.is_connection_refusal() => self.ask(command).await,
            answer => answer,
        };
        Ok(from_redis_value(answer?)?)
    }

    /// Runs a script on one key, by its digest; a server that does not know it gets the source.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &Lua,
        key: &str,
        arguments: &[impl redis::ToRedisArgs],
    ) -> RedisResult<T> {
        let command = |name: &str, script: &str| {
            let mut command = redis::cmd(name);
            command.arg(script).arg(1).arg(key).arg(arguments);
            command
        };
        match self.write(&command("EVALSHA", &script.digest)).await {
            Err(error) if error.kind() == Kind::Server(ServerErrorKind::NoScript) => {
                self.write(&command("EVAL", &script.source)).await
            }
            answer => answer,
        }
    }

    async fn ask(&self, command: &Cmd) -> RedisResult<Value> {
        let _place = self.waiting.try_acquire().map_err(|_| full())?;
        let answer = match &self.link {
            // It measures both times itself, connecting and answering; a second timer would cost every request.
            Link::Server(server) => return server.ask(command).await,
            Link::Cluster(cluster) => timeout(self.patience, command.query_async(&mut cluster.clone())).await,
            // Boxed, or every command would carry its kilobytes about, whatever the link is.
            Link::Sentinel(master) => timeout(self.patience, Box::pin(master.ask(command))).await,
        };
        answer.unwrap_or_else(|_| Err(late()))
    }

    /// The nodes whose keys must be looked through to see all.
    pub(super) async fn nodes(&self) -> RedisResult<Vec<Node>> {
        let Link::Cluster(cluster) = &self.link else {
            return Ok(vec![Node::Only]);
        };
        let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
        let answers: Vec<(String, Value)> = self.route(cluster, &redis::cmd("PING"), everywhere).await?;
        let address = |(address, _): (String, Value)| {
            let (host, port) = address.rsplit_once(':')?;
            Some(Node::At(host.to_owned(), port.parse().ok()?))
        };
        let nodes: Option<_> = answers.into_iter().map(address).collect();
        nodes.ok_or_else(|| (Kind::Client, "a node of the cluster has no address").into())
    }

    /// Reads from one node.
    pub(super) async fn read_from<T: FromRedisValue>(&self, node: &Node, command: &Cmd) -> RedisResult<T> {
        let (Link::Cluster(cluster), Node::At(host, port)) = (&self.link, node) else {
            return self.read(command).await;
        };
        let there = SingleNodeRoutingInfo::ByAddress {
            host: host.clone(),
            port: *port,
        };
        self.route(cluster, command, RoutingInfo::SingleNode(there)).await
    }

    async fn route<T: FromRedisValue>(
        &self,
        cluster: &ClusterConnection,
        command: &Cmd,
        routing: RoutingInfo,
    ) -> RedisResult<T> {
        let mut cluster = cluster.clone();
        let answer = timeout(self.patience, cluster.route_command(command.clone(), routing)).await;
        let answer = answer.unwrap_or_else(|_| Err(late()))?;
        Ok(from_redis_value(answer.extract_error()?)?)
    }
}

/// A server that holds keys.
pub(super) enum Node {
    At(String, u16),
    Only,
}

impl Link {
    async fn open(options: &RedisOptions) -> Result<Self> {
        match &options.place {
            Place::Server(url) => {
                let client = Whom::Client(Box::new(options.client(url)?));
                Ok(Self::Server(Box::new(Kept::new(client, options))))
            }
            Place::Cluster(urls) => {
                let nodes: Result<Vec<_>> = urls.iter().map(|url| options.info(url)).collect();
                // The driver repeats what a node did not answer in time, and a script that ran may not run again: so a
                // node never is late before all is over.
                let client = ClusterClient::builder(nodes?);
                #[cfg(feature = "redis-tls")]
                let client = match super::tls::certificates(options)? {
                    Some(certificates) => client.certs(certificates),
                    None => client,
                };
                let client = client
                    .use_protocol(redis::ProtocolVersion::RESP3)
                    .connection_timeout(options.connect_timeout)
                    .response_timeout(options.patience().saturating_mul(2))
                    .overall_response_timeout(Some(options.patience()))
                    .tcp_settings(options.tcp())
                    .build()
                    .map_err(Error::fetch_failed)?;
                let cluster = client.get_async_connection().await;
                cluster.map(Self::Cluster).map_err(Error::fetch_failed)
            }
            Place::Sentinel { sentinels, master } => {
                let sentinels = Whom::Sentinels(Box::new(sentinel::client(sentinels, master, options)?));
                Ok(Self::Sentinel(Box::new(Kept::new(sentinels, options))))
            }
        }
    }
}

fn full() -> RedisError {
    (Kind::Client, "too many commands are waiting for Redis").into()
}

fn late() -> RedisError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}
