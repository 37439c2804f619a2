use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use super::{
    Client, Effects, OriginRefusal, RequestView, VerifySession,
    asked::{Asked, lock},
    found_once::FoundOnce,
    memo::{Absence, Found, Memo},
    seen::{Credentials, Seen},
    tokens::Place,
};
use crate::{
    auth::Auth,
    error::{Error, ErrorKind, Result},
    event::{Event, EventKind},
    flows::{
        sessions::{IssuedSession, Lookup},
        tokens::Transfer,
    },
    model::{Session, User},
    secret::SessionToken,
};

/// One request of the application, seen by the library: validates and renews its session, sets and clears its cookies.
///
/// Lazy and shared: nothing is read before a handler asks, and however many handlers, extractors and layers ask, there
/// is one validation and at most one renewal. What it wants to tell the client goes into the response by
/// [`Effects`], which the framework's layer does for every response.
///
/// ```
/// use auth_core::{Auth, AuthRequest, Secret, adapters::MemoryAdapter};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
/// let (parts, _) = http::Request::get("/notes").body(())?.into_parts();
/// let request = AuthRequest::new(&auth, &parts);
/// assert!(request.validate().await?.is_none());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct AuthRequest {
    inner: Arc<Inner>,
}

/// Kept small: every request pays for it, whether anybody asks or not.
struct Inner {
    auth: Auth,
    asked: OnceLock<Box<Asked>>,
}

impl AuthRequest {
    /// A request with everything the library needs to know of it.
    pub fn new(auth: &Auth, view: &dyn RequestView) -> Self {
        let request = Self::unseen(auth);
        request.observe(view);
        request
    }

    /// A request that will be [observed](Self::observe) when somebody asks; what a layer puts into the extensions.
    pub fn unseen(auth: &Auth) -> Self {
        Self {
            inner: Arc::new(Inner {
                auth: auth.clone(),
                asked: OnceLock::new(),
            }),
        }
    }

    /// Reads what the library needs of the request; the first call counts.
    pub fn observe(&self, view: &dyn RequestView) {
        self.inner
            .asked
            .get_or_init(|| Asked::about(Seen::of(&self.inner.auth, view)));
    }

    /// The handle the request was made for.
    pub fn auth(&self) -> &Auth {
        &self.inner.auth
    }

    /// The session of the request, renewed if it was idle; `None` when there is none or the request may come from
    /// another site.
    ///
    /// A cookie that opens nothing is cleared. When the store fails, cookies stay as they are.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`], [`ErrorKind::DatabaseUpdateFailed`]: never mistaken for "signed out".
    pub async fn validate(&self) -> Result<Option<Arc<Session>>> {
        match self.find(&self.asked().memos.current(), Lookup::Session).await? {
            Found::Session(session, _) => Ok(Some(Arc::clone(session))),
            Found::Nothing(_) => Ok(None),
        }
    }

    /// As [`AuthRequest::validate`], with the user; in one query where the store can join.
    ///
    /// # Errors
    /// As [`AuthRequest::validate`].
    pub async fn validate_user(&self) -> Result<Option<(Arc<Session>, Arc<User>)>> {
        let memo = self.asked().memos.current();
        match self.find(&memo, Lookup::WithUser).await? {
            Found::Session(session, user) => self.with_user(&memo, session, user.as_ref()).await,
            Found::Nothing(_) => Ok(None),
        }
    }

    /// The session with its user, who is asked for unless they were read together.
    async fn with_user(
        &self,
        memo: &Memo,
        session: &Arc<Session>,
        user: Option<&Arc<User>>,
    ) -> Result<Option<(Arc<Session>, Arc<User>)>> {
        let user = match user {
            Some(user) => Some(Arc::clone(user)),
            None => {
                let ask = || Box::pin(self.ask_for_user(session));
                memo.user.get_or_find(ask).await?.clone()
            }
        };
        Ok(user.map(|user| (Arc::clone(session), user)))
    }

    async fn ask_for_user(&self, session: &Session) -> Result<Option<Arc<User>>> {
        let user = self.inner.auth.inner.adapter.get_shared_user(&session.user_id).await?;
        let now = self.inner.auth.now();
        Ok(user.filter(|user| !user.is_banned(now)))
    }

