//! How long Redis keeps what, as lifetimes on its own clock.
//!
//! Whether a session is alive is decided by the application's clock, never by a key's absence; the expiry at the store
//! only clears away what nobody will accept any more. It is therefore the time from the moment of the write, as the
//! writer saw it, to the session's end, and a margin: a store whose clock differs, or a test whose clock stands still in
//! another year, ends no session early.

use std::time::Duration;

use crate::{clock::Timestamp, model::SessionRecord};

/// By how much clocks may differ: a key outlives its session by this.
pub(super) const MARGIN: u64 = 60_000;

/// A hundred years, far from what Redis can count.
const LONGEST: u64 = 3_155_760_000_000;

/// Milliseconds from `now` to `end`, none if that is over.
pub(super) fn left(end: Timestamp, now: Timestamp) -> u64 {
    bounded(end.since(now))
}

/// When the session was written, as its writer saw it.
pub(super) fn written_at(session: &SessionRecord) -> Timestamp {
    session.updated_at.max(session.last_seen)
}

/// For how many milliseconds the key of this session is to live.
pub(super) fn of_session(session: &SessionRecord) -> u64 {
    let end = session
        .absolute_expires
        .map_or(session.idle_expires, |end| end.min(session.idle_expires));
    left(end, written_at(session)) + MARGIN
}

/// For how many milliseconds the key of a window is to live.
pub(super) fn of_window(window: Duration) -> u64 {
    bounded(window) + MARGIN
}

/// For how many milliseconds the user's index is to remember a session whose key lives that long: half as long again,
/// so that most renewals need not touch the index.
pub(super) fn in_index(session: u64) -> u64 {
    session + session / 2 + 2 * MARGIN
}

fn bounded(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(LONGEST).min(LONGEST)
}
