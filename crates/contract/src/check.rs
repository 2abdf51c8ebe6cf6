//! Compares one answer with one step.

use super::case::{ErrorBody, Format, Step};
use super::matching::{Mode, compare, cut, rows};
use super::template::{Piece, Vars, contains, matches, pattern, show};
use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

const PROLOG: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

/// Every difference between the answer and the step, a line each.
pub fn check(step: &Step, format: Format, response: &http::Response<Bytes>, vars: &Vars) -> Vec<String> {
    let mut out = Vec::new();
    let (status, wanted) = (response.status().as_u16(), step.expected_status());
    if status != wanted {
        out.push(format!("status: expected {wanted}, got {status}"));
    }
    headers(step, response, vars, &mut out);
    let body = String::from_utf8_lossy(response.body());
    let as_xml = format == Format::Xml && step.has_xml();
    if step.empty && !body.is_empty() {
        out.push(format!("the body: expected none, got {}", cut(&body, 200)));
    }
    if let Some(text) = &step.text {
        let wanted = pattern(text, vars);
        if !matches(&wanted, &body) {
            out.push(format!("the body: expected\n    {}\n  got\n    {}", show(&wanted), cut(&body, 2000)));
        }
    }
    for piece in &step.text_includes {
        if !contains(&pattern(piece, vars), &body) {
            out.push(format!("the body: nothing like {piece}"));
        }
    }
    if as_xml {
        xml(step, response, &body, vars, &mut out);
    } else {
        json(step, response, &body, vars, &mut out);
    }
    out
}

fn headers(step: &Step, response: &http::Response<Bytes>, vars: &Vars, out: &mut Vec<String>) {
    for (name, wanted) in &step.headers {
        let got = response.headers().get(name.as_str()).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
        match (wanted, got) {
            (toml::Value::Boolean(false), Some(got)) => out.push(format!("header {name}: expected none, got {got}")),
            (toml::Value::Boolean(true), None) => out.push(format!("header {name}: missing")),
            (toml::Value::Boolean(_), _) => {}
            (toml::Value::String(wanted), got) => {
                let wanted = pattern(wanted, vars);
                if !got.as_deref().is_some_and(|got| matches(&wanted, got)) {
                    out.push(format!("header {name}: expected {}, got {}", show(&wanted), got.as_deref().unwrap_or("none")));
                }
            }
            _ => out.push(format!("header {name}: the expectation must be a string or false")),
        }
    }
}

fn content_type(response: &http::Response<Bytes>) -> String {
    response.headers().get("content-type").map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned()).unwrap_or_default()
}

fn json(step: &Step, response: &http::Response<Bytes>, body: &str, vars: &Vars, out: &mut Vec<String>) {
    if !step.has_json() && step.lacks.is_empty() {
        return;
    }
    let actual: Value = match serde_json::from_str(body) {
        Ok(value) => value,
        Err(e) => return out.push(format!("the body is not JSON ({e}): {}", cut(body, 400))),
    };
    if !content_type(response).starts_with("application/json") {
        out.push(format!("Content-Type: expected application/json, got {:?}", content_type(response)));
    }
    if let Some(error) = &step.error {
        let swapped = ErrorBody { code_first: !error.code_first, ..error.clone() };
        let mut differences = Vec::new();
        compare(Mode::Whole, &error_json(error), &actual, vars, "", &mut differences);
        let mut other = Vec::new();
        compare(Mode::Whole, &error_json(&swapped), &actual, vars, "", &mut other);
        if !(error.any_order && other.is_empty()) {
            out.append(&mut differences);
        }
    }
    for (text, mode) in [(&step.json, Mode::Whole), (&step.includes, Mode::Part)] {
        let Some(text) = text else { continue };
        match serde_json::from_str::<Value>(text) {
            Ok(expected) => compare(mode, &expected, &actual, vars, "", out),
            Err(e) => out.push(format!("the expectation is not JSON: {e}")),
        }
    }
    for (pointer, keys) in &step.keys {
        let got = actual.pointer(pointer).and_then(Value::as_object);
        let wanted: Vec<&str> = keys.split_whitespace().collect();
        match got {
            Some(object) => {
                let got: Vec<&str> = object.keys().map(String::as_str).collect();
                if got != wanted {
                    let missing: Vec<&str> = wanted.iter().filter(|k| !got.contains(k)).copied().collect();
                    let extra: Vec<&str> = got.iter().filter(|k| !wanted.contains(k)).copied().collect();
                    out.push(format!("keys of {pointer:?}: missing {missing:?}, too many {extra:?}, in all {got:?}"));
                }
            }
            None => out.push(format!("keys of {pointer:?}: no object there")),
        }
    }
    for pointer in &step.lacks {
        if let Some(value) = actual.pointer(pointer) {
            out.push(format!("{pointer}: expected nothing, got {}", cut(&value.to_string(), 200)));
        }
    }
    if let Some(total) = step.total
        && actual.get("totalSize").and_then(Value::as_u64) != Some(total)
    {
        out.push(format!("totalSize: expected {total}, got {}", actual.get("totalSize").unwrap_or(&Value::Null)));
    }
    if let Some(wanted) = &step.rows {
        row_list(step, wanted, &actual, vars, out);
    }
}

