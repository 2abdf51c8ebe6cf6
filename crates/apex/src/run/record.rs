//! Records: reading, writing, and their way to and from the org.

use super::{Done, Vm};
use crate::host::Record;
use crate::schema::{FieldInfo, FieldKind, ObjectInfo};
use crate::ty::Ty;
use crate::value::{Rec, RecData, Value};
use orglet_base::{Id, Value as Plain};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::rc::Rc;
use std::sync::Arc;

impl Vm<'_, '_> {
    fn of(&mut self, value: &Value) -> Done<Rc<Rec>> {
        match value {
            Value::Record(record) => Ok(record.clone()),
            _ => Err(self.null_pointer()),
        }
    }

    /// The place of a field on the record's own object, which may be another version or kind than the one compiled against.
    fn at(record: &Rec, object: &Arc<ObjectInfo>, field: u16) -> Option<u16> {
        if Arc::ptr_eq(&record.object, object) {
            return Some(field);
        }
        let name = &object.fields.get(field as usize)?.name;
        record.object.field_at(name).map(|at| at as u16)
    }

    pub(super) fn record_get(&mut self, value: &Value, object: &Arc<ObjectInfo>, field: u16) -> Done<Value> {
        let record = self.of(value)?;
        match Self::at(&record, object, field) {
            Some(at) => self.record_field(&record, at),
            None => Ok(Value::Null),
        }
    }

    /// A field; an exception where a query left it out.
    pub(crate) fn record_field(&mut self, record: &Rc<Rec>, at: u16) -> Done<Value> {
        if let Some(value) = record.get(at) {
            return Ok(value);
        }
        if record.data.borrow().queried {
            let name = record.object.fields.get(at as usize).map(|field| field.name.clone()).unwrap_or_default();
            if !name.eq_ignore_ascii_case("Id") {
                return Err(self.not_queried(record, &name));
            }
        }
        Ok(Value::Null)
    }

    fn not_queried(&mut self, record: &Rec, name: &str) -> super::Throw {
        let text = format!("SObject row was retrieved via SOQL without querying the requested field: {}.{name}", record.object.name);
        self.exception("SObjectException", text)
    }

    pub(super) fn record_set(&mut self, value: &Value, object: &Arc<ObjectInfo>, field: u16, to: Value) -> Done<()> {
        let record = self.of(value)?;
        let Some(at) = Self::at(&record, object, field) else { return Ok(()) };
        self.record_put(&record, at, to)
    }

    /// Sets a field.
    pub(crate) fn record_put(&mut self, record: &Rc<Rec>, at: u16, to: Value) -> Done<()> {
        if record.data.borrow().read_only {
            return Err(self.exception("FinalException", "Record is read-only"));
        }
        if let Value::Blob(bytes) = &to {
            self.grown(bytes.len())?;
        }
        self.grown(24)?;
        record.set(at, to);
        let mut data = record.data.borrow_mut();
        if !data.touched.contains(&at) {
            data.touched.push(at);
        }
        Ok(())
    }

    pub(super) fn record_parent(&mut self, value: &Value, object: &Arc<ObjectInfo>, field: u16) -> Done<Value> {
        let record = self.of(value)?;
        let Some(at) = Self::at(&record, object, field) else { return Ok(Value::Null) };
        self.parent(&record, at)
    }

    pub(crate) fn parent(&mut self, record: &Rc<Rec>, at: u16) -> Done<Value> {
        let data = record.data.borrow();
        if let Some((_, parent)) = data.parents.iter().find(|(own, _)| *own == at) {
            return Ok(parent.clone());
        }
        if data.queried {
            let name = record.object.fields.get(at as usize).and_then(|field| field.relationship_name.clone()).unwrap_or_default();
            drop(data);
            return Err(self.not_queried(record, &name));
        }
        Ok(Value::Null)
    }

    pub(super) fn record_set_parent(&mut self, value: &Value, object: &Arc<ObjectInfo>, field: u16, to: Value) -> Done<()> {
        let record = self.of(value)?;
        let Some(at) = Self::at(&record, object, field) else { return Ok(()) };
        self.put_parent(&record, at, to)
    }

