//! Searches: which rows of which objects may be found, and how to tell whether one is.
//!
//! A statement reads the candidates, in order: rows that fulfil the search's WHERE and hold the letters of its words
//! somewhere. Whether the words are there as words is told here, by one piece of code for both stores. The values to
//! show are read by the keys of those found, as any query's are.

mod fields;
mod matcher;
mod words;

pub use fields::{is_in_every_search, is_searchable, naming_field};

use crate::emit::{Emit, RecordSql, Sql, quoted, sql};
use crate::plan::{Node, OutKind, Output, Plan, RecordPlan};
use crate::{BindContext, compat};
use matcher::{Matcher, TextKind};
use orglet_base::{ApiError, ApiVersion, CellKind, ErrorCode, Statement};
use orglet_schema::Object;
use orglet_syntax::ast::{CompareOp, Condition, Expr, FromItem, Ident, InSet, Literal, Path, Query, SelectItem, Span};
use orglet_syntax::sosl::ast::{Returning, Search, WithKind};
use std::sync::Arc;

/// Rows of a whole search at most, and of one object where there are several or nothing narrows the search further.
const MOST: u64 = 2000;
const MOST_OF_ONE: u64 = 250;

/// A checked search.
#[derive(Debug)]
pub struct SearchPlan {
    /// The objects searched, in the order of the answer.
    pub objects: Vec<ObjectSearch>,
    /// Rows of all objects together at most.
    pub limit: u64,
    /// WITH METADATA = 'LABELS': the labels of the fields are wanted.
    pub labels: bool,
    /// WITH HIGHLIGHT.
    pub highlight: bool,
}

/// The search of one object.
#[derive(Debug)]
pub struct ObjectSearch {
    /// What is shown of the rows found, with the conditions and the order of the search.
    pub plan: Plan,
    /// Rows found at most, those passed over not counted.
    pub limit: u64,
    /// Rows found that are passed over.
    pub offset: u64,
    candidates: Option<RecordSql>,
    kinds: Vec<TextKind>,
    or: bool,
    matcher: Arc<Matcher>,
}

impl ObjectSearch {
    /// The plan of the rows.
    pub fn records(&self) -> Option<&RecordPlan> {
        match &self.plan.output {
            Output::Records(plan) => Some(plan),
            _ => None,
        }
    }

    /// So many of the rows that may be found, in order, behind the first `after`: the key, and then the texts that
    /// [`ObjectSearch::finds`] looks at. `None` where nothing can be found.
    pub fn candidates(&self, rows: u64, after: u64) -> Option<Statement> {
        self.candidates.as_ref().map(|sql| sql.page(rows, after))
    }

    /// Whether a candidate is found; `text` gives its texts, numbered from 0.
    pub fn finds<'a>(&self, text: impl Fn(usize) -> Option<&'a str>) -> bool {
        self.matcher.finds(self.kinds.iter().enumerate().filter_map(|(i, kind)| Some((text(i)?, *kind))), self.or)
    }

    /// The parts of the rows in which WITH HIGHLIGHT marks words, by name: name and column.
    pub fn highlighted(&self) -> Vec<(&str, usize)> {
        let Some(plan) = self.records().filter(|p| fields::is_highlighted(&p.object)) else { return Vec::new() };
        let mut out: Vec<(&str, usize)> = plan
            .shape
            .iter()
            .filter_map(|node| match node {
                Node::Value { name, column, kind: OutKind::Cell(CellKind::Text), source: Some((object, field)) } => {
                    fields::is_marked(&object.fields()[*field]).then(|| (name.as_str(), *column))
                }
                _ => None,
            })
            .collect();
        out.sort_unstable();
        out
    }

    /// A text with the words found between marks; `None` where there are none.
    pub fn marked(&self, text: &str) -> Option<String> {
        self.matcher.marked(text)
    }
}

/// Whether searches can look in list views.
pub fn has_list_views(version: ApiVersion) -> bool {
    compat::has_search_clause("ListView", version)
}