fn row_list(step: &Step, wanted: &[String], actual: &Value, vars: &Vars, out: &mut Vec<String>) {
    if !actual.get("records").is_some_and(Value::is_array) {
        return out.push(format!("no query result: {}", cut(&actual.to_string(), 600)));
    }
    let wanted: Vec<Vec<Piece>> = wanted.iter().map(|w| pattern(w, vars)).collect();
    let got = rows(actual);
    let ordered = step.query.as_deref().is_some_and(|q| q.to_ascii_uppercase().contains("ORDER BY"));
    let same = wanted.len() == got.len()
        && if ordered {
            wanted.iter().zip(&got).all(|(w, g)| matches(w, g))
        } else {
            wanted.iter().all(|w| got.iter().any(|g| matches(w, g))) && got.iter().all(|g| wanted.iter().any(|w| matches(w, g)))
        };
    if !same {
        let wanted: Vec<String> = wanted.iter().map(|w| show(w)).collect();
        out.push(format!(
            "rows: expected{}\n    {}\n  got\n    {}",
            if ordered { " (in order)" } else { "" },
            wanted.join("\n    "),
            got.join("\n    ")
        ));
    }
}

/// The JSON form of an error that stands alone.
fn error_json(error: &ErrorBody) -> Value {
    let (code, message) = (("errorCode", &error.code), ("message", &error.message));
    let mut object = serde_json::Map::new();
    for (key, value) in if error.code_first { [code, message] } else { [message, code] } {
        object.insert(key.into(), Value::String(value.clone()));
    }
    if let Some(fields) = &error.fields {
        object.insert("fields".into(), fields.iter().map(|f| Value::String(f.clone())).collect());
    }
    Value::Array(vec![Value::Object(object)])
}

/// The XML form of an error that stands alone: children by name, an empty list leaves nothing.
fn error_xml(error: &ErrorBody) -> String {
    let fields: String = error.fields.iter().flatten().map(|f| format!("<fields>{}</fields>", escape(f))).collect();
    format!(
        "{PROLOG}<Errors><Error><errorCode>{}</errorCode>{fields}<message>{}</message></Error></Errors>",
        error.code,
        escape(&error.message)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&apos;").replace('"', "&quot;")
}

fn xml(step: &Step, response: &http::Response<Bytes>, body: &str, vars: &Vars, out: &mut Vec<String>) {
    if !content_type(response).starts_with("application/xml") && !content_type(response).starts_with("text/xml") {
        out.push(format!("Content-Type: expected application/xml, got {:?}", content_type(response)));
    }
    if let Err(e) = well_formed(body) {
        out.push(format!("the body is not well-formed XML ({e}): {}", cut(body, 400)));
    }
    let wanted = step.error.as_ref().map(error_xml).or_else(|| step.xml.as_ref().map(|x| laid_flat(x)));
    if let Some(wanted) = wanted {
        let wanted = pattern(&if wanted.starts_with("<?xml") { wanted } else { format!("{PROLOG}{wanted}") }, vars);
        if !matches(&wanted, body) {
            out.push(format!("the body: expected\n    {}\n  got\n    {}", show(&wanted), cut(body, 2000)));
        }
    }
    for piece in &step.xml_includes {
        if !contains(&pattern(&laid_flat(piece), vars), body) {
            out.push(format!("the body: nothing like {piece}"));
        }
    }
}

/// Whether a body is one XML document whose tags fit and whose prefixes are declared on its root.
fn well_formed(body: &str) -> Result<(), String> {
    let mut reader = Reader::from_str(body);
    reader.config_mut().allow_dangling_amp = false;
    let (mut depth, mut roots, mut declared) = (0usize, 0usize, false);
    loop {
        let event = reader.read_event().map_err(|e| e.to_string())?;
        match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                roots += usize::from(depth == 0);
                for attribute in tag.attributes() {
                    let attribute = attribute.map_err(|e| e.to_string())?;
                    let name = attribute.key.into_inner();
                    declared |= name == "xmlns:xsi" && depth == 0;
                    if name.starts_with("xsi:") && !declared {
                        return Err(format!("{name} stands where xsi is not declared"));
                    }
                }
                depth += usize::from(matches!(event, Event::Start(_)));
            }
            Event::End(_) => depth -= 1,
            Event::Text(text) if depth == 0 && !text.trim().is_empty() => return Err("text outside the root".into()),
            Event::Eof if depth > 0 => return Err("it ends too early".into()),
            Event::Eof if roots != 1 => return Err(format!("{roots} roots")),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// Expectations may be laid out over lines: blanks between a tag's end and the next tag on another line go.
fn laid_flat(text: &str) -> String {
    let mut out = String::new();
    for line in text.trim().lines() {
        out.push_str(line.trim_start());
    }
    out
}
