use std::{sync::Arc, time::Duration};

use tokio::{runtime::Handle, task::JoinHandle};

use crate::adapter::{Invalidation, Invalidations};

/// Tells others of a write, in a task of its own, which a caller that goes away does not stop.
pub(in crate::adapters) fn tell(
    bus: Arc<dyn Invalidations>,
    what: Invalidation,
    patience: Duration,
) -> Option<JoinHandle<()>> {
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
