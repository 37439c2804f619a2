use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use redis::{RedisResult, Value};

use super::{
    RedisSessions,
    adapter::Inner,
    index, lifetime,
    record::{self, Condition},
    scripts::{self, Lua},
};
use crate::{
    adapter::SessionAdapter,
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    id::{SessionId, UserId},
    model::{SessionPatch, SessionRecord, SessionRotation},
    secret::Digest,
};

/// What the scripts that prolong a session answer.
enum Changed {
    No,
    Yes,
    /// Not before the user's index lists it for a session that lives that long.
    ListFirst(UserId, u64),
}

#[async_trait]
impl SessionAdapter for RedisSessions {
    async fn get_session(&self, session_id: &SessionId) -> Result<Option<SessionRecord>> {
        self.inner.get(session_id).await
    }

    async fn get_sessions_by_user_id(&self, user_id: &UserId) -> Result<Vec<SessionRecord>> {
        self.inner.all_of(user_id).await.map_err(Error::fetch_failed)?
    }

    async fn set_session(&self, session: &SessionRecord) -> Result<()> {
        let Inner { redis, keys, .. } = &*self.inner;
        let lifetime = lifetime::of_session(session);
        let promise = index::list(redis, keys, &session.user_id, &session.id, lifetime)
            .await
            .map_err(Error::update_failed)?;
        let mut command = redis::cmd("SET");
        command
            .arg(keys.session(&session.id))
            .arg(record::row(session, self.inner.schema(), promise)?)
            .arg("NX")
            .arg("PX")
            .arg(lifetime);
        match redis.write(&command).await.map_err(Error::update_failed)? {
            Value::Okay => Ok(()),
            _ => Err(Error::update_failed("a session with this id exists")),
        }
    }

    async fn update_session(&self, session_id: &SessionId, patch: &SessionPatch) -> Result<()> {
        let changes = record::patch(patch, self.inner.schema())?;
        let (left, written) = match patch.idle_expires {
            None => (String::new(), Timestamp::default()),
            Some(end) => {
                let written = match patch.updated_at.max(patch.last_seen) {
                    Some(now) => now,
                    // Nobody said what time it is; when the session was last written is the latest that is known.
                    None => match self.inner.get(session_id).await? {
                        Some(session) => lifetime::written_at(&session),
                        None => return Err(ErrorKind::InvalidSessionId.into()),
                    },
                };
                (lifetime::left(end, written).to_string(), written)
            }
        };
        let mut arguments = vec![changes.pieces.len().to_string().into_bytes()];
        for (before, piece) in changes.pieces {
            arguments.extend([before.to_string().into_bytes(), piece]);
        }
        arguments.push(changes.parts.into_bytes());
        arguments.extend(changes.dropped.into_iter().map(String::into_bytes));
        if self
            .inner
            .change(&scripts::PATCH, session_id, &left, written, arguments)
            .await?
        {
            Ok(())
        } else {
            Err(ErrorKind::InvalidSessionId.into())
        }
    }

    async fn rotate_session(
        &self,
        session_id: &SessionId,
        expected: &Digest,
        rotation: &SessionRotation,
    ) -> Result<bool> {
        let now = rotation.last_seen;
        let left = lifetime::left(rotation.idle_expires, now).to_string();
        let mut arguments = vec![record::expected(expected)];
        arguments.extend(record::rotation(rotation));
        self.inner
            .change(&scripts::ROTATE, session_id, &left, now, arguments)
            .await
    }

    async fn delete_session(&self, session_id: &SessionId) -> Result<bool> {
        let Inner { redis, keys, .. } = &*self.inner;
        let user_id = self.inner.delete(session_id, None).await?;
        if let Some(user_id) = &user_id {
            index::forget(redis, keys, user_id, std::slice::from_ref(session_id)).await;
        }
        Ok(user_id.is_some())
    }

    async fn delete_sessions_by_user_id(&self, user_id: &UserId, except: Option<&SessionId>) -> Result<()> {
        let Inner { redis, keys, .. } = &*self.inner;
        let ids = index::ids(redis, keys, user_id).await.map_err(Error::update_failed)?;
        let ids = ids.into_iter().filter(|id| Some(id) != except);
        // Of this user only: an id may be another's meanwhile, if the application chooses ids itself.
        let only = &record::if_of(user_id)?;
        let deleted = stream::iter(ids).map(async |id| {
            let deleted = self.inner.delete(&id, Some(only)).await?;
            Ok::<_, Error>(deleted.map(|_| id))
        });
        let deleted: Vec<Option<SessionId>> = deleted.buffer_unordered(redis.at_once()).try_collect().await?;
        let deleted: Vec<SessionId> = deleted.into_iter().flatten().collect();
        index::forget(redis, keys, user_id, &deleted).await;
        Ok(())
    }

