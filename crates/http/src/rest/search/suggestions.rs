//! Records whose names go on from what somebody types.

use super::compose::{Part, Whole, term};
use super::layouts::scope;
use super::{answer, illegal, missing, number, request, truth};
use crate::codec::{Doc, Writer, XmlOrder};
use crate::rest::Rest;
use crate::{Reply, compat};
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::search::{Answer, distribute};
use orglet_engine::{Failure, search as engine};
use orglet_schema::{Field, Object};
use std::sync::Arc;

/// Suggestions when no other number is asked for, and the most.
const FEW: u64 = 5;
const MOST: u64 = 200;
/// Objects that can be asked for.
const MOST_OBJECTS: usize = 10;
/// The longest text, and the longest of its words.
const LONGEST: usize = 255;
const LONGEST_WORD: usize = 200;
/// The shortest text, where words have blanks between them.
const SHORTEST: usize = 3;

/// Searchable objects of which nothing is suggested.
const UNSUPPORTED: &[&str] =
    &["ContentNote", "Event", "FeedComment", "FeedPost", "IdeaComment", "Pricebook2", "Reply", "TagDefinition", "Task"];

/// What is asked for.
#[derive(Default)]
struct Wanted<'a> {
    q: Option<&'a str>,
    objects: Vec<&'a str>,
    fields: Option<&'a str>,
    filter: Option<&'a str>,
    /// Parameters of one object: its name in lower case, `fields` or `where`, value.
    own: Vec<(String, String, &'a str)>,
    limit: u64,
    ignore_unsupported: bool,
    use_scope: bool,
}

/// `GET /search/suggestions?q=…&sobject=…`.
pub(in crate::rest) fn suggestions(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let wanted = Wanted::read(cx)?;
    let q = wanted.q.ok_or_else(|| missing("q"))?.trim();
    if q.chars().count() > LONGEST || q.split_whitespace().any(|w| w.chars().count() > LONGEST_WORD) {
        return Err(illegal(format!("The search string can have at most {LONGEST} characters")).into());
    }
    let objects = wanted.objects(cx)?;
    // Quotes and wildcards are passed over.
    let plain: String = q.chars().filter(|c| !matches!(c, '"' | '*' | '?' | '\\')).collect();
    let shortest = if plain.chars().any(is_dense) { 1 } else { SHORTEST };
    let too_short = plain.chars().count() < shortest;
    let nothing = || Ok(reply(cx, &objects, &[], &Answer { found: Vec::new(), labels: false }, false));
    if objects.is_empty() {
        return nothing();
    }
    let parts = objects.iter().map(|(object, name)| wanted.part(object, name)).collect();
    // Of a text for which nothing is looked, the rest of what is asked is looked at all the same.
    let text = if too_short { "word" } else { &plain };
    let whole = Whole { term: format!("\"{}*\"", escaped(text)), group: "NAME".to_owned(), parts, ..Whole::default() };
    let sosl = whole.text()?;
    let request = request(cx, &sosl, true);
    if too_short {
        engine::check(&cx.identity, &request)?;
        return nothing();
    }
    let answer = engine::run(&cx.identity, &request)?;
    let counts: Vec<usize> = answer.found.iter().map(|f| f.set.rows.len()).collect();
    let shares = distribute(&counts, usize::try_from(wanted.limit).unwrap_or(usize::MAX));
    let more = counts.iter().sum::<usize>() > shares.iter().sum();
    Ok(reply(cx, &objects, &shares, &answer, more))
}

/// Characters of scripts that write no blanks between words.
fn is_dense(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}

/// A text inside a phrase.
fn escaped(text: &str) -> String {
    term(text).replace('(', "\\(").replace(')', "\\)")
}

