use crate::{
    auth::Auth,
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
};

impl Auth {
    /// Makes the next signing key now, before the old one's time is over, and answers from when on it signs: twelve minutes
    /// later, when nobody keeps an answer of `jwks.json` without it. What the old one signed is good until it expires; to end
    /// that as well, end the sessions.
    ///
    /// ```
    /// # use auth_core::{Auth, Secret, Tokens, adapters::MemoryAdapter};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com")
    /// #     .sessions(Tokens::default()).build()?;
    /// let signs_from = auth.rotate_signing_keys().await?;
    /// # let _ = signs_from;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::FeatureDisabled`] when sessions are opaque or the keys are the application's own,
    /// [`ErrorKind::DatabaseFetchFailed`], [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn rotate_signing_keys(&self) -> Result<Timestamp> {
        let none =
            || Error::from(ErrorKind::FeatureDisabled).detail("There are no signing keys of the library's here.");
        let tokens = self.inner.tokens.as_ref().ok_or_else(none)?;
        tokens.ring.rotate(self).await?.ok_or_else(none)
    }
}
