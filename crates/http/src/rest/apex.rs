//! Apex REST: `/services/apexrest/…`, answered by the classes that an org has.

use super::{LIMIT_INFO, MOST_MOVES, ROOT, api_disabled, authenticate, url_not_reset};
use crate::codec::{Doc, Format, Node, NodeValue, XmlOrder, xml};
use crate::metrics::Place;
use crate::request::decode;
use crate::{Call, Reply, Server, error};
use http::header::{self, HeaderName};
use orglet_apex::{ClassInfo, Data, RestArguments, RestFailure, RestOutcome, RestRequest};
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::{Admission, Failure, Identity, Setting, apex};
use std::collections::BTreeMap;

const BELOW: &str = "/services/apexrest";

/// The statuses that a class may answer ("RestResponse Class" of the Apex Reference Guide).
const STATUSES: [u16; 24] =
    [200, 201, 202, 204, 206, 300, 301, 302, 304, 400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 414, 415, 417, 500, 503];
/// Headers that a class may not set ("addHeader" of the same).
const NOT_SET: [&str; 5] = ["cookie", "set-cookie", "set-cookie2", "content-length", "authorization"];
/// Headers of the connection, which belong to the server.
const OF_THE_CONNECTION: [&str; 7] = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// Answers a request below `/services/apexrest`.
pub(crate) fn answer(server: &Server, call: &Call, head: bool) -> Reply {
    call.place.set(Place::ApexRest);
    let accept = call.header(header::ACCEPT);
    let format = Format::from_accept(accept).unwrap_or(Format::Json);
    let pretty = call.pretty();
    let refuse = |e: ApiError| -> Reply { error::render(&[e], format, pretty).into() };
    let mut identity = match authenticate(server, call) {
        Ok(identity) => identity,
        Err(Failure::Api(e)) => return refuse(e).with(header::WWW_AUTHENTICATE, "Token"),
        Err(other) => return server.failed(other, format, pretty, ROOT),
    };
    if call.at_login_host() {
        return refuse(url_not_reset());
    }
    if identity.org.settings.is_on(Setting::ApiDisabled) {
        return refuse(api_disabled());
    }
    if identity.org.settings.is_on(Setting::ApexRestDisabled) {
        return refuse(ApiError::new(ErrorCode::ApexRestServicesDisabled, "Apex REST services are disabled"));
    }
    let Admission { used, allowed, refusal, place: _while_it_runs } = identity.org.admit();
    let limit_info = ["api-usage=", &used.to_string(), "/", &allowed.to_string()].concat();
    if let Some(refusal) = refusal {
        return refuse(refusal).with(LIMIT_INFO, limit_info);
    }
    let mut done = run(&identity, call, head, accept, format);
    // The org is in another database now; see the other resources.
    for _ in 0..MOST_MOVES {
        if !done.as_ref().is_err_and(Failure::is_moved) {
            break;
        }
        done = authenticate(server, call).and_then(|now| {
            identity = now;
            run(&identity, call, head, accept, format)
        });
    }
    match done {
        Ok(reply) => reply,
        Err(failure) => server.failed(failure, format, pretty, ROOT),
    }
    .with(LIMIT_INFO, limit_info)
}