    async fn delete_expired_sessions(&self, user_id: Option<&UserId>, now: Timestamp) -> Result<u64> {
        let Some(user_id) = user_id else {
            return self.inner.sweep_sessions(now).await;
        };
        let sessions = self.inner.all_of(user_id).await.map_err(Error::update_failed)??;
        let mut deleted = 0;
        for session in sessions {
            deleted += u64::from(self.inner.delete_if_dead(&session, now).await?);
        }
        Ok(deleted)
    }

    async fn delete_session_if_dead(&self, session_id: &SessionId, now: Timestamp) -> Result<()> {
        if let Some(session) = self.inner.get(session_id).await.map_err(as_update)? {
            self.inner.delete_if_dead(&session, now).await?;
        }
        Ok(())
    }

    /// Each key has its time to live; looking through a user's sessions is one command for each.
    fn removes_expired_sessions(&self) -> bool {
        true
    }
}

impl Inner {
    pub(super) async fn get(&self, id: &SessionId) -> Result<Option<SessionRecord>> {
        let mut command = redis::Cmd::with_capacity(2, 96);
        command.arg("GET").arg(self.keys.session(id));
        let answer = self.redis.read(&command).await.map_err(Error::fetch_failed)?;
        record::session(id, answer, self.schema())
    }

    /// The sessions of a user, oldest first.
    async fn all_of(&self, user_id: &UserId) -> RedisResult<Result<Vec<SessionRecord>>> {
        let ids = index::ids(&self.redis, &self.keys, user_id).await?;
        let sessions = stream::iter(ids).map(async |id| self.get(&id).await);
        let sessions: Result<Vec<_>> = sessions.buffer_unordered(self.redis.at_once()).try_collect().await;
        Ok(sessions.map(|sessions| {
            let sessions = sessions.into_iter().flatten();
            let mut sessions: Vec<_> = sessions.filter(|session| session.user_id == *user_id).collect();
            sessions.sort_unstable_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
            sessions
        }))
    }

    /// Runs a script that may prolong a session; at most twice, the index written in between.
    async fn change(
        &self,
        script: &Lua,
        id: &SessionId,
        left: &str,
        now: Timestamp,
        mut arguments: Vec<Vec<u8>>,
    ) -> Result<bool> {
        let common = [b"0".to_vec(), left.into(), now.as_unix_ms().to_string().into()];
        arguments.splice(0..0, common);
        for _ in 0..2 {
            match self.try_change(script, id, &arguments).await? {
                Changed::No => return Ok(false),
                Changed::Yes => return Ok(true),
                Changed::ListFirst(user_id, lifetime) => {
                    let promise = index::list(&self.redis, &self.keys, &user_id, id, lifetime).await;
                    arguments[0] = promise.map_err(Error::update_failed)?.to_string().into_bytes();
                }
            }
        }
        Err(Error::update_failed(
            "the clocks of the cluster differ by more than a minute",
        ))
    }

    async fn try_change(&self, script: &Lua, id: &SessionId, arguments: &[Vec<u8>]) -> Result<Changed> {
        let answer: RedisResult<(u8, String, u64)> = self.redis.run(script, &self.keys.session(id), arguments).await;
        Ok(match answer.map_err(Error::update_failed)? {
            (0, ..) => Changed::No,
            (1, ..) => Changed::Yes,
            (_, user_id, lifetime) => Changed::ListFirst(UserId::from(user_id), lifetime),
        })
    }

    /// Deletes a session, if its row is as it should be, and answers whose it was.
    async fn delete(&self, id: &SessionId, only: Option<&Condition>) -> Result<Option<UserId>> {
        let arguments: Vec<Vec<u8>> = only
            .into_iter()
            .flat_map(|only| [only.bytes.clone(), only.before.to_string().into_bytes()])
            .collect();
        let user_id: RedisResult<Option<Vec<u8>>> = self
            .redis
            .run(&scripts::DELETE, &self.keys.session(id), &arguments)
            .await;
        let user_id = user_id.map_err(Error::update_failed)?;
        // Deleted it is, whatever its row said.
        Ok(user_id.map(|user_id| UserId::from(String::from_utf8_lossy(&user_id).into_owned())))
    }

    /// Deletes a session that is dead as it was read, unless it was renewed since.
    pub(super) async fn delete_if_dead(&self, session: &SessionRecord, now: Timestamp) -> Result<bool> {
        if session.is_alive(now) {
            return Ok(false);
        }
        let deleted = self.delete(&session.id, Some(&record::if_unrenewed(session))).await?;
        if let Some(user_id) = &deleted {
            index::forget(&self.redis, &self.keys, user_id, std::slice::from_ref(&session.id)).await;
        }
        Ok(deleted.is_some())
    }
}

/// A read on behalf of a change.
pub(super) fn as_update(error: Error) -> Error {
    if error.is_store_failure() {
        Error::update_failed(error)
    } else {
        error
    }
}
