//! A session as the fields of a hash, and back; a field that does not make sense is an error, never a guess.
//!
//! | field | holds |
//! |---|---|
//! | `h` | the head: secrets, times and level, each at its place, so that a script can swap them |
//! | `u` | the user |
//! | `x` | the absolute end, if there is one |
//! | `k` | until when the user's index lists the session, on the server's clock |
//! | `f` | what never changes: made when, persistent, address, browser |
//! | `p`, `d`, `m` | payload, data, proofs, unless empty |
//! | `a:…` | an attribute, unless null |

use std::net::IpAddr;

use redis::Value;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    adapter::Schema,
    clock::Timestamp,
    error::{Error, Result},
    id::{SessionId, UserId},
    model::{Amr, AttributeKind, AttributeValue, Attributes, JsonObject, SessionPatch, SessionRecord, SessionRotation},
    secret::Digest,
};

/// Fields and their values.
pub(super) type Fields = Vec<(String, Vec<u8>)>;

/// How many bytes of the head come before what a patch can change.
const ACTIVE_AT: usize = 93;
const IDLE_AT: usize = 101;
const LAST_SEEN_AT: usize = 109;
const UPDATED_AT: usize = 117;
const LEVEL_AT: usize = 125;

/// What never changes.
#[derive(Serialize, Deserialize)]
struct Facts {
    #[serde(rename = "c")]
    created_at: Timestamp,
    #[serde(rename = "p", default, skip_serializing_if = "std::ops::Not::not")]
    persistent: bool,
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
}

/// What the script PATCH is told.
#[derive(Default)]
pub(super) struct Patch {
    pub(super) pieces: Vec<(usize, Vec<u8>)>,
    pub(super) set: Fields,
    pub(super) remove: Vec<String>,
}

/// The fields of a new session.
pub(super) fn fields(session: &SessionRecord, schema: &Schema, promise: &str) -> Result<Fields> {
    let facts = Facts {
        created_at: session.created_at,
        persistent: session.persistent,
        ip: session.ip,
        user_agent: session.user_agent.clone(),
    };
    let mut fields = vec![
        ("h".to_owned(), head(session)),
        ("u".to_owned(), session.user_id.as_str().into()),
        ("k".to_owned(), promise.into()),
        ("f".to_owned(), json(&facts)?),
    ];
    if let Some(end) = session.absolute_expires {
        fields.push(("x".to_owned(), decimal(end)));
    }
    let mut patch = Patch::default();
    patch.put("p", (!session.payload.is_empty()).then_some(&session.payload))?;
    patch.put("d", (!session.data.is_empty()).then_some(&session.data))?;
    patch.put("m", (!session.amr.is_empty()).then_some(&session.amr))?;
    for attribute in schema.session_attributes() {
        if let Some(value) = session.attributes.get(attribute.name()) {
            patch.put_attribute(attribute.name(), value)?;
        }
    }
    fields.append(&mut patch.set);
    Ok(fields)
}

/// What a patch changes.
pub(super) fn patch(given: &SessionPatch, schema: &Schema) -> Result<Patch> {
    let mut patch = Patch::default();
    for (before, time) in [
        (ACTIVE_AT, given.active_expires),
        (IDLE_AT, given.idle_expires),
        (LAST_SEEN_AT, given.last_seen),
        (UPDATED_AT, given.updated_at),
    ] {
        patch.pieces.extend(time.map(|time| (before, bytes(time))));
    }
    patch.pieces.extend(given.aal.map(|level| (LEVEL_AT, vec![level])));
    if let Some(payload) = &given.payload {
        patch.put("p", (!payload.is_empty()).then_some(payload))?;
    }
    if let Some(data) = &given.data {
        patch.put("d", (!data.is_empty()).then_some(data))?;
    }
    if let Some(amr) = &given.amr {
        patch.put("m", (!amr.is_empty()).then_some(amr))?;
    }
    for (name, value) in given.attributes.iter() {
        if !schema
            .session_attributes()
            .iter()
            .any(|declared| declared.name() == name)
        {
            return Err(Error::update_failed(format!("there is no attribute {name}")));
        }
        patch.put_attribute(name, value)?;
    }
    Ok(patch)
}

