//! The key ring: which key signs now, which still check, and when the next is made.
//!
//! A key is published a while before it signs, so that no process meets a token of a key it has not seen; it goes on
//! checking access tokens until the last one it signed has ended, and refresh tokens for as long as those live: a
//! rotation signs nobody out. Whoever is first inserts the next generation; the others find it taken and read it.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

#[cfg(feature = "asymmetric")]
use super::PublicKey;
use super::{
    Algorithm, Tokens,
    key::{Key, authenticate},
    options::KeySource,
    others::Header,
};
use crate::{
    auth::Auth,
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    secret::{Digest, RefreshToken, Secret},
};

pub(crate) struct KeyRing {
    source: KeySource,
    /// The application's own for good, which others may have as well.
    fixed: Option<Arc<Key>>,
    /// Those that only check.
    #[cfg(feature = "asymmetric")]
    public: Vec<PublicKey>,
    algorithm: Algorithm,
    interval: Duration,
    access_life: Duration,
    refresh_life: Duration,
    /// Whether refresh tokens live longer than any of the keys.
    refresh_outlives_keys: bool,
    state: RwLock<Arc<State>>,
    /// Held while keys are read or made, so that a crowd does it once.
    loading: tokio::sync::Mutex<()>,
    /// When it last could not be read, in Unix milliseconds.
    failed_at: AtomicI64,
}

/// What checks a token, as its header says.
pub(super) enum Checker {
    /// One of our keys, and a header that we write.
    Own(Arc<Key>),
    /// A key of ours that others sign with too.
    Shared(Arc<Key>),
    /// One of those that only check.
    #[cfg(feature = "asymmetric")]
    Public(PublicKey),
}

impl Checker {
    /// Whether its key signed the message.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Own(key) | Self::Shared(key) => key.verifies(message, signature),
            #[cfg(feature = "asymmetric")]
            Self::Public(key) => key.verifies(message, signature),
        }
    }
}

#[derive(Default)]
struct State {
    /// Oldest first.
    keys: Vec<Arc<Key>>,
    /// Of all there are in the store, those that do not open included.
    last_generation: i64,
    loaded_at: Option<Timestamp>,
}

/// How long what is published may be kept by those who check: GoTrue's ten minutes.
const KEPT: Duration = Duration::from_secs(600);
/// A key is published this long before it signs: longer than it is kept by those who asked just before, of a process that was
/// about to look, with a minute for clocks that differ.
const PUBLISHED_AHEAD: Duration = Duration::from_secs(720);
/// Unknown keys make the ring read the store at most this often.
const COOL_DOWN: Duration = Duration::from_secs(5);
/// Who signs or publishes has looked at the store within this time.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// The longest time a key may sign (30 days).
const LONGEST_INTERVAL: Duration = Duration::from_secs(720 * 60 * 60);

impl KeyRing {
    pub(super) fn new(config: &Tokens) -> Self {
        let fixed = match &config.keys.0 {
            KeySource::Fixed { key, is_named } => Some(Arc::new(Key::own(key, *is_named))),
            KeySource::Function(_) | KeySource::Rotating => None,
        };
        Self {
            fixed,
            #[cfg(feature = "asymmetric")]
            public: config.public_keys.clone(),
            source: config.keys.0.clone(),
            algorithm: config.algorithm,
            interval: config.key_interval,
            access_life: config.access_validity + config.leeway,
            // A refresh token may be confirmed, and so prolonged, as late as the access token beside it lives.
            refresh_life: config.refresh_validity + config.access_validity + config.leeway,
            refresh_outlives_keys: config.rotation.outlives_keys(),
            state: RwLock::default(),
            loading: tokio::sync::Mutex::default(),
            failed_at: AtomicI64::new(i64::MIN / 2),
        }
    }

    /// The key that signs now.
    pub(super) async fn signing(&self, auth: &Auth) -> Result<Arc<Key>> {
        if let Some(key) = self.own_key().await? {
            return Ok(key);
        }
        let now = auth.now();
        let state = self.state();
        if let Some(key) = state
            .signing(self.algorithm, now)
            .filter(|_| !self.wants_a_look(&state, now))
        {
            return Ok(key);
        }
        let prepared = self.prepare_next(auth, now).await;
        match (self.state().signing(self.algorithm, now), prepared) {
            (Some(key), Ok(())) => Ok(key),
            // A rotation can wait for the store; those who sign in need not.
            (Some(key), Err(error)) => {
                tracing::warn!(target: "auth::keys", error = &error as &dyn std::error::Error, "the next signing key is late");
                Ok(key)
            }
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(Error::from(ErrorKind::Unknown).detail("there is no signing key")),
        }
    }

