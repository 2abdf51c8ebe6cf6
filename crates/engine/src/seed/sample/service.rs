//! What customers have and what they ask: assets, cases, comments, solutions.

use super::{Dice, Sample, column, money, table};
use crate::ids;
use orglet_base::{Id, Value};

const CASES: &str = include_str!("../../../data/sample/cases.tsv");

/// Cases by status, in six.
const STATUSES: [&str; 6] = ["New", "Closed", "Working", "Closed", "Escalated", "New"];
const COUNT: usize = 60;
const ASSETS: usize = 15;
const COMMENTS: &[&str] = &[
    "Asked for the serial number.",
    "The customer sent photographs.",
    "A spare part is on its way.",
    "Called back, nobody answered.",
    "The customer confirms that it works again.",
];
const SOLUTIONS: &[(&str, &str)] = &[
    ("Pair sensors after a power cut", "Hold the button of the gateway for five seconds.\nThen switch each sensor off and on."),
    ("Stop a pump from vibrating", "Check that the feet stand level and tighten the four bolts crosswise."),
    ("Find the serial number", "It is on the plate at the motor's side."),
    ("Reset the controller's display", "Hold both arrow keys for ten seconds."),
    ("Choose the maintenance interval", "With hard water change the filter every three months, else every six."),
];

/// A case that was made.
pub(super) struct Case {
    pub(super) id: Id,
    pub(super) account: usize,
    pub(super) contact: usize,
    pub(super) age: i64,
}

/// What was bought in deals that were won.
pub(super) fn assets(sample: &mut Sample) {
    let mut dice = Dice::of(9);
    let calendar = sample.calendar;
    let mut sold = Vec::new();
    for deal in sample.opportunities.iter().filter(|o| o.won && o.close < -5) {
        // Software and services are no assets.
        let things = deal.items.iter().filter(|i| sample.products[i.product].code < "OR-4000");
        sold.extend(things.take(1).map(|item| (deal.account, deal.contact, deal.close, *item)));
    }
    for (at, (account, contact, close, item)) in sold.into_iter().take(ASSETS).enumerate() {
        let product = &sample.products[item.product];
        let (product_id, code, name) = (product.id, product.code, product.name);
        let account_id = sample.accounts[account].id;
        let contact = contact.map_or(Value::Null, |c| Value::Id(sample.people[c].id));
        let moment = calendar.worked(close, &mut dice);
        let installed = at % 3 != 2;
        let record = sample.add("Asset");
        let own = record.id;
        record
            .stamp(moment, moment)
            .set("Name", name)
            .set("AccountId", account_id)
            .set("ContactId", contact)
            .set("Product2Id", product_id)
            .set("ProductCode", code)
            .set("StockKeepingUnit", format!("SKU-{code}"))
            .set("SerialNumber", dice.digits("SN-######"))
            .set("Status", if installed { "Installed" } else { "Shipped" })
            .set("PurchaseDate", calendar.day(close))
            .set("InstallDate", if installed { calendar.day(close + 5) } else { Value::Null })
            .set("Quantity", super::decimal(item.quantity))
            .set("Price", money(item.quantity * item.price))
            .set("RootAssetId", own)
            .set("AssetLevel", Value::Int(1));
    }
}

pub(super) fn cases(sample: &mut Sample) {
    let mut dice = Dice::of(10);
    let calendar = sample.calendar;
    let lines: Vec<_> = table(CASES).collect();
    let mut comments = 0;
    for at in 0..COUNT {
        let line = &lines[at * 4 % lines.len()];
        let status = STATUSES[at % STATUSES.len()];
        let closed = status == "Closed";
        let contact = at * 17 % sample.people.len();
        let person = sample.people[contact].clone();
        let Some(account) = person.account else { continue };
        let account_id = sample.accounts[account].id;
        // A few follow a former case of the same kind.
        let former = (at % 20 == 19).then(|| &sample.cases[at - 15]);
        let (parent, oldest) = (former.map(|f| f.id), former.map_or(i64::MAX, |f| (f.age - 1).max(0)));
        let age = if closed { dice.range(person.age / 4, person.age) } else { dice.range(0, person.age.min(45)) }.min(oldest);
        let created = calendar.worked(-age, &mut dice);
        let ended = dice.range(0, age.min(14));
        let modified = if closed { calendar.worked(ended - age, &mut dice) } else { calendar.worked(-dice.range(0, age), &mut dice) };
        let modified = modified.max(created);
        let origin = dice.pick(&["Phone", "Email", "Web"]);
        let record = sample.add("Case");
        record
            .stamp(created, modified)
            .set("AccountId", account_id)
            .set("ContactId", person.id)
            .set("ContactEmail", person.email.as_str())
            .set("ContactPhone", person.phone.as_str())
            .set("ContactMobile", person.mobile.as_str())
            .set("ParentId", parent.map_or(Value::Null, Value::Id))
            .set("Subject", column(line, 0))
            .set("Type", column(line, 1))
            .set("Reason", column(line, 2))
            .set("Description", column(line, 3))
            .set("Status", status)
            .set("Priority", if status == "Escalated" { "High" } else { dice.pick(&["High", "Medium", "Medium", "Low"]) })
            .set("Origin", origin)
            .set("IsEscalated", status == "Escalated")
            .set("BusinessHoursId", ids::seeded("01m", 1));
        if origin == "Web" {
            record.set("SuppliedName", person.name()).set("SuppliedEmail", person.email.as_str());
            record.set("SuppliedCompany", person.company);
        }
        if closed {
            record.later.push(("ClosedDate", Value::DateTime(modified)));
        }
        let case = record.id;
        if status != "New" {
            for _ in 0..=(at % 3) / 2 {
                let day = if closed { ended - age } else { 0 };
                let latest = if closed { modified } else { calendar.worked(0, &mut dice) };
                let moment = calendar.worked(dice.range(-age, day), &mut dice).min(latest).max(created);
                sample
                    .add("CaseComment")
                    .stamp(moment, moment)
                    .set("ParentId", case)
                    .set("CommentBody", COMMENTS[comments % COMMENTS.len()])
                    .set("IsPublished", comments % 2 == 1);
                comments += 1;
            }
        }
        sample.cases.push(Case { id: case, account, contact, age });
    }
}

pub(super) fn solutions(sample: &mut Sample) {
    let mut dice = Dice::of(11);
    let calendar = sample.calendar;
    for (at, (name, note)) in SOLUTIONS.iter().enumerate() {
        let created = calendar.worked(-dice.range(60, 330), &mut dice);
        let modified = calendar.worked(-dice.range(1, 59), &mut dice);
        let reviewed = at % 2 == 0;
        sample
            .add("Solution")
            .stamp(created, modified)
            .set("SolutionName", *name)
            .set("SolutionNote", *note)
            .set("Status", if reviewed { "Reviewed" } else { "Draft" })
            .set("IsReviewed", reviewed)
            .set("IsPublished", reviewed);
    }
}
