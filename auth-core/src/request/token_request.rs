//! [`AuthRequest`] under the token strategy: which tokens count, when they are renewed, and what the client is told.

use std::sync::Arc;

use super::{
    AuthRequest, CookieReading, PresentedTokens,
    memo::{Absence, Found},
    resolution::detached,
    seen::Credentials,
    tokens::Place,
};
use crate::{
    error::{Error, ErrorKind, Result},
    flows::{
        sessions::Lookup,
        tokens::{
            AntiCsrf, OpenedSession, RefreshAt, RefreshedSession, SessionTokens, TokenStrategy, VerifiedClaims,
            check_anti_csrf, is_behind,
        },
    },
    model::{Session, SessionRecord, User},
};

impl AuthRequest {
    /// The table of the manual's `tokens` page.
    pub(super) async fn resolve_tokens(&self, presented: &PresentedTokens, lookup: Lookup) -> Result<Found> {
        let strategy = self.auth().strategy()?;
        match presented.access_place(strategy.config.transfer) {
            Place::Nowhere => Ok(Found::Nothing(Absence::Unauthorised)),
            Place::Header => {
                let token = presented.bearer.as_deref().unwrap_or_default();
                match self.open_access(strategy, token, None, Place::Header, lookup).await {
                    Ok((session, user)) => Ok(Found::Session(session, user)),
                    Err(error) if error.kind() == ErrorKind::Unauthorised => {
                        self.clear_tokens(strategy, Place::Header);
                        Ok(Found::Nothing(Absence::Unauthorised))
                    }
                    Err(error) => Err(error),
                }
            }
            Place::Cookie => self.resolve_cookies(strategy, presented, lookup).await,
        }
    }

    async fn resolve_cookies(
        &self,
        strategy: &TokenStrategy,
        presented: &PresentedTokens,
        lookup: Lookup,
    ) -> Result<Found> {
        if self.check_origin().is_err() {
            return Ok(Found::Nothing(Absence::OriginRefused));
        }
        if presented.is_unmarked(strategy) {
            // Whoever removed the marker signed out.
            return Ok(self.gone(strategy));
        }
        let expected = self.anti_csrf_of(strategy, presented)?;
        let opened = match &presented.access {
            CookieReading::One(token) => self.open_access(strategy, token, expected, Place::Cookie, lookup).await,
            CookieReading::Missing | CookieReading::Conflict => Err(ErrorKind::TryRefreshToken.into()),
        };
        let refused = match opened {
            Ok((session, user)) => return Ok(Found::Session(session, user)),
            Err(error) => error,
        };
        match (refused.kind(), strategy.config.refresh_at) {
            // A request that must carry the session's value cannot be let through by other means.
            (ErrorKind::TryRefreshToken, _) if expected.is_some() => return Err(refused),
            (ErrorKind::TryRefreshToken | ErrorKind::Unauthorised, RefreshAt::Request) => {}
            (ErrorKind::Unauthorised, RefreshAt::Endpoint) => return Ok(self.gone(strategy)),
            _ => return Err(refused),
        }
        // Boxed, because it is large and rare, and every request carries the future about.
        Box::pin(self.refresh_instead(strategy, presented)).await
    }

    /// When the access token does not open the session, the refresh token does: once a request, whatever is asked anew.
    async fn refresh_instead(&self, strategy: &TokenStrategy, presented: &PresentedTokens) -> Result<Found> {
        let token = match &presented.refresh {
            CookieReading::One(token) => token,
            CookieReading::Missing => return Ok(self.gone(strategy)),
            // One is planted, and clearing would only take the owner's.
            CookieReading::Conflict => return Err(ErrorKind::TryRefreshToken.into()),
        };
        let renewed = &self.asked().renewed;
        if let Some(session) = renewed.get() {
            return self.look_again(strategy, session).await;
        }
        // Of whoever is first, for the others asked for.
        let mut user = None;
        let renew = async || {
            let refreshed = self.detached_refresh(token.clone()).await?;
            if let Some(tokens) = &refreshed.tokens {
                self.set_tokens(strategy, tokens);
            }
            user = Some(Arc::new(refreshed.user));
            Ok::<_, Error>(Arc::new(refreshed.session))
        };
        match renewed.get_or_find(renew).await {
            Ok(session) => Ok(Found::Session(Arc::clone(session), user)),
            Err(error) => match error.kind() {
                ErrorKind::TokenTheft => {
                    self.clear_tokens(strategy, Place::Cookie);
                    Ok(Found::Nothing(Absence::Theft))
                }
                ErrorKind::Unauthorised => Ok(self.gone(strategy)),
                _ => Err(error),
            },
        }
    }