    /// The session of the request's bearer token; `None` when there is no such token, whatever the cookies say. An idle
    /// session is extended without a new secret, because a bearer client has no cookie to learn it from.
    ///
    /// # Errors
    /// As [`AuthRequest::validate`].
    pub async fn validate_bearer_token(&self) -> Result<Option<Arc<Session>>> {
        if self.is_bearer() {
            self.validate().await
        } else {
            Ok(None)
        }
    }

    /// The session token the request presents, after the origin check and without asking the store; `None` when there
    /// is none or it cannot be one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] when the request may come from another site.
    pub fn parse_request(&self) -> Result<Option<SessionToken>> {
        self.check_origin()?;
        Ok(match &self.seen().credentials {
            Credentials::Bearer(token) | Credentials::Cookie(token) => token.clone(),
            Credentials::None | Credentials::Tokens(_) => None,
        })
    }

    /// [`AuthRequest::parse_request`] and [`Auth::get_session`]: the live session, never renewed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`], [`ErrorKind::InvalidSessionId`], [`ErrorKind::DatabaseFetchFailed`].
    pub async fn validate_request(&self) -> Result<Session> {
        if let Credentials::Tokens(presented) = &self.seen().credentials {
            self.check_origin()?;
            return self.read_access_token(presented).await;
        }
        let token = self.parse_request()?.ok_or(ErrorKind::InvalidSessionId)?;
        self.inner.auth.get_session(&token).await
    }

    /// The session, or why the request is refused.
    ///
    /// # Errors
    /// [`ErrorKind::NotAuthenticated`], [`ErrorKind::InvalidRequest`] when the request may come from another site, and
    /// as [`AuthRequest::validate`].
    pub async fn require_session(&self) -> Result<Arc<Session>> {
        match self.find(&self.asked().memos.current(), Lookup::Session).await? {
            Found::Session(session, _) => Ok(Arc::clone(session)),
            Found::Nothing(absence) => Err(absence.error()),
        }
    }

    /// Session and user, or why the request is refused.
    ///
    /// # Errors
    /// As [`AuthRequest::require_session`].
    pub async fn require_user(&self) -> Result<(Arc<Session>, Arc<User>)> {
        let memo = self.asked().memos.current();
        match self.find(&memo, Lookup::WithUser).await? {
            Found::Session(session, user) => {
                let found = self.with_user(&memo, session, user.as_ref()).await?;
                found.ok_or_else(|| ErrorKind::NotAuthenticated.into())
            }
            Found::Nothing(absence) => Err(absence.error()),
        }
    }

    /// A session whose owner proved who they are at most `age` ago.
    ///
    /// # Errors
    /// [`ErrorKind::ReauthenticationNeeded`] when it was longer ago, and as [`AuthRequest::require_session`].
    pub async fn require_fresh(&self, age: Duration) -> Result<Arc<Session>> {
        let session = self.require_session().await?;
        if self.inner.auth.now().since(session.authenticated_at()) > age {
            return Err(ErrorKind::ReauthenticationNeeded.into());
        }
        Ok(session)
    }

    /// Hands a session to the client, or takes it away with `None`. The database is not touched: to end the session,
    /// call [`Auth::invalidate_session`].
    ///
    /// ```
    /// # use auth_core::{Auth, AuthRequest, NewUser, Secret, adapters::MemoryAdapter};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
    /// # auth.create_user(NewUser::with_password("username", "ada", "correct horse battery")).await?;
    /// # let (parts, _) = http::Request::get("/").body(())?.into_parts();
    /// # let request = AuthRequest::new(&auth, &parts);
    /// let proof = auth.authenticate_user("username", "ada", "correct horse battery").await?;
    /// let issued = auth.create_session(&proof, Default::default()).await?;
    /// request.set_session(Some(&issued));
    /// assert_eq!(request.validate().await?.unwrap().id, issued.session.id);
    /// # Ok(()) }
    /// ```
    pub fn set_session(&self, session: Option<&IssuedSession>) {
        let found = match session {
            Some(issued) => {
                match (&self.inner.auth.inner.tokens, &issued.tokens) {
                    (Some(strategy), Some(tokens)) => self.set_tokens(strategy, tokens),
                    _ => self.set_cookie(&issued.session, &issued.token),
                }
                Found::Session(Arc::new(issued.session.clone()), None)
            }
            None => {
                self.delete_all_cookies();
                Found::Nothing(Absence::Unauthenticated)
            }
        };
        let memo = Memo {
            session: FoundOnce::of(found),
            is_said: true,
            user: FoundOnce::default(),
        };
        self.asked().memos.replace(memo);
    }

