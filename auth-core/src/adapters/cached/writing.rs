use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;

use super::stamps::Stamps;
use crate::{
    adapter::{Invalidation, Invalidations},
    adapters::bus::tell,
};

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

    fn close(&mut self) -> Option<JoinHandle<()>> {
        let what = self.what.take()?;
        self.stamps.end(&what);
        tell(self.bus.take()?, what, self.patience)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        drop(self.close());
    }
}
