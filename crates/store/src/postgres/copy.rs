//! Copies of whole schemas.

use crate::{Mark, Sink, StoreError, Tx};
use orglet_base::Statement;
use std::cell::RefCell;

/// Makes the tables of one schema in another, with their rows and indexes. Indexes are made by their own definitions,
/// which name the functions of their schema.
const COPY: &str = "DO $$DECLARE source text := 'SOURCE'; target text := 'TARGET'; t record; i record; \
    BEGIN FOR t IN SELECT c.oid, c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = source AND c.relkind IN ('r', 'p') AND c.relname <> '_guard' LOOP \
    EXECUTE format('CREATE TABLE %I.%I (LIKE %I.%I INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING STORAGE)', target, t.name, source, t.name); \
    EXECUTE format('INSERT INTO %I.%I OVERRIDING SYSTEM VALUE SELECT * FROM %I.%I', target, t.name, source, t.name); \
    FOR i IN SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_catalog.pg_constraint WHERE conrelid = t.oid AND contype = 'p' LOOP \
    EXECUTE format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', target, t.name, i.name, i.definition); END LOOP; \
    FOR i IN SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_catalog.pg_index WHERE indrelid = t.oid AND NOT indisprimary LOOP \
    EXECUTE replace(i.definition, quote_ident(source) || '.', quote_ident(target) || '.'); END LOOP; \
    FOR i IN SELECT attname AS name FROM pg_catalog.pg_attribute WHERE attrelid = t.oid AND attidentity <> '' LOOP \
    EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, %L), (SELECT coalesce(max(%I), 0) + 1 FROM %I.%I), false)', \
    format('%I.%I', target, t.name), i.name, i.name, target, t.name); END LOOP; END LOOP; END$$";

/// The statement that copies the tables of `source` into `target`: names of schemas of ours, which need no quoting.
pub(super) fn rows(source: &str, target: &str) -> Statement {
    Statement::new(COPY.replace("SOURCE", source).replace("TARGET", target), Vec::new())
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
