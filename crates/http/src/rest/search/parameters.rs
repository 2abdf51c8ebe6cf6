//! Searches by parameters rather than by SOSL.

use super::compose::{Part, Whole, category, literal, term};
use super::{answer, illegal, missing, number, request, truth};
use crate::Reply;
use crate::codec::{Node, NodeValue};
use crate::rest::Rest;
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::{Failure, search as engine};

/// The greatest limit and offset.
const MOST: u64 = 2000;
/// Objects that one search may name.
const MOST_OBJECTS: usize = 200;
const GROUPS: &[&str] = &["ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR"];

/// `GET /parameterizedSearch?q=…`.
pub(in crate::rest) fn by_query(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let mut all = Parameters::default();
    // Objects first: parameters such as `Account.fields` go with them.
    for (_, names) in cx.call.query.iter().filter(|(name, _)| name.eq_ignore_ascii_case("sobject")) {
        for name in names.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            all.object(name)?;
        }
    }
    for (name, value) in &cx.call.query {
        match name.split_once('.') {
            _ if name.eq_ignore_ascii_case("sobject") => {}
            Some((object, parameter)) => all.set_of_object(object, parameter, value)?,
            None => all.set(name, value)?,
        }
    }
    all.run(cx)
}

/// `POST /parameterizedSearch`: the same in the body.
pub(in crate::rest) fn by_body(cx: &Rest<'_>) -> Result<Reply, Failure> {
    // The URL has none of them, so that one there is not passed over.
    if let Some((name, _)) = cx.call.query.iter().find(|(name, _)| !name.eq_ignore_ascii_case("_HttpMethod")) {
        return Err(illegal(format!("Unknown parameter: {name}")).into());
    }
    let body = cx.body()?;
    if !body.is_object() {
        return Err(wrong_token(&body).into());
    }
    let mut all = Parameters::default();
    for name in ["q", "in"] {
        if body.get(name).is_some_and(|n| n.as_str().is_none()) {
            return Err(body.get(name).map_or_else(|| missing(name), wrong_token).into());
        }
    }
    for object in body.list("sobjects") {
        all.object_of(object)?;
    }
    let mut lists: Vec<&str> = Vec::new();
    for (name, node) in body.members() {
        match name.as_ref() {
            "sobjects" => {}
            // XML writes a list as members of one name.
            "fields" | "netWorkIds" | "dataCategories" => {
                if !lists.contains(&name.as_ref()) {
                    lists.push(name);
                }
            }
            "sobject" | "dataCategory" => return Err(unrecognized(name, node).into()),
            name => match scalar(node)? {
                Some(_) if !SINGLE.contains(&name) => return Err(unrecognized(name, node).into()),
                Some(value) => all.set(name, &value)?,
                None => {}
            },
        }
    }
    for name in lists {
        if name == "dataCategories" {
            if let Some(first) = body.list(name).first() {
                all.data_category = Some(first.get("groupName").and_then(Node::as_str).unwrap_or_default().to_owned() + " AT x");
            }
            continue;
        }
        let texts = texts(&body.list(name))?;
        all.set(name, &texts.join(","))?;
    }
    all.run(cx)
}

/// Parameters of one value that a body may have.
const SINGLE: &[&str] = &[
    "q",
    "in",
    "defaultLimit",
    "overallLimit",
    "offset",
    "metadata",
    "division",
    "pricebookId",
    "snippet",
    "spellCorrection",
    "updateTracking",
    "updateViewStat",
];

fn wrong_token(node: &Node<'_>) -> ApiError {
    let at = node.position();
    let text = format!("Can not deserialize value out of {} token at [line:{}, column:{}]", node.as_input().token(), at.line, at.column);
    ApiError::new(ErrorCode::JsonParserError, text)
}

/// A member that is none (crud-016).
fn unrecognized(name: &str, node: &Node<'_>) -> ApiError {
    let text = format!("Unrecognized field \"{name}\" at [line:{}, column:{}]", node.read.line, node.read.column);
    ApiError::routing(ErrorCode::JsonParserError, text)
}

/// A text, number or Boolean as text; `None` for null.
fn scalar(node: &Node<'_>) -> Result<Option<String>, ApiError> {
    match &node.value {
        NodeValue::Null => Ok(None),
        NodeValue::Bool(b) => Ok(Some(b.to_string())),
        NodeValue::Number(t) | NodeValue::Text(t) => Ok(Some(t.clone().into_owned())),
        NodeValue::Array(_) | NodeValue::Object(_) => Err(wrong_token(node)),
    }
}

