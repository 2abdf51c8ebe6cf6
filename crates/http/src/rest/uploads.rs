//! Records on their way in, alone or with bytes beside them: `multipart/form-data` of a part that is the record, in JSON or
//! XML, and a part that is a file, named as the field that takes it.

use super::write::no_such_column;
use super::{Rest, decode_record};
use crate::codec::{Node, json, xml};
use crate::router::Resource;
use http::header::CONTENT_TYPE;
use orglet_base::{ApiError, ErrorCode, Value};
use orglet_engine::save::{Assign, Incoming};
use orglet_schema::{Field, FieldType, Object};
use std::sync::Arc;

/// The media type.
pub(super) const MULTIPART: &str = "multipart/form-data";
/// Parts of a message at most; a record is made of two.
const MOST_PARTS: usize = 16;
/// Bytes of a part's headers at most.
const MOST_HEADERS: usize = 8 * 1024;
/// Characters of a boundary at most (RFC 2046).
const LONGEST_BOUNDARY: usize = 70;

/// Whether a resource takes files beside a record.
pub(super) fn are_taken(resource: Resource) -> bool {
    matches!(resource, Resource::BasicInformation | Resource::CreateAtId | Resource::Row | Resource::RowByKey | Resource::DeployRequests)
}

/// A record's body.
pub(super) struct Body<'a> {
    /// The record.
    pub(super) node: Node<'a>,
    file: Option<File<'a>>,
}

/// A file, and the field that it is for.
struct File<'a> {
    field: String,
    bytes: &'a [u8],
}

/// Reads the body of a request that saves a record.
pub(super) fn body<'a>(cx: &'a Rest<'_>) -> Result<Body<'a>, ApiError> {
    if cx.call.media_type().as_deref() != Some(MULTIPART) {
        return Ok(Body { node: cx.body()?, file: None });
    }
    let boundary = parameter(cx.call.header(CONTENT_TYPE).unwrap_or_default(), "boundary").unwrap_or_default();
    let (record, file) = choose(parts(&cx.call.body, &boundary)?)?;
    let node = if record.is_xml() {
        cx.sent_xml.set(true);
        xml::parse(record.bytes)?.1
    } else {
        json::parse(record.bytes)?.root
    };
    Ok(Body { node, file })
}

impl Body<'_> {
    /// The bytes of the file, where there is one.
    pub(super) fn file(&self) -> Option<&[u8]> {
        self.file.as_ref().map(|file| file.bytes)
    }

    /// The record with its file; `key` as in [`decode_record`].
    pub(super) fn record(&self, cx: &Rest<'_>, object: &Arc<Object>, key: Option<&Field>) -> Result<Incoming, ApiError> {
        let mut record = decode_record(cx, object, &self.node, key)?;
        let Some(file) = &self.file else { return Ok(record) };
        let found = object.field_index(&file.field).filter(|i| cx.identity.access.reads_field(object, &object.fields()[*i]));
        let index = found.ok_or_else(|| no_such_column(object, &file.field))?;
        let field = &object.fields()[index];
        if field.ty != FieldType::Base64 {
            return Err(invalid(format!("Binary part must be for a field of type base64, was: '{}'", field.name)));
        }
        if record.fields.iter().any(|(i, _)| *i == index) {
            return Err(invalid(format!("{} is given in the binary part and in the non-binary part", field.name)));
        }
        let value = if file.bytes.is_empty() { Value::Null } else { Value::Blob(file.bytes.to_vec()) };
        record.fields.push((index, Assign::Value(value)));
        Ok(record)
    }
}

/// One part of a message.
#[derive(Debug, Default, PartialEq)]
struct Part<'a> {
    name: String,
    /// It has a file name: it is a file.
    is_file: bool,
    content_type: Option<String>,
    bytes: &'a [u8],
}

impl Part<'_> {
    fn media_type(&self) -> &str {
        self.content_type.as_deref().and_then(|t| t.split(';').next()).unwrap_or_default().trim()
    }

    fn is_json(&self) -> bool {
        ["application/json", "text/json"].iter().any(|t| self.media_type().eq_ignore_ascii_case(t))
    }

    fn is_xml(&self) -> bool {
        ["application/xml", "text/xml"].iter().any(|t| self.media_type().eq_ignore_ascii_case(t))
    }
}

/// INVALID_MULTIPART_REQUEST. Three of its sentences are known; the others are ours.
fn invalid(text: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::InvalidMultipartRequest, text)
}

