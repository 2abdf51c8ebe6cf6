//! Arithmetic. Numbers are exact to 28 digits; one that grows beyond is trouble, and so is one that is none.

use super::{Answer, Function, Scope, Trouble};
use orglet_base::Value;
use orglet_plan::formula::{Node, Op};
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};
use std::str::FromStr;

/// How the platform rounds: half away from zero.
const HALF_UP: RoundingStrategy = RoundingStrategy::MidpointAwayFromZero;

/// Digits that numbers have at most.
const DIGITS: i64 = 28;

/// The mean radius of the earth, in miles and in kilometres.
const RADIUS: [(&str, f64); 2] = [("mi", 3958.761), ("km", 6371.009)];

fn overflow() -> Trouble {
    Trouble::unnamed()
}

fn checked(number: Option<Decimal>) -> Answer {
    number.map(Value::Decimal).ok_or_else(overflow)
}

/// `a + b`.
pub(super) fn sum(a: Decimal, b: Decimal) -> Answer {
    checked(a.checked_add(b))
}

/// Products, quotients and powers.
pub(super) fn product(op: Op, a: Decimal, b: Decimal) -> Answer {
    match op {
        Op::Multiply => checked(a.checked_mul(b)),
        Op::Divide if b.is_zero() => Err(Trouble::of("Division by zero")),
        Op::Divide => checked(a.checked_div(b)),
        _ => power(a, b),
    }
}

/// Powers by whole numbers.
fn power(base: Decimal, exponent: Decimal) -> Answer {
    let out_of_range = || Trouble::of("Out of range argument to POWER() function");
    let exponent = exponent.normalize();
    let times = exponent.to_i32().filter(|_| exponent.scale() == 0).ok_or_else(out_of_range)?;
    let (mut left, mut square, mut result) = (times.unsigned_abs(), base, Decimal::ONE);
    while left > 0 {
        if left % 2 == 1 {
            result = result.checked_mul(square).ok_or_else(out_of_range)?;
        }
        left /= 2;
        if left > 0 {
            square = square.checked_mul(square).ok_or_else(out_of_range)?;
        }
    }
    if times < 0 {
        result = Decimal::ONE.checked_div(result).ok_or_else(out_of_range)?;
    }
    Ok(Value::Decimal(result))
}

/// A number rounded, or cut, to so many digits behind its point; before it where they are negative.
fn rounded(number: Decimal, digits: Decimal, how: RoundingStrategy) -> Answer {
    let digits = digits.trunc().to_i64().unwrap_or(0);
    if digits >= DIGITS {
        return Ok(Value::Decimal(number));
    }
    if digits >= 0 {
        return Ok(Value::Decimal(number.round_dp_with_strategy(digits as u32, how)));
    }
    if -digits > DIGITS {
        return Ok(Value::Decimal(Decimal::ZERO));
    }
    let unit = Decimal::from_i128_with_scale(10_i128.pow((-digits) as u32), 0);
    checked((number / unit).round_dp_with_strategy(0, how).checked_mul(unit))
}

/// A number from one of double precision, by its shortest text.
fn exact(number: f64) -> Answer {
    if !number.is_finite() {
        return Err(overflow());
    }
    checked(Decimal::from_str(&format!("{number}")).ok().or_else(|| Decimal::from_f64(number)))
}

/// The text of a number: plain, without zeros behind its digits, and without the zero before its point unless it was
/// written so.
pub(super) fn text(number: Decimal, literal: bool) -> String {
    let plain = number.normalize().to_string();
    if literal {
        return plain;
    }
    match plain.strip_prefix("-0.") {
        Some(fraction) => format!("-.{fraction}"),
        None => plain.strip_prefix("0.").map(|fraction| format!(".{fraction}")).unwrap_or(plain),
    }
}

