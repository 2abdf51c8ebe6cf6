//! What a flow holds while it runs: values, records, collections; how they are compared, changed and shown.

use jiff::tz::TimeZone;
use orglet_base::time::parse_date;
use orglet_base::{Id, Value, days};
use orglet_schema::custom::flow::{AssignOperator, Comparison, DataType};
use orglet_schema::{Field, FieldType, Input, Object};
use rust_decimal::Decimal;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;

use crate::record::Row;

/// Most items of a collection.
pub(super) const MOST_ITEMS: usize = 50_000;
/// Most bytes of a text.
pub(super) const MAX_TEXT: usize = 1 << 20;

/// A record in a flow's hands.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Its object.
    pub(crate) object: Arc<Object>,
    /// Its values.
    pub(crate) row: Row,
    /// Indexes of the fields that the flow set.
    pub(crate) set: BTreeSet<usize>,
}

/// What a name stands for. A loop hands out the very records of its collection.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    Value(Value),
    Record(Rc<RefCell<Record>>),
    List(Vec<Data>),
}

impl Data {
    pub(super) const NULL: Data = Data::Value(Value::Null);

    pub(super) fn record(record: Record) -> Self {
        Data::Record(Rc::new(RefCell::new(record)))
    }

    /// Whether there is nothing: no value, or no items.
    pub(super) fn is_null(&self) -> bool {
        match self {
            Data::Value(value) => value.is_null(),
            Data::Record(_) => false,
            Data::List(items) => items.is_empty(),
        }
    }

    /// The same for somebody else: records are copied.
    pub(super) fn copied(&self) -> Self {
        match self {
            Data::Value(value) => Data::Value(value.clone()),
            Data::Record(record) => Data::record(record.borrow().clone()),
            Data::List(items) => Data::List(items.iter().map(Data::copied).collect()),
        }
    }

    fn same(&self, other: &Data) -> bool {
        match (self, other) {
            (Data::Value(a), Data::Value(b)) => equal(a, b),
            (Data::Record(a), Data::Record(b)) => {
                let (a, b) = (a.borrow(), b.borrow());
                a.object.name == b.object.name && a.row == b.row
            }
            (Data::List(a), Data::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            _ => false,
        }
    }
}

/// A value in the form that values are compared in.
fn plain(value: &Value) -> Value {
    match value {
        Value::Int(n) => Value::Decimal(Decimal::from(*n)),
        Value::Decimal(n) => Value::Decimal(n.normalize()),
        other => other.clone(),
    }
}

pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Id(id), Value::Text(text)) | (Value::Text(text), Value::Id(id)) => Id::parse(text).is_ok_and(|other| other == *id),
        _ => plain(a) == plain(b),
    }
}

pub(super) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (plain(a), plain(b)) {
        (Value::Decimal(a), Value::Decimal(b)) => Some(a.cmp(&b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(&b)),
        (Value::DateTime(a), Value::DateTime(b)) => Some(a.cmp(&b)),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(&b)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(&b)),
        (Value::Id(a), Value::Id(b)) => Some(a.to_string().cmp(&b.to_string())),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(&b)),
        _ => None,
    }
}

/// Whether two things stand to each other as a condition says.
pub(super) fn compare(operator: Comparison, left: &Data, right: &Data) -> bool {
    let wanted = !matches!(right, Data::Value(Value::Bool(false)));
    let values = |test: fn(Ordering) -> bool| match (left, right) {
        (Data::Value(a), Data::Value(b)) => order(a, b).is_some_and(test),
        _ => false,
    };
    let texts = |test: fn(&str, &str) -> bool| match (left, right) {
        (Data::Value(a), Data::Value(b)) => match (words(a), words(b)) {
            (Some(a), Some(b)) => test(&a, &b),
            _ => false,
        },
        _ => false,
    };
    match operator {
        Comparison::EqualTo => left.same(right),
        Comparison::NotEqualTo => !left.same(right),
        Comparison::GreaterThan => values(Ordering::is_gt),
        Comparison::LessThan => values(Ordering::is_lt),
        Comparison::GreaterThanOrEqualTo => values(Ordering::is_ge),
        Comparison::LessThanOrEqualTo => values(Ordering::is_le),
        Comparison::Contains => match left {
            Data::List(items) => items.iter().any(|item| item.same(right)),
            _ => texts(|a, b| a.contains(b)),
        },
        Comparison::StartsWith => texts(|a, b| a.starts_with(b)),
        Comparison::EndsWith => texts(|a, b| a.ends_with(b)),
        Comparison::In | Comparison::NotIn => {
            let is_in = matches!(right, Data::List(items) if items.iter().any(|item| item.same(left)));
            is_in == (operator == Comparison::In)
        }
        Comparison::IsNull | Comparison::IsEmpty => left.is_null() == wanted,
        Comparison::IsBlank => {
            let blank = left.is_null() || matches!(left, Data::Value(Value::Text(text)) if text.trim().is_empty());
            blank == wanted
        }
        Comparison::WasSet => left.is_null() != wanted,
        // What was changed or visited is known to the interview alone.
        Comparison::IsChanged | Comparison::WasVisited => false,
    }
}

