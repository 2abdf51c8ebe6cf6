//! Numbers and `Math`.

use super::Line;
use crate::run::{Done, Vm};
use crate::ty::Ty;
use crate::value::Value;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

impl Vm<'_, '_> {
    pub(crate) fn double(&mut self, value: &Value) -> Done<f64> {
        match self.cast(value.clone(), &Ty::Double)? {
            Value::Double(n) => Ok(n),
            _ => Err(self.exception("NullPointerException", "Argument cannot be null.")),
        }
    }

    pub(crate) fn decimal(&mut self, value: &Value) -> Done<Decimal> {
        match self.cast(value.clone(), &Ty::Decimal)? {
            Value::Decimal(n) => Ok(n),
            _ => Err(self.exception("NullPointerException", "Argument cannot be null.")),
        }
    }

    fn long(&mut self, value: &Value) -> Done<i64> {
        match value {
            Value::Int(n) => Ok(i64::from(*n)),
            Value::Long(n) => Ok(*n),
            _ => Err(self.exception("NullPointerException", "Argument cannot be null.")),
        }
    }
}

/// A constant of `RoundingMode`, by its place.
fn rounding(vm: &mut Vm<'_, '_>, mode: &Value) -> Done<RoundingStrategy> {
    Ok(match mode {
        Value::Enum(_, 0) => RoundingStrategy::AwayFromZero,
        Value::Enum(_, 1 | 7) => RoundingStrategy::ToZero,
        Value::Enum(_, 2) => RoundingStrategy::ToPositiveInfinity,
        Value::Enum(_, 3) => RoundingStrategy::ToNegativeInfinity,
        Value::Enum(_, 4) => RoundingStrategy::MidpointAwayFromZero,
        Value::Enum(_, 5) => RoundingStrategy::MidpointTowardZero,
        Value::Enum(_, 6) => RoundingStrategy::MidpointNearestEven,
        _ => return Err(vm.null_pointer()),
    })
}

/// A number with so many digits behind the point, zeros among them.
fn scaled(n: Decimal, scale: i32, strategy: RoundingStrategy) -> Decimal {
    let scale = scale.clamp(0, 28) as u32;
    let mut n = n.round_dp_with_strategy(scale, strategy);
    if n.scale() < scale {
        n.rescale(scale);
    }
    n
}

fn plain_int(vm: &mut Vm<'_, '_>, n: Decimal) -> Done<Value> {
    match n.to_i32() {
        Some(n) => Ok(Value::Int(n)),
        None => Err(vm.exception("MathException", format!("Invalid integer: {n}"))),
    }
}

fn plain_long(vm: &mut Vm<'_, '_>, n: Decimal) -> Done<Value> {
    match n.to_i64() {
        Some(n) => Ok(Value::Long(n)),
        None => Err(vm.exception("MathException", format!("Invalid long: {n}"))),
    }
}

macro_rules! real {
    ($name:literal, $of:expr) => {
        (concat!("static Double Math.", $name, "(Double)"), |vm, a| {
            let of: fn(f64) -> f64 = $of;
            Ok(Value::Double(of(vm.double(&a[0])?)))
        })
    };
}

/// With a point for groups, as `format()` writes numbers in English.
fn grouped(n: Decimal) -> String {
    let n = n.round_dp(3).normalize();
    let text = n.abs().to_string();
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut out = String::new();
    for (at, c) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    if let Some(rest) = rest {
        out.push('.');
        out.push_str(rest);
    }
    if n.is_sign_negative() && !n.is_zero() { format!("-{out}") } else { out }
}

const HALF_EVEN: RoundingStrategy = RoundingStrategy::MidpointNearestEven;

