//! Errors that nothing brought about: those that a rule answers in the place of the org, in each form that the catalogue
//! knows.

use super::{
    OAuthFormat, SoapFault, Told, choices, escaped, oauth, oauth_error, oauth_fault, soap_fault, soap_row_error, write_members,
    write_row_members,
};
use crate::Reply;
use crate::codec::{Format, Writer};
use http::header;
use orglet_base::catalogue::Form;
use orglet_base::{ApiVersion, Duplicates, Id, MatchRecord, MatchResult};

/// An error to be answered.
#[derive(Clone, Copy, Debug)]
pub struct Forced<'a> {
    /// The HTTP status of the answer.
    pub status: u16,
    /// How the error stands in it.
    pub form: Form,
    /// The catalogue's detail of the form.
    pub detail: &'a str,
    /// What it tells.
    pub told: Told<'a>,
}

/// What of the request the answer depends on.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The format that it wants.
    pub format: Format,
    /// Whether to indent.
    pub pretty: bool,
    /// The format that it wants of an OAuth endpoint.
    pub oauth: OAuthFormat,
    /// Whether the Bulk API is to answer in JSON.
    pub bulk_json: bool,
    /// Where an OAuth refusal sends the browser.
    pub redirect: String,
    /// The object that it is about.
    pub object: String,
    /// The id of the job that it is about.
    pub job: String,
    /// The moment, canonical.
    pub now: String,
    /// What its parts are called: the reference ids of a composite request or a tree. One that is not made of parts has one.
    pub parts: Vec<String>,
}

impl Default for Setting {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            format: Format::Json,
            pretty: false,
            oauth: OAuthFormat::Json,
            bulk_json: false,
            redirect: text("https://app.example/callback"),
            object: text("Account"),
            job: text("750000000000001AAA"),
            now: text("2026-01-31T09:30:00.000Z"),
            parts: vec![text("refA")],
        }
    }
}

const HTML: &str = "text/html;charset=UTF-8";
const XML: &str = "application/xml; charset=UTF-8";
const SOAP_XML: &str = "text/xml;charset=UTF-8";
const SOAP_HEAD: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"";
const SOAP_BODY: &str = "\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>";
const SOAP_TAIL: &str = "</soapenv:Body></soapenv:Envelope>";
const PARTNER: &str = "urn:partner.soap.sforce.com";
const METADATA: &str = "http://soap.sforce.com/2006/04/metadata";
const BULK: &str = "http://www.force.com/2009/06/asyncapi/dataload";
/// Where the vendor explains SAML assertions that don't hold.
const EXPLANATION: &str = "https://help.salesforce.com/apex/HTViewHelpDoc?id=remoteaccess_oauth_flow_errors.htm";

