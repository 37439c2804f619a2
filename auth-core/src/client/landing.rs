use url::Url;

use super::{ApiError, Extra, GoTrueApi, GoTrueSession};
use crate::{flows::auth_cookie::AuthChangeEvent, secret::WireToken};

/// Somebody came back by a link or from a provider.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Landing {
    /// The session they came with.
    pub session: GoTrueSession,
    /// [`AuthChangeEvent::PasswordRecovery`] when they want a new password, else [`AuthChangeEvent::SignedIn`].
    pub event: AuthChangeEvent,
}

impl GoTrueApi {
    /// Reads the session in the fragment of the page's URL, and asks the server whose it is. Tokens are taken from the
    /// fragment only: in a query they stand in logs.
    ///
    /// # Errors
    /// What the redirect says went wrong, a missing member, and as [`GoTrueApi::get_user`].
    #[doc(alias = "getSessionFromUrl")]
    pub async fn session_from_url(&self, url: &str) -> Result<Landing, ApiError> {
        let (mut session, event) = read(url)?;
        session = session.with_expiry(self.now());
        session.user = Some(Box::new(self.get_user(session.access_token.expose()).await?));
        Ok(Landing { session, event })
    }
}

fn read(url: &str) -> Result<(GoTrueSession, AuthChangeEvent), ApiError> {
    let url = Url::parse(url).map_err(|_| ApiError::of("This is no URL."))?;
    let fragment = url.fragment().unwrap_or_default().as_bytes();
    let fragment: Vec<_> = url::form_urlencoded::parse(fragment).collect();
    let said = |name: &str| {
        let found = fragment.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.to_string())
            .filter(|value| !value.is_empty())
    };
    let failed = said("error_description").or_else(|| {
        let mut query = url.query_pairs();
        query
            .find(|(name, _)| name == "error_description")
            .map(|(_, value)| value.into_owned())
    });
    if let Some(sentence) = failed {
        return Err(ApiError::of(sentence));
    }
    let needed = |name: &str| said(name).ok_or_else(|| ApiError::of(format!("No {name} detected.")));
    let access_token = needed("access_token")?;
    let expires_in = needed("expires_in")?;
    let refresh_token = needed("refresh_token")?;
    let token_type = needed("token_type")?;
    let session = GoTrueSession {
        access_token: access_token.into(),
        token_type,
        expires_in: Some(
            expires_in
                .parse()
                .map_err(|_| ApiError::of("No expires_in detected."))?,
        ),
        expires_at: said("expires_at").and_then(|seconds| seconds.parse().ok()),
        refresh_token: Some(refresh_token.into()),
        provider_token: said("provider_token").map(WireToken::new),
        provider_refresh_token: said("provider_refresh_token").map(WireToken::new),
        user: None,
        extra: Extra::default(),
    };
    let event = match said("type").as_deref() {
        Some("recovery") => AuthChangeEvent::PasswordRecovery,
        _ => AuthChangeEvent::SignedIn,
    };
    Ok((session, event))
}
