//! Codes of states and countries for addresses that were written without.

use crate::save::places::{Known, Texts, known};
use crate::{Failure, Org};
use orglet_base::{CellKind, OwnedCell, Value};
use orglet_plan::write;
use orglet_schema::{Catalog, Field, Object};
use orglet_store::Tx;
use std::collections::HashMap;

/// Rows that are read in one go.
const PAGE: usize = 2000;

/// The object that shows what contacts and leads say, in two fields of its own without codes.
const MEMBER: &str = "CampaignMember";

/// An address of an object.
struct Address<'a> {
    /// The state and the country as texts.
    texts: [&'a Field; 2],
    /// Their codes; none where the texts are copies of another record's.
    codes: Option<[&'a Field; 2]>,
}

/// Gives every address the codes of its state and its country, and both the names that the lists have for them. Texts that are
/// in no list stay as they are, without codes. What shows another record's address goes along with it. A table is read once for
/// each address, and only rows that change are written.
pub(super) fn derive(tx: &mut dyn Tx, org: &Org, catalog: &Catalog) -> Result<(), Failure> {
    for object in catalog.objects().into_iter().filter(|o| o.has_table() && org.has_rows(o)) {
        let field = |at: usize| &object.fields()[at];
        for address in object.coded_addresses() {
            let texts = [field(address.state), field(address.country)];
            let codes = Some([field(address.state_code), field(address.country_code)]);
            settle(tx, org, object, &Address { texts, codes })?;
        }
        if let (MEMBER, Some(state), Some(country)) = (object.name.as_str(), object.field("State"), object.field("Country")) {
            settle(tx, org, object, &Address { texts: [state, country], codes: None })?;
        }
    }
    Ok(())
}

fn settle(tx: &mut dyn Tx, org: &Org, object: &Object, address: &Address<'_>) -> Result<(), Failure> {
    let dialect = org.store.dialect();
    let deleted = object.field("IsDeleted");
    let stamp = object.field("SystemModstamp");
    let read: Vec<&Field> = address.texts.into_iter().chain(deleted).collect();
    let mut after = String::new();
    loop {
        let rows = tx.all(&write::page_with_any(object, &read, &address.texts, &after, PAGE, dialect))?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = text(&last[0]).unwrap_or_default().to_owned();
        // Rows by what becomes of them, and whether they are deleted.
        let mut groups: HashMap<(Vec<Option<String>>, bool), Vec<String>> = HashMap::new();
        for row in &rows {
            let Some(id) = text(&row[0]) else { continue };
            if let Some(parts) = address.parts(text(&row[1]), text(&row[2])) {
                let is_deleted = matches!(row.get(3), Some(OwnedCell::Int(1)));
                groups.entry((parts, is_deleted)).or_default().push(id.to_owned());
            }
        }
        for ((parts, is_deleted), ids) in groups {
            let mut cells: Vec<OwnedCell> = parts.iter().map(|part| cell(part.as_deref())).collect();
            let mut fields: Vec<&Field> = address.texts.into_iter().chain(address.codes.into_iter().flatten()).collect();
            // Of a deleted row it says when that was.
            if let Some(stamp) = stamp.filter(|_| !is_deleted) {
                fields.push(stamp);
                cells.push(stamp.cell_kind().to_cell(&Value::DateTime(org.now().truncate_to_second())));
            }
            tx.execute(&write::update_all(object, &fields, cells, &ids, dialect))?;
        }
        if rows.len() < PAGE {
            return Ok(());
        }
    }
}

impl Address<'_> {
    /// What the texts and codes of an address with these texts become; nothing where they stay.
    fn parts(&self, state: Option<&str>, country: Option<&str>) -> Option<Vec<Option<String>>> {
        let found = known(Texts { country, state });
        let Known { country: Some(known_country), state: known_state } = found else { return None };
        let names = [known_state.map(|s| s.name).or(state), Some(known_country.name)];
        if self.codes.is_none() && names == [state, country] {
            return None;
        }
        let codes = self.codes.map(|_| [known_state.map(|s| s.code), Some(known_country.code)]);
        Some(names.into_iter().chain(codes.into_iter().flatten()).map(|part| part.map(str::to_owned)).collect())
    }
}

fn text(cell: &OwnedCell) -> Option<&str> {
    match cell {
        OwnedCell::Text(text) => Some(text),
        _ => None,
    }
}

fn cell(text: Option<&str>) -> OwnedCell {
    CellKind::Text.to_cell(&text.map_or(Value::Null, Value::from))
}
