//! Turns failures into bytes: the one place where an error gets its outward form, one function for each family.

mod duplicates;
pub mod forced;

use crate::codec::escape::escape_xml;
use crate::codec::{Format, Writer};
use orglet_base::{ApiError, Duplicates, KeyOrder};

/// An answer: its HTTP status, its `Content-Type` and its body.
pub type Rendered = (u16, &'static str, Vec<u8>);

/// Platform errors as a whole answer: a JSON array, or `Errors` of `Error`. The status is that of the first.
pub fn render(errors: &[ApiError], format: Format, pretty: bool) -> Rendered {
    let mut w = Writer::new(format, pretty);
    write_errors(&mut w, "Errors", errors);
    (errors.first().map_or(500, ApiError::status), format.content_type(), w.finish())
}

/// Platform errors as a part of an answer (composite, batch): the same list, under a name.
pub fn write_errors(w: &mut Writer, name: &str, errors: &[ApiError]) {
    w.begin_wrapped_list(name, "Error");
    for e in errors {
        w.begin_object("Error");
        write_members(w, &e.into());
        w.end_object();
    }
    w.end_list();
}

/// What an error tells, wherever it is from.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The code.
    pub code: &'a str,
    /// The message.
    pub message: &'a str,
    /// The fields concerned; `None` where the member is left out.
    pub fields: Option<&'a [String]>,
    /// Which member comes first in JSON.
    pub order: KeyOrder,
    /// What a duplicate rule found.
    pub duplicates: Option<&'a Duplicates>,
}

impl<'a> From<&'a ApiError> for Told<'a> {
    fn from(e: &'a ApiError) -> Self {
        Self { code: e.code().as_str(), message: e.message(), fields: e.fields(), order: e.order(), duplicates: e.duplicates() }
    }
}

/// The members of a platform error.
fn write_members(w: &mut Writer, e: &Told<'_>) {
    if let Some(found) = e.duplicates {
        return duplicates::write(w, e, found);
    }
    if w.is_xml() {
        w.text("errorCode", e.code);
        write_fields(w, e.fields);
        w.text("message", e.message);
        return;
    }
    match e.order {
        KeyOrder::MessageFirst => {
            w.text("message", e.message);
            w.text("errorCode", e.code);
        }
        KeyOrder::CodeFirst => {
            w.text("errorCode", e.code);
            w.text("message", e.message);
        }
    }
    write_fields(w, e.fields);
}

fn write_fields(w: &mut Writer, fields: Option<&[String]>) {
    let Some(fields) = fields else { return };
    w.begin_list("fields");
    fields.iter().for_each(|f| w.text("", f));
    w.end_list();
}

/// The errors of one record in the answer to a save of several (collections, tree, a refused create): members
/// `statusCode`, `message`, `fields`, the last always there; sorted in XML, where an empty list leaves nothing.
pub fn write_row_errors(w: &mut Writer, name: &str, errors: &[ApiError]) {
    w.begin_list(name);
    for e in errors {
        w.begin_object("");
        write_row_members(w, &e.into());
        w.end_object();
    }
    w.end_list();
}

fn write_row_members(w: &mut Writer, e: &Told<'_>) {
    let fields = Some(e.fields.unwrap_or_default());
    if w.is_xml() {
        write_fields(w, fields);
        w.text("message", e.message);
        w.text("statusCode", e.code);
    } else {
        w.text("statusCode", e.code);
        w.text("message", e.message);
        write_fields(w, fields);
    }
}

/// 300: an external ID that more than one record has. The body lists their paths (routing-026).
pub fn choices<S: AsRef<str>>(paths: &[S], format: Format, pretty: bool) -> Rendered {
    let mut w = Writer::new(format, pretty);
    w.begin_wrapped_list("Choices", "Url");
    paths.iter().for_each(|p| w.text("", p.as_ref()));
    w.end_list();
    (300, format.content_type(), w.finish())
}

/// The formats of the OAuth endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OAuthFormat {
    /// JSON, the default.
    #[default]
    Json,
    /// XML; the root `OAuth` is hearsay, no recorded body is known.
    Xml,
    /// `application/x-www-form-urlencoded`.
    UrlEncoded,
}

