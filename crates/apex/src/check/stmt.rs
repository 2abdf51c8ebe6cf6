//! Statements.

use super::body::{Body, Loop, Try};
use super::{Checked, refuse};
use crate::ast::{ExprKind, Pos, Problem, Stmt, StmtKind, TypeRef, When};
use crate::code::Op;
use crate::host::{Access, DmlKind};
use crate::ty::Ty;

impl<'b> Body<'b, '_> {
    /// A block with variables of its own; whether what is behind it is reached.
    pub(super) fn block(&mut self, stmts: &'b [Stmt]) -> bool {
        let next = self.next;
        self.scopes.push(Vec::new());
        let mut reached = true;
        let mut told = false;
        for stmt in stmts {
            if !reached && !told {
                told = true;
                self.problems.push(Problem::new(stmt.pos, "Unreachable statement"));
            }
            match self.stmt(stmt) {
                Ok(on) => reached = reached && on,
                Err(problem) => {
                    // What is wrong with a value does not make its statement another one.
                    reached = reached && !matches!(stmt.kind, StmtKind::Return(_) | StmtKind::Throw(_));
                    self.problems.push(problem);
                }
            }
        }
        self.scopes.pop();
        self.next = next;
        reached
    }

    fn inner(&mut self, stmt: &'b Stmt) -> bool {
        self.block(std::slice::from_ref(stmt))
    }

    /// A statement; whether what is behind it is reached.
    fn stmt(&mut self, stmt: &'b Stmt) -> Checked<bool> {
        self.line = stmt.pos.line;
        match &stmt.kind {
            StmtKind::Block(stmts) => return Ok(self.block(stmts)),
            StmtKind::Local { ty, is_final, vars } => {
                let ty = self.builder.resolve(ty, Some(self.class))?;
                for (name, pos, init) in vars {
                    match init {
                        Some(init) => {
                            let value = self.expr_to(init, &ty);
                            let slot = self.declare(name, *pos, ty.clone())?;
                            value?;
                            self.emit(Op::Store(slot));
                            if *is_final {
                                self.finals.insert(slot);
                            }
                        }
                        None => {
                            let slot = self.declare(name, *pos, ty.clone())?;
                            // A loop comes by here again.
                            self.emit(Op::Null);
                            self.emit(Op::Store(slot));
                        }
                    }
                }
            }
            StmtKind::Expr(expr) => {
                if let ExprKind::Call { target: None, name, args, .. } = &expr.kind
                    && matches!(&**name, "this" | "super")
                {
                    self.own_constructor(name, args, expr.pos)?;
                    return Ok(true);
                }
                if self.expr(expr)? != Ty::Void {
                    self.emit(Op::Pop);
                }
            }
            StmtKind::If(test, yes, no) => {
                self.condition(test)?;
                let skip = self.emit(Op::JumpIfFalse(0));
                let reached = self.inner(yes);
                let Some(no) = no else {
                    self.land(skip);
                    return Ok(true);
                };
                let end = self.emit(Op::Jump(0));
                self.land(skip);
                let other = self.inner(no);
                self.land(end);
                return Ok(reached || other);
            }
            StmtKind::While(test, body) => {
                let top = self.here();
                self.condition(test)?;
                let out = self.emit(Op::JumpIfFalse(0));
                let inside = self.in_loop(body);
                for jump in inside.continues {
                    self.point(jump, top);
                }
                self.emit(Op::Jump(top));
                self.land(out);
                for jump in &inside.breaks {
                    self.land(*jump);
                }
                return Ok(!matches!(test.kind, ExprKind::Bool(true)) || !inside.breaks.is_empty());
            }
            StmtKind::DoWhile(body, test) => {
                let top = self.here();
                let inside = self.in_loop(body);
                for jump in inside.continues {
                    self.land(jump);
                }
                self.line = test.pos.line;
                self.condition(test)?;
                self.emit(Op::JumpIfTrue(top));
                for jump in inside.breaks {
                    self.land(jump);
                }
            }
            StmtKind::For { init, cond, update, body } => {
                let next = self.next;
                self.scopes.push(Vec::new());
                let reached = self.for_loop(init, cond.as_ref(), update, body);
                self.scopes.pop();
                self.next = next;
                return reached;
            }
            StmtKind::ForEach { ty, name, over, body } => {
                let next = self.next;
                self.scopes.push(Vec::new());
                let done = self.for_each(stmt.pos, ty, name, over, body);
                self.scopes.pop();
                self.next = next;
                done?;
            }
            StmtKind::Return(value) => {
                match (value, self.returns.clone()) {
                    (None, Ty::Void) => {}
                    (None, ty) => {
                        return refuse(stmt.pos, format!("Missing return statement required return type: {}", self.show(&ty)));
                    }
                    (Some(value), Ty::Void) => return refuse(value.pos, "Return type is void: a value can't be returned"),
                    (Some(value), ty) => self.expr_to(value, &ty)?,
                }
                self.leave(0);
                self.emit(if value.is_some() { Op::Return } else { Op::ReturnVoid });
                return Ok(false);
            }
            StmtKind::Break | StmtKind::Continue => {
                let is_break = stmt.kind == StmtKind::Break;
                let Some(tries) = self.loops.last().map(|inside| inside.tries) else {
                    let word = if is_break { "Break" } else { "Continue" };
                    return refuse(stmt.pos, format!("{word} statement must be in loop"));
                };
                self.leave(tries);
                let jump = self.emit(Op::Jump(0));
                if let Some(inside) = self.loops.last_mut() {
                    if is_break { inside.breaks.push(jump) } else { inside.continues.push(jump) }
                }
                return Ok(false);
            }
            StmtKind::Throw(what) => {
                let ty = self.expr(what)?;
                let throwable = matches!(&ty, Ty::Class(id) if self.builder.class(*id).is_exception);
                if !throwable {
                    return refuse(what.pos, format!("Throw expression must be of type exception: {}", self.show(&ty)));
                }
                self.emit(Op::Throw);
                return Ok(false);
            }
            StmtKind::Try { body, catches, finally } => return self.try_block(body, catches, finally.as_deref()),
            StmtKind::Switch { on, whens, otherwise } => return self.switch(stmt.pos, on, whens, otherwise.as_deref()),
            StmtKind::Dml { kind, what, external_id, user_mode } => {
                let ty = self.expr(what)?;
                let of = match &ty {
                    Ty::List(of) => (**of).clone(),
                    other => other.clone(),
                };
                let Ty::Record(object) = of else {
                    return refuse(what.pos, format!("DML requires SObject or SObject list type: {}", self.show(&ty)));
                };
                let external = match external_id {
                    None => u32::MAX,
                    Some((name, pos)) => self.external_id(object.as_deref(), name, *pos)?,
                };
                if *kind == DmlKind::Upsert && object.is_none() && !matches!(ty, Ty::Record(_)) {
                    return refuse(what.pos, "Upsert with a field specification requires a concrete SObject type");
                }
                self.emit(Op::Dml(*kind, if *user_mode { Access::User } else { Access::System }, external));
            }
        }
        Ok(true)
    }

    fn external_id(&mut self, object: Option<&str>, name: &[String], pos: Pos) -> Checked<u32> {
        let last = name.last().map(String::as_str).unwrap_or_default();
        let object = match object {
            Some(object) => self.builder.object(object),
            None => name.first().filter(|_| name.len() > 1).and_then(|object| self.builder.object(object)),
        };
        let Some(object) = object else { return refuse(pos, "Upsert with a field specification requires a concrete SObject type") };
        let Some(field) = object.field(last) else { return refuse(pos, format!("Field does not exist: {last} on {}", object.name)) };
        let name = field.name.clone();
        Ok(self.text(&name))
    }

    fn point(&mut self, at: usize, to: u32) {
        if let Some(Op::Jump(own)) = self.code.ops.get_mut(at) {
            *own = to;
        }
    }

    fn in_loop(&mut self, body: &'b Stmt) -> Loop {
        self.loops.push(Loop { breaks: Vec::new(), continues: Vec::new(), tries: self.tries.len() });
        self.inner(body);
        self.loops.pop().unwrap_or(Loop { breaks: Vec::new(), continues: Vec::new(), tries: 0 })
    }

    fn for_loop(
        &mut self,
        init: &'b [Stmt],
        cond: Option<&'b crate::ast::Expr>,
        update: &'b [crate::ast::Expr],
        body: &'b Stmt,
    ) -> Checked<bool> {
        for stmt in init {
            self.stmt(stmt)?;
        }
        let top = self.here();
        let out = match cond {
            Some(cond) => {
                self.line = cond.pos.line;
                self.condition(cond)?;
                Some(self.emit(Op::JumpIfFalse(0)))
            }
            None => None,
        };
        let inside = self.in_loop(body);
        for jump in inside.continues {
            self.land(jump);
        }
        for update in update {
            self.line = update.pos.line;
            if self.expr(update)? != Ty::Void {
                self.emit(Op::Pop);
            }
        }
        self.emit(Op::Jump(top));
        if let Some(out) = out {
            self.land(out);
        }
        for jump in &inside.breaks {
            self.land(*jump);
        }
        Ok(cond.is_some() || !inside.breaks.is_empty())
    }

    fn for_each(&mut self, pos: Pos, ty: &'b TypeRef, name: &str, over: &'b crate::ast::Expr, body: &'b Stmt) -> Checked<()> {
        let ty = self.builder.resolve(ty, Some(self.class))?;
        let from = self.expr(over)?;
        let of = match &from {
            Ty::List(of) | Ty::Set(of) => (**of).clone(),
            Ty::Class(id) if self.builder.class(*id).is_a.iter().any(|of| &*self.builder.class(*of).full_name == "Iterable") => ty.clone(),
            other => return refuse(over.pos, format!("Loop must iterate over a collection: {}", self.show(other))),
        };
        let of = match (&over.kind, &ty, &of) {
            // A query's records by 200.
            (ExprKind::Query(_), Ty::List(_), Ty::Record(_)) => {
                self.emit(Op::Chunk);
                Ty::list(of)
            }
            _ => of,
        };
        let conv = match self.builder.convert(&of, &ty) {
            Some(conv) => conv,
            // A list of records of any object is walked as one of an object, too.
            None if matches!((&of, &ty), (Ty::Record(None), Ty::Record(Some(_)))) => None,
            None => return refuse(pos, format!("Loop variable must be of type {}", self.show(&of))),
        };
        self.emit(Op::Iterate);
        let hidden = self.slot();
        self.emit(Op::Store(hidden));
        let slot = self.declare(name, pos, ty)?;
        let top = self.here();
        self.emit(Op::Load(hidden));
        let out = self.emit(Op::Next(0));
        if let Some(conv) = conv {
            self.emit(Op::Convert(conv));
        }
        self.emit(Op::Store(slot));
        self.emit(Op::Pop);
        let inside = self.in_loop(body);
        for jump in inside.continues {
            self.point(jump, top);
        }
        self.emit(Op::Jump(top));
        self.land(out);
        self.emit(Op::Pop);
        for jump in inside.breaks {
            self.land(jump);
        }
        Ok(())
    }

    /// Leaves the `try`s that are inside a depth: handlers go, `finally`s run.
    fn leave(&mut self, depth: usize) {
        let kept = self.tries.clone();
        while self.tries.len() > depth {
            let Some(last) = self.tries.pop() else { break };
            if last.armed {
                self.emit(Op::TryPop);
            }
            if let Some(finally) = last.finally {
                let loops = std::mem::take(&mut self.loops);
                self.block(finally);
                self.loops = loops;
            }
        }
        self.tries = kept;
    }

    fn try_block(&mut self, body: &'b [Stmt], catches: &'b [(TypeRef, Box<str>, Vec<Stmt>)], finally: Option<&'b [Stmt]>) -> Checked<bool> {
        let outer = finally.map(|finally| {
            let at = self.emit(Op::TryPush(0));
            self.tries.push(Try { armed: true, finally: Some(finally) });
            at
        });
        let mut reached;
        if catches.is_empty() {
            reached = self.block(body);
        } else {
            let handler = self.emit(Op::TryPush(0));
            self.tries.push(Try { armed: true, finally: None });
            reached = self.block(body);
            self.tries.pop();
            let mut ends = Vec::new();
            if reached {
                self.emit(Op::TryPop);
                ends.push(self.emit(Op::Jump(0)));
            }
            self.land(handler);
            for (ty, name, stmts) in catches {
                let caught = self.builder.resolve(ty, Some(self.class))?;
                if !matches!(&caught, Ty::Class(id) if self.builder.class(*id).is_exception) {
                    return refuse(ty.pos, format!("Catch expression must be of type exception: {}", self.show(&caught)));
                }
                self.line = ty.pos.line;
                self.emit(Op::Dup);
                let at = self.ty(&caught);
                self.emit(Op::InstanceOf(at));
                let skip = self.emit(Op::JumpIfFalse(0));
                let next = self.next;
                self.scopes.push(Vec::new());
                let slot = self.declare(name, ty.pos, caught)?;
                self.emit(Op::Store(slot));
                let on = self.block(stmts);
                reached = reached || on;
                self.scopes.pop();
                self.next = next;
                if on {
                    ends.push(self.emit(Op::Jump(0)));
                }
                self.land(skip);
            }
            self.emit(Op::Throw);
            for end in ends {
                self.land(end);
            }
        }
        if let (Some(at), Some(finally)) = (outer, finally) {
            self.tries.pop();
            let mut end = None;
            if reached {
                self.emit(Op::TryPop);
                reached = self.block(finally);
                end = Some(self.emit(Op::Jump(0)));
            }
            self.land(at);
            let hidden = self.slot();
            self.emit(Op::Store(hidden));
            // The block was checked above, where it is reached that way.
            let problems = self.problems.len();
            self.block(finally);
            if end.is_some() {
                self.problems.truncate(problems);
            }
            self.emit(Op::Load(hidden));
            self.emit(Op::Throw);
            if let Some(end) = end {
                self.land(end);
            }
        }
        Ok(reached)
    }

    fn switch(
        &mut self,
        pos: Pos,
        on: &'b crate::ast::Expr,
        whens: &'b [(When, Vec<Stmt>)],
        otherwise: Option<&'b [Stmt]>,
    ) -> Checked<bool> {
        let ty = self.expr(on)?;
        let allowed = matches!(ty, Ty::Int | Ty::Long | Ty::Str | Ty::Record(_) | Ty::Id)
            || matches!(&ty, Ty::Class(id) if self.builder.class(*id).kind == crate::ast::ClassKind::Enum);
        if !allowed {
            return refuse(on.pos, format!("Switch expression must be of type Integer, Long, String, enum or SObject: {}", self.show(&ty)));
        }
        if whens.is_empty() {
            return refuse(pos, "Switch statements must have at least one when");
        }
        let hidden = self.slot();
        self.emit(Op::Store(hidden));
        let mut ends = Vec::new();
        let mut reached = otherwise.is_none();
        for (when, stmts) in whens {
            let next = self.next;
            self.scopes.push(Vec::new());
            let skips = match when {
                When::Type(of, name) => {
                    self.line = of.pos.line;
                    let of_ty = self.builder.resolve(of, Some(self.class))?;
                    if !matches!((&ty, &of_ty), (Ty::Record(_), Ty::Record(Some(_)))) {
                        return refuse(of.pos, format!("When type is not valid for {}", self.show(&ty)));
                    }
                    self.emit(Op::Load(hidden));
                    let at = self.ty(&of_ty);
                    self.emit(Op::InstanceOf(at));
                    let skip = self.emit(Op::JumpIfFalse(0));
                    let slot = self.declare(name, of.pos, of_ty)?;
                    self.emit(Op::Load(hidden));
                    self.emit(Op::Store(slot));
                    skip
                }
                When::Values(values) => {
                    let mut hits = Vec::new();
                    for value in values {
                        self.line = value.pos.line;
                        self.emit(Op::Load(hidden));
                        self.when_value(&ty, value)?;
                        self.emit(Op::SameCase);
                        hits.push(self.emit(Op::JumpIfTrue(0)));
                    }
                    let skip = self.emit(Op::Jump(0));
                    for hit in hits {
                        self.land(hit);
                    }
                    skip
                }
            };
            let on = self.block(stmts);
            self.scopes.pop();
            self.next = next;
            reached = reached || on;
            ends.push(self.emit(Op::Jump(0)));
            self.land(skips);
        }
        if let Some(otherwise) = otherwise {
            let on = self.block(otherwise);
            reached = reached || on;
        }
        for end in ends {
            self.land(end);
        }
        Ok(reached)
    }

    fn when_value(&mut self, ty: &Ty, value: &'b crate::ast::Expr) -> Checked<()> {
        if let (Ty::Class(id), ExprKind::Name(name)) = (ty, &value.kind) {
            let class = self.builder.class(*id);
            let Some(at) = class.constants.iter().position(|own| own.eq_ignore_ascii_case(name)) else {
                return refuse(value.pos, format!("Enum value does not exist: {name}"));
            };
            self.emit(Op::EnumValue(*id, at as u16));
            return Ok(());
        }
        let literal = match &value.kind {
            ExprKind::Negate(of) => matches!(of.kind, ExprKind::Int(_) | ExprKind::Long(_)),
            kind => matches!(kind, ExprKind::Null | ExprKind::Int(_) | ExprKind::Long(_) | ExprKind::Text(_)),
        };
        if !literal {
            return refuse(value.pos, "When values must be literals or enum constants");
        }
        let from = self.expr(value)?;
        self.coerce(&from, ty, value.pos)
    }
}
