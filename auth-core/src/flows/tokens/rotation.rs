//! The rule of parents and children, as a pure function: who presents which generation, and what follows.

use std::time::Duration;

use crate::{clock::Timestamp, model::SessionRecord, secret::Generation};

/// What a presented generation is to the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The session's own, or one made beside it within the window: two tabs asked at once.
    Current,
    /// Made from the session's own and used for the first time: it takes its place.
    Child,
    /// What was replaced a moment ago: served, but not renewed.
    Straggler,
    /// Neither: somebody uses a copy.
    Stale,
}

/// Judges an authentic token against the row.
///
/// Times beside digests, because tabs that share a jar ask at once and each gets a child of its own: the jar keeps the
/// last, the session the first that is used. Children of one parent made within the window count as one.
pub(crate) fn judge(session: &SessionRecord, presented: &Generation, now: Timestamp, window: Duration) -> Verdict {
    if session.secret_digest == presented.at_rest {
        return Verdict::Current;
    }
    let forgiving = !window.is_zero();
    let beside = |issued_at: Timestamp| distance(presented.issued_at, issued_at) <= window;
    if presented.parent == Some(session.secret_digest) {
        return Verdict::Child;
    }
    let is_sibling = presented.parent.is_some() && presented.parent == session.previous_digest;
    if forgiving && is_sibling && beside(session.secret_issued_at) {
        return Verdict::Current;
    }
    // A rival of the session's own, made from the same parent at another time, never was.
    let was_current = session.previous_digest == Some(presented.at_rest)
        || (forgiving && !is_sibling && session.previous_issued_at.is_some_and(beside));
    if was_current && session.previous_expires.is_some_and(|end| now <= end) {
        return Verdict::Straggler;
    }
    Verdict::Stale
}

fn distance(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}
