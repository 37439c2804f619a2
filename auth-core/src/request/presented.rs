//! The session that came with a request, for routes that end it or give it a new secret.

use std::time::Duration;

use super::{AuthRequest, seen::Credentials};
use crate::{
    error::{ErrorKind, Result},
    flows::sessions::Lookup,
    model::{Session, SessionRecord},
    secret::SessionToken,
};

impl AuthRequest {
    /// The live session of the token that came with the request, unrenewed; a token that opens nothing is `None`, and
    /// its cookie is cleared.
    pub(crate) async fn presented_session(&self) -> Result<Option<SessionRecord>> {
        let is_cookie = match &self.seen().credentials {
            Credentials::None => return Ok(None),
            Credentials::Tokens(presented) => return self.presented_token_session(presented).await,
            Credentials::Bearer(_) => false,
            Credentials::Cookie(_) => true,
        };
        let auth = self.auth();
        let found = match self.session_token() {
            Some(token) => auth.look_up(token, Lookup::Session, auth.now(), self.client()).await,
            None => Err(ErrorKind::InvalidSessionId.into()),
        };
        match found {
            Ok((session, _)) => Ok(Some(session.into_record())),
            Err(error) if error.kind() == ErrorKind::InvalidSessionId => {
                if is_cookie {
                    self.delete_all_cookies();
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Ends the session whose cookie came with the request, when another takes its place.
    pub(crate) async fn end_presented_session(&self) -> Result<()> {
        match self.presented_session().await? {
            Some(session) => {
                let ended = self
                    .auth()
                    .end_session(&session.id, Some(&session.user_id), self.client());
                ended.await.map(drop)
            }
            None => Ok(()),
        }
    }

    /// The token that opens the session: the one that came, or what its renewal by this very request gave.
    pub(super) fn session_token(&self) -> Option<&SessionToken> {
        match &self.seen().credentials {
            Credentials::Bearer(token) | Credentials::Cookie(token) => self.asked().rotated.get().or(token.as_ref()),
            Credentials::None | Credentials::Tokens(_) => None,
        }
    }

    /// Whether the request's token opens the session as the store has it: it may have been found by what a cache or a replica
    /// remembers.
    pub(crate) fn still_opens(&self, record: &SessionRecord) -> bool {
        match &self.seen().credentials {
            // Its line was looked up.
            Credentials::Tokens(_) => true,
            _ => {
                let now = self.auth().now();
                let opens = |token: &SessionToken| record.is_opened_by(&token.digest(), now);
                self.session_token().is_some_and(opens)
            }
        }
    }

    /// Gives the session of the request's cookie a new secret, with no grace for any other: not for the one that came, nor for
    /// one it was replaced by a moment ago, which a thief may hold. Where somebody else is quicker still, the session ends.
    pub(crate) async fn replace_secret(&self, session: &Session) -> Result<()> {
        let auth = self.auth();
        match &self.seen().credentials {
            Credentials::Tokens(_) => return self.replace_tokens(session).await,
            Credentials::Cookie(_) => {}
            // A bearer client could not learn it.
            Credentials::Bearer(_) | Credentials::None => return Ok(()),
        }
        let now = auth.now();
        // A grace that is over before it begins.
        let ended = now - Duration::from_millis(1);
        // The store's own row: this very request may have renewed the session.
        let replaced = match auth.inner.adapter.get_session(&session.id).await? {
            Some(row) => auth.rotate(&row, &row.secret_digest, now, ended, self.client()).await?,
            None => None,
        };
        if replaced.is_none() {
            auth.end_session(&session.id, Some(&session.user_id), self.client())
                .await?;
        }
        self.set_session(replaced.as_ref());
        Ok(())
    }
}
