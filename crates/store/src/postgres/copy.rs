//! Copies of whole schemas.

use crate::{Mark, Sink, StoreError, Tx};
use orglet_base::Statement;
use std::cell::RefCell;

/// The statements that make the tables of one schema in another, with their rows and indexes, in order. Indexes are made by
/// their own definitions, which name the functions of their schema.
const COPY: &str = "WITH t AS (SELECT c.oid, c.relname AS name FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = ?1 AND c.relkind IN ('r', 'p') AND c.relname <> '_guard'), steps AS (\
    SELECT t.name, 1 AS step, format('CREATE TABLE %I.%I (LIKE %I.%I INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING STORAGE)', \
    ?2::text, t.name, ?1, t.name) AS sql FROM t \
    UNION ALL SELECT t.name, 2, format('INSERT INTO %I.%I OVERRIDING SYSTEM VALUE SELECT * FROM %I.%I', ?2, t.name, ?1, t.name) FROM t \
    UNION ALL SELECT t.name, 3, format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', ?2, t.name, c.conname, pg_get_constraintdef(c.oid)) \
    FROM t JOIN pg_catalog.pg_constraint c ON c.conrelid = t.oid AND c.contype = 'p' \
    UNION ALL SELECT t.name, 4, replace(pg_get_indexdef(i.indexrelid), quote_ident(?1) || '.', quote_ident(?2) || '.') \
    FROM t JOIN pg_catalog.pg_index i ON i.indrelid = t.oid AND NOT i.indisprimary \
    UNION ALL SELECT t.name, 5, format('DO $do$DECLARE top bigint; BEGIN SELECT coalesce(max(%I), 0) + 1 INTO top FROM %I.%I; \
    PERFORM setval(pg_get_serial_sequence(%L, %L), top, false); END$do$', a.attname, ?2, t.name, format('%I.%I', ?2, t.name), a.attname) \
    FROM t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attidentity <> '') \
    SELECT sql FROM steps ORDER BY name, step";

/// Copies the tables of `source` into `target`: names of schemas of ours, which need no quoting. The statements are sent by
/// themselves, not run by one of the database's own blocks: Citus spreads none of the tables that are made in there.
pub(super) fn rows(tx: &mut dyn Tx, source: &str, target: &str) -> Result<(), StoreError> {
    let mut script = Vec::new();
    tx.query(&Statement::new(COPY, vec![source.into(), target.into()]), &mut |row| {
        script.extend(row.cell(0).text().map(str::to_owned));
        true
    })?;
    if script.is_empty() { Ok(()) } else { tx.script(script) }
}

/// One of two schemas that a transaction works on.
pub(super) struct Beside<'a, 'b> {
    tx: &'a RefCell<&'b mut dyn Tx>,
    schema: String,
}

impl<'a, 'b> Beside<'a, 'b> {
    pub(super) fn new(tx: &'a RefCell<&'b mut dyn Tx>, schema: &str) -> Self {
        Self { tx, schema: schema.to_owned() }
    }

    fn placed(&self, statement: &Statement) -> Statement {
        let sql = super::text::rendered(&statement.sql, &self.schema);
        Statement::new(sql, statement.params.clone())
    }
}

impl Tx for Beside<'_, '_> {
    fn query(&mut self, statement: &Statement, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        let statement = self.placed(statement);
        self.tx.borrow_mut().query(&statement, sink)
    }

    fn execute(&mut self, statement: &Statement) -> Result<usize, StoreError> {
        let statement = self.placed(statement);
        self.tx.borrow_mut().execute(&statement)
    }

    fn mark(&mut self, mark: Mark) -> Result<(), StoreError> {
        self.tx.borrow_mut().mark(mark)
    }
}
