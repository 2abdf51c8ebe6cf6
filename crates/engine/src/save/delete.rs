//! Deletes: to the recycle bin, children that cascade with their parent, others released, some forbidding it.

use super::{Change, Guard, Saved, no_row, rolled_back, rules};
use crate::record::{self, Row};
use crate::{Failure, Identity, Org};
use orglet_base::{ApiError, DateTime, ErrorCode, Id, OwnedCell, Value};
use orglet_plan::write as sql;
use orglet_schema::{Catalog, Field, Object};
use orglet_store::{StoreError, Tx};
use std::sync::Arc;

/// How deep cascades go; deeper means a loop of master-detail fields, which metadata does not allow.
const DEEPEST: usize = 16;

pub(super) fn run(identity: &Identity, change: &Change) -> Result<Vec<Result<Saved, Failure>>, Failure> {
    let org = &*identity.org;
    let catalog = org.catalog();
    let now = org.now().truncate_to_second();
    org.ensure_table(&change.object)?;
    let done = org.transact(|tx| {
        let delete = Delete { org, catalog: &catalog, user: identity.user.id, now };
        let mut outcomes = Vec::with_capacity(change.records.len());
        for record in &change.records {
            let id = record.id.ok_or_else(ApiError::not_found)?;
            match tx.nested(|tx| delete.one(tx, &change.object, id, change.guard.as_ref())) {
                Err(Failure::Store(e)) => return Err(Failure::Store(e)),
                outcome => outcomes.push(outcome),
            }
        }
        if change.all_or_none && outcomes.iter().any(Result::is_err) {
            return Err(Failure::Batch(outcomes));
        }
        Ok(outcomes)
    });
    match done {
        Err(Failure::Batch(outcomes)) => Ok(outcomes.into_iter().map(|o| o.and_then(|_| Err(rolled_back().into()))).collect()),
        other => other,
    }
}

struct Delete<'a> {
    org: &'a Org,
    catalog: &'a Catalog,
    user: Id,
    now: DateTime,
}

impl Delete<'_> {
    fn one(&self, tx: &mut dyn Tx, object: &Arc<Object>, id: Id, guard: Option<&Guard>) -> Result<Saved, Failure> {
        let row = record::by_id(tx, self.org, object, id)?.ok_or_else(no_row)?;
        if row.is_deleted(object) {
            return Err(record::deleted().into());
        }
        if let Some(guard) = guard {
            guard.0(object, &row)?;
        }
        if !object.flags.deletable {
            let text = format!("entity type cannot be deleted: {}", object.label);
            return Err(ApiError::new(ErrorCode::CannotInsertUpdateActivateEntity, text).with_fields(Vec::<String>::new()).into());
        }
        self.restricted(tx, object, &row, id)?;
        self.take(tx, object, vec![id], 0)?;
        if object.name == "OpportunityLineItem"
            && let Some(parent) = row.get(object, "OpportunityId").as_id()
        {
            rules::sum_line_items(tx, self.org, self.catalog, object, parent, self.now)?;
        }
        Ok(Saved { id, created: false })
    }

    /// DELETE_FAILED when children forbid it, naming them (crud-032).
    fn restricted(&self, tx: &mut dyn Tx, object: &Object, row: &Row, id: Id) -> Result<(), Failure> {
        for relation in object.children().iter().filter(|c| c.restricted_delete) {
            let Some((child, field)) = self.child(&relation.child, &relation.field) else { continue };
            let ids = self.children(tx, child, field, &[id])?;
            if ids.is_empty() {
                continue;
            }
            let name_of = |object: &Object, row: &Row, id: Id| {
                object.name_field().map(|f| row.get(object, &f.name).display()).filter(|n| n != "null").unwrap_or_else(|| id.to_string())
            };
            let mut listed = Vec::new();
            for child_id in ids.iter().take(20) {
                if let Some(child_row) = record::by_id(tx, self.org, child, *child_id)? {
                    listed.push(name_of(child, &child_row, *child_id));
                }
            }
            let text = format!(
                "Your attempt to delete {} could not be completed because it is associated with the following {}.: {}\n",
                name_of(object, row, id),
                child.label_plural.to_lowercase(),
                listed.join(", ")
            );
            return Err(ApiError::new(ErrorCode::DeleteFailed, text).with_fields(Vec::<String>::new()).into());
        }
        Ok(())
    }

    /// Takes rows of one object and what goes with them.
    fn take(&self, tx: &mut dyn Tx, object: &Object, ids: Vec<Id>, depth: usize) -> Result<(), Failure> {
        if depth > DEEPEST {
            return Err(StoreError::Other("deletes cascade too deep".into()).into());
        }
        for relation in object.children() {
            let Some((child, field)) = self.child(&relation.child, &relation.field) else { continue };
            if !relation.cascade_delete && !field.nillable {
                continue;
            }
            let children = self.children(tx, child, field, &ids)?;
            if children.is_empty() {
                continue;
            }
            if relation.cascade_delete {
                self.take(tx, child, children, depth + 1)?;
            } else {
                self.release(tx, child, field, &children)?;
            }
        }
        let texts: Vec<String> = ids.iter().map(Id::to_string).collect();
        let dialect = self.org.store.dialect();
        let Some(deleted) = object.field("IsDeleted") else {
            tx.execute(&sql::purge(object, &texts, dialect))?;
            return Ok(());
        };
        let mut fields = vec![deleted];
        let mut cells = vec![OwnedCell::Int(1)];
        for (name, value) in self.stamps() {
            if let Some(field) = object.field(name) {
                fields.push(field);
                cells.push(field.cell_kind().to_cell(&value));
            }
        }
        tx.execute(&sql::update_all(object, &fields, cells, &texts, dialect))?;
        Ok(())
    }

    fn stamps(&self) -> [(&'static str, Value); 3] {
        [
            ("LastModifiedDate", Value::DateTime(self.now)),
            ("LastModifiedById", Value::Id(self.user)),
            ("SystemModstamp", Value::DateTime(self.now)),
        ]
    }

    /// Clears a lookup of children that stay.
    fn release(&self, tx: &mut dyn Tx, child: &Object, field: &Field, ids: &[Id]) -> Result<(), Failure> {
        let texts: Vec<String> = ids.iter().map(Id::to_string).collect();
        let mut fields = vec![field];
        let mut cells = vec![OwnedCell::Null];
        if let Some(stamp) = child.field("SystemModstamp") {
            fields.push(stamp);
            cells.push(stamp.cell_kind().to_cell(&Value::DateTime(self.now)));
        }
        tx.execute(&sql::update_all(child, &fields, cells, &texts, self.org.store.dialect()))?;
        Ok(())
    }

    /// The child object of a relationship and its reference field, where the child has rows at all.
    fn child(&self, object: &str, field: &str) -> Option<(&Arc<Object>, &Field)> {
        let child = self.catalog.object(object).filter(|o| o.has_table() && self.org.has_rows(o))?;
        Some((child, child.field(field)?))
    }

    fn children(&self, tx: &mut dyn Tx, child: &Object, field: &Field, parents: &[Id]) -> Result<Vec<Id>, Failure> {
        let texts: Vec<String> = parents.iter().map(Id::to_string).collect();
        let mut found = Vec::new();
        let statement = sql::select_ids_in(child, field, &texts, true, self.org.store.dialect());
        tx.query(&statement, &mut |row| {
            found.extend(row.cell(0).text().and_then(|t| Id::parse(t).ok()));
            true
        })?;
        Ok(found)
    }
}
