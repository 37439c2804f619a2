use std::{fmt, ops::RangeInclusive, sync::Arc, time::Duration};

use crate::adapter::Invalidations;

/// How much a [`CachedAdapter`](super::CachedAdapter) remembers, for how long, and who tells it of other processes.
///
/// ```
/// use std::time::Duration;
/// use auth_core::adapters::CacheOptions;
///
/// let options = CacheOptions::default().time_to_live(Duration::from_secs(1)).capacity(100_000);
/// # let _ = options;
/// ```
#[derive(Clone)]
pub struct CacheOptions {
    pub(super) time_to_live: Duration,
    pub(super) capacity: u32,
    pub(super) invalidations: Option<Arc<dyn Invalidations>>,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            time_to_live: Duration::from_secs(5),
            capacity: 10_000,
            invalidations: None,
        }
    }
}

impl CacheOptions {
    /// For how long a reading may be served, counted from when it was begun. Default 5 seconds; from 100 ms to 60 s, which
    /// `build()` checks.
    ///
    /// It is how late a revocation in another process can be where no bus tells of it, or the bus fails. Shorter asks the
    /// store more often.
    #[must_use]
    pub fn time_to_live(mut self, time: Duration) -> Self {
        self.time_to_live = time;
        self
    }

    /// How many sessions are remembered at most. Default 10 000; from 1 to 1 000 000. One that is used takes about 2.1 kB with its
    /// user, and twice what the application keeps in it: 100 000 with an address, a browser's name of a hundred letters and no
    /// data of their own grew a process on Linux by 210 MB.
    #[must_use]
    pub fn capacity(mut self, sessions: u32) -> Self {
        self.capacity = sessions;
        self
    }

    /// Tells other processes what is written here, and hears what they write. Default none.
    ///
    /// While the bus has lost its connection nothing is served from the cache.
    #[must_use]
    pub fn invalidations(mut self, bus: impl Invalidations) -> Self {
        self.invalidations = Some(Arc::new(bus));
        self
    }

    /// What cannot be used, as a sentence.
    pub(super) fn check(&self) -> Result<(), String> {
        if !TIMES_TO_LIVE.contains(&self.time_to_live) {
            return Err(format!(
                "the session cache's time_to_live is {:?}: use 100 ms to 60 s.",
                self.time_to_live
            ));
        }
        if !CAPACITIES.contains(&self.capacity) {
            return Err(format!(
                "the session cache's capacity is {}: use 1 to 1000000 sessions.",
                self.capacity
            ));
        }
        Ok(())
    }

    /// The same within its bounds, for whoever uses an adapter without `build()`.
    pub(super) fn bounded(mut self) -> Self {
        self.time_to_live = self.time_to_live.clamp(*TIMES_TO_LIVE.start(), *TIMES_TO_LIVE.end());
        self.capacity = self.capacity.clamp(*CAPACITIES.start(), *CAPACITIES.end());
        self
    }
}

impl fmt::Debug for CacheOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheOptions")
            .field("time_to_live", &self.time_to_live)
            .field("capacity", &self.capacity)
            .field("invalidations", &self.invalidations.is_some())
            .finish()
    }
}

const TIMES_TO_LIVE: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(60);
const CAPACITIES: RangeInclusive<u32> = 1..=1_000_000;