pub(super) const LINES: &[Line] = &[
    ("static Integer Integer.valueOf(Object)", |vm, a| match &a[0] {
        Value::Null => Err(vm.exception("NullPointerException", "Argument cannot be null.")),
        Value::Str(_) => {
            let text = vm.text(&a[0])?;
            text.trim().parse().map(Value::Int).map_err(|_| vm.exception("TypeException", format!("Invalid integer: {text}")))
        }
        _ => vm.cast(a[0].clone(), &Ty::Int),
    }),
    ("static Double Double.valueOf(Object)", |vm, a| vm.double(&a[0]).map(Value::Double)),
    ("static Decimal Decimal.valueOf(Double)", |vm, a| vm.decimal(&a[0]).map(Value::Decimal)),
    ("static Decimal Decimal.valueOf(Long)", |vm, a| vm.decimal(&a[0]).map(Value::Decimal)),
    ("String Integer.format()", |vm, a| Ok(Value::str(&grouped(vm.decimal(&a[0])?)))),
    ("String Long.format()", |vm, a| Ok(Value::str(&grouped(vm.decimal(&a[0])?)))),
    ("String Double.format()", |vm, a| Ok(Value::str(&grouped(vm.decimal(&a[0])?)))),
    ("String Decimal.format()", |vm, a| Ok(Value::str(&grouped(vm.decimal(&a[0])?)))),
    ("Integer Integer.intValue()", |_, a| Ok(a[0].clone())),
    ("Long Integer.longValue()", |vm, a| vm.cast(a[0].clone(), &Ty::Long)),
    ("Double Integer.doubleValue()", |vm, a| vm.cast(a[0].clone(), &Ty::Double)),
    ("Integer Long.intValue()", |vm, a| vm.cast(a[0].clone(), &Ty::Int)),
    ("Long Long.longValue()", |_, a| Ok(a[0].clone())),
    ("Integer Double.intValue()", |vm, a| vm.cast(a[0].clone(), &Ty::Int)),
    ("Long Double.longValue()", |vm, a| vm.cast(a[0].clone(), &Ty::Long)),
    ("Double Double.doubleValue()", |_, a| Ok(a[0].clone())),
    ("Long Double.round()", |vm, a| {
        let n = vm.double(&a[0])?;
        Ok(Value::Long((n + 0.5).floor() as i64))
    }),
    ("Integer Decimal.intValue()", |vm, a| vm.cast(a[0].clone(), &Ty::Int)),
    ("Long Decimal.longValue()", |vm, a| vm.cast(a[0].clone(), &Ty::Long)),
    ("Double Decimal.doubleValue()", |vm, a| vm.cast(a[0].clone(), &Ty::Double)),
    ("Decimal Decimal.abs()", |vm, a| Ok(Value::Decimal(vm.decimal(&a[0])?.abs()))),
    ("Integer Decimal.scale()", |vm, a| Ok(Value::Int(vm.decimal(&a[0])?.scale() as i32))),
    ("Integer Decimal.precision()", |vm, a| {
        let digits = vm.decimal(&a[0])?.mantissa().unsigned_abs().to_string();
        Ok(Value::Int(digits.len() as i32))
    }),
    ("Decimal Decimal.setScale(Integer)", |vm, a| {
        let (n, scale) = (vm.decimal(&a[0])?, vm.int(&a[1])?);
        Ok(Value::Decimal(scaled(n, scale, HALF_EVEN)))
    }),
    ("Decimal Decimal.setScale(Integer,RoundingMode)", |vm, a| {
        let (n, scale, mode) = (vm.decimal(&a[0])?, vm.int(&a[1])?, rounding(vm, &a[2])?);
        Ok(Value::Decimal(scaled(n, scale, mode)))
    }),
    ("Long Decimal.round()", |vm, a| {
        let n = vm.decimal(&a[0])?.round_dp_with_strategy(0, HALF_EVEN);
        plain_long(vm, n)
    }),
    ("Long Decimal.round(RoundingMode)", |vm, a| {
        let mode = rounding(vm, &a[1])?;
        let n = vm.decimal(&a[0])?.round_dp_with_strategy(0, mode);
        plain_long(vm, n)
    }),
    ("Decimal Decimal.divide(Decimal,Integer)", |vm, a| {
        let (n, by, scale) = (vm.decimal(&a[0])?, vm.decimal(&a[1])?, vm.int(&a[2])?);
        match n.checked_div(by) {
            Some(n) => Ok(Value::Decimal(scaled(n, scale, HALF_EVEN))),
            None => Err(vm.exception("MathException", "Divide by 0")),
        }
    }),
    ("Decimal Decimal.divide(Decimal,Integer,RoundingMode)", |vm, a| {
        let (n, by, scale, mode) = (vm.decimal(&a[0])?, vm.decimal(&a[1])?, vm.int(&a[2])?, rounding(vm, &a[3])?);
        match n.checked_div(by) {
            Some(n) => Ok(Value::Decimal(scaled(n, scale, mode))),
            None => Err(vm.exception("MathException", "Divide by 0")),
        }
    }),
    ("Decimal Decimal.pow(Integer)", |vm, a| {
        let (n, times) = (vm.decimal(&a[0])?, vm.int(&a[1])?);
        if !(0..=32_767).contains(&times) {
            return Err(vm.exception("MathException", "Exponent must be between 0 and 32767"));
        }
        let mut out = Some(Decimal::ONE);
        for _ in 0..times {
            out = out.and_then(|out| out.checked_mul(n));
            if out.is_none() {
                break;
            }
        }
        out.map(Value::Decimal).ok_or_else(|| vm.exception("MathException", "Decimal is out of range"))
    }),
    ("Decimal Decimal.stripTrailingZeros()", |vm, a| Ok(Value::Decimal(vm.decimal(&a[0])?.normalize()))),
    ("String Decimal.toPlainString()", |vm, a| Ok(Value::str(&vm.decimal(&a[0])?.to_string()))),
    ("static Integer Math.abs(Integer)", |vm, a| Ok(Value::Int(vm.int(&a[0])?.wrapping_abs()))),
    ("static Long Math.abs(Long)", |vm, a| Ok(Value::Long(vm.long(&a[0])?.wrapping_abs()))),
    ("static Double Math.abs(Double)", |vm, a| Ok(Value::Double(vm.double(&a[0])?.abs()))),
    ("static Decimal Math.abs(Decimal)", |vm, a| Ok(Value::Decimal(vm.decimal(&a[0])?.abs()))),
    ("static Integer Math.max(Integer,Integer)", |vm, a| Ok(Value::Int(vm.int(&a[0])?.max(vm.int(&a[1])?)))),
    ("static Long Math.max(Long,Long)", |vm, a| Ok(Value::Long(vm.long(&a[0])?.max(vm.long(&a[1])?)))),
    ("static Double Math.max(Double,Double)", |vm, a| Ok(Value::Double(vm.double(&a[0])?.max(vm.double(&a[1])?)))),
    ("static Decimal Math.max(Decimal,Decimal)", |vm, a| Ok(Value::Decimal(vm.decimal(&a[0])?.max(vm.decimal(&a[1])?)))),
    ("static Integer Math.min(Integer,Integer)", |vm, a| Ok(Value::Int(vm.int(&a[0])?.min(vm.int(&a[1])?)))),
    ("static Long Math.min(Long,Long)", |vm, a| Ok(Value::Long(vm.long(&a[0])?.min(vm.long(&a[1])?)))),
    ("static Double Math.min(Double,Double)", |vm, a| Ok(Value::Double(vm.double(&a[0])?.min(vm.double(&a[1])?)))),
    ("static Decimal Math.min(Decimal,Decimal)", |vm, a| Ok(Value::Decimal(vm.decimal(&a[0])?.min(vm.decimal(&a[1])?)))),
    ("static Integer Math.mod(Integer,Integer)", |vm, a| {
        let (n, by) = (vm.int(&a[0])?, vm.int(&a[1])?);
        if by == 0 { Err(vm.exception("MathException", "Divide by 0")) } else { Ok(Value::Int(n.wrapping_rem(by))) }
    }),
    ("static Long Math.mod(Long,Long)", |vm, a| {
        let (n, by) = (vm.long(&a[0])?, vm.long(&a[1])?);
        if by == 0 { Err(vm.exception("MathException", "Divide by 0")) } else { Ok(Value::Long(n.wrapping_rem(by))) }
    }),
    ("static Integer Math.round(Decimal)", |vm, a| {
        let n = vm.decimal(&a[0])?.round_dp_with_strategy(0, HALF_EVEN);
        plain_int(vm, n)
    }),
    ("static Long Math.round(Double)", |vm, a| Ok(Value::Long((vm.double(&a[0])? + 0.5).floor() as i64))),
    ("static Long Math.roundToLong(Decimal)", |vm, a| {
        let n = vm.decimal(&a[0])?.round_dp_with_strategy(0, HALF_EVEN);
        plain_long(vm, n)
    }),
    ("static Decimal Math.ceil(Decimal)", |vm, a| Ok(Value::Decimal(vm.decimal(&a[0])?.ceil()))),
    ("static Decimal Math.floor(Decimal)", |vm, a| Ok(Value::Decimal(vm.decimal(&a[0])?.floor()))),
    ("static Decimal Math.rint(Decimal)", |vm, a| Ok(Value::Decimal(vm.decimal(&a[0])?.round_dp_with_strategy(0, HALF_EVEN)))),
    ("static Decimal Math.signum(Decimal)", |vm, a| {
        let n = vm.decimal(&a[0])?;
        Ok(Value::Decimal(if n.is_zero() {
            Decimal::ZERO
        } else if n.is_sign_negative() {
            Decimal::NEGATIVE_ONE
        } else {
            Decimal::ONE
        }))
    }),
    real!("ceil", f64::ceil),
    real!("floor", f64::floor),
    real!("rint", f64::round_ties_even),
    real!("sqrt", f64::sqrt),
    real!("cbrt", f64::cbrt),
    real!("exp", f64::exp),
    real!("log", f64::ln),
    real!("log10", f64::log10),
    real!("sin", f64::sin),
    real!("cos", f64::cos),
    real!("tan", f64::tan),
    real!("asin", f64::asin),
    real!("acos", f64::acos),
    real!("atan", f64::atan),
    real!("sinh", f64::sinh),
    real!("cosh", f64::cosh),
    real!("tanh", f64::tanh),
    real!("signum", |n| if n == 0.0 { 0.0 } else { n.signum() }),
    ("static Double Math.atan2(Double,Double)", |vm, a| Ok(Value::Double(vm.double(&a[0])?.atan2(vm.double(&a[1])?)))),
    ("static Double Math.pow(Double,Double)", |vm, a| Ok(Value::Double(vm.double(&a[0])?.powf(vm.double(&a[1])?)))),
    ("static Double Math.random()", |vm, _| Ok(Value::Double((vm.host.random() >> 11) as f64 / (1u64 << 53) as f64))),
];
