//! Durations as people write them: `90s`, `15m`, `12h`, `30d`.

use std::time::Duration;

pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let unit = text.chars().next_back().unwrap_or_default();
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => 0,
    };
    let number: Option<u64> = text.strip_suffix(unit).and_then(|number| number.parse().ok());
    number
        .filter(|_| seconds > 0)
        .and_then(|number| number.checked_mul(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| format!("{text:?} is no duration like 90s, 15m, 12h or 30d"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests report by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_are_a_duration() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("12h", 43_200), ("30d", 2_592_000)] {
            assert_eq!(parse(text).unwrap(), Duration::from_secs(seconds));
        }
        for text in [
            "",
            "s",
            "15",
            "15 m",
            "-1h",
            "1.5h",
            "99999999999999999999d",
            "300000000000000000d",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
