//! Authentication for Rust web applications: one core, the same behaviour in axum and actix-web.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::allow_attributes)
)]

pub mod adapter;
mod clock;
mod config;
mod entropy;
mod error;
mod id;
mod model;
mod secret;

pub use clock::{Clock, SystemClock, Timestamp};
pub use config::{ConfigError, ConfigProblem};
pub use entropy::{ALPHANUMERIC, Entropy, OsEntropy, generate_random_string};
pub use error::{Error, ErrorKind, Result, WeakPasswordReason};
pub use id::{KeyId, SessionId, UserId};
pub use model::{
    Amr, AttemptCount, AttemptSubject, Attribute, AttributeKind, AttributeValue, Attributes, JsonObject, Key, KeyPatch,
    KeyRecord, Session, SessionPatch, SessionRecord, SessionRotation, SessionState, User, UserPatch,
};
pub use secret::{Digest, HashedPassword, Password, Secret, SessionToken};