/// Which part is the record, and which the file.
fn choose(parts: Vec<Part<'_>>) -> Result<(Part<'_>, Option<File<'_>>), ApiError> {
    let (mut record, mut file, mut untold) = (None, None, false);
    for part in parts {
        if part.is_file {
            if file.replace(File { field: part.name, bytes: part.bytes }).is_some() {
                return Err(invalid("Cannot include more than one binary part"));
            }
        } else if part.content_type.is_none() {
            untold = true;
        } else if !part.is_json() && !part.is_xml() {
            return Err(invalid(format!("Non-binary part must be JSON or XML, was: '{}'", part.media_type())));
        } else if record.replace(part).is_some() {
            untold = true;
        }
    }
    match record {
        None => Err(invalid("Multipart message must include a non-binary part")),
        // Fields of a form, which tell no type, are no record, and would be lost.
        Some(_) if untold => Err(invalid("Cannot include more than one non-binary part")),
        Some(record) => Ok((record, file)),
    }
}

/// Takes a message apart.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<Part<'a>>, ApiError> {
    if boundary.is_empty() || boundary.len() > LONGEST_BOUNDARY {
        return Err(invalid(format!("Content-Type must have a boundary of 1 to {LONGEST_BOUNDARY} characters")));
    }
    let delimiter = ["--", boundary].concat();
    let mut parts = Vec::new();
    let mut begin: Option<usize> = None;
    let mut line = 0;
    loop {
        let rest = &body[line..];
        if let Some(after) = rest.strip_prefix(delimiter.as_bytes()) {
            let is_last = after.starts_with(b"--");
            let blank = after.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            let end = line_break(&after[blank..]);
            if is_last || end > 0 {
                if let Some(from) = begin {
                    parts.push(part(without_break(&body[from..line]))?);
                }
                if is_last {
                    return Ok(parts);
                }
                if parts.len() == MOST_PARTS {
                    return Err(invalid(format!("Multipart message has more than {MOST_PARTS} parts")));
                }
                line += delimiter.len() + blank + end;
                begin = Some(line);
                continue;
            }
        }
        match rest.iter().position(|b| *b == b'\n') {
            Some(at) => line += at + 1,
            None => return Err(invalid("Multipart message is incomplete: its last boundary is missing")),
        }
    }
}

/// How long the line break is with which bytes begin; 0 for none.
fn line_break(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\r\n") { 2 } else { usize::from(bytes.starts_with(b"\n")) }
}

/// Bytes without the line break that belongs to the boundary behind them.
fn without_break(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r\n").or_else(|| bytes.strip_suffix(b"\n")).unwrap_or(bytes)
}

/// Reads the headers of a part.
fn part(bytes: &[u8]) -> Result<Part<'_>, ApiError> {
    let mut part = Part::default();
    let mut at = 0;
    loop {
        let rest = &bytes[at..];
        let end = rest.iter().take(MOST_HEADERS).position(|b| *b == b'\n');
        let (line, next) = match end {
            Some(end) => (&rest[..end], at + end + 1),
            // A part without content may end with its headers.
            None if rest.len() < MOST_HEADERS => (rest, bytes.len()),
            None => return Err(invalid("The headers of a part are too long")),
        };
        if next > MOST_HEADERS && end.is_some() && !line.trim_ascii().is_empty() {
            return Err(invalid("The headers of a part are too long"));
        }
        at = next;
        let line = String::from_utf8_lossy(line.trim_ascii()).into_owned();
        if line.is_empty() || end.is_none() && !line.contains(':') {
            break;
        }
        header(&mut part, &line)?;
        if end.is_none() {
            break;
        }
    }
    part.bytes = &bytes[at..];
    Ok(part)
}

fn header(part: &mut Part<'_>, line: &str) -> Result<(), ApiError> {
    let Some((name, value)) = line.split_once(':') else {
        return Err(invalid("A line in the headers of a part is not a header"));
    };
    let value = value.trim();
    match name.trim().to_ascii_lowercase().as_str() {
        "content-disposition" => {
            part.name = parameter(value, "name").unwrap_or_default();
            part.is_file = parameter(value, "filename").or_else(|| parameter(value, "filename*")).is_some();
        }
        "content-type" => part.content_type = Some(value.to_owned()),
        // The bytes come as they are.
        "content-transfer-encoding" if !["7bit", "8bit", "binary"].iter().any(|known| value.eq_ignore_ascii_case(known)) => {
            return Err(invalid(format!("Content-Transfer-Encoding '{value}' is not supported")));
        }
        _ => {}
    }
    Ok(())
}

/// A parameter of a header's value, in quotes or without.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = value;
    loop {
        rest = rest.split_once(';').map_or("", |(_, rest)| rest).trim_start();
        if rest.is_empty() {
            return None;
        }
        let (name, after) = rest.split_once('=')?;
        // What stands before a parameter without a value is passed over.
        let name = name.rsplit(';').next().unwrap_or(name).trim();
        let after = after.trim_start();
        let (text, behind) = match after.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(text);
        }
        rest = behind;
    }
}

