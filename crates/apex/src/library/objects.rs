//! What records, ids, enums, exceptions and all objects can do.

use super::Line;
use crate::host::RowError;
use crate::run::{Done, Vm};
use crate::ty::Ty;
use crate::value::{ExceptionState, Native, Rec, Value};
use std::rc::Rc;

/// The status of what `addError` says.
const REFUSED: &str = "FIELD_CUSTOM_VALIDATION_EXCEPTION";

fn record(vm: &mut Vm<'_, '_>, value: &Value) -> Done<Rc<Rec>> {
    match value {
        Value::Record(record) => Ok(record.clone()),
        _ => Err(vm.null_pointer()),
    }
}

/// A copy; its id only where wanted.
pub(super) fn copied(value: &Value, with_id: bool) -> Value {
    let Value::Record(record) = value else { return value.clone() };
    let copy = Rec::new(record.object.clone());
    let mut data = record.data.borrow().clone();
    data.errors.clear();
    data.read_only = false;
    if !with_id {
        let id = record.object.field_at("id").map(|at| at as u16);
        data.fields.retain(|(at, _)| Some(*at) != id);
    }
    *copy.data.borrow_mut() = data;
    Value::Record(Rc::new(copy))
}

/// A list with copies of its records.
pub(super) fn deep(vm: &mut Vm<'_, '_>, value: &Value, with_id: bool) -> Done<Value> {
    let Value::List(list) = value else { return Err(vm.null_pointer()) };
    let items: Vec<Value> = list.items.borrow().iter().map(|item| copied(item, with_id)).collect();
    vm.grown(items.len() * 128)?;
    Ok(Value::list(list.of.clone(), items))
}

/// The name of a field: a text or a token.
fn field_name(vm: &mut Vm<'_, '_>, value: &Value) -> Done<String> {
    match value {
        Value::Native(_) => vm.shown(value),
        other => Ok(vm.text(other)?.to_string()),
    }
}

fn put(vm: &mut Vm<'_, '_>, a: &[Value]) -> Done<Value> {
    let record = record(vm, &a[0])?;
    let name = field_name(vm, &a[1])?;
    let Some(at) = record.object.field_at(&name) else {
        return Err(vm.exception("SObjectException", format!("Invalid field {name} for {}", record.object.name)));
    };
    let to = crate::check::kind_type(record.object.fields[at].kind);
    let fits = match (&a[2], &to) {
        (Value::Null, _) => true,
        (Value::Str(_), Ty::Id) | (Value::Id(_), Ty::Str) => true,
        (value, to) => {
            let own = vm.type_of(value);
            vm.fits(&own, to) || matches!((&own, to), (Ty::Date, Ty::Datetime) | (Ty::Decimal | Ty::Double, Ty::Decimal | Ty::Double))
        }
    };
    if !fits {
        let own = vm.type_of(&a[2]);
        let text = format!("Illegal assignment from {} to {}", vm.type_name(&own), vm.type_name(&to));
        return Err(vm.exception("SObjectException", text));
    }
    let old = record.get(at as u16).unwrap_or(Value::Null);
    let value = vm.cast(a[2].clone(), &to)?;
    vm.record_put(&record, at as u16, value)?;
    Ok(old)
}

fn get(vm: &mut Vm<'_, '_>, a: &[Value]) -> Done<Value> {
    let name = field_name(vm, &a[1])?;
    vm.record_named(&a[0], &name)
}

fn add_error(vm: &mut Vm<'_, '_>, on: &Value, field: Option<String>, message: &Value) -> Done<Value> {
    let record = record(vm, on)?;
    let message = match message {
        Value::Object(_) => match vm.invoke_named(message, "getmessage()")? {
            Value::Str(text) => text.to_string(),
            _ => String::new(),
        },
        other => vm.text(other)?.to_string(),
    };
    vm.grown(message.len())?;
    record.data.borrow_mut().errors.push(RowError { status: REFUSED.to_owned(), message, fields: field.into_iter().collect() });
    Ok(Value::Null)
}

fn state<T>(vm: &mut Vm<'_, '_>, value: &Value, act: impl FnOnce(&mut ExceptionState) -> T) -> Done<T> {
    if let Value::Object(instance) = value
        && let Some(state) = &instance.exception
    {
        return Ok(act(&mut state.borrow_mut()));
    }
    Err(vm.null_pointer())
}

fn row<T: Default>(vm: &mut Vm<'_, '_>, a: &[Value], act: impl FnOnce(&crate::value::RowFailure) -> T) -> Done<T> {
    let at = vm.int(&a[1])?;
    let found = state(vm, &a[0], |state| usize::try_from(at).ok().and_then(|at| state.rows.get(at).cloned()))?;
    match found {
        Some(row) => Ok(act(&row)),
        None => Err(vm.out_of_bounds(at)),
    }
}

impl Vm<'_, '_> {
    fn invoke_named(&mut self, value: &Value, selector: &str) -> Done<Value> {
        match value {
            Value::Object(instance) => self.invoke_virtual(&instance.clone(), selector, Vec::new()),
            _ => Err(self.null_pointer()),
        }
    }
}

