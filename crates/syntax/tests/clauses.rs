//! SELECT, FROM and the clauses after them.

mod common;

use common::{good, item, shown};
use orglet_syntax::ast::*;

fn items(text: &str) -> Vec<String> {
    good(text).select.iter().map(item).collect()
}

fn from(text: &str) -> Vec<(String, Option<String>)> {
    good(text).from.into_iter().map(|f| (shown(&Expr::Path(f.path)), f.alias.map(|a| a.text))).collect()
}

#[test]
fn fields_paths_calls_and_aliases() {
    assert_eq!(
        items("select Id, Account.Owner.Name, COUNT(Id) n, CALENDAR_YEAR(convertTimezone(CreatedDate)) FROM Contact"),
        ["Id", "Account.Owner.Name", "COUNT(Id) n", "CALENDAR_YEAR(convertTimezone(CreatedDate))"]
    );
    assert_eq!(items("SELECT COUNT(Id)cnt,Name FROM Lead"), ["COUNT(Id) cnt", "Name"]);
}

#[test]
fn count_alone() {
    let text = "SELECT count() FROM Account WHERE Name = 'a' LIMIT 3";
    assert_eq!(good(text).select, [SelectItem::Count(Span { start: 7, end: 14 })]);
}

#[test]
fn keywords_as_names() {
    assert_eq!(from("SELECT Id FROM Order"), [("Order".into(), None)]);
    assert_eq!(from("SELECT Id FROM Group ORDER BY Id"), [("Group".into(), None)]);
    assert_eq!(from("SELECT Id FROM Case c LIMIT 1"), [("Case".into(), Some("c".into()))]);
    assert_eq!(from("SELECT Id FROM Order GROUP BY Id"), [("Order".into(), None)]);
    assert_eq!(from("SELECT Id FROM Account OFFSET 5"), [("Account".into(), None)]);
    let words = "End, Data, View, Reference, Scope, When, Then, Typeof, Fields, Count, Order, Group, Category, At, Offset, Distance";
    assert_eq!(items(&format!("SELECT {words} FROM Account")).join(", "), words);
    assert_eq!(good("SELECT Id FROM Account ORDER BY Order, Group.Id DESC").order_by.len(), 2);
    assert_eq!(good("SELECT Id FROM Account WHERE Order = 1 AND Offset > 2").order_by.len(), 0);
}

#[test]
fn from_aliases() {
    assert_eq!(
        from("SELECT c.Id, a.Name FROM Contact c, c.Account AS a"),
        [("Contact".into(), Some("c".into())), ("c.Account".into(), Some("a".into()))]
    );
}

#[test]
fn child_queries() {
    let text =
        "SELECT Name, (SELECT Id, (SELECT Id FROM Cases) FROM Account.Contacts c WHERE Id != null ORDER BY Id LIMIT 2) kids FROM Account";
    let query = good(text);
    let SelectItem::Child(child, Some(alias)) = &query.select[1] else { panic!("{query:?}") };
    assert_eq!(alias.text, "kids");
    assert_eq!(child.from[0].path.segments.len(), 2);
    assert_eq!(child.limit.map(|l| l.value), Some(2));
    assert!(matches!(&child.select[1], SelectItem::Child(_, None)));
    let Span { start, end } = child.span;
    assert!(text[start as usize..].starts_with("SELECT Id, (") && text[..end as usize].ends_with("LIMIT 2"));
    assert_eq!(query.span, Span { start: 0, end: text.len() as u32 });
}

#[test]
fn type_of() {
    let query = good("SELECT Id, TYPEOF What WHEN Account THEN Phone, Owner.Name WHEN Case THEN Id ELSE Name, Email END FROM Event");
    let SelectItem::TypeOf { path, when, otherwise, .. } = &query.select[1] else { panic!("{query:?}") };
    assert_eq!(path.segments[0].text, "What");
    assert_eq!(when.iter().map(|(t, f)| (t.text.as_str(), f.len())).collect::<Vec<_>>(), [("Account", 2), ("Case", 1)]);
    assert_eq!(otherwise.len(), 2);
    assert_eq!(items("SELECT TYPEOF t, Id FROM Account"), ["TYPEOF t", "Id"]);
}

#[test]
fn field_sets() {
    let query = good("SELECT FIELDS(ALL), fields ( standard ), FIELDS(Custom) FROM Account LIMIT 200");
    let sets: Vec<_> = query.select.iter().map(|i| if let SelectItem::Fields(set, _) = i { Some(*set) } else { None }).collect();
    assert_eq!(sets, [Some(FieldSet::All), Some(FieldSet::Standard), Some(FieldSet::Custom)]);
}

