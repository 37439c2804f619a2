use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{error::Result, model::OutboxMessage};

/// What this process is sending. A clock that is set forward ends a lease before its time: then the store hands out once more what
/// somebody here is still at.
#[derive(Default)]
pub(crate) struct UnderWay {
    ids: Arc<Ids>,
    leasing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Ids(Mutex<HashSet<String>>);

impl UnderWay {
    /// What a lease hands out, but for what somebody is at, or was when it began: that one's row may have gone meanwhile. One lease
    /// at a time, so that nobody has a message in hand that is not known here.
    pub(super) async fn begin(
        &self,
        lease: impl Future<Output = Result<Vec<OutboxMessage>>>,
    ) -> Result<Vec<(OutboxMessage, Turn)>> {
        let _alone = self.leasing.lock().await;
        let before = self.ids.lock().clone();
        let messages = lease.await?.into_iter();
        let mut ids = self.ids.lock();
        let new = messages.filter(|message| !before.contains(&message.id) && ids.insert(message.id.clone()));
        let with_turn = |message: OutboxMessage| {
            let (ids, id) = (Arc::clone(&self.ids), message.id.clone());
            (message, Turn { ids, id })
        };
        Ok(new.map(with_turn).collect())
    }
}

impl Ids {
    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// To send one message; over when it is dropped.
pub(super) struct Turn {
    ids: Arc<Ids>,
    id: String,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.ids.lock().remove(&self.id);
    }
}
