//! An org's overlay: its custom objects, and the standard objects that custom fields or relationships change.

use super::build::{add_fields, all_fields, assemble};
use super::lookup_filter::{self, MAX_REQUIRED};
use super::part::KINDS;
use super::{DefError, DeleteConstraint, FieldDef, FieldKindDef, ObjectDef, ObjectRules, PartDef};
use crate::catalog::ObjectSet;
use crate::field::{Field, FieldType};
use crate::object::{ChildRelationship, Object, ObjectParts, Storage};
use crate::standard::record_types;
use orglet_base::{ErrorCode, KeyPrefix, fold_name};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Most master-detail fields of one object.
const MAX_MASTERS: usize = 2;

/// Builds the overlay of an org from all its definitions: every custom object with its key prefix, and fields on other
/// objects (`fields`; an object may be a standard one or one of `objects`), and what objects have beside fields. Everything is checked before anything is
/// returned: names, what references point to, names of child relationships, master-detail rules. The order of `objects`
/// and of fields is the order in which they were made.
pub fn overlay(
    standard: &ObjectSet,
    objects: &[(ObjectDef, KeyPrefix)],
    fields: &[FieldDef],
    parts: &[PartDef],
) -> Result<ObjectSet, Vec<DefError>> {
    let mut plan = Plan::new(standard, objects);
    plan.place_fields(fields);
    plan.place_parts(parts);
    plan.check_parts(parts);
    plan.check_fields();
    plan.relate();
    plan.check_masters();
    plan.allow_activities();
    plan.allow_attachments();
    plan.relate_record_types();
    plan.build()
}

/// What becomes of a standard object.
#[derive(Default)]
struct Change {
    fields: Vec<FieldDef>,
    children: Vec<ChildRelationship>,
    /// Objects that polymorphic references of it may point to from now on: (field, object).
    targets: Vec<(&'static str, String)>,
    parts: Vec<PartDef>,
}

struct Plan<'a> {
    standard: &'a ObjectSet,
    /// Custom objects with the child relationships that point to them.
    custom: Vec<(ObjectDef, KeyPrefix, Vec<ChildRelationship>)>,
    /// What custom objects have beside fields, by their index in `custom`.
    custom_parts: HashMap<usize, Vec<PartDef>>,
    /// Index in `custom` by folded name.
    by_name: HashMap<String, usize>,
    /// Changes to standard objects by folded name.
    changes: BTreeMap<String, Change>,
    errors: Vec<DefError>,
}

impl<'a> Plan<'a> {
    fn new(standard: &'a ObjectSet, objects: &[(ObjectDef, KeyPrefix)]) -> Self {
        let (mut by_name, mut errors, mut events) = (HashMap::new(), Vec::new(), Vec::new());
        for (at, (def, _)) in objects.iter().enumerate() {
            let key = fold_name(&def.full_name).into_owned();
            if def.event.is_some() {
                events.push((def, format!("{}c", key.strip_suffix('e').unwrap_or(&key))));
            }
            if standard.object(&key).is_some() || by_name.insert(key, at).is_some() {
                let message = format!("There is already an object named {}.", def.full_name);
                errors.push(DefError::new(ErrorCode::DuplicateDeveloperName, message).on("FullName").about(&def.full_name));
            }
        }
        for (event, taken) in events.iter().filter(|(_, twin)| by_name.contains_key(twin)) {
            // at4dx issue 27: an event and a custom object are not of one name.
            let e = DefError::new(ErrorCode::DuplicateDeveloperName, "That object name is already in use.").on("FullName");
            let other = by_name.get(taken).filter(|at| **at > by_name[&*fold_name(&event.full_name)]);
            errors.push(e.about(other.map_or(&event.full_name, |at| &objects[*at].0.full_name)));
        }
        let custom = objects.iter().map(|(def, prefix)| (def.clone(), *prefix, Vec::new())).collect();
        Self { standard, custom, custom_parts: HashMap::new(), by_name, changes: BTreeMap::new(), errors }
    }

