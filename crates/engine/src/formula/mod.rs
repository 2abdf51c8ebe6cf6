//! Formulas on values. Pure: what a formula may look at comes in with a [`Scope`].
//!
//! What blanks become, how texts, numbers and dates behave, is the platform's: its open engine
//! (github.com/salesforce/formula-engine, the commands' `execute`), but for what real orgs were seen to do otherwise, such as
//! `MOD(x, 0)`, which is x, and `FIND("", x)`, which is 0.

mod dates;
mod numbers;
pub(crate) mod rules;
#[cfg(test)]
mod tests;
mod texts;
pub(crate) mod touch;

use crate::record::Row;
use jiff::tz::TimeZone;
use orglet_base::{Date, DateTime, Time, Value};
use orglet_plan::formula::{Function, Link, Lookup, Node, Op, Over, Place, Reference};
use orglet_schema::{FieldType, Object};
use rust_decimal::Decimal;
use std::cmp::Ordering;

/// Most bytes that a text may have on its way.
const MAX_TEXT: usize = 1 << 20;

/// What a formula looks at.
pub(crate) struct Scope<'a> {
    /// The rows that it may read.
    pub(crate) places: &'a [Place],
    /// The rows themselves, in that order; none where a reference was empty.
    pub(crate) rows: &'a [Option<Row>],
    /// The record as it is; it stands in the first place.
    pub(crate) record: &'a Row,
    /// The record as it was; none for a new one.
    pub(crate) old: Option<&'a Row>,
    /// The time it is.
    pub(crate) now: DateTime,
    /// Where the user is.
    pub(crate) time_zone: &'a TimeZone,
    /// Finds rows that are looked for by their names.
    pub(crate) finder: &'a dyn Finder,
}

/// Finds rows for formulas.
pub(crate) trait Finder {
    /// A row with one of its fields, by the value of another; the first of several.
    fn find(&self, object: &Object, key: usize, value: String, field: usize) -> Result<Option<Row>, Trouble>;

    /// What a name of a flow stands for.
    fn resource(&self, _name: &str) -> Answer {
        Ok(Value::Null)
    }
}

/// A formula that comes to nothing, with what the platform says of it, where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble(pub(crate) Option<String>);

impl Trouble {
    fn of(text: &str) -> Self {
        Self(Some(text.to_owned()))
    }

    fn unnamed() -> Self {
        Self(None)
    }
}

/// A value, or why there is none. Blanks of any kind are [`Value::Null`].
pub(crate) type Answer = Result<Value, Trouble>;

