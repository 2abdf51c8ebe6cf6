//! Names, types and rules. Every error that a query's meaning can have arises here.

mod child;
mod compare;
mod explain;
mod fields;
mod filter;
mod functions;
mod group;
mod literal;
mod path;
mod reified;
mod restricted;
mod select;
mod semi;
mod typeof_;

pub use explain::{Explain, IndexUse, explain};

use crate::compat;
use crate::emit::{self, Emit, Join, Sql, source_of, sql};
use crate::plan::{Output, Plan, VirtualNeed};
use crate::{BindContext, emit::OrderKey};
use orglet_base::{ApiError, DateTime, ErrorCode, OwnedCell};
use orglet_schema::{FieldType, Object, standard, tooling};
use orglet_syntax::ast::{Expr, ForClause, Ident, OrderItem, Query, SelectItem, Span, With};
use path::Scope;
use std::cell::Cell;
use std::sync::Arc;

/// The greatest OFFSET.
const MAX_OFFSET: u64 = 2000;
/// Parent relationships in one query, and levels in one path.
const MAX_RELATIONSHIPS: usize = 55;
const MAX_PARENT_LEVELS: usize = 5;
/// Child sub-queries of one query.
const MAX_CHILDREN: usize = 20;
/// Rows and ids with which FIELDS(ALL) may be used.
const FIELDS_ROWS: u64 = 200;

/// Checks a query and makes its plan.
///
/// # Errors
/// Whatever the platform answers to such a query: unknown names, misused types, rules of the language; and features
/// that are not there, which are refused rather than left out.
pub fn plan(query: &Query, cx: &BindContext<'_>) -> Result<Plan, ApiError> {
    let mut binder = Binder::new(cx);
    binder.check_clauses(query)?;
    let Some(first) = query.from.first() else { return Err(cx.unexpected(query.span, "'FROM'")) };
    let name = first.path.segments.last().map_or("", |s| s.text.as_str());
    if first.path.segments.len() > 1 {
        return Err(binder.unknown_object(&dotted(&first.path.segments), first.path.span));
    }
    let root = binder.object(name, first.path.span, query)?;
    let mut scope = binder.open(root, 't', first.alias.as_ref(), None)?;
    binder.alias_paths(&mut scope, query)?;

    let output = if let [SelectItem::Count(span)] = query.select.as_slice() {
        binder.count(&mut scope, query, *span)?
    } else if query.group_by.is_some() || query.select.iter().any(is_aggregate) {
        Output::Aggregate(binder.aggregate_plan(&mut scope, query)?)
    } else {
        if let Some(SelectItem::Count(span)) = query.select.iter().find(|i| matches!(i, SelectItem::Count(_))) {
            return Err(cx.unexpected(*span, "','"));
        }
        Output::Records(binder.records(scope, query, 1)?)
    };
    let for_clause: Option<ForClause> = query.for_clause.map(|(clause, _)| clause);
    Ok(Plan {
        output,
        virtuals: binder.virtuals,
        tables: binder.tables,
        for_clause,
        lasting: !binder.told_the_time.get(),
        unbounded_fields: binder.unbounded_fields,
        personal: binder.personal,
    })
}

fn is_aggregate(item: &SelectItem) -> bool {
    match item {
        SelectItem::Expr { expr, .. } => calls_aggregate(expr),
        _ => false,
    }
}

/// Whether an expression is an aggregate, or formats one.
fn calls_aggregate(expr: &Expr) -> bool {
    let Expr::Call(call) = expr else { return false };
    functions::Aggregate::named(&call.name.text).is_some()
        || call.name.text.eq_ignore_ascii_case("GROUPING")
        || call.args.iter().any(|a| matches!(a, orglet_syntax::ast::Arg::Expr(e) if calls_aggregate(e)))
}

/// Segments with dots between them.
fn dotted(segments: &[Ident]) -> String {
    segments.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(".")
}

