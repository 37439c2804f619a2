use std::{sync::Arc, time::Duration};

use tokio::{runtime::Handle, task::JoinHandle};

use super::stamps::Stamps;
use crate::adapter::{Invalidation, Invalidations};

/// A write under way. However it ends (done, failed, dropped halfway), it ends here and is told to others.
pub(super) struct Writing {
    stamps: Arc<Stamps>,
    bus: Option<Arc<dyn Invalidations>>,
    /// Longer than that, nobody needs to be told.
    patience: Duration,
    what: Option<Invalidation>,
}

impl Writing {
    pub(super) fn begin(
        what: Invalidation,
        stamps: &Arc<Stamps>,
        bus: Option<&Arc<dyn Invalidations>>,
        patience: Duration,
    ) -> Self {
        stamps.begin(&what);
        Self {
            stamps: Arc::clone(stamps),
            bus: bus.cloned(),
            patience,
            what: Some(what),
        }
    }

    /// Ends it and waits until the bus has taken the message, if there is one.
    pub(super) async fn end(mut self) {
        if let Some(told) = self.close() {
            let _ = told.await;
        }
    }

    /// The message leaves in a task of its own, which a caller that goes away does not stop.
    fn close(&mut self) -> Option<JoinHandle<()>> {
        let what = self.what.take()?;
        self.stamps.end(&what);
        let (bus, patience) = (self.bus.take()?, self.patience);
        let runtime = Handle::try_current().ok()?;
        Some(runtime.spawn(async move {
            match tokio::time::timeout(patience, bus.publish(&what)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "other processes are not told of a write; they see it when their cache's time is up"
                ),
                Err(_) => tracing::warn!("the invalidation bus took no message in {patience:?}"),
            }
        }))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        drop(self.close());
    }
}
