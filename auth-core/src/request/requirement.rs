use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::Response;

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerifySession {
    pub(super) check_store: bool,
    pub(super) anti_csrf: Option<bool>,
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

    /// Whether the configured anti-CSRF check is made, whatever the method. Where several say something, yes wins; with
    /// [`AntiCsrf::None`](crate::AntiCsrf::None) there is nothing to check.
    #[must_use]
    pub fn anti_csrf(mut self, check: bool) -> Self {
        self.anti_csrf = Some(check);
        self
    }

    /// Both at once: the stricter of each.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            check_store: self.check_store || other.check_store,
            anti_csrf: match (self.anti_csrf, other.anti_csrf) {
                (Some(one), Some(two)) => Some(one || two),
                (one, two) => one.or(two),
            },
            optional: self.optional && other.optional,
        }
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

/// What a guard does with a request that is not refused.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a guard must know what to do with each")]
#[must_use = "a preflight is answered, and never reaches the guarded handler"]
pub enum Passage {
    /// Answers it like this: a CORS preflight asks what may be sent, and comes without credentials by design (Fetch §4.8), so
    /// no handler behind a guard may run for it.
    Answer(Box<Response<Bytes>>),
    /// Lets it through.
    Open,
}

impl AuthRequest {
    /// Whether the request meets a requirement, or why it is refused. A preflight need not meet it, and is answered: as
    /// [`Auth::preflight`](crate::Auth::preflight) does with the method it asks for, or with nothing but 204 when its origin
    /// is not trusted. Any other `OPTIONS` is a request like all others.
    ///
    /// # Errors
    /// As [`AuthRequest::require_user`], [`AuthRequest::require_fresh`] and [`AuthRequest::verify_session`].
    pub async fn require(&self, requirement: Requirement) -> Result<Passage> {
        if let Some(answer) = &self.seen().preflight {
            return Ok(Passage::Answer(answer.clone()));
        }
        match requirement {
            Requirement::Fresh(age) => self.require_fresh(age).await.map(drop),
            Requirement::Session(wanted) => self.verify_session(wanted).await.map(drop),
            Requirement::User => self.require_user().await.map(drop),
        }
        .map(|()| Passage::Open)
    }

    /// As [`AuthRequest::require_session`], with what a route asks beyond the configuration. What was found under less is
    /// found out again.
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
}
