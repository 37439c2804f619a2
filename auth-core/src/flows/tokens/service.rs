use std::sync::Arc;

use super::{
    AntiCsrf, OpenedSession, RefreshedSession,
    claims::Claims,
    refresh::{RACES, outraced},
    rotation::{Verdict, disowns_previous, judge, refusal},
    strategy::TokenStrategy,
    verified::VerifiedClaims,
};
use crate::{
    auth::Auth,
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    id::{SessionId, UserId},
    model::{Session, SessionRecord, User},
    request::Client,
    secret::{Digest, Generation},
};

impl Auth {
    /// The session an access token opens: checked here, without a store, unless this is the first use of a new refresh
    /// token (which ends the one before) or the configuration says to ask each time. The `getSession` of seed 004.
    ///
    /// `anti_csrf` is what the request carried, `None` to skip the check.
    ///
    /// # Errors
    /// [`ErrorKind::TryRefreshToken`] when the token is expired, forged, of another issuer, or the anti-CSRF value is
    /// another; [`ErrorKind::Unauthorised`] when the session has ended or another line of it is in use;
    /// [`ErrorKind::DatabaseFetchFailed`], [`ErrorKind::DatabaseUpdateFailed`].
    /// Under the opaque strategy every token is refused.
    #[doc(alias = "getSession")]
    #[doc(alias = "get_session")]
    #[doc(alias = "validateAccessToken")]
    pub async fn validate_access_token(&self, access: &str, anti_csrf: Option<&str>) -> Result<OpenedSession> {
        let strategy = self.strategy()?;
        let claims = strategy.verify(self, access).await?;
        check_anti_csrf(strategy.config.anti_csrf, &claims, anti_csrf)?;
        self.open_claims(strategy, claims, strategy.config.check_store, true, &Client::default())
            .await
    }

    /// As [`Auth::validate_access_token`], with the user as the store has it now.
    ///
    /// # Errors
    /// As [`Auth::validate_access_token`]; [`ErrorKind::Unauthorised`] when the user is gone or shut out.
    #[doc(alias = "getSessionUser")]
    #[doc(alias = "get_session_user")]
    pub async fn get_access_token_user(&self, access: &str) -> Result<(OpenedSession, User)> {
        let opened = self.validate_access_token(access, None).await?;
        let user = self.inner.adapter.get_user(&opened.session.user_id).await?;
        let now = self.now();
        let user = user
            .filter(|user| !user.is_banned(now))
            .ok_or(ErrorKind::Unauthorised)?;
        Ok((opened, user))
    }

    /// [`Auth::refresh_session`] under its name in seed 003.
    ///
    /// # Errors
    /// As [`Auth::refresh_session`].
    #[doc(alias = "refreshAccessToken")]
    pub async fn refresh_access_token(&self, refresh: &str) -> Result<RefreshedSession> {
        self.refresh_session(refresh).await
    }

    /// New tokens for a session, by its refresh token. The `refreshSession` of seed 004.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthorised`] when the token is not ours or its session has ended, or was replaced with another
    /// password, [`ErrorKind::TryRefreshToken`] while that was a moment ago, [`ErrorKind::TokenTheft`] when
    /// it was replaced before: somebody uses a copy, and the session is ended, unless the configuration says otherwise;
    /// [`Error::theft`] tells which; [`ErrorKind::DatabaseFetchFailed`], [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "refreshSession")]
    pub async fn refresh_session(&self, refresh: &str) -> Result<RefreshedSession> {
        self.refresh_for(refresh, &Client::default()).await
    }

    /// The user whose session a refresh token would renew, without renewing it.
    ///
    /// # Errors
    /// As [`Auth::refresh_session`], but theft is only reported, as [`ErrorKind::Unauthorised`].
    #[doc(alias = "validateRefreshToken")]
    pub async fn validate_refresh_token(&self, refresh: &str) -> Result<UserId> {
        Ok(self.session_of_refresh_token(refresh).await?.user_id)
    }

    /// Why a refresh token renews nothing, for those who may know: its holder.
    ///
    /// # Errors
    /// As the store.
    pub(crate) async fn why_not_renewed(&self, refresh: &str) -> Result<Error> {
        let token = match self.strategy()?.authentic(self, refresh).await {
            Ok(token) => token,
            Err(error) if error.kind() == ErrorKind::Unauthorised => {
                return Ok(ErrorKind::RefreshTokenNotFound.into());
            }
            Err(error) => return Err(error),
        };
        let found = self.inner.adapter.get_session_and_user(token.session_id()).await?;
        let now = self.now();
        Ok(match found {
            None => ErrorKind::RefreshSessionNotFound.into(),
            // A ban ends the sessions as well; one that somebody wrote into the store does not.
            Some((_, user)) if user.is_banned(now) => {
                Error::from(ErrorKind::UserBanned).detail("Invalid Refresh Token: User Banned")
            }
            // Another took its place, and that is no theft where tokens do not rotate.
            Some((session, _)) if session.is_alive(now) => ErrorKind::RefreshTokenReused.into(),
            Some((session, _)) if session.absolute_expires.is_some_and(|end| now > end) => {
                ErrorKind::RefreshSessionExpired.into()
            }
            Some(_) => Error::from(ErrorKind::RefreshSessionExpired)
                .detail("Invalid Refresh Token: Session Expired (Inactivity)"),
        })
    }

