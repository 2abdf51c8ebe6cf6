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
/// Lengths of these, the shortest and the longest.
const LENGTHS: (usize, usize) = (3, 16);
/// Parts of names that make a name secret.
const PARTS: &[&str] = &["password", "passwd", "secret"];
/// Characters of an access token in front of its secret: an org's id, short or long.
const ORG: [usize; 2] = [15, 18];

fn is_secret(name: &str) -> bool {
    let name = name.rsplit(':').next().unwrap_or(name).as_bytes();
    // Nearly every name is none: most fail by their length and first letter, and have no letter that a part begins with.
    let whole = (LENGTHS.0..=LENGTHS.1).contains(&name.len())
        && matches!(name[0].to_ascii_lowercase(), b'a' | b'c' | b'i' | b'o' | b'r' | b's' | b't')
        && SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret.as_bytes()));
    let begins = |rest: &[u8]| PARTS.iter().any(|part| rest.get(..part.len()).is_some_and(|b| b.eq_ignore_ascii_case(part.as_bytes())));
    whole || (0..name.len()).any(|at| matches!(name[at].to_ascii_lowercase(), b'p' | b's') && begins(&name[at..]))
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
        match secret_line(pair) {
            Some((from, name)) => {
                tokens(out, &pair[..from]);
                out.push_str(name);
                out.push('=');
                out.push_str(MASK);
            }
            None => tokens(out, pair),
        }
    }
}

/// Where in a pair a secret begins, and its name. A form that was sent as plain text has a line for each pair; what follows
/// a secret may still be of its value.
fn secret_line(pair: &str) -> Option<(usize, &str)> {
    let mut from = 0;
    for line in pair.split_inclusive('\n') {
        if let Some((name, _)) = line.split_once('=')
            && is_secret(decoded(name).trim())
        {
            return Some((from, name));
        }
        from += line.len();
    }
    None
}

fn decoded(name: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(name).decode_utf8_lossy()
}

/// A body without its secrets, as far as it is text; what is none, or is in parts, is told as so many bytes. What a text is
/// written in is told by its beginning: clients name other media types, or none.
pub(super) fn body(bytes: &[u8], most: usize, media_type: Option<&str>) -> String {
    let in_parts = media_type.is_some_and(|kind| kind.get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/")));
    if in_parts || bytes.trim_ascii_start().starts_with(b"--") {
        return format!("({} bytes)", bytes.len());
    }
    let cut = bytes.get(..most).unwrap_or(bytes);
    let text = match std::str::from_utf8(cut) {
        Ok(text) => text,
        // A character that the cut went through.
        Err(e) if e.error_len().is_none() && cut.len() < bytes.len() => std::str::from_utf8(&cut[..e.valid_up_to()]).unwrap_or_default(),
        Err(_) => return format!("({} bytes that are no text)", bytes.len()),
    };
    let mut out = String::with_capacity(text.len());
    let begin = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    match begin.bytes().next() {
        Some(b'{' | b'[' | b'"') => json(&mut out, text),
        Some(b'<') => xml(&mut out, text),
        _ => form(&mut out, text),
    }
    // It is read as a form all the same where it is called one, or nothing.
    if begin.starts_with(['{', '[', '"', '<']) && media_type.is_none_or(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        let text = std::mem::take(&mut out);
        form(&mut out, &text);
    }
    if text.len() < bytes.len() {
        out.push_str(&format!("… ({} bytes)", bytes.len()));
    }
    out
}

/// JSON: values of secret members are masked, and access tokens wherever they stand. Every quote may be one that opens a
/// name: a text with a quote too many is masked to its end.
fn json(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(open) = quote(rest) {
        tokens(out, &rest[..open]);
        out.push('"');
        rest = &rest[open + 1..];
        let Some((value, end)) = secret_member(rest) else { continue };
        out.push_str(&rest[..value]);
        out.push_str(MASK);
        rest = &rest[end..];
    }
    tokens(out, rest);
}

/// Where the value begins and ends of a secret member whose name's quote has been opened.
fn secret_member(text: &str) -> Option<(usize, usize)> {
    let close = quote(text)?;
    let blanks = |from: usize| from + text[from..].bytes().take_while(u8::is_ascii_whitespace).count();
    let colon = blanks(close + 1);
    if text.as_bytes().get(colon) != Some(&b':') {
        return None;
    }
    let name = &text[..close];
    let unescaped = name.contains('\\').then(|| serde_json::from_str::<String>(&text_of(name)).ok()).flatten();
    if !is_secret(unescaped.as_deref().unwrap_or(name)) {
        return None;
    }
    let start = blanks(colon + 1);
    let value = &text[start..];
    let (start, end) = match value.bytes().next()? {
        b'"' => (start + 1, quote(&value[1..]).map_or(text.len(), |end| start + 1 + end)),
        b'{' | b'[' => (start, start + nested(value)),
        _ => (start, start + value.find([',', '}', ']', ' ', '\n']).unwrap_or(value.len())),
    };
    (end > start).then_some((start, end))
}

fn text_of(name: &str) -> String {
    format!("\"{name}\"")
}

/// Where the next quote is that no backslash takes.
fn quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let found = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        found
    })
}

