//! The names of keys. What stands in braces decides a key's hash slot on a cluster.

use super::layout::LAYOUT;
use crate::{
    error::{Error, ErrorKind, Result},
    id::{SessionId, UserId},
    model::AttemptSubject,
};

/// What all keys begin with.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    /// Refuses a prefix that could be read as a pattern, or that would put every key into one slot.
    pub(super) fn new(prefix: &str) -> Result<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-' | b'.');
        if prefix.is_empty() || prefix.len() > 64 || !prefix.bytes().all(is_plain) {
            return Err(Error::from(ErrorKind::ValidationFailed)
                .detail("A key prefix has 1 to 64 letters, digits, colons, dots, dashes and underscores."));
        }
        Ok(Self {
            prefix: prefix.to_owned(),
        })
    }

    pub(super) fn session(&self, id: &SessionId) -> String {
        // In one piece: this is the name that every request asks for.
        let mut key = String::with_capacity(self.prefix.len() + id.as_str().len() + 5);
        for part in [&self.prefix, "s", LAYOUT, ":{", id.as_str(), "}"] {
            key.push_str(part);
        }
        key
    }

    /// The session of a key that [`Keys::all_sessions`] found.
    pub(super) fn session_id<'a>(&self, key: &'a str) -> Option<&'a str> {
        let key = key.strip_prefix(&self.prefix)?.strip_prefix('s')?;
        key.strip_prefix(LAYOUT)?.strip_prefix(":{")?.strip_suffix('}')
    }

    pub(super) fn index(&self, user_id: &UserId) -> String {
        format!("{}u:{{{user_id}}}", self.prefix)
    }

    /// The length before the action keeps pairs apart whose parts contain colons.
    pub(super) fn attempts(&self, subject: &AttemptSubject, action: &str) -> String {
        format!("{}a:{}:{action}:{{{}}}", self.prefix, action.len(), subject.as_str())
    }

    /// The channel of messages: servers do not keep those of their databases apart.
    pub(super) fn channel(&self, database: i64) -> String {
        format!("{}invalidations:{database}", self.prefix)
    }

    pub(super) fn all_sessions(&self) -> String {
        format!("{}s{LAYOUT}:{{*}}", self.prefix)
    }

    pub(super) fn all_attempts(&self) -> String {
        format!("{}a:*", self.prefix)
    }
}
