//! Events kept in the store, for administrators to read. Written by a task of its own: what happens does not wait for it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

use crate::{adapter::Adapter, auth::Auth, entropy::random_string, event::Event, model::EventRecord};

/// The queue to the store.
pub(crate) struct Journal {
    adapter: Arc<dyn Adapter>,
    queue: Mutex<Option<(mpsc::Sender<Entry>, JoinHandle<()>)>>,
    lost: AtomicU64,
}

enum Entry {
    Event(Box<EventRecord>),
    /// Everything before this is in the store.
    Flush(oneshot::Sender<()>),
}

impl Journal {
    pub(crate) fn new(adapter: Arc<dyn Adapter>) -> Self {
        Self {
            adapter,
            queue: Mutex::default(),
            lost: AtomicU64::new(0),
        }
    }

    /// Takes an event; when the store cannot keep up, the event is lost here, and said to be.
    pub(crate) fn add(&self, auth: &Auth, event: &Event) {
        let random = random_string(auth.inner.entropy.as_ref(), b"abcdefghijklmnopqrstuvwxyz0123456789", 10);
        let record = EventRecord {
            // Later ones are greater.
            id: format!("{:013x}{}", event.at.as_unix_ms().max(0), random.unwrap_or_default()),
            kind: event.kind.as_str().to_owned(),
            at: event.at,
            user_id: event.user_id.clone(),
            session_id: event.session_id.clone(),
            account: event.account.clone(),
            ip: event.client.ip,
            user_agent: event.client.user_agent.clone(),
            reason: event.reason.map(str::to_owned),
            actor: event.actor().map(str::to_owned),
        };
        let is_taken = self
            .sender()
            .is_some_and(|sender| sender.try_send(Entry::Event(Box::new(record))).is_ok());
        if !is_taken && self.lost.fetch_add(1, Ordering::Relaxed).is_multiple_of(1_000) {
            tracing::error!(target: "auth::event", "events are not kept: the store does not keep up");
        }
    }

    /// Waits until what was taken so far is in the store, but not for a store that is silent.
    pub(crate) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        let flush = async {
            if let Some(sender) = self.sender()
                && sender.send(Entry::Flush(done)).await.is_ok()
            {
                let _ = flushed.await;
            }
        };
        if timeout(PATIENCE, flush).await.is_err() {
            tracing::error!(target: "auth::event", "events are lost: the store does not answer");
        }
    }

    fn sender(&self) -> Option<mpsc::Sender<Entry>> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((sender, task)) = queue.as_ref()
            && !task.is_finished()
        {
            return Some(sender.clone());
        }
        Handle::try_current().ok()?;
        let (sender, entries) = mpsc::channel(QUEUE);
        let task = tokio::spawn(write(Arc::clone(&self.adapter), entries));
        *queue = Some((sender.clone(), task));
        Some(sender)
    }
}

async fn write(adapter: Arc<dyn Adapter>, mut entries: mpsc::Receiver<Entry>) {
    let mut batch = Vec::with_capacity(BATCH);
    while entries.recv_many(&mut batch, BATCH).await > 0 {
        let (mut records, mut waiting) = (Vec::new(), Vec::new());
        for entry in batch.drain(..) {
            match entry {
                Entry::Event(record) => records.push(*record),
                Entry::Flush(done) => waiting.push(done),
            }
        }
        if !records.is_empty()
            && let Err(error) = adapter.add_events(&records).await
        {
            let error: &dyn std::error::Error = &error;
            tracing::error!(target: "auth::event", error, lost = records.len(), "events were not kept");
        }
        for done in waiting {
            let _ = done.send(());
        }
    }
}

const QUEUE: usize = 4_096;
const BATCH: usize = 64;
/// What stays in the queue for longer when a program ends is lost.
const PATIENCE: Duration = Duration::from_secs(10);
