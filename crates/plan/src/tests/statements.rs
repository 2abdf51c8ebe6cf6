use super::Org;
use crate::write::{self, Lock};
use crate::{Node, OutKind, Output, ParentKind, ddl, record_shape};
use orglet_base::{CellKind, Dialect, OwnedCell, Param};

#[test]
fn records_join_parents_and_fold_text() {
    let plan =
        Org::new().records("SELECT Id, Account.Name, Account.Owner.Name FROM Contact WHERE Account.Name = 'x' ORDER BY LastName DESC");
    assert_eq!(
        &*plan.page(2000).sql,
        "SELECT t0.\"Id\", t1.\"Id\", t1.\"Name\", t2.\"Id\", t2.\"Name\" FROM \"Contact\" AS t0 \
         LEFT JOIN \"Account\" AS t1 ON t1.\"Id\" = t0.\"AccountId\" LEFT JOIN \"User\" AS t2 ON t2.\"Id\" = t1.\"OwnerId\" \
         WHERE (t0.\"IsDeleted\" = 0) AND (t1.\"Name\" COLLATE FOLD = ?1) \
         ORDER BY t0.\"LastName\" COLLATE FOLD DESC, t0.\"Id\" DESC LIMIT ?2"
    );
    // The ids need no table that is only shown.
    assert_eq!(
        &*plan.ids().sql,
        "SELECT t0.\"Id\" FROM \"Contact\" AS t0 LEFT JOIN \"Account\" AS t1 ON t1.\"Id\" = t0.\"AccountId\" \
         WHERE (t0.\"IsDeleted\" = 0) AND (t1.\"Name\" COLLATE FOLD = ?1) \
         ORDER BY t0.\"LastName\" COLLATE FOLD DESC, t0.\"Id\" DESC"
    );
    let by_ids = plan.by_ids(vec!["x".into()]);
    assert!(by_ids.sql.ends_with("WHERE t0.\"Id\" IN (SELECT value FROM json_each(?1))"));
    assert_eq!(by_ids.params, [Param::Texts(vec!["x".into()])]);
    let [Node::Value { name, column: 0, .. }, Node::Parent { name: parent, object: ParentKind::Fixed(object), id_column: 1, nodes }] =
        plan.shape.as_slice()
    else {
        panic!("{:?}", plan.shape)
    };
    assert_eq!((name.as_str(), parent.as_str(), object.name.as_str(), nodes.len()), ("Id", "Account", "Account", 2));
}

#[test]
fn limits_and_pages() {
    let plan = Org::new().records("SELECT Id FROM Account LIMIT 10 OFFSET 5");
    assert_eq!(super::shown(&plan.page(2000).params[0]), "10");
    assert_eq!(super::shown(&plan.page(3).params[0]), "3");
    assert!(plan.ids().sql.ends_with(" LIMIT ?1 OFFSET ?2"));
    let all = Org { all_rows: true, ..Org::new() }.statement("SELECT Id FROM Account");
    assert_eq!(&*all.sql, "SELECT t0.\"Id\" FROM \"Account\" AS t0 ORDER BY t0.\"Id\" LIMIT ?1");
    let mine = Org::new().statement("SELECT COUNT() FROM Account USING SCOPE mine LIMIT 3");
    assert_eq!(
        &*mine.sql,
        "SELECT COUNT(*) FROM (SELECT 1 FROM \"Account\" AS t0 WHERE (t0.\"IsDeleted\" = 0) AND (t0.\"OwnerId\" = ?1) LIMIT ?2) AS n"
    );
}

