//! `String`.

use super::Line;
use crate::run::{Done, MAX_HEAP, Vm};
use crate::ty::Ty;
use crate::value::Value;
use std::sync::Arc;

impl Vm<'_, '_> {
    /// The text of an argument that may not be null.
    pub(crate) fn text(&mut self, value: &Value) -> Done<Arc<str>> {
        match value {
            Value::Str(text) => Ok(text.clone()),
            Value::Id(id) => Ok(id.to_string().into()),
            _ => Err(self.exception("NullPointerException", "Argument cannot be null.")),
        }
    }

    /// The number of an argument that may not be null.
    pub(crate) fn int(&mut self, value: &Value) -> Done<i32> {
        match value {
            Value::Int(n) => Ok(*n),
            Value::Long(n) => Ok(*n as i32),
            _ => Err(self.exception("NullPointerException", "Argument cannot be null.")),
        }
    }

    /// A place in a text of so many characters.
    fn place(&mut self, at: i32, length: usize, whole: bool) -> Done<usize> {
        match usize::try_from(at) {
            Ok(n) if n < length || whole && n == length => Ok(n),
            _ => Err(self.exception(
                "StringException",
                if whole { format!("Ending position out of bounds: {at}") } else { format!("Index out of bounds: {at}") },
            )),
        }
    }
}

/// The characters of a text as the platform counts them: UTF-16.
fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn of(units: &[u16]) -> Value {
    Value::str(&String::from_utf16_lossy(units))
}

fn int(n: usize) -> Value {
    Value::Int(n as i32)
}

fn find(text: &[u16], what: &[u16], from: usize) -> Option<usize> {
    if what.is_empty() {
        return (from <= text.len()).then_some(from);
    }
    (from..text.len().saturating_sub(what.len() - 1)).find(|at| text[*at..].starts_with(what))
}

fn find_last(text: &[u16], what: &[u16], from: usize) -> Option<usize> {
    let last = text.len().checked_sub(what.len())?.min(from);
    (0..=last).rev().find(|at| text[*at..].starts_with(what))
}

fn found(at: Option<usize>) -> Value {
    Value::Int(at.map_or(-1, |at| at as i32))
}

fn pad(vm: &mut Vm<'_, '_>, args: &[Value], left: bool) -> Done<Value> {
    let (text, size) = (vm.text(&args[0])?, vm.int(&args[1])?);
    let with = match args.get(2) {
        Some(with) => vm.text(with)?,
        None => " ".into(),
    };
    let own = units(&text);
    let fill = units(&with);
    let missing = (size.max(0) as usize).saturating_sub(own.len());
    vm.grown(missing * 2)?;
    if missing == 0 || fill.is_empty() {
        return Ok(args[0].clone());
    }
    let filling: Vec<u16> = fill.iter().copied().cycle().take(missing).collect();
    Ok(of(&if left { [filling, own].concat() } else { [own, filling].concat() }))
}

fn every(vm: &mut Vm<'_, '_>, args: &[Value], empty: bool, test: fn(char) -> bool) -> Done<Value> {
    let text = vm.text(&args[0])?;
    Ok(Value::Bool(if text.is_empty() { empty } else { text.chars().all(test) }))
}

fn blank(value: &Value) -> bool {
    match value {
        Value::Str(text) => text.chars().all(char::is_whitespace),
        value => value.is_null(),
    }
}

fn empty(value: &Value) -> bool {
    matches!(value, Value::Str(text) if text.is_empty()) || value.is_null()
}

fn list(items: Vec<Value>) -> Value {
    Value::list(Ty::Str, items)
}

