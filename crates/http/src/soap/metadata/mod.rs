//! The Metadata API: definitions of an org, made, read, changed and taken away a few at a time, and lists of them;
//! deployments and retrievals of files.

mod crud;
mod deploy;
mod list;
mod print;

use super::envelope::Answer;
use super::session::Caller;
use super::{Fault, Soap};
use crate::Reply;
use crate::codec::{Node, NodeValue, xml};
use orglet_base::ErrorCode;
use orglet_engine::Identity;
use orglet_schema::custom::part::{self, Kind};
use orglet_schema::custom::{MetaNode, MetaSource, types};

/// A call that is let in.
struct Meta<'a> {
    soap: &'a Soap<'a>,
    identity: Identity,
}

type Run = fn(&Meta<'_>, &mut Answer) -> Result<(), Fault>;

/// Operations that the API has and this server has not.
const NOT_BUILT: &[&str] = &["describeValueType", "renameMetadata"];

fn find(name: &str) -> Option<Run> {
    Some(match name {
        "createMetadata" => crud::create,
        "updateMetadata" => crud::update,
        "upsertMetadata" => crud::upsert,
        "deleteMetadata" => crud::delete,
        "readMetadata" => crud::read_all,
        "describeMetadata" => list::describe,
        "listMetadata" => list::list,
        "deploy" => deploy::deploy,
        "checkDeployStatus" => deploy::status,
        "cancelDeploy" => deploy::cancel,
        "deployRecentValidation" => deploy::recent_validation,
        "retrieve" => deploy::retrieve,
        "checkRetrieveStatus" => deploy::retrieve_status,
        "checkStatus" => deploy::async_status,
        _ => return None,
    })
}

/// Answers a call.
pub(super) fn answer(soap: &Soap<'_>) -> Result<Reply, Fault> {
    let name = soap.request.operation.as_str();
    let Some(run) = find(name) else {
        return Err(if NOT_BUILT.contains(&name) { super::not_built(soap) } else { super::unknown(soap) });
    };
    let Caller { identity, mut answer, _place } = Caller::admitted(soap, false)?;
    let response = format!("{name}Response");
    answer.begin(&response);
    run(&Meta { soap, identity }, &mut answer)?;
    answer.end(&response);
    Ok(answer.finish())
}

/// A metadata type that is built.
#[derive(Clone, Copy)]
enum Type {
    Object,
    Field,
    Part(&'static Kind),
}

impl Type {
    /// The type of a name. One that the platform may have and this server has not is refused as such: an org without such
    /// definitions would have to be one that can have them.
    fn of(name: &str) -> Result<Self, Fault> {
        match name {
            "CustomObject" => Ok(Self::Object),
            "CustomField" => Ok(Self::Field),
            other => match part::kind(other) {
                Some(kind) => Ok(Self::Part(kind)),
                None if types::is_known(other) => {
                    Err(Fault::new(ErrorCode::FunctionalityNotEnabled, format!("{other} metadata is not supported by this org.")))
                }
                None => Err(Fault::new(ErrorCode::InvalidType, format!("Unknown type:{other}"))),
            },
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Object => "CustomObject",
            Self::Field => "CustomField",
            Self::Part(kind) => kind.name,
        }
    }

    /// In messages.
    fn what(self) -> &'static str {
        match self {
            Self::Object => "custom object",
            Self::Field => "custom field",
            Self::Part(kind) => kind.what,
        }
    }
}

/// A call's element as metadata. The element's own type is no member of it.
fn meta(name: &str, node: &Node<'_>) -> MetaNode {
    let mut made = MetaNode { name: name.to_owned(), source: MetaSource::Call, line: Some(node.line), text: None, children: Vec::new() };
    match &node.value {
        NodeValue::Null => {}
        NodeValue::Object(members) => {
            let own = members.iter().filter(|(name, _)| name != xml::TYPE);
            made.children = own.map(|(name, node)| meta(name, node)).collect();
        }
        _ => made.text = node.as_str().map(str::to_owned),
    }
    made
}
