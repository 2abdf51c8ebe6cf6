//! A record with the fields that are asked for.

use super::{is_typed, refused, tagged, taken, type_doc};
use crate::Reply;
use crate::codec::{Doc, XmlOrder};
use crate::rest::Rest;
use crate::values::{decimal, grouped, label, scaled_text};
use jiff::Timestamp;
use orglet_base::{ApiError, Cell, DateTime, ErrorCode, Id};
use orglet_engine::Failure;
use orglet_engine::plan::{Node, OutKind, ParentKind};
use orglet_engine::query::{self, Request, RowSet};
use orglet_schema::custom::part::MASTER;
use orglet_schema::standard::layouts;
use orglet_schema::types::masked;
use orglet_schema::{CellKind, Field, FieldType, Object};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Fields of every record that are beside the ones asked for.
const SYSTEM: &[&str] = &["LastModifiedDate", "LastModifiedById", "SystemModstamp", "RecordTypeId"];
/// Parameters that ask for what is not built.
const UNBUILT: &[&str] = &["modes", "childRelationships", "pageSize", "includeFieldsInBody", "updateMru"];
/// Steps to a parent that a field may be away.
const MOST_STEPS: usize = 5;

/// The fields that are shown of a record, by their folded names, and those of its parents.
#[derive(Default)]
struct Wanted {
    fields: Vec<String>,
    parents: BTreeMap<String, Wanted>,
}

/// `GET /ui-api/records/{id}?fields=X.F,X.Parent.F&optionalFields=…`.
pub(super) fn record(cx: &Rest<'_>, id: &str) -> Result<Reply, Failure> {
    let parsed = Id::parse(id).map_err(|_| refused(format!("recordId should be a valid record ID: {id}")))?;
    let object = cx.catalog.object_of(parsed).filter(|o| cx.identity.access.sees_object(o)).ok_or_else(ApiError::not_found)?;
    let object = taken(cx, &object.name)?;
    if let Some((name, _)) = cx.call.query.iter().find(|(name, _)| UNBUILT.contains(&name.as_str())) {
        let text = format!("The parameter {name} is not supported by this org.");
        return Err(ApiError::routing(ErrorCode::FunctionalityNotEnabled, text).into());
    }
    let (required, optional) = (listed(cx, "fields")?, listed(cx, "optionalFields")?);
    let laid_out = laid_out(cx, &object)?;
    if required.is_empty() && optional.is_empty() && laid_out.is_none() {
        return Err(refused("At least one of these parameters is needed: fields, optionalFields, layoutTypes").into());
    }
    let mut wanted = Wanted::default();
    let mut paths = Paths::default();
    // The platform's own statement begins so, as its errors show.
    paths.add(if object.field("LastModifiedDate").is_some() { "LastModifiedDate" } else { "Id" }.to_owned());
    for (of, path) in &required {
        if !of.eq_ignore_ascii_case(&object.name) {
            return Err(refused(format!("The record is of {}, and has no field {of}.{path}", object.name)).into());
        }
        // A null would say that there are none.
        if leads_to(cx, &object, path) == Some(FieldType::Base64) {
            return Err(refused(format!("{of}.{path} holds bytes, which have a resource of their own")).into());
        }
        wanted.add(cx, &object, path, &mut paths);
    }
    for path in laid_out.iter().flatten() {
        wanted.add(cx, &object, path, &mut paths);
    }
    for (of, path) in &optional {
        if of.eq_ignore_ascii_case(&object.name) && is_readable(cx, &object, path) {
            wanted.add(cx, &object, path, &mut paths);
        }
    }
    system_paths(&object, "", &mut paths);
    let soql = format!("SELECT {} FROM {} WHERE Id = '{parsed}'", paths.list.join(", "), object.name);
    let request = Request { soql: &soql, version: cx.version, all_rows: false, batch: 1, tooling: false };
    let answer = query::run(&cx.server.engine, &cx.identity, &request).map_err(told)?;
    let (Some(plan), false) = (answer.record_plan(), answer.set.rows.is_empty()) else { return Err(ApiError::not_found().into()) };
    let printer = Printer { cx, rows: &answer.set.rows };
    let doc = printer.record(&object.name, Some(&object), &parsed.to_string(), &plan.shape, &wanted, true);
    Ok(cx.doc(200, &doc, "", XmlOrder::Kept))
}

