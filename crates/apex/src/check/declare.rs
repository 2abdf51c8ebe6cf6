//! Classes and what they are made of, before their bodies.

use super::{Builder, Checked, Declared, refuse};
use crate::ast::{ClassDecl, ClassKind, Member, MethodDecl, Modifiers, Pos, Problem};
use crate::code::{Class, Field, Method, Visible};
use crate::ty::Ty;
use std::sync::Arc;

/// Annotations that the language has and that mean nothing here.
const SILENT: &[&str] = &[
    "restresource",
    "httpget",
    "httppost",
    "httpput",
    "httppatch",
    "httpdelete",
    "invocablemethod",
    "invocablevariable",
    "auraenabled",
    "testvisible",
    "istest",
    "suppresswarnings",
    "deprecated",
    "readonly",
    "namespaceaccessible",
    "jsonaccess",
    "remoteaction",
    "testsetup",
];

pub(super) fn visible(modifiers: &Modifiers) -> Visible {
    if modifiers.has("global") || modifiers.has("webservice") {
        Visible::Global
    } else if modifiers.has("public") {
        Visible::Public
    } else if modifiers.has("protected") {
        Visible::Protected
    } else {
        Visible::Private
    }
}

fn annotations(modifiers: &Modifiers) -> Checked<()> {
    for annotation in &modifiers.annotations {
        if annotation.name == "future" {
            return refuse(annotation.pos, "@future is not supported here");
        }
        if !SILENT.contains(&annotation.name.as_str()) {
            return refuse(annotation.pos, format!("Annotation does not exist: {}", annotation.name));
        }
    }
    Ok(())
}

