use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, Cmd, PushInfo, PushKind, RedisError, RedisResult, ServerErrorKind, Value,
    aio::MultiplexedConnection, sentinel::SentinelClient,
};
use tokio::{sync::watch, time::timeout};

use super::options::RedisOptions;

/// How long an attempt to connect may take at most: sentinels that do not answer are asked one after the other.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(10);

/// A connection to one server: kept while it is good, and made anew for whoever finds none.
///
/// When the server behind it is demoted and another takes its place, the connection still leads to the first, which goes on
/// answering as a replica: it is left, and the next command finds the other.
pub(super) struct Kept {
    state: Arc<Mutex<State>>,
    whom: Arc<tokio::sync::Mutex<Whom>>,
    config: AsyncConnectionConfig,
    longest_attempt: Duration,
    leaves_late: bool,
}

#[derive(Default)]
struct State {
    there: Option<Numbered>,
    attempts: u64,
    /// What comes of the attempt that is under way.
    coming: Option<watch::Receiver<Option<RedisResult<Numbered>>>>,
}

#[derive(Clone)]
struct Numbered {
    connection: MultiplexedConnection,
    /// Which attempt it came of, so that nobody leaves one that came after theirs.
    number: u64,
}

/// Who knows the server's address.
pub(super) enum Whom {
    Client(Box<Client>),
    Sentinels(Box<SentinelClient>),
}

impl Kept {
    /// Nobody is connected to before somebody asks.
    pub(super) fn new(whom: Whom, options: &RedisOptions) -> Self {
        Self {
            state: Arc::default(),
            config: AsyncConnectionConfig::new()
                .set_connection_timeout(Some(options.connect_timeout))
                .set_response_timeout(Some(options.response_timeout))
                .set_pipeline_buffer_size(options.queue),
            longest_attempt: options.patience().max(LONGEST_ATTEMPT),
            // One that says nothing may have been replaced, which only sentinels know.
            leaves_late: matches!(whom, Whom::Sentinels(_)),
            whom: Arc::new(tokio::sync::Mutex::new(whom)),
        }
    }

    pub(super) async fn ask(&self, command: &Cmd) -> RedisResult<Value> {
        let there = lock(&self.state).there.clone();
        let mut used = match there {
            Some(there) => there,
            // Boxed, because it is rare, and every command carries the future about.
            None => Box::pin(self.connect()).await?,
        };
        let answer = command.query_async(&mut used.connection).await;
        if let Err(error) = &answer
            && self.is_over(error)
        {
            leave(&self.state, used.number);
        }
        answer
    }

    fn is_over(&self, error: &RedisError) -> bool {
        error.is_unrecoverable_error()
            || error.kind() == ServerErrorKind::ReadOnly.into()
            || (self.leaves_late && error.is_timeout())
    }

    /// Waits for the attempt that is under way, or for a new one: all who wait share what comes of it.
    async fn connect(&self) -> RedisResult<Numbered> {
        let mut coming = {
            let mut state = lock(&self.state);
            if let Some(there) = &state.there {
                return Ok(there.clone());
            }
            // One whose runtime ended meanwhile has nobody any more who could tell.
            let under_way = state.coming.clone().filter(|coming| coming.has_changed().is_ok());
            under_way.unwrap_or_else(|| {
                state.attempts += 1;
                let coming = self.attempt(state.attempts);
                state.coming.insert(coming).clone()
            })
        };
        match coming.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(made)) => made.clone(),
            _ => Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()),
        }
    }

    /// Connects in a task of its own: whoever waits may leave, and does not take the attempt along.
    fn attempt(&self, number: u64) -> watch::Receiver<Option<RedisResult<Numbered>>> {
        let is_over = Arc::new(AtomicBool::new(false));
        let config = self.noticing(number, &is_over);
        let (whom, state, longest) = (Arc::clone(&self.whom), Arc::clone(&self.state), self.longest_attempt);
        let (tell, coming) = watch::channel(None);
        tokio::spawn(async move {
            let connecting = async { whom.lock().await.connect(config).await };
            let made = timeout(longest, connecting)
                .await
                .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()));
            let made = made.map(|connection| Numbered { connection, number });
            {
                let mut state = lock(&state);
                state.coming = None;
                // It may have ended again by now.
                state.there = made.as_ref().ok().filter(|_| !is_over.load(Ordering::Acquire)).cloned();
            }
            tell.send_replace(Some(made));
        });
        coming
    }

    /// A connection that ends while nobody asks is left at once, so that a write, which is not repeated, finds another.
    fn noticing(&self, number: u64, is_over: &Arc<AtomicBool>) -> AsyncConnectionConfig {
        // Not the strong one: the connection is in there.
        let (state, is_over) = (Arc::downgrade(&self.state), Arc::clone(is_over));
        self.config.clone().set_push_sender(move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                is_over.store(true, Ordering::Release);
                if let Some(state) = state.upgrade() {
                    leave(&state, number);
                }
            }
            Ok::<_, redis::aio::SendError>(())
        })
    }
}

