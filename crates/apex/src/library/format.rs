//! Patterns of dates and times, as Java's `SimpleDateFormat` has them.

use jiff::Zoned;

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A time by a pattern; `None` where a letter of it means nothing.
pub(crate) fn by_pattern(at: &Zoned, pattern: &str) -> Option<String> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = String::new();
    let mut n = 0;
    while n < chars.len() {
        let c = chars[n];
        if c == '\'' {
            n += 1;
            if chars.get(n) == Some(&'\'') {
                out.push('\'');
                n += 1;
                continue;
            }
            while n < chars.len() {
                if chars[n] == '\'' {
                    if chars.get(n + 1) == Some(&'\'') {
                        out.push('\'');
                        n += 2;
                        continue;
                    }
                    n += 1;
                    break;
                }
                out.push(chars[n]);
                n += 1;
            }
            continue;
        }
        if !c.is_ascii_alphabetic() {
            out.push(c);
            n += 1;
            continue;
        }
        let count = chars[n..].iter().take_while(|own| **own == c).count();
        n += count;
        let number = |value: i64| format!("{value:0count$}");
        let hour = i64::from(at.hour());
        let text = match c {
            'y' | 'Y' | 'u' if count == 2 => format!("{:02}", at.year().rem_euclid(100)),
            'y' | 'Y' => number(i64::from(at.year())),
            'M' | 'L' => {
                let name = MONTHS[(at.month() - 1) as usize];
                match count {
                    1 | 2 => number(i64::from(at.month())),
                    3 => name[..3].to_owned(),
                    _ => name.to_owned(),
                }
            }
            'd' => number(i64::from(at.day())),
            'D' => number(i64::from(at.day_of_year())),
            'E' => {
                let name = DAYS[at.weekday().to_monday_zero_offset() as usize];
                if count < 4 { name[..3].to_owned() } else { name.to_owned() }
            }
            'u' => number(i64::from(at.weekday().to_monday_one_offset())),
            'w' => number(i64::from((at.day_of_year() + 6 - i16::from(at.weekday().to_sunday_zero_offset())) / 7 + 1).min(53)),
            'F' => number(i64::from((at.day() - 1) / 7 + 1)),
            'a' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            'H' => number(hour),
            'k' => number(if hour == 0 { 24 } else { hour }),
            'K' => number(hour % 12),
            'h' => number(if hour % 12 == 0 { 12 } else { hour % 12 }),
            'm' => number(i64::from(at.minute())),
            's' => number(i64::from(at.second())),
            'S' => number(i64::from(at.subsec_nanosecond() / 1_000_000)),
            'z' => zone_name(at),
            'Z' => {
                let minutes = at.offset().seconds() / 60;
                format!("{}{:02}{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60)
            }
            'X' => {
                let minutes = at.offset().seconds() / 60;
                match (minutes, count) {
                    (0, _) => "Z".to_owned(),
                    (_, 1) => format!("{}{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60),
                    (_, 2) => format!("{}{:02}{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60),
                    _ => format!("{}{:02}:{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60),
                }
            }
            'G' => "AD".to_owned(),
            _ => return None,
        };
        out.push_str(&text);
    }
    Some(out)
}

fn zone_name(at: &Zoned) -> String {
    let name = at.time_zone().to_offset_info(at.timestamp()).abbreviation().to_owned();
    if name == "UTC" { "GMT".to_owned() } else { name }
}