/// The answer to a request for which an error was asked.
pub fn render(e: &Forced<'_>, at: &Setting) -> Reply {
    let told = &e.told;
    match e.form {
        Form::Array if told.code.is_empty() && told.message.is_empty() => Reply::empty(e.status),
        Form::Array => with_headers(e, of(at, at.format, e.status, |w| list(w, |w| write_members(w, told)))),
        Form::Object => of(at, at.format, e.status, |w| object(w, "Error", |w| write_members(w, told))),
        Form::Duplicates => of(at, at.format, e.status, |w| list(w, |w| duplicate(w, told, at))),
        Form::Gateway => of(at, Format::Json, e.status, |w| {
            object(w, "response", |w| {
                object(w, "error", |w| {
                    w.text("message", told.message);
                    w.text("description", told.message);
                });
            });
        }),
        Form::Choices => {
            let rendered = choices(&told.message.lines().collect::<Vec<_>>(), at.format, at.pretty);
            Reply { status: e.status, ..rendered.into() }
        }
        Form::Empty => Reply::empty(e.status),
        Form::Text => Reply::new(e.status, "text/plain;charset=UTF-8", told.message.as_bytes().to_vec()),
        Form::Page => Reply::new(e.status, HTML, told.message.as_bytes().to_vec()),
        Form::OAuth => oauth_error(e.status, told.code, told.message, at.oauth).into(),
        Form::OAuthUri => {
            let members = [("error_uri", EXPLANATION), ("error", told.code), ("error_description", told.message)];
            oauth(e.status, &members, at.oauth).into()
        }
        Form::Redirect => {
            let sign = if at.redirect.contains('?') { '&' } else { '?' };
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("error", told.code).append_pair("error_description", told.message);
            Reply::empty(e.status).with(header::LOCATION, format!("{}{sign}{}", at.redirect, query.finish()))
        }
        Form::FaultCode => {
            let rendered = oauth_fault(told.code, e.detail, told.message);
            Reply { status: e.status, ..rendered.into() }
        }
        Form::Soap => {
            let kind = Some(e.detail).filter(|kind| !kind.is_empty());
            let namespace = "urn:fault.partner.soap.sforce.com";
            let fault = SoapFault { namespace, code: told.code, message: told.message, kind };
            Reply { status: e.status, ..soap_fault(&fault).into() }
        }
        Form::SoapRow => soap_row(e),
        Form::MetadataRow => metadata_row(e, at),
        Form::Composite => of(at, Format::Json, e.status, |w| object(w, "composite", |w| parts(w, e, at))),
        Form::Graph => of(at, Format::Json, e.status, |w| graph(w, e, at)),
        Form::Batch => of(at, at.format, e.status, |w| batch(w, e, at)),
        Form::Collections => of(at, at.format, e.status, |w| {
            w.begin_wrapped_list("Results", "Result");
            for _ in &at.parts {
                object(w, "Result", |w| {
                    w.bool("success", false);
                    row_errors(w, told);
                });
            }
            w.end_list();
        }),
        Form::Tree => of(at, at.format, e.status, |w| tree(w, e, at)),
        Form::Bulk if at.bulk_json => of(at, Format::Json, e.status, |w| {
            object(w, "error", |w| {
                w.text("exceptionCode", told.code);
                w.text("exceptionMessage", told.message);
            });
        }),
        Form::Bulk => {
            let (code, message) = (escaped(told.code), escaped(told.message));
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><error xmlns=\"{BULK}\"><exceptionCode>{code}</exceptionCode><exceptionMessage>{message}</exceptionMessage></error>"
            );
            Reply::new(e.status, XML, body.into_bytes())
        }
        Form::BulkRow => of(at, Format::Json, e.status, |w| {
            w.begin_list("results");
            object(w, "result", |w| {
                w.bool("success", false);
                w.bool("created", false);
                w.null("id");
                row_errors(w, told);
            });
            w.end_list();
        }),
        Form::BatchInfo => batch_info(e, at),
        Form::Job => of(at, Format::Json, e.status, |w| {
            object(w, "job", |w| {
                w.text("id", &at.job);
                w.text("operation", "insert");
                w.text("object", &at.object);
                w.text("createdDate", &at.now);
                w.text("systemModstamp", &at.now);
                w.text("state", "Failed");
                w.text("errorMessage", told.message);
                w.int("numberRecordsProcessed", 0);
                w.int("numberRecordsFailed", 0);
            });
        }),
        Form::Csv => {
            let message = told.message.replace('"', "\"\"");
            let body = format!("\"sf__Id\",\"sf__Error\",\"Name\"\n\"\",\"{message}\",\"x\"\n");
            Reply::new(e.status, "text/csv", body.into_bytes())
        }
    }
}

fn of(at: &Setting, format: Format, status: u16, write: impl FnOnce(&mut Writer)) -> Reply {
    let mut w = Writer::new(format, at.pretty);
    write(&mut w);
    Reply::new(status, format.content_type(), w.finish())
}

fn object(w: &mut Writer, name: &str, write: impl FnOnce(&mut Writer)) {
    w.begin_object(name);
    write(w);
    w.end_object();
}

/// A list of one error.
fn list(w: &mut Writer, write: impl FnOnce(&mut Writer)) {
    w.begin_wrapped_list("Errors", "Error");
    object(w, "Error", write);
    w.end_list();
}

fn row_errors(w: &mut Writer, told: &Told<'_>) {
    w.begin_list("errors");
    object(w, "", |w| write_row_members(w, told));
    w.end_list();
}

/// The headers that go with a status.
fn with_headers(e: &Forced<'_>, reply: Reply) -> Reply {
    match (e.status, e.told.message.rsplit_once("Allowed are ")) {
        (401, _) => reply.with(header::WWW_AUTHENTICATE, "Token"),
        (405, Some((_, allowed))) => reply.with(header::ALLOW, allowed),
        _ => reply,
    }
}

/// What the standard rule of the object would find.
fn duplicate(w: &mut Writer, told: &Told<'_>, at: &Setting) {
    let name = at.object.as_str();
    let records = Id::parse("001000000000001AAA").map(|id| MatchRecord { id, fields: Vec::new() }).into_iter().collect();
    let rule = format!("Standard_{name}_Match_Rule_v1_0");
    let found = Duplicates {
        allow_save: true,
        rule: format!("Standard_{name}_Duplicate_Rule"),
        entity: name.to_owned(),
        version: ApiVersion(62),
        results: vec![MatchResult { entity: name.to_owned(), engine: "FuzzyMatchEngine", rule, records }],
    };
    write_members(w, &Told { duplicates: Some(&found), ..*told });
}

