//! Transaction security policies: calls of the API that an org's own conditions, in Apex, forbid.
//!
//! What a call did is an event, a record of `ApiEvent`, that the conditions of the active policies look at when it is done and
//! before it is answered. That object is known to Apex alone: the platform keeps its records for orgs that pay for them, and none are
//! kept here.

use crate::events::EventUuid;
use crate::query::Answer;
use crate::{Failure, Identity, apex};
use orglet_apex::{ApexException, FieldInfo, FieldKind, ObjectInfo, Record};
use orglet_base::{ApiError, ApiVersion, ErrorCode, Value};
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The object of the event.
const OBJECT: &str = "ApiEvent";
/// Steps that the conditions of an event may take together. The platform lets them run for three seconds ("Enhanced Transaction
/// Security Metering"), where it gives other transactions ten, which are 200 million steps.
const MOST_STEPS: u64 = 60_000_000;
const MOST_TIME: Duration = Duration::from_secs(3);
/// Longest `QueriedEntities` and `Query`, in characters ("ApiEvent" of the Salesforce Field Reference Guide).
const MAX_ENTITIES: usize = 1000;
const MAX_QUERY: usize = 10_000;

/// What the call was. The names are the event's `Operation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the calls are")]
pub enum Operation {
    Query,
    QueryAll,
    QueryMore,
}

impl Operation {
    fn word(self) -> &'static str {
        match self {
            Operation::Query => "Query",
            Operation::QueryAll => "QueryAll",
            Operation::QueryMore => "QueryMore",
        }
    }
}

/// A call that read records.
#[derive(Clone, Copy, Debug)]
pub struct ApiCall<'a> {
    /// What it was.
    pub operation: Operation,
    /// `REST`, `SOAP Partner` or `SOAP Enterprise`.
    pub api: &'static str,
    /// The API version asked.
    pub version: ApiVersion,
    /// The query. Where a locator stands for it, the answer tells it.
    pub soql: Option<&'a str>,
    /// The client by the name that it gives itself.
    pub client: Option<&'a str>,
    /// The header User-Agent.
    pub agent: Option<&'a str>,
    /// The address that it came from, where it is known.
    pub address: Option<&'a str>,
    /// When the query began.
    pub began: Instant,
}

/// Refuses a call whose result an active policy of the org forbids to be answered.
///
/// # Errors
/// TXN_SECURITY_NO_ACCESS (auth-016); TXN_SECURITY_METERING_ERROR where the conditions take too long (auth-017);
/// TXN_SECURITY_APEX_ERROR where one throws.
pub fn weigh(identity: &Identity, call: &ApiCall<'_>, answer: &Answer) -> Result<(), Failure> {
    let catalog = identity.org.catalog();
    let Some(policies) = catalog.apex().map(|set| &set.policies).filter(|policies| !policies.is_empty()) else { return Ok(()) };
    let classes: Vec<&str> = policies.iter().map(|def| def.apex_class.as_str()).collect();
    let event = record(identity, call, answer)?;
    let refusal = match apex::conditions(identity, &classes, &event, (MOST_STEPS, MOST_TIME))? {
        Ok(None) => return Ok(()),
        Ok(Some(at)) => {
            let own = policies.get(at).and_then(|def| def.block_message.clone());
            let text = own.unwrap_or_else(|| {
                "The operation you requested isn't allowed due to a security policy in your organization. Contact your administrator for \
                 more information about security policies."
                    .to_owned()
            });
            ApiError::new(ErrorCode::TxnSecurityNoAccess, text)
        }
        Err(e) if is_of_time(&e) => ApiError::new(
            ErrorCode::TxnSecurityMeteringError,
            "We can't complete the action because enabled transaction security policies took too long to complete.",
        ),
        Err(e) => {
            tracing::warn!(org = %identity.org.id, exception = %e.headline(), "the condition of a transaction security policy failed");
            // "ExceptionCode" of the SOAP API Developer Guide.
            let text = "We can't complete the action due to an Apex exception in your org's Transaction Security policy.";
            ApiError::new(ErrorCode::TxnSecurityApexError, text)
        }
    };
    Err(refusal.into())
}

fn is_of_time(e: &ApexException) -> bool {
    e.type_name == "System.LimitException" && e.message.starts_with("Apex CPU time limit exceeded")
}