impl<'a> Wanted<'a> {
    fn read(cx: &'a Rest<'_>) -> Result<Self, ApiError> {
        let mut out = Self { limit: FEW, ..Self::default() };
        for (name, value) in &cx.call.query {
            match name.as_str() {
                "q" => out.q = Some(value),
                "sobject" => out.objects = value.split(',').map(str::trim).filter(|n| !n.is_empty()).collect(),
                "fields" => out.fields = Some(value),
                "where" if compat::suggestions_filter(cx.version) => out.filter = Some(value),
                "limit" => out.limit = number(name, value, MOST)?,
                "ignoreUnsupportedSObjects" => out.ignore_unsupported = truth(name, value)?,
                "useSearchScope" if compat::suggestions_have_scope(cx.version) => out.use_scope = truth(name, value)?,
                // For questions, which need feeds; on other objects it has no effect.
                "type" => {}
                // No search layout has a second field that is looked for.
                "dynamicFields" | "groupId" | "networkId" | "topicId" | "userId" => {
                    return Err(ApiError::new(ErrorCode::FunctionalityNotEnabled, "This feature is not currently enabled for this user."));
                }
                _ => match name.split_once('.') {
                    Some((object, of @ ("fields" | "where"))) if of == "fields" || compat::suggestions_filter(cx.version) => {
                        out.own.push((object.to_ascii_lowercase(), of.to_owned(), value));
                    }
                    _ => return Err(illegal(format!("Unknown parameter: {name}"))),
                },
            }
        }
        Ok(out)
    }

    /// The objects in which names are looked for, with their naming fields.
    fn objects(&self, cx: &Rest<'_>) -> Result<Vec<(Arc<Object>, String)>, ApiError> {
        if self.objects.len() > MOST_OBJECTS {
            return Err(illegal(format!("At most {MOST_OBJECTS} objects can be asked for")));
        }
        if self.objects.is_empty() && !self.use_scope {
            return Err(missing("sobject"));
        }
        let mut out: Vec<(Arc<Object>, String)> = Vec::new();
        for name in &self.objects {
            let found = cx.object(name).ok().and_then(|object| Some((object.clone(), suggested(&object)?.name.clone())));
            match found {
                Some((object, _)) if out.iter().any(|(o, _)| o.name == object.name) => {}
                Some(found) => out.push(found),
                None if self.ignore_unsupported => {}
                None => return Err(illegal(format!("The sobject {name} is not supported for suggestions"))),
            }
        }
        if let Some((object, ..)) = self.own.iter().find(|(name, ..)| !out.iter().any(|(o, _)| o.name.eq_ignore_ascii_case(name))) {
            return Err(illegal(format!("{object} is no object that sobject names")));
        }
        if self.use_scope {
            for object in scope(cx) {
                let known = out.iter().any(|(o, _)| o.name == object.name);
                if let Some(field) = suggested(&object).filter(|_| !known && out.len() < MOST_OBJECTS) {
                    let name = field.name.clone();
                    out.push((object.clone(), name));
                }
            }
        }
        Ok(out)
    }

    /// The search of one object: one row more than is wanted, to see whether there are more.
    fn part(&self, object: &Object, name: &str) -> Part {
        let own = |of: &str| self.own.iter().find(|(o, p, _)| p == of && object.name.eq_ignore_ascii_case(o)).map(|(.., v)| *v);
        let mut fields = vec!["Id", name];
        for field in own("fields").or(self.fields).unwrap_or_default().split(',').map(str::trim).filter(|f| !f.is_empty()) {
            if !fields.iter().any(|f| f.eq_ignore_ascii_case(field)) {
                fields.push(field);
            }
        }
        Part {
            name: object.name.clone(),
            fields: Some(fields.join(", ")),
            filter: own("where").or(self.filter).map(str::to_owned),
            limit: Some(self.limit + 1),
            ..Part::default()
        }
    }
}

/// The field by which records of an object are suggested, if they are.
fn suggested(object: &Object) -> Option<&Field> {
    let supported = engine::is_searchable(object) && !UNSUPPORTED.contains(&object.name.as_str());
    if supported { engine::naming_field(object) } else { None }
}

fn reply(cx: &Rest<'_>, objects: &[(Arc<Object>, String)], shares: &[usize], answer: &Answer, more: bool) -> Reply {
    let mut w = Writer::new(cx.format, cx.pretty);
    w.begin_object("suggestions");
    w.begin_list("autoSuggestResults");
    for (found, share) in answer.found.iter().zip(shares) {
        answer::records(cx, &mut w, "autoSuggestResults", found, 0..*share);
    }
    w.end_list();
    w.bool("hasMoreResults", more);
    let names = objects
        .iter()
        .map(|(object, field)| Doc::obj([("entityApiName", object.name.clone().into()), ("fieldApiName", field.clone().into())]));
    let mut meta = Doc::obj([("nameFields", Doc::list(names))]);
    if compat::suggestions_have_second_fields(cx.version) {
        meta.push("secondaryFields", Doc::List(Vec::new()));
    }
    meta.write(&mut w, "meta", XmlOrder::Sorted);
    w.end_object();
    Reply::new(200, cx.format.content_type(), w.finish())
}
