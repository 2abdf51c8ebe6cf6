//! What every answer must be like.

use bytes::Bytes;
use http::{Method, Request, Response};
use orglet_base::ErrorCode;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Statuses that a client may be told.
const STATUSES: [u16; 19] = [200, 201, 202, 204, 300, 302, 304, 400, 401, 403, 404, 405, 406, 409, 410, 412, 414, 415, 431];
/// Bytes of a request or an answer that are printed.
const SHOWN: usize = 1500;

static CODES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| ErrorCode::all().map(ErrorCode::as_str).collect());

/// The error code of an answer that has one; what is wrong with an answer that no client could make sense of.
pub(super) fn check(method: &Method, path: &str, response: &Response<Bytes>) -> Result<Option<String>, String> {
    let status = response.status().as_u16();
    let body = response.body();
    // A path may begin with more than one slash.
    let path = &path[path.bytes().take_while(|b| *b == b'/').count().saturating_sub(1)..];
    let soap = path.starts_with("/services/Soap/");
    // The list of approval processes has no XML form on the platform either: it answers 500.
    let lower = path.trim_end_matches('/').to_ascii_lowercase();
    let formless = lower.trim_end_matches(".xml").trim_end_matches('/').ends_with("/process/approvals");
    if !(STATUSES.contains(&status) || (soap || formless) && status == 500) {
        return Err(format!("status {status}"));
    }
    if method == Method::HEAD {
        return if body.is_empty() { Ok(None) } else { Err("an answer to HEAD has a body".to_owned()) };
    }
    if matches!(status, 204 | 304 | 412) {
        return if body.is_empty() { Ok(None) } else { Err(format!("a {status} has a body")) };
    }
    let kind = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let code = match kind.split(';').next().unwrap_or_default() {
        "application/json" => in_json(body, status)?,
        "application/xml" | "text/xml" => in_xml(body)?,
        "" if body.is_empty() => None,
        _ => None,
    };
    let rest = path.starts_with("/services/data/") && status >= 400 && !body.is_empty();
    match code {
        Some(code) if soap || path.starts_with("/services/oauth2/") || CODES.contains(code.as_str()) => Ok(Some(code)),
        Some(code) => Err(format!("the error code {code} is in no table")),
        None if rest => Err("an error without a code".to_owned()),
        None => Ok(None),
    }
}

fn in_json(body: &Bytes, status: u16) -> Result<Option<String>, String> {
    let value: Value = serde_json::from_slice(body).map_err(|e| format!("the body is no JSON: {e}"))?;
    if status < 400 {
        return Ok(None);
    }
    let errors = match &value {
        Value::Array(errors) if !errors.is_empty() => errors.as_slice(),
        single @ Value::Object(_) => std::slice::from_ref(single),
        _ => return Err("an error is neither a list nor an object".to_owned()),
    };
    for error in errors {
        let text = |name: &str| error.get(name).and_then(Value::as_str);
        let message = text("message").or_else(|| text("error_description"));
        if message.is_none_or(str::is_empty) {
            return Err("an error without a message".to_owned());
        }
    }
    let first = &errors[0];
    Ok(first.get("errorCode").or_else(|| first.get("error")).and_then(Value::as_str).map(str::to_owned))
}

fn in_xml(body: &Bytes) -> Result<Option<String>, String> {
    let text = std::str::from_utf8(body).map_err(|e| format!("the body is no UTF-8: {e}"))?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let (mut depth, mut in_code, mut code) = (0_usize, false, None);
    loop {
        match reader.read_event() {
            Ok(Event::Start(e)) => {
                depth += 1;
                in_code = matches!(e.local_name().as_ref(), "errorCode" | "exceptionCode");
            }
            Ok(Event::End(_)) => {
                depth = depth.saturating_sub(1);
                in_code = false;
            }
            Ok(Event::Text(t)) if in_code && code.is_none() => code = Some(t.to_string()),
            Ok(Event::Eof) if depth == 0 => break,
            Ok(Event::Eof) => return Err("the XML ends within an element".to_owned()),
            Ok(_) => {}
            Err(e) => return Err(format!("the body is no XML: {e}")),
        }
    }
    // What XML 1.0 has no place for.
    match text.chars().find(|c| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')) {
        Some(c) => Err(format!("the XML holds the character {c:?}")),
        None => Ok(code),
    }
}

/// A request, for people.
pub(super) fn shown(request: &Request<Bytes>) -> String {
    let mut out = format!("{} {}", request.method(), cut(request.uri().to_string().as_bytes()));
    for (name, value) in request.headers() {
        if name != "host" && name != "authorization" {
            out.push_str(&format!("\n  {name}: {}", cut(value.as_bytes())));
        }
    }
    if !request.body().is_empty() {
        out.push_str(&format!("\n\n  {} bytes: {}", request.body().len(), cut(request.body())));
    }
    out
}

/// An answer, for people.
pub(super) fn shown_answer(response: &Response<Bytes>) -> String {
    format!("{} {}", response.status().as_u16(), cut(response.body()))
}

fn cut(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(SHOWN)].escape_ascii().to_string()
}
