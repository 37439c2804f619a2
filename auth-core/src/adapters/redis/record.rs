//! A session as the bytes of its row, and back; a row that does not make sense is an error, never a guess.
//!
//! | part | holds |
//! |---|---|
//! | `u` | the user |
//! | `i`, `b` | the address and the browser it was made with, if they are known |
//! | `m` | one proof: when, and how; newest first |
//! | `p`, `d` | payload and data, unless empty |
//! | `a:…` | an attribute, unless null |

use redis::Value;
use serde::{Serialize, de::DeserializeOwned};

use super::layout::{ACTIVE_AT, IDLE_AT, LAST_SEEN_AT, LEVEL_AT, PARTS_AT, Reader, UPDATED_AT, Writer, wrong};
use crate::{
    adapter::Schema,
    clock::Timestamp,
    error::{Error, Result},
    id::{SessionId, UserId},
    model::{Amr, AttributeKind, AttributeValue, Attributes, JsonObject, SessionPatch, SessionRecord, SessionRotation},
    secret::Digest,
};

const USER: &str = "u";
const ADDRESS: &str = "i";
const BROWSER: &str = "b";
const PROOF: &str = "m";
const PAYLOAD: &str = "p";
const DATA: &str = "d";
const ATTRIBUTE: &str = "a:";

/// What the script PATCH is told.
#[derive(Default)]
pub(super) struct Patch {
    /// Each with the number of bytes before it.
    pub(super) pieces: Vec<(usize, Vec<u8>)>,
    /// The names of the parts to drop.
    pub(super) dropped: Vec<String>,
    /// What to append.
    pub(super) parts: Writer,
}

/// The row of a new session, which the user's index lists until then.
pub(super) fn row(session: &SessionRecord, schema: &Schema, promise: i64) -> Result<Vec<u8>> {
    let mut row = Writer::with_capacity(512);
    head(&mut row, session);
    row.number(promise)
        .maybe_time(session.absolute_expires)
        .time(session.created_at)
        .byte(session.persistent.into())
        .part(USER, session.user_id.as_str().as_bytes())?;
    if let Some(ip) = session.ip {
        row.part(ADDRESS, ip.to_string().as_bytes())?;
    }
    if let Some(browser) = &session.user_agent {
        row.part(BROWSER, browser.as_bytes())?;
    }
    proofs(&mut row, &session.amr)?;
    object(&mut row, PAYLOAD, &session.payload)?;
    object(&mut row, DATA, &session.data)?;
    for attribute in schema.session_attributes() {
        if let Some(value) = session.attributes.get(attribute.name()) {
            self::attribute(&mut row, attribute.name(), value)?;
        }
    }
    Ok(row.into_bytes())
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
        patch
            .pieces
            .extend(time.map(|time| (before, time.as_unix_ms().to_be_bytes().into())));
    }
    patch.pieces.extend(given.aal.map(|level| (LEVEL_AT, vec![level])));
    let Patch { dropped, parts, .. } = &mut patch;
    if let Some(payload) = &given.payload {
        dropped.push(PAYLOAD.to_owned());
        object(parts, PAYLOAD, payload)?;
    }
    if let Some(data) = &given.data {
        dropped.push(DATA.to_owned());
        object(parts, DATA, data)?;
    }
    if let Some(amr) = &given.amr {
        dropped.push(PROOF.to_owned());
        proofs(parts, amr)?;
    }
    for (name, value) in given.attributes.iter() {
        if !schema
            .session_attributes()
            .iter()
            .any(|declared| declared.name() == name)
        {
            return Err(Error::update_failed(format!("there is no attribute {name}")));
        }
        dropped.push(format!("{ATTRIBUTE}{name}"));
        attribute(parts, name, value)?;
    }
    Ok(patch)
}

fn proofs(row: &mut Writer, proofs: &[Amr]) -> Result<()> {
    for Amr { method, timestamp } in proofs {
        let mut proof = Writer::default();
        proof.time(*timestamp);
        row.part(PROOF, &[&proof.into_bytes(), method.as_bytes()].concat())?;
    }
    Ok(())
}

fn object(row: &mut Writer, name: &str, object: &JsonObject) -> Result<()> {
    if !object.is_empty() {
        row.part(name, &json(object)?)?;
    }
    Ok(())
}

fn attribute(row: &mut Writer, name: &str, value: &AttributeValue) -> Result<()> {
    let text = match value {
        AttributeValue::Null => return Ok(()),
        AttributeValue::Boolean(value) => value.to_string().into(),
        AttributeValue::Integer(value) => value.to_string().into(),
        AttributeValue::Json(value) => json(value)?,
        AttributeValue::Real(value) => value.to_string().into(),
        AttributeValue::Text(value) => value.as_str().into(),
        AttributeValue::Timestamp(value) => value.as_unix_ms().to_string().into(),
    };
    row.part(&format!("{ATTRIBUTE}{name}"), &text)?;
    Ok(())
}

/// What a row begins with, up to the level: all that a renewal changes.
fn head(row: &mut Writer, session: &SessionRecord) {
    row.secret(Some(&session.secret_digest), Some(session.secret_issued_at))
        .secret(session.previous_digest.as_ref(), session.previous_issued_at)
        .maybe_time(session.previous_expires)
        .time(session.active_expires)
        .time(session.idle_expires)
        .time(session.last_seen)
        .time(session.updated_at)
        .byte(session.aal);
}

