//! Any text compiles or is refused; none brings the program down.

mod common;
use common::*;

/// Pieces that meet each other in every order.
const PIECES: &[&str] = &[
    "class",
    "X",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ";",
    ",",
    ".",
    "=",
    "==",
    "<",
    ">",
    ">>",
    "?",
    ":",
    "?.",
    "??",
    "+",
    "-",
    "*",
    "/",
    "++",
    "!",
    "@",
    "'a'",
    "1",
    "2.5",
    "3L",
    "null",
    "new",
    "List",
    "Map",
    "Account",
    "a",
    "b",
    "Integer",
    "String",
    "if",
    "for",
    "while",
    "return",
    "try",
    "catch",
    "finally",
    "throw",
    "switch on",
    "when",
    "else",
    "insert",
    "SELECT Id FROM Account",
    "static",
    "public",
    "void",
    "this",
    "super",
    "instanceof",
    "Exception",
    "'",
    "/*",
    "//",
    "\n",
    "é",
    "\u{0}",
    "trigger",
    "on",
    "before insert",
    "get",
    "set",
    "enum",
    "interface",
    "System",
    "debug",
];

struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % below
    }
}

#[test]
fn no_text_panics() {
    let mut random = Random(1);
    let seeds = [
        "public class X { Integer a = 1; public static String f(List<Integer> b) { for (Integer i : b) { a += i; } return [SELECT Id FROM Account WHERE Name = :a].Name; } }",
        "trigger T on Account (before insert) { for (Account a : Trigger.new) { a.Name = 'x' + a.Phone?.length(); try { insert a; } catch (Exception e) { throw e; } finally { } } }",
        "switch on a { when 1, 2 { } when else { } } Map<String, List<Integer>> m = new Map<String, List<Integer>>{'a' => new List<Integer>{1}};",
    ];
    for round in 0..600 {
        let text = if round % 2 == 0 {
            (0..random.next(60)).map(|_| PIECES[random.next(PIECES.len())]).collect::<Vec<_>>().join(" ")
        } else {
            let mut chars: Vec<char> = seeds[random.next(seeds.len())].chars().collect();
            for _ in 0..1 + random.next(4) {
                let at = random.next(chars.len());
                match random.next(3) {
                    0 => drop(chars.remove(at)),
                    1 => chars[at] = PIECES[random.next(PIECES.len())].chars().next().unwrap(),
                    _ => chars.splice(at..at, PIECES[random.next(PIECES.len())].chars()).for_each(drop),
                }
            }
            chars.into_iter().collect()
        };
        let mut org = Org::default();
        let _ = classes(&org, &[&text]);
        org.usage.steps = 199_999_000;
        let _ = run_in(&mut org, &[], &text);
    }
}

#[test]
fn deep_texts_are_refused() {
    for text in [
        "(".repeat(100_000),
        "{".repeat(100_000),
        "-".repeat(100_000),
        "[SELECT Id FROM Account WHERE Id = :".repeat(1000),
        "List<".repeat(100_000),
        "if (true) ".repeat(100_000),
    ] {
        let out = run(&text);
        assert!(out[0].contains("Too many levels of nesting") || out[0].contains("token"), "{:?}", &out[0]);
    }
    assert_eq!(run(&format!("Integer i = 1{};", " + 1".repeat(5000))), ["1:1617 Expression is too complex"]);
    assert_eq!(eval(&format!("1{}", " + 1".repeat(300))), "301");
    assert_eq!(eval(&format!("{}1{}", "Math.abs(".repeat(90), ")".repeat(90))), "1");
    assert_eq!(eval(&format!("{}1{}", "true ? ".repeat(90), " : 2".repeat(90))), "1");
    assert_eq!(run(&format!("{}System.debug(1);{}", "if (true) { ".repeat(45), "}".repeat(45))), ["1"]);
    assert!(run(&format!("String s = ''{};", ".trim()".repeat(5000)))[0].ends_with("Expression is too complex"));
}