/// The paths of the fields that `layoutTypes` asks for, as they are shown; none where it does not ask.
fn laid_out(cx: &Rest<'_>, object: &Object) -> Result<Option<Vec<String>>, ApiError> {
    let given = cx.call.query.iter().filter(|(name, _)| name == "layoutTypes").flat_map(|(_, list)| list.split(','));
    let mut paths: Option<Vec<String>> = None;
    for kind in given.map(str::trim) {
        let mut fields: Vec<&Field> = match kind {
            "Full" => {
                let items = layouts::of(object).into_iter().flat_map(|layout| layout.sections).flat_map(|s| s.columns).flatten();
                items.filter_map(|item| object.field(&item.field)).collect()
            }
            "Compact" => layouts::compact_fields(object),
            other => return Err(refused(format!("{other} is not a valid value of layoutTypes"))),
        };
        fields.retain(|f| cx.identity.access.reads_field(object, f));
        paths.get_or_insert_default().extend(fields.into_iter().flat_map(|f| item_paths(cx, object, f)));
    }
    Ok(paths)
}

/// What a field of a layout shows: an address its lines, a name its parts too, a reference the record's name, who wrote a
/// record also when.
fn item_paths(cx: &Rest<'_>, object: &Object, field: &Field) -> Vec<String> {
    let own = field.name.clone();
    let parts = object.parts_of(&field.name).map(|f| f.name.clone());
    match field.ty {
        FieldType::Address => {
            parts.filter(|name| !["Latitude", "Longitude", "GeocodeAccuracy"].iter().any(|end| name.ends_with(end))).collect()
        }
        FieldType::Reference => {
            let Some(relationship) = &field.relationship_name else { return vec![own] };
            let target = if is_polymorphic(field) { "Name" } else { field.reference_to.first().map_or("", String::as_str) };
            let called = cx.catalog.object(target).and_then(|o| o.name_field()).map(|f| f.name.as_str());
            let date = match own.as_str() {
                "CreatedById" => Some("CreatedDate".to_owned()),
                "LastModifiedById" => Some("LastModifiedDate".to_owned()),
                _ => None,
            };
            let name = called.map_or(own, |name| format!("{relationship}.{name}"));
            [Some(name), date].into_iter().flatten().collect()
        }
        _ => parts.chain([own]).collect(),
    }
}

/// An error of the query that a request becomes: the code stands before its words too.
fn told(failure: Failure) -> Failure {
    match failure {
        Failure::Api(e) if e.status() == 400 => {
            let text = format!("{}: {}", e.code().as_str(), e.message());
            ApiError::routing(e.code(), text).into()
        }
        other => other,
    }
}

/// The names of a parameter, each with its object and the path behind that.
fn listed<'a>(cx: &'a Rest<'_>, param: &str) -> Result<Vec<(&'a str, &'a str)>, ApiError> {
    let given = cx.call.query.iter().filter(|(name, _)| name == param).flat_map(|(_, list)| list.split(','));
    given
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            // metadata-009
            let (of, path) =
                name.split_once('.').ok_or_else(|| refused(format!("Expected '.' in all qualified names: {name} is invalid")))?;
            let is_name = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if path.split('.').count() > MOST_STEPS + 1 || !path.split('.').all(is_name) {
                return Err(refused(format!("{name} is not a valid qualified name")));
            }
            Ok((of, path))
        })
        .collect()
}

/// Whether a path leads to a field that the user reads here.
fn is_readable(cx: &Rest<'_>, object: &Arc<Object>, path: &str) -> bool {
    leads_to(cx, object, path).is_some_and(|ty| !matches!(ty, FieldType::ComplexValue | FieldType::Base64))
}

/// The type of the field that a path leads to, where the user may read it.
fn leads_to(cx: &Rest<'_>, object: &Arc<Object>, path: &str) -> Option<FieldType> {
    let mut at = object.clone();
    let mut steps = path.split('.').peekable();
    while let Some(step) = steps.next() {
        if steps.peek().is_none() {
            return at.field(step).filter(|f| cx.identity.access.reads_field(&at, f)).map(|f| f.ty);
        }
        let field = at.parent_field(step).filter(|f| cx.identity.access.reads_field(&at, f))?;
        let target = if is_polymorphic(field) { "Name" } else { field.reference_to.first().map_or("", String::as_str) };
        at = cx.catalog.object(target)?.clone();
    }
    None
}

