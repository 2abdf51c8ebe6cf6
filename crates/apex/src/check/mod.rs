//! From syntax trees to classes and steps.

mod assign;
mod body;
mod call;
mod declare;
mod expr;
mod info;
mod members;
mod names;
mod query;
mod stmt;
mod types;

use crate::ast::{ClassDecl, Member, Pos, Problem, Stmt, TriggerDecl};
use crate::code::{Class, Method, Trigger};
use crate::outcome::{CompileError, Source, UnitKind};
use crate::parser;
use crate::program::Program;
use crate::schema::{ObjectInfo, Schema};
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) use members::kind_type;
pub(crate) use query::{own_clauses, shape};

type Checked<T> = Result<T, Problem>;

/// A program while it is made.
pub(crate) struct Builder<'a> {
    pub(crate) schema: &'a dyn Schema,
    pub(crate) classes: Vec<Arc<Class>>,
    pub(crate) methods: Vec<Arc<Method>>,
    /// Top-level classes by lower-case name.
    pub(crate) names: HashMap<String, u32>,
    /// Whether what is made is the prelude.
    pub(crate) prelude: bool,
}

/// A class whose bodies wait.
struct Declared<'d> {
    class: u32,
    decl: &'d ClassDecl,
    unit: usize,
}

/// Refuses with a sentence.
fn refuse<T>(pos: Pos, text: impl Into<String>) -> Checked<T> {
    Err(Problem::new(pos, text))
}

enum Tree {
    Class(ClassDecl),
    Trigger(TriggerDecl),
}

/// Compiles sources on top of a program.
pub(crate) fn extend(base: &Program, sources: &[Source], schema: &dyn Schema, prelude: bool) -> Result<Program, Vec<CompileError>> {
    let mut builder = Builder::over(base, schema, prelude);
    let mut errors = Vec::new();
    let mut trees = Vec::new();
    for (unit, source) in sources.iter().enumerate() {
        let read = match source.kind {
            UnitKind::Trigger => parser::trigger(&source.body).map(|unit| (Tree::Trigger(unit.tree), unit.length)),
            _ => parser::class(&source.body).map(|unit| (Tree::Class(unit.tree), unit.length)),
        };
        match read {
            Ok((tree, length)) => trees.push((unit, tree, length)),
            Err(problem) => errors.push((unit, problem)),
        }
    }
    let mut program = Program::default();
    let mut declared = Vec::new();
    for (unit, tree, _) in &trees {
        if let Tree::Class(decl) = tree
            && let Err(problem) = builder.declare(decl, None, *unit, &mut declared)
        {
            errors.push((*unit, problem));
        }
    }
    builder.link(&declared, &mut errors);
    for (_, tree, length) in &trees {
        if let Tree::Class(decl) = tree {
            program.classes_mut().push(builder.class_info(decl, *length));
        }
    }
    builder.bodies(&declared, &mut errors);
    let mut triggers = base.triggers_inner().to_vec();
    for (unit, tree, length) in &trees {
        let Tree::Trigger(decl) = tree else { continue };
        match builder.trigger(decl) {
            Ok((trigger, problems)) => {
                program.trigger_infos_mut().push(crate::outcome::TriggerInfo {
                    name: decl.name.clone(),
                    object: trigger.object.name.clone(),
                    events: decl.events.clone(),
                    length_without_comments: *length,
                });
                triggers.push(trigger);
                errors.extend(problems.into_iter().map(|problem| (*unit, problem)));
            }
            Err(problem) => errors.push((*unit, problem)),
        }
    }
    if !errors.is_empty() {
        errors.sort_by_key(|(unit, problem)| (*unit, problem.pos.line, problem.pos.column));
        errors.dedup();
        return Err(errors
            .into_iter()
            .map(|(unit, problem)| CompileError {
                kind: sources[unit].kind,
                unit: sources[unit].name.clone(),
                line: problem.pos.line,
                column: problem.pos.column,
                problem: problem.text,
            })
            .collect());
    }
    program.fill(base, builder.classes, builder.methods, builder.names, triggers, false);
    Ok(program)
}

