//! Dates, date-times and times of day: canonical text (what the stores hold), wire text, and lenient reading.
//!
//! A date-time is UTC at a precision of milliseconds; the save cuts it to whole seconds, the platform's precision.

use jiff::civil;

pub use jiff::civil::Date;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DateTime(pub i64);

/// A time of day: milliseconds since midnight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Time(pub u32);

/// The years of the dates and instants that records may have.
const YEARS: std::ops::RangeInclusive<i16> = 1700..=4000;

/// Whether records may have a date.
pub fn is_in_range(date: Date) -> bool {
    YEARS.contains(&date.year())
}

const DAY_MS: i64 = 86_400_000;

fn days_from_epoch(date: Date) -> i64 {
    let epoch = civil::date(1970, 1, 1);
    date.duration_since(epoch).as_hours() / 24
}

impl DateTime {
    /// The instant of midnight UTC of a date.
    pub fn at_midnight(date: Date) -> Self {
        Self(days_from_epoch(date) * DAY_MS)
    }

    /// Cut to whole seconds (towards the past), the platform's stored precision.
    pub fn truncate_to_second(self) -> Self {
        Self(self.0.div_euclid(1000) * 1000)
    }

    /// The UTC calendar date and the milliseconds since its midnight.
    pub fn split(self) -> (Date, u32) {
        let days = self.0.div_euclid(DAY_MS);
        let ms = self.0.rem_euclid(DAY_MS) as u32;
        let ts = jiff::Timestamp::from_second(days * 86_400).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        (jiff::tz::Offset::UTC.to_datetime(ts).date(), ms)
    }

    /// Reads `yyyy-MM-ddTHH:mm:ss[.fff…](Z|±HH:mm|±HHmm|±HH)`; `T`, `Z` in either case. `None` for anything else, a
    /// day or time that does not exist, or a year outside 1700–4000.
    pub fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        if b.len() < 20 || !matches!(b[10], b'T' | b't') {
            return None;
        }
        let date = parse_date(text.get(..10)?)?;
        let rest = text.get(11..)?;
        let zone_at = rest.find(['Z', 'z', '+', '-'])?;
        let (clock, zone) = rest.split_at(zone_at);
        let ms = parse_clock(clock)?;
        let offset = parse_zone(zone)?;
        Some(Self(days_from_epoch(date) * DAY_MS + i64::from(ms) - offset))
    }

    /// `yyyy-MM-ddTHH:mm:ss.SSSZ`: the stored text, and the form of XML answers.
    pub fn to_canonical(self) -> String {
        self.text_with("Z")
    }

    /// `yyyy-MM-ddTHH:mm:ss.SSS+0000`: the form of JSON answers.
    pub fn to_json_text(self) -> String {
        self.text_with("+0000")
    }

    fn text_with(self, zone: &str) -> String {
        let (date, ms) = self.split();
        let mut out = String::with_capacity(28);
        put_date(&mut out, date);
        out.push('T');
        put_clock(&mut out, ms);
        out.push_str(zone);
        out
    }

    /// An HTTP date (`Wed, 03 Jul 2013 19:43:31 GMT`).
    pub fn to_http_date(self) -> String {
        let (date, ms) = self.split();
        let s = ms / 1000;
        let day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][date.weekday().to_monday_zero_offset() as usize];
        let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][(date.month() - 1) as usize];
        let mut out = String::with_capacity(29);
        out.push_str(day);
        out.push_str(", ");
        put_digits(&mut out, date.day().unsigned_abs().into(), 2);
        out.push(' ');
        out.push_str(month);
        out.push(' ');
        put_year(&mut out, date);
        for (mark, n) in [(' ', s / 3600), (':', s / 60 % 60), (':', s % 60)] {
            out.push(mark);
            put_digits(&mut out, n, 2);
        }
        out.push_str(" GMT");
        out
    }
}

/// Appends a number of at most four digits, with zeros in front up to a width. Formatting by `format!` would cost more
/// than all else that is done with a date.
fn put_digits(out: &mut String, n: u32, width: u32) {
    for place in (0..width).rev() {
        out.push(char::from(b'0' + (n / 10u32.pow(place) % 10) as u8));
    }
}

/// A year before the first, which date literals can lead to, has its sign in front.
fn put_year(out: &mut String, date: Date) {
    let year = u32::from(date.year().unsigned_abs());
    if date.year() < 0 {
        out.push('-');
    }
    put_digits(out, year, if date.year() < 0 && year < 1000 { 3 } else { 4 });
}

fn put_date(out: &mut String, date: Date) {
    put_year(out, date);
    out.push('-');
    put_digits(out, date.month().unsigned_abs().into(), 2);
    out.push('-');
    put_digits(out, date.day().unsigned_abs().into(), 2);
}

fn put_clock(out: &mut String, ms: u32) {
    let s = ms / 1000;
    for (n, width, mark) in [(s / 3600, 2, ':'), (s / 60 % 60, 2, ':'), (s % 60, 2, '.')] {
        put_digits(out, n, width);
        out.push(mark);
    }
    put_digits(out, ms % 1000, 3);
}

