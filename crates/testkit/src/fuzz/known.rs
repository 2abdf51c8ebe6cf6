//! What there is in the org that requests can name.

use crate::fixtures::{create, custom_field, custom_object};
use crate::random::Random;
use crate::target::Target;
use bytes::Bytes;
use http::Response;
use orglet_engine::OrgFacts;
use serde_json::{Value, json};

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
}

impl Known {
    /// Makes custom objects and rows in an org that is at its beginning.
    pub(super) fn new(target: &dyn Target) -> Result<Self, String> {
        let mut known = Self {
            facts: target.facts(),
            ids: Vec::new(),
            locators: Vec::new(),
            objects: OBJECTS.iter().map(|name| (*name).to_owned()).collect(),
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
        let account = create(target, "Account", &json!({"Name": "Acme", "Ext__c": "A1"}))?;
        let thing = create(target, "Thing__c", &json!({"Name": "T", "Text__c": "t", "Number__c": 1.5}))?;
        let contact = create(target, "Contact", &json!({"LastName": "Ash", "AccountId": account}))?;
        let part = create(target, "Part__c", &json!({"Name": "P", "Master__c": thing}))?;
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
