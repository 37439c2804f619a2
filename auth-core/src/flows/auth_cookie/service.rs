use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use zeroize::Zeroizing;

use super::{
    AuthChangeEvent, AuthCookieError, AuthCookieReply, AuthCookieSession, CookieOptions, event::read_body,
    is_secure_context,
};
use crate::{
    clock::Timestamp,
    request::{CookieReading, CookieWriter, Effects, RequestView, read_cookie},
    secret::WireToken,
};

/// Writes, removes and reads the cookies of a page that holds its tokens itself; the door of this module has an example.
#[derive(Clone, Debug, Default)]
pub struct AuthCookies {
    options: CookieOptions,
}

impl AuthCookies {
    /// Cookies as these options say.
    pub fn new(options: CookieOptions) -> Self {
        Self { options }
    }

    /// The answer to the page's request: its method, the body `{event, session}`, and cookies that follow from it. The
    /// host decides about `Secure`; who knows better uses [`AuthCookies::change`].
    ///
    /// # Errors
    /// [`AuthCookieError::EventMissing`], [`AuthCookieError::SessionMissing`], [`AuthCookieError::HostMissing`],
    /// [`AuthCookieError::TooLong`].
    #[doc(alias = "setAuthCookie")]
    pub fn answer(
        &self,
        view: &dyn RequestView,
        body: &[u8],
        now: Timestamp,
    ) -> Result<AuthCookieReply, AuthCookieError> {
        if view.method() != "POST" {
            return Ok(AuthCookieReply::method_not_allowed());
        }
        let (event, session) = read_body(body)?;
        let secure = is_secure_context(view)?;
        self.change(event, session.as_ref(), secure, now)
            .map(AuthCookieReply::done)
    }

    /// The cookies that follow from an event: set when somebody signed in or has new tokens, removed when somebody signed
    /// out, and untouched by everything else.
    ///
    /// ```
    /// use auth_core::{AuthChangeEvent, AuthCookies, Timestamp};
    ///
    /// let cookies = AuthCookies::default();
    /// let effects = cookies.change(AuthChangeEvent::SignedOut, None, true, Timestamp::from_unix_ms(0))?;
    /// assert!(effects.cookies()[0].to_str().unwrap().contains("; Max-Age=0;"));
    /// let effects = cookies.change(AuthChangeEvent::UserUpdated, None, true, Timestamp::from_unix_ms(0))?;
    /// assert!(effects.is_empty());
    /// # Ok::<(), auth_core::AuthCookieError>(())
    /// ```
    ///
    /// # Errors
    /// [`AuthCookieError::SessionMissing`] when somebody signed in without a session, [`AuthCookieError::TooLong`].
    pub fn change(
        &self,
        event: AuthChangeEvent,
        session: Option<&AuthCookieSession>,
        secure: bool,
        now: Timestamp,
    ) -> Result<Effects, AuthCookieError> {
        match event {
            AuthChangeEvent::SignedIn | AuthChangeEvent::TokenRefreshed => {
                let session = session.filter(|session| !session.access_token.is_empty());
                self.set(session.ok_or(AuthCookieError::SessionMissing)?, secure, now)
            }
            AuthChangeEvent::SignedOut => Ok(self.clear(secure)),
            _ => Ok(Effects::default()),
        }
    }

    /// The cookies of a session. With [two cookies](CookieOptions::two_cookies), one that cannot be renewed removes an
    /// earlier session's refresh cookie.
    ///
    /// # Errors
    /// [`AuthCookieError::TooLong`].
    pub fn set(&self, session: &AuthCookieSession, secure: bool, now: Timestamp) -> Result<Effects, AuthCookieError> {
        let expires = now + self.options.kept_for();
        let (access, refresh) = self.writers(secure);
        let write = |writer: &CookieWriter, token: &WireToken| {
            let value = Zeroizing::new(utf8_percent_encode(token.expose(), NOT_IN_A_COMPONENT).to_string());
            if writer.fits(&value) {
                Ok(writer.set(&value, now, expires, true))
            } else {
                Err(AuthCookieError::TooLong)
            }
        };
        let mut effects = Effects::default();
        effects.set_cookie(write(&access, &session.access_token)?);
        if let Some(refresh) = refresh {
            effects.set_cookie(match &session.refresh_token {
                Some(token) => write(&refresh, token)?,
                None => refresh.clear(),
            });
        }
        Ok(effects)
    }

    /// Removes the cookies, with the Domain and Path they were set with.
    pub fn clear(&self, secure: bool) -> Effects {
        let (access, refresh) = self.writers(secure);
        let mut effects = Effects::default();
        for writer in [Some(access), refresh].into_iter().flatten() {
            effects.set_cookie(writer.clear());
        }
        effects
    }

    /// Removes the cookies and sends the browser on, to `/` or a page of the application's choice. The target is taken as
    /// it is: it must not be a stranger's.
    ///
    /// # Errors
    /// [`AuthCookieError::HostMissing`].
    #[doc(alias = "deleteAuthCookie")]
    pub fn delete(
        &self,
        view: &dyn RequestView,
        redirect_to: Option<&str>,
    ) -> Result<AuthCookieReply, AuthCookieError> {
        let effects = self.clear(is_secure_context(view)?);
        Ok(AuthCookieReply::elsewhere(effects, redirect_to.unwrap_or("/")))
    }

    /// The tokens in the request's cookies.
    ///
    /// # Errors
    /// [`AuthCookieError::NoCookie`], [`AuthCookieError::Ambiguous`].
    pub fn read(&self, view: &dyn RequestView) -> Result<HeldCookies, AuthCookieError> {
        let (access, refresh) = self.writers(true);
        let read = |writer: &CookieWriter| match read_cookie(writer.name(), view) {
            CookieReading::Conflict => Err(AuthCookieError::Ambiguous),
            CookieReading::Missing => Ok(None),
            CookieReading::One(value) => {
                let decoded = percent_decode_str(&value).decode_utf8().ok();
                Ok(decoded.map(WireToken::new).filter(|token| !token.is_empty()))
            }
        };
        let held = HeldCookies {
            access_token: read(&access)?,
            refresh_token: refresh.as_ref().map_or(Ok(None), read)?,
        };
        if held.access_token.is_none() && held.refresh_token.is_none() {
            return Err(AuthCookieError::NoCookie);
        }
        Ok(held)
    }

    fn writers(&self, secure: bool) -> (CookieWriter, Option<CookieWriter>) {
        let secure = secure || self.options.needs_secure();
        let (access, refresh) = self.options.configs();
        let refresh = refresh.map(|refresh| CookieWriter::new(&refresh, secure));
        (CookieWriter::new(&access, secure), refresh)
    }
}

/// The tokens a request's cookies hold; one of them at least.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HeldCookies {
    /// What opens the session.
    pub access_token: Option<WireToken>,
    /// What renews it; never there with a single cookie.
    pub refresh_token: Option<WireToken>,
}

/// What `encodeURIComponent` of ECMAScript encodes.
pub(crate) const NOT_IN_A_COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');
