//! Settings of orgs.

use super::body::Body;
use super::{Asked, json};
use crate::Reply;
use orglet_engine::orgs::AdminError;
use orglet_engine::{Setting, SettingChange, SettingValue};
use serde_json::{Map, Value};

/// `GET /orgs/{org}/settings`
pub(super) fn show(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let settings = asked.server.engine.org_settings(&asked.named)?;
    let member = |(setting, value): SettingChange| {
        let value = match value {
            None => Value::Null,
            Some(SettingValue::Number(n)) => n.into(),
            Some(SettingValue::Flag(on)) => on.into(),
        };
        (setting.name().to_owned(), value)
    };
    Ok(json(200, &Value::Object(settings.into_iter().map(member).collect::<Map<_, _>>())))
}

/// `PATCH /orgs/{org}/settings`
pub(super) fn change(asked: &Asked<'_>) -> Result<Reply, AdminError> {
    let changes = Body::read(asked.call)?.rest().into_iter().map(|(name, value)| change_of(&name, &value));
    asked.server.engine.change_org_settings(&asked.named, &changes.collect::<Result<Vec<_>, _>>()?)?;
    show(asked)
}

/// The settings of a body's member, which is an object.
pub(super) fn of(value: Option<Value>) -> Result<Vec<SettingChange>, AdminError> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(members)) => members.iter().map(|(name, value)| change_of(name, value)).collect(),
        Some(_) => Err(AdminError::Invalid("'settings' is an object".into())),
    }
}

fn change_of(name: &str, value: &Value) -> Result<SettingChange, AdminError> {
    let setting = Setting::named(name)?;
    let value = match value {
        Value::Null => None,
        Value::Bool(on) => Some(SettingValue::Flag(*on)),
        Value::Number(n) if n.is_i64() => n.as_i64().map(SettingValue::Number),
        _ => return Err(AdminError::Invalid(format!("'{name}' is a whole number, true or false, or null"))),
    };
    Ok((setting, value))
}
