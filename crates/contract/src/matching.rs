//! Compares JSON bodies with what is expected, and says where they differ.

use super::template::{Vars, fits, matches, pattern, show};
use serde_json::Value;

/// How much of an actual value the expectation must cover.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything, keys in order.
    Whole,
    /// Keys may be left out; expected list items are found in order.
    Part,
}

/// Appends a line to `out` for each difference.
pub fn compare(mode: Mode, expected: &Value, actual: &Value, vars: &Vars, path: &str, out: &mut Vec<String>) {
    let place = if path.is_empty() { "the body" } else { path };
    match (expected, actual) {
        (Value::String(text), _) => {
            let wanted = pattern(text, vars);
            let fitting = match actual {
                Value::String(actual) => matches(&wanted, actual),
                // A placeholder alone stands for a value of any type.
                Value::Number(n) => text == "{any}" || (text == "{any-int}" && fits("any-int", &n.to_string())) || (text == "{any-number}"),
                _ => text == "{any}",
            };
            if !fitting {
                out.push(format!("{place}: expected {:?}, got {}", show(&wanted), brief(actual)));
            }
        }
        (Value::Object(wanted), Value::Object(got)) => {
            if mode == Mode::Whole {
                let (w, g): (Vec<&String>, Vec<&String>) = (wanted.keys().collect(), got.keys().collect());
                if w != g {
                    out.push(format!("{place}: expected the keys [{}], got [{}]", join(&w), join(&g)));
                }
            }
            for (key, value) in wanted {
                match got.get(key) {
                    Some(actual) => compare(mode, value, actual, vars, &format!("{path}/{key}"), out),
                    None if mode == Mode::Part => out.push(format!("{path}/{key}: missing")),
                    None => {}
                }
            }
        }
        (Value::Array(wanted), Value::Array(got)) if mode == Mode::Whole => {
            if wanted.len() != got.len() {
                out.push(format!("{place}: expected {} items, got {}: {}", wanted.len(), got.len(), brief(actual)));
            }
            for (i, (w, g)) in wanted.iter().zip(got).enumerate() {
                compare(mode, w, g, vars, &format!("{path}/{i}"), out);
            }
        }
        (Value::Array(wanted), Value::Array(got)) => {
            let mut from = 0;
            for w in wanted {
                let hit = got[from..].iter().position(|g| {
                    let mut differences = Vec::new();
                    compare(mode, w, g, vars, "", &mut differences);
                    differences.is_empty()
                });
                match hit {
                    Some(i) => from += i + 1,
                    None => out.push(format!("{place}: no item (after {from}) is like {}", brief(w))),
                }
            }
        }
        _ if expected == actual => {}
        _ => out.push(format!("{place}: expected {}, got {}", brief(expected), brief(actual))),
    }
}

fn join(keys: &[&String]) -> String {
    keys.iter().map(|k| k.as_str()).collect::<Vec<_>>().join(" ")
}

/// A value, cut to what a line holds.
pub fn brief(value: &Value) -> String {
    cut(&value.to_string(), 400)
}

/// A text, cut at a character boundary.
pub fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The records of a query answer, one string each: values joined by ` | `, a parent as `(a, b)`, children as `[a; b]`.
pub fn rows(body: &Value) -> Vec<String> {
    body.get("records").and_then(Value::as_array).map(|r| r.iter().map(row).collect()).unwrap_or_default()
}

fn row(record: &Value) -> String {
    values(record).join(" | ")
}

fn values(record: &Value) -> Vec<String> {
    record.as_object().map(|o| o.iter().filter(|(k, _)| *k != "attributes").map(|(_, v)| plain(v)).collect()).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Object(o) if o.contains_key("records") => format!("[{}]", rows(value).join("; ")),
        Value::Object(_) => format!("({})", values(value).join(", ")),
        other => other.to_string(),
    }
}
