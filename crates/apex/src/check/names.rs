//! What names and dotted names stand for.

use super::body::Body;
use super::{Checked, refuse};
use crate::ast::{ClassKind, Expr, ExprKind, Pos};
use crate::code::{Field, Op, TriggerVar, Visible};
use crate::ty::Ty;
use std::collections::HashSet;

/// What a name stands for.
pub(super) enum Found {
    /// A value, which is on the stack.
    Value(Ty),
    /// A type.
    Type(Ty),
    /// A holder of static methods of the platform's, or a namespace, by its lower-case name.
    Holder(String),
    /// `super`.
    Super,
}

impl<'b> Body<'b, '_> {
    /// What an expression that may be no value stands for.
    pub(super) fn found(&mut self, expr: &'b Expr) -> Checked<Found> {
        match &expr.kind {
            ExprKind::Name(name) => self.name(name, expr.pos),
            ExprKind::Field { target, name, safe } => {
                let of = self.found(target)?;
                self.line = expr.pos.line.max(self.line);
                self.member(of, target, name, *safe, expr.pos)
            }
            ExprKind::Super => Ok(Found::Super),
            _ => self.chain(expr).map(Found::Value),
        }
    }

    fn name(&mut self, name: &str, pos: Pos) -> Checked<Found> {
        if let Some((slot, ty)) = self.local(name) {
            self.emit(Op::Load(slot));
            return Ok(Found::Value(ty));
        }
        let lower = name.to_ascii_lowercase();
        if let Some((field, own)) = self.field_named(&lower) {
            if !field.is_static {
                if !own || self.is_static {
                    return refuse(pos, format!("Variable does not exist: {name}"));
                }
                self.emit(Op::Load(0));
            }
            return self.read_field(&field, pos).map(Found::Value);
        }
        if let Some(ty) = self.builder.named(&[name.to_owned()], Some(self.class)) {
            return Ok(Found::Type(ty));
        }
        if lower == "trigger"
            || matches!(lower.as_str(), "system" | "schema" | "database")
            || crate::library::registry().has_owner(&lower)
            || self.builder.prelude && lower == "internal"
        {
            return Ok(Found::Holder(lower));
        }
        refuse(pos, format!("Variable does not exist: {name}"))
    }

    /// A field by its lower-case name: of this class and its parents (with `true`), of the classes around it.
    pub(super) fn field_named(&self, name: &str) -> Option<(Field, bool)> {
        let mut scope = Some(self.class);
        let mut own = true;
        while let Some(id) = scope {
            if let Some(field) = self.field_of(id, name) {
                return Some((field, own));
            }
            own = false;
            scope = self.builder.class(id).outer;
        }
        None
    }

    pub(super) fn field_of(&self, class: u32, name: &str) -> Option<Field> {
        let mut at = Some(class);
        while let Some(id) = at {
            let class = self.builder.class(id);
            if let Some(field) = class.fields.get(name) {
                return Some(field.clone());
            }
            at = class.parent;
        }
        None
    }

    /// Makes a map of what a query that is a text may name: variables, and fields that are no properties.
    pub(super) fn scope_values(&mut self, pos: Pos) -> Checked<()> {
        let mut seen = HashSet::new();
        let locals: Vec<(String, u16)> = self.scopes.iter().rev().flatten().map(|(name, slot, _)| (name.clone(), *slot)).collect();
        for (name, slot) in locals {
            if seen.insert(name.clone()) {
                let at = self.text(&name);
                self.emit(Op::Const(at));
                self.emit(Op::Load(slot));
            }
        }
        let (mut around, mut own) = (Some(self.class), true);
        while let Some(scope) = around {
            let mut at = Some(scope);
            while let Some(id) = at {
                let class = self.builder.class(id);
                at = class.parent;
                let reads = |field: &Field| !field.is_property && (field.is_static || own && !self.is_static);
                let mut fields: Vec<(String, Field)> =
                    class.fields.iter().filter(|(_, f)| reads(f)).map(|(name, f)| (name.to_string(), f.clone())).collect();
                fields.retain(|(name, field)| self.sees(field.visible, field.class) && seen.insert(name.clone()));
                fields.sort_by(|a, b| a.0.cmp(&b.0));
                for (name, field) in fields {
                    let at = self.text(&name);
                    self.emit(Op::Const(at));
                    if !field.is_static {
                        self.emit(Op::Load(0));
                    }
                    self.read_field(&field, pos)?;
                }
            }
            own = false;
            around = self.builder.class(scope).outer;
        }
        let ty = self.ty(&Ty::map(Ty::Str, Ty::Object));
        self.emit(Op::NewMap(ty, seen.len() as u32));
        Ok(())
    }

    /// Reads a field whose instance, if it has one, is on the stack.
    pub(super) fn read_field(&mut self, field: &Field, pos: Pos) -> Checked<Ty> {
        if !self.sees(field.visible, field.class) {
            return refuse(pos, format!("Variable is not visible: {}.{}", self.builder.class(field.class).full_name, field.name));
        }
        if !field.readable {
            return refuse(pos, format!("Variable is not visible: {}.{}", self.builder.class(field.class).full_name, field.name));
        }
        let within = self.within(field);
        match field.getter {
            Some(getter) if !within => {
                if field.is_static {
                    self.init(field.class);
                    self.emit(Op::Call(getter));
                } else {
                    let selector = self.builder.method(getter).selector.clone();
                    if self.builder.method(getter).is_virtual {
                        let at = self.text(&selector);
                        self.emit(Op::CallVirtual(at, 0));
                    } else {
                        self.emit(Op::Call(getter));
                    }
                }
            }
            _ if field.is_static => {
                self.init(field.class);
                self.emit(Op::GetStatic(field.class, field.slot));
            }
            _ => {
                self.emit(Op::GetField(field.slot));
            }
        }
        Ok(field.ty.clone())
    }

    /// Whether this is an accessor of the property itself, for which its name is the value behind it.
    pub(super) fn within(&self, field: &Field) -> bool {
        field.is_property && self.accessor_of.as_deref() == Some(&*field.name.to_ascii_lowercase()) && self.class == field.class
    }

    /// Sees to it that a class's statics have their first values.
    pub(super) fn init(&mut self, class: u32) {
        let mut at = Some(class);
        let any = std::iter::from_fn(|| {
            let id = at?;
            at = self.builder.class(id).parent;
            Some(id)
        })
        .any(|id| self.builder.class(id).static_init.is_some());
        if any && class != self.class {
            self.emit(Op::EnsureInit(class));
        }
    }

    /// Whether a member of a class is seen from here.
    pub(super) fn sees(&self, visible: Visible, class: u32) -> bool {
        match visible {
            Visible::Public | Visible::Global => true,
            Visible::Private => self.top(class) == self.top(self.class),
            Visible::Protected => self.top(class) == self.top(self.class) || self.builder.class(self.class).is_a.contains(&class),
        }
    }

    fn top(&self, class: u32) -> u32 {
        self.builder.class(class).outer.unwrap_or(class)
    }

    pub(super) fn member(&mut self, of: Found, target: &'b Expr, name: &str, safe: bool, pos: Pos) -> Checked<Found> {
        let lower = name.to_ascii_lowercase();
        match of {
            Found::Value(ty) => self.value_member(&ty, name, safe, pos).map(Found::Value),
            Found::Super => match self.builder.class(self.class).parent.and_then(|parent| self.field_of(parent, &lower)) {
                Some(field) if !field.is_static && !self.is_static => {
                    self.emit(Op::Load(0));
                    self.read_field(&field, pos).map(Found::Value)
                }
                _ => refuse(pos, format!("Variable does not exist: {name}")),
            },
            Found::Type(Ty::Class(id)) => {
                let class = self.builder.class(id);
                if class.kind == ClassKind::Enum
                    && let Some(at) = class.constants.iter().position(|own| own.eq_ignore_ascii_case(name))
                {
                    self.emit(Op::EnumValue(id, at as u16));
                    return Ok(Found::Value(Ty::Class(id)));
                }
                if let Some(field) = self.field_of(id, &lower).filter(|field| field.is_static) {
                    return self.read_field(&field, pos).map(Found::Value);
                }
                if let Some(inner) = self.builder.class(id).inner.get(&lower) {
                    return Ok(Found::Type(Ty::Class(*inner)));
                }
                refuse(pos, format!("Variable does not exist: {name}"))
            }
            Found::Type(Ty::Record(Some(object))) => {
                let Some(object) = self.builder.object(&object) else { return refuse(pos, format!("Invalid type: {object}")) };
                let at = self.object(&object);
                if lower == "sobjecttype" {
                    self.emit(Op::ObjectToken(at));
                    return Ok(Found::Value(Ty::Native("Schema.SObjectType")));
                }
                if lower == "fields" {
                    self.emit(Op::Fields(at));
                    return Ok(Found::Value(Ty::Native("Schema.SObjectTypeFields")));
                }
                let Some(field) = object.field_at(name) else { return refuse(pos, format!("Variable does not exist: {name}")) };
                self.emit(Op::FieldToken(at, field as u16));
                Ok(Found::Value(Ty::Native("Schema.SObjectField")))
            }
            Found::Holder(holder) if holder == "trigger" => self.trigger_variable(&lower, pos).map(Found::Value),
            Found::Holder(holder) if holder == "schema" && lower == "sobjecttype" => Ok(Found::Holder("schema.sobjecttype".to_owned())),
            Found::Holder(holder) if holder == "schema.sobjecttype" => {
                let Some(object) = self.builder.object(name) else { return refuse(pos, format!("Invalid type: {name}")) };
                let at = self.object(&object);
                self.emit(Op::ObjectDescribe(at));
                Ok(Found::Value(Ty::Native("Schema.DescribeSObjectResult")))
            }
            // `Schema.SObjectType.Account`: the type of tokens has members that are objects.
            Found::Type(Ty::Native("Schema.SObjectType")) if matches!(&target.kind, ExprKind::Field { .. } | ExprKind::Name(_)) => {
                let Some(object) = self.builder.object(name) else { return refuse(pos, format!("Invalid type: {name}")) };
                let at = self.object(&object);
                self.emit(Op::ObjectDescribe(at));
                Ok(Found::Value(Ty::Native("Schema.DescribeSObjectResult")))
            }
            Found::Holder(holder) => {
                if let Some(ty) = self.builder.named(&[holder.clone(), name.to_owned()], Some(self.class)) {
                    return Ok(Found::Type(ty));
                }
                let full = format!("{holder}.{lower}");
                let registry = crate::library::registry();
                if holder == "system" && registry.has_owner(&lower) {
                    return Ok(Found::Holder(lower));
                }
                if registry.has_owner(&full) {
                    return Ok(Found::Holder(full));
                }
                refuse(pos, format!("Variable does not exist: {name}"))
            }
            Found::Type(_) => refuse(pos, format!("Variable does not exist: {name}")),
        }
    }

    fn trigger_variable(&mut self, name: &str, pos: Pos) -> Checked<Ty> {
        let record = Ty::Record(self.trigger.as_ref().map(|object| object.name.as_str().into()));
        let (var, ty) = match name {
            "new" => (TriggerVar::New, Ty::list(record)),
            "old" => (TriggerVar::Old, Ty::list(record)),
            "newmap" => (TriggerVar::NewMap, Ty::map(Ty::Id, record)),
            "oldmap" => (TriggerVar::OldMap, Ty::map(Ty::Id, record)),
            "size" => (TriggerVar::Size, Ty::Int),
            "isexecuting" => (TriggerVar::IsExecuting, Ty::Bool),
            "isinsert" => (TriggerVar::IsInsert, Ty::Bool),
            "isupdate" => (TriggerVar::IsUpdate, Ty::Bool),
            "isdelete" => (TriggerVar::IsDelete, Ty::Bool),
            "isundelete" => (TriggerVar::IsUndelete, Ty::Bool),
            "isbefore" => (TriggerVar::IsBefore, Ty::Bool),
            "isafter" => (TriggerVar::IsAfter, Ty::Bool),
            "operationtype" => match self.builder.named(&["System".to_owned(), "TriggerOperation".to_owned()], None) {
                Some(ty) => (TriggerVar::Operation, ty),
                None => return refuse(pos, "Variable does not exist: operationType"),
            },
            _ => return refuse(pos, format!("Variable does not exist: {name}")),
        };
        self.emit(Op::TriggerVar(var));
        Ok(ty)
    }
}
