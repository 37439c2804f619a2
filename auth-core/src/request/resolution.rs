//! Finds out who is signed in, once: the opaque strategy; for tokens see `token_request`.

use std::sync::Arc;

use tracing::Instrument;

use super::{
    AuthRequest,
    memo::{Absence, Found, Memo},
    seen::Credentials,
};
use crate::{
    error::{Error, ErrorKind, Result},
    flows::sessions::{Lookup, Renewal},
    model::{Session, SessionState, SharedSession, User},
    secret::SessionToken,
};

impl AuthRequest {
    pub(super) async fn find<'a>(&self, memo: &'a Memo, lookup: Lookup) -> Result<&'a Found> {
        // Boxed, so that a handler's own future, which holds this one, stays of a size that allocators are quick with.
        memo.session.get_or_find(|| Box::pin(self.resolve(lookup))).await
    }

    /// The table of the manual's `sessions` page, row by row.
    async fn resolve(&self, lookup: Lookup) -> Result<Found> {
        let nothing = Found::Nothing(Absence::Unauthenticated);
        let renewal = match &self.seen().credentials {
            Credentials::None => return Ok(nothing),
            Credentials::Tokens(presented) => return self.resolve_tokens(presented, lookup).await,
            Credentials::Bearer(_) => Renewal::Extend,
            Credentials::Cookie(_) => {
                if self.check_origin().is_err() {
                    return Ok(Found::Nothing(Absence::OriginRefused));
                }
                Renewal::Rotate
            }
        };
        let found = match self.session_token() {
            Some(token) => self.open(token, lookup, renewal).await,
            None => Err(ErrorKind::InvalidSessionId.into()),
        };
        match found {
            Ok((session, user)) => Ok(Found::Session(session, user)),
            Err(error) if error.kind() == ErrorKind::InvalidSessionId => {
                if renewal == Renewal::Rotate {
                    self.delete_all_cookies();
                }
                Ok(nothing)
            }
            Err(error) => Err(error),
        }
    }

    async fn open(
        &self,
        token: &SessionToken,
        lookup: Lookup,
        renewal: Renewal,
    ) -> Result<(Arc<Session>, Option<Arc<User>>)> {
        let auth = self.auth();
        let now = auth.now();
        let (record, user) = auth.look_up(token, lookup, now, self.client()).await?;
        if record.state(now) != SessionState::Active {
            // Boxed, because it is large and rare, and every request carries the future about.
            let session = Box::pin(self.renew_detached(record, token, renewal)).await?;
            return Ok((session, user));
        }
        if auth.is_touch_due(&record, now) {
            Box::pin(auth.touch(&record, now)).await?;
        }
        Ok((record.opened_with(token, now), user))
    }

    /// Renews in a task of its own, and tells the client its new secret.
    async fn renew_detached(
        &self,
        record: Arc<SharedSession>,
        token: &SessionToken,
        renewal: Renewal,
    ) -> Result<Arc<Session>> {
        let request = self.clone();
        let token = token.clone();
        let now = self.auth().now();
        let record = record.into_record();
        let valid = detached(async move {
            request
                .auth()
                .renew_if_idle(record, &token, renewal, now, request.client())
                .await
        })
        .await?;
        if let Some(token) = valid.renewed {
            self.set_cookie(&valid.session, &token);
            let _ = self.asked().rotated.set(token);
        }
        Ok(Arc::new(valid.session))
    }

    pub(super) fn set_cookie(&self, session: &Session, token: &SessionToken) {
        let auth = self.auth();
        let cookie = auth
            .inner
            .cookies
            .set(&token.expose(), auth.now(), session.expires(), session.persistent);
        self.add_cookie(cookie);
    }
}

/// Runs an act in a task of its own: a client that disconnects drops its handler, and must not cut the act in half.
pub(super) async fn detached<T: Send + 'static>(act: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    tokio::spawn(act.in_current_span())
        .await
        .map_err(|error| Error::with_source(ErrorKind::Unknown, error))?
}