fn words(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Id(id) => Some(id.to_string()),
        other => Some(other.display()),
    }
}

/// A value as a text shows it.
pub(super) fn shown(value: &Value, zone: &TimeZone) -> String {
    match value {
        Value::Null => String::new(),
        Value::Date(day) => day.strftime("%B %-d, %Y").to_string(),
        Value::DateTime(at) => match jiff::Timestamp::from_millisecond(at.0) {
            Ok(at) => at.to_zoned(zone.clone()).strftime("%-m/%-d/%Y, %-I:%M %p").to_string(),
            Err(_) => at.to_canonical(),
        },
        other => other.display(),
    }
}

/// A value as a variable of a type holds it, or the type that it does not fit.
pub(super) fn coerced(value: Value, to: DataType, scale: Option<i32>, zone: &TimeZone) -> Result<Value, &'static str> {
    Ok(match (to, value) {
        (_, Value::Null) => Value::Null,
        (DataType::String | DataType::Picklist | DataType::Multipicklist, value) => match value {
            Value::Id(id) => Value::Text(id.to_string()),
            Value::Text(text) => Value::from(text),
            other => Value::from(shown(&other, zone)),
        },
        (DataType::Number | DataType::Currency, value) => {
            let number = match value {
                Value::Decimal(n) => n,
                Value::Int(n) => Decimal::from(n),
                Value::Text(text) => Decimal::from_str(text.trim()).map_err(|_| "Number")?,
                _ => return Err("Number"),
            };
            let places = scale.and_then(|scale| u32::try_from(scale).ok());
            let away = rust_decimal::RoundingStrategy::MidpointAwayFromZero;
            Value::Decimal(places.map_or(number, |places| number.round_dp_with_strategy(places, away)))
        }
        (DataType::Boolean, Value::Text(text)) => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => return Err("Boolean"),
        },
        (DataType::Boolean, value @ Value::Bool(_)) => value,
        (DataType::Date, value) => match value {
            Value::DateTime(at) => Value::Date(days::today(at, zone)),
            Value::Text(text) => Value::Date(parse_date(&text).ok_or("Date")?),
            value @ Value::Date(_) => value,
            _ => return Err("Date"),
        },
        (DataType::DateTime, value) => match value {
            Value::Date(day) => Value::DateTime(days::midnight(day, zone)),
            Value::Text(text) => Value::DateTime(orglet_base::DateTime::parse(&text).ok_or("DateTime")?),
            value @ Value::DateTime(_) => value,
            _ => return Err("DateTime"),
        },
        (DataType::Time, value @ Value::Time(_)) => value,
        (DataType::Time, _) => return Err("Time"),
        (DataType::Boolean, _) => return Err("Boolean"),
        (DataType::SObject, _) => return Err("Record"),
    })
}

/// A value as a field holds it, or why it does not fit.
pub(super) fn fitted(field: &Field, value: Value, zone: &TimeZone) -> Result<Value, String> {
    use FieldType as F;
    let value = match (field.ty, value) {
        (_, Value::Null) => return Ok(if field.ty == F::Boolean { Value::Bool(false) } else { Value::Null }),
        (F::Date, Value::DateTime(at)) => return Ok(Value::Date(days::today(at, zone))),
        (F::DateTime, Value::Date(day)) => return Ok(Value::DateTime(days::midnight(day, zone))),
        (F::Date, value @ Value::Date(_)) | (F::DateTime, value @ Value::DateTime(_)) | (F::Time, value @ Value::Time(_)) => {
            return Ok(value);
        }
        (F::Boolean, value @ Value::Bool(_)) => return Ok(value),
        (F::Id | F::Reference, value @ Value::Id(_)) => return Ok(value),
        (_, value) => value,
    };
    let is_number = matches!(field.ty, F::Int | F::Long | F::Double | F::Currency | F::Percent);
    let is_other = matches!(field.ty, F::Date | F::DateTime | F::Time | F::Boolean);
    let text = match &value {
        Value::Decimal(n) if is_number => n.normalize().to_string(),
        Value::Int(n) if is_number => n.to_string(),
        Value::Text(text) => text.clone(),
        other if is_number || is_other => return Err(format!("{}: {} is not of the field's type", field.label, other.display())),
        other => shown(other, zone),
    };
    let input = if is_number { Input::Number(&text) } else { Input::Text(&text) };
    let wrong = || format!("{}: value not of required type: {text}", field.label);
    match field.ty {
        F::Boolean => match text.as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(wrong()),
        },
        F::Id | F::Reference => Id::parse(&text).map(Value::Id).map_err(|_| format!("{}: id value of incorrect type: {text}", field.label)),
        _ if is_number && Decimal::from_str(&text).is_err() => Err(wrong()),
        _ => field.ty.kind().parse(field, input).map_err(|_| wrong()),
    }
}

