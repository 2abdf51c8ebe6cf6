//! The grammar of formulas, and what is said of texts that are none.

use orglet_syntax::formula::ast::{Expr, ExprKind};
use orglet_syntax::formula::{self, MAX_CHARS, MAX_DEPTH};

/// An expression with all its parentheses.
fn shown(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Null => "NULL".into(),
        ExprKind::Bool(b) => b.to_string(),
        ExprKind::Number(n) => n.clone(),
        ExprKind::Text(t) => format!("{t:?}"),
        ExprKind::Field(f) => f.clone(),
        ExprKind::Call { name, args } => format!("{name}({})", args.iter().map(shown).collect::<Vec<_>>().join(" ")),
        ExprKind::Not(of) => format!("(not {})", shown(of)),
        ExprKind::Sign { minus, of } => format!("({} {})", if *minus { "-" } else { "+" }, shown(of)),
        ExprKind::Chain { first, rest } => {
            rest.iter().fold(shown(first), |left, (op, right)| format!("({left} {} {})", op.symbol(), shown(right)))
        }
    }
}

fn good(text: &str) -> String {
    match formula::parse(text) {
        Ok(expr) => shown(&expr),
        Err(e) => panic!("{text}: {e}"),
    }
}

fn bad(text: &str) -> String {
    match formula::parse(text) {
        Ok(expr) => panic!("{text}: {}", shown(&expr)),
        Err(e) => e.message,
    }
}

#[test]
fn levels_of_operators() {
    assert_eq!(good("1 + 2 * 3 + 4 / 2"), "((1 + (2 * 3)) + (4 / 2))");
    assert_eq!(good("2 * 3 ^ 2"), "((2 * 3) ^ 2)");
    assert_eq!(good("2 ^ 3 ^ 2"), "((2 ^ 3) ^ 2)");
    assert_eq!(good("-2 ^ 2"), "((- 2) ^ 2)");
    assert_eq!(good("a = b > c"), "(a = (b > c))");
    assert_eq!(good("a == 1 || b != 2 && !c"), "((a = 1) or ((b <> 2) and (not c)))");
    assert_eq!(good("\"x\" & a + b - c"), "(((\"x\" & a) + b) - c)");
    assert_eq!(good("NOT(a) = b"), "((not a) = b)");
    assert_eq!(good("+ - 1"), "(+ (- 1))");
}

#[test]
fn names_and_values() {
    assert_eq!(good("Account.Owner.Name"), "Account.Owner.Name");
    assert_eq!(good("$User.Id <> Owner:User.Id"), "($User.Id <> Owner:User.Id)");
    assert_eq!(good("Null_Check__c"), "Null_Check__c");
    assert_eq!(good("TRUE && false && Null"), "((true and false) and NULL)");
    assert_eq!(good("Abs( 1.50 )"), "Abs(1.50)");
    assert_eq!(good("NOW()"), "NOW()");
    assert_eq!(good("1 /* a /* b */ + 2"), "(1 + 2)");
}

#[test]
fn escapes_of_texts() {
    assert_eq!(good(r#""a\"b\\c""#), r#""a\"b\\c""#);
    assert_eq!(good(r#""a\nb""#), r#""a\\nb""#);
    assert_eq!(good(r"'a\'b'"), r#""a\\'b""#);
    assert_eq!(bad(r#""a\qb""#), "Syntax error");
    assert_eq!(bad("\"a"), "Syntax error.  Missing \"");
    assert_eq!(bad("'a\nb'"), "Syntax error.  Missing '");
}

#[test]
fn faults() {
    assert_eq!(bad("IF(a, b"), "Syntax error.  Missing ')'");
    assert_eq!(bad("(a"), "Syntax error.  Missing ')'");
    assert_eq!(bad("AND(a b)"), "Syntax error.  Missing ')'");
    assert_eq!(bad("a AND b"), "Syntax error. Extra AND");
    assert_eq!(bad("a)"), "Syntax error. Extra ')'");
    assert_eq!(bad("1 +"), "Syntax error.  Found 'end of formula'");
    assert_eq!(bad(""), "Syntax error.  Found 'end of formula'");
    assert_eq!(bad("a * * b"), "Syntax error.  Found '*'");
    assert_eq!(bad("IF(,1)"), "Syntax error.  Found ','");
    assert_eq!(bad("a # b"), "Syntax error");
    assert_eq!(bad("a | b"), "Syntax error");
    assert_eq!(bad("\u{201c}a\u{201d}"), "Syntax error");
    assert_eq!(bad("/* a"), "Syntax error.  Missing *");
}

#[test]
fn bounds() {
    let sum = |n: usize| vec!["1"; n].join("+");
    assert!(formula::parse(&sum(MAX_CHARS / 2)).is_ok());
    assert_eq!(bad(&sum(1959)), "Formula is too long (3,917 characters).  Maximum length is 3,900 characters");
    let nested = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
    assert!(formula::parse(&nested(MAX_DEPTH)).is_ok());
    assert!(bad(&nested(MAX_DEPTH + 1)).starts_with("Formula is nested too deeply"));
    assert!(bad(&"-".repeat(3000)).starts_with("Formula is nested too deeply"));
    assert!(bad(&"ABS(".repeat(900)).starts_with("Formula is nested too deeply"));
}
