//! Codes of states and countries for addresses that were written without.

use crate::save::places::{Known, Texts, known};
use crate::{Failure, Org};
use orglet_base::{CellKind, OwnedCell, Value};
use orglet_plan::write;
use orglet_schema::{Catalog, Field};
use orglet_store::Tx;

/// Gives every address the codes of its state and its country, and both the names that the lists have for them. Texts that are
/// in no list stay as they are, without codes.
pub(super) fn derive(tx: &mut dyn Tx, org: &Org, catalog: &Catalog) -> Result<(), Failure> {
    let dialect = org.store.dialect();
    for object in catalog.objects().into_iter().filter(|o| o.has_table() && org.has_rows(o)) {
        for address in object.coded_addresses() {
            let field = |at: usize| &object.fields()[at];
            let texts: [&Field; 2] = [field(address.state), field(address.country)];
            let all = [texts[0], texts[1], field(address.state_code), field(address.country_code)];
            for row in tx.all(&write::combinations(object, &texts, dialect))? {
                let text = |at: usize| match &row[at] {
                    OwnedCell::Text(text) => Some(text.as_str()),
                    _ => None,
                };
                let Known { country, state } = known(Texts { country: text(1), state: text(0) });
                let Some(country) = country else { continue };
                let named = |name: Option<&str>, was: Option<&str>| cell(name.or(was));
                let cells = vec![
                    named(state.map(|s| s.name), text(0)),
                    named(Some(country.name), text(1)),
                    cell(state.map(|s| s.code)),
                    cell(Some(country.code)),
                ];
                tx.execute(&write::update_where(object, (&all, cells), (&texts, row.clone()), dialect))?;
            }
        }
    }
    Ok(())
}

fn cell(text: Option<&str>) -> OwnedCell {
    CellKind::Text.to_cell(&text.map_or(Value::Null, Value::from))
}
