//! Dates of HTTP headers.

use orglet_base::{DateTime, time};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// The longest text that is looked at, in bytes.
const LONGEST: usize = 64;

/// Reads a date leniently: the three forms of HTTP (`Wed, 03 Jul 2013 19:43:31 GMT`, `Wednesday, 03-Jul-13 19:43:31 GMT`,
/// `Wed Jul  3 19:43:31 2013`), days of one digit, the zone names that the documentation's examples use, and zones by
/// offset (`-0700`). `None` for what is no date.
pub(super) fn parse(text: &str) -> Option<DateTime> {
    if text.len() > LONGEST {
        return None;
    }
    let words: Vec<&str> = text.split([' ', ',']).filter(|w| !w.is_empty()).collect();
    let named = |word: &&str, names: &[&str]| names.iter().any(|n| word.get(..3).is_some_and(|w| w.eq_ignore_ascii_case(n)));
    let words = match words.as_slice() {
        [first, rest @ ..] if named(first, &DAYS) => rest,
        all => all,
    };
    let (day, month, year, clock, zone) = match words {
        // asctime has no zone: it is UTC.
        [month, day, clock, year] if named(month, &MONTHS) => (*day, *month, *year, *clock, "GMT"),
        [day, month, year, clock, zone] => (*day, *month, *year, *clock, *zone),
        [date, clock, zone] => {
            let mut parts = date.splitn(3, '-');
            (parts.next()?, parts.next()?, parts.next()?, *clock, *zone)
        }
        _ => return None,
    };
    let digits = |text: &str, most: usize| text.len() <= most && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !(digits(day, 2) && digits(year, 4)) {
        return None;
    }
    let month = MONTHS.iter().position(|m| month.get(..3).is_some_and(|w| w.eq_ignore_ascii_case(m)))? + 1;
    let (day, mut year): (u32, u32) = (day.parse().ok()?, year.parse().ok()?);
    if year < 100 {
        // Two digits stand for the year nearest to the time of this platform.
        year += if year < 70 { 2000 } else { 1900 };
    }
    let date = time::parse_date(&format!("{year:04}-{month:02}-{day:02}"))?;
    let clock = time::Time::parse(clock)?;
    Some(DateTime(DateTime::at_midnight(date).0 + i64::from(clock.0) - offset(zone)? * 60_000))
}

/// Minutes east of UTC.
fn offset(zone: &str) -> Option<i64> {
    let hours = match zone.to_ascii_uppercase().as_str() {
        "GMT" | "UTC" | "UT" | "Z" => 0,
        "EST" => -5,
        "EDT" => -4,
        "CST" => -6,
        "CDT" => -5,
        "MST" => -7,
        "MDT" => -6,
        "PST" => -8,
        "PDT" => -7,
        numbered => return by_number(numbered),
    };
    Some(hours * 60)
}

fn by_number(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = zone.get(1..)?.replacen(':', "", 1);
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_clients_write_them() {
        let want = DateTime::parse("2013-07-03T19:43:31Z");
        for text in [
            "Wed, 3 Jul 2013 19:43:31 GMT",
            "Wed, 03 Jul 2013 19:43:31 GMT",
            "wed, 03 july 2013 19:43:31 gmt",
            "Wed, 03 Jul 2013 12:43:31 MST",
            "Wed, 03 Jul 2013 21:43:31 +0200",
            "3 Jul 2013 14:13:31 -05:30",
            "Wednesday, 03-Jul-13 19:43:31 GMT",
            "Wed, 03-Jul-2013 19:43:31 GMT",
            "Wed Jul  3 19:43:31 2013",
        ] {
            assert_eq!(parse(text), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "yesterday",
            "Wed, 03 Jul 2013",
            "Wed, 31 Feb 2013 19:43:31 GMT",
            "Wed, 03 Jul 2013 25:43:31 GMT",
            "Wed, 03 Jul 2013 19:43:31",
            "Wed, 03 Jul 2013 19:43:31 Mars",
            "Wed, 03 Jul 2013 19:43:31 +9999",
            "Wed, 03 Jul 2013 19:43:31 GMT GMT",
            "Wed, 003 Jul 2013 19:43:31 GMT",
            "Wed, 03 Jul 20130 19:43:31 GMT",
            "é, ü ä ö ß",
            "2013-07-03T19:43:31Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
