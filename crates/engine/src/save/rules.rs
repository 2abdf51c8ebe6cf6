//! What the platform derives when records of certain standard objects are saved.

use super::{event, files};
use crate::record::{self, Row};
use crate::{Failure, Org};
use orglet_base::{DateTime, Id, Value};
use orglet_plan::write as sql;
use orglet_schema::types::person_name;
use orglet_schema::{Catalog, Field, Object};
use orglet_store::Tx;
use rust_decimal::{Decimal, RoundingStrategy};

/// How the platform rounds: half away from zero.
const HALF_UP: RoundingStrategy = RoundingStrategy::MidpointAwayFromZero;

/// Derives fields before the row is written. `changed` are the fields that the request set.
#[allow(clippy::too_many_arguments, reason = "a stage of the pipeline: it sees what the save sees")]
pub(super) fn before_save(
    tx: &mut dyn Tx,
    org: &Org,
    catalog: &Catalog,
    object: &Object,
    old: Option<&Row>,
    row: &mut Row,
    changed: &[usize],
    now: DateTime,
) -> Result<(), Failure> {
    let set = |name: &str| object.field_index(name).is_some_and(|i| changed.contains(&i));
    match object.name.as_str() {
        "Contact" | "Lead" | "User" => {
            let part = |row: &Row, name: &str| row.get(object, name).as_text().map(str::to_owned);
            let name = person_name(
                part(row, "FirstName").as_deref(),
                part(row, "MiddleName").as_deref(),
                part(row, "LastName").as_deref(),
                part(row, "Suffix").as_deref(),
            );
            row.set(object, "Name", name);
            if object.name == "User" && row.get(object, "UserType").is_null() {
                row.set(object, "UserType", "Standard");
            }
            // The platform makes up a nickname for a user who brings none.
            if object.name == "User" && row.get(object, "CommunityNickname").is_null() {
                let id = row.get(object, "Id").display();
                row.set(object, "CommunityNickname", format!("User{}", id.get(6..15).unwrap_or("")));
            }
        }
        "Opportunity" if old.is_some_and(|o| *o.get(object, "HasOpportunityLineItem") == Value::Bool(true)) => {
            // With products the amount is theirs; one that is given is passed over.
            let amount = old.map_or(Value::Null, |o| o.get(object, "Amount").clone());
            row.set(object, "Amount", amount);
            opportunity(object, row, set("StageName"), set("Probability"))?;
        }
        "Opportunity" => opportunity(object, row, old.is_none() || set("StageName"), set("Probability"))?,
        "Case" => {
            let closed = fact(object, "Status", row.get(object, "Status"), "closed").is_some_and(|f| f == "true");
            let was = old.is_some_and(|o| *o.get(object, "IsClosed") == Value::Bool(true));
            row.set(object, "IsClosed", closed);
            if closed && !was && !set("ClosedDate") {
                row.set(object, "ClosedDate", Value::DateTime(now));
            } else if !closed {
                row.set(object, "ClosedDate", Value::Null);
            }
        }
        "Task" => {
            let closed = fact(object, "Status", row.get(object, "Status"), "closed").is_some_and(|f| f == "true");
            row.set(object, "IsClosed", closed);
            let high = fact(object, "Priority", row.get(object, "Priority"), "highPriority").is_some_and(|f| f == "true");
            row.set(object, "IsHighPriority", high);
        }
        "Event" => event::derive(object, row, &set)?,
        "CampaignMember" => membership(tx, org, catalog, object, row, &set)?,
        "Attachment" | "Document" => files::body(tx, &files::Files { org, catalog, object, now }, row, &set)?,
        "ContentVersion" => files::version(tx, &files::Files { org, catalog, object, now }, old, row, &set)?,
        "ContentDocumentLink" => files::link(tx, &files::Files { org, catalog, object, now }, old, row)?,
        "ContentDocument" => files::document(object, row)?,
        "PricebookEntry" if old.is_none() => {
            for (to, from) in [("Name", "Name"), ("ProductCode", "ProductCode")] {
                let value = of_parent(tx, org, catalog, row.get(object, "Product2Id"), from)?;
                row.set(object, to, value);
            }
        }
        "OpportunityLineItem" | "OrderItem" | "QuoteLineItem" => line_item(tx, org, catalog, object, row, changed)?,
        _ => {}
    }
    // A custom object's record without a name is named by its id.
    if object.custom
        && let Some(field) = object.name_field().filter(|f| row.get(object, &f.name).is_null())
    {
        let id = row.get(object, "Id").display();
        row.set(object, &field.name, Value::Text(id));
    }
    Ok(())
}

