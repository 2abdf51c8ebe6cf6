use super::*;
use orglet_schema::types::Input;

fn message(body: &str) -> String {
    let e = parse(body.as_bytes()).unwrap_err();
    assert_eq!((e.code(), e.status()), (ErrorCode::XmlParserError, 400));
    e.message().to_owned()
}

const CONTACT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<sf:Contact xmlns:sf="urn:x" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <LastName>A &amp; B&#233;<![CDATA[<c>]]>
 </LastName><!-- note -->
  <Phone xsi:nil="true"/><Fax></Fax>
  <Account type="Account" referenceId='r"1'><Key__c>A1</Key__c></Account>
  <ids>1</ids><ids>2</ids><Empty__c xsi:nil="true">x</Empty__c>
</sf:Contact>
"#;

#[test]
fn a_record() {
    let (root, n) = parse(CONTACT.as_bytes()).unwrap();
    assert_eq!(root, "Contact");
    assert_eq!(n.get("LastName").unwrap().as_str(), Some("A & Bé<c>\n "));
    assert_eq!(n.get("Phone").unwrap().as_input(), Input::Null);
    assert_eq!(n.get("Fax").unwrap().as_input(), Input::Text(""));
    assert_eq!(n.get("Empty__c").unwrap().as_str(), Some("x"));
    let account = n.get("Account").unwrap();
    assert_eq!(account.members()[0].0, "attributes");
    assert_eq!(account.get("attributes").unwrap().get("referenceId").unwrap().as_str(), Some("r\"1"));
    assert_eq!(account.get("Key__c").unwrap().as_str(), Some("A1"));
    assert_eq!(account.position(), Position { line: 6, column: 3 });
    assert_eq!(n.list("ids").iter().map(|i| i.as_i64()).collect::<Vec<_>>(), [Some(1), Some(2)]);

    let (_, n) = parse(b"<root/>").unwrap();
    assert_eq!(n.value, NodeValue::Object(vec![]));
    let (_, n) = parse(b"<a>\r\n<b>1</b>\r\n</a>").unwrap();
    assert_eq!(n.get("b").unwrap().position(), Position { line: 2, column: 1 });
}

#[test]
fn utf_16() {
    for big in [true, false] {
        let body: Vec<u8> = format!("\u{feff}{}", CONTACT.replace("UTF-8", "UTF-16"))
            .encode_utf16()
            .flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() })
            .collect();
        assert_eq!(parse(&body), parse(CONTACT.as_bytes()), "{big}");
        assert!(parse(&body[..body.len() - 1]).is_err());
    }
    assert_eq!(parse(b"\xef\xbb\xbf<a/>").unwrap().0, "a");
}

#[test]
fn refusals_name_their_place() {
    assert_eq!(message(" \n"), "The HTTP entity body is required, but this request has no entity body.");
    for (body, want) in [
        ("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "A document type declaration is not allowed at [line:1, column:1]"),
        ("<a>&x;</a>", "Entity 'x' is not known at [line:1, column:4]"),
        ("<a>\n  <b>1", "Element b is not closed at [line:2, column:7]"),
        ("<a/><b/>", "The request body has more than one root element at [line:1, column:5]"),
        ("<a/>x", "There is text outside the root element at [line:1, column:5]"),
        ("<a>x<b/></a>", "Element a has both text and elements at [line:1, column:5]"),
        ("<a><b/>x</a>", "Element a has both text and elements at [line:1, column:8]"),
        ("<a><b type=\"x\">y</b></a>", "Element b has both attributes and text at [line:1, column:17]"),
        ("<a>\u{1}</a>", "Character code 1 is not allowed in XML at [line:1, column:4]"),
        ("<a><1b/></a>", "'1b' is not an XML name at [line:1, column:4]"),
        (
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>",
            "The encoding ISO-8859-1 is not supported; send UTF-8 or UTF-16 at [line:1, column:1]",
        ),
        ("<!-- nothing -->", "The request body has no root element at [line:1, column:17]"),
    ] {
        assert_eq!(message(body), want, "{body}");
    }
    for body in [
        "{\"a\":1}",
        "<a>",
        "<a></b>",
        "</a>",
        "<a",
        "<a b=c/>",
        "<a b='1' b='2'/>",
        "<a>&#0;</a>",
        "<a>&amp</a>",
        "<a>&</a>",
        "<a b='<'/>",
    ] {
        assert!(message(body).contains(" at [line:1, column:"), "{body}");
    }
    let e = parse(b"<a>\n\xff</a>").unwrap_err();
    assert_eq!(e.message(), "The request body is not UTF-8 at [line:2, column:1]");
}

#[test]
fn bounds() {
    assert!(message(&"<a>".repeat(200)).contains("nested deeper than 100 levels"));
    assert!(message(&format!("<a>{}</a>", "<b/>".repeat(MAX_NODES))).contains("more than 1000000 values"));
    let attributes: String = (0..65).map(|i| format!(" a{i}=''")).collect();
    assert!(message(&format!("<a{attributes}/>")).contains("more than 64 attributes"));
    assert_eq!(parse(&vec![b' '; MAX_BODY + 1]).unwrap_err().code(), ErrorCode::ExceededMaxSizeRequest);
}

#[test]
fn mutated_bodies_never_panic() {
    crate::codec::mutations::each(CONTACT, b"<>&;\"'=/![]-? x:\n", |bytes| {
        if let Err(e) = parse(bytes) {
            assert!(!e.message().is_empty());
        }
    });
}
