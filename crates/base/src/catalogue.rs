//! The error catalogue, as data: every failure of the REST API and the APIs around it that is known, with what clients see
//! of it. The rows are in `data/catalogue.tsv`; `docs/errors.md` is made from them.
//!
//! A message is a template: `{name}` and `{name=example}` stand for what differs from one time to the other. `{context}`
//! stands for the piece of a query with the caret below it. A text that nobody recorded is `{text=…}` as a whole: what
//! follows the sign is ours.

use crate::KeyOrder;
use std::collections::HashMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../data/catalogue.tsv");

/// How an error stands in its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// A list of errors, the platform's own form.
    Array,
    /// One error without a list.
    Object,
    /// As [`Form::Array`], with what a duplicate rule found.
    Duplicates,
    /// An object of a gateway before the API.
    Gateway,
    /// The paths of several records.
    Choices,
    /// No body.
    Empty,
    /// Plain text.
    Text,
    /// A page of a web server.
    Page,
    /// `error` and `error_description`.
    OAuth,
    /// The same with the address of an explanation before them.
    OAuthUri,
    /// The browser is sent back to the app, with `error` and `error_description`.
    Redirect,
    /// The XML of an OAuth fault on the API.
    FaultCode,
    /// A SOAP fault.
    Soap,
    /// The result of a record in a SOAP answer.
    SoapRow,
    /// The result of a component in an answer of the Metadata API.
    MetadataRow,
    /// Parts of a composite answer.
    Composite,
    /// A graph of a composite answer.
    Graph,
    /// Parts of a batch.
    Batch,
    /// Results of sObject Collections.
    Collections,
    /// Results of an sObject tree.
    Tree,
    /// Bulk 1.0: `exceptionCode` and `exceptionMessage`.
    Bulk,
    /// Bulk 1.0: a row of results.
    BulkRow,
    /// Bulk 1.0: the state of a batch.
    BatchInfo,
    /// Bulk 2.0: the state of a job.
    Job,
    /// Bulk 2.0: failed rows.
    Csv,
}

impl Form {
    /// Every form with its name in the table.
    pub const ALL: &[(&str, Form)] = &[
        ("array", Form::Array),
        ("object", Form::Object),
        ("duplicates", Form::Duplicates),
        ("gateway", Form::Gateway),
        ("choices", Form::Choices),
        ("none", Form::Empty),
        ("text", Form::Text),
        ("page", Form::Page),
        ("oauth", Form::OAuth),
        ("oauth-uri", Form::OAuthUri),
        ("redirect", Form::Redirect),
        ("fault-code", Form::FaultCode),
        ("soap", Form::Soap),
        ("soap-row", Form::SoapRow),
        ("metadata-row", Form::MetadataRow),
        ("composite", Form::Composite),
        ("graph", Form::Graph),
        ("batch", Form::Batch),
        ("collections", Form::Collections),
        ("tree", Form::Tree),
        ("bulk", Form::Bulk),
        ("bulk-row", Form::BulkRow),
        ("batch-info", Form::BatchInfo),
        ("job", Form::Job),
        ("csv", Form::Csv),
    ];

    /// A form by its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, form)| *form)
    }

    /// The form's name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, form)| *form == self).map_or("", |(name, _)| name)
    }
}

/// A row of the catalogue.
#[derive(Debug)]
pub struct Row {
    /// Its id, such as `crud-018`.
    pub id: &'static str,
    /// The part of the platform that it is of.
    pub area: &'static str,
    /// The HTTP status of the answer.
    pub status: u16,
    /// How it stands in the answer.
    pub form: Form,
    /// What the form needs besides: the status of a part, the type of a fault, the element of a result.
    pub detail: &'static str,
    /// Which member of an error comes first.
    pub order: KeyOrder,
    /// The code; empty where it has none.
    pub code: &'static str,
    /// The template of the message.
    pub message: String,
    /// The template from v61.0 on, where it is another.
    pub message_61: Option<String>,
    /// Templates of the fields concerned; `None` where the member is left out.
    pub fields: Option<Vec<&'static str>>,
    /// How well the row is known: `real-recorded`, `quoted-by-user`, `documented` or `inferred`.
    pub confidence: &'static str,
    /// Where it is known from.
    pub source: &'static str,
    /// When a client meets it.
    pub condition: &'static str,
}

impl Row {
    /// The names of the placeholders of its messages and fields, each once.
    pub fn placeholders(&'static self) -> Vec<&'static str> {
        let messages = [Some(self.message.as_str()), self.message_61.as_deref()].into_iter().flatten();
        let mut names: Vec<&str> = messages.chain(self.fields.iter().flatten().copied()).flat_map(placeholders).collect();
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(*name));
        names
    }
}

/// The catalogue, in the order of areas.
pub fn rows() -> &'static [Row] {
    &CATALOGUE.0
}

/// A row by its id.
pub fn row(id: &str) -> Option<&'static Row> {
    CATALOGUE.1.get(id).and_then(|at| CATALOGUE.0.get(*at))
}

static CATALOGUE: LazyLock<(Vec<Row>, HashMap<&'static str, usize>)> = LazyLock::new(|| {
    let rows: Vec<Row> = TABLE.lines().skip(1).filter_map(read).collect();
    let by_id = rows.iter().enumerate().map(|(at, row)| (row.id, at)).collect();
    (rows, by_id)
});

