//! Authentication for Rust web applications: one core, the same behaviour in axum and actix-web.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod adapter;
pub mod adapters;
mod auth;
mod builder;
mod clock;
mod config;
mod email;
mod entropy;
mod error;
mod event;
mod flows;
mod http;
mod id;
mod limit;
mod model;
mod password;
mod proof;
mod request;
mod secret;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;

pub use auth::Auth;
pub use builder::AuthBuilder;
pub use clock::{Clock, SystemClock, Timestamp};
pub use config::{ConfigError, ConfigProblem};
pub use email::canonical_email;
pub use entropy::{ALPHANUMERIC, Entropy, OsEntropy, generate_random_string};
pub use error::{Error, ErrorKind, Result, WeakPasswordReason};
pub use event::{Event, EventKind, EventSink, TracingSink};
pub use flows::{
    keys::{NewKey, UsedKey},
    password::SignUp,
    sessions::{IssuedSession, NewSession, SessionConfig, ValidSession},
    users::NewUser,
};
pub use http::missing_layer;
pub use id::{KeyId, SessionId, UserId};
pub use limit::{Limit, Limits};
pub use model::{
    Amr, AttemptCount, AttemptSubject, Attribute, AttributeKind, AttributeValue, Attributes, JsonObject, Key, KeyPatch,
    KeyRecord, Session, SessionPatch, SessionRecord, SessionRotation, SessionState, User, UserPatch,
};
pub use password::{Argon2Params, PasswordConfig, PasswordHasher, Verified};
pub use proof::Proof;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub use request::fuzz;
pub use request::{AuthRequest, Client, CookieConfig, Effects, PeerAddr, RequestView, SameSite};
pub use secret::{Digest, HashedPassword, Password, Secret, SessionToken};