#[test]
fn conditions() {
    let org = Org::new();
    for (object, condition, want) in [
        ("Account", "Site = 'a'", "t0.\"Site\" COLLATE FOLD = ?1 a"),
        ("Account", "Site != 'a'", "t0.\"Site\" COLLATE FOLD IS NOT ?1 a"),
        ("Account", "Site = ''", "t0.\"Site\" IS NULL"),
        ("Account", "Site > null", "1 = 0"),
        ("Account", "CS__c = 'Key'", "t0.\"CS__c\" = ?1 Key"),
        ("Account", "Site LIKE 'a%'", "org_like(?1, t0.\"Site\") a%"),
        (
            "Account",
            "Name LIKE 'a\\_%'",
            "t0.\"Name\" COLLATE FOLD >= ?1 AND t0.\"Name\" COLLATE FOLD < ?2 AND org_like(?3, t0.\"Name\") a,b,a\\_%",
        ),
        ("Account", "NOT Site LIKE 'a%'", "(org_like(?1, t0.\"Site\")) IS NOT TRUE a%"),
        (
            "Account",
            "Site IN ('a', null)",
            "((t0.\"Site\" COLLATE FOLD IN (SELECT value FROM json_each(?1))) OR (t0.\"Site\" IS NULL)) [a]",
        ),
        ("Account", "Site NOT IN ('a')", "(t0.\"Site\" COLLATE FOLD IN (SELECT value FROM json_each(?1))) IS NOT TRUE [a]"),
        ("Account", "Flag__c = false", "t0.\"Flag__c\" IS NOT ?1 1"),
        ("Account", "Flag__c != null", "t0.\"Flag__c\" = ?1 1"),
        ("Account", "AnnualRevenue = 12.5", "t0.\"AnnualRevenue\" = ?1 1250"),
        ("Account", "AnnualRevenue = 12.345", "1 = 0"),
        ("Account", "AnnualRevenue >= -12.345", "t0.\"AnnualRevenue\" > ?1 -1235"),
        ("Account", "AnnualRevenue < 12.345", "t0.\"AnnualRevenue\" <= ?1 1234"),
        ("Account", "AnnualRevenue IN (1, 2.5, 1.001)", "(t0.\"AnnualRevenue\" IN (SELECT value FROM json_each(?1))) [100,250]"),
        ("Account", "Id = '001000000000001'", "t0.\"Id\" = ?1 001000000000001AAA"),
        ("Account", "toLabel(Type) = 'prospect label'", "t0.\"Type\" COLLATE FOLD IN (SELECT value FROM json_each(?1)) [Prospect]"),
        (
            "Account",
            "CreatedDate = TODAY",
            "t0.\"CreatedDate\" >= ?1 AND t0.\"CreatedDate\" < ?2 2024-05-15T00:00:00.000Z,2024-05-16T00:00:00.000Z",
        ),
        ("Account", "CreatedDate <= TODAY", "t0.\"CreatedDate\" < ?1 2024-05-16T00:00:00.000Z"),
        ("Account", "CreatedDate > 2024-05-15T02:00:00+02:00", "t0.\"CreatedDate\" > ?1 2024-05-15T00:00:00.000Z"),
        ("Account", "CALENDAR_YEAR(CreatedDate) = 2024", "CAST(substr(t0.\"CreatedDate\", 1, 4) AS INTEGER) = ?1 2024"),
        ("Warehouse__c", "MSP1__c = 'BBB;AAA'", "t0.\"MSP1__c\" COLLATE FOLD = ?1 AAA;BBB"),
        (
            "Warehouse__c",
            "MSP1__c EXCLUDES ('AAA;BBB','C%')",
            "(((org_like(?1, ';' || t0.\"MSP1__c\" || ';')) AND (org_like(?2, ';' || t0.\"MSP1__c\" || ';'))) OR \
             (org_like(?3, ';' || t0.\"MSP1__c\" || ';'))) IS NOT TRUE %;AAA;%,%;BBB;%,%;C\\%;%",
        ),
        ("Warehouse__c", "Opens__c > 09:30:00Z", "t0.\"Opens__c\" > ?1 09:30:00.000Z"),
        (
            "Account",
            "Id NOT IN (SELECT AccountId FROM Opportunity WHERE IsClosed = false)",
            "(t0.\"Id\" IN (SELECT s0.\"AccountId\" FROM \"Opportunity\" AS s0 WHERE (s0.\"IsDeleted\" = 0) AND \
             (s0.\"IsClosed\" IS NOT ?1))) IS NOT TRUE 1",
        ),
        (
            "Task",
            "Who.Type = 'Contact'",
            "CASE substr(t0.\"WhoId\", 1, 3) WHEN '003' THEN 'Contact' WHEN '00Q' THEN 'Lead' END COLLATE FOLD = ?1 Contact",
        ),
    ] {
        assert_eq!(org.condition(object, condition), want, "{condition}");
    }
}

#[test]
fn days_are_those_of_the_user() {
    let org = Org { zone: jiff::tz::TimeZone::get("America/Los_Angeles").unwrap(), ..Org::new() };
    assert!(org.condition("Account", "CreatedDate = TODAY").ends_with(" 2024-05-15T07:00:00.000Z,2024-05-16T07:00:00.000Z"));
    let shifted = org.condition("Account", "HOUR_IN_DAY(convertTimezone(CreatedDate)) = 5");
    assert!(shifted.contains(
        "WHEN t0.\"CreatedDate\" >= '2024-03-10T10:00:00.000Z' THEN strftime('%Y-%m-%dT%H:%M:%fZ', t0.\"CreatedDate\", '-25200 seconds')"
    ));
}