fn run(identity: &Identity, call: &Call, head: bool, accept: Option<&str>, format: Format) -> Result<Reply, Failure> {
    let path = decode(call.path.strip_prefix(BELOW).unwrap_or_default());
    let compiled = identity.org.compiled(&identity.org.catalog());
    let found = compiled.as_ref().and_then(|compiled| find(compiled.program.classes(), &path));
    // routing-007
    let Some((class, mapping)) = found else {
        return Err(ApiError::routing(ErrorCode::NotFound, "Could not find a match for URL").into());
    };
    let method = call.method.as_str();
    if !class.http_methods.iter().any(|(verb, _)| verb == method) {
        return Ok(not_allowed(class, if head { "HEAD" } else { method }, format, call.pretty()));
    }
    let format = Format::negotiate(accept, None).unwrap_or(format);
    let request = RestRequest {
        method: method.to_owned(),
        uri: path.to_string(),
        resource_path: format!("{BELOW}{mapping}"),
        params: call.query.clone(),
        headers: call.headers.iter().filter_map(|(n, v)| Some((n.as_str().to_owned(), v.to_str().ok()?.to_owned()))).collect(),
        body: call.body.to_vec(),
        arguments: arguments(call)?,
        remote_address: "127.0.0.1".to_owned(),
    };
    match apex::rest(identity, &class.name, &request)?.outcome {
        Ok(outcome) => reply(outcome, format, call.pretty()),
        Err(RestFailure::NoMethod) => Ok(not_allowed(class, method, format, call.pretty())),
        // crud-014, crud-015
        Err(RestFailure::Arguments(text)) => Err(ApiError::new(ErrorCode::JsonParserError, text).into()),
        // crud-075
        Err(RestFailure::Exception(e)) => Err(ApiError::routing(ErrorCode::ApexError, e.render()).into()),
    }
}

/// 405, with the methods that the class has.
fn not_allowed(class: &ClassInfo, method: &str, format: Format, pretty: bool) -> Reply {
    let mut verbs: Vec<&str> = class.http_methods.iter().map(|(verb, _)| verb.as_str()).collect();
    verbs.sort_unstable();
    let verbs = verbs.join(",");
    let text = format!("HTTP Method '{method}' not allowed. Allowed are {verbs}");
    let e = ApiError::routing(ErrorCode::MethodNotAllowed, text);
    Reply::from(error::render(&[e], format, pretty)).with(header::ALLOW, verbs)
}

/// The class of a path, with its mapping: an exact match, or else the longest pattern that fits ("RestResource Annotation" of the
/// Apex Developer Guide). Letter case counts.
fn find<'a>(classes: &'a [ClassInfo], path: &str) -> Option<(&'a ClassInfo, &'a str)> {
    let mapped = || classes.iter().filter_map(|class| Some((class, class.url_mapping.as_deref()?)));
    let exact = mapped().find(|(_, mapping)| !mapping.contains('*') && mapping.trim_end_matches('/') == path.trim_end_matches('/'));
    exact.or_else(|| mapped().filter(|(_, mapping)| mapping.contains('*') && fits(mapping, path)).max_by_key(|(_, mapping)| mapping.len()))
}

/// Whether a path fits a pattern, whose last wildcard takes whatever follows, nothing included, and each other one a segment.
fn fits(pattern: &str, path: &str) -> bool {
    let Some(rest) = pattern.strip_suffix("/*") else {
        return segments_fit(pattern, path);
    };
    // What stands before the last wildcard may have wildcards of its own.
    let wanted = rest.split('/').count();
    let head: Vec<&str> = path.split('/').take(wanted).collect();
    segments_fit(rest, &head.join("/"))
}

fn segments_fit(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.trim_end_matches('/').split('/'), path.trim_end_matches('/').split('/'));
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.collect(), path.collect());
    pattern.len() == path.len() && pattern.iter().zip(&path).all(|(wanted, given)| *wanted == "*" || wanted == given)
}

/// Where the arguments of the method are. GET and DELETE have none.
fn arguments(call: &Call) -> Result<RestArguments, ApiError> {
    if call.body.is_empty() || !matches!(call.method.as_str(), "POST" | "PUT" | "PATCH") {
        return Ok(RestArguments::None);
    }
    match call.media_type().as_deref() {
        None | Some("application/json" | "text/json") => Ok(RestArguments::Json),
        Some("application/xml" | "text/xml") => {
            let (root, node) = xml::parse(&call.body)?;
            if root != "request" {
                let text = format!("The root element of a request is request, not {root}");
                return Err(ApiError::new(ErrorCode::XmlParserError, text));
            }
            Ok(RestArguments::Data(data(&node)))
        }
        // Of the media types alone this one is documented as not taken ("Apex REST Methods").
        Some("multipart/form-data") => {
            let shown = call.header(header::CONTENT_TYPE).unwrap_or_default();
            Err(ApiError::routing(ErrorCode::UnsupportedMediaType, format!("MediaType of '{shown}' is not supported by this resource")))
        }
        Some(_) => Ok(RestArguments::None),
    }
}

