use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use super::LeakDigest;
use crate::{
    config::ConfigProblem,
    error::{Error, ErrorKind, Result},
    secret::Password,
};

/// A list of passwords that have leaked.
#[async_trait]
pub trait LeakedPasswords: Send + Sync + 'static {
    /// Whether the password with this digest is on the list. What blocks belongs onto a thread of its own; whoever takes longer
    /// than the check's time-out is not waited for.
    ///
    /// # Errors
    /// Any, when the list cannot be asked; whether a new password is then accepted is the check's decision.
    async fn contains(&self, digest: &LeakDigest) -> Result<bool>;
}

/// Asks a list about passwords, and knows what to do when it does not answer.
#[derive(Clone)]
pub struct LeakCheck {
    list: Arc<dyn LeakedPasswords>,
    timeout: Duration,
    fails_closed: bool,
}

impl LeakCheck {
    /// Asks this list.
    pub fn new(list: impl LeakedPasswords) -> Self {
        Self {
            list: Arc::new(list),
            timeout: Duration::from_secs(2),
            fails_closed: false,
        }
    }

    /// How long the list may take: so much longer do sign-up, sign-in and a change of password take when it is slow. Default 2
    /// seconds, 50 milliseconds to 5 seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Refuses new passwords, with 503, while the list cannot be asked. Default is to accept them and to log it: nobody can sign
    /// up or get back into an account while somebody else's server is down, otherwise.
    #[must_use]
    pub fn refuse_when_unavailable(mut self) -> Self {
        self.fails_closed = true;
        self
    }

    /// Whether a new password has leaked.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] when the list did not answer and nobody is to be let through.
    pub(in crate::password) async fn finds_new(&self, password: &Password) -> Result<bool> {
        match self.ask(password).await {
            Err(error) if self.fails_closed => Err(Error::with_source(ErrorKind::Busy, error).retry_in(self.timeout)),
            answer => Ok(answer.unwrap_or(false)),
        }
    }

    /// Whether a password that is in use has leaked, as far as the list answers.
    pub(in crate::password) async fn finds_old(&self, password: &Password) -> bool {
        self.ask(password).await.unwrap_or(false)
    }

    async fn ask(&self, password: &Password) -> Result<bool> {
        let digest = LeakDigest::of(password);
        let answer = tokio::time::timeout(self.timeout, self.list.contains(&digest))
            .await
            .unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()));
        if let Err(error) = &answer {
            tracing::warn!(
                target: "auth::password",
                error = error as &dyn std::error::Error,
                "the list of leaked passwords did not answer"
            );
        }
        answer
    }

    pub(in crate::password) fn problem(&self) -> Option<ConfigProblem> {
        let bounds = Duration::from_millis(50)..=Duration::from_secs(5);
        (!bounds.contains(&self.timeout)).then(|| {
            ConfigProblem::new(
                "passwords.leak_check.timeout",
                "it is out of bounds.",
                "Use 50 milliseconds to 5 seconds.",
            )
        })
    }
}

impl fmt::Debug for LeakCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeakCheck")
            .field("timeout", &self.timeout)
            .field("fails_closed", &self.fails_closed)
            .finish_non_exhaustive()
    }
}
