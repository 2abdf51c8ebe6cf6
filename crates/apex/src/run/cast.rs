//! Types of values while a program runs.

use super::arith::{decimal, double};
use super::{Done, Vm};
use crate::ty::Ty;
use crate::value::Value;
use orglet_base::{DateTime, Id};
use rust_decimal::prelude::ToPrimitive;

impl Vm<'_, '_> {
    /// The type of a value.
    pub(crate) fn type_of(&self, value: &Value) -> Ty {
        match value {
            Value::Null => Ty::Null,
            Value::Bool(_) => Ty::Bool,
            Value::Int(_) => Ty::Int,
            Value::Long(_) => Ty::Long,
            Value::Double(_) => Ty::Double,
            Value::Decimal(_) => Ty::Decimal,
            Value::Str(_) => Ty::Str,
            Value::Id(_) => Ty::Id,
            Value::Date(_) => Ty::Date,
            Value::Datetime(_) => Ty::Datetime,
            Value::Time(_) => Ty::Time,
            Value::Blob(_) => Ty::Blob,
            Value::List(list) => Ty::list(list.of.clone()),
            Value::Set(set) => Ty::set(set.key.clone()),
            Value::Map(map) => Ty::map(map.key.clone(), map.value.clone()),
            Value::Record(record) => Ty::record(&record.object.name),
            Value::Object(instance) => Ty::Class(instance.class),
            Value::Enum(class, _) => Ty::Class(*class),
            Value::Native(native) => native.ty(),
        }
    }

    /// As messages say it.
    pub(crate) fn type_name(&self, ty: &Ty) -> String {
        ty.show(self.program.classes_inner())
    }

    /// Whether values of one type are values of another.
    pub(crate) fn fits(&self, from: &Ty, to: &Ty) -> bool {
        match (from, to) {
            (a, b) if a == b => true,
            (_, Ty::Object) => true,
            (Ty::Record(_), Ty::Record(None)) => true,
            (Ty::Record(Some(a)), Ty::Record(Some(b))) => a.eq_ignore_ascii_case(b),
            (Ty::Class(a), Ty::Class(b)) => self.program.class_at(*a).is_a.contains(b),
            (Ty::Int, Ty::Long | Ty::Double | Ty::Decimal) | (Ty::Long, Ty::Double | Ty::Decimal) | (Ty::Id, Ty::Str) => true,
            (Ty::List(a), Ty::List(b)) => self.fits(a, b) || matches!((&**a, &**b), (Ty::Record(None), Ty::Record(_))),
            (Ty::Set(a), Ty::Set(b)) => self.fits(a, b),
            (Ty::Map(a), Ty::Map(b)) => {
                self.fits(&a.0, &b.0) && (self.fits(&a.1, &b.1) || matches!((&a.1, &b.1), (Ty::Record(None), Ty::Record(_))))
            }
            _ => false,
        }
    }

    /// `instanceof`: null is of no type.
    pub(super) fn is_a(&self, value: &Value, ty: &Ty) -> bool {
        if value.is_null() {
            return false;
        }
        let own = self.type_of(value);
        match (&own, ty) {
            // A text that is an id is one.
            (Ty::Str, Ty::Id) => matches!(value, Value::Str(text) if Id::parse(text).is_ok()),
            (Ty::List(_) | Ty::Set(_), Ty::Class(id)) => &*self.program.class_at(*id).full_name == "Iterable",
            _ => self.fits(&own, ty),
        }
    }

    /// A value as one of another type.
    pub(crate) fn cast(&mut self, value: Value, to: &Ty) -> Done<Value> {
        Ok(match (&value, to) {
            (Value::Null, _) | (_, Ty::Object) => value,
            (Value::Long(n), Ty::Int) => Value::Int(*n as i32),
            (Value::Double(n), Ty::Int) => Value::Int(*n as i64 as i32),
            (Value::Double(n), Ty::Long) => Value::Long(*n as i64),
            (Value::Decimal(n), Ty::Int) => Value::Int(n.trunc().to_i64().unwrap_or(0) as i32),
            (Value::Decimal(n), Ty::Long) => Value::Long(n.trunc().to_i64().unwrap_or(0)),
            (Value::Int(n), Ty::Long) => Value::Long(i64::from(*n)),
            (Value::Int(_) | Value::Long(_) | Value::Decimal(_), Ty::Double) => double(&value).map_or(Value::Null, Value::Double),
            (Value::Int(_) | Value::Long(_) | Value::Double(_), Ty::Decimal) => match decimal(&value) {
                Some(n) => Value::Decimal(n),
                None => return Err(self.exception("MathException", "Decimal is out of range")),
            },
            (Value::Id(id), Ty::Str) => Value::str(&id.to_string()),
            (Value::Str(text), Ty::Id) => match Id::parse(text) {
                Ok(id) => Value::Id(id),
                Err(_) => return Err(self.exception("StringException", format!("Invalid id: {text}"))),
            },
            (Value::Date(date), Ty::Datetime) => Value::Datetime(DateTime::at_midnight(*date)),
            (Value::Record(record), Ty::Record(Some(name))) if &**name == "Name" => {
                let _ = record;
                value
            }
            (Value::Native(_) | Value::List(_) | Value::Set(_), Ty::Class(_))
                if self.is_a(&value, to) || matches!(value, Value::Native(_)) =>
            {
                value
            }
            _ => {
                let own = self.type_of(&value);
                if self.fits(&own, to) {
                    return Ok(value);
                }
                let text = format!("Invalid conversion from runtime type {} to {}", self.type_name(&own), self.type_name(to));
                return Err(self.exception("TypeException", text));
            }
        })
    }
}
