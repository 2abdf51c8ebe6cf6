//! The other dialect.

use super::{Org, shown};
use crate::{ddl, write};
use orglet_base::{CellKind, Dialect, OwnedCell, Param};

fn org() -> Org {
    Org { dialect: Dialect::Postgres, ..Org::new() }
}

/// The condition of a query, with its parameters.
fn condition(object: &str, condition: &str) -> String {
    let s = org().statement(&format!("SELECT COUNT() FROM {object} WHERE {condition}"));
    let text = s.sql.split_once("(t0.\"IsDeleted\" = false) AND (").expect(&s.sql).1.to_owned();
    let params: Vec<String> = s.params.iter().map(shown).collect();
    format!("{} {}", text.strip_suffix(')').expect(&s.sql), params.join(","))
}

#[test]
fn conditions_meet_native_types() {
    for (object, asked, want) in [
        ("Account", "Site = 'A'", "\"@\".fold(t0.\"Site\" COLLATE \"C\") = $1 a"),
        ("Account", "Site LIKE 'A%\\\\'", "\"@\".fold(t0.\"Site\" COLLATE \"C\") LIKE $1 a%\\\\"),
        ("Account", "CS__c = 'Key'", "t0.\"CS__c\" = $1 Key"),
        ("Account", "Flag__c = false", "t0.\"Flag__c\" IS DISTINCT FROM $1 1"),
        ("Account", "AnnualRevenue IN (1, 2.5)", "(t0.\"AnnualRevenue\" = ANY($1)) [100,250]"),
        ("Account", "Site IN ('A', 'b')", "(\"@\".fold(t0.\"Site\" COLLATE \"C\") = ANY($1)) [a,b]"),
        (
            "Account",
            "CALENDAR_YEAR(CreatedDate) = 2024",
            "CAST(EXTRACT(YEAR FROM (t0.\"CreatedDate\" AT TIME ZONE 'UTC')) AS integer) = $1 2024",
        ),
    ] {
        assert_eq!(condition(object, asked), want, "{asked}");
    }
    let s = org().statement("SELECT COUNT() FROM Account WHERE AnnualRevenue > 1.5 AND CreatedDate = TODAY");
    assert!(matches!(s.params[0], Param::Of(CellKind::Decimal(2), OwnedCell::Int(150))), "{:?}", s.params);
    assert!(matches!(s.params[1], Param::Of(CellKind::DateTime, _)), "{:?}", s.params);
}

#[test]
fn groups_are_those_of_the_folded_text() {
    let s = org().statement("SELECT LeadSource, COUNT(Id) FROM Lead GROUP BY LeadSource ORDER BY LeadSource");
    assert!(s.sql.contains("\"@\".fold(t0.\"LeadSource\" COLLATE \"C\") AS f0"), "{}", s.sql);
    assert!(s.sql.contains(" GROUP BY s.f0 ORDER BY "), "{}", s.sql);
    assert!(s.sql.starts_with("SELECT MIN(s.g0), COUNT(s.a0) FROM "), "{}", s.sql);
    let s = org().statement("SELECT MAX(Name) FROM Account");
    assert!(s.sql.starts_with("SELECT right(MAX(\"@\".fold(s.a0 COLLATE \"C\") || chr(1) || s.a0), "), "{}", s.sql);
    let s = org().statement("SELECT LeadSource, COUNT(Id) FROM Lead GROUP BY ROLLUP(LeadSource)");
    assert!(s.sql.contains("NULLIF(src.g0, src.g0) AS g0, NULLIF(src.f0, src.f0) AS f0, 1 AS r0"), "{}", s.sql);
    let s = org().statement("SELECT AVG(Amount) FROM Opportunity GROUP BY Name HAVING AVG(Amount) > 1.555");
    assert!(s.sql.contains("\"@\".average(SUM(s.a0), COUNT(s.a0))") && s.sql.contains("HAVING SUM(s.a0) > $1 * COUNT(s.a0)"), "{}", s.sql);
    assert!(matches!(s.params[0], Param::Of(CellKind::Decimal(3), OwnedCell::Int(1555))), "{:?}", s.params);
}

#[test]
fn tables_have_types_and_expression_indexes() {
    let org = org();
    let account = org.catalog.object("Account").unwrap();
    let all: Vec<String> = ddl::create_table(account, Dialect::Postgres).iter().map(|s| s.sql.to_string()).collect();
    assert!(
        all[0].starts_with("CREATE TABLE IF NOT EXISTS \"@\".\"Account\" (\"Id\" text COLLATE \"C\" PRIMARY KEY NOT NULL, "),
        "{}",
        all[0]
    );
    for want in ["\"IsDeleted\" boolean DEFAULT false", "\"AnnualRevenue\" numeric(19, 2)", "\"CreatedDate\" timestamptz"] {
        assert!(all[0].contains(want), "{want}\n{}", all[0]);
    }
    for want in [
        "CREATE INDEX IF NOT EXISTS \"ix_Account_Name\" ON \"@\".\"Account\" ((\"@\".fold(\"Name\" COLLATE \"C\")) NULLS FIRST, \"Id\")",
        "CREATE UNIQUE INDEX IF NOT EXISTS \"ix_Account_Ext__c\" ON \"@\".\"Account\" ((\"@\".fold(\"Ext__c\" COLLATE \"C\"))) \
         WHERE \"IsDeleted\" = false AND (\"@\".fold(\"Ext__c\" COLLATE \"C\")) IS NOT NULL",
        "CREATE UNIQUE INDEX IF NOT EXISTS \"ix_Account_CS__c\" ON \"@\".\"Account\" (\"CS__c\") WHERE \"IsDeleted\" = false AND \"CS__c\" IS NOT NULL",
    ] {
        assert!(all.iter().any(|s| s == want), "{want}\n{all:#?}");
    }
    let s = write::point_read(account, &[account.field("Name").unwrap()], "1", write::Lock::Update, Dialect::Postgres);
    assert_eq!(&*s.sql, "SELECT \"Name\" FROM \"@\".\"Account\" WHERE \"Id\" = $1 FOR UPDATE");
}
