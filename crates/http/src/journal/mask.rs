//! Secrets in requests and answers, masked before anything of them is kept.

use std::borrow::Cow;

/// What stands in the place of a secret.
const MASK: &str = "***";
/// Names whose values are secrets, in lower case: parameters, members, elements.
const SECRETS: &[&str] = &[
    "access_token",
    "oauth_token",
    "refresh_token",
    "id_token",
    "token",
    "sid",
    "sessionid",
    "client_secret",
    "client_assertion",
    "assertion",
    "code",
    "code_verifier",
    "signature",
];
/// Parts of names that make a name secret.
const PARTS: &[&str] = &["password", "passwd", "secret"];
/// Characters of an access token in front of its secret: an org's id.
const ORG: usize = 15;

fn is_secret(name: &str) -> bool {
    let name = name.rsplit(':').next().unwrap_or(name);
    let has = |part: &&str| name.as_bytes().windows(part.len()).any(|piece| piece.eq_ignore_ascii_case(part.as_bytes()));
    SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret)) || PARTS.iter().any(has)
}

/// Writes a path with its query, as it was sent, without its secrets.
pub(super) fn target(out: &mut String, path: &str, query: Option<&str>) {
    tokens(out, path);
    let Some(query) = query else { return };
    out.push('?');
    form(out, query);
}

/// A form or a query string without its secrets.
fn form(out: &mut String, text: &str) {
    for (at, pair) in text.split('&').enumerate() {
        if at > 0 {
            out.push('&');
        }
        match pair.split_once('=') {
            Some((name, _)) if name != "q" && is_secret(&decoded(name)) => {
                out.push_str(name);
                out.push('=');
                out.push_str(MASK);
            }
            _ => tokens(out, pair),
        }
    }
}

fn decoded(name: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(name).decode_utf8_lossy()
}

/// A body without its secrets, as far as it is text; what is none is told as so many bytes.
pub(super) fn body(bytes: &[u8], most: usize, is_form: bool) -> String {
    let cut = bytes.get(..most).unwrap_or(bytes);
    let text = match std::str::from_utf8(cut) {
        Ok(text) => text,
        // A character that the cut went through.
        Err(e) if e.error_len().is_none() && cut.len() < bytes.len() => std::str::from_utf8(&cut[..e.valid_up_to()]).unwrap_or_default(),
        Err(_) => return format!("({} bytes that are no text)", bytes.len()),
    };
    let mut out = String::with_capacity(text.len());
    if is_form {
        form(&mut out, text);
    } else {
        members(&mut out, text);
    }
    if text.len() < bytes.len() {
        out.push_str(&format!("… ({} bytes)", bytes.len()));
    }
    out
}

/// JSON or XML: values of secret members and elements are masked, and access tokens wherever they stand.
fn members(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['"', '<']) {
        tokens(out, &rest[..at]);
        rest = &rest[at..];
        let (taken, name, value) = if rest.starts_with('"') { member(rest) } else { element(rest) };
        // The value of a secret goes; of anything else the name alone is done with.
        match value {
            Some((value, end)) if is_secret(name) && end > value => {
                out.push_str(&rest[..value]);
                out.push_str(MASK);
                rest = &rest[end..];
            }
            _ => {
                tokens(out, &rest[..taken]);
                rest = &rest[taken..];
            }
        }
    }
    tokens(out, rest);
}

type Found<'t> = (usize, &'t str, Option<(usize, usize)>);

/// `"name" : "value"` at the start of a text: bytes of the name with its quotes, the name, where the value begins and ends.
fn member(text: &str) -> Found<'_> {
    let Some(close) = quoted(text) else { return (text.len(), "", None) };
    let name = &text[1..close];
    let blanks = |from: usize| from + text[from..].bytes().take_while(u8::is_ascii_whitespace).count();
    let colon = blanks(close + 1);
    if text.as_bytes().get(colon) != Some(&b':') {
        return (close + 1, "", None);
    }
    let start = blanks(colon + 1);
    let value = match text.as_bytes().get(start) {
        Some(b'"') => (start + 1, quoted(&text[start..]).map_or(text.len(), |end| start + end)),
        Some(_) => (start, start + text[start..].find([',', '}', ']', ' ', '\n']).unwrap_or(text.len() - start)),
        None => (start, start),
    };
    (close + 1, name, Some(value))
}

