use super::*;
use crate::catalog::{Catalog, ObjectSet};
use crate::field::{DefaultValue, Field, FieldType};
use crate::object::{ChildRelationship, Object, ObjectFlags, ObjectParts};
use orglet_base::{DateTime, KeyPrefix};
use serde_json::{Value, json};
use std::sync::Arc;

fn field_of(object: &str, name: &str, metadata: Value) -> Result<FieldDef, DefError> {
    FieldDef::from_meta(object, name, &MetaNode::from_json(&metadata))
}

fn refused(metadata: Value) -> String {
    field_of("X__c", "F__c", metadata).unwrap_err().message
}

fn built(metadata: Value) -> Field {
    let def = field_of("X__c", "F__c", metadata).unwrap();
    assert_eq!(field_of("X__c", "F__c", def.to_metadata()).unwrap(), def, "read back as Tooling shows it");
    let stored: FieldDef = serde_json::from_str(&serde_json::to_string(&def).unwrap()).unwrap();
    assert_eq!(stored, def);
    build_field(&def, None).unwrap().remove(0)
}

fn object(name: &str, fields: Vec<FieldDef>) -> ObjectDef {
    let label = name.trim_end_matches("__c");
    let node = MetaNode::from_json(&json!({
        "label": label, "pluralLabel": format!("{label}s"), "nameField": {"type": "Text", "label": format!("{label} Name")},
        "deploymentStatus": "Deployed", "sharingModel": "ReadWrite", "enableSearch": true
    }));
    ObjectDef { fields, ..ObjectDef::from_meta(name, &node).unwrap() }
}

fn prefix(text: &str) -> KeyPrefix {
    KeyPrefix::parse(text).unwrap()
}

/// A small set of standard objects: an account with a child relationship and a task about it.
fn standard() -> Arc<ObjectSet> {
    let mut account = Object::new("Account", "Account", "Accounts", || ObjectParts {
        fields: vec![Field::new("Id", "Account ID", FieldType::Id), Field::new("Name", "Account Name", FieldType::String)],
        children: vec![ChildRelationship {
            child: "Task".into(),
            field: "WhatId".into(),
            name: Some("Tasks".into()),
            cascade_delete: true,
            restricted_delete: false,
            deprecated_and_hidden: false,
        }],
    });
    account.key_prefix = Some(prefix("001"));
    account.flags = ObjectFlags { mergeable: true, mru_enabled: true, ..ObjectFlags::default() };
    account.flags.layoutable = true;
    let mut task = Object::new("Task", "Task", "Tasks", || {
        let mut what = Field::new("WhatId", "Related To ID", FieldType::Reference);
        what.reference_to = vec!["Account".into()];
        ObjectParts { fields: vec![what], children: vec![] }
    });
    task.flags.layoutable = true;
    let mut user = Object::new("User", "User", "Users", ObjectParts::default);
    user.flags.layoutable = true;
    Arc::new(ObjectSet::new([account, task, user].map(Arc::new)))
}

