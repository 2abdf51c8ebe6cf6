//! Faults and how they are told, with the error catalogue's row where it has one.

mod common;

use common::{NEW, OLD, bad, good};
use orglet_syntax::ast::Span;
use orglet_syntax::{Quirks, SyntaxErrorKind, context, soql};

/// Row, column and sentence of a message with context; whether the caret stands below the column it tells.
fn told(text: &str, quirks: Quirks) -> String {
    let error = bad(text, quirks);
    assert_eq!(error.code(), "MALFORMED_QUERY");
    let message = error.render(text);
    match message.split_once("ERROR at Row:") {
        Some((_, rest)) => rest.replacen(":Column:", ":", 1).replacen('\n', " ", 1),
        None => message,
    }
}

#[test]
fn context_as_recorded() {
    let query = "SELECT Bacon__c FROM Account LIMIT 2";
    let sentence = "No such column 'Bacon__c' on entity 'Account'.";
    assert_eq!(
        context::block(query, Span { start: 7, end: 15 }, sentence, false),
        "\nSELECT Bacon__c FROM Account LIMIT 2\n       ^\nERROR at Row:1:Column:8\nNo such column 'Bacon__c' on entity 'Account'."
    );
    let query = "SELECT Id,Name,BillingCity,IsDeleted FROM Accout";
    let expected = format!("\nName,BillingCity,IsDeleted FROM Accout\n{}^\nERROR at Row:1:Column:43\nx", " ".repeat(32));
    assert_eq!(context::block(query, Span { start: 42, end: 48 }, "x", false), expected);
}

#[test]
fn context_is_cut_at_whole_words_to_the_right() {
    let query = "SELECT Foo__c FROM Account WHERE LongerName__c = 'value' LIMIT 20000";
    let shown = context::block(query, Span { start: 7, end: 13 }, "x", false);
    assert_eq!(shown, "\nSELECT Foo__c FROM Account WHERE LongerName__c\n       ^\nERROR at Row:1:Column:8\nx");
}

#[test]
fn context_of_several_rows_shows_the_row() {
    let query = "SELECT Id\nFROM Thing__c\r\nWHERE a = 1";
    assert_eq!(context::block(query, Span { start: 15, end: 23 }, "x", false), "\nFROM Thing__c\n     ^\nERROR at Row:2:Column:6\nx");
    assert_eq!(context::position(query, 15), (2, 5));
}

#[test]
fn context_survives_any_place() {
    let query = "é😀,\n\nsélect";
    for at in 0..40 {
        for antlr in [false, true] {
            assert!(context::block(query, Span { start: at, end: at + 1 }, "x", antlr).ends_with("\nx"));
        }
    }
    assert_eq!(context::block("", Span::default(), "x", true), "\n\n^\nERROR at Row:1:Column:0\nx");
}

#[test]
fn columns_count_characters() {
    assert_eq!(told("SELECT Id FROM Account WHERE é", NEW), "1:29 line 1:29 unexpected token: 'é'");
    assert_eq!(told("SELECT Id FROM Account WHERE Name = 'éé' Foo", NEW), "1:41 unexpected token: 'Foo'");
}

/// query-017, query-018.
#[test]
fn empty_and_long() {
    for quirks in [OLD, NEW] {
        for text in ["", " \n\t"] {
            assert_eq!(bad(text, quirks).render(text), "SOQL statements cannot be empty or null");
        }
        let long = format!("SELECT Id FROM Account WHERE Name = '{}'", "é".repeat(99_962));
        assert_eq!(long.chars().count(), 100_000);
        assert!(soql::parse(&long, quirks).is_ok());
        let long = format!("{long} ");
        assert_eq!(bad(&long, quirks).render(&long), "SOQL statements can not be longer than 100000 characters");
    }
}

