//! Bringing a database back to the state in which it was prepared.
//!
//! A copy of every table's rows stands in a schema beside the server's. What a test changed is told by the transactions that
//! rows are from and by their number; those tables are filled again, new tables are dropped. Where metadata changed, the
//! database is not used again.

use orglet_base::{OwnedCell, Statement};
use orglet_store::postgres::Cluster;
use orglet_store::{Home, Store, StoreError};

const PREPARE: &[&str] = &[
    "CREATE SCHEMA kept",
    "CREATE TABLE kept.state (since xid8 NOT NULL)",
    "INSERT INTO kept.state VALUES (pg_current_xact_id())",
    "CREATE FUNCTION kept.name_of(s text, t text) RETURNS text LANGUAGE sql AS $$SELECT s || '.' || t$$",
    "DO $$DECLARE t record; BEGIN FOR t IN SELECT schemaname s, tablename n FROM pg_tables WHERE schemaname LIKE 'orglet%' LOOP \
     EXECUTE format('CREATE TABLE kept.%I AS TABLE %I.%I', kept.name_of(t.s, t.n), t.s, t.n); END LOOP; END$$",
    "CREATE FUNCTION kept.reset() RETURNS boolean LANGUAGE plpgsql AS $$DECLARE t record; copy text; changed boolean; since xid8; columns text; \
     BEGIN SELECT s.since INTO since FROM kept.state s; \
     SELECT EXISTS (TABLE orglet_default._meta EXCEPT TABLE kept.\"orglet_default._meta\") INTO changed; \
     IF changed THEN RETURN false; END IF; \
     FOR t IN SELECT schemaname s, tablename n FROM pg_tables WHERE schemaname LIKE 'orglet%' LOOP copy := kept.name_of(t.s, t.n); \
     IF to_regclass(format('kept.%I', copy)) IS NULL THEN EXECUTE format('DROP TABLE %I.%I', t.s, t.n); CONTINUE; END IF; \
     EXECUTE format('SELECT (SELECT count(*) FROM %I.%I) <> (SELECT count(*) FROM kept.%I) OR EXISTS (SELECT 1 FROM %I.%I r WHERE r.xmin::text::bigint > $1)', \
     t.s, t.n, copy, t.s, t.n) INTO changed USING since::text::bigint & 4294967295; \
     IF changed THEN SELECT string_agg(quote_ident(a.attname), ',') INTO columns FROM pg_attribute a \
     WHERE a.attrelid = format('%I.%I', t.s, t.n)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''; \
     EXECUTE format('DELETE FROM %I.%I', t.s, t.n); \
     EXECUTE format('INSERT INTO %I.%I (%s) SELECT %s FROM kept.%I', t.s, t.n, columns, columns, copy); END IF; END LOOP; \
     UPDATE kept.state SET since = pg_current_xact_id(); RETURN true; END$$",
];

/// Keeps the state of a database as the one to come back to.
pub(super) fn prepare(address: &str) -> Result<(), String> {
    let statements: Vec<Statement> = PREPARE.iter().map(|sql| Statement::new(*sql, Vec::new())).collect();
    open(address)?.define(&statements).map_err(|e| e.to_string())
}

/// Brings a database back; `false` where that can't be done.
pub(super) fn reset(home: &Cluster) -> bool {
    let back = || {
        let store = home.open("default").ok()?;
        let store: &dyn Store = &*store;
        store.transact_with::<_, StoreError>(|tx| tx.first(&Statement::new("SELECT kept.reset()", Vec::new()))).ok()?
    };
    matches!(back().as_deref(), Some([OwnedCell::Int(1)]))
}

fn open(address: &str) -> Result<std::sync::Arc<dyn Store>, String> {
    Cluster::new(address).and_then(|cluster| cluster.open("default")).map_err(|e| e.to_string())
}
