//! What is sold: products and their prices, opportunities with theirs, contracts and orders.

use super::customers::{SOURCES, address};
use super::{Dice, Sample, column, id, money, table};
use crate::ids;
use orglet_base::{Date, Id, Value};

const PRODUCTS: &str = include_str!("../../../data/sample/products.tsv");

/// Stages with how many opportunities are in each, their probability and forecast category, which the stage history
/// tells too.
const STAGES: &[(&str, usize, i64, &str)] = &[
    ("Prospecting", 8, 10, "Pipeline"),
    ("Qualification", 8, 10, "Pipeline"),
    ("Needs Analysis", 7, 20, "Pipeline"),
    ("Value Proposition", 7, 50, "Pipeline"),
    ("Id. Decision Makers", 6, 60, "Pipeline"),
    ("Perception Analysis", 6, 70, "Pipeline"),
    ("Proposal/Price Quote", 7, 75, "Pipeline"),
    ("Negotiation/Review", 7, 90, "Pipeline"),
    ("Closed Won", 30, 100, "Closed"),
    ("Closed Lost", 14, 0, "Omitted"),
];
/// What opportunities are about.
const DEALS: &[&str] = &["Pump Renewal", "New Pumping Station", "Sensor Roll-out", "Controller Upgrade", "Maintenance Agreement"];
const TYPES: &[&str] = &["New Customer", "Existing Customer - Upgrade", "Existing Customer - Replacement", "Existing Customer - Downgrade"];
const STEPS: &[&str] = &["Call the buyer", "Send the quote", "Visit the plant", "Agree on the terms"];
const ROLES: &[&str] = &["Decision Maker", "Economic Buyer", "Technical Buyer", "Evaluator", "Influencer", "Business User"];

/// A product with its entry in the standard price book.
pub(super) struct Product {
    pub(super) id: Id,
    pub(super) entry: Id,
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    /// List price in cents.
    pub(super) price: i64,
    pub(super) active: bool,
}

/// An opportunity that was made.
pub(super) struct Opportunity {
    pub(super) id: Id,
    pub(super) account: usize,
    /// The primary contact, by place among the people.
    pub(super) contact: Option<usize>,
    pub(super) campaign: Option<usize>,
    /// In cents.
    pub(super) amount: Option<i64>,
    pub(super) won: bool,
    /// Days from today, negative in the past.
    pub(super) close: i64,
    /// Days ago.
    pub(super) age: i64,
    pub(super) items: Vec<Item>,
}

/// A line: the product's place, how many, for how many cents each.
#[derive(Clone, Copy)]
pub(super) struct Item {
    pub(super) product: usize,
    pub(super) quantity: i64,
    pub(super) price: i64,
}

/// The standard price book, which every org is seeded with.
pub(super) fn price_book() -> Id {
    ids::seeded("01s", 1)
}

pub(super) fn products(sample: &mut Sample) {
    let mut dice = Dice::of(3);
    let created = sample.calendar.worked(-364, &mut dice);
    let lines: Vec<_> = table(PRODUCTS).collect();
    for (at, line) in lines.iter().enumerate() {
        let active = at + 1 < lines.len();
        let modified = sample.calendar.worked(-dice.range(30, 300), &mut dice);
        let price = column(line, 2).replace('.', "").parse().unwrap_or(0);
        let record = sample.add("Product2");
        record
            .stamp(created, modified)
            .set("ProductCode", column(line, 0))
            .set("Name", column(line, 1))
            .set("Description", column(line, 3))
            .set("Family", "None")
            .set("QuantityUnitOfMeasure", "Each")
            .set("StockKeepingUnit", format!("SKU-{}", column(line, 0)))
            .set("IsActive", active);
        let product = record.id;
        let entry = sample.add("PricebookEntry");
        entry
            .stamp(created, modified)
            .set("Pricebook2Id", price_book())
            .set("Product2Id", product)
            .set("UnitPrice", money(price))
            .set("IsActive", active);
        let entry = entry.id;
        sample.products.push(Product { id: product, entry, code: column(line, 0), name: column(line, 1), price, active });
    }
}

pub(super) fn opportunities(sample: &mut Sample) {
    let mut dice = Dice::of(4);
    let stages: Vec<usize> = (0..STAGES.len()).flat_map(|stage| std::iter::repeat_n(stage, STAGES[stage].1)).collect();
    for at in 0..stages.len() {
        // Steps of 37 through 100 meet every place once and mix the stages.
        let stage = stages[at * 37 % stages.len()];
        let opportunity = opportunity(sample, at, stage, &mut dice);
        sample.opportunities.push(opportunity);
    }
}