/// Whether a reference leads to records of several objects.
fn is_polymorphic(field: &Field) -> bool {
    field.reference_to.len() > 1 || field.polymorphic_foreign_key
}

/// The paths that are selected, each once.
#[derive(Default)]
struct Paths {
    list: Vec<String>,
    seen: std::collections::HashSet<String>,
}

impl Paths {
    fn add(&mut self, path: String) {
        if self.seen.insert(path.to_ascii_lowercase()) {
            self.list.push(path);
        }
    }
}

impl Wanted {
    /// Adds a field, with what is shown of the parents on the way: their ids, and the fields that refer to them.
    fn add(&mut self, cx: &Rest<'_>, object: &Arc<Object>, path: &str, paths: &mut Paths) {
        let mut at: Option<Arc<Object>> = Some(object.clone());
        let mut wanted = self;
        let mut before = String::new();
        let mut steps = path.split('.').peekable();
        while let Some(step) = steps.next() {
            if steps.peek().is_none() {
                // A compound is shown as its parts.
                let parts: Vec<String> = match at.as_ref().and_then(|o| Some((o, o.field(step)?))) {
                    Some((o, field)) if field.ty.is_compound() => o.parts_of(&field.name).map(|f| f.name.clone()).collect(),
                    Some((_, field)) => vec![field.name.clone()],
                    None => vec![step.to_owned()],
                };
                for part in parts {
                    paths.add(format!("{before}{part}"));
                    wanted.show(&part);
                }
                return;
            }
            let reference = at.as_ref().and_then(|o| o.parent_field(step)).cloned();
            if let Some(field) = &reference {
                paths.add(format!("{before}{}", field.name));
                wanted.show(&field.name);
            }
            let step = reference.as_ref().and_then(|f| f.relationship_name.clone()).unwrap_or_else(|| step.to_owned());
            wanted = wanted.parents.entry(step.to_ascii_lowercase()).or_default();
            before = format!("{before}{step}.");
            wanted.show("Id");
            paths.add(format!("{before}Id"));
            at = reference.as_ref().and_then(|field| match is_polymorphic(field) {
                true => cx.catalog.object("Name").cloned(),
                false => cx.catalog.object(field.reference_to.first()?).cloned(),
            });
            if let Some(parent) = &at {
                system_paths(parent, &before, paths);
                if let Some(name) = parent.name_field() {
                    paths.add(format!("{before}{}", name.name));
                }
            }
        }
    }

    fn show(&mut self, field: &str) {
        if !self.fields.iter().any(|f| f.eq_ignore_ascii_case(field)) {
            self.fields.push(field.to_owned());
        }
    }

    fn shows(&self, field: &str) -> bool {
        self.fields.iter().any(|f| f.eq_ignore_ascii_case(field))
    }
}

/// Selects what an object's records are shown with beside the fields asked for.
fn system_paths(object: &Object, before: &str, paths: &mut Paths) {
    for name in SYSTEM.iter().filter(|name| object.name != "Name" && object.field(name).is_some()) {
        paths.add(format!("{before}{name}"));
    }
}

struct Printer<'a> {
    cx: &'a Rest<'a>,
    /// One row.
    rows: &'a RowSet,
}

