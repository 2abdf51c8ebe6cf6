//! A small schema.

use orglet_base::KeyPrefix;
use orglet_schema::catalog::ObjectSet;
use orglet_schema::object::ObjectParts;
use orglet_schema::{Catalog, ChildRelationship, Field, FieldType, Object, PicklistValue, Storage};
use std::sync::Arc;

fn field(name: &str, ty: FieldType) -> Field {
    let mut f = Field::new(name, name.trim_end_matches("__c"), ty);
    f.custom = name.ends_with("__c") || name.ends_with("__s");
    f
}

fn scaled(name: &str, ty: FieldType, scale: u8) -> Field {
    let mut f = field(name, ty);
    f.scale = scale;
    f
}

fn name(ty: FieldType) -> Field {
    let mut f = field("Name", ty);
    f.name_field = true;
    f
}

fn part(name: &str, ty: FieldType, scale: u8, compound: &str) -> Field {
    let mut f = scaled(name, ty, scale);
    f.compound = Some(compound.into());
    f
}

fn reference(name: &str, relationship: &str, to: &[&str]) -> Field {
    let mut f = field(name, FieldType::Reference);
    f.relationship_name = Some(relationship.into());
    f.reference_to = to.iter().map(|t| (*t).to_owned()).collect();
    f.name_pointing = to.len() > 1;
    f
}

fn picklist(name: &str, ty: FieldType, values: &[&str]) -> Field {
    let mut f = field(name, ty);
    let value = |v: &&str| PicklistValue {
        value: (*v).to_owned(),
        label: format!("{v} label"),
        active: true,
        default: false,
        valid_for: None,
        facts: vec![],
    };
    f.picklist = values.iter().map(value).collect();
    f
}

fn child(object: &str, field: &str, name: &str) -> ChildRelationship {
    ChildRelationship {
        child: object.into(),
        field: field.into(),
        name: Some(name.into()),
        cascade_delete: false,
        restricted_delete: false,
        deprecated_and_hidden: false,
    }
}

fn object(name: &str, prefix: &str, more: Vec<Field>, children: Vec<ChildRelationship>) -> Object {
    let mut fields = vec![field("Id", FieldType::Id), field("IsDeleted", FieldType::Boolean)];
    fields.extend(more);
    fields.push(field("CreatedDate", FieldType::DateTime));
    fields.push(field("SystemModstamp", FieldType::DateTime));
    let mut o = Object::new(name, name, format!("{name}s"), move || ObjectParts { fields: fields.clone(), children: children.clone() });
    o.key_prefix = KeyPrefix::parse(prefix);
    o.flags.queryable = true;
    o.flags.searchable = true;
    o.custom = name.ends_with("__c");
    o
}

fn virtual_object(name: &str, prefix: &str, reified: &'static [&'static str], fields: Vec<Field>) -> Object {
    let fields = [vec![field("Id", FieldType::Id), field("DurableId", FieldType::String)], fields].concat();
    let mut o = Object::new(name, name, name, move || ObjectParts { fields: fields.clone(), children: vec![] });
    o.key_prefix = KeyPrefix::parse(prefix);
    o.flags.queryable = true;
    o.storage = Storage::Virtual;
    o.reified = reified;
    o
}

fn case_sensitive() -> Field {
    let mut f = field("CS__c", FieldType::String);
    (f.unique, f.case_sensitive, f.external_id) = (true, true, true);
    f
}

fn unique() -> Field {
    let mut f = field("Ext__c", FieldType::String);
    (f.unique, f.external_id) = (true, true);
    f
}

fn long_text(name: &str) -> Field {
    let mut f = field(name, FieldType::TextArea);
    f.length = 32_000;
    (f.filterable, f.sortable, f.groupable, f.aggregatable) = (false, false, false, false);
    f
}