    /// Ends the session a refresh token would renew. A token that renews nothing is no error.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`], [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "invalidateSession")]
    pub async fn invalidate_refresh_token(&self, refresh: &str) -> Result<()> {
        match self.session_of_refresh_token(refresh).await {
            Ok(session) => self.invalidate_session(&session.id).await,
            Err(error) if error.kind() == ErrorKind::Unauthorised => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// How many access tokens have been checked by their signature since this handle was built, because they were not
    /// remembered; what a test counts to show that a session that ended is forgotten.
    pub fn signature_checks(&self) -> u64 {
        self.inner
            .tokens
            .as_ref()
            .map_or(0, |tokens| tokens.verified().checks())
    }

    pub(crate) fn strategy(&self) -> Result<&TokenStrategy> {
        self.inner
            .tokens
            .as_ref()
            .ok_or_else(|| Error::from(ErrorKind::Unauthorised).detail("the sessions of this application are opaque"))
    }

    pub(crate) async fn session_of_refresh_token(&self, refresh: &str) -> Result<SessionRecord> {
        let strategy = self.strategy()?;
        let token = strategy.authentic(self, refresh).await?;
        let now = self.now();
        let session = self.live_session(token.session_id(), now).await?;
        match judge(&session, token.generation(), now, strategy.config.rotation.siblings()) {
            verdict if verdict.is_over() => Err(ErrorKind::Unauthorised.into()),
            _ => Ok(session),
        }
    }

    /// The session in the store, if it is alive.
    pub(crate) async fn live_session(&self, id: &SessionId, now: Timestamp) -> Result<SessionRecord> {
        let session = self.inner.adapter.get_session(id).await?;
        session
            .filter(|session| session.is_alive(now))
            .ok_or_else(|| ErrorKind::Unauthorised.into())
    }

    /// The session a token names, if it is alive and the token may speak for it.
    pub(crate) async fn session_of(&self, claims: &Claims, now: Timestamp) -> Result<SessionRecord> {
        let session = self.live_session(&claims.session_id(), now).await?;
        check_claims(&session, claims, now)?;
        Ok(session)
    }

    /// As [`Auth::session_of`], with the user, who is not shut out.
    pub(crate) async fn session_and_user_of(&self, claims: &Claims, now: Timestamp) -> Result<(SessionRecord, User)> {
        let found = self.live_session_and_user(&claims.session_id()).await?;
        let (session, user) = found.ok_or(ErrorKind::Unauthorised)?;
        check_claims(&session, claims, now)?;
        Ok((session, user))
    }

    /// What a token opens, if its session is alive and it is of a line that counts, without changing anything.
    pub(crate) async fn check_line(&self, strategy: &TokenStrategy, claims: &Claims) -> Result<Session> {
        let now = self.now();
        let session = self.session_of(claims, now).await?;
        opened_by_line(strategy, session, claims, now)
    }

    /// As [`Auth::check_line`], the session as the store has it.
    pub(crate) async fn session_of_line(&self, strategy: &TokenStrategy, claims: &Claims) -> Result<SessionRecord> {
        let now = self.now();
        let session = self.session_of(claims, now).await?;
        opened_by_line(strategy, session.clone(), claims, now)?;
        Ok(session)
    }

    /// What claims open. Whoever `takes_tokens` is given another access token when the first use of this one was noticed;
    /// for others this one is as good from then on.
    pub(crate) async fn open_claims(
        &self,
        strategy: &TokenStrategy,
        claims: Arc<VerifiedClaims>,
        check_store: bool,
        takes_tokens: bool,
        client: &Client,
    ) -> Result<OpenedSession> {
        let now = self.now();
        if claims.is_of_others() {
            let session = self.session_of(&claims, now).await?;
            return Ok(OpenedSession {
                session: opened_by_others(session, &claims, now),
                renewed: None,
            });
        }
        let Some(generation) = claims.unconfirmed() else {
            let straggler = match check_store {
                true => is_behind(&self.session_of(&claims, now).await?, &claims),
                false => false,
            };
            return Ok(OpenedSession {
                session: Session {
                    straggler,
                    ..claims.session()
                },
                renewed: None,
            });
        };
        let session = self.session_of(&claims, now).await?;
        let Some(session) = self.confirm(strategy, session, &generation, now, client).await? else {
            return Ok(OpenedSession {
                session: Session {
                    straggler: true,
                    ..claims.session()
                },
                renewed: None,
            });
        };
        let mut confirmed = Claims::clone(&claims);
        confirmed.confirm(session.into_session(now, false).expires());
        let renewed = match takes_tokens {
            true => Some(strategy.sign(self, &mut confirmed, now).await?),
            false => {
                strategy.verified().confirm(&claims, confirmed.clone());
                None
            }
        };
        Ok(OpenedSession {
            session: Session {
                fresh: renewed.is_some(),
                ..confirmed.session()
            },
            renewed,
        })
    }

    /// Makes a generation the session's own at its first use; `None` for a request that is served and given nothing.
    ///
    /// # Errors
    /// [`ErrorKind::TryRefreshToken`] when the refresh token beside it decides, [`ErrorKind::Unauthorised`] when another
    /// line of the session is in use.
    async fn confirm(
        &self,
        strategy: &TokenStrategy,
        mut session: SessionRecord,
        generation: &Generation,
        now: Timestamp,
        client: &Client,
    ) -> Result<Option<SessionRecord>> {
        for _ in 0..RACES {
            match judge(&session, generation, now, strategy.config.rotation.siblings()) {
                Verdict::Current => return Ok(Some(session)),
                Verdict::Straggler => return Ok(None),
                Verdict::Sibling => return Err(ErrorKind::TryRefreshToken.into()),
                Verdict::Stale => return Err(ErrorKind::Unauthorised.into()),
                Verdict::Outdated => return Err(refusal(&session, now).into()),
                Verdict::Child => {}
            }
            if self.settle(strategy, &mut session, generation, now, client).await? {
                return Ok(Some(session));
            }
            // Another request was first: what stands now decides.
            session = self.live_session(&session.id, now).await?;
        }
        Err(outraced())
    }
}

/// Whether a token may speak for the session it names.
///
/// # Errors
/// [`ErrorKind::Unauthorised`] when the session is somebody else's: who holds a key of ours may write whose it is, and the
/// store knows. As [`refusal`] when the session's owner was given other tokens with another password.
fn check_claims(session: &SessionRecord, claims: &Claims, now: Timestamp) -> Result<()> {
    if session.user_id.as_str() != claims.subject() {
        return Err(ErrorKind::Unauthorised.into());
    }
    match disowns_previous(session) && is_behind(session, claims) {
        true => Err(refusal(session, now).into()),
        false => Ok(()),
    }
}

/// Whether a confirmed token is not of the session's own line any more: its holder has tokens from before the last refresh, or a
/// copy of them, and has proven nothing lately.
pub(crate) fn is_behind(session: &SessionRecord, claims: &Claims) -> bool {
    let confirmed = claims.at_rest().filter(|_| claims.is_confirmed());
    confirmed.is_some_and(|generation| session.secret_digest != generation)
}

/// What a token opens of its living session, if it is of a line that counts.
///
/// # Errors
/// [`ErrorKind::Unauthorised`] when it is not.
pub(super) fn opened_by_line(
    strategy: &TokenStrategy,
    session: SessionRecord,
    claims: &Claims,
    now: Timestamp,
) -> Result<Session> {
    let window = strategy.config.rotation.siblings();
    let generation = claims.unconfirmed();
    let verdict = generation.map(|generation| judge(&session, &generation, now, window));
    match verdict {
        Some(verdict) if verdict.is_over() => Err(ErrorKind::Unauthorised.into()),
        Some(Verdict::Sibling) => Err(ErrorKind::TryRefreshToken.into()),
        _ if claims.is_of_others() => Ok(opened_by_others(session, claims, now)),
        _ => Ok(Session {
            straggler: verdict == Some(Verdict::Straggler) || is_behind(&session, claims),
            ..claims.session()
        }),
    }
}

/// What a token opens that says only whose session it is for: the session as the store has it, for as long as the token
/// is good.
fn opened_by_others(session: SessionRecord, claims: &Claims, now: Timestamp) -> Session {
    Session {
        active_expires: claims.expires(),
        ..session.into_session(now, false)
    }
}

/// The request's anti-CSRF value against the token's; in constant time, by their digests.
pub(crate) fn check_anti_csrf(mode: AntiCsrf, claims: &Claims, given: Option<&str>) -> Result<()> {
    let Some(given) = given.filter(|_| mode == AntiCsrf::Token) else {
        return Ok(());
    };
    let expected = claims
        .anti_csrf
        .as_deref()
        .map(|expected| Digest::of(expected.as_bytes()));
    // A token from before the value was asked for has none, and is as good as one with another.
    if expected == Some(Digest::of(given.as_bytes())) {
        Ok(())
    } else {
        Err(ErrorKind::TryRefreshToken.into())
    }
}
