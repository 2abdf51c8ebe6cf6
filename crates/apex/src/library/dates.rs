//! `Date`, `Datetime`, `Time`, `TimeZone`.

use super::{Line, format};
use crate::run::{Done, Vm};
use crate::value::{Native, Value};
use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use orglet_base::{Date, DateTime, Time, time};

const DAY: i64 = 86_400_000;

fn date(vm: &mut Vm<'_, '_>, value: &Value) -> Done<Date> {
    match value {
        Value::Date(date) => Ok(*date),
        Value::Datetime(at) => Ok(at.split().0),
        _ => Err(vm.exception("NullPointerException", "Argument cannot be null.")),
    }
}

fn instant(vm: &mut Vm<'_, '_>, value: &Value) -> Done<DateTime> {
    match value {
        Value::Datetime(at) => Ok(*at),
        Value::Date(date) => Ok(DateTime::at_midnight(*date)),
        _ => Err(vm.exception("NullPointerException", "Argument cannot be null.")),
    }
}

fn clock(vm: &mut Vm<'_, '_>, value: &Value) -> Done<u32> {
    match value {
        Value::Time(time) => Ok(time.0),
        _ => Err(vm.exception("NullPointerException", "Argument cannot be null.")),
    }
}

fn zoned(at: DateTime, zone: &TimeZone) -> Zoned {
    Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone())
}

/// Days and months beyond their range move on, as in Java's lenient calendars.
fn lenient(vm: &mut Vm<'_, '_>, year: i32, month: i32, day: i32) -> Done<Date> {
    let months = i64::from(year) * 12 + i64::from(month) - 1;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    let first = i16::try_from(year).ok().and_then(|year| Date::new(year, month as i8, 1).ok());
    match first {
        Some(first) => vm.add_days(first, i64::from(day) - 1),
        None => Err(vm.exception("TypeException", "Invalid date")),
    }
}

fn add_months(vm: &mut Vm<'_, '_>, date: Date, months: i64) -> Done<Date> {
    match Span::new().try_months(months).ok().and_then(|span| date.checked_add(span).ok()) {
        Some(date) => Ok(date),
        None => Err(vm.exception("TypeException", "Date is out of range")),
    }
}

/// The instant at which the clock of a zone shows a time.
fn at(vm: &mut Vm<'_, '_>, date: Date, ms: i64, zone: &TimeZone) -> Done<Value> {
    let date = vm.add_days(date, ms.div_euclid(DAY))?;
    let ms = ms.rem_euclid(DAY);
    let (h, m, s) = ((ms / 3_600_000) as i8, (ms / 60_000 % 60) as i8, (ms / 1000 % 60) as i8);
    let time = civil::time(h, m, s, (ms % 1000) as i32 * 1_000_000);
    match date.to_datetime(time).to_zoned(zone.clone()) {
        Ok(zoned) => Ok(Value::Datetime(DateTime(zoned.timestamp().as_millisecond()))),
        Err(_) => Err(vm.exception("TypeException", "Datetime is out of range")),
    }
}

/// The whole months between two days.
fn months_between(from: Date, to: Date) -> i32 {
    (i32::from(to.year()) - i32::from(from.year())) * 12 + i32::from(to.month()) - i32::from(from.month())
}

fn make(vm: &mut Vm<'_, '_>, a: &[Value], zone: &TimeZone) -> Done<Value> {
    if let Value::Date(day) = &a[0] {
        let ms = clock(vm, &a[1])?;
        return at(vm, *day, i64::from(ms), zone);
    }
    let mut n = [0; 6];
    for (slot, value) in n.iter_mut().zip(a) {
        *slot = vm.int(value)?;
    }
    let day = lenient(vm, n[0], n[1], n[2])?;
    let ms = (i64::from(n[3]) * 3600 + i64::from(n[4]) * 60 + i64::from(n[5])) * 1000;
    at(vm, day, ms, zone)
}

/// `yyyy-MM-dd HH:mm:ss` in a zone.
fn read(vm: &mut Vm<'_, '_>, text: &str, zone: &TimeZone) -> Done<Value> {
    let parts: Vec<i32> =
        text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).filter_map(|part| part.parse().ok()).collect();
    let shaped = text.len() >= 19 && text.as_bytes().get(4) == Some(&b'-');
    match parts.as_slice() {
        [y, m, d, h, mi, s, ..] if shaped && (1..=12).contains(m) && (1..=31).contains(d) && *h < 24 && *mi < 60 && *s < 60 => {
            let day = lenient(vm, *y, *m, *d)?;
            at(vm, day, (i64::from(*h) * 3600 + i64::from(*mi) * 60 + i64::from(*s)) * 1000, zone)
        }
        _ => Err(vm.exception("TypeException", format!("Invalid date/time: {text}"))),
    }
}