#[test]
fn children() {
    let plan = Org::new().records(
        "SELECT Name, (SELECT LastName FROM Account.contacts WHERE FirstName = 'a' OR Title = 'b' ORDER BY LastName LIMIT 2) FROM Account",
    );
    assert_eq!(plan.children.len(), 1);
    assert_eq!(plan.children[0].name, "Contacts");
    assert!(matches!(&plan.shape[1], Node::Child { name, child: 0 } if name == "Contacts"));
    let statement = plan.children[0].for_parents(&["a".into(), "b".into()]);
    assert_eq!(
        &*statement.sql,
        "SELECT n.c0, n.c1, n.p FROM (SELECT t0.\"Id\" AS c0, t0.\"LastName\" AS c1, t0.\"AccountId\" AS p, \
         ROW_NUMBER() OVER (PARTITION BY t0.\"AccountId\" ORDER BY t0.\"LastName\" COLLATE FOLD, t0.\"Id\") AS r FROM \"Contact\" AS t0 \
         WHERE t0.\"AccountId\" IN (SELECT value FROM json_each(?1)) AND ((t0.\"IsDeleted\" = 0) AND \
         ((t0.\"FirstName\" COLLATE FOLD = ?2) OR (t0.\"Title\" COLLATE FOLD = ?3)))) AS n WHERE n.r > ?4 AND n.r <= ?5 ORDER BY n.p, n.r"
    );
    let all = Org { all_rows: true, ..Org::new() };
    let plan = all.records("SELECT Id, (SELECT Id FROM Contacts WHERE FirstName = 'a' OR Title = 'b') FROM Account");
    assert!(plan.children[0].for_parents(&[]).sql.contains(
        "IN (SELECT value FROM json_each(?1)) AND ((t0.\"FirstName\" COLLATE FOLD = ?2) OR (t0.\"Title\" COLLATE FOLD = ?3)) ORDER BY"
    ));
}

#[test]
fn aggregates() {
    let org = Org::new();
    let Output::Aggregate(plan) = org
        .plan("SELECT Name, MAX(Amount), MIN(Amount) min, SUM(Amount), AVG(Amount) FROM Opportunity GROUP BY Name HAVING AVG(Amount) > 1.5")
        .output
    else {
        panic!()
    };
    assert_eq!(plan.shape.iter().map(Node::name).collect::<Vec<_>>(), ["Name", "expr0", "min", "expr1", "expr2"]);
    assert!(matches!(&plan.shape[3], Node::Value { kind: OutKind::DecimalText, .. }));
    assert_eq!(
        &*plan.statement(2001).sql,
        "SELECT MIN(s.g0), MAX(s.a0), MIN(s.a0), org_sum(s.a0, 2), org_avg(s.a0, 2) FROM (SELECT t0.\"Name\" AS g0, t0.\"Amount\" AS a0 \
         FROM \"Opportunity\" AS t0 WHERE t0.\"IsDeleted\" = 0) AS s GROUP BY s.g0 COLLATE FOLD HAVING SUM(s.a0) > ?1 * COUNT(s.a0) \
         ORDER BY s.g0 COLLATE FOLD LIMIT ?2"
    );
    let rollup = org.statement("SELECT LeadSource, GROUPING(LeadSource) g, COUNT(Id) FROM Lead GROUP BY ROLLUP(LeadSource)");
    assert_eq!(
        &*rollup.sql,
        "WITH src AS (SELECT t0.\"LeadSource\" AS g0, t0.\"Id\" AS a0 FROM \"Lead\" AS t0 WHERE t0.\"IsDeleted\" = 0) \
         SELECT u.c0, u.c1, u.c2 FROM (\
         SELECT MIN(s.g0) AS c0, MIN(s.r0) AS c1, COUNT(s.a0) AS c2, MIN(s.r0) AS k0, MIN(s.g0) AS k1 \
         FROM (SELECT src.g0 AS g0, 0 AS r0, src.a0 AS a0 FROM src) AS s GROUP BY s.g0 COLLATE FOLD UNION ALL \
         SELECT MIN(s.g0) AS c0, MIN(s.r0) AS c1, COUNT(s.a0) AS c2, MIN(s.r0) AS k0, MIN(s.g0) AS k1 \
         FROM (SELECT NULL AS g0, 1 AS r0, src.a0 AS a0 FROM src) AS s GROUP BY s.g0 COLLATE FOLD) AS u \
         ORDER BY u.k0, u.k1 COLLATE FOLD LIMIT ?1"
    );
}