#[test]
fn distance() {
    let query = good("SELECT DISTANCE(Loc__c, GEOLOCATION(37.5, -122), 'mi') d FROM A__c ORDER BY DISTANCE(Loc__c, Other__c, 'km') DESC");
    let SelectItem::Expr { expr: Expr::Call(call), .. } = &query.select[0] else { panic!("{query:?}") };
    assert_eq!(call.args.len(), 3);
    let Arg::Expr(Expr::Call(place)) = &call.args[1] else { panic!("{call:?}") };
    let numbers: Vec<_> = place.args.iter().map(|a| if let Arg::Literal(l, _) = a { Some(l.clone()) } else { None }).collect();
    assert_eq!(numbers, [Some(Literal::Number("37.5".into())), Some(Literal::Number("-122".into()))]);
    assert!(matches!(&call.args[2], Arg::Literal(Literal::String { text, .. }, _) if text == "mi"));
}

#[test]
fn all_clauses_in_order() {
    let query = good(
        "SELECT Name FROM Account a USING SCOPE mine WHERE Name != null WITH SECURITY_ENFORCED \
         GROUP BY Name, CALENDAR_YEAR(CreatedDate) HAVING COUNT(Id) > 1 ORDER BY Name ASC NULLS LAST, COUNT(Id) DESC NULLS FIRST, Id \
         LIMIT 10 OFFSET +5 FOR REFERENCE UPDATE tracking, VIEWSTAT",
    );
    assert_eq!(query.scope.as_ref().map(|s| s.text.as_str()), Some("mine"));
    assert!(matches!(&query.with[..], [With::Mode(m)] if m.text == "SECURITY_ENFORCED"));
    assert_eq!(query.group_by.as_ref().map(|g| (g.kind, g.items.len())), Some((GroupKind::Plain, 2)));
    assert!(query.having.is_some());
    let order: Vec<_> = query.order_by.iter().map(|o| (o.descending, o.nulls_first)).collect();
    assert_eq!(order, [(false, Some(false)), (true, Some(true)), (false, None)]);
    assert_eq!((query.limit.map(|l| l.value), query.offset.map(|l| l.value)), (Some(10), Some(5)));
    assert_eq!(query.for_clause.map(|f| f.0), Some(ForClause::Reference));
    assert_eq!(query.update.len(), 2);
}

#[test]
fn rollup_and_cube() {
    let kind = |text: &str| good(text).group_by.map(|g| (g.kind, g.items.len()));
    assert_eq!(kind("SELECT Type FROM Account GROUP BY rollup(Type, Name)"), Some((GroupKind::Rollup, 2)));
    assert_eq!(kind("SELECT Type FROM Account GROUP BY CUBE (Type)"), Some((GroupKind::Cube, 1)));
    assert_eq!(kind("SELECT Cube FROM Account GROUP BY Cube"), Some((GroupKind::Plain, 1)));
}

#[test]
fn with_clauses() {
    let query = good(
        "SELECT Id FROM KnowledgeArticleVersion WITH DATA CATEGORY Geo__c AT (usa__c, uk__c) AND Product__c ABOVE_OR_BELOW all__c WITH USER_MODE",
    );
    let With::DataCategory { filters, .. } = &query.with[0] else { panic!("{query:?}") };
    let shape: Vec<_> = filters.iter().map(|(g, s, c)| (g.text.as_str(), s.text.as_str(), c.len())).collect();
    assert_eq!(shape, [("Geo__c", "AT", 2), ("Product__c", "ABOVE_OR_BELOW", 1)]);
    assert!(matches!(&query.with[1], With::Mode(m) if m.text == "USER_MODE"));
    let query = good("SELECT Id FROM UserProfileFeed WITH UserId = '005000000000001'");
    assert!(matches!(&query.with[..], [With::Equals(n, Literal::String { .. })] if n.text == "UserId"));
    let query = good("SELECT Id FROM Account WITH RecordVisibilityContext (max=100, supportsDomains=true)");
    assert!(matches!(&query.with[..], [With::Params(_, p)] if p.len() == 2));
}

#[test]
fn white_space_is_free() {
    assert_eq!(items("\tSELECT\nId\r\n,Name\x0cFROM\n Account  "), ["Id", "Name"]);
    assert_eq!(items("SELECT Id,Name FROM Account WHERE Name='x'LIMIT 1"), ["Id", "Name"]);
}