/// `String.format`: `{0}` for arguments, quotes as in Java's MessageFormat. It ends behind what the heap takes.
fn format(pattern: &str, args: &[String]) -> String {
    let mut out = String::new();
    let chars: Vec<char> = pattern.chars().collect();
    let (mut at, mut quoted) = (0, false);
    while at < chars.len() && out.len() <= MAX_HEAP {
        match chars[at] {
            '\'' if chars.get(at + 1) == Some(&'\'') => {
                out.push('\'');
                at += 2;
            }
            '\'' => {
                quoted = !quoted;
                at += 1;
            }
            '{' if !quoted => {
                let end = chars[at..].iter().position(|c| *c == '}').map(|n| at + n);
                let number = end.and_then(|end| chars[at + 1..end].iter().collect::<String>().trim().parse::<usize>().ok());
                match (end, number) {
                    (Some(end), Some(number)) => {
                        match args.get(number) {
                            Some(text) => out.push_str(text),
                            None => out.extend(&chars[at..=end]),
                        }
                        at = end + 1;
                    }
                    _ => {
                        out.push('{');
                        at += 1;
                    }
                }
            }
            c => {
                out.push(c);
                at += 1;
            }
        }
    }
    out
}

fn digits(text: &str) -> String {
    text.trim().to_owned()
}

fn substring(vm: &mut Vm<'_, '_>, a: &[Value]) -> Done<Value> {
    let text = units(&vm.text(&a[0])?);
    let from = vm.int(&a[1])?;
    let to = match a.get(2) {
        Some(to) => vm.int(to)?,
        None => text.len() as i32,
    };
    if from < 0 || from as usize > text.len() {
        return Err(vm.exception("StringException", format!("Starting position out of bounds: {from}")));
    }
    if to < from || to as usize > text.len() {
        return Err(vm.exception("StringException", format!("Ending position out of bounds: {to}")));
    }
    Ok(of(&text[from as usize..to as usize]))
}

/// A part of a text before or behind a separator.
fn part(vm: &mut Vm<'_, '_>, a: &[Value], last: bool, before: bool) -> Done<Value> {
    let text = vm.text(&a[0])?;
    let Value::Str(by) = &a[1] else { return Ok(if before { a[0].clone() } else { Value::str("") }) };
    let at = if last { text.rfind(&**by) } else { text.find(&**by) };
    Ok(match at {
        Some(at) if before => Value::str(&text[..at]),
        Some(at) => Value::str(&text[at + by.len()..]),
        None if before => a[0].clone(),
        None => Value::str(""),
    })
}