#[test]
fn messages_of_the_platform() {
    assert_eq!(
        refused(json!({"type": "Checkbox", "label": "F", "required": true, "defaultValue": "false"})),
        "Can not specify 'required' for a CustomField of type Checkbox"
    );
    assert_eq!(refused(json!({"type": "LongTextArea", "label": "F", "length": 255, "visibleLines": 3})), "Invalid length, minimum is: 256");
    assert_eq!(
        refused(json!({"type": "LongTextArea", "label": "F", "length": 131_073, "visibleLines": 3})),
        "Invalid length, maximum is: 131072"
    );
    assert_eq!(
        refused(json!({"type": "TextArea", "label": "F", "length": 255})),
        "Can not specify 'length' for a CustomField of type TextArea"
    );
    assert_eq!(refused(json!({"type": "Checkbox", "label": "F"})), "Must specify 'defaultValue' for a CustomField of type Checkbox");
    assert_eq!(refused(json!({"type": "Text", "label": "F"})), "Must specify 'length' for a CustomField of type Text");
    assert_eq!(refused(json!({"type": "Text", "length": 5})), "Must specify a non-empty label for the CustomField");
    assert_eq!(refused(json!({"type": "hat", "label": "F"})), "'hat' is not a valid value for the enum 'FieldType'");
    assert_eq!(
        refused(json!({"type": "Lookup", "label": "F", "referenceTo": "Account", "required": true, "deleteConstraint": "SetNull"})),
        "field integrity exception: unknown (must specify either cascade delete or restrict delete for required lookup foreign key)"
    );
    assert_eq!(
        refused(json!({"type": "Lookup", "label": "F", "referenceTo": "Account", "relationshipOrder": 0})),
        "Can not specify 'relationshipOrder' for a CustomField of type Lookup"
    );
    let master = |member: &str, value: Value| {
        let mut node = json!({"type": "MasterDetail", "label": "F", "referenceTo": "Account", "relationshipName": "Xs"});
        node[member] = value;
        refused(node)
    };
    assert_eq!(master("deleteConstraint", json!("Cascade")), "Can not specify 'deleteConstraint' for a CustomField of type MasterDetail");
    assert_eq!(master("required", json!(true)), "Master-Detail Relationship Fields Cannot be Optional or Required");
    assert_eq!(refused(json!({"type": "Number", "label": "F", "precision": 19, "scale": 0})), "Invalid precision, maximum is: 18");
    assert_eq!(refused(json!({"type": "Number", "label": "F", "precision": 4, "scale": 5})), "Invalid scale, maximum is: 4");
    assert_eq!(
        refused(json!({"type": "Text", "label": "F", "length": 9, "hue": 1})),
        "No such column 'hue' on sobject of type CustomField"
    );
    let e = field_of("X__c", "F", json!({"type": "Text", "label": "F", "length": 9})).unwrap_err();
    assert_eq!((e.message.as_str(), e.subject.as_deref()), ("fullName must end with: __c", Some("X__c.F")));
    for name in ["1F__c", "F___c", "A__B__c", "F_G___c"] {
        assert!(field_of("X__c", name, json!({"type": "Text", "label": "F", "length": 9})).is_err(), "{name}");
    }
    let api = orglet_base::ApiError::from(field_of("X__c", "F__c", json!({"type": "Text", "label": "F", "length": 256})).unwrap_err());
    assert_eq!((api.message(), api.code().as_str()), ("Invalid length, maximum is: 255", "FIELD_INTEGRITY_EXCEPTION"));
    assert!(api.fields().unwrap().is_empty());
}

#[test]
fn unbuilt_things_are_told_apart() {
    for metadata in [
        json!({"type": "Number", "label": "F", "precision": 4, "scale": 0, "formula": "1 + 1"}),
        json!({"type": "Summary", "label": "F", "summaryOperation": "count"}),
        json!({"type": "Hierarchy", "label": "F", "relationshipName": "R"}),
        json!({"type": "Lookup", "label": "F", "referenceTo": "Account", "lookupFilter": {"active": true, "isOptional": false,
            "filterItems": [{"field": "Account.Place__c", "operation": "within", "value": "1"}]}}),
    ] {
        let e = field_of("X__c", "F__c", metadata.clone()).unwrap_err();
        assert!(e.unsupported, "{metadata}");
        assert_eq!(e.code, orglet_base::ErrorCode::FunctionalityNotEnabled);
    }
    // Nulls and false ask for nothing: Tooling prints every member.
    let quiet = json!({"type": "Text", "label": "F", "length": 9, "formula": null, "lookupFilter": null, "precision": null,
        "valueSet": null, "required": false, "writeRequiresMasterRead": false, "deprecated": false, "fullName": "X__c.F__c"});
    assert!(field_of("X__c", "F__c", quiet).is_ok());
}

