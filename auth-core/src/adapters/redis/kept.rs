use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use redis::{
    AsyncConnectionConfig, Client, Cmd, PushInfo, PushKind, RedisError, RedisResult, ServerErrorKind, Value,
    aio::MultiplexedConnection, sentinel::SentinelClient,
};
use tokio::sync::Mutex;

use super::options::RedisOptions;

/// A connection to one server: kept while it is good, and made anew by whoever finds none.
///
/// When the server behind it is demoted and another takes its place, the connection still leads to the first, which goes on
/// answering as a replica: it is left, and the next command finds the other.
pub(super) struct Kept {
    there: Arc<RwLock<Option<Numbered>>>,
    /// How many attempts to connect have ended.
    ended: AtomicU64,
    connecting: Mutex<Connecting>,
    config: AsyncConnectionConfig,
    leaves_late: bool,
}

#[derive(Clone)]
struct Numbered {
    connection: MultiplexedConnection,
    /// Which attempt it came of, so that nobody leaves one that came after theirs.
    number: u64,
}

struct Connecting {
    whom: Whom,
    failure: Option<RedisError>,
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
            there: Arc::default(),
            ended: AtomicU64::new(0),
            config: AsyncConnectionConfig::new()
                .set_connection_timeout(Some(options.connect_timeout))
                .set_response_timeout(Some(options.response_timeout))
                .set_pipeline_buffer_size(options.queue),
            // One that says nothing may have been replaced, which only sentinels know.
            leaves_late: matches!(whom, Whom::Sentinels(_)),
            connecting: Mutex::new(Connecting { whom, failure: None }),
        }
    }

    pub(super) async fn ask(&self, command: &Cmd) -> RedisResult<Value> {
        let mut used = match self.there() {
            Some(there) => there,
            // Boxed, because it is large and rare, and every command carries the future about.
            None => Box::pin(self.connect()).await?,
        };
        let answer = command.query_async(&mut used.connection).await;
        if let Err(error) = &answer
            && self.is_over(error)
        {
            leave(&self.there, used.number);
        }
        answer
    }

    fn is_over(&self, error: &RedisError) -> bool {
        error.is_unrecoverable_error()
            || error.kind() == ServerErrorKind::ReadOnly.into()
            || (self.leaves_late && error.is_timeout())
    }

    fn there(&self) -> Option<Numbered> {
        self.there.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One connects, and whoever waits for that meanwhile shares what comes of it.
    async fn connect(&self) -> RedisResult<Numbered> {
        let ended = self.ended.load(Ordering::Acquire);
        let mut connecting = self.connecting.lock().await;
        if let Some(there) = self.there() {
            return Ok(there);
        }
        let number = self.ended.load(Ordering::Acquire) + 1;
        if number > ended + 1
            && let Some(failure) = &connecting.failure
        {
            return Err(failure.clone());
        }
        let made = connecting.whom.connect(self.noticing(number)).await;
        self.ended.store(number, Ordering::Release);
        connecting.failure = made.as_ref().err().cloned();
        let made = Numbered {
            connection: made?,
            number,
        };
        *self.there.write().unwrap_or_else(PoisonError::into_inner) = Some(made.clone());
        Ok(made)
    }

    /// A connection that ends while nobody asks is left at once, so that a write, which is not repeated, finds another.
    fn noticing(&self, number: u64) -> AsyncConnectionConfig {
        // Not the strong one: the connection is in there.
        let there = Arc::downgrade(&self.there);
        self.config.clone().set_push_sender(move |push: PushInfo| {
            if push.kind == PushKind::Disconnection
                && let Some(there) = there.upgrade()
            {
                leave(&there, number);
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

fn leave(there: &RwLock<Option<Numbered>>, number: u64) {
    let mut there = there.write().unwrap_or_else(PoisonError::into_inner);
    if there.as_ref().is_some_and(|kept| kept.number == number) {
        *there = None;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::TcpListener,
        time::{Duration, Instant},
    };

    use futures_util::future::join_all;

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
        let ended = kept.ended.load(Ordering::Acquire);
        kept.ask(&ping).await.unwrap_err();
        assert_eq!(kept.ended.load(Ordering::Acquire), ended + 1);
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
        while kept.there().is_some() {
            tokio::task::yield_now().await;
        }
        // Asked once, as a write is.
        kept.ask(&redis::cmd("PING")).await.unwrap();
        assert_eq!(kept.there().unwrap().number, 2);
    }
}
