//! Mails and text messages: the ports, what is built in behind them, the templates, and the outbox that sends.
//!
//! Nothing is sent while somebody waits for an answer: whoever asks about an address would learn from the time it takes, or from
//! the failure, whether anybody has it. A flow writes an encrypted letter into the store, in one act with the token that
//! it carries; the outbox puts it into words and hands it over.
//!
//! ```
//! use auth_core::{ConsoleMailer, Mailer, MemoryMailer};
//!
//! fn pick(in_tests: bool) -> Box<dyn Mailer> {
//!     if in_tests { Box::new(MemoryMailer::default()) } else { Box::new(ConsoleMailer::default()) }
//! }
//! # pick(true);
//! ```
//!
//! What it does not do: decide who is sent what and how often. That is the flows'. Only whom mails may go to at all
//! (`mail_only_to`) holds here as well, whoever wrote the letter.

mod answer;
mod console;
mod error;
#[cfg(test)]
mod fakes;
mod files;
mod http_client;
mod letter;
mod mailbox;
mod mailer;
mod memory;
mod mime;
mod outbox;
mod recipients;
#[cfg(feature = "reqwest")]
mod reqwest;
mod sms;
#[cfg(feature = "smtp")]
mod smtp;
mod templates;
mod twilio;
mod webhook;

pub use console::ConsoleMailer;
pub use error::DeliveryError;
pub use files::FileMailer;
pub(crate) use http_client::is_confidential;
pub use http_client::{HttpClient, HttpError};
pub(crate) use letter::{Channel, Letter, LetterKind};
pub use mailbox::Mailbox;
pub use mailer::{Mail, Mailer};
pub use memory::{MemoryMailer, MemorySms};
pub use outbox::Delivered;
pub(crate) use outbox::{Outbox, OutboxParts};
pub(crate) use recipients::Recipients;
#[cfg(feature = "reqwest")]
pub use reqwest::ReqwestClient;
pub use sms::{Sms, SmsSender};
#[cfg(feature = "smtp")]
pub use smtp::{SmtpCredentials, SmtpMailer, SmtpSecurity};
pub(crate) use templates::Site;
pub use templates::Templates;
pub use twilio::TwilioSms;
pub use webhook::{WebhookMailer, WebhookSecrets, WebhookSms};