/// The status of a part.
fn part_status(e: &Forced<'_>) -> i64 {
    e.detail.parse().unwrap_or(400)
}

fn parts(w: &mut Writer, e: &Forced<'_>, at: &Setting) {
    w.begin_list("compositeResponse");
    for part in &at.parts {
        object(w, "", |w| {
            w.begin_list("body");
            object(w, "", |w| write_members(w, &e.told));
            w.end_list();
            object(w, "httpHeaders", |_| {});
            w.int("httpStatusCode", part_status(e));
            w.text("referenceId", part);
        });
    }
    w.end_list();
}

fn graph(w: &mut Writer, e: &Forced<'_>, at: &Setting) {
    object(w, "graphs", |w| {
        w.begin_list("graphs");
        object(w, "", |w| {
            w.text("graphId", "1");
            object(w, "graphResponse", |w| parts(w, e, at));
            w.bool("isSuccessful", false);
        });
        w.end_list();
    });
}

fn batch(w: &mut Writer, e: &Forced<'_>, at: &Setting) {
    object(w, "batchResults", |w| {
        w.bool("hasErrors", true);
        w.begin_wrapped_list("results", "batchResult");
        for _ in &at.parts {
            object(w, "batchResult", |w| {
                if w.is_xml() {
                    w.int("statusCode", part_status(e));
                    object(w, "result", |w| {
                        w.begin_wrapped_list("Errors", "Error");
                        object(w, "Error", |w| write_members(w, &e.told));
                        w.end_list();
                    });
                } else {
                    w.begin_list("result");
                    object(w, "", |w| write_members(w, &e.told));
                    w.end_list();
                    w.int("statusCode", part_status(e));
                }
            });
        }
        w.end_list();
    });
}

fn tree(w: &mut Writer, e: &Forced<'_>, at: &Setting) {
    object(w, "SObjectTreeResponse", |w| {
        w.bool("hasErrors", true);
        w.begin_list("results");
        for part in &at.parts {
            object(w, "", |w| {
                if w.is_xml() {
                    row_errors(w, &e.told);
                    w.text("referenceId", part);
                } else {
                    w.text("referenceId", part);
                    row_errors(w, &e.told);
                }
            });
        }
        w.end_list();
    });
}

fn soap_row(e: &Forced<'_>) -> Reply {
    let (errors, element) = (soap_row_error(&e.told), escaped(e.detail));
    let body = format!(
        "{SOAP_HEAD}{PARTNER}{SOAP_BODY}<{element}><result>{errors}<id xsi:nil=\"true\"/><success>false</success></result></{element}>{SOAP_TAIL}"
    );
    Reply::new(e.status, SOAP_XML, body.into_bytes())
}

fn metadata_row(e: &Forced<'_>, at: &Setting) -> Reply {
    let (code, message, element, name) = (escaped(e.told.code), escaped(e.told.message), escaped(e.detail), escaped(&at.object));
    let body = format!(
        "{SOAP_HEAD}{METADATA}{SOAP_BODY}<{element}><result><errors><message>{message}</message><statusCode>{code}</statusCode></errors><fullName>{name}</fullName><success>false</success></result></{element}>{SOAP_TAIL}"
    );
    Reply::new(e.status, SOAP_XML, body.into_bytes())
}

fn batch_info(e: &Forced<'_>, at: &Setting) -> Reply {
    let figures = ["numberRecordsProcessed", "numberRecordsFailed", "totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime"];
    let texts = [
        ("id", "751000000000001AAA"),
        ("jobId", at.job.as_str()),
        ("state", "Failed"),
        ("stateMessage", e.told.message),
        ("createdDate", at.now.as_str()),
        ("systemModstamp", at.now.as_str()),
    ];
    if at.bulk_json {
        return of(at, Format::Json, e.status, |w| {
            object(w, "batchInfo", |w| {
                texts.iter().for_each(|(name, value)| w.text(name, value));
                figures.iter().for_each(|name| w.int(name, 0));
            });
        });
    }
    let members: String = texts.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escaped(value))).collect();
    let zeros: String = figures.iter().map(|name| format!("<{name}>0</{name}>")).collect();
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><batchInfo xmlns=\"{BULK}\">{members}{zeros}</batchInfo>");
    Reply::new(e.status, XML, body.into_bytes())
}