/// An answer of the OAuth endpoints: members of text, in order. Errors are [`oauth_error`].
pub fn oauth(status: u16, members: &[(&str, &str)], format: OAuthFormat) -> Rendered {
    let (writer, content_type) = match format {
        OAuthFormat::Json => (Format::Json, Format::Json.content_type()),
        OAuthFormat::Xml => (Format::Xml, Format::Xml.content_type()),
        OAuthFormat::UrlEncoded => {
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
            return (status, "application/x-www-form-urlencoded;charset=UTF-8", body.into_bytes());
        }
    };
    let mut w = Writer::new(writer, false);
    w.begin_object("OAuth");
    members.iter().for_each(|(name, value)| w.text(name, value));
    w.end_object();
    (status, content_type, w.finish())
}

/// An OAuth failure: `error`, then `error_description`.
pub fn oauth_error(status: u16, error: &str, description: &str, format: OAuthFormat) -> Rendered {
    oauth(status, &[("error", error), ("error_description", description)], format)
}

/// What the platform's OAuth filter answers in place of the API (auth-015): a code, its number and a sentence.
pub fn oauth_fault(code: &str, number: &str, message: &str) -> Rendered {
    let (code, message) = (escaped(code), escaped(message));
    let body = format!("<response><faultcode>{code}(db={},api={code})</faultcode><error>{message}</error></response>", escaped(number));
    (401, "text/html; charset=UTF-8", body.into_bytes())
}

/// A SOAP fault.
#[derive(Clone, Copy, Debug)]
pub struct SoapFault<'a> {
    /// The namespace of `sf:`, such as `urn:fault.partner.soap.sforce.com`.
    pub namespace: &'a str,
    /// The exception code, such as `INVALID_LOGIN`.
    pub code: &'a str,
    /// The sentence without its code.
    pub message: &'a str,
    /// The fault's type, such as `LoginFault`; `None` leaves out `detail`.
    pub kind: Option<&'a str>,
}

/// A SOAP fault as a whole answer, always 500. Clients look for the literal prefixes, so they are fixed.
pub fn soap_fault(fault: &SoapFault<'_>) -> Rendered {
    let mut out = Vec::with_capacity(1024);
    let put = |out: &mut Vec<u8>, text: &str| out.extend_from_slice(text.as_bytes());
    let (code, message) = (escaped(fault.code), escaped(fault.message));
    put(
        &mut out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:sf=\"",
    );
    put(&mut out, &escaped(fault.namespace));
    put(&mut out, "\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><soapenv:Fault><faultcode>sf:");
    put(&mut out, &format!("{code}</faultcode><faultstring>{code}: {message}</faultstring>"));
    if let Some(kind) = fault.kind {
        let kind = escaped(kind);
        put(
            &mut out,
            &format!(
                "<detail><sf:{kind} xsi:type=\"sf:{kind}\"><sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{message}</sf:exceptionMessage>"
            ),
        );
        if let Some((row, column)) = place(&kind, fault.message) {
            put(&mut out, &format!("<sf:row>{row}</sf:row><sf:column>{column}</sf:column>"));
        }
        put(&mut out, &format!("</sf:{kind}></detail>"));
    }
    put(&mut out, "</soapenv:Fault></soapenv:Body></soapenv:Envelope>");
    (500, "text/xml;charset=UTF-8", out)
}

/// Row and column of the faults that have them: those of the query that the message shows, -1 where it shows none (soap-010).
fn place(kind: &str, message: &str) -> Option<(i64, i64)> {
    if !matches!(kind, "InvalidFieldFault" | "InvalidSObjectFault" | "MalformedQueryFault" | "MalformedSearchFault") {
        return None;
    }
    let number = |text: &str| text.bytes().take_while(u8::is_ascii_digit).fold(0i64, |n, d| n.saturating_mul(10) + i64::from(d - b'0'));
    let found = message.split("\nERROR at Row:").nth(1).and_then(|rest| rest.split_once(":Column:"));
    Some(found.map_or((-1, -1), |(row, column)| (number(row), number(column))))
}