fn zone_named(vm: &mut Vm<'_, '_>, name: &Value) -> Done<TimeZone> {
    let name = vm.text(name)?;
    Ok(TimeZone::get(&name).unwrap_or(TimeZone::UTC))
}

fn patterned(vm: &mut Vm<'_, '_>, when: DateTime, pattern: &str, zone: &TimeZone) -> Done<Value> {
    match format::by_pattern(&zoned(when, zone), pattern) {
        Some(text) => Ok(Value::str(&text)),
        None => Err(vm.exception("IllegalArgumentException", format!("Illegal pattern: {pattern}"))),
    }
}

/// A part of an instant's clock in the user's zone, or in UTC.
fn part(vm: &mut Vm<'_, '_>, value: &Value, utc: bool, of: fn(&Zoned) -> i32) -> Done<Value> {
    let when = instant(vm, value)?;
    let zone = if utc { TimeZone::UTC } else { vm.zone() };
    Ok(Value::Int(of(&zoned(when, &zone))))
}

fn shift(vm: &mut Vm<'_, '_>, a: &[Value], unit: i64) -> Done<Value> {
    let (when, n) = (instant(vm, &a[0])?, vm.int(&a[1])?);
    Ok(Value::Datetime(DateTime(when.0.saturating_add(i64::from(n) * unit))))
}

fn shift_months(vm: &mut Vm<'_, '_>, a: &[Value], unit: i64) -> Done<Value> {
    let (when, n) = (instant(vm, &a[0])?, vm.int(&a[1])?);
    let zone = vm.zone();
    let local = zoned(when, &zone).datetime();
    let day = add_months(vm, local.date(), i64::from(n) * unit)?;
    let time = local.time();
    let ms =
        (i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())) * 1000 + i64::from(time.millisecond());
    at(vm, day, ms, &zone)
}

fn shift_time(vm: &mut Vm<'_, '_>, a: &[Value], unit: i64) -> Done<Value> {
    let (time, n) = (clock(vm, &a[0])?, vm.int(&a[1])?);
    Ok(Value::Time(Time((i64::from(time) + i64::from(n) * unit).rem_euclid(DAY) as u32)))
}

/// `5/15/2024`, as English locales write days.
fn short(date: Date) -> String {
    format!("{}/{}/{}", date.month(), date.day(), date.year())
}