    /// The session that this request has renewed, if it still is.
    async fn look_again(&self, strategy: &TokenStrategy, session: &Arc<Session>) -> Result<Found> {
        let Some((_, user)) = self.auth().live_session_and_user(&session.id).await? else {
            return Ok(self.gone(strategy));
        };
        Ok(Found::Session(Arc::clone(session), Some(Arc::new(user))))
    }

    async fn open_access(
        &self,
        strategy: &TokenStrategy,
        token: &str,
        anti_csrf: Option<&str>,
        place: Place,
        lookup: Lookup,
    ) -> Result<(Arc<Session>, Option<Arc<User>>)> {
        let claims = strategy.verify(self.auth(), token).await?;
        check_anti_csrf(strategy.config.anti_csrf, &claims, anti_csrf)?;
        let check_store = strategy.config.check_store || self.wanted().check_store;
        if claims.is_confirmed() && !claims.is_of_others() && !check_store {
            return Ok((claims.shared_session(), None));
        }
        // Boxed, because it is large, and most requests stop above.
        let (opened, user) = Box::pin(self.open_in_store(strategy, claims, check_store, lookup)).await?;
        Ok((self.hand_out(strategy, opened, place), user))
    }

    /// What claims open that the store has to be asked about.
    async fn open_in_store(
        &self,
        strategy: &TokenStrategy,
        claims: Arc<VerifiedClaims>,
        check_store: bool,
        lookup: Lookup,
    ) -> Result<(OpenedSession, Option<Arc<User>>)> {
        let auth = self.auth();
        if claims.is_confirmed() && check_store && lookup == Lookup::WithUser {
            let (record, user) = auth.session_and_user_of(&claims, auth.now()).await?;
            let straggler = is_behind(&record, &claims);
            let mut opened = auth.open_claims(strategy, claims, false, true, self.client()).await?;
            opened.session.straggler |= straggler;
            return Ok((opened, Some(Arc::new(user))));
        }
        if claims.is_confirmed() {
            let opened = auth.open_claims(strategy, claims, check_store, true, self.client());
            return Ok((opened.await?, None));
        }
        // The first use writes: in a task of its own, which a client that disconnects does not cut in half.
        let request = self.clone();
        let takes_tokens = self.takes_tokens();
        let opened = detached(async move {
            let auth = request.auth();
            auth.open_claims(auth.strategy()?, claims, check_store, takes_tokens, request.client())
                .await
        });
        Ok((opened.await?, None))
    }

    /// Refreshes in a task of its own.
    pub(crate) async fn detached_refresh(&self, token: String) -> Result<RefreshedSession> {
        let request = self.clone();
        let refreshed = detached(async move { request.auth().refresh_for(&token, request.client()).await }).await;
        self.diagnose_refresh(&refreshed);
        refreshed
    }

