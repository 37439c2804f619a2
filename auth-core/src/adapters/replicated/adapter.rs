use std::{
    fmt,
    ops::RangeInclusive,
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use tokio::task::JoinHandle;

use super::recent_writes::RecentWrites;
use crate::{
    adapter::{
        Act, Adapter, AttemptAdapter, EventAdapter, Invalidation, InvalidationSink, Invalidations, OutboxAdapter,
        Recent, Schema, SessionAdapter, SigningKeyAdapter, TokenAdapter, UserAdapter, delegate_store, shared,
    },
    adapters::{
        bus::tell,
        wrapped::{changed_by, wrap_ports},
    },
    clock::Timestamp,
    error::Result,
    id::{KeyId, SessionId, UserId},
    model::{
        AttemptCount, AttemptSubject, EventQuery, EventRecord, KeyPatch, KeyRecord, OneTimeToken, OutboxMessage,
        SessionPatch, SessionRecord, SessionRotation, SharedSession, SigningKeyRecord, User, UserPatch, UserQuery,
    },
    secret::{Digest, HashedPassword},
};

/// Looks sessions up at a read replica, and asks the primary for everything else.
///
/// Only [`Adapter::get_recent_session`] and [`Adapter::get_recent_session_and_user`] go to the replica: the check of a session
/// token, which is nearly all that a busy application asks. Writes, and every read that a decision hangs on (refreshing
/// tokens, accounts, passwords, listings) are the primary's.
///
/// # What it promises
/// - **You read what you wrote**: what this process wrote in the last [`ReplicatedAdapter::read_own_writes_for`] is read
///   from the primary.
/// - **It only ever says yes.** A session that the replica does not have, a secret it does not know, an idle or dead session:
///   the primary is asked. A sign-in or a renewal in another process is seen at once.
/// - When the replica fails, the primary is asked, and for ten seconds the primary alone. Give a replica that may hang a time-out that
///   the lookups which meet it first can bear.
///
/// - With a bus ([`ReplicatedAdapter::invalidations`]), what *other* processes wrote is read from the primary for as long,
///   counted from when their message arrives; while the bus has lost its connection, and for as long after, everything is.
///
/// # What it does not
/// **Without a bus, a session revoked by another process opens here for as long as the replica lags**, and nothing here can
/// bound that. With one, it opens for as long as the message takes, provided that the replica lags less than
/// [`ReplicatedAdapter::read_own_writes_for`]. Either way: watch the lag, and take a replica that falls behind out of service.
///
/// ```
/// use std::time::Duration;
/// use auth_core::adapters::{MemoryAdapter, ReplicatedAdapter};
///
/// # let (primary, replica) = (MemoryAdapter::default(), MemoryAdapter::default());
/// let adapter = ReplicatedAdapter::new(primary, replica).read_own_writes_for(Duration::from_secs(10));
/// # let _ = adapter;
/// ```
pub struct ReplicatedAdapter<P, R> {
    primary: P,
    replica: R,
    window: Duration,
    writes: Arc<RecentWrites>,
    bus: Option<Arc<dyn Invalidations>>,
}

impl<P: Adapter, R: Adapter> ReplicatedAdapter<P, R> {
    /// Reads from `replica` what may be old, everything else from `primary`. The replica is never written to.
    pub fn new(primary: P, replica: R) -> Self {
        let window = Duration::from_secs(10);
        Self {
            primary,
            replica,
            window,
            writes: Arc::new(RecentWrites::within(window, true)),
            bus: None,
        }
    }

    /// For how long what was written here is read from the primary. Default 10 seconds; from 1 second to 10 minutes, which
    /// `build()` checks. Longer than the replica ever lags, or a revocation here can be forgotten again; longer than that
    /// only asks the primary more.
    #[must_use]
    pub fn read_own_writes_for(mut self, window: Duration) -> Self {
        self.window = window;
        self.listen();
        self
    }

    /// Tells other processes what is written here, and reads from the primary what they write, for the time of
    /// [`ReplicatedAdapter::read_own_writes_for`]. Default none.
    ///
    /// With a cache around it, give both the same bus, by clones of one handle: then the replica's side hears of a write before
    /// the cache does, and what the cache reads anew is the primary's. Each write is then told twice, which is no harm.
    #[must_use]
    pub fn invalidations(mut self, bus: impl Invalidations) -> Self {
        self.bus = Some(Arc::new(bus));
        self.listen();
        self
    }

    fn listen(&mut self) {
        let window = self.window.clamp(*WINDOWS.start(), *WINDOWS.end());
        self.writes = Arc::new(RecentWrites::within(window, self.bus.is_none()));
        if let Some(bus) = &self.bus {
            let sink: Weak<RecentWrites> = Arc::downgrade(&self.writes);
            bus.subscribe(sink as Weak<dyn InvalidationSink>);
        }
    }

    async fn writing<T>(
        &self,
        what: impl Into<Option<Invalidation>> + Send,
        write: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let Some(what) = what.into() else {
            return write.await;
        };
        self.writes.note(&what);
        let writing = Writing {
            writes: &self.writes,
            bus: self.bus.as_ref(),
            patience: self.window,
            what: Some(what),
        };
        let answer = write.await;
        writing.end().await;
        answer
    }

    /// What the replica knows. Its failure is logged, and nobody else waits for it for a while.
    fn heard<T>(&self, answer: Result<Option<T>>) -> Option<T> {
        answer.unwrap_or_else(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the replica fails; the primary is asked"
            );
            self.writes.everything_for(REST);
            None
        })
    }

    /// What the replica found, if that may be believed.
    fn believe(&self, session: &SessionRecord) -> bool {
        // Asked after the replica has answered: a write that began meanwhile counts.
        !self.writes.has_session(&session.id) && !self.writes.has_user(&session.user_id)
    }
}