pub(super) const LINES: &[Line] = &[
    ("static String String.valueOf(Object)", |vm, a| if a[0].is_null() { Ok(Value::Null) } else { Ok(Value::str(&vm.value_text(&a[0])?)) }),
    ("static Boolean String.isBlank(String)", |_, a| Ok(Value::Bool(blank(&a[0])))),
    ("static Boolean String.isNotBlank(String)", |_, a| Ok(Value::Bool(!blank(&a[0])))),
    ("static Boolean String.isEmpty(String)", |_, a| Ok(Value::Bool(empty(&a[0])))),
    ("static Boolean String.isNotEmpty(String)", |_, a| Ok(Value::Bool(!empty(&a[0])))),
    ("static String String.join(Object,String)", |vm, a| {
        let by = vm.text(&a[1])?;
        let items: Vec<Value> = match &a[0] {
            Value::List(list) => list.items.borrow().clone(),
            Value::Set(set) => set.data.borrow().pairs().map(|(key, _)| key.clone()).collect(),
            _ => return Err(vm.null_pointer()),
        };
        let mut out = String::new();
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                out.push_str(&by);
            }
            if !item.is_null() {
                out.push_str(&vm.value_text(item)?);
            }
            if out.len() > MAX_HEAP {
                vm.grown(out.len())?;
            }
        }
        Ok(Value::str(&out))
    }),
    ("static String String.format(String,List<Object>)", |vm, a| {
        let pattern = vm.text(&a[0])?;
        let Value::List(list) = &a[1] else { return Err(vm.null_pointer()) };
        let items = list.items.borrow().clone();
        let mut args = Vec::with_capacity(items.len());
        for item in &items {
            args.push(vm.value_text(item)?);
        }
        let out = format(&pattern, &args);
        vm.grown(out.len())?;
        Ok(Value::str(&out))
    }),
    ("static String String.escapeSingleQuotes(String)", |vm, a| {
        Ok(Value::str(&vm.text(&a[0])?.replace('\\', "\\\\").replace('\'', "\\'")))
    }),
    ("static String String.fromCharArray(List<Integer>)", |vm, a| {
        let Value::List(list) = &a[0] else { return Err(vm.null_pointer()) };
        let units: Vec<u16> = list.items.borrow().iter().map(|item| if let Value::Int(n) = item { *n as u16 } else { 0 }).collect();
        Ok(of(&units))
    }),
    ("Integer String.length()", |vm, a| Ok(int(units(&vm.text(&a[0])?).len()))),
    ("String String.toUpperCase()", |vm, a| Ok(Value::str(&vm.text(&a[0])?.to_uppercase()))),
    ("String String.toLowerCase()", |vm, a| Ok(Value::str(&vm.text(&a[0])?.to_lowercase()))),
    ("String String.trim()", |vm, a| Ok(Value::str(vm.text(&a[0])?.trim_matches(|c| c <= ' ')))),
    ("String String.toString()", |_, a| Ok(a[0].clone())),
    ("Boolean String.equals(Object)", |vm, a| vm.equal(&a[0], &a[1]).map(Value::Bool)),
    ("Boolean String.equals(String)", |vm, a| vm.equal(&a[0], &a[1]).map(Value::Bool)),
    ("Boolean String.equalsIgnoreCase(String)", |_, a| {
        Ok(Value::Bool(matches!((&a[0], &a[1]), (Value::Str(x), Value::Str(y)) if x.to_lowercase() == y.to_lowercase())))
    }),
    ("Integer String.compareTo(String)", |vm, a| {
        let (x, y) = (units(&vm.text(&a[0])?), units(&vm.text(&a[1])?));
        let at = x.iter().zip(&y).position(|(x, y)| x != y);
        Ok(Value::Int(match at {
            Some(at) => i32::from(x[at]) - i32::from(y[at]),
            None => x.len() as i32 - y.len() as i32,
        }))
    }),
    ("Integer String.hashCode()", |vm, a| {
        Ok(Value::Int(units(&vm.text(&a[0])?).iter().fold(0i32, |sum, unit| sum.wrapping_mul(31).wrapping_add(i32::from(*unit)))))
    }),
    ("Boolean String.contains(String)", |vm, a| Ok(Value::Bool(vm.text(&a[0])?.contains(&*vm.text(&a[1])?)))),
    ("Boolean String.containsIgnoreCase(String)", |vm, a| {
        Ok(Value::Bool(vm.text(&a[0])?.to_lowercase().contains(&*vm.text(&a[1])?.to_lowercase())))
    }),
    ("Boolean String.containsAny(String)", |vm, a| {
        let (text, any) = (vm.text(&a[0])?, vm.text(&a[1])?);
        Ok(Value::Bool(text.chars().any(|c| any.contains(c))))
    }),
    ("Boolean String.containsNone(String)", |vm, a| {
        let (text, any) = (vm.text(&a[0])?, vm.text(&a[1])?);
        Ok(Value::Bool(!text.chars().any(|c| any.contains(c))))
    }),
    ("Boolean String.containsOnly(String)", |vm, a| {
        let (text, any) = (vm.text(&a[0])?, vm.text(&a[1])?);
        Ok(Value::Bool(text.chars().all(|c| any.contains(c))))
    }),
    ("Boolean String.containsWhitespace()", |vm, a| Ok(Value::Bool(vm.text(&a[0])?.chars().any(char::is_whitespace)))),
    ("Boolean String.startsWith(String)", |vm, a| Ok(Value::Bool(vm.text(&a[0])?.starts_with(&*vm.text(&a[1])?)))),
    ("Boolean String.startsWithIgnoreCase(String)", |vm, a| {
        Ok(Value::Bool(vm.text(&a[0])?.to_lowercase().starts_with(&*vm.text(&a[1])?.to_lowercase())))
    }),
    ("Boolean String.endsWith(String)", |vm, a| Ok(Value::Bool(vm.text(&a[0])?.ends_with(&*vm.text(&a[1])?)))),
    ("Boolean String.endsWithIgnoreCase(String)", |vm, a| {
        Ok(Value::Bool(vm.text(&a[0])?.to_lowercase().ends_with(&*vm.text(&a[1])?.to_lowercase())))
    }),
    ("Integer String.indexOf(String)", |vm, a| Ok(found(find(&units(&vm.text(&a[0])?), &units(&vm.text(&a[1])?), 0)))),
    ("Integer String.indexOf(String,Integer)", |vm, a| {
        let from = vm.int(&a[2])?.max(0) as usize;
        Ok(found(find(&units(&vm.text(&a[0])?), &units(&vm.text(&a[1])?), from)))
    }),
    ("Integer String.indexOfIgnoreCase(String)", |vm, a| {
        Ok(found(find(&units(&vm.text(&a[0])?.to_lowercase()), &units(&vm.text(&a[1])?.to_lowercase()), 0)))
    }),
    ("Integer String.lastIndexOf(String)", |vm, a| Ok(found(find_last(&units(&vm.text(&a[0])?), &units(&vm.text(&a[1])?), usize::MAX)))),
    ("Integer String.lastIndexOf(String,Integer)", |vm, a| {
        let from = vm.int(&a[2])?;
        Ok(if from < 0 { Value::Int(-1) } else { found(find_last(&units(&vm.text(&a[0])?), &units(&vm.text(&a[1])?), from as usize)) })
    }),
    ("Integer String.charAt(Integer)", |vm, a| {
        let text = units(&vm.text(&a[0])?);
        let at = vm.int(&a[1])?;
        let at = vm.place(at, text.len(), false)?;
        Ok(Value::Int(i32::from(text[at])))
    }),
    ("Integer String.codePointAt(Integer)", |vm, a| {
        let text = units(&vm.text(&a[0])?);
        let at = vm.int(&a[1])?;
        let at = vm.place(at, text.len(), false)?;
        let c = char::decode_utf16(text[at..].iter().copied()).next();
        Ok(Value::Int(match c {
            Some(Ok(c)) => c as i32,
            _ => i32::from(text[at]),
        }))
    }),
    ("List<Integer> String.getChars()", |vm, a| {
        Ok(Value::list(Ty::Int, units(&vm.text(&a[0])?).into_iter().map(|unit| Value::Int(i32::from(unit))).collect()))
    }),
    ("String String.substring(Integer)", |vm, a| substring(vm, &a)),
    ("String String.substring(Integer,Integer)", |vm, a| substring(vm, &a)),
    ("String String.substringBefore(String)", |vm, a| part(vm, &a, false, true)),
    ("String String.substringAfter(String)", |vm, a| part(vm, &a, false, false)),
    ("String String.substringBeforeLast(String)", |vm, a| part(vm, &a, true, true)),
    ("String String.substringAfterLast(String)", |vm, a| part(vm, &a, true, false)),
    ("String String.substringBetween(String)", |vm, a| {
        let (text, by) = (vm.text(&a[0])?, vm.text(&a[1])?);
        let inner = text
            .find(&*by)
            .and_then(|at| text[at + by.len()..].find(&*by).map(|end| Value::str(&text[at + by.len()..at + by.len() + end])));
        Ok(inner.unwrap_or(Value::Null))
    }),
    ("String String.substringBetween(String,String)", |vm, a| {
        let (text, open, close) = (vm.text(&a[0])?, vm.text(&a[1])?, vm.text(&a[2])?);
        let inner = text
            .find(&*open)
            .and_then(|at| text[at + open.len()..].find(&*close).map(|end| Value::str(&text[at + open.len()..at + open.len() + end])));
        Ok(inner.unwrap_or(Value::Null))
    }),
    ("String String.replace(String,String)", |vm, a| {
        let (text, what, with) = (vm.text(&a[0])?, vm.text(&a[1])?, vm.text(&a[2])?);
        let times = if what.is_empty() { text.len() + 1 } else { text.matches(&*what).count() };
        vm.grown(times.saturating_mul(with.len()))?;
        Ok(Value::str(&text.replace(&*what, &with)))
    }),
    ("String String.remove(String)", |vm, a| {
        let (text, what) = (vm.text(&a[0])?, vm.text(&a[1])?);
        Ok(if what.is_empty() { a[0].clone() } else { Value::str(&text.replace(&*what, "")) })
    }),
    ("String String.removeStart(String)", |vm, a| {
        let (text, what) = (vm.text(&a[0])?, vm.text(&a[1])?);
        Ok(Value::str(text.strip_prefix(&*what).unwrap_or(&text)))
    }),
    ("String String.removeEnd(String)", |vm, a| {
        let (text, what) = (vm.text(&a[0])?, vm.text(&a[1])?);
        Ok(Value::str(text.strip_suffix(&*what).unwrap_or(&text)))
    }),
    ("String String.deleteWhitespace()", |vm, a| {
        Ok(Value::str(&vm.text(&a[0])?.chars().filter(|c| !c.is_whitespace()).collect::<String>()))
    }),
    ("String String.normalizeSpace()", |vm, a| Ok(Value::str(&vm.text(&a[0])?.split_whitespace().collect::<Vec<_>>().join(" ")))),
    ("String String.reverse()", |vm, a| Ok(Value::str(&vm.text(&a[0])?.chars().rev().collect::<String>()))),
    ("String String.repeat(Integer)", |vm, a| {
        let (text, times) = (vm.text(&a[0])?, vm.int(&a[1])?.max(0) as usize);
        vm.grown(text.len().saturating_mul(times))?;
        Ok(Value::str(&text.repeat(times)))
    }),
    ("String String.left(Integer)", |vm, a| {
        let text = units(&vm.text(&a[0])?);
        let n = vm.int(&a[1])?.max(0) as usize;
        Ok(of(&text[..n.min(text.len())]))
    }),
    ("String String.right(Integer)", |vm, a| {
        let text = units(&vm.text(&a[0])?);
        let n = vm.int(&a[1])?.max(0) as usize;
        Ok(of(&text[text.len() - n.min(text.len())..]))
    }),
    ("String String.mid(Integer,Integer)", |vm, a| {
        let text = units(&vm.text(&a[0])?);
        let (from, n) = (vm.int(&a[1])?.max(0) as usize, vm.int(&a[2])?.max(0) as usize);
        let from = from.min(text.len());
        Ok(of(&text[from..(from.saturating_add(n)).min(text.len())]))
    }),
    ("String String.leftPad(Integer)", |vm, a| pad(vm, &a, true)),
    ("String String.leftPad(Integer,String)", |vm, a| pad(vm, &a, true)),
    ("String String.rightPad(Integer)", |vm, a| pad(vm, &a, false)),
    ("String String.rightPad(Integer,String)", |vm, a| pad(vm, &a, false)),
    ("String String.capitalize()", |vm, a| {
        let text = vm.text(&a[0])?;
        let mut chars = text.chars();
        Ok(Value::str(&chars.next().map(|c| c.to_uppercase().chain(chars.flat_map(|c| [c])).collect::<String>()).unwrap_or_default()))
    }),
    ("String String.uncapitalize()", |vm, a| {
        let text = vm.text(&a[0])?;
        let mut chars = text.chars();
        Ok(Value::str(&chars.next().map(|c| c.to_lowercase().chain(chars.flat_map(|c| [c])).collect::<String>()).unwrap_or_default()))
    }),
    ("String String.swapCase()", |vm, a| {
        let swap = |c: char| if c.is_uppercase() { c.to_lowercase().collect::<String>() } else { c.to_uppercase().collect() };
        Ok(Value::str(&vm.text(&a[0])?.chars().map(swap).collect::<String>()))
    }),
    ("String String.abbreviate(Integer)", |vm, a| {
        let (text, max) = (units(&vm.text(&a[0])?), vm.int(&a[1])?);
        if text.len() <= max.max(0) as usize {
            return Ok(a[0].clone());
        }
        if max < 4 {
            return Err(vm.exception("StringException", "Minimum abbreviation width is 4"));
        }
        Ok(Value::str(&format!("{}...", String::from_utf16_lossy(&text[..max as usize - 3]))))
    }),
];

