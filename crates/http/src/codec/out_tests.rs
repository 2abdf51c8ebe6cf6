use super::*;
use orglet_base::OwnedCell;

fn both(pretty: bool, write: impl Fn(&mut Writer)) -> (String, String) {
    let render = |format| {
        let mut w = Writer::new(format, pretty);
        write(&mut w);
        String::from_utf8(w.finish()).unwrap()
    };
    (render(Format::Json), render(Format::Xml))
}

fn page(w: &mut Writer) {
    w.begin_object("QueryResult");
    w.int("totalSize", 2);
    w.bool("done", true);
    w.begin_list("records");
    w.begin_record("records", "Account", RecordUrl::Row("/services/data/v60.0", "Account", "001000000000001AAA"));
    w.cell("Id", CellKind::Id, Cell::Text("001000000000001AAA"));
    w.cell("AnnualRevenue", CellKind::Decimal(2), Cell::Int(35_000_000_000));
    w.null("Phone");
    w.begin_record("Owner", "User", RecordUrl::Path("/u"));
    w.text("Name", "Bo \"B\" <Beck>");
    w.end_object();
    w.end_object();
    w.begin_record("records", "AggregateResult", RecordUrl::None);
    w.int("expr0", 3);
    w.end_object();
    w.end_list();
    w.begin_list("empty");
    w.end_list();
    w.end_object();
}

#[test]
fn a_page_of_records() {
    let (json, xml) = both(false, page);
    assert_eq!(
        json,
        r#"{"totalSize":2,"done":true,"records":[{"attributes":{"type":"Account","url":"/services/data/v60.0/sobjects/Account/001000000000001AAA"},"Id":"001000000000001AAA","AnnualRevenue":3.5E8,"Phone":null,"Owner":{"attributes":{"type":"User","url":"/u"},"Name":"Bo \"B\" <Beck>"}},{"attributes":{"type":"AggregateResult"},"expr0":3}],"empty":[]}"#
    );
    assert_eq!(
        xml,
        r#"<?xml version="1.0" encoding="UTF-8"?><QueryResult xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><totalSize>2</totalSize><done>true</done><records type="Account" url="/services/data/v60.0/sobjects/Account/001000000000001AAA"><Id>001000000000001AAA</Id><AnnualRevenue>3.5E8</AnnualRevenue><Phone xsi:nil="true"/><Owner type="User" url="/u"><Name>Bo &quot;B&quot; &lt;Beck&gt;</Name></Owner></records><records type="AggregateResult"><expr0>3</expr0></records></QueryResult>"#
    );
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
}

#[test]
fn pretty_layouts() {
    let (json, xml) = both(true, |w| {
        w.begin_object("r");
        w.begin_list("l");
        w.text("", "a");
        w.text("", "b");
        w.begin_object("");
        w.int("n", 1);
        w.begin_object("o");
        w.end_object();
        w.end_object();
        w.end_list();
        w.begin_list("e");
        w.end_list();
        w.null("z");
        w.end_object();
    });
    assert_eq!(json, "{\n  \"l\" : [ \"a\", \"b\", {\n    \"n\" : 1,\n    \"o\" : { }\n  } ],\n  \"e\" : [ ],\n  \"z\" : null\n}");
    assert_eq!(
        xml,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<r xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n    <l>a</l>\n    <l>b</l>\n    <l>\n        <n>1</n>\n        <o/>\n    </l>\n    <z xsi:nil=\"true\"/>\n</r>\n"
    );
}

