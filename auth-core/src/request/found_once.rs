//! What is found out once.

use std::sync::OnceLock;

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

use crate::error::Result;

/// What whoever asks first finds out, and the others wait for. Who fails or leaves lets the next one try.
///
/// As tokio's `OnceCell`, but without the place in its queue that everybody's future carries about: most requests ask alone.
pub(super) struct FoundOnce<T> {
    found: OnceLock<T>,
    /// Closed when it is found.
    finding: Semaphore,
}

impl<T> Default for FoundOnce<T> {
    fn default() -> Self {
        Self {
            found: OnceLock::new(),
            finding: Semaphore::new(1),
        }
    }
}

impl<T> FoundOnce<T> {
    pub(super) fn of(found: T) -> Self {
        Self {
            found: OnceLock::from(found),
            ..Self::default()
        }
    }

    pub(super) fn get(&self) -> Option<&T> {
        self.found.get()
    }

    pub(super) async fn get_or_find<F: Future<Output = Result<T>>>(&self, find: impl FnOnce() -> F) -> Result<&T> {
        loop {
            if let Some(found) = self.found.get() {
                return Ok(found);
            }
            // Closed meanwhile: it is found.
            let Ok(alone) = self.alone().await else { continue };
            let found = find().await?;
            let found = self.found.get_or_init(|| found);
            // All who wait go on at once, whoever is first in the queue.
            self.finding.close();
            alone.forget();
            return Ok(found);
        }
    }

    async fn alone(&self) -> std::result::Result<SemaphorePermit<'_>, AcquireError> {
        match self.finding.try_acquire() {
            Ok(alone) => Ok(alone),
            Err(_) => Box::pin(self.finding.acquire()).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::{FutureExt, future::join_all};
    use tokio::sync::oneshot;

    use super::*;
    use crate::error::ErrorKind;

    #[tokio::test]
    async fn many_who_ask_at_once_find_out_once() {
        let (once, found) = (FoundOnce::default(), AtomicU32::new(0));
        let ask = || async {
            let find = async || {
                tokio::task::yield_now().await;
                Ok(found.fetch_add(1, Ordering::SeqCst))
            };
            *once.get_or_find(find).await.unwrap()
        };
        assert_eq!(join_all((0..50).map(|_| ask())).await, [0; 50]);
        assert_eq!(ask().await, 0);
        assert_eq!(found.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn who_fails_or_leaves_lets_the_next_one_try() {
        let once = FoundOnce::default();
        let fail = async || Err(ErrorKind::DatabaseFetchFailed.into());
        assert!(once.get_or_find(fail).await.is_err());
        let mut lasting = Box::pin(once.get_or_find(std::future::pending));
        let mut waiting = Box::pin(once.get_or_find(async || Ok(7)));
        assert!(lasting.as_mut().now_or_never().is_none());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(lasting);
        assert_eq!(*waiting.await.unwrap(), 7);
    }

    #[tokio::test]
    async fn nobody_waits_for_one_who_waits_and_does_not_look() {
        let once = FoundOnce::default();
        let (tell, told) = oneshot::channel();
        let mut finding = Box::pin(once.get_or_find(async || Ok(told.await.unwrap())));
        let [mut idle, mut waiting] = [0, 0].map(|_| Box::pin(once.get_or_find(std::future::pending)));
        assert!(finding.as_mut().now_or_never().is_none());
        assert!(idle.as_mut().now_or_never().is_none());
        assert!(waiting.as_mut().now_or_never().is_none());
        tell.send(7).unwrap();
        assert_eq!(*finding.await.unwrap(), 7);
        assert_eq!(*waiting.await.unwrap(), 7);
        assert_eq!(*idle.await.unwrap(), 7);
    }
}
