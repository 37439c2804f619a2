//! What flows know of sending: whether it can be done, and that something is there to be sent.

use std::sync::{Mutex, PoisonError};

use tokio::{runtime::Handle, task::JoinHandle};

use crate::{
    adapter::Act,
    address::Address,
    auth::Auth,
    delivery::{Delivered, Outbox, OutboxParts},
    error::{Error, ErrorKind, Result},
};

/// The outbox, and the task that empties it.
pub(crate) struct Post {
    outbox: Outbox,
    has_mailer: bool,
    /// Who sends text messages; nobody, where none are sent.
    sms_provider: Option<String>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

impl Post {
    pub(crate) fn new(parts: OutboxParts) -> Self {
        Self {
            has_mailer: parts.mailer.is_some(),
            sms_provider: parts.sms_sender.as_ref().map(|sender| sender.name().to_owned()),
            outbox: Outbox::new(parts),
            worker: Mutex::default(),
        }
    }

    pub(crate) fn has_mailer(&self) -> bool {
        self.has_mailer
    }

    pub(crate) fn has_sms(&self) -> bool {
        self.sms_provider.is_some()
    }

    pub(crate) fn sms_provider(&self) -> Option<&str> {
        self.sms_provider.as_deref()
    }

    /// Whether anything is sent here.
    pub(crate) fn sends(&self) -> bool {
        self.has_mailer || self.has_sms()
    }

    /// Whether messages to this address can be sent at all.
    ///
    /// # Errors
    /// [`ErrorKind::FeatureDisabled`], [`ErrorKind::EmailNotAuthorized`].
    pub(crate) fn check(&self, address: &Address) -> Result<()> {
        let missing = match address {
            Address::Email(_) if !self.has_mailer => "There is no mailer here.",
            Address::Phone(_) if !self.has_sms() => "There is nobody here who sends text messages.",
            Address::Email(email) if !self.outbox.may_mail(email) => {
                let sentence = format!("Email address \"{email}\" cannot be used as it is not authorized");
                return Err(Error::from(ErrorKind::EmailNotAuthorized).detail(sentence));
            }
            _ => return Ok(()),
        };
        Err(Error::from(ErrorKind::FeatureDisabled).detail(missing))
    }

    /// Lets the outbox be emptied from now on. A worker ends with the runtime it was begun in; the next one begins another.
    pub(crate) fn start(&self) {
        if !self.sends() {
            return;
        }
        let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        if Handle::try_current().is_ok() && worker.as_ref().is_none_or(JoinHandle::is_finished) {
            *worker = Some(self.outbox.spawn());
        }
    }
}

impl Auth {
    /// Sends the mails and text messages that are due by now, and answers when that is done. A task of the library's sends them by
    /// itself, and what is written meanwhile as well; this is for tests, and for programs that end.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn deliver_due(&self) -> Result<Delivered> {
        self.inner.post.outbox.deliver_due().await
    }

    /// Does all of it or nothing, and has sent what is to be sent.
    pub(crate) async fn commit(&self, acts: &[Act]) -> Result<()> {
        self.inner.adapter.commit(acts).await?;
        if acts.iter().any(|act| matches!(act, Act::Send(_))) {
            self.inner.post.start();
            self.inner.post.outbox.wake();
        }
        Ok(())
    }

    /// Whether anybody signs in with this kind of address here.
    ///
    /// # Errors
    /// [`ErrorKind::EmailLoginsDisabled`], [`ErrorKind::PhoneLoginsDisabled`].
    pub(crate) fn check_logins(&self, address: &Address) -> Result<()> {
        match (self.is_enabled(address), address) {
            (true, _) => Ok(()),
            (false, Address::Email(_)) => Err(ErrorKind::EmailLoginsDisabled.into()),
            (false, Address::Phone(_)) => Err(ErrorKind::PhoneLoginsDisabled.into()),
        }
    }

    /// Whether anybody signs up with this kind of address here.
    ///
    /// # Errors
    /// [`ErrorKind::EmailSignupsDisabled`], [`ErrorKind::PhoneSignupsDisabled`].
    pub(crate) fn check_signups(&self, address: &Address) -> Result<()> {
        match (self.is_enabled(address), address) {
            (true, _) => Ok(()),
            (false, Address::Email(_)) => Err(ErrorKind::EmailSignupsDisabled.into()),
            (false, Address::Phone(_)) => Err(ErrorKind::PhoneSignupsDisabled.into()),
        }
    }

    pub(crate) fn is_enabled(&self, address: &Address) -> bool {
        let config = &self.inner.config;
        match address {
            Address::Email(_) => config.email.enabled,
            Address::Phone(_) => config.phone.enabled.unwrap_or(self.inner.post.has_sms()),
        }
    }
}
