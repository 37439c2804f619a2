use std::time::Duration;

use redis::aio::MultiplexedConnection;
use url::Url;

/// One of Redis' numbered databases, for one test at a time: the applications take no prefix, and count attempts per address,
/// which is the same for all tests.
pub(super) struct RedisDatabase {
    url: Url,
    claim: String,
    control: MultiplexedConnection,
}

/// A server has sixteen unless told otherwise; number 0 is everybody's.
const NUMBERS: std::ops::Range<u8> = 1..16;

impl RedisDatabase {
    /// Waits for a free one and empties it. What somebody else has put into one stays: the server may be a developer's own.
    pub(super) async fn claim(server: Url) -> Self {
        let client = redis::Client::open(server.as_str()).unwrap();
        let mut control = client.get_multiplexed_async_connection().await.unwrap();
        for _ in 0..6_000 {
            for number in NUMBERS {
                let claim = format!("walk:claim:{number}");
                let mut command = redis::cmd("SET");
                // A test that failed releases nothing.
                command.arg(&claim).arg(1).arg("NX").arg("EX").arg(900);
                let claimed: Option<String> = command.query_async(&mut control).await.unwrap();
                if claimed.is_none() {
                    continue;
                }
                let mut url = server.clone();
                url.set_path(&number.to_string());
                let is_claimed = is_ours(&url).await;
                let database = Self { url, claim, control };
                if is_claimed {
                    empty(&database.url, true).await;
                    return database;
                }
                control = database.give_up().await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no database of Redis became free: those from 1 to 15 are in use, or hold what is not the tests'");
    }

    pub(super) fn url(&self) -> String {
        self.url.to_string()
    }

    pub(super) async fn release(self) {
        empty(&self.url, false).await;
        self.give_up().await;
    }

    /// As it is.
    async fn give_up(mut self) -> MultiplexedConnection {
        let mut command = redis::cmd("DEL");
        command.arg(&self.claim).exec_async(&mut self.control).await.unwrap();
        self.control
    }
}

/// What a database of the tests holds besides, so that one is known that a test left behind: for an hour, as somebody may put
/// something of theirs beside it.
const MARK: &str = "walk:mark";

/// Whether a database is empty, or left behind by a test.
async fn is_ours(url: &Url) -> bool {
    let mut connection = connection(url).await;
    let size: u64 = redis::cmd("DBSIZE").query_async(&mut connection).await.unwrap();
    let is_marked: bool = redis::cmd("EXISTS")
        .arg(MARK)
        .query_async(&mut connection)
        .await
        .unwrap();
    size == 0 || is_marked
}

async fn empty(url: &Url, marked: bool) {
    let mut connection = connection(url).await;
    redis::cmd("FLUSHDB").exec_async(&mut connection).await.unwrap();
    if marked {
        redis::cmd("SET")
            .arg(MARK)
            .arg(1)
            .arg("EX")
            .arg(3_600)
            .exec_async(&mut connection)
            .await
            .unwrap();
    }
}

async fn connection(url: &Url) -> MultiplexedConnection {
    let client = redis::Client::open(url.as_str()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}