/// A member without a status takes the campaign's default; whether it has responded is what its status says.
fn membership(
    tx: &mut dyn Tx,
    org: &Org,
    catalog: &Catalog,
    object: &Object,
    row: &mut Row,
    set: &dyn Fn(&str) -> bool,
) -> Result<(), Failure> {
    let (Some(statuses), false) = (catalog.object("CampaignMemberStatus"), !row.get(object, "Status").is_null() && !set("Status")) else {
        return Ok(());
    };
    let Some(key) = statuses.field("CampaignId") else { return Ok(()) };
    for id in record::find(tx, org, statuses, key, row.get(object, "CampaignId"), usize::MAX)? {
        let Some(status) = record::by_id(tx, org, statuses, id)? else { continue };
        let label = status.get(statuses, "Label").clone();
        let fits = match row.get(object, "Status").as_text() {
            None => *status.get(statuses, "IsDefault") == Value::Bool(true),
            Some(given) => label.as_text().is_some_and(|l| orglet_base::fold(l) == orglet_base::fold(given)),
        };
        if fits {
            row.set(object, "Status", label);
            row.set(object, "HasResponded", status.get(statuses, "HasResponded").clone());
            break;
        }
    }
    Ok(())
}

/// What follows a write in other records: an opportunity's amount from its products.
pub(super) fn after_save(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, object: &Object, row: &Row, now: DateTime) -> Result<(), Failure> {
    if object.name == "OpportunityLineItem"
        && let Some(opportunity) = row.get(object, "OpportunityId").as_id()
    {
        sum_line_items(tx, org, catalog, object, opportunity, now)?;
    }
    Ok(())
}

/// Stage drives probability (unless one is given), forecast category, closed and won; amount and probability the
/// expected revenue; the close date the fiscal period.
fn opportunity(object: &Object, row: &mut Row, stage_set: bool, probability_set: bool) -> Result<(), Failure> {
    let stage = row.get(object, "StageName").clone();
    let of_stage = |name: &str| fact(object, "StageName", &stage, name).map(str::to_owned);
    if stage_set {
        if !probability_set && let Some(p) = of_stage("probability").and_then(|p| p.parse::<Decimal>().ok()) {
            row.set(object, "Probability", Value::Decimal(p));
        }
        let category = of_stage("forecastCategory").unwrap_or_else(|| "Pipeline".into());
        let name = of_stage("forecastCategoryName").unwrap_or_else(|| forecast_category_name(&category).to_owned());
        row.set(object, "ForecastCategory", category);
        row.set(object, "ForecastCategoryName", name);
        row.set(object, "IsClosed", of_stage("closed").is_some_and(|f| f == "true"));
        row.set(object, "IsWon", of_stage("won").is_some_and(|f| f == "true"));
    }
    match (row.get(object, "Amount"), row.get(object, "Probability")) {
        (Value::Decimal(amount), Value::Decimal(probability)) => {
            let expected = amount.checked_mul(*probability).map(|x| x / Decimal::from(100));
            derive(object, row, "ExpectedRevenue", expected)?;
        }
        _ => row.set(object, "ExpectedRevenue", Value::Null),
    }
    if let Value::Date(close) = row.get(object, "CloseDate") {
        let (year, quarter) = (close.year(), (close.month() - 1) / 3 + 1);
        row.set(object, "FiscalYear", Value::Int(i64::from(year)));
        row.set(object, "FiscalQuarter", Value::Int(i64::from(quarter)));
        row.set(object, "Fiscal", format!("{year} {quarter}"));
    }
    Ok(())
}

/// Sets a number that the platform derives; one too large for its field, or for us (`None`), is refused like one given.
fn derive(object: &Object, row: &mut Row, name: &str, value: Option<Decimal>) -> Result<(), Failure> {
    let Some(field) = object.field(name) else { return Ok(()) };
    let value = value.map_or_else(|| Value::Text("the derived value".to_owned()), Value::Decimal);
    let value = field.ty.kind().validate(field, value)?;
    row.set(object, name, value);
    Ok(())
}

fn forecast_category_name(category: &str) -> &str {
    match category {
        "BestCase" => "Best Case",
        "MostLikely" => "Most Likely",
        "Forecast" => "Commit",
        other => other,
    }
}