fn texts(nodes: &[&Node<'_>]) -> Result<Vec<String>, ApiError> {
    nodes.iter().map(|n| n.as_str().map(str::to_owned).ok_or_else(|| wrong_token(n))).collect()
}

/// The parameters of a search.
#[derive(Debug, Default)]
struct Parameters {
    q: Option<String>,
    objects: Vec<Part>,
    fields: Option<String>,
    group: Option<String>,
    default_limit: Option<u64>,
    overall_limit: Option<u64>,
    offset: Option<u64>,
    data_category: Option<String>,
    networks: Vec<String>,
    update: Vec<&'static str>,
    with: Vec<String>,
    spell_correction: bool,
}

impl Parameters {
    fn set(&mut self, name: &str, value: &str) -> Result<(), ApiError> {
        match name.to_ascii_lowercase().as_str() {
            "q" => self.q = Some(value.to_owned()),
            "fields" => self.fields = Some(value.to_owned()),
            "in" => {
                let known = GROUPS.iter().find(|g| g.eq_ignore_ascii_case(value.trim()));
                self.group = Some(known.ok_or_else(|| illegal(format!("Invalid value for in: {value}")))?.to_string());
            }
            "defaultlimit" => self.default_limit = Some(number(name, value, MOST)?),
            "overalllimit" => self.overall_limit = Some(number(name, value, MOST)?),
            "offset" => self.offset = Some(number(name, value, MOST)?),
            "metadata" if value.eq_ignore_ascii_case("LABELS") => self.with.push("METADATA = 'LABELS'".to_owned()),
            "metadata" => return Err(illegal(format!("Invalid value for metadata: {value}"))),
            "datacategory" => self.data_category = Some(value.to_owned()),
            "division" => self.with.push(format!("DIVISION = {}", literal(value))),
            "networkids" => self.networks = value.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect(),
            "pricebookid" => self.with.push(format!("PricebookId = {}", literal(value))),
            "snippet" => self.with.push(format!("SNIPPET (target_length={})", number(name, value, u64::MAX)?)),
            // On or off, words are searched as they are spelt.
            "spellcorrection" => {
                truth(name, value)?;
                self.spell_correction = true;
            }
            "updatetracking" if truth(name, value)? => self.update.push("TRACKING"),
            "updateviewstat" if truth(name, value)? => self.update.push("VIEWSTAT"),
            "updatetracking" | "updateviewstat" => {}
            // Whoever overrides the method says so here.
            "_httpmethod" => {}
            _ => return Err(illegal(format!("Unknown parameter: {name}"))),
        }
        Ok(())
    }

    fn object(&mut self, name: &str) -> Result<&mut Part, ApiError> {
        if self.objects.len() >= MOST_OBJECTS {
            return Err(illegal(format!("A search can name at most {MOST_OBJECTS} objects")));
        }
        let at = self.objects.iter().position(|o| o.name.eq_ignore_ascii_case(name)).unwrap_or(self.objects.len());
        if at == self.objects.len() {
            self.objects.push(Part { name: name.to_owned(), ..Part::default() });
        }
        Ok(&mut self.objects[at])
    }

    fn set_of_object(&mut self, object: &str, name: &str, value: &str) -> Result<(), ApiError> {
        let Some(part) = self.objects.iter_mut().find(|o| o.name.eq_ignore_ascii_case(object)) else {
            return Err(illegal(format!("{object}.{name} is for an object that sobject names")));
        };
        match name.to_ascii_lowercase().as_str() {
            "fields" => part.fields = Some(value.to_owned()),
            "where" => part.filter = Some(value.to_owned()),
            "orderby" => part.order_by = Some(value.to_owned()),
            "limit" => part.limit = Some(number(name, value, MOST)?),
            _ => return Err(illegal(format!("Unknown parameter: {object}.{name}"))),
        }
        Ok(())
    }

    /// An item of `sobjects`.
    fn object_of(&mut self, node: &Node<'_>) -> Result<(), ApiError> {
        if !node.is_object() {
            return Err(wrong_token(node));
        }
        let name = node.get("name").and_then(Node::as_str).ok_or_else(|| missing("sobjects.name"))?.to_owned();
        self.object(&name)?;
        for (member, value) in node.members() {
            match member.as_ref() {
                "name" | "fields" => {}
                "where" | "orderBy" | "limit" => {
                    if let Some(value) = scalar(value)? {
                        self.set_of_object(&name, member, &value)?;
                    }
                }
                other => return Err(unrecognized(other, value)),
            }
        }
        let fields = texts(&node.list("fields"))?;
        if !fields.is_empty() {
            self.set_of_object(&name, "fields", &fields.join(","))?;
        }
        Ok(())
    }

    fn run(self, cx: &Rest<'_>) -> Result<Reply, Failure> {
        let sosl = self.text()?;
        let answer = engine::run(&cx.identity, &request(cx, &sosl, false))?;
        Ok(answer::reply(cx, &answer, false))
    }

    /// The search as SOSL.
    fn text(self) -> Result<String, ApiError> {
        let q = self.q.ok_or_else(|| missing("q"))?;
        if self.objects.is_empty() && (self.fields.is_some() || self.default_limit.is_some()) {
            let name = if self.fields.is_some() { "fields" } else { "defaultLimit" };
            return Err(illegal(format!("{name} needs at least one sobject")));
        }
        if self.offset.is_some() && self.objects.len() != 1 {
            return Err(illegal("offset needs exactly one sobject"));
        }
        let mut parts = self.objects;
        for part in &mut parts {
            part.fields = part.fields.take().or_else(|| self.fields.clone());
            part.limit = part.limit.or(self.default_limit);
            part.offset = self.offset;
        }
        let mut with = Vec::new();
        if let Some(filter) = &self.data_category {
            with.push(category(filter)?);
        }
        with.extend(self.with);
        if !self.networks.is_empty() {
            with.push(format!("NETWORK IN ({})", self.networks.iter().map(|id| literal(id)).collect::<Vec<_>>().join(", ")));
        }
        let group = self.group.unwrap_or_else(|| "ALL".to_owned());
        Whole { term: term(&q), group, parts, with, limit: self.overall_limit, update: self.update }.text()
    }
}
