//! Cells as PostgreSQL's values and back: the one place that does so.
//!
//! What comes back tells its kind by its type. A `numeric` of a column has as many decimals as the column, so that it
//! is the scaled number of the cell; a sum or a least one of such numbers keeps them.

use crate::{Row, StoreError};
use bytes::{BufMut, BytesMut};
use orglet_base::{Cell, CellKind, Date, DateTime, OwnedCell, Param, Time, time};
use std::error::Error;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};

/// Days and milliseconds from 1970 to 2000, where PostgreSQL counts from.
const EPOCH_DAYS: i64 = 10_957;
const EPOCH_MS: i64 = EPOCH_DAYS * 86_400_000;

type Fault = Box<dyn Error + Sync + Send>;

/// The type that a parameter is sent as.
pub(super) fn type_of(param: &Param) -> Type {
    match param {
        Param::Cell(OwnedCell::Int(_)) => Type::INT8,
        Param::Cell(OwnedCell::Blob(_)) => Type::BYTEA,
        Param::Cell(_) | Param::Json(_) | Param::Virtual(_) => Type::TEXT,
        Param::Texts(_) => Type::TEXT_ARRAY,
        Param::Of(kind, _) => match kind {
            CellKind::Bool => Type::BOOL,
            CellKind::Int => Type::INT8,
            CellKind::Decimal(_) => Type::NUMERIC,
            CellKind::Date => Type::DATE,
            CellKind::DateTime => Type::TIMESTAMPTZ,
            CellKind::Time => Type::TIME,
            CellKind::Blob => Type::BYTEA,
            CellKind::Text | CellKind::Id | CellKind::Compound => Type::TEXT,
        },
        Param::List(kind, _) => match kind {
            CellKind::Bool => Type::BOOL_ARRAY,
            CellKind::Int => Type::INT8_ARRAY,
            CellKind::Decimal(_) => Type::NUMERIC_ARRAY,
            CellKind::Date => Type::DATE_ARRAY,
            CellKind::DateTime => Type::TIMESTAMPTZ_ARRAY,
            CellKind::Time => Type::TIME_ARRAY,
            CellKind::Blob => Type::BYTEA_ARRAY,
            CellKind::Text | CellKind::Id | CellKind::Compound => Type::TEXT_ARRAY,
        },
    }
}

/// A parameter as PostgreSQL takes it: numbers with decimals, dates, times and lists of them as text, the rest as the
/// bytes that they are.
#[derive(Debug)]
pub(super) struct Bound<'a>(pub(super) &'a Param);

impl ToSql for Bound<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        match self.0 {
            Param::Cell(cell) => put(CellKind::Text, cell, out),
            Param::Of(kind, cell) => put(*kind, cell, out),
            Param::Texts(list) => list.to_sql(ty, out),
            Param::Json(text) => text.to_sql(ty, out),
            Param::List(kind, list) => {
                put_list(*kind, list, out);
                Ok(IsNull::No)
            }
            Param::Virtual(_) => Err("rows of a virtual object are missing".into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        match self.0 {
            Param::Of(CellKind::Decimal(_) | CellKind::Date | CellKind::DateTime | CellKind::Time, _) | Param::List(..) => Format::Text,
            _ => Format::Binary,
        }
    }

    to_sql_checked!();
}

fn put(kind: CellKind, cell: &OwnedCell, out: &mut BytesMut) -> Result<IsNull, Fault> {
    match (kind, cell) {
        (_, OwnedCell::Null) => return Ok(IsNull::Yes),
        (CellKind::Bool, OwnedCell::Int(n)) => out.put_u8(u8::from(*n != 0)),
        (CellKind::Decimal(scale), OwnedCell::Int(n)) => out.put_slice(decimal(*n, scale).as_bytes()),
        (_, OwnedCell::Int(n)) => out.put_i64(*n),
        (_, OwnedCell::Text(text)) => out.put_slice(text.as_bytes()),
        (_, OwnedCell::Blob(bytes)) => out.put_slice(bytes),
    }
    Ok(IsNull::No)
}

