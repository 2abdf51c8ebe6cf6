//! `Schema`: tokens and describes.

use super::Line;
use crate::run::{Done, Vm};
use crate::schema::{FieldInfo, ObjectInfo};
use crate::ty::Ty;
use crate::value::{Native, Value};
use std::sync::Arc;

fn object(vm: &mut Vm<'_, '_>, value: &Value) -> Done<Arc<ObjectInfo>> {
    match value {
        Value::Native(native) => match &**native {
            Native::ObjectType(object) | Native::DescribeObject(object) | Native::Fields(object) => Ok(object.clone()),
            _ => Err(vm.null_pointer()),
        },
        _ => Err(vm.null_pointer()),
    }
}

fn field<T>(vm: &mut Vm<'_, '_>, value: &Value, of: impl FnOnce(&FieldInfo) -> T) -> Done<T> {
    if let Value::Native(native) = value
        && let Native::Field(object, at) | Native::DescribeField(object, at) = &**native
        && let Some(field) = object.fields.get(*at)
    {
        return Ok(of(field));
    }
    Err(vm.null_pointer())
}

fn entry<T>(vm: &mut Vm<'_, '_>, value: &Value, of: impl FnOnce(&crate::schema::PicklistEntry) -> T) -> Done<T> {
    if let Value::Native(native) = value
        && let Native::Picklist(entry) = &**native
    {
        return Ok(of(entry));
    }
    Err(vm.null_pointer())
}

fn child<T>(vm: &mut Vm<'_, '_>, value: &Value, of: impl FnOnce(&mut Vm<'_, '_>, &crate::schema::ChildInfo) -> T) -> Done<T> {
    if let Value::Native(native) = value
        && let Native::Child(child) = &**native
    {
        return Ok(of(vm, child));
    }
    Err(vm.null_pointer())
}

/// Tokens of an object's fields by lower-case names.
fn field_map(vm: &mut Vm<'_, '_>, object: &Arc<ObjectInfo>) -> Done<Value> {
    let map = vm.table(Ty::Str, Ty::Native("Schema.SObjectField"));
    for (at, field) in object.fields.iter().enumerate() {
        vm.table_put(&map, Value::str(&field.name.to_ascii_lowercase()), Value::native(Native::Field(object.clone(), at)))?;
    }
    Ok(Value::Map(map))
}

fn token(vm: &mut Vm<'_, '_>, name: &str) -> Value {
    vm.object(name).map_or(Value::Null, |object| Value::native(Native::ObjectType(object)))
}

macro_rules! of_object {
    ($signature:literal, $of:expr) => {
        ($signature, |vm, a| {
            let of: fn(&ObjectInfo) -> Value = $of;
            let object = object(vm, &a[0])?;
            Ok(of(&object))
        })
    };
}

macro_rules! of_field {
    ($signature:literal, $of:expr) => {
        ($signature, |vm, a| {
            let of: fn(&FieldInfo) -> Value = $of;
            field(vm, &a[0], of)
        })
    };
}

