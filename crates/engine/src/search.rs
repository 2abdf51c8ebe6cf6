//! Searches: the rows of several objects that hold the words that are looked for.

use crate::query::{self, RecordSet, RowSet};
use crate::{Failure, Identity, lists};
use orglet_base::{ApiError, ApiVersion, ErrorCode};
use orglet_plan::search::{self as plan, ObjectSearch, SearchPlan};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;
use orglet_syntax::sosl;
use orglet_syntax::sosl::ast::{Group, Returning};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use orglet_plan::search::{is_in_every_search, is_searchable, naming_field};
pub use orglet_syntax::sosl::{Part as TextPart, RESERVED, check_part};

/// Records of an object in which words are marked.
const MOST_MARKED: usize = 25;
/// Rows of a list view in which a search looks (documented).
const MOST_LISTED: usize = 2000;
/// How long a search may look at rows.
const LONGEST: Duration = Duration::from_secs(120);
/// Rows after each of which that is looked at: texts may be long.
const LOOK_EVERY: u64 = 16;
/// Candidates that are read at once: at first, and at most.
const FIRST_PAGE: u64 = 2048;
const LARGEST_PAGE: u64 = 65_536;

/// A search as a client sends it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The SOSL text.
    pub sosl: &'a str,
    /// The API version asked.
    pub version: ApiVersion,
    /// Only the field that names a record is searched, whatever the text says.
    pub by_name: bool,
}

/// What was found.
#[derive(Debug)]
pub struct Answer {
    /// The objects of the search in their order, with their rows; perhaps none.
    pub found: Vec<Found>,
    /// The labels of the fields are wanted.
    pub labels: bool,
}

/// The rows found of one object.
#[derive(Debug)]
pub struct Found {
    /// The plan, which has the shape of the rows.
    pub search: ObjectSearch,
    /// The rows.
    pub set: RecordSet,
    /// For each of the first rows, texts with marked words: the part's name and the text.
    pub marked: Vec<Vec<(String, String)>>,
}

/// Parses and runs a search.
pub fn run(identity: &Identity, request: &Request<'_>) -> Result<Answer, Failure> {
    planned(identity, request, |search| read(identity, search))
}

/// Parses and runs a search on a transaction. List views are asked for beside it, so that a search can't be within one.
pub(crate) fn within(tx: &mut dyn Tx, identity: &Identity, request: &Request<'_>) -> Result<Answer, Failure> {
    let mut ast = sosl::parse(request.sosl).map_err(|e| refusal(&e, request.sosl))?;
    if ast.returning.iter().any(|one| one.list_view.is_some()) {
        let text = "USING ListView is not supported in a transaction.";
        return Err(ApiError::new(ErrorCode::FunctionalityNotEnabled, text).into());
    }
    if request.by_name {
        ast.group = Group::NameField;
    }
    let catalog = identity.org.catalog();
    let every: Vec<Arc<Object>> = match ast.returning.as_slice() {
        [] => catalog.objects().into_iter().filter(|o| covered(identity, o)).cloned().collect(),
        _ => Vec::new(),
    };
    let cx = query::context(identity, &catalog, request.sosl, request.version);
    let listed = ast.returning.iter().map(|_| None).collect::<Vec<_>>();
    let search = plan::plan(&ast, &every, &listed, &cx)?;
    let sets = sets(identity, tx, &search.objects, search.limit)?;
    Ok(answer(search, sets))
}

/// Parses and plans a search, and looks for nothing.
pub fn check(identity: &Identity, request: &Request<'_>) -> Result<(), Failure> {
    planned(identity, request, |_| Ok(()))
}

fn planned<T>(identity: &Identity, request: &Request<'_>, then: impl Fn(SearchPlan) -> Result<T, Failure>) -> Result<T, Failure> {
    let mut ast = sosl::parse(request.sosl).map_err(|e| refusal(&e, request.sosl))?;
    if request.by_name {
        ast.group = Group::NameField;
    }
    identity.org.on_current(|catalog| {
        let every: Vec<Arc<Object>> = match ast.returning.as_slice() {
            [] => catalog.objects().into_iter().filter(|o| covered(identity, o)).cloned().collect(),
            _ => Vec::new(),
        };
        let cx = query::context(identity, catalog, request.sosl, request.version);
        let listed = ast.returning.iter().map(|one| listed(identity, catalog, one, request.version)).collect::<Result<Vec<_>, _>>()?;
        then(plan::plan(&ast, &every, &listed, &cx)?)
    })
}

/// The rows in which a search with USING ListView looks; none where it looks in all. What is wrong with the object or the
/// clause is told by the plan.
fn listed(identity: &Identity, catalog: &Catalog, one: &Returning, version: ApiVersion) -> Result<Option<Vec<String>>, Failure> {
    let Some(name) = one.list_view.as_ref().filter(|_| plan::has_list_views(version)) else { return Ok(None) };
    let object = catalog.object(&one.object.text).filter(|o| identity.access.sees_object(o) && is_searchable(o));
    object.map_or(Ok(None), |object| lists::first_keys(identity, version, object, &name.text, MOST_LISTED))
}

/// A text that is no search, or no part of one.
pub fn refusal(e: &orglet_syntax::SyntaxError, text: &str) -> ApiError {
    let code = ErrorCode::all().find(|c| c.as_str() == e.search_code()).unwrap_or(ErrorCode::MalformedSearch);
    ApiError::new(code, e.render(text))
}