fn read(line: &'static str) -> Option<Row> {
    let cells: Vec<&'static str> = line.split('\t').map(|cell| if cell == "-" { "" } else { cell }).collect();
    let &[id, area, status, form, detail, order, code, message, message_61, fields, confidence, source, condition] = cells.as_slice()
    else {
        return None;
    };
    let fields = fields.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
    Some(Row {
        id,
        area,
        status: status.parse().ok()?,
        form: Form::named(form)?,
        detail,
        order: if order == "code" { KeyOrder::CodeFirst } else { KeyOrder::MessageFirst },
        code,
        message: unescaped(message),
        message_61: Some(message_61).filter(|text| !text.is_empty()).map(unescaped),
        fields: fields.map(|list| list.split(',').filter(|name| !name.is_empty()).collect()),
        confidence,
        source,
        condition,
    })
}

/// A cell's text: `\n` and `\"` stand for a line end and a quote.
fn unescaped(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\\"", "\"")
}

/// Examples for placeholders that carry none.
const EXAMPLES: &[(&str, &str)] = &[
    ("field", "Bacon__c"),
    ("Object", "Account"),
    ("value", "x"),
    ("id", "001000000000001AAA"),
    ("id15", "001000000000001"),
    ("segment", "nothing"),
    ("relationship", "Nothings__r"),
    ("ref", "refA"),
    ("path", "/services"),
    ("row", "1"),
    ("l", "1"),
    ("c", "1"),
    ("col0", "10"),
];

/// A placeholder at the start of a text: its name, its own example, its length.
fn placeholder(text: &str) -> Option<(&str, Option<&str>, usize)> {
    let inner = text.strip_prefix('{')?.split_once('}')?.0;
    let (name, example) = inner.split_once('=').map_or((inner, None), |(name, example)| (name, Some(example)));
    let word = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    word.then_some((name, example, inner.len() + 2))
}

/// Calls `literal` for the texts of a template and `place` for its placeholders (name and own example), in order.
fn walk<'t>(template: &'t str, mut each: impl FnMut(Result<(&'t str, Option<&'t str>), &'t str>)) {
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        match placeholder(&rest[at..]) {
            Some((name, example, length)) => {
                each(Err(&rest[..at]));
                each(Ok((name, example)));
                rest = &rest[at + length..];
            }
            None => {
                each(Err(&rest[..=at]));
                rest = &rest[at + 1..];
            }
        }
    }
    each(Err(rest));
}

/// A template with values in the place of its placeholders. Where `value` has none, the template's own example stands, or
/// a common one.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    walk(template, |piece| match piece {
        Err(literal) => out.push_str(literal),
        Ok((name, example)) => match value(name) {
            Some(value) => out.push_str(&value),
            None => {
                let common = || EXAMPLES.iter().find(|(known, _)| *known == name).map(|(_, example)| *example);
                out.push_str(example.or_else(common).unwrap_or_default());
            }
        },
    });
    out
}

/// The names of a template's placeholders, each once, in order.
pub fn placeholders(template: &str) -> Vec<&str> {
    let mut names = Vec::new();
    walk(template, |piece| {
        if let Ok((name, _)) = piece
            && !names.contains(&name)
        {
            names.push(name);
        }
    });
    names
}

/// A template as people read it: placeholders without their examples. A text that is not recorded stays as an example.
pub fn shown(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    walk(template, |piece| match piece {
        Err(literal) => out.push_str(literal),
        Ok((name, _)) => {
            out.push('{');
            out.push_str(name);
            out.push('}');
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        assert_eq!(rows().len(), TABLE.lines().count() - 1);
        assert_eq!(rows().len(), 333);
        let mut ids: Vec<&str> = rows().iter().map(|row| row.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), rows().len());
        for row in rows() {
            assert!(row.id.starts_with(row.area) && row.id.len() == row.area.len() + 4, "{}", row.id);
            assert!((200..600).contains(&row.status), "{}", row.id);
            assert!(!row.condition.is_empty() && !row.source.is_empty(), "{}", row.id);
            assert!(["real-recorded", "quoted-by-user", "documented", "inferred"].contains(&row.confidence), "{}", row.id);
            for template in [Some(&row.message), row.message_61.as_ref()].into_iter().flatten() {
                for name in placeholders(template) {
                    let filled = fill(&format!("{{{name}}}"), |_| None);
                    let own = template.contains(&format!("{{{name}="));
                    assert!(own || name == "context" || !filled.is_empty(), "{}: {name} has no example", row.id);
                }
            }
        }
    }

    #[test]
    fn templates_are_filled() {
        let template = "no {field} of '{Object=Case}' at {l}: {this.is()} {";
        assert_eq!(fill(template, |_| None), "no Bacon__c of 'Case' at 1: {this.is()} {");
        assert_eq!(fill(template, |name| (name == "Object").then(|| "Lead".to_owned())), "no Bacon__c of 'Lead' at 1: {this.is()} {");
        assert_eq!(placeholders(template), ["field", "Object", "l"]);
        assert_eq!(shown(template), "no {field} of '{Object}' at {l}: {this.is()} {");
    }

    #[test]
    fn codes_of_the_platform_are_in_the_table_of_codes() {
        let known: std::collections::HashSet<&str> = crate::ErrorCode::all().map(crate::ErrorCode::as_str).collect();
        for row in rows().iter().filter(|row| row.form == Form::Array && row.area != "bulk" && !row.code.is_empty()) {
            assert!(known.contains(row.code), "{}: {}", row.id, row.code);
        }
    }
}
