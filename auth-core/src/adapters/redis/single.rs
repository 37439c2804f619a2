use std::sync::{PoisonError, RwLock};

use redis::{
    Client, Cmd, RedisResult, ServerErrorKind, Value,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

/// The connection to one address. When the server behind it is demoted and another takes its place, the connection still
/// leads to the first, which goes on answering as a replica: it is left, and the next command finds the other.
pub(super) struct Single {
    client: Client,
    config: ConnectionManagerConfig,
    manager: RwLock<Numbered>,
}

#[derive(Clone)]
struct Numbered {
    manager: ConnectionManager,
    /// Counts managers, so that nobody leaves one that came after theirs.
    number: u64,
}

impl Single {
    pub(super) async fn connect(client: Client, config: ConnectionManagerConfig) -> RedisResult<Self> {
        let manager = ConnectionManager::new_with_config(client.clone(), config.clone()).await?;
        Ok(Self {
            client,
            config,
            manager: RwLock::new(Numbered { manager, number: 0 }),
        })
    }

    pub(super) async fn ask(&self, command: &Cmd) -> RedisResult<Value> {
        let mut used = self.manager.read().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = command.query_async(&mut used.manager).await;
        if let Err(error) = &answer
            && error.kind() == ServerErrorKind::ReadOnly.into()
        {
            self.leave(used.number)?;
        }
        answer
    }

    /// The one that comes instead connects when it is asked.
    fn leave(&self, number: u64) -> RedisResult<()> {
        let mut there = self.manager.write().unwrap_or_else(PoisonError::into_inner);
        if there.number == number {
            *there = Numbered {
                manager: ConnectionManager::new_lazy_with_config(self.client.clone(), self.config.clone())?,
                number: number + 1,
            };
        }
        Ok(())
    }
}