/// The text up to the closing quote, and what is behind it.
fn unquoted(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (out, &text[at + 1..]),
            // Browsers write a backslash of a path as it is: only a quote needs one before it.
            '\\' if text[at + 1..].starts_with('"') => {
                out.push('"');
                chars.next();
            }
            c => out.push(c),
        }
    }
    (out, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_headers() {
        for (value, wanted, text) in [
            ("multipart/form-data; boundary=\"a b\"", "boundary", Some("a b")),
            ("multipart/form-data;boundary=--x", "boundary", Some("--x")),
            ("multipart/form-data; charset=utf-8; BOUNDARY=x ; y=z", "boundary", Some("x")),
            ("form-data; name=\"Body\"; filename=\"C:\\a;\\\"b\\\".txt\"", "filename", Some("C:\\a;\"b\".txt")),
            ("form-data; name=\"filename=x\"", "filename", None),
            ("form-data; name=\"entity_document\";", "filename", None),
            ("form-data; odd; name=x", "name", Some("x")),
            ("form-data", "name", None),
            ("form-data; name=\"open", "name", Some("open")),
        ] {
            assert_eq!(parameter(value, wanted).as_deref(), text, "{value}");
        }
    }

    #[test]
    fn messages_are_taken_apart() {
        let body = b"preamble\r\n--b\r\nContent-Disposition: form-data; name=\"e\";\r\nContent-Type: application/json\r\n\r\n{}\r\n--b \r\n\
            Content-Type: image/png\r\nContent-Disposition: form-data; name=\"Body\"; filename=\"x.png\"\r\n\r\n\0\r\n--bb\r\n--\n\xff\r\n\r\n--b--\r\nepilogue";
        let parts = parts(body, "b").unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!((parts[0].name.as_str(), parts[0].is_file, parts[0].is_json(), parts[0].bytes), ("e", false, true, &b"{}"[..]));
        let bytes = b"\0\r\n--bb\r\n--\n\xff\r\n";
        assert_eq!((parts[1].name.as_str(), parts[1].is_file, parts[1].bytes), ("Body", true, &bytes[..]));
        let (_, file) = choose(parts).unwrap();
        assert_eq!(file.unwrap().bytes, bytes);
    }

    #[test]
    fn broken_messages_are_refused() {
        let long = format!("--b\nX: {}\n\n--b--", "y".repeat(MOST_HEADERS));
        let many = format!("{}--b--", "--b\nContent-Type: application/json\n\n{}\n".repeat(MOST_PARTS + 1));
        for body in ["", "--b", "--b\n", "--b\nContent-Type: application/json\n\n{}", "--b\nno header\n\n--b--", &long, &many] {
            assert!(parts(body.as_bytes(), "b").is_err(), "{body}");
        }
        for boundary in ["", &"x".repeat(71)] {
            assert!(parts(b"--b--", boundary).is_err());
        }
    }

    #[test]
    fn cut_and_changed_messages_do_no_harm() {
        let body: &[u8] =
            b"--b\r\nContent-Disposition: form-data; name=\"e\"; x\r\nContent-Type: a/b; c=\"\\\"d\r\n\r\n{}\r\n--b\r\n\r\n\r\n--b--\r\n";
        for at in 0..=body.len() {
            let _ = parts(&body[..at], "b").and_then(choose);
            let _ = parts(&body[at..], "b").and_then(choose);
            for byte in [b'\n', b'-', b'"', b'\\', b';', b'=', 0xff] {
                let changed: Vec<u8> = body.iter().enumerate().map(|(i, b)| if i == at { byte } else { *b }).collect();
                let _ = parts(&changed, "b").and_then(choose);
            }
        }
        for value in ["", ";", ";;", "=", "; =", ";a=\"", "é; ö=\"ü\\\"; n=ä"] {
            let _ = parameter(value, "n");
        }
    }

    #[test]
    fn which_part_is_what() {
        let json = "--b\nContent-Disposition: form-data; name=\"e\"\nContent-Type: application/json; charset=utf-8\n\n{}\n";
        let file = "--b\nContent-Disposition: form-data; name=\"Body\"; filename=\"x\"\n\ny\n";
        let field = "--b\nContent-Disposition: form-data; name=\"Title\"\n\ny\n";
        let image = "--b\nContent-Disposition: form-data; name=\"Body\"\nContent-Type: image/jpeg\n\ny\n";
        for (message, refused) in [
            (vec![json, file], None),
            (vec![file, json], None),
            (vec![json], None),
            (vec![file], Some("Multipart message must include a non-binary part")),
            (vec![field, file], Some("Multipart message must include a non-binary part")),
            (vec![], Some("Multipart message must include a non-binary part")),
            (vec![json, file, file], Some("Cannot include more than one binary part")),
            (vec![json, image], Some("Non-binary part must be JSON or XML, was: 'image/jpeg'")),
            (vec![json, json, file], Some("Cannot include more than one non-binary part")),
            (vec![json, field, file], Some("Cannot include more than one non-binary part")),
        ] {
            let body = format!("{}--b--\n", message.concat());
            let chosen = choose(parts(body.as_bytes(), "b").unwrap());
            assert_eq!(chosen.err().map(|e| e.message().to_owned()).as_deref(), refused, "{body}");
        }
    }
}
