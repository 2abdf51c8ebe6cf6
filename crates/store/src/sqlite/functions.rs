//! The collation and the SQL functions that emitted SQL relies on.

use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};
use rust_decimal::Decimal;

const PURE: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DETERMINISTIC).union(FunctionFlags::SQLITE_INNOCUOUS);

pub(super) fn register(db: &Connection) -> Result<()> {
    db.create_collation("FOLD", orglet_base::fold::compare)?;
    db.create_scalar_function("org_like", 2, PURE, |cx| {
        Ok(match (text(cx, 0), text(cx, 1)) {
            (Some(pattern), Some(text)) => Some(like(pattern, text)),
            _ => None,
        })
    })?;
    db.create_scalar_function("org_distance", 5, PURE, distance)?;
    db.create_aggregate_function("org_sum", 2, PURE, Sum { average: false })?;
    db.create_aggregate_function("org_avg", 2, PURE, Sum { average: true })?;
    Ok(())
}

fn text<'a>(cx: &'a Context<'_>, at: usize) -> Option<&'a str> {
    match cx.get_raw(at) {
        ValueRef::Text(t) => std::str::from_utf8(t).ok(),
        _ => None,
    }
}

/// SOQL's LIKE over folded characters: `%` any run, `_` one character, a backslash takes the next literally. Linear in
/// text times the number of `%`.
fn like(pattern: &str, text: &str) -> bool {
    #[derive(Clone, Copy, PartialEq)]
    enum Part {
        Any,
        One,
        Char(char),
    }
    let mut parts = Vec::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '%' => Part::Any,
            '_' => Part::One,
            '\\' => chars.next().map_or(Part::Char('\\'), |c| Part::Char(orglet_base::fold::fold_char(c))),
            c => Part::Char(orglet_base::fold::fold_char(c)),
        });
    }
    let text: Vec<char> = text.chars().map(orglet_base::fold::fold_char).collect();
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match parts.get(p) {
            Some(Part::Any) => {
                retry = Some((p, t));
                p += 1;
            }
            Some(part) if *part == Part::One || *part == Part::Char(text[t]) => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    parts[p..].iter().all(|part| *part == Part::Any)
}

/// SUM and AVG over scaled integers: `org_sum(cell, scale)` and `org_avg(cell, scale)` answer exact decimal text, NULL
/// when no row has a value.
struct Sum {
    average: bool,
}

#[derive(Default)]
struct Total {
    sum: i128,
    count: i64,
    scale: u32,
}

impl Aggregate<Total, Option<String>> for Sum {
    fn init(&self, _: &mut Context<'_>) -> Result<Total> {
        Ok(Total::default())
    }

    fn step(&self, cx: &mut Context<'_>, total: &mut Total) -> Result<()> {
        if let ValueRef::Integer(n) = cx.get_raw(0) {
            total.sum += i128::from(n);
            total.count += 1;
        }
        if let ValueRef::Integer(scale) = cx.get_raw(1) {
            total.scale = u32::try_from(scale).unwrap_or(0).min(18);
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, total: Option<Total>) -> Result<Option<String>> {
        let Some(total) = total.filter(|t| t.count > 0) else { return Ok(None) };
        if !self.average {
            return Ok(Some(scaled_text(total.sum, total.scale)));
        }
        let exact = Decimal::try_from_i128_with_scale(total.sum, total.scale).ok();
        let average = exact.and_then(|sum| sum.checked_div(Decimal::from(total.count)));
        Ok(average.map(|d| d.normalize().to_string()))
    }
}

/// An integer times 10^-scale, as text.
fn scaled_text(n: i128, scale: u32) -> String {
    let scale = scale as usize;
    let digits = n.unsigned_abs().to_string();
    let sign = if n < 0 { "-" } else { "" };
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// `org_distance(lat1, lon1, lat2, lon2, unit)`: great-circle distance in `mi` or `km` by the haversine formula, in
/// degrees as numbers or decimal text; NULL when a coordinate is.
fn distance(cx: &mut Context<'_>) -> Result<Option<f64>> {
    let mut at = [0.0f64; 4];
    for (i, slot) in at.iter_mut().enumerate() {
        *slot = match cx.get_raw(i) {
            ValueRef::Integer(n) => n as f64,
            ValueRef::Real(f) => f,
            ValueRef::Text(t) => match std::str::from_utf8(t).ok().and_then(|t| t.parse().ok()) {
                Some(f) => f,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
    }
    let [lat1, lon1, lat2, lon2] = at.map(f64::to_radians);
    let h = ((lat2 - lat1) / 2.0).sin().powi(2) + lat1.cos() * lat2.cos() * ((lon2 - lon1) / 2.0).sin().powi(2);
    let radius = if text(cx, 4) == Some("km") { 6371.0088 } else { 3958.7613 };
    Ok(Some(2.0 * radius * h.sqrt().min(1.0).asin()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_folds_and_escapes() {
        assert!(like("appl%", "Appleton"));
        assert!(like("APPL_", "Apple"));
        assert!(!like("APPL_", "Appl"));
        assert!(like("100\\%%", "100% sure"));
        assert!(!like("100\\%", "100x"));
        assert!(like("%a%b%", "xxAyyBzz"));
        assert!(like("", "") && !like("", "x"));
    }

    #[test]
    fn scaled_integers_as_text() {
        assert_eq!(scaled_text(-5, 2), "-0.05");
        assert_eq!(scaled_text(70_000, 2), "700.00");
        assert_eq!(scaled_text(12, 0), "12");
    }
}
