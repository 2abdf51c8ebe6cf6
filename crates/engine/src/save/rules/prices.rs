//! Products on opportunities, orders and quotes: their prices, names and totals.

use super::{HALF_UP, Moves, Stage, derive, of_parent, parent, sales, update_row};
use crate::record::{self, Row};
use crate::save::derived::{Context, stage_history};
use crate::{Failure, Org};
use orglet_base::{ApiError, Id, Value};
use orglet_plan::write as sql;
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;
use rust_decimal::Decimal;

/// The field of a line that names the record it belongs to.
pub(super) fn parent_of_lines(object: &str) -> Option<&'static str> {
    match object {
        "OpportunityLineItem" => Some("OpportunityId"),
        "OrderItem" => Some("OrderId"),
        "QuoteLineItem" => Some("QuoteId"),
        _ => None,
    }
}

/// Price and product of a line come from its price book entry; total is quantity times price, less the discount.
pub(super) fn line_item(tx: &mut dyn Tx, it: &Stage<'_>, row: &mut Row) -> Result<(), Failure> {
    let (org, catalog, object) = (it.org, it.catalog, it.object);
    if object.name == "QuoteLineItem" && row.get(object, "PricebookEntryId").is_null() {
        price_of_quote(tx, it, row)?;
    }
    const TAKEN: [(&str, &str); 3] = [("Product2Id", "Product2Id"), ("ListPrice", "UnitPrice"), ("ProductCode", "ProductCode")];
    if TAKEN.iter().any(|(to, _)| row.get(object, to).is_null())
        && let Some((entries, entry)) = parent(tx, org, catalog, row.get(object, "PricebookEntryId"))?
    {
        for (to, from) in TAKEN {
            if row.get(object, to).is_null() {
                row.set(object, to, entry.get(entries, from).clone());
            }
        }
    }
    if object.name == "OpportunityLineItem" && row.get(object, "Name").is_null() {
        let name = line_name(tx, org, catalog, object, row)?;
        row.set(object, "Name", name);
    }
    let number = |row: &Row, name: &str| match row.get(object, name) {
        Value::Decimal(d) => Some(*d),
        _ => None,
    };
    let (quantity, price) = (number(row, "Quantity"), number(row, "UnitPrice"));
    if let (Some(total), Some(quantity)) = (number(row, "TotalPrice"), quantity)
        && it.set("TotalPrice")
        && !it.set("UnitPrice")
        && !quantity.is_zero()
    {
        let price = total.checked_div(quantity).map(|p| p.round_dp_with_strategy(2, HALF_UP));
        derive(object, row, "UnitPrice", price)?;
    } else if let (Some(price), Some(quantity)) = (price, quantity) {
        let discount = number(row, "Discount").unwrap_or_default();
        let subtotal = price.checked_mul(quantity);
        let total = subtotal.and_then(|s| s.checked_sub(s.checked_mul(discount / Decimal::from(100))?));
        derive(object, row, "Subtotal", subtotal)?;
        derive(object, row, "TotalPrice", total)?;
    }
    Ok(())
}

/// The price that the price book of a line's quote has for its product.
fn price_of_quote(tx: &mut dyn Tx, it: &Stage<'_>, row: &mut Row) -> Result<(), Failure> {
    let (org, catalog, object) = (it.org, it.catalog, it.object);
    let book = of_parent(tx, org, catalog, row.get(object, "QuoteId"), "Pricebook2Id")?;
    let wanted = [("Pricebook2Id", &book), ("Product2Id", row.get(object, "Product2Id")), ("IsActive", &Value::Bool(true))];
    let found = match catalog.object("PricebookEntry").filter(|_| !book.is_null()) {
        Some(entries) => record::find_with(tx, org, entries, &wanted, 1)?.into_iter().next(),
        None => None,
    };
    let Some(entry) = found else { return Err(ApiError::missing_fields(&["PricebookEntryId"]).into()) };
    row.set(object, "PricebookEntryId", Value::Id(entry));
    Ok(())
}

