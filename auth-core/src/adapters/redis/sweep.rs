//! Looking through all keys. Redis ends what is over by itself, so this is for those who want to know how much it was.

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use redis::RedisResult;

use super::{
    adapter::Inner,
    connection::{Connection, Node},
    scripts,
    sessions::as_update,
};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    id::SessionId,
};

/// How many keys Redis looks at before it answers others.
const STEP: usize = 1_000;

impl Inner {
    pub(super) async fn sweep_sessions(&self, now: Timestamp) -> Result<u64> {
        let mut walk = Walk::new(&self.redis, self.keys.all_sessions()).await?;
        let mut deleted = 0;
        while let Some(keys) = walk.next().await? {
            let ids = keys.iter().filter_map(|key| self.keys.session_id(key));
            let ids: Vec<SessionId> = ids.map(SessionId::from).collect();
            let dead = stream::iter(ids).map(async |id| match self.get(&id).await.map_err(as_update)? {
                Some(session) => self.delete_if_dead(&session, now).await,
                None => Ok(false),
            });
            deleted += count(dead.buffer_unordered(self.redis.at_once())).await?;
        }
        Ok(deleted)
    }

    pub(super) async fn sweep_attempts(&self, now: Timestamp) -> Result<u64> {
        let mut walk = Walk::new(&self.redis, self.keys.all_attempts()).await?;
        let now = [now.as_unix_ms().to_string()];
        let mut deleted = 0;
        while let Some(keys) = walk.next().await? {
            let ended = stream::iter(keys).map(async |key| {
                let deleted: RedisResult<bool> = self.redis.run(&scripts::DELETE_ENDED, &key, &now).await;
                deleted.map_err(Error::update_failed)
            });
            deleted += count(ended.buffer_unordered(self.redis.at_once())).await?;
        }
        Ok(deleted)
    }
}

async fn count(mut acts: impl Stream<Item = Result<bool>> + Unpin) -> Result<u64> {
    let mut done = 0;
    while let Some(act) = acts.try_next().await? {
        done += u64::from(act);
    }
    Ok(done)
}

/// All keys of a pattern, node after node, some at a time.
struct Walk<'a> {
    redis: &'a Connection,
    pattern: String,
    nodes: Vec<Node>,
    cursor: u64,
}

impl<'a> Walk<'a> {
    async fn new(redis: &'a Connection, pattern: String) -> Result<Self> {
        Ok(Self {
            redis,
            pattern,
            nodes: redis.nodes().await.map_err(Error::update_failed)?,
            cursor: 0,
        })
    }

    /// The next keys, maybe none; `None` after the last.
    async fn next(&mut self) -> Result<Option<Vec<String>>> {
        let Some(node) = self.nodes.last() else { return Ok(None) };
        let mut command = redis::cmd("SCAN");
        command
            .arg(self.cursor)
            .arg("MATCH")
            .arg(&self.pattern)
            .arg("COUNT")
            .arg(STEP);
        let scanned: RedisResult<(u64, Vec<String>)> = self.redis.read_from(node, &command).await;
        let (cursor, keys) = scanned.map_err(Error::update_failed)?;
        self.cursor = cursor;
        if cursor == 0 {
            self.nodes.pop();
        }
        Ok(Some(keys))
    }
}
