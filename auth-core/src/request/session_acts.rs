//! What a handler does with the session of its request, beyond knowing it: the methods of seed 004's `Session`.

use super::AuthRequest;
use crate::{
    error::{Error, ErrorKind, Result},
    model::JsonObject,
};

impl AuthRequest {
    /// Ends the session of the request and clears its cookies; answers whether the store still had it. The cookies go
    /// even if it was over before.
    ///
    /// # Errors
    /// As [`AuthRequest::require_session`], and [`ErrorKind::DatabaseUpdateFailed`]: the cookies stay then.
    #[doc(alias = "revokeSession")]
    pub async fn revoke(&self) -> Result<bool> {
        let session = self.require_session().await?;
        let was_there = self
            .auth()
            .end_session(&session.id, Some(&session.user_id), self.client())
            .await?;
        self.set_session(None);
        Ok(was_there)
    }

    /// What stays in the database with the session of the request.
    ///
    /// # Errors
    /// As [`AuthRequest::require_session`]; [`ErrorKind::Unauthorised`] when the session has ended, and the cookies are
    /// cleared; [`ErrorKind::DatabaseFetchFailed`].
    #[doc(alias = "getSessionData")]
    pub async fn data(&self) -> Result<JsonObject> {
        let session = self.require_session().await?;
        let data = self.auth().get_session_data(&session.id).await;
        self.cleared_when_gone(data)
    }

    /// Replaces what stays in the database with the session of the request.
    ///
    /// # Errors
    /// As [`AuthRequest::data`], and [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "updateSessionData")]
    pub async fn update_data(&self, data: JsonObject) -> Result<()> {
        let session = self.require_session().await?;
        let updated = self.auth().update_session_data(&session.id, data).await;
        self.cleared_when_gone(updated)
    }

    fn cleared_when_gone<T>(&self, result: Result<T>) -> Result<T> {
        let is_gone = |error: &Error| error.kind() == ErrorKind::Unauthorised;
        if result.as_ref().is_err_and(is_gone) {
            self.set_session(None);
        }
        result
    }
}
