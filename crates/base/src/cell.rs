//! The canonical cell: what a store holds and hands back, equal on every store.
//!
//! Booleans are 0/1, whole numbers themselves, exact numbers their value times 10^scale, dates, date-times and times
//! their canonical text (see [`crate::time`]), ids 18 characters, bytes themselves, everything else text.

/// A borrowed cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// NULL.
    Null,
    /// Boolean, whole number or scaled exact number.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

/// An owned cell; also a statement's parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedCell {
    /// NULL.
    Null,
    /// Boolean, whole number or scaled exact number.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl OwnedCell {
    /// A view of it.
    pub fn as_cell(&self) -> Cell<'_> {
        match self {
            OwnedCell::Null => Cell::Null,
            OwnedCell::Int(n) => Cell::Int(*n),
            OwnedCell::Text(t) => Cell::Text(t),
            OwnedCell::Blob(b) => Cell::Blob(b),
        }
    }
}

impl<'a> Cell<'a> {
    /// A copy that owns its bytes.
    pub fn to_owned(self) -> OwnedCell {
        match self {
            Cell::Null => OwnedCell::Null,
            Cell::Int(n) => OwnedCell::Int(n),
            Cell::Text(t) => OwnedCell::Text(t.to_owned()),
            Cell::Blob(b) => OwnedCell::Blob(b.to_vec()),
        }
    }

    /// The text of a text cell.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Cell::Text(t) => Some(t),
            _ => None,
        }
    }

    /// The number of an integer cell.
    pub fn int(self) -> Option<i64> {
        match self {
            Cell::Int(n) => Some(n),
            _ => None,
        }
    }
}
