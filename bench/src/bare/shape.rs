//! How a row becomes JSON: worked out once, with the keys as bytes, so that a row costs little more than its cells.

use std::io;

use orglet_base::DateTime;
use orglet_plan::{Node, OutKind, ParentKind};
use orglet_schema::CellKind;

/// A value of a row, whatever the database.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    /// A whole number, a number times a power of ten, or a flag.
    Int(i64),
    Text(&'a [u8]),
    /// A time, in milliseconds since 1970.
    Moment(i64),
}

/// A row.
pub(super) trait Cells {
    fn cell(&self, column: usize) -> Cell<'_>;
}

/// A record or a row of an aggregate.
pub(super) struct Shape {
    head: Vec<u8>,
    /// The column whose text follows the head, and what follows that.
    id: Option<(usize, &'static [u8])>,
    parts: Vec<Part>,
}

/// A member with its comma and its key.
struct Part {
    key: Vec<u8>,
    value: Kind,
}

enum Kind {
    Cell(usize, CellKind),
    /// An object made of columns; null where all are.
    Address(Vec<(Vec<u8>, usize, CellKind)>),
    /// Null where this column is.
    Parent(usize, Shape),
}

impl Shape {
    /// A record of an object: column 0 is its id.
    pub(super) fn record(root: &str, object: &str, nodes: &[Node]) -> io::Result<Shape> {
        Shape::with_id(root, object, 0, nodes)
    }

    /// A row of an aggregate.
    pub(super) fn aggregate(nodes: &[Node]) -> io::Result<Shape> {
        Ok(Shape { head: b"{\"attributes\":{\"type\":\"AggregateResult\"}".to_vec(), id: None, parts: parts("", nodes)? })
    }

    fn with_id(root: &str, object: &str, id: usize, nodes: &[Node]) -> io::Result<Shape> {
        let head = format!("{{\"attributes\":{{\"type\":\"{object}\",\"url\":\"{root}/sobjects/{object}/");
        Ok(Shape { head: head.into_bytes(), id: Some((id, b"\"}")), parts: parts(root, nodes)? })
    }

    /// Writes a row.
    pub(super) fn write(&self, out: &mut Vec<u8>, row: &impl Cells) {
        out.extend_from_slice(&self.head);
        if let Some((column, tail)) = self.id {
            if let Cell::Text(id) = row.cell(column) {
                out.extend_from_slice(id);
            }
            out.extend_from_slice(tail);
        }
        for part in &self.parts {
            out.extend_from_slice(&part.key);
            match &part.value {
                Kind::Cell(column, kind) => cell(out, *kind, row.cell(*column)),
                Kind::Address(parts) => address(out, parts, row),
                Kind::Parent(id, _) if row.cell(*id) == Cell::Null => out.extend_from_slice(b"null"),
                Kind::Parent(_, shape) => shape.write(out, row),
            }
        }
        out.push(b'}');
    }
}

fn parts(root: &str, nodes: &[Node]) -> io::Result<Vec<Part>> {
    nodes.iter().map(|node| Ok(Part { key: format!(",\"{}\":", node.name()).into_bytes(), value: kind(root, node)? })).collect()
}

fn kind(root: &str, node: &Node) -> io::Result<Kind> {
    match node {
        Node::Value { column, kind: OutKind::Cell(kind), .. } if !matches!(kind, CellKind::Blob | CellKind::Compound) => {
            Ok(Kind::Cell(*column, *kind))
        }
        Node::Address { parts, .. } => {
            let comma = |at| if at == 0 { "" } else { "," };
            let parts = parts.iter().enumerate().map(|(at, (key, column, kind))| {
                let key = format!("{}\"{key}\":", comma(at)).into_bytes();
                (key, *column, *kind)
            });
            Ok(Kind::Address(parts.collect()))
        }
        Node::Parent { object: ParentKind::Fixed(object), id_column, nodes, .. } => {
            Ok(Kind::Parent(*id_column, Shape::with_id(root, &object.name, *id_column, nodes)?))
        }
        other => Err(io::Error::other(format!("{}: the bare program shows no such part", other.name()))),
    }
}

fn address(out: &mut Vec<u8>, parts: &[(Vec<u8>, usize, CellKind)], row: &impl Cells) {
    let start = out.len();
    out.push(b'{');
    let mut any = false;
    for (key, column, kind) in parts {
        let value = row.cell(*column);
        any |= value != Cell::Null;
        out.extend_from_slice(key);
        cell(out, *kind, value);
    }
    if any {
        out.push(b'}');
    } else {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

fn cell(out: &mut Vec<u8>, kind: CellKind, value: Cell<'_>) {
    match (kind, value) {
        (CellKind::Bool, Cell::Int(number)) => out.extend_from_slice(if number == 0 { b"false" } else { b"true" }),
        (CellKind::Decimal(scale), Cell::Int(number)) => double(out, number as f64 / 10f64.powi(i32::from(scale))),
        (_, Cell::Int(number)) => put(out, &number),
        (CellKind::DateTime, Cell::Text(text)) => moment(out, text),
        (_, Cell::Text(text)) => put(out, &std::str::from_utf8(text).unwrap_or_default()),
        (_, Cell::Moment(time)) => moment(out, DateTime(time).to_canonical().as_bytes()),
        (_, Cell::Null) => out.extend_from_slice(b"null"),
    }
}

fn moment(out: &mut Vec<u8>, canonical: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(canonical.strip_suffix(b"Z").unwrap_or(canonical));
    out.extend_from_slice(b"+0000\"");
}

/// A double as Java writes it: with an exponent from ten million up.
fn double(out: &mut Vec<u8>, number: f64) {
    if number.abs() < 1e7 {
        return put(out, &number);
    }
    let text = format!("{number:E}");
    let (digits, power) = text.split_once('E').unwrap_or((&text, "0"));
    let point = if digits.contains('.') { "" } else { ".0" };
    out.extend_from_slice(format!("{digits}{point}E{power}").as_bytes());
}

fn put<T: serde::Serialize>(out: &mut Vec<u8>, value: &T) {
    // Numbers and texts cannot fail to be written into memory.
    let _ = serde_json::to_writer(out, value);
}

#[cfg(test)]
mod tests {
    use super::double;

    #[test]
    fn doubles_are_written_as_java_writes_them() {
        for (number, text) in [(0.0, "0.0"), (1_234_567.0, "1234567.0"), (12_345_678.0, "1.2345678E7"), (1e9, "1.0E9"), (0.05, "0.05")] {
            let mut out = Vec::new();
            double(&mut out, number);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
