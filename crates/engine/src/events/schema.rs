//! The schemas of platform events, which subscribers read events by.
//!
//! A schema follows from the definition of the event and is noted with each change of it, so that events of an older
//! definition can be read as long as they are kept.

use super::forget;
use crate::metadata::{Custom, FIELD, OBJECT};
use crate::system::{own, text};
use crate::{Failure, Org};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use md5::{Digest, Md5};
use orglet_base::Id;
use orglet_schema::Object;
use orglet_schema::custom::{FieldDef, FieldKindDef};
use orglet_store::{StoreError, Tx};
use serde::{Deserialize, Serialize};

/// The namespace of every event's schema.
pub const NAMESPACE: &str = "com.sforce.eventbus";

/// What a field's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SchemaType {
    /// `true` or `false`.
    Boolean,
    /// A number.
    Double,
    /// Text.
    String,
    /// A date or an instant: milliseconds since 1970 in binary form, text in JSON.
    Time,
}

/// A field of a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaField {
    /// Its name.
    pub name: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub ty: SchemaType,
    /// Whether it may be null.
    pub nullable: bool,
    /// What the platform says of it: what it is for, its data type, and the id of its definition.
    pub doc: String,
}

/// The schema of a platform event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSchema {
    /// The event's API name.
    pub name: String,
    /// Its fields: when and by whom an event was published, then the event's own.
    pub fields: Vec<SchemaField>,
}

impl EventSchema {
    /// The schema of an event from its definition and those of its fields, in order.
    fn of<'a>(name: &str, own: impl Iterator<Item = (Id, &'a FieldDef)>) -> Self {
        let system = |name: &str, ty, doc: &str| SchemaField { name: name.to_owned(), ty, nullable: false, doc: doc.to_owned() };
        let mut fields = vec![
            system("CreatedDate", SchemaType::Time, "CreatedDate:DateTime"),
            system("CreatedById", SchemaType::String, "CreatedBy:EntityId"),
        ];
        fields.extend(own.map(|(id, def)| {
            let (ty, kind) = typed(def.kind);
            SchemaField { name: def.full_name.clone(), ty, nullable: true, doc: format!("Data:{kind}:{}", id.as_15()) }
        }));
        Self { name: name.to_owned(), fields }
    }

    /// The schema's id: the MD5 fingerprint of its Parsing Canonical Form, in the alphabet for addresses. That this is how
    /// the platform makes it is documented, and its ids of known schemas come out of it.
    pub fn id(&self) -> String {
        let mut canonical = format!("{{\"name\":\"{NAMESPACE}.{}\",\"type\":\"record\",\"fields\":[", self.name);
        for (at, field) in self.fields.iter().enumerate() {
            let ty = field.ty.avro();
            let ty = if field.nullable { format!("[\"null\",\"{ty}\"]") } else { format!("\"{ty}\"") };
            let comma = if at == 0 { "" } else { "," };
            // API names are letters, digits and underscores: nothing to escape.
            canonical.push_str(&format!("{comma}{{\"name\":\"{}\",\"type\":{ty}}}", field.name));
        }
        canonical.push_str("]}");
        URL_SAFE_NO_PAD.encode(Md5::digest(canonical.as_bytes()))
    }
}

impl SchemaType {
    /// The name of the type in the binary form.
    pub fn avro(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Double => "double",
            Self::String => "string",
            Self::Time => "long",
        }
    }

    /// The name of the type in JSON.
    pub fn json(self) -> &'static str {
        if self == Self::Time { "string" } else { self.avro() }
    }
}

/// A field's type in a schema, and the platform's own name for it.
fn typed(kind: FieldKindDef) -> (SchemaType, &'static str) {
    match kind {
        FieldKindDef::Checkbox => (SchemaType::Boolean, "Boolean"),
        FieldKindDef::Date => (SchemaType::Time, "DateOnly"),
        FieldKindDef::DateTime => (SchemaType::Time, "DateTime"),
        FieldKindDef::Number => (SchemaType::Double, "Double"),
        FieldKindDef::LongTextArea => (SchemaType::String, "StringPlusClob"),
        _ => (SchemaType::String, "Text"),
    }
}