impl Scope<'_> {
    /// Whether a condition holds; one that is neither true nor false does not.
    pub(crate) fn holds(&self, condition: &Node) -> Result<bool, Trouble> {
        Ok(self.value(condition)? == Value::Bool(true))
    }

    /// What an expression comes to.
    pub(crate) fn value(&self, node: &Node) -> Answer {
        match node {
            Node::Null | Node::Pattern(_) => Ok(Value::Null),
            Node::Bool(b) => Ok(Value::Bool(*b)),
            Node::Number(n) => Ok(Value::Decimal(*n)),
            Node::Text(t) => Ok(Value::from(t.as_str())),
            Node::DateTime(t) => Ok(Value::DateTime(*t)),
            Node::Field(reference) => Ok(self.field(reference, self.row(reference.place))),
            Node::Not(of) => Ok(match self.value(of)? {
                Value::Bool(b) => Value::Bool(!b),
                _ => Value::Null,
            }),
            Node::Negate(of) => Ok(self.number(of)?.map_or(Value::Null, |n| Value::Decimal(-n))),
            Node::Chain(first, rest) => self.chain(first, rest),
            Node::Call(function, args) => self.call(*function, args),
            Node::Lookup(lookup) => self.lookup(lookup),
            Node::Resource(name) => self.finder.resource(name),
        }
    }

    fn lookup(&self, lookup: &Lookup) -> Answer {
        let Some(name) = self.text(&lookup.value)? else { return Ok(Value::Null) };
        let row = self.finder.find(&lookup.object, lookup.key, name, lookup.field.field)?;
        let is_checkbox = lookup.object.fields()[lookup.field.field].ty == FieldType::Boolean;
        Ok(match read(&lookup.field, row.as_ref()) {
            Value::Null if is_checkbox => Value::Bool(false),
            value => value,
        })
    }

    fn row(&self, place: usize) -> Option<&Row> {
        if place == 0 { Some(self.record) } else { self.rows.get(place).and_then(Option::as_ref) }
    }

    /// A field's value as formulas see it. A checkbox is never blank, not even that of a parent that is not there.
    fn field(&self, reference: &Reference, row: Option<&Row>) -> Value {
        match read(reference, row) {
            Value::Null if self.is_checkbox(reference) => Value::Bool(false),
            value => value,
        }
    }

    fn is_checkbox(&self, reference: &Reference) -> bool {
        let field = self.places.get(reference.place).and_then(|p| p.object.fields().get(reference.field));
        field.is_some_and(|f| f.ty == FieldType::Boolean)
    }

    fn chain(&self, first: &Node, rest: &[Link]) -> Answer {
        let mut left = self.value(first)?;
        for link in rest {
            left = match link.op {
                // What comes after a decision is not looked at.
                Op::And if left != Value::Bool(true) => Value::Bool(false),
                Op::Or if left == Value::Bool(true) => left,
                Op::And | Op::Or => Value::Bool(self.value(&link.right)? == Value::Bool(true)),
                op => operate(op, link.over, left, self.value(&link.right)?)?,
            };
        }
        Ok(left)
    }

    fn call(&self, function: Function, args: &[Node]) -> Answer {
        use Function as F;
        match function {
            F::And | F::Or | F::If | F::Case | F::TextCase | F::PickCase | F::IsBlank | F::BlankValue | F::NullValue => {
                self.choice(function, args)
            }
            F::IsNew | F::IsClone | F::IsChanged | F::PriorValue | F::IsPickVal | F::Includes | F::PicklistCount => {
                self.of_record(function, args)
            }
            F::Abs
            | F::Acos
            | F::Asin
            | F::Atan
            | F::Atan2
            | F::Ceiling
            | F::Cos
            | F::Exp
            | F::Floor
            | F::Ln
            | F::Log
            | F::Max
            | F::MCeiling
            | F::MFloor
            | F::Min
            | F::Mod
            | F::Pi
            | F::Round
            | F::Sin
            | F::Sqrt
            | F::Tan
            | F::Trunc
            | F::Distance => self.math(function, args),
            F::AddMonths
            | F::Date
            | F::DateTimeValue
            | F::DateValue
            | F::Day
            | F::DayOfYear
            | F::FromUnixTime
            | F::Hour
            | F::IsoWeek
            | F::IsoYear
            | F::Millisecond
            | F::Minute
            | F::Month
            | F::Now
            | F::Second
            | F::TimeNow
            | F::TimeValue
            | F::Today
            | F::UnixTimestamp
            | F::Weekday
            | F::Year => self.calendar(function, args),
            // A location is no value by itself: see `Scope::location`.
            F::Geolocation => Ok(Value::Null),
            _ => self.writing(function, args),
        }
    }

    fn choice(&self, function: Function, args: &[Node]) -> Answer {
        match function {
            Function::And => {
                for arg in args {
                    if !self.holds(arg)? {
                        return Ok(Value::Bool(false));
                    }
                }
                Ok(Value::Bool(true))
            }
            Function::Or => {
                for arg in args {
                    if self.holds(arg)? {
                        return Ok(Value::Bool(true));
                    }
                }
                Ok(Value::Bool(false))
            }
            Function::If => match args {
                [test, then, other] => self.value(if self.holds(test)? { then } else { other }),
                _ => Ok(Value::Null),
            },
            Function::IsBlank => match args {
                [of] if self.is_location(of) => Ok(Value::Bool(self.location(of)?.is_none())),
                [of] => Ok(Value::Bool(self.value(of)?.is_null())),
                _ => Ok(Value::Null),
            },
            Function::BlankValue | Function::NullValue => match args {
                [of, other] => match self.value(of)? {
                    Value::Null => self.value(other),
                    value => Ok(value),
                },
                _ => Ok(Value::Null),
            },
            _ => self.case(function, args),
        }
    }

    /// CASE: of a picklist, whose values are compared without regard to case; of text, where a blank is empty text; of others.
    fn case(&self, function: Function, args: &[Node]) -> Answer {
        let Some((first, rest)) = args.split_first() else { return Ok(Value::Null) };
        let first = self.value(first)?;
        let mut pairs = rest.chunks_exact(2);
        for pair in &mut pairs {
            let when = self.value(&pair[0])?;
            let met = match function {
                Function::PickCase => same_pick(&first, &when),
                Function::TextCase => first == when,
                _ => !first.is_null() && equal(&first, &when),
            };
            if met {
                return self.value(&pair[1]);
            }
        }
        pairs.remainder().first().map_or(Ok(Value::Null), |other| self.value(other))
    }

    fn of_record(&self, function: Function, args: &[Node]) -> Answer {
        match (function, args) {
            (Function::IsNew, _) => Ok(Value::Bool(self.old.is_none())),
            // Clones are made by people on pages.
            (Function::IsClone, _) => Ok(Value::Bool(false)),
            (Function::IsChanged, [Node::Field(reference)]) => Ok(Value::Bool(self.is_changed(reference))),
            // A new record has no other values than those it brings (the platform's help on PRIORVALUE).
            (Function::PriorValue, [Node::Field(reference)]) => Ok(self.field(reference, Some(self.old.unwrap_or(self.record)))),
            (Function::IsPickVal, [field, literal]) => {
                let (field, literal) = (self.value(field)?, self.value(literal)?);
                Ok(Value::Bool(same_pick(&field, &literal)))
            }
            (Function::Includes, [field, literal]) => {
                let (Value::Text(chosen), Value::Text(wanted)) = (self.value(field)?, self.value(literal)?) else {
                    return Ok(Value::Bool(false));
                };
                let wanted = wanted.to_lowercase();
                Ok(Value::Bool(chosen.split(';').any(|c| c.to_lowercase() == wanted)))
            }
            (Function::PicklistCount, [field]) => {
                let count = self.value(field)?.as_text().map_or(0, |chosen| chosen.split(';').count());
                Ok(Value::Decimal(Decimal::from(count)))
            }
            _ => Ok(Value::Null),
        }
    }

    fn is_changed(&self, reference: &Reference) -> bool {
        let Some(old) = self.old else { return false };
        let fields = reference.location.map_or(vec![reference.field], |(a, b)| vec![a, b]);
        fields.into_iter().any(|field| {
            let reference = Reference { field, ..reference.clone() };
            // A line end is one, however it is written.
            let read = |row: &Row| match self.field(&reference, Some(row)) {
                Value::Text(t) if t.contains('\r') => Value::Text(t.replace("\r\n", "\n")),
                value => value,
            };
            !equal(&read(old), &read(self.record))
        })
    }

    fn is_location(&self, node: &Node) -> bool {
        matches!(node, Node::Call(Function::Geolocation, _)) || matches!(node, Node::Field(r) if r.location.is_some())
    }

    /// Latitude and longitude in degrees; none for a blank location.
    fn location(&self, node: &Node) -> Result<Option<(f64, f64)>, Trouble> {
        let (latitude, longitude) = match node {
            Node::Call(Function::Geolocation, args) => match args.as_slice() {
                [a, b] => (self.number(a)?, self.number(b)?),
                _ => (None, None),
            },
            Node::Field(Reference { place, location: Some((a, b)), .. }) => {
                let read = |field: usize| match self.row(*place).and_then(|row| row.values.get(field)) {
                    Some(Value::Decimal(d)) => Some(*d),
                    Some(Value::Int(n)) => Some(Decimal::from(*n)),
                    _ => None,
                };
                (read(*a), read(*b))
            }
            _ => (None, None),
        };
        numbers::coordinates(latitude, longitude)
    }

    fn number(&self, node: &Node) -> Result<Option<Decimal>, Trouble> {
        Ok(match self.value(node)? {
            Value::Decimal(n) => Some(n),
            _ => None,
        })
    }

    fn text(&self, node: &Node) -> Result<Option<String>, Trouble> {
        Ok(match self.value(node)? {
            Value::Text(t) => Some(t),
            _ => None,
        })
    }

    fn date(&self, node: &Node) -> Result<Option<Date>, Trouble> {
        Ok(match self.value(node)? {
            Value::Date(d) => Some(d),
            _ => None,
        })
    }

    fn time(&self, node: &Node) -> Result<Option<Time>, Trouble> {
        Ok(match self.value(node)? {
            Value::Time(t) => Some(t),
            _ => None,
        })
    }
}

