//! Comparisons: what may be compared how, and the condition that comes of it.

use super::Binder;
use super::literal::{Number, Scaled, Wanted};
use crate::emit::{Sql, sql};
use orglet_base::{ApiError, OwnedCell, fold};
use orglet_schema::{CellKind, Field, FieldType, Object};
use orglet_syntax::ast::{CompareOp, Literal, Span};
use std::sync::Arc;

/// The left side of a comparison.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub sql: Sql,
    pub kind: CellKind,
    pub ty: FieldType,
    pub fold: bool,
    /// As messages name it.
    pub name: String,
    pub span: Span,
    pub field: Option<(Arc<Object>, usize)>,
    /// The result of a function.
    pub computed: bool,
    pub form: Form,
}

/// How an operand is compared.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    /// As its type is.
    Plain,
    /// By the labels of the picklist.
    Label,
    /// A fractional number of the database.
    Real,
    /// A sum that stands for the average: divided by this count.
    Average(Sql),
}

impl Operand {
    pub(super) fn field(&self) -> Option<&Field> {
        self.field.as_ref().map(|(object, i)| &object.fields()[*i])
    }

    /// Whether an index serves look-ups by the field.
    fn indexed(&self) -> bool {
        self.field().is_some_and(|f| f.name_field || f.external_id || f.unique || f.id_lookup)
    }
}