/// Whether a search without RETURNING looks at an object: only those with rows can have any that are found.
fn covered(identity: &Identity, object: &Object) -> bool {
    is_in_every_search(object) && identity.access.sees_object(object) && identity.org.has_rows(object)
}

fn read(identity: &Identity, search: SearchPlan) -> Result<Answer, Failure> {
    let sets = identity.org.read(|tx| sets(identity, tx, &search.objects, search.limit))?;
    Ok(answer(search, sets))
}

/// The rows of each object.
fn sets(identity: &Identity, tx: &mut dyn Tx, objects: &[ObjectSearch], limit: u64) -> Result<Vec<RowSet>, Failure> {
    let started = Instant::now();
    let mut ids = Vec::with_capacity(objects.len());
    for object in objects {
        ids.push(find(identity, tx, object, started)?);
    }
    let shares = distribute(&ids.iter().map(Vec::len).collect::<Vec<_>>(), usize::try_from(limit).unwrap_or(usize::MAX));
    let mut sets = Vec::with_capacity(objects.len());
    for ((object, mut ids), share) in objects.iter().zip(ids).zip(shares) {
        ids.truncate(share);
        sets.push(values(tx, object, &ids)?);
    }
    Ok(sets)
}

fn answer(search: SearchPlan, sets: Vec<RowSet>) -> Answer {
    let SearchPlan { objects, labels, highlight, .. } = search;
    let found = objects.into_iter().zip(sets).map(|(search, rows)| {
        let marked = if highlight { marks(&search, &rows) } else { Vec::new() };
        Found { search, set: RecordSet { rows, children: Vec::new() }, marked }
    });
    Answer { found: found.collect(), labels }
}

/// The keys of the rows found, in order, as many as are wanted. Candidates are read by pages that grow: as a rule the
/// first is enough, and a store that sends all rows of a statement sends few in vain.
fn find(identity: &Identity, tx: &mut dyn Tx, search: &ObjectSearch, started: Instant) -> Result<Vec<String>, Failure> {
    let wanted = usize::try_from(search.offset + search.limit).unwrap_or(usize::MAX);
    if search.limit == 0 || !search.records().is_some_and(|plan| identity.org.has_rows(&plan.object)) {
        return Ok(Vec::new());
    }
    let mut ids: Vec<String> = Vec::new();
    let (mut page, mut seen) = (FIRST_PAGE, 0);
    let mut late = false;
    while let Some(statement) = search.candidates(page, seen) {
        let mut rows = 0;
        tx.query(&statement, &mut |row| {
            rows += 1;
            if search.finds(|i| row.cell(i + 1).text()) {
                ids.extend(row.cell(0).text().map(str::to_owned));
            }
            late = rows % LOOK_EVERY == 0 && started.elapsed() > LONGEST;
            ids.len() < wanted && !late
        })?;
        if late {
            return Err(ApiError::new(ErrorCode::QueryTimeout, "Your query request was running for too long.").into());
        }
        if rows < page || ids.len() >= wanted {
            break;
        }
        seen += page;
        page = (page * 2).min(LARGEST_PAGE);
    }
    Ok(ids.split_off(ids.len().min(usize::try_from(search.offset).unwrap_or(usize::MAX))))
}

/// The values of rows, in the order of their keys.
fn values(tx: &mut dyn Tx, search: &ObjectSearch, ids: &[String]) -> Result<RowSet, Failure> {
    let Some(plan) = search.records().filter(|_| !ids.is_empty()) else { return Ok(RowSet::default()) };
    let mut rows = RowSet::read(tx, &plan.by_ids(ids.to_vec()))?;
    let start = RowSet::default().mark();
    rows.order_from(start, ids);
    Ok(rows)
}

fn marks(search: &ObjectSearch, rows: &RowSet) -> Vec<Vec<(String, String)>> {
    let parts = search.highlighted();
    let row = |row: usize| {
        let marked = parts.iter().filter_map(|(name, column)| {
            let text = search.marked(rows.cell(row, *column).text()?)?;
            Some((format!("highlight.{name}"), text))
        });
        marked.collect()
    };
    (0..rows.len().min(MOST_MARKED)).map(row).collect()
}

/// How a limit is shared out evenly among objects that have so many rows each; what one does not use, the others get.
pub fn distribute(counts: &[usize], limit: usize) -> Vec<usize> {
    let mut shares = vec![0; counts.len()];
    let mut left = limit;
    loop {
        let hungry: Vec<usize> = (0..counts.len()).filter(|i| shares[*i] < counts[*i]).collect();
        if left == 0 || hungry.is_empty() {
            return shares;
        }
        let each = (left / hungry.len()).max(1);
        for i in hungry {
            let more = each.min(counts[i] - shares[i]).min(left);
            shares[i] += more;
            left -= more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::distribute;

    #[test]
    fn limits_are_shared_out() {
        assert_eq!(distribute(&[19, 35], 20), [10, 10]);
        assert_eq!(distribute(&[3, 35], 20), [3, 17]);
        assert_eq!(distribute(&[5, 5, 5], 7), [3, 2, 2]);
        assert_eq!(distribute(&[1, 0, 2], 2000), [1, 0, 2]);
        assert_eq!(distribute(&[4], 0), [0]);
    }
}