#[test]
fn flags_of_each_type() {
    let text = built(json!({"type": "Text", "label": "F", "length": 20, "unique": true, "caseSensitive": true, "externalId": true,
        "required": true, "defaultValue": "\"a\""}));
    assert_eq!((text.ty, text.length, text.byte_length), (FieldType::String, 20, 60));
    assert!(text.unique && text.external_id && text.id_lookup && text.case_sensitive && text.custom);
    assert!(!text.nillable && !text.permissionable && text.defaulted_on_create && text.groupable);
    assert_eq!((text.default, text.default_formula.as_deref()), (Some(DefaultValue::Text("a".into())), Some("\"a\"")));

    let auto = built(json!({"type": "AutoNumber", "label": "F", "displayFormat": "A-{0000}", "startingNumber": 5}));
    assert_eq!((auto.ty, auto.length, auto.is_auto_number), (FieldType::String, 30, true));
    assert_eq!(auto.auto_number.as_ref().map(|a| (a.format.as_str(), a.start)), Some(("A-{0000}", 5)));
    assert!(!auto.createable && !auto.updateable && !auto.nillable && auto.defaulted_on_create);

    let check = built(json!({"type": "Checkbox", "label": "F", "defaultValue": true}));
    assert_eq!((check.ty, check.default, check.default_formula), (FieldType::Boolean, Some(DefaultValue::Bool(true)), None));
    assert!(!check.nillable && check.defaulted_on_create && check.permissionable && !check.aggregatable);

    for (kind, ty) in [("Number", FieldType::Double), ("Currency", FieldType::Currency), ("Percent", FieldType::Percent)] {
        let number = built(json!({"type": kind, "label": "F", "precision": 16, "scale": 2, "defaultValue": 0}));
        assert_eq!((number.ty, number.precision, number.scale, number.byte_length), (ty, 16, 2, 0));
        assert_eq!((number.default, number.default_formula.as_deref()), (Some(DefaultValue::Number("0".into())), Some("0")));
        assert!(!number.groupable && number.sortable && number.nillable && number.defaulted_on_create);
    }

    let date = built(json!({"type": "Date", "label": "F", "defaultValue": "Today()"}));
    assert_eq!((date.default, date.default_formula.as_deref(), date.groupable), (Some(DefaultValue::Now), Some("Today()"), true));
    assert!(!built(json!({"type": "DateTime", "label": "F"})).groupable);
    assert_eq!(built(json!({"type": "Time", "label": "F"})).ty, FieldType::Time);
    assert_eq!(built(json!({"type": "Email", "label": "F"})).byte_length, 240);
    assert_eq!(built(json!({"type": "Phone", "label": "F"})).length, 40);
    assert_eq!(built(json!({"type": "Url", "label": "F"})).length, 255);

    let area = built(json!({"type": "TextArea", "label": "F"}));
    assert_eq!((area.length, area.extra_type_info.as_deref(), area.filterable, area.groupable), (255, Some("plaintextarea"), true, true));
    let long = built(json!({"type": "LongTextArea", "label": "F", "length": 32768, "visibleLines": 3}));
    assert_eq!((long.length, long.byte_length, long.extra_type_info.as_deref()), (32768, 98304, Some("plaintextarea")));
    assert!(!long.filterable && !long.sortable && !long.groupable && !long.aggregatable);
    let html = built(json!({"type": "Html", "label": "F", "length": 32768, "visibleLines": 25}));
    assert_eq!((html.html_formatted, html.extra_type_info.as_deref(), html.filterable), (true, Some("richtextarea"), false));

    let secret = built(json!({"type": "EncryptedText", "label": "F", "length": 16, "maskChar": "asterisk", "maskType": "lastFour"}));
    assert_eq!((secret.ty, secret.mask.as_deref(), secret.mask_type.as_deref()), (FieldType::EncryptedString, Some("*"), Some("lastFour")));
    assert!(!secret.filterable && !secret.sortable && secret.length == 16);
}

#[test]
fn references() {
    let lookup =
        built(json!({"type": "Lookup", "label": "F", "referenceTo": "Account", "relationshipName": "Xs", "deleteConstraint": "Restrict"}));
    assert_eq!((lookup.ty, lookup.length, lookup.byte_length), (FieldType::Reference, 18, 18));
    assert_eq!((lookup.relationship_name.as_deref(), lookup.reference_to.as_slice()), (Some("F__r"), &["Account".to_owned()][..]));
    assert!(
        lookup.nillable && lookup.updateable && lookup.restricted_delete && !lookup.cascade_delete && lookup.relationship_order.is_none()
    );
    let master = built(json!({"type": "MasterDetail", "label": "F", "referenceTo": "Account", "relationshipName": "Xs",
        "relationshipOrder": 0, "reparentableMasterDetail": false, "writeRequiresMasterRead": true}));
    assert!(!master.nillable && master.createable && !master.updateable && master.cascade_delete && master.write_requires_master_read);
    assert_eq!((master.relationship_order, master.permissionable), (Some(0), false));
    let movable = built(
        json!({"type": "MasterDetail", "label": "F", "referenceTo": "Account", "relationshipName": "Xs", "reparentableMasterDetail": true}),
    );
    assert!(movable.updateable);
}

