//! Databases that orgs can be in, and moves of orgs between them.

use super::body::Body;
use super::{Asked, calls, json};
use crate::Reply;
use orglet_engine::orgs::{AdminError, DatabaseInfo};
use serde_json::{Value, json as object};

/// `GET /databases`
pub(super) fn list(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let databases: Vec<Value> = asked.server.engine.list_databases()?.iter().map(database).collect();
    Ok(json(200, &object!({"databases": databases})))
}

/// `PUT /databases/{database}`
pub(super) fn add(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let mut body = Body::read(asked.call)?;
    let address = body.text("address")?.ok_or_else(|| AdminError::Invalid("'address' says where it is".into()))?;
    body.end()?;
    Ok(json(200, &database(&asked.server.engine.add_database(&asked.named, &address)?)))
}

/// `DELETE /databases/{database}`
pub(super) fn remove(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    asked.server.engine.remove_database(&asked.named)?;
    Ok(Reply::empty(204))
}

/// `POST /orgs/{org}/move`
pub(super) fn move_org(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let mut body = Body::read(asked.call)?;
    let to = body.text("database")?;
    body.end()?;
    let moved = asked.server.engine.move_org(&asked.named, to.as_deref().unwrap_or_default())?;
    let mut answer = calls::org(&asked.server.engine.show_org(&asked.named)?);
    let table = |t: &orglet_engine::orgs::TableSum| object!({"table": t.table, "rows": t.rows, "sha256": t.sum});
    answer["tables"] = moved.tables.iter().map(table).collect();
    Ok(json(200, &answer))
}

/// `GET /orgs/{org}/move`
pub(super) fn progress(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let progress = asked.server.engine.move_progress(&asked.named)?;
    Ok(json(
        200,
        &match progress {
            Some((table, done, total)) => object!({"moving": true, "table": table, "done": done, "total": total}),
            None => object!({"moving": false}),
        },
    ))
}

fn database(info: &DatabaseInfo) -> Value {
    object!({"name": info.name, "address": info.address})
}
