//! Contracts, orders and what is ordered.

use super::{Candidate, refuse, sales};
use crate::failure::Gathered;
use crate::{Failure, record};
use orglet_base::{ErrorCode, Value};
use orglet_schema::Object;
use orglet_store::Tx;

/// The category of status in which a contract or an order is in force.
const ACTIVATED: &str = "Activated";

fn is_activated(value: &Value) -> bool {
    value.as_text() == Some(ACTIVATED)
}

/// A contract begins as a draft, and stays in force once it is.
pub(super) fn contract(it: &Candidate<'_>) -> Result<(), Failure> {
    let (was, is) = (is_activated(it.was("StatusCode")), is_activated(it.get("StatusCode")));
    if (it.is_new() && is) || (was && !is) {
        let text = "Choose a valid contract status and save your changes. Ask your admin for details.";
        return Err(refuse(ErrorCode::FailedActivation, text, &["Status"]));
    }
    Ok(())
}

/// An order begins as a draft, and comes into force with a product on it. It may become a draft again.
pub(super) fn order(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    if !is_activated(it.get("StatusCode")) || is_activated(it.was("StatusCode")) {
        return Ok(());
    }
    if it.is_new() {
        return Err(refuse(ErrorCode::FailedActivation, "for a new or cloned order, choose Draft", &["Status"]));
    }
    let lines = it.catalog.object("OrderItem").filter(|o| it.org.has_rows(o));
    let ordered = match lines.and_then(|o| Some((o, o.field("OrderId")?))) {
        Some((lines, key)) => !record::find(tx, it.org, lines, key, it.get("Id"), 1)?.is_empty(),
        None => false,
    };
    if ordered { Ok(()) } else { Err(refuse(ErrorCode::FailedActivation, "An order must have at least one product.", &[])) }
}

/// What is ordered has a price of the order's price book and lies within its time; an order in force takes nothing more.
pub(super) fn order_item(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    let Some((orders, order)) = it.parent(tx, "OrderId")? else { return Ok(()) };
    let integrity = |text: &str, fields: &[&str]| Err(refuse(ErrorCode::FieldIntegrityException, text, fields));
    if it.is_new() {
        if is_activated(order.get(orders, "StatusCode")) {
            return Err(locked());
        }
        if order.get(orders, "Pricebook2Id").is_null() {
            return integrity("The order is missing a price book", &[]);
        }
        sales::has_product(it)?;
        sales::entry_of_book(tx, it, "OrderId", "order")?;
    }
    let mut wrong = Gathered::default();
    if it.get("UnitPrice").is_null() {
        wrong.note(integrity("Order Products must have a Unit Price.", &["UnitPrice"]))?;
    }
    if matches!(it.get("Quantity"), Value::Decimal(q) if q.is_zero()) {
        wrong.note(integrity("Can't save order products with quantities of zero", &["Quantity"]))?;
    }
    if earlier(it.get("ServiceDate"), order.get(orders, "EffectiveDate")) {
        wrong.note(integrity("The product's start date can't be earlier than the order's start date.", &["ServiceDate"]))?;
    }
    if earlier(order.get(orders, "EndDate"), it.get("EndDate")) {
        wrong.note(integrity("The product's end date can't be later than the order's end date.", &["EndDate"]))?;
    }
    wrong.end()
}

fn earlier(a: &Value, b: &Value) -> bool {
    matches!((a, b), (Value::Date(a), Value::Date(b)) if a < b)
}

/// An order in force keeps what is on it.
pub(super) fn locked() -> Failure {
    refuse(ErrorCode::EntityIsLocked, "cannot delete Order, or add or remove Order Products", &[])
}

/// Whether a row of an order is in force.
pub(super) fn in_force(orders: &Object, order: &record::Row) -> bool {
    is_activated(order.get(orders, "StatusCode"))
}
