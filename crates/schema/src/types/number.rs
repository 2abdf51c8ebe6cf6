//! What the number types share: exact parsing and the range rules.

use super::{Input, ParseFailure};
use crate::field::Field;
use orglet_base::{ApiError, ErrorCode, Value};
use rust_decimal::{Decimal, RoundingStrategy};
use std::str::FromStr;

/// Reads a number exactly; a text that is one counts too. Numbers past 28 digits become text, which the range check
/// then refuses with the number as it was written.
pub(super) fn parse(word: &'static str, input: Input<'_>) -> Result<Value, ParseFailure> {
    let text = match input {
        Input::Null | Input::Text("") => return Ok(Value::Null),
        Input::Number(t) => t,
        Input::Text(t) if is_number(t.trim()) => t.trim(),
        _ => return Err(ParseFailure::new(word, input)),
    };
    let exact = if text.contains(['e', 'E']) { Decimal::from_scientific(text).ok() } else { Decimal::from_str(text).ok() };
    Ok(exact.map_or_else(|| Value::Text(text.to_owned()), Value::Decimal))
}

fn is_number(text: &str) -> bool {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = body.split_once(['e', 'E']).map_or((body, None), |(m, e)| (m, Some(e)));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let exponent_ok = exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)));
    let mantissa_ok = match mantissa.split_once('.') {
        Some((whole, frac)) => (digits(whole) && (frac.is_empty() || digits(frac))) || (whole.is_empty() && digits(frac)),
        None => digits(mantissa),
    };
    mantissa_ok && exponent_ok
}

/// Rounds to the field's scale, half away from zero, and checks that the whole part fits its precision (crud-037).
pub(super) fn validate(field: &Field, value: Value) -> Result<Value, ApiError> {
    match value {
        Value::Decimal(d) => {
            let scale = u32::from(field.scale);
            let rounded = d.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero);
            let whole = u32::from(field.precision.clamp(1, 18)).saturating_sub(scale);
            if rounded.trunc().abs() >= Decimal::from(10u64.pow(whole.min(18))) {
                return Err(out_of_range(field, &d.normalize().to_string()));
            }
            match limit_of_coordinate(field) {
                Some(limit) if rounded.abs() > Decimal::from(limit) => Err(out_of_range(field, &d.normalize().to_string())),
                _ => Ok(Value::Decimal(rounded)),
            }
        }
        Value::Text(t) => Err(out_of_range(field, &t)),
        other => Ok(other),
    }
}

/// How far a latitude or longitude of an address or a location may be from zero, in degrees.
fn limit_of_coordinate(field: &Field) -> Option<u32> {
    field.compound.as_ref()?;
    let name = field.name.trim_end_matches("__s");
    if name.ends_with("Latitude") {
        Some(90)
    } else if name.ends_with("Longitude") {
        Some(180)
    } else {
        None
    }
}

/// NUMBER_OUTSIDE_VALID_RANGE for a field.
pub(super) fn out_of_range(field: &Field, shown: &str) -> ApiError {
    let text = format!("{}: value outside of valid range on numeric field: {shown}", field.label);
    ApiError::new(ErrorCode::NumberOutsideValidRange, text).with_fields([&field.name])
}