/// Checks a search and makes its plan. `every` are the objects that a search without RETURNING covers; `listed`, for each
/// of those that it names, the keys of the rows in the list view that it looks in, where it has one and the object that list.
///
/// # Errors
/// What the platform answers to such a search: unknown names, misused clauses; and features that are not there.
pub fn plan(search: &Search, every: &[Arc<Object>], listed: &[Option<Vec<String>>], cx: &BindContext<'_>) -> Result<SearchPlan, ApiError> {
    let refuse = |code, text: String| Err(ApiError::new(code, text));
    let limit = match search.limit {
        Some(limit) if limit.value > MOST => {
            return refuse(ErrorCode::MalformedSearch, format!("maximum limit of search results is {MOST}"));
        }
        limit => limit.map_or(MOST, |l| l.value),
    };
    let named: Vec<Returning> = distinct(search, cx)?;
    let returning = if named.is_empty() { every.iter().map(|o| whole(o)).collect() } else { named.clone() };
    for one in &returning {
        check_windows(one, returning.len(), cx)?;
    }
    let mut out = SearchPlan { objects: Vec::new(), limit, labels: false, highlight: false };
    let mut pricebook = None;
    for with in &search.with {
        if !compat::has_search_clause(&with.name.text, cx.version) {
            let text = format!("Invalid WITH {} clause", with.name.text.to_ascii_uppercase());
            return Err(malformed(cx, with.name.span, text));
        }
        match &with.kind {
            WithKind::Division => return refuse(ErrorCode::MalformedSearch, "divisions are not enabled".to_owned()),
            WithKind::DataCategory(group) => {
                let group = group.strip_suffix("__c").unwrap_or(group);
                let text = format!("The category group name is not valid for the entities you are searching: {group}");
                return refuse(ErrorCode::InvalidSearch, text);
            }
            WithKind::Network(ids) if ids.contains(&Literal::Null) => {
                return refuse(ErrorCode::MalformedSearch, "NULL cannot be used for WITH NETWORK clause".to_owned());
            }
            // There are no sites to search in.
            WithKind::Network(_) => return Err(not_enabled()),
            // Other objects have no snippets; a search that names none covers cases.
            WithKind::Snippet if named.is_empty() || returning.iter().any(|r| has_snippets(&r.object.text)) => return Err(not_enabled()),
            WithKind::Snippet | WithKind::SpellCorrection => {}
            WithKind::Metadata(Literal::String { text, .. }) if text == "LABELS" => out.labels = true,
            WithKind::Metadata(_) => return Err(malformed(cx, with.name.span, "Invalid WITH METADATA clause")),
            WithKind::Highlight => out.highlight = true,
            WithKind::Pricebook(value, span) => {
                if named_others(search, "Product2") {
                    let text = "PricebookId filter can only be applied to 'Product2' search";
                    return refuse(ErrorCode::InvalidSearch, text.to_owned());
                }
                pricebook = Some((value, *span));
            }
        }
    }
    if let Some(option) = search.update.first() {
        let text = format!("Only KnowledgeArticle and KnowledgeArticleVersion support UPDATE {}.", option.text.to_ascii_uppercase());
        return refuse(ErrorCode::MalformedSearch, text);
    }
    let matcher = Arc::new(Matcher::new(search.term.expr.as_ref()));
    let share = if named.is_empty() { MOST_OF_ONE } else { (MOST / returning.len().max(1) as u64).min(MOST_OF_ONE) };
    let alone = named.len() == 1;
    for one in returning {
        // Of what is said twice, either is the same.
        let at = search.returning.iter().position(|r| r.object.text.eq_ignore_ascii_case(&one.object.text));
        let keys = at.and_then(|at| listed.get(at)?.as_deref());
        let narrowing = Narrowing { pricebook, keys, share: if alone { None } else { Some(share) } };
        out.objects.push(object_search(search, one, narrowing, &matcher, cx)?);
    }
    Ok(out)
}

/// An error that shows its place, in the columns that searches have.
fn malformed(cx: &BindContext<'_>, span: Span, sentence: impl AsRef<str>) -> ApiError {
    ApiError::new(ErrorCode::MalformedSearch, orglet_syntax::context::block(cx.query_text, span, sentence.as_ref(), true))
}

