//! What a request is about, as far as it can be told before anything is looked up: its org, and its object.

use crate::request::{Token, decode};
use crate::{Call, Server, pattern};
use http::HeaderName;
use orglet_base::Id;

const SESSION: HeaderName = HeaderName::from_static("x-sfdc-session");
/// How much of a SOAP body is looked at for who calls.
const LOOKED_AT: usize = 16 * 1024;

/// The org that a request is for: that of its session, of its path, or of the login name that it gives; the default org
/// where it says nothing.
pub(crate) fn org_of(server: &Server, call: &Call) -> Id {
    named_org(server, call).unwrap_or_else(|| server.engine.default_org().id)
}

fn named_org(server: &Server, call: &Call) -> Option<Id> {
    if let Token::Given(token) = call.token()
        && let Some(id) = org_of_token(token)
    {
        return Some(id);
    }
    if let Some(id) = call.header(SESSION).and_then(org_of_token) {
        return Some(id);
    }
    let login = |name: &str| server.engine.org_of_login(name).ok().flatten();
    if let Some(rest) = call.path.strip_prefix("/id/") {
        return Id::parse(rest.split('/').next()?).ok();
    }
    if call.path.starts_with("/services/oauth2/") {
        let form = form_urlencoded::parse(&call.body).take(200).find_map(|(name, value)| match &*name {
            "username" => login(&value),
            "token" | "refresh_token" | "access_token" | "oauth_token" => org_of_token(&value),
            _ => None,
        });
        return form.or_else(|| login(call.param("username")?));
    }
    if let Some(rest) = call.path.strip_prefix("/services/Soap/") {
        if let Some(id) = rest.split('/').nth(2).and_then(|id| Id::parse(id).ok()) {
            return Some(id);
        }
        let text = String::from_utf8_lossy(call.body.get(..LOOKED_AT).unwrap_or(&call.body)).into_owned();
        return element(&text, "sessionId").and_then(org_of_token).or_else(|| login(element(&text, "username")?));
    }
    None
}

/// The org that an access token begins with.
fn org_of_token(token: &str) -> Option<Id> {
    Id::parse(token.split_once('!')?.0).ok()
}

/// The session id of a SOAP body.
pub(crate) fn soap_session(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body.get(..LOOKED_AT).unwrap_or(body)).into_owned();
    element(&text, "sessionId").map(str::to_owned)
}

/// The text of the first element with a local name.
fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let at = text.find(&format!("{name}>"))?;
    if !text[..at].ends_with(['<', ':']) {
        return None;
    }
    let rest = &text[at + name.len() + 1..];
    rest.split('<').next().map(str::trim)
}

/// The object that a request is about: of its path, or that of the outermost FROM of its query.
pub(crate) fn object_of(path: &str, soql: Option<&str>) -> Option<String> {
    let mut segments = path.split('/').filter(|s| !s.is_empty());
    if segments.any(|segment| segment.eq_ignore_ascii_case("sobjects")) {
        let name = segments.next()?;
        return Some(decode(name).into_owned());
    }
    soql.and_then(from_of)
}

/// The query of a request.
pub(crate) fn soql_of(call: &Call) -> Option<&str> {
    let last = call.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    call.param("q").filter(|_| last.to_ascii_lowercase().starts_with("query"))
}

/// The name behind the first FROM that stands in no brackets.
fn from_of(soql: &str) -> Option<String> {
    let mut deep = 0usize;
    let mut words = Vec::new();
    let mut word = String::new();
    for c in soql.chars().chain([' ']).take(100_001) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() && deep == 0 {
            words.push(std::mem::take(&mut word));
            if words.len() > 1 && words[words.len() - 2].eq_ignore_ascii_case("from") {
                return words.pop();
            }
        }
        word.clear();
        match c {
            '(' => deep += 1,
            ')' => deep = deep.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// The id in the path of a row.
pub(crate) fn id_of(path: &str) -> Option<&str> {
    let below = pattern::below_version(path)?;
    below.split('/').find(|segment| matches!(segment.len(), 15 | 18) && Id::parse(segment).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found() {
        for (path, soql, object) in [
            ("/services/data/v62.0/sobjects/Account/001", None, Some("Account")),
            ("/services/data/v62.0/tooling/sobjects/CustomField", None, Some("CustomField")),
            ("/services/data/v62.0/sobjects", None, None),
            ("/services/data/v62.0/query", Some("SELECT Id, (SELECT Id FROM Contacts) from Account WHERE x = 1"), Some("Account")),
            ("/services/data/v62.0/query", Some("SELECT"), None),
            ("/services/data/v62.0/limits", None, None),
        ] {
            assert_eq!(object_of(path, soql).as_deref(), object, "{path} {soql:?}");
        }
    }

    #[test]
    fn elements_are_found_by_their_local_name() {
        assert_eq!(element("<a:sessionId> x </a:sessionId>", "sessionId"), Some("x"));
        assert_eq!(element("<urn:username>u</urn:username>", "username"), Some("u"));
        assert_eq!(element("<mysessionId>x</mysessionId>", "sessionId"), None);
        assert_eq!(id_of("/services/data/v62.0/sobjects/Account/001000000000001AAA"), Some("001000000000001AAA"));
    }
}
