//! `Database`.

use super::Line;
use crate::host::{Access, DmlKind, RowError, RowResult};
use crate::run::{Done, Vm};
use crate::ty::Ty;
use crate::value::{Instance, Native, Rec, Value};
use std::cell::RefCell;
use std::rc::Rc;

/// An instance of a class of the prelude's with its members set.
fn made(vm: &mut Vm<'_, '_>, class: &str, members: Vec<Value>) -> Value {
    let Some(id) = super::prelude_class(class) else { return Value::Null };
    let mut fields = members;
    fields.resize(vm.program.class_at(id).slots.len(), Value::Null);
    Value::Object(Rc::new(Instance { class: id, fields: RefCell::new(fields), exception: None }))
}

/// Errors as `Database.Error`s.
pub(super) fn errors(vm: &mut Vm<'_, '_>, errors: &[RowError]) -> Value {
    let mut items = Vec::with_capacity(errors.len());
    for error in errors {
        let fields = Value::list(Ty::Str, error.fields.iter().map(|name| Value::str(name)).collect());
        items.push(made(vm, "Database.Error", vec![Value::str(&error.message), Value::str(&error.status), fields]));
    }
    Value::list(super::prelude_class("Database.Error").map_or(Ty::Object, Ty::Class), items)
}

fn result(vm: &mut Vm<'_, '_>, class: &str, record: &Rec, row: &RowResult) -> Value {
    let id =
        row.id.or_else(|| record.id()).filter(|_| row.errors.is_empty() || class != "Database.SaveResult").map_or(Value::Null, Value::Id);
    let errors = errors(vm, &row.errors);
    made(vm, class, vec![id, Value::Bool(row.errors.is_empty()), errors, Value::Bool(row.created)])
}

/// What the arguments behind the records say: whether all fail with one, as whom, the external id.
fn options(vm: &mut Vm<'_, '_>, rest: &[Value]) -> Done<(bool, Access, Option<String>)> {
    let (mut all, mut access, mut external) = (true, Access::System, None);
    for value in rest {
        match value {
            Value::Bool(value) => all = *value,
            Value::Enum(_, 1) => access = Access::User,
            Value::Native(native) => {
                if let Native::Field(object, at) = &**native {
                    external = object.fields.get(*at).map(|field| field.name.clone());
                }
            }
            // DMLOptions.
            Value::Object(options) => {
                if let Some(Value::Bool(value)) = options.fields.borrow().first() {
                    all = *value;
                }
            }
            Value::Null => return Err(vm.null_pointer()),
            _ => {}
        }
    }
    Ok((all, access, external))
}

fn dml(vm: &mut Vm<'_, '_>, a: &[Value], kind: DmlKind) -> Done<Value> {
    let class = match kind {
        DmlKind::Insert | DmlKind::Update => "Database.SaveResult",
        DmlKind::Upsert => "Database.UpsertResult",
        DmlKind::Delete => "Database.DeleteResult",
        DmlKind::Undelete => "Database.UndeleteResult",
    };
    let (all, access, external) = options(vm, &a[1..])?;
    let what = by_ids(vm, &a[0])?;
    let many = matches!(what, Value::List(_));
    let rows = vm.dml(kind, &what, all, access, external)?;
    let mut items = Vec::with_capacity(rows.len());
    for (record, row) in &rows {
        items.push(result(vm, class, record, row));
    }
    if many {
        return Ok(Value::list(super::prelude_class(class).map_or(Ty::Object, Ty::Class), items));
    }
    Ok(items.pop().unwrap_or(Value::Null))
}

