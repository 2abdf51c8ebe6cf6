//! What goes over the wire: request bodies read into one tree, answers written by one set of events, in JSON and XML.

pub mod escape;
pub mod json;
pub mod node;
pub mod number;
pub mod out;
pub mod tree;
pub mod xml;

mod format;
#[cfg(test)]
pub(crate) mod mutations;

pub use format::Format;
pub use json::Document;
pub use node::{Node, NodeValue, Position};
pub use out::{RecordUrl, Writer};
pub use tree::{Doc, XmlOrder};

/// The largest request body that the parsers read, in bytes.
pub const MAX_BODY: usize = 50 * 1024 * 1024;

/// The deepest nesting of arrays, objects and elements that the parsers follow.
pub const MAX_DEPTH: usize = 100;

/// The most values (members, items, elements, attributes) that one request body may have. It bounds the memory that a
/// body of [`MAX_BODY`] bytes can make the tree take.
pub const MAX_NODES: usize = 1_000_000;

/// What a body's absence is answered with (crud-001).
const NO_BODY: &str = "The HTTP entity body is required, but this request has no entity body.";

/// The refusal of a body over [`MAX_BODY`]; the text is ours (no recording exists).
fn too_large() -> orglet_base::ApiError {
    orglet_base::ApiError::new(
        orglet_base::ErrorCode::ExceededMaxSizeRequest,
        format!("Request body is larger than the allowed {MAX_BODY} bytes"),
    )
}
