use std::time::Duration;

#[cfg(feature = "asymmetric")]
use super::PublicKey;
use super::options::{Algorithm, AntiCsrf, Claim, KeySource, RefreshAt, Rotation, SigningKeys, TokenNames, Transfer};
use crate::{config::ConfigProblem, flows::sessions::SessionConfig, secret::Secret};

/// The token strategy: signed access tokens that are checked without asking a store, and refresh tokens that rotate.
///
/// ```
/// use auth_core::{Auth, Secret, Tokens, adapters::MemoryAdapter};
///
/// let auth = Auth::builder(MemoryAdapter::default())
///     .secret(Secret::random()?)
///     .base_url("https://example.com")
///     .sessions(Tokens::default())
///     .build()?;
/// # let _ = auth;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tokens {
    pub(crate) access_validity: Duration,
    pub(crate) refresh_validity: Duration,
    pub(crate) absolute_period: Option<Duration>,
    pub(crate) fresh_for: Duration,
    pub(crate) one_per_user: bool,
    pub(crate) rotation: Rotation,
    pub(crate) refresh_at: RefreshAt,
    pub(crate) refresh_path: Option<String>,
    pub(crate) anti_csrf: AntiCsrf,
    pub(crate) transfer: Transfer,
    pub(crate) algorithm: Algorithm,
    pub(crate) keys: SigningKeys,
    #[cfg(feature = "asymmetric")]
    pub(crate) public_keys: Vec<PublicKey>,
    pub(crate) key_interval: Duration,
    pub(crate) issuer: Option<String>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) leeway: Duration,
    pub(crate) jitter: f64,
    pub(crate) check_store: bool,
    pub(crate) revoke_on_theft: bool,
    pub(crate) expired_status: u16,
    pub(crate) names: TokenNames,
    pub(crate) cached: u64,
}

const HOUR: Duration = Duration::from_secs(60 * 60);

impl Default for Tokens {
    fn default() -> Self {
        Self {
            access_validity: HOUR,
            refresh_validity: 2_400 * HOUR,
            absolute_period: None,
            fresh_for: HOUR / 4,
            one_per_user: false,
            rotation: Rotation::ParentChild {
                straggler: Duration::from_secs(10),
            },
            refresh_at: RefreshAt::Request,
            refresh_path: None,
            anti_csrf: AntiCsrf::None,
            transfer: Transfer::Any,
            algorithm: Algorithm::Hs256,
            keys: SigningKeys::rotating(),
            #[cfg(feature = "asymmetric")]
            public_keys: Vec::new(),
            key_interval: 24 * HOUR,
            issuer: None,
            claims: Claim::ALL.to_vec(),
            leeway: Duration::ZERO,
            jitter: 0.0,
            check_store: false,
            revoke_on_theft: true,
            expired_status: 401,
            names: TokenNames::new("auth_access", "auth_refresh", Some("auth_marker")),
            cached: 10_000,
        }
    }
}

impl Tokens {
    /// How long an access token is good, and with it how long a revoked session can still be used where nobody asks
    /// the store. Default one hour, 10 seconds to 1000 days.
    #[must_use]
    pub fn access_validity(mut self, validity: Duration) -> Self {
        self.access_validity = validity;
        self
    }

    /// How long a session lives without being used. Default 2400 hours, 1 to 8760.
    #[must_use]
    pub fn refresh_validity(mut self, validity: Duration) -> Self {
        self.refresh_validity = validity;
        self
    }

    /// When a session ends however much it is used. Default never.
    #[must_use]
    pub fn absolute_period(mut self, period: Duration) -> Self {
        self.absolute_period = Some(period);
        self
    }

    /// How recently the owner must have proved who they are for a dangerous act. Default 15 minutes.
    #[must_use]
    pub fn fresh_for(mut self, period: Duration) -> Self {
        self.fresh_for = period;
        self
    }

    /// Whether a new session ends the user's others, as [`SessionConfig::one_per_user`] does; their access tokens are good until
    /// they expire where nobody asks the store. Default no.
    #[must_use]
    pub fn one_per_user(mut self, one: bool) -> Self {
        self.one_per_user = one;
        self
    }

