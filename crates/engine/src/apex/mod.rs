//! Apex in an org: its classes and triggers compiled for a version of the catalog, the org as they see it, and what calls them.

mod call;
mod header;
mod host;
mod objects;
mod rows;
mod session;
mod triggers;

pub(crate) use call::conditions;
pub use call::{Called, anonymous, invoke, rest};
pub use header::{Header, read as header};
pub(crate) use rows::{fitted, whole};
pub(crate) use session::{Context, Session, roomy};
pub(crate) use triggers::{Fired, Triggers};

use crate::Org;
use objects::Objects;
use orglet_apex::{CompileError, Program, Source, UnitKind};
use orglet_schema::Catalog;
use orglet_schema::custom::{ApexDef, ApexKind};
use parking_lot::Mutex;
use std::sync::Arc;

/// The classes and triggers of a catalog, as far as they compile.
#[derive(Debug)]
pub struct Compiled {
    /// What runs.
    pub program: Program,
    /// Why others don't.
    pub errors: Vec<CompileError>,
    /// What they were compiled against.
    pub(crate) objects: Objects,
}

impl Compiled {
    /// Whether a class or a trigger compiles.
    pub fn is_valid(&self, def: &ApexDef) -> bool {
        !self.errors.iter().any(|e| is_of(e, def))
    }
}

/// Whether an error is one of a definition.
pub(crate) fn is_of(error: &CompileError, def: &ApexDef) -> bool {
    error.kind == unit(def.kind) && error.unit.eq_ignore_ascii_case(&def.name)
}

/// What the language calls a kind.
pub(crate) fn unit(kind: ApexKind) -> UnitKind {
    match kind {
        ApexKind::Class => UnitKind::Class,
        ApexKind::Trigger => UnitKind::Trigger,
    }
}

/// The program that was last compiled, with the version of its catalog.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Option<(u64, Arc<Compiled>)>>);

impl Kept {
    /// Keeps what was compiled for a version.
    pub(crate) fn keep(&self, version: u64, compiled: Arc<Compiled>) {
        *self.0.lock() = Some((version, compiled));
    }
}

/// Compiles sources against a catalog. Those that don't compile are left out, and so are those that can't be without them.
pub(crate) fn compile<'a>(sources: impl Iterator<Item = &'a ApexDef>, catalog: &Catalog) -> Compiled {
    let objects = Objects::new(catalog);
    let mut sources: Vec<Source> = sources
        .filter(|def| def.active || def.kind == ApexKind::Trigger)
        .map(|def| Source { kind: unit(def.kind), name: def.name.clone(), body: Arc::from(def.body.as_str()) })
        .collect();
    let mut errors = Vec::new();
    loop {
        // What is nested as deep as the language allows takes more room than the threads of requests have.
        let done = roomy(|| Ok(orglet_apex::compile(&sources, &objects)));
        match done.unwrap_or_else(|_| orglet_apex::compile(&sources, &objects)) {
            Ok(program) => return Compiled { program, errors, objects },
            Err(found) => {
                let before = sources.len();
                sources.retain(|source| !found.iter().any(|e| e.kind == source.kind && e.unit.eq_ignore_ascii_case(&source.name)));
                errors.extend(found);
                // Errors of no source would come again and again.
                if sources.len() == before {
                    return Compiled { program: Program::default(), errors, objects };
                }
            }
        }
    }
}

impl Org {
    /// The classes and triggers of a catalog, compiled; none where it has none. They are compiled when they are first asked for.
    pub fn compiled(&self, catalog: &Catalog) -> Option<Arc<Compiled>> {
        catalog.apex().map(|_| self.program(catalog))
    }

    /// As [`Org::compiled`]; a program of nothing where there are none.
    pub(crate) fn program(&self, catalog: &Catalog) -> Arc<Compiled> {
        if let Some((_, compiled)) = self.apex.0.lock().as_ref().filter(|(version, _)| *version == catalog.version()) {
            return compiled.clone();
        }
        let sources = catalog.apex().map_or(&[][..], |set| &set.sources);
        let compiled = Arc::new(compile(sources.iter().map(|(_, def)| def), catalog));
        for error in &compiled.errors {
            tracing::warn!(unit = %error.unit, line = error.line, problem = %error.problem, "Apex that does not compile is left out");
        }
        self.apex.keep(catalog.version(), compiled.clone());
        compiled
    }
}
