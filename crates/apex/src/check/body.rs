//! The bodies of methods: variables, steps, pools.

use super::{Builder, Checked, Declared, refuse};
use crate::ast::{Expr, ExprKind, Member, Pos, Problem, Stmt};
use crate::code::{Code, Const, Conv, Op};
use crate::schema::ObjectInfo;
use crate::ty::Ty;
use std::collections::HashSet;
use std::sync::Arc;

/// Most steps of a method.
const MAX_STEPS: usize = 400_000;

/// A method while it is made.
pub(super) struct Body<'b, 'a> {
    pub(super) builder: &'b Builder<'a>,
    pub(super) class: u32,
    pub(super) is_static: bool,
    /// Whether finals may be set.
    pub(super) makes: bool,
    pub(super) returns: Ty,
    /// The lower-case name of the property whose accessor this is.
    pub(super) accessor_of: Option<String>,
    /// The object of a trigger.
    pub(super) trigger: Option<Arc<ObjectInfo>>,
    pub(super) code: Code,
    /// Variables by block: lower-case name, slot, type.
    pub(super) scopes: Vec<Vec<(String, u16, Ty)>>,
    /// Slots of variables that have their last values.
    pub(super) finals: HashSet<u16>,
    pub(super) next: u16,
    pub(super) line: u32,
    pub(super) loops: Vec<Loop>,
    /// Blocks that have to be left: with `finally`s, whose statements are run on the way.
    pub(super) tries: Vec<Try<'b>>,
    /// Jumps of `?.` that end where their chain does.
    pub(super) safe: Vec<usize>,
    pub(super) problems: Vec<Problem>,
}

/// A loop that is being compiled.
pub(super) struct Loop {
    pub breaks: Vec<usize>,
    pub continues: Vec<usize>,
    /// How many `try`s are around it.
    pub tries: usize,
}

/// A `try` that is being compiled.
#[derive(Clone, Copy)]
pub(super) struct Try<'b> {
    /// Whether its handler is in force.
    pub armed: bool,
    pub finally: Option<&'b [Stmt]>,
}

