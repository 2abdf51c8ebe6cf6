//! What a change of metadata means for the tables that exist.

use crate::{Failure, Org};
use orglet_base::{ApiError, Dialect, ErrorCode, Statement, fold_name};
use orglet_plan::ddl;
use orglet_schema::{Catalog, Field, Object};
use orglet_store::{Store, StoreError};
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
    for field in before.fields().iter().filter(|f| f.has_column() && f.custom) {
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
    ApiError::new(ErrorCode::FieldIntegrityException, text).with_fields(["Metadata"])
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