#[test]
fn picklists_old_and_new() {
    let new =
        built(json!({"type": "Picklist", "label": "F", "valueSet": {"restricted": true, "valueSetDefinition": {"sorted": true, "value": [
        {"valueName": "b", "label": "B", "default": true}, {"fullName": "a", "label": "A", "isActive": false}]}}}));
    assert_eq!(new.picklist.iter().map(|v| (v.value.as_str(), v.active)).collect::<Vec<_>>(), [("a", false), ("b", true)]);
    assert!(new.restricted_picklist && new.defaulted_on_create && new.default_formula.is_none());
    assert_eq!(new.default, Some(DefaultValue::Text("b".into())));
    let old = built(json!({"type": "MultiselectPicklist", "label": "F", "visibleLines": 3, "picklist": {"sorted": false,
        "picklistValues": [{"fullName": "x", "default": false}, {"fullName": "y", "default": false}]}}));
    assert_eq!((old.ty, old.length, old.byte_length, old.precision), (FieldType::MultiPicklist, 4099, 4099, 3));
    assert_eq!((old.picklist.len(), old.sortable, old.groupable, old.filterable), (2, false, false, true));
    let twice =
        json!({"type": "Picklist", "label": "F", "valueSet": {"valueSetDefinition": {"value": [{"fullName": "a"}, {"fullName": "A"}]}}});
    assert_eq!(refused(twice), "Duplicate picklist value: A");
    let global = field_of("X__c", "F__c", json!({"type": "Picklist", "label": "F", "valueSet": {"valueSetName": "Gone"}})).unwrap();
    assert_eq!(build_field(&global, None).unwrap_err().message, "In field: valueSet - no GlobalValueSet named Gone found");
    assert_eq!(refused(json!({"type": "Picklist", "label": "F"})), "Must specify 'valueSet' for a CustomField of type Picklist");
}

#[test]
fn locations_are_three_fields() {
    let def =
        field_of("X__c", "Spot__c", json!({"type": "Location", "label": "Spot", "scale": 6, "displayLocationInDecimal": true})).unwrap();
    let fields = build_field(&def, None).unwrap();
    assert_eq!(fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["Spot__Latitude__s", "Spot__Longitude__s", "Spot__c"]);
    assert_eq!((fields[0].ty, fields[0].precision, fields[0].scale), (FieldType::Double, 9, 6));
    assert_eq!((fields[0].compound.as_deref(), fields[0].createable), (Some("Spot__c"), true));
    assert_eq!((fields[2].ty, fields[2].createable, fields[2].compound.clone()), (FieldType::Location, false, None));
    assert!(fields.iter().all(|f| f.custom && f.display_location_in_decimal));
}

#[test]
fn objects() {
    let fails = |name: &str, metadata: Value| ObjectDef::from_meta(name, &MetaNode::from_json(&metadata)).unwrap_err();
    assert_eq!(fails("X", json!({})).message, "Invalid fullName, must end in a custom suffix (e.g. __c)");
    assert_eq!(fails("X__c", json!({})).message, "Must specify a non-empty label for the CustomObject");
    let unnamed = json!({"label": "X", "pluralLabel": "Xs", "nameField": {"label": "N", "type": "Number"}});
    assert_eq!(fails("X__c", unnamed).message, "Must specify a nameField of type Text or AutoNumber");
    let unformatted = json!({"label": "X", "pluralLabel": "Xs", "nameField": {"label": "N", "type": "AutoNumber"}});
    assert_eq!(fails("X__c", unformatted).message, "Must specify 'displayFormat' for a CustomField of type AutoNumber");
    assert!(fails("X__c", json!({"label": "X", "pluralLabel": "Xs", "customSettingsType": "List"})).unsupported);

    let node = MetaNode::from_json(&json!({"label": "X", "pluralLabel": "Xs", "enableActivities": true,
        "nameField": {"label": "Number", "type": "AutoNumber", "displayFormat": "X-{000}", "startingNumber": 7}}));
    let def = ObjectDef::from_meta("X__c", &node).unwrap();
    assert_eq!(serde_json::from_str::<ObjectDef>(&serde_json::to_string(&def).unwrap()).unwrap(), def);
    assert_eq!(ObjectDef::from_meta("X__c", &MetaNode::from_json(&def.to_metadata())).unwrap(), def);
    let object = build_object(&def, prefix("a00")).unwrap();
    let names: Vec<&str> = object.fields().iter().map(|f| f.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "Id",
            "OwnerId",
            "IsDeleted",
            "Name",
            "CreatedDate",
            "CreatedById",
            "LastModifiedDate",
            "LastModifiedById",
            "SystemModstamp",
            "LastActivityDate"
        ]
    );
    let name = object.name_field().unwrap();
    assert_eq!((name.label.as_str(), name.length, name.is_auto_number, name.createable), ("Number", 80, true, false));
    assert_eq!(name.auto_number.as_ref().unwrap().start, 7);
    assert_eq!(object.field("OwnerId").unwrap().reference_to, ["Group", "User"]);
    assert_eq!(object.parent_field("CreatedBy").unwrap().name, "CreatedById");
    assert!(object.custom && !object.flags.searchable && object.flags.undeletable && !object.flags.mru_enabled);
    let plain = build_object(&super::tests::object("Y__c", vec![]), prefix("a01")).unwrap();
    let name = plain.name_field().unwrap();
    assert!(name.nillable && name.createable && name.updateable && name.id_lookup && name.length == 80);
    assert!(!name.required_on_create());
}

