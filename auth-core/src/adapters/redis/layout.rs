//! Where what lies in a session's row. Redis knows it as a string of bytes; numbers are big-endian.
//!
//! | at | bytes | holds |
//! |---|---|---|
//! | 0 | 42 | the secret: a flag, its digest, a flag, when it was made |
//! | 42 | 42 | the one before, likewise |
//! | 84 | 9 | a flag, until when that one opens |
//! | 93 | 4 × 8 | the end of the active and of the idle period, last seen, changed |
//! | 125 | 1 | the level |
//! | 126 | 8 | until when the user's index lists the session, on the server's clock |
//! | 134 | 9 | a flag, the absolute end |
//! | 143 | 8 | when it was made |
//! | 151 | 1 | whether it outlives the browser window |
//! | 152 | | parts: the length of a name in two bytes, the name, the length of a value in four, the value |
//!
//! What scripts change by itself has a place of its own; parts are dropped and appended. The user comes first. The number of the
//! layout is in the key ([`Keys::session`](super::keys::Keys::session)): of another one there are no sessions.

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    secret::Digest,
};

/// The number of this layout.
pub(super) const LAYOUT: &str = "1";

pub(super) const SECRET_AT: usize = 0;
pub(super) const PREVIOUS_AT: usize = 42;
pub(super) const ACTIVE_AT: usize = 93;
pub(super) const IDLE_AT: usize = 101;
pub(super) const LAST_SEEN_AT: usize = 109;
pub(super) const UPDATED_AT: usize = 117;
pub(super) const LEVEL_AT: usize = 125;
pub(super) const PROMISE_AT: usize = 126;
pub(super) const ABSOLUTE_AT: usize = 134;
pub(super) const PARTS_AT: usize = 152;

/// Writes a row, or pieces of one.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity),
        }
    }

    pub(super) fn byte(&mut self, byte: u8) -> &mut Self {
        self.bytes.push(byte);
        self
    }

    pub(super) fn number(&mut self, number: i64) -> &mut Self {
        self.bytes.extend(number.to_be_bytes());
        self
    }

    pub(super) fn time(&mut self, time: Timestamp) -> &mut Self {
        self.number(time.as_unix_ms())
    }

    pub(super) fn maybe_time(&mut self, time: Option<Timestamp>) -> &mut Self {
        self.byte(time.is_some().into()).time(time.unwrap_or_default())
    }

    pub(super) fn maybe_digest(&mut self, digest: Option<&Digest>) -> &mut Self {
        self.byte(digest.is_some().into());
        self.bytes.extend(digest.map_or(&[0; 32], Digest::as_bytes));
        self
    }

    pub(super) fn secret(&mut self, digest: Option<&Digest>, issued_at: Option<Timestamp>) -> &mut Self {
        self.maybe_digest(digest).maybe_time(issued_at)
    }

    /// Fails for what is longer than its length can say.
    pub(super) fn part(&mut self, name: &str, value: &[u8]) -> Result<&mut Self> {
        let name_length = u16::try_from(name.len()).map_err(Error::update_failed)?;
        let length = u32::try_from(value.len()).map_err(Error::update_failed)?;
        self.bytes.extend(name_length.to_be_bytes());
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(length.to_be_bytes());
        self.bytes.extend(value);
        Ok(self)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Takes the pieces of a row one after the other.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn of(row: &'a [u8]) -> Self {
        Self { rest: row }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(|| wrong("end"))?;
        self.rest = rest;
        Ok(*taken)
    }

    fn take_bytes(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| wrong("end"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        self.take().map(u8::from_be_bytes)
    }

    pub(super) fn flag(&mut self) -> Result<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(wrong("flag")),
        }
    }

    pub(super) fn time(&mut self) -> Result<Timestamp> {
        self.take().map(i64::from_be_bytes).map(Timestamp::from_unix_ms)
    }

    pub(super) fn maybe_time(&mut self) -> Result<Option<Timestamp>> {
        let is_there = self.flag()?;
        let time = self.time()?;
        Ok(is_there.then_some(time))
    }

    pub(super) fn maybe_digest(&mut self) -> Result<Option<Digest>> {
        let is_there = self.flag()?;
        let digest = self.take()?;
        Ok(is_there.then(|| Digest::from(digest)))
    }

    /// The next part's name and value, `None` at the end.
    pub(super) fn part(&mut self) -> Result<Option<(&'a [u8], &'a [u8])>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let name = self.take().map(u16::from_be_bytes)?;
        let name = self.take_bytes(name.into())?;
        let length = self.take().map(u32::from_be_bytes)?;
        let length = usize::try_from(length).map_err(Error::fetch_failed)?;
        Ok(Some((name, self.take_bytes(length)?)))
    }
}

pub(super) fn wrong(what: &str) -> Error {
    Error::fetch_failed(format!("a stored session has no {what} that makes sense"))
}
