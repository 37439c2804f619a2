use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::DeliveryError;
use crate::clock::Timestamp;

/// Where mails go.
///
/// Called by the outbox, never while somebody waits for an answer. A mail may come twice, under the same [`Mail::id`], when
/// it is not known whether it was sent the first time.
///
/// ```
/// use auth_core::{DeliveryError, Mail, Mailer};
///
/// /// Hands mails to a queue of the application.
/// struct Queue(std::sync::mpsc::SyncSender<String>);
///
/// #[async_trait::async_trait]
/// impl Mailer for Queue {
///     async fn send(&self, mail: &Mail) -> Result<(), DeliveryError> {
///         let full = |_| DeliveryError::temporary("the queue is full");
///         self.0.try_send(format!("{}: {}", mail.to, mail.subject)).map_err(full)
///     }
/// }
/// ```
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Hands a mail over. `Ok` when somebody else answers for it from now on.
    ///
    /// # Errors
    /// [`DeliveryError`]; a temporary one is tried again.
    async fn send(&self, mail: &Mail) -> Result<(), DeliveryError>;
}

#[async_trait]
impl<M: Mailer + ?Sized> Mailer for Arc<M> {
    async fn send(&self, mail: &Mail) -> Result<(), DeliveryError> {
        self.as_ref().send(mail).await
    }
}

/// A mail, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mail {
    /// The same for every attempt; it becomes the `Message-ID`, so that whoever gets it twice can tell.
    pub id: String,
    /// When it was written.
    pub date: Timestamp,
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The text, its lines ended by `\n`.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// What it is about: the name of its template.
    pub kind: &'static str,
}

impl Mail {
    /// A mail of text only, for the tests of a mailer.
    pub fn new(
        id: impl Into<String>,
        to: impl Into<String>,
        subject: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            date: Timestamp::default(),
            to: to.into(),
            subject: subject.into(),
            text: text.into(),
            html: None,
            kind: "test",
        }
    }

    /// The same with an HTML part.
    #[must_use]
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }
}

/// Subject and text hold links and codes.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("id", &self.id)
            .field("date", &self.date)
            .field("to", &self.to)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