/// Compiles an anonymous block on top of a program: the program with it, and the method that is the block.
pub(crate) fn anonymous(base: &Program, text: &str, schema: &dyn Schema) -> Result<(Program, u32), Problem> {
    let (body, members) = parser::anonymous(text)?;
    let mut builder = Builder::over(base, schema, false);
    let decl = ClassDecl {
        kind: crate::ast::ClassKind::Class,
        name: "AnonymousBlock".to_owned(),
        pos: Pos::START,
        modifiers: Default::default(),
        extends: None,
        implements: Vec::new(),
        members: members.into_iter().map(as_static).collect(),
        constants: Vec::new(),
    };
    let (mut declared, mut errors) = (Vec::new(), Vec::new());
    builder.declare(&decl, None, 0, &mut declared)?;
    builder.link(&declared, &mut errors);
    builder.bodies(&declared, &mut errors);
    let class = declared.first().map_or(0, |first| first.class);
    let (method, problems) = builder.block(class, "AnonymousBlock", None, &body)?;
    errors.extend(problems.into_iter().map(|problem| (0, problem)));
    errors.sort_by_key(|(_, problem)| (problem.pos.line, problem.pos.column));
    if let Some((_, problem)) = errors.into_iter().next() {
        return Err(problem);
    }
    let mut program = Program::default();
    let triggers = base.triggers_inner().to_vec();
    program.fill(base, builder.classes, builder.methods, builder.names, triggers, true);
    Ok((program, method))
}

/// Methods of an anonymous block belong to no instance.
fn as_static(mut member: Member) -> Member {
    if let Member::Method(method) = &mut member
        && !method.modifiers.has("static")
    {
        method.modifiers.words.push("static".to_owned());
    }
    member
}

impl<'a> Builder<'a> {
    fn over(base: &Program, schema: &'a dyn Schema, prelude: bool) -> Self {
        Builder {
            schema,
            classes: base.classes_inner().to_vec(),
            methods: base.methods_inner().to_vec(),
            names: base.names_inner().clone(),
            prelude,
        }
    }

    pub(crate) fn class(&self, id: u32) -> &Class {
        &self.classes[id as usize]
    }

    fn class_mut(&mut self, id: u32) -> &mut Class {
        Arc::make_mut(&mut self.classes[id as usize])
    }

    pub(crate) fn method(&self, id: u32) -> &Method {
        &self.methods[id as usize]
    }

    pub(crate) fn object(&self, name: &str) -> Option<Arc<ObjectInfo>> {
        self.schema.object(name)
    }

    fn trigger(&mut self, decl: &TriggerDecl) -> Checked<(Trigger, Vec<Problem>)> {
        let Some(object) = self.object(&decl.object) else { return refuse(decl.object_pos, format!("Invalid type: {}", decl.object)) };
        let holder = ClassDecl {
            kind: crate::ast::ClassKind::Class,
            name: decl.name.clone(),
            pos: decl.pos,
            modifiers: Default::default(),
            extends: None,
            implements: Vec::new(),
            members: Vec::new(),
            constants: Vec::new(),
        };
        // Triggers have names of their own: the class that holds one is in no table.
        let class = self.add_class(&holder, None)?;
        let trace = format!("Trigger.{}", decl.name);
        let (method, problems) = self.block(class, &trace, Some(object.clone()), &decl.body)?;
        Ok((Trigger { name: decl.name.as_str().into(), object, method }, problems))
    }

    /// A block of statements as a method.
    fn block(&mut self, class: u32, trace: &str, trigger: Option<Arc<ObjectInfo>>, body: &[Stmt]) -> Checked<(u32, Vec<Problem>)> {
        let id = self.methods.len() as u32;
        let mut method = Method {
            name: "".into(),
            class,
            is_static: true,
            is_virtual: false,
            is_abstract: false,
            is_override: false,
            visible: crate::code::Visible::Private,
            params: Vec::new(),
            param_names: Vec::new(),
            returns: crate::ty::Ty::Void,
            selector: "".into(),
            trace: trace.into(),
            code: Default::default(),
        };
        let (code, problems) = body::compile_block(self, class, trigger, body);
        method.code = code;
        self.methods.push(Arc::new(method));
        Ok((id, problems))
    }
}
