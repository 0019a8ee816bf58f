//! Points in time, in UTC and in words.

use jiff::Timestamp;
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

/// The date and time of Unix seconds; the bare number where the calendar has no date for it.
pub(super) fn utc(seconds: &BigInt) -> String {
    match seconds.to_i64().and_then(|seconds| Timestamp::from_second(seconds).ok()) {
        Some(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        None => format!("{seconds} (Unix seconds, beyond the calendar)"),
    }
}

/// How long before or after `now` (Unix seconds) that is: `3 days ago`, `in 1 hour`.
pub(super) fn relative(seconds: &BigInt, now: f64) -> String {
    const UNITS: [(f64, &str); 5] = [
        (365.25 * 86_400.0, "year"),
        (86_400.0, "day"),
        (3_600.0, "hour"),
        (60.0, "minute"),
        (1.0, "second"),
    ];
    let away = seconds.to_f64().unwrap_or(f64::INFINITY) - now;
    let Some((length, unit)) = UNITS.into_iter().find(|(length, _)| away.abs() >= *length) else {
        return "now".to_owned();
    };
    let count = (away.abs() / length).floor();
    if count > 1e6 {
        let side =
            if seconds.is_negative() || away < 0.0 { "long ago" } else { "far in the future" };
        return side.to_owned();
    }
    let plural = if count > 1.0 { "s" } else { "" };
    match away < 0.0 {
        true => format!("{count} {unit}{plural} ago"),
        false => format!("in {count} {unit}{plural}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_chosen_by_the_largest_unit() {
        let words = |away: i64| relative(&BigInt::from(1_700_000_000 + away), 1_700_000_000.0);
        assert_eq!(words(0), "now");
        assert_eq!(words(1), "in 1 second");
        assert_eq!(words(-59), "59 seconds ago");
        assert_eq!(words(-60), "1 minute ago");
        assert_eq!(words(7_199), "in 1 hour");
        assert_eq!(words(-3 * 86_400 - 5), "3 days ago");
        assert_eq!(words(800 * 86_400), "in 2 years");
        assert_eq!(relative(&(BigInt::from(1) << 2000u32), 0.0), "far in the future");
    }

    #[test]
    fn what_has_no_date_keeps_its_number() {
        assert_eq!(utc(&BigInt::from(1_700_000_000)), "2023-11-14 22:13:20 UTC");
        assert!(utc(&(BigInt::from(1) << 70u32)).starts_with("1180591620717411303424 "));
    }
}
