//! Fields that show what a related record says: taken over when the relation is made, and kept up when that record changes.

use super::{Stage, of_parent, parent, update_row};
use crate::Failure;
use crate::record::{self, Row};
use orglet_base::Value;
use orglet_schema::Object;
use orglet_store::Tx;

/// Fields of a child that are its parent's.
struct Copy {
    child: &'static str,
    /// The reference to the parent.
    by: &'static str,
    parent: &'static str,
    /// Fields of the child, each with the parent's.
    fields: &'static [(&'static str, &'static str)],
}

const COPIES: &[Copy] = &[
    Copy {
        child: "Case",
        by: "ContactId",
        parent: "Contact",
        fields: &[("ContactPhone", "Phone"), ("ContactMobile", "MobilePhone"), ("ContactEmail", "Email"), ("ContactFax", "Fax")],
    },
    Copy { child: "PricebookEntry", by: "Product2Id", parent: "Product2", fields: &[("Name", "Name"), ("ProductCode", "ProductCode")] },
    Copy { child: "OpportunityLineItem", by: "Product2Id", parent: "Product2", fields: &[("ProductCode", "ProductCode")] },
    Copy {
        child: "Asset",
        by: "Product2Id",
        parent: "Product2",
        fields: &[("ProductCode", "ProductCode"), ("StockKeepingUnit", "StockKeepingUnit")],
    },
    Copy {
        child: "CampaignMember",
        by: "ContactId",
        parent: "Contact",
        fields: &[
            ("Salutation", "Salutation"),
            ("FirstName", "FirstName"),
            ("LastName", "LastName"),
            ("Name", "Name"),
            ("Title", "Title"),
            ("Street", "MailingStreet"),
            ("City", "MailingCity"),
            ("State", "MailingState"),
            ("PostalCode", "MailingPostalCode"),
            ("Country", "MailingCountry"),
            ("Email", "Email"),
            ("Phone", "Phone"),
            ("Fax", "Fax"),
            ("MobilePhone", "MobilePhone"),
            ("Description", "Description"),
            ("DoNotCall", "DoNotCall"),
            ("HasOptedOutOfEmail", "HasOptedOutOfEmail"),
            ("HasOptedOutOfFax", "HasOptedOutOfFax"),
            ("LeadSource", "LeadSource"),
            ("LeadOrContactOwnerId", "OwnerId"),
        ],
    },
    Copy {
        child: "CampaignMember",
        by: "LeadId",
        parent: "Lead",
        fields: &[
            ("Salutation", "Salutation"),
            ("FirstName", "FirstName"),
            ("LastName", "LastName"),
            ("Name", "Name"),
            ("Title", "Title"),
            ("Street", "Street"),
            ("City", "City"),
            ("State", "State"),
            ("PostalCode", "PostalCode"),
            ("Country", "Country"),
            ("Email", "Email"),
            ("Phone", "Phone"),
            ("Fax", "Fax"),
            ("MobilePhone", "MobilePhone"),
            ("Description", "Description"),
            ("DoNotCall", "DoNotCall"),
            ("HasOptedOutOfEmail", "HasOptedOutOfEmail"),
            ("HasOptedOutOfFax", "HasOptedOutOfFax"),
            ("LeadSource", "LeadSource"),
            ("CompanyOrAccount", "Company"),
            ("LeadOrContactOwnerId", "OwnerId"),
        ],
    },
];

/// The fields of a child that show what its parent says by a reference.
pub(in crate::save) fn shown(child: &str, by: &str) -> impl Iterator<Item = &'static str> {
    COPIES.iter().filter(move |c| c.child == child && c.by == by).flat_map(|c| c.fields).map(|(to, _)| *to)
}

/// Takes over what the record's parents say, where the relation is new.
pub(super) fn take(tx: &mut dyn Tx, it: &Stage<'_>, row: &mut Row) -> Result<(), Failure> {
    let object = it.object;
    for copy in COPIES.iter().filter(|c| c.child == object.name) {
        // A member is a contact or a lead: the relation that it lacks has nothing to say of it.
        if !it.differs(row, copy.by) {
            continue;
        }
        let found = parent(tx, it.org, it.catalog, row.get(object, copy.by))?;
        for (to, from) in copy.fields {
            // What a seed brings is what it means.
            if it.system && !row.get(object, to).is_null() {
                continue;
            }
            match &found {
                Some((parents, parent)) => show(object, row, to, parents, parent, from),
                None => row.set(object, to, Value::Null),
            }
        }
        if let Some((contacts, contact)) = found.filter(|_| copy.child == "CampaignMember" && copy.parent == "Contact") {
            let company = of_parent(tx, it.org, it.catalog, contact.get(contacts, "AccountId"), "Name")?;
            row.set(object, "CompanyOrAccount", company);
        }
    }
    Ok(())
}

/// Sets a field of a child to what its parent says. A field that the parent's object lacks here says nothing.
fn show(children: &Object, child: &mut Row, to: &str, parents: &Object, parent: &Row, from: &str) {
    if let Some(index) = parents.field_index(from) {
        child.set(children, to, parent.values[index].clone());
    }
}

/// Brings the children of a record up to what it says now.
pub(super) fn give(tx: &mut dyn Tx, it: &Stage<'_>, row: &Row) -> Result<(), Failure> {
    let object = it.object;
    for copy in COPIES.iter().filter(|c| c.parent == object.name) {
        // What the platform derives of a parent that its children show follows from what they show too.
        let set = |i: &usize| copy.fields.iter().any(|(_, from)| *from == object.fields()[*i].name);
        let company = copy.child == "CampaignMember" && object.name == "Contact" && it.set("AccountId");
        if !company && !it.changed.iter().any(set) {
            continue;
        }
        let company = if company { Some(of_parent(tx, it.org, it.catalog, row.get(object, "AccountId"), "Name")?) } else { None };
        each_child(tx, it, copy.child, copy.by, row.get(object, "Id"), &mut |children, child| {
            for (to, from) in copy.fields {
                show(children, child, to, object, row, from);
            }
            if let Some(company) = &company {
                child.set(children, "CompanyOrAccount", company.clone());
            }
        })?;
    }
    if object.name == "Account"
        && it.set("Name")
        && it.catalog.object("CampaignMember").is_some_and(|o| it.org.has_rows(o))
        && let Some(contacts) = it.catalog.object("Contact").filter(|o| it.org.has_rows(o))
        && let Some(key) = contacts.field("AccountId")
    {
        for contact in record::find(tx, it.org, contacts, key, row.get(object, "Id"), usize::MAX)? {
            each_child(tx, it, "CampaignMember", "ContactId", &Value::Id(contact), &mut |children, child| {
                child.set(children, "CompanyOrAccount", row.get(object, "Name").clone());
            })?;
        }
    }
    Ok(())
}

/// Changes the live children of a record. What they show is not their own: their modstamps stay.
fn each_child(
    tx: &mut dyn Tx,
    it: &Stage<'_>,
    child: &str,
    by: &str,
    parent: &Value,
    change: &mut dyn FnMut(&Object, &mut Row),
) -> Result<(), Failure> {
    let Some(children) = it.catalog.object(child).filter(|o| it.org.has_rows(o)) else { return Ok(()) };
    let Some(key) = children.field(by) else { return Ok(()) };
    for id in record::find(tx, it.org, children, key, parent, usize::MAX)? {
        let Some(old) = record::by_id_to_change(tx, it.org, children, id)? else { continue };
        let mut row = old.clone();
        change(children, &mut row);
        update_row(tx, it.org, children, &old, &row)?;
    }
    Ok(())
}
