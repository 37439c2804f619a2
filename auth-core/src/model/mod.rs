//! Plain records with public fields, and pure methods that take the time as an argument.
//!
//! Exhaustive on purpose: adding a column *is* a change for every store.

mod attempt;
mod attribute;
mod key;
mod session;
mod signing_key;
mod user;

pub use attempt::{AttemptCount, AttemptSubject};
pub use attribute::{Attribute, AttributeKind, AttributeValue, Attributes};
pub use key::{Key, KeyPatch, KeyRecord};
pub use session::{Amr, Session, SessionPatch, SessionRecord, SessionRotation, SessionState};
pub use signing_key::SigningKeyRecord;
pub use user::{User, UserPatch};

/// A JSON object, as in metadata, payload and data.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;
