//! Classes and triggers as definitions: made of a body and the file beside it, checked against all others when anything changes.

use super::dependants::referenced;
use super::draft::Draft;
use super::{Body, Custom, Edit};
use crate::Failure;
use crate::apex::{self, Compiled};
use crate::policies;
use orglet_apex::{CompileError, Program, TriggerEvent};
use orglet_base::{ApiError, ApiVersion, ErrorCode};
use orglet_schema::Catalog;
use orglet_schema::custom::apex::qualified;
use orglet_schema::custom::{ApexDef, ApexKind, ApexMeta, ApexSet, DefError, PartDef, TransactionPolicyDef};
use std::sync::Arc;

/// What the conditions of transaction security policies implement.
const CONDITION: &str = "TxnSecurity.EventCondition";

/// A class or a trigger of a body. `name` is what its file is called, where it has one; `version` the API version that counts where
/// none is given.
///
/// # Errors
/// A body that is no class, or no trigger, or of another name.
pub fn define(kind: ApexKind, name: Option<&str>, body: &str, meta: ApexMeta, version: ApiVersion) -> Result<ApexDef, DefError> {
    let found = apex::header(body).filter(|header| header.kind == kind);
    let declared = found.as_ref().map(|header| header.name.as_str());
    if let (Some(name), Some(declared)) = (name, declared)
        && !name.eq_ignore_ascii_case(declared)
    {
        let text = match kind {
            ApexKind::Class => format!("Class name does not match file name: {declared}"),
            ApexKind::Trigger => format!("Trigger name does not match file name: {declared}"),
        };
        return Err(DefError::new(ErrorCode::InvalidInput, text).about(qualified(kind, name)));
    }
    // A body that declares nothing is refused by the compiler, at its place.
    let name = declared.or(name).unwrap_or("unnamed").to_owned();
    let api_version = meta.api_version.unwrap_or_else(|| version.to_string());
    let api_version = if api_version.contains('.') { api_version } else { format!("{api_version}.0") };
    Ok(ApexDef { kind, name, object: None, events: Vec::new(), body: body.to_owned(), api_version, active: meta.active, length: 0 })
}

/// The change that gives an org a class or a trigger, whether it has one of that name or not.
pub fn put(have: &[Custom], def: ApexDef) -> Edit {
    let same = |c: &&Custom| c.apex_def().is_some_and(|own| own.kind == def.kind && own.name.eq_ignore_ascii_case(&def.name));
    match have.iter().find(same) {
        Some(custom) => Edit::ChangeApex(custom.id, def),
        None => Edit::AddApex(def),
    }
}

/// A compile error as the refusal of its definition: what it says, and where.
fn refusal(error: &CompileError, def: &ApexDef, message: String) -> DefError {
    let mut e = DefError::new(ErrorCode::InvalidFieldForInsertUpdate, message).about(def.qualified_name());
    (e.line, e.column) = (Some(error.line), Some(error.column));
    e
}

/// Makes a failure of all that is wrong.
pub(super) type Refuse<'a> = dyn Fn(Vec<DefError>) -> Failure + 'a;

/// Compiles the classes and triggers of a draft against its catalog, and notes in the draft what the compiler learnt of them. Answers
/// the catalog with them; without any, nothing is done.
///
/// A change is refused where something that it brings does not compile, or where something does not that did before.
pub(super) fn settle(
    draft: &mut Draft<'_>,
    old: &Catalog,
    new: Catalog,
    refuse: &Refuse<'_>,
) -> Result<(Catalog, Option<Arc<Compiled>>), Failure> {
    let defs = || draft.customs.iter().filter_map(Custom::apex_def);
    if defs().next().is_none() {
        conditions(draft, &Program::default())?;
        return Ok((new, None));
    }
    let compiled = apex::compile(defs(), &new);
    if let Some(failure) = fault(draft, old, &compiled, refuse) {
        return Err(failure);
    }
    conditions(draft, &compiled.program)?;
    let changed = &draft.changed;
    for custom in &mut draft.customs {
        let is_changed = changed.contains(&custom.id);
        let Body::Apex(def) = &mut custom.body else { continue };
        match def.kind {
            ApexKind::Class => {
                if let Some(info) = compiled.program.class(&def.name) {
                    def.length = u32::try_from(info.length_without_comments).unwrap_or(u32::MAX);
                }
            }
            ApexKind::Trigger => {
                if let Some(info) = compiled.program.triggers().iter().find(|t| t.name.eq_ignore_ascii_case(&def.name)) {
                    def.length = u32::try_from(info.length_without_comments).unwrap_or(u32::MAX);
                    if let Some(table) = def.object.as_ref().filter(|table| is_changed && !table.eq_ignore_ascii_case(&info.object)) {
                        let text = format!("The trigger is of the object {}, not of {table}", info.object);
                        let e = DefError::integrity(text).on("TableEnumOrId").about(def.qualified_name());
                        return Err(Failure::Definition(Box::new(e)));
                    }
                    def.events = info.events.iter().map(|event| words(*event).to_owned()).collect();
                    def.object = Some(info.object.clone());
                    custom.object.clone_from(&info.object);
                }
            }
        }
    }
    Ok((new.with_apex(set(&draft.customs)), Some(Arc::new(compiled))))
}

/// What a catalog holds of an org's Apex.
pub(super) fn set(customs: &[Custom]) -> ApexSet {
    let sources = customs.iter().filter_map(|c| Some((c.id, c.apex_def()?.clone()))).collect();
    let policies = customs.iter().filter_map(policy).filter(|def| def.acts()).cloned().collect();
    ApexSet { sources, policies }
}

