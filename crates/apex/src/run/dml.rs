//! DML.

use super::{Done, Vm};
use crate::host::{Access, Dml, DmlKind, RowResult};
use crate::value::{Rec, RowFailure, Value};
use std::collections::HashSet;
use std::rc::Rc;

const MAX_STATEMENTS: u32 = 150;
const MAX_ROWS: u32 = 10_000;

impl Vm<'_, '_> {
    /// Counts a DML statement, and its rows.
    pub(crate) fn count_dml(&mut self, rows: usize) -> Done<()> {
        let usage = self.host.usage();
        usage.dml += 1;
        usage.dml_rows = usage.dml_rows.saturating_add(u32::try_from(rows).unwrap_or(u32::MAX));
        let (statements, rows) = (usage.dml, usage.dml_rows);
        if statements > MAX_STATEMENTS {
            return Err(self.limit(format!("Too many DML statements: {statements}")));
        }
        if rows > MAX_ROWS {
            return Err(self.limit(format!("Too many DML rows: {}", MAX_ROWS + 1)));
        }
        Ok(())
    }

    /// The records of a DML statement.
    fn dml_records(&mut self, kind: DmlKind, what: &Value) -> Done<Vec<Rc<Rec>>> {
        let items = match what {
            Value::Record(record) => return Ok(vec![record.clone()]),
            Value::List(list) => list.items.borrow().clone(),
            _ => return Err(self.null_pointer()),
        };
        let mut out: Vec<Rc<Rec>> = Vec::with_capacity(items.len());
        let (mut seen, mut ids) = (HashSet::with_capacity(items.len()), HashSet::new());
        for item in items {
            match item {
                Value::Record(record) => {
                    // Those that have ids are told apart by them.
                    if matches!(kind, DmlKind::Update | DmlKind::Delete)
                        && let Some(id) = record.id()
                        && !ids.insert(id)
                    {
                        return Err(self.exception("ListException", format!("Duplicate id in list: {id}")));
                    }
                    if !seen.insert(Rc::as_ptr(&record)) {
                        return Err(self.exception(
                            "ListException",
                            format!("Before Insert or Upsert list must not have two identically equal elements: {}", record.object.name),
                        ));
                    }
                    out.push(record);
                }
                _ => return Err(self.null_pointer()),
            }
        }
        Ok(out)
    }

    pub(super) fn dml_statement(&mut self, kind: DmlKind, what: Value, access: Access, external: Option<String>) -> Done<()> {
        self.dml(kind, &what, true, access, external).map(|_| ())
    }

    /// Runs DML: records and what became of each. With `all_or_none`, a failure is an exception.
    pub(crate) fn dml(
        &mut self,
        kind: DmlKind,
        what: &Value,
        all_or_none: bool,
        access: Access,
        external: Option<String>,
    ) -> Done<Vec<(Rc<Rec>, RowResult)>> {
        let records = self.dml_records(kind, what)?;
        if records.is_empty() {
            return Ok(Vec::new());
        }
        if records.iter().any(|record| record.data.borrow().read_only) {
            let word = kind.word().to_ascii_lowercase();
            if matches!(kind, DmlKind::Insert | DmlKind::Upsert) {
                return Err(self.exception("FinalException", format!("Record is read-only: {word}")));
            }
        }
        if let Some(trigger) = &self.trigger {
            let is_own = |list: &Value| {
                let Value::List(list) = list else { return false };
                let own: HashSet<*const Rec> = list
                    .items
                    .borrow()
                    .iter()
                    .filter_map(|item| match item {
                        Value::Record(item) => Some(Rc::as_ptr(item)),
                        _ => None,
                    })
                    .collect();
                records.iter().any(|record| own.contains(&Rc::as_ptr(record)))
            };
            if is_own(&trigger.new) || is_own(&trigger.old) {
                return Err(self.exception("SObjectException", "DML statement cannot operate on trigger.new or trigger.old"));
            }
        }
        self.count_dml(records.len())?;
        let mut failures = Vec::new();
        for (index, record) in records.iter().enumerate() {
            let id = record.id();
            let (status, text) = match kind {
                DmlKind::Insert if id.is_some() => ("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call"),
                DmlKind::Update | DmlKind::Delete | DmlKind::Undelete if id.is_none() => (
                    "MISSING_ARGUMENT",
                    match kind {
                        DmlKind::Update => "Id not specified in an update call",
                        DmlKind::Delete => "Id not specified in a delete call",
                        _ => "Id not specified in an undelete call",
                    },
                ),
                _ => continue,
            };
            failures.push(RowFailure {
                index,
                id,
                error: crate::host::RowError {
                    status: status.to_owned(),
                    message: text.to_owned(),
                    fields: if kind == DmlKind::Insert { vec!["Id".to_owned()] } else { Vec::new() },
                },
            });
        }
        if all_or_none && !failures.is_empty() {
            return Err(self.dml_failed(kind, failures));
        }
        let mut sent = Vec::with_capacity(records.len());
        for (index, record) in records.iter().enumerate() {
            if failures.iter().all(|failure| failure.index != index) {
                sent.push(self.hand_out(record, 0));
            }
        }
        let dml = Dml { kind, records: sent, all_or_none, external_id: external, access };
        let trigger = self.trigger.take();
        self.lend();
        let done = self.host.dml(dml);
        self.regain();
        self.trigger = trigger;
        let done = match done {
            Ok(done) => done,
            Err(error) => return Err(self.host_error(error)),
        };
        let mut done = done.into_iter();
        let mut out = Vec::with_capacity(records.len());
        let mut failed = Vec::new();
        for (index, record) in records.into_iter().enumerate() {
            let row = match failures.iter().find(|failure| failure.index == index) {
                Some(failure) => RowResult { id: failure.id, created: false, errors: vec![failure.error.clone()] },
                None => done.next().unwrap_or_default(),
            };
            for error in &row.errors {
                failed.push(RowFailure { index, id: record.id(), error: error.clone() });
            }
            out.push((record, row));
        }
        if all_or_none && !failed.is_empty() {
            return Err(self.dml_failed(kind, failed));
        }
        for (record, row) in &out {
            let key = record.object.field_at("id");
            if let (true, Some(id), Some(key)) = (row.errors.is_empty() && matches!(kind, DmlKind::Insert | DmlKind::Upsert), row.id, key) {
                record.set(key as u16, Value::Id(id));
            }
        }
        Ok(out)
    }

    fn dml_failed(&mut self, kind: DmlKind, failures: Vec<RowFailure>) -> super::Throw {
        let text = match failures.first() {
            None => format!("{} failed", kind.word()),
            Some(first) => {
                let id = first.id.map(|id| format!(" with id {id}")).unwrap_or_default();
                format!(
                    "{} failed. First exception on row {}{id}; first error: {}, {}: [{}]",
                    kind.word(),
                    first.index,
                    first.error.status,
                    first.error.message,
                    first.error.fields.join(", ")
                )
            }
        };
        self.dml_exception("DmlException", text, failures)
    }
}
