//! Definitions one by one: made, changed, read, taken away.

use super::super::arguments::misplaced;
use super::super::envelope::Answer;
use super::super::{Api, Fault};
use super::{Meta, Type, meta, print};
use crate::codec::{Node, xml};
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::Failure;
use orglet_engine::metadata::{self, Custom, Edit};
use orglet_schema::custom::part::KINDS;
use orglet_schema::custom::{DefError, FieldDef, MetaNode, ObjectDef, PartDef};

/// Components of a call (limits-009).
const MOST: usize = 10;

/// What a call does with a component.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Create,
    Update,
    Upsert,
    Delete,
}

/// A component of a call: what it is called, and what is to be done, or why it can't be.
struct Component {
    full_name: String,
    edits: Result<Vec<Edit>, ApiError>,
    /// Whether it is new.
    created: bool,
}

/// `createMetadata(metadata[])`.
pub(super) fn create(cx: &Meta<'_>, answer: &mut Answer) -> Result<(), Fault> {
    save(cx, answer, Way::Create)
}

/// `updateMetadata(metadata[])`.
pub(super) fn update(cx: &Meta<'_>, answer: &mut Answer) -> Result<(), Fault> {
    save(cx, answer, Way::Update)
}

/// `upsertMetadata(metadata[])`.
pub(super) fn upsert(cx: &Meta<'_>, answer: &mut Answer) -> Result<(), Fault> {
    save(cx, answer, Way::Upsert)
}

/// `deleteMetadata(type, fullNames[])`.
pub(super) fn delete(cx: &Meta<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let ty = Type::of(cx.soap.request.argument("type").trim())?;
    let names = cx.soap.request.list("fullNames");
    few(names.len())?;
    let have = all(cx)?;
    let component = |name: &str| {
        let name = name.trim();
        let edits = match find(&have, ty, name) {
            Some(custom) => Ok(vec![Edit::Remove(custom.id)]),
            None => Err(missing(ty)),
        };
        Component { full_name: name.to_owned(), edits, created: false }
    };
    run(cx, answer, Way::Delete, names.into_iter().map(component).collect())
}

fn save(cx: &Meta<'_>, answer: &mut Answer, way: Way) -> Result<(), Fault> {
    let given: Vec<&Node<'_>> = cx.soap.request.arguments().get_all("metadata").collect();
    few(given.len())?;
    let have = all(cx)?;
    let mut components = Vec::with_capacity(given.len());
    let mut first: Option<&str> = None;
    for node in given {
        let named = node.get(xml::TYPE).and_then(Node::as_str).unwrap_or_default();
        if named.is_empty() {
            return Err(Fault::new(
                ErrorCode::InvalidType,
                "Must specify a {http://www.w3.org/2001/XMLSchema-instance}type attribute value for the {http://soap.sforce.com/2006/04/metadata}metadata element",
            ));
        }
        // All components of a call are of one type.
        if *first.get_or_insert(named) != named {
            let text = format!("All components of a call must be of the same type: {named} is not {}", first.unwrap_or_default());
            return Err(Fault::new(ErrorCode::InvalidType, text));
        }
        components.push(component(&have, Type::of(named)?, way, meta("metadata", node))?);
    }
    run(cx, answer, way, components)
}

/// Reads a component. What is not of its type's form is a fault, as the platform finds it before it looks at any.
fn component(have: &[Custom], ty: Type, way: Way, mut node: MetaNode) -> Result<Component, Fault> {
    if std::iter::once(&node).chain(&node.children).any(is_named_twice) {
        return Err(misplaced(Api::Metadata, "fullName"));
    }
    let full_name = node.child_text("fullName").unwrap_or_default().trim().to_owned();
    node.children.retain(|child| child.name != "fullName");
    if full_name.is_empty() {
        let e = ApiError::new(ErrorCode::RequiredFieldMissing, "Required field is missing: fullName").with_fields(Vec::<String>::new());
        return Ok(Component { full_name, edits: Err(e), created: false });
    }
    let there = find(have, ty, &full_name);
    let edits = match (way, there) {
        (Way::Update, None) => Err(missing(ty)),
        // One that is there already is told by the change itself.
        (Way::Create, _) | (Way::Upsert, None) => read(have, ty, &full_name, node, None)?,
        (_, Some(custom)) => read(have, ty, &full_name, node, Some(custom))?,
        (Way::Delete, None) => Err(missing(ty)),
    };
    Ok(Component { full_name, edits, created: way == Way::Create || there.is_none() })
}

