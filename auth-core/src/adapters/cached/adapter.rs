use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use moka::sync::Cache;

use super::{
    CacheOptions,
    entry::{Entry, Reading},
    stamps::Stamps,
    writing::Writing,
};
use crate::{
    adapter::{
        Act, Adapter, AttemptAdapter, EventAdapter, Invalidation, InvalidationSink, OutboxAdapter, Recent, Schema,
        SessionAdapter, SigningKeyAdapter, TokenAdapter, UserAdapter, delegate_store, shared,
    },
    adapters::wrapped::{changed_by, wrap_ports},
    clock::Timestamp,
    error::Result,
    id::{KeyId, SessionId, UserId},
    model::{
        AttemptCount, AttemptSubject, EventQuery, EventRecord, KeyPatch, KeyRecord, OneTimeToken, OutboxMessage,
        SessionPatch, SessionRecord, SessionRotation, SharedSession, SigningKeyRecord, User, UserPatch, UserQuery,
    },
    secret::{Digest, HashedPassword},
};

/// A bounded cache of sessions, with their users, in front of any adapter, for a short time. Off unless asked for.
///
/// It answers [`Adapter::get_recent_session`] and [`Adapter::get_recent_session_and_user`], which only the check of a session
/// token asks; everything else, refreshing tokens and changing accounts above all, is read from the store as before.
///
/// # What it promises
/// - **A write through this adapter is seen at once**: from its beginning on, the sessions and users it changes are read
///   from the store, and no reading that began before its end is served after it. A session revoked here is refused by the
///   very next request.
/// - **A write elsewhere** is seen when the bus tells of it ([`CacheOptions::invalidations`]), and without a bus, or when the
///   message gets lost, within [`CacheOptions::time_to_live`]. Connections here count as elsewhere: whoever changes the tables
///   beside this adapter, or through a second one, is not seen by it.
/// - **It only ever says yes.** A secret the cached session does not know, an idle or dead session, a banned user: the store is
///   asked. So a session that was renewed by another process opens at once, and nobody is signed out by an old reading.
/// - While the bus has lost its connection, nothing is served from the cache.
///
/// # What it does not
/// - A write that failed or was cut off may still take effect later in the store; that is seen within the time to live.
/// - While the store fails, a session may be served until its time is up.
/// - What hangs on the store being up to date, hangs on `inner`: before a replica that lags, the lag is added. Put the cache
///   around a [`ReplicatedAdapter`](crate::adapters::ReplicatedAdapter), and it reads from the primary.
///
/// ```
/// use std::time::Duration;
/// use auth_core::{Auth, Secret, adapters::{CacheOptions, CachedAdapter, MemoryAdapter}};
///
/// let options = CacheOptions::default().time_to_live(Duration::from_secs(2));
/// let auth = Auth::builder(CachedAdapter::new(MemoryAdapter::default(), options))
///     .secret(Secret::random()?)
///     .base_url("https://example.com")
///     .build()?;
/// # let _ = auth;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CachedAdapter<A> {
    inner: A,
    pub(super) entries: Cache<SessionId, Arc<Entry>>,
    stamps: Arc<Stamps>,
    /// As they were written, for `declare` to check.
    written: CacheOptions,
    options: CacheOptions,
}

impl<A: Adapter> CachedAdapter<A> {
    /// Remembers what `inner` answers.
    pub fn new(inner: A, options: CacheOptions) -> Self {
        let written = options.clone();
        let options = options.bounded();
        let stamps = Arc::new(Stamps::for_capacity(options.capacity, options.invalidations.is_none()));
        if let Some(bus) = &options.invalidations {
            let sink: Weak<Stamps> = Arc::downgrade(&stamps);
            bus.subscribe(sink as Weak<dyn InvalidationSink>);
        }
        let entries = Cache::builder()
            .max_capacity(u64::from(options.capacity))
            .time_to_live(options.time_to_live)
            .build();
        Self {
            inner,
            entries,
            stamps,
            written,
            options,
        }
    }

