use std::{collections::hash_map::RandomState, hash::BuildHasher, time::Duration};

/// Delays that double, of which a random half is waited, so that a server that comes back is not run down by all at once.
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { next: SHORTEST }
    }

    pub(super) fn delay(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(LONGEST);
        let share = RandomState::new().hash_one(()) % 512;
        whole / 2 + whole * u32::try_from(share).unwrap_or(0) / 1_024
    }
}

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_are_bounded() {
        let mut backoff = Backoff::new();
        assert!(backoff.delay() <= SHORTEST);
        for _ in 0..10 {
            backoff.delay();
        }
        let delay = backoff.delay();
        assert!(delay >= LONGEST / 2 && delay <= LONGEST);
    }
}