    /// Reads or makes the next key, once for everybody who waits.
    async fn prepare_next(&self, auth: &Auth, now: Timestamp) -> Result<()> {
        let _guard = self.loading.lock().await;
        if self.wants_a_look(&self.state(), now) {
            self.load(auth, now).await?;
        }
        if self.is_due(&self.state(), now) {
            self.make_next(auth, now).await?;
            self.load(auth, now).await?;
        }
        Ok(())
    }

    /// The key whose tokens have this header, if it may still check access tokens.
    pub(super) async fn checking(&self, auth: &Auth, header: &str) -> Result<Option<Checker>> {
        if let Some(key) = self.own_key().await? {
            return Ok(match key.is_named_by(header) {
                true => Some(Checker::Own(key)),
                false => self.checking_others(header),
            });
        }
        let now = auth.now();
        let find = |state: &State| state.find(|key| key.header == header);
        let mut found = find(&self.state());
        if found.is_none() {
            if let Some(checker) = self.checking_others(header) {
                return Ok(Some(checker));
            }
            // Boxed, because it is large and rare.
            if is_header(header) && Box::pin(self.reload(auth, now)).await? {
                found = find(&self.state());
            }
        }
        let found = found.filter(|key| !self.state().is_over(key, self.access_life, now));
        Ok(found.map(Checker::Own))
    }

    /// Whether a header is one that others write for a key we know.
    pub(crate) fn is_of_others(&self, header: &str) -> bool {
        self.checking_others(header).is_some()
    }

    /// The key of the application's own that others may sign with.
    pub(crate) fn shared_secret(&self) -> Option<&Secret> {
        match &self.source {
            KeySource::Fixed { key, .. } => Some(key),
            KeySource::Function(_) | KeySource::Rotating => None,
        }
    }

    fn checking_others(&self, header: &str) -> Option<Checker> {
        #[cfg(feature = "asymmetric")]
        let is_alone = self.public.is_empty();
        #[cfg(not(feature = "asymmetric"))]
        let is_alone = true;
        if self.fixed.is_none() && is_alone {
            return None;
        }
        let header = Header::read(header)?;
        #[cfg(feature = "asymmetric")]
        if let Some(key) = self.public.iter().find(|key| key.is_named_by(&header)) {
            return Some(Checker::Public(key.clone()));
        }
        let key = self.fixed.clone().filter(|_| header.is_unnamed());
        key.map(Checker::Shared)
    }

    /// What makes the code over new refresh tokens, and its name. With keys of the application's own it comes from the
    /// handle's secret, so that such a key can be changed without signing anybody out; and where one refresh token lasts
    /// as long as its session, which no key does.
    pub(super) async fn refresh_key(&self, auth: &Auth) -> Result<(String, Secret)> {
        match self.source {
            KeySource::Rotating if !self.refresh_outlives_keys => {
                let key = self.signing(auth).await?;
                Ok((key.kid.clone(), key.refresh().clone()))
            }
            KeySource::Rotating | KeySource::Fixed { .. } | KeySource::Function(_) => {
                Ok((OF_THE_SECRET.to_owned(), of_the_secret(&auth.inner.config.secret)))
            }
        }
    }

    /// Whether a refresh token is one of ours, and its key not over.
    pub(super) async fn authenticates(&self, auth: &Auth, token: &RefreshToken) -> Result<bool> {
        let (signed, code) = token.authenticated();
        let is_right = |secret: &Secret| Digest::from(authenticate(secret, signed)) == code;
        if token.kid() == OF_THE_SECRET {
            return Ok(auth
                .inner
                .config
                .secrets()
                .iter()
                .map(of_the_secret)
                .any(|secret| is_right(&secret)));
        }
        let now = auth.now();
        let find = |state: &State| state.find(|key| key.kid == token.kid());
        let mut found = find(&self.state());
        if found.is_none() && is_kid(token.kid()) && self.reload(auth, now).await? {
            found = find(&self.state());
        }
        let found = found.filter(|key| !self.state().is_over(key, self.refresh_life, now));
        Ok(found.is_some_and(|key| is_right(key.refresh())))
    }

