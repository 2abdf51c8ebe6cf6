//! The classes and triggers of an org as one thing that can be run.

use crate::host::Host;
use crate::outcome::*;
use crate::schema::Schema;

/// All classes and triggers of an org, compiled. Immutable; share it in an `Arc` for as long as neither they nor the catalog
/// change.
#[derive(Debug, Default)]
pub struct Program {
    classes: Vec<ClassInfo>,
    triggers: Vec<TriggerInfo>,
}

/// Compiles all classes and triggers of an org together. The errors are those of every source that does not compile, one or
/// more for each; leave those sources out to run the others.
pub fn compile(sources: &[Source], _schema: &dyn Schema) -> Result<Program, Vec<CompileError>> {
    let refuse = |source: &Source| CompileError {
        kind: source.kind,
        unit: source.name.clone(),
        line: 1,
        column: 1,
        problem: "Apex is not supported here".to_owned(),
    };
    if sources.is_empty() { Ok(Program::default()) } else { Err(sources.iter().map(refuse).collect()) }
}

impl Program {
    /// The top-level classes.
    pub fn classes(&self) -> &[ClassInfo] {
        &self.classes
    }

    /// The triggers.
    pub fn triggers(&self) -> &[TriggerInfo] {
        &self.triggers
    }

    /// A top-level class by its name in any case.
    pub fn class(&self, name: &str) -> Option<&ClassInfo> {
        self.classes.iter().find(|class| class.name.eq_ignore_ascii_case(name))
    }

    /// Answers a request by the method of a class that has the annotation for its HTTP method.
    pub fn rest_call(&self, _host: &mut dyn Host, _class: &str, _request: &RestRequest) -> Result<RestOutcome, RestFailure> {
        Err(RestFailure::NoMethod)
    }

    /// Runs a trigger on a chunk of records.
    pub fn run_trigger(&self, _host: &mut dyn Host, _trigger: &str, _context: TriggerContext) -> Result<TriggerOutcome, ApexException> {
        Err(missing())
    }

    /// Calls a static method of a class. Arguments are read into the parameters' types; an instance of a class is
    /// [`Data::Members`]. For `@InvocableMethod`s and the like.
    pub fn call_static(&self, _host: &mut dyn Host, _class: &str, _method: &str, _args: &[Data]) -> Result<Data, ApexException> {
        Err(missing())
    }

    /// Compiles a block against these classes and runs it.
    pub fn anonymous(&self, _host: &mut dyn Host, _text: &str) -> AnonymousOutcome {
        AnonymousOutcome { problem: None, exception: Some(missing()) }
    }
}

fn missing() -> ApexException {
    ApexException { type_name: "System.TypeException".to_owned(), message: "Apex is not supported here".to_owned(), ..Default::default() }
}
