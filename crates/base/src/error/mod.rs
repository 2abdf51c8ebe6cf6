//! The one error that clients see. Its code comes from the table in `data/error_codes.tsv`; its bytes are made by the
//! HTTP layer's renderer alone.

mod codes;
mod duplicates;

pub use codes::ErrorCode;
pub use duplicates::{Duplicates, MatchRecord, MatchResult};
use std::fmt;

/// The order in which a JSON error prints its members; it tells which part of the platform raised it, and people
/// compare it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOrder {
    /// `message, errorCode[, fields]`: exceptions of the data layer.
    MessageFirst,
    /// `errorCode, message`: routing and typed inputs.
    CodeFirst,
}

/// A failure that a client can see. Boxed: results stay small.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiError(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    code: ErrorCode,
    message: String,
    fields: Option<Vec<String>>,
    order: KeyOrder,
    status: u16,
    duplicates: Option<Box<Duplicates>>,
}

impl ApiError {
    /// An error without `fields`, in data-layer key order, with the code's default status.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            fields: None,
            order: KeyOrder::MessageFirst,
            status: code.status(),
            duplicates: None,
        }))
    }

    /// An error of the routing family: `errorCode` before `message`.
    pub fn routing(code: ErrorCode, message: impl Into<String>) -> Self {
        let mut e = Self::new(code, message);
        e.0.order = KeyOrder::CodeFirst;
        e
    }

    /// 404 `NOT_FOUND` as unknown resources, objects, versions and rows answer it.
    pub fn not_found() -> Self {
        Self::routing(ErrorCode::NotFound, "The requested resource does not exist")
    }

    /// 400 `REQUIRED_FIELD_MISSING` that names the fields, all of them at once (crud-031).
    pub fn missing_fields(names: &[&str]) -> Self {
        let text = format!("Required fields are missing: [{}]", names.join(", "));
        Self::new(ErrorCode::RequiredFieldMissing, text).with_fields(names.iter().copied())
    }

    /// With a `fields` member; an empty list is printed as `[]`.
    pub fn with_fields<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.0.fields = Some(fields.into_iter().map(Into::into).collect());
        self
    }

    /// With another HTTP status than the code's default.
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = status;
        self
    }

    /// With what a duplicate rule found.
    pub fn with_duplicates(mut self, found: Duplicates) -> Self {
        self.0.duplicates = Some(Box::new(found));
        self
    }

    /// What a duplicate rule found, where that is what the error is about.
    pub fn duplicates(&self) -> Option<&Duplicates> {
        self.0.duplicates.as_deref()
    }

    /// The error's code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The message, as clients read it.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The fields concerned; `None` where the member is left out.
    pub fn fields(&self) -> Option<&[String]> {
        self.0.fields.as_deref()
    }

    /// The member order of the JSON form.
    pub fn order(&self) -> KeyOrder {
        self.0.order
    }

    /// The HTTP status of an answer that consists of this error.
    pub fn status(&self) -> u16 {
        self.0.status
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (status {}, fields {:?})", self.0.code.as_str(), self.0.message, self.0.status, self.0.fields)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.message)
    }
}

impl std::error::Error for ApiError {}
