//! Matching rules at work: the keys of records, kept in a table of the engine's own beside the rows that they are made of,
//! and the search for records that match one.
//!
//! Keys are kept for active matching rules. `_meta` says for each which keys are there, by a digest of its definition: what
//! is not as the catalog wants it is made anew, in the transaction that changes the rules, or when the org is opened.

mod keys;
mod methods;
pub(crate) mod rows;
mod text;

use crate::record::{self, Row};
use crate::system::{own, text as text_of};
use crate::{Failure, Org};
use keys::Hash;
use orglet_base::{Dialect, Id, OwnedCell, Param, Statement, Value};
use orglet_plan::write as sql;
use orglet_schema::custom::PartDef;
use orglet_schema::custom::part::{BlankValueBehavior, MatchingMethod, MatchingRule};
use orglet_schema::{Catalog, Field, Object};
use orglet_store::{StoreError, Tx};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most records that a matching rule compares with one (Salesforce help, "How Match Keys Are Generated and Used").
const MOST_CANDIDATES: usize = 100;
/// Most rows of a key that are looked through for live ones.
const MOST_LOOKED_AT: usize = 1000;
/// Rows whose keys are made at a time.
const PAGE: i64 = 500;
/// What the notes in `_meta` begin with.
const NOTE: &str = "match_keys ";

/// A rule's name in the table of keys.
fn named(object: &Object, rule: &MatchingRule) -> String {
    format!("{}.{}", object.name, rule.def.full_name)
}

/// Keeps the keys of a record that was inserted (`old` is none) or updated.
pub(crate) fn keep(tx: &mut dyn Tx, object: &Object, old: Option<&Row>, row: &Row) -> Result<(), Failure> {
    let Some(rules) = object.rules.as_ref().filter(|rules| !rules.matching_rules.is_empty()) else { return Ok(()) };
    for rule in &rules.matching_rules {
        let before = old.map(|old| keys::of(rule, old)).unwrap_or_default();
        let now = keys::of(rule, row);
        if before == now {
            continue;
        }
        let (name, Some(id)) = (named(object, rule), row.get(object, "Id").as_id()) else { continue };
        for key in before.iter().filter(|key| !now.contains(key)) {
            let params = vec![name.as_str().into(), OwnedCell::Int(*key).into(), id.to_string().into()];
            tx.execute(&own("DELETE FROM \"_match_keys\" WHERE rule = ?1 AND \"key\" = ?2 AND id = ?3", params))?;
        }
        for key in now.iter().filter(|key| !before.contains(key)) {
            put(tx, &name, *key, id)?;
        }
    }
    Ok(())
}

/// The fields of which the keys of an object's records are made; none where it has none.
pub(crate) fn key_fields(object: &Object) -> BTreeSet<&str> {
    let rules = object.rules.iter().flat_map(|rules| &rules.matching_rules);
    rules.flat_map(|rule| &rule.fields).map(|index| object.fields()[*index].name.as_str()).collect()
}

/// Takes the keys of records away that are gone for good, as they were.
pub(crate) fn forget(tx: &mut dyn Tx, object: &Object, rows: &[Row]) -> Result<(), Failure> {
    let ids: BTreeSet<Id> = rows.iter().filter_map(|row| row.get(object, "Id").as_id()).collect();
    for rule in object.rules.iter().flat_map(|rules| &rules.matching_rules) {
        let keys: BTreeSet<i64> = rows.iter().flat_map(|row| keys::of(rule, row)).collect();
        if keys.is_empty() {
            continue;
        }
        let places = |from: usize, count: usize| (from..from + count).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
        let (keys_at, ids_at) = (places(2, keys.len()), places(2 + keys.len(), ids.len()));
        let mut params: Vec<Param> = vec![named(object, rule).into()];
        params.extend(keys.iter().map(|key| OwnedCell::Int(*key).into()));
        params.extend(ids.iter().map(|id| id.to_string().into()));
        let text = format!("DELETE FROM \"_match_keys\" WHERE rule = ?1 AND \"key\" IN ({keys_at}) AND id IN ({ids_at})");
        tx.execute(&Statement::new(text, params))?;
    }
    Ok(())
}

