//! No program runs or grows without end, whatever it does inside of natives.

mod common;
use common::*;

/// What a block ends with.
fn end(block: &str) -> String {
    run_in(&mut Org::default(), &[], block).pop().unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

#[test]
fn natives_that_take_long_count_as_time() {
    let time = "System.LimitException: Apex CPU time limit exceeded";
    for (block, want) in [
        // Towers: each floor holds the one below twice.
        (
            "List<Object> a = new List<Object>{1}; List<Object> b = new List<Object>{1}; for (Integer i = 0; i < 45; i++) { a = new List<Object>{a, a}; b = new List<Object>{b, b}; } System.debug(a == b);",
            time,
        ),
        (
            "List<Object> a = new List<Object>{1}; for (Integer i = 0; i < 45; i++) { a = new List<Object>{a, a}; } Set<Object> s = new Set<Object>{a};",
            time,
        ),
        ("String s = 'x'.repeat(2000000); while (true) { s.hashCode(); }", time),
    ] {
        let mut org = Org::default();
        // Half a second is left.
        org.usage.spent = std::time::Duration::from_millis(9_500);
        let got = run_in(&mut org, &[], block).pop().unwrap_or_default();
        assert!(got.starts_with(want), "{block}: {got}");
    }
}

#[test]
fn what_natives_make_counts_as_heap() {
    for block in [
        "List<Object> a = new List<Object>{1}; for (Integer i = 0; i < 19; i++) { a = new List<Object>{a, a, a, a, a, a, a, a}; } System.debug(a);",
        "String s = 'x'.repeat(1000000); String t = s.replaceAll('x', s);",
        "String s = 'x'.repeat(1000000); String t = String.format('{0}'.repeat(100000), new List<Object>{s});",
        "List<Integer> big = new List<Integer>(); for (Integer i = 0; i < 20000; i++) big.add(i); List<List<Integer>> all = new List<List<Integer>>(); while (true) { all.add(big.clone()); }",
        "List<Integer> big = new List<Integer>(); for (Integer i = 0; i < 20000; i++) big.add(i); List<Object> all = new List<Object>(); while (true) { all.add(big.iterator()); }",
        "String s = 'x'.repeat(100000); Account a = new Account(); while (true) { a.addError(s); }",
        "String s = 'x'.repeat(100000); List<Blob> all = new List<Blob>(); while (true) { all.add(Blob.valueOf(s)); }",
    ] {
        let got = end(block);
        assert!(got.starts_with("System.LimitException: Apex heap size too large: "), "{block}: {got}");
    }
}

#[test]
fn savepoints_are_statements() {
    assert_eq!(end("while (true) { Database.setSavepoint(); }"), "System.LimitException: Too many DML statements: 151");
}

#[test]
fn a_list_has_each_record_once() {
    for (block, want) in [
        (
            "Account a = new Account(Name = 'x'); insert new List<Account>{a, a};",
            "System.ListException: Before Insert or Upsert list must not have two identically equal elements: Account",
        ),
        (
            "Account a = new Account(Id = '001000000000001AAA'); update new List<Account>{a, a};",
            "System.ListException: Duplicate id in list: 001000000000001AAA",
        ),
        (
            "delete new List<Account>{new Account(Id = '001000000000001AAA'), new Account(Id = '001000000000001AAA')};",
            "System.ListException: Duplicate id in list: 001000000000001AAA",
        ),
    ] {
        assert_eq!(end(block), want, "{block}");
    }
}

#[test]
fn final_variables_stay() {
    let refused = "1:22 Final variable has already been initialized: i";
    assert_eq!(end("final Integer i = 1; i = 2;"), refused);
    assert_eq!(end("final Integer i = 1; i++;"), refused);
    assert_eq!(end("final Integer i; i = 2; System.debug(i);"), "2");
    assert_eq!(end("{ final Integer i = 1; } Integer j = 1; j = 3; System.debug(j);"), "3");
}

#[test]
fn queries_that_are_texts_see_what_is_around_them() {
    let mut org = Org::default();
    let class = "public class X { static String s = 'a'; String f = 'b'; public String p { get { throw new MathException(); } }
        public static void go() { Database.query('SELECT Id FROM Account WHERE Name = :s'); }
        public void here(String f) { Database.query('SELECT Id FROM Account WHERE Name IN (:this_one, :F, :S)'); }
        String this_one = 'c'; }";
    assert_eq!(
        run_in(
            &mut org,
            &[class],
            "X.go(); new X().here('it\\'s'); Set<String> names = new Set<String>{'q'}; Database.query('SELECT Id FROM Account WHERE Name IN :names'); System.debug(Database.countQuery('SELECT COUNT() FROM Account WHERE Name IN :Names'));"
        ),
        ["0"]
    );
    assert_eq!(
        org.queries,
        [
            "SELECT Id FROM Account WHERE Name = 'a'",
            "SELECT Id FROM Account WHERE Name IN ('c', 'it\\'s', 'a')",
            "SELECT Id FROM Account WHERE Name IN ('q')",
            "SELECT COUNT() FROM Account WHERE Name IN ('q')",
        ]
    );
    let missing = end("Database.query('SELECT Id FROM Account WHERE Name = :nope');");
    assert_eq!(missing, "System.QueryException: Variable does not exist: nope");
}