/// The number that a text is, as Java reads one: an exponent is allowed, blanks around it are not.
pub(super) fn parse(text: &str) -> Option<Decimal> {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_digits = exponent.map(|e| e.strip_prefix(['-', '+']).unwrap_or(e));
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    if exponent_digits.is_some_and(|e| e.is_empty() || !digits(e)) {
        return None;
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let (whole, fraction) = (if whole.is_empty() { "0" } else { whole }, if fraction.is_empty() { "0" } else { fraction });
    match exponent {
        Some(exponent) => Decimal::from_scientific(&format!("{sign}{whole}.{fraction}e{exponent}")).ok(),
        None => Decimal::from_str(&format!("{sign}{whole}.{fraction}")).ok(),
    }
}

/// A place on earth; none where both numbers are blank.
pub(super) fn coordinates(latitude: Option<Decimal>, longitude: Option<Decimal>) -> Result<Option<(f64, f64)>, Trouble> {
    let (latitude, longitude) = match (latitude.and_then(|d| d.to_f64()), longitude.and_then(|d| d.to_f64())) {
        (None, None) => return Ok(None),
        (Some(a), Some(b)) => (a, b),
        _ => return Err(Trouble::unnamed()),
    };
    if latitude.abs() > 90.0 {
        return Err(Trouble(Some(format!("Latitude out of range: {latitude}"))));
    }
    if longitude.abs() > 180.0 {
        return Err(Trouble(Some(format!("Longitude is out of range: {longitude}"))));
    }
    Ok(Some((latitude, longitude)))
}

/// The way over the surface between two places, as the angle that they are apart.
fn apart((lat1, lon1): (f64, f64), (lat2, lon2): (f64, f64)) -> f64 {
    let (lat1, lat2) = (lat1.to_radians(), lat2.to_radians());
    let half = |a: f64, b: f64| ((b - a) / 2.0).sin().powi(2);
    let chord = half(lat1, lat2) + lat1.cos() * lat2.cos() * half(lon1.to_radians(), lon2.to_radians());
    2.0 * chord.sqrt().min(1.0).asin()
}

impl Scope<'_> {
    pub(super) fn math(&self, function: Function, args: &[Node]) -> Answer {
        match (function, args) {
            (Function::Pi, _) => exact(std::f64::consts::PI),
            (Function::Max | Function::Min, _) => self.extreme(function == Function::Max, args),
            (Function::Distance, [from, to, unit]) => {
                let unit = self.text(unit)?.unwrap_or_default();
                let radius = RADIUS.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name)).map(|(_, radius)| *radius);
                let radius = radius.ok_or_else(|| Trouble(Some(format!("Invalid unit for the distance() function: {unit}"))))?;
                match (self.location(from)?, self.location(to)?) {
                    (Some(from), Some(to)) => exact(apart(from, to) * radius),
                    _ => Ok(Value::Null),
                }
            }
            (_, [of]) => self.number(of)?.map_or(Ok(Value::Null), |n| of_one(function, n)),
            (_, [a, b]) => match (self.number(a)?, self.number(b)?) {
                (Some(a), Some(b)) => of_two(function, a, b),
                _ => Ok(Value::Null),
            },
            _ => Ok(Value::Null),
        }
    }

    fn extreme(&self, greatest: bool, args: &[Node]) -> Answer {
        let mut found: Option<Decimal> = None;
        for arg in args {
            let Some(n) = self.number(arg)? else { return Ok(Value::Null) };
            found = Some(match found {
                Some(best) if greatest => best.max(n),
                Some(best) => best.min(n),
                None => n,
            });
        }
        Ok(found.map_or(Value::Null, Value::Decimal))
    }
}

fn of_one(function: Function, n: Decimal) -> Answer {
    let real = || n.to_f64().unwrap_or(f64::NAN);
    match function {
        Function::Abs => Ok(Value::Decimal(n.abs())),
        // Up is away from zero, down towards it; their mathematical twins don't look at the sign.
        Function::Ceiling => Ok(Value::Decimal(if n.is_sign_negative() { n.floor() } else { n.ceil() })),
        Function::Floor => Ok(Value::Decimal(n.trunc())),
        Function::MCeiling => Ok(Value::Decimal(n.ceil())),
        Function::MFloor => Ok(Value::Decimal(n.floor())),
        Function::Sqrt => exact(real().sqrt()),
        Function::Exp => exact(real().exp()),
        Function::Ln => exact(real().ln()),
        Function::Log => exact(real().ln() / 10_f64.ln()),
        Function::Sin => exact(real().sin()),
        Function::Cos => exact(real().cos()),
        Function::Tan => exact(real().tan()),
        Function::Asin if n.abs() > Decimal::ONE => Ok(Value::Null),
        Function::Acos if n.abs() > Decimal::ONE => Ok(Value::Null),
        Function::Asin => exact(real().asin()),
        Function::Acos => exact(real().acos()),
        Function::Atan => exact(real().atan()),
        _ => Ok(Value::Null),
    }
}

fn of_two(function: Function, a: Decimal, b: Decimal) -> Answer {
    match function {
        Function::Mod if b.is_zero() => Ok(Value::Decimal(a)),
        Function::Mod => checked(a.checked_rem(b)),
        Function::Round => rounded(a, b, HALF_UP),
        Function::Trunc => rounded(a, b, RoundingStrategy::ToZero),
        Function::Atan2 => exact(a.to_f64().unwrap_or(f64::NAN).atan2(b.to_f64().unwrap_or(f64::NAN))),
        _ => Ok(Value::Null),
    }
}
