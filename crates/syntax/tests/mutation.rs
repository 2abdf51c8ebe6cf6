//! No text makes the parser panic, and its errors always render.

mod common;

use common::{NEW, OLD};
use orglet_syntax::{formula, soql, sosl};

const SEEDS: &[&str] = &[
    "SELECT Id, Account.Owner.Name, COUNT(Id) n FROM Contact c, c.Account a WHERE Name LIKE 'a\\%%' AND (NOT x IN (1, -2.5, USD5)) ORDER BY Name DESC NULLS LAST LIMIT 10 OFFSET 3 FOR VIEW UPDATE TRACKING",
    "SELECT TYPEOF What WHEN Account THEN Phone ELSE Name END, (SELECT Id FROM Kids__r WHERE d = LAST_N_DAYS:3) FROM Event USING SCOPE mine",
    "SELECT DISTANCE(a, GEOLOCATION(1.5,-2), 'mi') d FROM X WITH DATA CATEGORY g AT (b, c) AND h ABOVE i GROUP BY ROLLUP(a, b) HAVING MAX(z) > 2020-01-02T03:04:05+01:00",
    "SELECT FIELDS(ALL) FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE m INCLUDES ('a;b')) AND t = 10:20:30Z OR é = \"\u{1F600}\"",
];

const SEARCHES: &[&str] = &[
    "FIND {\"Joe Sm?th*\" AND NOT (acme OR \\{x\\}) b} IN NAME FIELDS RETURNING Lead(Name, Owner.Name WHERE Name LIKE 'a%' ORDER BY Name DESC LIMIT 5 OFFSET 2), Contact WITH METADATA = 'LABELS' LIMIT 20",
    "FIND {京都 é} RETURNING Account(format(AnnualRevenue) x USING ListView = Recent), Case WITH SNIPPET (target_length=120) WITH NETWORK IN ('a', 'b') WITH SPELL_CORRECTION = false UPDATE TRACKING, VIEWSTAT",
    "FIND {a} RETURNING FAQ__kav(Id WHERE x IN (SELECT y FROM z)) WITH DATA CATEGORY g AT (b, c) AND h ABOVE i",
];

const FORMULAS: &[&str] = &[
    "AND(NOT(ISBLANK(Amount__c)), Owner:User.Name <> \"a\\\"b\", ISCHANGED(Name) || $User.Id = '005')",
    "IF(CASE(TEXT(Rating), 'Hot', 1, 'Cold', -2.5, 0) * 3 ^ 2 >= (1 + 2) / 4, /* why */ TRUE, REGEX(Name, \"[A-Z]\\\\d\"))",
    "TODAY() - CloseDate > 30 && !ISPICKVAL(StageName, 'Closed Won') & \"\" == Account.Name",
];

const PIECES: &[&str] = &[
    "/*",
    "*/",
    "||",
    "&&",
    "ISBLANK(",
    "(",
    ")",
    ",",
    ".",
    ":",
    "'",
    "\\",
    "\\u12",
    "\n",
    "é",
    "😀",
    "\"",
    "$",
    "NOT",
    "AND",
    "SELECT",
    "FROM",
    "COUNT()",
    "TYPEOF",
    "WHEN",
    "IN (",
    "NULL",
    "2020-99-99T99:99:99Z",
    "2020-01-01",
    "USD-1",
    "-",
    "5.",
    "\0",
    "LIKE '",
    "GROUP BY",
    "WITH",
    "END",
    "<>",
    "!",
    "99999999999999999999999",
    "\r",
    "{",
    "}",
    "*",
    "?",
    "RETURNING",
];

/// A fixed sequence, so that a failure shows again.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// A seed with a few changes.
fn mutated(seed: &str, numbers: &mut Numbers) -> String {
    let mut text: Vec<char> = seed.chars().collect();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(text.len() + 1);
        match numbers.below(4) {
            0 => text.truncate(at),
            1 => {
                let end = (at + numbers.below(12)).min(text.len());
                text.drain(at..end);
            }
            2 => {
                let piece = PIECES[numbers.below(PIECES.len())];
                text.splice(at..at, piece.chars());
            }
            _ => {
                let end = (at + numbers.below(30)).min(text.len());
                let copy: Vec<char> = text[at..end].to_vec();
                text.splice(at..at, copy);
            }
        }
    }
    text.into_iter().collect()
}

#[test]
fn mutated_queries_do_not_panic() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for round in 0..20_000 {
        let text = mutated(SEEDS[round % SEEDS.len()], &mut numbers);
        for quirks in [OLD, NEW] {
            match soql::parse(&text, quirks) {
                Ok(query) => assert!(query.span.end as usize <= text.len()),
                Err(error) => assert!(error.render(&text).contains(&error.message)),
            }
        }
    }
}

#[test]
fn mutated_searches_do_not_panic() {
    let mut numbers = Numbers(7);
    for round in 0..20_000 {
        let text = mutated(SEARCHES[round % SEARCHES.len()], &mut numbers);
        if let Err(error) = sosl::parse(&text) {
            assert!(error.render(&text).contains(&error.message));
        }
    }
}

#[test]
fn pieces_strung_together_do_not_panic() {
    let mut numbers = Numbers(42);
    for _ in 0..5_000 {
        let text: String = (0..numbers.below(25)).map(|_| PIECES[numbers.below(PIECES.len())]).collect::<Vec<_>>().join(" ");
        for (lead, quirks) in [("", OLD), ("SELECT Id FROM A WHERE ", NEW), ("SELECT ", OLD)] {
            let text = format!("{lead}{text}");
            if let Err(error) = soql::parse(&text, quirks) {
                error.render(&text);
            }
            let text = format!("FIND {{{text}");
            if let Err(error) = sosl::parse(&text) {
                error.render(&text);
            }
        }
    }
}

#[test]
fn mutated_formulas_do_not_panic() {
    let mut numbers = Numbers(11);
    for round in 0..20_000 {
        let text = mutated(FORMULAS[round % FORMULAS.len()], &mut numbers);
        match formula::parse(&text) {
            Ok(expr) => assert!(expr.span.end as usize <= text.len()),
            Err(error) => assert!(!error.message.is_empty() && error.span.end as usize <= text.len()),
        }
    }
}
