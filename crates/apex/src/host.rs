//! What a program asks of the org that it runs in.

use crate::schema::Schema;
use orglet_base::{DateTime, Id, Value};
use std::sync::Arc;

/// A record on its way between a program and the org. Names are API names; a field that is not listed was not set or not
/// queried, one with [`Value::Null`] is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The object's API name; `AggregateResult` for rows of an aggregate query.
    pub object: Arc<str>,
    /// Fields, the id among them. Those of an aggregate row are its aliases (`expr0`).
    pub fields: Vec<(Arc<str>, Value)>,
    /// Parents by relationship name, where a query or the program put them.
    pub parents: Vec<(Arc<str>, Option<Box<Record>>)>,
    /// Children by relationship name, of sub-queries.
    pub children: Vec<(Arc<str>, Vec<Record>)>,
}

impl Record {
    /// A field by its name in any case.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The record's id.
    pub fn id(&self) -> Option<Id> {
        self.get("Id").and_then(|value| match value {
            Value::Id(id) => Some(*id),
            Value::Text(text) => Id::parse(text).ok(),
            _ => None,
        })
    }
}

/// As whom a query or DML statement runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Without regard to the user's rights.
    #[default]
    System,
    /// `WITH USER_MODE`, `as user`, `AccessLevel.USER_MODE`.
    User,
    /// `WITH SECURITY_ENFORCED`.
    SecurityEnforced,
}

/// A SOQL query or SOSL search.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The text as the org's own parser takes it: without `FOR UPDATE`, `ALL ROWS` and `WITH …_MODE`, which are told by
    /// the other members, and with each bind as it was written, from the colon on.
    pub text: String,
    /// The binds, in order.
    pub binds: Vec<Bind>,
    /// `ALL ROWS`: deleted records too.
    pub all_rows: bool,
    /// `FOR UPDATE`.
    pub for_update: bool,
    /// As whom it runs.
    pub access: Access,
}

/// A bind of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Bind {
    /// Bytes of the text that it stands for, the colon among them.
    pub span: std::ops::Range<usize>,
    /// What it is.
    pub value: BindValue,
}

/// What is bound.
#[derive(Clone, Debug, PartialEq)]
pub enum BindValue {
    /// One value.
    One(Value),
    /// The members of a list or set.
    Many(Vec<Value>),
}

impl Query {
    /// The query with literals in the binds' places. A list without members becomes `(null)`, which no row is in.
    pub fn with_literals(&self) -> String {
        let mut out = String::with_capacity(self.text.len() + 32);
        let mut at = 0;
        for bind in &self.binds {
            let before = self.text.get(at..bind.span.start).unwrap_or_default();
            out.push_str(before);
            let like =
                before.trim_end().get(before.trim_end().len().saturating_sub(4)..).is_some_and(|word| word.eq_ignore_ascii_case("like"));
            match &bind.value {
                BindValue::One(value) => put_literal(&mut out, value, like),
                BindValue::Many(values) if values.is_empty() => out.push_str("(null)"),
                BindValue::Many(values) => {
                    for (n, value) in values.iter().enumerate() {
                        out.push(if n == 0 { '(' } else { ',' });
                        put_literal(&mut out, value, like);
                    }
                    out.push(')');
                }
            }
            at = bind.span.end;
        }
        out.push_str(self.text.get(at..).unwrap_or_default());
        out
    }
}

fn put_literal(out: &mut String, value: &Value, like: bool) {
    match value {
        Value::Text(text) => {
            out.push('\'');
            let mut chars = text.chars().peekable();
            while let Some(c) = chars.next() {
                match c {
                    '\\' if like && matches!(chars.peek(), Some('%' | '_' | '\\')) => {
                        out.push('\\');
                        out.extend(chars.next());
                    }
                    '\\' => out.push_str("\\\\"),
                    '\'' => out.push_str("\\'"),
                    '\n' => out.push_str("\\n"),
                    '\r' => out.push_str("\\r"),
                    '\t' => out.push_str("\\t"),
                    c => out.push(c),
                }
            }
            out.push('\'');
        }
        Value::Id(id) => {
            out.push('\'');
            out.push_str(&id.to_string());
            out.push('\'');
        }
        other => out.push_str(&other.display()),
    }
}

/// What a query found.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// The records. Each holds every field that was selected, empty ones as null; also the id of rows of an object.
    pub records: Vec<Record>,
    /// The figure of `SELECT COUNT()`.
    pub count: Option<i64>,
}

/// What DML does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named for what they do")]
pub enum DmlKind {
    Insert,
    Update,
    Upsert,
    Delete,
    Undelete,
}

impl DmlKind {
    /// The word that a `DmlException` begins with.
    pub fn word(self) -> &'static str {
        match self {
            DmlKind::Insert => "Insert",
            DmlKind::Update => "Update",
            DmlKind::Upsert => "Upsert",
            DmlKind::Delete => "Delete",
            DmlKind::Undelete => "Undelete",
        }
    }
}

