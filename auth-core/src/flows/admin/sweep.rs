use crate::{auth::Auth, error::Result};

/// What [`Auth::delete_expired`] swept out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Swept {
    /// Dead sessions.
    pub sessions: u64,
    /// Links and codes that are good for nothing any more.
    pub tokens: u64,
    /// Mails and text messages that are too late.
    pub messages: u64,
    /// Events older than [`AuthBuilder::event_lifetime`](crate::AuthBuilder::event_lifetime).
    pub events: u64,
}

impl Auth {
    /// Deletes what has expired: sessions, windows of attempts, links and codes, messages, old events. For a scheduled task;
    /// nothing depends on it but the size of the store. Messages go the way they always go, so those that are due and not too
    /// late are sent.
    ///
    /// ```
    /// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
    /// let swept = auth.delete_expired().await?;
    /// assert_eq!(swept.sessions, 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUpdateFailed`](crate::ErrorKind::DatabaseUpdateFailed); what was swept before stays swept.
    pub async fn delete_expired(&self) -> Result<Swept> {
        let sessions = self.delete_expired_sessions().await?;
        let (now, adapter) = (self.now(), &self.inner.adapter);
        let tokens = adapter.delete_expired_tokens(now).await?;
        let messages = match self.inner.post.sends() {
            true => self.deliver_due().await?.dropped as u64,
            false => 0,
        };
        let events = match &self.inner.journal {
            Some(_) => adapter.delete_events(now - self.inner.config.event_lifetime).await?,
            None => 0,
        };
        Ok(Swept {
            sessions,
            tokens,
            messages,
            events,
        })
    }
}
