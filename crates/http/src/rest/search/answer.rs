//! Prints what was found.

use crate::Reply;
use crate::codec::{Doc, RecordUrl, Writer, XmlOrder};
use crate::rest::Rest;
use crate::rest::records::Printer;
use orglet_engine::plan::{Node, ParentKind};
use orglet_engine::search::{Answer, Found};

/// The answer to a search: `searchRecords` and perhaps `metadata`; in old versions a bare list.
pub(super) fn reply(cx: &Rest<'_>, answer: &Answer, bare: bool) -> Reply {
    let rows: usize = answer.found.iter().map(|f| f.set.rows.len()).sum();
    let mut w = Writer::with_capacity(cx.format, cx.pretty, rows * 256 + 128);
    if bare {
        w.begin_wrapped_list("SearchResults", "SearchResult");
        answer.found.iter().for_each(|found| records(cx, &mut w, "SearchResult", found, 0..found.set.rows.len()));
        w.end_list();
    } else {
        w.begin_object("SearchResultWithMetadata");
        // XML sorts members.
        if answer.labels && w.is_xml() {
            labels(answer).write(&mut w, "metadata", XmlOrder::Sorted);
        }
        w.begin_list("searchRecords");
        answer.found.iter().for_each(|found| records(cx, &mut w, "searchRecords", found, 0..found.set.rows.len()));
        w.end_list();
        if answer.labels && !w.is_xml() {
            labels(answer).write(&mut w, "metadata", XmlOrder::Sorted);
        }
        w.end_object();
    }
    Reply::new(200, cx.format.content_type(), w.finish())
}

/// Records of one object, as items of the list that is open.
pub(super) fn records(cx: &Rest<'_>, w: &mut Writer, name: &str, found: &Found, which: impl Iterator<Item = usize>) {
    let Some(plan) = found.search.records() else { return };
    let printer = Printer { catalog: &cx.catalog, base: &cx.base, org: &cx.identity.org };
    for row in which {
        let id = found.set.rows.cell(row, 0).text().unwrap_or_default();
        w.begin_record(name, &plan.object.name, RecordUrl::Row(&cx.base, &plan.object.name, id));
        printer.nodes(w, &plan.object, id, &plan.shape, &found.set.rows, row, None);
        for (name, text) in found.marked.get(row).into_iter().flatten() {
            w.text(name, text);
        }
        w.end_object();
    }
}

/// The labels of the fields of each object that was found. The key is spelt as the platform spells it.
fn labels(answer: &Answer) -> Doc {
    let found = answer.found.iter().filter(|f| !f.set.rows.is_empty()).filter_map(|f| f.search.records());
    let entities = found.map(|plan| {
        let mut fields = Vec::new();
        named(&plan.shape, "", &mut fields);
        Doc::obj([("entityName", plan.object.name.clone().into()), ("fieldMetadata", Doc::List(fields))])
    });
    Doc::obj([("entityetadata", Doc::list(entities))])
}

fn named(nodes: &[Node], before: &str, out: &mut Vec<Doc>) {
    for node in nodes {
        let name = format!("{before}{}", node.name());
        let label = match node {
            Node::Value { source: Some((object, field)), .. } => object.fields()[*field].label.clone(),
            Node::Parent { nodes, object: ParentKind::Fixed(_) | ParentKind::ById, .. } => {
                named(nodes, &format!("{name}."), out);
                continue;
            }
            _ => node.name().to_string(),
        };
        out.push(Doc::obj([("name", name.into()), ("label", label.into())]));
    }
}
