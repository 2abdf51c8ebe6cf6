//! From the element of a record to a record on its way into the save.

use super::{Data, bad_id, no_such_column};
use crate::codec::{Node, NodeValue, xml};
use crate::soap::Fault;
use crate::soap::arguments::misplaced;
use crate::soap::envelope::elements;
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_engine::save::{Assign, Incoming};
use orglet_schema::types::Input;
use orglet_schema::{Field, FieldType, Object};
use std::sync::Arc;

/// A record of a request.
pub(super) struct Record {
    pub(super) object: Arc<Object>,
    /// Its id as sent; `None` where none is, or an empty one.
    pub(super) id: Option<String>,
    pub(super) incoming: Incoming,
    /// What is wrong with the record alone; the call goes on.
    pub(super) wrong: Option<ApiError>,
}

/// Types whose text is cut where the header allows it ("AllowFieldTruncationHeader" of the vendor's guide).
const CUT: &[FieldType] = &[
    FieldType::String,
    FieldType::TextArea,
    FieldType::Phone,
    FieldType::Email,
    FieldType::EncryptedString,
    FieldType::Picklist,
    FieldType::MultiPicklist,
    FieldType::Combobox,
    FieldType::AnyType,
];

/// The name of the object of an element: its member `type` in the partner API, the type that it says in the enterprise API.
fn object_name<'n>(data: &Data<'_>, node: &'n Node<'_>) -> Result<&'n str, ApiError> {
    let said = if data.is_partner() { node.get("type") } else { node.get(xml::TYPE) };
    let name = said.and_then(Node::as_str).map(str::trim).filter(|name| !name.is_empty() && *name != "sObject");
    name.ok_or_else(|| ApiError::new(ErrorCode::InvalidType, "Must send a concrete entity type."))
}

/// The members of a record that are fields, relationships or unknown.
fn fields<'s, 'n>(data: &Data<'_>, node: &'s Node<'n>) -> impl Iterator<Item = (&'s str, &'s Node<'n>)> + use<'s, 'n> {
    let partner = data.is_partner();
    let members = node.members().iter().map(|(name, node)| (name.as_ref(), node));
    members.filter(move |(name, _)| !(*name == xml::TYPE || *name == "attributes" || (partner && *name == "type")))
}

/// Reads a record. An unknown object or field, and a value that is none of its field's type, is a fault of the whole call.
pub(super) fn record(data: &Data<'_>, node: &Node<'_>) -> Result<Record, Fault> {
    let object = data.object(object_name(data, node)?)?.clone();
    let misplaced = |name: &str| misplaced(data.soap.api, name);
    if data.is_partner() && node.get_all("type").nth(1).is_some() {
        return Err(misplaced("type"));
    }
    let mut record = Record {
        object: object.clone(),
        id: None,
        incoming: Incoming { duplicates: data.options.duplicates, ..Incoming::default() },
        wrong: None,
    };
    let mut cleared = Vec::new();
    for (name, node) in fields(data, node) {
        if name == "fieldsToNull" {
            if let Some((inner, _)) = elements(node).next() {
                return Err(misplaced(inner));
            }
            cleared.extend(node.as_str().map(str::trim).filter(|name| !name.is_empty()));
            continue;
        }
        // A null says nothing of the field: `fieldsToNull` clears one.
        if matches!(node.value, NodeValue::Null) {
            continue;
        }
        if name.eq_ignore_ascii_case("Id") {
            // The platform's own answers have it twice.
            let id = node.as_str().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
            if id.is_some() && record.id.is_some() && id != record.id {
                return Err(misplaced(name));
            }
            record.id = id.or(record.id);
            continue;
        }
        match assign(data, &object, name, node)? {
            // Of two, one would be lost.
            Ok((index, assign)) if sets(&record.incoming, index, &assign) => return Err(misplaced(name)),
            Ok((index, assign)) => put(&mut record.incoming, index, assign),
            Err(e) => record.wrong = record.wrong.or(Some(e)),
        }
    }
    for name in cleared {
        let index = object.field_index(name).filter(|i| data.identity.access.reads_field(&object, &object.fields()[*i]));
        let index = index.ok_or_else(|| no_such_column(&object, name))?;
        put(&mut record.incoming, index, Assign::Value(Value::Null));
    }
    Ok(record)
}

