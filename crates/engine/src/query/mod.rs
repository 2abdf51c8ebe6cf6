//! Queries: from text to a page of rows, and the pages after it.
//!
//! A result that does not fit one page has the ids of all its rows, in order, put aside under a query locator:
//! membership and order are frozen, values are read page by page, and no transaction outlives its request.

mod cursor;
mod explain;
mod plans;
mod rows;

pub use explain::{Candidate, Explained, Operation, explain};
pub(crate) use plans::Plans;
pub use plans::plan_figures;
pub use rows::{ChildRows, Children, RecordSet, RowSet};

use crate::{Failure, Identity, Server, views, virtuals};
use orglet_base::{ApiError, ApiVersion, ErrorCode, Id, Param, Statement};
use orglet_plan::{BindContext, OutKind, Output, Plan, RecordPlan};
use orglet_schema::{Catalog, CellKind};
use orglet_store::Tx;
use orglet_syntax::ast::{ForClause, Query};
use orglet_syntax::soql;
use std::sync::Arc;

/// Rows of a page when the client asks for no other number; also the most.
pub const BATCH: usize = 2000;
/// The fewest rows of a page that a client can ask for.
pub const SMALLEST_BATCH: usize = 200;

/// What stands before an error's sentence: the piece of the query around a byte offset, the caret below it and its place.
pub fn error_context(soql: &str, offset: usize) -> String {
    let start = u32::try_from(offset).unwrap_or(u32::MAX);
    orglet_syntax::context::block(soql, orglet_syntax::ast::Span { start, end: start }, "", false)
}

/// A query as a client sends it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The SOQL text.
    pub soql: &'a str,
    /// The API version asked.
    pub version: ApiVersion,
    /// Deleted rows too.
    pub all_rows: bool,
    /// Rows of a page.
    pub batch: usize,
    /// Over the objects of the Tooling API.
    pub tooling: bool,
}

/// A page of a query's result.
#[derive(Debug)]
pub struct Answer {
    /// The plan, which has the shape of the rows.
    pub plan: Arc<Plan>,
    /// The way from the plan's root to the sub-query that this page is of; empty for the query itself.
    path: Vec<usize>,
    /// Rows of the whole result.
    pub total: u64,
    /// Where the next page is, when there is one.
    pub next: Option<String>,
    /// The rows. Empty for `COUNT()`.
    pub set: RecordSet,
    /// The text of the query, where it came with a locator.
    pub soql: Option<String>,
}

impl Answer {
    /// The plan of the rows; `None` for counts and aggregates.
    pub fn record_plan(&self) -> Option<&RecordPlan> {
        let Output::Records(root) = &self.plan.output else { return None };
        self.path.iter().try_fold(root, |plan, child| plan.children.get(*child).map(|c| &c.plan))
    }
}

/// Parses and plans a query.
pub fn plan(identity: &Identity, request: &Request<'_>) -> Result<Arc<Plan>, Failure> {
    plan_of(identity, request, soql::MAX_CHARS)
}

fn plan_of(identity: &Identity, request: &Request<'_>, most: usize) -> Result<Arc<Plan>, Failure> {
    let catalog = if request.tooling { identity.org.tooling_catalog() } else { identity.org.catalog() };
    if let Some(plan) = identity.org.plans.find(identity, request, &catalog) {
        return Ok(plan);
    }
    let plan = Arc::new(with_context(identity, request, &catalog, most, |ast, cx| Ok(orglet_plan::plan(ast, cx)?))?);
    identity.org.plans.keep(identity, request, &catalog, &plan);
    Ok(plan)
}

/// Characters of a query with the values that a program bound: as many as its heap holds.
const MOST_BOUND: usize = 6_000_000;

