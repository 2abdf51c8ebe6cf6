//! An answer on its way out.

use crate::codec::{Doc, Format, XmlOrder};
use crate::compat;
use crate::error::Rendered;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};

/// Headers that most answers have room for without growing: their own, the common ones, and what the shell adds.
const HEADERS: usize = 12;

/// An answer: status, headers, body.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body's type; `None` for answers without a body.
    pub content_type: Option<&'static str>,
    /// Headers beside the common ones.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, content_type: None, headers: Vec::new(), body: Vec::new() }
    }

    /// An answer with a body.
    pub fn new(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status, content_type: Some(content_type), headers: Vec::new(), body }
    }

    /// An answer of a tree.
    pub fn doc(status: u16, doc: &Doc, format: Format, pretty: bool, root: &str, order: XmlOrder) -> Self {
        Self::new(status, format.content_type(), doc.render(format, pretty, root, order))
    }

    /// With a header; without it where no header can hold the value.
    pub fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        if let Ok(value) = HeaderValue::try_from(value.into()) {
            self.headers.push((name, value));
        }
        self
    }

    /// The answer as it leaves, with the headers that every answer carries.
    pub(crate) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = HeaderMap::with_capacity(HEADERS);
        if let Some(content_type) = self.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        for (name, value) in &compat::COMMON_HEADERS {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        *response.headers_mut() = headers;
        response
    }
}

impl From<Rendered> for Reply {
    fn from((status, content_type, body): Rendered) -> Self {
        Self::new(status, content_type, body)
    }
}