impl Patch {
    fn put(&mut self, field: &str, value: Option<&impl Serialize>) -> Result<()> {
        match value {
            Some(value) => self.set.push((field.to_owned(), json(value)?)),
            None => self.remove.push(field.to_owned()),
        }
        Ok(())
    }

    fn put_attribute(&mut self, name: &str, value: &AttributeValue) -> Result<()> {
        let field = attribute_field(name);
        let text = match value {
            AttributeValue::Null => {
                self.remove.push(field);
                return Ok(());
            }
            AttributeValue::Boolean(value) => value.to_string().into(),
            AttributeValue::Integer(value) => value.to_string().into(),
            AttributeValue::Json(value) => json(value)?,
            AttributeValue::Real(value) => value.to_string().into(),
            AttributeValue::Text(value) => value.as_str().into(),
            AttributeValue::Timestamp(value) => decimal(*value),
        };
        self.set.push((field, text));
        Ok(())
    }
}

/// The head of a session; see the constants for what lies where.
pub(super) fn head(session: &SessionRecord) -> Vec<u8> {
    let mut head = Vec::with_capacity(LEVEL_AT + 1);
    head.extend(secret(Some(&session.secret_digest), Some(session.secret_issued_at)));
    head.extend(secret(session.previous_digest.as_ref(), session.previous_issued_at));
    head.extend(maybe_bytes(session.previous_expires));
    for time in [
        session.active_expires,
        session.idle_expires,
        session.last_seen,
        session.updated_at,
    ] {
        head.extend(bytes(time));
    }
    head.push(session.aal);
    head
}

/// What the head begins with while this digest opens the session.
pub(super) fn expected(digest: &Digest) -> Vec<u8> {
    maybe_digest(Some(digest))
}

/// What a rotation writes: the new secret, until when the old one opens, the new times.
pub(super) fn rotation(rotation: &SessionRotation) -> [Vec<u8>; 3] {
    let previous = if rotation.keeps_previous {
        Vec::new()
    } else {
        maybe_bytes(Some(rotation.previous_expires))
    };
    let times = [
        rotation.active_expires,
        rotation.idle_expires,
        rotation.last_seen,
        rotation.last_seen,
    ];
    [
        secret(Some(&rotation.secret_digest), Some(rotation.secret_issued_at)),
        previous,
        times.into_iter().flat_map(bytes).collect(),
    ]
}

/// The fields to ask for, beside the attributes, in the order in which [`session`] reads their values.
pub(super) const FIELDS: [&str; 7] = ["h", "u", "f", "x", "p", "d", "m"];

/// The field of a declared attribute.
pub(super) fn attribute_field(name: &str) -> String {
    format!("a:{name}")
}

/// Reads a session from what Redis answers for [`FIELDS`] and the declared attributes; `None` when there are none.
pub(super) fn session(id: &SessionId, answer: Value, schema: &Schema) -> Result<Option<SessionRecord>> {
    let Value::Array(values) = answer else {
        return Err(wrong("fields"));
    };
    if values.iter().all(|value| matches!(value, Value::Nil)) {
        return Ok(None);
    }
    let mut values = values.into_iter();
    let mut next = || match values.next() {
        Some(Value::BulkString(bytes)) => Ok(Some(bytes)),
        Some(Value::Nil) => Ok(None),
        _ => Err(wrong("field")),
    };
    let head = next()?.ok_or_else(|| wrong("head"))?;
    let user = next()?.ok_or_else(|| wrong("user")).and_then(text)?;
    let facts: Facts = parsed(&next()?.ok_or_else(|| wrong("facts"))?)?;
    let absolute = next()?.map(time).transpose()?;
    let payload: Option<JsonObject> = next()?.map(|value| parsed(&value)).transpose()?;
    let data: Option<JsonObject> = next()?.map(|value| parsed(&value)).transpose()?;
    let amr: Option<Vec<Amr>> = next()?.map(|value| parsed(&value)).transpose()?;
    let mut attributes = Attributes::new();
    for attribute in schema.session_attributes() {
        let value = next()?.map_or(Ok(AttributeValue::Null), |value| {
            attribute_value(attribute.kind(), value)
        })?;
        attributes.set(attribute.name(), value);
    }
    let mut head = Head { rest: &head };
    let session = SessionRecord {
        id: id.clone(),
        user_id: UserId::from(user),
        secret_digest: head.maybe_digest()?.ok_or_else(|| wrong("digest"))?,
        secret_issued_at: head.maybe_time()?.ok_or_else(|| wrong("time"))?,
        previous_digest: head.maybe_digest()?,
        previous_issued_at: head.maybe_time()?,
        previous_expires: head.maybe_time()?,
        active_expires: head.time()?,
        idle_expires: head.time()?,
        last_seen: head.time()?,
        updated_at: head.time()?,
        aal: head.take::<1>()?[0],
        absolute_expires: absolute,
        persistent: facts.persistent,
        payload: payload.unwrap_or_default(),
        data: data.unwrap_or_default(),
        amr: amr.unwrap_or_default(),
        ip: facts.ip,
        user_agent: facts.user_agent,
        created_at: facts.created_at,
        attributes,
    };
    if head.rest.is_empty() {
        Ok(Some(session))
    } else {
        Err(wrong("head"))
    }
}