    /// The adapter within.
    pub fn inner(&self) -> &A {
        &self.inner
    }

    /// Asks the store, and keeps what it says.
    async fn read(&self, session_id: &SessionId) -> Result<Option<(Arc<SharedSession>, Arc<User>)>> {
        let reading = Reading::begin(&self.stamps);
        let found = self.inner.get_session_and_user(session_id).await?.map(shared);
        if let Some((session, user)) = &found {
            self.keep(reading, session.clone(), Some(user.clone()));
        }
        Ok(found)
    }

    /// What may be served: young enough, and not written since.
    fn find(&self, session_id: &SessionId) -> Option<Arc<Entry>> {
        let entry = self.entries.get(session_id)?;
        let is_young = entry.reading.at.elapsed() <= self.options.time_to_live;
        (is_young && self.stamps.is_current(entry.reading.seen, entry.place)).then_some(entry)
    }

    fn keep(&self, reading: Reading, session: Arc<SharedSession>, user: Option<Arc<User>>) {
        let place = self.stamps.place(&session.id, &session.user_id);
        if !self.stamps.is_current(reading.seen, place) {
            return;
        }
        // The same session without its user tells less than what is there.
        let knows_more = |entry: Arc<Entry>| entry.user.is_some() && entry.session == session;
        if user.is_none() && self.find(&session.id).is_some_and(knows_more) {
            return;
        }
        let id = session.id.clone();
        let entry = Entry {
            reading,
            place,
            session,
            user,
        };
        self.entries.insert(id, Arc::new(entry));
    }

    #[cfg(all(test, feature = "sqlite", feature = "testing"))]
    pub(super) fn remember(&self, session: &SessionRecord, user: &User) {
        let (session, user) = (SharedSession::new(session.clone()), Arc::new(user.clone()));
        self.keep(Reading::begin(&self.stamps), session, Some(user));
    }

    async fn writing<T>(
        &self,
        what: impl Into<Option<Invalidation>> + Send,
        write: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let Some(what) = what.into() else {
            return write.await;
        };
        let bus = self.options.invalidations.as_ref();
        let writing = Writing::begin(what, &self.stamps, bus, self.options.time_to_live);
        let answer = write.await;
        writing.end().await;
        answer
    }
}

impl<A> fmt::Debug for CachedAdapter<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedAdapter")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

delegate_store!([A: Adapter] CachedAdapter<A>, inner, {
    fn declare(&self, schema: &Schema) -> Result<(), String> {
        self.written.check()?;
        self.inner.declare(schema)
    }

    async fn ping(&self) -> Result<()> {
        self.inner.ping().await
    }
});

#[async_trait]
impl<A: Adapter> Adapter for CachedAdapter<A> {
    async fn get_session_and_user(&self, session_id: &SessionId) -> Result<Option<(SessionRecord, User)>> {
        let found = self.read(session_id).await?;
        Ok(found.map(|(session, user)| (session.into_record(), Arc::unwrap_or_clone(user))))
    }

    async fn get_recent_session(&self, session_id: &SessionId) -> Result<Recent<Arc<SharedSession>>> {
        if let Some(entry) = self.find(session_id) {
            return Ok(Recent::MaybeOld(entry.session.clone()));
        }
        let reading = Reading::begin(&self.stamps);
        let found = self.inner.get_session(session_id).await?.map(SharedSession::new);
        if let Some(session) = &found {
            self.keep(reading, session.clone(), None);
        }
        Ok(Recent::Current(found))
    }

    async fn get_recent_session_and_user(
        &self,
        session_id: &SessionId,
    ) -> Result<Recent<(Arc<SharedSession>, Arc<User>)>> {
        if let Some(entry) = self.find(session_id)
            && let Some(user) = &entry.user
        {
            return Ok(Recent::MaybeOld((entry.session.clone(), user.clone())));
        }
        self.read(session_id).await.map(Recent::Current)
    }
}

wrap_ports!([A: Adapter] CachedAdapter<A>, inner);
