//! Every change, as a script that Redis runs in one piece. Each touches one key.

use std::sync::LazyLock;

use redis::Script;

use super::{
    layout::{ABSOLUTE_AT, LEVEL_AT, PARTS_AT, PREVIOUS_AT, PROMISE_AT, SECRET_AT},
    lifetime::MARGIN,
};

/// A script, and the digest that stands for it once Redis knows it.
pub(super) struct Lua {
    pub(super) source: String,
    pub(super) digest: String,
}

impl Lua {
    fn new(parts: &[&str]) -> Self {
        let mut source = parts.concat();
        // As Lua counts, from one.
        for (name, at) in [
            ("ABSOLUTE", ABSOLUTE_AT),
            ("LEVEL", LEVEL_AT),
            ("PARTS", PARTS_AT),
            ("PREVIOUS", PREVIOUS_AT),
            ("PROMISE", PROMISE_AT),
            ("SECRET", SECRET_AT),
        ] {
            source = source.replace(name, &(at + 1).to_string());
        }
        let source = source.replace("MARGIN", &MARGIN.to_string());
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

/// Pieces of a row, and whose it is; a row that is cut off is an error. Numbers come in two halves, which a Redis of 32 bits can
/// read as well.
const ROW: &str = "
local function put(row, before, piece)
  return string.sub(row, 1, before) .. piece .. string.sub(row, before + #piece + 1)
end
local function stands(row, before, piece)
  return string.sub(row, before + 1, before + #piece) == piece
end
local function number(row, at)
  local high, low = struct.unpack('>i4I4', row, at)
  return high * 4294967296 + low
end
local function part(row, at)
  local name = struct.unpack('>I2', row, at)
  local length = struct.unpack('>I4', row, at + 2 + name)
  local value = at + 6 + name
  return string.sub(row, at + 2, at + 1 + name), value, value + length
end
local function without(row, dropped)
  local kept, from = {string.sub(row, 1, PARTS - 1)}, PARTS
  repeat
    local name, _, behind = part(row, from)
    if not dropped[name] then
      kept[#kept + 1] = string.sub(row, from, behind - 1)
    end
    from = behind
  until from > #row
  if from ~= #row + 1 then
    error('the row of a session is cut off')
  end
  return table.concat(kept)
end
local function owner(row)
  local _, from, to = part(row, PARTS)
  return string.sub(row, from, to - 1)
end
";

/// Arguments: how long the index remembered the session so far; how much is left of the idle period; the writer's time.
/// Answers the row and for how long to keep it; or nothing, and to ask for the index first (2), which would forget the
/// session before the session ends.
const PROLONG: &str = "
local function prolong(row, promised, left, now)
  left = tonumber(left)
  if string.byte(row, ABSOLUTE) == 1 then
    left = math.min(left, math.max(number(row, ABSOLUTE + 1) - tonumber(now), 0))
  end
  local lifetime = left + MARGIN
  local promise = math.max(number(row, PROMISE), tonumber(promised))
  if clock() + lifetime + MARGIN > promise then
    return nil, {2, owner(row), text(lifetime)}
  end
  local high = math.floor(promise / 4294967296)
  return put(row, PROMISE - 1, struct.pack('>i4I4', high, promise - high * 4294967296)), text(lifetime)
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

/// Swaps the secret if the expected one still opens the session. Arguments: as `prolong`; what the row has to begin with, the
/// new secret, until when the old one opens (nothing: the one before stays), the new times.
pub(super) static ROTATE: LazyLock<Lua> = LazyLock::new(|| {
    Lua::new(&[
        CLOCK,
        ROW,
        PROLONG,
        "
local row = redis.call('GET', KEYS[1])
if not row or not stands(row, 0, ARGV[4]) then
  return {0, '', '0'}
end
local lived, lifetime = prolong(without(row, {}), ARGV[1], ARGV[2], ARGV[3])
if not lived then
  return lifetime
end
local old
if ARGV[6] == '' then
  old = string.sub(row, PREVIOUS, LEVEL - #ARGV[7] - 1)
else
  old = string.sub(row, SECRET, PREVIOUS - 1) .. ARGV[6]
end
redis.call('SET', KEYS[1], put(lived, SECRET - 1, ARGV[5] .. old .. ARGV[7]), 'PX', lifetime)
return {1, '', '0'}
",
    ])
});

/// Changes parts of a session if it is there. Arguments: as `prolong`, nothing left for an end that stays; how many
/// pieces, each with the bytes before it; parts to append; names of the parts to drop.
pub(super) static PATCH: LazyLock<Lua> = LazyLock::new(|| {
    Lua::new(&[
        CLOCK,
        ROW,
        PROLONG,
        "
local row = redis.call('GET', KEYS[1])
if not row then
  return {0, '', '0'}
end
local lifetime
if ARGV[2] ~= '' then
  row, lifetime = prolong(row, ARGV[1], ARGV[2], ARGV[3])
  if not row then
    return lifetime
  end
end
local at = 5
for _ = 1, tonumber(ARGV[4]) do
  row = put(row, tonumber(ARGV[at]), ARGV[at + 1])
  at = at + 2
end
local appended, dropped = ARGV[at], {}
for name = at + 1, #ARGV do
  dropped[ARGV[name]] = true
end
row = without(row, dropped) .. appended
if lifetime then
  redis.call('SET', KEYS[1], row, 'PX', lifetime)
else
  redis.call('SET', KEYS[1], row, 'KEEPTTL')
end
return {1, '', '0'}
",
    ])
});

/// Deletes a session, and answers whose it was, nothing if the row does not say. Arguments, if there is a condition: what has to
/// stand in the row, behind how many bytes.
pub(super) static DELETE: LazyLock<Lua> = LazyLock::new(|| {
    Lua::new(&[
        ROW,
        "
local row = redis.call('GET', KEYS[1])
if not row or (ARGV[1] and not stands(row, tonumber(ARGV[2]), ARGV[1])) then
  return false
end
redis.call('DEL', KEYS[1])
local is_read, user = pcall(owner, row)
return is_read and user or ''
",
    ])
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
