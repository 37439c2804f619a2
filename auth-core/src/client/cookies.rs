use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::{ApiError, GoTrueApi, GoTrueUser};
use crate::{
    clock::Timestamp,
    flows::auth_cookie::{AuthCookieError, AuthCookieReply, AuthCookieSession, is_secure_context},
    request::{Effects, RequestView},
    secret::WireToken,
};

/// The user of a request's cookie.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "the effects belong into the response"]
pub struct UserByCookie {
    /// The user.
    pub user: GoTrueUser,
    /// The access token, to be used on the user's behalf.
    pub token: WireToken,
    /// The cookies of a session that was refreshed; empty when it was not.
    pub effects: Effects,
}

/// For a program that is itself a web server, whose pages hold the tokens of another server's sessions.
impl GoTrueApi {
    /// Sets or removes the cookie: the answer to a page that posts `{event, session}`.
    ///
    /// ```
    /// use auth_core::client::GoTrueApi;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let api = GoTrueApi::new("https://example.com/api/auth")?;
    /// let (request, ()) = http::Request::post("/api/cookie").header("host", "example.com").body(())?.into_parts();
    /// let reply = api.set_auth_cookie(&request, br#"{"event":"SIGNED_OUT"}"#)?;
    /// let response = reply.into_response();
    /// assert_eq!(response.body(), "{}");
    /// assert!(response.headers()["set-cookie"].to_str()?.starts_with("sb:token=; "));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`AuthCookies::answer`](crate::AuthCookies::answer).
    #[doc(alias = "setAuthCookie")]
    pub fn set_auth_cookie(&self, view: &dyn RequestView, body: &[u8]) -> Result<AuthCookieReply, AuthCookieError> {
        self.cookies.answer(view, body, self.now())
    }

    /// The `Set-Cookie` values that [`GoTrueApi::set_auth_cookie`] would write. They hold the tokens.
    ///
    /// # Errors
    /// As [`GoTrueApi::set_auth_cookie`].
    #[doc(alias = "getAuthCookieString")]
    pub fn get_auth_cookie_string(
        &self,
        view: &dyn RequestView,
        body: &[u8],
    ) -> Result<Vec<http::HeaderValue>, AuthCookieError> {
        Ok(self.set_auth_cookie(view, body)?.effects().cookies().to_vec())
    }

    /// Removes the cookies and sends the browser on with 307, to `/` unless the application says where.
    ///
    /// # Errors
    /// As [`AuthCookies::delete`](crate::AuthCookies::delete).
    #[doc(alias = "deleteAuthCookie")]
    pub fn delete_auth_cookie(
        &self,
        view: &dyn RequestView,
        redirect_to: Option<&str>,
    ) -> Result<AuthCookieReply, AuthCookieError> {
        self.cookies.delete(view, redirect_to)
    }

    /// The user of the request's cookie. With [two cookies](crate::CookieOptions::two_cookies), a session whose access
    /// token's time is over is refreshed first; the new cookies are in the result and belong into the response.
    ///
    /// # Errors
    /// `No cookie found!` (400), and as [`GoTrueApi::get_user`] and [`GoTrueApi::refresh_access_token`].
    #[doc(alias = "getUserByCookie")]
    pub async fn get_user_by_cookie(&self, view: &dyn RequestView) -> Result<UserByCookie, ApiError> {
        let held = self.cookies.read(view)?;
        let is_over = |token: &WireToken| expiry(token).is_some_and(|expires| expires <= self.now());
        match (held.access_token, held.refresh_token) {
            (Some(token), refresh) if refresh.is_none() || !is_over(&token) => Ok(UserByCookie {
                user: self.get_user(token.expose()).await?,
                token,
                effects: Effects::default(),
            }),
            (_, Some(refresh)) => self.refreshed(view, &refresh).await,
            (_, None) => Err(AuthCookieError::NoCookie.into()),
        }
    }

    async fn refreshed(&self, view: &dyn RequestView, refresh_token: &WireToken) -> Result<UserByCookie, ApiError> {
        // First: a refresh token is used up even if nothing can be done with the new ones.
        let secure = is_secure_context(view)?;
        let session = self.refresh_access_token(refresh_token.expose()).await?;
        let effects = self
            .cookies
            .set(&AuthCookieSession::from(&session), secure, self.now())?;
        let user = match session.user {
            Some(user) => *user,
            None => self.get_user(session.access_token.expose()).await?,
        };
        Ok(UserByCookie {
            user,
            token: session.access_token,
            effects,
        })
    }
}

/// What a JWT says of its end, unverified: a lie makes its holder refresh too early, or be refused by the server.
fn expiry(token: &WireToken) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let payload = token.expose().split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let Claims { exp } = serde_json::from_slice(&claims).ok()?;
    Some(Timestamp::from_unix_ms(exp.saturating_mul(1_000)))
}
