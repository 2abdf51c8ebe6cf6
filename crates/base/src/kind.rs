//! How the cells of a field look: the one place that turns values into cells and back.

use crate::{Cell, DateTime, Id, OwnedCell, Time, Value, time as clock};
use rust_decimal::Decimal;

/// How stored cells of a field look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellKind {
    /// Text, as it is.
    Text,
    /// An 18-character id.
    Id,
    /// 0 or 1.
    Bool,
    /// A whole number.
    Int,
    /// A number times 10^scale.
    Decimal(u8),
    /// `yyyy-MM-dd`.
    Date,
    /// `yyyy-MM-ddTHH:mm:ss.SSSZ`.
    DateTime,
    /// `HH:mm:ss.SSSZ`.
    Time,
    /// Bytes; answers show an address in their stead.
    Blob,
    /// No cell of its own.
    Compound,
}

impl CellKind {
    /// A value as a cell. A value of another kind than the cell's becomes NULL; the save never lets one come so far.
    pub fn to_cell(self, value: &Value) -> OwnedCell {
        match (self, value) {
            (_, Value::Null) => OwnedCell::Null,
            (_, Value::Text(t)) => OwnedCell::Text(t.clone()),
            (_, Value::Id(id)) => OwnedCell::Text(id.to_string()),
            (_, Value::Bool(b)) => OwnedCell::Int(i64::from(*b)),
            (CellKind::Decimal(scale), Value::Decimal(d)) => scaled(*d, scale).map_or(OwnedCell::Null, OwnedCell::Int),
            (CellKind::Decimal(scale), Value::Int(n)) => scaled(Decimal::from(*n), scale).map_or(OwnedCell::Null, OwnedCell::Int),
            (_, Value::Int(n)) => OwnedCell::Int(*n),
            (_, Value::Decimal(d)) => scaled(*d, 0).map_or(OwnedCell::Null, OwnedCell::Int),
            (_, Value::Date(d)) => OwnedCell::Text(clock::date_text(*d)),
            (_, Value::DateTime(t)) => OwnedCell::Text(t.to_canonical()),
            (_, Value::Time(t)) => OwnedCell::Text(t.to_canonical()),
            (_, Value::Blob(b)) => OwnedCell::Blob(b.clone()),
        }
    }

    /// A cell as a value. A cell that does not fit its kind (a damaged file) reads as [`Value::Null`].
    pub fn to_value(self, cell: Cell<'_>) -> Value {
        let text = cell.text();
        match (self, cell) {
            (_, Cell::Null) | (CellKind::Compound, _) => Value::Null,
            (CellKind::Bool, Cell::Int(n)) => Value::Bool(n != 0),
            (CellKind::Int, Cell::Int(n)) => Value::Int(n),
            (CellKind::Decimal(scale), Cell::Int(n)) => Value::Decimal(Decimal::new(n, u32::from(scale))),
            (CellKind::Blob, Cell::Blob(b)) => Value::Blob(b.to_vec()),
            (CellKind::Text, Cell::Text(t)) => Value::Text(t.to_owned()),
            (CellKind::Id, _) => text.and_then(|t| Id::parse(t).ok()).map_or(Value::Null, Value::Id),
            (CellKind::Date, _) => text.and_then(clock::parse_date).map_or(Value::Null, Value::Date),
            (CellKind::DateTime, _) => text.and_then(DateTime::parse).map_or(Value::Null, Value::DateTime),
            (CellKind::Time, _) => text.and_then(Time::parse).map_or(Value::Null, Value::Time),
            _ => Value::Null,
        }
    }
}

/// A number times 10^scale, rounded half away from zero; `None` outside 64 bits.
pub fn scaled(number: Decimal, scale: u8) -> Option<i64> {
    let mut d = number.round_dp_with_strategy(u32::from(scale), rust_decimal::RoundingStrategy::MidpointAwayFromZero);
    d.rescale(u32::from(scale));
    if d.scale() != u32::from(scale) {
        return None;
    }
    i64::try_from(d.mantissa()).ok()
}
