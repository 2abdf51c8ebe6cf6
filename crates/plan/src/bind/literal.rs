//! Literals against the type of what they are compared with.

use super::compare::Operand;
use super::{Binder, type_word};
use crate::compat;
use orglet_base::days::{self, NoRange};
use orglet_base::{ApiError, DateTime, ErrorCode, Id, OwnedCell, Time, time};
use orglet_schema::{CellKind, FieldType};
use orglet_syntax::ast::{Literal, Span};
use rust_decimal::Decimal;
use std::str::FromStr;

/// What a literal stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    /// NULL, or an empty string.
    Null,
    /// A cell.
    Cell(OwnedCell),
    /// A number, to be compared with a number of any scale.
    Number(Number),
    /// From the first cell up to, not including, the second.
    Range(OwnedCell, OwnedCell),
}

/// A number of any size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// This one.
    Exact(Decimal),
    /// Above every number that a field can hold.
    Huge,
    /// Below every one.
    Tiny,
}

/// Where a number stands among whole numbers of units 10^-scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scaled {
    /// It is one.
    On(i64),
    /// Between this one and the next.
    Above(i64),
    /// Above all.
    Huge,
    /// Below all.
    Tiny,
}

/// The most characters of a text in a filter (4,000 per string of a WHERE).
const MAX_TEXT: usize = 4000;

impl Number {
    /// Reads a literal.
    pub(super) fn read(text: &str) -> Self {
        match Decimal::from_str(text) {
            Ok(d) => Number::Exact(d),
            Err(_) if text.starts_with('-') => Number::Tiny,
            Err(_) => Number::Huge,
        }
    }

    /// The number in units of 10^-scale.
    pub(super) fn scaled(self, scale: u8) -> Scaled {
        let d = match self {
            Number::Huge => return Scaled::Huge,
            Number::Tiny => return Scaled::Tiny,
            Number::Exact(d) => d,
        };
        let beyond = if d.is_sign_negative() { Scaled::Tiny } else { Scaled::Huge };
        let whole = d.floor();
        let unit = Decimal::from(10u64.pow(u32::from(scale.min(18))));
        // Whole part and fraction apart: their product keeps every digit.
        let (Some(high), Some(low)) = (whole.checked_mul(unit), (d - whole).checked_mul(unit)) else { return beyond };
        let below = low.floor();
        let Some(sum) = high.checked_add(below) else { return beyond };
        let Ok(n) = i64::try_from(sum.mantissa() / 10i128.pow(sum.scale())) else { return beyond };
        if low == below { Scaled::On(n) } else { Scaled::Above(n) }
    }
}

