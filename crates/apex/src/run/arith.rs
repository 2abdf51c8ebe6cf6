//! Arithmetic.

use super::{Done, Vm};
use crate::ast::Binary;
use crate::code::Num;
use crate::value::Value;
use orglet_base::{DateTime, Time};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

const DAY: i64 = 86_400_000;

impl Vm<'_, '_> {
    pub(super) fn negate(&mut self, value: Value) -> Done<Value> {
        Ok(match value {
            Value::Int(n) => Value::Int(n.wrapping_neg()),
            Value::Long(n) => Value::Long(n.wrapping_neg()),
            Value::Double(n) => Value::Double(-n),
            Value::Decimal(n) => Value::Decimal(-n),
            _ => return Err(self.null_pointer()),
        })
    }

    pub(super) fn arith(&mut self, op: Binary, num: Num, left: Value, right: Value) -> Done<Value> {
        if left.is_null() || right.is_null() {
            return Err(self.null_pointer());
        }
        match num {
            Num::Int => {
                let (Value::Int(a), Some(b)) = (&left, whole(&right)) else { return Err(self.null_pointer()) };
                self.whole(op, i64::from(*a), b, 32).map(|n| Value::Int(n as i32))
            }
            Num::Long => {
                let (Some(a), Some(b)) = (whole(&left), whole(&right)) else { return Err(self.null_pointer()) };
                self.whole(op, a, b, 64).map(Value::Long)
            }
            Num::Double => {
                let (Some(a), Some(b)) = (double(&left), double(&right)) else { return Err(self.null_pointer()) };
                Ok(Value::Double(match op {
                    Binary::Add => a + b,
                    Binary::Subtract => a - b,
                    Binary::Multiply => a * b,
                    _ if b == 0.0 => return Err(self.exception("MathException", "Divide by 0")),
                    _ => a / b,
                }))
            }
            Num::Decimal => {
                let (Some(a), Some(b)) = (decimal(&left), decimal(&right)) else {
                    return Err(self.exception("MathException", "Decimal is out of range"));
                };
                let made = match op {
                    Binary::Add => a.checked_add(b),
                    Binary::Subtract => a.checked_sub(b),
                    Binary::Multiply => multiply(a, b),
                    _ if b.is_zero() => return Err(self.exception("MathException", "Divide by 0")),
                    _ => a.checked_div(b),
                };
                match made {
                    Some(n) => Ok(Value::Decimal(n)),
                    None => Err(self.exception("MathException", "Decimal is out of range")),
                }
            }
            Num::Bool => {
                let (Value::Bool(a), Value::Bool(b)) = (left, right) else { return Err(self.null_pointer()) };
                Ok(Value::Bool(match op {
                    Binary::BitAnd => a & b,
                    Binary::BitOr => a | b,
                    _ => a ^ b,
                }))
            }
            Num::Date => {
                let (Value::Date(date), Some(days)) = (&left, whole(&right)) else { return Err(self.null_pointer()) };
                let days = if op == Binary::Add { days } else { days.wrapping_neg() };
                self.add_days(*date, days).map(Value::Date)
            }
            Num::Datetime => {
                let (Value::Datetime(at), Some(days)) = (&left, decimal(&right)) else { return Err(self.null_pointer()) };
                let ms = days.checked_mul(Decimal::from(DAY)).and_then(|ms| ms.round().to_i64()).unwrap_or(0);
                let ms = if op == Binary::Add { ms } else { -ms };
                Ok(Value::Datetime(DateTime(at.0.saturating_add(ms))))
            }
            Num::Time => {
                let (Value::Time(time), Some(ms)) = (&left, whole(&right)) else { return Err(self.null_pointer()) };
                let ms = if op == Binary::Add { ms } else { ms.wrapping_neg() };
                Ok(Value::Time(Time((i64::from(time.0).wrapping_add(ms % DAY)).rem_euclid(DAY) as u32)))
            }
        }
    }

    pub(crate) fn add_days(&mut self, date: orglet_base::Date, days: i64) -> Done<orglet_base::Date> {
        let span = jiff::Span::new().try_days(days).ok();
        match span.and_then(|span| date.checked_add(span).ok()) {
            Some(date) => Ok(date),
            None => Err(self.exception("TypeException", "Date is out of range")),
        }
    }

    fn whole(&mut self, op: Binary, a: i64, b: i64, bits: u32) -> Done<i64> {
        Ok(match op {
            Binary::Add => a.wrapping_add(b),
            Binary::Subtract => a.wrapping_sub(b),
            Binary::Multiply => a.wrapping_mul(b),
            Binary::Divide if b == 0 => return Err(self.exception("MathException", "Divide by 0")),
            Binary::Divide => a.wrapping_div(b),
            Binary::BitAnd => a & b,
            Binary::BitOr => a | b,
            Binary::BitXor => a ^ b,
            Binary::ShiftLeft if bits == 32 => i64::from((a as i32).wrapping_shl(b as u32)),
            Binary::ShiftLeft => a.wrapping_shl(b as u32),
            Binary::ShiftRight if bits == 32 => i64::from((a as i32).wrapping_shr(b as u32)),
            Binary::ShiftRight => a.wrapping_shr(b as u32),
            Binary::ShiftRightUnsigned if bits == 32 => i64::from((a as u32).wrapping_shr(b as u32) as i32),
            _ => (a as u64).wrapping_shr(b as u32) as i64,
        })
    }
}

/// A product with the scales' sum, as far as there is room.
fn multiply(a: Decimal, b: Decimal) -> Option<Decimal> {
    a.checked_mul(b)
}

pub(crate) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(n) => Some(i64::from(*n)),
        Value::Long(n) => Some(*n),
        _ => None,
    }
}

pub(crate) fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Int(n) => Some(f64::from(*n)),
        Value::Long(n) => Some(*n as f64),
        Value::Double(n) => Some(*n),
        Value::Decimal(n) => n.to_f64(),
        _ => None,
    }
}

pub(crate) fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Int(n) => Some(Decimal::from(*n)),
        Value::Long(n) => Some(Decimal::from(*n)),
        // The shortest decimal that is this number.
        Value::Double(n) => {
            let text = super::show::double_text(*n);
            text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
        }
        Value::Decimal(n) => Some(*n),
        _ => None,
    }
}
