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
    /// Waits for a free one and empties it.
    pub(super) async fn claim(server: Url) -> Self {
        let client = redis::Client::open(server.as_str()).unwrap();
        let mut control = client.get_multiplexed_async_connection().await.unwrap();
        for _ in 0..6_000 {
            for number in NUMBERS {
                let claim = format!("walk:claim:{number}");
                let mut command = redis::cmd("SET");
                // A test that failed releases nothing.
                command.arg(&claim).arg(1).arg("NX").arg("EX").arg(300);
                let claimed: Option<String> = command.query_async(&mut control).await.unwrap();
                if claimed.is_some() {
                    let mut url = server.clone();
                    url.set_path(&number.to_string());
                    empty(&url).await;
                    return Self { url, claim, control };
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no database of Redis became free");
    }

    pub(super) fn url(&self) -> String {
        self.url.to_string()
    }

    pub(super) async fn release(mut self) {
        empty(&self.url).await;
        let _: u64 = redis::cmd("DEL")
            .arg(&self.claim)
            .query_async(&mut self.control)
            .await
            .unwrap();
    }
}

async fn empty(url: &Url) {
    let client = redis::Client::open(url.as_str()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let _: String = redis::cmd("FLUSHDB").query_async(&mut connection).await.unwrap();
}