    /// The published keys: those that check, and the one to come; and how long the answer stays right.
    pub(super) async fn published(&self, auth: &Auth) -> Result<(Vec<Value>, Duration)> {
        self.signing(auth).await?;
        let now = auth.now();
        let state = self.state();
        let keys = state
            .keys
            .iter()
            .filter(|key| !state.is_over(key, self.access_life, now));
        let until_next = state
            .newest(self.algorithm)
            .map_or(KEPT, |key| (key.active_from + self.interval).since(now));
        // Less only while the store fails to take the next one.
        let fresh_for = until_next.clamp(Duration::from_secs(1), KEPT);
        let keys = keys.filter_map(|key| key.public());
        #[cfg(feature = "asymmetric")]
        let keys = keys.chain(self.public.iter().map(PublicKey::jwk));
        Ok((keys.collect(), fresh_for))
    }

    fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The key of an application that brings its own.
    async fn own_key(&self) -> Result<Option<Arc<Key>>> {
        let secret = match &self.source {
            KeySource::Rotating => return Ok(None),
            KeySource::Fixed { .. } => return Ok(self.fixed.clone()),
            KeySource::Function(function) => function()
                .await
                .map_err(|error| Error::with_source(ErrorKind::Unknown, error))?,
        };
        if secret.len() < Secret::MIN_BYTES {
            return Err(Error::from(ErrorKind::Unknown).detail("a signing key has fewer than 32 bytes"));
        }
        Ok(Some(Arc::new(Key::changing(&secret))))
    }

    /// Whether the store may know better: others make keys as well, perhaps with other settings.
    fn wants_a_look(&self, state: &State, now: Timestamp) -> bool {
        let is_fresh = state
            .loaded_at
            .is_some_and(|at| now.since(at) <= LOOK_AGAIN && at <= now);
        !is_fresh || self.is_due(state, now)
    }

    /// Whether the next key is to be made now: so long before the newest one's time is over that it is published.
    fn is_due(&self, state: &State, now: Timestamp) -> bool {
        let newest = state.newest(self.algorithm);
        newest.is_none_or(|newest| now + PUBLISHED_AHEAD >= newest.active_from + self.interval)
    }

    async fn make_next(&self, auth: &Auth, now: Timestamp) -> Result<()> {
        let state = self.state();
        let active_from = match state.newest(self.algorithm) {
            Some(newest) => (newest.active_from + self.interval).max(now + PUBLISHED_AHEAD),
            // The very first signs at once.
            None if state.keys.is_empty() => now,
            None => now + PUBLISHED_AHEAD,
        };
        self.make(auth, active_from, now).await.map(drop)
    }

    /// Makes a key that signs as soon as everybody has it, whatever the interval says; answers from when on, or nothing when
    /// the key is the application's own.
    pub(super) async fn rotate(&self, auth: &Auth) -> Result<Option<Timestamp>> {
        if self.own_key().await?.is_some() {
            return Ok(None);
        }
        let _guard = self.loading.lock().await;
        self.load(auth, auth.now()).await?;
        loop {
            // Read anew, so that two keys made one after the other never sign from the same moment on.
            let now = auth.now();
            let before = self.state().last_generation;
            // The very first signs at once, as there is no other.
            let is_first = self.state().keys.is_empty();
            let active_from = if is_first { now } else { now + PUBLISHED_AHEAD };
            let is_made = self.make(auth, active_from, now).await?;
            self.load(auth, now).await?;
            if is_made {
                return Ok(Some(active_from));
            }
            // Somebody else did it in the same moment; not for us when their keys are of another algorithm.
            let state = self.state();
            if let Some(newest) = state.newest(self.algorithm).filter(|key| key.generation > before) {
                return Ok(Some(newest.active_from));
            }
        }
    }

