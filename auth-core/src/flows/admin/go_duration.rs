//! Durations as Go writes them: `24h`, `1h30m`, `1.5h`, `300ms`.

use std::time::Duration;

/// The duration, unless it is none, less than nothing, or longer than Go's longest (292 years).
pub(super) fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, unit) = rest.split_at(end);
        // Rust reads more than Go writes: an exponent, a sign, words.
        let number: f64 = number.parse().ok()?;
        let (unit, after) = UNITS
            .iter()
            .find_map(|(name, seconds)| Some((seconds, unit.strip_prefix(name)?)))?;
        seconds += number * unit;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| *duration <= LONGEST)
}

/// Longer names before those they begin with.
const UNITS: &[(&str, f64)] = &[
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3_600.0),
];

const LONGEST: Duration = Duration::from_nanos(i64::MAX as u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_writes() {
        for (text, seconds) in [
            ("0", 0.0),
            ("0s", 0.0),
            ("24h", 86_400.0),
            ("1h30m", 5_400.0),
            ("1.5h", 5_400.0),
            ("300ms", 0.3),
            ("1m0.5s", 60.5),
            ("+2h", 7_200.0),
            ("876000h", 3_153_600_000.0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "h",
            "24",
            "-1h",
            "1d",
            "1h ",
            " 1h",
            "1e3h",
            "inf",
            "1..5h",
            "none",
            "99999999h",
            "1h-1m",
            "+",
            ".h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