    /// Gives each field on another object to that object.
    fn place_fields(&mut self, fields: &[FieldDef]) {
        for field in fields {
            let key = fold_name(&field.object).into_owned();
            if let Some(at) = self.by_name.get(&key) {
                self.custom[*at].0.fields.push(field.clone());
                continue;
            }
            match self.standard.object(&key) {
                Some(object) if object.storage != Storage::Virtual && object.flags.layoutable => {
                    self.changes.entry(key).or_default().fields.push(field.clone());
                }
                _ => self.errors.push(no_such_table(&field.object).about(field.qualified_name())),
            }
        }
    }

    /// Gives what belongs to an object beside its fields to that object.
    fn place_parts(&mut self, parts: &[PartDef]) {
        for part in parts {
            let Some(home) = part.home() else { continue };
            let key = fold_name(home).into_owned();
            if let Some(at) = self.by_name.get(&key) {
                if self.custom[*at].0.event.is_some() {
                    self.errors.push(no_such_table(home).about(part.qualified_name()));
                    continue;
                }
                self.custom_parts.entry(*at).or_default().push(part.clone());
                continue;
            }
            match self.standard.object(&key) {
                Some(object) if object.storage != Storage::Virtual && object.flags.layoutable => {
                    self.changes.entry(key).or_default().parts.push(part.clone());
                }
                // Where a flow starts may be on an object that other orgs have.
                _ if matches!(part, PartDef::Flow(_)) => {
                    let mut e = no_such_table(home);
                    e.unsupported = true;
                    self.errors.push(e.about(part.qualified_name()));
                }
                _ => self.errors.push(no_such_table(home).about(part.qualified_name())),
            }
        }
    }

    /// Checks what belongs to objects against each other.
    fn check_parts(&mut self, parts: &[PartDef]) {
        self.errors.extend(parts.iter().filter_map(|part| part.check(parts).err()));
    }

    /// Refuses two fields of one name on an object, custom or standard.
    fn check_fields(&mut self) {
        let errors = &mut self.errors;
        let mut check = |label: &str, taken: &mut HashSet<String>, defs: &[FieldDef]| {
            for def in defs {
                if !taken.insert(fold_name(&def.full_name).into_owned()) {
                    let message = format!("There is already a field named {} on {label}.", stem(&def.full_name));
                    let e = DefError::new(ErrorCode::DuplicateDeveloperName, message);
                    errors.push(e.on("FullName").about(def.qualified_name()));
                }
            }
        };
        for (def, ..) in &self.custom {
            check(&def.label, &mut HashSet::new(), &def.fields);
        }
        for (key, change) in &self.changes {
            let Some(object) = self.standard.object(key) else { continue };
            let mut taken = object.fields().iter().map(|f| fold_name(&f.name).into_owned()).collect();
            check(&object.label, &mut taken, &change.fields);
        }
    }

    /// Resolves what references point to, and adds child relationships to the parents.
    fn relate(&mut self) {
        let mut children: Vec<(String, ChildRelationship, String)> = Vec::new();
        let (custom, standard, by_name, errors) = (&mut self.custom, self.standard, &self.by_name, &mut self.errors);
        let names: Vec<String> = custom.iter().map(|(def, ..)| def.full_name.clone()).collect();
        let events: HashSet<usize> = custom.iter().enumerate().filter(|(_, (def, ..))| def.event.is_some()).map(|(at, _)| at).collect();
        let resolve = |target: &str| -> Option<String> {
            let key = fold_name(target);
            match by_name.get(key.as_ref()) {
                Some(at) => (!events.contains(at)).then(|| names[*at].clone()),
                None => standard.object(&key).filter(|o| o.storage != Storage::Virtual).map(|o| o.name.clone()),
            }
        };
        let standard_defs = self.changes.values_mut().flat_map(|c| c.fields.iter_mut());
        for def in custom.iter_mut().flat_map(|(object, ..)| object.fields.iter_mut()).chain(standard_defs) {
            if !def.kind.is_reference() {
                continue;
            }
            let target = def.reference_to.clone().unwrap_or_default();
            let Some(parent) = resolve(&target) else {
                let message = format!("referenceTo value of '{target}' does not resolve to a valid sObject type");
                errors.push(DefError::integrity(message).on("referenceTo").about(def.qualified_name()));
                continue;
            };
            let namespace = super::name::ApiName::parse(&def.full_name);
            let name = def.relationship_name.as_ref().map(|n| match &namespace {
                Some(own) => own.sibling(n, "__r"),
                None => format!("{n}__r"),
            });
            let child = ChildRelationship {
                child: resolve(&def.object).unwrap_or_else(|| def.object.clone()),
                field: def.full_name.clone(),
                name,
                cascade_delete: def.kind == FieldKindDef::MasterDetail || def.delete_constraint == Some(DeleteConstraint::Cascade),
                restricted_delete: def.delete_constraint == Some(DeleteConstraint::Restrict),
                deprecated_and_hidden: false,
            };
            children.push((fold_name(&parent).into_owned(), child, def.relationship_name.clone().unwrap_or_default()));
            def.reference_to = Some(parent);
        }
        for (parent, child, name) in children {
            self.add_child(&parent, child, &name);
        }
    }

