//! Every change, as a script that Redis runs in one piece. Each touches one key.

use std::sync::LazyLock;

use redis::Script;

use super::lifetime::MARGIN;

/// A script, and the digest that stands for it once Redis knows it.
pub(super) struct Lua {
    pub(super) source: String,
    pub(super) digest: String,
}

impl Lua {
    fn new(parts: &[&str]) -> Self {
        let source = parts.concat().replace("MARGIN", &MARGIN.to_string());
        let digest = Script::new(&source).get_hash().to_owned();
        Self { source, digest }
    }
}

/// The server's clock in milliseconds, and such a number as text: a script would write 1e+14.
const CLOCK: &str = "
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function text(number)
  return string.format('%.0f', number)
end
";

/// Arguments: how long the index remembered the session so far; how much is left of the idle period; the writer's time.
/// Asks for the index first (2) when it would forget the session before the session ends.
const PROLONG: &str = "
local function prolong(key, promised, left, now)
  local absolute, promise, user = unpack(redis.call('HMGET', key, 'x', 'k', 'u'))
  left = tonumber(left)
  if absolute then
    left = math.min(left, math.max(tonumber(absolute) - tonumber(now), 0))
  end
  local lifetime = left + MARGIN
  promise = math.max(tonumber(promise), tonumber(promised))
  if clock() + lifetime + MARGIN > promise then
    return {2, user, text(lifetime)}
  end
  redis.call('HSET', key, 'k', text(promise))
  redis.call('PEXPIRE', key, text(lifetime))
end
";

/// Lists a session in its user's index before it is written or lives longer, and answers until when it is listed.
/// What should have ended long ago goes. Arguments: the id, for how long.
pub(super) static LIST: LazyLock<Lua> = LazyLock::new(|| {
    Lua::new(&[
        CLOCK,
        "
local now = clock()
local promise = now + tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now))
redis.call('ZADD', KEYS[1], 'GT', text(promise), ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return text(promise)
",
    ])
});

/// Inserts a session unless its id is taken. Arguments: its lifetime, fields and values.
pub(super) static INSERT: LazyLock<Lua> = LazyLock::new(|| {
    Lua::new(&["
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
"])
});

/// Swaps the secret if the expected one still opens the session. Arguments: as `prolong`; the expected digest, the new
/// secret, until when the old one opens (nothing: the one before stays), the new times.
pub(super) static ROTATE: LazyLock<Lua> = LazyLock::new(|| {
    Lua::new(&[
        CLOCK,
        PROLONG,
        "
local head = redis.call('HGET', KEYS[1], 'h')
if not head or string.sub(head, 1, 33) ~= ARGV[4] then
  return {0, '', '0'}
end
local first = prolong(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
if first then
  return first
end
local previous
if ARGV[6] == '' then
  previous = string.sub(head, 43, 93)
else
  previous = string.sub(head, 1, 42) .. ARGV[6]
end
redis.call('HSET', KEYS[1], 'h', ARGV[5] .. previous .. ARGV[7] .. string.sub(head, 126))
return {1, '', '0'}
",
    ])
});

/// Changes parts of a session if it is there. Arguments: as `prolong`, nothing left for an end that stays; how many
/// pieces of the head, each with the bytes before it; how many fields, each with its value; fields to remove.
pub(super) static PATCH: LazyLock<Lua> = LazyLock::new(|| {
    Lua::new(&[
        CLOCK,
        PROLONG,
        "
local head = redis.call('HGET', KEYS[1], 'h')
if not head then
  return {0, '', '0'}
end
if ARGV[2] ~= '' then
  local first = prolong(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
  if first then
    return first
  end
end
local at = 5
for _ = 1, tonumber(ARGV[4]) do
  local before, piece = tonumber(ARGV[at]), ARGV[at + 1]
  head = string.sub(head, 1, before) .. piece .. string.sub(head, before + #piece + 1)
  at = at + 2
end
redis.call('HSET', KEYS[1], 'h', head)
local fields = tonumber(ARGV[at])
at = at + 1
for _ = 1, fields do
  redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
  at = at + 2
end
while ARGV[at] do
  redis.call('HDEL', KEYS[1], ARGV[at])
  at = at + 1
end
return {1, '', '0'}
",
    ])
});

/// Deletes a session, and answers whose it was. Arguments, if there is a condition: a field and its value.
pub(super) static DELETE: LazyLock<Lua> = LazyLock::new(|| {
    Lua::new(&["
if ARGV[1] and redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return false
end
local user = redis.call('HGET', KEYS[1], 'u')
redis.call('DEL', KEYS[1])
return user
"])
});

/// Counts an attempt. Arguments: now, the window's end if this is its first attempt, how long to keep it.
pub(super) static COUNT: LazyLock<Lua> = LazyLock::new(|| {
    Lua::new(&["
local ends = redis.call('HGET', KEYS[1], 'e')
if ends and tonumber(ends) >= tonumber(ARGV[1]) then
  return {redis.call('HINCRBY', KEYS[1], 'c', 1), ends}
end
redis.call('HSET', KEYS[1], 'c', 1, 'e', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {1, ARGV[2]}
"])
});

/// Deletes a window that ended, and answers whether it had. Argument: now.
pub(super) static DELETE_ENDED: LazyLock<Lua> = LazyLock::new(|| {
    Lua::new(&["
local ends = redis.call('HGET', KEYS[1], 'e')
if ends and tonumber(ends) < tonumber(ARGV[1]) then
  return redis.call('DEL', KEYS[1])
end
return 0
"])
});