fn put(tx: &mut dyn Tx, rule: &str, key: i64, id: Id) -> Result<(), Failure> {
    let params = vec![rule.into(), OwnedCell::Int(key).into(), id.to_string().into()];
    tx.execute(&own("INSERT INTO \"_match_keys\" VALUES (?1, ?2, ?3) ON CONFLICT (rule, \"key\", id) DO NOTHING", params))?;
    Ok(())
}

/// The live records of a rule's object that match a record of it, itself left out, in the order of their ids.
pub(crate) fn find(
    tx: &mut dyn Tx,
    org: &Org,
    object: &Object,
    rule: &MatchingRule,
    row: &Row,
    own_id: Option<Id>,
) -> Result<Vec<Id>, Failure> {
    let candidates = candidates(tx, org, object, rule, row, own_id)?;
    let values = keys::values(rule, row);
    let turned = keys::turned(rule, &values);
    let matching = candidates.into_iter().filter(|candidate| {
        let others = keys::values(rule, candidate);
        let alike = |values: &[Option<String>]| rule.alternatives.iter().any(|items| alike(rule, items, values, &others));
        alike(&values) || turned.as_deref().is_some_and(alike)
    });
    Ok(matching.filter_map(|row| row.get(object, "Id").as_id()).collect())
}

/// Whether two records match by an alternative of a rule.
fn alike(rule: &MatchingRule, alternative: &[usize], a: &[Option<String>], b: &[Option<String>]) -> bool {
    let items = &rule.def.matching_rule_items;
    // Blank names are passed over beside an email by the platform's own rules.
    let email = rule.standard() && alternative.iter().any(|item| items[*item].field_name == "Email");
    alternative.iter().all(|item| {
        let definition = &items[*item];
        match (&a[*item], &b[*item]) {
            (Some(a), Some(b)) => methods::matches(definition.matching_method, a, b),
            (None, None) if definition.blank_value_behavior == BlankValueBehavior::MatchBlanks => true,
            _ => email && matches!(definition.matching_method, MatchingMethod::FirstName | MatchingMethod::LastName),
        }
    })
}

/// Live records that share a key with a record, with the fields that the rule compares.
fn candidates(
    tx: &mut dyn Tx,
    org: &Org,
    object: &Object,
    rule: &MatchingRule,
    row: &Row,
    own_id: Option<Id>,
) -> Result<Vec<Row>, Failure> {
    let name = named(object, rule);
    let mut names: Vec<&str> = rule.fields.iter().map(|index| object.fields()[*index].name.as_str()).collect();
    names.extend(["Id", "IsDeleted"]);
    let mut seen: BTreeSet<Id> = own_id.into_iter().collect();
    let mut found: BTreeMap<Id, Row> = BTreeMap::new();
    for key in keys::of(rule, row) {
        let mut after = String::new();
        let mut looked_at = 0;
        while found.len() < MOST_CANDIDATES && looked_at < MOST_LOOKED_AT {
            let asked = "SELECT id FROM \"_match_keys\" WHERE rule = ?1 AND \"key\" = ?2 AND id > ?3 ORDER BY id LIMIT 100";
            let params = vec![name.as_str().into(), OwnedCell::Int(key).into(), after.as_str().into()];
            let page: Vec<String> = tx.all(&own(asked, params))?.iter().map(|row| text_of(&row[0]).to_owned()).collect();
            let Some(last) = page.last() else { break };
            after.clone_from(last);
            looked_at += page.len();
            let fresh: Vec<Id> = page.iter().filter_map(|id| Id::parse(id).ok()).filter(|id| seen.insert(*id)).collect();
            for row in record::some(tx, org, object, &fresh, &names)? {
                if let Some(id) = row.get(object, "Id").as_id().filter(|_| !row.is_deleted(object)) {
                    found.insert(id, row);
                }
            }
        }
    }
    Ok(found.into_values().take(MOST_CANDIDATES).collect())
}

