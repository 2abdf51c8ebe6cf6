//! Orgs and snapshots.

use super::body::Body;
use super::{Asked, DESCRIPTION, faults, json, settings};
use crate::Reply;
use orglet_engine::orgs::{AdminError, NewOrg, OrgAccess, OrgInfo, SnapshotInfo, shown};
use serde_json::{Value, json as object};
use std::path::PathBuf;

/// `GET /openapi.yaml`
pub(super) fn description(_: &Asked<'_>) -> Result<Reply, AdminError> {
    Ok(Reply::new(200, "application/yaml", DESCRIPTION.as_bytes().to_vec()))
}

/// `GET /metrics`
pub(super) fn metrics(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let text = asked.server.metrics.text(&asked.server.engine);
    Ok(Reply::new(200, "application/openmetrics-text; version=1.0.0; charset=utf-8", text.into_bytes()))
}

/// `POST /backup`
pub(super) fn backup(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let mut body = Body::read(asked.call)?;
    let (folder, store) = (body.text("folder")?.map(PathBuf::from), body.text("store")?);
    body.end()?;
    match (folder, store) {
        (Some(folder), None) if folder.is_absolute() => {
            let databases = asked.server.engine.backup(&folder)?;
            Ok(json(201, &object!({"folder": folder.to_string_lossy(), "databases": databases})))
        }
        (None, Some(address)) => {
            let databases = asked.server.engine.backup_to_database(&address)?;
            Ok(json(201, &object!({"store": shown(&address), "databases": databases})))
        }
        _ => {
            let text =
                "a backup has either a 'folder', an absolute path of the server's, or a 'store', the address of a PostgreSQL database";
            Err(AdminError::Invalid(text.into()))
        }
    }
}

/// `GET /orgs`
pub(super) fn list_orgs(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let orgs = asked.server.engine.list_orgs(asked.call.param("after").unwrap_or_default())?;
    let next = orgs.last().filter(|_| orgs.len() == orglet_engine::orgs::MOST_LISTED).map(|org| org.name.clone());
    Ok(json(200, &object!({"orgs": orgs.iter().map(org).collect::<Vec<_>>(), "next": next})))
}

/// `POST /orgs`
pub(super) fn create_org(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let mut body = Body::read(asked.call)?;
    let new = NewOrg {
        name: body.text("name")?,
        template: body.text("template")?,
        clone_of: body.text("clone_of")?,
        sample_data: body.flag("sample_data")?,
        admin_username: body.text("admin_username")?,
        admin_password: body.text("admin_password")?,
        database: body.text("database")?,
        settings: settings::of(body.value("settings"))?,
        projects: body.texts("projects")?.into_iter().map(PathBuf::from).collect(),
    };
    body.end()?;
    if let Some(relative) = new.projects.iter().find(|p| !p.is_absolute()) {
        return Err(AdminError::Invalid(format!("'projects' are absolute paths of the server's, not {}", relative.display())));
    }
    Ok(json(201, &access(asked, &asked.server.engine.create_org(&new)?)))
}

/// `GET /orgs/{org}`
pub(super) fn show_org(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    Ok(json(200, &org(&asked.server.engine.show_org(&asked.named)?)))
}

/// `DELETE /orgs/{org}`
pub(super) fn delete_org(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let id = faults::org(asked)?;
    asked.server.engine.delete_org(&asked.named)?;
    asked.server.forget(id);
    Ok(Reply::empty(204))
}

/// `POST /orgs/{org}/session`
pub(super) fn log_into(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    Body::read(asked.call)?.end()?;
    Ok(json(201, &access(asked, &asked.server.engine.log_into(&asked.named)?)))
}

/// `POST /orgs/{org}/reset`
pub(super) fn reset_org(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    Body::read(asked.call)?.end()?;
    asked.server.engine.reset_org(&asked.named)?;
    asked.server.begin_anew(faults::org(asked)?);
    show_org(asked)
}

/// `POST /orgs/{org}/restore`
pub(super) fn restore_org(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let mut body = Body::read(asked.call)?;
    let snapshot = body.text("snapshot")?.ok_or_else(|| AdminError::Invalid("'snapshot' says which".into()))?;
    body.end()?;
    asked.server.engine.restore_org(&asked.named, &snapshot)?;
    asked.server.begin_anew(faults::org(asked)?);
    show_org(asked)
}

/// `POST /orgs/{org}/snapshots`
pub(super) fn snapshot_org(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let mut body = Body::read(asked.call)?;
    let name = body.text("name")?;
    body.end()?;
    Ok(json(201, &snapshot(&asked.server.engine.snapshot_org(&asked.named, name.as_deref())?)))
}

/// `GET /snapshots`
pub(super) fn list_snapshots(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let snapshots = asked.server.engine.list_snapshots(asked.call.param("after").unwrap_or_default())?;
    let next = snapshots.last().filter(|_| snapshots.len() == orglet_engine::orgs::MOST_LISTED).map(|s| s.name.clone());
    Ok(json(200, &object!({"snapshots": snapshots.iter().map(snapshot).collect::<Vec<_>>(), "next": next})))
}

/// `GET /snapshots/{snapshot}`
pub(super) fn show_snapshot(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    Ok(json(200, &snapshot(&asked.server.engine.show_snapshot(&asked.named)?)))
}

/// `DELETE /snapshots/{snapshot}`
pub(super) fn delete_snapshot(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    asked.server.engine.delete_snapshot(&asked.named)?;
    Ok(Reply::empty(204))
}

pub(super) fn org(info: &OrgInfo) -> Value {
    object!({
        "id": info.id,
        "name": info.name,
        "created": info.created,
        "template": info.template,
        "database": info.database,
        "default": info.default,
        "open": info.open,
    })
}

fn snapshot(info: &SnapshotInfo) -> Value {
    object!({"name": info.name, "org": info.org, "org_id": info.org_id, "created": info.created})
}

/// An org with what a client needs to get into it.
fn access(asked: &Asked<'_>, made: &OrgAccess) -> Value {
    let facts = &made.facts;
    let mut value = org(&made.org);
    for (name, text) in [
        ("instance_url", &asked.call.origin),
        ("org_id", &facts.org_id),
        ("user_id", &facts.user_id),
        ("username", &facts.username),
        ("password", &facts.password),
        ("security_token", &facts.security_token),
        ("client_id", &facts.client_id),
        ("client_secret", &facts.client_secret),
        ("access_token", &facts.access_token),
        ("api_version", &facts.api_version),
    ] {
        value[name] = text.as_str().into();
    }
    value["skipped"] = made.skipped.clone().into();
    value
}