fn opportunity(sample: &mut Sample, at: usize, stage_at: usize, dice: &mut Dice) -> Opportunity {
    let calendar = sample.calendar;
    let stage = STAGES[stage_at].0;
    let (closed, won) = (stage.starts_with("Closed"), stage == "Closed Won");
    // Squares leave out some accounts and give others several.
    let place = (at * at + 3 * at) % sample.accounts.len();
    let account = &sample.accounts[place];
    let (account_id, account_age) = (account.id, account.age);
    let (close, age) = if closed {
        let ago = dice.range(0, account_age - 12);
        (-ago, (ago + dice.range(10, 100)).min(account_age))
    } else {
        let close = if dice.chance(12) { -dice.range(1, 20) } else { dice.range(2, 150) };
        (close, dice.range(0, account_age.min(110)).max(-close))
    };
    let age = age.min(account_age);
    let id = id("Opportunity", at);
    let name = format!("{} {}", account.name, DEALS[(at + at / 10) % DEALS.len()]);
    let contacts: Vec<usize> = account.contacts.clone().collect();
    let contact = (!contacts.is_empty()).then(|| dice.pick(&contacts));
    let campaign = dice.chance(25).then(|| dice.range(0, sample.campaigns.len() as i64 - 2) as usize);
    let items = items(sample, dice, stage);
    let amount = match items.iter().map(|i| i.quantity * i.price).sum::<i64>() {
        0 if stage == "Prospecting" && dice.chance(50) => None,
        0 => Some(dice.range(5, 240) * 50_000),
        sum => Some(sum),
    };
    let created = calendar.worked(-age, dice);
    let changed = calendar.worked(-dice.range(if closed { -close } else { 0 }.min(age), age), dice);
    let modified = if closed { calendar.worked(close, dice) } else { changed };
    for item in &items {
        let product = &sample.products[item.product];
        let line_name: String = format!("{name} {}", product.name);
        let (entry, product_id, code, list) = (product.entry, product.id, product.code, product.price);
        sample
            .add("OpportunityLineItem")
            .stamp(changed, changed)
            .set("OpportunityId", id)
            .set("PricebookEntryId", entry)
            .set("Product2Id", product_id)
            .set("ProductCode", code)
            .set("Name", line_name)
            .set("Quantity", super::decimal(item.quantity))
            .set("UnitPrice", money(item.price))
            .set("ListPrice", money(list))
            .set("ServiceDate", if dice.chance(40) { calendar.day(close + 14) } else { Value::Null });
    }
    roles(sample, id, &contacts, contact, created, dice);
    let campaign_id = campaign.map_or(Value::Null, |c| Value::Id(sample.campaigns[c].id));
    let contact_id = contact.map_or(Value::Null, |c| Value::Id(sample.people[c].id));
    let quantity = items.iter().map(|i| i.quantity).sum::<i64>();
    let record = sample.add("Opportunity");
    record
        .stamp(created, modified)
        .set("Name", name.as_str())
        .set("AccountId", account_id)
        .set("StageName", stage)
        .set("CloseDate", calendar.day(close))
        .set("Amount", amount.map_or(Value::Null, money))
        .set("Type", dice.pick(TYPES))
        .set("LeadSource", dice.pick(SOURCES))
        .set("NextStep", if closed { "" } else { dice.pick(STEPS) })
        .set("Pricebook2Id", price_book())
        .set("HasOpportunityLineItem", !items.is_empty())
        .set("TotalOpportunityQuantity", if quantity > 0 { super::decimal(quantity) } else { Value::Null })
        .set("CampaignId", campaign_id)
        .set("ContactId", contact_id)
        .set("IsPrivate", false);
    let moved = modified.max(created);
    if stage_at > 0 {
        record.set("LastStageChangeDate", Value::DateTime(moved));
    }
    for (stage, moment) in [(0, created), (stage_at, moved)].into_iter().take(if stage_at > 0 { 2 } else { 1 }) {
        let (stage, _, probability, category) = STAGES[stage];
        let moment = Value::DateTime(moment);
        sample
            .add("OpportunityHistory")
            .set("CreatedDate", moment.clone())
            .set("SystemModstamp", moment)
            .set("OpportunityId", id)
            .set("StageName", stage)
            .set("Amount", amount.map_or(Value::Null, money))
            .set("Probability", super::decimal(probability))
            .set("ExpectedRevenue", amount.map_or(Value::Null, |cents| money(cents * probability / 100)))
            .set("ForecastCategory", category)
            .set("CloseDate", calendar.day(close));
    }
    Opportunity { id, account: place, contact, campaign, amount, won, close, age, items }
}

/// One to three lines for most; none for a fifth, and for half of the first stage.
fn items(sample: &Sample, dice: &mut Dice, stage: &str) -> Vec<Item> {
    if dice.chance(if stage == "Prospecting" { 50 } else { 17 }) {
        return Vec::new();
    }
    let mut items: Vec<Item> = Vec::new();
    for _ in 0..dice.range(1, 3) {
        let product = dice.range(0, sample.products.iter().filter(|p| p.active).count() as i64 - 1) as usize;
        if items.iter().any(|i| i.product == product) {
            continue;
        }
        let percent = dice.pick(&[100, 100, 95, 90, 80]);
        let quantity = dice.range(1, if sample.products[product].price < 200_000 { 40 } else { 8 });
        // Steps of 20 cents: no probability then gives half a cent, which is rounded one way or the other.
        let price = sample.products[product].price * percent / 100 / 20 * 20;
        items.push(Item { product, quantity, price });
    }
    items
}

