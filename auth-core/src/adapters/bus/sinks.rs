use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

use crate::adapter::{Invalidation, InvalidationSink};

/// Who listens. They are told in the order they came.
#[derive(Default)]
pub(super) struct Sinks {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_connected: bool,
    sinks: Vec<Weak<dyn InvalidationSink>>,
}

impl Sinks {
    pub(super) fn subscribe(&self, sink: Weak<dyn InvalidationSink>) {
        let mut state = self.state();
        state.sinks.retain(|sink| sink.strong_count() > 0);
        if state.is_connected
            && let Some(sink) = sink.upgrade()
        {
            sink.connected();
        }
        state.sinks.push(sink);
    }

    pub(super) fn connected(&self) {
        let mut state = self.state();
        state.is_connected = true;
        state.tell(|sink| sink.connected());
    }

    pub(super) fn lost(&self) {
        let mut state = self.state();
        state.is_connected = false;
        state.tell(|sink| sink.lost());
    }

    pub(super) fn hear(&self, message: &str) {
        let invalidation = Invalidation::from_message(message);
        self.state().tell(|sink| sink.invalidated(&invalidation));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tell(&self, word: impl Fn(&dyn InvalidationSink)) {
        for sink in self.sinks.iter().filter_map(Weak::upgrade) {
            word(&*sink);
        }
    }
}
