use crate::{
    error::{Error, ErrorKind, Result},
    http::Call,
};

impl Call {
    /// Lets administrators pass.
    ///
    /// # Errors
    /// [`ErrorKind::NotAuthenticated`] without any proof, [`ErrorKind::BadJwt`] when the bearer token is nobody's,
    /// [`ErrorKind::NotAdmin`] for everybody else, [`ErrorKind::ReauthenticationNeeded`] for an administrator whose proof is
    /// not fresh.
    pub(crate) async fn require_admin(&self) -> Result<()> {
        let roles = &self.auth.inner.config.admin.roles;
        let is_admin = |role: &str| !role.is_empty() && roles.iter().any(|admin| admin == role);
        if let Some(role) = self
            .bearer
            .as_deref()
            .and_then(|token| self.auth.role_of_service_token(token))
        {
            return if is_admin(&role) {
                Ok(())
            } else {
                Err(ErrorKind::NotAdmin.into())
            };
        }
        let required = self.request.require_user_of_route().await;
        let (session, user) = required.map_err(|error| match error.kind() {
            ErrorKind::InvalidSessionId | ErrorKind::TryRefreshToken if self.looks_like_jwt() => {
                Error::from(ErrorKind::BadJwt)
            }
            _ => error,
        })?;
        if !is_admin(&user.role) {
            return Err(ErrorKind::NotAdmin.into());
        }
        let age = self.auth.now().since(session.authenticated_at());
        if age > self.auth.inner.config.sessions.fresh_for {
            return Err(ErrorKind::ReauthenticationNeeded.into());
        }
        Ok(())
    }

    fn looks_like_jwt(&self) -> bool {
        self.bearer.as_ref().is_some_and(|token| token.split('.').count() == 3)
    }
}
