use std::sync::Arc;

use crate::{
    error::{ErrorKind, Result},
    http::Call,
    id::{SessionId, UserId},
    model::Session,
    request::Client,
};

/// Who administrates.
pub(crate) enum Administrator {
    /// Whoever holds a token that the server signed, with this role; it has no session.
    Program(String),
    /// Somebody who is signed in and has just proven who they are.
    Person(Arc<Session>),
}

impl Administrator {
    /// The session in which an administrator looks after their own account.
    pub(super) fn session_of(&self, user_id: &UserId) -> Option<&SessionId> {
        match self {
            Self::Person(session) if session.user_id == *user_id => Some(&session.id),
            _ => None,
        }
    }

    /// From where the request came, and whose it is: what is done is written down with both.
    pub(crate) fn client(&self, call: &Call) -> Client {
        Client {
            administrator: Some(match self {
                Self::Program(role) => role.clone(),
                Self::Person(session) => session.user_id.to_string(),
            }),
            ..call.request.client().clone()
        }
    }
}

impl Call {
    /// Lets administrators pass.
    ///
    /// # Errors
    /// [`ErrorKind::NotAuthenticated`] without any proof, [`ErrorKind::BadJwt`] when the bearer token is nobody's,
    /// [`ErrorKind::NotAdmin`] for everybody else, [`ErrorKind::InvalidRequest`] when another site's page may have sent the
    /// request, whatever its method; [`ErrorKind::ReauthenticationNeeded`] for an administrator whose proof is not fresh.
    pub(crate) async fn require_admin(&self) -> Result<Administrator> {
        let roles = &self.auth.inner.config.admin.roles;
        let is_admin = |role: &str| !role.is_empty() && roles.iter().any(|admin| admin == role);
        if let Some(role) = self
            .bearer
            .as_deref()
            .and_then(|token| self.auth.role_of_service_token(token))
        {
            return if is_admin(&role) {
                Ok(Administrator::Program(role))
            } else {
                Err(ErrorKind::NotAdmin.into())
            };
        }
        if self.is_from_elsewhere && !self.request.is_bearer() {
            return Err(ErrorKind::InvalidRequest.into());
        }
        let (session, user) = self.require_user().await?;
        if !is_admin(&user.role) {
            return Err(ErrorKind::NotAdmin.into());
        }
        let age = self.auth.now().since(session.authenticated_at());
        if age > self.auth.inner.config.sessions.fresh_for {
            return Err(ErrorKind::ReauthenticationNeeded.into());
        }
        Ok(Administrator::Person(session))
    }
}