/// Parses a query and hands it on with what it is bound against.
fn with_context<T>(
    identity: &Identity,
    request: &Request<'_>,
    catalog: &Catalog,
    most: usize,
    bind: impl FnOnce(&Query, &BindContext<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let quirks = orglet_syntax::Quirks::for_api_version(u32::from(request.version.0));
    let ast = soql::parse_within(request.soql, quirks, most).map_err(|e| {
        let code = ErrorCode::all().find(|c| c.as_str() == e.code()).unwrap_or(ErrorCode::MalformedQuery);
        ApiError::new(code, e.render(request.soql))
    })?;
    let cx = BindContext { all_rows: request.all_rows, ..context(identity, catalog, request.soql, request.version) };
    bind(&ast, &cx)
}

/// What the text of a query or a search is bound against.
pub(crate) fn context<'a>(identity: &'a Identity, catalog: &'a Catalog, text: &'a str, version: ApiVersion) -> BindContext<'a> {
    BindContext {
        catalog,
        access: &identity.access,
        version,
        now: identity.org.now(),
        time_zone: &identity.user.time_zone,
        monday_weeks: weeks_begin_on_monday(&identity.user.locale),
        user: identity.user.id,
        all_rows: false,
        dialect: identity.org.store.dialect(),
        query_text: text,
    }
}

/// Whether weeks begin on Monday where a locale is at home (`de_DE`, `fr`, `en_GB`); elsewhere they begin on Sunday.
pub(crate) fn weeks_begin_on_monday(locale: &str) -> bool {
    const LANGUAGES: &[&str] = &[
        "bg", "ca", "cs", "da", "de", "el", "et", "eu", "fi", "fr", "hr", "hu", "is", "it", "lb", "lt", "lv", "mk", "nb", "nl", "nn", "no",
        "pl", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "tr", "uk",
    ];
    let mut parts = locale.split(['_', '-']);
    match (parts.next().unwrap_or_default(), parts.next()) {
        ("en", Some("GB" | "IE")) | ("es", None | Some("ES")) | ("pt", Some("PT")) => true,
        ("fr", Some("CA")) => false,
        (language, _) => LANGUAGES.contains(&language),
    }
}

/// Runs a query; answers its first page.
pub fn run(server: &Server, identity: &Identity, request: &Request<'_>) -> Result<Answer, Failure> {
    identity.org.on_current(|_| run_once(server, identity, request))
}

/// The keys of all rows of a query, in order.
pub(crate) fn keys(identity: &Identity, request: &Request<'_>) -> Result<Vec<String>, Failure> {
    let plan = plan(identity, request)?;
    if plan.personal {
        views::write(&identity.org, Some(identity.user.id));
    }
    let Output::Records(records) = &plan.output else { return Ok(Vec::new()) };
    let statement = with_rows(records.ids(), &virtuals::rows(identity, &plan)?);
    identity.org.read(|tx| RowSet::read_ids(tx, &statement))
}

/// What a query finds within a transaction.
pub(crate) struct Within {
    /// The plan, which has the shape of the rows.
    pub(crate) plan: Arc<Plan>,
    /// The rows, none of them put aside.
    pub(crate) set: RecordSet,
    /// The figure of `COUNT()`.
    pub(crate) count: Option<i64>,
}

/// Runs a query on a transaction, which sees what it has done itself. At most `most` rows of the query are read, and as many
/// children of each.
pub(crate) fn within(tx: &mut dyn Tx, identity: &Identity, request: &Request<'_>, most: usize) -> Result<Within, Failure> {
    let plan = plan_of(identity, request, MOST_BOUND)?;
    // Rows that are made of anything but the catalog are read beside the transaction, which a database in memory can't.
    if let Some(need) = plan.virtuals.iter().find(|need| !["EntityDefinition", "FieldDefinition"].contains(&need.object.name.as_str())) {
        let text = format!("sObject type '{}' is not supported.", need.object.name);
        return Err(ApiError::new(ErrorCode::InvalidType, text).into());
    }
    let virtuals = virtuals::rows(identity, &plan)?;
    let (mut set, mut count) = (RecordSet::default(), None);
    match &plan.output {
        Output::Count(statement) => {
            count = Some(tx.first(&with_rows(statement.clone(), &virtuals))?.map_or(0, |row| crate::system::int(&row[0])));
        }
        Output::Aggregate(aggregate) => set.rows = RowSet::read(tx, &with_rows(aggregate.statement(most as u64), &virtuals))?,
        Output::Records(records) => {
            let read = Reader { virtuals: &virtuals, batch: most };
            let rows = RowSet::read(tx, &with_rows(records.page(most as u64), &virtuals))?;
            set = read.complete(tx, records, rows)?;
        }
    }
    Ok(Within { plan, set, count })
}

