//! WHERE, HAVING and literals.

mod common;

use common::{NEW, OLD, filter, good, shown};
use orglet_syntax::ast::*;
use orglet_syntax::soql;

/// A condition with its structure made plain.
fn outline(condition: &Condition) -> String {
    let all = |list: &[Condition], word: &str| list.iter().map(outline).collect::<Vec<_>>().join(word);
    match condition {
        Condition::And(list) => all(list, " & "),
        Condition::Or(list) => all(list, " | "),
        Condition::Not(inner, _) => format!("!{}", outline(inner)),
        Condition::Group(inner) => format!("({})", outline(inner)),
        Condition::Compare { left, op, .. } => format!("{} {op:?}", shown(left)),
        Condition::In { left, negated, set, .. } => {
            let set = match set {
                InSet::Literals(list) => list.len().to_string(),
                InSet::Query(query) => format!("query of {}", query.from[0].path.segments[0].text),
            };
            format!("{} {} {set}", shown(left), if *negated { "NotIn" } else { "In" })
        }
        Condition::Includes { left, negated, values, .. } => {
            let values: Vec<_> = values.iter().map(|(v, _)| v.as_str()).collect();
            format!("{} {} {}", shown(left), if *negated { "Excludes" } else { "Includes" }, values.join(","))
        }
    }
}

fn value(text: &str) -> Literal {
    match filter(&format!("f = {text}")) {
        Condition::Compare { right, .. } => right,
        other => panic!("{other:?}"),
    }
}

#[test]
fn structure() {
    assert_eq!(outline(&filter("a = 1 AND b != 2 and c <> 3")), "a Eq & b Ne & c Ne");
    assert_eq!(outline(&filter("a < 1 OR (b <= 2 AND (NOT c >= 3)) OR d > 4")), "a Lt | (b Le & (!c Ge)) | d Gt");
    assert_eq!(outline(&filter("NOT a LIKE 'x%'")), "!a Like");
    assert_eq!(outline(&filter("NOT(a.b.c = null OR CALENDAR_YEAR(d) = 2020)")), "!(a.b.c Eq | CALENDAR_YEAR(d) Eq)");
}

#[test]
fn sets() {
    assert_eq!(outline(&filter("a IN ('x', 'y') AND b NOT IN (1, 2, 3)")), "a In 2 & b NotIn 3");
    assert_eq!(outline(&filter("m INCLUDES ('a;b','c')")), "m Includes a;b,c");
    assert_eq!(outline(&filter("m EXCLUDES ('a')")), "m Excludes a");
    assert_eq!(outline(&filter("Id IN (SELECT AccountId FROM Contact c WHERE c.Name LIKE 'a%')")), "Id In query of Contact");
    assert_eq!(outline(&filter("Id NOT IN(SELECT COUNT(AccountId) FROM Contact)")), "Id NotIn query of Contact");
}

#[test]
fn places_of_operators_and_values() {
    let Condition::Compare { op_span, right_span, .. } = filter("a >= -5") else { panic!() };
    let offset = "SELECT Id FROM Account WHERE ".len() as u32;
    assert_eq!(op_span, Span { start: offset + 2, end: offset + 4 });
    assert_eq!(right_span, Span { start: offset + 5, end: offset + 7 });
}

#[test]
fn literals() {
    assert_eq!(value("-12.50"), Literal::Number("-12.50".into()));
    assert_eq!(value("+.5"), Literal::Number(".5".into()));
    assert_eq!(value("USD5000"), Literal::Currency("USD".into(), "5000".into()));
    assert_eq!(value("EUR9000.50"), Literal::Currency("EUR".into(), "9000.50".into()));
    assert_eq!(value("2020-13-45"), Literal::Date("2020-13-45".into()));
    assert_eq!(value("2020-01-02T03:04:05.678+0100"), Literal::DateTime("2020-01-02T03:04:05.678+0100".into()));
    assert_eq!(value("10:20:30.5Z"), Literal::Time("10:20:30.5Z".into()));
    assert_eq!((value("TRUE"), value("false"), value("Null")), (Literal::Bool(true), Literal::Bool(false), Literal::Null));
    assert_eq!(value("today"), Literal::DateLiteral("today".into(), None));
    assert_eq!(value("LAST_N_DAYS: 30"), Literal::DateLiteral("LAST_N_DAYS".into(), Some(30)));
    assert_eq!(value("N_DAYS_AGO:99999999999999999999"), Literal::DateLiteral("N_DAYS_AGO".into(), Some(u64::MAX)));
}

#[test]
fn signed_currency_came_with_the_newer_parser() {
    let text = "SELECT Id FROM Opportunity WHERE Amount < USD-500.5";
    assert!(soql::parse(text, OLD).is_err());
    let Ok(query) = soql::parse(text, NEW) else { panic!() };
    let Some(Condition::Compare { right, .. }) = query.filter else { panic!() };
    assert_eq!(right, Literal::Currency("USD".into(), "-500.5".into()));
}

#[test]
fn strings() {
    let string = |raw: &str| match value(raw) {
        Literal::String { text, .. } => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(string("''"), "");
    assert_eq!(string(r"'it\'s \\ \u00e9 \t'"), "it's \\ é \t");
    assert_eq!(string("'naïve 😀'"), "naïve 😀");
    let Condition::Compare { right, .. } = filter(r"f LIKE '50\%_'") else { panic!() };
    assert_eq!(right, Literal::String { text: "50%_".into(), like: Some(r"50\%_".into()), like_only_escape: true });
}

#[test]
fn having_is_a_condition_too() {
    let query = good("SELECT Name FROM Account GROUP BY Name HAVING COUNT(Id) > 1 AND (NOT Name IN ('a'))");
    assert_eq!(query.having.as_ref().map(outline).as_deref(), Some("COUNT(Id) Gt & (!Name In 1)"));
}
