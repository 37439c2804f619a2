//! What the tests store.

use std::time::Duration;

use crate::{
    Attribute, Timestamp,
    adapter::Schema,
    id::{KeyId, SessionId, UserId},
    model::{
        Attributes, EventRecord, JsonObject, KeyRecord, OneTimeToken, OutboxMessage, Purpose, SessionRecord,
        SessionRotation, SigningKeyRecord, User,
    },
    secret::Digest,
};

pub(super) const NOW: Timestamp = Timestamp::from_unix_ms(1_767_225_600_000);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

pub(super) fn schema() -> Schema {
    Schema::new(vec![Attribute::text("username").unique()], Vec::new())
}

pub(super) fn user(name: &str) -> User {
    let mut user = User::new(UserId::from(name), NOW);
    user.email = Some(format!("{name}@example.com"));
    user.attributes = Attributes::new().with("username", name);
    user
}

pub(super) fn key(name: &str) -> KeyRecord {
    KeyRecord {
        id: key_id(name),
        user_id: UserId::from(name),
        hashed_password: None,
        primary: true,
        expires: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(super) fn key_id(name: &str) -> KeyId {
    KeyId::from(format!("email:{name}@example.com"))
}

pub(super) fn session(id: &str, user: &str) -> SessionRecord {
    SessionRecord {
        id: SessionId::from(id),
        user_id: UserId::from(user),
        secret_digest: digest("first"),
        secret_issued_at: NOW,
        previous_digest: None,
        previous_issued_at: None,
        previous_expires: None,
        active_expires: NOW + HOUR,
        idle_expires: NOW + 2 * HOUR,
        absolute_expires: None,
        persistent: true,
        payload: JsonObject::new(),
        data: JsonObject::new(),
        aal: 1,
        amr: Vec::new(),
        ip: None,
        user_agent: None,
        last_seen: NOW,
        created_at: NOW,
        updated_at: NOW,
        attributes: Attributes::new(),
    }
}

pub(super) fn rotation(secret: &str) -> SessionRotation {
    SessionRotation {
        secret_digest: digest(secret),
        secret_issued_at: NOW,
        previous_expires: NOW + HOUR,
        active_expires: NOW + HOUR,
        idle_expires: NOW + 2 * HOUR,
        last_seen: NOW,
        keeps_previous: false,
    }
}

pub(super) fn signing_key(generation: i64) -> SigningKeyRecord {
    SigningKeyRecord {
        generation,
        kid: format!("k{generation}"),
        algorithm: "HS256".to_owned(),
        active_from: NOW,
        created_at: NOW,
        sealed: vec![7; 64],
    }
}

pub(super) fn token(purpose: Purpose, user: &str) -> OneTimeToken {
    let user_id = UserId::from(user);
    let id = OneTimeToken::slot(purpose, &user_id);
    OneTimeToken {
        link_digest: digest(&id),
        id,
        user_id,
        purpose,
        sent_to: format!("{user}@example.com"),
        code_digest: Some(digest("code")),
        browser_digest: None,
        attempts: 0,
        data: JsonObject::new(),
        link_expires: NOW + 2 * HOUR,
        code_expires: NOW + HOUR,
        created_at: NOW,
    }
}

pub(super) fn message(id: &str) -> OutboxMessage {
    OutboxMessage {
        id: id.to_owned(),
        sealed: vec![7; 64],
        attempts: 0,
        due_at: NOW,
        expires: NOW + HOUR,
        created_at: NOW,
    }
}

pub(super) fn event(id: &str) -> EventRecord {
    EventRecord {
        id: id.to_owned(),
        kind: "signed_in".to_owned(),
        at: NOW,
        user_id: Some(UserId::from("ada")),
        session_id: None,
        account: None,
        ip: None,
        user_agent: None,
        reason: None,
        actor: None,
    }
}

pub(super) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}
