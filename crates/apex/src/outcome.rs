//! What goes into a program and comes out of it.

use crate::host::{Record, RowError};
use orglet_base::Value;
use std::fmt::Write as _;
use std::sync::Arc;

/// The text of a class or trigger.
#[derive(Clone, Debug)]
pub struct Source {
    /// Whether it is a class or a trigger.
    pub kind: UnitKind,
    /// The name under which it is kept; the text must declare that name.
    pub name: String,
    /// The text.
    pub body: Arc<str>,
}

/// A class or a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named for what they are")]
pub enum UnitKind {
    Class,
    Trigger,
    /// The text of an `executeAnonymous`.
    Anonymous,
}

/// Why a text does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// What was compiled.
    pub kind: UnitKind,
    /// Its name; empty for anonymous blocks.
    pub unit: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// The platform's sentence, such as `Variable does not exist: x`.
    pub problem: String,
}

/// A class of a program.
#[derive(Clone, Debug, Default)]
pub struct ClassInfo {
    /// Its name as declared.
    pub name: String,
    /// `global`.
    pub global: bool,
    /// `public` or `global`.
    pub public: bool,
    /// `@IsTest`.
    pub is_test: bool,
    /// Whether it is an interface, an enum, or abstract, of which there are no instances.
    pub instantiable: bool,
    /// The pattern of `@RestResource(urlMapping='…')`, such as `/cases/*`.
    pub url_mapping: Option<String>,
    /// The HTTP methods that it answers, upper case, with the names of the methods that do.
    pub http_methods: Vec<(String, String)>,
    /// Its `@InvocableMethod`.
    pub invocable: Option<InvocableInfo>,
    /// Names of the interfaces that it implements, as written, its parents' among them.
    pub interfaces: Vec<String>,
    /// The name of the class that it extends.
    pub extends: Option<String>,
    /// Characters of its text without comments.
    pub length_without_comments: usize,
}

/// An `@InvocableMethod`.
#[derive(Clone, Debug, Default)]
pub struct InvocableInfo {
    /// The method's name.
    pub method: String,
    /// `label`.
    pub label: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `category`.
    pub category: Option<String>,
    /// What one request takes: the `@InvocableVariable`s of the class in the list, or one value without a name.
    pub inputs: Vec<InvocableVariable>,
    /// What one result has, as the inputs.
    pub outputs: Vec<InvocableVariable>,
}

/// An `@InvocableVariable`.
#[derive(Clone, Debug, Default)]
pub struct InvocableVariable {
    /// The member's name; empty where the list is of plain values.
    pub name: String,
    /// `label`.
    pub label: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `required=true`.
    pub required: bool,
    /// The type as Apex writes it, such as `List<Id>`.
    pub type_name: String,
}

/// A trigger of a program.
#[derive(Clone, Debug, Default)]
pub struct TriggerInfo {
    /// Its name as declared.
    pub name: String,
    /// The object's API name.
    pub object: String,
    /// When it runs.
    pub events: Vec<TriggerEvent>,
    /// Characters of its text without comments.
    pub length_without_comments: usize,
}

/// When a trigger runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named for what they are")]
pub enum TriggerEvent {
    BeforeInsert,
    BeforeUpdate,
    BeforeDelete,
    AfterInsert,
    AfterUpdate,
    AfterDelete,
    AfterUndelete,
}

impl TriggerEvent {
    /// As messages say it: `BeforeInsert`.
    pub fn as_str(self) -> &'static str {
        match self {
            TriggerEvent::BeforeInsert => "BeforeInsert",
            TriggerEvent::BeforeUpdate => "BeforeUpdate",
            TriggerEvent::BeforeDelete => "BeforeDelete",
            TriggerEvent::AfterInsert => "AfterInsert",
            TriggerEvent::AfterUpdate => "AfterUpdate",
            TriggerEvent::AfterDelete => "AfterDelete",
            TriggerEvent::AfterUndelete => "AfterUndelete",
        }
    }

    /// Whether it runs ahead of the write.
    pub fn is_before(self) -> bool {
        matches!(self, TriggerEvent::BeforeInsert | TriggerEvent::BeforeUpdate | TriggerEvent::BeforeDelete)
    }
}

/// What a trigger is run on.
#[derive(Clone, Debug)]
pub struct TriggerContext {
    /// When it runs.
    pub event: TriggerEvent,
    /// `Trigger.new`: with all fields of the records. Empty for deletes.
    pub new: Vec<Record>,
    /// `Trigger.old`, in the same order. Empty for inserts and undeletes.
    pub old: Vec<Record>,
}