    /// Adds a child relationship to a parent, which has at most one of a name.
    fn add_child(&mut self, parent: &str, child: ChildRelationship, plain: &str) {
        let same = |other: &ChildRelationship| match (&other.name, &child.name) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            _ => false,
        };
        let (label, into, taken) = match self.by_name.get(parent) {
            Some(at) => {
                let (def, _, children) = &mut self.custom[*at];
                (def.label.clone(), children, false)
            }
            None => {
                let Some(object) = self.standard.object(parent) else { return };
                let taken = object.children().iter().any(same);
                (object.label.clone(), &mut self.changes.entry(parent.to_owned()).or_default().children, taken)
            }
        };
        if taken || into.iter().any(same) {
            let message = format!("There is already a Child Relationship named {plain} on {label}.");
            let e = DefError::new(ErrorCode::DuplicateDeveloperName, message);
            self.errors.push(e.on("relationshipName").about(format!("{}.{}", child.child, child.field)));
        } else {
            into.push(child);
        }
    }

    /// Master-detail rules: the child is a custom object, with at most two masters, none of them itself or, over any
    /// number of steps, its own detail.
    fn check_masters(&mut self) {
        let errors = &mut self.errors;
        let is_master_detail = |f: &&FieldDef| f.kind == FieldKindDef::MasterDetail;
        for field in self.changes.values().flat_map(|c| &c.fields).filter(is_master_detail) {
            let message = "A MasterDetail field can only be created on a custom object";
            errors.push(DefError::integrity(message).on("type").about(field.qualified_name()));
        }
        let mut masters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (def, ..) in &mut self.custom {
            let mut own: Vec<&mut FieldDef> = def.fields.iter_mut().filter(|f| f.kind == FieldKindDef::MasterDetail).collect();
            if let Some(third) = own.get(MAX_MASTERS) {
                let message = format!("A custom object can have at most {MAX_MASTERS} MasterDetail fields");
                errors.push(DefError::integrity(message).on("type").about(third.qualified_name()));
            }
            own.sort_by_key(|f| f.relationship_order.unwrap_or(u8::MAX));
            for (order, field) in (0_u8..).zip(own) {
                field.relationship_order = Some(order);
                let target = field.reference_to.as_deref().unwrap_or_default();
                if target == "User" {
                    let message = "A MasterDetail field can not refer to User";
                    errors.push(DefError::integrity(message).on("referenceTo").about(field.qualified_name()));
                }
                masters.entry(fold_name(&def.full_name).into_owned()).or_default().push(fold_name(target).into_owned());
            }
        }
        for start in masters.keys() {
            let mut seen: HashSet<&str> = HashSet::new();
            let mut next: Vec<&str> = masters[start].iter().map(String::as_str).collect();
            while let Some(name) = next.pop() {
                if name == start {
                    let object = self.by_name.get(start).map_or(start.as_str(), |at| self.custom[*at].0.full_name.as_str());
                    let message = format!("{object} can not be its own master in a MasterDetail relationship");
                    errors.push(DefError::integrity(message).on("referenceTo").about(object));
                    break;
                }
                if seen.insert(name) {
                    next.extend(masters.get(name).into_iter().flatten().map(String::as_str));
                }
            }
        }
    }

    /// Lets tasks and events be about the records of objects that allow activities.
    fn allow_activities(&mut self) {
        for (activity, relationship) in [("Task", "Tasks"), ("Event", "Events")] {
            if self.standard.object(activity).is_none_or(|o| o.field("WhatId").is_none()) {
                continue;
            }
            for (def, _, children) in self.custom.iter_mut().filter(|(def, ..)| def.enable_activities) {
                let change = self.changes.entry(fold_name(activity).into_owned()).or_default();
                change.targets.push(("WhatId", def.full_name.clone()));
                children.push(ChildRelationship {
                    child: activity.to_owned(),
                    field: "WhatId".to_owned(),
                    name: Some(relationship.to_owned()),
                    cascade_delete: true,
                    restricted_delete: false,
                    deprecated_and_hidden: false,
                });
            }
        }
    }

    /// Lets notes, attachments and files be kept with the records of every custom object.
    fn allow_attachments(&mut self) {
        for (kept, field, relationship) in [
            ("Attachment", "ParentId", Some("Attachments")),
            ("Note", "ParentId", Some("Notes")),
            ("ContentDocumentLink", "LinkedEntityId", Some("ContentDocumentLinks")),
            ("ContentVersion", "FirstPublishLocationId", None),
        ] {
            if self.custom.iter().all(|(def, ..)| def.event.is_some())
                || self.standard.object(kept).is_none_or(|o| o.field(field).is_none())
            {
                continue;
            }
            let change = self.changes.entry(fold_name(kept).into_owned()).or_default();
            let with_records = |(def, ..): &&(ObjectDef, KeyPrefix, Vec<ChildRelationship>)| def.event.is_none();
            change.targets.extend(self.custom.iter().filter(with_records).map(|(def, ..)| (field, def.full_name.clone())));
            for (_, _, children) in self.custom.iter_mut().filter(|(def, ..)| relationship.is_some() && def.event.is_none()) {
                children.push(ChildRelationship {
                    child: kept.to_owned(),
                    field: field.to_owned(),
                    name: relationship.map(str::to_owned),
                    cascade_delete: true,
                    restricted_delete: false,
                    deprecated_and_hidden: false,
                });
            }
        }
    }

    /// Objects with record types are children of these; the relationships have no name.
    fn relate_record_types(&mut self) {
        const RECORD_TYPE: &str = "RecordType";
        if self.standard.object(RECORD_TYPE).is_none() {
            return;
        }
        let standard = self.changes.iter().filter(|(_, change)| has_record_types(&change.parts));
        let standard = standard.filter_map(|(key, _)| Some(self.standard.object(key)?.name.clone()));
        let custom = self.custom_parts.iter().filter(|(_, parts)| has_record_types(parts));
        let mut children: Vec<String> = standard.chain(custom.map(|(at, _)| self.custom[*at].0.full_name.clone())).collect();
        children.sort();
        if children.is_empty() {
            return;
        }
        let change = self.changes.entry(fold_name(RECORD_TYPE).into_owned()).or_default();
        change.children.extend(children.into_iter().map(|child| ChildRelationship {
            child,
            field: RECORD_TYPE_ID.to_owned(),
            name: None,
            cascade_delete: false,
            restricted_delete: false,
            deprecated_and_hidden: false,
        }));
    }

    fn build(self) -> Result<ObjectSet, Vec<DefError>> {
        let standard = self.standard;
        let mut errors = self.errors;
        let defs = self.custom.iter().flat_map(|(def, ..)| &def.fields).chain(self.changes.values().flat_map(|c| &c.fields));
        let filtered: Vec<FieldDef> = defs.filter(|def| def.lookup_filter.is_some()).cloned().collect();
        let mut built: Vec<Arc<Object>> = Vec::with_capacity(self.custom.len() + self.changes.len());
        let mut custom_parts = self.custom_parts;
        for (at, (def, prefix, children)) in self.custom.into_iter().enumerate() {
            match all_fields(&def) {
                Ok(fields) => {
                    let object = assemble(&def, prefix, fields, children);
                    built.push(Arc::new(ruled(object, &custom_parts.remove(&at).unwrap_or_default(), &mut errors)));
                }
                Err(e) => errors.push(e),
            }
        }
        for (key, mut change) in self.changes {
            let parts = std::mem::take(&mut change.parts);
            match self.standard.object(&key).map(|object| extend(object, change)) {
                Some(Ok(object)) => built.push(Arc::new(ruled(object, &parts, &mut errors))),
                Some(Err(e)) => errors.push(e),
                None => {}
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let set = ObjectSet::new(built);
        let object = |name: &str| set.object(name).or_else(|| standard.object(name)).map(|o| &**o);
        for def in &filtered {
            errors.extend(lookup_filter::check(def, object).err());
        }
        errors.extend(too_many_filters(&filtered));
        if errors.is_empty() { Ok(set) } else { Err(errors) }
    }
}

/// Refusals of objects with more required lookup filters than the platform takes.
fn too_many_filters(filtered: &[FieldDef]) -> impl Iterator<Item = DefError> + '_ {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let required = filtered.iter().filter(|def| def.lookup_filter.as_ref().is_some_and(|f| f.active && !f.is_optional));
    required.filter_map(move |def| {
        let count = counts.entry(&def.object).or_default();
        *count += 1;
        (*count == MAX_REQUIRED + 1).then(|| {
            let text = format!("{} can have at most {MAX_REQUIRED} active required lookup filters", def.object);
            DefError::new(ErrorCode::FilteredLookupLimitExceeded, text).on(lookup_filter::MEMBER).about(def.qualified_name())
        })
    })
}

