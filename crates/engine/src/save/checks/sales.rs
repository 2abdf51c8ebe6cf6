//! Opportunities and prices.

use super::{Candidate, refuse};
use crate::{Failure, record};
use orglet_base::{ErrorCode, Value};
use orglet_store::Tx;
use rust_decimal::Decimal;

/// A probability is a share of a hundred.
pub(super) fn opportunity(it: &Candidate<'_>) -> Result<(), Failure> {
    match it.get("Probability") {
        Value::Decimal(p) if it.set("Probability") && (*p < Decimal::ZERO || *p > Decimal::from(100)) => {
            let label = it.object.field("Probability").map_or("Probability (%)", |f| f.label.as_str());
            let text = format!("{label}: value outside of valid range on numeric field: {}", p.normalize());
            Err(refuse(ErrorCode::NumberOutsideValidRange, text, &["Probability"]))
        }
        _ => Ok(()),
    }
}

/// A product has one price in a book, and a standard price before any other.
pub(super) fn price_book_entry(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    if !it.insert {
        return Ok(());
    }
    let books = it.catalog.object("Pricebook2");
    let mut has_standard = false;
    for other in it.others(tx, "Product2Id", usize::MAX)? {
        let Some(entry) = record::by_id(tx, it.org, it.object, other)? else { continue };
        let book = entry.get(it.object, "Pricebook2Id");
        if book == it.get("Pricebook2Id") {
            let text = "This price definition already exists in this price book";
            return Err(refuse(ErrorCode::DuplicateValue, text, &["Pricebook2Id", "Product2Id"]));
        }
        has_standard |= is_standard(tx, it, books, book)?;
    }
    if !has_standard && !is_standard(tx, it, books, it.get("Pricebook2Id"))? {
        return Err(refuse(ErrorCode::StandardPriceNotDefined, "No standard price defined for this product", &[]));
    }
    Ok(())
}

fn is_standard(
    tx: &mut dyn Tx,
    it: &Candidate<'_>,
    books: Option<&std::sync::Arc<orglet_schema::Object>>,
    book: &Value,
) -> Result<bool, Failure> {
    let (Some(books), Some(id)) = (books, book.as_id()) else { return Ok(false) };
    Ok(record::by_id(tx, it.org, books, id)?.is_some_and(|b| *b.get(books, "IsStandard") == Value::Bool(true)))
}

/// A line has a price, given as that of one or of all; not both at once.
pub(super) fn line_item(it: &Candidate<'_>) -> Result<(), Failure> {
    if it.get("UnitPrice").is_null() && it.get("TotalPrice").is_null() {
        let text = "Required fields are missing: [UnitPrice]";
        return Err(refuse(ErrorCode::RequiredFieldMissing, text, &["UnitPrice"]));
    }
    let given = |field: &str| it.set(field) && !it.get(field).is_null();
    if given("UnitPrice") && given("TotalPrice") {
        let text = "Specify either UnitPrice or TotalPrice, not both";
        return Err(refuse(ErrorCode::FieldIntegrityException, text, &["UnitPrice", "TotalPrice"]));
    }
    Ok(())
}