/// The name of an opportunity's product: the opportunity's and the product's.
fn line_name(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, object: &Object, row: &Row) -> Result<Value, Failure> {
    let mut parts = Vec::with_capacity(2);
    for reference in ["OpportunityId", "Product2Id"] {
        if let Value::Text(name) = of_parent(tx, org, catalog, row.get(object, reference), "Name")? {
            parts.push(name);
        }
    }
    Ok(if parts.is_empty() { Value::Null } else { Value::Text(parts.join(" ")) })
}

/// Gives the lines of an opportunity or a product that was renamed their new names.
pub(super) fn rename_lines(tx: &mut dyn Tx, it: &Stage<'_>, old: &Row, row: &Row) -> Result<(), Failure> {
    let reference = match it.object.name.as_str() {
        "Opportunity" if *row.get(it.object, "HasOpportunityLineItem") == Value::Bool(true) => "OpportunityId",
        "Product2" => "Product2Id",
        _ => return Ok(()),
    };
    if old.get(it.object, "Name") == row.get(it.object, "Name") {
        return Ok(());
    }
    let Some(lines) = it.catalog.object("OpportunityLineItem").filter(|o| it.org.has_rows(o)) else { return Ok(()) };
    let Some(key) = lines.field(reference) else { return Ok(()) };
    for id in record::find(tx, it.org, lines, key, row.get(it.object, "Id"), usize::MAX)? {
        let Some(old) = record::by_id_to_change(tx, it.org, lines, id)? else { continue };
        let mut line = old.clone();
        let name = line_name(tx, it.org, it.catalog, lines, &line)?;
        line.set(lines, "Name", name);
        update_row(tx, it.org, lines, &old, &line)?;
    }
    Ok(())
}

/// What the lines of a record come to.
#[derive(Default)]
struct Sums {
    lines: i64,
    quantity: Option<Decimal>,
    subtotal: Option<Decimal>,
    total: Option<Decimal>,
}

fn sums(tx: &mut dyn Tx, org: &Org, items: &Object, key: &str, parent: Id) -> Result<Sums, Failure> {
    let zero = Some(Decimal::ZERO);
    let mut sums = Sums { lines: 0, quantity: zero, subtotal: zero, total: zero };
    let (Some(key), Some(total), Some(quantity)) = (items.field(key), items.field("TotalPrice"), items.field("Quantity")) else {
        return Ok(sums);
    };
    let subtotal = items.field("Subtotal").unwrap_or(total);
    let cell = key.cell_kind().to_cell(&Value::Id(parent));
    tx.query(
        &sql::select_where_eq(items, &[total, subtotal, quantity], vec![(key, cell)], true, None, org.store.dialect()),
        &mut |line| {
            sums.lines += 1;
            for (at, field, sum) in [(0, total, &mut sums.total), (1, subtotal, &mut sums.subtotal), (2, quantity, &mut sums.quantity)] {
                if let Value::Decimal(d) = field.cell_kind().to_value(line.cell(at)) {
                    *sum = sum.and_then(|s| s.checked_add(d));
                }
            }
            true
        },
    )?;
    Ok(sums)
}