/// Ids as records.
fn by_ids(vm: &mut Vm<'_, '_>, value: &Value) -> Done<Value> {
    let id = |vm: &mut Vm<'_, '_>, value: &Value| -> Done<Value> {
        let value = vm.cast(value.clone(), &Ty::Id)?;
        let Value::Id(id) = value else { return Err(vm.null_pointer()) };
        let Some(object) = vm.host.object_of_prefix(id.prefix()) else {
            return Err(vm.exception("DmlException", format!("Invalid id: {id}")));
        };
        let record = Rec::new(object.clone());
        if let Some(at) = object.field_at("id") {
            record.set(at as u16, Value::Id(id));
        }
        Ok(Value::Record(Rc::new(record)))
    };
    match value {
        Value::Id(_) | Value::Str(_) => id(vm, value),
        Value::List(list) if matches!(list.of, Ty::Id | Ty::Str) => {
            let mut out = Vec::new();
            for item in list.items.borrow().clone() {
                out.push(id(vm, &item)?);
            }
            Ok(Value::list(Ty::Record(None), out))
        }
        other => Ok(other.clone()),
    }
}

fn access(value: Option<&Value>) -> Access {
    if matches!(value, Some(Value::Enum(_, 1))) { Access::User } else { Access::System }
}

fn query(vm: &mut Vm<'_, '_>, a: &[Value], binds: &Value, given: bool, access: Access) -> Done<Value> {
    let text = vm.text(&a[0])?;
    match vm.dynamic_query(&text, binds, given, access)? {
        count @ Value::Int(_) => {
            let _ = count;
            Err(vm.exception("QueryException", "COUNT() queries are for Database.countQuery"))
        }
        rows => Ok(rows),
    }
}

fn count(vm: &mut Vm<'_, '_>, a: &[Value], binds: &Value, given: bool, access: Access) -> Done<Value> {
    let text = vm.text(&a[0])?;
    match vm.dynamic_query(&text, binds, given, access)? {
        count @ Value::Int(_) => Ok(count),
        _ => Err(vm.exception("QueryException", "Database.countQuery needs a query of COUNT()")),
    }
}