/// Takes the parts of a head one after the other.
struct Head<'a> {
    rest: &'a [u8],
}

impl Head<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(|| wrong("head"))?;
        self.rest = rest;
        Ok(*taken)
    }

    fn is_there(&mut self) -> Result<bool> {
        match self.take()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(wrong("head")),
        }
    }

    fn maybe_digest(&mut self) -> Result<Option<Digest>> {
        let is_there = self.is_there()?;
        let digest = self.take()?;
        Ok(is_there.then(|| Digest::from(digest)))
    }

    fn time(&mut self) -> Result<Timestamp> {
        self.take().map(i64::from_be_bytes).map(Timestamp::from_unix_ms)
    }

    fn maybe_time(&mut self) -> Result<Option<Timestamp>> {
        let is_there = self.is_there()?;
        let time = self.time()?;
        Ok(is_there.then_some(time))
    }
}

fn secret(digest: Option<&Digest>, issued_at: Option<Timestamp>) -> Vec<u8> {
    let mut secret = maybe_digest(digest);
    secret.extend(maybe_bytes(issued_at));
    secret
}

fn maybe_digest(digest: Option<&Digest>) -> Vec<u8> {
    let mut bytes = vec![u8::from(digest.is_some())];
    bytes.extend(digest.map_or(&[0; 32], Digest::as_bytes));
    bytes
}

fn bytes(time: Timestamp) -> Vec<u8> {
    time.as_unix_ms().to_be_bytes().into()
}

fn maybe_bytes(time: Option<Timestamp>) -> Vec<u8> {
    let mut maybe = vec![u8::from(time.is_some())];
    maybe.extend(bytes(time.unwrap_or_default()));
    maybe
}

fn decimal(time: Timestamp) -> Vec<u8> {
    time.as_unix_ms().to_string().into()
}

fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(Error::update_failed)
}

fn wrong(what: &str) -> Error {
    Error::fetch_failed(format!("a stored session has no {what} that makes sense"))
}

fn text(value: Vec<u8>) -> Result<String> {
    String::from_utf8(value).map_err(Error::fetch_failed)
}

fn time(value: Vec<u8>) -> Result<Timestamp> {
    let ms = text(value)?.parse().map_err(|_| wrong("time"))?;
    Ok(Timestamp::from_unix_ms(ms))
}

fn parsed<T: DeserializeOwned>(value: &[u8]) -> Result<T> {
    serde_json::from_slice(value).map_err(Error::fetch_failed)
}

fn attribute_value(kind: AttributeKind, value: Vec<u8>) -> Result<AttributeValue> {
    if kind == AttributeKind::Json {
        return parsed(&value).map(AttributeValue::Json);
    }
    let text = text(value)?;
    let value = match kind {
        AttributeKind::Boolean => text.parse().map(AttributeValue::Boolean).ok(),
        AttributeKind::Integer => text.parse().map(AttributeValue::Integer).ok(),
        AttributeKind::Real => text.parse().map(AttributeValue::Real).ok(),
        AttributeKind::Timestamp => text
            .parse()
            .ok()
            .map(Timestamp::from_unix_ms)
            .map(AttributeValue::Timestamp),
        AttributeKind::Json | AttributeKind::Text => Some(AttributeValue::Text(text)),
    };
    value.ok_or_else(|| wrong("attribute of the declared type"))
}