pub(super) const LINES: &[Line] = &[
    ("static Map<String,Schema.SObjectType> Schema.getGlobalDescribe()", |vm, _| {
        let map = vm.table(Ty::Str, Ty::Native("Schema.SObjectType"));
        for name in vm.host.object_names() {
            let value = token(vm, &name);
            vm.table_put(&map, Value::str(&name.to_ascii_lowercase()), value)?;
        }
        Ok(Value::Map(map))
    }),
    ("static List<Schema.DescribeSObjectResult> Schema.describeSObjects(List<String>)", |vm, a| {
        let names = super::collections::members(vm, &a[0])?;
        let mut out = Vec::with_capacity(names.len());
        for name in names {
            let name = vm.text(&name)?;
            match vm.object(&name) {
                Some(object) => out.push(Value::native(Native::DescribeObject(object))),
                None => return Err(vm.exception("InvalidParameterValueException", format!("Entity name '{name}' is invalid"))),
            }
        }
        Ok(Value::list(Ty::Native("Schema.DescribeSObjectResult"), out))
    }),
    ("Schema.DescribeSObjectResult SObjectType.getDescribe()", |vm, a| Ok(Value::native(Native::DescribeObject(object(vm, &a[0])?)))),
    ("SObject SObjectType.newSObject()", |vm, a| Ok(Value::Record(std::rc::Rc::new(crate::value::Rec::new(object(vm, &a[0])?))))),
    ("SObject SObjectType.newSObject(Id)", |vm, a| {
        let object = object(vm, &a[0])?;
        let record = crate::value::Rec::new(object.clone());
        if let Some(at) = object.field_at("id") {
            record.set(at as u16, a[1].clone());
        }
        Ok(Value::Record(std::rc::Rc::new(record)))
    }),
    ("static Schema.SObjectTypeFields Internal.describe_fields(Schema.DescribeSObjectResult)", |vm, a| {
        Ok(Value::native(Native::Fields(object(vm, &a[0])?)))
    }),
    ("Map<String,Schema.SObjectField> SObjectTypeFields.getMap()", |vm, a| {
        let object = object(vm, &a[0])?;
        field_map(vm, &object)
    }),
    of_object!("String DescribeSObjectResult.getName()", |object| Value::str(&object.name)),
    of_object!("String DescribeSObjectResult.getLocalName()", |object| Value::str(&object.name)),
    of_object!("String DescribeSObjectResult.getLabel()", |object| Value::str(&object.label)),
    of_object!("String DescribeSObjectResult.getLabelPlural()", |object| Value::str(&object.label_plural)),
    of_object!("String DescribeSObjectResult.getKeyPrefix()", |object| Value::option(
        object.key_prefix.as_ref().map(|prefix| prefix.as_str())
    )),
    of_object!("Boolean DescribeSObjectResult.isCustom()", |object| Value::Bool(object.custom)),
    of_object!("Boolean DescribeSObjectResult.isCustomSetting()", |object| Value::Bool(object.custom_setting)),
    of_object!("Boolean DescribeSObjectResult.isQueryable()", |object| Value::Bool(object.queryable)),
    of_object!("Boolean DescribeSObjectResult.isSearchable()", |object| Value::Bool(object.searchable)),
    of_object!("Boolean DescribeSObjectResult.isAccessible()", |object| Value::Bool(object.queryable)),
    of_object!("Boolean DescribeSObjectResult.isCreateable()", |object| Value::Bool(object.createable)),
    of_object!("Boolean DescribeSObjectResult.isUpdateable()", |object| Value::Bool(object.updateable)),
    of_object!("Boolean DescribeSObjectResult.isDeletable()", |object| Value::Bool(object.deletable)),
    of_object!("Boolean DescribeSObjectResult.isUndeletable()", |object| Value::Bool(object.undeletable)),
    ("Schema.SObjectType DescribeSObjectResult.getSObjectType()", |vm, a| Ok(Value::native(Native::ObjectType(object(vm, &a[0])?)))),
    ("List<Schema.ChildRelationship> DescribeSObjectResult.getChildRelationships()", |vm, a| {
        let object = object(vm, &a[0])?;
        let items = object.children.iter().map(|child| Value::native(Native::Child(child.clone()))).collect();
        Ok(Value::list(Ty::Native("Schema.ChildRelationship"), items))
    }),
    ("Schema.DescribeFieldResult SObjectField.getDescribe()", |vm, a| {
        if let Value::Native(native) = &a[0]
            && let Native::Field(object, at) = &**native
        {
            return Ok(Value::native(Native::DescribeField(object.clone(), *at)));
        }
        Err(vm.null_pointer())
    }),
    ("Schema.SObjectField DescribeFieldResult.getSObjectField()", |vm, a| {
        if let Value::Native(native) = &a[0]
            && let Native::DescribeField(object, at) = &**native
        {
            return Ok(Value::native(Native::Field(object.clone(), *at)));
        }
        Err(vm.null_pointer())
    }),
    ("Schema.SObjectType DescribeFieldResult.getSObjectType()", |vm, a| {
        if let Value::Native(native) = &a[0]
            && let Native::DescribeField(object, _) = &**native
        {
            return Ok(Value::native(Native::ObjectType(object.clone())));
        }
        Err(vm.null_pointer())
    }),
    of_field!("String DescribeFieldResult.getName()", |field| Value::str(&field.name)),
    of_field!("String DescribeFieldResult.getLocalName()", |field| Value::str(&field.name)),
    of_field!("String DescribeFieldResult.getLabel()", |field| Value::str(&field.label)),
    of_field!("Integer DescribeFieldResult.getLength()", |field| Value::Int(field.length as i32)),
    of_field!("Integer DescribeFieldResult.getPrecision()", |field| Value::Int(field.precision as i32)),
    of_field!("Integer DescribeFieldResult.getScale()", |field| Value::Int(field.scale as i32)),
    of_field!("String DescribeFieldResult.getRelationshipName()", |field| Value::option(field.relationship_name.as_deref())),
    of_field!("String DescribeFieldResult.getInlineHelpText()", |field| Value::option(field.help.as_deref())),
    of_field!("Boolean DescribeFieldResult.isNillable()", |field| Value::Bool(field.nillable)),
    of_field!("Boolean DescribeFieldResult.isAccessible()", |_| Value::Bool(true)),
    of_field!("Boolean DescribeFieldResult.isCreateable()", |field| Value::Bool(field.createable)),
    of_field!("Boolean DescribeFieldResult.isUpdateable()", |field| Value::Bool(field.updateable)),
    of_field!("Boolean DescribeFieldResult.isCalculated()", |field| Value::Bool(field.calculated)),
    of_field!("Boolean DescribeFieldResult.isCustom()", |field| Value::Bool(field.custom)),
    of_field!("Boolean DescribeFieldResult.isExternalId()", |field| Value::Bool(field.external_id)),
    of_field!("Boolean DescribeFieldResult.isUnique()", |field| Value::Bool(field.unique)),
    of_field!("Boolean DescribeFieldResult.isNameField()", |field| Value::Bool(field.name_field)),
    of_field!("Boolean DescribeFieldResult.isDefaultedOnCreate()", |field| Value::Bool(field.defaulted_on_create)),
    of_field!("Boolean DescribeFieldResult.isFilterable()", |field| Value::Bool(field.filterable)),
    of_field!("Boolean DescribeFieldResult.isSortable()", |field| Value::Bool(field.sortable)),
    ("DisplayType DescribeFieldResult.getType()", |vm, a| {
        let name = field(vm, &a[0], |field| field.display_type.clone())?;
        let Some(class) = super::prelude_class("DisplayType") else { return Ok(Value::Null) };
        let at = vm.program.class_at(class).constants.iter().position(|own| own.eq_ignore_ascii_case(&name));
        Ok(at.map_or(Value::Null, |at| Value::Enum(class, at as u16)))
    }),
    ("List<Schema.SObjectType> DescribeFieldResult.getReferenceTo()", |vm, a| {
        let names = field(vm, &a[0], |field| field.reference_to.clone())?;
        let items = names.iter().map(|name| token(vm, name)).collect();
        Ok(Value::list(Ty::Native("Schema.SObjectType"), items))
    }),
    ("List<Schema.PicklistEntry> DescribeFieldResult.getPicklistValues()", |vm, a| {
        let entries = field(vm, &a[0], |field| field.picklist.clone())?;
        Ok(Value::list(
            Ty::Native("Schema.PicklistEntry"),
            entries.into_iter().map(|entry| Value::native(Native::Picklist(entry))).collect(),
        ))
    }),
    ("String PicklistEntry.getValue()", |vm, a| entry(vm, &a[0], |entry| Value::str(&entry.value))),
    ("String PicklistEntry.getLabel()", |vm, a| entry(vm, &a[0], |entry| Value::str(&entry.label))),
    ("Boolean PicklistEntry.isActive()", |vm, a| entry(vm, &a[0], |entry| Value::Bool(entry.active))),
    ("Boolean PicklistEntry.isDefaultValue()", |vm, a| entry(vm, &a[0], |entry| Value::Bool(entry.default))),
    ("String ChildRelationship.getRelationshipName()", |vm, a| child(vm, &a[0], |_, child| Value::option(child.name.as_deref()))),
    ("Boolean ChildRelationship.isCascadeDelete()", |vm, a| child(vm, &a[0], |_, child| Value::Bool(child.cascade))),
    ("Schema.SObjectType ChildRelationship.getChildSObject()", |vm, a| child(vm, &a[0], |vm, child| token(vm, &child.object))),
    ("Schema.SObjectField ChildRelationship.getField()", |vm, a| {
        child(vm, &a[0], |vm, child| {
            let object = vm.object(&child.object);
            object
                .and_then(|object| object.field_at(&child.field).map(|at| Value::native(Native::Field(object.clone(), at))))
                .unwrap_or(Value::Null)
        })
    }),
    ("String Type.getName()", |vm, a| Ok(Value::str(&vm.shown(&a[0])?))),
    ("static System.Type Type.forName(String)", |vm, a| {
        let Value::Str(name) = &a[0] else { return Ok(Value::Null) };
        Ok(type_named(vm, name).map_or(Value::Null, |ty| Value::native(Native::Type(ty))))
    }),
    ("static System.Type Type.forName(String,String)", |vm, a| {
        let Value::Str(name) = &a[1] else { return Ok(Value::Null) };
        Ok(type_named(vm, name).map_or(Value::Null, |ty| Value::native(Native::Type(ty))))
    }),
    ("Object Type.newInstance()", |vm, a| {
        let Value::Native(native) = &a[0] else { return Err(vm.null_pointer()) };
        let Native::Type(ty) = &**native else { return Err(vm.null_pointer()) };
        match ty.clone() {
            Ty::Class(id) => {
                let name = vm.class_name(id);
                let class = vm.program.class_at(id);
                if class.is_abstract || class.kind != crate::ast::ClassKind::Class {
                    return Err(vm.exception("TypeException", format!("Type cannot be constructed: {name}")));
                }
                vm.construct(id)
            }
            Ty::Record(Some(name)) => {
                Ok(vm.object(&name).map_or(Value::Null, |object| Value::Record(std::rc::Rc::new(crate::value::Rec::new(object)))))
            }
            Ty::List(of) => Ok(Value::list((*of).clone(), Vec::new())),
            Ty::Set(of) => vm.set_of((*of).clone(), Vec::new()),
            Ty::Map(of) => Ok(Value::Map(vm.table(of.0.clone(), of.1.clone()))),
            other => {
                let name = vm.type_name(&other);
                Err(vm.exception("TypeException", format!("Type cannot be constructed: {name}")))
            }
        }
    }),
];

