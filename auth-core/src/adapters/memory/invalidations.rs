use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;

use crate::{
    adapter::{Invalidation, InvalidationSink, Invalidations},
    error::{Error, Result},
};

/// A bus within one process, for several adapters on one store, and for tests. Clones are the same bus.
#[derive(Clone, Default)]
pub struct MemoryInvalidations {
    bus: Arc<Bus>,
}

#[derive(Default)]
struct Bus {
    sinks: Mutex<Vec<Weak<dyn InvalidationSink>>>,
    is_cut: AtomicBool,
}

impl MemoryInvalidations {
    /// Loses the connection, as a network would: everybody is told so, and messages are refused.
    pub fn cut(&self) {
        let sinks = self.sinks();
        self.bus.is_cut.store(true, Ordering::SeqCst);
        tell(&sinks, |sink| sink.lost());
    }

    /// Brings it back.
    pub fn mend(&self) {
        let sinks = self.sinks();
        self.bus.is_cut.store(false, Ordering::SeqCst);
        tell(&sinks, |sink| sink.connected());
    }

    fn sinks(&self) -> MutexGuard<'_, Vec<Weak<dyn InvalidationSink>>> {
        self.bus.sinks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_cut(&self) -> bool {
        self.bus.is_cut.load(Ordering::SeqCst)
    }
}

fn tell(sinks: &[Weak<dyn InvalidationSink>], word: impl Fn(&dyn InvalidationSink)) {
    for sink in sinks.iter().filter_map(Weak::upgrade) {
        word(&*sink);
    }
}

impl fmt::Debug for MemoryInvalidations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryInvalidations").finish_non_exhaustive()
    }
}

#[async_trait]
impl Invalidations for MemoryInvalidations {
    async fn publish(&self, invalidation: &Invalidation) -> Result<()> {
        let sinks = self.sinks();
        if self.is_cut() {
            return Err(Error::update_failed("the bus is cut"));
        }
        tell(&sinks, |sink| sink.invalidated(invalidation));
        Ok(())
    }

    fn subscribe(&self, sink: Weak<dyn InvalidationSink>) {
        let mut sinks = self.sinks();
        sinks.retain(|sink| sink.strong_count() > 0);
        if !self.is_cut()
            && let Some(sink) = sink.upgrade()
        {
            sink.connected();
        }
        sinks.push(sink);
    }
}