    /// How refresh tokens give way to the next. Default [`Rotation::ParentChild`] with 10 seconds for stragglers.
    #[must_use]
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.rotation = rotation;
        self
    }

    /// Where an expired access token is renewed. Default [`RefreshAt::Request`].
    #[must_use]
    pub fn refresh_at(mut self, refresh_at: RefreshAt) -> Self {
        self.refresh_at = refresh_at;
        self
    }

    /// The path the refresh cookie travels to, with [`RefreshAt::Endpoint`]. Default the endpoint's own,
    /// `/api/auth/session/refresh`: the shorter the path, the more handlers and logs see what renews a session. It must
    /// lead to the endpoint, or nothing could ever be renewed. SuperTokens' `renewTokenPath` and `refreshTokenPath`.
    ///
    /// ```
    /// use auth_core::{RefreshAt, Tokens};
    ///
    /// // Sign-out gets it as well, so that it ends a session whose access token has expired.
    /// let tokens = Tokens::default().refresh_at(RefreshAt::Endpoint).refresh_path("/api/auth");
    /// # let _ = tokens;
    /// ```
    #[must_use]
    #[doc(alias = "renewTokenPath")]
    #[doc(alias = "refreshTokenPath")]
    pub fn refresh_path(mut self, path: impl Into<String>) -> Self {
        self.refresh_path = Some(path.into());
        self
    }

    /// What protects cookies beyond the origin check. Default nothing more.
    #[must_use]
    pub fn anti_csrf(mut self, anti_csrf: AntiCsrf) -> Self {
        self.anti_csrf = anti_csrf;
        self
    }

    /// How tokens may reach the server. Default both ways.
    #[must_use]
    pub fn transfer(mut self, transfer: Transfer) -> Self {
        self.transfer = transfer;
        self
    }

    /// What signs access tokens. Default [`Algorithm::Hs256`].
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Where signing keys come from. Default [`SigningKeys::rotating`].
    #[must_use]
    pub fn signing_keys(mut self, keys: SigningKeys) -> Self {
        self.keys = keys;
        self
    }

    /// One more key whose tokens are taken: the public half of what others sign with, a gateway or the server that was here
    /// before. It is published with ours and never signs. Default none.
    ///
    /// Such a token opens a session that lives, which is asked of the store each time, and nothing else; whoever has the
    /// private half can make one for every session.
    #[cfg(feature = "asymmetric")]
    #[cfg_attr(docsrs, doc(cfg(feature = "asymmetric")))]
    #[must_use]
    pub fn verify_only(mut self, key: PublicKey) -> Self {
        self.public_keys.push(key);
        self
    }

    /// How long a signing key signs before the next one does. Default 24 hours, 1 to 720. What it signed stays good.
    #[must_use]
    pub fn key_interval(mut self, interval: Duration) -> Self {
        self.key_interval = interval;
        self
    }

    /// The claim `iss`. Default the base URL with the base path.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Which of these access tokens tell; the rest is asked of the store. Default all, as GoTrue's tokens do. Every request
    /// carries what a token tells, whoever has it reads it, and it is as old as the token.
    ///
    /// ```
    /// use auth_core::{Claim, Tokens};
    ///
    /// let tokens = Tokens::default().claims([Claim::Email]);
    /// # let _ = tokens;
    /// ```
    #[must_use]
    pub fn claims(mut self, claims: impl IntoIterator<Item = Claim>) -> Self {
        self.claims = claims.into_iter().collect();
        self
    }

    /// How far the clocks of several servers may be apart. Default not at all, 60 seconds at most.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// By how much of its validity an access token may be shorter, so that not all of them end at once. Default 0,
    /// 0.25 at most.
    #[must_use]
    pub fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// Whether every request asks the store whether its session still is, and whether its token is from before another
    /// password. Default no: a revoked session then ends with its access token. A route can ask for itself, with
    /// `verify_session`.
    #[must_use]
    pub fn check_store(mut self, check: bool) -> Self {
        self.check_store = check;
        self
    }

    /// Whether a session whose token was stolen ends by itself. Default yes; otherwise the application answers the
    /// event.
    #[must_use]
    pub fn revoke_on_theft(mut self, revoke: bool) -> Self {
        self.revoke_on_theft = revoke;
        self
    }

    /// The status for "unauthorised", "try refresh token" and "token theft detected". Default 401; SuperTokens' first
    /// clients expect 440.
    #[must_use]
    pub fn session_expired_status(mut self, status: u16) -> Self {
        self.expired_status = status;
        self
    }

    /// The names of the cookies. Default `auth_access`, `auth_refresh` and `auth_marker`.
    #[must_use]
    pub fn names(mut self, names: TokenNames) -> Self {
        self.names = names;
        self
    }

    /// How many verified access tokens are remembered, so that a signature is checked once: until they expire, or their
    /// session ends on this process. Default 10 000, about a kilobyte each; 0 is none.
    #[must_use]
    pub fn cached_tokens(mut self, tokens: u64) -> Self {
        self.cached = tokens;
        self
    }

    /// The same lifetimes, for the parts that both strategies share.
    pub(crate) fn lifetimes(&self) -> SessionConfig {
        let mut sessions = SessionConfig::default()
            .active_period(self.refresh_validity)
            .idle_period(Duration::ZERO)
            .fresh_for(self.fresh_for)
            .one_per_user(self.one_per_user);
        if let Some(period) = self.absolute_period {
            sessions = sessions.absolute_period(period);
        }
        sessions
    }

    pub(crate) fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let mut refuse_unless = |good: bool, option, problem: &str, fix: &str| {
            if !good {
                problems.push(ConfigProblem::new(option, problem, fix));
            }
        };
        let seconds = Duration::from_secs;
        refuse_unless(
            (seconds(10)..=seconds(86_400_000)).contains(&self.access_validity),
            "tokens.access_validity",
            "it is out of bounds.",
            "Use 10 seconds to 1000 days.",
        );
        refuse_unless(
            (HOUR..=8_760 * HOUR).contains(&self.refresh_validity),
            "tokens.refresh_validity",
            "it is out of bounds.",
            "Use 1 to 8760 hours.",
        );
        refuse_unless(
            self.access_validity < self.refresh_validity,
            "tokens.access_validity",
            "it is not shorter than the refresh token's.",
            "Shorten it.",
        );
        refuse_unless(
            (HOUR..=720 * HOUR).contains(&self.key_interval),
            "tokens.key_interval",
            "it is out of bounds.",
            "Use 1 to 720 hours.",
        );
        refuse_unless(
            self.absolute_period.is_none_or(|period| period > self.access_validity),
            "tokens.absolute_period",
            "it is not longer than an access token lives.",
            "Make it longer.",
        );
        let limit = match self.rotation {
            Rotation::ParentChild { .. } => self.access_validity.min(seconds(300)),
            Rotation::Grace(_) | Rotation::Off => seconds(300),
        };
        refuse_unless(
            self.rotation.window() <= limit,
            "tokens.rotation",
            "the window is longer than an access token lives, or than five minutes.",
            "Use some seconds.",
        );
        refuse_unless(
            self.refresh_path.is_none() || self.refresh_at == RefreshAt::Endpoint,
            "tokens.refresh_path",
            "requests renew by themselves, so the refresh cookie travels with all of them.",
            "Leave it out, or use RefreshAt::Endpoint.",
        );
        refuse_unless(
            (0.0..=0.25).contains(&self.jitter),
            "tokens.jitter",
            "it is out of bounds.",
            "Use 0 to 0.25.",
        );
        refuse_unless(
            self.leeway <= seconds(60),
            "tokens.leeway",
            "it is longer than a minute.",
            "Set the clocks instead.",
        );
        refuse_unless(
            (400..600).contains(&self.expired_status),
            "tokens.session_expired_status",
            "it is no error.",
            "Use 401 or 440.",
        );
        if let KeySource::Fixed { key, .. } = &self.keys.0 {
            refuse_unless(
                key.len() >= Secret::MIN_BYTES,
                "tokens.signing_keys",
                "the key is shorter than 32 bytes.",
                "Use 32 random bytes or more.",
            );
        }
        refuse_unless(
            matches!(self.keys.0, KeySource::Rotating) || self.algorithm == Algorithm::Hs256,
            "tokens.algorithm",
            "a key of the application's own signs with HS256 only.",
            "Use rotating keys, or HS256.",
        );
        #[cfg(feature = "asymmetric")]
        {
            let mut kids: Vec<&str> = self.public_keys.iter().map(PublicKey::kid).collect();
            kids.sort_unstable();
            refuse_unless(
                kids.windows(2).all(|pair| pair[0] != pair[1]),
                "tokens.verify_only",
                "two keys have one `kid`.",
                "Give each its own.",
            );
        }
        let names = [
            Some(&self.names.access),
            Some(&self.names.refresh),
            self.names.marker.as_ref(),
        ];
        let names: Vec<&String> = names.into_iter().flatten().collect();
        let is_unique = |(index, name): (usize, &&String)| !names[..index].contains(name);
        refuse_unless(
            names.iter().enumerate().all(is_unique),
            "tokens.names",
            "two cookies have one name.",
            "Give each its own.",
        );
        problems
    }
}

/// One of the two kinds of sessions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SessionStrategy {
    /// One secret, looked up at each request; the default.
    Opaque(SessionConfig),
    /// Signed access tokens and rotating refresh tokens.
    Tokens(Box<Tokens>),
}

impl From<SessionConfig> for SessionStrategy {
    fn from(sessions: SessionConfig) -> Self {
        Self::Opaque(sessions)
    }
}

impl From<Tokens> for SessionStrategy {
    fn from(tokens: Tokens) -> Self {
        Self::Tokens(Box::new(tokens))
    }
}