/// Notes the schemas that a change of metadata makes, and forgets what belonged to events that it takes away. `customs` are
/// all definitions after it; `changed` says which of them are new or others now.
pub(crate) fn note(tx: &mut dyn Tx, customs: &[Custom], changed: &[Id], removed: &[Custom]) -> Result<(), Failure> {
    for gone in removed.iter().filter(|c| c.kind == OBJECT && orglet_schema::custom::is_event(&c.name)) {
        forget(tx, &gone.name)?;
        tx.execute(&own("DELETE FROM \"_event_schemas\" WHERE object = ?1", vec![gone.name.as_str().into()]))?;
    }
    for event in customs.iter().filter(|c| c.object_def().is_some_and(|def| def.event.is_some())) {
        let is_of = |c: &&Custom| c.kind == FIELD && c.object.eq_ignore_ascii_case(&event.name);
        let touched = customs.iter().filter(|c| c.id == event.id || is_of(c)).any(|c| changed.contains(&c.id));
        if !touched && !removed.iter().any(|c| is_of(&c)) {
            continue;
        }
        let fields = customs.iter().filter(is_of).filter_map(|c| Some((c.id, c.field_def()?)));
        let schema = EventSchema::of(&event.name, fields);
        let body = serde_json::to_string(&schema).map_err(|e| StoreError::Other(e.to_string()))?;
        tx.execute(&own("UPDATE \"_event_schemas\" SET current = 0 WHERE object = ?1", vec![event.name.as_str().into()]))?;
        tx.execute(&own(
            "INSERT INTO \"_event_schemas\" (id, object, body, current) VALUES (?1, ?2, ?3, 1) \
             ON CONFLICT (id) DO UPDATE SET body = excluded.body, current = 1",
            vec![schema.id().into(), event.name.as_str().into(), body.into()],
        ))?;
    }
    Ok(())
}

/// The id of the schema that an event's messages follow now.
pub(super) fn current_id(tx: &mut dyn Tx, object: &str) -> Result<String, Failure> {
    let row = tx.first(&own("SELECT id FROM \"_event_schemas\" WHERE object = ?1 AND current = 1", vec![object.into()]))?;
    Ok(row.map(|row| text(&row[0]).to_owned()).ok_or_else(|| StoreError::Other(format!("{object} has no schema")))?)
}

/// The schema that an event's messages follow now; none of what is no event.
pub fn schema_of(org: &Org, object: &Object) -> Result<Option<EventSchema>, Failure> {
    find(org, "SELECT body FROM \"_event_schemas\" WHERE object = ?1 AND current = 1", &object.name)
}

/// A schema by its id: one of now, or of an earlier definition.
pub fn schema(org: &Org, id: &str) -> Result<Option<EventSchema>, Failure> {
    find(org, "SELECT body FROM \"_event_schemas\" WHERE id = ?1", id)
}

fn find(org: &Org, sql: &'static str, key: &str) -> Result<Option<EventSchema>, Failure> {
    // No database can look for it, and no schema is of that name.
    if key.contains('\0') {
        return Ok(None);
    }
    let row = org.read(|tx| Ok(tx.first(&own(sql, vec![key.into()]))?))?;
    let read = |row: Vec<orglet_base::OwnedCell>| {
        serde_json::from_str(text(&row[0])).map_err(|e| StoreError::Other(format!("the schema of {key} cannot be read: {e}")))
    };
    Ok(row.map(read).transpose()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(name: &str, own: &[(&str, SchemaType)]) -> EventSchema {
        let mut schema = EventSchema::of(name, std::iter::empty());
        let field = |(name, ty): &(&str, SchemaType)| SchemaField { name: (*name).to_owned(), ty: *ty, nullable: true, doc: String::new() };
        schema.fields.extend(own.iter().map(field));
        schema
    }

    /// Ids that real orgs gave: of the vendor's sample, of two recordings, and of a message in the vendor's guide.
    #[test]
    fn ids_are_those_of_real_orgs() {
        use SchemaType::{Boolean, Double, String};
        let ink = [("Printer_Model__c", String), ("Serial_Number__c", String), ("Ink_Percentage__c", Double)];
        assert_eq!(schema("Low_Ink__e", &ink).id(), "5E5OtZj5_Gm6Vax9XMXH9A");
        let order = [("Order_Number__c", String), ("City__c", String), ("Amount__c", Double)];
        assert_eq!(schema("Order_Event__e", &order).id(), "_CADE3qaegX3ECEW0rlbYA");
        assert_eq!(schema("Test_Event__e", &[("Message__c", String)]).id(), "6L0yfG1TjHj3IeYaje5uZQ");
        let shipped = [("Order_Number__c", String), ("Has_Shipped__c", Boolean)];
        assert_eq!(schema("Order_Event__e", &shipped).id(), "UIovjRagY-xEDIJ1Ehzafg");
    }
}
