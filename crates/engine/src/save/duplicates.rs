//! Duplicate rules: whether a record that is about to be saved matches others, and what follows from that.

use super::write::update_row;
use super::{checks, derived};
use crate::matching::{self, rows::duplicate_rule_id};
use crate::record::{self, Row, columns};
use crate::{Failure, Identity, Org, metadata};
use orglet_base::{ApiError, ApiVersion, DateTime, Duplicates, ErrorCode, Id, MatchRecord, MatchResult, Value, fold};
use orglet_schema::custom::part::standard_rules::ALERT_TEXT;
use orglet_schema::custom::part::{
    DupeAction, DupeOperation, DuplicateRuleDef, DuplicateRuleFilter, DuplicateRuleFilterItem, DuplicateRuleMatchRule,
};
use orglet_schema::lookup_filter::Wanted;
use orglet_schema::{Catalog, Field, FieldType, Object};
use orglet_store::Tx;

/// What a request says of duplicates (`Sforce-Duplicate-Rule-Header`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DuplicateOptions {
    /// Save a record that a rule alerts of.
    pub allow_save: bool,
    /// Tell the fields of the records found.
    pub include_record_details: bool,
    /// The API version by whose addresses the records found are told.
    pub version: Option<ApiVersion>,
    /// Don't ask the rules at all.
    pub bypass: bool,
    /// A record of another object that is no duplicate: the lead that becomes the record.
    pub except: Option<Id>,
}

/// A record about to be written.
pub(super) struct Candidate<'a> {
    pub(super) org: &'a Org,
    pub(super) catalog: &'a Catalog,
    pub(super) identity: &'a Identity,
    pub(super) object: &'a Object,
    pub(super) row: &'a Row,
    /// Whether it is new.
    pub(super) insert: bool,
    /// Indexes of the fields that change.
    pub(super) changed: &'a [usize],
    pub(super) options: DuplicateOptions,
    pub(super) now: DateTime,
}

/// A finding that is to be kept once the record is saved.
pub(super) struct Report {
    rule: String,
    found: Vec<Id>,
}