macro_rules! dml_lines {
    ($($name:literal, $result:literal, $kind:expr;)*) => {
        &[$(
            (concat!("static ", $result, " Database.", $name, "(SObject)"), |vm, a| dml(vm, &a, $kind)),
            (concat!("static ", $result, " Database.", $name, "(SObject,Boolean)"), |vm, a| dml(vm, &a, $kind)),
            (concat!("static ", $result, " Database.", $name, "(SObject,AccessLevel)"), |vm, a| dml(vm, &a, $kind)),
            (concat!("static ", $result, " Database.", $name, "(SObject,Boolean,AccessLevel)"), |vm, a| dml(vm, &a, $kind)),
            (concat!("static List<", $result, "> Database.", $name, "(List<SObject>)"), |vm, a| dml(vm, &a, $kind)),
            (concat!("static List<", $result, "> Database.", $name, "(List<SObject>,Boolean)"), |vm, a| dml(vm, &a, $kind)),
            (concat!("static List<", $result, "> Database.", $name, "(List<SObject>,AccessLevel)"), |vm, a| dml(vm, &a, $kind)),
            (concat!("static List<", $result, "> Database.", $name, "(List<SObject>,Boolean,AccessLevel)"), |vm, a| dml(vm, &a, $kind)),
        )*
        ("static Database.SaveResult Database.insert(SObject,Database.DMLOptions)", |vm, a| dml(vm, &a, DmlKind::Insert)),
        ("static List<Database.SaveResult> Database.insert(List<SObject>,Database.DMLOptions)", |vm, a| dml(vm, &a, DmlKind::Insert)),
        ("static Database.SaveResult Database.update(SObject,Database.DMLOptions)", |vm, a| dml(vm, &a, DmlKind::Update)),
        ("static List<Database.SaveResult> Database.update(List<SObject>,Database.DMLOptions)", |vm, a| dml(vm, &a, DmlKind::Update)),
        ("static Database.UpsertResult Database.upsert(SObject,Schema.SObjectField)", |vm, a| dml(vm, &a, DmlKind::Upsert)),
        ("static Database.UpsertResult Database.upsert(SObject,Schema.SObjectField,Boolean)", |vm, a| dml(vm, &a, DmlKind::Upsert)),
        ("static List<Database.UpsertResult> Database.upsert(List<SObject>,Schema.SObjectField)", |vm, a| dml(vm, &a, DmlKind::Upsert)),
        ("static List<Database.UpsertResult> Database.upsert(List<SObject>,Schema.SObjectField,Boolean)", |vm, a| dml(vm, &a, DmlKind::Upsert)),
        ("static Database.DeleteResult Database.delete(Id)", |vm, a| dml(vm, &a, DmlKind::Delete)),
        ("static Database.DeleteResult Database.delete(Id,Boolean)", |vm, a| dml(vm, &a, DmlKind::Delete)),
        ("static List<Database.DeleteResult> Database.delete(List<Id>)", |vm, a| dml(vm, &a, DmlKind::Delete)),
        ("static List<Database.DeleteResult> Database.delete(List<Id>,Boolean)", |vm, a| dml(vm, &a, DmlKind::Delete)),
        ("static Database.UndeleteResult Database.undelete(Id)", |vm, a| dml(vm, &a, DmlKind::Undelete)),
        ("static Database.UndeleteResult Database.undelete(Id,Boolean)", |vm, a| dml(vm, &a, DmlKind::Undelete)),
        ("static List<Database.UndeleteResult> Database.undelete(List<Id>)", |vm, a| dml(vm, &a, DmlKind::Undelete)),
        ("static List<Database.UndeleteResult> Database.undelete(List<Id>,Boolean)", |vm, a| dml(vm, &a, DmlKind::Undelete)),
        ("static List<SObject> Database.query(String)", |vm, a| query(vm, &a, &Value::Null, false, Access::System)),
        ("static List<SObject> Database.query(String,AccessLevel)", |vm, a| query(vm, &a, &Value::Null, false, access(a.get(1)))),
        ("static List<SObject> Database.queryWithBinds(String,Map<String,Object>,AccessLevel)", |vm, a| query(vm, &a, &a[1], true, access(a.get(2)))),
        ("static Integer Database.countQuery(String)", |vm, a| count(vm, &a, &Value::Null, false, Access::System)),
        ("static Integer Database.countQuery(String,AccessLevel)", |vm, a| count(vm, &a, &Value::Null, false, access(a.get(1)))),
        ("static Integer Database.countQueryWithBinds(String,Map<String,Object>,AccessLevel)", |vm, a| count(vm, &a, &a[1], true, access(a.get(2)))),
        // What the two become, with what their place can name.
        ("static List<SObject> Internal.query_here(String,Object,Object)", |vm, a| query(vm, &a, &a[a.len() - 1], false, access(a.get(1)))),
        ("static Integer Internal.count_here(String,Object,Object)", |vm, a| count(vm, &a, &a[a.len() - 1], false, access(a.get(1)))),
        ("static System.Savepoint Database.setSavepoint()", |vm, _| {
            vm.count_dml(0)?;
            match vm.host.savepoint() {
                Ok(at) => Ok(Value::native(Native::Savepoint(at))),
                Err(error) => Err(vm.host_error(error)),
            }
        }),
        ("static void Database.rollback(System.Savepoint)", |vm, a| {
            vm.count_dml(0)?;
            if let Value::Native(native) = &a[0]
                && let Native::Savepoint(at) = &**native
            {
                return vm.host.rollback(*at).map(|()| Value::Null).map_err(|error| vm.host_error(error));
            }
            Err(vm.null_pointer())
        }),
        ]
    };
}

pub(super) const LINES: &[Line] = dml_lines! {
    "insert", "Database.SaveResult", DmlKind::Insert;
    "update", "Database.SaveResult", DmlKind::Update;
    "upsert", "Database.UpsertResult", DmlKind::Upsert;
    "delete", "Database.DeleteResult", DmlKind::Delete;
    "undelete", "Database.UndeleteResult", DmlKind::Undelete;
};