pub(super) const MORE: &[Line] = &[
    ("Boolean String.isNumeric()", |vm, a| every(vm, &a, false, |c| c.is_numeric())),
    ("Boolean String.isNumericSpace()", |vm, a| every(vm, &a, true, |c| c.is_numeric() || c == ' ')),
    ("Boolean String.isAlpha()", |vm, a| every(vm, &a, false, char::is_alphabetic)),
    ("Boolean String.isAlphaSpace()", |vm, a| every(vm, &a, true, |c| c.is_alphabetic() || c == ' ')),
    ("Boolean String.isAlphanumeric()", |vm, a| every(vm, &a, false, char::is_alphanumeric)),
    ("Boolean String.isAlphanumericSpace()", |vm, a| every(vm, &a, true, |c| c.is_alphanumeric() || c == ' ')),
    ("Boolean String.isAllLowerCase()", |vm, a| every(vm, &a, false, char::is_lowercase)),
    ("Boolean String.isAllUpperCase()", |vm, a| every(vm, &a, false, char::is_uppercase)),
    ("Boolean String.isAsciiPrintable()", |vm, a| every(vm, &a, true, |c| (' '..='~').contains(&c))),
    ("Boolean String.isWhitespace()", |vm, a| every(vm, &a, true, char::is_whitespace)),
    ("Integer String.countMatches(String)", |vm, a| {
        let (text, what) = (vm.text(&a[0])?, vm.text(&a[1])?);
        Ok(int(if what.is_empty() { 0 } else { text.matches(&*what).count() }))
    }),
    ("List<String> String.split(String)", |vm, a| split(vm, &a)),
    ("List<String> String.split(String,Integer)", |vm, a| split(vm, &a)),
    ("List<String> String.splitByCharacterType()", |vm, a| {
        let text = vm.text(&a[0])?;
        let kind = |c: char| (c.is_lowercase(), c.is_uppercase(), c.is_numeric(), c.is_whitespace());
        let mut out: Vec<String> = Vec::new();
        let mut last = None;
        for c in text.chars() {
            match out.last_mut() {
                Some(part) if last == Some(kind(c)) => part.push(c),
                _ => out.push(c.to_string()),
            }
            last = Some(kind(c));
        }
        Ok(list(out.iter().map(|part| Value::str(part)).collect()))
    }),
    ("String String.replaceAll(String,String)", |vm, a| super::matching::replace(vm, &a, true)),
    ("String String.replaceFirst(String,String)", |vm, a| super::matching::replace(vm, &a, false)),
    ("String String.escapeHtml4()", |vm, a| Ok(Value::str(&super::encoding::escape_xml(&vm.text(&a[0])?, "'")))),
    ("String String.escapeHtml3()", |vm, a| Ok(Value::str(&super::encoding::escape_xml(&vm.text(&a[0])?, "'")))),
    ("String String.escapeXml()", |vm, a| Ok(Value::str(&super::encoding::escape_xml(&vm.text(&a[0])?, "")))),
    ("String String.unescapeHtml4()", |vm, a| Ok(Value::str(&super::encoding::unescape_xml(&vm.text(&a[0])?)))),
    ("String String.unescapeXml()", |vm, a| Ok(Value::str(&super::encoding::unescape_xml(&vm.text(&a[0])?)))),
    ("String String.escapeCsv()", |vm, a| {
        let text = vm.text(&a[0])?;
        let quote = text.contains([',', '"', '\n', '\r']);
        Ok(if quote { Value::str(&format!("\"{}\"", text.replace('"', "\"\""))) } else { a[0].clone() })
    }),
    ("String String.escapeJava()", |vm, a| Ok(Value::str(&super::encoding::escape_java(&vm.text(&a[0])?, false)))),
    ("String String.escapeEcmaScript()", |vm, a| Ok(Value::str(&super::encoding::escape_java(&vm.text(&a[0])?, true)))),
    ("String String.stripHtmlTags()", |vm, a| {
        let text = vm.text(&a[0])?;
        let (mut out, mut inside) = (String::new(), false);
        for c in text.chars() {
            match c {
                '<' => inside = true,
                '>' if inside => inside = false,
                c if !inside => out.push(c),
                _ => {}
            }
        }
        Ok(Value::str(&out))
    }),
    ("Integer String.getLevenshteinDistance(String)", |vm, a| {
        let (x, y) = (units(&vm.text(&a[0])?), units(&vm.text(&a[1])?));
        vm.steps += (x.len() * y.len() / 8) as u64;
        if x.len().saturating_mul(y.len()) > 100_000_000 {
            return Err(vm.limit("Apex CPU time limit exceeded".to_owned()));
        }
        let mut row: Vec<usize> = (0..=y.len()).collect();
        for (m, c) in x.iter().enumerate() {
            let mut before = row[0];
            row[0] = m + 1;
            for (n, d) in y.iter().enumerate() {
                let above = row[n + 1];
                row[n + 1] = (above + 1).min(row[n] + 1).min(before + usize::from(c != d));
                before = above;
            }
        }
        Ok(int(row[y.len()]))
    }),
    ("String String.difference(String)", |vm, a| {
        let (x, y) = (units(&vm.text(&a[0])?), units(&vm.text(&a[1])?));
        let at = x.iter().zip(&y).take_while(|(x, y)| x == y).count();
        Ok(of(&y[at..]))
    }),
    ("String String.center(Integer)", |vm, a| {
        let (text, size) = (vm.text(&a[0])?, vm.int(&a[1])?.max(0) as usize);
        vm.grown(size)?;
        let missing = size.saturating_sub(units(&text).len());
        Ok(Value::str(&[&*" ".repeat(missing / 2), &*text, &*" ".repeat(missing - missing / 2)].concat()))
    }),
    ("static Integer Integer.valueOf(String)", |vm, a| {
        let text = vm.text(&a[0])?;
        digits(&text)
            .trim_start_matches('+')
            .parse()
            .map(Value::Int)
            .map_err(|_| vm.exception("TypeException", format!("Invalid integer: {text}")))
    }),
    ("static Long Long.valueOf(String)", |vm, a| {
        let text = vm.text(&a[0])?;
        digits(&text).parse().map(Value::Long).map_err(|_| vm.exception("TypeException", format!("Invalid long: {text}")))
    }),
    ("static Double Double.valueOf(String)", |vm, a| {
        let text = vm.text(&a[0])?;
        digits(&text).parse().map(Value::Double).map_err(|_| vm.exception("TypeException", format!("Invalid double: {text}")))
    }),
    ("static Decimal Decimal.valueOf(String)", |vm, a| {
        let text = digits(&vm.text(&a[0])?);
        let read = text.parse().or_else(|_| rust_decimal::Decimal::from_scientific(&text));
        read.map(Value::Decimal).map_err(|_| vm.exception("TypeException", format!("Invalid decimal: {text}")))
    }),
    ("static Boolean Boolean.valueOf(Object)", |_, a| {
        Ok(Value::Bool(match &a[0] {
            Value::Str(text) => text.eq_ignore_ascii_case("true"),
            Value::Bool(b) => *b,
            _ => false,
        }))
    }),
    ("static Id Id.valueOf(String)", |vm, a| {
        vm.cast(a[0].clone(), &Ty::Id).and_then(|id| if id.is_null() { Err(vm.null_pointer()) } else { Ok(id) })
    }),
];

