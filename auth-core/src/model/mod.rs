//! Plain records with public fields, and pure methods that take the time as an argument.
//!
//! Exhaustive on purpose: adding a column *is* a change for every store.

mod attempt;
mod attribute;
mod event_record;
mod key;
mod one_time_token;
mod outbox;
mod session;
mod shared_session;
mod signing_key;
mod user;

pub use attempt::{AttemptCount, AttemptSubject};
pub use attribute::{Attribute, AttributeKind, AttributeValue, Attributes};
pub use event_record::{EventQuery, EventRecord};
pub use key::{Key, KeyPatch, KeyRecord};
pub use one_time_token::{OneTimeToken, Purpose};
pub use outbox::OutboxMessage;
pub use session::{Amr, Session, SessionPatch, SessionRecord, SessionRotation, SessionState};
pub use shared_session::SharedSession;
pub use signing_key::SigningKeyRecord;
pub(crate) use user::{MADE_BY_ADMINISTRATOR, MUST_CHANGE_PASSWORD};
pub use user::{User, UserPatch, UserQuery};

/// A JSON object, as in metadata, payload and data.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;
