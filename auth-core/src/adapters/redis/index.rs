//! Which sessions a user has: a sorted set of ids, each with the moment until which it is listed.
//!
//! An id leaves the set when its session was deleted, or when its moment is over; and no session outlives its moment,
//! because the scripts that prolong one ask for a later moment first. A reader that finds an id without a session
//! lets it be: it may be a session that is being written, and one that no list knows could never be signed out.

use redis::RedisResult;

use super::{connection::Connection, keys::Keys, lifetime, scripts};
use crate::id::{SessionId, UserId};

/// Lists a session whose key is to live that long; until when, on the server's clock.
pub(super) async fn list(
    redis: &Connection,
    keys: &Keys,
    user_id: &UserId,
    id: &SessionId,
    lifetime: u64,
) -> RedisResult<i64> {
    let listed = lifetime::in_index(lifetime).to_string();
    redis
        .run(&scripts::LIST, &keys.index(user_id), &[id.as_str(), &listed])
        .await
}

/// The ids that are listed; some may have no session.
pub(super) async fn ids(redis: &Connection, keys: &Keys, user_id: &UserId) -> RedisResult<Vec<SessionId>> {
    let mut command = redis::cmd("ZRANGE");
    command.arg(keys.index(user_id)).arg(0).arg(-1);
    let ids: Vec<String> = redis.read(&command).await?;
    Ok(ids.into_iter().map(SessionId::from).collect())
}

/// Forgets sessions that were deleted. What fails here does no harm and ends by itself.
pub(super) async fn forget(redis: &Connection, keys: &Keys, user_id: &UserId, ids: &[SessionId]) {
    if !ids.is_empty() {
        let ids: Vec<&str> = ids.iter().map(SessionId::as_str).collect();
        let mut command = redis::cmd("ZREM");
        command.arg(keys.index(user_id)).arg(ids);
        let _: RedisResult<u64> = redis.write(&command).await;
    }
}
