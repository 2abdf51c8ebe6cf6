//! Members of values: fields of classes and of records.

use super::body::Body;
use super::{Builder, Checked, refuse};
use crate::ast::Pos;
use crate::code::Op;
use crate::schema::{FieldKind, ObjectInfo};
use crate::ty::Ty;

/// The type of a record's field.
pub(crate) fn field_type(object: &ObjectInfo, field: usize) -> Ty {
    object.fields.get(field).map_or(Ty::Object, |field| kind_type(field.kind))
}

/// The type of a kind of field.
pub(crate) fn kind_type(kind: FieldKind) -> Ty {
    match kind {
        FieldKind::String => Ty::Str,
        FieldKind::Boolean => Ty::Bool,
        FieldKind::Integer => Ty::Int,
        FieldKind::Long => Ty::Long,
        FieldKind::Decimal => Ty::Decimal,
        FieldKind::Double => Ty::Double,
        FieldKind::Id => Ty::Id,
        FieldKind::Date => Ty::Date,
        FieldKind::Datetime => Ty::Datetime,
        FieldKind::Time => Ty::Time,
        FieldKind::Blob => Ty::Blob,
        FieldKind::Compound => Ty::Object,
    }
}

impl Builder<'_> {
    /// The type of what a reference points at: where that may be several objects, what they share.
    pub(crate) fn reference_type(&self, object: &ObjectInfo, field: usize) -> Ty {
        match object.fields.get(field).map(|field| field.reference_to.as_slice()) {
            Some([one]) => Ty::record(one),
            Some([_, ..]) if self.object("Name").is_some() => Ty::record("Name"),
            _ => Ty::Record(None),
        }
    }
}

impl<'b> Body<'b, '_> {
    pub(super) fn parent_type(&self, object: &ObjectInfo, field: usize) -> Ty {
        match object.fields.get(field).map(|field| field.reference_to.as_slice()) {
            Some([one]) => Ty::record(one),
            _ => Ty::Record(None),
        }
    }

    /// A member of the value on the stack.
    pub(super) fn value_member(&mut self, ty: &Ty, name: &str, safe: bool, pos: Pos) -> Checked<Ty> {
        if safe {
            let jump = self.emit(Op::JumpIfNull(0));
            self.safe.push(jump);
        }
        match ty {
            Ty::Class(id) => {
                let Some(field) = self.field_of(*id, &name.to_ascii_lowercase()).filter(|field| !field.is_static) else {
                    return refuse(pos, format!("Variable does not exist: {name}"));
                };
                self.read_field(&field, pos)
            }
            Ty::Record(Some(object)) if &**object != "AggregateResult" => {
                let Some(object) = self.builder.object(object) else { return refuse(pos, format!("Invalid type: {object}")) };
                let at = self.object(&object);
                if let Some(field) = object.field_at(name) {
                    self.emit(Op::RecGet(at, field as u16));
                    return Ok(field_type(&object, field));
                }
                if let Some(field) = object.relationship_at(name) {
                    self.emit(Op::RecParent(at, field as u16));
                    return Ok(self.builder.reference_type(&object, field));
                }
                if let Some(child) = object.child(name) {
                    let key = self.text(&name.to_ascii_lowercase());
                    self.emit(Op::RecChildren(key));
                    return Ok(Ty::list(Ty::record(&child.object)));
                }
                refuse(pos, format!("Variable does not exist: {name}"))
            }
            // What every object has.
            Ty::Record(_) if name.eq_ignore_ascii_case("id") => {
                let key = self.text("id");
                self.emit(Op::RecNamed(key));
                Ok(Ty::Id)
            }
            // Parents of several objects: their names.
            Ty::Record(None) if ["name", "firstname", "lastname", "email", "username"].iter().any(|own| own.eq_ignore_ascii_case(name)) => {
                let key = self.text(&name.to_ascii_lowercase());
                self.emit(Op::RecNamed(key));
                Ok(Ty::Str)
            }
            Ty::List(of) if matches!(**of, Ty::Record(_)) => {
                // The only record of a query: `[SELECT …].Name`.
                if !matches!(self.code.ops.last(), Some(Op::Query(_))) {
                    return refuse(pos, format!("Variable does not exist: {name}"));
                }
                self.emit(Op::OnlyRow);
                let of = (**of).clone();
                self.value_member(&of, name, false, pos)
            }
            Ty::Native("Schema.DescribeSObjectResult") => {
                let Some(Op::ObjectDescribe(at)) = self.code.ops.last().copied() else {
                    let lower = name.to_ascii_lowercase();
                    if lower == "fields" {
                        self.native("internal", "describe_fields", 1);
                        return Ok(Ty::Native("Schema.SObjectTypeFields"));
                    }
                    return self.describe_member(ty, name, pos);
                };
                match name.to_ascii_lowercase().as_str() {
                    "fields" => {
                        self.code.ops.pop();
                        self.code.lines.pop();
                        self.emit(Op::Fields(at));
                        Ok(Ty::Native("Schema.SObjectTypeFields"))
                    }
                    _ => self.describe_member(ty, name, pos),
                }
            }
            Ty::Native("Schema.SObjectTypeFields") => {
                let Some(Op::Fields(at)) = self.code.ops.last().copied() else {
                    return refuse(pos, format!("Variable does not exist: {name}"));
                };
                let object = self.code.objects[at as usize].clone();
                let Some(field) = object.field_at(name) else { return refuse(pos, format!("Variable does not exist: {name}")) };
                self.code.ops.pop();
                self.code.lines.pop();
                self.emit(Op::FieldDescribe(at, field as u16));
                Ok(Ty::Native("Schema.DescribeFieldResult"))
            }
            Ty::Native(_) => self.describe_member(ty, name, pos),
            _ => refuse(pos, format!("Variable does not exist: {name}")),
        }
    }

    /// `describe.label` and the like: members that stand for getters.
    fn describe_member(&mut self, ty: &Ty, name: &str, pos: Pos) -> Checked<Ty> {
        let registry = crate::library::registry();
        let owner = crate::library::owner(ty, &self.builder.classes);
        for getter in [format!("get{}", name.to_ascii_lowercase()), format!("is{}", name.to_ascii_lowercase()), name.to_ascii_lowercase()] {
            let found = registry.methods(owner, &getter, false).iter().find(|id| registry.native(**id).params.is_empty());
            if let Some(id) = found {
                self.emit(Op::CallNative(*id, 1));
                return Ok(registry.native(*id).returns.clone());
            }
        }
        refuse(pos, format!("Variable does not exist: {name}"))
    }
}