    /// For the endpoint: renews by the refresh token the request came with, and hands the new ones back the same way.
    pub(crate) async fn refresh_tokens(&self) -> Result<RefreshedSession> {
        let strategy = self.auth().strategy()?;
        let Credentials::Tokens(presented) = &self.seen().credentials else {
            return Err(ErrorKind::Unauthorised.into());
        };
        let place = presented.refresh_place(strategy.config.transfer);
        let token = match (place, &presented.refresh) {
            (Place::Header, _) => presented.bearer.clone().unwrap_or_default(),
            (Place::Cookie, CookieReading::One(token)) => {
                self.check_origin_of_cookies()?;
                let is_guarded = strategy.config.anti_csrf != AntiCsrf::Header || presented.has_custom_header;
                if is_guarded && !presented.is_unmarked(strategy) {
                    token.clone()
                } else {
                    String::new()
                }
            }
            (Place::Cookie, CookieReading::Conflict) => {
                self.check_origin_of_cookies()?;
                return Err(ErrorKind::AmbiguousCookies.into());
            }
            _ => String::new(),
        };
        let refreshed = match self.detached_refresh(token).await {
            Ok(refreshed) => refreshed,
            Err(error) => {
                if matches!(error.kind(), ErrorKind::Unauthorised | ErrorKind::TokenTheft) {
                    self.clear_tokens(strategy, Place::Cookie);
                    self.clear_tokens(strategy, Place::Header);
                }
                return Err(error);
            }
        };
        match (&refreshed.tokens, place) {
            (Some(tokens), Place::Header) => {
                if presented.refresh != CookieReading::Missing {
                    self.clear_tokens(strategy, Place::Cookie);
                }
                self.hand_over(tokens);
            }
            (Some(tokens), _) => {
                if presented.bearer.is_some() {
                    self.clear_tokens(strategy, Place::Header);
                }
                self.set_tokens(strategy, tokens);
            }
            // Its client has newer tokens already, or is being sent them.
            (None, Place::Header) => return Err(ErrorKind::RefreshConflict.into()),
            // Their cookies stay. Scripts are told that there is a session, and to ask again how long its access token is good.
            (None, _) => {
                let (auth, now) = (self.auth(), self.auth().now());
                let claims = strategy
                    .front_claims(auth, &refreshed.session, &refreshed.user, now)
                    .await?;
                self.with_effects(|effects| effects.tell_front_until(&claims, now));
            }
        }
        Ok(refreshed)
    }

    /// The session of the access or else the refresh token that came along, as it stands in the store.
    pub(super) async fn presented_token_session(&self, presented: &PresentedTokens) -> Result<Option<SessionRecord>> {
        let auth = self.auth();
        let strategy = auth.strategy()?;
        let (access, refresh) = match presented.access_place(strategy.config.transfer) {
            Place::Nowhere => return Ok(None),
            Place::Header => (presented.bearer.as_deref(), None),
            Place::Cookie => (one(&presented.access), one(&presented.refresh)),
        };
        let by_access = match access {
            Some(token) => strategy.verify(auth, token).await,
            None => Err(ErrorKind::TryRefreshToken.into()),
        };
        let found = match (by_access, refresh) {
            // A line that is over speaks for nobody: not even for ending what it was of.
            (Ok(claims), refresh) => match (auth.session_of_line(strategy, &claims).await, refresh) {
                (Err(error), Some(token)) if error.kind() == ErrorKind::TryRefreshToken => {
                    auth.session_of_refresh_token(token).await
                }
                (found, _) => found,
            },
            (Err(error), Some(token)) if !error.is_store_failure() => auth.session_of_refresh_token(token).await,
            (Err(error), _) => Err(error),
        };
        match found {
            Ok(session) => Ok(Some(session)),
            Err(error) if matches!(error.kind(), ErrorKind::Unauthorised | ErrorKind::TryRefreshToken) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The session of the access token, never renewed and never confirmed; otherwise checked as always.
    pub(super) async fn read_access_token(&self, presented: &PresentedTokens) -> Result<Session> {
        let auth = self.auth();
        let strategy = auth.strategy()?;
        let (token, expected) = match presented.access_place(strategy.config.transfer) {
            Place::Nowhere => return Err(ErrorKind::Unauthorised.into()),
            Place::Header => (presented.bearer.as_deref(), None),
            Place::Cookie => {
                if presented.is_unmarked(strategy) {
                    return Err(ErrorKind::Unauthorised.into());
                }
                (one(&presented.access), self.anti_csrf_of(strategy, presented)?)
            }
        };
        let claims = strategy.verify(auth, token.ok_or(ErrorKind::TryRefreshToken)?).await?;
        check_anti_csrf(strategy.config.anti_csrf, &claims, expected)?;
        let check_store = strategy.config.check_store || self.wanted().check_store;
        match check_store || claims.is_of_others() || !claims.is_confirmed() {
            true => auth.check_line(strategy, &claims).await,
            false => Ok(claims.session()),
        }
    }

    /// What the request must carry on top of its cookies, if anything.
    ///
    /// # Errors
    /// [`ErrorKind::TryRefreshToken`] when a header is missing.
    fn anti_csrf_of<'a>(&self, strategy: &TokenStrategy, presented: &'a PresentedTokens) -> Result<Option<&'a str>> {
        let guarded = self.wanted().anti_csrf.unwrap_or(presented.is_unsafe);
        match strategy.config.anti_csrf {
            AntiCsrf::Header if guarded && !presented.has_custom_header => Err(ErrorKind::TryRefreshToken.into()),
            // Nothing at all must not pass for "no check".
            AntiCsrf::Token if guarded => Ok(Some(presented.anti_csrf.as_deref().unwrap_or_default())),
            _ => Ok(None),
        }
    }

