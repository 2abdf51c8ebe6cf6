//! Flows: compiled once for a version of the catalog, and run, one interview for each record or call.
//!
//! A [`Program`] is a flow whose names were all found: its elements, its resources, its formulas. An [`Interview`] goes from
//! element to element; what it does to records goes through the save, in the transaction that it is in.

mod call;
mod check;
mod names;
mod read;
mod records;
mod run;
mod text;
mod value;

pub use call::{Called, Datum, call, callable, named};
pub(crate) use check::program;
pub(crate) use run::{Interview, Stop, World};
pub(crate) use value::Record;

use crate::Org;
use names::Named;
use orglet_base::fold_name;
use orglet_plan::formula::{Node, Places};
use orglet_schema::custom::flow::Flow;
use orglet_schema::custom::{DefError, FlowDef, PartDef};
use orglet_schema::lookup_filter::Logic;
use orglet_schema::{Catalog, Object};
use std::collections::HashMap;
use std::sync::Arc;

/// A formula that was read, and the rows that it reads.
pub(crate) struct Compiled {
    node: Node,
    places: Places,
}

/// A flow that can be run.
pub(crate) struct Program {
    /// What it does.
    pub(crate) flow: Arc<Flow>,
    /// The object whose records start it, where they do.
    pub(crate) object: Option<Arc<Object>>,
    /// Elements and resources by folded name.
    names: HashMap<String, Named>,
    /// Formula resources, formulas of collection filters and, under an empty name, that of the start, by folded name.
    formulas: HashMap<String, Compiled>,
}

/// The programs that an org has read, by folded name; none for a flow that could be read once and can't in this release.
#[derive(Default)]
pub(crate) struct Read {
    version: u64,
    by_name: HashMap<String, Result<Arc<Program>, String>>,
}

impl Org {
    /// The program of an active flow of a catalog, or why there is none.
    pub(crate) fn flow_program(&self, catalog: &Catalog, def: &FlowDef) -> Result<Arc<Program>, String> {
        let key = fold_name(&def.full_name);
        {
            let known = self.flows.read();
            if let Some(program) = known.by_name.get(key.as_ref()).filter(|_| known.version == catalog.version()) {
                return program.clone();
            }
        }
        let made = program(def, catalog).map(Arc::new).map_err(|e| e.message);
        // What belongs to an older catalog than the one of now is not worth keeping.
        if self.catalog().version() == catalog.version() {
            let mut known = self.flows.write();
            if known.version != catalog.version() {
                *known = Read { version: catalog.version(), by_name: HashMap::new() };
            }
            known.by_name.insert(key.into_owned(), made.clone());
        }
        made
    }
}

/// Checks the flow of a definition, where it is one that runs, against a catalog that it is to be in.
pub(crate) fn check(def: &PartDef, catalog: &Catalog) -> Result<(), DefError> {
    match def {
        PartDef::Flow(flow) if flow.flow.is_active() => program(flow, catalog).map(|_| ()).map_err(|e| e.about(def.qualified_name())),
        _ => Ok(()),
    }
}

/// How so many conditions hang together: `and`, `or`, or numbers with words between them.
fn logic(text: Option<&str>, conditions: usize) -> Result<Logic, String> {
    match text.map(str::trim).unwrap_or("and") {
        "and" | "" | "no_conditions" => Ok(Logic::all_of(conditions)),
        "or" if conditions > 0 => Ok(Logic::Any((0..conditions).map(Logic::Item).collect())),
        "or" => Ok(Logic::all_of(0)),
        text => Logic::parse(text, conditions),
    }
}
