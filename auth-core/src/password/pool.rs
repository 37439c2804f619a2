//! A few threads that hash, a queue that ends: two hundred sign-ins at once leave the other routes alone.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

use crate::error::{Error, ErrorKind, Result};

type Job = Box<dyn FnOnce() + Send>;

/// The pool; its threads start with the first job and end with the pool.
pub(super) struct HashPool {
    threads: usize,
    queue: usize,
    jobs: OnceLock<std::result::Result<SyncSender<Job>, String>>,
    done: Arc<AtomicU64>,
    waiting: Arc<AtomicU64>,
}

impl HashPool {
    pub(super) fn new(threads: usize, queue: usize) -> Self {
        Self {
            threads,
            queue,
            jobs: OnceLock::new(),
            done: Arc::default(),
            waiting: Arc::default(),
        }
    }

    /// How many jobs have been done.
    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// How many jobs wait for a thread.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Runs a job on one of the threads. When nobody waits for it any more by the time it is its turn, it is left out.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] when the queue is full, [`ErrorKind::Unknown`] when the job panicked.
    pub(super) async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let (answer, result) = oneshot::channel();
        let done = Arc::clone(&self.done);
        let waiting = Arc::clone(&self.waiting);
        let job: Job = Box::new(move || {
            waiting.fetch_sub(1, Ordering::Relaxed);
            if answer.is_closed() {
                return;
            }
            let result = catch_unwind(AssertUnwindSafe(job))
                .unwrap_or_else(|_| Err(Error::from(ErrorKind::Unknown).detail("a password hasher panicked")));
            done.fetch_add(1, Ordering::Relaxed);
            // Nobody waiting any more is nobody's error.
            let _ = answer.send(result);
        });
        let jobs = self.jobs.get_or_init(|| start(self.threads, self.queue));
        let jobs = jobs
            .as_ref()
            .map_err(|reason| Error::from(ErrorKind::Unknown).detail(reason.as_str()))?;
        // Counted before it is sent: a thread may take it at once.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = jobs.try_send(job) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(match error {
                TrySendError::Full(_) => Error::from(ErrorKind::Busy).retry_in(RETRY_AFTER),
                TrySendError::Disconnected(_) => ErrorKind::Unknown.into(),
            });
        }
        result
            .await
            .map_err(|error| Error::with_source(ErrorKind::Unknown, error))?
    }
}

/// About what a full queue takes.
const RETRY_AFTER: Duration = Duration::from_secs(2);

fn start(threads: usize, queue: usize) -> std::result::Result<SyncSender<Job>, String> {
    let (jobs, waiting) = sync_channel::<Job>(queue);
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..threads {
        let waiting = Arc::clone(&waiting);
        thread::Builder::new()
            .name("auth-hash".to_owned())
            .spawn(move || work(&waiting))
            .map_err(|error| format!("no hashing thread could be started: {error}"))?;
    }
    Ok(jobs)
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::AtomicUsize,
        mpsc::{self, Sender},
    };

    use super::*;

    /// Keeps a pool's thread until it is let go.
    async fn blocked(pool: &Arc<HashPool>) -> (Sender<()>, tokio::task::JoinHandle<Result<()>>) {
        let (go, wait) = mpsc::channel::<()>();
        let (began, has_begun) = oneshot::channel();
        let pool = Arc::clone(pool);
        let task = tokio::spawn(async move {
            pool.run(move || {
                let _ = began.send(());
                let _ = wait.recv();
                Ok(())
            })
            .await
        });
        has_begun.await.unwrap();
        (go, task)
    }

    #[tokio::test]
    async fn a_full_queue_is_busy_and_says_when_to_come_back() {
        let pool = Arc::new(HashPool::new(1, 1));
        let (go, first) = blocked(&pool).await;
        let second = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(|| Ok(2)).await }
        });
        while pool.jobs.get().is_none() || !second.is_finished() {
            tokio::task::yield_now().await;
            if pool
                .run(|| Ok(3))
                .await
                .is_err_and(|error| error.kind() == ErrorKind::Busy)
            {
                break;
            }
        }
        let error = pool.run(|| Ok(4)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert!(error.retry_after().is_some());
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_caller_that_left_costs_no_hash() {
        let pool = Arc::new(HashPool::new(1, 8));
        let (go, first) = blocked(&pool).await;
        let ran = Arc::new(AtomicUsize::new(0));
        {
            let ran = Arc::clone(&ran);
            let waiting = pool.run(move || {
                ran.fetch_add(1, Ordering::SeqCst);
                Ok(())
            });
            let gave_up = tokio::time::timeout(Duration::from_millis(20), waiting).await;
            assert!(gave_up.is_err());
        }
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        pool.run(|| Ok(())).await.unwrap();
        assert_eq!(ran.load(Ordering::SeqCst), 0);
        assert_eq!(pool.done(), 2);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_thread_goes_on() {
        let pool = HashPool::new(1, 1);
        let error = pool.run::<()>(|| panic!("on purpose")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown);
        assert_eq!(pool.run(|| Ok(1)).await.unwrap(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_more_run_at_once_than_there_are_threads() {
        let pool = Arc::new(HashPool::new(2, 64));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..32)
            .map(|_| {
                let (pool, now, most) = (Arc::clone(&pool), Arc::clone(&now), Arc::clone(&most));
                tokio::spawn(async move {
                    pool.run(move || {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                        Ok(())
                    })
                    .await
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
        assert_eq!(pool.done(), 32);
    }
}
