//! The engine's own tables, in an org's database and in the server's. Their names begin with an underscore, so that no
//! sObject can have them. One text of a statement serves both dialects: it keeps to what they share.

use orglet_base::{Dialect, OwnedCell, Param, Statement};

/// Tables of an org's database.
pub(crate) fn org_tables(dialect: Dialect) -> Vec<Statement> {
    made(
        dialect,
        &[
            "CREATE TABLE IF NOT EXISTS \"_meta\" (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL)",
            "CREATE TABLE IF NOT EXISTS \"_ids\" (prefix TEXT PRIMARY KEY NOT NULL, next INTEGER NOT NULL)",
            "CREATE TABLE IF NOT EXISTS \"_counters\" (name TEXT PRIMARY KEY NOT NULL, next INTEGER NOT NULL)",
            "CREATE TABLE IF NOT EXISTS \"_settings\" (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL)",
            "CREATE TABLE IF NOT EXISTS \"_custom\" (id TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, object TEXT NOT NULL, \
             name TEXT NOT NULL, prefix TEXT, body TEXT NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL, author TEXT NOT NULL ROWID)",
            match dialect {
                Dialect::Sqlite => {
                    "CREATE UNIQUE INDEX IF NOT EXISTS \"_custom_name\" ON \"_custom\" (kind, object COLLATE FOLD, name COLLATE FOLD)"
                }
                // API names are ASCII.
                Dialect::Postgres => "CREATE UNIQUE INDEX IF NOT EXISTS \"_custom_name\" ON \"_custom\" (kind, lower(object), lower(name))",
            },
            "CREATE TABLE IF NOT EXISTS \"_views\" (\"user\" TEXT NOT NULL, id TEXT NOT NULL, viewed TEXT, referenced TEXT NOT NULL, \
             at INTEGER NOT NULL, PRIMARY KEY (\"user\", id))",
            "CREATE TABLE IF NOT EXISTS \"_bin\" (id TEXT NOT NULL, field TEXT NOT NULL, parent TEXT NOT NULL, root TEXT NOT NULL, \
             PRIMARY KEY (id, field))",
            "CREATE INDEX IF NOT EXISTS \"_bin_root\" ON \"_bin\" (root)",
            "CREATE TABLE IF NOT EXISTS \"_events\" (replay INTEGER PRIMARY KEY NOT NULL, object TEXT NOT NULL, schema_id TEXT NOT NULL, \
             uuid TEXT NOT NULL, created INTEGER NOT NULL, author TEXT NOT NULL, payload TEXT NOT NULL)",
            "CREATE INDEX IF NOT EXISTS \"_events_age\" ON \"_events\" (created)",
            "CREATE INDEX IF NOT EXISTS \"_events_object\" ON \"_events\" (object, replay)",
            "CREATE TABLE IF NOT EXISTS \"_event_schemas\" (id TEXT PRIMARY KEY NOT NULL, object TEXT NOT NULL, body TEXT NOT NULL, \
             current INTEGER NOT NULL)",
            "CREATE INDEX IF NOT EXISTS \"_event_schemas_object\" ON \"_event_schemas\" (object)",
            "CREATE TABLE IF NOT EXISTS \"_match_keys\" (rule TEXT NOT NULL, \"key\" INTEGER NOT NULL, id TEXT NOT NULL, \
             PRIMARY KEY (rule, \"key\", id))",
            "CREATE TABLE IF NOT EXISTS \"_deployments\" (id TEXT PRIMARY KEY NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL, zip TEXT)",
            "CREATE INDEX IF NOT EXISTS \"_deployments_age\" ON \"_deployments\" (created)",
            "CREATE TABLE IF NOT EXISTS \"_sites\" (id TEXT PRIMARY KEY NOT NULL, template TEXT NOT NULL)",
        ],
    )
}