fn populated(vm: &mut Vm<'_, '_>, a: &[Value]) -> Done<Value> {
    let record = record(vm, &a[0])?;
    let map = vm.table(Ty::Str, Ty::Object);
    let data = record.data.borrow().clone();
    for (at, value) in &data.fields {
        if let Some(field) = record.object.fields.get(*at as usize) {
            vm.table_put(&map, Value::str(&field.name), value.clone())?;
        }
    }
    for (at, parent) in &data.parents {
        if let Some(name) = record.object.fields.get(*at as usize).and_then(|field| field.relationship_name.as_deref()) {
            vm.table_put(&map, Value::str(name), parent.clone())?;
        }
    }
    for (name, list) in &data.children {
        vm.table_put(&map, Value::str(name), list.clone())?;
    }
    Ok(Value::Map(map))
}

pub(super) const LINES: &[Line] = &[
    ("Object SObject.get(String)", |vm, a| get(vm, &a)),
    ("Object SObject.get(Schema.SObjectField)", |vm, a| get(vm, &a)),
    ("Object SObject.put(String,Object)", |vm, a| put(vm, &a)),
    ("Object SObject.put(Schema.SObjectField,Object)", |vm, a| put(vm, &a)),
    ("SObject SObject.getSObject(String)", |vm, a| {
        let (record, name) = (record(vm, &a[0])?, vm.text(&a[1])?);
        match record.object.relationship_at(&name) {
            Some(at) => vm.parent(&record, at as u16),
            None => Err(vm.exception("SObjectException", format!("Invalid relationship {name} for {}", record.object.name))),
        }
    }),
    ("SObject SObject.putSObject(String,SObject)", |vm, a| {
        let (record, name) = (record(vm, &a[0])?, vm.text(&a[1])?);
        match record.object.relationship_at(&name) {
            Some(at) => {
                vm.put_parent(&record, at as u16, a[2].clone())?;
                Ok(Value::Null)
            }
            None => Err(vm.exception("SObjectException", format!("Invalid relationship {name} for {}", record.object.name))),
        }
    }),
    ("List<SObject> SObject.getSObjects(String)", |vm, a| {
        let (record, name) = (record(vm, &a[0])?, vm.text(&a[1])?);
        if record.object.child(&name).is_none() {
            return Err(vm.exception("SObjectException", format!("Invalid aggregate relationship {name} for {}", record.object.name)));
        }
        let found = record.data.borrow().children.iter().find(|(own, _)| own.eq_ignore_ascii_case(&name)).map(|(_, list)| list.clone());
        Ok(found.unwrap_or(Value::Null))
    }),
    ("Schema.SObjectType SObject.getSObjectType()", |vm, a| Ok(Value::native(Native::ObjectType(record(vm, &a[0])?.object.clone())))),
    ("Boolean SObject.isSet(String)", |vm, a| {
        let (record, name) = (record(vm, &a[0])?, vm.text(&a[1])?);
        Ok(Value::Bool(record.object.field_at(&name).is_some_and(|at| record.get(at as u16).is_some())))
    }),
    ("Map<String,Object> SObject.getPopulatedFieldsAsMap()", |vm, a| populated(vm, &a)),
    ("void SObject.addError(String)", |vm, a| add_error(vm, &a[0], None, &a[1])),
    ("void SObject.addError(String,Boolean)", |vm, a| add_error(vm, &a[0], None, &a[1])),
    ("void SObject.addError(Exception)", |vm, a| add_error(vm, &a[0], None, &a[1])),
    ("void SObject.addError(Schema.SObjectField,String)", |vm, a| {
        let name = field_name(vm, &a[1])?;
        add_error(vm, &a[0], Some(name), &a[2])
    }),
    ("static void Internal.field_error(SObject,String,Object)", |vm, a| {
        let name = vm.text(&a[1])?.to_string();
        add_error(vm, &a[0], Some(name), &a[2])
    }),
    ("Boolean SObject.hasErrors()", |vm, a| Ok(Value::Bool(!record(vm, &a[0])?.data.borrow().errors.is_empty()))),
    ("List<Database.Error> SObject.getErrors()", |vm, a| {
        let errors = record(vm, &a[0])?.data.borrow().errors.clone();
        Ok(super::database::errors(vm, &errors))
    }),
    ("Same SObject.clone()", |_, a| Ok(copied(&a[0], false))),
    ("Same SObject.clone(Boolean)", |_, a| Ok(copied(&a[0], matches!(a[1], Value::Bool(true))))),
    ("Same SObject.clone(Boolean,Boolean)", |_, a| Ok(copied(&a[0], matches!(a[1], Value::Bool(true))))),
    ("Same SObject.clone(Boolean,Boolean,Boolean)", |_, a| Ok(copied(&a[0], matches!(a[1], Value::Bool(true))))),
    ("Same SObject.clone(Boolean,Boolean,Boolean,Boolean)", |_, a| Ok(copied(&a[0], matches!(a[1], Value::Bool(true))))),
    ("Schema.SObjectType Id.getSObjectType()", |vm, a| match &a[0] {
        Value::Id(id) => match vm.host.object_of_prefix(id.prefix()) {
            Some(object) => Ok(Value::native(Native::ObjectType(object))),
            None => Err(vm.exception("SObjectException", format!("Invalid sobject id: {id}"))),
        },
        _ => Err(vm.null_pointer()),
    }),
    ("String Id.to15()", |vm, a| match &a[0] {
        Value::Id(id) => Ok(Value::str(id.as_15())),
        _ => Err(vm.null_pointer()),
    }),
    ("String Enum.name()", |vm, a| Ok(Value::str(&vm.shown(&a[0])?))),
    ("Integer Enum.ordinal()", |vm, a| match &a[0] {
        Value::Enum(_, at) => Ok(Value::Int(i32::from(*at))),
        _ => Err(vm.null_pointer()),
    }),
    ("static Object Internal.enum_values(System.Type)", |vm, a| match &a[0] {
        Value::Native(native) => match &**native {
            Native::Type(Ty::Class(id)) => {
                let count = vm.program.class_at(*id).constants.len();
                Ok(Value::list(Ty::Class(*id), (0..count).map(|at| Value::Enum(*id, at as u16)).collect()))
            }
            _ => Err(vm.null_pointer()),
        },
        _ => Err(vm.null_pointer()),
    }),
    ("static Object Internal.enum_value_of(String,System.Type)", |vm, a| {
        let name = vm.text(&a[0])?;
        match &a[1] {
            Value::Native(native) => match &**native {
                Native::Type(Ty::Class(id)) => {
                    match vm.program.class_at(*id).constants.iter().position(|own| own.eq_ignore_ascii_case(&name)) {
                        Some(at) => Ok(Value::Enum(*id, at as u16)),
                        None => {
                            let class = vm.class_name(*id);
                            Err(vm.exception("NoSuchElementException", format!("No enum constant {class}.{name}")))
                        }
                    }
                }
                _ => Err(vm.null_pointer()),
            },
            _ => Err(vm.null_pointer()),
        }
    }),
    ("String Object.toString()", |vm, a| Ok(Value::str(&vm.value_text(&a[0])?))),
    ("Boolean Object.equals(Object)", |vm, a| vm.equal(&a[0], &a[1]).map(Value::Bool)),
    ("Integer Object.hashCode()", |vm, a| Ok(Value::Int(vm.hash(&a[0])? as i32))),
    ("static void Internal.setMessage(Object,String)", |vm, a| {
        let text = match &a[1] {
            Value::Str(text) => Some(text.clone()),
            _ => None,
        };
        state(vm, &a[0], |state| state.message = text)?;
        Ok(Value::Null)
    }),
    ("static void Internal.setCause(Object,Object)", |vm, a| {
        let cause = a[1].clone();
        state(vm, &a[0], |state| state.cause = Some(cause).filter(|cause| !cause.is_null()))?;
        Ok(Value::Null)
    }),
    ("static String Internal.message(Object)", |vm, a| {
        let message = state(vm, &a[0], |state| state.message.clone())?;
        // An exception without a message says that it was thrown by a script.
        Ok(message.map_or_else(|| Value::str("Script-thrown exception"), Value::Str))
    }),
    ("static Object Internal.cause(Object)", |vm, a| Ok(state(vm, &a[0], |state| state.cause.clone())?.unwrap_or(Value::Null))),
    ("static String Internal.typeName(Object)", |vm, a| match &a[0] {
        Value::Object(instance) => Ok(Value::str(&vm.class_name(instance.class))),
        _ => Err(vm.null_pointer()),
    }),
    ("static String Internal.stack(Object)", |vm, a| Ok(Value::str(&state(vm, &a[0], |state| state.stack.clone())?))),
    ("static Integer Internal.line(Object)", |vm, a| Ok(Value::Int(state(vm, &a[0], |state| state.line)? as i32))),
    ("static Integer Internal.rows(Object)", |vm, a| Ok(Value::Int(state(vm, &a[0], |state| state.rows.len())? as i32))),
    ("static String Internal.rowMessage(Object,Integer)", |vm, a| Ok(Value::str(&row(vm, &a, |row| row.error.message.clone())?))),
    ("static String Internal.rowStatus(Object,Integer)", |vm, a| Ok(Value::str(&row(vm, &a, |row| row.error.status.clone())?))),
    ("static String Internal.rowId(Object,Integer)", |vm, a| {
        Ok(Value::option(row(vm, &a, |row| row.id.map(|id| id.to_string()))?.as_deref()))
    }),
    ("static Integer Internal.rowIndex(Object,Integer)", |vm, a| Ok(Value::Int(row(vm, &a, |row| row.index)? as i32))),
    ("static List<String> Internal.rowFields(Object,Integer)", |vm, a| {
        let fields = row(vm, &a, |row| row.error.fields.clone())?;
        Ok(Value::list(Ty::Str, fields.iter().map(|name| Value::str(name)).collect()))
    }),
];