impl Builder<'_> {
    /// Enters a class and those inside it.
    pub(super) fn declare<'d>(
        &mut self,
        decl: &'d ClassDecl,
        outer: Option<u32>,
        unit: usize,
        declared: &mut Vec<Declared<'d>>,
    ) -> Checked<u32> {
        annotations(&decl.modifiers)?;
        let id = self.add_class(decl, outer)?;
        let key = decl.name.to_ascii_lowercase();
        match outer {
            Some(outer) => {
                if self.class(outer).outer.is_some() {
                    return refuse(decl.pos, "Inner types are not allowed to have inner types");
                }
                if self.class_mut(outer).inner.insert(key, id).is_some() {
                    return refuse(decl.pos, format!("Duplicate type name: {}", decl.name));
                }
            }
            None => {
                let taken = self.names.get(&key).is_some_and(|old| !self.class(*old).is_prelude);
                if taken {
                    return refuse(decl.pos, format!("Duplicate type name: {}", decl.name));
                }
                self.names.insert(key, id);
            }
        }
        declared.push(Declared { class: id, decl, unit });
        for member in &decl.members {
            if let Member::Inner(inner) = member {
                self.declare(inner, Some(id), unit, declared)?;
            }
        }
        Ok(id)
    }

    pub(super) fn add_class(&mut self, decl: &ClassDecl, outer: Option<u32>) -> Checked<u32> {
        let id = self.classes.len() as u32;
        let full_name: Arc<str> = match outer {
            Some(outer) => format!("{}.{}", self.class(outer).full_name, decl.name).into(),
            None => decl.name.as_str().into(),
        };
        let is_abstract = decl.modifiers.has("abstract");
        self.classes.push(Arc::new(Class {
            name: decl.name.as_str().into(),
            full_name,
            outer,
            kind: decl.kind,
            parent: None,
            is_a: vec![id],
            interfaces: Vec::new(),
            is_abstract,
            is_virtual: is_abstract || decl.modifiers.has("virtual"),
            is_exception: false,
            is_prelude: self.prelude,
            fields: Default::default(),
            slots: Vec::new(),
            statics: Vec::new(),
            methods: Default::default(),
            constructors: Vec::new(),
            inner: Default::default(),
            constants: decl.constants.iter().map(|name| name.as_str().into()).collect(),
            table: Default::default(),
            static_init: None,
            instance_init: None,
        }));
        Ok(id)
    }

    /// Parents, members and tables of methods.
    pub(super) fn link(&mut self, declared: &[Declared<'_>], errors: &mut Vec<(usize, Problem)>) {
        for item in declared {
            if let Err(problem) = self.heads(item) {
                errors.push((item.unit, problem));
            }
        }
        // Parents first, so that a class's slots follow theirs.
        let mut done = vec![false; self.classes.len()];
        let first = declared.first().map_or(self.classes.len(), |item| item.class as usize);
        done.iter_mut().take(first).for_each(|done| *done = true);
        let mut order = Vec::with_capacity(declared.len());
        for item in declared {
            let mut path = Vec::new();
            let mut at = Some(item.class);
            while let Some(id) = at.filter(|id| !done[*id as usize]) {
                if path.contains(&id) {
                    errors.push((item.unit, Problem::new(item.decl.pos, format!("Circular definition: {}", item.decl.name))));
                    self.class_mut(id).parent = None;
                    break;
                }
                path.push(id);
                at = self.class(id).parent;
            }
            for id in path.into_iter().rev() {
                done[id as usize] = true;
                order.push(id);
            }
        }
        let mut ordered: Vec<&Declared<'_>> = Vec::with_capacity(declared.len());
        for id in order {
            ordered.extend(declared.iter().find(|item| item.class == id));
        }
        for item in &ordered {
            self.ancestors(item.class);
        }
        for item in &ordered {
            if let Err(problem) = self.members(item) {
                errors.push((item.unit, problem));
            }
        }
        for item in &ordered {
            if let Err(problem) = self.table(item) {
                errors.push((item.unit, problem));
            }
        }
    }

    fn heads(&mut self, item: &Declared<'_>) -> Checked<()> {
        let (id, decl) = (item.class, item.decl);
        if let Some(extends) = &decl.extends {
            let Ty::Class(parent) = self.resolve(extends, Some(id))? else {
                return refuse(extends.pos, format!("Invalid class: {}", extends.text()));
            };
            let class = self.class(parent);
            if class.kind != ClassKind::Class {
                return refuse(extends.pos, format!("Invalid class: {}", extends.text()));
            }
            let exception = class.is_prelude && &*class.full_name == "Exception";
            if !class.is_virtual && !exception && !self.prelude {
                return refuse(extends.pos, format!("Non-virtual and non-abstract type cannot be extended: {}", class.full_name));
            }
            self.class_mut(id).parent = Some(parent);
        }
        for implements in &decl.implements {
            let Ty::Class(interface) = self.resolve(implements, Some(id))? else {
                return refuse(implements.pos, format!("Invalid interface: {}", implements.text()));
            };
            if self.class(interface).kind != ClassKind::Interface {
                return refuse(implements.pos, format!("Invalid interface: {}", implements.text()));
            }
            self.class_mut(id).interfaces.push(interface);
        }
        Ok(())
    }

    fn ancestors(&mut self, id: u32) {
        let mut all = vec![id];
        let mut at = 0;
        while at < all.len() && all.len() < 1000 {
            let class = self.class(all[at]);
            let more: Vec<u32> = class.parent.iter().chain(&class.interfaces).copied().filter(|more| !all.contains(more)).collect();
            for more in more {
                if !all.contains(&more) {
                    all.push(more);
                }
            }
            at += 1;
        }
        let is_exception = all.iter().any(|of| self.class(*of).is_prelude && &*self.class(*of).full_name == "Exception");
        let class = self.class_mut(id);
        class.is_a = all;
        class.is_exception = is_exception;
    }

    fn members(&mut self, item: &Declared<'_>) -> Checked<()> {
        let (id, decl) = (item.class, item.decl);
        if let Some(parent) = self.class(id).parent {
            let slots = self.class(parent).slots.clone();
            self.class_mut(id).slots = slots;
        }
        if self.class(id).is_exception && !self.prelude && !decl.name.to_ascii_lowercase().ends_with("exception") {
            return refuse(decl.pos, format!("Classes extending Exception must have a name ending in 'Exception': {}", decl.name));
        }
        for member in &decl.members {
            match member {
                Member::Field { modifiers, ty, name, pos, .. } => {
                    annotations(modifiers)?;
                    let ty = self.resolve(ty, Some(id))?;
                    self.add_field(id, modifiers, ty, name, *pos)?;
                }
                Member::Property { modifiers, ty, name, pos, get, set } => {
                    annotations(modifiers)?;
                    let ty = self.resolve(ty, Some(id))?;
                    self.add_field(id, modifiers, ty.clone(), name, *pos)?;
                    let is_static = modifiers.has("static");
                    let accessor = |builder: &mut Self, prefix: &str, params: Vec<Ty>, returns: Ty, virtual_: bool| {
                        let selector = format!("{prefix}{}", name.to_ascii_lowercase());
                        builder.methods.push(Arc::new(Method {
                            name: name.as_str().into(),
                            class: id,
                            is_static,
                            is_virtual: virtual_,
                            is_abstract: false,
                            is_override: true,
                            visible: Visible::Public,
                            param_names: params.iter().map(|_| "value".into()).collect(),
                            params,
                            returns,
                            selector: selector.into(),
                            trace: builder.trace(id, &format!("{prefix}{name}")),
                            code: Default::default(),
                        }));
                        builder.methods.len() as u32 - 1
                    };
                    let is_virtual = modifiers.has("virtual") || modifiers.has("override") || modifiers.has("abstract");
                    let getter =
                        get.as_ref().filter(|get| get.body.is_some()).map(|_| accessor(self, "__get_", Vec::new(), ty.clone(), is_virtual));
                    let setter = set
                        .as_ref()
                        .filter(|set| set.body.is_some())
                        .map(|_| accessor(self, "__set_", vec![ty.clone()], Ty::Void, is_virtual));
                    if is_virtual && (modifiers.has("abstract") || modifiers.has("override")) {
                        return refuse(*pos, "Abstract and overriding properties are not supported here");
                    }
                    let set_visible = set.as_ref().filter(|set| !set.modifiers.words.is_empty()).map(|set| visible(&set.modifiers));
                    if let Some(field) = self.class_mut(id).fields.get_mut(&name.to_ascii_lowercase()) {
                        field.getter = getter;
                        field.setter = setter;
                        field.is_property = true;
                        field.set_visible = set_visible;
                        field.readable = get.is_some();
                        field.writable = set.is_some();
                    }
                }
                Member::Method(method) => self.add_method(id, decl, method)?,
                Member::Init { .. } | Member::Inner(_) => {}
            }
        }
        Ok(())
    }

    fn trace(&self, class: u32, name: &str) -> Arc<str> {
        if self.prelude { "".into() } else { format!("Class.{}.{name}", self.class(class).full_name).into() }
    }

    fn add_field(&mut self, id: u32, modifiers: &Modifiers, ty: Ty, name: &str, pos: Pos) -> Checked<()> {
        let is_static = modifiers.has("static");
        if ty == Ty::Void {
            return refuse(pos, "Invalid type: void");
        }
        if self.class(id).kind == ClassKind::Interface {
            return refuse(pos, "Interfaces have no fields");
        }
        if is_static && self.class(id).outer.is_some() {
            return refuse(pos, "static can only be used on fields of a top level class type");
        }
        let class = self.class_mut(id);
        let transient = modifiers.has("transient");
        let slot = if is_static {
            class.statics.push(ty.clone());
            class.statics.len() - 1
        } else {
            class.slots.push((name.into(), ty.clone(), transient));
            class.slots.len() - 1
        };
        if slot >= usize::from(u16::MAX) {
            return refuse(pos, "Too many fields");
        }
        let field = Field {
            name: name.into(),
            ty,
            slot: slot as u16,
            is_static,
            is_final: modifiers.has("final"),
            visible: visible(modifiers),
            getter: None,
            setter: None,
            is_property: false,
            set_visible: None,
            readable: true,
            writable: true,
            class: id,
        };
        if class.fields.insert(name.to_ascii_lowercase(), field).is_some() {
            return refuse(pos, format!("Duplicate field: {name}"));
        }
        Ok(())
    }

    fn add_method(&mut self, id: u32, decl: &ClassDecl, method: &MethodDecl) -> Checked<()> {
        annotations(&method.modifiers)?;
        let mut params = Vec::with_capacity(method.params.len());
        for (ty, _) in &method.params {
            params.push(self.resolve(ty, Some(id))?);
        }
        if params.len() > 32 {
            return refuse(method.pos, "Invalid number of parameters: a method may have 32");
        }
        let modifiers = &method.modifiers;
        let interface = decl.kind == ClassKind::Interface;
        let is_abstract = interface || modifiers.has("abstract");
        let shown: Vec<String> = params.iter().map(|ty| ty.show(&self.classes)).collect();
        let selector = format!("{}({})", method.name.to_ascii_lowercase(), shown.join(","));
        let returns = match &method.returns {
            Some(ty) => self.resolve(ty, Some(id))?,
            None => Ty::Void,
        };
        let constructor = method.returns.is_none();
        if is_abstract && !interface && !self.class(id).is_abstract {
            return refuse(method.pos, format!("Class must be abstract to have abstract methods: {}", decl.name));
        }
        if modifiers.has("static") && self.class(id).outer.is_some() {
            return refuse(method.pos, "static can only be used on methods of a top level class type");
        }
        let name: Arc<str> = if constructor { "<init>".into() } else { method.name.as_str().into() };
        let new = self.methods.len() as u32;
        let is_override = modifiers.has("override");
        self.methods.push(Arc::new(Method {
            class: id,
            is_static: modifiers.has("static"),
            is_virtual: is_abstract || modifiers.has("virtual") || is_override,
            is_abstract,
            is_override,
            visible: if interface { Visible::Global } else { visible(modifiers) },
            params,
            param_names: method.params.iter().map(|(_, name)| name.as_str().into()).collect(),
            returns,
            selector: selector.into(),
            trace: self.trace(id, &name),
            name,
            code: Default::default(),
        }));
        let own: &[u32] = if constructor {
            &self.class(id).constructors
        } else {
            self.class(id).methods.get(&method.name.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
        };
        if own.iter().any(|other| self.method(*other).params == self.method(new).params) {
            let kind = if constructor { "Constructor" } else { "Method" };
            return refuse(
                method.pos,
                format!(
                    "{kind} already defined: {} {}({}) from the type {}",
                    kind_word(&self.method(new).returns, &self.classes),
                    method.name,
                    shown.join(", "),
                    decl.name
                ),
            );
        }
        let class = self.class_mut(id);
        if constructor {
            class.constructors.push(new);
        } else {
            class.methods.entry(method.name.to_ascii_lowercase()).or_default().push(new);
        }
        Ok(())
    }

    /// The table by which methods are found while a program runs.
    fn table(&mut self, item: &Declared<'_>) -> Checked<()> {
        let id = item.class;
        let mut table = self.class(id).parent.map(|parent| self.class(parent).table.clone()).unwrap_or_default();
        let mut own: Vec<u32> = self.class(id).methods.values().flatten().copied().collect();
        own.extend(self.class(id).fields.values().flat_map(|field| [field.getter, field.setter]).flatten());
        own.sort_unstable();
        for method in own {
            let of = self.method(method);
            if of.is_static {
                continue;
            }
            let pos = || method_pos(item.decl, of).unwrap_or(item.decl.pos);
            let accessor = of.selector.starts_with("__");
            if let Some(old) = table.get(&of.selector).map(|old| self.method(*old)) {
                let signature =
                    || format!("{} {}.{}", old.returns.show(&self.classes), self.class(old.class).full_name, shown_signature(old, self));
                if !of.is_override && !accessor {
                    return refuse(pos(), format!("Method must use the override keyword: {}", signature()));
                }
                if !old.is_virtual && !accessor {
                    return refuse(pos(), format!("Non-virtual, non-abstract methods cannot be overridden: {}", signature()));
                }
                if old.returns != of.returns && self.convert(&of.returns, &old.returns).is_none() {
                    return refuse(pos(), format!("Method return types clash: {}", signature()));
                }
            } else if of.is_override
                && !accessor
                && !matches!(&*of.selector, "tostring()" | "hashcode()" | "equals(Object)")
                && !self.implements(id, of)
            {
                return refuse(
                    pos(),
                    format!(
                        "Method does not override an ancestor method: {} {}.{}",
                        of.returns.show(&self.classes),
                        item.decl.name,
                        shown_signature(of, self)
                    ),
                );
            }
            table.insert(of.selector.clone(), method);
        }
        if item.decl.kind == ClassKind::Class {
            let interfaces: Vec<u32> =
                self.class(id).is_a.iter().copied().filter(|of| self.class(*of).kind == ClassKind::Interface).collect();
            for interface in interfaces {
                let mut wanted: Vec<u32> = self.class(interface).methods.values().flatten().copied().collect();
                wanted.sort_unstable();
                for wanted in wanted {
                    let want = self.method(wanted);
                    let generic = self.class(interface).is_prelude;
                    let found =
                        table.get(&want.selector).copied().filter(|found| !self.method(*found).is_abstract || *found == wanted).or_else(
                            || {
                                let name = want.name.to_ascii_lowercase();
                                generic.then(|| self.find_by_arity(id, &name, want.params.len())).flatten()
                            },
                        );
                    match found {
                        Some(found) => {
                            table.insert(want.selector.clone(), found);
                        }
                        None if self.class(id).is_abstract => {}
                        None => {
                            let text = format!(
                                "Class {} must implement the method: {} {}.{}",
                                self.class(id).full_name,
                                want.returns.show(&self.classes),
                                self.class(interface).full_name,
                                shown_signature(want, self)
                            );
                            return refuse(item.decl.pos, text);
                        }
                    }
                }
            }
            if !self.class(id).is_abstract {
                let missing = table.values().map(|method| self.method(*method)).find(|method| method.is_abstract);
                if let Some(missing) = missing {
                    let text = format!(
                        "Class {} must implement the abstract method: {} {}.{}",
                        self.class(id).full_name,
                        missing.returns.show(&self.classes),
                        self.class(missing.class).full_name,
                        shown_signature(missing, self)
                    );
                    return refuse(item.decl.pos, text);
                }
            }
        }
        self.class_mut(id).table = table;
        Ok(())
    }

    fn implements(&self, id: u32, method: &Method) -> bool {
        self.class(id).is_a.iter().any(|of| {
            self.class(*of).kind == ClassKind::Interface
                && self.class(*of).methods.values().flatten().any(|want| {
                    let want = self.method(*want);
                    want.name.eq_ignore_ascii_case(&method.name) && want.params.len() == method.params.len()
                })
        })
    }

    fn find_by_arity(&self, class: u32, name: &str, count: usize) -> Option<u32> {
        let mut at = Some(class);
        while let Some(id) = at {
            let class = self.class(id);
            let found = class
                .methods
                .get(name)
                .into_iter()
                .flatten()
                .find(|method| self.method(**method).params.len() == count && !self.method(**method).is_static);
            if let Some(found) = found {
                return Some(*found);
            }
            at = class.parent;
        }
        None
    }
}

fn kind_word(returns: &Ty, classes: &[Arc<Class>]) -> String {
    returns.show(classes)
}

fn method_pos(decl: &ClassDecl, method: &Method) -> Option<Pos> {
    decl.members.iter().find_map(|member| match member {
        Member::Method(own) if own.name.eq_ignore_ascii_case(&method.name) && own.params.len() == method.params.len() => Some(own.pos),
        _ => None,
    })
}

pub(super) fn shown_signature(method: &Method, builder: &Builder<'_>) -> String {
    let params: Vec<String> = method.params.iter().map(|ty| ty.show(&builder.classes)).collect();
    format!("{}({})", method.name, params.join(", "))
}
