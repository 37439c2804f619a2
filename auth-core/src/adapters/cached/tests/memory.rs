//! What a remembered session costs.

use super::*;
use crate::{entropy::OsEntropy, secret::SessionToken};

/// The memory of this process that is in use, in bytes.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096
}

/// Alone, or other tests' memory is counted:
/// `cargo test --release -p auth-core --features sqlite,testing --lib memory_per_session -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "a measurement, for /proc"]
async fn memory_per_session() {
    const SESSIONS: u32 = 100_000;
    // The store holds one session, and what is remembered differs by its id alone; so only the cache grows.
    let store = cached(
        CacheOptions::default()
            .capacity(SESSIONS)
            .time_to_live(Duration::from_secs(60)),
    );
    let user = User::new(UserId::from("x".repeat(15)), Timestamp::from_unix_ms(1_000_000));
    let token = SessionToken::issue(&OsEntropy).unwrap();
    let before = resident();
    for number in 0..SESSIONS {
        let mut session = session(&format!("{number:015}"));
        // As real ones are: an id and a user of fifteen letters, an address, a browser's name of a hundred.
        session.user_id = user.id.clone();
        session.ip = Some([192, 0, 2, 1].into());
        session.user_agent = Some("x".repeat(100));
        session.amr = vec![crate::model::Amr {
            method: "password".into(),
            timestamp: session.created_at,
        }];
        let mut user = user.clone();
        user.id = UserId::from(format!("{number:015}"));
        store.remember(&session, &user);
        // Used once, as most are: then what the application sees of it is there as well.
        let recent = store.get_recent_session_and_user(&session.id).await.unwrap();
        let Recent::MaybeOld((shared, _)) = recent else {
            panic!("it is remembered")
        };
        drop(shared.opened_with(&token, session.created_at));
    }
    store.entries.run_pending_tasks();
    let remembered = store.entries.entry_count();
    println!(
        "{} bytes for each of {remembered} sessions",
        resident().saturating_sub(before) / remembered
    );
    assert!(remembered > u64::from(SESSIONS) * 9 / 10);
}