fn run_once(server: &Server, identity: &Identity, request: &Request<'_>) -> Result<Answer, Failure> {
    let plan = plan(identity, request)?;
    if plan.personal {
        views::write(&identity.org, Some(identity.user.id));
    }
    let virtuals = virtuals::rows(identity, &plan)?;
    let answer = |total, next, set| Answer { plan: plan.clone(), path: Vec::new(), total, next, set, soql: None };
    match &plan.output {
        Output::Count(statement) => {
            let statement = with_rows(statement.clone(), &virtuals);
            let total = identity.org.read(|tx| Ok(tx.first(&statement)?.map_or(0, |row| crate::system::int(&row[0]))))?;
            Ok(answer(u64::try_from(total).unwrap_or(0), None, RecordSet::default()))
        }
        Output::Aggregate(aggregate) => {
            let batch = request.batch.clamp(1, BATCH);
            let statement = with_rows(aggregate.statement(batch as u64 + 1), &virtuals);
            let rows = identity.org.read(|tx| RowSet::read(tx, &statement))?;
            if rows.len() > batch {
                return Err(ApiError::new(
                    ErrorCode::ExceededIdLimit,
                    "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
                )
                .into());
            }
            Ok(answer(rows.len() as u64, None, RecordSet { rows, children: Vec::new() }))
        }
        Output::Records(records) => {
            let batch = request.batch.clamp(1, BATCH);
            let read = Reader { virtuals: &virtuals, batch };
            let (set, ids) = identity.org.read(|tx| {
                let mut rows = RowSet::default();
                let whole = rows.fill(tx, &with_rows(records.page(batch as u64 + 1), &virtuals))?;
                // With OFFSET there is one batch and no locator.
                if (whole && rows.len() <= batch) || records.offset > 0 {
                    return Ok((read.complete(tx, records, rows.truncated(batch))?, None));
                }
                let ids = RowSet::read_ids(tx, &with_rows(records.ids(), &virtuals))?;
                Ok((read.complete(tx, records, rows.truncated(batch))?, Some(ids)))
            })?;
            let mut set = set;
            check_made_values(records, ids.as_ref().map_or(set.rows.len(), Vec::len))?;
            if let Some(clause) = plan.for_clause {
                viewed(identity, records, &set, clause);
            }
            set.put_aside(&mut |path, ids| cursor::store(server, identity, request, path, ids, batch, batch))?;
            match ids {
                None => Ok(answer(set.rows.len() as u64, None, set)),
                Some(ids) => {
                    if records.object.storage == orglet_schema::Storage::Virtual {
                        let text = format!(
                            "{} does not support queryMore(), use LIMIT to restrict the results to a single batch",
                            records.object.name
                        );
                        return Err(ApiError::new(ErrorCode::ExceededIdLimit, text).into());
                    }
                    // A page of very long texts ends before its number of rows is reached.
                    let locator = cursor::store(server, identity, request, &[], &ids, batch, set.rows.len())?;
                    Ok(answer(ids.len() as u64, Some(locator), set))
                }
            }
        }
    }
}