    /// Makes a key, unless another process was first; answers whether.
    async fn make(&self, auth: &Auth, active_from: Timestamp, now: Timestamp) -> Result<bool> {
        let state = self.state();
        // The one after what was read: if another process was first, it is taken.
        let generation = state.last_generation + 1;
        let secret = &auth.inner.config.secret;
        let entropy = auth.inner.entropy.as_ref();
        let found = Key::find(self.algorithm).await?;
        let record = Key::generate(secret, self.algorithm, &found, generation, active_from, now, entropy)?;
        let is_made = auth.inner.adapter.set_signing_key(&record).await?;
        if is_made {
            let over = |key: &&Arc<Key>| state.is_over(key, self.refresh_life, now);
            if let Some(last) = state.keys.iter().take_while(over).last() {
                auth.inner.adapter.delete_signing_keys(last.generation).await?;
            }
        }
        Ok(is_made)
    }

    /// Reads the store for a key nobody here has seen, unless that was just done.
    async fn reload(&self, auth: &Auth, now: Timestamp) -> Result<bool> {
        let is_recent = |at: Timestamp| at <= now && now.since(at) < COOL_DOWN;
        let is_loaded = || self.state().loaded_at.is_some_and(is_recent);
        if is_loaded() {
            return Ok(false);
        }
        let _guard = self.loading.lock().await;
        if is_loaded() {
            // While this one waited: the key may be there now.
            return Ok(true);
        }
        // Nobody knows the key, and nobody can say that there is none; or garbage would be hardest on a store that is down.
        if is_recent(Timestamp::from_unix_ms(self.failed_at.load(Ordering::Relaxed))) {
            return Err(Error::fetch_failed("the signing keys could not be read a moment ago"));
        }
        self.load(auth, now).await?;
        Ok(true)
    }

    async fn load(&self, auth: &Auth, now: Timestamp) -> Result<()> {
        let secrets = &auth.inner.config.secrets();
        let records = auth.inner.adapter.get_signing_keys().await;
        let records = records.inspect_err(|_| self.failed_at.store(now.as_unix_ms(), Ordering::Relaxed))?;
        let keys: Vec<Arc<Key>> = records
            .iter()
            .filter_map(|record| {
                let key = Key::open(record, secrets);
                if key.is_none() {
                    tracing::warn!(target: "auth::keys", kid = record.kid, "a signing key does not open with the secret");
                }
                key.map(Arc::new)
            })
            .collect();
        let state = State {
            keys,
            last_generation: records.last().map_or(0, |record| record.generation),
            loaded_at: Some(now),
        };
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        Ok(())
    }
}

impl State {
    fn find(&self, is_it: impl Fn(&Key) -> bool) -> Option<Arc<Key>> {
        self.keys.iter().rev().find(|key| is_it(key)).cloned()
    }

    /// The newest of an algorithm, begun or not.
    fn newest(&self, algorithm: Algorithm) -> Option<&Arc<Key>> {
        self.keys.iter().rev().find(|key| key.algorithm == algorithm)
    }

    /// The newest of an algorithm whose time has come; else the newest of any; with a clock that went back, the oldest.
    fn signing(&self, algorithm: Algorithm, now: Timestamp) -> Option<Arc<Key>> {
        let begun = || self.keys.iter().rev().filter(|key| key.active_from <= now);
        let own = begun().find(|key| key.algorithm == algorithm);
        own.or_else(|| begun().next()).or(self.keys.first()).cloned()
    }

    /// Whether everything the key signed with this life has ended: its successor has signed for so long. A key whose
    /// algorithm was given up has none, and is over when any process that still had it has made one.
    fn is_over(&self, key: &Key, life: Duration, now: Timestamp) -> bool {
        let later = || self.keys.iter().filter(|later| later.generation > key.generation);
        match later().find(|later| later.algorithm == key.algorithm) {
            Some(next) => now > next.active_from + life,
            None => later().any(|later| now > later.active_from + LONGEST_INTERVAL + life),
        }
    }
}

/// The name of what comes from the handle's secret; keys have twelve letters and digits.
const OF_THE_SECRET: &str = "secret";

fn of_the_secret(secret: &Secret) -> Secret {
    Secret::new(secret.mac("refresh token key", &[]))
}

fn is_kid(kid: &str) -> bool {
    kid.len() == Key::KID_LENGTH && kid.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether a header could be one of ours, of a key we have not seen: garbage does not make the store busy.
fn is_header(header: &str) -> bool {
    let decoded = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    let value: Option<serde_json::Map<String, Value>> = serde_json::from_slice(&decoded).ok();
    value.is_some_and(|header| header.len() == 3 && header.contains_key("kid") && header.contains_key("alg"))
}
