//! Values as answers of every protocol print them, from the cells of rows.

use orglet_base::Cell;
use orglet_engine::plan::OutKind;
use orglet_schema::{CellKind, Field, FieldType};

/// Exact decimal text as a double is printed: always with a fraction.
pub(crate) fn decimal(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    format!("{whole}.{}", if fraction.is_empty() { "0" } else { fraction })
}

/// The label of a picklist's value; of each of several.
pub(crate) fn label(field: &Field, value: &str) -> String {
    let one = |v: &str| field.picklist.iter().find(|p| p.value == v).map_or_else(|| v.to_owned(), |p| p.label.clone());
    if field.ty == FieldType::MultiPicklist { value.split(';').map(one).collect::<Vec<_>>().join(";") } else { one(value) }
}

/// A number in plain decimal text with a comma before each three digits, and so many decimals, or as many as it has.
pub(crate) fn grouped(text: &str, decimals: Option<usize>) -> String {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |t| ("-", t));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let fraction = match decimals {
        Some(n) => format!("{fraction:0<n$}").chars().take(n).collect(),
        None => fraction.trim_end_matches('0').to_owned(),
    };
    if fraction.is_empty() { format!("{sign}{grouped}") } else { format!("{sign}{grouped}.{fraction}") }
}

/// `FORMAT()` in the locale en_US, the only one so far.
pub(crate) fn formatted(inner: &OutKind, ty: FieldType, cell: Cell<'_>) -> String {
    let plain = match (inner, cell) {
        (OutKind::Cell(CellKind::Decimal(scale)), Cell::Int(n)) => scaled_text(n, *scale),
        (_, Cell::Int(n)) => n.to_string(),
        (_, Cell::Text(t)) => t.to_owned(),
        _ => String::new(),
    };
    match ty {
        FieldType::Currency => format!("${}", grouped(&plain, Some(2))).replace("$-", "-$"),
        FieldType::Percent => format!("{}%", grouped(&plain, None)),
        FieldType::Double | FieldType::Int | FieldType::Long => grouped(&plain, None),
        FieldType::Date if plain.len() >= 10 => date(&plain),
        FieldType::DateTime if plain.len() >= 16 => {
            let hour: u32 = plain[11..13].parse().unwrap_or(0);
            let (shown, half) = (if hour.is_multiple_of(12) { 12 } else { hour % 12 }, if hour < 12 { "AM" } else { "PM" });
            format!("{}, {shown}:{} {half}", date(&plain), &plain[14..16])
        }
        _ => plain,
    }
}

/// A day in the locale en_US.
pub(crate) fn date(text: &str) -> String {
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse::<u32>().ok()).unwrap_or(0);
    format!("{}/{}/{}", part(5..7), part(8..10), part(0..4))
}

/// A number that is stored as a whole one, with its decimals.
pub(crate) fn scaled_text(n: i64, scale: u8) -> String {
    let digits = format!("{:0>width$}", n.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    let sign = if n < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