/// A DML statement.
#[derive(Clone, Debug)]
pub struct Dml {
    /// What is done.
    pub kind: DmlKind,
    /// To which records, in order. Updates, deletes and undeletes have ids. Several objects may be among them.
    pub records: Vec<Record>,
    /// Whether one failure undoes all.
    pub all_or_none: bool,
    /// The field by which an upsert finds its records; by id where there is none.
    pub external_id: Option<String>,
    /// As whom it runs.
    pub access: Access,
}

/// What became of one record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowResult {
    /// Its id, where it has one now.
    pub id: Option<Id>,
    /// Whether an upsert created it.
    pub created: bool,
    /// Why it failed; empty for success.
    pub errors: Vec<RowError>,
}

/// Why a record was refused.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowError {
    /// The status code, such as `REQUIRED_FIELD_MISSING`.
    pub status: String,
    /// The message.
    pub message: String,
    /// The fields that it is about.
    pub fields: Vec<String>,
}

/// A refusal of the org that becomes an exception.
#[derive(Clone, Debug, PartialEq)]
pub struct HostError {
    /// The exception's type, such as `System.QueryException`.
    pub type_name: &'static str,
    /// The message.
    pub message: String,
    /// Whether `catch` can't catch it: for faults that must end the request. It is handed back as
    /// [`crate::ApexException::fatal`].
    pub fatal: bool,
}

impl HostError {
    /// A query that was refused.
    pub fn query(message: impl Into<String>) -> Self {
        Self { type_name: "System.QueryException", message: message.into(), fatal: false }
    }

    /// A DML statement that was refused as a whole.
    pub fn dml(message: impl Into<String>) -> Self {
        Self { type_name: "System.DmlException", message: message.into(), fatal: false }
    }

    /// A fault that ends the request.
    pub fn fatal(message: impl Into<String>) -> Self {
        Self { type_name: "System.UnexpectedException", message: message.into(), fatal: true }
    }
}

/// Who runs the program.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "named as the methods of UserInfo are")]
pub struct UserInfo {
    pub user_id: Option<Id>,
    pub profile_id: Option<Id>,
    pub role_id: Option<Id>,
    pub organization_id: Option<Id>,
    pub organization_name: String,
    pub name: String,
    pub first_name: String,
    pub last_name: String,
    pub user_name: String,
    pub email: String,
    pub user_type: String,
    /// Such as `en_US`.
    pub locale: String,
    /// Such as `en_US`.
    pub language: String,
    /// Name of the zone, such as `America/Los_Angeles`.
    pub time_zone: String,
    /// Such as `USD`.
    pub default_currency: String,
    /// The session's id, where one may be shown.
    pub session_id: Option<String>,
}

/// What a transaction has used up of its limits. The org keeps one for each transaction, so that triggers within count to
/// the same limits.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// SOQL queries.
    pub queries: u32,
    /// Rows that queries found.
    pub query_rows: u32,
    /// SOSL searches.
    pub searches: u32,
    /// DML statements.
    pub dml: u32,
    /// Rows of DML statements.
    pub dml_rows: u32,
    /// Steps of the program, which stand for its CPU time.
    pub steps: u64,
    /// How many steps it may take, where they are fewer than in other transactions.
    pub most_steps: Option<u64>,
    /// Time that its programs ran, without what they waited for the org.
    pub spent: std::time::Duration,
    /// How long they may, where it is shorter than in other transactions.
    pub most_time: Option<std::time::Duration>,
    /// Calls under way in the programs that wait for this one.
    pub depth: u32,
    /// The statics of the transaction's classes. Not to be sent between threads.
    pub state: crate::run::State,
}

/// The org that a program runs in.
pub trait Host: Schema {
    /// Runs a query.
    fn query(&mut self, query: &Query) -> Result<Rows, HostError>;
    /// Runs a search: one list of records for each object of `RETURNING`, in its order.
    fn search(&mut self, query: &Query) -> Result<Vec<Vec<Record>>, HostError>;
    /// Runs a DML statement: a result for each record. With `all_or_none` and a failure among them, nothing is left of it.
    fn dml(&mut self, dml: Dml) -> Result<Vec<RowResult>, HostError>;
    /// Sets a savepoint; its number is the program's to give back.
    fn savepoint(&mut self) -> Result<u32, HostError>;
    /// Undoes what was done since a savepoint, which stays.
    fn rollback(&mut self, savepoint: u32) -> Result<(), HostError>;
    /// Who runs the program.
    fn user(&self) -> UserInfo;
    /// The time of this transaction.
    fn now(&mut self) -> DateTime;
    /// 64 random bits.
    fn random(&mut self) -> u64;
    /// `System.debug`: level, line, text.
    fn debug(&mut self, level: &str, line: u32, text: &str);
    /// What the transaction has used up.
    fn usage(&mut self) -> &mut Usage;
}