/// A field's value: numbers are of one kind, ids are texts of 15 characters.
fn read(reference: &Reference, row: Option<&Row>) -> Value {
    match row.and_then(|row| row.values.get(reference.field)) {
        Some(Value::Int(n)) => Value::Decimal(Decimal::from(*n)),
        Some(Value::Decimal(n)) if reference.percent => Value::Decimal(n * Decimal::new(1, 2)),
        Some(Value::Id(id)) => Value::Text(id.as_15().to_string()),
        Some(Value::Blob(_)) | None => Value::Null,
        Some(Value::Text(t)) if t.is_empty() => Value::Null,
        Some(value) => value.clone(),
    }
}

/// What an operator makes of two values.
fn operate(op: Op, over: Over, left: Value, right: Value) -> Answer {
    match op {
        Op::Equal | Op::NotEqual => {
            let (left, right) = match over {
                Over::Truth => (falsy(left), falsy(right)),
                _ => (left, right),
            };
            if over == Over::Other && (left.is_null() || right.is_null()) {
                return Ok(Value::Null);
            }
            Ok(Value::Bool(equal(&left, &right) == (op == Op::Equal)))
        }
        Op::Less | Op::Greater | Op::LessOrEqual | Op::GreaterOrEqual => Ok(order(&left, &right).map_or(Value::Null, |order| {
            Value::Bool(match op {
                Op::Less => order == Ordering::Less,
                Op::Greater => order == Ordering::Greater,
                Op::LessOrEqual => order != Ordering::Greater,
                _ => order != Ordering::Less,
            })
        })),
        Op::Concat => texts::joined(left, right),
        Op::Add if over == Over::Text => texts::joined(left, right),
        Op::Add | Op::Subtract if left.is_null() || right.is_null() => Ok(Value::Null),
        Op::Add | Op::Subtract => match (left, right) {
            (Value::Decimal(a), Value::Decimal(b)) => numbers::sum(a, if op == Op::Add { b } else { -b }),
            (left, right) => dates::sum(op == Op::Add, left, right),
        },
        Op::Multiply | Op::Divide | Op::Power => match (left, right) {
            (Value::Decimal(a), Value::Decimal(b)) => numbers::product(op, a, b),
            _ => Ok(Value::Null),
        },
        // These decide before their right side is looked at.
        Op::And | Op::Or => Ok(Value::Null),
    }
}

/// A truth, a blank being false.
fn falsy(value: Value) -> Value {
    if value.is_null() { Value::Bool(false) } else { value }
}

/// Whether two values are the same; two blanks are.
fn equal(left: &Value, right: &Value) -> bool {
    left == right
}

/// Whether a picklist has a value, or none where that is asked.
fn same_pick(field: &Value, literal: &Value) -> bool {
    match (field.as_text(), literal.as_text()) {
        (Some(a), Some(b)) => a == b || a.to_lowercase() == b.to_lowercase(),
        (None, None) => true,
        _ => false,
    }
}

/// How two values of one kind stand to each other; none for blanks.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Decimal(a), Value::Decimal(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::DateTime(a), Value::DateTime(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        // As Java orders them: by their units in UTF-16.
        (Value::Text(a), Value::Text(b)) => Some(a.encode_utf16().cmp(b.encode_utf16())),
        _ => None,
    }
}