fn policy(custom: &Custom) -> Option<&TransactionPolicyDef> {
    match custom.part_def()? {
        PartDef::TransactionPolicy(def) => Some(def),
        _ => None,
    }
}

/// Why a transaction security policy can't be, or no longer: its condition must be there and be one.
fn conditions(draft: &Draft<'_>, program: &Program) -> Result<(), Failure> {
    for (custom, def) in draft.customs.iter().filter_map(|custom| Some((custom, policy(custom)?))) {
        let class = program.class(&def.apex_class);
        if class.is_some_and(|class| class.instantiable && class.interfaces.iter().any(|name| name.eq_ignore_ascii_case(CONDITION))) {
            continue;
        }
        let is_own = |own: &ApexDef| own.kind == ApexKind::Class && own.name.eq_ignore_ascii_case(&def.apex_class);
        let is_class = |c: &&Custom| c.apex_def().is_some_and(is_own);
        if let Some(gone) = draft.removed.iter().find(is_class) {
            return Err(referenced(gone, &[format!("{} - {}", custom.label(), custom.full_name())]));
        }
        // What was wrong before, as a release may make it, holds nothing up. A change of the class is told of the class.
        let is_changed = |c: &Custom| draft.changed.contains(&c.id);
        let about = match draft.customs.iter().filter(is_class).find(|c| is_changed(c)).and_then(Custom::apex_def) {
            _ if is_changed(custom) => custom.part_def().map(PartDef::qualified_name),
            changed => changed.map(ApexDef::qualified_name),
        };
        let Some(about) = about else { continue };
        let text = match class {
            Some(class) => format!("The class {} of the policy {} must implement {CONDITION}", class.name, def.full_name),
            None => format!("In field: apexClass - no ApexClass named {} found", def.apex_class),
        };
        let e = DefError::new(ErrorCode::InvalidCrossReferenceKey, text).on("apexClass").about(about);
        return Err(Failure::Definition(Box::new(e)));
    }
    Ok(())
}

/// Why a draft can't be taken.
fn fault(draft: &Draft<'_>, old: &Catalog, compiled: &Compiled, refuse: &Refuse<'_>) -> Option<Failure> {
    let find = |error: &CompileError| draft.customs.iter().find(|c| c.apex_def().is_some_and(|def| apex::is_of(error, def)));
    let found = || compiled.errors.iter().filter_map(|error| Some((error, find(error)?)));
    // What is brought is told first.
    let brought = found().filter(|(_, custom)| draft.changed.contains(&custom.id));
    let refused: Vec<DefError> =
        brought.filter_map(|(error, custom)| Some(refusal(error, custom.apex_def()?, error.problem.clone()))).collect();
    if !refused.is_empty() {
        return Some(refuse(refused));
    }
    let unsupported = draft.customs.iter().filter(|c| draft.changed.contains(&c.id)).find_map(|c| {
        let def = c.apex_def().filter(|def| def.kind == ApexKind::Trigger)?;
        let info = compiled.program.triggers().iter().find(|t| t.name.eq_ignore_ascii_case(&def.name))?;
        let is_event = orglet_schema::custom::is_event(&info.object) || policies::event(&info.object).is_some();
        is_event.then(|| DefError::unsupported("triggers of platform events are").about(def.qualified_name()))
    });
    if let Some(e) = unsupported {
        return Some(Failure::Definition(Box::new(e)));
    }
    // What was wrong before, as a release may make it, holds nothing up.
    let before = draft.org.compiled(old);
    let was_valid = |custom: &Custom| {
        let had = old.apex().is_some_and(|set| set.sources.iter().any(|(id, _)| *id == custom.id));
        had && before.as_ref().is_some_and(|b| custom.apex_def().is_some_and(|def| b.is_valid(def)))
    };
    let broken: Vec<(&CompileError, &Custom)> = found().filter(|(_, custom)| was_valid(custom)).collect();
    let (error, custom) = broken.first()?;
    if let Some(gone) = draft.removed.first() {
        let mut named: Vec<String> = broken.iter().map(|(_, c)| format!("{} - {}", c.label(), c.full_name())).collect();
        named.dedup();
        return Some(referenced(gone, &named));
    }
    let word = custom.apex_def().map_or("Class", |def| def.kind.word());
    let text = format!("Dependent class is invalid and needs recompilation:\n {word} {} : {}", custom.name, error.problem);
    match draft.customs.iter().filter(|c| draft.changed.contains(&c.id)).find_map(Custom::apex_def) {
        Some(def) => Some(Failure::Definition(Box::new(refusal(error, def, text)))),
        None => Some(ApiError::new(ErrorCode::InvalidFieldForInsertUpdate, text).with_fields(Vec::<String>::new()).into()),
    }
}

/// An event as a trigger's body names it.
pub(crate) fn words(event: TriggerEvent) -> &'static str {
    match event {
        TriggerEvent::BeforeInsert => "before insert",
        TriggerEvent::BeforeUpdate => "before update",
        TriggerEvent::BeforeDelete => "before delete",
        TriggerEvent::AfterInsert => "after insert",
        TriggerEvent::AfterUpdate => "after update",
        TriggerEvent::AfterDelete => "after delete",
        TriggerEvent::AfterUndelete => "after undelete",
    }
}
