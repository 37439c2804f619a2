//! Numbered writes: what makes a reading too old to be served.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hash},
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst},
};

use crate::{
    adapter::{Invalidation, InvalidationSink},
    id::{SessionId, UserId},
};

/// The last write to each session and each user, by number. Many ids share a stamp: two that do are both forgotten when
/// one is written, so memory is bounded and nothing is remembered for too long.
pub(super) struct Stamps {
    number: AtomicU64,
    sessions: Box<[Stamp]>,
    users: Box<[Stamp]>,
    everything: Stamp,
    hasher: RandomState,
    /// Whether writes elsewhere are heard of, or nobody asked for that.
    hears: AtomicBool,
}

#[derive(Default)]
struct Stamp {
    /// The number of the last write.
    last: AtomicU64,
    /// Writes under way here.
    writers: AtomicU32,
}

/// The number at which a reading began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen(u64);

/// Which stamps a reading depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    session: usize,
    user: usize,
}

impl Stamps {
    /// Stamps enough that with this many sessions few are forgotten for another's sake.
    pub(super) fn for_capacity(capacity: u32, hears: bool) -> Self {
        let stamps = (capacity as usize).next_power_of_two().clamp(1_024, 65_536);
        let row = || (0..stamps).map(|_| Stamp::default()).collect();
        Self {
            number: AtomicU64::new(0),
            sessions: row(),
            users: row(),
            everything: Stamp::default(),
            hasher: RandomState::new(),
            hears: AtomicBool::new(hears),
        }
    }

    /// To be called before the store is asked.
    pub(super) fn seen(&self) -> Seen {
        Seen(self.number.load(SeqCst))
    }

    pub(super) fn place(&self, session_id: &SessionId, user_id: &UserId) -> Place {
        Place {
            session: self.index(session_id),
            user: self.index(user_id),
        }
    }

    /// Whether nothing of this was written since, and nothing is being written.
    pub(super) fn is_current(&self, seen: Seen, place: Place) -> bool {
        self.hears.load(SeqCst)
            && [&self.sessions[place.session], &self.users[place.user], &self.everything]
                .into_iter()
                .all(|stamp| stamp.is_current(seen))
    }

    /// A write begins: until it ends, its sessions are read from the store.
    pub(super) fn begin(&self, what: &Invalidation) {
        self.stamp(what).writers.fetch_add(1, SeqCst);
    }

    /// It ended, done or not.
    pub(super) fn end(&self, what: &Invalidation) {
        self.outdate(what);
        self.stamp(what).writers.fetch_sub(1, SeqCst);
    }

    fn outdate(&self, what: &Invalidation) {
        let number = self.number.fetch_add(1, SeqCst) + 1;
        self.stamp(what).last.fetch_max(number, SeqCst);
    }

    fn stamp(&self, what: &Invalidation) -> &Stamp {
        match what {
            Invalidation::Session(id) => &self.sessions[self.index(id)],
            Invalidation::User(id) => &self.users[self.index(id)],
            Invalidation::Everything => &self.everything,
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
    fn index(&self, id: &impl Hash) -> usize {
        // A power of two.
        self.hasher.hash_one(id) as usize & (self.sessions.len() - 1)
    }
}

impl Stamp {
    /// Writers first: one that is gone has left its number.
    fn is_current(&self, seen: Seen) -> bool {
        self.writers.load(SeqCst) == 0 && self.last.load(SeqCst) <= seen.0
    }
}

impl InvalidationSink for Stamps {
    fn invalidated(&self, invalidation: &Invalidation) {
        self.outdate(invalidation);
    }

    fn connected(&self) {
        // What was missed meanwhile.
        self.outdate(&Invalidation::Everything);
        self.hears.store(true, SeqCst);
    }

    fn lost(&self) {
        self.hears.store(false, SeqCst);
    }
}
