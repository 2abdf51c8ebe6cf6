//! Queries in brackets.

use super::body::Body;
use super::{Checked, refuse};
use crate::ast::{Pos, QueryExpr};
use crate::code::{Op, QueryGives, QueryPlan};
use crate::host::{Access, Bind, BindValue, Query};
use crate::ty::Ty;
use orglet_base::Value;
use orglet_syntax::ast::{Expr as SoqlExpr, SelectItem};
use std::sync::Arc;

/// Functions that make a query one of aggregates.
const AGGREGATES: &[&str] = &["count", "count_distinct", "sum", "avg", "min", "max", "grouping"];

/// Takes the clauses that Apex alone has from a query's text: `FOR UPDATE`, `ALL ROWS`, `WITH USER_MODE` and the like become
/// blanks, so that binds stay where they are.
pub(crate) fn own_clauses(text: &str) -> Query {
    let mut query = Query { text: text.to_owned(), ..Query::default() };
    let words = words(text);
    let mut blank = Vec::new();
    for pair in words.windows(2) {
        let [(a, first), (b, second)] = pair else { continue };
        let found = match (a.as_str(), b.as_str()) {
            ("FOR", "UPDATE") => {
                query.for_update = true;
                true
            }
            ("ALL", "ROWS") => {
                query.all_rows = true;
                true
            }
            ("WITH", "USER_MODE") => {
                query.access = Access::User;
                true
            }
            ("WITH", "SYSTEM_MODE") => true,
            ("WITH", "SECURITY_ENFORCED") => {
                query.access = Access::SecurityEnforced;
                true
            }
            _ => false,
        };
        if found {
            blank.push(first.start..second.end);
        }
    }
    for range in blank {
        query.text.replace_range(range.clone(), &" ".repeat(range.len()));
    }
    query
}

/// The words of a query outside of quotes, upper case, with their bytes.
fn words(text: &str) -> Vec<(String, std::ops::Range<usize>)> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'\'' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            c if c.is_ascii_alphabetic() || c == b'_' => {
                let start = at;
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'_' | b'.')) {
                    at += 1;
                }
                out.push((text[start..at].to_ascii_uppercase(), start..at));
            }
            _ => at += 1,
        }
    }
    out
}

/// What a query gives, and its object, from its text with literals in the binds' places.
pub(crate) fn shape(text: &str) -> Result<(QueryGives, String), String> {
    let quirks = orglet_syntax::Quirks::for_api_version(60);
    let parsed = orglet_syntax::soql::parse_within(text, quirks, crate::run::MAX_HEAP).map_err(|error| error.message)?;
    let object = parsed.from.first().and_then(|from| from.path.segments.last()).map(|ident| ident.text.clone()).unwrap_or_default();
    if matches!(parsed.select.first(), Some(SelectItem::Count(_))) {
        return Ok((QueryGives::Count, object));
    }
    let aggregate = |item: &SelectItem| match item {
        SelectItem::Expr { expr: SoqlExpr::Call(call), .. } => AGGREGATES.iter().any(|name| call.name.text.eq_ignore_ascii_case(name)),
        _ => false,
    };
    let gives = if parsed.group_by.is_some() || parsed.select.iter().any(aggregate) { QueryGives::Aggregates } else { QueryGives::Records };
    Ok((gives, object))
}

/// A text for the parser: literals that fit where binds stand.
fn with_samples(query: &Query) -> String {
    let mut sample = query.clone();
    for bind in &mut sample.binds {
        let before = sample.text.get(..bind.span.start).unwrap_or_default().trim_end();
        let word = before.rsplit(|c: char| c.is_whitespace() || c == ')').next().unwrap_or_default().to_ascii_uppercase();
        bind.value = match word.as_str() {
            "LIMIT" | "OFFSET" => BindValue::One(Value::Int(1)),
            "IN" | "INCLUDES" | "EXCLUDES" => BindValue::Many(vec![Value::Text("a".to_owned())]),
            _ => BindValue::One(Value::Text("a".to_owned())),
        };
    }
    sample.with_literals()
}

impl<'b> Body<'b, '_> {
    pub(super) fn query(&mut self, expr: &'b QueryExpr, pos: Pos) -> Checked<Ty> {
        let mut query = own_clauses(&expr.text);
        for (span, bound) in &expr.binds {
            let ty = self.expr(bound)?;
            let of = match &ty {
                Ty::List(of) | Ty::Set(of) => (**of).clone(),
                other => other.clone(),
            };
            let fine = matches!(
                of,
                Ty::Bool
                    | Ty::Int
                    | Ty::Long
                    | Ty::Double
                    | Ty::Decimal
                    | Ty::Str
                    | Ty::Id
                    | Ty::Date
                    | Ty::Datetime
                    | Ty::Time
                    | Ty::Record(_)
                    | Ty::Object
                    | Ty::Null
            ) || matches!(&of, Ty::Class(id) if self.builder.class(*id).kind == crate::ast::ClassKind::Enum);
            if !fine {
                return refuse(bound.pos, format!("Invalid bind expression type of {} for column", self.show(&ty)));
            }
            query.binds.push(Bind { span: span.clone(), value: BindValue::One(Value::Null) });
        }
        self.line = pos.line;
        let (gives, object, ty) = if expr.find {
            (QueryGives::Search, String::new(), Ty::list(Ty::list(Ty::Record(None))))
        } else {
            let sample = with_samples(&query);
            let (gives, object) = match shape(&sample) {
                Ok(shape) => shape,
                Err(message) => return refuse(pos, message),
            };
            let Some(info) = self.builder.object(&object) else { return refuse(pos, format!("sObject type '{object}' is not supported.")) };
            self.columns(&sample, &info, pos)?;
            let ty = match gives {
                QueryGives::Count => Ty::Int,
                QueryGives::Aggregates => Ty::list(Ty::record("AggregateResult")),
                _ => Ty::list(Ty::record(&info.name)),
            };
            (gives, info.name.clone(), ty)
        };
        self.code.queries.push(Arc::new(QueryPlan { query, gives, object: object.as_str().into() }));
        let at = self.code.queries.len() as u32 - 1;
        self.emit(Op::Query(at));
        Ok(ty)
    }

    /// Fields of the driving object that are not there.
    fn columns(&self, text: &str, object: &crate::schema::ObjectInfo, pos: Pos) -> Checked<()> {
        let Ok(parsed) = orglet_syntax::soql::parse(text, orglet_syntax::Quirks::for_api_version(60)) else { return Ok(()) };
        if parsed.from.len() != 1 || parsed.from[0].alias.is_some() {
            return Ok(());
        }
        for item in &parsed.select {
            let SelectItem::Expr { expr: SoqlExpr::Path(path), .. } = item else { continue };
            let names: Vec<&str> = path.segments.iter().map(|ident| ident.text.as_str()).collect();
            match names.as_slice() {
                [name] if object.field_at(name).is_none() => {
                    return refuse(
                        pos,
                        format!(
                            "No such column '{name}' on entity '{}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.",
                            object.name
                        ),
                    );
                }
                [first, _, ..] if object.relationship_at(first).is_none() && !first.eq_ignore_ascii_case(&object.name) => {
                    return refuse(
                        pos,
                        format!(
                            "Didn't understand relationship '{first}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names."
                        ),
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }
}
