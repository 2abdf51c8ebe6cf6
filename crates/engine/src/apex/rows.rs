//! Records of the language from rows, and rows from records.

use crate::query::{RecordSet, RowSet};
use crate::record::Row;
use crate::save::{Assign, Incoming};
use crate::{Failure, Org};
use orglet_apex::Record;
use orglet_base::{ApiError, Cell, ErrorCode, Id, Value};
use orglet_plan::write::{self, Lock};
use orglet_plan::{AggregatePlan, Node, OutKind, ParentKind, RecordPlan};
use orglet_schema::{Catalog, CellKind, Field, FieldType, Input, Object};
use orglet_store::Tx;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::sync::Arc;

/// Makes records of what a query found.
pub(super) struct Reader<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) org: &'a Org,
}

impl Reader<'_> {
    /// The records of a plan.
    pub(super) fn records(&self, tx: &mut dyn Tx, plan: &RecordPlan, set: &RecordSet) -> Result<Vec<Record>, Failure> {
        let all: Vec<usize> = (0..set.rows.len()).collect();
        self.some(tx, plan, set, &all)
    }

    fn some(&self, tx: &mut dyn Tx, plan: &RecordPlan, set: &RecordSet, rows: &[usize]) -> Result<Vec<Record>, Failure> {
        let mut records = Vec::with_capacity(rows.len());
        for &row in rows {
            let mut record = self.record(tx, &plan.object, &plan.shape, &set.rows, row, 0)?;
            let id = set.rows.cell(row, 0).text().unwrap_or_default().to_owned();
            for node in &plan.shape {
                let Node::Child { name, child } = node else { continue };
                let (Some(child), Some(found)) = (plan.children.get(*child), set.children.get(*child)) else { continue };
                let own = found.by_parent.get(&id).map_or(&[][..], |group| &group.rows);
                record.children.push((Arc::from(&**name), self.some(tx, &child.plan, &found.set, own)?));
            }
            records.push(record);
        }
        Ok(records)
    }

    fn record(
        &self,
        tx: &mut dyn Tx,
        object: &Object,
        nodes: &[Node],
        rows: &RowSet,
        row: usize,
        id_column: usize,
    ) -> Result<Record, Failure> {
        let mut record = Record { object: Arc::from(object.name.as_str()), ..Record::default() };
        let id = rows.cell(row, id_column).text().and_then(|t| Id::parse(t).ok());
        for node in nodes {
            match node {
                Node::Value { name, column, kind, source } => {
                    let cell = rows.cell(row, *column);
                    let value = match (kind, source) {
                        (OutKind::Cell(CellKind::Blob), Some((owner, field))) if cell != Cell::Null => {
                            self.bytes(tx, owner, &owner.fields()[*field], id)?
                        }
                        (kind, _) => value(kind, cell),
                    };
                    record.fields.push((Arc::from(&**name), value));
                }
                Node::Parent { name, object: kind, id_column, nodes } => {
                    let parent = rows.cell(row, *id_column).text().and_then(|t| Id::parse(t).ok());
                    let real = match kind {
                        ParentKind::Fixed(object) => Some(object),
                        ParentKind::ById => parent.and_then(|id| self.catalog.object_of(id)),
                    };
                    self.parent(tx, object, &mut record, name, parent.zip(real), nodes, rows, row, *id_column)?;
                }
                Node::TypeOf { name, id_column, branches, otherwise } => {
                    let parent = rows.cell(row, *id_column).text().and_then(|t| Id::parse(t).ok());
                    let real = parent.and_then(|id| self.catalog.object_of(id));
                    let branch =
                        real.and_then(|real| branches.iter().find(|(o, _)| o.name == real.name)).map(|(_, nodes)| nodes.as_slice());
                    self.parent(tx, object, &mut record, name, parent.zip(real), branch.unwrap_or(otherwise), rows, row, *id_column)?;
                }
                // Compound values can't be written by themselves; their parts can be queried.
                Node::Address { .. } | Node::Location { .. } | Node::Child { .. } => {}
            }
        }
        if let Some(id) = id.filter(|_| record.get("Id").is_none() && object.field("Id").is_some()) {
            record.fields.push((Arc::from("Id"), Value::Id(id)));
        }
        Ok(record)
    }

    #[allow(clippy::too_many_arguments, reason = "a parent with where its columns are")]
    fn parent(
        &self,
        tx: &mut dyn Tx,
        object: &Object,
        record: &mut Record,
        name: &str,
        parent: Option<(Id, &Arc<Object>)>,
        nodes: &[Node],
        rows: &RowSet,
        row: usize,
        id_column: usize,
    ) -> Result<(), Failure> {
        let found = match parent {
            Some((_, real)) => Some(Box::new(self.record(tx, real, nodes, rows, row, id_column)?)),
            None => None,
        };
        // The reference comes along with what it leads to.
        if let Some(field) = object.parent_field(name).filter(|f| record.get(&f.name).is_none()) {
            record.fields.push((Arc::from(field.name.as_str()), parent.map_or(Value::Null, |(id, _)| Value::Id(id))));
        }
        record.parents.push((Arc::from(name), found));
        Ok(())
    }

    /// The bytes of a field, which are not read with their row.
    fn bytes(&self, tx: &mut dyn Tx, object: &Object, field: &Field, id: Option<Id>) -> Result<Value, Failure> {
        let Some(id) = id else { return Ok(Value::Null) };
        let mut found = Value::Null;
        let statement = write::point_read(object, &[field], &id.to_string(), Lock::None, self.org.store.dialect());
        tx.query(&statement, &mut |row| {
            found = CellKind::Blob.to_value(row.cell(0));
            false
        })?;
        Ok(found)
    }
}