fn is_named_twice(node: &MetaNode) -> bool {
    node.children.iter().filter(|child| child.name == "fullName").nth(1).is_some()
}

/// What a component's metadata comes to: changes of it and of what it holds.
fn read(
    have: &[Custom],
    ty: Type,
    full_name: &str,
    mut node: MetaNode,
    there: Option<&Custom>,
) -> Result<Result<Vec<Edit>, ApiError>, Fault> {
    let parts = match ty {
        Type::Object => take_parts(&mut node),
        _ => Vec::new(),
    };
    let made = || -> Result<Vec<Edit>, DefError> {
        let (object, name) = full_name.split_once('.').unwrap_or(("", full_name));
        let mut edits = Vec::new();
        match ty {
            Type::Object => {
                let mut def = ObjectDef::from_meta(full_name, &node)?;
                let fields = std::mem::take(&mut def.fields);
                edits.push(match there {
                    Some(custom) => Edit::ChangeObject(custom.id, def),
                    None => Edit::AddObject(def),
                });
                edits.extend(fields.into_iter().map(|def| field(have, FieldDef { object: full_name.to_owned(), ..def })));
            }
            Type::Field => edits.push(field_edit(FieldDef::from_meta(object, name, &node)?, there)),
            Type::Part(kind) => edits.push(part_edit(PartDef::from_meta(kind, object, name, &node)?, there)),
        }
        for (kind, mut part) in parts {
            let name = part.child_text("fullName").unwrap_or_default().trim().to_owned();
            part.children.retain(|child| child.name != "fullName");
            let there = find(have, Type::Part(kind), &format!("{full_name}.{name}"));
            edits.push(part_edit(PartDef::from_meta(kind, full_name, &name, &part)?, there));
        }
        Ok(edits)
    };
    match made() {
        Err(e) if e.malformed => Err(Fault::client(e.message)),
        Err(e) => Ok(Err(e.into())),
        Ok(edits) => Ok(Ok(edits)),
    }
}

/// The parts of an object that are definitions of their own.
fn take_parts(node: &mut MetaNode) -> Vec<(&'static orglet_schema::custom::part::Kind, MetaNode)> {
    let (parts, rest) = std::mem::take(&mut node.children).into_iter().partition::<Vec<_>, _>(|child| kind_of(child).is_some());
    node.children = rest;
    parts.into_iter().filter_map(|part| Some((kind_of(&part)?, part))).collect()
}

fn kind_of(child: &MetaNode) -> Option<&'static orglet_schema::custom::part::Kind> {
    KINDS.iter().copied().find(|kind| kind.member == Some(&child.name))
}

fn field(have: &[Custom], def: FieldDef) -> Edit {
    let there = find(have, Type::Field, &def.qualified_name());
    field_edit(def, there)
}

fn field_edit(def: FieldDef, there: Option<&Custom>) -> Edit {
    match there {
        Some(custom) => Edit::ChangeField(custom.id, def),
        None => Edit::AddField(def),
    }
}

fn part_edit(def: PartDef, there: Option<&Custom>) -> Edit {
    match there {
        Some(custom) => Edit::ChangePart(custom.id, def),
        None => Edit::AddPart(def),
    }
}

/// Makes the changes, all or none where the call says so, and tells of each component what came of it.
fn run(cx: &Meta<'_>, answer: &mut Answer, way: Way, components: Vec<Component>) -> Result<(), Fault> {
    // By default some may fail, from v34.0 on.
    let asked = cx.soap.request.truth("AllOrNoneHeader", "allOrNone")?;
    let all_or_none = asked.unwrap_or(!crate::compat::saves_some_metadata(cx.soap.version));
    let done = if all_or_none { together(cx, &components)? } else { one_by_one(cx, &components)? };
    for (component, done) in components.iter().zip(done) {
        answer.begin("result");
        if way == Way::Upsert {
            answer.bool("created", component.created && done.is_ok());
        }
        if let Err(e) = &done {
            answer.errors(std::slice::from_ref(e));
        }
        answer.text("fullName", &component.full_name).bool("success", done.is_ok()).end("result");
    }
    Ok(())
}