/// query-019, query-020, query-021.
#[test]
fn first_word() {
    assert_eq!(told("SELEKT Name FROM Account", OLD), "unexpected token: SELEKT");
    assert_eq!(told("invalid", OLD), "unexpected token: 'invalid'");
    assert_eq!(told("q=SELECT Id FROM Account", OLD), "unexpected token: q");
    assert_eq!(told("SELEKT Name FROM Account", NEW), "unexpected token: 'SELEKT'");
}

/// query-022.
#[test]
fn out_of_place() {
    for quirks in [OLD, NEW] {
        let text = "Select LastModifiedById, LastModifiedDate, From Account ";
        assert_eq!(told(text, quirks), "1:43 unexpected token: 'From'");
        assert_eq!(told("SELECT Id FROM Account WHERE Name = 'a')", quirks), "1:39 unexpected token: ')'");
        assert_eq!(told("SELECT Id FROM Account LIMIT 5 ORDER BY Name", quirks), "1:31 unexpected token: 'ORDER'");
        assert_eq!(told("SELECT Id FROM Account LIMIT -1", quirks), "1:29 unexpected token: '-'");
        assert_eq!(told("SELECT Id FROM Account OFFSET -1", quirks), "1:32 SOQL offset must be a non-negative value");
    }
}

/// query-023, query-024.
#[test]
fn end_of_text() {
    assert_eq!(told("SELECT Id FROM Contact WHERE", OLD), "unexpected token: '<EOF>'");
    let text = "SELECT Id FROM Account WHERE";
    assert_eq!(
        bad(text, NEW).render(text),
        "\nSELECT Id FROM Account WHERE\n                           ^\nERROR at Row:1:Column:28\nunexpected token: '<EOF>'"
    );
}

/// query-022 with v60.0, a live answer of v68.0, and a quote too many: the columns of what parsers find count from 0, and the
/// caret stands one place further left.
#[test]
fn columns_of_parsers() {
    let text = "SELECT Id, Name, HG_Insights__HG_Match_Status__c, From Account LIMIT 10";
    let shown = "HG_Insights__HG_Match_Status__c, From Account LIMIT 10";
    let expected = format!("\n{shown}\n{}^\nERROR at Row:1:Column:50\nunexpected token: 'From'", " ".repeat(32));
    assert_eq!(bad(text, OLD).render(text), expected);
    let text = "SELECT Id FROM Account SET OPTIONS (honorEmptyStrings = true) LIMIT 1";
    let shown = "OPTIONS (honorEmptyStrings = true) LIMIT 1";
    let expected = format!("\n{shown}\n{}^\nERROR at Row:1:Column:62\nunexpected token: 'LIMIT'", " ".repeat(34));
    assert_eq!(bad(text, NEW).render(text), expected);
    let text = "SELECT Id FROM ContentVersion WHERE ContentDocumentId = '''";
    assert!(bad(text, NEW).render(text).ends_with("^\nERROR at Row:1:Column:58\nunexpected token: '''"));
}

/// SET OPTIONS is the last clause of a root query, from v68.0 on.
#[test]
fn set_options() {
    for tail in ["(honorEmptyStrings = true)", "(dataspace = 'default', explicitNamespace=FALSE)"] {
        assert!(soql::parse(&format!("SELECT Id FROM Account a LIMIT 1 SET OPTIONS {tail}"), NEW).is_ok());
        assert!(soql::parse(&format!("SELECT Id FROM Account LIMIT 1 SET OPTIONS {tail}"), OLD).is_err());
    }
    for tail in ["", "()", "(honorEmptyStrings)", "(honorEmptyStrings = 1)", "(dataspace = true)", "(other = true)", "(dataspace = 'a'"] {
        assert!(soql::parse(&format!("SELECT Id FROM Account SET OPTIONS {tail}"), NEW).is_err(), "{tail}");
    }
    let child = "SELECT Id, (SELECT Id FROM Contacts SET OPTIONS (honorEmptyStrings = true)) FROM Account";
    assert!(soql::parse(child, NEW).is_err());
    // Elsewhere SET is a name like others.
    assert!(soql::parse("SELECT set.Id FROM Account set", NEW).is_ok());
}

