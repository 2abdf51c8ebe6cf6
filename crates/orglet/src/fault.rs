//! Answers that the shell gives by itself, before or instead of the application.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use orglet_base::{ApiError, KeyOrder};

/// The form of a platform error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Json,
    Xml,
}

impl Form {
    /// XML where it stands before JSON in `Accept`.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let accept = headers.get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let mut ranges = accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
        let known = ranges.find_map(|range| match range {
            "application/xml" | "text/xml" => Some(Self::Xml),
            "application/json" | "*/*" | "application/*" => Some(Self::Json),
            _ => None,
        });
        known.unwrap_or(Self::Json)
    }
}

/// A platform error as the array of one that REST clients parse, or its XML.
pub(crate) fn api(error: &ApiError, status: StatusCode, form: Form) -> Response<Bytes> {
    let (code, message) = (error.code().as_str(), error.message());
    if form == Form::Xml {
        let (code, message) = (escape_xml(code), escape_xml(message));
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Errors><Error><errorCode>{code}</errorCode><message>{message}</message></Error></Errors>"
        );
        return answer(status, "application/xml;charset=UTF-8", body);
    }
    let (code, message) = (serde_json::Value::from(code), serde_json::Value::from(message));
    let body = match error.order() {
        KeyOrder::MessageFirst => format!(r#"[{{"message":{message},"errorCode":{code}}}]"#),
        KeyOrder::CodeFirst => format!(r#"[{{"errorCode":{code},"message":{message}}}]"#),
    };
    answer(status, "application/json;charset=UTF-8", body)
}

/// A request that the platform's web server refuses before any API sees it: its HTML.
pub(crate) fn bad_message(status: StatusCode, reason: &str) -> Response<Bytes> {
    let body = format!("<h1>Bad Message {}</h1><pre>reason: {reason}</pre>", status.as_u16());
    answer(status, "text/html;charset=iso-8859-1", body)
}

/// A plain text answer, for people and probes.
pub(crate) fn text(status: StatusCode, body: impl Into<String>) -> Response<Bytes> {
    answer(status, "text/plain;charset=UTF-8", body.into())
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_follows_accept() {
        let form = |accept: &'static str| Form::of(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]));
        assert_eq!(Form::of(&HeaderMap::new()), Form::Json);
        assert_eq!(form("application/xml"), Form::Xml);
        assert_eq!(form("text/html, application/xml;q=0.9, */*;q=0.8"), Form::Xml);
        assert_eq!(form("application/json, application/xml"), Form::Json);
        assert_eq!(form("nonsense"), Form::Json);
    }
}