/// How long an object or a list is that a text begins with.
fn nested(text: &str) -> usize {
    let (mut deep, mut quoted, mut escaped) = (0usize, false, false);
    let end = text.bytes().position(|byte| {
        match byte {
            b'"' if !escaped => quoted = !quoted,
            b'{' | b'[' if !quoted => deep += 1,
            b'}' | b']' if !quoted => deep -= 1,
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
        deep == 0
    });
    end.map_or(text.len(), |end| end + 1)
}

/// XML: values of secret elements are masked, and access tokens wherever they stand.
fn xml(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        tokens(out, &rest[..open]);
        out.push('<');
        rest = &rest[open + 1..];
        let Some((value, end)) = secret_element(rest) else { continue };
        tokens(out, &rest[..value]);
        out.push_str(MASK);
        rest = &rest[end..];
    }
    tokens(out, rest);
}

/// Where the value begins and ends of a secret element whose tag has been opened.
fn secret_element(text: &str) -> Option<(usize, usize)> {
    let name = &text[..text.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '/')).unwrap_or(text.len())];
    if !is_secret(name) {
        return None;
    }
    let start = text.find('>')? + 1;
    if text[..start].ends_with("/>") {
        return None;
    }
    let end = start + closing(&text[start..], name);
    (end > start).then_some((start, end))
}

/// Where the tag is that closes an element, its value's sections and comments apart.
fn closing(text: &str, name: &str) -> usize {
    let mut at = 0;
    while let Some(found) = text[at..].find('<') {
        at += found;
        let rest = &text[at..];
        let apart = [("<![CDATA[", "]]>"), ("<!--", "-->")].into_iter().find(|(begin, _)| rest.starts_with(begin));
        match apart {
            Some((begin, end)) => match rest[begin.len()..].find(end) {
                Some(length) => at += begin.len() + length + end.len(),
                None => return text.len(),
            },
            None => {
                let closes = rest.strip_prefix("</").and_then(|rest| rest.strip_prefix(name));
                if closes.is_some_and(|rest| rest.trim_start().starts_with('>')) {
                    return at;
                }
                at += 1;
            }
        }
    }
    text.len()
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
        let is_token = sign > 0 && ORG.iter().any(|length| at.checked_sub(*length).and_then(|from| rest.get(from..at)).is_some_and(is_org));
        let end = at + sign.max(1);
        out.push_str(&rest[..end]);
        rest = &rest[end..];
        if is_token {
            out.push_str(MASK);
            rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '%'));
        }
    }
    out.push_str(rest);
}

