//! Functions over one row: date functions, DISTANCE, toLabel, FORMAT, convertCurrency.

use super::Binder;
use super::path::{Base, Found, Scope};
use crate::emit::{DatePart, Sql};
use crate::shape::coordinates;
use orglet_base::{ApiError, days};
use orglet_schema::{CellKind, FieldType};
use orglet_syntax::ast::{Arg, Call, Expr, Literal, Path};

/// An aggregate function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    Avg,
    Count,
    CountDistinct,
    Min,
    Max,
    Sum,
}

impl Aggregate {
    /// By its name, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "AVG" => Aggregate::Avg,
            "COUNT" => Aggregate::Count,
            "COUNT_DISTINCT" => Aggregate::CountDistinct,
            "MIN" => Aggregate::Min,
            "MAX" => Aggregate::Max,
            "SUM" => Aggregate::Sum,
            _ => return None,
        })
    }

    /// As messages print it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Aggregate::Avg => "AVG",
            Aggregate::Count => "COUNT",
            Aggregate::CountDistinct => "COUNT_DISTINCT",
            Aggregate::Min => "MIN",
            Aggregate::Max => "MAX",
            Aggregate::Sum => "SUM",
        }
    }
}

/// A date function bound to its field.
pub(super) struct DateCall {
    pub part: DatePart,
    pub found: Found,
    /// The field's value, moved to the user's zone by convertTimezone.
    pub value: Sql,
}

impl DateCall {
    /// What the function answers.
    pub(super) fn kind(&self) -> (CellKind, FieldType) {
        match self.part {
            DatePart::DayOnly => (CellKind::Date, FieldType::Date),
            _ => (CellKind::Int, FieldType::Int),
        }
    }
}

const NESTED: &str = "nested functional syntax can only be used in the following manner: date_function(convertTimezone(columnName))";

impl Binder<'_> {
    /// The one path that a function takes.
    pub(super) fn only_path<'c>(&self, call: &'c Call) -> Result<&'c Path, ApiError> {
        match call.args.as_slice() {
            [Arg::Expr(Expr::Path(path))] => Ok(path),
            [Arg::Expr(Expr::Call(_))] => Err(self.cx.malformed(call.span, NESTED)),
            _ => Err(self.cx.malformed(call.span, format!("function '{}' takes one field", call.name.text))),
        }
    }

    /// A date function; `None` if the call is none.
    pub(super) fn date_call(&mut self, scope: &mut Scope, call: &Call) -> Result<Option<DateCall>, ApiError> {
        if call.name.text.eq_ignore_ascii_case("convertTimezone") {
            return Err(self.cx.malformed(call.span, NESTED));
        }
        let Some(part) = DatePart::named(&call.name.text) else { return Ok(None) };
        let (path, shifted) = match call.args.as_slice() {
            [Arg::Expr(Expr::Call(inner))] if inner.name.text.eq_ignore_ascii_case("convertTimezone") => (self.only_path(inner)?, true),
            _ => (self.only_path(call)?, false),
        };
        let found = self.resolve(scope, path)?;
        let fits = match found.kind {
            CellKind::DateTime => true,
            CellKind::Date => !part.needs_time() && !shifted,
            _ => false,
        };
        if !fits {
            let text = format!("field {} does not support function {}", found.name, call.name.text.to_ascii_uppercase());
            return Err(self.cx.malformed(call.span, text));
        }
        let value = if shifted {
            let (spans, before) = days::offsets(self.cx.time_zone, self.now());
            self.emit.shifted(&found.sql, &spans, before)
        } else {
            found.sql.clone()
        };
        Ok(Some(DateCall { part, found, value }))
    }

    /// DISTANCE: a number.
    pub(super) fn distance(&mut self, scope: &mut Scope, call: &Call) -> Result<Sql, ApiError> {
        let wrong = |binder: &Self| {
            let text = "DISTANCE takes a geolocation field, GEOLOCATION(latitude, longitude) and the unit 'mi' or 'km'";
            binder.cx.malformed(call.span, text)
        };
        let [Arg::Expr(Expr::Path(path)), Arg::Expr(Expr::Call(place)), Arg::Literal(Literal::String { text: unit, .. }, _)] =
            call.args.as_slice()
        else {
            return Err(wrong(self));
        };
        let unit = match unit.to_ascii_lowercase().as_str() {
            "mi" => "mi",
            "km" => "km",
            _ => return Err(wrong(self)),
        };
        let [Arg::Literal(Literal::Number(latitude), _), Arg::Literal(Literal::Number(longitude), _)] = place.args.as_slice() else {
            return Err(wrong(self));
        };
        if !place.name.text.eq_ignore_ascii_case("GEOLOCATION") || !in_degrees(latitude, 90.0) || !in_degrees(longitude, 180.0) {
            return Err(wrong(self));
        }
        let found = self.resolve(scope, path)?;
        let (Some((object, index)), Base::Table(table, _)) = (&found.field, &found.base) else { return Err(wrong(self)) };
        let compound = &object.fields()[*index];
        let halves = if compound.ty.is_compound() { coordinates(object, compound) } else { None };
        let Some((lat, lon)) = halves else { return Err(wrong(self)) };
        let scale = |kind| if let CellKind::Decimal(scale) = kind { scale } else { 0 };
        let (a, b) = (scope.column(*table, &lat.name), scope.column(*table, &lon.name));
        Ok(self.emit.distance((&a, scale(lat.cell_kind())), (&b, scale(lon.cell_kind())), (latitude, longitude), unit))
    }
}

fn in_degrees(text: &str, most: f64) -> bool {
    text.parse::<f64>().is_ok_and(|d| d.abs() <= most)
}
