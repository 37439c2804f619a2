//! The rules of rotation, as pure functions: who presents which generation, and what follows.

use std::time::Duration;

use super::Rotation;
use crate::{clock::Timestamp, error::ErrorKind, model::SessionRecord, secret::Generation};

/// What a presented generation is to the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Made from the session's own and used for the first time: it takes its place.
    Child,
    /// The session's own.
    Current,
    /// From before the owner was given other tokens, with another password: over, and nobody's theft.
    Outdated,
    /// Made beside the session's own from the same parent: two tabs asked at once. The first of them to be refreshed
    /// takes the place for good.
    Sibling,
    /// Neither: somebody uses a copy.
    Stale,
    /// What was replaced a moment ago, or made beside what took its place: served, but given nothing.
    Straggler,
}

/// What a refresh does for whoever presents a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Gives a child of the session's own. Nothing is written.
    Child,
    /// Gives nothing to who is a step behind.
    Nothing,
    /// Prolongs the session, with the token it has.
    Prolong,
    /// Refuses, and leaves the session alone.
    Refuse,
    /// Gives what takes the place of the session's own at once.
    Replace {
        /// Whether what was before the session's own stays forgiven for as long as it was.
        keeps_previous: bool,
    },
    /// Puts the token in the place of the session's own first.
    Settle {
        /// Whether it has a child then; otherwise what stands then decides.
        gives_child: bool,
    },
    /// Tells of a thief.
    Theft,
}

impl Verdict {
    /// Whether such a token opens nothing any more.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Outdated | Self::Stale)
    }
}

impl Rotation {
    /// Within what time children of one parent count as one.
    pub(super) fn siblings(self) -> Duration {
        match self {
            Self::ParentChild { straggler } => straggler,
            Self::Grace(_) | Self::Off => Duration::ZERO,
        }
    }

    /// For how long requests that are a step behind are forgiven.
    pub(super) fn window(self) -> Duration {
        match self {
            Self::ParentChild { straggler } => straggler,
            Self::Grace(grace) => grace,
            Self::Off => Duration::ZERO,
        }
    }

    /// Whether a refresh token may be as old as its session: no key that comes and goes may vouch for it.
    pub(super) fn outlives_keys(self) -> bool {
        self == Self::Off
    }

    /// What a refresh does; `is_open` is [`is_open`] of the session.
    pub(super) fn act(self, verdict: Verdict, is_open: bool) -> Act {
        match (self, verdict) {
            (_, Verdict::Outdated) => Act::Refuse,
            // From a time when tokens rotated.
            (Self::Off, Verdict::Stale) => Act::Refuse,
            (_, Verdict::Stale) => Act::Theft,
            (Self::Grace(_), Verdict::Straggler) => Act::Replace { keeps_previous: true },
            (_, Verdict::Straggler) => Act::Nothing,
            (Self::Grace(_), Verdict::Current) => Act::Replace { keeps_previous: false },
            (Self::Off, Verdict::Current) => Act::Prolong,
            // Nothing is written, unless there may be siblings: the first to come back is the one that counts.
            (Self::ParentChild { straggler }, Verdict::Current) if straggler.is_zero() || !is_open => Act::Child,
            (rule, Verdict::Current | Verdict::Sibling | Verdict::Child) => Act::Settle {
                gives_child: matches!(rule, Self::ParentChild { .. }),
            },
        }
    }
}

/// Judges an authentic token against the row.
///
/// Times beside digests, because tabs that share a jar ask at once and each gets a child of its own: the jar keeps the
/// last, the session the first that is used.
pub(crate) fn judge(session: &SessionRecord, presented: &Generation, now: Timestamp, window: Duration) -> Verdict {
    if session.secret_digest == presented.at_rest {
        return Verdict::Current;
    }
    if presented.parent == Some(session.secret_digest) {
        return Verdict::Child;
    }
    let forgiving = !window.is_zero();
    let beside = |issued_at: Timestamp| distance(presented.issued_at, issued_at) <= window;
    let in_window = session.previous_expires.is_some_and(|end| now <= end);
    if may_have_siblings(session) && presented.parent.is_some() && presented.parent == session.previous_digest {
        // A rival made at another time never was one of them.
        return match forgiving && beside(session.secret_issued_at) {
            true if in_window => Verdict::Straggler,
            true => Verdict::Sibling,
            false => Verdict::Stale,
        };
    }
    let was_current = session.previous_digest == Some(presented.at_rest)
        || (forgiving && session.previous_issued_at.is_some_and(beside));
    if was_current && in_window {
        return Verdict::Straggler;
    }
    match session.previous_expires {
        Some(DISOWNED) => Verdict::Outdated,
        _ => Verdict::Stale,
    }
}

/// Until when tokens are forgiven that their owner had replaced: never, which is told from a window that is just over.
pub(super) const DISOWNED: Timestamp = Timestamp::from_unix_ms(0);

/// Whether the session's owner was given other tokens with another password, and those from before open nothing any more. A
/// refresh of the new ones ends this: from then on an access token from before is a step behind, and opens what that
/// opens for as long as it is good.
pub(super) fn disowns_previous(session: &SessionRecord) -> bool {
    session.previous_expires == Some(DISOWNED)
}

/// Why nothing opens for whoever presents what their owner had replaced with another password. For a moment it may be another
/// tab that was under way, whose answer must not take away the cookies that came with the password.
pub(super) fn refusal(session: &SessionRecord, now: Timestamp) -> ErrorKind {
    match now.since(session.secret_issued_at) <= UNDER_WAY {
        true => ErrorKind::TryRefreshToken,
        false => ErrorKind::Unauthorised,
    }
}

/// How long a request may have been on its way.
const UNDER_WAY: Duration = Duration::from_secs(10);

/// Whether a sibling may still take the place of the session's own token, so that whoever refreshes first must rule that
/// out. While the window runs none may: they are stragglers as their parent is, and ruling them out now would put the
/// session's own in the parent's place and make a thief of it.
pub(crate) fn is_open(session: &SessionRecord, now: Timestamp) -> bool {
    may_have_siblings(session) && session.previous_expires.is_some_and(|end| now > end)
}

/// Whether the session's own token may have siblings: it took its parent's place, and nobody refreshed with it or one
/// of them yet. A token that was given out in the place of a parent that was not to be forgiven has none.
fn may_have_siblings(session: &SessionRecord) -> bool {
    session
        .previous_digest
        .is_some_and(|previous| previous != session.secret_digest)
        && session
            .previous_expires
            .is_some_and(|end| end >= session.secret_issued_at)
}

fn distance(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}