    /// Clears the cookies of the session at the client: the session cookie, or those of its tokens. The session in the database
    /// stays. So does `auth_mark`, which opens nothing and says in which browser a code was asked for; and so does the cookie of
    /// [`AuthBuilder::auth_cookie`](crate::AuthBuilder::auth_cookie), which [`AuthRequest::set_auth_cookie`] removes.
    pub fn delete_all_cookies(&self) {
        match &self.inner.auth.inner.tokens {
            Some(strategy) => self.clear_tokens(strategy, Place::Cookie),
            None => lock(&self.asked().effects).set_cookie(self.inner.auth.inner.cookies.clear()),
        }
    }

    /// Forgets what was found out, so that the next call asks the store again.
    pub fn invalidate(&self) {
        self.asked().memos.replace(Memo::default());
    }

    /// From where the request came.
    pub fn client(&self) -> &Client {
        &self.seen().client
    }

    /// Takes what the response needs; a layer calls it once the response is there.
    pub fn take_effects(&self) -> Effects {
        self.inner
            .asked
            .get()
            .map(|asked| std::mem::take(&mut *lock(&asked.effects)))
            .unwrap_or_default()
    }

    pub(crate) fn check_origin(&self) -> Result<()> {
        self.passed(self.seen().origin)
    }

    /// As [`AuthRequest::check_origin`] for an act by cookie: a bearer token that does not count exempts from nothing.
    pub(super) fn check_origin_of_cookies(&self) -> Result<()> {
        self.passed(self.seen().origin_of_cookies)
    }

    fn passed(&self, check: std::result::Result<(), OriginRefusal>) -> Result<()> {
        check.map_err(|refusal| {
            let now = self.inner.auth.now();
            self.inner
                .auth
                .emit(&Event::new(EventKind::CsrfRefused, now, self.client()).reason(refusal.as_str()));
            Error::from(ErrorKind::InvalidRequest)
        })
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.asked().seen
    }

    pub(super) fn asked(&self) -> &Asked {
        self.inner.asked.get_or_init(|| Asked::about(Seen::nothing()))
    }

    /// Whether the request authenticates by bearer token rather than by cookie.
    pub(crate) fn is_bearer(&self) -> bool {
        match &self.seen().credentials {
            Credentials::Bearer(_) => true,
            Credentials::Tokens(presented) => presented.is_bearer,
            Credentials::None | Credentials::Cookie(_) => false,
        }
    }

    /// Whether the request brings anything of a token session.
    pub(crate) fn presents_tokens(&self) -> bool {
        match &self.seen().credentials {
            Credentials::Tokens(presented) => presented.access_place(Transfer::Any) != Place::Nowhere,
            _ => false,
        }
    }

    /// Adds to what is asked of the session. What was found under less is found out again.
    pub(crate) fn want(&self, wanted: VerifySession) {
        let asked = self.asked();
        // Held until it is forgotten: whoever asks for the same meanwhile must not be told what was found under less.
        let mut all = lock(&asked.wanted);
        let more = all.and(wanted);
        if *all != more {
            *all = more;
            asked.memos.forget_unless_said();
        }
    }

    pub(super) fn wanted(&self) -> VerifySession {
        *lock(&self.asked().wanted)
    }

    /// Sends a cookie along.
    pub(crate) fn add_cookie(&self, cookie: http::HeaderValue) {
        self.with_effects(|effects| effects.set_cookie(cookie));
    }

    pub(super) fn with_effects(&self, change: impl FnOnce(&mut Effects)) {
        change(&mut lock(&self.asked().effects));
    }
}

impl fmt::Debug for AuthRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthRequest").finish_non_exhaustive()
    }
}
