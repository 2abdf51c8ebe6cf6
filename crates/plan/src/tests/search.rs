//! Statements of searches.

use super::{Org, shown};
use crate::search;
use orglet_base::Dialect;

fn candidates(dialect: Dialect, sosl: &str) -> String {
    let org = Org { dialect, ..Org::new() };
    let ast = orglet_syntax::sosl::parse(sosl).expect(sosl);
    let found = org.with(sosl, |cx| search::plan(&ast, &[], &[], cx)).unwrap_or_else(|e| panic!("{sosl}: {e}"));
    match found.objects[0].candidates(10, 0) {
        Some(s) => format!("{} {}", s.sql, s.params.iter().map(shown).collect::<Vec<_>>().join(",")),
        None => "nothing".to_owned(),
    }
}

#[test]
fn candidates_hold_the_letters_of_the_words() {
    let sqlite = |sosl| candidates(Dialect::Sqlite, sosl);
    let text = "(coalesce(t0.\"Name\", '') || ' ' || coalesce(t0.\"Site\", ''))";
    for (sosl, want) in [
        (
            "FIND {Joe Sm*} IN NAME FIELDS RETURNING Account",
            format!(
                "SELECT t0.\"Id\", t0.\"Name\", t0.\"Site\" FROM \"Account\" AS t0 WHERE (t0.\"IsDeleted\" = 0) AND \
                 ((org_like(?1, {text})) AND (org_like(?2, {text}))) ORDER BY t0.\"Id\" LIMIT ?3 %joe%,%sm%%,10"
            ),
        ),
        (
            "FIND {joe AND NOT sue} IN NAME FIELDS RETURNING Account(Id WHERE Site = 'A' ORDER BY Name DESC)",
            format!(
                "SELECT t0.\"Id\", t0.\"Name\", t0.\"Site\" FROM \"Account\" AS t0 WHERE ((t0.\"IsDeleted\" = 0) AND (t0.\"Site\" COLLATE FOLD = ?1)) AND \
                 ((org_like(?2, {text}))) ORDER BY t0.\"Name\" COLLATE FOLD DESC, t0.\"Id\" DESC LIMIT ?3 A,%joe%,10"
            ),
        ),
    ] {
        assert_eq!(sqlite(sosl), want, "{sosl}");
    }
    assert_eq!(sqlite("FIND {\\&\\&} RETURNING Account"), "nothing");
    let postgres = candidates(Dialect::Postgres, "FIND {joe OR sue} IN NAME FIELDS RETURNING Account");
    assert!(
        postgres.contains("\"@\".fold((coalesce(t0.\"Name\", '') || ' ' || coalesce(t0.\"Site\", '')) COLLATE \"C\") LIKE $1) OR ("),
        "{postgres}"
    );
    // Too many words for conditions: every row is looked at.
    let many: Vec<String> = (0..40).map(|n| format!("word{n}")).collect();
    let all = sqlite(&format!("FIND {{{}}} IN NAME FIELDS RETURNING Account", many.join(" OR ")));
    assert!(!all.contains("org_like"), "{all}");
}