impl Binder<'_> {
    /// What a literal stands for, given what it is compared with.
    pub(super) fn literal(&self, operand: &Operand, literal: &Literal, span: Span) -> Result<Wanted, ApiError> {
        if let Literal::Null = literal {
            return Ok(Wanted::Null);
        }
        if let Literal::Currency(code, number) = literal {
            return Err(self.cx.unexpected(span, &format!("'{code}{number}'")));
        }
        if let Literal::DateLiteral(word, number) = literal {
            return self.date_literal(operand, word, *number, span);
        }
        let cell = |text: String| Wanted::Cell(OwnedCell::Text(text));
        Ok(match (operand.kind, literal) {
            (_, Literal::String { text, .. }) if text.chars().nth(MAX_TEXT).is_some() => {
                return Err(self.cx.malformed(span, format!("A text in a filter can be at most {MAX_TEXT} characters long")));
            }
            (CellKind::Id, Literal::String { text, .. }) => {
                if text.is_empty() {
                    return Ok(Wanted::Null);
                }
                // Keys of virtual objects may be names (`Account`), and references to them go by those.
                let named = operand.field.as_ref().is_some_and(|(object, _)| !object.has_table());
                if named && (operand.ty != FieldType::Id || Id::parse(text).is_err()) {
                    return Ok(cell(text.clone()));
                }
                let Ok(id) = Id::parse(text) else {
                    let text = format!("invalid ID field: {text}");
                    return Err(self.cx.at(ErrorCode::InvalidQueryFilterOperator, operand.span, text));
                };
                cell(id.to_string())
            }
            (CellKind::Text, Literal::String { text, .. }) => {
                if text.is_empty() {
                    return Ok(Wanted::Null);
                }
                cell(if operand.ty == FieldType::MultiPicklist { in_order(operand, text) } else { text.clone() })
            }
            (CellKind::Bool, Literal::Bool(b)) => Wanted::Cell(OwnedCell::Int(i64::from(*b))),
            (CellKind::Int | CellKind::Decimal(_), Literal::Number(text)) => Wanted::Number(Number::read(text)),
            (CellKind::Date, Literal::Date(text)) => match time::parse_date(text) {
                Some(day) => cell(time::date_text(day)),
                None => return Err(self.invalid("date", text, span)),
            },
            (CellKind::DateTime, Literal::DateTime(text)) => match DateTime::parse(text) {
                Some(at) => cell(at.to_canonical()),
                None => return Err(self.invalid("datetime", text, span)),
            },
            (CellKind::Time, Literal::Time(text)) => match Time::parse(text) {
                Some(at) => cell(at.to_canonical()),
                None => return Err(self.invalid("time", text, span)),
            },
            _ => return Err(self.mismatch(operand)),
        })
    }

    fn invalid(&self, what: &str, text: &str, span: Span) -> ApiError {
        self.cx.malformed(span, format!("Invalid {what}: {text}"))
    }

    /// A literal of the wrong type.
    pub(super) fn mismatch(&self, operand: &Operand) -> ApiError {
        let quotes = if matches!(operand.kind, CellKind::Text | CellKind::Id) { "should" } else { "should not" };
        let text = format!(
            "value of filter criterion for field '{}' must be of type {} and {quotes} be enclosed in quotes",
            operand.name,
            type_word(operand.ty)
        );
        self.cx.at(ErrorCode::InvalidField, operand.span, text)
    }

    fn date_literal(&self, operand: &Operand, word: &str, number: Option<u64>, span: Span) -> Result<Wanted, ApiError> {
        let shown = || number.map_or_else(|| word.to_owned(), |n| format!("{word}:{n}"));
        let range = match days::range(word, number, days::today(self.now(), self.cx.time_zone), self.cx.monday_weeks) {
            Ok(range) => range,
            Err(NoRange::OutOfRange) => return Err(self.invalid("date", &shown(), span)),
            Err(NoRange::Unknown) if compat::has_new_parser(self.cx.version) => {
                return Err(self.cx.unexpected(span, &format!("'{}'", shown())));
            }
            Err(NoRange::Unknown) => return Err(self.cx.unexpected(span, &shown())),
        };
        // The result of a date function is not compared with ranges of days.
        if operand.computed {
            return Err(self.mismatch(operand));
        }
        let cell = |day| match operand.kind {
            CellKind::Date => Some(OwnedCell::Text(time::date_text(day))),
            CellKind::DateTime => Some(OwnedCell::Text(days::midnight(day, self.cx.time_zone).to_canonical())),
            _ => None,
        };
        match (cell(range.start), cell(range.end)) {
            (Some(start), Some(end)) => Ok(Wanted::Range(start, end)),
            _ => Err(self.mismatch(operand)),
        }
    }
}

/// The values of a multi-select picklist in the order in which they are stored.
fn in_order(operand: &Operand, text: &str) -> String {
    let Some(field) = operand.field() else { return text.to_owned() };
    let mut values: Vec<(usize, &str)> = text
        .split(';')
        .map(str::trim)
        .filter(|v| !v.is_empty())
        .map(|v| (field.picklist.iter().position(|p| p.value.eq_ignore_ascii_case(v)).unwrap_or(usize::MAX), v))
        .collect();
    values.sort_by_key(|(place, _)| *place);
    values.into_iter().map(|(_, v)| v).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_exactly_among_scaled_ones() {
        for (text, scale, want) in [
            ("12.5", 2, Scaled::On(1250)),
            ("12.345", 2, Scaled::Above(1234)),
            ("-12.345", 2, Scaled::Above(-1235)),
            ("-0.5", 0, Scaled::Above(-1)),
            (".5", 0, Scaled::Above(0)),
            ("9223372036854775807", 0, Scaled::On(i64::MAX)),
            ("9223372036854775808", 0, Scaled::Huge),
            ("123456789012345678", 2, Scaled::Huge),
            ("-99999999999999999999999999999999999", 0, Scaled::Tiny),
            ("1234567890123456.789", 2, Scaled::Above(123456789012345678)),
        ] {
            assert_eq!(Number::read(text).scaled(scale), want, "{text}");
        }
    }
}
