//! The User Interface API, as far as metadata of objects, values of picklists and single records go. It speaks JSON alone.
//!
//! Its errors are those of the routing family, `errorCode` first, in a list like all others: the vendor's guide shows one as it
//! came over HTTP. (The page framework shows its components another form of the same errors.)

mod object_info;
mod picklists;
mod records;

use super::Rest;
use crate::Reply;
use crate::codec::{Doc, Format, XmlOrder};
use crate::router::Resource;
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::{Failure, Setting};
use orglet_schema::custom::part::MASTER;
use orglet_schema::standard::record_types;
use orglet_schema::{Object, RecordType};
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

/// Standard objects that the API takes, of those that are here: the guide's list of v42.0 and the directory of an org
/// recorded at v49.0. Custom objects are all taken.
const TAKEN: &[&str] = &[
    "Account",
    "AccountBrand",
    "Asset",
    "AssetRelationship",
    "Campaign",
    "CampaignMember",
    "Case",
    "Contact",
    "ContactRequest",
    "ContentDocument",
    "ContentVersion",
    "ContentWorkspace",
    "Contract",
    "ContractContactRole",
    "ContractLineItem",
    "Entitlement",
    "Image",
    "Individual",
    "Lead",
    "ListEmail",
    "Note",
    "OperatingHours",
    "Opportunity",
    "OpportunityLineItem",
    "OpportunityPartner",
    "Order",
    "OrderItem",
    "Partner",
    "Pricebook2",
    "PricebookEntry",
    "Product2",
    "Quote",
    "QuoteDocument",
    "QuoteLineItem",
    "RecordAction",
    "RecordType",
    "ServiceContract",
    "User",
    "WorkOrder",
    "WorkOrderLineItem",
];

/// A request below `/ui-api`.
pub(super) fn answer(cx: &Rest<'_>, resource: Resource, params: &[&str]) -> Result<Reply, Failure> {
    if cx.format != Format::Json {
        let text = "The requested resource is available as application/json alone";
        return Err(ApiError::routing(ErrorCode::InvalidType, text).with_status(406).into());
    }
    if cx.identity.org.settings.is_on(Setting::ConnectApiDisabled) {
        // auth-012
        let text = "The Chatter Connect API is not enabled for this organization or user type.";
        return Err(ApiError::new(ErrorCode::ApiDisabledForOrg, text).into());
    }
    match (resource, params) {
        (Resource::UiObjectInfo, [object]) => object_info::info(cx, object),
        (Resource::UiPicklists, [object, record_type]) => picklists::all(cx, object, record_type),
        (Resource::UiPicklist, [object, record_type, field]) => picklists::one(cx, object, record_type, field),
        (Resource::UiRecord, [id]) => records::record(cx, id),
        _ => Err(ApiError::not_found().into()),
    }
}

/// An object that the API takes.
///
/// # Errors
/// 403 for one that the user does not see, whether it is there or not; INVALID_TYPE for one that other APIs alone have.
fn taken(cx: &Rest<'_>, name: &str) -> Result<Arc<Object>, ApiError> {
    let object = cx.object(name).map_err(|_| {
        let text = "You don't have access to this record. Ask your administrator for help or to request access.";
        ApiError::routing(ErrorCode::InsufficientAccess, text).with_status(403)
    })?;
    let is_taken = (object.custom && object.flags.layoutable) || TAKEN.contains(&object.name.as_str());
    if !is_taken {
        return Err(ApiError::routing(ErrorCode::InvalidType, format!("Object {} is not supported in UI API", object.name)));
    }
    Ok(object)
}

/// Whether records of an object are of a record type, be it the master's.
fn is_typed(object: &Object) -> bool {
    if object.custom { object.flags.layoutable } else { record_types::of(&object.name).is_some() }
}

/// A record type as infos of objects and records show it; none for the master's.
fn type_doc(record_type: Option<&RecordType>) -> Doc {
    Doc::obj([
        ("available", record_type.is_none_or(|t| t.active).into()),
        ("defaultRecordTypeMapping", record_type.is_none().into()),
        ("master", record_type.is_none().into()),
        ("name", record_type.map_or_else(|| "Master".to_owned(), |t| t.label.clone()).into()),
        ("recordTypeId", record_type.map_or_else(|| MASTER.to_owned(), |t| t.id.to_string()).into()),
    ])
}

/// The refusal of a parameter.
fn refused(text: impl Into<String>) -> ApiError {
    ApiError::routing(ErrorCode::IllegalQueryParameterValue, text)
}

/// A tag of what a tree says: 32 hexadecimal digits, others as soon as it says anything else.
fn tag(doc: &Doc) -> String {
    let bytes = doc.render(Format::Json, false, "", XmlOrder::Kept);
    let half = |salt: u8| {
        let mut hash = DefaultHasher::new();
        hash.write_u8(salt);
        hash.write(&bytes);
        hash.finish()
    };
    format!("{:016x}{:016x}", half(0), half(1))
}

/// The members with a tag of them among them, in the order of the alphabet.
fn tagged(mut members: Vec<(&'static str, Doc)>) -> Doc {
    let object = |members: &[(&'static str, Doc)]| Doc::Obj(members.iter().map(|(name, doc)| ((*name).into(), doc.clone())).collect());
    let tag = tag(&object(&members));
    members.push(("eTag", tag.into()));
    members.sort_by_key(|(name, _)| *name);
    object(&members)
}
