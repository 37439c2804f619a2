//! Authentication for Rust web applications: one core, the same behaviour in axum and actix-web.
//!
//! This crate decides; `auth-axum` and `auth-actix` translate. An application holds an [`Auth`], adds its framework's
//! layer or middleware, mounts the routes, and takes a `CurrentUser` in its handlers.
//!
//! ```
//! use auth_core::{Auth, Secret, SignUp, adapters::MemoryAdapter};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let auth = Auth::builder(MemoryAdapter::default())
//!     .secret(Secret::random()?)
//!     .base_url("http://localhost:3000")
//!     .build()?; // every configuration problem at once, each with its fix
//!
//! let (user, issued) = auth.sign_up_with_email(SignUp::new("ada@example.com", "correct horse battery")).await?;
//! let issued = issued.expect("without a mailer nothing has to be proven first");
//! assert_eq!(auth.validate_session(&issued.token).await?.session.user_id, user.id);
//! # Ok(()) }
//! ```
//!
//! | feature | what it adds |
//! |---|---|
//! | `asymmetric` | `Algorithm::Es256` and `EdDsa`, their public keys at `/.well-known/jwks.json`, and those of others: `PublicKey` |
//! | `aws-lc` | `Algorithm::Rs256`, and ES256 five times as fast, by AWS-LC, with the C library compiled in; implies `asymmetric` |
//! | `client` | `client::GoTrueApi`, for programs that talk to an auth server over HTTP |
//! | `sqlite` | `adapters::SqliteAdapter`, with the C library compiled in |
//! | `postgres` | `adapters::PostgresAdapter`, with TLS by rustls |
//! | `mysql` | `adapters::MysqlAdapter`, for MySQL and MariaDB |
//! | `sqlx` | `from_pool` on the adapters of `sqlite`, `postgres` and `mysql`, for applications that have an sqlx pool |
//! | `redis` | `adapters::RedisSessions`, for one server, a cluster, or a master behind sentinels |
//! | `redis-tls` | `rediss://` for them, one server or a cluster |
//! | `smtp` | `SmtpMailer`: mails by SMTP |
//! | `reqwest` | `ReqwestClient`: the HTTP client for webhooks and Twilio |
//! | `zxcvbn` | `PasswordConfig::min_score` |
//! | `testing` | `testing`: the conformance suite, a clock that stands still, a store that fails |
//!
//! None is on by default, and none changes what the others do. The [`manual`] says why things are as they are.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod adapter;
pub mod adapters;
mod address;
mod auth;
mod builder;
mod captcha;
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub mod client;
mod clock;
mod config;
mod delivery;
mod email;
mod entropy;
mod error;
mod event;
mod flows;
mod http;
mod id;
mod limit;
pub mod manual;
mod model;
mod password;
mod phone;
mod proof;
mod request;
mod secret;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;

pub use auth::Auth;
pub use builder::AuthBuilder;
pub use captcha::{Captcha, CaptchaAnswer, CaptchaCheck, SiteVerify};
pub use clock::{Clock, SystemClock, Timestamp};
pub use config::{ConfigError, ConfigProblem};
#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
pub use delivery::ReqwestClient;
pub use delivery::{
    ConsoleMailer, Delivered, DeliveryError, FileMailer, HttpClient, HttpError, Mail, Mailbox, Mailer, MemoryMailer,
    MemorySms, Sms, SmsSender, Templates, TwilioSms, WebhookMailer, WebhookSecrets, WebhookSms,
};
#[cfg(feature = "smtp")]
#[cfg_attr(docsrs, doc(cfg(feature = "smtp")))]
pub use delivery::{SmtpCredentials, SmtpMailer, SmtpSecurity};
pub use email::canonical_email;
pub use entropy::{ALPHANUMERIC, Entropy, OsEntropy, generate_random_string};
pub use error::{Error, ErrorKind, Result, WeakPasswordReason};
pub use event::{Event, EventKind, EventSink, TracingSink};
#[cfg(feature = "asymmetric")]
#[cfg_attr(docsrs, doc(cfg(feature = "asymmetric")))]
pub use flows::tokens::PublicKey;
pub use flows::{
    address_change::PendingChange,
    admin::{AdminConfig, AdminUserAttributes, GenerateLink, GeneratedLink, Swept, UserPage},
    auth_cookie::{
        AuthChangeEvent, AuthCookieError, AuthCookieReply, AuthCookieSession, AuthCookies, CookieOptions, HeldCookies,
        is_secure_context,
    },
    confirmation::{EmailConfig, PhoneConfig},
    keys::{NewKey, UsedKey},
    one_time::{LinkStyle, OneTimeConfig},
    password::SignUp,
    sessions::{IssuedSession, NewSession, SessionConfig, ValidSession},
    tokens::{
        AccessToken, Algorithm, AntiCsrf, Claim, OpenedSession, RefreshAt, RefreshedSession, Rotation, SessionStrategy,
        SessionTokens, SigningKeys, TokenNames, Tokens, Transfer,
    },
    users::NewUser,
};
pub use http::missing_layer;
pub use id::{KeyId, SessionId, UserId};
pub use limit::{Limit, Limits};
pub use model::{
    Amr, AttemptCount, AttemptSubject, Attribute, AttributeKind, AttributeValue, Attributes, EventQuery, EventRecord,
    JsonObject, Key, KeyPatch, KeyRecord, OneTimeToken, OutboxMessage, Purpose, Session, SessionPatch, SessionRecord,
    SessionRotation, SessionState, SharedSession, SigningKeyRecord, User, UserPatch, UserQuery,
};
pub use password::{
    Argon2Params, LeakCheck, LeakDigest, LeakedPasswordFile, LeakedPasswords, PasswordConfig, PasswordHasher,
    PwnedPasswords, Verified,
};
pub use phone::canonical_phone;
pub use proof::Proof;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub use request::fuzz;
pub use request::{
    AuthRequest, Client, CookieConfig, Effects, Passage, PeerAddr, RequestView, Requirement, SameSite, VerifySession,
};
pub use secret::{CaptchaToken, Digest, HashedPassword, Password, RefreshToken, Secret, SessionToken, WireToken};