/// What a trigger did to the records it was run on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TriggerOutcome {
    /// A row for each record of `Trigger.new`, or of `Trigger.old` for deletes.
    pub rows: Vec<TriggerRow>,
}

/// What a trigger did to one record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TriggerRow {
    /// The fields that it set, with their new values (before insert and before update alone).
    pub changed: Vec<(Arc<str>, Value)>,
    /// What it said by `addError`; the record is not saved then. The status is
    /// `FIELD_CUSTOM_VALIDATION_EXCEPTION`, the fields those that the error was put on.
    pub errors: Vec<RowError>,
}

/// An exception that nothing caught.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApexException {
    /// Its type, with the namespace of the platform's own: `System.NullPointerException`, `MyException`.
    pub type_name: String,
    /// Its message.
    pub message: String,
    /// The line where it arose, from 1.
    pub line: u32,
    /// The column; the platform says 1.
    pub column: u32,
    /// The stack: `Class.Foo.bar: line 12, column 1`, a line for each call, innermost first.
    pub stack: String,
    /// What it was made from.
    pub cause: Option<Box<ApexException>>,
    /// The rows of a `DmlException`.
    pub rows: Vec<RowError>,
    /// Set for a fault of the org that ends the request ([`crate::HostError::fatal`]).
    pub fatal: bool,
}

impl ApexException {
    /// `System.NullPointerException: Attempt to de-reference a null object`.
    pub fn headline(&self) -> String {
        format!("{}: {}", self.type_name, self.message)
    }

    /// The headline, an empty line, the stack; then the same of its causes. The message of an unhandled exception.
    pub fn render(&self) -> String {
        let mut out = self.headline();
        if let Some(cause) = &self.cause {
            let _ = write!(out, "\nCaused by: {}", cause.headline());
        }
        let _ = write!(out, "\n\n{}", self.stack);
        out
    }

    /// The message of a record whose trigger ended with this exception.
    pub fn trigger_message(&self, trigger: &str, event: TriggerEvent) -> String {
        format!("{trigger}: execution of {}\n\ncaused by: {}", event.as_str(), self.render())
    }
}

/// Plain data: an argument or a result that a protocol writes in its format.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Data {
    /// Null.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, as JSON writes it.
    Number(String),
    /// A text; ids, dates, times and base64 among them, as JSON writes them.
    Text(String),
    /// A list or set.
    List(Vec<Data>),
    /// A map, an instance of a class or a record: the type's name (`Map` for maps, the object's API name for records, whose
    /// `attributes` are not among the members) and members in order.
    Members(String, Vec<(String, Data)>),
}

/// A call of an Apex REST method.
#[derive(Clone, Debug, Default)]
pub struct RestRequest {
    /// Upper case.
    pub method: String,
    /// `RestRequest.requestURI`: the path behind `/services/apexrest`, with its first slash.
    pub uri: String,
    /// `RestRequest.resourcePath`: `/services/apexrest/` and the class's mapping.
    pub resource_path: String,
    /// Parameters of the address, decoded.
    pub params: Vec<(String, String)>,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// Where the arguments of the method are.
    pub arguments: RestArguments,
    /// `RestRequest.remoteAddress`.
    pub remote_address: String,
}

/// The arguments of a REST method.
#[derive(Clone, Debug, Default)]
pub enum RestArguments {
    /// None: the body is empty or of another type, or the method has no body.
    #[default]
    None,
    /// The body is JSON: an object with a member for each parameter.
    Json,
    /// Read from another format: a member for each parameter. Texts stand for values of any plain type.
    Data(Data),
}

/// What a REST method answered.
#[derive(Clone, Debug, Default)]
pub struct RestOutcome {
    /// `RestContext.response.statusCode`, where it was set.
    pub status: Option<u16>,
    /// Headers that were added.
    pub headers: Vec<(String, String)>,
    /// `RestContext.response.responseBody`, where it was set.
    pub body: Option<Vec<u8>>,
    /// What the method returned; `None` for `void`.
    pub returned: Option<Data>,
    /// The same as JSON.
    pub json: Option<String>,
}

/// Why a REST call came to nothing.
#[derive(Clone, Debug)]
pub enum RestFailure {
    /// The class has no method for that HTTP method.
    NoMethod,
    /// The arguments can't be read: the message of a `JSON_PARSER_ERROR`, such as `Unknown field: Type.x at [line:1, column:2]`.
    Arguments(String),
    /// An exception that nothing caught.
    Exception(Box<ApexException>),
}

/// What came of an anonymous block.
#[derive(Clone, Debug, Default)]
pub struct AnonymousOutcome {
    /// Why it does not compile.
    pub problem: Option<CompileError>,
    /// What nothing caught.
    pub exception: Option<ApexException>,
}