/// The object with what it has beside fields.
fn ruled(object: Object, parts: &[PartDef], errors: &mut Vec<DefError>) -> Object {
    if parts.is_empty() {
        return object;
    }
    let mut object = if has_record_types(parts) { with_record_type(object) } else { object };
    let mut rules = ObjectRules::default();
    let mut parts: Vec<&PartDef> = parts.iter().collect();
    // What others refer to first; the order of creation within a kind.
    parts.sort_by_key(|part| KINDS.iter().position(|kind| kind.name == part.kind().name));
    errors.extend(parts.iter().filter_map(|part| part.place(&object, &mut rules).err()));
    object.rules = Some(Arc::new(rules));
    object
}

/// The field that says of which record type a record is.
const RECORD_TYPE_ID: &str = "RecordTypeId";

fn has_record_types(parts: &[PartDef]) -> bool {
    parts.iter().any(|part| matches!(part, PartDef::RecordType(_)))
}

/// The object with the field that it has once it has record types, as recorded of Account.
fn with_record_type(object: Object) -> Object {
    let after = if object.custom { None } else { record_types::of(&object.name).and_then(|typed| typed.after) };
    let base = Arc::new(object);
    let parent = base.clone();
    base.with_parts(move || {
        let mut field = Field::new(RECORD_TYPE_ID, "Record Type ID", FieldType::Reference);
        field.permissionable = false;
        field.reference_to = vec!["RecordType".to_owned()];
        field.relationship_name = Some("RecordType".to_owned());
        let mut fields = parent.fields().to_vec();
        let behind = after.and_then(|name| parent.field_index(name));
        let behind = behind.or_else(|| fields.iter().position(|f| f.name_field)).map_or(1, |at| at + 1);
        fields.insert(behind.min(fields.len()), field);
        ObjectParts { fields, children: parent.children().to_vec() }
    })
}

