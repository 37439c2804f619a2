use std::time::Duration;

use async_trait::async_trait;
use redis::RedisResult;

use super::{RedisSessions, adapter::Inner, lifetime, scripts};
use crate::{
    adapter::AttemptAdapter,
    clock::Timestamp,
    error::{Error, Result},
    model::{AttemptCount, AttemptSubject},
};

#[async_trait]
impl AttemptAdapter for RedisSessions {
    async fn count_attempt(
        &self,
        subject: &AttemptSubject,
        action: &str,
        window: Duration,
        now: Timestamp,
    ) -> Result<AttemptCount> {
        let Inner { redis, keys, .. } = &*self.inner;
        let arguments = [
            now.as_unix_ms().to_string(),
            (now + window).as_unix_ms().to_string(),
            lifetime::of_window(window).to_string(),
        ];
        let counted: RedisResult<(u64, i64)> = redis
            .run(&scripts::COUNT, &keys.attempts(subject, action), &arguments)
            .await;
        let (count, ends) = counted.map_err(Error::update_failed)?;
        Ok(AttemptCount {
            count: u32::try_from(count).unwrap_or(u32::MAX),
            window_ends: Timestamp::from_unix_ms(ends),
        })
    }

    async fn clear_attempts(&self, subject: &AttemptSubject, action: &str) -> Result<()> {
        let Inner { redis, keys, .. } = &*self.inner;
        let mut command = redis::cmd("DEL");
        command.arg(keys.attempts(subject, action));
        let deleted: RedisResult<u64> = redis.write(&command).await;
        deleted.map(drop).map_err(Error::update_failed)
    }

    async fn delete_expired_attempts(&self, now: Timestamp) -> Result<u64> {
        self.inner.sweep_attempts(now).await
    }
}