/// The primary contact, and another one for some.
fn roles(
    sample: &mut Sample,
    opportunity: Id,
    contacts: &[usize],
    primary: Option<usize>,
    created: orglet_base::DateTime,
    dice: &mut Dice,
) {
    let Some(primary) = primary else { return };
    let second = if dice.chance(40) { contacts.iter().copied().find(|c| *c != primary) } else { None };
    for (nth, contact) in std::iter::once(primary).chain(second).enumerate() {
        let (contact, age) = (sample.people[contact].id, sample.people[contact].age);
        let since = created.max(sample.calendar.worked(-age, dice));
        let role = if nth == 0 { "Decision Maker" } else { dice.pick(&ROLES[1..]) };
        sample
            .add("OpportunityContactRole")
            .stamp(since, since)
            .set("OpportunityId", opportunity)
            .set("ContactId", contact)
            .set("Role", role)
            .set("IsPrimary", nth == 0);
    }
}

/// Contracts and orders of the largest deals that were won.
pub(super) fn agreements(sample: &mut Sample) {
    let mut dice = Dice::of(5);
    let calendar = sample.calendar;
    let admin = sample.admin;
    let mut won: Vec<usize> = (0..sample.opportunities.len()).filter(|i| sample.opportunities[*i].won).collect();
    won.retain(|i| !sample.opportunities[*i].items.is_empty());
    won.sort_by_key(|i| (std::cmp::Reverse(sample.opportunities[*i].amount), *i));
    for (nth, at) in won.iter().take(10).enumerate() {
        let deal = &sample.opportunities[*at];
        let (start, total, items) = (deal.close, deal.amount, deal.items.clone());
        let account = &sample.accounts[deal.account];
        let (account_id, street, city) = (account.id, account.street.clone(), account.city);
        let signer = deal.contact.map(|c| (sample.people[c].id, sample.people[c].title));
        let moment = calendar.worked(start, &mut dice);
        let contract = (nth < 6).then(|| {
            let (status, code) = match nth {
                5 => ("Draft", "Draft"),
                4 => ("In Approval Process", "InApproval"),
                _ => ("Activated", "Activated"),
            };
            let months = [12, 24, 36][nth % 3];
            let record = sample.add("Contract");
            record
                .stamp(moment, moment)
                .set("AccountId", account_id)
                .set("Status", status)
                .set("StatusCode", code)
                .set("StartDate", calendar.day(start))
                .set("ContractTerm", Value::Int(months))
                .set("EndDate", last_day(calendar.date(start), months))
                .set("OwnerExpirationNotice", "30")
                .set("Pricebook2Id", price_book())
                .set("SpecialTerms", if nth == 0 { "Two visits a year are included." } else { "" });
            address!(record, "Billing", street, city);
            if status == "Activated" {
                record.set("ActivatedDate", Value::DateTime(moment)).set("ActivatedById", admin);
                record.set("CompanySignedId", admin).set("CompanySignedDate", calendar.day(start));
                if let Some((contact, title)) = signer {
                    record.set("CustomerSignedId", contact).set("CustomerSignedTitle", title);
                    record.set("CustomerSignedDate", calendar.day(start));
                }
            }
            record.id
        });
        if nth < 2 {
            continue;
        }
        let status = if nth % 4 == 3 { "Draft" } else { "Activated" };
        let order = sample.add("Order");
        order
            .stamp(moment, moment)
            .set("AccountId", account_id)
            .set("ContractId", contract.filter(|_| nth < 4).map_or(Value::Null, Value::Id))
            .set("Pricebook2Id", price_book())
            .set("EffectiveDate", calendar.day(start))
            .set("Status", status)
            .set("StatusCode", status)
            .set("TotalAmount", total.map_or(Value::Null, money))
            .set("PoNumber", format!("PO-{}", 7000 + nth))
            .set("PoDate", calendar.day(start));
        address!(order, "Billing", street, city);
        address!(order, "Shipping", street, city);
        if let Some((contact, _)) = signer {
            order.set("BillToContactId", contact).set("ShipToContactId", contact);
        }
        if status == "Activated" {
            order.set("ActivatedDate", Value::DateTime(moment)).set("ActivatedById", admin);
        }
        let order = order.id;
        for item in items {
            let product = &sample.products[item.product];
            let (entry, product_id, list) = (product.entry, product.id, product.price);
            sample
                .add("OrderItem")
                .stamp(moment, moment)
                .set("OrderId", order)
                .set("PricebookEntryId", entry)
                .set("Product2Id", product_id)
                .set("Quantity", super::decimal(item.quantity))
                .set("AvailableQuantity", super::decimal(item.quantity))
                .set("UnitPrice", money(item.price))
                .set("ListPrice", money(list))
                .set("ServiceDate", calendar.day(start));
        }
    }
}

/// The last day of a term of months.
fn last_day(start: Date, months: i64) -> Value {
    let end = start.checked_add(jiff::Span::new().months(months)).and_then(|d| d.yesterday());
    end.map_or(Value::Null, Value::Date)
}
