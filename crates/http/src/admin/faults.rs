//! Rules by which requests fail, and the catalogue of the errors that they can be told to fail with.

use super::body::Body;
use super::{Asked, json};
use crate::codec::Format;
use crate::faults::{Rule, Spec, Torn, example};
use crate::{Reply, faults};
use orglet_base::Id;
use orglet_base::catalogue::{self, Row};
use orglet_engine::orgs::AdminError;
use serde_json::{Value, json as object};

/// `GET /orgs/{org}/faults`
pub(super) fn list(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let rules: Vec<Value> = asked.server.faults.list(org(asked)?).iter().map(|rule| shown(rule)).collect();
    Ok(json(200, &object!({"faults": rules})))
}

/// `POST /orgs/{org}/faults`
pub(super) fn add(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let org = org(asked)?;
    let mut body = Body::read(asked.call)?;
    let torn = match body.any("torn") {
        None => None,
        Some(Value::String(word)) if word == "half" => Some(Torn::Half),
        Some(value) => match value.as_u64().and_then(|bytes| usize::try_from(bytes).ok()) {
            Some(bytes) => Some(Torn::Bytes(bytes)),
            None => return Err(AdminError::Invalid("'torn' is 'half' or a number of bytes".into())),
        },
    };
    let status = match body.number("status")? {
        Some(status) => Some(u16::try_from(status).map_err(|_| AdminError::Invalid("'status' is between 200 and 599".into()))?),
        None => None,
    };
    let spec = Spec {
        method: body.text("method")?,
        path: body.text("path")?,
        object: body.text("object")?,
        user_agent: body.text("user_agent")?,
        nth: body.number("nth")?,
        every: body.number("every")?,
        first: body.number("first")?,
        probability: body.fraction("probability")?,
        seed: body.number("seed")?.unwrap_or_default(),
        error: body.text("error")?,
        status,
        code: body.text("code")?,
        message: body.text("message")?,
        fields: body.has("fields").then(|| body.texts("fields")).transpose()?,
        form: body.text("form")?,
        values: body.texts_by_name("values")?,
        delay_ms: body.number("delay_ms")?.unwrap_or_default(),
        jitter_ms: body.number("jitter_ms")?.unwrap_or_default(),
        drop: body.text("drop")?,
        torn,
        out_of_limit: body.flag("out_of_limit")?,
    };
    body.end()?;
    let rule = asked.server.faults.add(org, spec).map_err(AdminError::Invalid)?;
    Ok(json(201, &shown(&rule)))
}

/// `DELETE /orgs/{org}/faults`
pub(super) fn clear(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    Ok(json(200, &object!({"removed": asked.server.faults.clear(org(asked)?)})))
}

/// `GET /orgs/{org}/faults/{fault}`
pub(super) fn show(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let (org, id) = (org(asked)?, number(asked)?);
    let rule = asked.server.faults.get(org, id).ok_or_else(|| unknown(asked))?;
    Ok(json(200, &shown(&rule)))
}

/// `DELETE /orgs/{org}/faults/{fault}`
pub(super) fn remove(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let (org, id) = (org(asked)?, number(asked)?);
    if asked.server.faults.remove(org, id) { Ok(Reply::empty(204)) } else { Err(unknown(asked)) }
}

/// `GET /errors`
pub(super) fn catalogue(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let area = asked.call.param("area");
    let rows: Vec<Value> = catalogue::rows().iter().filter(|row| area.is_none_or(|area| row.area == area)).map(of_catalogue).collect();
    Ok(json(200, &object!({"errors": rows})))
}

/// `GET /errors/{error}`
pub(super) fn error(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let row = catalogue::row(&asked.named).ok_or_else(|| AdminError::NotFound(format!("the catalogue has no error '{}'", asked.named)))?;
    let mut shown = of_catalogue(row);
    shown["example"] = String::from_utf8_lossy(&example(row, Format::Json).body).into();
    Ok(json(200, &shown))
}

/// The org that the path names.
pub(super) fn org(asked: &Asked<'_>) -> Result<Id, AdminError> {
    let info = asked.server.engine.show_org(&asked.named)?;
    Id::parse(&info.id).map_err(|_| AdminError::NotFound(format!("there is no org '{}'", asked.named)))
}

fn number(asked: &Asked<'_>) -> Result<u64, AdminError> {
    asked.more.parse().map_err(|_| unknown(asked))
}

fn unknown(asked: &Asked<'_>) -> AdminError {
    AdminError::NotFound(format!("the org has no fault '{}'", asked.more))
}

/// A rule with the members that were given, and its counts.
fn shown(rule: &Rule) -> Value {
    let spec = &rule.spec;
    let torn = spec.torn.map(|torn| match torn {
        Torn::Half => Value::from("half"),
        Torn::Bytes(bytes) => bytes.into(),
    });
    let values = (!spec.values.is_empty()).then(|| object!(spec.values));
    let members = [
        ("method", spec.method.clone().map(Value::from)),
        ("path", spec.path.clone().map(Value::from)),
        ("object", spec.object.clone().map(Value::from)),
        ("user_agent", spec.user_agent.clone().map(Value::from)),
        ("nth", spec.nth.map(Value::from)),
        ("every", spec.every.map(Value::from)),
        ("first", spec.first.map(Value::from)),
        ("probability", spec.probability.map(Value::from)),
        ("seed", Some(spec.seed).filter(|seed| *seed > 0).map(Value::from)),
        ("error", spec.error.clone().map(Value::from)),
        ("status", spec.status.map(Value::from)),
        ("code", spec.code.clone().map(Value::from)),
        ("message", spec.message.clone().map(Value::from)),
        ("fields", spec.fields.clone().map(Value::from)),
        ("form", spec.form.clone().map(Value::from)),
        ("values", values),
        ("delay_ms", Some(spec.delay_ms).filter(|ms| *ms > 0).map(Value::from)),
        ("jitter_ms", Some(spec.jitter_ms).filter(|ms| *ms > 0).map(Value::from)),
        ("drop", spec.drop.clone().map(Value::from)),
        ("torn", torn),
        ("out_of_limit", spec.out_of_limit.then(|| true.into())),
    ];
    let mut shown = object!({"id": rule.id});
    for (name, value) in members {
        if let Some(value) = value {
            shown[name] = value;
        }
    }
    shown["matched"] = rule.matched().into();
    shown["fired"] = rule.fired().into();
    shown
}

fn of_catalogue(row: &'static Row) -> Value {
    let filled = |template: &str| faults::filled(template);
    let newer = row.message_61.as_deref();
    object!({
        "id": row.id,
        "area": row.area,
        "condition": row.condition,
        "status": row.status,
        "form": row.form.name(),
        "code": row.code,
        "message": filled(&row.message),
        "message_61": newer.map(filled),
        "template": catalogue::shown(&row.message),
        "template_61": newer.map(catalogue::shown),
        "fields": row.fields.as_ref().map(|names| names.iter().map(|name| catalogue::shown(name)).collect::<Vec<_>>()),
        "values": row.placeholders(),
        "confidence": row.confidence,
        "source": row.source,
    })
}
