//! A sweep takes all that ended, however many statements that needs.

use crate::{
    adapter::{AttemptAdapter, EventAdapter, SessionAdapter, TokenAdapter},
    adapters::sql::{SqlAdapter, dialect::SOME},
    clock::Timestamp,
};

/// Among the rows of [`fill`](super::plans::fill): the `n`-th of each table ends `n` after the first.
pub(super) async fn takes_all_that_ended(sql: &SqlAdapter) {
    const ENDED: u64 = 2_500;
    const { assert!(SOME < ENDED) };
    let after = |first: i64| Timestamp::from_unix_ms(first + 2_500);
    let sessions = async || sql.delete_expired_sessions(None, after(2_000_000)).await.unwrap();
    let tokens = async || sql.delete_expired_tokens(after(1_000)).await.unwrap();
    let attempts = async || sql.delete_expired_attempts(after(1_000)).await.unwrap();
    let events = async || sql.delete_events(after(0)).await.unwrap();
    let swept = [sessions().await, tokens().await, attempts().await, events().await];
    assert_eq!(swept, [ENDED; 4], "sessions, tokens, attempts, events");
    let swept = [sessions().await, tokens().await, attempts().await, events().await];
    assert_eq!(swept, [0; 4], "sessions, tokens, attempts, events");
}
