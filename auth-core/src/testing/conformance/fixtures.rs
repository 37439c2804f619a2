use std::{ops::Deref, sync::Arc};

use serde_json::json;

use crate::{
    adapter::{AttemptAdapter, Schema, SessionAdapter},
    clock::Timestamp,
    error::{ErrorKind, Result},
    id::{KeyId, SessionId, UserId},
    model::{
        Amr, Attribute, AttributeValue, Attributes, JsonObject, KeyRecord, OneTimeToken, OutboxMessage, Purpose,
        SessionRecord, User,
    },
    secret::{Digest, HashedPassword},
};

/// The moment every fixture starts from.
pub(super) const NOW: Timestamp = Timestamp::from_unix_ms(1_767_225_600_123);

/// Eight hours and a day more, as in the seed's suite.
pub(super) const ACTIVE: Timestamp = Timestamp::from_unix_ms(NOW.as_unix_ms() + 8 * 3_600_000);
pub(super) const IDLE: Timestamp = Timestamp::from_unix_ms(ACTIVE.as_unix_ms() + 24 * 3_600_000);

/// The attributes of the suite: the seed's `username` and `country`, and one of each kind.
pub(super) fn schema() -> Schema {
    Schema::new(
        vec![
            Attribute::text("username").unique(),
            Attribute::text("nickname"),
            Attribute::integer("visits"),
            Attribute::real("score"),
            Attribute::boolean("member"),
            Attribute::timestamp("birthday"),
            Attribute::json("settings"),
        ],
        vec![Attribute::text("country"), Attribute::integer("visits")],
    )
}

/// A user with every column filled.
pub(super) fn user(name: &str) -> User {
    let mut user = User::new(UserId::from(format!("user_{name}")), NOW);
    user.email = Some(format!("{name}@example.com"));
    user.phone = Some("4917012345".to_owned());
    user.email_confirmed_at = Some(NOW);
    user.role = "editor".to_owned();
    user.app_metadata = object("plan", "free");
    user.user_metadata = object("name", "Ada \u{1f600} O'Neill \"x\" \\ \n");
    user.last_sign_in_at = Some(NOW);
    user.attributes = full_attributes(name);
    user
}

pub(super) fn full_attributes(name: &str) -> Attributes {
    Attributes::new()
        .with("username", name)
        .with("nickname", AttributeValue::Null)
        .with("visits", 3)
        .with("score", 1.5)
        .with("member", true)
        .with("birthday", NOW)
        .with("settings", json!({ "theme": ["dark", 1, null] }))
}

/// The users whose sessions a store without users keeps.
pub(super) fn session_owners() -> [User; 2] {
    [user("one"), user("two")]
}

pub(super) fn key(name: &str, user: &User) -> KeyRecord {
    KeyRecord {
        id: key_id(name),
        user_id: user.id.clone(),
        hashed_password: None,
        primary: false,
        expires: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(super) fn key_id(name: &str) -> KeyId {
    KeyId::from(format!("username:{name}"))
}

/// A session with every column filled.
pub(super) fn session(name: &str, user: &User) -> SessionRecord {
    SessionRecord {
        id: SessionId::from(format!("ses_{name}")),
        user_id: user.id.clone(),
        secret_digest: digest(name),
        secret_issued_at: Timestamp::from_unix_ms(NOW.as_unix_ms() - 1),
        previous_digest: Some(digest("previous")),
        previous_issued_at: Some(Timestamp::from_unix_ms(NOW.as_unix_ms() - 2)),
        previous_expires: Some(NOW),
        active_expires: ACTIVE,
        idle_expires: IDLE,
        absolute_expires: Some(Timestamp::from_unix_ms(IDLE.as_unix_ms() + 1)),
        persistent: true,
        payload: object("scope", "all"),
        data: object("cart", "full"),
        aal: 1,
        amr: vec![Amr {
            method: "password".to_owned(),
            timestamp: NOW,
        }],
        ip: Some("2001:db8::1".parse().unwrap()),
        user_agent: Some("Browser; DROP TABLE auth_session; --".to_owned()),
        last_seen: NOW,
        created_at: NOW,
        updated_at: NOW,
        attributes: Attributes::new()
            .with("country", "XX")
            .with("visits", AttributeValue::Null),
    }
}

/// A token with every column filled, in its slot, with a link of its own.
pub(super) fn token(purpose: Purpose, user: &User) -> OneTimeToken {
    let id = OneTimeToken::slot(purpose, &user.id);
    OneTimeToken {
        user_id: user.id.clone(),
        purpose,
        sent_to: "ada@example.com'; --".to_owned(),
        link_digest: link(&id),
        code_digest: Some(digest("code")),
        browser_digest: Some(digest("browser")),
        attempts: 2,
        data: object("next", "/welcome \u{1f600}"),
        link_expires: ACTIVE,
        code_expires: IDLE,
        created_at: NOW,
        id,
    }
}

/// The digest of the link of the token with this name.
pub(super) fn link(name: &str) -> Digest {
    digest(&format!("link {name}"))
}

/// A message that is due.
pub(super) fn message(name: &str) -> OutboxMessage {
    OutboxMessage {
        id: format!("msg_{name}"),
        sealed: vec![0, 255, 39, 0],
        attempts: 0,
        due_at: NOW,
        expires: IDLE,
        created_at: NOW,
    }
}

pub(super) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

pub(super) fn hash(text: &str) -> HashedPassword {
    HashedPassword::from_stored(text)
}

pub(super) fn object(name: &str, value: &str) -> JsonObject {
    let mut object = JsonObject::new();
    object.insert(name.to_owned(), value.into());
    object
}

/// The kind of an error that must be there.
pub(super) fn kind<T>(result: Result<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("this should have failed"),
        Err(error) => error.kind(),
    }
}

/// What a store without users offers.
#[derive(Clone)]
pub(super) struct Sessions {
    store: Arc<dyn SessionsAndAttempts>,
}

pub(super) trait SessionsAndAttempts: SessionAdapter + AttemptAdapter {}

impl<S: SessionAdapter + AttemptAdapter> SessionsAndAttempts for S {}

impl Sessions {
    pub(super) fn of(store: impl SessionAdapter + AttemptAdapter) -> Self {
        Self { store: Arc::new(store) }
    }
}

impl Deref for Sessions {
    type Target = dyn SessionsAndAttempts;

    fn deref(&self) -> &Self::Target {
        self.store.as_ref()
    }
}
