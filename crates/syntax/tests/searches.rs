//! Searches: what they mean, and what is wrong with those that are none.

use orglet_syntax::SyntaxErrorKind as Kind;
use orglet_syntax::sosl::ast::{Group, Join, TermChar, TermExpr, WithKind};
use orglet_syntax::sosl::{Part, check_part, parse};

/// A term as text: chains in brackets, with their operators.
fn shown(expr: &TermExpr) -> String {
    match expr {
        TermExpr::Text(chars) => chars
            .iter()
            .map(|c| match c {
                TermChar::Char(c) => c.to_string(),
                TermChar::Any => "%".to_owned(),
                TermChar::One => "_".to_owned(),
            })
            .collect(),
        TermExpr::Or(all) => format!("({})", all.iter().map(shown).collect::<Vec<_>>().join(" | ")),
        TermExpr::Chain(first, rest) => {
            let mut out = format!("[{}", shown(first));
            for (join, expr) in rest {
                out += match join {
                    Join::And => " & ",
                    Join::AndNot => " - ",
                    Join::Beside => " ",
                };
                out += &shown(expr);
            }
            out + "]"
        }
    }
}

fn term(inside: &str) -> String {
    let search = parse(&format!("FIND {{{inside}}}")).unwrap_or_else(|e| panic!("{inside}: {e}"));
    search.term.expr.as_ref().map_or("nothing".to_owned(), shown)
}

#[test]
fn terms() {
    for (inside, meaning) in [
        ("Joe Smith", "[Joe Smith]"),
        (" joe ", "joe"),
        ("\"Joe Smith\" OR \"Joe Smythe\"", "(Joe Smith | Joe Smythe)"),
        ("MyProspect AND \"John Smith\" OR MyCompany", "([MyProspect & John Smith] | MyCompany)"),
        ("MyProspect and (\"John Smith\" or MyCompany)", "[MyProspect & (John Smith | MyCompany)]"),
        ("a AND NOT b AND c", "[a - b & c]"),
        ("john AND NOT smith", "[john - smith]"),
        ("Joe Sm?th*", "[Joe Sm_th%]"),
        (r"\{1\+1\}\:2", "{1+1}:2"),
        (r"SF\\LA", r"SF\LA"),
        (r"a\nd", "and"),
        ("\"and\" x", "[and x]"),
        ("joe AND", "joe"),
        ("(joe OR jim", "(joe | jim)"),
        ("joe) jim", "[joe jim]"),
        ("FIND", "FIND"),
    ] {
        assert_eq!(term(inside), meaning, "{inside}");
    }
    assert_eq!(term(&format!("{} AND b", "a".repeat(4001))), format!("({} | b)", "a".repeat(4001)));
    assert_eq!(term(&"a ".repeat(5001)), "nothing");
}

#[test]
fn statements() {
    let search = parse("find {joe} in Name Fields returning lead(Name, phone where createddate = THIS_FISCAL_QUARTER order by Name limit 3 offset 1), contact limit 20").unwrap();
    assert_eq!(search.group, Group::Name);
    let [lead, contact] = search.returning.as_slice() else { panic!("two objects") };
    assert_eq!((lead.object.text.as_str(), lead.fields.len(), lead.order_by.len()), ("lead", 2, 1));
    assert!(lead.filter.is_some() && contact.fields.is_empty() && contact.filter.is_none());
    assert_eq!((lead.limit.unwrap().value, lead.offset.unwrap().value, search.limit.unwrap().value), (3, 1, 20));
    let search = parse("FIND {x1} RETURNING Account(Id, format(AnnualRevenue) total USING ListView = Recent) WITH SNIPPET (target_length=120) WITH METADATA='LABELS' WITH SPELL_CORRECTION = false WITH NETWORK IN ('a', 'b') LIMIT 5 UPDATE TRACKING, VIEWSTAT").unwrap();
    assert_eq!(search.returning[0].list_view.as_ref().unwrap().text, "Recent");
    assert_eq!((search.with.len(), search.update.len()), (4, 2));
    assert!(matches!(&search.with[3].kind, WithKind::Network(ids) if ids.len() == 2));
}

