//! Bodies of requests: records, definitions, envelopes and forms, true ones and damaged ones.

use super::damage;
use super::known::Known;
use crate::random::Random;
use serde_json::{Map, Value, json};

/// A body with the media type that it has, which need not be the one that is told.
pub(super) fn make(random: &mut Random, known: &Known, path: &str) -> (Vec<u8>, &'static str) {
    if random.below(25) == 0 {
        return (damage::noise(random, 300), "application/json");
    }
    let (text, kind) = if path.starts_with("/services/Soap/") {
        (envelope(random, known), "text/xml; charset=UTF-8")
    } else if path.starts_with("/services/oauth2/") {
        (form(random, known), "application/x-www-form-urlencoded")
    } else {
        let value = match () {
            () if path.starts_with("/services/apexrest/") => arguments(random, known),
            () if path.contains("/tooling/") => definition(random),
            () => record(random, known, object_of(path)),
        };
        if random.below(4) == 0 { (xml(&value), "application/xml") } else { (value.to_string(), "application/json") }
    };
    match random.below(10) {
        0..=2 => (damage::bytes(random, text.as_bytes()), kind),
        3 => (damage::text(random, &text).into_bytes(), kind),
        _ => (text.into_bytes(), kind),
    }
}

/// The object that a path is about.
fn object_of(path: &str) -> &str {
    path.split_once("/sobjects/").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default())
}

/// What a record of an object needs.
fn needed(object: &str) -> Value {
    match object {
        "Account" | "Product2" | "Pricebook2" | "Campaign" | "Thing__c" => json!({ "Name": "x" }),
        "Contact" => json!({ "LastName": "y" }),
        "Lead" => json!({ "LastName": "y", "Company": "z" }),
        "Opportunity" => json!({ "Name": "x", "StageName": "Prospecting", "CloseDate": "2024-02-29" }),
        "Case" | "Task" => json!({ "Subject": "s" }),
        "Event" => json!({ "DurationInMinutes": 5, "ActivityDateTime": "2024-02-29T12:00:00Z" }),
        "ContentVersion" => json!({ "Title": "t", "PathOnClient": "t.txt", "VersionData": "c29tZSBieXRlcw==" }),
        _ => json!({ "Name": "x", "LastName": "y" }),
    }
}

/// A record's fields: what it needs, and values of all kinds, most of them wrong for the field.
fn record(random: &mut Random, known: &Known, object: &str) -> Value {
    let mut fields = Map::new();
    if random.below(3) > 0
        && let Value::Object(own) = needed(object)
    {
        fields = own;
    }
    let more = if random.below(2) == 0 { 0 } else { random.below(5) };
    for _ in 0..more {
        let name = match random.below(12) {
            0 => {
                let name = Known::field(random);
                damage::text(random, name)
            }
            1 => format!("{}__r", Known::field(random).trim_end_matches("__c")),
            2 => "attributes".to_owned(),
            _ => Known::field(random).to_owned(),
        };
        let value = value(random, known, 0);
        fields.insert(name, value);
    }
    match random.below(40) {
        0 => Value::Array(vec![Value::Object(fields)]),
        1 => json!({"records": [fields]}),
        2 => nested(random),
        3 => Value::Null,
        4 => json!("text"),
        _ => Value::Object(fields),
    }
}

/// Arguments of the class that the org has.
fn arguments(random: &mut Random, known: &Known) -> Value {
    let mut arguments = Map::new();
    for name in ["n", "lines", "record", "rest"] {
        let value = match (name, random.below(4)) {
            (_, 0) => value(random, known, 0),
            ("n", _) => json!(random.below(9)),
            ("lines", _) => json!([{ "name": "x", "price": 1.5, "day": value(random, known, 2) }]),
            ("record", _) => record(random, known, "Account"),
            _ => json!({ "a": [known.id(random)] }),
        };
        arguments.insert(name.to_owned(), value);
    }
    Value::Object(arguments)
}

fn value(random: &mut Random, known: &Known, depth: u64) -> Value {
    match random.below(18) {
        0 => Value::Null,
        1 => json!(random.below(2) == 0),
        2 => json!(random.below(1_000_000)),
        3 => json!(-1.5e300),
        4 => serde_json::from_str("123456789012345678901234567890.123456789").unwrap_or(Value::Null),
        5 => json!(known.id(random)),
        6 => json!("2024-02-29"),
        7 => json!("2024-02-30T25:61:61.000+9900"),
        8 => json!("2024-02-29T12:00:00.000Z"),
        9 => json!("a@example.com"),
        10 => json!("x".repeat(usize::try_from(random.below(400)).unwrap_or(0))),
        11 => {
            let length = random.below(30);
            json!(random.text(length))
        }
        12 => json!(damage::text(random, "text")),
        13 => json!(""),
        14 if depth < 3 => json!([value(random, known, depth + 1)]),
        15 if depth < 3 => {
            let inner = value(random, known, depth + 1);
            json!({ Known::field(random): inner })
        }
        16 => json!("Prospecting"),
        _ => json!("c29tZSBieXRlcw=="),
    }
}

fn nested(random: &mut Random) -> Value {
    let mut value = json!(1);
    for _ in 0..random.below(200) {
        value = if random.below(2) == 0 { json!([value]) } else { json!({ "a": value }) };
    }
    value
}