impl Builder<'_> {
    /// Compiles what the classes' methods do.
    pub(super) fn bodies(&mut self, declared: &[Declared<'_>], errors: &mut Vec<(usize, Problem)>) {
        // Every class's own initialisers are known by number before bodies refer to them.
        for item in declared {
            let (has_static, has_instance) = initialisers(item);
            let mut add = |name: &str, is_static: bool| {
                let trace = if self.prelude { "".into() } else { format!("Class.{}.{name}", self.class(item.class).full_name).into() };
                self.methods.push(Arc::new(crate::code::Method {
                    name: name.into(),
                    class: item.class,
                    is_static,
                    is_virtual: false,
                    is_abstract: false,
                    is_override: false,
                    visible: crate::code::Visible::Private,
                    params: Vec::new(),
                    param_names: Vec::new(),
                    returns: Ty::Void,
                    selector: "".into(),
                    trace,
                    code: Code::default(),
                }));
                self.methods.len() as u32 - 1
            };
            let static_init = has_static.then(|| add("<clinit>", true));
            let instance_init = has_instance.then(|| add("<init>", false));
            let class = Arc::make_mut(&mut self.classes[item.class as usize]);
            class.static_init = static_init;
            class.instance_init = instance_init;
        }
        let mut done: Vec<(u32, Code)> = Vec::new();
        for item in declared {
            self.class_bodies(item, &mut done, errors);
        }
        for (method, code) in done {
            Arc::make_mut(&mut self.methods[method as usize]).code = code;
        }
    }

    fn class_bodies(&self, item: &Declared<'_>, done: &mut Vec<(u32, Code)>, errors: &mut Vec<(usize, Problem)>) {
        let class = self.class(item.class);
        for (init, is_static) in [(class.static_init, true), (class.instance_init, false)] {
            let Some(init) = init else { continue };
            let mut body = Body::new(self, item.class, is_static, Ty::Void);
            body.makes = true;
            for member in &item.decl.members {
                let problem = match member {
                    Member::Field { modifiers, name, pos, init: Some(init), .. } if modifiers.has("static") == is_static => {
                        body.initial(name, *pos, init)
                    }
                    Member::Init { is_static: own, body: stmts, .. } if *own == is_static => {
                        body.block(stmts);
                        Ok(())
                    }
                    _ => Ok(()),
                };
                body.problems.extend(problem.err());
            }
            body.emit(Op::ReturnVoid);
            body.finish(init, item.unit, done, errors);
        }
        for member in &item.decl.members {
            match member {
                Member::Method(decl) => {
                    let Some(stmts) = &decl.body else { continue };
                    let ids: &[u32] = match &decl.returns {
                        None => &class.constructors,
                        Some(_) => class.methods.get(&decl.name.to_ascii_lowercase()).map_or(&[], Vec::as_slice),
                    };
                    let found = ids.iter().find(|id| {
                        let own = self.method(**id);
                        let same = own.params.len() == decl.params.len();
                        same && decl
                            .params
                            .iter()
                            .zip(&own.params)
                            .all(|((ty, _), own)| self.resolve(ty, Some(item.class)).as_ref() == Ok(own))
                    });
                    let Some(&id) = found else { continue };
                    let method = self.method(id);
                    let mut body = Body::new(self, item.class, method.is_static, method.returns.clone());
                    for ((_, name), ty) in decl.params.iter().zip(&method.params) {
                        body.variable(name, ty.clone());
                    }
                    if decl.returns.is_none() {
                        body.makes = true;
                        body.line = decl.pos.line;
                        body.constructor(stmts);
                    }
                    if body.block(stmts) {
                        body.line = decl.end.line;
                        if body.returns != Ty::Void {
                            let text = format!("Missing return statement required return type: {}", body.returns.show(&self.classes));
                            body.problems.push(Problem::new(decl.end, text));
                        }
                        body.emit(Op::ReturnVoid);
                    }
                    body.finish(id, item.unit, done, errors);
                }
                Member::Property { name, get, set, .. } => {
                    let Some(field) = class.fields.get(&name.to_ascii_lowercase()) else { continue };
                    for (accessor, id) in [(get, field.getter), (set, field.setter)] {
                        let (Some(accessor), Some(id)) = (accessor, id) else { continue };
                        let Some(stmts) = &accessor.body else { continue };
                        let method = self.method(id);
                        let mut body = Body::new(self, item.class, field.is_static, method.returns.clone());
                        for ty in &method.params {
                            body.variable("value", ty.clone());
                        }
                        body.makes = true;
                        body.accessor_of = Some(name.to_ascii_lowercase());
                        if body.block(stmts) {
                            if body.returns != Ty::Void {
                                let text = format!("Missing return statement required return type: {}", body.returns.show(&self.classes));
                                body.problems.push(Problem::new(accessor.pos, text));
                            }
                            body.emit(Op::ReturnVoid);
                        }
                        body.finish(id, item.unit, done, errors);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether a class has initialisers of its statics, and of instances.
fn initialisers(item: &Declared<'_>) -> (bool, bool) {
    let mut found = (false, false);
    for member in &item.decl.members {
        let is_static = match member {
            Member::Field { modifiers, init: Some(_), .. } => modifiers.has("static"),
            Member::Init { is_static, .. } => *is_static,
            _ => continue,
        };
        if is_static {
            found.0 = true;
        } else {
            found.1 = true;
        }
    }
    found
}

/// Compiles statements that are no method's: a trigger's, an anonymous block's.
pub(super) fn compile_block(builder: &Builder<'_>, class: u32, trigger: Option<Arc<ObjectInfo>>, stmts: &[Stmt]) -> (Code, Vec<Problem>) {
    let mut body = Body::new(builder, class, true, Ty::Void);
    body.trigger = trigger;
    if body.block(stmts) {
        body.emit(Op::ReturnVoid);
    }
    body.check_size();
    (body.code, body.problems)
}

impl<'b, 'a> Body<'b, 'a> {
    pub(super) fn new(builder: &'b Builder<'a>, class: u32, is_static: bool, returns: Ty) -> Self {
        let next = u16::from(!is_static);
        Body {
            builder,
            class,
            is_static,
            makes: false,
            accessor_of: None,
            returns,
            trigger: None,
            code: Code { locals: next, ..Code::default() },
            scopes: vec![Vec::new()],
            finals: HashSet::new(),
            next,
            line: 1,
            loops: Vec::new(),
            tries: Vec::new(),
            safe: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn check_size(&mut self) {
        if self.code.ops.len() > MAX_STEPS {
            self.problems.push(Problem::new(Pos { line: self.line, column: 1 }, "Method is too large"));
        }
    }

    fn finish(mut self, method: u32, unit: usize, done: &mut Vec<(u32, Code)>, errors: &mut Vec<(usize, Problem)>) {
        self.check_size();
        errors.extend(self.problems.into_iter().map(|problem| (unit, problem)));
        done.push((method, self.code));
    }

    pub(super) fn emit(&mut self, op: Op) -> usize {
        if self.code.ops.len() <= MAX_STEPS {
            self.code.ops.push(op);
            self.code.lines.push(self.line);
        }
        self.code.ops.len() - 1
    }

    pub(super) fn here(&self) -> u32 {
        self.code.ops.len() as u32
    }

    /// Lets a jump lead here.
    pub(super) fn land(&mut self, at: usize) {
        let here = self.here();
        if let Some(
            Op::Jump(to)
            | Op::JumpIfFalse(to)
            | Op::JumpIfTrue(to)
            | Op::JumpIfNull(to)
            | Op::JumpIfSome(to)
            | Op::TryPush(to)
            | Op::Next(to),
        ) = self.code.ops.get_mut(at)
        {
            *to = here;
        }
    }

    pub(super) fn text(&mut self, text: &str) -> u32 {
        let found = self.code.consts.iter().position(|own| matches!(own, Const::Str(own) if &**own == text));
        found.unwrap_or_else(|| {
            self.code.consts.push(Const::Str(text.into()));
            self.code.consts.len() - 1
        }) as u32
    }

    pub(super) fn constant(&mut self, value: Const) {
        self.code.consts.push(value);
        let at = self.code.consts.len() as u32 - 1;
        self.emit(Op::Const(at));
    }

    pub(super) fn ty(&mut self, ty: &Ty) -> u32 {
        let found = self.code.types.iter().position(|own| own == ty);
        found.unwrap_or_else(|| {
            self.code.types.push(ty.clone());
            self.code.types.len() - 1
        }) as u32
    }

    pub(super) fn object(&mut self, object: &Arc<ObjectInfo>) -> u16 {
        let found = self.code.objects.iter().position(|own| own.name == object.name);
        found.unwrap_or_else(|| {
            self.code.objects.push(object.clone());
            self.code.objects.len() - 1
        }) as u16
    }

    pub(super) fn show(&self, ty: &Ty) -> String {
        ty.show(&self.builder.classes)
    }

    /// A slot for a variable that has a name.
    pub(super) fn variable(&mut self, name: &str, ty: Ty) -> u16 {
        let slot = self.slot();
        self.finals.remove(&slot);
        if let Some(scope) = self.scopes.last_mut() {
            scope.push((name.to_ascii_lowercase(), slot, ty));
        }
        slot
    }

    /// A slot.
    pub(super) fn slot(&mut self) -> u16 {
        let slot = self.next;
        self.next = self.next.saturating_add(1);
        self.code.locals = self.code.locals.max(self.next);
        slot
    }

    pub(super) fn declare(&mut self, name: &str, pos: Pos, ty: Ty) -> Checked<u16> {
        if self.local(name).is_some() {
            return refuse(pos, format!("Duplicate variable: {name}"));
        }
        if self.next >= 20_000 {
            return refuse(pos, "Too many variables");
        }
        if ty == Ty::Void {
            return refuse(pos, "Invalid type: void");
        }
        Ok(self.variable(name, ty))
    }

    pub(super) fn local(&self, name: &str) -> Option<(u16, Ty)> {
        let lower = name.to_ascii_lowercase();
        self.scopes.iter().rev().flatten().find(|(own, ..)| *own == lower).map(|(_, slot, ty)| (*slot, ty.clone()))
    }

    /// Emits what makes a value of one type one of another, or refuses.
    pub(super) fn coerce(&mut self, from: &Ty, to: &Ty, pos: Pos) -> Checked<()> {
        match self.builder.convert(from, to) {
            Some(conv) => {
                if let Some(conv) = conv {
                    self.emit(Op::Convert(conv));
                }
                Ok(())
            }
            None => refuse(pos, format!("Illegal assignment from {} to {}", self.show(from), self.show(to))),
        }
    }

    /// The value of an expression as a type. A query may be the only record that it finds.
    pub(super) fn expr_to(&mut self, expr: &'b Expr, to: &Ty) -> Checked<()> {
        let from = self.expr(expr)?;
        if matches!(expr.kind, ExprKind::Query(_))
            && let (Ty::List(of), Ty::Record(_) | Ty::Class(_)) = (&from, to)
            && let Some(None) = self.builder.convert(of, to)
        {
            self.emit(Op::OnlyRow);
            return Ok(());
        }
        self.coerce(&from, to, expr.pos)
    }

    pub(super) fn condition(&mut self, expr: &'b Expr) -> Checked<()> {
        match self.expr(expr)? {
            Ty::Bool => Ok(()),
            _ => refuse(expr.pos, "Condition expression must be of type Boolean"),
        }
    }

    /// The place of a conversion that is found out later.
    pub(super) fn convert_at(&mut self, at: usize, conv: Option<Conv>) {
        if let (Some(conv), Some(op)) = (conv, self.code.ops.get_mut(at)) {
            *op = Op::Convert(conv);
        }
    }

    /// The first value of a field.
    fn initial(&mut self, name: &str, pos: Pos, init: &'b Expr) -> Checked<()> {
        let Some(field) = self.builder.class(self.class).fields.get(&name.to_ascii_lowercase()).cloned() else { return Ok(()) };
        self.line = pos.line;
        if !field.is_static {
            self.emit(Op::Load(0));
        }
        self.expr_to(init, &field.ty)?;
        self.emit(if field.is_static { Op::SetStatic(field.class, field.slot) } else { Op::SetField(field.slot) });
        self.emit(Op::Pop);
        Ok(())
    }

    /// What a constructor does ahead of its own statements: its parent's constructor, unless it calls one itself, and the
    /// first values of members.
    fn constructor(&mut self, stmts: &'b [Stmt]) {
        let called = match stmts.first() {
            Some(Stmt { kind: crate::ast::StmtKind::Expr(Expr { kind: ExprKind::Call { target: None, name, .. }, .. }), .. }) => {
                match &**name {
                    "this" => return,
                    "super" => true,
                    _ => false,
                }
            }
            _ => false,
        };
        if !called {
            let problem = self.parent_constructor();
            self.problems.extend(problem.err());
            self.own_init(self.class);
        }
    }

    /// Calls the initialiser of a class on the instance in the first slot.
    pub(super) fn own_init(&mut self, class: u32) {
        if let Some(init) = self.builder.class(class).instance_init {
            self.emit(Op::Load(0));
            self.emit(Op::Call(init));
        }
    }

    fn parent_constructor(&mut self) -> Checked<()> {
        let Some(parent) = self.builder.class(self.class).parent else { return Ok(()) };
        let pos = Pos { line: self.line, column: 1 };
        self.emit(Op::Load(0));
        self.construct(parent, &[], pos)
    }
}
