//! What a duplicate rule found, as the error tells it.

use super::Told;
use crate::codec::{RecordUrl, Writer};
use orglet_base::{Duplicates, MatchRecord, MatchResult};

/// Writes the members of an error with what a duplicate rule found: sorted by name in both formats, and without `fields`.
/// `duplicateResut` is the platform's own spelling (crud-046).
pub(super) fn write(w: &mut Writer, told: &Told<'_>, found: &Duplicates) {
    w.begin_object("duplicateResut");
    w.bool("allowSave", found.allow_save);
    w.text("duplicateRule", &found.rule);
    w.text("duplicateRuleEntityType", &found.entity);
    w.text("errorMessage", told.message);
    let base = format!("/services/data/v{}", found.version);
    list(w, "matchResults", &found.results, |w, result| write_result(w, &base, result));
    w.end_object();
    w.text("errorCode", told.code);
    w.text("message", told.message);
}

fn write_result(w: &mut Writer, base: &str, result: &MatchResult) {
    w.text("entityType", &result.entity);
    nothing(w, "errors");
    w.text("matchEngine", result.engine);
    list(w, "matchRecords", &result.records, |w, record| write_match(w, base, &result.entity, record));
    w.text("rule", &result.rule);
    w.int("size", result.records.len() as i64);
    w.bool("success", true);
}

/// What has no recorded value stays empty, as recordings have it: what more there is to say of a record, and how its fields
/// compare. The confidence is the one of every recording.
fn write_match(w: &mut Writer, base: &str, entity: &str, record: &MatchRecord) {
    nothing(w, "additionalInformation");
    nothing(w, "fieldDiffs");
    w.raw_number("matchConfidence", "100.0");
    let id = record.id.to_string();
    w.begin_record("record", entity, RecordUrl::Row(base, entity, &id));
    w.text("Id", &id);
    for (name, kind, cell) in &record.fields {
        w.cell(name, *kind, cell.as_cell());
    }
    w.end_object();
}

fn list<T>(w: &mut Writer, name: &str, items: &[T], write: impl Fn(&mut Writer, &T)) {
    w.begin_list(name);
    for item in items {
        w.begin_object("");
        write(w, item);
        w.end_object();
    }
    w.end_list();
}

fn nothing(w: &mut Writer, name: &str) {
    w.begin_list(name);
    w.end_list();
}