/// The refusal of a definition for an object that is none, or that takes none.
fn no_such_table(object: &str) -> DefError {
    let message = format!("Entity Enumeration Or ID: bad value for restricted picklist field: {object}");
    DefError::new(ErrorCode::InvalidOrNullForRestrictedPicklist, message).on("TableEnumOrId")
}

/// A standard object with custom fields and child relationships added after its own.
fn extend(base: &Arc<Object>, change: Change) -> Result<Object, DefError> {
    let mut extra: Vec<Field> = Vec::new();
    if !change.fields.is_empty() {
        let mut all = base.fields().to_vec();
        add_fields(&mut all, &change.fields)?;
        extra = all.split_off(base.fields().len());
    }
    let parent = base.clone();
    Ok(base.with_parts(move || {
        let mut parts = ObjectParts { fields: parent.fields().to_vec(), children: parent.children().to_vec() };
        for (field, target) in &change.targets {
            if let Some(field) = parts.fields.iter_mut().find(|f| f.name == *field) {
                field.reference_to.push(target.clone());
            }
        }
        parts.fields.extend(extra.iter().cloned());
        parts.children.extend(change.children.iter().cloned());
        parts
    }))
}

/// A field's developer name: its API name without the suffix.
fn stem(full_name: &str) -> &str {
    full_name.strip_suffix("__c").unwrap_or(full_name)
}