#[test]
fn polymorphic_parents() {
    let plan = Org::new().records("SELECT Who.Name, TYPEOF What WHEN Account THEN Phone, Owner.Name ELSE Name, Type END FROM Task");
    let [Node::Parent { object: ParentKind::ById, .. }, Node::TypeOf { name, branches, otherwise, .. }] = plan.shape.as_slice() else {
        panic!("{:?}", plan.shape)
    };
    assert_eq!((name.as_str(), branches.len(), branches[0].0.name.as_str(), otherwise.len()), ("What", 1, "Account", 2));
    let sql = &*plan.page(1).sql;
    assert!(sql.contains(
        "CASE substr(t0.\"WhoId\", 1, 3) WHEN '003' THEN (SELECT p.\"Name\" FROM \"Contact\" AS p WHERE p.\"Id\" = t0.\"WhoId\") WHEN '00Q' THEN"
    ));
    assert!(sql.contains("LEFT JOIN \"Account\" AS t1 ON t1.\"Id\" = t0.\"WhatId\""));
}

#[test]
fn compounds_and_functions() {
    let plan = Org::new().records("SELECT BillingAddress, toLabel(Type), FORMAT(AnnualRevenue) f FROM Account");
    let Node::Address { parts, .. } = &plan.shape[0] else { panic!() };
    let keys: Vec<_> = parts.iter().map(|(key, ..)| *key).collect();
    assert_eq!(keys, ["city", "country", "latitude", "longitude", "postalCode", "state", "street"]);
    assert!(matches!(&plan.shape[1], Node::Value { name, kind: OutKind::Label(_), source: Some(_), .. } if name == "Type"));
    assert!(matches!(&plan.shape[2], Node::Value { name, kind: OutKind::Formatted(..), .. } if name == "f"));
    let plan = Org::new()
        .records("SELECT Location__c, Body__c FROM Warehouse__c WHERE DISTANCE(Location__c, GEOLOCATION(37.7,-122.4), 'mi') < 20");
    assert!(matches!(plan.shape[0], Node::Location { latitude: 1, longitude: 2, .. }));
    let sql = &*plan.page(1).sql;
    assert!(sql.contains("CASE WHEN t0.\"Body__c\" IS NOT NULL THEN 1 END"));
    assert!(sql.contains(
        "org_distance(CAST(t0.\"Location__Latitude__s\" AS REAL) / 1000000.0, CAST(t0.\"Location__Longitude__s\" AS REAL) / 1000000.0, \
         CAST(?1 AS REAL), CAST(?2 AS REAL), ?3) < CAST(?4 AS REAL)"
    ));
}

#[test]
fn picklists_are_ordered_by_their_definition() {
    let s = Org::new().statement("SELECT Id FROM Opportunity ORDER BY StageName NULLS LAST");
    assert!(s.sql.contains(
        "ORDER BY CASE WHEN t0.\"StageName\" IS NULL THEN NULL ELSE COALESCE((SELECT j.key FROM json_each(?1) AS j \
         WHERE j.value = t0.\"StageName\" COLLATE FOLD), 3) END NULLS LAST, t0.\"StageName\" COLLATE FOLD NULLS LAST, t0.\"Id\""
    ));
}

#[test]
fn virtual_objects_say_what_they_need() {
    let org = Org::new();
    let plan =
        org.plan("SELECT Id FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Account' AND QualifiedApiName IN ('A','B')");
    let needs: Vec<_> = plan.virtuals.iter().map(|v| (v.object.name.as_str(), v.filters.clone())).collect();
    let list = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        needs,
        [
            (
                "FieldDefinition",
                vec![
                    ("EntityDefinition.QualifiedApiName".to_owned(), list(&["Account"])),
                    ("QualifiedApiName".to_owned(), list(&["A", "B"]))
                ]
            ),
            ("EntityDefinition", vec![("QualifiedApiName".to_owned(), list(&["Account"]))]),
        ]
    );
    assert!(plan.tables.is_empty());
    assert!(org.try_plan("SELECT Id FROM FieldDefinition WHERE EntityDefinitionId = 'Account'").is_ok());
}

