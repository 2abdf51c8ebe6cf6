//! Assignments.

use super::body::Body;
use super::expr::narrow;
use super::names::Found;
use super::{Checked, refuse};
use crate::ast::{Binary, Expr, ExprKind, Pos};
use crate::code::{Field, Op};
use crate::ty::Ty;

/// Where a value goes. What it takes beside the value is on the stack.
enum Place {
    Local(u16),
    Static(Field),
    /// On an instance.
    Member(Field),
    Item,
    Record(u16, u16),
    Parent(u16, u16),
}

impl<'b> Body<'b, '_> {
    pub(super) fn assign(&mut self, op: Option<Binary>, target: &'b Expr, value: &'b Expr, pos: Pos) -> Checked<Ty> {
        let (place, ty) = self.place(target)?;
        match op {
            None => self.expr_to(value, &ty)?,
            Some(op) => {
                self.again(&place)?;
                let right = self.expr(value)?;
                let made = self.binary(op, &ty, &right, pos)?;
                match narrow(&made, &ty) {
                    Some(_) => return refuse(pos, format!("Illegal assignment from {} to {}", self.show(&made), self.show(&ty))),
                    None => self.coerce(&made, &ty, pos)?,
                }
            }
        }
        self.line = self.line.max(pos.line);
        self.put(&place);
        Ok(ty)
    }

    pub(super) fn step(&mut self, target: &'b Expr, up: bool, prefix: bool, pos: Pos) -> Checked<Ty> {
        let (place, ty) = self.place(target)?;
        if !ty.is_number() {
            return refuse(pos, "Increment and decrement must be applied to numbers");
        }
        self.again(&place)?;
        let old = self.slot();
        if !prefix {
            self.emit(Op::Dup);
            self.emit(Op::Store(old));
        }
        self.emit(Op::Int(1));
        self.emit(Op::Arith(if up { Binary::Add } else { Binary::Subtract }, super::expr::num(&ty)));
        self.put(&place);
        if !prefix {
            self.emit(Op::Pop);
            self.emit(Op::Load(old));
        }
        Ok(ty)
    }

    fn place(&mut self, target: &'b Expr) -> Checked<(Place, Ty)> {
        let pos = target.pos;
        match &target.kind {
            ExprKind::Name(name) => {
                if let Some((slot, ty)) = self.local(name) {
                    if self.finals.contains(&slot) {
                        return refuse(pos, format!("Final variable has already been initialized: {name}"));
                    }
                    return Ok((Place::Local(slot), ty));
                }
                match self.field_named(&name.to_ascii_lowercase()) {
                    Some((field, _)) if field.is_static => self.field_place(field, pos),
                    Some((field, true)) if !self.is_static => {
                        self.emit(Op::Load(0));
                        self.field_place(field, pos)
                    }
                    _ => refuse(pos, format!("Variable does not exist: {name}")),
                }
            }
            ExprKind::Field { target, name, safe } => {
                if *safe {
                    return refuse(pos, "Expression cannot be assigned");
                }
                let lower = name.to_ascii_lowercase();
                match self.found(target)? {
                    Found::Value(Ty::Class(id)) => match self.field_of(id, &lower) {
                        Some(field) if !field.is_static => self.field_place(field, pos),
                        _ => refuse(pos, format!("Variable does not exist: {name}")),
                    },
                    Found::Value(Ty::Record(Some(object))) => {
                        let Some(object) = self.builder.object(&object) else { return refuse(pos, format!("Invalid type: {object}")) };
                        let at = self.object(&object);
                        if let Some(field) = object.field_at(name) {
                            return Ok((Place::Record(at, field as u16), super::members::field_type(&object, field)));
                        }
                        if let Some(field) = object.relationship_at(name) {
                            return Ok((Place::Parent(at, field as u16), self.parent_type(&object, field)));
                        }
                        refuse(pos, format!("Variable does not exist: {name}"))
                    }
                    Found::Value(_) => refuse(pos, format!("Variable does not exist: {name}")),
                    Found::Super => match self.builder.class(self.class).parent.and_then(|parent| self.field_of(parent, &lower)) {
                        Some(field) if !field.is_static && !self.is_static => {
                            self.emit(Op::Load(0));
                            self.field_place(field, pos)
                        }
                        _ => refuse(pos, format!("Variable does not exist: {name}")),
                    },
                    Found::Type(Ty::Class(id)) => match self.field_of(id, &lower) {
                        Some(field) if field.is_static => self.field_place(field, pos),
                        _ => refuse(pos, format!("Variable does not exist: {name}")),
                    },
                    _ => refuse(pos, format!("Variable does not exist: {name}")),
                }
            }
            ExprKind::Index(list, at) => {
                let of = match self.expr(list)? {
                    Ty::List(of) => (*of).clone(),
                    other => return refuse(pos, format!("Expression must be a list type: {}", self.show(&other))),
                };
                self.expr_to(at, &Ty::Int)?;
                Ok((Place::Item, of))
            }
            _ => refuse(pos, "Expression cannot be assigned"),
        }
    }

    fn field_place(&mut self, field: Field, pos: Pos) -> Checked<(Place, Ty)> {
        let full = || format!("{}.{}", self.builder.class(field.class).full_name, field.name);
        let visible = field.set_visible.unwrap_or(field.visible).min_of(field.visible);
        if !self.sees(visible, field.class) || !field.writable {
            return refuse(pos, format!("Variable is not visible: {}", full()));
        }
        if field.is_final && !(self.makes && field.class == self.class) {
            return refuse(pos, format!("Final variable has already been initialized: {}", field.name));
        }
        let ty = field.ty.clone();
        if field.is_static {
            self.init(field.class);
            return Ok((Place::Static(field), ty));
        }
        Ok((Place::Member(field), ty))
    }

    /// Leaves the place's present value on top of what the place takes.
    fn again(&mut self, place: &Place) -> Checked<()> {
        match place {
            Place::Local(slot) => {
                self.emit(Op::Load(*slot));
            }
            Place::Static(field) => {
                self.read_field(field, Pos::START)?;
            }
            Place::Member(field) => {
                self.emit(Op::Dup);
                self.read_field(field, Pos::START)?;
            }
            Place::Item => {
                self.emit(Op::Dup2);
                self.emit(Op::Index);
            }
            Place::Record(object, field) => {
                self.emit(Op::Dup);
                self.emit(Op::RecGet(*object, *field));
            }
            Place::Parent(object, field) => {
                self.emit(Op::Dup);
                self.emit(Op::RecParent(*object, *field));
            }
        }
        Ok(())
    }

    /// Puts the value on the stack into its place; it stays on the stack.
    fn put(&mut self, place: &Place) {
        match place {
            Place::Local(slot) => {
                self.emit(Op::Dup);
                self.emit(Op::Store(*slot));
            }
            Place::Static(field) => match field.setter.filter(|_| !self.within(field)) {
                Some(setter) => {
                    self.emit(Op::Dup);
                    self.emit(Op::Call(setter));
                }
                None => {
                    self.emit(Op::SetStatic(field.class, field.slot));
                }
            },
            Place::Member(field) => match field.setter.filter(|_| !self.within(field)) {
                Some(setter) => {
                    let value = self.slot();
                    self.emit(Op::Dup);
                    self.emit(Op::Store(value));
                    let method = self.builder.method(setter);
                    if method.is_virtual {
                        let selector = method.selector.clone();
                        let at = self.text(&selector);
                        self.emit(Op::CallVirtual(at, 1));
                    } else {
                        self.emit(Op::Call(setter));
                    }
                    self.emit(Op::Load(value));
                }
                None => {
                    self.emit(Op::SetField(field.slot));
                }
            },
            Place::Item => {
                self.emit(Op::SetIndex);
            }
            Place::Record(object, field) => {
                self.emit(Op::RecSet(*object, *field));
            }
            Place::Parent(object, field) => {
                self.emit(Op::RecSetParent(*object, *field));
            }
        }
    }
}