/// `split`: by a pattern, as Java's, empty texts at the end left out.
fn split(vm: &mut Vm<'_, '_>, a: &[Value]) -> Done<Value> {
    let text = vm.text(&a[0])?;
    let pattern = vm.text(&a[1])?;
    let limit = match a.get(2) {
        Some(limit) => vm.int(limit)?,
        None => 0,
    };
    let regex = super::matching::compile(vm, &pattern)?;
    let (mut out, mut from) = (Vec::new(), 0);
    if text.is_empty() {
        return Ok(list(vec![a[0].clone()]));
    }
    let mut at = 0;
    while at <= text.len() {
        if limit > 0 && out.len() as i32 >= limit - 1 {
            break;
        }
        let Some(hit) = super::matching::find_at(vm, &regex, &text, at)? else { break };
        let (start, end) = (hit.0, hit.1);
        if end == start {
            // Between characters; not ahead of the first.
            let step = text[start..].chars().next().map_or(1, char::len_utf8);
            if start > 0 && start < text.len() {
                out.push(Value::str(&text[from..start]));
                from = start;
            }
            at = start + step;
            continue;
        }
        if !(start == 0 && end == 0) {
            out.push(Value::str(&text[from..start]));
        }
        from = end;
        at = end;
        vm.grown(32)?;
    }
    out.push(Value::str(&text[from..]));
    if limit == 0 {
        while out.len() > 1 && matches!(out.last(), Some(Value::Str(text)) if text.is_empty()) {
            out.pop();
        }
    }
    Ok(list(out))
}