/// A write under way, noted and told at its end as well, however it ends.
struct Writing<'a> {
    writes: &'a RecentWrites,
    bus: Option<&'a Arc<dyn Invalidations>>,
    /// Longer than that, nobody needs to be told.
    patience: Duration,
    what: Option<Invalidation>,
}

impl Writing<'_> {
    /// Waits until the bus has taken the message, if there is one.
    async fn end(mut self) {
        if let Some(told) = self.close() {
            let _ = told.await;
        }
    }

    fn close(&mut self) -> Option<JoinHandle<()>> {
        let what = self.what.take()?;
        self.writes.note(&what);
        tell(Arc::clone(self.bus?), what, self.patience)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        drop(self.close());
    }
}

impl<P, R> fmt::Debug for ReplicatedAdapter<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplicatedAdapter")
            .field("read_own_writes_for", &self.window)
            .field("invalidations", &self.bus.is_some())
            .finish_non_exhaustive()
    }
}

// Only the primary is migrated: the replica follows by itself.
delegate_store!([P: Adapter, R: Adapter] ReplicatedAdapter<P, R>, primary, {
    fn declare(&self, schema: &Schema) -> Result<(), String> {
        if !WINDOWS.contains(&self.window) {
            return Err(format!(
                "the replica's read_own_writes_for is {:?}: use 1 s to 10 min.",
                self.window
            ));
        }
        self.primary.declare(schema)?;
        self.replica.declare(schema)
    }

    async fn ping(&self) -> Result<()> {
        self.primary.ping().await
    }
});

#[async_trait]
impl<P: Adapter, R: Adapter> Adapter for ReplicatedAdapter<P, R> {
    async fn get_session_and_user(&self, session_id: &SessionId) -> Result<Option<(SessionRecord, User)>> {
        self.primary.get_session_and_user(session_id).await
    }

    async fn get_recent_session(&self, session_id: &SessionId) -> Result<Recent<Arc<SharedSession>>> {
        if !self.writes.has_session(session_id)
            && let Some(session) = self.heard(self.replica.get_session(session_id).await)
            && self.believe(&session)
        {
            return Ok(Recent::MaybeOld(SharedSession::new(session)));
        }
        let found = self.primary.get_session(session_id).await?;
        Ok(Recent::Current(found.map(SharedSession::new)))
    }

    async fn get_recent_session_and_user(
        &self,
        session_id: &SessionId,
    ) -> Result<Recent<(Arc<SharedSession>, Arc<User>)>> {
        if !self.writes.has_session(session_id)
            && let Some(found) = self.heard(self.replica.get_session_and_user(session_id).await)
            && self.believe(&found.0)
        {
            return Ok(Recent::MaybeOld(shared(found)));
        }
        let found = self.primary.get_session_and_user(session_id).await?;
        Ok(Recent::Current(found.map(shared)))
    }
}

wrap_ports!([P: Adapter, R: Adapter] ReplicatedAdapter<P, R>, primary);

/// How long a replica that failed is left alone: one that hangs would cost each lookup its whole time-out.
const REST: Duration = Duration::from_secs(10);

const WINDOWS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(600);