/// query-025, query-026, query-027: the column of the sentence is repeated, and the caret one place further left.
#[test]
fn stray_characters() {
    let text = "SELECT Id FROM Account WHERE Name = \"Acme\"";
    let expected = format!(
        "\nSELECT Id FROM Account WHERE Name = \"Acme\"\n{}^\nERROR at Row:1:Column:36\nline 1:36 no viable alternative at character '\"'",
        " ".repeat(35)
    );
    assert_eq!(bad(text, OLD).render(text), expected);
    let text = "SELECT Id from $casecomment WHERE isdeleted = false";
    assert_eq!(told(text, OLD), "1:15 line 1:15 no viable alternative at character '$'");
    assert_eq!(told(text, NEW), "1:15 line 1:15 unexpected token: '$'");
    // What comes first is told first.
    assert_eq!(told("SELECT Id FROM FROM \"", NEW), "1:15 unexpected token: 'FROM'");
}

/// query-029, query-030.
#[test]
fn date_times() {
    let text = "SELECT Id FROM Account WHERE SystemModstamp > 2020-12-12t12:12:00-25:00";
    assert_eq!(told(text, OLD), "1:67 line 1:67 mismatched character '5' expecting set '0'..'3'");
    assert_eq!(told(text, NEW), "1:47 Invalid datetime: 2020-12-12t12:12:00-25:00");
    let text = "SELECT Id FROM Account WHERE SystemModstamp > 2020-52-12t12:12:00-05:00";
    assert_eq!(told(text, OLD), "1:51 line 1:51 no viable alternative at character '5'");
    assert_eq!(told(text, NEW), "1:47 Invalid datetime: 2020-52-12t12:12:00-05:00");
    // A plus that was not encoded, as captured, and no zone at all.
    let text = "SELECT COUNT(Id) FROM et4ae5__IndividualEmailResult__c WHERE et4ae5__DateSent__c = 2020-03-17T21:04:32.000 0000";
    assert_eq!(
        bad(text, OLD).render(text),
        format!(
            "\net4ae5__DateSent__c = 2020-03-17T21:04:32.000 0000\n{}^\nERROR at Row:1:Column:106\nline 1:106 no viable alternative at \
             character ' '",
            " ".repeat(44)
        )
    );
    assert_eq!(told("SELECT Id FROM A WHERE d > 2020-01-01T00:00:00", OLD), "1:46 line 1:46 no viable alternative at character '<EOF>'");
    for good_one in ["2020-12-31T23:59:59+2359", "2020-01-01T00:00:00Z", "2020-02-30T00:00:00.000-11:30"] {
        good(&format!("SELECT Id FROM Account WHERE d = {good_one}"));
    }
    for bad_one in
        ["2020-00-01T00:00:00Z", "2020-01-32T00:00:00Z", "2020-01-01T24:00:00Z", "2020-01-01T00:60:00Z", "2020-01-01T00:00:00+0060"]
    {
        assert_eq!(bad(&format!("SELECT Id FROM A WHERE d = {bad_one}"), OLD).kind, SyntaxErrorKind::DateTime, "{bad_one}");
    }
}