/// An array's text. What is in it needs no quoting but texts and bytes, which get it.
fn put_list(kind: CellKind, list: &[OwnedCell], out: &mut BytesMut) {
    out.put_u8(b'{');
    for (i, cell) in list.iter().enumerate() {
        if i > 0 {
            out.put_u8(b',');
        }
        match (kind, cell) {
            (CellKind::Bool, OwnedCell::Int(n)) => out.put_u8(if *n != 0 { b't' } else { b'f' }),
            (CellKind::Decimal(scale), OwnedCell::Int(n)) => out.put_slice(decimal(*n, scale).as_bytes()),
            (_, OwnedCell::Int(n)) => out.put_slice(n.to_string().as_bytes()),
            (_, OwnedCell::Text(text)) => {
                out.put_u8(b'"');
                for byte in text.bytes() {
                    if matches!(byte, b'"' | b'\\') {
                        out.put_u8(b'\\');
                    }
                    out.put_u8(byte);
                }
                out.put_u8(b'"');
            }
            (_, OwnedCell::Blob(bytes)) => {
                out.put_slice(b"\"\\\\x");
                bytes.iter().for_each(|byte| out.put_slice(format!("{byte:02x}").as_bytes()));
                out.put_u8(b'"');
            }
            (_, OwnedCell::Null) => out.put_slice(b"NULL"),
        }
    }
    out.put_u8(b'}');
}

/// A number times 10^-scale, as text.
fn decimal(n: i64, scale: u8) -> String {
    let scale = usize::from(scale);
    if scale == 0 {
        return n.to_string();
    }
    let digits = format!("{:0>width$}", n.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if n < 0 { "-" } else { "" };
    format!("{sign}{whole}.{fraction}")
}

/// The bytes of a value, whatever its type.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Fault> {
        Ok(Raw(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A cell of a row: in the row's own bytes, or as text made of them.
enum Slot<'a> {
    Cell(Cell<'a>),
    /// Where it is in the row's `texts`.
    Text(usize, usize),
}

/// A row, decoded.
pub(super) struct Decoded<'a> {
    slots: Vec<Slot<'a>>,
    texts: String,
}

impl<'a> Decoded<'a> {
    pub(super) fn of(row: &'a tokio_postgres::Row) -> Result<Self, StoreError> {
        let mut decoded = Self { slots: Vec::with_capacity(row.len()), texts: String::new() };
        for (i, column) in row.columns().iter().enumerate() {
            let raw: Option<Raw<'a>> = row.try_get(i).map_err(|e| StoreError::Other(e.to_string()))?;
            let slot = match raw {
                None => Slot::Cell(Cell::Null),
                Some(Raw(bytes)) => decoded.slot(column.type_(), bytes).ok_or_else(|| unread(column.name(), column.type_()))?,
            };
            decoded.slots.push(slot);
        }
        Ok(decoded)
    }

    fn slot(&mut self, ty: &Type, raw: &'a [u8]) -> Option<Slot<'a>> {
        let int = |n: i64| Some(Slot::Cell(Cell::Int(n)));
        match *ty {
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::UNKNOWN => Some(Slot::Cell(Cell::Text(std::str::from_utf8(raw).ok()?))),
            Type::BOOL => int(i64::from(*raw.first()? != 0)),
            Type::INT2 => int(i64::from(i16::from_be_bytes(raw.try_into().ok()?))),
            Type::INT4 => int(i64::from(i32::from_be_bytes(raw.try_into().ok()?))),
            Type::INT8 => int(i64::from_be_bytes(raw.try_into().ok()?)),
            Type::NUMERIC => int(unscaled(raw)?),
            Type::BYTEA => Some(Slot::Cell(Cell::Blob(raw))),
            Type::DATE => {
                let days = i64::from(i32::from_be_bytes(raw.try_into().ok()?));
                let (date, _): (Date, u32) = DateTime((days + EPOCH_DAYS).checked_mul(86_400_000)?).split();
                Some(self.text(&time::date_text(date)))
            }
            Type::TIMESTAMPTZ => {
                let micros = i64::from_be_bytes(raw.try_into().ok()?);
                Some(self.text(&DateTime(micros.div_euclid(1000).checked_add(EPOCH_MS)?).to_canonical()))
            }
            Type::TIME => {
                let micros = i64::from_be_bytes(raw.try_into().ok()?);
                Some(self.text(&Time(u32::try_from(micros / 1000).ok()?).to_canonical()))
            }
            _ => None,
        }
    }

    fn text(&mut self, text: &str) -> Slot<'a> {
        let start = self.texts.len();
        self.texts.push_str(text);
        Slot::Text(start, self.texts.len())
    }
}

fn unread(column: &str, ty: &Type) -> StoreError {
    StoreError::Other(format!("the column {column} of the type {ty} holds what no cell can"))
}

impl Row for Decoded<'_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        match self.slots.get(column) {
            Some(Slot::Cell(cell)) => *cell,
            Some(Slot::Text(start, end)) => Cell::Text(&self.texts[*start..*end]),
            None => Cell::Null,
        }
    }

    fn columns(&self) -> usize {
        self.slots.len()
    }
}