/// A type by its name as texts have it.
fn type_named(vm: &mut Vm<'_, '_>, name: &str) -> Option<Ty> {
    let lower = name.trim().to_ascii_lowercase();
    let lower = lower.strip_prefix("system.").unwrap_or(&lower);
    if let Some(inner) = lower.strip_prefix("list<").and_then(|rest| rest.strip_suffix('>')) {
        return type_named(vm, inner).map(Ty::list);
    }
    if let Some(inner) = lower.strip_prefix("set<").and_then(|rest| rest.strip_suffix('>')) {
        return type_named(vm, inner).map(Ty::set);
    }
    if let Some((key, value)) = lower.strip_prefix("map<").and_then(|rest| rest.strip_suffix('>')).and_then(|rest| rest.split_once(',')) {
        return Some(Ty::map(type_named(vm, key)?, type_named(vm, value)?));
    }
    if let Some(ty) = Ty::plain(lower).filter(|ty| *ty != Ty::Void) {
        return Some(ty);
    }
    if let Some(id) = vm.program.class_id(lower) {
        return Some(Ty::Class(id));
    }
    vm.object(lower).map(|object| Ty::record(&object.name))
}

impl Vm<'_, '_> {
    /// An instance made by the constructor without parameters.
    pub(crate) fn construct(&mut self, id: u32) -> Done<Value> {
        self.prepare(id)?;
        let value = self.instance(id);
        self.build(id, &value)?;
        Ok(value)
    }

    fn build(&mut self, id: u32, value: &Value) -> Done<()> {
        let class = self.program.class_at(id);
        let own = class.constructors.iter().copied().find(|method| self.program.method_at(*method).params.is_empty());
        match own {
            Some(method) => {
                self.invoke(method, vec![value.clone()])?;
            }
            None if !class.constructors.is_empty() => {
                let name = self.class_name(id);
                return Err(self.exception("TypeException", format!("Class {name} does not have a no-arg constructor")));
            }
            None => {
                if let Some(parent) = class.parent {
                    self.build(parent, value)?;
                }
                if let Some(init) = class.instance_init {
                    self.invoke(init, vec![value.clone()])?;
                }
            }
        }
        Ok(())
    }
}
