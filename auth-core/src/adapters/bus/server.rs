use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{Instant, sleep, timeout},
};

use super::{
    backoff::Backoff,
    line::{Line, Unsaid},
    sinks::Sinks,
};
use crate::{
    adapter::{Invalidation, InvalidationSink},
    error::{Error, Result},
};

/// A line that is made anew whenever it is lost, by a task that ends with this.
pub(in crate::adapters) struct Bus<L: Line> {
    shared: Arc<Shared<L>>,
    task: AbortHandle,
}

struct Shared<L: Line> {
    line: L,
    sinks: Sinks,
    speaker: watch::Sender<Option<L::Speaker>>,
    /// Whether something was written that nobody could be told of.
    owes: AtomicBool,
}

impl<L: Line> Bus<L> {
    /// Connects, and fails if nobody answers; from then on the connection comes back by itself.
    pub(in crate::adapters) async fn start(line: L) -> Result<Self> {
        let shared = Arc::new(Shared {
            line,
            sinks: Sinks::default(),
            speaker: watch::Sender::new(None),
            owes: AtomicBool::new(false),
        });
        let (speaker, open) = shared.open().await?;
        let connected = Connected::begin(&shared, speaker);
        let task = tokio::spawn(keep(Arc::clone(&shared), connected, open));
        Ok(Self {
            shared,
            task: task.abort_handle(),
        })
    }

    /// For as long as the line is patient; while there is no connection, for a moment only.
    pub(in crate::adapters) async fn publish(&self, what: &Invalidation) -> Result<()> {
        let mut owing = Owing(Some(&self.shared.owes));
        let said = timeout(self.shared.line.patience(), self.shared.say(&what.to_message())).await;
        said.map_err(Error::update_failed)??;
        owing.0 = None;
        Ok(())
    }

    #[cfg(all(test, feature = "postgres", feature = "sqlite", feature = "testing"))]
    pub(in crate::adapters) async fn with_speaker(&self, act: impl AsyncFnOnce(L::Speaker)) {
        let speaker = self.shared.speaker.borrow().clone();
        if let Some(speaker) = speaker {
            act(speaker).await;
        }
    }

    pub(in crate::adapters) fn subscribe(&self, sink: Weak<dyn InvalidationSink>) {
        self.shared.sinks.subscribe(sink);
    }
}

impl<L: Line> Drop for Bus<L> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A message that was not said, however that came.
struct Owing<'a>(Option<&'a AtomicBool>);

impl Drop for Owing<'_> {
    fn drop(&mut self) {
        if let Some(owes) = self.0 {
            owes.store(true, SeqCst);
        }
    }
}

impl<L: Line> Shared<L> {
    async fn open(&self) -> Result<(L::Speaker, L::Open)> {
        let opened = timeout(self.line.patience(), self.line.open()).await;
        opened.map_err(Error::fetch_failed)?
    }

    async fn say(&self, message: &str) -> Result<()> {
        let mut speakers = self.speaker.subscribe();
        loop {
            let next = timeout(GRACE, speakers.wait_for(Option::is_some)).await;
            let next = next.map_err(|_| Error::update_failed("the invalidation bus has no connection"))?;
            let Some(speaker) = next.map_err(Error::update_failed)?.clone() else {
                continue;
            };
            match self.line.say(speaker, message).await {
                Ok(()) => return Ok(()),
                Err(Unsaid::Refused(error)) => return Err(error),
                // To say it twice is no harm.
                Err(Unsaid::Lost(error)) => timeout(GRACE, speakers.changed())
                    .await
                    .map_err(|_| error)?
                    .map_err(Error::update_failed)?,
            }
        }
    }

    /// What nobody was told of while there was no connection.
    async fn make_up(&self) {
        if self.owes.swap(false, SeqCst) {
            let mut owing = Owing(Some(&self.owes));
            if self.say(&Invalidation::Everything.to_message()).await.is_ok() {
                owing.0 = None;
            }
        }
    }
}

/// Tells everybody, however it ends, that there is no connection.
struct Connected<L: Line> {
    shared: Arc<Shared<L>>,
    speaker: L::Speaker,
}

impl<L: Line> Connected<L> {
    fn begin(shared: &Arc<Shared<L>>, speaker: L::Speaker) -> Self {
        shared.sinks.connected();
        shared.speaker.send_replace(Some(speaker.clone()));
        Self {
            shared: Arc::clone(shared),
            speaker,
        }
    }
}

impl<L: Line> Drop for Connected<L> {
    fn drop(&mut self) {
        self.shared.sinks.lost();
        self.shared.speaker.send_replace(None);
    }
}

async fn keep<L: Line>(shared: Arc<Shared<L>>, mut connected: Connected<L>, mut open: L::Open) {
    let mut backoff = Backoff::new();
    loop {
        let since = Instant::now();
        let hear = |message: &str| shared.sinks.hear(message);
        let listen = shared.line.listen(connected.speaker.clone(), open, hear);
        // Polled to the end beside the other, which needs it to get an answer.
        let made_up = async {
            shared.make_up().await;
            std::future::pending::<Error>().await
        };
        let error = tokio::select! {
            error = listen => error,
            error = made_up => error,
        };
        drop(connected);
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the invalidation bus lost its connection; nothing is served from caches until it is back"
        );
        if since.elapsed() >= STEADY {
            backoff = Backoff::new();
        }
        let speaker = loop {
            sleep(backoff.delay()).await;
            match shared.open().await {
                Ok((speaker, listener)) => {
                    open = listener;
                    break speaker;
                }
                Err(error) => tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "the invalidation bus does not get through"
                ),
            }
        };
        connected = Connected::begin(&shared, speaker);
        tracing::info!("the invalidation bus is connected again");
    }
}

/// How long a message waits for a connection that is being made; after that the next connection says that something was
/// missed.
const GRACE: Duration = Duration::from_millis(300);
/// A connection that lasted as long was a good one: the next is tried for at once.
const STEADY: Duration = Duration::from_secs(10);
