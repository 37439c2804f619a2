//! `redis-drivers URL`: what one lookup costs this process with redis-rs and with fred, one after the other over one connection.

use std::time::Duration;

use fred::prelude::{ClientLike, Config, KeysInterface, Pool};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};

type Failure = Box<dyn std::error::Error>;

const KEY: &str = "drivers:session";
/// As long as a session's.
const ROW: usize = 330;
const ROUNDS: usize = 9;
const LOOKUPS: u32 = 20_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let url = std::env::args().nth(1).ok_or("which Redis?")?;
    // As the library's own connection is made.
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_response_timeout(Some(Duration::from_secs(1)));
    let manager = ConnectionManager::new_with_config(redis::Client::open(url.as_str())?, config).await?;
    let pool = Pool::new(Config::from_url(&url)?, None, None, None, 1)?;
    pool.connect();
    pool.wait_for_connect().await?;

    let mut set = redis::cmd("SET");
    set.arg(KEY).arg(&[7_u8; ROW]);
    set.query_async::<()>(&mut manager.clone()).await?;

    let by_redis = async || {
        let mut command = redis::cmd("GET");
        command.arg(KEY);
        command.query_async::<Vec<u8>>(&mut manager.clone()).await
    };
    let by_fred = async || pool.get::<Vec<u8>, _>(KEY).await;
    assert_eq!(by_redis().await?, by_fred().await?);

    let (mut one, mut other) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let before = cpu()?;
        for _ in 0..LOOKUPS {
            by_redis().await?;
        }
        let between = cpu()?;
        for _ in 0..LOOKUPS {
            by_fred().await?;
        }
        one.push((between - before) / f64::from(LOOKUPS));
        other.push((cpu()? - between) / f64::from(LOOKUPS));
    }
    let (one, other) = (median(one), median(other));
    println!(
        "redis-rs {one:.1} µs of CPU a lookup, fred {other:.1} µs: {:.2}",
        one / other
    );
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What this process has used so far, in microseconds.
fn cpu() -> Result<f64, Failure> {
    let tasks = std::fs::read_dir("/proc/self/task")?;
    let used: Result<Vec<f64>, Failure> = tasks
        .map(|task| {
            let schedule = std::fs::read_to_string(task?.path().join("schedstat"))?;
            Ok(schedule.split_whitespace().next().ok_or("a number")?.parse::<f64>()? / 1_000.0)
        })
        .collect();
    Ok(used?.iter().sum())
}