pub fn catalog() -> Catalog {
    use FieldType::*;
    let address = ["Street", "City", "State", "PostalCode", "Country"].map(|p| part(&format!("Billing{p}"), String, 0, "BillingAddress"));
    let mut account = vec![
        name(String),
        picklist("Type", Picklist, &["Prospect", "Customer"]),
        field("Industry", String),
        field("Site", String),
        field("Phone", FieldType::Phone),
        scaled("AnnualRevenue", Currency, 2),
        field("NumberOfEmployees", Int),
        field("Flag__c", Boolean),
        case_sensitive(),
        unique(),
        long_text("Description"),
        reference("ParentId", "Parent", &["Account"]),
        reference("OwnerId", "Owner", &["User"]),
        field("BillingAddress", Address),
    ];
    account.extend(address);
    account.push(part("BillingLatitude", Double, 15, "BillingAddress"));
    account.push(part("BillingLongitude", Double, 15, "BillingAddress"));
    let contact = vec![
        part("FirstName", String, 0, "Name"),
        part("LastName", String, 0, "Name"),
        name(String),
        field("Title", String),
        field("Email", FieldType::Email),
        picklist("LeadSource", Picklist, &["Web", "Phone"]),
        reference("AccountId", "Account", &["Account"]),
        reference("ReportsToId", "ReportsTo", &["Contact"]),
        reference("OwnerId", "Owner", &["User"]),
    ];
    let opportunity = vec![
        name(String),
        picklist("StageName", Picklist, &["Prospecting", "Closed Won", "Closed Lost"]),
        scaled("Amount", Currency, 2),
        field("CloseDate", Date),
        field("IsClosed", Boolean),
        reference("AccountId", "Account", &["Account"]),
        reference("CampaignId", "Campaign", &["Campaign"]),
    ];
    let lead = vec![name(String), field("LeadSource", String), field("Rating", String), reference("OwnerId", "Owner", &["Group", "User"])];
    let task = vec![
        field("Subject", String),
        reference("WhoId", "Who", &["Contact", "Lead"]),
        reference("WhatId", "What", &["Account", "Opportunity", "Missing"]),
        reference("OwnerId", "Owner", &["Group", "User"]),
    ];
    let warehouse = vec![
        name(String),
        field("Location__c", Location),
        part("Location__Latitude__s", Double, 6, "Location__c"),
        part("Location__Longitude__s", Double, 6, "Location__c"),
        picklist("MSP1__c", MultiPicklist, &["AAA", "BBB", "CCC", "DDD", "EEE"]),
        scaled("Score__c", Double, 1),
        reference("Account__c", "Account__r", &["Account"]),
        field("Opens__c", Time),
        field("Body__c", Base64),
    ];
    let user = vec![
        name(String),
        field("FirstName", String),
        field("LastName", String),
        field("Username", String),
        field("Email", FieldType::Email),
        field("IsActive", Boolean),
        reference("ProfileId", "Profile", &["Profile"]),
    ];
    let group = vec![name(String), field("Type", String)];
    let hidden = object("Hidden", "0zz", vec![], vec![]);
    let mut hidden = hidden;
    hidden.flags.queryable = false;
    let objects = [
        object(
            "Account",
            "001",
            account,
            vec![
                child("Contact", "AccountId", "Contacts"),
                child("Opportunity", "AccountId", "Opportunities"),
                child("Account", "ParentId", "ChildAccounts"),
            ],
        ),
        object("Contact", "003", contact, vec![child("Task", "WhoId", "Tasks"), child("Contact", "ReportsToId", "Reports")]),
        object("Opportunity", "006", opportunity, vec![]),
        object("Campaign", "701", vec![name(String)], vec![]),
        object("Lead", "00Q", lead, vec![]),
        object("Task", "00T", task, vec![]),
        object("User", "005", user, vec![]),
        object("Group", "00G", group, vec![]),
        object("Profile", "00e", vec![name(String)], vec![]),
        object("Warehouse__c", "a00", warehouse, vec![]),
        hidden,
        virtual_object("EntityDefinition", "4ie", &[], vec![field("QualifiedApiName", String)]),
        virtual_object(
            "FieldDefinition",
            "4fe",
            &["EntityDefinitionId", "DurableId"],
            vec![field("QualifiedApiName", String), reference("EntityDefinitionId", "EntityDefinition", &["EntityDefinition"])],
        ),
    ];
    Catalog::new(1, orglet_base::DateTime(0), Arc::new(ObjectSet::new(objects.into_iter().map(Arc::new))), ObjectSet::default())
}