    /// Gives a session of the request's own new tokens, with no forgiveness for the old ones, where it keeps them and its client
    /// takes others. A request that is a step behind is given nothing that outlives it: its session ends, as everybody else's
    /// tokens for it must.
    pub(super) async fn replace_tokens(&self, session: &Session) -> Result<()> {
        let auth = self.auth();
        if session.straggler {
            let ended = auth.end_session(&session.id, Some(&session.user_id), self.client());
            ended.await?;
            self.set_session(None);
            return Ok(());
        }
        if !self.takes_tokens() {
            return Ok(());
        }
        let strategy = auth.strategy()?;
        let user = auth.get_user(&session.user_id).await?;
        let tokens = auth.reissue(strategy, &session.id, &user, self.client()).await?;
        if self.is_bearer() {
            self.hand_over(&tokens);
        } else {
            self.set_tokens(strategy, &tokens);
        }
        Ok(())
    }

    fn takes_tokens(&self) -> bool {
        match &self.seen().credentials {
            Credentials::Tokens(presented) => presented.takes_tokens,
            Credentials::None | Credentials::Bearer(_) | Credentials::Cookie(_) => true,
        }
    }

    /// Hands tokens over in headers, to a client that keeps them itself.
    pub(crate) fn hand_over(&self, tokens: &SessionTokens) {
        self.with_effects(|effects| effects.hand_over(tokens));
    }

    pub(super) fn set_tokens(&self, strategy: &TokenStrategy, tokens: &SessionTokens) {
        let cookies = strategy.cookies.set(tokens, self.auth().now());
        self.with_effects(|effects| {
            cookies.into_iter().for_each(|cookie| effects.set_cookie(cookie));
            effects.tell_front(&tokens.access);
            if let Some(value) = &tokens.anti_csrf {
                effects.tell_anti_csrf(value);
            }
        });
    }

    /// Takes the tokens away from where they were.
    pub(super) fn clear_tokens(&self, strategy: &TokenStrategy, place: Place) {
        self.with_effects(|effects| {
            effects.take_away();
            if place != Place::Header {
                strategy
                    .cookies
                    .clear()
                    .into_iter()
                    .for_each(|cookie| effects.set_cookie(cookie));
            }
        });
    }

    /// Takes away the tokens that a client of cookies sends in headers as well, and that would win over its cookies.
    pub(crate) fn forget_headers(&self) {
        if let (Credentials::Tokens(presented), Ok(strategy)) = (&self.seen().credentials, self.auth().strategy())
            && presented.bearer.is_some()
        {
            self.clear_tokens(strategy, Place::Header);
        }
    }

    /// Takes away the cookies of a client that keeps its tokens itself from now on.
    pub(crate) fn forget_cookies(&self) {
        if let (Credentials::Tokens(presented), Ok(strategy)) = (&self.seen().credentials, self.auth().strategy())
            && presented.has_cookies()
        {
            self.clear_tokens(strategy, Place::Cookie);
        }
    }

    fn gone(&self, strategy: &TokenStrategy) -> Found {
        self.clear_tokens(strategy, Place::Cookie);
        Found::Nothing(Absence::Unauthorised)
    }

    /// The session, with its new access token for the client, if there is one.
    fn hand_out(&self, strategy: &TokenStrategy, opened: OpenedSession, place: Place) -> Arc<Session> {
        let session = opened.session;
        if let Some(access) = &opened.renewed {
            let cookie = strategy
                .cookies
                .set_access(access, self.auth().now(), session.persistent);
            self.with_effects(|effects| match place {
                Place::Header => effects.hand_over_access(access),
                Place::Cookie | Place::Nowhere => {
                    effects.set_cookie(cookie);
                    effects.tell_front(access);
                }
            });
        }
        Arc::new(session)
    }
}

fn one(reading: &CookieReading) -> Option<&str> {
    match reading {
        CookieReading::One(value) => Some(value),
        CookieReading::Missing | CookieReading::Conflict => None,
    }
}
