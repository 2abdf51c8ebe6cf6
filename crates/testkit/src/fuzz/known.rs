//! What there is in the org that requests can name.

use crate::fixtures::{apex_class, create, custom_field, custom_object};
use crate::random::Random;
use crate::target::Target;
use bytes::Bytes;
use http::Response;
use orglet_engine::OrgFacts;
use serde_json::{Value, json};
use std::collections::HashMap;

/// A class that takes whatever it is sent, and makes of it what it can.
const CLASS: &str = "@RestResource(urlMapping='/x/*')
global class Fuzzed {
    global class Line { public String name; public Decimal price; public Date day; }
    @HttpPost
    global static Object take(Integer n, List<Line> lines, Account record, Map<String, List<Id>> rest) {
        try {
            if (record != null) insert record;
            return new Map<String, Object>{ 'n' => n, 'lines' => lines, 'record' => record, 'rest' => rest };
        } catch (Exception e) {
            return e.getMessage();
        }
    }
    @HttpGet
    global static List<Thing__c> get() {
        String q = RestContext.request.params.get('fields');
        return [SELECT Id, Name, Number__c FROM Thing__c WHERE Name = :q OR Text__c LIKE :'%' + q LIMIT 5];
    }
}";
/// Ids that are remembered, the latest.
const MOST_IDS: usize = 400;
/// Objects that most requests are about.
const OBJECTS: [&str; 22] = [
    "Account",
    "Contact",
    "Lead",
    "Opportunity",
    "Case",
    "Task",
    "Event",
    "User",
    "Product2",
    "Pricebook2",
    "PricebookEntry",
    "OpportunityLineItem",
    "Campaign",
    "CampaignMember",
    "Note",
    "Attachment",
    "ContentVersion",
    "Organization",
    "EntityDefinition",
    "FieldDefinition",
    "Thing__c",
    "Part__c",
];
/// Key prefixes of standard objects whose rows requests make.
const PREFIXES: [(&str, &str); 14] = [
    ("001", "Account"),
    ("003", "Contact"),
    ("005", "User"),
    ("006", "Opportunity"),
    ("00D", "Organization"),
    ("00Q", "Lead"),
    ("00T", "Task"),
    ("00U", "Event"),
    ("01s", "Pricebook2"),
    ("01t", "Product2"),
    ("068", "ContentVersion"),
    ("069", "ContentDocument"),
    ("500", "Case"),
    ("701", "Campaign"),
];
/// Fields that most requests are about.
const FIELDS: [&str; 34] = [
    "Id",
    "Name",
    "OwnerId",
    "CreatedDate",
    "SystemModstamp",
    "IsDeleted",
    "Phone",
    "ParentId",
    "AccountId",
    "FirstName",
    "LastName",
    "Email",
    "StageName",
    "CloseDate",
    "Amount",
    "Probability",
    "Status",
    "Subject",
    "Priority",
    "ActivityDate",
    "BillingAddress",
    "BillingCity",
    "AnnualRevenue",
    "NumberOfEmployees",
    "Description",
    "Title",
    "Body",
    "Ext__c",
    "Text__c",
    "Number__c",
    "Day__c",
    "Pick__c",
    "Master__c",
    "Nope",
];

/// What requests can be made of.
pub(super) struct Known {
    pub(super) facts: OrgFacts,
    ids: Vec<String>,
    locators: Vec<String>,
    objects: Vec<String>,
    /// Objects by the key prefix of their ids.
    prefixes: HashMap<String, String>,
}