/// Tables of the server's database.
pub(crate) fn server_tables(dialect: Dialect) -> Vec<Statement> {
    made(
        dialect,
        &[
            "CREATE TABLE IF NOT EXISTS \"_meta\" (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL)",
            "CREATE TABLE IF NOT EXISTS \"_counters\" (name TEXT PRIMARY KEY NOT NULL, next INTEGER NOT NULL)",
            "CREATE TABLE IF NOT EXISTS \"_orgs\" (id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL, storage TEXT NOT NULL, origin INTEGER NOT NULL, \
         suffix TEXT NOT NULL, admin TEXT NOT NULL, created TEXT NOT NULL, state TEXT NOT NULL)",
            "CREATE UNIQUE INDEX IF NOT EXISTS \"_orgs_name\" ON \"_orgs\" (name)",
            "CREATE INDEX IF NOT EXISTS \"_orgs_origin\" ON \"_orgs\" (origin)",
            "CREATE INDEX IF NOT EXISTS \"_orgs_unfinished\" ON \"_orgs\" (state) WHERE state <> 'live'",
            "CREATE TABLE IF NOT EXISTS \"_snapshots\" (number INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, org TEXT, storage TEXT NOT NULL, \
         created TEXT NOT NULL, state TEXT NOT NULL)",
            "CREATE UNIQUE INDEX IF NOT EXISTS \"_snapshots_name\" ON \"_snapshots\" (name)",
            "CREATE TABLE IF NOT EXISTS \"_usernames\" (name TEXT PRIMARY KEY NOT NULL, org TEXT NOT NULL)",
            "CREATE INDEX IF NOT EXISTS \"_usernames_org\" ON \"_usernames\" (org)",
            "CREATE TABLE IF NOT EXISTS \"_origins\" (org TEXT NOT NULL, pattern TEXT NOT NULL, PRIMARY KEY (org, pattern))",
            "CREATE TABLE IF NOT EXISTS \"_sessions\" (token TEXT PRIMARY KEY NOT NULL, org TEXT NOT NULL, \"user\" TEXT NOT NULL, \
         created TEXT NOT NULL, expires INTEGER NOT NULL)",
            "CREATE TABLE IF NOT EXISTS \"_credentials\" (org TEXT NOT NULL, \"user\" TEXT NOT NULL, password TEXT NOT NULL, password_with_token TEXT, PRIMARY KEY (org, \"user\"))",
            "CREATE TABLE IF NOT EXISTS \"_passwords\" (org TEXT NOT NULL, \"user\" TEXT NOT NULL, expired INTEGER NOT NULL, earlier TEXT NOT NULL, PRIMARY KEY (org, \"user\"))",
            "CREATE TABLE IF NOT EXISTS \"_cursors\" (id TEXT PRIMARY KEY NOT NULL, org TEXT NOT NULL, \"user\" TEXT NOT NULL, soql TEXT NOT NULL, \
         child TEXT NOT NULL, all_rows INTEGER NOT NULL, total INTEGER NOT NULL, batch INTEGER NOT NULL, created INTEGER NOT NULL ROWID)",
            "CREATE INDEX IF NOT EXISTS \"_cursors_owner\" ON \"_cursors\" (org, \"user\", created)",
            "CREATE INDEX IF NOT EXISTS \"_cursors_age\" ON \"_cursors\" (created)",
            "CREATE TABLE IF NOT EXISTS \"_databases\" (name TEXT PRIMARY KEY NOT NULL, address TEXT NOT NULL)",
            "CREATE TABLE IF NOT EXISTS \"_moves\" (org TEXT PRIMARY KEY NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL)",
            "CREATE TABLE IF NOT EXISTS \"_cursor_ids\" (cursor TEXT NOT NULL, first INTEGER NOT NULL, ids TEXT NOT NULL, PRIMARY KEY (cursor, first))",
        ],
    )
}

/// The column by which rows come in the order in which they were written.
pub(crate) const ROWID: &str = "rowid";

/// Whether the rows of one of the engine's tables are read in the order in which they were written.
pub(crate) fn is_ordered(table: &str) -> bool {
    matches!(table, "_custom" | "_cursors")
}

/// Statements in the types of a dialect. `ROWID` stands for the column by which rows come in the order in which they were
/// written; SQLite has one unasked.
fn made(dialect: Dialect, statements: &[&str]) -> Vec<Statement> {
    let statement = |sql: &&str| match dialect {
        Dialect::Sqlite => Statement::new(sql.replace(" ROWID)", ")"), Vec::new()),
        Dialect::Postgres => {
            let sql = sql.replace(" ROWID)", ", rowid BIGINT GENERATED ALWAYS AS IDENTITY)");
            Statement::new(sql.replace(" INTEGER", " BIGINT").replace(" TEXT", " TEXT COLLATE \"C\""), Vec::new())
        }
    };
    statements.iter().map(statement).collect()
}

/// Text of a cell, empty for anything else.
pub(crate) fn text(cell: &OwnedCell) -> &str {
    match cell {
        OwnedCell::Text(t) => t,
        _ => "",
    }
}

/// Number of a cell, 0 for anything else.
pub(crate) fn int(cell: &OwnedCell) -> i64 {
    match cell {
        OwnedCell::Int(n) => *n,
        _ => 0,
    }
}

/// A statement on the engine's own tables.
pub(crate) fn own(sql: &'static str, params: Vec<Param>) -> Statement {
    Statement::new(sql, params)
}
