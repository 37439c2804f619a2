use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

/// One call that waits until it is let go, to put two acts in any order; from
/// [`FaultyAdapter::hold_before`](super::FaultyAdapter::hold_before) and
/// [`FaultyAdapter::hold_after`](super::FaultyAdapter::hold_after).
#[derive(Clone, Debug)]
pub struct Hold(Arc<Gate>);

#[derive(Debug)]
struct Gate {
    reached: Semaphore,
    released: Semaphore,
}

impl Hold {
    fn new() -> Self {
        Self(Arc::new(Gate {
            reached: Semaphore::new(0),
            released: Semaphore::new(0),
        }))
    }

    /// Waits until the call is there.
    pub async fn reached(&self) {
        pass(&self.0.reached).await;
    }

    /// Lets the call go on, now or as soon as it comes.
    pub fn release(&self) {
        self.0.released.add_permits(1);
    }

    async fn wait(&self) {
        self.0.reached.add_permits(1);
        pass(&self.0.released).await;
    }
}

async fn pass(gate: &Semaphore) {
    if let Ok(permit) = gate.acquire().await {
        permit.forget();
    }
}

/// Before or after the work.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Before,
    After,
}

/// The holds that no call has come to yet.
#[derive(Default)]
pub(super) struct Holds(Mutex<Vec<(&'static str, Moment, Hold)>>);

impl Holds {
    pub(super) fn add(&self, name: &'static str, moment: Moment) -> Hold {
        let hold = Hold::new();
        let mut holds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        holds.push((name, moment, hold.clone()));
        hold
    }

    /// Each hold is for one call.
    pub(super) async fn wait(&self, name: &str, moment: Moment) {
        let hold = {
            let mut holds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let place = holds.iter().position(|(held, at, _)| *held == name && *at == moment);
            place.map(|place| holds.remove(place).2)
        };
        if let Some(hold) = hold {
            hold.wait().await;
        }
    }
}
