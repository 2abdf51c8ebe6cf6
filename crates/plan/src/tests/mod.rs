//! Statements and messages, as text.

mod fixture;
mod messages;
mod postgres;
mod search;
mod statements;

use crate::{BindContext, Output, Plan, RecordPlan, plan};
use orglet_base::{ApiError, ApiVersion, DateTime, Dialect, Id, OwnedCell, Param, Statement};
use orglet_schema::{AccessSet, Catalog};
use orglet_syntax::Quirks;

/// An org to plan against.
struct Org {
    catalog: Catalog,
    version: u16,
    zone: jiff::tz::TimeZone,
    all_rows: bool,
    dialect: Dialect,
}

impl Org {
    fn new() -> Self {
        Self { catalog: fixture::catalog(), version: 62, zone: jiff::tz::TimeZone::UTC, all_rows: false, dialect: Dialect::Sqlite }
    }

    fn try_plan(&self, query: &str) -> Result<Plan, ApiError> {
        let ast = orglet_syntax::soql::parse(query, Quirks::for_api_version(self.version.into())).expect(query);
        self.with(query, |cx| plan(&ast, cx))
    }

    /// Does something with what a text is bound against.
    fn with<T>(&self, query: &str, work: impl FnOnce(&BindContext<'_>) -> T) -> T {
        let access = AccessSet::full();
        let cx = BindContext {
            catalog: &self.catalog,
            access: &access,
            version: ApiVersion(self.version),
            now: DateTime::parse("2024-05-15T12:00:00Z").unwrap(),
            time_zone: &self.zone,
            monday_weeks: false,
            user: Id::parse("005000000000001").unwrap(),
            all_rows: self.all_rows,
            dialect: self.dialect,
            query_text: query,
        };
        work(&cx)
    }

    fn plan(&self, query: &str) -> Plan {
        self.try_plan(query).unwrap_or_else(|e| panic!("{query}: {e}"))
    }

    fn records(&self, query: &str) -> RecordPlan {
        match self.plan(query).output {
            Output::Records(plan) => plan,
            other => panic!("{query}: {other:?}"),
        }
    }

    /// The first statement of a query.
    fn statement(&self, query: &str) -> Statement {
        match self.plan(query).output {
            Output::Count(statement) => statement,
            Output::Aggregate(plan) => plan.statement(2001),
            Output::Records(plan) => plan.page(2000),
        }
    }

    /// The condition of an object without other filters, with its parameters.
    fn condition(&self, object: &str, condition: &str) -> String {
        let s = self.statement(&format!("SELECT COUNT() FROM {object} WHERE {condition}"));
        let text = s.sql.split_once("(t0.\"IsDeleted\" = 0) AND (").expect(&s.sql).1.to_owned();
        let params: Vec<String> = s.params.iter().map(shown).collect();
        format!("{} {}", text.strip_suffix(')').expect(&s.sql), params.join(",")).trim_end().to_owned()
    }

    fn error(&self, query: &str) -> String {
        match self.try_plan(query) {
            Ok(_) => panic!("accepted: {query}"),
            Err(e) => format!("{}: {}", e.code().as_str(), e.message()),
        }
    }

    /// Code and sentence of an error, without the piece of the query.
    fn sentence(&self, query: &str) -> String {
        let e = self.error(query);
        let (code, text) = e.split_once(": ").unwrap();
        format!("{code}: {}", text.lines().last().unwrap())
    }
}

fn shown(param: &Param) -> String {
    let cell = |cell: &OwnedCell| match cell {
        OwnedCell::Null => "null".into(),
        OwnedCell::Int(n) => n.to_string(),
        OwnedCell::Text(t) => t.clone(),
        OwnedCell::Blob(_) => "bytes".into(),
    };
    match param {
        Param::Cell(c) | Param::Of(_, c) => cell(c),
        Param::List(_, list) => format!("[{}]", list.iter().map(cell).collect::<Vec<String>>().join(",")),
        Param::Texts(list) => format!("[{}]", list.join(",")),
        Param::Json(text) => text.clone(),
        Param::Virtual(n) => format!("rows {n}"),
    }
}