    pub(crate) fn put_parent(&mut self, record: &Rc<Rec>, at: u16, to: Value) -> Done<()> {
        if record.data.borrow().read_only {
            return Err(self.exception("FinalException", "Record is read-only"));
        }
        if let Value::Record(parent) = &to
            && Rc::ptr_eq(parent, record)
        {
            return Err(self.exception("SObjectException", "Record can't be its own parent"));
        }
        let mut data = record.data.borrow_mut();
        data.parents.retain(|(own, _)| *own != at);
        data.parents.push((at, to));
        Ok(())
    }

    pub(super) fn record_children(&mut self, value: &Value, name: &str) -> Done<Value> {
        let record = self.of(value)?;
        let found = record.data.borrow().children.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, list)| list.clone());
        if let Some(found) = found {
            return Ok(found);
        }
        let of = record.object.child(name).map_or(Ty::Record(None), |child| Ty::record(&child.object));
        if record.data.borrow().queried {
            return Err(self.not_queried(&record, name));
        }
        Ok(Value::list(of, Vec::new()))
    }

    /// A field by its name: `record.get('Name')`.
    pub(crate) fn record_named(&mut self, value: &Value, name: &str) -> Done<Value> {
        let record = self.of(value)?;
        match record.object.field_at(name) {
            Some(at) => self.record_field(&record, at as u16),
            None if record.object.name == "AggregateResult" => {
                Err(self.exception("SObjectException", format!("Invalid field {name} for AggregateResult")))
            }
            None => Err(self.exception("SObjectException", format!("Invalid field {name} for {}", record.object.name))),
        }
    }

    pub(super) fn list_get(&mut self, list: &Value, at: &Value) -> Done<Value> {
        let (Value::List(list), Value::Int(n)) = (list, at) else { return Err(self.null_pointer()) };
        let found = usize::try_from(*n).ok().and_then(|n| list.items.borrow().get(n).cloned());
        found.ok_or_else(|| self.out_of_bounds(*n))
    }

    pub(crate) fn out_of_bounds(&mut self, at: i32) -> super::Throw {
        self.exception("ListException", format!("List index out of bounds: {at}"))
    }

    pub(super) fn list_set(&mut self, list: &Value, at: &Value, value: Value) -> Done<()> {
        let (Value::List(list), Value::Int(n)) = (list, at) else { return Err(self.null_pointer()) };
        if list.read_only.get() {
            return Err(self.exception("FinalException", "Collection is read-only"));
        }
        let mut items = list.items.borrow_mut();
        match usize::try_from(*n).ok().and_then(|n| items.get_mut(n)) {
            Some(slot) => {
                *slot = value;
                Ok(())
            }
            None => {
                drop(items);
                Err(self.out_of_bounds(*n))
            }
        }
    }

    /// A record of the org's as one of the program's.
    pub(crate) fn take_in(&mut self, record: &Record, queried: bool, depth: u32) -> Done<Value> {
        if &*record.object == "AggregateResult" {
            return Ok(self.aggregate(record));
        }
        let Some(object) = self.object(&record.object) else {
            return Err(self.exception("QueryException", format!("sObject type '{}' is not supported.", record.object)));
        };
        let mut data = RecData { queried, ..RecData::default() };
        let mut bytes = 64;
        for (name, value) in &record.fields {
            let Some(at) = object.field_at(name) else { continue };
            let value = taken(value, object.fields[at].kind);
            if let Value::Str(text) = &value {
                bytes += text.len();
            }
            bytes += 24;
            data.fields.push((at as u16, value));
        }
        self.grown(bytes)?;
        if depth < 10 {
            for (name, parent) in &record.parents {
                let Some(at) = object.relationship_at(name) else { continue };
                let parent = match parent {
                    Some(parent) => self.take_in(parent, queried, depth + 1)?,
                    None => Value::Null,
                };
                data.parents.push((at as u16, parent));
            }
            for (name, children) in &record.children {
                let of = object.child(name).map_or(Ty::Record(None), |child| Ty::record(&child.object));
                let mut items = Vec::with_capacity(children.len());
                for child in children {
                    items.push(self.take_in(child, queried, depth + 1)?);
                }
                data.children.push((name.clone(), Value::list(of, items)));
            }
        }
        let rec = Rec::new(object);
        *rec.data.borrow_mut() = data;
        Ok(Value::Record(Rc::new(rec)))
    }

    /// A row of aggregates: an object of its own whose fields are the aliases.
    fn aggregate(&mut self, record: &Record) -> Value {
        let fields = record.fields.iter().map(|(name, _)| FieldInfo { name: name.to_string(), ..FieldInfo::default() }).collect();
        let object = ObjectInfo::new(ObjectInfo {
            name: "AggregateResult".to_owned(),
            label: "Aggregate Result".to_owned(),
            fields,
            ..ObjectInfo::default()
        });
        let rec = Rec::new(object);
        for (at, (_, value)) in record.fields.iter().enumerate() {
            rec.set(at as u16, plain(value));
        }
        Value::Record(Rc::new(rec))
    }

    /// A record as the org takes it.
    pub(crate) fn hand_out(&mut self, record: &Rec, depth: u32) -> Record {
        let data = record.data.borrow().clone();
        let name = |at: u16| -> Arc<str> { record.object.fields.get(at as usize).map_or("", |field| field.name.as_str()).into() };
        let fields = data.fields.iter().map(|(at, value)| (name(*at), given(value))).collect();
        let mut parents = Vec::new();
        if depth < 5 {
            for (at, parent) in &data.parents {
                let Some(relationship) = record.object.fields.get(*at as usize).and_then(|field| field.relationship_name.as_deref()) else {
                    continue;
                };
                let parent = match parent {
                    Value::Record(parent) => Some(Box::new(self.hand_out(parent, depth + 1))),
                    _ => None,
                };
                parents.push((relationship.into(), parent));
            }
        }
        Record { object: record.object.name.as_str().into(), fields, parents, children: Vec::new() }
    }
}