impl Time {
    /// Reads `HH:mm:ss[.fff][Z]`.
    pub fn parse(text: &str) -> Option<Self> {
        let clock = text.strip_suffix(['Z', 'z']).unwrap_or(text);
        parse_clock(clock).map(Self)
    }

    /// `HH:mm:ss.SSSZ`: stored and wire text.
    pub fn to_canonical(self) -> String {
        let mut out = String::with_capacity(13);
        put_clock(&mut out, self.0);
        out.push('Z');
        out
    }
}

/// `yyyy-MM-dd`: stored and wire text of a date.
pub fn date_text(date: Date) -> String {
    let mut out = String::with_capacity(10);
    put_date(&mut out, date);
    out
}

/// Reads `yyyy-MM-dd`; `None` for anything else, a day that does not exist or a year outside 1700–4000.
pub fn parse_date(text: &str) -> Option<Date> {
    let b = text.as_bytes();
    if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
        return None;
    }
    let year = digits(&b[..4])? as i16;
    let month = digits(&b[5..7])? as i8;
    let day = digits(&b[8..])? as i8;
    if !YEARS.contains(&year) {
        return None;
    }
    Date::new(year, month, day).ok()
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

fn parse_clock(text: &str) -> Option<u32> {
    let b = text.as_bytes();
    if b.len() < 8 || b[2] != b':' || b[5] != b':' {
        return None;
    }
    let (h, m, s) = (digits(&b[..2])?, digits(&b[3..5])?, digits(&b[6..8])?);
    if h > 23 || m > 59 || s > 59 {
        return None;
    }
    let fraction = match &b[8..] {
        [] => 0,
        [b'.', frac @ ..] if !frac.is_empty() && frac.len() <= 9 => {
            digits(frac)?;
            let mut padded = [b'0'; 3];
            for (slot, d) in padded.iter_mut().zip(frac) {
                *slot = *d;
            }
            digits(&padded)?
        }
        _ => return None,
    };
    Some((h * 3600 + m * 60 + s) * 1000 + fraction)
}

/// The zone's offset east of UTC in milliseconds.
fn parse_zone(text: &str) -> Option<i64> {
    let b = text.as_bytes();
    let (h, m) = match b {
        [b'Z' | b'z'] => return Some(0),
        [_, h @ .., b':', m1, m2] if h.len() == 2 => (digits(h)?, digits(&[*m1, *m2])?),
        [_, h1, h2, m1, m2] => (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?),
        [_, h1, h2] => (digits(&[*h1, *h2])?, 0),
        _ => return None,
    };
    if h > 14 || m > 59 {
        return None;
    }
    let ms = i64::from(h * 60 + m) * 60_000;
    Some(if b[0] == b'-' { -ms } else { ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_documented_forms() {
        let want = DateTime::parse("2024-05-15T00:00:00Z").unwrap();
        for text in ["2024-05-15T02:00:00+02:00", "2024-05-15T02:00:00.000+0200", "2024-05-14T20:00:00-04", "2024-05-15t00:00:00.0z"] {
            assert_eq!(DateTime::parse(text), Some(want), "{text}");
        }
        assert_eq!(want.to_json_text(), "2024-05-15T00:00:00.000+0000");
        assert_eq!(want.to_canonical(), "2024-05-15T00:00:00.000Z");
        assert_eq!(want.to_http_date(), "Wed, 15 May 2024 00:00:00 GMT");
        for text in ["2024-02-30T00:00:00Z", "2024-05-15T00:00:00", "2024-05-15", "1600-01-01T00:00:00Z", "2024-05-15T25:00:00Z"] {
            assert_eq!(DateTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn before_the_epoch() {
        let t = DateTime::parse("1969-12-31T23:59:59.250Z").unwrap();
        assert_eq!(t.0, -750);
        assert_eq!(t.truncate_to_second().to_canonical(), "1969-12-31T23:59:59.000Z");
    }

    #[test]
    fn every_time_is_written_in_full() {
        for days in (-4_000_000..2_900_000i64).step_by(997) {
            let t = DateTime(days * DAY_MS + days.rem_euclid(86_400) * 1000 + days.rem_euclid(1000));
            let (date, ms) = t.split();
            let s = ms / 1000;
            let day = format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day());
            let clock = format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
            assert_eq!(date_text(date), day);
            assert_eq!(t.to_canonical(), format!("{day}T{clock}.{:03}Z", ms % 1000));
            assert_eq!(t.to_json_text(), format!("{day}T{clock}.{:03}+0000", ms % 1000));
            assert!(t.to_http_date().ends_with(&format!(" {:04} {clock} GMT", date.year())), "{}", t.to_http_date());
            assert_eq!(days_from_epoch(date), days);
        }
    }

    #[test]
    fn times_of_day() {
        assert_eq!(Time::parse("09:30:00.5Z").unwrap().to_canonical(), "09:30:00.500Z");
        assert_eq!(Time::parse("24:00:00Z"), None);
    }
}
