use std::{sync::Arc, time::Duration};

use super::AuthRequest;
use crate::{error::Result, model::Session};

/// What a route asks of a session, beyond the configuration.
///
/// ```
/// use auth_core::VerifySession;
///
/// let strict = VerifySession::default().check_store(true).anti_csrf(true);
/// # let _ = strict;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifySession {
    check_store: bool,
    anti_csrf: Option<bool>,
    optional: bool,
}

impl VerifySession {
    /// Whether to ask the store whether the session still is, although its access token is good. Without effect on
    /// opaque sessions, which are always asked for.
    #[must_use]
    pub fn check_store(mut self, check: bool) -> Self {
        self.check_store = check;
        self
    }

    /// Whether the anti-CSRF check is made, whatever the method.
    #[must_use]
    pub fn anti_csrf(mut self, check: bool) -> Self {
        self.anti_csrf = Some(check);
        self
    }

    /// Whether a request without a session may pass.
    #[must_use]
    pub fn optional(mut self, optional: bool) -> Self {
        self.optional = optional;
        self
    }
}

/// What a guard lets through; the same in every framework.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Requirement {
    /// A session whose owner proved who they are at most so long ago.
    Fresh(Duration),
    /// A session, checked as asked.
    Session(VerifySession),
    /// A signed-in user: a banned or deleted one does not pass.
    User,
}

impl AuthRequest {
    /// Whether the request meets a requirement, or why it is refused.
    ///
    /// # Errors
    /// As [`AuthRequest::require_user`], [`AuthRequest::require_fresh`] and [`AuthRequest::verify_session`].
    pub async fn require(&self, requirement: Requirement) -> Result<()> {
        match requirement {
            Requirement::Fresh(age) => self.require_fresh(age).await.map(drop),
            Requirement::Session(wanted) => self.verify_session(wanted).await.map(drop),
            Requirement::User => self.require_user().await.map(drop),
        }
    }

    /// As [`AuthRequest::require_session`], with what a route asks beyond the configuration. To be called before
    /// anything else asks for the session: what was found is remembered.
    ///
    /// # Errors
    /// As [`AuthRequest::require_session`]; without a session `None`, when that is allowed.
    pub async fn verify_session(&self, wanted: VerifySession) -> Result<Option<Arc<Session>>> {
        self.want(wanted);
        if wanted.optional {
            return self.validate().await;
        }
        self.require_session().await.map(Some)
    }

    /// The first call counts.
    pub(crate) fn want(&self, wanted: VerifySession) {
        let _ = self.asked().wanted.set(wanted);
    }

    pub(super) fn store_wanted(&self) -> bool {
        self.asked().wanted.get().is_some_and(|wanted| wanted.check_store)
    }

    pub(super) fn anti_csrf_wanted(&self) -> Option<bool> {
        self.asked().wanted.get().and_then(|wanted| wanted.anti_csrf)
    }
}