/// The rules of a catalog whose keys are to be there, by their names, with a digest of what the keys are made by.
fn wanted(catalog: &Catalog) -> BTreeMap<String, (Arc<Object>, Arc<MatchingRule>, String)> {
    let mut wanted = BTreeMap::new();
    for object in catalog.changed() {
        for rule in object.rules.iter().flat_map(|rules| &rules.matching_rules) {
            let mut hash = Hash::new();
            hash.add(&keys::MADE_AS.to_string());
            hash.add(&PartDef::MatchingRule(rule.def.clone()).to_stored().unwrap_or_default());
            wanted.insert(named(object, rule), (object.clone(), rule.clone(), format!("{:016x}", hash.number())));
        }
    }
    wanted
}

/// Which keys are there, by the names of their rules, with the digests that they were made by.
pub(crate) fn noted(tx: &mut dyn Tx) -> Result<BTreeMap<String, String>, Failure> {
    let rows = tx.all(&own("SELECT name, value FROM \"_meta\" WHERE name > ?1 AND name < ?2", vec![NOTE.into(), "match_keys!".into()]))?;
    Ok(rows.iter().map(|row| (text_of(&row[0])[NOTE.len()..].to_owned(), text_of(&row[1]).to_owned())).collect())
}

/// Whether the keys that are there are those that a catalog wants.
pub(crate) fn are_settled(catalog: &Catalog, noted: &BTreeMap<String, String>) -> bool {
    let wanted = wanted(catalog);
    wanted.len() == noted.len() && wanted.iter().all(|(name, (_, _, digest))| noted.get(name) == Some(digest))
}

/// Brings the keys to what a catalog wants: makes those of new rules from the rows that are there, and takes away what no
/// rule wants. `has_rows` tells whether an object has a table.
pub(crate) fn settle(tx: &mut dyn Tx, catalog: &Catalog, dialect: Dialect, has_rows: &dyn Fn(&Object) -> bool) -> Result<(), Failure> {
    let (wanted, noted) = (wanted(catalog), noted(tx)?);
    for (name, digest) in &noted {
        if wanted.get(name).is_none_or(|(_, _, now)| now != digest) {
            tx.execute(&own("DELETE FROM \"_match_keys\" WHERE rule = ?1", vec![name.as_str().into()]))?;
            tx.execute(&own("DELETE FROM \"_meta\" WHERE name = ?1", vec![format!("{NOTE}{name}").into()]))?;
        }
    }
    for (name, (object, rule, digest)) in &wanted {
        if noted.get(name) == Some(digest) {
            continue;
        }
        if has_rows(object) {
            make(tx, object, rule, name, dialect)?;
        }
        let params = vec![format!("{NOTE}{name}").into(), digest.as_str().into()];
        tx.execute(&own("INSERT INTO \"_meta\" VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", params))?;
    }
    Ok(())
}

fn make(tx: &mut dyn Tx, object: &Object, rule: &MatchingRule, name: &str, dialect: Dialect) -> Result<(), Failure> {
    let Some(id) = object.field_index("Id") else { return Ok(()) };
    let mut columns: Vec<usize> = rule.fields.clone();
    columns.push(id);
    let fields: Vec<&Field> = columns.iter().map(|index| &object.fields()[*index]).collect();
    let mut after = String::new();
    loop {
        let mut page: Vec<(Id, Vec<i64>)> = Vec::new();
        tx.query(&sql::page_by_id(object, &fields, &after, PAGE, false, dialect), &mut |found| {
            let mut row = Row::empty(object);
            for (at, index) in columns.iter().enumerate() {
                row.values[*index] = object.fields()[*index].cell_kind().to_value(found.cell(at));
            }
            if let Value::Id(id) = row.values[id] {
                page.push((id, keys::of(rule, &row)));
            }
            true
        })?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        let longer = after < last.to_string();
        after = last.to_string();
        if !longer {
            return Err(StoreError::Other(format!("the rows of {} come in no order", object.name)).into());
        }
        for (id, keys) in page {
            keys.into_iter().try_for_each(|key| put(tx, name, key, id))?;
        }
    }
}