/// A `numeric` times 10^(its decimals): groups of four digits, the place of the first group, a sign, and how many
/// decimals are shown. `None` for what is no number or does not fit.
fn unscaled(raw: &[u8]) -> Option<i64> {
    let word = |at: usize| Some(i16::from_be_bytes([*raw.get(at)?, *raw.get(at + 1)?]));
    let (groups, weight, sign, scale) = (word(0)?, i32::from(word(2)?), word(4)? as u16, i32::from(word(6)?));
    let mut n: i128 = 0;
    for i in 0..groups {
        // The group's last digit stands for 10^(4 * place).
        let place = weight - i32::from(i);
        let digits = i128::from(word(8 + 2 * usize::try_from(i).ok()?)?);
        let exponent = 4 * place + scale;
        n += match u32::try_from(exponent) {
            Ok(e) => digits.checked_mul(10i128.checked_pow(e)?)?,
            // What is past the shown decimals is zeros that fill the last group.
            Err(_) => digits / 10i128.checked_pow(exponent.unsigned_abs())?,
        };
    }
    match sign {
        0 => i64::try_from(n).ok(),
        0x4000 => i64::try_from(-n).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(words: &[i16]) -> Vec<u8> {
        words.iter().flat_map(|w| w.to_be_bytes()).collect()
    }

    #[test]
    fn numerics_become_scaled_numbers() {
        // 12.50, -0.05, 0.00, 123456.7, 10000
        assert_eq!(unscaled(&numeric(&[2, 0, 0, 2, 12, 5000])), Some(1250));
        assert_eq!(unscaled(&numeric(&[1, -1, 0x4000, 2, 500])), Some(-5));
        assert_eq!(unscaled(&numeric(&[0, 0, 0, 2])), Some(0));
        assert_eq!(unscaled(&numeric(&[3, 1, 0, 1, 12, 3456, 7000])), Some(1_234_567));
        assert_eq!(unscaled(&numeric(&[1, 1, 0, 0, 1])), Some(10_000));
        assert_eq!(unscaled(&numeric(&[5, 4, 0, 0, 922, 3372, 368, 5477, 5807])), Some(9_223_372_036_854_775_807));
        assert_eq!(unscaled(&numeric(&[5, 4, 0, 0, 922, 3372, 368, 5477, 5808])), None);
        // NaN
        assert_eq!(unscaled(&numeric(&[0, 0, 0xc000u16 as i16, 0])), None);
    }

    #[test]
    fn lists_become_the_text_of_arrays() {
        let list = |kind, cells: &[OwnedCell]| {
            let mut out = BytesMut::new();
            put_list(kind, cells, &mut out);
            String::from_utf8(out.to_vec()).unwrap()
        };
        let text = |t: &str| OwnedCell::Text(t.to_owned());
        assert_eq!(list(CellKind::Text, &[text("a\"b\\"), OwnedCell::Null, text("NULL")]), "{\"a\\\"b\\\\\",NULL,\"NULL\"}");
        assert_eq!(list(CellKind::Blob, &[OwnedCell::Blob(vec![0, 255]), OwnedCell::Blob(vec![])]), "{\"\\\\x00ff\",\"\\\\x\"}");
        assert_eq!(list(CellKind::Decimal(2), &[OwnedCell::Int(-5), OwnedCell::Null]), "{-0.05,NULL}");
        assert_eq!(list(CellKind::Bool, &[OwnedCell::Int(1)]), "{t}");
    }

    #[test]
    fn scaled_numbers_become_decimals() {
        assert_eq!(decimal(1250, 2), "12.50");
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(7, 0), "7");
    }
}