impl Whom {
    async fn connect(&mut self, config: AsyncConnectionConfig) -> RedisResult<MultiplexedConnection> {
        match self {
            Self::Client(client) => client.get_multiplexed_async_connection_with_config(&config).await,
            Self::Sentinels(sentinels) => sentinels.get_async_connection_with_config(&config).await,
        }
    }
}

fn leave(state: &Mutex<State>, number: u64) {
    let mut state = lock(state);
    if state.there.as_ref().is_some_and(|kept| kept.number == number) {
        state.there = None;
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        net::TcpListener,
        time::{Duration, Instant},
    };

    use futures_util::{FutureExt, future::join_all};

    use super::*;

    fn kept(options: &RedisOptions, url: &str) -> Kept {
        Kept::new(Whom::Client(Box::new(options.client(url).unwrap())), options)
    }

    #[tokio::test]
    async fn a_crowd_that_meets_a_silent_server_waits_for_it_once() {
        // It takes connections and says nothing.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://{}", silent.local_addr().unwrap());
        let patience = Duration::from_millis(500);
        let kept = kept(&RedisOptions::new(&url).connect_timeout(patience), &url);
        let begun = Instant::now();
        let ping = redis::cmd("PING");
        for answer in join_all((0..50).map(|_| kept.ask(&ping))).await {
            assert!(answer.unwrap_err().is_timeout());
        }
        assert!(begun.elapsed() < patience * 5, "{:?}", begun.elapsed());
        // Whoever comes later tries again.
        kept.ask(&ping).await.unwrap_err();
        assert_eq!(lock(&kept.state).attempts, 2);
    }

    #[tokio::test]
    #[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
    async fn whoever_stops_waiting_does_not_take_the_attempt_along() {
        let url = std::env::var("AUTH_TEST_REDIS").unwrap();
        let kept = kept(&RedisOptions::new(&url), &url);
        let ping = redis::cmd("PING");
        // Each leaves as soon as it waits.
        for _ in 0..3 {
            assert!(kept.ask(&ping).now_or_never().is_none());
        }
        kept.ask(&ping).await.unwrap();
        assert_eq!(lock(&kept.state).attempts, 1);
    }

    #[tokio::test]
    #[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
    async fn a_connection_that_ends_while_nobody_asks_is_left() {
        let url = std::env::var("AUTH_TEST_REDIS").unwrap();
        let kept = kept(&RedisOptions::new(&url), &url);
        let id = kept.ask(redis::cmd("CLIENT").arg("ID")).await.unwrap();
        let Value::Int(id) = id else {
            unreachable!("an id is a number")
        };
        let client = redis::Client::open(url.as_str()).unwrap();
        let mut other = client.get_multiplexed_async_connection().await.unwrap();
        let mut kill = redis::cmd("CLIENT");
        kill.arg("KILL").arg("ID").arg(id);
        let _: i64 = kill.query_async(&mut other).await.unwrap();
        while lock(&kept.state).there.is_some() {
            tokio::task::yield_now().await;
        }
        // Asked once, as a write is.
        kept.ask(&redis::cmd("PING")).await.unwrap();
        assert_eq!(lock(&kept.state).attempts, 2);
    }
}