type Outcome = Result<(), ApiError>;

fn one_by_one(cx: &Meta<'_>, components: &[Component]) -> Result<Vec<Outcome>, Fault> {
    let outcome = |component: &Component| match &component.edits {
        Err(e) => Ok(Err(e.clone())),
        Ok(edits) => match metadata::apply(&cx.identity, edits.clone()) {
            Ok(_) => Ok(Ok(())),
            Err(failure) => refusal(cx, failure).map(Err),
        },
    };
    components.iter().map(outcome).collect()
}

/// All or none: those that could have been saved tell that they were not (metadata-006).
fn together(cx: &Meta<'_>, components: &[Component]) -> Result<Vec<Outcome>, Fault> {
    let mut failed: Vec<Option<ApiError>> = components.iter().map(|c| c.edits.as_ref().err().cloned()).collect();
    if failed.iter().all(Option::is_none) {
        let edits: Vec<(usize, Edit)> =
            components.iter().enumerate().flat_map(|(at, c)| c.edits.iter().flatten().map(move |edit| (at, edit.clone()))).collect();
        let (of, edits): (Vec<usize>, Vec<Edit>) = edits.into_iter().unzip();
        match metadata::apply_telling(&cx.identity, edits) {
            Ok(_) => return Ok(components.iter().map(|_| Ok(())).collect()),
            Err(refused) => {
                let at = of.get(refused.at).copied().unwrap_or(0);
                let e = refusal(cx, refused.failure)?;
                if let Some(place) = failed.get_mut(at) {
                    *place = Some(e);
                }
            }
        }
    }
    let others = "Record rolled back because not all records were valid and the request was using AllOrNone header";
    let rolled_back = || ApiError::new(ErrorCode::AllOrNoneOperationRolledBack, others).with_fields(Vec::<String>::new());
    Ok(failed.into_iter().map(|e| Err(e.unwrap_or_else(rolled_back))).collect())
}

/// What is wrong with a component; a failure of ours is one of the call.
fn refusal(cx: &Meta<'_>, failure: Failure) -> Result<ApiError, Fault> {
    match failure {
        Failure::Definition(e) => Ok((*e).into()),
        Failure::Api(e) => Ok(e),
        other => Err(Fault::of(cx.soap.server, other)),
    }
}

/// `readMetadata(type, fullNames[])`: a record for each name, null where there is none.
pub(super) fn read_all(cx: &Meta<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let ty = Type::of(cx.soap.request.argument("type").trim())?;
    let names = cx.soap.request.list("fullNames");
    few(names.len())?;
    let have = all(cx)?;
    let catalog = cx.identity.org.catalog();
    answer.begin("result");
    for name in names {
        match find(&have, ty, name.trim()) {
            Some(custom) => print::record(answer, &have, custom),
            // The definition of a standard object has much that is not known here.
            None if matches!(ty, Type::Object) && catalog.object(name.trim()).is_some() => {
                let text = "The definitions of standard objects are not available on this server.";
                return Err(Fault::new(ErrorCode::FunctionalityNotEnabled, text));
            }
            None => {
                answer.nil("records");
            }
        }
    }
    answer.end("result");
    Ok(())
}

fn few(count: usize) -> Result<(), Fault> {
    if count <= MOST {
        return Ok(());
    }
    let text = format!("record limit reached. cannot submit more than {MOST} records in this operation");
    Err(Fault::new(ErrorCode::ExceededIdLimit, text))
}

fn all(cx: &Meta<'_>) -> Result<Vec<Custom>, Fault> {
    metadata::all(&cx.identity.org).map_err(|e| Fault::of(cx.soap.server, e))
}

fn find<'c>(have: &'c [Custom], ty: Type, full_name: &str) -> Option<&'c Custom> {
    have.iter().find(|custom| custom.type_name() == ty.name() && custom.full_name().eq_ignore_ascii_case(full_name))
}

/// metadata-003, whose sentence is recorded of a field.
fn missing(ty: Type) -> ApiError {
    let text = format!("This {} does not exist or is not accessible", ty.what());
    ApiError::new(ErrorCode::InvalidCrossReferenceKey, text).with_fields(Vec::<String>::new())
}