#[test]
fn lists_with_and_without_wrapper() {
    let (json, xml) = both(false, |w| {
        w.begin_wrapped_list("Versions", "Version");
        w.begin_object("ignored");
        w.text("label", "Summer '14");
        w.begin_wrapped_list("results", "batchResult");
        w.int("", 1);
        w.begin_list("");
        w.int("", 2);
        w.end_list();
        w.end_list();
        w.begin_list("ids");
        w.text("", "a");
        w.end_list();
        w.end_object();
        w.end_list();
    });
    assert_eq!(json, r#"[{"label":"Summer '14","results":[1,[2]],"ids":["a"]}]"#);
    assert_eq!(
        xml,
        r#"<?xml version="1.0" encoding="UTF-8"?><Versions><Version><label>Summer &apos;14</label><results><batchResult>1</batchResult><batchResult>2</batchResult></results><ids>a</ids></Version></Versions>"#
    );
    let (json, xml) = both(true, |w| {
        w.begin_list("Recent");
        w.end_list();
    });
    assert_eq!((json.as_str(), xml.as_str()), ("[ ]", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Recent/>\n"));
}

#[test]
fn cells() {
    for (kind, cell, json, xml) in [
        (CellKind::Bool, OwnedCell::Int(1), "true", "true"),
        (CellKind::Int, OwnedCell::Int(-7), "-7", "-7"),
        (CellKind::Decimal(0), OwnedCell::Int(873_033), "873033.0", "873033.0"),
        (CellKind::Date, OwnedCell::Text("2024-01-02".into()), "\"2024-01-02\"", "2024-01-02"),
        (
            CellKind::DateTime,
            OwnedCell::Text("2013-05-07T22:07:19.000Z".into()),
            "\"2013-05-07T22:07:19.000+0000\"",
            "2013-05-07T22:07:19.000Z",
        ),
        (CellKind::Time, OwnedCell::Text("09:30:00.000Z".into()), "\"09:30:00.000Z\"", "09:30:00.000Z"),
        (
            CellKind::Text,
            OwnedCell::Text("a/b\u{1f}\u{7f}é\r\n\u{8}".into()),
            "\"a/b\\u001F\u{7f}é\\r\\n\\b\"",
            "a/b\u{fffd}\u{7f}é&#xd;\n\u{fffd}",
        ),
        (CellKind::Text, OwnedCell::Text("a\u{ffff}b\u{fffe}".into()), "\"a\u{ffff}b\u{fffe}\"", "a\u{fffd}b\u{fffd}"),
        (CellKind::Blob, OwnedCell::Blob(vec![1, 2]), "\"AQI=\"", "AQI="),
        (CellKind::Text, OwnedCell::Text(String::new()), "\"\"", ""),
    ] {
        let (j, x) = both(false, |w| w.cell("f", kind, cell.as_cell()));
        assert_eq!(j, json);
        assert_eq!(x, format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><f>{xml}</f>"));
    }
}

#[test]
fn names_that_are_no_xml_names() {
    let (json, xml) = both(false, |w| {
        w.begin_object("LimitsSnapshot");
        w.int("Ant Migration Tool", 1);
        w.int("1st", 2);
        w.int("Größe", 3);
        w.int("contact-tracing", 4);
        w.end_object();
    });
    assert_eq!(json, r#"{"Ant Migration Tool":1,"1st":2,"Größe":3,"contact-tracing":4}"#);
    assert!(xml.ends_with(
        "<LimitsSnapshot><Ant_x0020_Migration_x0020_Tool>1</Ant_x0020_Migration_x0020_Tool><_x0031_st>2</_x0031_st><Größe>3</Größe><contact-tracing>4</contact-tracing></LimitsSnapshot>"
    ));
}

#[test]
fn names_written_ahead_change_nothing() {
    let values = |w: &mut Writer, ahead: bool| {
        w.begin_object("r");
        for name in ["First", "Größe", "a\"b", "Last"].map(Name::new) {
            let say = |w: &mut Writer| {
                if ahead {
                    w.name(&name);
                }
            };
            say(w);
            w.null(&name);
            say(w);
            w.cell(&name, CellKind::DateTime, Cell::Text("2024-05-15T00:00:00.000Z"));
            say(w);
            w.int(&name, 1);
            say(w);
            w.begin_record(&name, "Account", RecordUrl::Row("/b", "Account", "1"));
            say(w);
            w.begin_list(&name);
            w.text("", "x");
            w.end_list();
            w.end_object();
            say(w);
            w.begin_object(&name);
            say(w);
            w.text(&name, "first");
            w.end_object();
        }
        w.end_object();
    };
    for pretty in [false, true] {
        assert_eq!(both(pretty, |w| values(w, true)), both(pretty, |w| values(w, false)));
    }
}