/// What an assignment makes of what a name held.
pub(super) fn assigned(operator: AssignOperator, old: Data, new: Data, zone: &TimeZone) -> Result<Data, String> {
    use AssignOperator as Op;
    let bad = || Err("an operator can't be applied to what it is used with".to_owned());
    let done = match (operator, old, new) {
        (Op::Assign, _, new) => new,
        (Op::AssignCount, _, Data::List(items)) => Data::Value(Value::Decimal(Decimal::from(items.len()))),
        (Op::AssignCount, _, Data::Value(Value::Null)) => Data::Value(Value::Decimal(Decimal::ZERO)),
        (Op::Add | Op::AddItem, Data::List(mut items), new) => {
            match new {
                Data::List(more) => items.extend(more),
                one => items.push(one),
            }
            Data::List(items)
        }
        (Op::AddAtStart, Data::List(mut items), new) => {
            let first = if let Data::List(more) = new { more } else { vec![new] };
            items.splice(0..0, first);
            Data::List(items)
        }
        (Op::Add | Op::Subtract, Data::Value(old), Data::Value(new)) => Data::Value(sum(operator == Op::Add, old, new, zone)?),
        (Op::RemoveAll, Data::List(mut items), new) => {
            items.retain(|item| !among(item, &new));
            Data::List(items)
        }
        (Op::RemoveUncommon, Data::List(mut items), new) => {
            items.retain(|item| among(item, &new));
            Data::List(items)
        }
        (Op::RemoveFirst, Data::List(mut items), new) => {
            if let Some(at) = items.iter().position(|item| item.same(&new)) {
                items.remove(at);
            }
            Data::List(items)
        }
        (Op::RemoveAfterFirst, Data::List(mut items), new) => {
            if let Some(at) = items.iter().position(|item| item.same(&new)) {
                items.truncate(at + 1);
            }
            Data::List(items)
        }
        (Op::RemoveBeforeFirst, Data::List(mut items), new) => {
            if let Some(at) = items.iter().position(|item| item.same(&new)) {
                items.drain(..at);
            }
            Data::List(items)
        }
        (Op::RemovePosition, Data::List(mut items), Data::Value(value)) => {
            let Value::Decimal(n) = plain(&value) else { return bad() };
            let at = usize::try_from(n.trunc().mantissa()).ok().and_then(|n| n.checked_sub(1)).filter(|at| *at < items.len());
            let Some(at) = at else { return Err("a position is outside of its collection".to_owned()) };
            items.remove(at);
            Data::List(items)
        }
        _ => return bad(),
    };
    if matches!(&done, Data::List(items) if items.len() > MOST_ITEMS) {
        return Err(format!("a collection has more than {MOST_ITEMS} items"));
    }
    Ok(done)
}

fn among(item: &Data, others: &Data) -> bool {
    match others {
        Data::List(others) => others.iter().any(|other| item.same(other)),
        one => item.same(one),
    }
}

/// Sums and differences: of numbers, of dates with days, of texts. Nothing counts as none.
fn sum(add: bool, old: Value, new: Value, zone: &TimeZone) -> Result<Value, String> {
    let overflow = || "a number is too large".to_owned();
    Ok(match (plain(&old), plain(&new)) {
        (old, Value::Null) => old,
        (Value::Null, Value::Decimal(n)) => Value::Decimal(if add { n } else { -n }),
        (Value::Null, new) if add => new,
        (Value::Decimal(a), Value::Decimal(b)) => {
            Value::Decimal(if add { a.checked_add(b) } else { a.checked_sub(b) }.ok_or_else(overflow)?)
        }
        (Value::Date(day), Value::Decimal(n)) => {
            use jiff::ToSpan;
            let n = i64::try_from(n.trunc()).map_err(|_| overflow())?;
            let span = n.checked_mul(if add { 1 } else { -1 }).ok_or_else(overflow)?;
            if span.abs() > 4_000_000 {
                return Err(overflow());
            }
            Value::Date(day.checked_add(span.days()).map_err(|_| overflow())?)
        }
        (old @ (Value::Text(_) | Value::Id(_)), new) if add => {
            let text = shown(&old, zone) + &shown(&new, zone);
            if text.len() > MAX_TEXT {
                return Err("a text is too long".to_owned());
            }
            Value::Text(text)
        }
        _ => return Err("an operator can't be applied to what it is used with".to_owned()),
    })
}
