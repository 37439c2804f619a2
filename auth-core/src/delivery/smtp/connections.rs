//! A few connections that are kept between mails.
//!
//! lettre's own pool is not used: it takes a connection back in the middle of a mail when the sending is given up, and the next
//! mail then reads the answer to this one as its own.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lettre::{
    address::Envelope,
    transport::smtp::{self, client::AsyncSmtpConnection},
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout},
};

use super::settings::Settings;

pub(super) struct Connections {
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
    slots: Semaphore,
}

impl Connections {
    pub(super) fn new(most: usize) -> Self {
        Self {
            idle: Mutex::default(),
            slots: Semaphore::new(most),
        }
    }

    /// The right to one of the connections, as soon as another mail is done with it.
    pub(super) async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.slots.acquire().await.ok()
    }

    /// A connection that answers: a kept one, or a new one.
    pub(super) async fn take<'a>(
        &'a self,
        slot: SemaphorePermit<'a>,
        settings: &Settings,
    ) -> Result<Taken<'a>, smtp::Error> {
        while let Some((mut connection, since)) = self.pop() {
            let is_young = since.elapsed() < KEPT;
            if is_young && timeout(ANSWER, connection.test_connected()).await == Ok(true) {
                return Ok(self.taken(connection, slot));
            }
        }
        Ok(self.taken(settings.connect().await?, slot))
    }

    fn taken<'a>(&'a self, connection: AsyncSmtpConnection, slot: SemaphorePermit<'a>) -> Taken<'a> {
        Taken {
            connection,
            connections: self,
            _slot: slot,
        }
    }

    fn pop(&self) -> Option<(AsyncSmtpConnection, Instant)> {
        self.lock().pop()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(AsyncSmtpConnection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection of ours for one mail.
pub(super) struct Taken<'a> {
    connection: AsyncSmtpConnection,
    connections: &'a Connections,
    _slot: SemaphorePermit<'a>,
}

impl Taken<'_> {
    /// Sends a mail. Only a connection on which all went well is kept.
    pub(super) async fn send(mut self, envelope: &Envelope, mail: &[u8]) -> Result<(), smtp::Error> {
        self.connection.send(envelope, mail).await?;
        if !self.connection.has_broken() {
            self.connections.lock().push((self.connection, Instant::now()));
        }
        Ok(())
    }
}

/// Servers hang up after some minutes; the youngest is taken first, so that the others grow old.
const KEPT: Duration = Duration::from_secs(60);
const ANSWER: Duration = Duration::from_secs(3);
