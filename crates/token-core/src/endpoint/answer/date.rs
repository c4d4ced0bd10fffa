//! Instants in the formats of vendors: seconds or milliseconds since the Unix epoch, or a date.

use crate::token::time::Timestamp;

/// The smallest number that is taken as milliseconds: as seconds it would be in the year 5138, as
/// milliseconds it is in 1973.
const LEAST_MILLIS: i64 = 100_000_000_000;

/// Converts seconds or milliseconds since the Unix epoch, told apart by their magnitude.
pub(super) fn of_number(number: i64) -> Timestamp {
    if number.saturating_abs() >= LEAST_MILLIS {
        return Timestamp::from_unix_millis(number);
    }
    Timestamp::from_unix_seconds(number)
}

/// Parses an HTTP date (`Wed, 01 Oct 2025 15:24:16 GMT`), or an ISO 8601 date and time that are
/// separated by `T` or a space, with an optional fraction and offset.
pub(super) fn of_text(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    httpdate::parse_http_date(text)
        .ok()
        .map(Timestamp::from)
        .or_else(|| of_iso(text))
}

fn of_iso(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-')?;
    let (time, offset) = split_offset(time.trim())?;
    let (time, _fraction) = time.split_once('.').unwrap_or((time, ""));
    let [hour, minute, second] = numbers(time, ':')?;
    let is_date =
        (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let is_time = hour <= 24 && minute <= 59 && second <= 60;
    let seconds = days_since_epoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    (is_date && is_time).then(|| Timestamp::from_unix_seconds(seconds - offset))
}

/// Returns the time, and its offset from UTC in seconds.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let Some((at, sign)) = time.char_indices().find(|(_, c)| matches!(c, '+' | '-')) else {
        return Some((time, 0));
    };
    let (time, offset) = time.split_at_checked(at)?;
    let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { "0" } else { minutes };
    let span = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()?.min(59) * 60;
    Some((time.trim_end(), if sign == '-' { -span } else { span }))
}

/// Parses three unsigned numbers.
fn numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let mut parts = text.split(between).map(|part| {
        let is_number = part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse().ok()).flatten()
    });
    let read = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(read)
}

/// Returns the days since 1970-01-01 in the Gregorian calendar, as Howard Hinnant's
/// `days_from_civil`.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_parsed_in_the_formats_of_vendors() {
        let expected = Some(Timestamp::from_unix_seconds(1_759_332_256));
        for text in [
            "Wed, 01 Oct 2025 15:24:16 GMT",
            "2025-10-01T15:24:16Z",
            "2025-10-01 15:24:16",
            "2025-10-01T15:24:16.123456Z",
            "2025-10-01T23:24:16+08:00",
            "2025-10-01 10:24:16 -0500",
            "2025-10-01T15:24:16.1+00",
        ] {
            assert_eq!(of_text(text), expected, "{text}");
        }
    }

    #[test]
    fn an_invalid_date_is_refused() {
        for text in [
            "",
            "soon",
            "2025-10-01",
            "2025-13-01T00:00:00Z",
            "2025-10-01T25:00:00Z",
            "T",
            "--T::",
            "1-1-1T1:1",
            "2025-10-01T00:00:00+",
            "\u{e9}-1-1T1:1:1+\u{e9}",
        ] {
            assert_eq!(of_text(text), None, "{text}");
        }
    }

    // FAULTS.md row 69
    #[test]
    fn seconds_and_milliseconds_are_told_apart() {
        assert_eq!(
            of_number(1_759_332_256),
            Timestamp::from_unix_seconds(1_759_332_256)
        );
        assert_eq!(
            of_number(1_759_332_256_000),
            Timestamp::from_unix_seconds(1_759_332_256)
        );
        assert_eq!(of_number(0), Timestamp::from_unix_seconds(0));
        assert_eq!(of_number(i64::MIN), Timestamp::MIN);
    }

    proptest! {
        #[test]
        fn every_iso_date_is_the_same_instant_as_its_http_date(seconds in 0_u64..4_102_444_800) {
            let http = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
            let words: Vec<&str> = http.split([' ', ',']).filter(|word| !word.is_empty()).collect();
            let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
            let month = months.find(words[2]).unwrap() / 3 + 1;
            let iso = format!("{}-{month:02}-{}T{}Z", words[3], words[1], words[4]);
            prop_assert_eq!(of_text(&iso), Some(Timestamp::from_unix_seconds(i64::try_from(seconds).unwrap())));
        }

        #[test]
        fn no_text_causes_a_panic(text: String) {
            let _ = of_text(&text);
        }

        #[test]
        fn no_text_that_looks_like_a_date_causes_a_panic(text in "[0-9]{1,5}-[0-9]{1,5}-[0-9]{1,4}[T ][0-9:.+Zz-]{0,20}") {
            let _ = of_text(&text);
        }
    }
}