/// Whether a field is set already, in the way in which it would be set.
fn sets(record: &Incoming, index: usize, assign: &Assign) -> bool {
    let lookup = |a: &Assign| matches!(a, Assign::Lookup { .. });
    record.fields.iter().any(|(i, a)| *i == index && lookup(a) == lookup(assign))
}

/// Sets a field. What comes later holds; an id and an external ID for one parent stay side by side, for the save to refuse.
fn put(record: &mut Incoming, index: usize, assign: Assign) {
    let lookup = |a: &Assign| matches!(a, Assign::Lookup { .. });
    record.fields.retain(|(i, a)| *i != index || lookup(a) != lookup(&assign));
    record.fields.push((index, assign));
}

type Assigned = Result<(usize, Assign), ApiError>;

fn assign(data: &Data<'_>, object: &Arc<Object>, name: &str, node: &Node<'_>) -> Result<Assigned, Fault> {
    if let Some(index) = object.field_index(name) {
        let field = &object.fields()[index];
        let access = &data.identity.access;
        if !access.reads_field(object, field) {
            return Err(no_such_column(object, name).into());
        }
        // Fields that nobody may write are refused by the save, whatever they are given.
        let value = if field.updateable || access.creates_field(object, field) { value(data, field, node)? } else { Value::Null };
        return Ok(Ok((index, Assign::Value(value))));
    }
    match object.parent_field(name).and_then(|f| object.field_index(&f.name)) {
        Some(index) => lookup(data, object, name, index, node),
        None => Err(no_such_column(object, name).into()),
    }
}

/// A field's value. Text that its type can't be read from is a fault of the envelope (salesforcer issue 29).
fn value(data: &Data<'_>, field: &Field, node: &Node<'_>) -> Result<Value, Fault> {
    let kind = field.ty.kind();
    let wrong = |text: &str| Fault::client(format!("'{text}' is not a valid value for the type {}", kind.soap_type()));
    let Some(text) = node.as_str() else { return Err(wrong("")) };
    let cut = data.options.truncates && CUT.contains(&field.ty);
    let text = if cut { truncated(text, field.length) } else { text };
    // Numbers, dates and checkboxes may have blanks around them.
    let is_text = matches!(kind.soap_type(), "xsd:string" | "tns:ID");
    let text = if is_text { text } else { text.trim() };
    if text.is_empty() && !is_text {
        return Err(wrong(""));
    }
    kind.parse(field, Input::Text(text)).map_err(|_| wrong(text))
}

/// So many characters of a text.
fn truncated(text: &str, length: u32) -> &str {
    match text.char_indices().nth(length as usize) {
        Some((end, _)) if length > 0 => &text[..end],
        _ => text,
    }
}

/// `<Account><type>Account</type><Ext__c>x</Ext__c></Account>`: the record that an external ID names.
fn lookup(data: &Data<'_>, object: &Arc<Object>, name: &str, index: usize, node: &Node<'_>) -> Result<Assigned, Fault> {
    let field = &object.fields()[index];
    let wrong = |text: String| Fault::from(ApiError::new(ErrorCode::InvalidField, text));
    let target = data.object(object_name(data, node)?)?.clone();
    if !field.reference_to.iter().any(|allowed| *allowed == target.name) {
        return Err(wrong(format!("The relationship {name} of {} does not point to {}", object.name, target.name)));
    }
    let mut members = fields(data, node).filter(|(name, node)| !(matches!(node.value, NodeValue::Null) || *name == "fieldsToNull"));
    let (Some((key, node)), None) = (members.next(), members.next()) else {
        return Err(wrong(format!("The relationship {name} of {} must be given exactly one external ID field", object.name)));
    };
    let Some(key_index) = target.field_index(key) else { return Err(no_such_column(&target, key).into()) };
    let key = &target.fields()[key_index];
    if key.name == "Id" {
        let text = node.as_str().unwrap_or_default().trim();
        return Ok(Id::parse(text).map(|id| (index, Assign::Value(Value::Id(id)))).map_err(|_| bad_id(text)));
    }
    if !(key.external_id || key.id_lookup) {
        return Err(wrong(format!("Field name provided, {} is not an External ID or indexed field for {}", key.name, target.name)));
    }
    let value = value(data, key, node)?;
    Ok(key
        .ty
        .kind()
        .validate(key, value)
        .map(|value| (index, Assign::Lookup { relationship: name.to_owned(), object: target.clone(), field: key_index, value })))
}
