//! What a change of metadata means for the tables that exist.

use crate::{Failure, Org};
use orglet_base::{ApiError, Dialect, ErrorCode, Statement, fold_name};
use orglet_plan::ddl;
use orglet_plan::write::{self, Find};
use orglet_schema::{Catalog, Field, FieldType, Object};
use orglet_store::{Store, StoreError, Tx};
use std::collections::HashSet;
use std::sync::Arc;

/// The statements that bring the tables that exist from one catalog to another.
pub(super) fn migration(org: &Org, old: &Catalog, new: &Catalog) -> Result<Vec<Statement>, Failure> {
    let dialect = org.store.dialect();
    let mut statements = Vec::new();
    for before in old.objects().into_iter().filter(|o| o.has_table() && org.has_rows(o)) {
        match new.object(&before.name) {
            None => statements.extend(ddl::drop_table(before, dialect)),
            Some(after) if Arc::ptr_eq(before, after) => {}
            Some(after) => columns(before, after, dialect, &mut statements)?,
        }
    }
    Ok(statements)
}

fn columns(before: &Object, after: &Object, dialect: Dialect, statements: &mut Vec<Statement>) -> Result<(), Failure> {
    // What is standard comes and goes with what the org has switched on; it changes with releases alone.
    let concerns = |f: &&Field| f.has_column() && (f.custom || after.field(&f.name).is_none());
    for field in before.fields().iter().filter(concerns) {
        match after.field(&field.name).filter(|f| f.has_column()) {
            None => statements.extend(ddl::drop_column(before, field, dialect)),
            Some(now) if now.cell_kind() != field.cell_kind() => {
                let text =
                    format!("The type of {} cannot be changed while it may hold data; delete the field and make a new one", field.name);
                return Err(integrity(text).into());
            }
            Some(now) => {
                let index = |f: &Field| (f.unique, f.external_id, f.id_lookup, f.case_sensitive);
                if index(now) != index(field) {
                    statements.push(ddl::drop_index(before, &field.name, dialect));
                    statements.extend(ddl::create_index(after, now, dialect));
                }
            }
        }
    }
    for field in after.fields().iter().filter(|f| f.has_column()) {
        if before.field(&field.name).is_none_or(|b| !b.has_column()) {
            statements.extend(ddl::add_column(after, field, dialect));
        }
    }
    Ok(())
}

fn integrity(text: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::FieldIntegrityException, text).with_fields(Vec::<String>::new())
}

/// Refuses changes of fields that rows do not allow: a lookup to another object while it is filled, a required field
/// while it is empty, a shorter text or a smaller number than there is.
pub(super) fn check_rows(tx: &mut dyn Tx, org: &Org, old: &Catalog, new: &Catalog) -> Result<(), Failure> {
    for before in old.objects().into_iter().filter(|o| o.has_table() && org.has_rows(o)) {
        let Some(after) = new.object(&before.name).filter(|after| !Arc::ptr_eq(before, after)) else { continue };
        for field in before.fields().iter().filter(|f| f.has_column() && f.custom) {
            let Some(now) = after.field(&field.name).filter(|f| f.has_column()) else { continue };
            for (find, why) in doubts(field, now) {
                if tx.first(&write::any_row(before, field, find, org.store.dialect()))?.is_some() {
                    return Err(integrity(format!("{} cannot be changed so: {why}", field.name)).into());
                }
            }
        }
    }
    Ok(())
}

/// What rows must not hold for a field to be changed.
fn doubts(field: &Field, now: &Field) -> Vec<(Find, &'static str)> {
    let mut doubts = Vec::new();
    if field.ty == FieldType::Reference && field.reference_to != now.reference_to {
        doubts.push((Find::Some, "there are records that refer to the object it points to now"));
    }
    if field.nillable && !now.nillable {
        doubts.push((Find::None, "there are records without a value"));
    }
    if field.ty.is_text() && now.length < field.length {
        doubts.push((Find::Longer(now.length), "there are records with a longer text"));
    }
    let whole = |f: &Field| u32::from(f.precision);
    if field.ty.is_decimal() && whole(now) < whole(field) {
        doubts.push((Find::Beyond(10i64.saturating_pow(whole(now))), "there are records with a larger number"));
    }
    doubts
}

/// The failure of a migration's statement, as the client sees it: rows that a unique index cannot take are its own.
pub(super) fn refused(e: StoreError) -> Failure {
    match e {
        StoreError::Unique(columns) => {
            let field = columns.rsplit('.').next().unwrap_or_default();
            integrity(format!("{field} cannot be unique: there are records that have the same value in it")).into()
        }
        other => other.into(),
    }
}

/// The statements that add what the tables of a database lack of a catalog's columns.
pub(super) fn missing_columns(store: &dyn Store, catalog: &Catalog) -> Result<Vec<Statement>, Failure> {
    let mut statements = Vec::new();
    for table in store.tables()? {
        // The engine's own tables are no objects.
        let Some(object) = catalog.object(&table).filter(|o| o.has_table()) else { continue };
        let there: HashSet<String> = store.columns(&table)?.iter().map(|c| fold_name(c).into_owned()).collect();
        for field in object.fields().iter().filter(|f| f.has_column() && !there.contains(fold_name(&f.name).as_ref())) {
            statements.extend(ddl::add_column(object, field, store.dialect()));
        }
    }
    Ok(statements)
}