/// Price and product of a line come from its price book entry; total is quantity times price, less the discount.
fn line_item(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, object: &Object, row: &mut Row, changed: &[usize]) -> Result<(), Failure> {
    let entry = row.get(object, "PricebookEntryId").clone();
    let set = |name: &str| object.field_index(name).is_some_and(|i| changed.contains(&i));
    for (to, from) in [("Product2Id", "Product2Id"), ("ListPrice", "UnitPrice"), ("ProductCode", "ProductCode")] {
        if row.get(object, to).is_null() {
            let value = of_parent(tx, org, catalog, &entry, from)?;
            row.set(object, to, value);
        }
    }
    if let (Value::Decimal(total), Value::Decimal(quantity)) = (row.get(object, "TotalPrice").clone(), row.get(object, "Quantity").clone())
        && set("TotalPrice")
        && !set("UnitPrice")
        && !quantity.is_zero()
    {
        row.set(object, "UnitPrice", Value::Decimal((total / quantity).round_dp_with_strategy(2, HALF_UP)));
    } else if let (Value::Decimal(price), Value::Decimal(quantity)) =
        (row.get(object, "UnitPrice").clone(), row.get(object, "Quantity").clone())
    {
        let discount = match row.get(object, "Discount") {
            Value::Decimal(d) => *d,
            _ => Decimal::ZERO,
        };
        let subtotal = price.checked_mul(quantity);
        let total = subtotal.and_then(|s| s.checked_sub(s.checked_mul(discount / Decimal::from(100))?));
        derive(object, row, "Subtotal", subtotal)?;
        derive(object, row, "TotalPrice", total)?;
    }
    Ok(())
}

/// An opportunity with products has the sum of their totals as its amount.
pub(super) fn sum_line_items(
    tx: &mut dyn Tx,
    org: &Org,
    catalog: &Catalog,
    items: &Object,
    opportunity: Id,
    now: DateTime,
) -> Result<(), Failure> {
    let (Some(parent), Some(key)) = (catalog.object("Opportunity"), items.field("OpportunityId")) else { return Ok(()) };
    let (Some(price), cell) = (items.field("TotalPrice"), key.cell_kind().to_cell(&Value::Id(opportunity))) else { return Ok(()) };
    // Kept from others first: the sum then counts every line.
    let Some(old) = record::by_id_to_change(tx, org, parent, opportunity)? else { return Ok(()) };
    let mut count = 0;
    let mut total = Some(Decimal::ZERO);
    tx.query(&sql::select_where_eq(items, &[price], key, cell, true, org.store.dialect()), &mut |line| {
        count += 1;
        if let Value::Decimal(d) = price.cell_kind().to_value(line.cell(0)) {
            total = total.and_then(|t| t.checked_add(d));
        }
        true
    })?;
    let mut row = old.clone();
    row.set(parent, "HasOpportunityLineItem", count > 0);
    if count > 0 {
        derive(parent, &mut row, "Amount", total)?;
    }
    self::opportunity(parent, &mut row, false, false)?;
    row.set(parent, "SystemModstamp", Value::DateTime(now));
    let dirty: Vec<(usize, &Field)> = record::columns(parent).into_iter().filter(|(i, _)| row.values[*i] != old.values[*i]).collect();
    if !dirty.is_empty() {
        let fields: Vec<&Field> = dirty.iter().map(|(_, f)| *f).collect();
        let cells = dirty.iter().map(|(i, f)| f.cell_kind().to_cell(&row.values[*i])).collect();
        tx.execute(&sql::update(parent, &fields, cells, &opportunity.to_string(), org.store.dialect()))?;
    }
    Ok(())
}

/// A field of the record that a reference names; null where there is none.
fn of_parent(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, reference: &Value, field: &str) -> Result<Value, Failure> {
    let Some(id) = reference.as_id() else { return Ok(Value::Null) };
    let Some(object) = catalog.object_of(id) else { return Ok(Value::Null) };
    Ok(record::by_id(tx, org, object, id)?.map_or(Value::Null, |row| row.get(object, field).clone()))
}

/// What the platform knows of a picklist value.
fn fact<'a>(object: &'a Object, field: &str, value: &Value, name: &str) -> Option<&'a str> {
    let text = value.as_text()?;
    let known = object.field(field)?.picklist.iter().find(|v| v.value == text)?;
    known.facts.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}