impl Binder<'_> {
    /// `operand op literal`.
    pub(super) fn compare(&self, operand: &Operand, op: CompareOp, literal: &Literal, span: Span) -> Result<Sql, ApiError> {
        self.check_operator(operand, op)?;
        // Since 61.0 the parser refuses it.
        if op == CompareOp::Like && *literal == Literal::Null {
            return Err(self.cx.bad_operator(operand.span, "invalid operator"));
        }
        match &operand.form {
            Form::Label => return self.compare_label(operand, op, literal),
            Form::Real => return self.compare_real(operand, op, literal),
            Form::Plain | Form::Average(_) => {}
        }
        if op == CompareOp::Like {
            return match literal {
                Literal::String { text, like, .. } => Ok(self.like(operand, like.as_ref().unwrap_or(text))),
                _ => Err(self.mismatch(operand)),
            };
        }
        let wanted = self.literal(operand, literal, span)?;
        Ok(self.wanted(operand, op, wanted))
    }

    /// Which operators a type knows.
    fn check_operator(&self, operand: &Operand, op: CompareOp) -> Result<(), ApiError> {
        let ordering = !matches!(op, CompareOp::Eq | CompareOp::Ne | CompareOp::Like);
        let wrong = match operand.ty {
            FieldType::MultiPicklist => op == CompareOp::Like || ordering,
            FieldType::Boolean => op == CompareOp::Like || ordering,
            _ if operand.kind == CellKind::Text => false,
            _ => op == CompareOp::Like,
        };
        if !wrong {
            return Ok(());
        }
        let word = match operand.kind {
            CellKind::Id => "id",
            _ => operand.ty.name(),
        };
        Err(self.cx.bad_operator(operand.span, format!("invalid operator on {word} field")))
    }

    /// The condition for what a literal stands for.
    pub(super) fn wanted(&self, operand: &Operand, op: CompareOp, wanted: Wanted) -> Sql {
        let value = &operand.sql;
        if operand.kind == CellKind::Bool {
            // Missing is false.
            let truth = wanted == Wanted::Cell(OwnedCell::Int(1));
            let op = if truth == (op == CompareOp::Eq) { CompareOp::Eq } else { CompareOp::Ne };
            return self.emit.compare(value, false, CellKind::Bool, op, OwnedCell::Int(1));
        }
        match wanted {
            Wanted::Null => match op {
                CompareOp::Eq => self.emit.is_null(value, true),
                CompareOp::Ne => self.emit.is_null(value, false),
                _ => self.emit.constant(false),
            },
            Wanted::Cell(cell) => self.emit.compare(value, operand.fold, operand.kind, op, cell),
            Wanted::Number(number) => self.number(operand, op, number),
            Wanted::Range(start, end) => {
                let at = |op, cell: &OwnedCell| self.emit.compare(value, false, operand.kind, op, cell.clone());
                match op {
                    CompareOp::Lt => at(CompareOp::Lt, &start),
                    CompareOp::Le => at(CompareOp::Lt, &end),
                    CompareOp::Gt => at(CompareOp::Ge, &end),
                    CompareOp::Ge => at(CompareOp::Ge, &start),
                    _ => {
                        let inside = sql![at(CompareOp::Ge, &start), " AND ", at(CompareOp::Lt, &end)];
                        if op == CompareOp::Ne { self.emit.negate(&inside) } else { inside }
                    }
                }
            }
        }
    }

    /// A comparison with a number: exact, whatever the number of its digits.
    fn number(&self, operand: &Operand, op: CompareOp, number: Number) -> Sql {
        use CompareOp::*;
        let scale = if let CellKind::Decimal(scale) = operand.kind { scale } else { 0 };
        if let Form::Average(count) = &operand.form {
            return self.average(operand, count, scale, op, number);
        }
        let value = &operand.sql;
        let at = |op, n: i64| self.emit.compare(value, false, operand.kind, op, OwnedCell::Int(n));
        match (number.scaled(scale), op) {
            (Scaled::On(n), op) => at(op, n),
            (_, Ne) => self.emit.constant(true),
            (_, Eq | Like) => self.emit.constant(false),
            (Scaled::Above(n), Lt | Le) => at(Le, n),
            (Scaled::Above(n), Gt | Ge) => at(Gt, n),
            (Scaled::Huge, Lt | Le) | (Scaled::Tiny, Gt | Ge) => self.emit.is_null(value, false),
            (Scaled::Huge, Gt | Ge) | (Scaled::Tiny, Lt | Le) => self.emit.constant(false),
        }
    }

    /// `AVG(x) op v` as `SUM(x) op v * COUNT(x)`, in whole numbers.
    fn average(&self, operand: &Operand, count: &Sql, scale: u8, op: CompareOp, number: Number) -> Sql {
        let above = match number {
            Number::Exact(d) => {
                let digits = u8::try_from(d.normalize().scale()).unwrap_or(18).saturating_sub(scale).min(9);
                if let Scaled::On(n) = number.scaled(scale + digits) {
                    let (sum, right) = self.emit.average_sides(&operand.sql, scale, digits, n, count);
                    let compared = self.emit.compare_values(&sum, op, &right);
                    return if op == CompareOp::Ne {
                        self.emit.negate(&self.emit.compare_values(&sum, CompareOp::Eq, &right))
                    } else {
                        compared
                    };
                }
                d.is_sign_positive()
            }
            Number::Huge => true,
            Number::Tiny => false,
        };
        match op {
            CompareOp::Ne => self.emit.constant(true),
            CompareOp::Lt | CompareOp::Le if above => self.emit.is_null(&operand.sql, false),
            CompareOp::Gt | CompareOp::Ge if !above => self.emit.is_null(&operand.sql, false),
            _ => self.emit.constant(false),
        }
    }

    /// LIKE. On indexed fields the text before the first wildcard bounds the search.
    fn like(&self, operand: &Operand, pattern: &str) -> Sql {
        let like = self.emit.like(&operand.sql, pattern);
        let prefix: String = pattern.chars().take_while(|c| !matches!(c, '%' | '_' | '\\')).collect();
        if !operand.fold || prefix.is_empty() || !operand.indexed() {
            return like;
        }
        let at = |op, text: String| self.emit.compare(&operand.sql, true, operand.kind, op, OwnedCell::Text(text));
        let from = at(CompareOp::Ge, prefix.clone());
        match after(&prefix) {
            Some(end) => sql![from, " AND ", at(CompareOp::Lt, end), " AND ", like],
            None => sql![from, " AND ", like],
        }
    }

    /// DISTANCE knows `<` and `>` alone.
    fn compare_real(&self, operand: &Operand, op: CompareOp, literal: &Literal) -> Result<Sql, ApiError> {
        if !matches!(op, CompareOp::Lt | CompareOp::Gt) {
            return Err(self.cx.bad_operator(operand.span, "DISTANCE may be compared by < and > only"));
        }
        let Literal::Number(text) = literal else { return Err(self.mismatch(operand)) };
        let right = self.emit.real(text);
        Ok(self.emit.compare_values(&operand.sql, op, &right))
    }

    /// `toLabel(field) op text`: the values whose labels fit.
    fn compare_label(&self, operand: &Operand, op: CompareOp, literal: &Literal) -> Result<Sql, ApiError> {
        let (text, pattern) = match literal {
            Literal::Null => return Ok(self.wanted(operand, op, Wanted::Null)),
            Literal::String { text, like, .. } => (text, like.as_ref().unwrap_or(text)),
            _ => return Err(self.mismatch(operand)),
        };
        if text.is_empty() {
            return Ok(self.wanted(operand, op, Wanted::Null));
        }
        let fits = |label: &str| {
            let order = fold::compare(label, text);
            match op {
                CompareOp::Eq | CompareOp::Ne => order.is_eq(),
                CompareOp::Lt => order.is_lt(),
                CompareOp::Le => order.is_le(),
                CompareOp::Gt => order.is_gt(),
                CompareOp::Ge => order.is_ge(),
                CompareOp::Like => like(pattern, label),
            }
        };
        let listed = operand.field().map_or(&[][..], |f| &f.picklist);
        let values: Vec<String> = listed.iter().filter(|v| fits(&v.label)).map(|v| v.value.clone()).collect();
        let found = self.emit.in_texts(&operand.sql, operand.fold, values);
        Ok(if op == CompareOp::Ne { self.emit.negate(&found) } else { found })
    }

    /// `operand [NOT] IN (literals)`.
    pub(super) fn in_literals(&self, operand: &Operand, negated: bool, literals: &[(Literal, Span)]) -> Result<Sql, ApiError> {
        match operand.ty {
            FieldType::MultiPicklist => return Err(self.cx.bad_operator(operand.span, "invalid operator on multipicklist field")),
            _ if operand.form == Form::Real => return Err(self.cx.bad_operator(operand.span, "DISTANCE may be compared by < and > only")),
            _ => {}
        }
        let (mut texts, mut cells, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (literal, span) in literals {
            if operand.form != Form::Plain || operand.kind == CellKind::Bool {
                others.push(self.compare(operand, CompareOp::Eq, literal, *span)?);
                continue;
            }
            match self.literal(operand, literal, *span)? {
                Wanted::Cell(OwnedCell::Text(text)) if matches!(operand.kind, CellKind::Text | CellKind::Id) => texts.push(text),
                Wanted::Cell(cell) => cells.push(cell),
                Wanted::Number(number) => {
                    let scale = if let CellKind::Decimal(scale) = operand.kind { scale } else { 0 };
                    // What no field value can be is left out.
                    if let Scaled::On(n) = number.scaled(scale) {
                        cells.push(OwnedCell::Int(n));
                    }
                }
                other => others.push(self.wanted(operand, CompareOp::Eq, other)),
            }
        }
        if !texts.is_empty() {
            others.insert(0, self.emit.in_texts(&operand.sql, operand.fold, texts));
        }
        if !cells.is_empty() || others.is_empty() {
            others.insert(0, self.emit.in_cells(&operand.sql, operand.kind, cells));
        }
        let found = if others.len() == 1 { others.swap_remove(0) } else { self.emit.all(others, false) };
        Ok(if negated { self.emit.negate(&found) } else { sql!["(", found, ")"] })
    }

    /// INCLUDES and EXCLUDES.
    pub(super) fn includes(&self, operand: &Operand, negated: bool, values: &[(String, Span)]) -> Result<Sql, ApiError> {
        if operand.ty != FieldType::MultiPicklist || operand.computed {
            let text = format!("invalid operator on {} field", operand.ty.name());
            return Err(self.cx.bad_operator(operand.span, text));
        }
        let listed = sql!["';' || ", operand.sql, " || ';'"];
        let mut any = Vec::new();
        for (value, _) in values {
            let parts = value.split(';').map(str::trim).filter(|v| !v.is_empty());
            let each: Vec<Sql> = parts.map(|v| self.emit.like(&listed, &format!("%;{};%", escaped(v)))).collect();
            any.push(match each.len() {
                0 => self.emit.is_null(&operand.sql, true),
                1 => each.into_iter().next().unwrap_or_default(),
                _ => self.emit.all(each, true),
            });
        }
        let found = if any.len() == 1 { any.swap_remove(0) } else { self.emit.all(any, false) };
        Ok(if negated { self.emit.negate(&found) } else { found })
    }
}

