use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hash},
    sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    adapter::{Invalidation, InvalidationSink},
    id::{SessionId, UserId},
};

/// When each session and each user was last written, in milliseconds since the start. Many ids share a place: then one is read
/// from the primary for another's sake.
pub(super) struct RecentWrites {
    start: Instant,
    window: Duration,
    sessions: Box<[AtomicU64]>,
    users: Box<[AtomicU64]>,
    everything: AtomicU64,
    hasher: RandomState,
    /// Whether writes elsewhere are heard of, or nobody asked for that.
    hears: AtomicBool,
}

impl RecentWrites {
    pub(super) fn within(window: Duration, hears: bool) -> Self {
        let row = || (0..PLACES).map(|_| AtomicU64::new(0)).collect();
        Self {
            start: Instant::now(),
            window,
            sessions: row(),
            users: row(),
            everything: AtomicU64::new(0),
            hasher: RandomState::new(),
            hears: AtomicBool::new(hears),
        }
    }

    pub(super) fn note(&self, what: &Invalidation) {
        let until = self.now() + millis(self.window);
        let place = match what {
            Invalidation::Session(id) => &self.sessions[self.index(id)],
            Invalidation::User(id) => &self.users[self.index(id)],
            Invalidation::Everything => &self.everything,
        };
        place.fetch_max(until, SeqCst);
    }

    /// Everything is read from the primary for that long.
    pub(super) fn everything_for(&self, period: Duration) {
        self.everything.fetch_max(self.now() + millis(period), SeqCst);
    }

    pub(super) fn has_session(&self, id: &SessionId) -> bool {
        let until = self.sessions[self.index(id)].load(SeqCst);
        !self.hears.load(SeqCst) || self.now() < until.max(self.everything.load(SeqCst))
    }

    pub(super) fn has_user(&self, id: &UserId) -> bool {
        self.now() < self.users[self.index(id)].load(SeqCst)
    }

    fn now(&self) -> u64 {
        millis(self.start.elapsed())
    }

    #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
    fn index(&self, id: &impl Hash) -> usize {
        self.hasher.hash_one(id) as usize % PLACES
    }
}

impl InvalidationSink for RecentWrites {
    fn invalidated(&self, invalidation: &Invalidation) {
        self.note(invalidation);
    }

    fn connected(&self) {
        // What was missed meanwhile.
        self.note(&Invalidation::Everything);
        self.hears.store(true, SeqCst);
    }

    fn lost(&self) {
        self.hears.store(false, SeqCst);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 2)
}

const PLACES: usize = 16_384;