#[test]
fn overlays_relate_parents_and_children() {
    let master = field_of(
        "Line__c",
        "Order__c",
        json!({"type": "MasterDetail", "label": "Order", "referenceTo": "order__C", "relationshipName": "Lines"}),
    )
    .unwrap();
    let lookup = field_of(
        "Order__c",
        "Account__c",
        json!({"type": "Lookup", "label": "Account", "referenceTo": "Account", "relationshipName": "Orders",
        "deleteConstraint": "Restrict", "required": true}),
    )
    .unwrap();
    let back = field_of("Account", "Last__c", json!({"type": "Lookup", "label": "Last", "referenceTo": "Order__c"})).unwrap();
    let mut order = object("Order__c", vec![lookup]);
    order.enable_activities = true;
    let objects = [(order, prefix("a00")), (object("Line__c", vec![master]), prefix("a01"))];
    let standard = standard();
    let set = overlay(&standard, &objects, &[back], &[]).unwrap();
    let catalog = Catalog::new(1, DateTime::parse("2024-01-01T00:00:00Z").unwrap(), standard, set);

    let order = catalog.object("order__c").unwrap();
    let lines = order.child("Lines__r").unwrap();
    assert_eq!((lines.child.as_str(), lines.field.as_str(), lines.cascade_delete), ("Line__c", "Order__c", true));
    assert_eq!(order.children().iter().filter(|c| c.name.is_none()).map(|c| c.child.as_str()).collect::<Vec<_>>(), ["Account"]);
    assert!(order.child("Tasks").is_some() && order.child("Events").is_none());
    assert_eq!(catalog.object("Task").unwrap().field("WhatId").unwrap().reference_to, ["Account", "Order__c"]);

    let line = catalog.object("Line__c").unwrap();
    assert!(line.field("OwnerId").is_none());
    let master = line.field("Order__c").unwrap();
    assert_eq!((master.reference_to[0].as_str(), master.relationship_order), ("Order__c", Some(0)));
    assert_eq!(line.parent_field("Order__r").unwrap().name, "Order__c");

    let account = catalog.object("Account").unwrap();
    assert!(account.flags.mergeable && account.flags.mru_enabled && !account.custom);
    assert_eq!((account.key_prefix, account.label_plural.as_str()), (Some(prefix("001")), "Accounts"));
    assert_eq!(account.fields().iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["Id", "Name", "Last__c"]);
    assert!(account.child("Tasks").is_some());
    let orders = account.child("orders__r").unwrap();
    assert!(orders.restricted_delete && !orders.cascade_delete);
    assert_eq!(catalog.by_prefix(prefix("a01")).unwrap().name, "Line__c");
}

