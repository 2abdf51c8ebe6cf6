//! Calls: which method is meant.

use super::body::Body;
use super::names::Found;
use super::{Checked, refuse};
use crate::ast::{Expr, ExprKind, Pos};
use crate::code::Op;
use crate::library::registry;
use crate::ty::Ty;

/// An argument that is on the stack: its type, and where a conversion of it can be put.
struct Arg {
    ty: Ty,
    convert: usize,
    query: bool,
}

impl<'b> Body<'b, '_> {
    pub(super) fn call(&mut self, target: Option<&'b Expr>, name: &str, args: &'b [Expr], safe: bool, pos: Pos) -> Checked<Ty> {
        let lower = name.to_ascii_lowercase();
        let Some(target) = target else {
            if matches!(&*lower, "this" | "super") {
                return refuse(pos, format!("Call to '{lower}()' must be the first statement in a constructor method"));
            }
            return self.own_call(name, &lower, args, pos);
        };
        let found = match &target.kind {
            // `record.Field.addError(…)` is said of the field, whose value does not count.
            ExprKind::Field { target: of, name: field, safe } if lower == "adderror" => {
                let of_found = self.found(of)?;
                if let Found::Value(Ty::Record(Some(object))) = &of_found
                    && let Some(own) = self.builder.object(object).and_then(|object| object.field(field).map(|field| field.name.clone()))
                {
                    return self.field_error(&own, args, name, pos);
                }
                self.member(of_found, of, field, *safe, target.pos)?
            }
            _ => self.found(target)?,
        };
        self.line = pos.line;
        match found {
            Found::Value(ty) => {
                if safe {
                    let jump = self.emit(Op::JumpIfNull(0));
                    self.safe.push(jump);
                }
                // Methods of the only record of a query.
                let ty = match &ty {
                    Ty::List(of) if matches!(target.kind, ExprKind::Query(_)) && registry().methods("list", &lower, false).is_empty() => {
                        self.emit(Op::OnlyRow);
                        (**of).clone()
                    }
                    _ => ty,
                };
                self.value_call(&ty, name, &lower, args, pos)
            }
            Found::Super => {
                let Some(parent) = self.builder.class(self.class).parent.filter(|_| !self.is_static) else {
                    return refuse(pos, format!("Method does not exist or incorrect signature: void {name}()"));
                };
                self.emit(Op::Load(0));
                self.class_call(parent, name, &lower, args, pos, Way::Super)
            }
            Found::Type(Ty::Class(id)) => self.static_call(id, name, &lower, args, pos),
            Found::Type(ty) => {
                let owner = crate::library::owner(&ty, &self.builder.classes);
                self.holder_call(owner, &self.show(&ty), name, &lower, args, pos)
            }
            Found::Holder(holder) => self.holder_call(&holder, &holder, name, &lower, args, pos),
        }
    }

    fn field_error(&mut self, field: &str, args: &'b [Expr], name: &str, pos: Pos) -> Checked<Ty> {
        let at = self.text(field);
        self.emit(Op::Const(at));
        let args = self.args(args)?;
        self.line = pos.line;
        let message =
            args.first().is_some_and(|arg| arg.ty == Ty::Str || matches!(&arg.ty, Ty::Class(id) if self.builder.class(*id).is_exception));
        let escapes = args.get(1).is_none_or(|arg| arg.ty == Ty::Bool);
        if !message || !escapes || args.len() > 2 {
            return self.unknown(name, &args, "", pos);
        }
        if args.len() == 2 {
            self.emit(Op::Pop);
        }
        self.native("internal", "field_error", 3);
        Ok(Ty::Void)
    }

    fn args(&mut self, args: &'b [Expr]) -> Checked<Vec<Arg>> {
        let mut out = Vec::with_capacity(args.len());
        if args.len() > 40 {
            return refuse(args[0].pos, "Too many arguments");
        }
        for arg in args {
            let ty = self.expr(arg)?;
            if ty == Ty::Void {
                return refuse(arg.pos, "Expression has no value");
            }
            let convert = self.emit(Op::Nop);
            out.push(Arg { ty, convert, query: matches!(arg.kind, ExprKind::Query(_)) });
        }
        Ok(out)
    }

    /// Converts arguments to what a method takes.
    fn fit(&mut self, args: &[Arg], params: &[Ty]) {
        for (arg, param) in args.iter().zip(params) {
            if arg.query && matches!((&arg.ty, param), (Ty::List(_), Ty::Record(_))) {
                self.code.ops[arg.convert] = Op::OnlyRow;
                continue;
            }
            let conv = self.builder.convert(&arg.ty, param).flatten();
            self.convert_at(arg.convert, conv);
        }
    }

    /// How well arguments fit; less is better. `None` where they don't.
    fn distance(&self, args: &[Arg], params: &[Ty]) -> Option<u32> {
        if args.len() != params.len() {
            return None;
        }
        let mut sum = 0;
        for (arg, param) in args.iter().zip(params) {
            if arg.query && matches!((&arg.ty, param), (Ty::List(of), Ty::Record(_)) if self.builder.convert(of, param).is_some()) {
                sum += 20;
                continue;
            }
            let conv = self.builder.convert(&arg.ty, param)?;
            sum += match (&arg.ty, param) {
                (a, b) if a == b => 0,
                (Ty::Null, Ty::Object) => 5,
                (Ty::Null, _) => 1,
                (_, Ty::Object) => 200,
                (Ty::Int, Ty::Long) => 2,
                (Ty::Int | Ty::Long, Ty::Double) => 4,
                (Ty::Int | Ty::Long | Ty::Double, Ty::Decimal) => 3,
                (Ty::Class(a), Ty::Class(b)) => 1 + self.builder.class(*a).is_a.iter().position(|of| of == b).unwrap_or(0) as u32,
                _ if conv.is_some() => 8,
                _ => 4,
            };
        }
        Some(sum)
    }

    fn unknown<T>(&self, name: &str, args: &[Arg], from: &str, pos: Pos) -> Checked<T> {
        let shown: Vec<String> = args.iter().map(|arg| self.show(&arg.ty)).collect();
        let from = if from.is_empty() { String::new() } else { format!(" from the type {from}") };
        refuse(pos, format!("Method does not exist or incorrect signature: void {name}({}){from}", shown.join(", ")))
    }

    /// The best of a class's methods, its parents' among them.
    fn pick(&self, class: u32, name: &str, args: &[Arg], is_static: Option<bool>) -> Option<u32> {
        let mut best: Option<(u32, u32)> = None;
        for of in &self.builder.class(class).is_a {
            for id in self.builder.class(*of).methods.get(name).into_iter().flatten() {
                let method = self.builder.method(*id);
                if is_static.is_some_and(|want| want != method.is_static) {
                    continue;
                }
                if let Some(distance) = self.distance(args, &method.params)
                    && best.is_none_or(|(least, _)| distance < least)
                {
                    best = Some((distance, *id));
                }
            }
        }
        best.map(|(_, id)| id)
    }

    fn own_call(&mut self, name: &str, lower: &str, args: &'b [Expr], pos: Pos) -> Checked<Ty> {
        // Of this class, or a static of the class around it. The receiver goes below the arguments.
        let receiver = if self.is_static { None } else { Some(self.emit(Op::Load(0))) };
        let args = self.args(args)?;
        self.line = pos.line;
        let own = self.pick(self.class, lower, &args, if self.is_static { Some(true) } else { None });
        let outer = || self.builder.class(self.class).outer.and_then(|outer| self.pick(outer, lower, &args, Some(true)));
        let Some(id) = own.or_else(outer) else {
            if self.is_static && self.pick(self.class, lower, &args, None).is_some() {
                let shown: Vec<String> = args.iter().map(|arg| self.show(&arg.ty)).collect();
                return refuse(
                    pos,
                    format!("Non static method cannot be referenced from a static context: void {name}({})", shown.join(", ")),
                );
            }
            let from = self.builder.class(self.class).full_name.clone();
            return self.unknown(name, &args, &from, pos);
        };
        let method = self.builder.method(id);
        self.fit(&args, &method.params);
        if method.is_static {
            // There is no receiver after all.
            if let Some(receiver) = receiver {
                self.code.ops[receiver] = Op::Nop;
            }
            self.init(method.class);
            self.emit(Op::Call(id));
        } else {
            self.invoke(id, args.len(), Way::Plain);
        }
        Ok(method.returns.clone())
    }

    fn invoke(&mut self, id: u32, args: usize, way: Way) {
        let method = self.builder.method(id);
        if method.is_virtual && way == Way::Plain {
            let selector = method.selector.clone();
            let at = self.text(&selector);
            self.emit(Op::CallVirtual(at, args as u8));
        } else {
            self.emit(Op::Call(id));
        }
    }

    fn class_call(&mut self, class: u32, name: &str, lower: &str, args: &'b [Expr], pos: Pos, way: Way) -> Checked<Ty> {
        let args = self.args(args)?;
        self.line = pos.line;
        let Some(id) = self.pick(class, lower, &args, Some(false)) else {
            // What every object has.
            if let Some(ty) = self.object_call(lower, &args) {
                return Ok(ty);
            }
            let from = self.builder.class(class).full_name.clone();
            return self.unknown(name, &args, &from, pos);
        };
        let method = self.builder.method(id);
        if !self.sees(method.visible, method.class) {
            return refuse(
                pos,
                format!(
                    "Method is not visible: {} {}.{}",
                    self.show(&method.returns),
                    self.builder.class(method.class).full_name,
                    super::declare::shown_signature(method, self.builder)
                ),
            );
        }
        if way == Way::Super && method.is_abstract {
            return refuse(pos, format!("Abstract methods cannot be called: {name}"));
        }
        self.fit(&args, &method.params);
        self.invoke(id, args.len(), way);
        Ok(method.returns.clone())
    }

    fn static_call(&mut self, class: u32, name: &str, lower: &str, args: &'b [Expr], pos: Pos) -> Checked<Ty> {
        let of = self.builder.class(class);
        let full = of.full_name.clone();
        // The platform's own classes have methods that are made here.
        if of.is_prelude && registry().has_owner(&full.to_ascii_lowercase()) && self.pick_name(class, lower).is_none() {
            return self.holder_call(&full.to_ascii_lowercase(), &full, name, lower, args, pos);
        }
        if of.kind == crate::ast::ClassKind::Enum && lower == "values" && args.is_empty() {
            let at = self.ty(&Ty::Class(class));
            self.emit(Op::TypeOf(at));
            self.native("internal", "enum_values", 1);
            return Ok(Ty::list(Ty::Class(class)));
        }
        if of.kind == crate::ast::ClassKind::Enum && lower == "valueof" && args.len() == 1 {
            self.expr_to(&args[0], &Ty::Str)?;
            let at = self.ty(&Ty::Class(class));
            self.emit(Op::TypeOf(at));
            self.native("internal", "enum_value_of", 2);
            return Ok(Ty::Class(class));
        }
        let args = self.args(args)?;
        self.line = pos.line;
        let Some(id) = self.pick(class, lower, &args, Some(true)) else { return self.unknown(name, &args, &full, pos) };
        let method = self.builder.method(id);
        if !self.sees(method.visible, method.class) {
            return refuse(
                pos,
                format!(
                    "Method is not visible: {} {}.{}",
                    self.show(&method.returns),
                    full,
                    super::declare::shown_signature(method, self.builder)
                ),
            );
        }
        self.fit(&args, &method.params);
        self.init(method.class);
        self.emit(Op::Call(id));
        Ok(method.returns.clone())
    }

    fn pick_name(&self, class: u32, name: &str) -> Option<u32> {
        self.builder.class(class).methods.get(name).and_then(|methods| methods.first()).copied()
    }

    fn holder_call(&mut self, holder: &str, shown: &str, name: &str, lower: &str, args: &'b [Expr], pos: Pos) -> Checked<Ty> {
        let args = self.args(args)?;
        self.line = pos.line;
        let ids = registry().methods(holder, lower, true);
        let best = ids.iter().filter_map(|id| Some((self.distance(&args, &registry().native(*id).params)?, *id))).min();
        let Some((_, id)) = best else {
            if crate::library::absent(holder, lower) {
                return refuse(pos, format!("{shown}.{name} is not supported here"));
            }
            return self.unknown(name, &args, shown, pos);
        };
        let native = registry().native(id);
        self.fit(&args, &native.params);
        if let ("database", "query" | "countquery") = (holder, lower) {
            self.scope_values(pos)?;
            self.native("internal", if lower == "query" { "query_here" } else { "count_here" }, args.len() as u8 + 1);
        } else {
            self.emit(Op::CallNative(id, args.len() as u8));
        }
        Ok(native.returns.clone())
    }

    fn value_call(&mut self, ty: &Ty, name: &str, lower: &str, args: &'b [Expr], pos: Pos) -> Checked<Ty> {
        if let Ty::Class(id) = ty
            && self.builder.class(*id).kind != crate::ast::ClassKind::Enum
        {
            return self.class_call(*id, name, lower, args, pos, Way::Plain);
        }
        let args = self.args(args)?;
        self.line = pos.line;
        let owner = crate::library::owner(ty, &self.builder.classes);
        let of: Vec<Ty> = match ty {
            Ty::List(of) | Ty::Set(of) => vec![(**of).clone()],
            Ty::Map(of) => vec![of.0.clone(), of.1.clone()],
            _ => Vec::new(),
        };
        let registry = registry();
        let mut best: Option<(u32, u32, Vec<Ty>)> = None;
        let owners = [owner, if matches!(ty, Ty::Id) { "string" } else { "object" }];
        for owner in owners {
            for id in registry.methods(owner, lower, false) {
                let params: Vec<Ty> = registry.native(*id).params.iter().map(|param| param.with(&of)).collect();
                // Collections are asked for what they can't hold, too.
                let loose = matches!(lower, "contains" | "containskey" | "indexof" | "remove" | "get")
                    && matches!(ty, Ty::List(_) | Ty::Set(_) | Ty::Map(_));
                let distance = self.distance(&args, &params).or_else(|| {
                    let castable = loose
                        && params.len() == args.len()
                        && args.iter().zip(&params).all(|(arg, param)| self.builder.castable(&arg.ty, param));
                    castable.then_some(1000)
                });
                if let Some(distance) = distance
                    && best.as_ref().is_none_or(|(least, ..)| distance < *least)
                {
                    best = Some((distance, *id, params));
                }
            }
            if best.is_some() {
                break;
            }
        }
        let Some((_, id, params)) = best else {
            if crate::library::absent(owner, lower) {
                return refuse(pos, format!("{}.{name} is not supported here", self.show(ty)));
            }
            let shown = self.show(ty);
            return self.unknown(name, &args, &shown, pos);
        };
        self.fit(&args, &params);
        self.emit(Op::CallNative(id, args.len() as u8 + 1));
        let native = registry.native(id);
        // Clones are of the same type, described objects keep what they describe.
        if native.same {
            return Ok(ty.clone());
        }
        Ok(native.returns.with(&of))
    }

    /// `toString`, `hashCode` and `equals` of an instance whose class has none.
    fn object_call(&mut self, lower: &str, args: &[Arg]) -> Option<Ty> {
        let registry = registry();
        let id = registry.methods("object", lower, false).iter().find(|id| self.distance(args, &registry.native(**id).params).is_some())?;
        let params = registry.native(*id).params.clone();
        self.fit(args, &params);
        self.emit(Op::CallNative(*id, args.len() as u8 + 1));
        Some(registry.native(*id).returns.clone())
    }

    /// Calls the constructor of a class on the instance on the stack.
    pub(super) fn construct(&mut self, class: u32, args: &'b [Expr], pos: Pos) -> Checked<()> {
        let args = self.args(args)?;
        self.line = pos.line;
        let mut at = Some(class);
        let mut own = true;
        while let Some(id) = at {
            let of = self.builder.class(id);
            let best = of.constructors.iter().filter_map(|id| Some((self.distance(&args, &self.builder.method(*id).params)?, *id))).min();
            if let Some((_, constructor)) = best {
                let method = self.builder.method(constructor);
                if own && !self.sees(method.visible, method.class) && !self.is_ancestor(class) {
                    return refuse(pos, format!("Constructor is not visible: [{}].<Constructor>", of.full_name));
                }
                self.fit(&args, &method.params);
                self.emit(Op::Call(constructor));
                return Ok(());
            }
            // Exceptions have their parent's constructors; a class without any has one without parameters.
            if !of.is_exception {
                if args.is_empty() && of.constructors.is_empty() {
                    return self.default_constructor(id, pos);
                }
                break;
            }
            own = false;
            at = of.parent;
        }
        let shown: Vec<String> = args.iter().map(|arg| self.show(&arg.ty)).collect();
        refuse(pos, format!("Constructor not defined: [{}].<Constructor>({})", self.builder.class(class).full_name, shown.join(", ")))
    }

    fn is_ancestor(&self, class: u32) -> bool {
        self.builder.class(self.class).is_a.contains(&class)
    }

    /// What the constructor of a class that declares none does.
    fn default_constructor(&mut self, class: u32, pos: Pos) -> Checked<()> {
        let of = self.builder.class(class);
        let (parent, init) = (of.parent, of.instance_init);
        match (parent, init) {
            (None, None) => {
                self.emit(Op::Pop);
            }
            (None, Some(init)) => {
                self.emit(Op::Call(init));
            }
            (Some(parent), init) => {
                if init.is_some() {
                    self.emit(Op::Dup);
                }
                self.construct(parent, &[], pos)?;
                if let Some(init) = init {
                    self.emit(Op::Call(init));
                }
            }
        }
        Ok(())
    }

    /// `this(…)` and `super(…)`, which begin a constructor.
    pub(super) fn own_constructor(&mut self, word: &str, args: &'b [Expr], pos: Pos) -> Checked<()> {
        if !self.makes || self.is_static {
            return refuse(pos, format!("Call to '{word}()' must be the first statement in a constructor method"));
        }
        self.emit(Op::Load(0));
        if word == "this" {
            return self.construct(self.class, args, pos);
        }
        let Some(parent) = self.builder.class(self.class).parent else {
            return refuse(pos, "Class has no parent: super() can't be called");
        };
        self.construct(parent, args, pos)?;
        self.own_init(self.class);
        Ok(())
    }
}

/// How a method is called.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Plain,
    Super,
}