/// A text as a pattern that only it fits.
fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| if matches!(c, '%' | '_' | '\\') { vec!['\\', c] } else { vec![c] }).collect()
}

/// A text above all that begin with `prefix`, in folded order; `None` if there is none.
fn after(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    let last = fold::fold_char(chars.pop()?);
    // A character that folds downwards would bound too low.
    let next = (u32::from(last) + 1..=u32::from(char::MAX)).filter_map(char::from_u32).find(|c| fold::fold_char(*c) > last)?;
    chars.push(next);
    Some(chars.into_iter().collect())
}

/// LIKE over folded characters, for labels.
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '\\' => (chars.next().map_or('\\', fold::fold_char), false),
            '%' | '_' => (c, true),
            c => (fold::fold_char(c), false),
        });
    }
    // Which beginnings of the pattern fit the text so far.
    let mut fits = vec![false; parts.len() + 1];
    fits[0] = true;
    let spread = |fits: &mut Vec<bool>| {
        for (i, part) in parts.iter().enumerate() {
            if *part == ('%', true) && fits[i] {
                fits[i + 1] = true;
            }
        }
    };
    spread(&mut fits);
    for c in text.chars().map(fold::fold_char) {
        let mut next = vec![false; parts.len() + 1];
        for (i, part) in parts.iter().enumerate() {
            match part {
                ('%', true) => next[i + 1] |= fits[i + 1],
                ('_', true) => next[i + 1] |= fits[i],
                (wanted, _) => next[i + 1] |= fits[i] && *wanted == c,
            }
        }
        fits = next;
        spread(&mut fits);
    }
    fits[parts.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likes() {
        for (pattern, text, want) in [
            ("appl%", "Appleton", true),
            ("APPL_", "Apple", true),
            ("APPL_", "Appl", false),
            ("100\\%%", "100% sure", true),
            ("%a%b", "xaxxb", true),
            ("%a%b", "xaxxbc", false),
            ("", "", true),
        ] {
            assert_eq!(like(pattern, text), want, "{pattern} {text}");
        }
    }

    #[test]
    fn bounds_of_prefixes() {
        assert_eq!(after("App").as_deref(), Some("Apq"));
        assert_eq!(after("x@").as_deref(), Some("xA"));
        assert_eq!(after("Z").as_deref(), Some("{"));
    }
}