impl Known {
    /// Makes custom objects and rows in an org that is at its beginning.
    pub(super) fn new(target: &dyn Target) -> Result<Self, String> {
        let mut known = Self {
            facts: target.facts(),
            ids: Vec::new(),
            locators: Vec::new(),
            objects: OBJECTS.iter().map(|name| (*name).to_owned()).collect(),
            prefixes: PREFIXES.iter().map(|(prefix, name)| ((*prefix).to_owned(), (*name).to_owned())).collect(),
        };
        custom_object(target, "Thing__c")?;
        custom_object(target, "Part__c")?;
        for (name, metadata) in [
            ("Account.Ext__c", json!({"type": "Text", "label": "E", "length": 40, "externalId": true, "unique": true})),
            ("Thing__c.Text__c", json!({"type": "Text", "label": "T", "length": 40, "externalId": true})),
            ("Thing__c.Number__c", json!({"type": "Number", "label": "N", "precision": 18, "scale": 4, "externalId": true})),
            ("Thing__c.Day__c", json!({"type": "Date", "label": "D"})),
            (
                "Thing__c.Pick__c",
                json!({"type": "Picklist", "label": "P", "valueSet": {"restricted": true, "valueSetDefinition": {"sorted": false,
                    "value": [{"fullName": "a", "label": "a", "default": false}]}}}),
            ),
            (
                "Part__c.Master__c",
                json!({"type": "MasterDetail", "label": "M", "referenceTo": "Thing__c", "relationshipName": "Parts", "relationshipLabel": "Parts"}),
            ),
        ] {
            custom_field(target, name, &metadata)?;
        }
        apex_class(target, CLASS)?;
        let account = create(target, "Account", &json!({"Name": "Acme", "Ext__c": "A1"}))?;
        let thing = create(target, "Thing__c", &json!({"Name": "T", "Text__c": "t", "Number__c": 1.5}))?;
        let contact = create(target, "Contact", &json!({"LastName": "Ash", "AccountId": account}))?;
        let part = create(target, "Part__c", &json!({"Name": "P", "Master__c": thing}))?;
        for (id, name) in [(&thing, "Thing__c"), (&part, "Part__c")] {
            known.prefixes.insert(id[..3].to_owned(), name.to_owned());
        }
        let user = known.facts.user_id.clone();
        known.ids.extend([account, thing, contact, part, user, known.facts.org_id.clone()]);
        Ok(known)
    }

    /// Remembers ids and locators of an answer.
    pub(super) fn learn(&mut self, response: &Response<Bytes>) {
        if response.status() != 200 && response.status() != 201 {
            return;
        }
        let Ok(value) = serde_json::from_slice::<Value>(response.body()) else { return };
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        if let Some(id) = text("id").filter(|id| id.len() == 18) {
            if self.ids.len() >= MOST_IDS {
                // The first few stay.
                self.ids.remove(6);
            }
            self.ids.push(id.to_owned());
        }
        if let Some(next) = text("nextRecordsUrl").and_then(|url| url.rsplit('/').next()) {
            self.locators.truncate(20);
            self.locators.insert(0, next.to_owned());
        }
    }

    /// An id: of a row that was there, in one of its forms, or none that could be.
    pub(super) fn id(&self, random: &mut Random) -> String {
        let id = random.pick(&self.ids).cloned().unwrap_or_default();
        match random.below(12) {
            0 => id.chars().take(15).collect(),
            1 => "001000000000001AAA".to_owned(),
            2 => random.text(15),
            3 => id.to_ascii_lowercase(),
            4 => String::new(),
            5 => "null".to_owned(),
            _ => id,
        }
    }

    /// A row that is, or was, there: its object and its id.
    pub(super) fn row(&self, random: &mut Random) -> Option<(String, String)> {
        let id = random.pick(&self.ids)?;
        Some((self.prefixes.get(id.get(..3)?)?.clone(), id.clone()))
    }

    pub(super) fn locator(&self, random: &mut Random) -> String {
        let locator = random.pick(&self.locators).cloned().unwrap_or_else(|| "01g000000000001AAA-2000".to_owned());
        if random.below(3) == 0 { super::damage::text(random, &locator) } else { locator }
    }

    pub(super) fn object(&self, random: &mut Random) -> String {
        random.pick(&self.objects).cloned().unwrap_or_default()
    }

    pub(super) fn field(random: &mut Random) -> &'static str {
        random.pick(&FIELDS).copied().unwrap_or("Id")
    }
}