pub(super) const LINES: &[Line] = &[
    ("static Date Date.today()", |vm, _| {
        let (now, zone) = (vm.host.now(), vm.zone());
        Ok(Value::Date(zoned(now, &zone).date()))
    }),
    ("static Date System.today()", |vm, _| {
        let (now, zone) = (vm.host.now(), vm.zone());
        Ok(Value::Date(zoned(now, &zone).date()))
    }),
    ("static Date Date.newInstance(Integer,Integer,Integer)", |vm, a| {
        let (y, m, d) = (vm.int(&a[0])?, vm.int(&a[1])?, vm.int(&a[2])?);
        lenient(vm, y, m, d).map(Value::Date)
    }),
    ("static Date Date.valueOf(String)", |vm, a| {
        let text = vm.text(&a[0])?;
        let parts: Vec<&str> = text.split([' ', 'T']).next().unwrap_or_default().split('-').collect();
        let numbers: Vec<i32> = parts.iter().filter_map(|part| part.parse().ok()).collect();
        match numbers.as_slice() {
            [y, m, d] if parts.len() == 3 && (1..=12).contains(m) && (1..=31).contains(d) => lenient(vm, *y, *m, *d).map(Value::Date),
            _ => Err(vm.exception("TypeException", format!("Invalid date: {text}"))),
        }
    }),
    ("static Date Date.valueOf(Object)", |vm, a| match &a[0] {
        Value::Datetime(when) => {
            let zone = vm.zone();
            Ok(Value::Date(zoned(*when, &zone).date()))
        }
        Value::Date(_) => Ok(a[0].clone()),
        other => {
            let text = vm.shown(other)?;
            Err(vm.exception("TypeException", format!("Invalid date: {text}")))
        }
    }),
    ("static Date Date.parse(String)", |vm, a| {
        let text = vm.text(&a[0])?;
        let numbers: Vec<i32> = text.split('/').filter_map(|part| part.trim().parse().ok()).collect();
        match numbers.as_slice() {
            [m, d, y] if (1..=12).contains(m) && (1..=31).contains(d) => lenient(vm, *y, *m, *d).map(Value::Date),
            _ => Err(vm.exception("TypeException", format!("Invalid date: {text}"))),
        }
    }),
    ("static Integer Date.daysInMonth(Integer,Integer)", |vm, a| {
        let (y, m) = (vm.int(&a[0])?, vm.int(&a[1])?);
        Ok(Value::Int(i32::from(lenient(vm, y, m, 1)?.days_in_month())))
    }),
    ("static Boolean Date.isLeapYear(Integer)", |vm, a| {
        let y = vm.int(&a[0])?;
        Ok(Value::Bool(y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)))
    }),
    ("Integer Date.year()", |vm, a| Ok(Value::Int(i32::from(date(vm, &a[0])?.year())))),
    ("Integer Date.month()", |vm, a| Ok(Value::Int(i32::from(date(vm, &a[0])?.month())))),
    ("Integer Date.day()", |vm, a| Ok(Value::Int(i32::from(date(vm, &a[0])?.day())))),
    ("Integer Date.dayOfYear()", |vm, a| Ok(Value::Int(i32::from(date(vm, &a[0])?.day_of_year())))),
    ("Date Date.addDays(Integer)", |vm, a| {
        let (day, n) = (date(vm, &a[0])?, vm.int(&a[1])?);
        vm.add_days(day, i64::from(n)).map(Value::Date)
    }),
    ("Date Date.addMonths(Integer)", |vm, a| {
        let (day, n) = (date(vm, &a[0])?, vm.int(&a[1])?);
        add_months(vm, day, i64::from(n)).map(Value::Date)
    }),
    ("Date Date.addYears(Integer)", |vm, a| {
        let (day, n) = (date(vm, &a[0])?, vm.int(&a[1])?);
        add_months(vm, day, i64::from(n) * 12).map(Value::Date)
    }),
    ("Integer Date.daysBetween(Date)", |vm, a| {
        let (from, to) = (date(vm, &a[0])?, date(vm, &a[1])?);
        Ok(Value::Int(((DateTime::at_midnight(to).0 - DateTime::at_midnight(from).0) / DAY) as i32))
    }),
    ("Integer Date.monthsBetween(Date)", |vm, a| Ok(Value::Int(months_between(date(vm, &a[0])?, date(vm, &a[1])?)))),
    ("Boolean Date.isSameDay(Date)", |vm, a| Ok(Value::Bool(date(vm, &a[0])? == date(vm, &a[1])?))),
    ("Date Date.toStartOfMonth()", |vm, a| Ok(Value::Date(date(vm, &a[0])?.first_of_month()))),
    ("Date Date.toStartOfWeek()", |vm, a| {
        let day = date(vm, &a[0])?;
        // Weeks begin on Mondays but in the Americas and some more.
        let locale = vm.user().locale.clone();
        let sunday = locale.is_empty() || ["US", "CA", "MX", "BR", "JP", "IN", "AU", "IL"].iter().any(|country| locale.ends_with(country));
        let back = if sunday { day.weekday().to_sunday_zero_offset() } else { day.weekday().to_monday_zero_offset() };
        vm.add_days(day, -i64::from(back)).map(Value::Date)
    }),
    ("String Date.format()", |vm, a| Ok(Value::str(&short(date(vm, &a[0])?)))),
    ("static Datetime Datetime.now()", |vm, _| Ok(Value::Datetime(vm.host.now()))),
    ("static Datetime System.now()", |vm, _| Ok(Value::Datetime(vm.host.now()))),
    ("static Long System.currentTimeMillis()", |vm, _| Ok(Value::Long(vm.host.now().0))),
    ("static Datetime Datetime.newInstance(Long)", |vm, a| match &a[0] {
        Value::Long(ms) => Ok(Value::Datetime(DateTime(*ms))),
        _ => Err(vm.null_pointer()),
    }),
    ("static Datetime Datetime.newInstance(Date,Time)", |vm, a| {
        let zone = vm.zone();
        make(vm, &a, &zone)
    }),
    ("static Datetime Datetime.newInstance(Integer,Integer,Integer)", |vm, a| {
        let zone = vm.zone();
        make(vm, &a, &zone)
    }),
    ("static Datetime Datetime.newInstance(Integer,Integer,Integer,Integer,Integer,Integer)", |vm, a| {
        let zone = vm.zone();
        make(vm, &a, &zone)
    }),
    ("static Datetime Datetime.newInstanceGmt(Date,Time)", |vm, a| make(vm, &a, &TimeZone::UTC)),
    ("static Datetime Datetime.newInstanceGmt(Integer,Integer,Integer)", |vm, a| make(vm, &a, &TimeZone::UTC)),
    ("static Datetime Datetime.newInstanceGmt(Integer,Integer,Integer,Integer,Integer,Integer)", |vm, a| make(vm, &a, &TimeZone::UTC)),
    ("static Datetime Datetime.valueOf(String)", |vm, a| {
        let (text, zone) = (vm.text(&a[0])?, vm.zone());
        read(vm, &text, &zone)
    }),
    ("static Datetime Datetime.valueOf(Object)", |vm, a| match &a[0] {
        Value::Datetime(_) => Ok(a[0].clone()),
        Value::Date(day) => Ok(Value::Datetime(DateTime::at_midnight(*day))),
        other => {
            let text = vm.shown(other)?;
            Err(vm.exception("TypeException", format!("Invalid date/time: {text}")))
        }
    }),
    ("static Datetime Datetime.valueOfGmt(String)", |vm, a| {
        let text = vm.text(&a[0])?;
        read(vm, &text, &TimeZone::UTC)
    }),
    ("Long Datetime.getTime()", |vm, a| Ok(Value::Long(instant(vm, &a[0])?.0))),
    ("Date Datetime.date()", |vm, a| {
        let (when, zone) = (instant(vm, &a[0])?, vm.zone());
        Ok(Value::Date(zoned(when, &zone).date()))
    }),
    ("Date Datetime.dateGmt()", |vm, a| Ok(Value::Date(instant(vm, &a[0])?.split().0))),
    ("Time Datetime.time()", |vm, a| {
        let (when, zone) = (instant(vm, &a[0])?, vm.zone());
        Ok(Value::Time(Time(crate::run::local(when, &zone).split().1)))
    }),
    ("Time Datetime.timeGmt()", |vm, a| Ok(Value::Time(Time(instant(vm, &a[0])?.split().1)))),
    ("Integer Datetime.year()", |vm, a| part(vm, &a[0], false, |at| at.year().into())),
    ("Integer Datetime.month()", |vm, a| part(vm, &a[0], false, |at| at.month().into())),
    ("Integer Datetime.day()", |vm, a| part(vm, &a[0], false, |at| at.day().into())),
    ("Integer Datetime.dayOfYear()", |vm, a| part(vm, &a[0], false, |at| at.day_of_year().into())),
    ("Integer Datetime.hour()", |vm, a| part(vm, &a[0], false, |at| at.hour().into())),
    ("Integer Datetime.minute()", |vm, a| part(vm, &a[0], false, |at| at.minute().into())),
    ("Integer Datetime.second()", |vm, a| part(vm, &a[0], false, |at| at.second().into())),
    ("Integer Datetime.millisecond()", |vm, a| part(vm, &a[0], false, |at| i32::from(at.millisecond()))),
    ("Integer Datetime.yearGmt()", |vm, a| part(vm, &a[0], true, |at| at.year().into())),
    ("Integer Datetime.monthGmt()", |vm, a| part(vm, &a[0], true, |at| at.month().into())),
    ("Integer Datetime.dayGmt()", |vm, a| part(vm, &a[0], true, |at| at.day().into())),
    ("Integer Datetime.hourGmt()", |vm, a| part(vm, &a[0], true, |at| at.hour().into())),
    ("Integer Datetime.minuteGmt()", |vm, a| part(vm, &a[0], true, |at| at.minute().into())),
    ("Integer Datetime.secondGmt()", |vm, a| part(vm, &a[0], true, |at| at.second().into())),
    ("Datetime Datetime.addDays(Integer)", |vm, a| shift(vm, &a, DAY)),
    ("Datetime Datetime.addHours(Integer)", |vm, a| shift(vm, &a, 3_600_000)),
    ("Datetime Datetime.addMinutes(Integer)", |vm, a| shift(vm, &a, 60_000)),
    ("Datetime Datetime.addSeconds(Integer)", |vm, a| shift(vm, &a, 1000)),
    ("Datetime Datetime.addMonths(Integer)", |vm, a| shift_months(vm, &a, 1)),
    ("Datetime Datetime.addYears(Integer)", |vm, a| shift_months(vm, &a, 12)),
    ("Boolean Datetime.isSameDay(Datetime)", |vm, a| {
        let (x, y, zone) = (instant(vm, &a[0])?, instant(vm, &a[1])?, vm.zone());
        Ok(Value::Bool(zoned(x, &zone).date() == zoned(y, &zone).date()))
    }),
    ("String Datetime.format()", |vm, a| {
        let (when, zone) = (instant(vm, &a[0])?, vm.zone());
        patterned(vm, when, "M/d/yyyy, h:mm a", &zone)
    }),
    ("String Datetime.format(String)", |vm, a| {
        let (when, pattern, zone) = (instant(vm, &a[0])?, vm.text(&a[1])?, vm.zone());
        patterned(vm, when, &pattern, &zone)
    }),
    ("String Datetime.format(String,String)", |vm, a| {
        let (when, pattern, zone) = (instant(vm, &a[0])?, vm.text(&a[1])?, zone_named(vm, &a[2])?);
        patterned(vm, when, &pattern, &zone)
    }),
    ("String Datetime.formatGmt(String)", |vm, a| {
        let (when, pattern) = (instant(vm, &a[0])?, vm.text(&a[1])?);
        patterned(vm, when, &pattern, &TimeZone::UTC)
    }),
    ("String Datetime.formatLong()", |vm, a| {
        let (when, zone) = (instant(vm, &a[0])?, vm.zone());
        patterned(vm, when, "M/d/yyyy, h:mm:ss a z", &zone)
    }),
    ("static Time Time.newInstance(Integer,Integer,Integer,Integer)", |vm, a| {
        let n = [vm.int(&a[0])?, vm.int(&a[1])?, vm.int(&a[2])?, vm.int(&a[3])?];
        let ms = (i64::from(n[0]) * 3600 + i64::from(n[1]) * 60 + i64::from(n[2])) * 1000 + i64::from(n[3]);
        Ok(Value::Time(Time(ms.rem_euclid(DAY) as u32)))
    }),
    ("Integer Time.hour()", |vm, a| Ok(Value::Int((clock(vm, &a[0])? / 3_600_000) as i32))),
    ("Integer Time.minute()", |vm, a| Ok(Value::Int((clock(vm, &a[0])? / 60_000 % 60) as i32))),
    ("Integer Time.second()", |vm, a| Ok(Value::Int((clock(vm, &a[0])? / 1000 % 60) as i32))),
    ("Integer Time.millisecond()", |vm, a| Ok(Value::Int((clock(vm, &a[0])? % 1000) as i32))),
    ("Time Time.addHours(Integer)", |vm, a| shift_time(vm, &a, 3_600_000)),
    ("Time Time.addMinutes(Integer)", |vm, a| shift_time(vm, &a, 60_000)),
    ("Time Time.addSeconds(Integer)", |vm, a| shift_time(vm, &a, 1000)),
    ("Time Time.addMilliseconds(Integer)", |vm, a| shift_time(vm, &a, 1)),
    ("static System.TimeZone TimeZone.getTimeZone(String)", |vm, a| Ok(Value::native(Native::Zone(zone_named(vm, &a[0])?)))),
    ("static System.TimeZone UserInfo.getTimeZone()", |vm, _| Ok(Value::native(Native::Zone(vm.zone())))),
    ("String TimeZone.getID()", |vm, a| Ok(Value::str(&vm.shown(&a[0])?))),
    ("Integer TimeZone.getOffset(Datetime)", |vm, a| {
        let when = instant(vm, &a[1])?;
        match &a[0] {
            Value::Native(native) => match &**native {
                Native::Zone(zone) => Ok(Value::Int((crate::run::local(when, zone).0 - when.0) as i32)),
                _ => Err(vm.null_pointer()),
            },
            _ => Err(vm.null_pointer()),
        }
    }),
    ("String Date.toString()", |vm, a| Ok(Value::str(&time::date_text(date(vm, &a[0])?)))),
];
