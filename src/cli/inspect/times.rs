//! Points in time, in UTC and relative to now.

use datasette_tokens::Integer;
use jiff::Timestamp;

/// The largest number of units that is written out, such as years.
const MAX_COUNT: f64 = 1e6;

/// The date and time of Unix seconds. Just the number where the calendar ends.
pub(super) fn utc(seconds: &Integer) -> String {
    match seconds.to_i64().and_then(|seconds| Timestamp::from_second(seconds).ok()) {
        Some(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        None => format!("{seconds} (Unix seconds, outside the calendar)"),
    }
}

/// The distance from `now` (Unix seconds): `3 days ago`, `in 1 hour`.
pub(super) fn relative(seconds: &Integer, now: f64) -> String {
    const UNITS: [(f64, &str); 5] = [
        (365.25 * 86_400.0, "year"),
        (86_400.0, "day"),
        (3_600.0, "hour"),
        (60.0, "minute"),
        (1.0, "second"),
    ];
    let is_past = seconds.is_less_than_f64(now);
    // Too large for a float is infinitely far away.
    let distance = seconds.to_f64().map_or(f64::INFINITY, |seconds| (seconds - now).abs());
    let Some((length, unit)) = UNITS.into_iter().find(|(length, _)| distance >= *length) else {
        return "now".to_owned();
    };
    let count = (distance / length).floor();
    let plural = if count > 1.0 { "s" } else { "" };
    match (is_past, count > MAX_COUNT) {
        (true, true) => "long ago".to_owned(),
        (false, true) => "far in the future".to_owned(),
        (true, false) => format!("{count} {unit}{plural} ago"),
        (false, false) => format!("in {count} {unit}{plural}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_unit_that_fits_is_used() {
        let words = |away: i64| relative(&Integer::from(1_700_000_000 + away), 1_700_000_000.0);
        assert_eq!(words(0), "now");
        assert_eq!(words(1), "in 1 second");
        assert_eq!(words(-59), "59 seconds ago");
        assert_eq!(words(-60), "1 minute ago");
        assert_eq!(words(7_199), "in 1 hour");
        assert_eq!(words(-3 * 86_400 - 5), "3 days ago");
        assert_eq!(words(800 * 86_400), "in 2 years");
        let huge = Integer::from_digits("9".repeat(600).as_bytes()).unwrap();
        assert_eq!(relative(&huge, 0.0), "far in the future");
        let huge = Integer::from_digits(format!("-{huge}").as_bytes()).unwrap();
        assert_eq!(relative(&huge, 0.0), "long ago");
    }

    #[test]
    fn a_time_outside_the_calendar_keeps_its_number() {
        assert_eq!(utc(&Integer::from(1_700_000_000)), "2023-11-14 22:13:20 UTC");
        assert!(utc(&Integer::from(i64::MAX)).starts_with("9223372036854775807 "));
        let huge = Integer::from_digits(b"1180591620717411303424").unwrap();
        assert!(utc(&huge).starts_with("1180591620717411303424 "));
    }
}