/// The event of a call. What is not known of it stays empty.
fn record(identity: &Identity, call: &ApiCall<'_>, answer: &Answer) -> Result<Record, Failure> {
    let user = &identity.user;
    let text = |value: Option<&str>, most: usize| value.map_or(Value::Null, |t| Value::Text(t.chars().take(most).collect()));
    let number = |n: u64| Value::Decimal(Decimal::from(n));
    let tables = answer.plan.tables.iter().map(|object| object.name.as_str());
    let entities: BTreeSet<&str> = tables.chain(answer.plan.virtuals.iter().map(|need| need.object.name.as_str())).collect();
    let entities = entities.into_iter().collect::<Vec<_>>().join(", ");
    let elapsed = i64::try_from(call.began.elapsed().as_millis()).unwrap_or(i64::MAX);
    let fields = [
        ("ApiType", text(Some(call.api), 80)),
        ("ApiVersion", number(u64::from(call.version.0))),
        ("Client", text(call.client, 512)),
        ("ElapsedTime", Value::Int(elapsed)),
        ("EventDate", Value::DateTime(identity.org.now())),
        ("EventIdentifier", Value::Text(EventUuid::new()?.to_string())),
        ("Operation", text(Some(call.operation.word()), 255)),
        ("QueriedEntities", text(Some(&entities), MAX_ENTITIES)),
        ("Query", text(call.soql.or(answer.soql.as_deref()), MAX_QUERY)),
        ("RowsProcessed", number(answer.total)),
        ("RowsReturned", number(answer.set.rows.len() as u64)),
        ("SessionLevel", text(Some("STANDARD"), 255)),
        ("SourceIp", text(call.address, 255)),
        ("UserAgent", text(call.agent, 1000)),
        ("UserId", Value::Id(user.id)),
        ("Username", text(Some(&user.username), 255)),
    ];
    let fields = fields.into_iter().map(|(name, value)| (Arc::from(name), value)).collect();
    Ok(Record { object: Arc::from(OBJECT), fields, ..Record::default() })
}

/// The fields of the event: API name, label, type and length, as the Field Reference Guide lists them.
const FIELDS: [(&str, &str, &str, u32); 34] = [
    ("ActionName", "Action Name", "STRING", 255),
    ("AdditionalInfo", "Additional Information", "STRING", 10_000),
    ("ApiType", "API Type", "STRING", 80),
    ("ApiVersion", "API Version", "DOUBLE", 0),
    ("Application", "Application", "STRING", 255),
    ("BotSessionIdentifier", "Bot Session Identifier", "STRING", 255),
    ("Client", "Client", "STRING", 512),
    ("ConnectedAppId", "Connected App ID", "REFERENCE", 18),
    ("CreatedDate", "Created Date", "DATETIME", 0),
    ("ElapsedTime", "Elapsed Time", "INTEGER", 0),
    ("EvaluationTime", "Evaluation Time", "DOUBLE", 0),
    ("EventDate", "Event Date", "DATETIME", 0),
    ("EventIdentifier", "Event Identifier", "STRING", 80),
    ("Id", "API Event ID", "ID", 18),
    ("LoginHistoryId", "Login History ID", "REFERENCE", 18),
    ("LoginKey", "Login Key", "STRING", 24),
    ("Operation", "Operation", "PICKLIST", 255),
    ("OperationStatus", "Operation Status", "STRING", 255),
    ("Platform", "Platform", "STRING", 255),
    ("PolicyId", "Transaction Security Policy ID", "REFERENCE", 18),
    ("PolicyOutcome", "Policy Outcome", "PICKLIST", 255),
    ("QueriedEntities", "Queried Entities", "STRING", 1000),
    ("Query", "Query", "STRING", 10_000),
    ("Records", "Records", "STRING", 250_000),
    ("RelatedEventIdentifier", "Related Event Identifier", "STRING", 80),
    ("RequestIdentifier", "Request Identifier", "STRING", 80),
    ("RowsProcessed", "Rows Processed", "DOUBLE", 0),
    ("RowsReturned", "Rows Returned", "DOUBLE", 0),
    ("SessionKey", "Session Key", "STRING", 24),
    ("SessionLevel", "Session Level", "PICKLIST", 255),
    ("SourceIp", "Source IP", "STRING", 255),
    ("UserAgent", "User Agent", "STRING", 1000),
    ("UserId", "User ID", "REFERENCE", 18),
    ("Username", "Username", "STRING", 255),
];

/// The object of the event as Apex sees it, by its name: nothing of it can be queried or saved.
pub(crate) fn event(name: &str) -> Option<Arc<ObjectInfo>> {
    if !name.eq_ignore_ascii_case(OBJECT) {
        return None;
    }
    let field = |(name, label, ty, length): (&str, &str, &str, u32)| FieldInfo {
        name: name.to_owned(),
        label: label.to_owned(),
        kind: match ty {
            "ID" | "REFERENCE" => FieldKind::Id,
            "INTEGER" => FieldKind::Integer,
            "DOUBLE" => FieldKind::Decimal,
            "DATETIME" => FieldKind::Datetime,
            _ => FieldKind::String,
        },
        display_type: ty.to_owned(),
        length,
        precision: if ty == "DOUBLE" { 18 } else { 0 },
        nillable: true,
        ..FieldInfo::default()
    };
    Some(ObjectInfo::new(ObjectInfo {
        name: OBJECT.to_owned(),
        label: "API Event".to_owned(),
        label_plural: "API Events".to_owned(),
        fields: FIELDS.into_iter().map(field).collect(),
        ..ObjectInfo::default()
    }))
}