/// Where the quote is that closes a text which begins with one.
fn quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().enumerate().skip(1).find_map(|(at, byte)| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes.then_some(at)
    })
}

/// `<name …>value<` at the start of a text.
fn element(text: &str) -> Found<'_> {
    let Some(close) = text.find('>') else { return (text.len(), "", None) };
    let name = text[1..close].split(|c: char| c.is_whitespace()).next().unwrap_or_default();
    if name.starts_with(['/', '?', '!']) {
        return (close + 1, "", None);
    }
    let end = text[close..].find('<').map_or(text.len(), |at| close + at);
    (close + 1, name, Some((close + 1, end)))
}

/// A text without the secret parts of access tokens: `00D…!` stays, what follows it goes.
fn tokens(out: &mut String, text: &str) {
    // Nearly every text has none.
    if !text.contains('!') && !text.contains("%21") {
        out.push_str(text);
        return;
    }
    let mut rest = text;
    while let Some(at) = rest.find(['!', '%']) {
        let sign = if rest[at..].starts_with('!') {
            1
        } else if rest[at..].starts_with("%21") {
            3
        } else {
            0
        };
        let org = at.checked_sub(ORG).and_then(|from| rest.get(from..at));
        let is_token = sign > 0 && org.is_some_and(|org| org.starts_with("00D") && org.bytes().all(|b| b.is_ascii_alphanumeric()));
        let end = at + sign.max(1);
        out.push_str(&rest[..end]);
        rest = &rest[end..];
        if is_token {
            out.push_str(MASK);
            rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        }
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(path: &str, query: Option<&str>) -> String {
        let mut out = String::new();
        target(&mut out, path, query);
        out
    }

    #[test]
    fn queries_lose_their_secrets() {
        let token = "00D000000000001!AQ.x_9";
        assert_eq!(masked("/a", None), "/a");
        assert_eq!(masked("/a", Some("q=SELECT+Id&x")), "/a?q=SELECT+Id&x");
        assert_eq!(masked("/a", Some("sid=x&Pass%77ord=y&z=1")), "/a?sid=***&Pass%77ord=***&z=1");
        assert_eq!(masked("/a", Some(&format!("u={token}&v=00D000000000001%21abc"))), "/a?u=00D000000000001!***&v=00D000000000001%21***");
        assert_eq!(masked(&format!("/x/{token}/y"), None), "/x/00D000000000001!***/y");
        assert_eq!(masked("/a%20b!", None), "/a%20b!");
    }

    #[test]
    fn bodies_lose_their_secrets() {
        let of = |text: &str| body(text.as_bytes(), 1000, false);
        for (text, want) in [
            (r#"{"access_token":"x","id":"y"}"#, r#"{"access_token":"***","id":"y"}"#),
            (r#"{"NewPassword" : "a\"b", "n":1}"#, r#"{"NewPassword" : "***", "n":1}"#),
            (r#"{"My_Secret__c":12,"a":[1]}"#, r#"{"My_Secret__c":***,"a":[1]}"#),
            (r#"{"Name":"password"}"#, r#"{"Name":"password"}"#),
            ("<a:password>x</a:password><b>c</b>", "<a:password>***</a:password><b>c</b>"),
            (r#"<sessionId xsi:type="x">00D000000000001!abc</sessionId>"#, r#"<sessionId xsi:type="x">***</sessionId>"#),
            ("<b>00D000000000001!abc def</b>", "<b>00D000000000001!*** def</b>"),
            (r#"{"t":"Bearer 00D000000000001!abc"}"#, r#"{"t":"Bearer 00D000000000001!***"}"#),
            (r#"{"password":""#, r#"{"password":""#),
            (r#"{"password":"cut of"#, r#"{"password":"***"#),
            ("<password>cut of", "<password>***"),
            ("\"", "\""),
            ("<", "<"),
        ] {
            assert_eq!(of(text), want, "{text}");
        }
        assert_eq!(body(b"grant_type=password&password=x", 1000, true), "grant_type=password&password=***");
        assert_eq!(body("aäb".as_bytes(), 2, false), "a… (4 bytes)");
        assert_eq!(body(b"\xff\xfe", 10, false), "(2 bytes that are no text)");
    }
}
