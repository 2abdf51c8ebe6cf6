//! The classes and triggers of an org as one thing that can be run.

use crate::check;
use crate::code::{Class, Method, Trigger};
use crate::host::{Host, Record};
use crate::outcome::*;
use crate::schema::Schema;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// All classes and triggers of an org, compiled. Immutable; share it in an `Arc` for as long as neither they nor the catalog
/// change.
#[derive(Debug, Default)]
pub struct Program {
    id: u64,
    infos: Vec<ClassInfo>,
    trigger_infos: Vec<TriggerInfo>,
    classes: Vec<Arc<Class>>,
    methods: Vec<Arc<Method>>,
    names: HashMap<String, u32>,
    triggers: Vec<Trigger>,
}

/// Compiles all classes and triggers of an org together. The errors are those of every source that does not compile, one or
/// more for each; leave those sources out to run the others.
pub fn compile(sources: &[Source], schema: &dyn Schema) -> Result<Program, Vec<CompileError>> {
    let prelude = crate::library::prelude().map_err(<[CompileError]>::to_vec)?;
    check::extend(prelude, sources, schema, false)
}

impl Program {
    /// The top-level classes.
    pub fn classes(&self) -> &[ClassInfo] {
        &self.infos
    }

    /// The triggers.
    pub fn triggers(&self) -> &[TriggerInfo] {
        &self.trigger_infos
    }

    /// A top-level class by its name in any case.
    pub fn class(&self, name: &str) -> Option<&ClassInfo> {
        self.infos.iter().find(|class| class.name.eq_ignore_ascii_case(name))
    }

    /// Answers a request by the method of a class that has the annotation for its HTTP method.
    pub fn rest_call(&self, host: &mut dyn Host, class: &str, request: &RestRequest) -> Result<RestOutcome, RestFailure> {
        self.rest_run(host, class, request)
    }

    /// Runs a trigger on a chunk of records.
    pub fn run_trigger(&self, host: &mut dyn Host, trigger: &str, context: TriggerContext) -> Result<TriggerOutcome, ApexException> {
        self.trigger_run(host, trigger, context)
    }

    /// Calls a static method of a class. Arguments are read into the parameters' types; an instance of a class is
    /// [`Data::Members`]. For `@InvocableMethod`s and the like.
    pub fn call_static(&self, host: &mut dyn Host, class: &str, method: &str, args: &[Data]) -> Result<Data, ApexException> {
        self.static_run(host, class, method, args)
    }

    /// Asks a new instance of a class that implements `TxnSecurity.EventCondition` whether an event is one to act upon.
    pub fn evaluate(&self, host: &mut dyn Host, class: &str, event: &Record) -> Result<bool, ApexException> {
        self.condition_run(host, class, event)
    }

    /// Compiles a block against these classes and runs it.
    pub fn anonymous(&self, host: &mut dyn Host, text: &str) -> AnonymousOutcome {
        let made = match crate::library::prelude() {
            // A program without classes has the platform's own all the same.
            Ok(prelude) => check::anonymous(if self.classes.is_empty() { prelude } else { self }, text, host),
            Err(errors) => {
                let problem = errors.first().cloned();
                return AnonymousOutcome { problem, exception: None };
            }
        };
        match made {
            Ok((program, method)) => AnonymousOutcome { problem: None, exception: program.block_run(host, method) },
            Err(problem) => AnonymousOutcome {
                problem: Some(CompileError {
                    kind: UnitKind::Anonymous,
                    unit: String::new(),
                    line: problem.pos.line,
                    column: problem.pos.column,
                    problem: problem.text,
                }),
                exception: None,
            },
        }
    }

    /// Takes what was made on top of a base.
    pub(crate) fn fill(
        &mut self,
        base: &Program,
        classes: Vec<Arc<Class>>,
        methods: Vec<Arc<Method>>,
        names: HashMap<String, u32>,
        triggers: Vec<Trigger>,
        shares: bool,
    ) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // A block's classes stand behind those of its program, whose statics it shares.
        self.id = if shares { base.id } else { NEXT.fetch_add(1, Ordering::Relaxed) };
        self.classes = classes;
        self.methods = methods;
        self.names = names;
        self.triggers = triggers;
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn classes_mut(&mut self) -> &mut Vec<ClassInfo> {
        &mut self.infos
    }

    pub(crate) fn trigger_infos_mut(&mut self) -> &mut Vec<TriggerInfo> {
        &mut self.trigger_infos
    }

    pub(crate) fn triggers_inner(&self) -> &[Trigger] {
        &self.triggers
    }

    pub(crate) fn classes_inner(&self) -> &[Arc<Class>] {
        &self.classes
    }

    pub(crate) fn methods_inner(&self) -> &[Arc<Method>] {
        &self.methods
    }

    pub(crate) fn names_inner(&self) -> &HashMap<String, u32> {
        &self.names
    }

    pub(crate) fn class_at(&self, id: u32) -> &Class {
        &self.classes[id as usize]
    }

    pub(crate) fn method_at(&self, id: u32) -> &Method {
        &self.methods[id as usize]
    }

    /// A class by its name in any case; inner ones with their outer's name in front.
    pub(crate) fn class_id(&self, name: &str) -> Option<u32> {
        let lower = name.to_ascii_lowercase();
        match lower.split_once('.') {
            None => self.names.get(&lower).copied(),
            Some((outer, inner)) => self.class_at(*self.names.get(outer)?).inner.get(inner).copied(),
        }
    }
}