/// query-031 to query-036.
#[test]
fn wording_of_both_parsers() {
    let pairs = [
        ("SELECT Id FROM Account USING everything", "unexpected token: '<EOF>'", "1:29 unexpected token: 'everything'"),
        ("SELECT Id FROM A WHERE ParentId IN ()", "1:36 unexpected token: ')'", "1:36 unexpected token: 'ParentId IN ()'"),
        ("SELECT FROM Account", "1:7 unexpected token: 'FROM'", "1:7 unexpected token: 'SELECT FROM'"),
        ("SELECT Id, companyna fr$om user", "1:27 unexpected token: user", "1:27 missing value at 'user'"),
        ("SELECT Id FROM A WHERE a=1 AND b=2 OR c=3", "1:35 unexpected token: OR", "1:35 unexpected token: 'OR'"),
        ("SELECT Id FROM A WHERE a=1 OR b=2 AND c=3", "1:34 unexpected token: AND", "1:34 unexpected token: 'AND'"),
        (
            "SELECT convertCurrency(calendar_year(convertTimezone(x))) FROM account",
            "1:52 expecting a right parentheses, found '('",
            "1:52 unexpected token: '('",
        ),
        (
            "SELECT Id FROM A WHERE Id IN (SELECT AId FROM C LIMIT 5)",
            "1:48 expecting a right parentheses, found 'LIMIT'",
            "1:48 missing value at 'LIMIT'",
        ),
        ("SELECT Id FROM A WHERE Name IS NULL", "1:28 unexpected token: 'IS'", "1:28 unexpected token: 'Name IS'"),
        ("SELECT * FROM Account", "1:7 unexpected token: '*'", "1:7 unexpected token: 'SELECT *'"),
        ("SELECT COUNT(*) FROM A", "1:13 unexpected token: '*'", "1:13 unexpected token: 'SELECT COUNT(*'"),
        ("SELECT AVG() FROM A", "1:11 unexpected token: ')'", "1:11 unexpected token: 'AVG()'"),
        ("SELECT Id FROM A LIMIT 'x'", "1:23 unexpected token: ''x''", "1:23 unexpected token: '''"),
    ];
    for (text, old, new) in pairs {
        assert_eq!((told(text, OLD).as_str(), told(text, NEW).as_str()), (old, new), "{text}");
    }
}

/// As captured: row and column of OR, and the part of its row that is shown.
#[test]
fn mixed_and_or_as_captured() {
    let text = "SELECT Id, Email, Name\nFROM Contact\nWHERE AccountId = '0014000000p6XlS' AND LastName LIKE 'test' OR email LIKE 'test'";
    let message = bad(text, OLD).render(text);
    assert!(message.starts_with("\n'0014000000p6XlS' AND LastName LIKE 'test' OR email LIKE 'test'\n"), "{message}");
    assert!(message.ends_with("^\nERROR at Row:3:Column:61\nunexpected token: OR"), "{message}");
}

/// query-038; a field on the right side gets the same answer.
#[test]
fn bind_variables() {
    for tail in ["Name = :x", "Id IN :ids", "Id IN (:a, :b)", "m INCLUDES (:a)", "Name = Account.Name", "Name LIKE :x", "m EXCLUDES :a"] {
        let text = format!("SELECT Id FROM Account WHERE {tail}");
        for quirks in [OLD, NEW] {
            let error = bad(&text, quirks);
            assert_eq!((error.message.as_str(), error.with_context), ("Bind variables only allowed in Apex code", true), "{tail}");
        }
    }
    assert_eq!(told("SELECT Id FROM Account LIMIT :n", NEW), "1:30 Bind variables only allowed in Apex code");
}

#[test]
fn strings() {
    let text = r"SELECT Id FROM Account WHERE Name = 'a\qb'";
    assert_eq!(told(text, OLD), "1:39 line 1:39 no viable alternative at character 'q'");
    assert_eq!(told(text, NEW), "1:40 Invalid Escape Character");
    for tail in [r"= 'a\%b'", r"IN ('\_')", r"= '\u00g1'", r"LIKE '\uD83D'", r"LIKE 'a\ '"] {
        assert_eq!(bad(&format!("SELECT Id FROM A WHERE Name {tail}"), NEW).kind, SyntaxErrorKind::Escape, "{tail}");
    }
    let text = "SELECT Id FROM A WHERE Name = 'O'Brien'";
    assert_eq!(told(text, NEW), "1:33 unexpected token: 'Brien'");
    let text = "SELECT Id FROM A WHERE Name = 'abc";
    assert_eq!(told(text, OLD), "1:34 line 1:34 mismatched character '<EOF>' expecting '''");
    assert_eq!(told(text, NEW), "1:34 unexpected token: '<EOF>'");
    let text = "SELECT Id FROM A WHERE Name = 'a\nb'";
    assert_eq!(told(text, OLD), r"1:32 line 1:32 mismatched character '\n' expecting '''");
}