#[test]
fn faults() {
    for (text, message) in [
        ("FIND joe", "No search term found. The search term must be enclosed in braces."),
        ("FIND 'Jones' IN ALL FIELDS", "No search term found. The search term must be enclosed in braces."),
        ("FIND {Chase TesTURNING Account(Id,Name)", "No search term found. The search term must be enclosed in braces."),
        ("", "No search term found. The search term must be enclosed in braces."),
        (
            "FIND {John|jane_gray@uoa.edu} RETURNING Contact",
            "\nFIND {John|jane_gray@uoa.edu} RETURNING Contact\n         ^\nERROR at Row:1:Column:10\nline 1:10 mismatched character '|' expecting '}'",
        ),
        (
            "FIND {Marie-Pier Martin}",
            "\nFIND {Marie-Pier Martin}\n          ^\nERROR at Row:1:Column:11\nline 1:11 mismatched character '-' expecting '}'",
        ),
        (
            "FIND {name} IN ALL TYPE RETURNING Account(name)",
            "\nFIND {name} IN ALL TYPE RETURNING Account(name)\n                  ^\nERROR at Row:1:Column:19\nMalformed search token: TYPE",
        ),
        ("FIND {j} RETURNING Lead", "search term must be longer than one character: j"),
        ("FIND {} RETURNING Lead", "search term must be longer than one character: "),
        ("FIND {()}", "search term must be longer than one character: ()"),
        ("FIND {test} IN Company FIELDS", "Invalid IN fields group: COMPANY"),
    ] {
        assert_eq!(parse(text).unwrap_err().render(text), message, "{text}");
    }
    for (text, ending) in [
        ("FIND {\"John Smith}", "mismatched character '}' expecting '\"'"),
        ("FIND {test} IN Accounts", "unexpected token: '<EOF>'"),
        ("FIND {test} RETURNING Account WITH BOB", "Invalid WITH BOB clause"),
        ("FIND {test} RETURNING Account UPDATE BOB", "The update option is invalid."),
        ("FIND {test} RETURNING Account LIMIT 5 WITH HIGHLIGHT", "unexpected token: WITH"),
        ("FIND {test} RETURNING Account(Id OFFSET 5 LIMIT 5)", "expecting a right parentheses, found 'LIMIT'"),
        ("FIND {test} RETURNING Account()", "unexpected token: ')'"),
        ("FIND {test} RETURNING Account (WHERE name like 'test')", "unexpected token: 'WHERE'"),
        ("FIND {test} RETURNING Account LIMIT -1", "expecting a colon, found '-'"),
        ("FIND {test} WITH SPELL_CORRECTION = true WITH SPELL_CORRECTION = true", "Duplicate WITH SPELL_CORRECTION clause"),
        ("FIND {NOT test}", "unexpected token: NOT"),
        ("SELECT {test}", "unexpected token: SELECT"),
    ] {
        let message = parse(text).unwrap_err().render(text);
        assert!(message.ends_with(ending), "{text}: {message}");
    }
    let error = parse(&format!("FIND {{{}x{}}}", "(".repeat(80), ")".repeat(80))).unwrap_err();
    assert_eq!((error.kind, error.search_code()), (Kind::TooDeep, "QUERY_TOO_COMPLICATED"));
    let error = parse(&format!("FIND {{{}}}", "a".repeat(100_000))).unwrap_err();
    assert_eq!((error.kind, error.search_code()), (Kind::TooLong, "MALFORMED_SEARCH"));
    assert_eq!(parse("FIND {j}").unwrap_err().search_code(), "INVALID_SEARCH");
}

#[test]
fn parts() {
    assert!(check_part(Part::Fields, "id, toLabel(Status), format(Amount) a").is_ok());
    assert!(check_part(Part::Where, "Name = 'x' AND Id != NULL").is_ok());
    assert!(check_part(Part::OrderBy, "Name DESC NULLS LAST").is_ok());
    for (part, text) in
        [(Part::Fields, "Id) LIMIT 5"), (Part::Where, "Name = 'x') , Contact(Id"), (Part::OrderBy, "Name LIMIT 5"), (Part::Object, "A, B")]
    {
        assert!(check_part(part, text).is_err(), "{text}");
    }
}