/// The rows of an aggregate query.
pub(super) fn aggregates(plan: &AggregatePlan, rows: &RowSet) -> Vec<Record> {
    let record = |row: usize| {
        let fields = plan.shape.iter().filter_map(|node| match node {
            Node::Value { name, column, kind, .. } => Some((Arc::from(&**name), value(kind, rows.cell(row, *column)))),
            _ => None,
        });
        Record { object: Arc::from("AggregateResult"), fields: fields.collect(), ..Record::default() }
    };
    (0..rows.len()).map(record).collect()
}

fn value(kind: &OutKind, cell: Cell<'_>) -> Value {
    match kind {
        OutKind::Cell(kind) | OutKind::Label(kind) => kind.to_value(cell),
        OutKind::DecimalText => cell.text().and_then(|t| t.parse::<Decimal>().ok()).map_or(Value::Null, Value::Decimal),
        OutKind::Formatted(kind, _) => match value(kind, cell) {
            Value::Null => Value::Null,
            value => Value::Text(value.display()),
        },
    }
}

/// A record with all fields of a row. Bytes are not among them, nor are `hidden` fields, which are null.
pub(crate) fn whole(object: &Object, row: &Row, hidden: &dyn Fn(usize, &Field) -> bool) -> Record {
    let fields = object.fields().iter().enumerate().filter(|(_, f)| f.has_column() && f.ty != FieldType::Base64);
    let fields = fields.map(|(index, field)| {
        let value = if hidden(index, field) { Value::Null } else { row.values[index].clone() };
        (Arc::from(field.name.as_str()), value)
    });
    Record { object: Arc::from(object.name.as_str()), fields: fields.collect(), ..Record::default() }
}

/// A value of the language as its field holds it.
pub(crate) fn fitted(field: &Field, value: Value) -> Result<Value, ApiError> {
    let wrong = |shown: &str| {
        ApiError::new(ErrorCode::InvalidTypeOnFieldInRecord, format!("{}: value not of required type: {shown}", field.label))
            .with_fields([&field.name])
    };
    Ok(match (field.ty, value) {
        (_, Value::Null) => Value::Null,
        (_, Value::Text(text)) if text.is_empty() => Value::Null,
        (FieldType::Double | FieldType::Currency | FieldType::Percent, Value::Int(n)) => Value::Decimal(Decimal::from(n)),
        (FieldType::Int | FieldType::Long, Value::Decimal(d)) => {
            let whole = d.fract().is_zero().then(|| d.to_i64()).flatten();
            whole.map(Value::Int).ok_or_else(|| wrong(&d.to_string()))?
        }
        (FieldType::Id | FieldType::Reference, Value::Text(text)) => match Id::parse(&text) {
            Ok(id) => Value::Id(id),
            Err(_) => {
                let text = format!("{}: id value of incorrect type: {text}", field.label);
                return Err(ApiError::new(ErrorCode::MalformedId, text).with_fields([&field.name]));
            }
        },
        (ty, Value::Id(id)) if ty.is_text() => Value::Text(id.to_string()),
        (FieldType::Date, Value::DateTime(at)) => Value::Date(at.split().0),
        (ty, Value::Text(text)) if !ty.is_text() => field.ty.kind().parse(field, Input::Text(&text)).map_err(|_| wrong(&text))?,
        (_, value) => value,
    })
}

/// A record of the language as a save takes it. Fields that may not be written are left out: what was queried comes back whole.
pub(super) fn incoming(
    catalog: &Catalog,
    object: &Object,
    record: &Record,
    insert: bool,
    key: Option<usize>,
) -> Result<Incoming, ApiError> {
    let mut out = Incoming { id: record.id(), ..Incoming::default() };
    for (name, value) in &record.fields {
        let Some(index) = object.field_index(name) else {
            return Err(ApiError::new(ErrorCode::InvalidField, format!("No such column '{name}' on sobject of type {}", object.name)));
        };
        let field = &object.fields()[index];
        if Some(index) == key {
            out.key = Some(fitted(field, value.clone())?);
            continue;
        }
        let writable = if insert { field.createable } else { field.updateable };
        if writable && field.name != "Id" {
            out.fields.push((index, Assign::Value(fitted(field, value.clone())?)));
        }
    }
    for (name, parent) in &record.parents {
        let Some(parent) = parent.as_deref() else { continue };
        let Some(field) = object.parent_field(name) else { continue };
        // What a query brought has an id; a record that names its parent by an external ID has that alone.
        let ([(key, value)], Some(target)) = (parent.fields.as_slice(), catalog.object(&parent.object)) else { continue };
        let Some(key) = target.field_index(key).filter(|at| target.fields()[*at].name != "Id") else { continue };
        let key_field = &target.fields()[key];
        if !(key_field.external_id || key_field.id_lookup) {
            let text = format!("Field name provided, {} is not an External ID or indexed field for {}", key_field.name, target.name);
            return Err(ApiError::new(ErrorCode::InvalidField, text));
        }
        let index = object.field_index(&field.name).unwrap_or_default();
        if out.fields.iter().any(|(at, assign)| *at == index && !matches!(assign, Assign::Value(Value::Null))) {
            continue;
        }
        out.fields.retain(|(at, _)| *at != index);
        let value = fitted(key_field, value.clone())?;
        out.fields.push((index, Assign::Lookup { relationship: name.to_string(), object: target.clone(), field: key, value }));
    }
    Ok(out)
}