/// Whether this can be the id of an org; letter case may have been lost on the way.
fn is_org(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric()) && text[..3].eq_ignore_ascii_case("00D")
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
    fn secrets_are_told_by_their_names() {
        let (shortest, longest) = (SECRETS.iter().map(|s| s.len()).min(), SECRETS.iter().map(|s| s.len()).max());
        assert_eq!((shortest, longest), (Some(LENGTHS.0), Some(LENGTHS.1)));
        for secret in SECRETS.iter().chain(PARTS) {
            assert!(is_secret(secret) && is_secret(&secret.to_uppercase()) && is_secret(&format!("a:{secret}")), "{secret}");
        }
        for name in ["MyPassWord__c", "x_secret", "Passwd2"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["", "Name", "pass", "codes", "Account", "Sessions", "ä"] {
            assert!(!is_secret(name), "{name}");
        }
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
        let long = "00D000000000001EAA";
        assert_eq!(masked(&format!("/{long}!a%2Eb/y"), Some(&format!("v={long}%21abc"))), format!("/{long}!***/y?v={long}%21***"));
        assert_eq!(masked("/é00D000000000001eaa!abc", None), "/é00D000000000001eaa!***");
        assert_eq!(masked("/ééééééééé!abc", None), "/ééééééééé!abc");
    }

    #[test]
    fn bodies_lose_their_secrets() {
        let of = |text: &str| body(text.as_bytes(), 1000, Some("application/json"));
        for (text, want) in [
            (r#"{"access_token":"x","id":"y"}"#, r#"{"access_token":"***","id":"y"}"#),
            (r#"{"NewPassword" : "a\"b", "n":1}"#, r#"{"NewPassword" : "***", "n":1}"#),
            (r#"{"My_Secret__c":12,"a":[1]}"#, r#"{"My_Secret__c":***,"a":[1]}"#),
            (r#"{"Name":"password"}"#, r#"{"Name":"password"}"#),
            (r#"{"Name":"\"password\": <x"}"#, r#"{"Name":"\"password\": <x"}"#),
            (r#"{"pass\u0077ord":"x"}"#, r#"{"pass\u0077ord":"***"}"#),
            (r#"{"secret":{"a":["}",1],"b":2},"c":3}"#, r#"{"secret":***,"c":3}"#),
            (r#"{"secret":["a","#, r#"{"secret":***"#),
            (r#"{"Title":"5" pipe","password":"x"}"#, r#"{"Title":"5" pipe","password":"***"}"#),
            (r#"[{"t":"<password>"},{"sid":"x"}]"#, r#"[{"t":"<password>"},{"sid":"***"}]"#),
            ("<a:password>x</a:password><b>c</b>", "<a:password>***</a:password><b>c</b>"),
            (r#"<sessionId xsi:type="x">00D000000000001!abc</sessionId>"#, r#"<sessionId xsi:type="x">***</sessionId>"#),
            ("<b>00D000000000001!abc def</b>", "<b>00D000000000001!*** def</b>"),
            (
                r#"<User><Title>5" pipe</Title><NewPassword>x</NewPassword></User>"#,
                r#"<User><Title>5" pipe</Title><NewPassword>***</NewPassword></User>"#,
            ),
            ("<password><![CDATA[x<y</password>z]]></password><b/>", "<password>***</password><b/>"),
            ("<password>x<!-- </password> -->y</password ><b/>", "<password>***</password ><b/>"),
            ("<password>x<b>y</b>z</password>", "<password>***</password>"),
            ("<password><![CDATA[x", "<password>***"),
            ("<password/><b>c</b>", "<password/><b>c</b>"),
            ("<b><![CDATA[<password>x</password>]]></b>", "<b><![CDATA[<password>***</password>]]></b>"),
            ("\u{feff} \n<password>x</password>", "\u{feff} \n<password>***</password>"),
            (r#"{"t":"Bearer 00D000000000001!abc"}"#, r#"{"t":"Bearer 00D000000000001!***"}"#),
            (r#"{"password":""#, r#"{"password":""#),
            (r#"{"password":"cut of"#, r#"{"password":"***"#),
            ("<password>cut of", "<password>***"),
            ("\"", "\""),
            ("<", "<"),
            ("", ""),
        ] {
            assert_eq!(of(text), want, "{text}");
        }
        assert_eq!(body("aäb".as_bytes(), 2, Some("text/plain")), "a… (4 bytes)");
        assert_eq!(body(b"\xff\xfe", 10, None), "(2 bytes that are no text)");
    }

    #[test]
    fn forms_lose_their_secrets_whatever_they_are_called() {
        for kind in [None, Some("application/x-www-form-urlencoded"), Some("text/plain"), Some("application/json")] {
            let of = |text: &str| body(text.as_bytes(), 1000, kind);
            assert_eq!(of("grant_type=password&password=x"), "grant_type=password&password=***");
            assert_eq!(of("\r\nusername=u\r\npassword=x\r\ny=z&a=b"), "\r\nusername=u\r\npassword=***&a=b");
            assert_eq!(of(r#"{"password":"a&b"}"#), r#"{"password":"***"}"#);
        }
        // What a server reads as a form, whatever it begins with.
        for kind in [None, Some("application/x-www-form-urlencoded")] {
            assert_eq!(body(b"{=1&password=x", 1000, kind), "{=1&password=***");
            assert_eq!(body(b"<a=1&password=x", 1000, kind), "<a=1&password=***");
        }
    }

    #[test]
    fn of_bodies_in_parts_the_size_is_kept() {
        let parts = b"--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nx\r\n--b--";
        for kind in [Some("multipart/form-data"), Some("Multipart/Mixed; boundary=b"), None] {
            assert_eq!(body(parts, 1000, kind), format!("({} bytes)", parts.len()));
        }
        assert_eq!(body(b"preamble", 1000, Some("multipart/mixed")), "(8 bytes)");
    }
}
