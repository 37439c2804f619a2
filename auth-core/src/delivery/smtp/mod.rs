//! Mails by SMTP, through lettre with rustls.

mod connections;
mod settings;
mod url;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use lettre::{Address, address::Envelope, transport::smtp};

pub use settings::{SmtpCredentials, SmtpSecurity};

use super::{DeliveryError, Mail, Mailbox, Mailer, mime};
use crate::config::ConfigProblem;
use connections::Connections;
use settings::Settings;

/// Sends mails to an SMTP server, encrypted, over a few connections that are kept.
///
/// ```
/// use std::time::Duration;
/// use auth_core::{Mailbox, SmtpMailer};
///
/// let from = Mailbox::parse("Example <no-reply@example.com>")?;
/// let mailer = SmtpMailer::from_url("smtps://user:p%40ss@mail.example.com", from)?.timeout(Duration::from_secs(10));
/// assert!(!format!("{mailer:?}").contains("p@ss"));
/// # Ok::<(), auth_core::ConfigProblem>(())
/// ```
///
/// A refusal of the mail (5xx) gives it up. What happens before the mail is on its way, be it a refused password, is the operator's
/// trouble or the network's, and tried again.
#[derive(Clone)]
pub struct SmtpMailer {
    settings: Settings,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    timeout: Duration,
    connections: Arc<Connections>,
}

impl SmtpMailer {
    /// By way of this server, with STARTTLS on port 587.
    pub fn new(host: impl Into<String>, from: Mailbox) -> Self {
        Self::with(Settings::new(host.into(), SmtpSecurity::StartTls), from)
    }

    /// By way of the server of a URL: `smtps://user:password@host:465` for TLS from the beginning, `smtp://…:587` for STARTTLS,
    /// which must be offered. Ports may be left out; what is special in a user name or password is percent-encoded.
    ///
    /// `smtp://localhost:1025?security=none` speaks in clear, with a server on this machine; `?security=danger-none` with any.
    ///
    /// # Errors
    /// [`ConfigProblem`] when that is not what it is.
    pub fn from_url(url: &str, from: Mailbox) -> Result<Self, ConfigProblem> {
        Ok(Self::with(url::read(url)?, from))
    }

    fn with(settings: Settings, from: Mailbox) -> Self {
        Self {
            settings,
            from,
            reply_to: None,
            timeout: Duration::from_secs(20),
            connections: Arc::new(Connections::new(4)),
        }
    }

    /// How the connection is encrypted; the port becomes the usual one. Default STARTTLS.
    #[must_use]
    pub fn security(mut self, security: SmtpSecurity) -> Self {
        self.settings.security = security;
        self.settings.port = security.port();
        self
    }

    /// Another port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.settings.port = port;
        self
    }

    /// Who we are to the server. Default nobody.
    #[must_use]
    pub fn credentials(mut self, credentials: SmtpCredentials) -> Self {
        self.settings.credentials = Some(credentials);
        self
    }

    /// Believes these certificates, as PEM, and no others; for servers of one's own. Default the web's.
    ///
    /// # Errors
    /// [`ConfigProblem`] when there is none in it.
    pub fn root_certificates(mut self, pem: impl AsRef<[u8]>) -> Result<Self, ConfigProblem> {
        self.settings.believe(pem.as_ref())?;
        Ok(self)
    }

    /// What we call ourselves in `EHLO`: the name of this machine as the world knows it. Default `[127.0.0.1]`, which some
    /// servers do not like.
    #[must_use]
    pub fn hello_name(mut self, name: impl Into<String>) -> Self {
        self.settings.hello_name = Some(name.into());
        self
    }

    /// Where answers go. Default to the sender.
    #[must_use]
    pub fn reply_to(mut self, mailbox: Mailbox) -> Self {
        self.reply_to = Some(mailbox);
        self
    }

    /// How long one mail may take, from the connection to the server's last word. Default 20 seconds; the outbox gives up
    /// after 30. A mail for which no connection is free is not begun, and tried again later.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many connections there are at most. Default 4.
    #[must_use]
    pub fn connections(mut self, count: usize) -> Self {
        self.connections = Arc::new(Connections::new(count.max(1)));
        self
    }

    /// How long to wait for a connection: both together end before the outbox gives up.
    fn patience(&self) -> Duration {
        TOGETHER.saturating_sub(self.timeout).max(Duration::from_secs(1))
    }

    fn envelope(&self, mail: &Mail) -> Option<Envelope> {
        let to: Address = mail.to.parse().ok()?;
        let from: Address = self.from.address().parse().ok()?;
        Envelope::new(Some(from), vec![to]).ok()
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), DeliveryError> {
        let envelope = self
            .envelope(mail)
            .ok_or_else(|| DeliveryError::permanent("the address is none"))?;
        let bytes = mime::render(mail, &self.from, self.reply_to.as_ref());
        // Waiting for the mails before it is no part of the time this one may take: a server that is slow and not down would
        // be given up in the middle of mails it then sends, and asked again.
        let slot = tokio::time::timeout(self.patience(), self.connections.slot()).await;
        let slot = slot
            .ok()
            .flatten()
            .ok_or_else(|| DeliveryError::temporary("the mail was not begun: all connections are in use"))?;
        let sending = async {
            let connection = self
                .connections
                .take(slot, &self.settings)
                .await
                .map_err(|error| DeliveryError::temporary("the mail server was not reached").because(error))?;
            connection.send(&envelope, &bytes).await.map_err(refused)
        };
        // What was begun and not finished is dropped with its connection: the server's late answer belongs to no other mail.
        tokio::time::timeout(self.timeout, sending)
            .await
            .map_err(|_| DeliveryError::temporary("the mail server took too long"))?
    }
}

/// Less than the outbox waits for.
const TOGETHER: Duration = Duration::from_secs(28);

/// What the server's word about a mail means.
fn refused(error: smtp::Error) -> DeliveryError {
    let status = error.status().map(u16::from);
    match status {
        // 530: it wants to know who we are, or an encrypted connection, first (RFC 4954 §6, RFC 3207 §4).
        Some(530) => DeliveryError::temporary("the mail server wants credentials"),
        Some(status) if error.is_permanent() => {
            DeliveryError::permanent(format!("the mail server refused the mail ({status})"))
        }
        Some(status) => DeliveryError::temporary(format!("the mail server refused the mail for now ({status})")),
        None => DeliveryError::temporary("the connection to the mail server broke"),
    }
    .because(error)
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer")
            .field("settings", &self.settings)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}
