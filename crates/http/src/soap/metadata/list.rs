//! What there is: the types of metadata, and the definitions of a type.

use super::super::Fault;
use super::super::envelope::Answer;
use super::{Meta, Type};
use crate::codec::Node;
use orglet_base::{ErrorCode, Id};
use orglet_engine::auth::User;
use orglet_engine::metadata::{self, Custom};
use orglet_schema::Storage;
use orglet_schema::custom::part::{self, KINDS};
use std::collections::HashMap;
use std::sync::Arc;

/// Queries of one `listMetadata`.
const MOST: usize = 3;
/// When what the platform brings was made, as it says.
const EPOCH: &str = "1970-01-01T00:00:00.000Z";

/// `describeMetadata(asOfVersion)`: the types that are built.
pub(super) fn describe(_: &Meta<'_>, answer: &mut Answer) -> Result<(), Fault> {
    answer.begin("result");
    let own_files = KINDS.iter().filter(|kind| kind.member.is_none());
    answer.begin("metadataObjects").text("childXmlNames", "CustomField");
    for kind in KINDS.iter().filter(|kind| kind.member.is_some()) {
        answer.text("childXmlNames", kind.name);
    }
    file_facts(answer, "objects", "object", "CustomObject");
    for kind in own_files {
        answer.begin("metadataObjects");
        // A file that holds several is of a type of its own.
        let listed = part::listed(kind).map(|(root, _)| root);
        if listed.is_some() {
            answer.text("childXmlNames", kind.name);
        }
        file_facts(answer, &part::folder(kind), kind.ending, listed.unwrap_or(kind.name));
    }
    answer.text("organizationNamespace", "").bool("partialSaveAllowed", true).bool("testRequired", false).end("result");
    Ok(())
}

fn file_facts(answer: &mut Answer, directory: &str, suffix: &str, name: &str) {
    answer
        .text("directoryName", directory)
        .bool("inFolder", false)
        .bool("metaFile", false)
        .text("suffix", suffix)
        .text("xmlName", name)
        .end("metadataObjects");
}

/// `listMetadata(queries[], asOfVersion)`.
pub(super) fn list(cx: &Meta<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let queries: Vec<&Node<'_>> = cx.soap.request.arguments().get_all("queries").collect();
    if queries.len() > MOST {
        let text = format!("record limit reached. cannot submit more than {MOST} records in this operation");
        return Err(Fault::new(ErrorCode::ExceededIdLimit, text));
    }
    let types: Vec<Type> = queries
        .into_iter()
        .map(|query| Type::of(query.get("type").and_then(Node::as_str).unwrap_or_default().trim()))
        .collect::<Result<_, _>>()?;
    let have = metadata::all(&cx.identity.org).map_err(|e| Fault::of(cx.soap.server, e))?;
    let mut authors = Authors { cx, known: HashMap::new() };
    for ty in types {
        if matches!(ty, Type::Object) {
            standard_objects(cx, answer);
        }
        for custom in have.iter().filter(|custom| custom.type_name() == ty.name()) {
            definition(answer, ty, custom, &authors.of(custom)?);
        }
    }
    Ok(())
}

/// The objects that the platform brings and that can be changed.
fn standard_objects(cx: &Meta<'_>, answer: &mut Answer) {
    let user = &cx.identity.user;
    let catalog = cx.identity.org.catalog();
    for object in catalog.objects() {
        if object.custom || object.storage == Storage::Virtual || !object.flags.layoutable {
            continue;
        }
        answer.begin("result");
        by(answer, "createdBy", &user.id.to_string(), &user.name);
        answer.text("createdDate", EPOCH).text("fileName", &format!("objects/{}.object", object.name)).text("fullName", &object.name);
        answer.text("id", "");
        by(answer, "lastModifiedBy", &user.id.to_string(), &user.name);
        answer.text("lastModifiedDate", EPOCH).text("namespacePrefix", "").text("type", "CustomObject").end("result");
    }
}

fn by(answer: &mut Answer, what: &str, id: &str, name: &str) {
    answer.text(&format!("{what}Id"), id).text(&format!("{what}Name"), name);
}

fn definition(answer: &mut Answer, ty: Type, custom: &Custom, author: &str) {
    let file = match ty {
        Type::Part(kind) if part::listed(kind).is_some() => format!("{}/{}.{}", part::folder(kind), custom.object, kind.ending),
        Type::Part(kind) if kind.member.is_none() => format!("{}/{}.{}", part::folder(kind), custom.full_name(), kind.ending),
        _ => format!("objects/{}.object", custom.object),
    };
    answer.begin("result");
    by(answer, "createdBy", &custom.author, author);
    answer.text("createdDate", &custom.created).text("fileName", &file).text("fullName", &custom.full_name());
    answer.text("id", &custom.id.to_string());
    by(answer, "lastModifiedBy", &custom.author, author);
    answer.text("lastModifiedDate", &custom.modified).text("manageableState", "unmanaged").text("type", ty.name()).end("result");
}

/// The names of those who made definitions, each looked up once.
struct Authors<'a> {
    cx: &'a Meta<'a>,
    known: HashMap<String, Option<Arc<User>>>,
}

impl Authors<'_> {
    fn of(&mut self, custom: &Custom) -> Result<String, Fault> {
        if !self.known.contains_key(&custom.author) {
            let user = match Id::parse(&custom.author) {
                Ok(id) => self.cx.identity.org.user(id).map_err(|e| Fault::of(self.cx.soap.server, e))?,
                Err(_) => None,
            };
            self.known.insert(custom.author.clone(), user);
        }
        Ok(self.known.get(&custom.author).and_then(Option::as_ref).map(|user| user.name.clone()).unwrap_or_default())
    }
}
