//! Answers that the shell gives by itself, before or instead of the application.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use orglet_base::ApiError;
use orglet_http::codec::Format;

/// The form of a platform error: what `Accept` asks for, JSON where it asks for neither.
pub(crate) fn form_of(headers: &HeaderMap) -> Format {
    Format::from_accept(headers.get(ACCEPT).and_then(|v| v.to_str().ok())).unwrap_or(Format::Json)
}

/// A platform error, as the application itself would answer it.
pub(crate) fn api(error: &ApiError, status: StatusCode, form: Format) -> Response<Bytes> {
    let (_, content_type, body) = orglet_http::error::render(std::slice::from_ref(error), form, false);
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
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