/// An XML body as plain data: repeated elements are a list.
fn data(node: &Node<'_>) -> Data {
    match &node.value {
        NodeValue::Null => Data::Null,
        NodeValue::Bool(b) => Data::Bool(*b),
        NodeValue::Number(n) => Data::Number(n.to_string()),
        NodeValue::Text(t) => Data::Text(t.to_string()),
        NodeValue::Array(items) => Data::List(items.iter().map(data).collect()),
        NodeValue::Object(members) => {
            let mut list: Vec<(String, Data)> = Vec::new();
            let mut places: BTreeMap<&str, usize> = BTreeMap::new();
            for (name, value) in members {
                let value = data(value);
                match places.get(name.as_ref()) {
                    None => {
                        places.insert(name, list.len());
                        list.push((name.to_string(), value));
                    }
                    Some(at) => match &mut list[*at].1 {
                        Data::List(items) => items.push(value),
                        one => *one = Data::List(vec![std::mem::take(one), value]),
                    },
                }
            }
            Data::Members(String::new(), list)
        }
    }
}

/// Plain data as an answer's tree.
pub(super) fn doc(data: &Data) -> Doc {
    match data {
        Data::Null => Doc::Null,
        Data::Bool(b) => Doc::Bool(*b),
        Data::Number(n) => Doc::Number(n.clone()),
        Data::Text(t) => Doc::Str(t.clone().into()),
        Data::List(items) => Doc::List(items.iter().map(doc).collect()),
        Data::Members(_, members) => Doc::Obj(members.iter().map(|(name, value)| (name.clone().into(), doc(value))).collect()),
    }
}

/// What a method answered, as the client gets it.
fn reply(outcome: RestOutcome, format: Format, pretty: bool) -> Result<Reply, Failure> {
    let status = outcome.status.unwrap_or(200);
    if !STATUSES.contains(&status) {
        let text = format!("Invalid status code for HTTP response: {status}");
        return Err(ApiError::routing(ErrorCode::ApexError, text).into());
    }
    let body = match (&outcome.returned, outcome.body) {
        (Some(returned), _) => match (format, outcome.json) {
            (Format::Json, Some(json)) => json.into_bytes(),
            _ => doc(returned).render(format, pretty, "response", XmlOrder::Kept),
        },
        (None, body) => body.unwrap_or_default(),
    };
    let mut reply = if body.is_empty() || status == 204 { Reply::empty(status) } else { Reply::new(status, format.content_type(), body) };
    for (name, value) in outcome.headers {
        let Ok(name) = HeaderName::try_from(name) else { continue };
        if NOT_SET.contains(&name.as_str()) || OF_THE_CONNECTION.contains(&name.as_str()) {
            continue;
        }
        if name == header::CONTENT_TYPE {
            reply.content_type = None;
        }
        reply = reply.with(name, value);
    }
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_pattern_that_fits_answers() {
        let class =
            |name: &str, mapping: &str| ClassInfo { name: name.to_owned(), url_mapping: Some(mapping.to_owned()), ..ClassInfo::default() };
        let classes = [class("A", "/a/*"), class("AB", "/a/b/*"), class("B", "/b"), class("Mid", "/a/*/c/*"), class("All", "/*")];
        let found = |path: &str| find(&classes, path).map(|(class, _)| class.name.as_str());
        for (path, name) in [
            ("/a", "A"),
            ("/a/", "A"),
            ("/a/x/y", "A"),
            ("/a/b", "AB"),
            ("/a/b/d", "AB"),
            ("/a/b/c", "Mid"),
            ("/b", "B"),
            ("/b/", "B"),
            ("/b/x", "All"),
            ("/A/x", "All"),
            ("/a/z/c/d", "Mid"),
            ("/", "All"),
        ] {
            assert_eq!(found(path), Some(name), "{path}");
        }
        assert!(find(&classes[..3], "/c").is_none());
        assert!(find(&classes[..3], "/ab").is_none());
    }
}