#[test]
fn overlays_are_checked_as_a_whole() {
    let text = |object: &str, name: &str| field_of(object, name, json!({"type": "Text", "label": "F", "length": 9})).unwrap();
    let reference = |object: &str, name: &str, to: &str, kind: &str, rel: &str| {
        field_of(object, name, json!({"type": kind, "label": "F", "referenceTo": to, "relationshipName": rel})).unwrap()
    };
    let fails = |objects: Vec<ObjectDef>, fields: Vec<FieldDef>| {
        let objects: Vec<_> = objects.into_iter().map(|o| (o, prefix("a00"))).collect();
        overlay(&standard(), &objects, &fields, &[]).unwrap_err().remove(0)
    };
    let e = fails(vec![object("X__c", vec![]), object("x__C", vec![])], vec![]);
    assert_eq!((e.code.as_str(), e.message.as_str()), ("DUPLICATE_DEVELOPER_NAME", "There is already an object named x__C."));
    let e = fails(vec![], vec![text("Account", "F__c"), text("Account", "f__c")]);
    assert_eq!((e.message.as_str(), e.subject.as_deref()), ("There is already a field named f on Account.", Some("Account.f__c")));
    let e = fails(vec![], vec![text("Nowhere__c", "F__c")]);
    assert_eq!(e.message, "Entity Enumeration Or ID: bad value for restricted picklist field: Nowhere__c");
    let e = fails(vec![], vec![reference("Account", "F__c", "Nowhere__c", "Lookup", "R")]);
    assert_eq!(e.message, "referenceTo value of 'Nowhere__c' does not resolve to a valid sObject type");
    let two = vec![reference("X__c", "A__c", "Account", "Lookup", "Xs"), reference("X__c", "B__c", "Account", "Lookup", "xs")];
    assert_eq!(fails(vec![object("X__c", two)], vec![]).message, "There is already a Child Relationship named xs on Account.");
    let e = fails(vec![], vec![reference("Account", "F__c", "Account", "MasterDetail", "R")]);
    assert_eq!(e.message, "A MasterDetail field can only be created on a custom object");
    let three = ["A", "B", "C"].map(|n| reference("X__c", &format!("{n}__c"), "Account", "MasterDetail", n)).to_vec();
    assert_eq!(fails(vec![object("X__c", three)], vec![]).message, "A custom object can have at most 2 MasterDetail fields");
    let around = vec![
        object("X__c", vec![reference("X__c", "Y__c", "Y__c", "MasterDetail", "R")]),
        object("Y__c", vec![reference("Y__c", "X__c", "X__c", "MasterDetail", "R")]),
    ];
    assert!(fails(around, vec![]).message.ends_with("can not be its own master in a MasterDetail relationship"));
}

#[test]
fn dependent_picklists() {
    let values = |names: &[&str]| names.iter().map(|n| json!({"fullName": n, "label": n})).collect::<Vec<_>>();
    let country = field_of(
        "X__c",
        "Country__c",
        json!({"type": "Picklist", "label": "C", "valueSet": {"valueSetDefinition":
        {"value": values(&["USA", "Italy"])}}}),
    )
    .unwrap();
    let city = field_of("X__c", "City__c", json!({"type": "Picklist", "label": "C", "valueSet": {"controllingField": "Country__c",
        "valueSetDefinition": {"value": values(&["Boston", "Rome"])},
        "valueSettings": [{"controllingFieldValue": ["USA"], "valueName": "Boston"}, {"controllingFieldValue": "Italy", "valueName": "Rome"}]}})).unwrap();
    // The controlling field may be defined after the dependent one.
    let object_def = object("X__c", vec![city.clone(), country]);
    let made = build_object(&object_def, prefix("a00")).unwrap();
    let field = made.field("City__c").unwrap();
    assert_eq!(field.controller.as_deref(), Some("Country__c"));
    assert_eq!(field.picklist.iter().map(|v| v.valid_for.as_deref().unwrap()).collect::<Vec<_>>(), ["gAAA", "QAAA"]);
    assert_eq!(made.fields()[9].name, "City__c");
    let e = build_object(&object("X__c", vec![city]), prefix("a00")).unwrap_err();
    assert_eq!(e.message, "In field: controllingField - no CustomField named X__c.Country__c found");
}

#[test]
fn every_fault_of_a_project_is_told() {
    let dangling = |name: &str| field_of("Account", name, json!({"type": "Lookup", "label": "F", "referenceTo": "Gone__c"})).unwrap();
    let errors = overlay(&standard(), &[], &[dangling("A__c"), dangling("B__c")], &[]).unwrap_err();
    assert_eq!(errors.iter().filter_map(|e| e.subject.as_deref()).collect::<Vec<_>>(), ["Account.A__c", "Account.B__c"]);
}

#[test]
fn metadata_as_tooling_shows_it() {
    let def =
        field_of("Account", "T__c", json!({"type": "Text", "label": "T", "length": 100, "securityClassification": "Public"})).unwrap();
    let shown = def.to_metadata();
    let members: Vec<&String> = shown.as_object().unwrap().keys().collect();
    assert!(members.is_sorted());
    assert_eq!(shown["length"], json!(100));
    assert_eq!(shown["required"], json!(false));
    assert_eq!(shown["precision"], Value::Null);
    assert_eq!(shown["securityClassification"], json!("Public"));
}
