//! Records to the values of rows.

use std::net::IpAddr;

use serde::Serialize;

use super::SqlValue;
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    id::{SessionId, UserId},
    model::{
        Attribute, AttributeValue, Attributes, EventRecord, KeyRecord, OneTimeToken, OutboxMessage, SessionRecord,
        SigningKeyRecord, User,
    },
    secret::{Digest, HashedPassword},
};

/// The values of a user, in the order of the columns.
pub(super) fn user_values(user: &User, declared: &[Attribute]) -> Result<Vec<SqlValue>> {
    let mut values = vec![
        text(user.id.as_str()),
        maybe_text(user.email.as_deref()),
        maybe_text(user.phone.as_deref()),
        maybe_time(user.email_confirmed_at),
        maybe_time(user.phone_confirmed_at),
        text(&user.role),
        json(&user.app_metadata)?,
        json(&user.user_metadata)?,
        SqlValue::Boolean(user.is_anonymous),
        maybe_time(user.banned_until),
        maybe_time(user.last_sign_in_at),
        maybe_time(user.deleted_at),
        time(user.created_at),
        time(user.updated_at),
    ];
    push_attributes(&mut values, &user.attributes, declared)?;
    Ok(values)
}

/// The values of a key, in the order of the columns.
pub(super) fn key_values(key: &KeyRecord) -> Vec<SqlValue> {
    vec![
        text(key.id.as_str()),
        text(key.user_id.as_str()),
        hash(key.hashed_password.as_ref()),
        SqlValue::Boolean(key.primary),
        maybe_time(key.expires),
        time(key.created_at),
        time(key.updated_at),
    ]
}

/// The values of a one-time token, in the order of the columns.
pub(super) fn token_values(token: &OneTimeToken) -> Result<Vec<SqlValue>> {
    Ok(vec![
        text(&token.id),
        text(token.user_id.as_str()),
        text(token.purpose.as_str()),
        text(&token.sent_to),
        digest(&token.link_digest),
        maybe_digest(token.code_digest.as_ref()),
        maybe_digest(token.browser_digest.as_ref()),
        SqlValue::Integer(token.attempts.into()),
        json(&token.data)?,
        time(token.link_expires),
        time(token.code_expires),
        time(token.created_at),
    ])
}

/// The values of a message, in the order of the columns.
pub(super) fn message_values(message: &OutboxMessage) -> Vec<SqlValue> {
    vec![
        text(&message.id),
        blob(&message.sealed),
        SqlValue::Integer(message.attempts.into()),
        time(message.due_at),
        time(message.expires),
        time(message.created_at),
    ]
}

/// The values of an event, in the order of the columns.
pub(super) fn event_values(event: &EventRecord) -> Vec<SqlValue> {
    vec![
        text(&event.id),
        text(&event.kind),
        time(event.at),
        maybe_text(event.user_id.as_ref().map(UserId::as_str)),
        maybe_text(event.session_id.as_ref().map(SessionId::as_str)),
        maybe_text(event.account.as_deref()),
        maybe_ip(event.ip),
        maybe_text(event.user_agent.as_deref()),
        maybe_text(event.reason.as_deref()),
        maybe_text(event.actor.as_deref()),
    ]
}

/// The values of a signing key, in the order of the columns.
pub(super) fn signing_key_values(key: &SigningKeyRecord) -> Vec<SqlValue> {
    vec![
        SqlValue::Integer(key.generation),
        text(&key.kid),
        text(&key.algorithm),
        time(key.active_from),
        time(key.created_at),
        blob(&key.sealed),
    ]
}

/// The values of a session, in the order of the columns.
pub(super) fn session_values(session: &SessionRecord, declared: &[Attribute]) -> Result<Vec<SqlValue>> {
    let mut values = vec![
        text(session.id.as_str()),
        text(session.user_id.as_str()),
        digest(&session.secret_digest),
        time(session.secret_issued_at),
        maybe_digest(session.previous_digest.as_ref()),
        maybe_time(session.previous_issued_at),
        maybe_time(session.previous_expires),
        time(session.active_expires),
        time(session.idle_expires),
        maybe_time(session.absolute_expires),
        SqlValue::Boolean(session.persistent),
        json(&session.payload)?,
        json(&session.data)?,
        SqlValue::Integer(session.aal.into()),
        json(&session.amr)?,
        maybe_ip(session.ip),
        maybe_text(session.user_agent.as_deref()),
        time(session.last_seen),
        time(session.created_at),
        time(session.updated_at),
    ];
    push_attributes(&mut values, &session.attributes, declared)?;
    Ok(values)
}

fn push_attributes(values: &mut Vec<SqlValue>, attributes: &Attributes, declared: &[Attribute]) -> Result<()> {
    for attribute in declared {
        values.push(match attributes.get(attribute.name()) {
            Some(value) => attribute_sql(value)?,
            None => SqlValue::Null,
        });
    }
    Ok(())
}

pub(super) fn attribute_sql(value: &AttributeValue) -> Result<SqlValue> {
    Ok(match value {
        AttributeValue::Boolean(value) => SqlValue::Boolean(*value),
        AttributeValue::Integer(value) => SqlValue::Integer(*value),
        AttributeValue::Json(value) => json(value)?,
        AttributeValue::Null => SqlValue::Null,
        AttributeValue::Real(value) => SqlValue::Real(*value),
        AttributeValue::Text(value) => text(value),
        AttributeValue::Timestamp(value) => time(*value),
    })
}

pub(super) fn text(value: &str) -> SqlValue {
    SqlValue::Text(value.to_owned())
}

pub(super) fn maybe_text(value: Option<&str>) -> SqlValue {
    value.map_or(SqlValue::Null, text)
}

pub(super) fn time(value: Timestamp) -> SqlValue {
    SqlValue::Integer(value.as_unix_ms())
}

pub(super) fn maybe_time(value: Option<Timestamp>) -> SqlValue {
    value.map_or(SqlValue::Null, time)
}

pub(super) fn digest(value: &Digest) -> SqlValue {
    blob(value.as_bytes())
}

fn blob(bytes: &[u8]) -> SqlValue {
    SqlValue::Blob(bytes.into())
}

pub(super) fn maybe_digest(value: Option<&Digest>) -> SqlValue {
    value.map_or(SqlValue::Null, digest)
}

fn maybe_ip(value: Option<IpAddr>) -> SqlValue {
    value.map_or(SqlValue::Null, |ip| SqlValue::Text(ip.to_string()))
}

pub(super) fn hash(value: Option<&HashedPassword>) -> SqlValue {
    maybe_text(value.map(HashedPassword::expose))
}

pub(super) fn json(value: &impl Serialize) -> Result<SqlValue> {
    serde_json::to_string(value)
        .map(SqlValue::Text)
        .map_err(Error::update_failed)
}