/// The errors of one record in the answer to a SOAP call: an element `errors` for each.
pub fn write_soap_row_errors(out: &mut Vec<u8>, errors: &[ApiError]) {
    for e in errors {
        out.extend_from_slice(soap_row_error(&e.into()).as_bytes());
    }
}

/// `fields`, `message`, `statusCode`, in the order of the WSDL.
fn soap_row_error(e: &Told<'_>) -> String {
    let fields: String = e.fields.unwrap_or_default().iter().map(|f| format!("<fields>{}</fields>", escaped(f))).collect();
    format!("<errors>{fields}<message>{}</message><statusCode>{}</statusCode></errors>", escaped(e.message), escaped(e.code))
}

/// A request that is no SOAP call at all: a fault of the client, whose code is the envelope's own (`soapenv:Client`).
pub fn soap_client_fault(message: &str) -> Rendered {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body><soapenv:Fault><faultcode>soapenv:Client</faultcode><faultstring>{}</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>",
        escaped(message)
    );
    (500, "text/xml;charset=UTF-8", body.into_bytes())
}

/// The code of the first error that a text of any family tells; empty where it tells none.
pub(crate) fn code_of(text: &str) -> &str {
    let begins = |word: &str| text.find(word).and_then(|at| text.get(at + word.len()..));
    let member = ["\"errorCode\"", "\"exceptionCode\"", "\"statusCode\"", "\"error\""].iter().find_map(|name| {
        let rest = begins(name)?.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        rest.split('"').next()
    });
    let element = || {
        let names = ["<errorCode>", "<faultcode>", "<exceptionCode>", "<statusCode>", "<error>", "error="];
        let found = names.iter().find_map(|name| begins(name)?.split(['<', '&']).next())?;
        Some(found.strip_prefix("sf:").unwrap_or(found))
    };
    member.or_else(element).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    escape_xml(&mut out, text, false);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use orglet_base::ErrorCode;

    fn body(r: &Rendered) -> &str {
        std::str::from_utf8(&r.2).unwrap()
    }

    /// Bodies and lengths recorded on 2 September 2010 (dfc-org-production.my.site.com/forums, "Error Structures").
    #[test]
    fn recorded_lengths() {
        let e = [ApiError::new(
            ErrorCode::InvalidType,
            "\nselect id,name,type from accountx\n                         ^\nERROR at Row:1:Column:26\nsObject type 'accountx' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
        )];
        let xml = render(&e, Format::Xml, true);
        assert_eq!((xml.0, xml.1), (400, "application/xml; charset=UTF-8"));
        assert_eq!(xml.2.len(), 475, "{}", body(&xml));
        assert!(body(&xml).starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Errors>\n    <Error>\n        <errorCode>INVALID_TYPE</errorCode>\n        <message>\nselect id"));
        assert!(body(&xml).ends_with("names.</message>\n    </Error>\n</Errors>\n"));
        assert_eq!(render(&e, Format::Xml, false).2.len(), 444);
        let json = render(&e, Format::Json, true);
        assert_eq!((json.0, json.1, json.2.len()), (400, "application/json;charset=UTF-8", 360), "{}", body(&json));
    }

    #[test]
    fn key_orders() {
        let errors = [
            ApiError::not_found(),
            ApiError::new(ErrorCode::RequiredFieldMissing, "Required fields are missing: [Name]").with_fields(["Name"]),
            ApiError::new(ErrorCode::EntityIsDeleted, "entity is deleted").with_fields(Vec::<String>::new()),
        ];
        let json = render(&errors, Format::Json, false);
        assert_eq!(json.0, 404);
        assert_eq!(
            body(&json),
            r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"},{"message":"Required fields are missing: [Name]","errorCode":"REQUIRED_FIELD_MISSING","fields":["Name"]},{"message":"entity is deleted","errorCode":"ENTITY_IS_DELETED","fields":[]}]"#
        );
        assert_eq!(
            body(&render(&errors[1..], Format::Xml, false)),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Errors><Error><errorCode>REQUIRED_FIELD_MISSING</errorCode><fields>Name</fields><message>Required fields are missing: [Name]</message></Error><Error><errorCode>ENTITY_IS_DELETED</errorCode><message>entity is deleted</message></Error></Errors>"
        );
        let session = [ApiError::new(ErrorCode::InvalidSessionId, "Session expired or invalid")];
        assert_eq!(
            body(&render(&session, Format::Json, true)),
            "[ {\n  \"message\" : \"Session expired or invalid\",\n  \"errorCode\" : \"INVALID_SESSION_ID\"\n} ]"
        );
    }

    #[test]
    fn row_errors() {
        let e = [ApiError::new(ErrorCode::InvalidField, "No such column 'x' on sobject of type Account")];
        for (format, want) in [
            (
                Format::Json,
                r#"{"success":false,"errors":[{"statusCode":"INVALID_FIELD","message":"No such column 'x' on sobject of type Account","fields":[]}]}"#,
            ),
            (
                Format::Xml,
                r#"<?xml version="1.0" encoding="UTF-8"?><Result><success>false</success><errors><message>No such column &apos;x&apos; on sobject of type Account</message><statusCode>INVALID_FIELD</statusCode></errors></Result>"#,
            ),
        ] {
            let mut w = Writer::new(format, false);
            w.begin_object("Result");
            w.bool("success", false);
            write_row_errors(&mut w, "errors", &e);
            w.end_object();
            assert_eq!(String::from_utf8(w.finish()).unwrap(), want);
        }
    }

    #[test]
    fn codes_are_read_back() {
        for (text, code) in [
            (r#"[ {\n "message" : "x", "errorCode" : "NOT_FOUND" } ]"#, "NOT_FOUND"),
            ("<Errors><Error><errorCode>NOT_FOUND</errorCode>", "NOT_FOUND"),
            (r#"{"error":"invalid_grant","error_description":"x"}"#, "invalid_grant"),
            ("error=invalid_grant&error_description=x", "invalid_grant"),
            ("<faultcode>sf:INVALID_LOGIN</faultcode>", "INVALID_LOGIN"),
            (r#"{"error":{"message":"x"}}"#, ""),
            ("", ""),
        ] {
            assert_eq!(code_of(text), code, "{text}");
        }
    }

    #[test]
    fn the_other_families() {
        let paths = ["/services/data/v60.0/sobjects/X__c/a00000000000001AAA", "/b"];
        assert_eq!(body(&choices(&paths, Format::Json, false)), r#"["/services/data/v60.0/sobjects/X__c/a00000000000001AAA","/b"]"#);
        assert!(body(&choices(&paths, Format::Xml, false)).ends_with("AAA</Url><Url>/b</Url></Choices>"));
        assert_eq!(
            body(&oauth_error(400, "invalid_grant", "authentication failure", OAuthFormat::Json)),
            r#"{"error":"invalid_grant","error_description":"authentication failure"}"#
        );
        assert_eq!(
            body(&oauth_error(400, "invalid_grant", "authentication failure", OAuthFormat::UrlEncoded)),
            "error=invalid_grant&error_description=authentication+failure"
        );
        assert!(
            body(&oauth_error(400, "a", "b", OAuthFormat::Xml))
                .ends_with("<OAuth><error>a</error><error_description>b</error_description></OAuth>")
        );
        let fault = soap_fault(&SoapFault {
            namespace: "urn:fault.partner.soap.sforce.com",
            code: "INVALID_LOGIN",
            message: "Invalid username, password, security token; or user locked out.",
            kind: Some("LoginFault"),
        });
        assert_eq!((fault.0, fault.1), (500, "text/xml;charset=UTF-8"));
        assert!(body(&fault).contains("<faultcode>sf:INVALID_LOGIN</faultcode><faultstring>INVALID_LOGIN: Invalid username, password, security token; or user locked out.</faultstring><detail><sf:LoginFault xsi:type=\"sf:LoginFault\"><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>"));
        assert!(body(&soap_client_fault("a<b")).contains("<faultcode>soapenv:Client</faultcode><faultstring>a&lt;b</faultstring>"));
    }
}