fn not_enabled() -> ApiError {
    ApiError::new(ErrorCode::FunctionalityNotEnabled, "This feature is not currently enabled for this user.")
}

fn has_snippets(object: &str) -> bool {
    ["Case", "CaseComment", "FeedComment", "FeedItem", "Idea", "IdeaComment"].iter().any(|o| object.eq_ignore_ascii_case(o))
}

fn named_others(search: &Search, object: &str) -> bool {
    search.returning.is_empty() || search.returning.iter().any(|r| !r.object.text.eq_ignore_ascii_case(object))
}

/// RETURNING without what is said twice. An object may not be there twice in two ways.
fn distinct(search: &Search, cx: &BindContext<'_>) -> Result<Vec<Returning>, ApiError> {
    let mut out: Vec<Returning> = Vec::new();
    for one in &search.returning {
        match out.iter().find(|o| o.object.text.eq_ignore_ascii_case(&one.object.text)) {
            None => out.push(one.clone()),
            Some(before) if written(before, cx).eq_ignore_ascii_case(written(one, cx)) => {}
            Some(_) => return Err(malformed(cx, one.object.span, format!("duplicate object: {}", one.object.text))),
        }
    }
    Ok(out)
}

/// The text of an object of RETURNING, up to the comma or parenthesis that ends it.
fn written<'a>(one: &Returning, cx: &BindContext<'a>) -> &'a str {
    let text: &'a str = cx.query_text.get(one.object.span.start as usize..).unwrap_or_default();
    let mut depth = 0;
    let end = text.char_indices().find(|(_, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0 && (*c == ',' || *c == ')')
    });
    end.map_or(text, |(at, c)| &text[..at + usize::from(c == ')')]).trim()
}

/// A whole object.
fn whole(object: &Object) -> Returning {
    let object = Ident { text: object.name.clone(), span: Span::default() };
    Returning { object, fields: Vec::new(), filter: None, list_view: None, order_by: Vec::new(), limit: None, offset: None }
}

fn check_windows(one: &Returning, objects: usize, cx: &BindContext<'_>) -> Result<(), ApiError> {
    if one.limit.is_some_and(|l| l.value > MOST) {
        return Err(ApiError::new(ErrorCode::MalformedSearch, format!("Maximum entity limit is {MOST}")));
    }
    let Some(offset) = one.offset else { return Ok(()) };
    if offset.value > MOST {
        return Err(ApiError::new(ErrorCode::InvalidSearch, format!("SOSL offset should be between 0 and {MOST}")));
    }
    if objects > 1 {
        return Err(malformed(cx, offset.span, "OFFSET can be used only when a single object is searched"));
    }
    Ok(())
}

/// What an object's rows are narrowed by beside its own clauses.
#[derive(Clone, Copy)]
struct Narrowing<'a> {
    /// WITH PricebookId.
    pricebook: Option<(&'a Literal, Span)>,
    /// The rows of its list view.
    keys: Option<&'a [String]>,
    /// The rows that each of several objects has.
    share: Option<u64>,
}