/// What the lines of an opportunity, an order or a quote come to is its amount.
pub(super) fn sum_lines(tx: &mut dyn Tx, cx: &Context<'_>, items: &Object, parent: Id) -> Result<(), Failure> {
    let (org, catalog, now) = (cx.org, cx.catalog, cx.now);
    let (Some(object), Some(key)) = (catalog.object_of(parent), parent_of_lines(&items.name)) else { return Ok(()) };
    // Kept from others first: the sum then counts every line.
    let Some(old) = record::by_id_to_change(tx, org, object, parent)? else { return Ok(()) };
    let sums = sums(tx, org, items, key, parent)?;
    let mut row = old.clone();
    match object.name.as_str() {
        "Opportunity" => {
            row.set(object, "HasOpportunityLineItem", sums.lines > 0);
            if sums.lines > 0 {
                derive(object, &mut row, "Amount", sums.total)?;
                derive(object, &mut row, "TotalOpportunityQuantity", sums.quantity)?;
                if row.get(object, "Pricebook2Id").is_null() {
                    let book = book_of_lines(tx, org, catalog, items, key, parent)?;
                    row.set(object, "Pricebook2Id", book);
                }
            }
            sales::follow(object, &mut row, false, false)?;
        }
        "Order" => derive(object, &mut row, "TotalAmount", sums.total)?,
        "Quote" => {
            row.set(object, "LineItemCount", Value::Int(sums.lines));
            derive(object, &mut row, "Subtotal", sums.subtotal)?;
            derive(object, &mut row, "TotalPrice", sums.total)?;
            // Lines that nearly cancel each other out have no discount that a percentage could say.
            let discount = match (sums.subtotal, sums.total) {
                (Some(all), Some(total)) if !all.is_zero() => {
                    all.checked_sub(total).and_then(|less| less.checked_div(all)?.checked_mul(Decimal::from(100)))
                }
                _ => Some(Decimal::ZERO),
            };
            if derive(object, &mut row, "Discount", discount).is_err() {
                row.set(object, "Discount", Value::Null);
            }
            grand_total(object, &mut row)?;
        }
        _ => return Ok(()),
    }
    row.set(object, "SystemModstamp", Value::DateTime(now));
    update_row(tx, org, object, &old, &row)?;
    if object.name == "Opportunity" && !cx.system {
        stage_history(tx, cx, object, Some(&old), &row)?;
        let mut moves = Moves::default();
        moves.of_row(tx, org, catalog, object, Some(&old), -1)?;
        moves.of_row(tx, org, catalog, object, Some(&row), 1)?;
        moves.make(tx, org, catalog, now)?;
    }
    Ok(())
}

/// The price book of a line: the first one decides that of its opportunity.
fn book_of_lines(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, items: &Object, key: &str, parent: Id) -> Result<Value, Failure> {
    let Some(key) = items.field(key) else { return Ok(Value::Null) };
    let Some(first) = record::find(tx, org, items, key, &Value::Id(parent), 1)?.into_iter().next() else { return Ok(Value::Null) };
    let Some(line) = record::by_id(tx, org, items, first)? else { return Ok(Value::Null) };
    of_parent(tx, org, catalog, line.get(items, "PricebookEntryId"), "Pricebook2Id")
}

/// What a quote comes to in the end: its lines, tax and shipping.
pub(super) fn grand_total(object: &Object, row: &mut Row) -> Result<(), Failure> {
    let sum = ["TotalPrice", "Tax", "ShippingHandling"].iter().try_fold(Decimal::ZERO, |sum, name| match row.get(object, name) {
        Value::Decimal(d) => sum.checked_add(*d),
        _ => Some(sum),
    });
    derive(object, row, "GrandTotal", sum)
}

/// A new standard price is that of all entries that say that they use it.
pub(super) fn standard_price(tx: &mut dyn Tx, it: &Stage<'_>, row: &Row) -> Result<(), Failure> {
    let (org, entries) = (it.org, it.object);
    if it.old.is_none() || !it.differs(row, "UnitPrice") {
        return Ok(());
    }
    let standard = of_parent(tx, org, it.catalog, row.get(entries, "Pricebook2Id"), "IsStandard")?;
    if standard != Value::Bool(true) {
        return Ok(());
    }
    let using = [("Product2Id", row.get(entries, "Product2Id")), ("UseStandardPrice", &Value::Bool(true))];
    for id in record::find_with(tx, org, entries, &using, usize::MAX)? {
        let Some(old) = record::by_id_to_change(tx, org, entries, id)? else { continue };
        if *old.get(entries, "UseStandardPrice") == Value::Bool(true) {
            let mut entry = old.clone();
            entry.set(entries, "UnitPrice", row.get(entries, "UnitPrice").clone());
            entry.set(entries, "SystemModstamp", Value::DateTime(it.now));
            update_row(tx, org, entries, &old, &entry)?;
        }
    }
    Ok(())
}