/// Asks the duplicate rules of the object, in their order. A rule that blocks ends the save; one that alerts does unless the
/// request allows duplicates; what is to be reported is answered.
pub(super) fn check(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<Vec<Report>, Failure> {
    let mut reports = Vec::new();
    if it.options.bypass {
        return Ok(reports);
    }
    let mut alert = None;
    for rule in it.object.rules.iter().flat_map(|rules| &rules.duplicate_rules) {
        let (action, operations) = rule.on(it.insert);
        let (alerts, is_reported) = (operations.contains(&DupeOperation::Alert), operations.contains(&DupeOperation::Report));
        let blocks = action == DupeAction::Block;
        if !blocks && !is_reported && (!alerts || alert.is_some() || it.options.allow_save) || !is_for(tx, it, rule)? {
            continue;
        }
        let results = results(tx, it, rule)?;
        if results.is_empty() {
            continue;
        }
        if is_reported {
            let found = results.iter().flat_map(|result| result.records.iter().map(|record| record.id)).collect();
            reports.push(Report { rule: rule.full_name.clone(), found });
        }
        if blocks {
            return Err(refusal(tx, it, rule, results, false)?);
        }
        if alerts && !it.options.allow_save && alert.is_none() {
            alert = Some((rule, results));
        }
    }
    match alert {
        Some((rule, results)) => Err(refusal(tx, it, rule, results, true)?),
        None => Ok(reports),
    }
}

/// DUPLICATES_DETECTED in the words of the rule (crud-046, crud-047).
fn refusal(
    tx: &mut dyn Tx,
    it: &Candidate<'_>,
    rule: &DuplicateRuleDef,
    mut results: Vec<MatchResult>,
    allow_save: bool,
) -> Result<Failure, Failure> {
    if it.options.include_record_details {
        for result in &mut results {
            details(tx, it, result)?;
        }
    }
    let found = Duplicates {
        allow_save,
        rule: rule.full_name.clone(),
        entity: it.object.name.clone(),
        version: it.options.version.unwrap_or(ApiVersion::LATEST),
        results,
    };
    let text = rule.alert_text.as_deref().unwrap_or(ALERT_TEXT);
    Ok(ApiError::new(ErrorCode::DuplicatesDetected, text).with_duplicates(found).into())
}

/// Adds the fields that have a value and that the user may read to the records found.
fn details(tx: &mut dyn Tx, it: &Candidate<'_>, result: &mut MatchResult) -> Result<(), Failure> {
    let Some(object) = it.catalog.object(&result.entity) else { return Ok(()) };
    let shown = |field: &&Field| {
        !matches!(field.ty, FieldType::Base64 | FieldType::EncryptedString) && it.identity.access.reads_field(object, field)
    };
    let fields: Vec<(usize, &Field)> = columns(object).into_iter().filter(|(_, field)| shown(field) && !field.is_personal()).collect();
    let names: Vec<&str> = fields.iter().map(|(_, field)| field.name.as_str()).collect();
    let ids: Vec<Id> = result.records.iter().map(|record| record.id).collect();
    let rows = record::some(tx, it.org, object, &ids, &names)?;
    for record in &mut result.records {
        let Some(row) = rows.iter().find(|row| row.get(object, "Id").as_id() == Some(record.id)) else { continue };
        let told = fields.iter().filter(|(index, field)| field.name != "Id" && !row.values[*index].is_null());
        record.fields =
            told.map(|(index, field)| (field.name.clone(), field.cell_kind(), field.cell_kind().to_cell(&row.values[*index]))).collect();
    }
    Ok(())
}

/// What the matching rules of a duplicate rule find, those that find nothing left out.
fn results(tx: &mut dyn Tx, it: &Candidate<'_>, rule: &DuplicateRuleDef) -> Result<Vec<MatchResult>, Failure> {
    let mut results = Vec::new();
    for with in &rule.duplicate_rule_match_rules {
        let Some(object) = it.catalog.object(&with.match_rule_sobject_type) else { continue };
        let Some(matching) = object.rules.as_ref().and_then(|rules| rules.matching_rule(&with.matching_rule)) else { continue };
        let row = mapped(it, object, with);
        let compared = |index: &usize| matching.fields.contains(index);
        // An update that changes nothing that is compared makes no new duplicates.
        let touched = it.insert || changed(it, object, with).iter().any(compared);
        let own = if object.name == it.object.name { it.row.get(it.object, "Id").as_id() } else { it.options.except };
        let found = if touched { matching::find(tx, it.org, object, matching, &row, own)? } else { Vec::new() };
        if !found.is_empty() {
            results.push(MatchResult {
                entity: object.name.clone(),
                engine: matching.def.engine(),
                rule: matching.def.full_name.clone(),
                records: found.into_iter().map(|id| MatchRecord { id, fields: Vec::new() }).collect(),
            });
        }
    }
    Ok(results)
}

/// The record as one of the object of a matching rule.
fn mapped(it: &Candidate<'_>, object: &Object, with: &DuplicateRuleMatchRule) -> Row {
    if object.name == it.object.name {
        return it.row.clone();
    }
    let mut row = Row::empty(object);
    for (from, to) in &with.mapping {
        row.set(object, to, it.row.get(it.object, from).clone());
    }
    row
}

/// The fields of the matching rule's object that the save changes.
fn changed(it: &Candidate<'_>, object: &Object, with: &DuplicateRuleMatchRule) -> Vec<usize> {
    if object.name == it.object.name {
        return it.changed.to_vec();
    }
    let touched = |from: &str| it.object.field_index(from).is_some_and(|index| it.changed.contains(&index));
    with.mapping.iter().filter(|(from, _)| touched(from)).filter_map(|(_, to)| object.field_index(to)).collect()
}

/// Whether a rule is for the record and for who saves it.
fn is_for(tx: &mut dyn Tx, it: &Candidate<'_>, rule: &DuplicateRuleDef) -> Result<bool, Failure> {
    let Some(filter) = &rule.duplicate_rule_filter else { return Ok(true) };
    let user = user(tx, it, filter)?;
    let Ok(logic) = filter.logic() else { return Ok(false) };
    logic.decide(&mut |number| {
        let holds = filter.duplicate_rule_filter_items.get(number).is_some_and(|item| {
            let (object, row) = match &user {
                Some((object, row)) if !item.table.eq_ignore_ascii_case(&it.object.name) => (*object, row),
                _ => (it.object, it.row),
            };
            object.field(&item.field).is_some_and(|field| holds(it, object, field, row.get(object, &field.name), item))
        });
        Ok(holds)
    })
}

/// Who saves, where a filter asks.
fn user<'a>(tx: &mut dyn Tx, it: &Candidate<'a>, filter: &DuplicateRuleFilter) -> Result<Option<(&'a Object, Row)>, Failure> {
    let asks = |item: &DuplicateRuleFilterItem| !item.table.eq_ignore_ascii_case(&it.object.name);
    let Some(object) = it.catalog.object("User").filter(|_| filter.duplicate_rule_filter_items.iter().any(asks)) else { return Ok(None) };
    Ok(record::by_id(tx, it.org, object, it.identity.user.id)?.map(|row| (&**object, row)))
}