/// The search of one object.
fn object_search(
    search: &Search,
    one: Returning,
    narrowing: Narrowing<'_>,
    matcher: &Arc<Matcher>,
    cx: &BindContext<'_>,
) -> Result<ObjectSearch, ApiError> {
    let Narrowing { pricebook, keys, share } = narrowing;
    if let Some(view) = one.list_view.as_ref().filter(|_| !has_list_views(cx.version)) {
        return Err(malformed(cx, view.span, "Invalid using expr"));
    }
    let object = cx.catalog.object(&one.object.text).filter(|o| cx.access.sees_object(o));
    if let Some(object) = object.filter(|o| !is_searchable(o)) {
        let text = format!("entity type {} does not support search", object.name);
        return Err(ApiError::new(ErrorCode::InvalidTypeForOperation, text));
    }
    if let (Some(view), None, Some(object)) = (&one.list_view, keys, object) {
        return Err(malformed(cx, view.span, format!("no such list view of {}: {}", object.name, view.text)));
    }
    let narrowed = one.filter.is_some() || !one.order_by.is_empty();
    let cap = share.unwrap_or(if narrowed { MOST } else { MOST_OF_ONE });
    let limit = one.limit.map_or(cap, |l| l.value.min(cap));
    let offset = one.offset.map_or(0, |o| o.value);
    let query = query(one, pricebook, keys);
    let plan = crate::plan(&query, cx).map_err(in_search)?;
    let Output::Records(records) = &plan.output else {
        return Err(malformed(cx, query.span, "aggregate functions can not be used in a search"));
    };
    let object = records.object.clone();
    let or = fields::or_by_default(&object);
    let searched = fields::fields(&object, search.group, cx.access);
    let kinds: Vec<TextKind> = searched.iter().map(|(_, kind)| *kind).collect();
    let cell = |name: &str| {
        let mut out = sql![records.sql.joins[0].alias, ".", quoted(name)];
        out.tables = 1;
        out
    };
    let columns: Vec<Sql> = searched.iter().map(|(f, _)| cell(&f.name)).collect();
    let candidates = (!matcher.is_empty() && !columns.is_empty()).then(|| {
        let text = joined_text(&columns);
        let phones = kinds.contains(&TextKind::Phone);
        let beforehand = matcher.beforehand(Emit(cx.dialect), &text, or, phones);
        records.sql.searched(columns, beforehand)
    });
    Ok(ObjectSearch { candidates, kinds, or, matcher: matcher.clone(), limit, offset, plan })
}

/// What the query of an object's rows finds wrong with the text is wrong with the search.
fn in_search(e: ApiError) -> ApiError {
    if e.code() == ErrorCode::MalformedQuery { ApiError::new(ErrorCode::MalformedSearch, e.message()) } else { e }
}

/// Texts in one, in groups: databases bound the depth of an expression.
fn joined_text(columns: &[Sql]) -> Sql {
    let mut parts: Vec<Sql> = columns.iter().map(|c| sql!["coalesce(", c, ", '')"]).collect();
    while parts.len() > 1 {
        parts = parts.chunks(32).map(|chunk| sql!["(", Sql::joined(chunk, " || ' ' || "), ")"]).collect();
    }
    parts.pop().unwrap_or_default()
}

/// The query that reads the rows of an object which the search may find.
fn query(one: Returning, pricebook: Option<(&Literal, Span)>, keys: Option<&[String]>) -> Query {
    let place = one.object.span;
    let path = |name: &str| Path { segments: vec![Ident { text: name.to_owned(), span: place }], span: place };
    let id = || SelectItem::Expr { expr: Expr::Path(path("Id")), alias: None };
    let query = |select, from: Path, filter| Query { filter, ..Query::of(select, vec![FromItem { path: from, alias: None }], place) };
    let mut all: Vec<Condition> = one.filter.into_iter().collect();
    if let Some((value, span)) = pricebook {
        let of_book = Condition::Compare {
            left: Expr::Path(path("Pricebook2Id")),
            op: CompareOp::Eq,
            op_span: span,
            right: value.clone(),
            right_span: span,
        };
        let product = SelectItem::Expr { expr: Expr::Path(path("Product2Id")), alias: None };
        let priced = query(vec![product], path("PricebookEntry"), Some(of_book));
        all.push(Condition::In { left: Expr::Path(path("Id")), negated: false, op_span: span, set: InSet::Query(Box::new(priced)) });
    }
    if let Some(keys) = keys {
        let text = |key: &String| (Literal::String { text: key.clone(), like: None, like_only_escape: false }, place);
        let left = Expr::Path(path("Id"));
        all.push(match keys {
            [] => Condition::Compare { left, op: CompareOp::Eq, op_span: place, right: Literal::Null, right_span: place },
            _ => Condition::In { left, negated: false, op_span: place, set: InSet::Literals(keys.iter().map(text).collect()) },
        });
    }
    let filter = if all.len() > 1 { Some(Condition::And(all)) } else { all.pop() };
    let select = if one.fields.is_empty() { vec![id()] } else { one.fields };
    let from = Path { segments: vec![one.object.clone()], span: place };
    Query { order_by: one.order_by, ..query(select, from, filter) }
}
