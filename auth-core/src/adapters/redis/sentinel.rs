use redis::{
    AsyncConnectionConfig, Cmd, RedisResult, ServerErrorKind, Value,
    aio::MultiplexedConnection,
    sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType},
};
use tokio::sync::Mutex;

use super::options::RedisOptions;
use crate::error::{Error, ErrorKind, Result};

/// The connection to the master of the moment. One that fails, or turns out to be a replica now, is dropped, and the
/// next command asks the sentinels.
pub(super) struct Master {
    state: Mutex<State>,
    config: AsyncConnectionConfig,
}

struct State {
    sentinels: SentinelClient,
    connection: Option<MultiplexedConnection>,
    /// Counts connections, so that nobody drops one that came after theirs.
    number: u64,
}

/// Who asks the sentinels.
pub(super) fn client(sentinels: &[String], master: &str, options: &RedisOptions) -> Result<SentinelClient> {
    let sentinels: Result<Vec<_>> = sentinels.iter().map(|url| options.info(url)).collect();
    let info = options.info(master)?;
    let redis::ConnectionAddr::Tcp(name, _) = info.addr() else {
        return Err(Error::from(ErrorKind::ValidationFailed)
            .detail("A master behind sentinels is redis://user:password@name/database."));
    };
    let node = SentinelNodeConnectionInfo::default()
        .set_redis_connection_info(info.redis_settings().clone())
        .set_tcp_settings(options.tcp());
    let found = SentinelClient::build(sentinels?, name.clone(), Some(node), SentinelServerType::Master);
    found.map_err(Error::fetch_failed)
}

impl Master {
    pub(super) fn new(sentinels: &[String], master: &str, options: &RedisOptions) -> Result<Self> {
        Ok(Self {
            state: Mutex::new(State {
                sentinels: client(sentinels, master, options)?,
                connection: None,
                number: 0,
            }),
            config: AsyncConnectionConfig::new()
                .set_connection_timeout(Some(options.connect_timeout))
                .set_response_timeout(Some(options.response_timeout))
                .set_pipeline_buffer_size(options.queue),
        })
    }

    pub(super) async fn ask(&self, command: &Cmd) -> RedisResult<Value> {
        let (mut connection, number) = self.connection().await?;
        let answer = command.query_async(&mut connection).await;
        if let Err(error) = &answer {
            let is_replica = error.kind() == ServerErrorKind::ReadOnly.into();
            if is_replica || error.is_unrecoverable_error() || error.is_timeout() {
                let mut state = self.state.lock().await;
                if state.number == number {
                    state.connection = None;
                }
            }
        }
        answer
    }

    async fn connection(&self) -> RedisResult<(MultiplexedConnection, u64)> {
        let mut state = self.state.lock().await;
        if let Some(connection) = &state.connection {
            return Ok((connection.clone(), state.number));
        }
        let connection = state.sentinels.get_async_connection_with_config(&self.config).await?;
        state.connection = Some(connection.clone());
        state.number += 1;
        Ok((connection, state.number))
    }
}
