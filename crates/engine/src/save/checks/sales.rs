//! Opportunities and prices.

use super::{Candidate, refuse};
use crate::failure::Gathered;
use crate::record::Row;
use crate::{Failure, record};
use orglet_base::{ApiError, ErrorCode, Value};
use orglet_store::Tx;
use rust_decimal::Decimal;

/// A probability is a share of a hundred. With products on it, an opportunity keeps its price book.
pub(super) fn opportunity(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    let mut wrong = Gathered::default();
    if let Value::Decimal(p) = it.get("Probability")
        && it.set("Probability")
        && (*p < Decimal::ZERO || *p > Decimal::from(100))
    {
        let label = it.object.field("Probability").map_or("Probability (%)", |f| f.label.as_str());
        let text = format!("{label}: value outside of valid range on numeric field: {}", p.normalize());
        wrong.note(Err(refuse(ErrorCode::NumberOutsideValidRange, text, &["Probability"])))?;
    }
    if it.set("Pricebook2Id") && it.was("HasOpportunityLineItem") == &Value::Bool(true) && has_lines(tx, it)? {
        let text = "field integrity exception: Pricebook2Id (cannot change the pricebook while the opportunity has line items)";
        wrong.note(Err(refuse(ErrorCode::FieldIntegrityException, text, &["Pricebook2Id"])))?;
    }
    wrong.end()
}

fn has_lines(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<bool, Failure> {
    let Some(lines) = it.catalog.object("OpportunityLineItem").filter(|o| it.org.has_rows(o)) else { return Ok(false) };
    let Some(key) = lines.field("OpportunityId") else { return Ok(false) };
    Ok(!record::find(tx, it.org, lines, key, it.get("Id"), 1)?.is_empty())
}

/// A product has one price in a book, and a standard price before any other.
pub(super) fn price_book_entry(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    if !it.is_new() {
        return uses_standard_price(tx, it);
    }
    if !it.with_same(tx, &["Product2Id", "Pricebook2Id"])?.is_empty() {
        let text = "This price definition already exists in this price book";
        return Err(refuse(ErrorCode::FieldIntegrityException, text, &["Pricebook2Id", "Product2Id"]));
    }
    if !is_standard(tx, it, it.get("Pricebook2Id"))? && standard_entry(tx, it)?.is_none() {
        return Err(refuse(ErrorCode::StandardPriceNotDefined, "No standard price defined for this product", &[]));
    }
    uses_standard_price(tx, it)
}

/// An entry that uses the standard price has it, and is not itself the standard price.
fn uses_standard_price(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    if *it.get("UseStandardPrice") != Value::Bool(true) || !(it.set("UseStandardPrice") || it.set("UnitPrice")) {
        return Ok(());
    }
    let wrong = || Err(refuse(ErrorCode::FieldIntegrityException, "field integrity exception", &["UnitPrice"]));
    if is_standard(tx, it, it.get("Pricebook2Id"))? {
        return wrong();
    }
    match standard_entry(tx, it)? {
        Some(entry) if entry.get(it.object, "UnitPrice") != it.get("UnitPrice") => wrong(),
        _ => Ok(()),
    }
}

/// The product's entry in the standard price book.
fn standard_entry(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<Option<Row>, Failure> {
    let Some(books) = it.catalog.object("Pricebook2") else { return Ok(None) };
    for book in record::find_with(tx, it.org, books, &[("IsStandard", &Value::Bool(true))], usize::MAX)? {
        let both = [("Product2Id", it.get("Product2Id")), ("Pricebook2Id", &Value::Id(book))];
        if let Some(entry) = record::find_with(tx, it.org, it.object, &both, 1)?.first() {
            return record::by_id(tx, it.org, it.object, *entry);
        }
    }
    Ok(None)
}

fn is_standard(tx: &mut dyn Tx, it: &Candidate<'_>, book: &Value) -> Result<bool, Failure> {
    let (Some(books), Some(id)) = (it.catalog.object("Pricebook2"), book.as_id()) else { return Ok(false) };
    Ok(record::by_id(tx, it.org, books, id)?.is_some_and(|b| *b.get(books, "IsStandard") == Value::Bool(true)))
}

/// A line has a price, given as that of one or of all; not both at once.
pub(super) fn line_item(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    if it.is_new() {
        has_product(it)?;
        entry_of_book(tx, it, "OpportunityId", "opportunity")?;
    }
    if it.get("UnitPrice").is_null() && it.get("TotalPrice").is_null() {
        return Err(ApiError::missing_fields(&["UnitPrice"]).into());
    }
    let given = |field: &str| it.set(field) && !it.get(field).is_null();
    if given("UnitPrice") && given("TotalPrice") {
        let text = "Specify either UnitPrice or TotalPrice, not both";
        return Err(refuse(ErrorCode::FieldIntegrityException, text, &["UnitPrice", "TotalPrice"]));
    }
    Ok(())
}

/// A line says what is sold: by a price, or by the product alone.
pub(super) fn has_product(it: &Candidate<'_>) -> Result<(), Failure> {
    match it.get("PricebookEntryId").is_null() && it.get("Product2Id").is_null() {
        true => Err(ApiError::missing_fields(&["PricebookEntryId"]).into()),
        false => Ok(()),
    }
}

/// A line's price is in use, and of the price book that its opportunity or order goes by.
pub(super) fn entry_of_book(tx: &mut dyn Tx, it: &Candidate<'_>, parent: &str, called: &str) -> Result<(), Failure> {
    let Some((entries, entry)) = it.parent(tx, "PricebookEntryId")? else { return Ok(()) };
    let wrong = |why: &str| {
        let text = format!("field integrity exception: PricebookEntryId ({why})");
        Err(refuse(ErrorCode::FieldIntegrityException, text, &["PricebookEntryId"]))
    };
    if *entry.get(entries, "IsActive") != Value::Bool(true) {
        return wrong("pricebook entry is inactive");
    }
    let Some((owners, owner)) = it.parent(tx, parent)? else { return Ok(()) };
    match owner.get(owners, "Pricebook2Id") {
        Value::Null => Ok(()),
        book if book == entry.get(entries, "Pricebook2Id") => Ok(()),
        _ => wrong(&format!("pricebook entry is in a different pricebook than the one assigned to the {called}")),
    }
}