/// The page that a query locator names.
pub fn more(server: &Server, identity: &Identity, locator: &str, version: ApiVersion, batch: Option<usize>) -> Result<Answer, Failure> {
    let page = cursor::page(server, identity, locator, batch.map(|b| b.clamp(1, BATCH)))?;
    let batch = page.batch;
    let request = Request { soql: &page.soql, version, all_rows: page.all_rows, batch, tooling: false };
    let plan = plan(identity, &request)?;
    if plan.unbounded_fields {
        let text = "The SOQL FIELDS function is not supported with an unbounded set of fields via queryMore.";
        return Err(ApiError::new(ErrorCode::InvalidInput, text).into());
    }
    let mut answer = Answer { plan, path: page.path.clone(), total: page.total, next: page.next, set: RecordSet::default(), soql: None };
    let Some(records) = answer.record_plan() else { return Err(cursor::invalid().into()) };
    let virtuals = Vec::new();
    let read = Reader { virtuals: &virtuals, batch };
    let (mut set, taken) = identity.org.read(|tx| {
        let mut rows = RowSet::default();
        let (mut taken, mut most) = (0, SMALLEST_BATCH);
        while taken < page.ids.len() && !rows.is_full() {
            let piece = &page.ids[taken..page.ids.len().min(taken + most)];
            let before = rows.mark();
            if !rows.fill(tx, &records.by_ids(piece.to_vec()))? {
                rows.back_to(before);
                if !rows.is_empty() {
                    break;
                }
                // Rows so long that not even the first piece fits: fewer of them, of which one always does.
                most = (piece.len() / 2).max(1);
                continue;
            }
            rows.order_from(before, piece);
            taken += piece.len();
        }
        Ok((read.complete(tx, records, rows)?, taken))
    })?;
    if taken < page.ids.len() {
        answer.next = Some(cursor::locator(locator, taken)?);
    }
    let path = answer.path.clone();
    set.put_aside(&mut |below, ids| {
        let whole: Vec<usize> = path.iter().chain(below).copied().collect();
        cursor::store(server, identity, &request, &whole, ids, batch, batch)
    })?;
    answer.set = set;
    answer.soql = Some(page.soql);
    Ok(answer)
}

/// FOR VIEW and FOR REFERENCE: the rows of the page note that the user looked at them or was referred to them.
fn viewed(identity: &Identity, plan: &RecordPlan, set: &RecordSet, clause: ForClause) {
    let ids = (0..set.rows.len()).filter_map(|i| set.rows.cell(i, 0).text().and_then(|t| Id::parse(t).ok()));
    views::note(identity, &plan.object, ids, clause == ForClause::View);
}

/// Values that have no column are made for definitions alone, and one at a time (query-063); others are refused rather
/// than answered null.
fn check_made_values(plan: &RecordPlan, rows: usize) -> Result<(), ApiError> {
    let made = |n: &orglet_plan::Node| matches!(n, orglet_plan::Node::Value { kind: OutKind::Cell(CellKind::Compound), .. });
    let definition = orglet_schema::tooling::is_definition(&plan.object.name);
    let whole = plan.shape.iter().any(made);
    let named = definition && plan.shape.iter().any(|n| n.name() == "FullName");
    if !(whole || named) {
        return Ok(());
    }
    if !definition {
        return Err(ApiError::new(ErrorCode::FunctionalityNotEnabled, "This feature is not currently enabled for this user."));
    }
    if rows > 1 {
        let text = format!(
            "When retrieving results with Metadata or FullName fields, the query qualifications must specify no more than one row for retrieval. Result size: {rows}"
        );
        return Err(ApiError::new(ErrorCode::MalformedQuery, text));
    }
    Ok(())
}

/// Puts the rows of virtual objects into a statement's parameters.
fn with_rows(mut statement: Statement, virtuals: &[String]) -> Statement {
    for param in &mut statement.params {
        if let Param::Virtual(i) = param {
            *param = Param::Json(virtuals.get(*i).cloned().unwrap_or_else(|| "[]".to_owned()));
        }
    }
    statement
}

/// Reads what belongs to rows: their children.
struct Reader<'a> {
    virtuals: &'a [String],
    batch: usize,
}

impl Reader<'_> {
    fn complete(&self, tx: &mut dyn Tx, plan: &RecordPlan, rows: RowSet) -> Result<RecordSet, Failure> {
        if plan.children.is_empty() {
            return Ok(RecordSet { rows, children: Vec::new() });
        }
        let ids: Vec<String> = (0..rows.len()).filter_map(|i| rows.cell(i, 0).text().map(str::to_owned)).collect();
        let mut children = Vec::with_capacity(plan.children.len());
        for child in &plan.children {
            let found =
                if ids.is_empty() { RowSet::default() } else { RowSet::read(tx, &with_rows(child.for_parents(&ids), self.virtuals))? };
            let (kept, by_parent) = found.split_by_last_column(self.batch);
            children.push(ChildRows { set: self.complete(tx, &child.plan, kept)?, by_parent });
        }
        Ok(RecordSet { rows, children })
    }
}