/// What is collected while a query is bound.
struct Binder<'a> {
    cx: &'a BindContext<'a>,
    emit: Emit,
    virtuals: Vec<VirtualNeed>,
    tables: Vec<Arc<Object>>,
    semi_joins: usize,
    /// Whether anything depends on what time it is.
    told_the_time: Cell<bool>,
    /// Whether FIELDS(ALL) or FIELDS(CUSTOM) is selected anywhere.
    unbounded_fields: bool,
    /// Whether anything depends on what the user last saw.
    personal: bool,
}

impl<'a> Binder<'a> {
    fn new(cx: &'a BindContext<'a>) -> Self {
        Self {
            cx,
            emit: Emit(cx.dialect),
            virtuals: Vec::new(),
            tables: Vec::new(),
            semi_joins: 0,
            told_the_time: Cell::new(false),
            unbounded_fields: false,
            personal: false,
        }
    }
}

impl Binder<'_> {
    /// The time that date literals count from.
    fn now(&self) -> DateTime {
        self.told_the_time.set(true);
        self.cx.now
    }

    /// An object that may be queried, by `query`.
    fn object(&self, name: &str, span: Span, query: &Query) -> Result<Arc<Object>, ApiError> {
        let found = self.cx.catalog.object(name).filter(|o| self.cx.access.sees_object(o));
        let Some(object) = found else { return Err(self.no_object(name, span, query)) };
        if !object.flags.queryable {
            let text = format!("entity type {} does not support query", object.name);
            return Err(ApiError::new(ErrorCode::InvalidTypeForOperation, text));
        }
        Ok(object.clone())
    }

    /// An object that is not there. Of one that other orgs have, or the other API, the platform says less (query-004).
    fn no_object(&self, name: &str, span: Span, query: &Query) -> ApiError {
        if let Some(refused) = restricted::refusal(name, query) {
            return refused;
        }
        let elsewhere = || [standard::objects(), tooling::objects()].iter().any(|set| set.object(name).is_some());
        if self.cx.catalog.object(name).is_some() || standard::is_left_out(name) || elsewhere() {
            return ApiError::new(ErrorCode::InvalidType, format!("sObject type '{name}' is not supported."));
        }
        self.unknown_object(name, span)
    }

    fn unknown_object(&self, name: &str, span: Span) -> ApiError {
        let text = format!(
            "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the \
             entity name. Please reference your WSDL or the describe call for the appropriate names."
        );
        self.cx.at(ErrorCode::InvalidType, span, text)
    }

    /// The rows of an object as a table of a statement.
    fn scan(&mut self, object: &Arc<Object>) -> (Sql, Option<usize>) {
        let number = (!object.has_table()).then(|| {
            self.virtuals.push(VirtualNeed { object: object.clone(), filters: Vec::new() });
            self.virtuals.len() - 1
        });
        if number.is_none() {
            self.reads(object);
        }
        (source_of(object, number, self.cx.dialect), number)
    }

    /// Remembers that a table is read.
    fn reads(&mut self, object: &Arc<Object>) {
        if !self.tables.iter().any(|t| t.name == object.name) {
            self.tables.push(object.clone());
        }
    }

    /// A scope over an object; `also` is a second name for it (the relationship of a child sub-query).
    fn open(&mut self, root: Arc<Object>, prefix: char, alias: Option<&Ident>, also: Option<&str>) -> Result<Scope, ApiError> {
        let (source, number) = self.scan(&root);
        let join = Join { source, alias: format!("{prefix}0"), on: None };
        let mut scope = Scope::new(root, prefix, join, number);
        if let Some(alias) = alias {
            if reserved(&alias.text) {
                return Err(self.cx.unexpected(alias.span, &format!("'{}'", alias.text)));
            }
            scope.name_root(&alias.text);
        }
        scope.name_root(&scope.root.name.clone());
        if let Some(also) = also {
            scope.name_root(also);
        }
        Ok(scope)
    }

    /// `FROM Contact c, c.Account a`: names for parent paths.
    fn alias_paths(&mut self, scope: &mut Scope, query: &Query) -> Result<(), ApiError> {
        for item in query.from.iter().skip(1) {
            let known = item.path.segments.len() > 1 && scope.is_anchor(&item.path.segments[0].text);
            if !known {
                return Err(self.unknown_from(&dotted(&item.path.segments), item.path.span));
            }
            let anchor = self.anchor(scope, &item.path)?;
            if let Some(alias) = &item.alias {
                if scope.is_anchor(&alias.text) {
                    return Err(self.cx.malformed(alias.span, format!("duplicate alias: {}", alias.text)));
                }
                scope.name_anchor(&alias.text, anchor);
            }
        }
        Ok(())
    }

    fn unknown_from(&self, relationship: &str, span: Span) -> ApiError {
        let text = format!(
            "Didn't understand relationship '{relationship}' in FROM part of query call. If you are attempting to use a custom relationship, \
             be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the \
             appropriate names."
        );
        self.cx.at(ErrorCode::InvalidType, span, text)
    }

    /// Clauses that are refused, and the bounds of OFFSET.
    fn check_clauses(&self, query: &Query) -> Result<(), ApiError> {
        let cx = self.cx;
        if let Some(with) = query.with.first() {
            return Err(match with {
                With::Mode(word) => {
                    let text = if compat::has_new_parser(cx.version) {
                        "rule soqlWithIdentifierClause failed predicate: {this.helper.allowApexSyntax() && this.helper.hasApexContext()}?"
                            .to_owned()
                    } else {
                        format!("{} not allowed in this context", word.text.to_ascii_uppercase())
                    };
                    ApiError::new(ErrorCode::MalformedQuery, text)
                }
                With::DataCategory { span, .. } => cx.malformed(*span, "WITH DATA CATEGORY is not supported on this object"),
                With::Equals(name, _) | With::Params(name, _) => {
                    cx.malformed(name.span, format!("WITH {} is not supported on this object", name.text))
                }
            });
        }
        if let Some(word) = query.update.first() {
            return Err(cx.malformed(word.span, format!("UPDATE {} is not supported on this object", word.text.to_ascii_uppercase())));
        }
        self.check_offset(query)
    }

    fn check_offset(&self, query: &Query) -> Result<(), ApiError> {
        match &query.offset {
            Some(offset) if offset.value > MAX_OFFSET => {
                Err(self.cx.at(ErrorCode::NumberOutsideValidRange, offset.span, format!("Maximum SOQL offset allowed is {MAX_OFFSET}")))
            }
            _ => Ok(()),
        }
    }

    /// The whole filter of a scope: the row filter of its root, USING SCOPE and WHERE.
    fn filter(&mut self, scope: &mut Scope, query: &Query, main: bool) -> Result<Option<Sql>, ApiError> {
        let mut all = Vec::new();
        if let Some(live) = self.row_filter(scope) {
            all.push(live);
        }
        if let Some(word) = &query.scope {
            all.extend(self.using_scope(scope, word)?);
        }
        if let Some(condition) = &query.filter {
            let place = filter::Place { main, nested: false, or: false };
            all.push(filter::Conditions { binder: self, scope, group: None }.bind(condition, place)?);
        }
        self.reify(scope, query)?;
        // Children are filtered by their parents.
        if main && let Some(refused) = restricted::refusal(&scope.root.name, query) {
            return Err(refused);
        }
        Ok(match all.len() {
            0 => None,
            1 => all.pop(),
            _ => Some(self.emit.all(all, true)),
        })
    }

    /// Which rows of the root may be seen. Deleted ones are for `queryAll`.
    fn row_filter(&self, scope: &Scope) -> Option<Sql> {
        let deleted = scope.root.field("IsDeleted").filter(|_| !self.cx.all_rows)?;
        Some(self.emit.flag(scope.column(0, &deleted.name), false))
    }

    fn using_scope(&mut self, scope: &mut Scope, word: &Ident) -> Result<Option<Sql>, ApiError> {
        match word.text.to_ascii_lowercase().as_str() {
            "everything" => Ok(None),
            "mine" if scope.root.field("OwnerId").is_some() => {
                let user = OwnedCell::Text(self.cx.user.to_string());
                Ok(Some(sql![scope.column(0, "OwnerId"), " = ", user]))
            }
            // Rows viewed last: undocumented, and what lists of recently viewed records use.
            "mru" if scope.root.field("LastViewedDate").is_some() => {
                let root = scope.root.clone();
                let seen = root.field("LastViewedDate").map(|field| self.value(scope, 0, &root, field));
                Ok(seen.map(|seen| sql![seen, " IS NOT NULL"]))
            }
            _ => {
                let text = format!("Scope '{}' is not supported for entity '{}'", word.text, scope.root.name);
                Err(self.cx.at(ErrorCode::InvalidQueryScope, word.span, text))
            }
        }
    }

    /// `SELECT COUNT()`.
    fn count(&mut self, scope: &mut Scope, query: &Query, span: Span) -> Result<Output, ApiError> {
        if query.group_by.is_some() {
            return Err(self.cx.malformed(span, "COUNT() cannot be used with GROUP BY"));
        }
        if let Some(item) = query.order_by.first() {
            let text = match &item.expr {
                Expr::Path(path) => dotted(&path.segments),
                Expr::Call(call) => call.name.text.clone(),
            };
            return Err(self.cx.malformed(item.expr.span(), format!("Ordered field must be grouped or aggregated: {text}")));
        }
        let filter = self.filter(scope, query, true)?;
        let (limit, offset) = (query.limit.map(|l| l.value), query.offset.map_or(0, |o| o.value));
        Ok(Output::Count(emit::count(&scope.joins, &filter, limit, offset, self.cx.dialect)))
    }

    /// ORDER BY of a query of records.
    fn order(&mut self, scope: &mut Scope, items: &[OrderItem]) -> Result<Vec<OrderKey>, ApiError> {
        let mut keys = Vec::new();
        for item in items {
            let key = |sql, fold| OrderKey { sql, fold, descending: item.descending, nulls_first: item.nulls_first };
            match &item.expr {
                Expr::Path(path) => {
                    let found = self.resolve(scope, path)?;
                    if !found.sortable() {
                        let text = format!("field '{}' can not be sorted in a query call", found.name);
                        return Err(self.cx.malformed(path.span, text));
                    }
                    if let Some(list) = found.picklist() {
                        keys.push(key(self.emit.rank(&found.sql, list), false));
                    }
                    keys.push(key(found.sql.clone(), found.folds()));
                }
                Expr::Call(call) if call.name.text.eq_ignore_ascii_case("DISTANCE") => {
                    keys.push(key(self.distance(scope, call)?, false));
                }
                Expr::Call(call) if calls_aggregate(&item.expr) => {
                    return Err(self.cx.malformed(call.span, "aggregate functions may be ordered by in grouped queries only"));
                }
                Expr::Call(call) => {
                    let text = format!("function '{}' can not be used in the ORDER BY clause of this query", call.name.text);
                    return Err(self.cx.malformed(call.span, text));
                }
            }
        }
        Ok(keys)
    }
}

/// Words that may not be aliases.
fn reserved(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "AND", "ASC", "DESC", "EXCLUDES", "FIRST", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST", "LIKE", "LIMIT", "NOT", "NULL",
        "NULLS", "OR", "SELECT", "USING", "WHERE", "WITH",
    ];
    WORDS.iter().any(|w| word.eq_ignore_ascii_case(w))
}

/// The name by which messages call a type: its XML Schema name.
fn type_word(ty: FieldType) -> &'static str {
    let soap = ty.kind().soap_type();
    soap.split_once(':').map_or(soap, |(_, word)| word)
}
