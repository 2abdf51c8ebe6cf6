//! Values of picklists under a record type.

use super::{refused, tagged, taken};
use crate::Reply;
use crate::codec::{Doc, XmlOrder};
use crate::rest::Rest;
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_engine::Failure;
use orglet_schema::custom::part::{MASTER, offered};
use orglet_schema::{Field, FieldType, Object, PicklistValue, RecordType};

/// `GET /ui-api/object-info/X/picklist-values/{recordTypeId}`.
pub(super) fn all(cx: &Rest<'_>, name: &str, record_type: &str) -> Result<Reply, Failure> {
    let object = taken(cx, name)?;
    let record_type = find(&object, record_type)?;
    let mut fields: Vec<&Field> = object.fields().iter().filter(|f| is_picklist(f) && cx.identity.access.reads_field(&object, f)).collect();
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    let values = fields.into_iter().map(|f| (f.name.clone().into(), values_doc(cx, name, &object, f, record_type)));
    let doc = tagged(vec![("picklistFieldValues", Doc::Obj(values.collect()))]);
    Ok(cx.doc(200, &doc, "", XmlOrder::Kept))
}

/// `GET /ui-api/object-info/X/picklist-values/{recordTypeId}/{field}`.
pub(super) fn one(cx: &Rest<'_>, name: &str, record_type: &str, field: &str) -> Result<Reply, Failure> {
    let object = taken(cx, name)?;
    let record_type = find(&object, record_type)?;
    let known = object.field(field).filter(|f| cx.identity.access.reads_field(&object, f));
    let Some(field) = known.filter(|f| is_picklist(f)) else {
        // metadata-008
        let shown = known.map_or(field, |f| f.name.as_str());
        return Err(ApiError::routing(ErrorCode::InvalidField, format!("Field {shown} is not a picklist.")).into());
    };
    Ok(cx.doc(200, &values_doc(cx, name, &object, field, record_type), "", XmlOrder::Kept))
}

fn is_picklist(field: &Field) -> bool {
    matches!(field.ty, FieldType::Picklist | FieldType::MultiPicklist)
}

/// A record type of the object; none for the master's.
fn find<'a>(object: &'a Object, id: &str) -> Result<Option<&'a RecordType>, ApiError> {
    let parsed = Id::parse(id).map_err(|_| refused(format!("recordTypeId should be a valid record ID: {id}")))?;
    if parsed.to_string() == MASTER {
        return Ok(None);
    }
    object.record_type(parsed).map(Some).ok_or_else(ApiError::not_found)
}

/// The values of a picklist. The address names the object as the request does.
fn values_doc(cx: &Rest<'_>, named: &str, object: &Object, field: &Field, record_type: Option<&RecordType>) -> Doc {
    let controller = field.controller.as_deref().and_then(|name| object.field(name));
    let controller = controller.filter(|f| cx.identity.access.reads_field(object, f));
    let choices = controller.map(|f| controlling(f, record_type)).unwrap_or_default();
    let value = |v: &PicklistValue| {
        let valid = choices.iter().filter(|(controlling, _, _)| {
            v.valid_for.is_some() && controller.is_some_and(|c| field.allows_under(&v.value, c, controlling))
        });
        Doc::obj([
            ("attributes", attributes(object, field, v)),
            ("label", v.label.clone().into()),
            ("validFor", Doc::list(valid.map(|(_, _, at)| *at))),
            ("value", v.value.clone().into()),
        ])
    };
    let offers: Vec<(&PicklistValue, bool)> = offered(field, record_type).collect();
    let default = offers.iter().find(|(_, default)| *default).map_or(Doc::Null, |(v, _)| value(v));
    let id = record_type.map_or_else(|| MASTER.to_owned(), |t| t.id.to_string());
    tagged(vec![
        ("controllerValues", Doc::Obj(choices.iter().map(|(_, name, at)| (name.clone().into(), (*at).into())).collect())),
        ("defaultValue", default),
        ("url", format!("{}/ui-api/object-info/{named}/picklist-values/{id}/{}", cx.base, field.name).into()),
        ("values", Doc::list(offers.iter().map(|(v, _)| value(v)))),
    ])
}

/// What a controlling field may be: each value, what it is called, and its number.
fn controlling(field: &Field, record_type: Option<&RecordType>) -> Vec<(Value, String, i64)> {
    if field.ty == FieldType::Boolean {
        return vec![(Value::Bool(false), "false".into(), 0), (Value::Bool(true), "true".into(), 1)];
    }
    let at = |value: &str| field.picklist.iter().position(|v| v.value == value).and_then(|at| i64::try_from(at).ok());
    let values = offered(field, record_type).filter_map(|(v, _)| Some((Value::from(v.value.as_str()), v.value.clone(), at(&v.value)?)));
    values.collect()
}

/// What the platform says of the values of stages and statuses beside their names.
fn attributes(object: &Object, field: &Field, value: &PicklistValue) -> Doc {
    let fact = |name: &str| value.facts.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let is = |name: &str| Doc::Bool(fact(name) == Some("true"));
    // The member is spelt so.
    let kind = |name: &'static str| ("picklistAtrributesValueType", Doc::from(name));
    match (object.name.as_str(), field.name.as_str()) {
        ("Opportunity", "StageName") => {
            let probability = fact("probability").unwrap_or("0");
            Doc::obj([
                ("closed", is("closed")),
                ("defaultProbability", Doc::Number(crate::values::decimal(probability))),
                ("forecastCategoryName", fact("forecastCategoryName").unwrap_or("Pipeline").to_owned().into()),
                kind("OpportunityStage"),
                ("won", is("won")),
            ])
        }
        ("Case", "Status") => Doc::obj([("closed", is("closed")), kind("CaseStatus")]),
        ("Lead", "Status") => Doc::obj([("converted", is("converted")), kind("LeadStatus")]),
        _ => Doc::Null,
    }
}
