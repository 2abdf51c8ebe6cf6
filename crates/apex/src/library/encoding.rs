//! `Blob`, `EncodingUtil`, `Crypto`, escapes.

use super::Line;
use crate::run::{Done, Vm};
use crate::value::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Digest;
use std::fmt::Write as _;
use std::rc::Rc;

fn bytes(vm: &mut Vm<'_, '_>, value: &Value) -> Done<Rc<[u8]>> {
    match value {
        Value::Blob(bytes) => Ok(bytes.clone()),
        _ => Err(vm.exception("NullPointerException", "Argument cannot be null.")),
    }
}

/// Bytes as base64.
pub(crate) fn base64_text(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base64 as bytes.
pub(crate) fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.trim()).ok()
}

/// Escapes what XML gives a meaning; quotes in `keep` stay.
pub(super) fn escape_xml(text: &str, keep: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if keep.contains(c) => out.push(c),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
    out
}

pub(super) fn unescape_xml(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

pub(super) fn escape_java(text: &str, script: bool) -> String {
    let mut out = String::new();
    for unit in text.encode_utf16() {
        match char::from_u32(u32::from(unit)) {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some('\'') if script => out.push_str("\\'"),
            Some('/') if script => out.push_str("\\/"),
            Some(c @ ' '..='~') => out.push(c),
            _ => {
                let _ = write!(out, "\\u{unit:04X}");
            }
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn blob(bytes: &[u8]) -> Value {
    Value::Blob(bytes.into())
}

fn charset(vm: &mut Vm<'_, '_>, value: &Value) -> Done<()> {
    let name = vm.text(value)?;
    if matches!(name.to_ascii_uppercase().as_str(), "UTF-8" | "UTF8") {
        return Ok(());
    }
    Err(vm.exception("UnsupportedOperationException", format!("Charset {name} is not supported here")))
}

pub(super) const LINES: &[Line] = &[
    ("static Blob Blob.valueOf(String)", |vm, a| Ok(blob(vm.text(&a[0])?.as_bytes()))),
    ("String Blob.toString()", |vm, a| {
        let bytes = bytes(vm, &a[0])?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(Value::str(text)),
            Err(_) => Err(vm.exception("StringException", "BLOB is not a valid UTF-8 string")),
        }
    }),
    ("Integer Blob.size()", |vm, a| Ok(Value::Int(bytes(vm, &a[0])?.len() as i32))),
    ("static String EncodingUtil.base64Encode(Blob)", |vm, a| Ok(Value::str(&base64_text(&bytes(vm, &a[0])?)))),
    ("static Blob EncodingUtil.base64Decode(String)", |vm, a| {
        let text = vm.text(&a[0])?;
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        match base64_bytes(&text).or_else(|| base64::engine::general_purpose::STANDARD_NO_PAD.decode(&text).ok()) {
            Some(bytes) => Ok(blob(&bytes)),
            None => Err(vm.exception("StringException", "Unrecognized base64 character")),
        }
    }),
    ("static String EncodingUtil.convertToHex(Blob)", |vm, a| Ok(Value::str(&hex(&bytes(vm, &a[0])?)))),
    ("static Blob EncodingUtil.convertFromHex(String)", |vm, a| {
        let text = vm.text(&a[0])?;
        let pairs: Option<Vec<u8>> =
            (0..text.len() / 2).map(|at| text.get(at * 2..at * 2 + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect();
        match pairs.filter(|_| text.len() % 2 == 0) {
            Some(bytes) => Ok(blob(&bytes)),
            None => Err(vm.exception("StringException", "Invalid hex string")),
        }
    }),
    ("static String EncodingUtil.urlEncode(String,String)", |vm, a| {
        charset(vm, &a[1])?;
        let mut out = String::new();
        for byte in vm.text(&a[0])?.bytes() {
            match byte {
                b' ' => out.push('+'),
                b if b.is_ascii_alphanumeric() || b"-_.*".contains(&b) => out.push(b as char),
                b => {
                    let _ = write!(out, "%{b:02X}");
                }
            }
        }
        Ok(Value::str(&out))
    }),
    ("static String EncodingUtil.urlDecode(String,String)", |vm, a| {
        charset(vm, &a[1])?;
        let text = vm.text(&a[0])?;
        let source = text.as_bytes();
        let (mut out, mut at) = (Vec::new(), 0);
        while at < source.len() {
            match source[at] {
                b'+' => out.push(b' '),
                b'%' => match text.get(at + 1..at + 3).and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
                    Some(byte) => {
                        out.push(byte);
                        at += 2;
                    }
                    None => return Err(vm.exception("IllegalArgumentException", "Illegal hex characters in escape (%) pattern")),
                },
                byte => out.push(byte),
            }
            at += 1;
        }
        Ok(Value::str(&String::from_utf8_lossy(&out)))
    }),
    ("static Blob Crypto.generateDigest(String,Blob)", |vm, a| {
        let (name, data) = (vm.text(&a[0])?, bytes(vm, &a[1])?);
        Ok(match name.to_ascii_uppercase().as_str() {
            "MD5" => blob(&md5::Md5::digest(&data)),
            "SHA-256" | "SHA256" => blob(&sha2::Sha256::digest(&data)),
            "SHA-512" | "SHA512" => blob(&sha2::Sha512::digest(&data)),
            _ => return Err(vm.exception("NoSuchElementException", format!("Algorithm {name} is not supported here"))),
        })
    }),
    ("static Blob Crypto.generateMac(String,Blob,Blob)", |vm, a| {
        let (name, data, key) = (vm.text(&a[0])?, bytes(vm, &a[1])?, bytes(vm, &a[2])?);
        match name.to_ascii_uppercase().as_str() {
            "HMACSHA256" => {
                if let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(&key) {
                    mac.update(&data);
                    return Ok(blob(&mac.finalize().into_bytes()));
                }
            }
            "HMACSHA512" => {
                if let Ok(mut mac) = Hmac::<sha2::Sha512>::new_from_slice(&key) {
                    mac.update(&data);
                    return Ok(blob(&mac.finalize().into_bytes()));
                }
            }
            _ => {}
        }
        Err(vm.exception("NoSuchElementException", format!("Algorithm {name} is not supported here")))
    }),
    ("static Integer Crypto.getRandomInteger()", |vm, _| Ok(Value::Int(vm.host.random() as i32))),
    ("static Long Crypto.getRandomLong()", |vm, _| Ok(Value::Long(vm.host.random() as i64))),
];
