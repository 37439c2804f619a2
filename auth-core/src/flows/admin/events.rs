use crate::{
    auth::Auth,
    error::{ErrorKind, Result},
    model::{EventQuery, EventRecord},
};

impl Auth {
    /// What happened, newest first, up to what this process did a moment ago.
    ///
    /// ```
    /// # use auth_core::{Auth, EventQuery, NewUser, Secret, adapters::MemoryAdapter};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let auth = Auth::builder(MemoryAdapter::default())
    ///     .secret(Secret::random()?)
    ///     .base_url("https://example.com")
    ///     .keep_events(true)
    ///     .build()?;
    /// let user = auth.create_user(NewUser::with_key("email", "ada@example.com")).await?;
    /// let query = EventQuery { user_id: Some(user.id), limit: 50, ..EventQuery::default() };
    /// assert_eq!(auth.list_events(&query).await?[0].kind, "user_created");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::FeatureDisabled`] unless [`AuthBuilder::keep_events`](crate::AuthBuilder::keep_events) is on,
    /// [`ErrorKind::DatabaseFetchFailed`].
    pub async fn list_events(&self, query: &EventQuery) -> Result<Vec<EventRecord>> {
        let journal = self.inner.journal.as_ref().ok_or(ErrorKind::FeatureDisabled)?;
        journal.flush().await;
        self.inner.adapter.get_events(query).await
    }

    /// Waits until what has happened so far is in the store. What is kept is written by a task of its own, which ends with its
    /// runtime: a program awaits this before it ends. A store that is silent is waited for at most ten seconds.
    ///
    /// ```
    /// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
    /// // … serve until told to stop, then:
    /// auth.flush_events().await;
    /// # Ok(()) }
    /// ```
    pub async fn flush_events(&self) {
        if let Some(journal) = &self.inner.journal {
            journal.flush().await;
        }
    }
}