#[test]
fn tables_and_indexes() {
    let org = Org::new();
    let account = org.catalog.object("Account").unwrap();
    let all: Vec<String> = ddl::create_table(account, Dialect::Sqlite).iter().map(|s| s.sql.to_string()).collect();
    assert!(all[0].starts_with(
        "CREATE TABLE IF NOT EXISTS \"Account\" (\"Id\" TEXT PRIMARY KEY NOT NULL, \"IsDeleted\" INTEGER DEFAULT 0, \"Name\" TEXT"
    ));
    assert!(!all[0].contains("\"BillingAddress\""));
    for want in [
        "CREATE INDEX IF NOT EXISTS \"ix_Account_Name\" ON \"Account\" (\"Name\" COLLATE FOLD, \"Id\")",
        "CREATE UNIQUE INDEX IF NOT EXISTS \"ix_Account_CS__c\" ON \"Account\" (\"CS__c\") WHERE \"IsDeleted\" = 0 AND \"CS__c\" IS NOT NULL",
        "CREATE UNIQUE INDEX IF NOT EXISTS \"ix_Account_Ext__c\" ON \"Account\" (\"Ext__c\" COLLATE FOLD) WHERE \"IsDeleted\" = 0 AND \"Ext__c\" IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS \"ix_Account_ParentId\" ON \"Account\" (\"ParentId\", \"Id\") WHERE \"ParentId\" IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS \"ix_Account_SystemModstamp\" ON \"Account\" (\"SystemModstamp\", \"Id\")",
    ] {
        assert!(all.iter().any(|s| s == want), "{want}\n{all:#?}");
    }
    assert!(ddl::create_table(org.catalog.object("EntityDefinition").unwrap(), Dialect::Sqlite).is_empty());
    let drop = ddl::drop_column(account, account.field("Ext__c").unwrap(), Dialect::Sqlite);
    assert_eq!(&*drop[0].sql, "DROP INDEX IF EXISTS \"ix_Account_Ext__c\"");
    assert_eq!(&*drop[1].sql, "ALTER TABLE \"Account\" DROP COLUMN \"Ext__c\"");
}

#[test]
fn writes() {
    let org = Org::new();
    let account = org.catalog.object("Account").unwrap();
    let field = |name: &str| account.field(name).unwrap();
    let text = |t: &str| OwnedCell::Text(t.to_owned());
    let s = write::insert(account, &[field("Id"), field("Name")], vec![text("2"), OwnedCell::Null], Dialect::Sqlite);
    assert_eq!(&*s.sql, "INSERT INTO \"Account\" (\"Id\", \"Name\") VALUES (?1, ?2)");
    assert_eq!(s.params, [Param::Of(CellKind::Id, text("2")), Param::Of(CellKind::Text, OwnedCell::Null)]);
    let s = write::update(account, &[field("Name")], vec![text("b")], "1", Dialect::Sqlite);
    assert_eq!(&*s.sql, "UPDATE \"Account\" SET \"Name\" = ?1 WHERE \"Id\" = ?2");
    let s = write::select_where_eq(account, &[field("Id")], vec![(field("Ext__c"), text("x"))], true, None, Dialect::Sqlite);
    assert_eq!(&*s.sql, "SELECT \"Id\" FROM \"Account\" WHERE \"Ext__c\" COLLATE FOLD = ?1 AND \"IsDeleted\" = 0");
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let s = write::select_where_eq(account, &[field("Id")], vec![(field("Ext__c"), text("x"))], true, Some(2), dialect);
        assert!(s.sql.contains(" ORDER BY \"Id\" LIMIT "), "{}", s.sql);
        assert_eq!(s.params.last(), Some(&Param::Cell(OwnedCell::Int(2))));
    }
    let s = write::select_in(account, &[field("Name")], &["1".to_owned(), "2".to_owned()], Lock::None, Dialect::Postgres);
    assert!(s.sql.ends_with(" WHERE \"Id\" = ANY($1) ORDER BY \"Id\""), "{}", s.sql);
    assert_eq!(s.params, [Param::Texts(vec!["1".to_owned(), "2".to_owned()])]);
    let (columns, nodes) = record_shape(account, &[field("Name"), field("BillingAddress"), field("Id"), field("BillingCity")]);
    assert_eq!(columns[0].name, "Id");
    assert_eq!(nodes.iter().map(Node::name).collect::<Vec<_>>(), ["Name", "BillingAddress", "Id", "BillingCity"]);
    let city = columns.iter().position(|c| c.name == "BillingCity").unwrap();
    assert!(matches!(&nodes[1], Node::Address { parts, .. } if parts[0].1 == city));
    assert!(matches!(&nodes[3], Node::Value { column, .. } if *column == city));
}

#[test]
fn long_chains_stay_shallow() {
    let chain = vec!["Site = 'a'"; 3000].join(" OR ");
    let sql = Org::new().statement(&format!("SELECT COUNT() FROM Account WHERE {chain}")).sql;
    assert!(sql.contains("(((t0.\"Site\" COLLATE FOLD = ?1) OR (t0.\"Site\" COLLATE FOLD = ?2)"));
    assert!(!sql.contains(&"(".repeat(9)));
}
