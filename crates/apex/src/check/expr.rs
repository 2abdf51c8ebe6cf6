//! Expressions.

use super::body::Body;
use super::names::Found;
use super::{Checked, refuse};
use crate::ast::{Binary, ClassKind, Expr, ExprKind, Pos, TypeRef};
use crate::code::{Const, Conv, Num, Op};
use crate::ty::Ty;

impl<'b> Body<'b, '_> {
    /// Emits what leaves an expression's value on the stack (nothing, for a call that returns none); its type.
    pub(super) fn expr(&mut self, expr: &'b Expr) -> Checked<Ty> {
        // A chain of members: a `?.` in it leads to its end.
        let outer = std::mem::take(&mut self.safe);
        let ty = self.chain(expr);
        let jumps = std::mem::replace(&mut self.safe, outer);
        for jump in jumps {
            self.land(jump);
        }
        ty
    }

    /// As [`Body::expr`], for what is within a chain.
    pub(super) fn chain(&mut self, expr: &'b Expr) -> Checked<Ty> {
        let pos = expr.pos;
        match &expr.kind {
            ExprKind::Null => {
                self.emit(Op::Null);
                Ok(Ty::Null)
            }
            ExprKind::Bool(value) => {
                self.emit(Op::Bool(*value));
                Ok(Ty::Bool)
            }
            ExprKind::Int(value) => {
                self.emit(Op::Int(*value));
                Ok(Ty::Int)
            }
            ExprKind::Long(value) => {
                self.constant(Const::Long(*value));
                Ok(Ty::Long)
            }
            ExprKind::Double(value) => {
                self.constant(Const::Double(*value));
                Ok(Ty::Double)
            }
            ExprKind::Decimal(text) => {
                let Ok(value) = text.parse() else { return refuse(pos, "Illegal decimal") };
                self.constant(Const::Decimal(value));
                Ok(Ty::Decimal)
            }
            ExprKind::Text(text) => {
                let at = self.text(text);
                self.emit(Op::Const(at));
                Ok(Ty::Str)
            }
            ExprKind::This => {
                if self.is_static {
                    return refuse(pos, "Invalid reference: this can't be used in a static context");
                }
                self.emit(Op::Load(0));
                Ok(Ty::Class(self.class))
            }
            ExprKind::Super => refuse(pos, "Unexpected token 'super'."),
            ExprKind::Name(_) | ExprKind::Field { .. } => match self.found(expr)? {
                Found::Value(ty) => Ok(ty),
                _ => refuse(pos, format!("Variable does not exist: {}", dotted(expr))),
            },
            ExprKind::Index(list, at) => {
                let of = match self.chain(list)? {
                    Ty::List(of) => (*of).clone(),
                    other => return refuse(pos, format!("Expression must be a list type: {}", self.show(&other))),
                };
                self.expr_to(at, &Ty::Int)?;
                self.emit(Op::Index);
                Ok(of)
            }
            ExprKind::Call { target, name, args, safe } => self.call(target.as_deref(), name, args, *safe, pos),
            ExprKind::New { ty, args } => self.new_object(ty, args, pos),
            ExprKind::NewRecord { ty, fields } => self.new_record(ty, fields),
            ExprKind::NewSized { ty, size } => {
                let ty = self.builder.resolve(ty, Some(self.class))?;
                self.expr_to(size, &Ty::Int)?;
                let at = self.ty(&ty);
                self.emit(Op::NewSized(at));
                Ok(ty)
            }
            ExprKind::NewList { ty, items } => {
                let ty = self.builder.resolve(ty, Some(self.class))?;
                let (Ty::List(of) | Ty::Set(of)) = &ty else { return refuse(pos, format!("Invalid initializer type {}", self.show(&ty))) };
                for item in items {
                    self.expr_to(item, of)?;
                }
                let at = self.ty(&ty);
                self.emit(Op::NewList(at, items.len() as u32));
                Ok(ty)
            }
            ExprKind::NewMap { ty, pairs } => {
                let ty = self.builder.resolve(ty, Some(self.class))?;
                let Ty::Map(of) = &ty else { return refuse(pos, format!("Invalid initializer type {}", self.show(&ty))) };
                for (key, value) in pairs {
                    self.expr_to(key, &of.0)?;
                    self.expr_to(value, &of.1)?;
                }
                let at = self.ty(&ty);
                self.emit(Op::NewMap(at, pairs.len() as u32));
                Ok(ty)
            }
            ExprKind::Cast(ty, of) => {
                let to = self.builder.resolve(ty, Some(self.class))?;
                let from = self.expr(of)?;
                if matches!(of.kind, ExprKind::Query(_)) && matches!((&from, &to), (Ty::List(_), Ty::Record(_))) {
                    self.emit(Op::OnlyRow);
                } else if !self.builder.castable(&from, &to) {
                    return refuse(
                        pos,
                        format!("Incompatible types since an instance of {} is never an instance of {}", self.show(&from), self.show(&to)),
                    );
                }
                let at = self.ty(&to);
                self.emit(Op::Cast(at));
                Ok(to)
            }
            ExprKind::InstanceOf(of, ty) => {
                let to = self.builder.resolve(ty, Some(self.class))?;
                let from = self.expr(of)?;
                if !self.builder.castable(&from, &to) {
                    return refuse(
                        pos,
                        format!(
                            "Operation instanceof is always false since an instance of {} is never an instance of {}",
                            self.show(&from),
                            self.show(&to)
                        ),
                    );
                }
                let at = self.ty(&to);
                self.emit(Op::InstanceOf(at));
                Ok(Ty::Bool)
            }
            ExprKind::ClassOf(ty) => {
                let ty = self.builder.resolve(ty, Some(self.class))?;
                let at = self.ty(&ty);
                self.emit(Op::TypeOf(at));
                Ok(Ty::Native("System.Type"))
            }
            ExprKind::Not(of) => {
                if self.expr(of)? != Ty::Bool {
                    return refuse(pos, "Boolean operator must be applied to a Boolean expression");
                }
                self.emit(Op::Not);
                Ok(Ty::Bool)
            }
            ExprKind::Negate(of) => {
                let ty = self.expr(of)?;
                if !ty.is_number() {
                    return refuse(pos, "Negation expressions must use numeric arguments");
                }
                self.emit(Op::Negate);
                Ok(ty)
            }
            ExprKind::Complement(of) => {
                let ty = self.expr(of)?;
                if !matches!(ty, Ty::Int | Ty::Long) {
                    return refuse(pos, "Bitwise operator only allowed on Integer and Long");
                }
                self.emit(Op::Complement);
                Ok(ty)
            }
            ExprKind::Step { target, up, prefix } => self.step(target, *up, *prefix, pos),
            ExprKind::Binary(..) => self.operators(expr),
            ExprKind::Assign { op, target, value } => self.assign(*op, target, value, pos),
            ExprKind::Condition(test, yes, no) => self.ternary(test, yes, no, pos),
            ExprKind::Query(query) => self.query(query, pos),
        }
    }

    fn ternary(&mut self, test: &'b Expr, yes: &'b Expr, no: &'b Expr, pos: Pos) -> Checked<Ty> {
        self.condition(test)?;
        let skip = self.emit(Op::JumpIfFalse(0));
        let mut first = self.expr(yes)?;
        let query = |expr: &Expr| matches!(expr.kind, ExprKind::Query(_));
        let convert = self.emit(Op::Nop);
        let end = self.emit(Op::Jump(0));
        self.land(skip);
        let mut second = self.expr(no)?;
        // `cond ? [SELECT …] : record`
        if query(no) && matches!(first, Ty::Record(_)) && matches!(second, Ty::List(_)) {
            self.emit(Op::OnlyRow);
            second = first.clone();
        } else if query(yes) && matches!(second, Ty::Record(_)) && matches!(first, Ty::List(_)) {
            if let Some(op) = self.code.ops.get_mut(convert) {
                *op = Op::OnlyRow;
            }
            first = second.clone();
        }
        let Some(common) = self.common(&first, &second) else {
            return refuse(pos, format!("Incompatible types in ternary operator: {}, {}", self.show(&first), self.show(&second)));
        };
        if first != common && !query(yes) {
            let conv = self.builder.convert(&first, &common).flatten();
            self.convert_at(convert, conv);
        }
        if let Some(Some(conv)) = self.builder.convert(&second, &common) {
            self.emit(Op::Convert(conv));
        }
        self.land(end);
        Ok(common)
    }

    /// The type that values of both types have.
    fn common(&self, a: &Ty, b: &Ty) -> Option<Ty> {
        if *a == Ty::Void || *b == Ty::Void {
            return None;
        }
        if a.is_number() && b.is_number() {
            return [Ty::Decimal, Ty::Double, Ty::Long].into_iter().find(|ty| ty == a || ty == b).or(Some(Ty::Int));
        }
        if *a == Ty::Null || self.builder.convert(a, b).is_some() {
            return Some(b.clone());
        }
        if self.builder.convert(b, a).is_some() {
            return Some(a.clone());
        }
        match (a, b) {
            (Ty::Record(_), Ty::Record(_)) => Some(Ty::Record(None)),
            (Ty::Class(x), Ty::Class(y)) => self
                .builder
                .class(*x)
                .is_a
                .iter()
                .find(|of| self.builder.class(*y).is_a.contains(of))
                .map(|of| Ty::Class(*of))
                .or(Some(Ty::Object)),
            _ => None,
        }
    }

    /// A row of operators. The left spine is walked, not descended, as it may be long.
    fn operators(&mut self, expr: &'b Expr) -> Checked<Ty> {
        let mut spine = Vec::new();
        let mut at = expr;
        while let ExprKind::Binary(op, left, right) = &at.kind {
            spine.push((*op, &**right, at.pos));
            at = left;
        }
        let mut ty = self.expr(at)?;
        let mut first = at;
        while let Some((op, right, pos)) = spine.pop() {
            ty = self.operator(op, ty, first, right, pos)?;
            first = right;
        }
        Ok(ty)
    }

    fn operator(&mut self, op: Binary, left: Ty, left_expr: &'b Expr, right: &'b Expr, pos: Pos) -> Checked<Ty> {
        match op {
            Binary::And | Binary::Or => {
                let text = "Boolean operator must be applied to Boolean expressions";
                if left != Ty::Bool {
                    return refuse(pos, text);
                }
                self.emit(Op::Dup);
                let skip = self.emit(if op == Binary::And { Op::JumpIfFalse(0) } else { Op::JumpIfTrue(0) });
                self.emit(Op::Pop);
                if self.expr(right)? != Ty::Bool {
                    return refuse(pos, text);
                }
                self.land(skip);
                Ok(Ty::Bool)
            }
            Binary::Coalesce => {
                let first = if matches!(left_expr.kind, ExprKind::Query(_)) { None } else { Some(left) };
                let Some(first) = first else { return refuse(pos, "?? behind a query is not supported here") };
                let skip = self.emit(Op::JumpIfSome(0));
                let second = self.expr(right)?;
                let Some(common) = self.common(&first, &second) else {
                    return refuse(pos, format!("Incompatible types in ?? operator: {}, {}", self.show(&first), self.show(&second)));
                };
                if let Some(Some(conv)) = self.builder.convert(&second, &common) {
                    self.emit(Op::Convert(conv));
                }
                let first_conv = self.builder.convert(&first, &common).flatten();
                match first_conv {
                    None => self.land(skip),
                    Some(conv) => {
                        let end = self.emit(Op::Jump(0));
                        self.land(skip);
                        self.emit(Op::Convert(conv));
                        self.land(end);
                    }
                }
                Ok(common)
            }
            _ => {
                let second = self.expr(right)?;
                self.binary(op, &left, &second, pos)
            }
        }
    }

    /// An operator whose operands are on the stack.
    pub(super) fn binary(&mut self, op: Binary, left: &Ty, right: &Ty, pos: Pos) -> Checked<Ty> {
        use Binary::*;
        if *left == Ty::Void || *right == Ty::Void {
            return refuse(pos, "Expression has no value");
        }
        match op {
            Equal | NotEqual | Same | NotSame => {
                let fine = self.builder.castable(left, right) || matches!((left, right), (Ty::Record(_), Ty::Record(_)));
                if !fine {
                    return refuse(
                        pos,
                        format!("Comparison arguments must be compatible types: {}, {}", self.show(left), self.show(right)),
                    );
                }
                self.emit(Op::Compare(op));
                Ok(Ty::Bool)
            }
            Less | LessOrEqual | Greater | GreaterOrEqual => {
                let ordered = |ty: &Ty| ty.is_number() || matches!(ty, Ty::Str | Ty::Id | Ty::Date | Ty::Datetime | Ty::Time | Ty::Null);
                let fine = left.is_number() && right.is_number() || ordered(left) && ordered(right) && self.builder.castable(left, right);
                let enums =
                    matches!((left, right), (Ty::Class(a), Ty::Class(b)) if a == b && self.builder.class(*a).kind == ClassKind::Enum);
                if !fine && !enums {
                    return refuse(
                        pos,
                        format!("Comparison arguments must be compatible types: {}, {}", self.show(left), self.show(right)),
                    );
                }
                self.emit(Op::Compare(op));
                Ok(Ty::Bool)
            }
            Add if *left == Ty::Str || *right == Ty::Str => {
                self.emit(Op::Concat);
                Ok(Ty::Str)
            }
            Add | Subtract if matches!(left, Ty::Date | Ty::Datetime | Ty::Time) && right.is_number() => {
                let num = match left {
                    Ty::Date => Num::Date,
                    Ty::Datetime => Num::Datetime,
                    _ => Num::Time,
                };
                if *left == Ty::Date && !matches!(right, Ty::Int | Ty::Long) {
                    return refuse(pos, "Date/time expressions must use Integer or Long");
                }
                self.emit(Op::Arith(op, num));
                Ok(left.clone())
            }
            Add | Subtract | Multiply | Divide | Remainder => {
                if !left.is_number() || !right.is_number() {
                    let dates = matches!(left, Ty::Date | Ty::Datetime | Ty::Time);
                    return refuse(
                        pos,
                        if dates {
                            "Date/time expressions must use Integer or Long or Double or Decimal"
                        } else {
                            "Arithmetic expressions must use numeric arguments"
                        },
                    );
                }
                if op == Remainder {
                    return refuse(pos, "Unexpected token '%'.");
                }
                let ty = self.common(left, right).unwrap_or(Ty::Decimal);
                self.emit(Op::Arith(op, num(&ty)));
                Ok(ty)
            }
            BitAnd | BitOr | BitXor if *left == Ty::Bool && *right == Ty::Bool => {
                self.emit(Op::Arith(op, Num::Bool));
                Ok(Ty::Bool)
            }
            BitAnd | BitOr | BitXor | ShiftLeft | ShiftRight | ShiftRightUnsigned => {
                if !matches!(left, Ty::Int | Ty::Long) || !matches!(right, Ty::Int | Ty::Long) {
                    return refuse(pos, "Bitwise operator only allowed on Integer and Long");
                }
                let shift = matches!(op, ShiftLeft | ShiftRight | ShiftRightUnsigned);
                let ty = if *left == Ty::Long || *right == Ty::Long && !shift { Ty::Long } else { Ty::Int };
                self.emit(Op::Arith(op, num(&ty)));
                Ok(ty)
            }
            And | Or | Coalesce => refuse(pos, "Unexpected operator"),
        }
    }

    fn new_object(&mut self, ty: &TypeRef, args: &'b [Expr], pos: Pos) -> Checked<Ty> {
        let ty = self.builder.resolve(ty, Some(self.class))?;
        match &ty {
            Ty::Class(id) => {
                let class = self.builder.class(*id);
                if class.kind != ClassKind::Class || class.is_abstract {
                    return refuse(pos, format!("Abstract classes cannot be constructed: {}", class.full_name));
                }
                self.emit(Op::EnsureInit(*id));
                self.emit(Op::New(*id));
                self.emit(Op::Dup);
                self.construct(*id, args, pos)?;
                // An exception without a constructor of its own was made by its parent's.
                let mut at = Some(*id);
                let mut inits = Vec::new();
                while let Some(class) =
                    at.map(|id| self.builder.class(id)).filter(|class| class.is_exception && class.constructors.is_empty())
                {
                    inits.extend(class.instance_init);
                    at = class.parent;
                }
                for init in inits.into_iter().rev() {
                    self.emit(Op::Dup);
                    self.emit(Op::Call(init));
                }
            }
            Ty::Record(Some(name)) => {
                if !args.is_empty() {
                    return refuse(pos, format!("SObject constructor must use name=value pairs: {name}"));
                }
                let Some(object) = self.builder.object(name) else { return refuse(pos, format!("Invalid type: {name}")) };
                let at = self.object(&object);
                self.emit(Op::NewRecord(at));
            }
            Ty::List(_) | Ty::Set(_) | Ty::Map(_) => {
                let at = self.ty(&ty);
                let [] = args else {
                    let [of] = args else { return refuse(pos, format!("Constructor not defined: [{}].<Constructor>", self.show(&ty))) };
                    let from = self.expr(of)?;
                    return self.collection_from(&ty, &from, pos);
                };
                self.emit(if matches!(ty, Ty::Map(_)) { Op::NewMap(at, 0) } else { Op::NewList(at, 0) });
            }
            other => return refuse(pos, format!("Type cannot be constructed: {}", self.show(other))),
        }
        Ok(ty)
    }

    /// A collection made from another, which is on the stack.
    fn collection_from(&mut self, ty: &Ty, from: &Ty, pos: Pos) -> Checked<Ty> {
        let fits = |a: &Ty, b: &Ty| self.builder.convert(a, b).is_some() || self.builder.castable(a, b);
        let native = match (ty, from) {
            (Ty::List(of), Ty::List(own) | Ty::Set(own)) if fits(own, of) => "list_from",
            (Ty::Set(of), Ty::List(own) | Ty::Set(own)) if fits(own, of) => "set_from",
            // A list with room for as many.
            (Ty::List(_), Ty::Int) => "list_from",
            (Ty::Map(of), Ty::Map(own)) if fits(&own.0, &of.0) && fits(&own.1, &of.1) => "map_from",
            (Ty::Map(of), Ty::List(own)) if matches!(**own, Ty::Record(_)) && matches!(of.0, Ty::Id | Ty::Str) && fits(own, &of.1) => {
                "map_from"
            }
            _ => return refuse(pos, format!("Constructor not defined: [{}].<Constructor>({})", self.show(ty), self.show(from))),
        };
        let at = self.ty(ty);
        self.emit(Op::TypeOf(at));
        self.native("internal", native, 2);
        Ok(ty.clone())
    }

    fn new_record(&mut self, ty: &TypeRef, fields: &'b [(Box<str>, Pos, Expr)]) -> Checked<Ty> {
        let resolved = self.builder.resolve(ty, Some(self.class))?;
        let Ty::Record(Some(name)) = &resolved else {
            return refuse(
                ty.pos,
                format!("Invalid constructor syntax, name=value pairs can only be used for SObjects: {}", self.show(&resolved)),
            );
        };
        let Some(object) = self.builder.object(name) else { return refuse(ty.pos, format!("Invalid type: {name}")) };
        let at = self.object(&object);
        self.emit(Op::NewRecord(at));
        for (name, pos, value) in fields {
            self.emit(Op::Dup);
            if let Some(field) = object.field_at(name) {
                self.expr_to(value, &super::members::field_type(&object, field))?;
                self.emit(Op::RecSet(at, field as u16));
            } else if let Some(field) = object.relationship_at(name) {
                self.expr_to(value, &self.parent_type(&object, field))?;
                self.emit(Op::RecSetParent(at, field as u16));
            } else {
                return refuse(*pos, format!("Field does not exist: {name} on {}", object.name));
            }
            self.emit(Op::Pop);
        }
        Ok(resolved)
    }

    /// Calls a native by owner and name; what the registry lacks is a mistake of this crate that its tests find.
    pub(super) fn native(&mut self, owner: &str, name: &str, args: u8) {
        if let Some(at) = crate::library::registry().hidden(owner, name) {
            self.emit(Op::CallNative(at, args));
        }
    }
}

/// The kind of number of a type.
pub(super) fn num(ty: &Ty) -> Num {
    match ty {
        Ty::Int => Num::Int,
        Ty::Long => Num::Long,
        Ty::Double => Num::Double,
        _ => Num::Decimal,
    }
}

/// The conversion from a wider number by which compound assignments end.
pub(super) fn narrow(from: &Ty, to: &Ty) -> Option<Conv> {
    match (from, to) {
        (Ty::Long | Ty::Double | Ty::Decimal, Ty::Int) => Some(Conv::Int),
        (Ty::Double | Ty::Decimal, Ty::Long) => Some(Conv::Long),
        _ => None,
    }
}

/// A dotted name as written.
pub(super) fn dotted(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Field { target, name, .. } => match dotted(target).as_str() {
            "" => name.to_string(),
            before => format!("{before}.{name}"),
        },
        _ => String::new(),
    }
}