/// A value of the org's by what its field is to Apex.
pub(crate) fn taken(value: &Plain, kind: FieldKind) -> Value {
    match (kind, value) {
        (FieldKind::Id, Plain::Text(text)) => Id::parse(text).map_or_else(|_| Value::str(text), Value::Id),
        (FieldKind::Integer, Plain::Int(n)) => Value::Int(*n as i32),
        (FieldKind::Integer, Plain::Decimal(n)) => n.to_i32().map_or(Value::Null, Value::Int),
        (FieldKind::Long, Plain::Int(n)) => Value::Long(*n),
        (FieldKind::Double, Plain::Int(n)) => Value::Double(*n as f64),
        (FieldKind::Double, Plain::Decimal(n)) => n.to_f64().map_or(Value::Null, Value::Double),
        (FieldKind::Decimal, Plain::Int(n)) => Value::Decimal(Decimal::from(*n)),
        (FieldKind::String, Plain::Id(id)) => Value::str(&id.to_string()),
        (FieldKind::Datetime, Plain::Date(date)) => Value::Datetime(orglet_base::DateTime::at_midnight(*date)),
        _ => plain(value),
    }
}

/// A value of the org's by itself.
fn plain(value: &Plain) -> Value {
    match value {
        Plain::Null => Value::Null,
        Plain::Bool(b) => Value::Bool(*b),
        Plain::Int(n) => i32::try_from(*n).map_or(Value::Long(*n), Value::Int),
        Plain::Decimal(n) => Value::Decimal(*n),
        Plain::Text(text) => Value::str(text),
        Plain::Date(date) => Value::Date(*date),
        Plain::DateTime(at) => Value::Datetime(*at),
        Plain::Time(time) => Value::Time(*time),
        Plain::Id(id) => Value::Id(*id),
        Plain::Blob(bytes) => Value::Blob(bytes.as_slice().into()),
    }
}

/// A value as the org takes it.
pub(crate) fn given(value: &Value) -> Plain {
    match value {
        Value::Bool(b) => Plain::Bool(*b),
        Value::Int(n) => Plain::Int(i64::from(*n)),
        Value::Long(n) => Plain::Int(*n),
        Value::Double(_) => super::arith::decimal(value).map_or(Plain::Null, Plain::Decimal),
        Value::Decimal(n) => Plain::Decimal(*n),
        Value::Str(text) => Plain::from(&**text),
        Value::Id(id) => Plain::Id(*id),
        Value::Date(date) => Plain::Date(*date),
        Value::Datetime(at) => Plain::DateTime(*at),
        Value::Time(time) => Plain::Time(*time),
        Value::Blob(bytes) => Plain::Blob(bytes.to_vec()),
        _ => Plain::Null,
    }
}
