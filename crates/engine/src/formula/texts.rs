//! Texts. Their characters are counted as Java counts them, in units of UTF-16.

use super::{Answer, Function, MAX_TEXT, Scope, Trouble, dates, numbers};
use orglet_base::{Id, Value};
use orglet_plan::formula::{Node, Pattern};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// A text, unless it has grown too long.
fn bounded(text: String) -> Answer {
    if text.len() > MAX_TEXT { Err(Trouble::unnamed()) } else { Ok(Value::from(text)) }
}

/// Two texts behind each other; a blank adds nothing.
pub(super) fn joined(left: Value, right: Value) -> Answer {
    match (left, right) {
        (Value::Text(mut a), Value::Text(b)) => {
            a.push_str(&b);
            bounded(a)
        }
        (Value::Null, other) | (other, _) => Ok(other),
    }
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// A count of characters, 0 for a negative one.
fn count(n: Decimal) -> usize {
    n.trunc().to_i64().map_or(if n.is_sign_negative() { 0 } else { usize::MAX }, |n| usize::try_from(n).unwrap_or(0))
}

fn piece(text: &str, from: usize, length: usize) -> Value {
    if text.is_ascii() {
        let end = from.saturating_add(length).min(text.len());
        return Value::from(text.get(from..end).unwrap_or_default());
    }
    let units = units(text);
    let end = from.saturating_add(length).min(units.len());
    Value::from(String::from_utf16_lossy(units.get(from..end).unwrap_or_default()))
}

fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// Where a text stands in another, from 1, looked for from a place on; 0 where it does not, or is empty.
fn find(wanted: &str, text: &str, from: usize) -> usize {
    let (wanted, text) = (units(wanted), units(text));
    let start = from.saturating_sub(1).min(text.len());
    if wanted.is_empty() {
        return 0;
    }
    text[start..].windows(wanted.len()).position(|w| w == wanted).map_or(0, |at| start + at + 1)
}

/// A text with others around it up to a length, or cut to it.
fn padded(text: &str, to: usize, pad: &str, before: bool) -> Answer {
    let have = length(text);
    if to <= have {
        return Ok(piece(text, 0, to));
    }
    if to > MAX_TEXT {
        return Err(Trouble::unnamed());
    }
    let pad = units(pad);
    let fill: Vec<u16> = pad.iter().copied().cycle().take(to - have).collect();
    let fill = String::from_utf16_lossy(&fill);
    bounded(if before { fill + text } else { text.to_owned() + &fill })
}

/// Words with a large first letter and small ones behind it.
fn capitalised(text: &str) -> String {
    let (mut out, mut at_start) = (String::with_capacity(text.len()), true);
    for c in text.chars() {
        match (c.is_lowercase() || c.is_uppercase(), at_start) {
            (true, true) => out.extend(c.to_uppercase()),
            (true, false) => out.extend(c.to_lowercase()),
            (false, _) => out.push(c),
        }
        at_start = !c.is_lowercase() && !c.is_uppercase() && !c.is_numeric();
    }
    out
}

/// Letters in one case. Turkish and Azeri have an i with and without a dot in both.
fn cased(text: &str, upper: bool, locale: Option<&str>) -> String {
    let dotted = locale.is_some_and(|l| ["tr", "az"].contains(&l.get(..2).unwrap_or_default().to_ascii_lowercase().as_str()));
    match (upper, dotted) {
        (true, true) => text.replace('i', "İ").to_uppercase(),
        (true, false) => text.to_uppercase(),
        (false, true) => text.replace('I', "ı").replace('İ', "i").to_lowercase(),
        (false, false) => text.to_lowercase(),
    }
}

/// Seconds as `HH:MM:SS`, perhaps with the days before them.
fn duration(seconds: i64, days: bool) -> String {
    let s = seconds.unsigned_abs();
    let (minutes, rest) = (s / 60 % 60, s % 60);
    match days {
        true => format!("{}:{:02}:{minutes:02}:{rest:02}", s / 86_400, s / 3600 % 24),
        false => format!("{:02}:{minutes:02}:{rest:02}", s / 3600),
    }
}

impl Scope<'_> {
    pub(super) fn writing(&self, function: Function, args: &[Node]) -> Answer {
        match function {
            Function::Text => self.as_text(args),
            Function::Regex => self.regex(args),
            Function::FormatDuration => self.format_duration(args),
            Function::Begins
            | Function::Contains
            | Function::Find
            | Function::Len
            | Function::IsNumber
            | Function::Value
            | Function::Ascii => self.asked(function, args),
            Function::Chr => match args {
                [code] => {
                    let code = self.number(code)?.and_then(|n| n.trunc().to_u32()).filter(|n| *n > 0);
                    Ok(code.and_then(char::from_u32).map_or(Value::Null, |c| Value::Text(c.to_string())))
                }
                _ => Ok(Value::Null),
            },
            _ => self.rewritten(function, args),
        }
    }

    fn as_text(&self, args: &[Node]) -> Answer {
        let [of] = args else { return Ok(Value::Null) };
        Ok(match self.value(of)? {
            Value::Decimal(n) => Value::Text(numbers::text(n, matches!(of, Node::Number(_)))),
            Value::Text(t) => Value::Text(t),
            other => dates::text(&other).map_or(Value::Null, Value::Text),
        })
    }

    /// What is asked of a text.
    fn asked(&self, function: Function, args: &[Node]) -> Answer {
        let number = |n: usize| Ok(Value::Decimal(Decimal::from(n)));
        match (function, args) {
            (Function::Begins, [text, start]) => match (self.text(text)?, self.text(start)?) {
                (_, None) => Ok(Value::Bool(true)),
                (None, _) => Ok(Value::Null),
                (Some(text), Some(start)) => Ok(Value::Bool(text.starts_with(&start))),
            },
            (Function::Contains, [text, part]) => match (self.text(text)?, self.text(part)?) {
                (_, None) => Ok(Value::Bool(true)),
                (None, _) => Ok(Value::Bool(false)),
                (Some(text), Some(part)) => Ok(Value::Bool(text.contains(&part))),
            },
            (Function::Find, [wanted, text, rest @ ..]) => {
                let from = match rest {
                    [from] => match self.number(from)? {
                        Some(from) => count(from),
                        None => return Ok(Value::Null),
                    },
                    _ => 1,
                };
                match (self.text(wanted)?, self.text(text)?) {
                    (Some(wanted), Some(text)) => number(find(&wanted, &text, from)),
                    _ => number(0),
                }
            }
            (Function::Len, [text]) => number(self.text(text)?.map_or(0, |t| length(&t))),
            (Function::IsNumber, [text]) => Ok(Value::Bool(self.text(text)?.is_some_and(|t| numbers::parse(&t).is_some()))),
            (Function::Value, [text]) => match self.text(text)? {
                None => Ok(Value::Null),
                Some(text) => match numbers::parse(&text) {
                    Some(n) => Ok(Value::Decimal(n)),
                    None => Err(Trouble::of("The value 'null' is not a valid number.")),
                },
            },
            (Function::Ascii, [text]) => {
                Ok(self.text(text)?.and_then(|t| t.chars().next()).map_or(Value::Null, |c| Value::Decimal(Decimal::from(u32::from(c)))))
            }
            _ => Ok(Value::Null),
        }
    }

    /// What becomes of a text.
    fn rewritten(&self, function: Function, args: &[Node]) -> Answer {
        let Some((first, rest)) = args.split_first() else { return Ok(Value::Null) };
        let Some(text) = self.text(first)? else { return Ok(Value::Null) };
        match (function, rest) {
            (Function::Left, [n]) => Ok(self.number(n)?.map_or(Value::Null, |n| piece(&text, 0, count(n)))),
            (Function::Right, [n]) => Ok(self.number(n)?.map_or(Value::Null, |n| {
                let (have, wanted) = (length(&text), count(n));
                piece(&text, have.saturating_sub(wanted), wanted)
            })),
            (Function::Mid, [start, n]) => match (self.number(start)?, self.number(n)?) {
                (Some(start), Some(n)) => Ok(piece(&text, count(start).max(1) - 1, count(n))),
                _ => Ok(Value::Null),
            },
            (Function::Substitute, [old, new]) => {
                let Some(old) = self.text(old)? else { return Ok(Value::Text(text)) };
                let new = self.text(new)?.unwrap_or_default();
                let grown = text.matches(old.as_str()).count().saturating_mul(new.len());
                if grown > MAX_TEXT {
                    return Err(Trouble::unnamed());
                }
                bounded(text.replace(&old, &new))
            }
            (Function::Trim, _) => Ok(Value::from(text.trim_matches(' '))),
            (Function::Upper | Function::Lower, rest) => {
                let locale = match rest {
                    [locale] => self.text(locale)?,
                    _ => None,
                };
                bounded(cased(&text, function == Function::Upper, locale.as_deref()))
            }
            (Function::Lpad | Function::Rpad, [to, rest @ ..]) => {
                let Some(to) = self.number(to)? else { return Ok(Value::Null) };
                let pad = match rest {
                    [pad] => self.text(pad)?,
                    _ => Some(" ".to_owned()),
                };
                match pad {
                    Some(pad) => padded(&text, count(to), &pad, function == Function::Lpad),
                    None => Ok(Value::from(text)),
                }
            }
            (Function::InitCap, _) => bounded(capitalised(&text)),
            (Function::Reverse, _) => Ok(Value::Text(text.chars().rev().collect())),
            (Function::CaseSafeId, _) => match Id::parse(&text) {
                Ok(id) if text.len() == 15 => Ok(Value::Text(id.to_string())),
                _ => Ok(Value::Text(text)),
            },
            _ => Ok(Value::Null),
        }
    }

    fn regex(&self, args: &[Node]) -> Answer {
        let [text, pattern] = args else { return Ok(Value::Null) };
        let text = self.text(text)?.unwrap_or_default();
        let found = match pattern {
            Node::Pattern(known) => known.matches(&text),
            made => {
                let made = self.text(made)?.unwrap_or_default();
                Pattern::new(&made).ok_or_else(Trouble::unnamed)?.matches(&text)
            }
        };
        found.map(Value::Bool).map_err(|_| Trouble::of("Regular expression runtime exceeded"))
    }

    fn format_duration(&self, args: &[Node]) -> Answer {
        let seconds = |n: Decimal| n.trunc().to_i64().ok_or_else(Trouble::unnamed);
        let text = match args {
            [of] => match self.number(of)? {
                Some(n) => duration(seconds(n)?, false),
                None => return Ok(Value::Null),
            },
            [left, right] => match (self.value(left)?, self.value(right)?) {
                (Value::Decimal(n), days) => duration(seconds(n)?, days == Value::Bool(true)),
                (Value::Time(a), Value::Time(b)) => duration((i64::from(b.0) - i64::from(a.0)) / 1000, false),
                (Value::DateTime(a), Value::DateTime(b)) => duration(b.0.saturating_sub(a.0) / 1000, true),
                _ => return Ok(Value::Null),
            },
            _ => return Ok(Value::Null),
        };
        Ok(Value::Text(text))
    }
}
