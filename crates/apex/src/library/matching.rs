//! `Pattern` and `Matcher`.

use super::Line;
use crate::run::{Done, MAX_HEAP, Vm};
use crate::value::{Matcher, Native, Value};
use fancy_regex::Regex;
use std::cell::RefCell;
use std::sync::Arc;

/// A pattern; the syntax is mostly Java's.
pub(super) fn compile(vm: &mut Vm<'_, '_>, pattern: &str) -> Done<Regex> {
    // Possessive and other forms that Java alone has are refused by the library.
    match fancy_regex::RegexBuilder::new(pattern).backtrack_limit(1_000_000).delegate_size_limit(1 << 20).build() {
        Ok(regex) => Ok(regex),
        Err(_) => Err(vm.exception("StringException", format!("Invalid regex: {pattern}"))),
    }
}

/// The places of a match and of its groups.
type Groups = Vec<Option<(usize, usize)>>;

/// The first match from a place on.
pub(super) fn find_at(vm: &mut Vm<'_, '_>, regex: &Regex, text: &str, at: usize) -> Done<Option<(usize, usize)>> {
    vm.steps += 16 + (text.len().saturating_sub(at) / 16) as u64;
    match regex.find_from_pos(text, at) {
        Ok(hit) => Ok(hit.map(|hit| (hit.start(), hit.end()))),
        Err(_) => Err(vm.limit("Regex too complicated".to_owned())),
    }
}

fn groups_at(vm: &mut Vm<'_, '_>, regex: &Regex, text: &str, at: usize) -> Done<Option<Groups>> {
    vm.steps += 16 + (text.len().saturating_sub(at) / 16) as u64;
    match regex.captures_from_pos(text, at) {
        Ok(hit) => Ok(hit.map(|hit| (0..hit.len()).map(|n| hit.get(n).map(|group| (group.start(), group.end()))).collect())),
        Err(_) => Err(vm.limit("Regex too complicated".to_owned())),
    }
}

/// `replaceAll` and `replaceFirst` of texts.
pub(super) fn replace(vm: &mut Vm<'_, '_>, a: &[Value], all: bool) -> Done<Value> {
    let (text, pattern, with) = (vm.text(&a[0])?, vm.text(&a[1])?, vm.text(&a[2])?);
    let regex = compile(vm, &pattern)?;
    replaced(vm, &regex, &text, &with, all)
}

fn replaced(vm: &mut Vm<'_, '_>, regex: &Regex, text: &str, with: &str, all: bool) -> Done<Value> {
    let (mut out, mut from, mut at) = (String::new(), 0, 0);
    while at <= text.len() {
        let Some(groups) = groups_at(vm, regex, text, at)? else { break };
        let Some(Some((start, end))) = groups.first().copied() else { break };
        out.push_str(&text[from..start]);
        insert(vm, &mut out, with, text, &groups)?;
        vm.grown(with.len())?;
        if out.len() > MAX_HEAP {
            vm.grown(out.len())?;
        }
        from = end;
        at = if end == start {
            // The next character stays.
            let step = text[end..].chars().next().map_or(1, char::len_utf8);
            if end < text.len() {
                out.push_str(&text[end..end + step]);
                from = end + step;
            }
            end + step
        } else {
            end
        };
        if !all {
            break;
        }
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Ok(Value::str(&out))
}

/// Puts a replacement, in which `$1` is a group and `\` takes the meaning from the next character.
fn insert(vm: &mut Vm<'_, '_>, out: &mut String, with: &str, text: &str, groups: &[Option<(usize, usize)>]) -> Done<()> {
    let mut chars = with.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            '$' => {
                let Some(digit) = chars.next().and_then(|c| c.to_digit(10)) else {
                    return Err(vm.exception("StringException", "Illegal group reference"));
                };
                match groups.get(digit as usize) {
                    Some(Some((start, end))) => out.push_str(&text[*start..*end]),
                    Some(None) => {}
                    None => return Err(vm.exception("StringException", format!("No group {digit}"))),
                }
            }
            c => out.push(c),
        }
    }
    Ok(())
}

fn pattern(vm: &mut Vm<'_, '_>, value: &Value) -> Done<(Arc<str>, Regex)> {
    if let Value::Native(native) = value
        && let Native::Pattern(text, regex) = &**native
    {
        return Ok((text.clone(), regex.clone()));
    }
    Err(vm.null_pointer())
}

fn with_matcher<T>(vm: &mut Vm<'_, '_>, value: &Value, act: impl FnOnce(&mut Vm<'_, '_>, &mut Matcher) -> Done<T>) -> Done<T> {
    if let Value::Native(native) = value
        && let Native::Matcher(matcher) = &**native
    {
        return act(vm, &mut matcher.borrow_mut());
    }
    Err(vm.null_pointer())
}

fn whole(vm: &mut Vm<'_, '_>, text: &str, regex_text: &str) -> Done<Option<Groups>> {
    let regex = compile(vm, &format!("^(?:{regex_text})\\z"))?;
    groups_at(vm, &regex, text, 0)
}

/// A place in UTF-16, as the platform counts.
fn place(text: &str, at: usize) -> Value {
    Value::Int(text[..at].encode_utf16().count() as i32)
}

fn group(vm: &mut Vm<'_, '_>, value: &Value, n: i32) -> Done<Option<(usize, usize)>> {
    with_matcher(vm, value, |vm, matcher| match &matcher.groups {
        None => Err(vm.exception("StringException", "No match found")),
        Some(groups) => match usize::try_from(n).ok().and_then(|n| groups.get(n)) {
            Some(group) => Ok(*group),
            None => Err(vm.exception("StringException", format!("No group {n}"))),
        },
    })
}