/// What stands at a place of the rows that may be deleted.
pub(super) struct Condition {
    pub(super) before: usize,
    pub(super) bytes: Vec<u8>,
}

/// As long as nobody renewed the session.
pub(super) fn if_unrenewed(session: &SessionRecord) -> Condition {
    let mut row = Writer::with_capacity(LEVEL_AT + 1);
    head(&mut row, session);
    Condition {
        before: 0,
        bytes: row.into_bytes(),
    }
}

/// As long as it is this user's.
pub(super) fn if_of(user_id: &UserId) -> Result<Condition> {
    let mut row = Writer::default();
    row.part(USER, user_id.as_str().as_bytes())?;
    Ok(Condition {
        before: PARTS_AT,
        bytes: row.into_bytes(),
    })
}

/// What a row begins with while this digest opens the session.
pub(super) fn expected(digest: &Digest) -> Vec<u8> {
    let mut row = Writer::with_capacity(33);
    row.maybe_digest(Some(digest));
    row.into_bytes()
}

/// What a rotation writes: the new secret, until when the old one opens, the new times.
pub(super) fn rotation(rotation: &SessionRotation) -> [Vec<u8>; 3] {
    let [mut secret, mut previous, mut times] = std::array::from_fn(|_| Writer::with_capacity(42));
    secret.secret(Some(&rotation.secret_digest), Some(rotation.secret_issued_at));
    if !rotation.keeps_previous {
        previous.maybe_time(Some(rotation.previous_expires));
    }
    times
        .time(rotation.active_expires)
        .time(rotation.idle_expires)
        .time(rotation.last_seen)
        .time(rotation.last_seen);
    [secret, previous, times].map(Writer::into_bytes)
}

/// Reads a session from what Redis answers for its key; `None` when there is none.
pub(super) fn session(id: &SessionId, answer: Value, schema: &Schema) -> Result<Option<SessionRecord>> {
    let row = match answer {
        Value::BulkString(row) => row,
        Value::Nil => return Ok(None),
        _ => return Err(wrong("row")),
    };
    let mut row = Reader::of(&row);
    let mut session = SessionRecord {
        id: id.clone(),
        secret_digest: row.maybe_digest()?.ok_or_else(|| wrong("digest"))?,
        secret_issued_at: row.maybe_time()?.ok_or_else(|| wrong("time"))?,
        previous_digest: row.maybe_digest()?,
        previous_issued_at: row.maybe_time()?,
        previous_expires: row.maybe_time()?,
        active_expires: row.time()?,
        idle_expires: row.time()?,
        last_seen: row.time()?,
        updated_at: row.time()?,
        aal: row.byte()?,
        // Behind the promise, which is for the scripts.
        absolute_expires: row.time().and_then(|_| row.maybe_time())?,
        created_at: row.time()?,
        persistent: row.flag()?,
        user_id: owner(&mut row)?,
        payload: JsonObject::new(),
        data: JsonObject::new(),
        amr: Vec::new(),
        ip: None,
        user_agent: None,
        attributes: Attributes::new(),
    };
    session.attributes.complete(schema.session_attributes());
    while let Some((name, value)) = row.part()? {
        add(&mut session, text(name)?, value, schema)?;
    }
    Ok(Some(session))
}

fn owner(row: &mut Reader<'_>) -> Result<UserId> {
    match row.part()? {
        Some((name, user)) if name == USER.as_bytes() => text(user).map(UserId::from),
        _ => Err(wrong("user")),
    }
}

fn add(session: &mut SessionRecord, name: &str, value: &[u8], schema: &Schema) -> Result<()> {
    match name {
        ADDRESS => session.ip = Some(text(value)?.parse().map_err(|_| wrong("address"))?),
        BROWSER => session.user_agent = Some(text(value)?.to_owned()),
        PROOF => {
            let (at, method) = value.split_first_chunk().ok_or_else(|| wrong("proof"))?;
            session.amr.push(Amr {
                method: text(method)?.to_owned(),
                timestamp: Timestamp::from_unix_ms(i64::from_be_bytes(*at)),
            });
        }
        PAYLOAD => session.payload = parsed(value)?,
        DATA => session.data = parsed(value)?,
        _ => {
            // One that is declared no more is passed over.
            let name = name.strip_prefix(ATTRIBUTE).ok_or_else(|| wrong("part"))?;
            let declared = schema.session_attributes();
            if let Some(declared) = declared.iter().find(|declared| declared.name() == name) {
                session.attributes.set(name, attribute_value(declared.kind(), value)?);
            }
        }
    }
    Ok(())
}

fn attribute_value(kind: AttributeKind, value: &[u8]) -> Result<AttributeValue> {
    if kind == AttributeKind::Json {
        return parsed(value).map(AttributeValue::Json);
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
        AttributeKind::Json | AttributeKind::Text => Some(AttributeValue::Text(text.to_owned())),
    };
    value.ok_or_else(|| wrong("attribute of the declared type"))
}

fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(Error::update_failed)
}

fn text(value: &[u8]) -> Result<&str> {
    std::str::from_utf8(value).map_err(Error::fetch_failed)
}

fn parsed<T: DeserializeOwned>(value: &[u8]) -> Result<T> {
    serde_json::from_slice(value).map_err(Error::fetch_failed)
}