impl Printer<'_> {
    fn cell(&self, nodes: &[Node], name: &str) -> Cell<'_> {
        let column = nodes.iter().find_map(|node| match node {
            Node::Value { name: own, column, .. } if own.eq_ignore_ascii_case(name) => Some(*column),
            _ => None,
        });
        column.map_or(Cell::Null, |column| self.rows.cell(0, column))
    }

    /// A record. `object` is none where the reference may lead to records of several.
    fn record(&self, name: &str, object: Option<&Arc<Object>>, id: &str, nodes: &[Node], wanted: &Wanted, top: bool) -> Doc {
        let mut fields: BTreeMap<Cow<'static, str>, Doc> = BTreeMap::new();
        for node in nodes {
            match node {
                Node::Value { name, column, kind, source } if wanted.shows(name) => {
                    let field = source.as_ref().map(|(o, i)| &o.fields()[*i]);
                    fields.insert(name.to_string().into(), self.value(kind, field, self.rows.cell(0, *column)));
                }
                Node::Parent { name, object, id_column, nodes } => {
                    if let Some(below) = wanted.parents.get(&name.to_ascii_lowercase()) {
                        fields.insert(name.to_string().into(), self.parent(object, *id_column, nodes, below));
                    }
                }
                _ => {}
            }
        }
        let text = |field: &str| self.cell(nodes, field).text().map(str::to_owned);
        let stamp = text("SystemModstamp");
        let weak = stamp.as_deref().and_then(DateTime::parse).map_or(0, |t| t.0);
        let own = object.and_then(|o| o.record_type(Id::parse(&text("RecordTypeId")?).ok()?));
        let record_type = match own {
            Some(t) => Some(t.id.to_string()),
            None => object.filter(|o| top && is_typed(o)).map(|_| MASTER.to_owned()),
        };
        tagged(vec![
            ("apiName", name.to_owned().into()),
            ("childRelationships", Doc::Obj(Vec::new())),
            ("fields", Doc::Obj(fields.into_iter().collect())),
            ("id", id.to_owned().into()),
            ("lastModifiedById", text("LastModifiedById").into()),
            ("lastModifiedDate", text("LastModifiedDate").into()),
            ("recordTypeId", record_type.into()),
            ("recordTypeInfo", own.map_or(Doc::Null, |t| type_doc(Some(t)))),
            ("systemModstamp", stamp.into()),
            ("weakEtag", weak.into()),
        ])
    }

    fn parent(&self, kind: &ParentKind, id_column: usize, nodes: &[Node], wanted: &Wanted) -> Doc {
        let Some(id) = self.rows.cell(0, id_column).text().map(str::to_owned) else { return shown(None, Doc::Null) };
        let object = match kind {
            ParentKind::Fixed(object) => Some(object),
            ParentKind::ById => None,
        };
        let name = object.map_or("Name", |o| o.name.as_str());
        let called = object.and_then(|o| o.name_field()).map_or("Name", |f| f.name.as_str());
        let display = self.cell(nodes, called).text().map(str::to_owned);
        shown(display, self.record(name, object, &id, nodes, wanted, false))
    }

    /// A value, and how the user's locale shows it where that is another text.
    fn value(&self, kind: &OutKind, field: Option<&Field>, cell: Cell<'_>) -> Doc {
        let OutKind::Cell(kind) = kind else { return shown(None, Doc::Null) };
        // Of what all objects of a reference have in common no field is known.
        let ty = field.map(|f| f.ty);
        match (kind, cell, field) {
            (_, Cell::Null | Cell::Blob(_), _) | (CellKind::Blob | CellKind::Compound, ..) => shown(None, Doc::Null),
            (CellKind::Bool, Cell::Int(n), _) => shown(None, (n != 0).into()),
            (CellKind::Decimal(scale), Cell::Int(n), field) => {
                let plain = scaled_text(n, *scale);
                shown(field.map(|field| number(field, &plain)), Doc::Number(decimal(&plain)))
            }
            (_, Cell::Int(n), _) => shown(None, n.into()),
            (CellKind::DateTime, Cell::Text(t), _) => shown(self.moment(t), t.to_owned().into()),
            (CellKind::Date, Cell::Text(t), _) => shown(Some(crate::values::date(t)), t.to_owned().into()),
            (_, Cell::Text(t), Some(field)) if matches!(ty, Some(FieldType::Picklist | FieldType::MultiPicklist)) => {
                shown(Some(label(field, t)), t.to_owned().into())
            }
            (_, Cell::Text(t), Some(field)) if ty == Some(FieldType::EncryptedString) => shown(None, masked(field, t).into()),
            (_, Cell::Text(t), _) => shown(None, t.to_owned().into()),
        }
    }

    /// A moment where the user lives: `7/13/2020, 12:30 PM`.
    fn moment(&self, text: &str) -> Option<String> {
        let zone = self.cx.identity.user.time_zone.clone();
        let at = Timestamp::from_millisecond(DateTime::parse(text)?.0).ok()?.to_zoned(zone);
        Some(at.strftime("%-m/%-d/%Y, %-I:%M %p").to_string())
    }
}

fn number(field: &Field, plain: &str) -> String {
    let text = grouped(plain, Some(usize::from(field.scale)));
    match field.ty {
        FieldType::Currency => format!("${text}").replace("$-", "-$"),
        FieldType::Percent => format!("{text}%"),
        _ => text,
    }
}

fn shown(display: Option<String>, value: Doc) -> Doc {
    Doc::obj([("displayValue", display.into()), ("value", value)])
}
