use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{sync::Notify, task::JoinHandle};

use super::{Outbox, OutboxParts, Owner, Sending};

impl Outbox {
    /// Starts a worker, in the runtime this is called in. It sends what is due, now and from now on: when told, when something
    /// is due, and every half minute for what other processes left behind. It ends when the outbox goes, and with what is being sent.
    pub(crate) fn spawn(&self) -> JoinHandle<()> {
        let wake = Arc::clone(&self.owner.parts.wake);
        tokio::spawn(run(Arc::downgrade(&self.owner), wake))
    }
}

async fn run(outbox: Weak<Owner>, wake: Arc<Notify>) {
    let (mut sending, mut asks) = (Sending::default(), true);
    while let Some(owner) = outbox.upgrade() {
        let pause = round(&owner.parts, &mut sending, asks).await;
        drop(owner);
        let has_room = sending.has_room();
        asks = tokio::select! {
            biased;
            Some(_) = sending.next() => false,
            // Those that hang hold up neither what is written meanwhile nor what is due again.
            () = wake.notified(), if has_room => true,
            () = tokio::time::sleep(pause), if has_room => true,
        };
    }
    while sending.next().await.is_some() {}
}

/// Takes what is due, and answers how long there is nothing to do as far as this process knows.
async fn round(parts: &Arc<OutboxParts>, sending: &mut Sending, asks: bool) -> Duration {
    let begun = if asks || sending.wants_more() {
        sending.begin(parts, parts.clock.now()).await
    } else {
        Ok(())
    };
    let pause = match begun {
        Ok(()) if sending.is_empty() => parts.pause().await,
        begun => begun.map(|()| RECHECK),
    };
    pause.unwrap_or_else(|error| {
        tracing::warn!(target: "auth::delivery", %error, "the outbox could not be read");
        STORE_PAUSE
    })
}

/// The worker sleeps on the same bell.
impl Drop for Owner {
    fn drop(&mut self) {
        self.parts.wake.notify_one();
    }
}

/// How often it is looked for what is due while something is being sent.
const RECHECK: Duration = Duration::from_secs(5);
/// A store that is down is asked this often.
const STORE_PAUSE: Duration = Duration::from_secs(5);
