use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{sync::Notify, task::JoinHandle};

use super::{Outbox, OutboxParts};
use crate::error::Result;

impl Outbox {
    /// Starts a worker, in the runtime this is called in. It sends what is due, now and from now on: when told, when something
    /// is due, and every half minute for what other processes left behind. It ends when the outbox goes.
    pub(crate) fn spawn(&self) -> JoinHandle<()> {
        let wake = Arc::clone(&self.parts.wake);
        tokio::spawn(run(Arc::downgrade(&self.parts), wake))
    }
}

async fn run(outbox: Weak<OutboxParts>, wake: Arc<Notify>) {
    loop {
        let Some(parts) = outbox.upgrade() else {
            return;
        };
        let pause = match round(Outbox { parts }).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(target: "auth::delivery", %error, "the outbox could not be read");
                STORE_PAUSE
            }
        };
        tokio::select! {
            () = wake.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn round(outbox: Outbox) -> Result<Duration> {
    outbox.deliver_due().await?;
    outbox.pause().await
}

/// The worker sleeps on the same bell.
impl Drop for OutboxParts {
    fn drop(&mut self) {
        self.wake.notify_one();
    }
}

/// A store that is down is asked this often.
const STORE_PAUSE: Duration = Duration::from_secs(5);