pub(super) const LINES: &[Line] = &[
    ("static System.Pattern Pattern.compile(String)", |vm, a| {
        let text = vm.text(&a[0])?;
        let regex = compile(vm, &text)?;
        Ok(Value::native(Native::Pattern(text, regex)))
    }),
    ("static Boolean Pattern.matches(String,String)", |vm, a| {
        let (pattern, text) = (vm.text(&a[0])?, vm.text(&a[1])?);
        Ok(Value::Bool(whole(vm, &text, &pattern)?.is_some()))
    }),
    ("static String Pattern.quote(String)", |vm, a| Ok(Value::str(&fancy_regex::escape(&vm.text(&a[0])?)))),
    ("String Pattern.pattern()", |vm, a| pattern(vm, &a[0]).map(|(text, _)| Value::Str(text))),
    ("System.Matcher Pattern.matcher(String)", |vm, a| {
        let text = vm.text(&a[1])?;
        Ok(Value::native(Native::Matcher(RefCell::new(Matcher { pattern: a[0].clone(), text, at: 0, groups: None }))))
    }),
    ("List<String> Pattern.split(String)", |vm, a| {
        let text = pattern(vm, &a[0])?.0;
        let split = super::registry().methods("string", "split", false)[0];
        (super::registry().native(split).run)(vm, vec![a[1].clone(), Value::Str(text)])
    }),
    ("Boolean Matcher.matches()", |vm, a| {
        with_matcher(vm, &a[0], |vm, matcher| {
            let (text, _) = pattern(vm, &matcher.pattern)?;
            matcher.groups = whole(vm, &matcher.text, &text)?;
            Ok(Value::Bool(matcher.groups.is_some()))
        })
    }),
    ("Boolean Matcher.find()", |vm, a| {
        with_matcher(vm, &a[0], |vm, matcher| {
            let (_, regex) = pattern(vm, &matcher.pattern)?;
            if matcher.at > matcher.text.len() {
                matcher.groups = None;
                return Ok(Value::Bool(false));
            }
            matcher.groups = groups_at(vm, &regex, &matcher.text, matcher.at)?;
            if let Some(Some((start, end))) = matcher.groups.as_ref().and_then(|groups| groups.first().copied()) {
                matcher.at = if end > start { end } else { end + matcher.text[end..].chars().next().map_or(1, char::len_utf8) };
            }
            Ok(Value::Bool(matcher.groups.is_some()))
        })
    }),
    ("Boolean Matcher.lookingAt()", |vm, a| {
        with_matcher(vm, &a[0], |vm, matcher| {
            let (_, regex) = pattern(vm, &matcher.pattern)?;
            matcher.groups = groups_at(vm, &regex, &matcher.text, 0)?.filter(|groups| matches!(groups.first(), Some(Some((0, _)))));
            Ok(Value::Bool(matcher.groups.is_some()))
        })
    }),
    ("String Matcher.group()", |vm, a| {
        let found = group(vm, &a[0], 0)?;
        with_matcher(vm, &a[0], |_, matcher| Ok(found.map_or(Value::Null, |(start, end)| Value::str(&matcher.text[start..end]))))
    }),
    ("String Matcher.group(Integer)", |vm, a| {
        let n = vm.int(&a[1])?;
        let found = group(vm, &a[0], n)?;
        with_matcher(vm, &a[0], |_, matcher| Ok(found.map_or(Value::Null, |(start, end)| Value::str(&matcher.text[start..end]))))
    }),
    ("Integer Matcher.groupCount()", |vm, a| {
        with_matcher(vm, &a[0], |vm, matcher| {
            let (_, regex) = pattern(vm, &matcher.pattern)?;
            Ok(Value::Int(regex.captures_len() as i32 - 1))
        })
    }),
    ("Integer Matcher.start()", |vm, a| {
        let found = group(vm, &a[0], 0)?;
        with_matcher(vm, &a[0], |_, matcher| Ok(found.map_or(Value::Int(-1), |(start, _)| place(&matcher.text, start))))
    }),
    ("Integer Matcher.start(Integer)", |vm, a| {
        let n = vm.int(&a[1])?;
        let found = group(vm, &a[0], n)?;
        with_matcher(vm, &a[0], |_, matcher| Ok(found.map_or(Value::Int(-1), |(start, _)| place(&matcher.text, start))))
    }),
    ("Integer Matcher.end()", |vm, a| {
        let found = group(vm, &a[0], 0)?;
        with_matcher(vm, &a[0], |_, matcher| Ok(found.map_or(Value::Int(-1), |(_, end)| place(&matcher.text, end))))
    }),
    ("Boolean Matcher.hitEnd()", |vm, a| with_matcher(vm, &a[0], |_, matcher| Ok(Value::Bool(matcher.at >= matcher.text.len())))),
    ("Same Matcher.reset()", |vm, a| {
        with_matcher(vm, &a[0], |_, matcher| {
            matcher.at = 0;
            matcher.groups = None;
            Ok(())
        })?;
        Ok(a[0].clone())
    }),
    ("String Matcher.replaceAll(String)", |vm, a| {
        let with = vm.text(&a[1])?;
        with_matcher(vm, &a[0], |vm, matcher| {
            let (_, regex) = pattern(vm, &matcher.pattern)?;
            replaced(vm, &regex, &matcher.text, &with, true)
        })
    }),
    ("String Matcher.replaceFirst(String)", |vm, a| {
        let with = vm.text(&a[1])?;
        with_matcher(vm, &a[0], |vm, matcher| {
            let (_, regex) = pattern(vm, &matcher.pattern)?;
            replaced(vm, &regex, &matcher.text, &with, false)
        })
    }),
];
