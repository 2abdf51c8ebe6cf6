//! PostgreSQL's failures as the engine tells them apart.

use crate::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

/// A failure, and what can be done about it.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) error: StoreError,
    pub(super) remedy: Remedy,
}

/// What helps against a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing.
    None,
    /// The transaction, once more: another one was in its way.
    Again,
    /// The transaction, once more: it meets a row that another one wrote meanwhile, and can say which.
    AgainOnce,
    /// Another connection: this one is gone.
    Reconnect,
}

impl Fault {
    pub(super) fn lost(text: impl Into<String>) -> Self {
        Self { error: StoreError::Unavailable(text.into()), remedy: Remedy::Reconnect }
    }

    /// The failure of a statement. `schema` is the org's, which stands before names in messages.
    pub(super) fn of(e: &Error, schema: &str, sql: &str) -> Self {
        let Some(db) = e.as_db_error() else {
            if e.is_closed() || std::error::Error::source(e).is_some_and(|s| s.is::<std::io::Error>()) {
                return Self::lost(format!("the connection to the database was lost: {}", whole(e)));
            }
            return Self { error: StoreError::Other(format!("{} in: {sql}", whole(e))), remedy: Remedy::None };
        };
        let text = || format!("{} ({})", db.message(), db.code().code());
        let plain = |error| Self { error, remedy: Remedy::None };
        match db.code() {
            &SqlState::UNDEFINED_TABLE => plain(match table_in(db.message(), schema) {
                Some(name) => StoreError::NoTable(name),
                None => StoreError::Other(format!("{} in: {sql}", text())),
            }),
            &SqlState::UNDEFINED_COLUMN | &SqlState::DUPLICATE_COLUMN | &SqlState::UNDEFINED_OBJECT => plain(StoreError::Schema(text())),
            &SqlState::UNIQUE_VIOLATION => Self { error: StoreError::Unique(unique(db)), remedy: Remedy::AgainOnce },
            // The org's schema is gone, with all of its tables and functions.
            &SqlState::INVALID_SCHEMA_NAME => plain(StoreError::Moved),
            &SqlState::QUERY_CANCELED => plain(StoreError::Interrupted),
            &SqlState::LOCK_NOT_AVAILABLE => plain(StoreError::Locked),
            &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
                Self { error: StoreError::Other(text()), remedy: Remedy::Again }
            }
            &SqlState::DISK_FULL | &SqlState::READ_ONLY_SQL_TRANSACTION | &SqlState::INSUFFICIENT_PRIVILEGE => {
                plain(StoreError::ReadOnly(text()))
            }
            code if gone(code) => Self::lost(format!("the database server is not there: {}", text())),
            _ => plain(StoreError::Other(format!("{} in: {sql}", text()))),
        }
    }
}

/// Codes with which a server says that it, or the connection, ends, or that it can't serve now.
fn gone(code: &SqlState) -> bool {
    code.code().starts_with("08")
        || [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ]
        .contains(code)
}

/// An error with its causes.
pub(super) fn whole(e: &Error) -> String {
    let mut text = e.to_string();
    let mut cause = std::error::Error::source(e);
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text
}

/// The table that a message names behind the schema, whatever the message's language.
fn table_in(message: &str, schema: &str) -> Option<String> {
    // Messages leave out the quotes.
    let schema = schema.trim_matches('"');
    let at = message.find(&format!("{schema}."))? + schema.len() + 1;
    let name: String = message[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// What was not unique: `Table.Field`, as far as the server tells.
fn unique(db: &DbError) -> String {
    let (table, index) = (db.table().unwrap_or_default(), db.constraint().unwrap_or_default());
    // `Key ("s".fold("Name" COLLATE "C"))=(x) already exists.`: the field is the first name with a capital or not a
    // schema's; names of indexes may be cut.
    match index.strip_prefix("ix_").and_then(|rest| rest.strip_prefix(table)).and_then(|rest| rest.strip_prefix('_')) {
        Some(field) => format!("{table}.{field}"),
        None => format!("{table}.{index}"),
    }
}