#[test]
fn like_null() {
    let text = "SELECT Id FROM A WHERE Name LIKE NULL";
    assert_eq!(told(text, NEW), "1:33 unexpected token: 'NULL'");
    assert!(soql::parse(text, OLD).is_ok());
}

#[test]
fn depth_is_bounded() {
    let nested = |n: usize| format!("SELECT Id FROM A WHERE {}a = 1{}", "(".repeat(n), ")".repeat(n));
    good(&nested(64));
    let text = nested(65);
    let error = bad(&text, NEW);
    assert_eq!((error.kind, error.code(), error.with_context), (SyntaxErrorKind::TooDeep, "QUERY_TOO_COMPLICATED", false));
    assert_eq!(bad(&nested(40_000), OLD).kind, SyntaxErrorKind::TooDeep);
    assert_eq!(bad(&"SELECT Id, (".repeat(8_000), NEW).kind, SyntaxErrorKind::TooDeep);
    assert_eq!(bad(&format!("SELECT {}", "a(".repeat(40_000)), NEW).kind, SyntaxErrorKind::Unexpected);
    assert_eq!(bad(&format!("SELECT Id FROM A WHERE {}", "NOT ".repeat(20_000)), NEW).kind, SyntaxErrorKind::Unexpected);
}

#[test]
fn refused_for_either_parser() {
    let texts = "
        SELECT Id
        SELECT Id FROM
        SELECT Id, FROM Account
        SELECT FROM Account
        SELECT DISTINCT Id Name FROM Account
        SELECT Limit FROM Account
        SELECT Select FROM Account
        SELECT COUNT(), Name FROM Account
        SELECT Name, COUNT() FROM Account
        SELECT COUNT() n FROM Account
        SELECT COUNT(Id) AS n FROM Account
        SELECT Account. FROM Contact
        SELECT a.b(Id) FROM Contact
        SELECT FIELDS() FROM Account
        SELECT FIELDS(SOME) FROM Account
        SELECT Id, () FROM Account
        SELECT Id, (SELECT Id) FROM Account
        SELECT Id, (SELECT Id FROM Contacts FROM Account
        SELECT Id, (SELECT Id FROM Contacts USING SCOPE mine) FROM Account
        SELECT Id, (SELECT Id FROM Contacts WITH USER_MODE) FROM Account
        SELECT Id (SELECT Id FROM Contacts) FROM Account
        SELECT TYPEOF What WHEN Account THEN Id FROM Task
        SELECT TYPEOF What WHEN Account Id END FROM Task
        SELECT TYPEOF What WHEN Account THEN FORMAT(Id) END FROM Task
        SELECT GEOLOCATION(1, 2) FROM Account
        SELECT DISTANCE(a, b) FROM Account
        SELECT DISTANCE(a, GEOLOCATION(1), 'mi') FROM Account
        SELECT DISTANCE(GEOLOCATION(1, 2), a, 'mi') FROM Account
        SELECT MAX(5) FROM Account
        SELECT MAX(a, b) FROM Account
        SELECT Id FROM Account;
        SELECT Id FROM Account -- c
        SELECT Id FROM Account // c
        SELECT /* c */ Id FROM Account
        SELECT Id FROM Account JOIN Contact
        SELECT Id FROM Account UNION SELECT Id FROM Contact
        SELECT Id FROM Account WHERE
        SELECT Id FROM Account WHERE Name
        SELECT Id FROM Account WHERE Name ==
        SELECT Id FROM Account WHERE Name == 'a'
        SELECT Id FROM Account WHERE 5 = 5
        SELECT Id FROM Account WHERE TRUE
        SELECT Id FROM Account WHERE 'a' = Name
        SELECT Id FROM Account WHERE Name = 'a' AND
        SELECT Id FROM Account WHERE Name = 'a' AND NOT Name = 'b'
        SELECT Id FROM Account WHERE NOT Name = 'a' AND Name = 'b'
        SELECT Id FROM Account WHERE NOT NOT Name = 'a'
        SELECT Id FROM Account WHERE (Name = 'a'
        SELECT Id FROM Account WHERE (a = 1 OR b = 2 AND c = 3)
        SELECT Id FROM Account WHERE Name NOT LIKE 'a'
        SELECT Id FROM Account WHERE Name BETWEEN 1 AND 2
        SELECT Id FROM Account WHERE Name IN 'a'
        SELECT Id FROM Account WHERE Name IN ('a',)
        SELECT Id FROM Account WHERE Name IN ('a'
        SELECT Id FROM Account WHERE Name INCLUDES (5)
        SELECT Id FROM Account WHERE Name LIKE ('a')
        SELECT Id FROM Account WHERE a = 5.
        SELECT Id FROM Account WHERE a = 1e5
        SELECT Id FROM Account WHERE a = 1,000
        SELECT Id FROM Account WHERE a = 2020-01-01T00:00:00
        SELECT Id FROM Account WHERE a = LAST_N_DAYS:
        SELECT Id FROM Account WHERE a = LAST_N_DAYS:1.5
        SELECT Id FROM Account WHERE a = MAX(b)
        SELECT Id FROM Account WHERE a + b > 3
        SELECT Id FROM Account WHERE Id IN (SELECT Id, Name FROM Contact)
        SELECT Id FROM Account WHERE Id IN (SELECT Id FROM Contact ORDER BY Id)
        SELECT Id FROM Account WHERE Id IN (SELECT Id FROM Contact, Lead)
        SELECT Id FROM Account USING SCOPE
        SELECT Id FROM Account WITH
        SELECT Id FROM Account WITH SOMETHING
        SELECT Id FROM Account WITH DATA CATEGORY a NEAR b
        SELECT Id FROM Account WITH DATA CATEGORY a AT b OR c AT d
        SELECT Id FROM Account GROUP Name
        SELECT Id FROM Account GROUP BY
        SELECT Id FROM Account GROUP BY ROLLUP Name
        SELECT Id FROM Account GROUP BY ROLLUP(a), b
        SELECT Id FROM Account GROUP BY DISTANCE(a, b, 'mi')
        SELECT Id FROM Account HAVING COUNT(Id) > 1
        SELECT Id FROM Account GROUP BY Id HAVING Id IN (SELECT Id FROM Contact)
        SELECT Id FROM Account ORDER BY
        SELECT Id FROM Account ORDER BY Name NULLS
        SELECT Id FROM Account ORDER BY Name NULLS LAST DESC
        SELECT Id FROM Account LIMIT
        SELECT Id FROM Account LIMIT x
        SELECT Id FROM Account LIMIT 1.5
        SELECT Id FROM Account LIMIT 5, 10
        SELECT Id FROM Account OFFSET 5 LIMIT 1
        SELECT Id FROM Account FOR
        SELECT Id FROM Account FOR UPDATE
        SELECT Id FROM Account FOR VIEW FOR REFERENCE
        SELECT Id FROM Account ALL ROWS
        SELECT Id FROM Account WHERE a = 1 ALL ROWS
        SELECT Id FROM Account UPDATE
        SELECT Id FROM Account UPDATE FOO
        SELECT Id FROM [Account]
        ";
    for text in texts.lines().map(str::trim).filter(|t| !t.is_empty()) {
        for quirks in [OLD, NEW] {
            assert!(soql::parse(text, quirks).is_err(), "{text} parses with {quirks:?}");
        }
    }
}