/// Whether a condition holds for a value; texts are compared without regard to case.
fn holds(it: &Candidate<'_>, object: &Object, field: &Field, value: &Value, item: &DuplicateRuleFilterItem) -> bool {
    let folded = |value: Value| match value {
        Value::Text(text) => Value::Text(fold(&text).into_owned()),
        other => other,
    };
    let wanted =
        item.values().into_iter().filter_map(|text| checks::wanted(it.identity, it.now, object, field, &text)).map(|one| match one {
            Wanted::Value(value) => Wanted::Value(folded(value)),
            other => other,
        });
    item.operation().holds(&folded(value.clone()), &wanted.collect::<Vec<_>>())
}

/// Keeps what rules found of a record that is saved now: a set of duplicates for each rule, to which the record and those that
/// it matches belong. A set that has one of them already takes the others.
pub(super) fn report(tx: &mut dyn Tx, cx: &derived::Context<'_>, object: &Object, row: &Row, reports: &[Report]) -> Result<(), Failure> {
    if reports.is_empty() {
        return Ok(());
    }
    let (Some(sets), Some(items)) = (cx.catalog.object("DuplicateRecordSet"), cx.catalog.object("DuplicateRecordItem")) else {
        return Ok(());
    };
    let (Some(record_id), Some(own)) = (items.field("RecordId"), row.get(object, "Id").as_id()) else { return Ok(()) };
    let all = metadata::within(tx)?;
    for report in reports {
        let Some(rule) = duplicate_rule_id(&all, &object.name, &report.rule) else { continue };
        let members: Vec<Id> = report.found.iter().copied().chain([own]).collect();
        let mut missing = Vec::new();
        let mut set: Option<Id> = None;
        for member in &members {
            let in_sets = record::find(tx, cx.org, items, record_id, &Value::Id(*member), 100)?;
            let mut found = None;
            for item in record::some(tx, cx.org, items, &in_sets, &["DuplicateRecordSetId"])? {
                let Some(id) = item.get(items, "DuplicateRecordSetId").as_id().filter(|id| set.is_none_or(|set| set == *id)) else {
                    continue;
                };
                let of = record::by_id(tx, cx.org, sets, id)?.filter(|of| !of.is_deleted(sets));
                if of.is_some_and(|of| of.get(sets, "DuplicateRuleId").as_id() == Some(rule)) {
                    found = Some(id);
                    break;
                }
            }
            match found {
                Some(id) => set = Some(id),
                None => missing.push(*member),
            }
        }
        if missing.is_empty() {
            continue;
        }
        let set = match set {
            Some(set) => set,
            None => {
                let Some(prefix) = sets.key_prefix else { continue };
                let id = cx.org.new_id_within(tx, prefix)?;
                let values = [("DuplicateRuleId", Value::Id(rule)), ("RecordCount", Value::Int(0))];
                derived::insert_as(tx, cx, "DuplicateRecordSet", id, &values)?;
                id
            }
        };
        for member in &missing {
            let Some(prefix) = items.key_prefix else { continue };
            let id = cx.org.new_id_within(tx, prefix)?;
            let values = [("DuplicateRecordSetId", Value::Id(set)), ("RecordId", Value::Id(*member))];
            derived::insert_as(tx, cx, "DuplicateRecordItem", id, &values)?;
        }
        if let Some(old) = record::by_id_to_change(tx, cx.org, sets, set)? {
            let mut now = old.clone();
            let count = if let Value::Int(n) = old.get(sets, "RecordCount") { *n } else { 0 };
            now.set(sets, "RecordCount", Value::Int(count + missing.len() as i64));
            update_row(tx, cx.org, sets, &old, &now)?;
        }
    }
    Ok(())
}
