//! What is found out once.

use std::sync::OnceLock;

use tokio::sync::Mutex;

use crate::error::Result;

/// What whoever asks first finds out, and the others wait for. Who fails or leaves lets the next one try.
///
/// As tokio's `OnceCell`, but whoever is alone does not queue: every request with a session pays for this.
pub(super) struct Once<T> {
    found: OnceLock<T>,
    finding: Mutex<()>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self {
            found: OnceLock::new(),
            finding: Mutex::default(),
        }
    }
}

impl<T> Once<T> {
    pub(super) fn of(found: T) -> Self {
        Self {
            found: OnceLock::from(found),
            finding: Mutex::default(),
        }
    }

    pub(super) fn get(&self) -> Option<&T> {
        self.found.get()
    }

    pub(super) async fn get_or_find<F: Future<Output = Result<T>>>(&self, find: impl FnOnce() -> F) -> Result<&T> {
        if let Some(found) = self.found.get() {
            return Ok(found);
        }
        let _alone = match self.finding.try_lock() {
            Ok(alone) => alone,
            Err(_) => Box::pin(self.finding.lock()).await,
        };
        if let Some(found) = self.found.get() {
            return Ok(found);
        }
        let found = find().await?;
        Ok(self.found.get_or_init(|| found))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, future::join_all};

    use super::*;
    use crate::error::ErrorKind;

    #[tokio::test]
    async fn many_who_ask_at_once_find_out_once() {
        let (once, found) = (Once::default(), std::sync::atomic::AtomicU32::new(0));
        let ask = || async {
            let find = async || {
                tokio::task::yield_now().await;
                Ok(found.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
            };
            *once.get_or_find(find).await.unwrap()
        };
        assert_eq!(join_all((0..50).map(|_| ask())).await, [0; 50]);
        assert_eq!(ask().await, 0);
        assert_eq!(once.get(), Some(&0));
    }

    #[tokio::test]
    async fn who_fails_or_leaves_lets_the_next_one_try() {
        let once = Once::default();
        let fail = async || Err(ErrorKind::DatabaseFetchFailed.into());
        assert!(once.get_or_find(fail).await.is_err());
        assert!(once.get_or_find(std::future::pending).now_or_never().is_none());
        let (lasting, waiting) = (once.get_or_find(std::future::pending), once.get_or_find(async || Ok(7)));
        let mut lasting = Box::pin(lasting);
        let mut waiting = Box::pin(waiting);
        assert!(lasting.as_mut().now_or_never().is_none());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(lasting);
        assert_eq!(*waiting.await.unwrap(), 7);
    }
}
