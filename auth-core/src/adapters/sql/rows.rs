//! Rows to records; a row that does not make sense is an error, never a guess.

use std::{
    mem::{self, take},
    net::IpAddr,
};

use serde::de::DeserializeOwned;

use super::{Row, SqlValue};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    id::{KeyId, SessionId, UserId},
    model::{
        Attribute, AttributeKind, AttributeValue, Attributes, EventRecord, JsonObject, KeyRecord, OneTimeToken,
        OutboxMessage, Purpose, SessionRecord, SigningKeyRecord, User,
    },
    secret::{Digest, HashedPassword},
};

/// Takes the values of a row one after the other, out of their places: a request reads some thirty of them.
pub(super) struct Reader {
    row: Row,
    next: usize,
}

impl Reader {
    pub(super) fn new(row: Row) -> Self {
        Self { row, next: 0 }
    }

    fn next(&mut self) -> Result<&mut SqlValue> {
        let value = self.row.get_mut(self.next);
        self.next += 1;
        value.ok_or_else(|| Error::fetch_failed("a row is too short"))
    }

    fn wrong(expected: &str) -> Error {
        Error::fetch_failed(format!("a column does not hold {expected}"))
    }

    fn text(&mut self) -> Result<String> {
        self.maybe_text()?.ok_or_else(|| Self::wrong("text"))
    }

    fn maybe_text(&mut self) -> Result<Option<String>> {
        match self.next()? {
            SqlValue::Text(text) => Ok(Some(take(text))),
            // Some drivers cannot tell text that is compared by bytes from bytes.
            SqlValue::Blob(bytes) => text_of(bytes).map(Some),
            SqlValue::Null => Ok(None),
            _ => Err(Self::wrong("text")),
        }
    }

    pub(super) fn integer(&mut self) -> Result<i64> {
        self.maybe_integer()?.ok_or_else(|| Self::wrong("an integer"))
    }

    fn maybe_integer(&mut self) -> Result<Option<i64>> {
        match self.next()? {
            SqlValue::Integer(integer) => Ok(Some(*integer)),
            SqlValue::Null => Ok(None),
            _ => Err(Self::wrong("an integer")),
        }
    }

    fn boolean(&mut self) -> Result<bool> {
        match self.next()? {
            SqlValue::Boolean(flag) => Ok(*flag),
            SqlValue::Integer(flag) => Ok(*flag != 0),
            _ => Err(Self::wrong("a truth value")),
        }
    }

    pub(super) fn time(&mut self) -> Result<Timestamp> {
        self.integer().map(Timestamp::from_unix_ms)
    }

    pub(super) fn maybe_time(&mut self) -> Result<Option<Timestamp>> {
        Ok(self.maybe_integer()?.map(Timestamp::from_unix_ms))
    }

    fn blob(&mut self) -> Result<Vec<u8>> {
        match self.next()? {
            SqlValue::Blob(bytes) => Ok(take(bytes).into()),
            _ => Err(Self::wrong("bytes")),
        }
    }

    fn digest(&mut self) -> Result<Digest> {
        self.maybe_digest()?.ok_or_else(|| Self::wrong("a digest"))
    }

    fn maybe_digest(&mut self) -> Result<Option<Digest>> {
        match self.next()? {
            SqlValue::Null => Ok(None),
            SqlValue::Blob(bytes) => Digest::from_stored(bytes)
                .map(Some)
                .ok_or_else(|| Self::wrong("a digest")),
            _ => Err(Self::wrong("a digest")),
        }
    }

    fn maybe_ip(&mut self) -> Result<Option<IpAddr>> {
        let ip = self.maybe_text()?;
        ip.map(|ip| ip.parse().map_err(|_| Self::wrong("an address")))
            .transpose()
    }

    fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        serde_json::from_str(&self.text()?).map_err(Error::fetch_failed)
    }

    /// An object; nearly all are empty, and those cost nothing.
    fn object(&mut self) -> Result<JsonObject> {
        match self.text()?.as_str() {
            "{}" => Ok(JsonObject::new()),
            text => serde_json::from_str(text).map_err(Error::fetch_failed),
        }
    }

    fn attributes(&mut self, declared: &[Attribute]) -> Result<Attributes> {
        let mut attributes = Attributes::new();
        for attribute in declared {
            let value = match (attribute.kind(), self.next()?) {
                (AttributeKind::Json | AttributeKind::Text, SqlValue::Blob(bytes)) => SqlValue::Text(text_of(bytes)?),
                (_, value) => mem::replace(value, SqlValue::Null),
            };
            attributes.set(attribute.name(), attribute_value(attribute.kind(), value)?);
        }
        Ok(attributes)
    }

    pub(super) fn user(&mut self, declared: &[Attribute]) -> Result<User> {
        Ok(User {
            id: UserId::from(self.text()?),
            email: self.maybe_text()?,
            phone: self.maybe_text()?,
            email_confirmed_at: self.maybe_time()?,
            phone_confirmed_at: self.maybe_time()?,
            role: self.text()?,
            app_metadata: self.object()?,
            user_metadata: self.object()?,
            is_anonymous: self.boolean()?,
            banned_until: self.maybe_time()?,
            last_sign_in_at: self.maybe_time()?,
            deleted_at: self.maybe_time()?,
            created_at: self.time()?,
            updated_at: self.time()?,
            attributes: self.attributes(declared)?,
        })
    }

    pub(super) fn key(&mut self) -> Result<KeyRecord> {
        Ok(KeyRecord {
            id: KeyId::from(self.text()?),
            user_id: UserId::from(self.text()?),
            hashed_password: self.maybe_text()?.map(HashedPassword::from_stored),
            primary: self.boolean()?,
            expires: self.maybe_time()?,
            created_at: self.time()?,
            updated_at: self.time()?,
        })
    }

    pub(super) fn token(&mut self) -> Result<OneTimeToken> {
        Ok(OneTimeToken {
            id: self.text()?,
            user_id: UserId::from(self.text()?),
            purpose: Purpose::from_word(&self.text()?).ok_or_else(|| Self::wrong("a purpose"))?,
            sent_to: self.text()?,
            link_digest: self.digest()?,
            code_digest: self.maybe_digest()?,
            browser_digest: self.maybe_digest()?,
            attempts: u32::try_from(self.integer()?).map_err(Error::fetch_failed)?,
            data: self.object()?,
            link_expires: self.time()?,
            code_expires: self.time()?,
            created_at: self.time()?,
        })
    }

    pub(super) fn message(&mut self) -> Result<OutboxMessage> {
        Ok(OutboxMessage {
            id: self.text()?,
            sealed: self.blob()?,
            attempts: u32::try_from(self.integer()?).map_err(Error::fetch_failed)?,
            due_at: self.time()?,
            expires: self.time()?,
            created_at: self.time()?,
        })
    }

    pub(super) fn event(&mut self) -> Result<EventRecord> {
        Ok(EventRecord {
            id: self.text()?,
            kind: self.text()?,
            at: self.time()?,
            user_id: self.maybe_text()?.map(UserId::from),
            session_id: self.maybe_text()?.map(SessionId::from),
            account: self.maybe_text()?,
            ip: self.maybe_ip()?,
            user_agent: self.maybe_text()?,
            reason: self.maybe_text()?,
            actor: self.maybe_text()?,
        })
    }

    pub(super) fn signing_key(&mut self) -> Result<SigningKeyRecord> {
        Ok(SigningKeyRecord {
            generation: self.integer()?,
            kid: self.text()?,
            algorithm: self.text()?,
            active_from: self.time()?,
            created_at: self.time()?,
            sealed: self.blob()?,
        })
    }

    pub(super) fn session(&mut self, declared: &[Attribute]) -> Result<SessionRecord> {
        Ok(SessionRecord {
            id: SessionId::from(self.text()?),
            user_id: UserId::from(self.text()?),
            secret_digest: self.digest()?,
            secret_issued_at: self.time()?,
            previous_digest: self.maybe_digest()?,
            previous_issued_at: self.maybe_time()?,
            previous_expires: self.maybe_time()?,
            active_expires: self.time()?,
            idle_expires: self.time()?,
            absolute_expires: self.maybe_time()?,
            persistent: self.boolean()?,
            payload: self.object()?,
            data: self.object()?,
            aal: u8::try_from(self.integer()?).map_err(Error::fetch_failed)?,
            amr: self.json()?,
            ip: self.maybe_ip()?,
            user_agent: self.maybe_text()?,
            last_seen: self.time()?,
            created_at: self.time()?,
            updated_at: self.time()?,
            attributes: self.attributes(declared)?,
        })
    }
}

fn text_of(bytes: &mut Box<[u8]>) -> Result<String> {
    String::from_utf8(take(bytes).into()).map_err(Error::fetch_failed)
}

fn attribute_value(kind: AttributeKind, value: SqlValue) -> Result<AttributeValue> {
    Ok(match (kind, value) {
        (_, SqlValue::Null) => AttributeValue::Null,
        (AttributeKind::Boolean, SqlValue::Boolean(value)) => AttributeValue::Boolean(value),
        (AttributeKind::Boolean, SqlValue::Integer(value)) => AttributeValue::Boolean(value != 0),
        (AttributeKind::Integer, SqlValue::Integer(value)) => AttributeValue::Integer(value),
        (AttributeKind::Json, SqlValue::Text(text)) => {
            AttributeValue::Json(serde_json::from_str(&text).map_err(Error::fetch_failed)?)
        }
        (AttributeKind::Real, SqlValue::Real(value)) => AttributeValue::Real(value),
        (AttributeKind::Text, SqlValue::Text(text)) => AttributeValue::Text(text),
        (AttributeKind::Timestamp, SqlValue::Integer(ms)) => AttributeValue::Timestamp(Timestamp::from_unix_ms(ms)),
        _ => return Err(Reader::wrong("a value of the declared type")),
    })
}
