use std::time::Duration;

use crate::entropy::Entropy;

/// How long a message waits that failed so often: twice as long each time, and up to a quarter more by chance, so that what
/// failed together does not come back together.
pub(super) fn pause(attempts: u32, entropy: &dyn Entropy) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let whole = SHORTEST.saturating_mul(1 << doublings).min(LONGEST);
    let mut chance = [0_u8; 1];
    // Without randomness there is no jitter, and still a pause.
    let _ = entropy.fill(&mut chance);
    whole + whole / 1024 * u32::from(chance[0])
}

/// The pause of a message that has so much of its life left: half of that, if it would not live to see the end of the whole. None
/// when that is no pause any more.
pub(super) fn within(pause: Duration, left: Duration) -> Option<Duration> {
    if pause < left {
        return Some(pause);
    }
    let half = left / 2;
    (half >= SHORTEST).then_some(half)
}

/// Codes live for ten minutes: a server that was restarting shall not cost one its life.
const SHORTEST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entropy::OsEntropy,
        error::{Error, ErrorKind, Result},
    };

    struct Fills(u8);

    impl Entropy for Fills {
        fn fill(&self, buffer: &mut [u8]) -> Result<()> {
            buffer.fill(self.0);
            if self.0 == 1 {
                return Err(Error::from(ErrorKind::Unknown));
            }
            Ok(())
        }
    }

    #[test]
    fn pauses_double_up_to_ten_minutes() {
        let seconds = |attempts| pause(attempts, &Fills(0)).as_secs();
        assert_eq!([0, 1, 2, 3, 4].map(seconds), [5, 5, 10, 20, 40]);
        assert_eq!([8, 9, 100, u32::MAX].map(seconds), [600, 600, 600, 600]);
    }

    #[test]
    fn what_is_left_is_used_up_to_its_end() {
        let within = |pause, left| within(Duration::from_secs(pause), Duration::from_secs(left));
        assert_eq!(within(320, 600), Some(Duration::from_secs(320)));
        assert_eq!(within(320, 285), Some(Duration::from_millis(142_500)));
        assert_eq!(within(640, 10), Some(SHORTEST));
        assert_eq!(within(640, 9), None);
        assert_eq!(within(640, 0), None);
    }

    #[test]
    fn a_quarter_at_most_is_chance() {
        for attempts in 0..20 {
            let least = pause(attempts, &Fills(0));
            assert!(pause(attempts, &Fills(255)) < least * 5 / 4);
            assert!(pause(attempts, &Fills(255)) > least);
            let drawn = pause(attempts, &OsEntropy);
            assert!(drawn >= least && drawn < least * 5 / 4);
        }
        assert!(pause(1, &Fills(1)) >= SHORTEST);
    }
}