/// A definition of a field or an object, or a part of one.
fn definition(random: &mut Random) -> Value {
    let kinds = [
        "Text",
        "Number",
        "Checkbox",
        "Date",
        "DateTime",
        "Time",
        "Email",
        "Phone",
        "Url",
        "Percent",
        "Currency",
        "LongTextArea",
        "Html",
        "TextArea",
        "Picklist",
        "MultiselectPicklist",
        "Lookup",
        "MasterDetail",
        "AutoNumber",
        "Location",
        "EncryptedText",
        "Summary",
        "Nope",
    ];
    let mut metadata = Map::new();
    metadata.insert("type".into(), json!(random.pick(&kinds)));
    metadata.insert("label".into(), json!(random.text(5)));
    for (name, values) in [
        ("length", vec![json!(10), json!(0), json!(-1), json!(99_999_999), json!("ten")]),
        ("precision", vec![json!(18), json!(40)]),
        ("scale", vec![json!(2), json!(19)]),
        ("visibleLines", vec![json!(3), json!(0)]),
        ("defaultValue", vec![json!("false"), json!("'x'"), json!(1)]),
        ("unique", vec![json!(true), json!("true"), json!(1)]),
        ("externalId", vec![json!(true)]),
        ("required", vec![json!(true)]),
        ("referenceTo", vec![json!("Account"), json!("Nope__c"), json!(["Account"])]),
        ("relationshipName", vec![json!("Things"), json!("Contacts"), json!("")]),
        ("relationshipLabel", vec![json!("Things")]),
        ("displayFormat", vec![json!("A-{0000}"), json!("{"), json!("")]),
        ("valueSet", vec![json!({"valueSetDefinition": {"value": [{"fullName": "a", "label": "a"}]}}), json!({}), json!([])]),
    ] {
        if random.below(2) == 0 {
            metadata.insert(name.into(), random.pick(&values).cloned().unwrap_or(Value::Null));
        }
    }
    let field = format!("F{}__c", random.below(40));
    let name = match random.below(8) {
        0 => "Account.Ext__c".to_owned(),
        1 => "Nope__c.X__c".to_owned(),
        2 => damage::text(random, "Thing__c.New__c"),
        3 => format!("Made{}__c", random.below(10)),
        _ => format!("Thing__c.{field}"),
    };
    match random.below(12) {
        0 => json!({"Metadata": metadata}),
        1 => json!({"FullName": name}),
        2 => json!({"FullName": 1, "Metadata": []}),
        3 => nested(random),
        4 => {
            json!({"FullName": name, "Metadata": {"label": "M", "pluralLabel": "Ms", "deploymentStatus": "Deployed", "sharingModel": "ReadWrite",
            "nameField": {"type": "Text", "label": "N"}}})
        }
        _ => json!({"FullName": name, "Metadata": metadata}),
    }
}

/// A tree as XML, as the REST API reads it.
fn xml(value: &Value) -> String {
    fn inner(out: &mut String, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    out.push_str(&format!("<{name}>"));
                    inner(out, value);
                    out.push_str(&format!("</{name}>"));
                }
            }
            Value::Array(items) => items.iter().for_each(|item| inner(out, item)),
            Value::Null => {}
            Value::String(text) => out.push_str(&text.replace('&', "&amp;").replace('<', "&lt;")),
            other => out.push_str(&other.to_string()),
        }
    }
    let mut out = "<?xml version=\"1.0\"?><Record>".to_owned();
    inner(&mut out, value);
    out.push_str("</Record>");
    out
}

fn envelope(random: &mut Random, known: &Known) -> String {
    let (name, password) = match random.below(3) {
        0 => (known.facts.username.clone(), format!("{}{}", known.facts.password, known.facts.security_token)),
        1 => (known.facts.username.clone(), random.text(8)),
        _ => (random.text(10), String::new()),
    };
    let calls =
        ["login", "logout", "getUserInfo", "create", "update", "upsert", "delete", "undelete", "emptyRecycleBin", "query", "queryMore"];
    let more = ["retrieve", "search", "describeSObject", "getUpdated", "setPassword", "merge"];
    let call = if random.below(3) == 0 { random.pick(&more) } else { random.pick(&calls) }.copied().unwrap_or("login");
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let (object, id) = (random.text(8), random.text(18));
    let namespace = random.pick(&["urn:partner.soap.sforce.com", "urn:enterprise.soap.sforce.com"]).copied().unwrap_or_default();
    format!(
        "<env:Envelope xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <env:Header xmlns=\"{namespace}\"><SessionHeader><sessionId>{}</sessionId></SessionHeader></env:Header><env:Body><{call} xmlns=\"{namespace}\">\
         <username>{}</username><password>{}</password><queryString>SELECT Id FROM {object}</queryString><ids>{id}</ids>\
         <sObjectType>Account</sObjectType><fieldList>{object}</fieldList><externalIDFieldName>Id</externalIDFieldName>\
         <sObjects xsi:type=\"Account\"><type>Account</type><Name>{object}</Name></sObjects></{call}></env:Body></env:Envelope>",
        escaped(&known.facts.access_token),
        escaped(&name),
        escaped(&password),
        object = escaped(&object),
        id = escaped(&id),
    )
}

fn form(random: &mut Random, known: &Known) -> String {
    let mut pairs = Vec::new();
    for (name, value) in [
        (
            "grant_type",
            random
                .pick(&["password", "client_credentials", "refresh_token", "authorization_code", "nope", ""])
                .copied()
                .unwrap_or_default(),
        ),
        ("client_id", known.facts.client_id.as_str()),
        ("client_secret", known.facts.client_secret.as_str()),
        ("username", known.facts.username.as_str()),
        ("password", "wrong"),
        ("token", "00D!x"),
        ("format", random.pick(&["json", "xml", "urlencoded", "nope"]).copied().unwrap_or_default()),
    ] {
        if random.below(4) > 0 {
            pairs.push(format!("{name}={}", crate::fixtures::form(value)));
        }
    }
    pairs.join("&")
}
