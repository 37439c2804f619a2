use std::{
    fmt::Display,
    time::{Duration, Instant},
};

/// For as long as a busy machine may need.
const PATIENCE: Duration = Duration::from_secs(60);
const NAP: Duration = Duration::from_millis(5);

/// Asks again and again until there is an answer; without one, the test has failed.
pub async fn eventually<T>(what: impl Display, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(NAP).await;
    }
}
