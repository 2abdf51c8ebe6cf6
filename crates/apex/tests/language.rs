//! The language: literals, operators, statements, classes, exceptions.

mod common;
use common::*;

#[test]
fn expressions() {
    for (expr, want) in [
        ("1 + 2 * 3", "7"),
        ("7 / 2", "3"),
        ("7 / 2.0", "3.5"),
        ("7.0d / 2", "3.5"),
        ("2147483647 + 1", "-2147483648"),
        ("2147483647L + 1", "2147483648"),
        ("'a' + 1 + 2", "a12"),
        ("1 + 2 + 'a'", "3a"),
        ("'a' + null", "anull"),
        ("'Abc' == 'aBC'", "true"),
        ("'Abc' === 'abc'", "true"),
        ("'Abc'.equals('abc')", "false"),
        ("1 == 1.0", "true"),
        ("null == null", "true"),
        ("true && !false || false", "true"),
        ("5 & 3", "1"),
        ("5 | 3", "7"),
        ("5 ^ 3", "6"),
        ("1 << 4", "16"),
        ("-16 >> 2", "-4"),
        ("-1 >>> 28", "15"),
        ("~5", "-6"),
        ("true ? 1 : 2.5", "1"),
        ("null ?? 'x'", "x"),
        ("(Integer) 3.9", "3"),
        ("1.10 + 2.205", "3.305"),
        ("1.0 * 1.0", "1.00"),
        ("10.0 / 4", "2.5"),
        ("1.0d", "1.0"),
        ("12345678.0d", "1.2345678E7"),
        ("-2147483648", "-2147483648"),
        ("'it\\'s \\u0041\\n'.trim()", "it's A"),
        ("'b' > 'A'", "true"),
        ("new List<Integer>{3, 1, 2}", "(3, 1, 2)"),
        ("new Set<String>{'a', 'b', 'a'}", "{a, b}"),
        ("new Map<String, Integer>{'a' => 1, 'b' => 2}", "{a=1, b=2}"),
        ("new Integer[2]", "(null, null)"),
        ("new Integer[]{1, 2}[1]", "2"),
        ("(Object) 'x' instanceof String", "true"),
        ("Date.newInstance(2024, 2, 28) + 2", "2024-03-01 00:00:00"),
        ("Date.newInstance(2024, 13, 1)", "2025-01-01 00:00:00"),
        ("1 != 2", "true"),
        ("1 <> 2", "true"),
        ("'x' != 'X'", "false"),
    ] {
        assert_eq!(eval(expr), want, "{expr}");
    }
}

#[test]
fn statements() {
    for (block, want) in [
        ("Integer s = 0; for (Integer i = 0; i < 5; i++) { if (i == 3) continue; s += i; } System.debug(s);", "7"),
        ("Integer s = 0; for (Integer i : new List<Integer>{1, 2, 3}) s += i; System.debug(s);", "6"),
        ("Integer i = 0; while (true) { if (++i > 4) break; } System.debug(i);", "5"),
        ("Integer i = 0; do { i++; } while (i < 3); System.debug(i);", "3"),
        ("Integer i = 5; Integer j = i++ + ++i; System.debug(i + ' ' + j);", "7 12"),
        ("List<Integer> l = new List<Integer>{1, 2}; l[0] += 5; l[1]++; System.debug(l);", "(6, 3)"),
        ("String s = 'b'; switch on s { when 'a', 'b' { System.debug('hit'); } when else { System.debug('no'); } }", "hit"),
        ("String s = 'B'; switch on s { when 'b' { System.debug('hit'); } when else { System.debug('no'); } }", "no"),
        ("Integer n; switch on n { when null { System.debug('null'); } when 1 { System.debug('1'); } }", "null"),
        (
            "SObject o = new Account(Name = 'x'); switch on o { when Contact c { System.debug('c'); } when Account a { System.debug(a.Name); } }",
            "x",
        ),
        (
            "try { Integer i = 1 / 0; } catch (MathException e) { System.debug(e.getMessage()); } finally { System.debug('f'); }",
            "Divide by 0|f",
        ),
        (
            "try { String s; s.length(); } catch (NullPointerException e) { System.debug(e.getTypeName() + ' ' + e.getLineNumber()); }",
            "System.NullPointerException 1",
        ),
        (
            "try { try { throw new IllegalArgumentException('x'); } finally { System.debug('in'); } } catch (Exception e) { System.debug(e); }",
            "in|System.IllegalArgumentException: x",
        ),
        ("for (Integer i = 0; i < 2; i++) { try { if (i == 0) continue; break; } finally { System.debug('f' + i); } }", "f0|f1"),
        ("Account a; System.debug(a?.Name); System.debug(a?.Name.length());", "null|null"),
        ("Integer i = null; if (i == 1) {} System.debug(i < 1);", "false"),
        ("final Integer x = 4; { Integer y = x; } Integer y = 2; System.debug(x + y);", "6"),
        ("Long l = 5; Decimal d = l; Double x = d; System.debug(x);", "5.0"),
        ("List<List<Integer>> m = new List<List<Integer>>{new List<Integer>{1}}; System.debug(m[0][0]);", "1"),
        ("Object o = 5; Integer i = (Integer) o; System.debug(i + 1);", "6"),
    ] {
        assert_eq!(run(block).join("|"), want, "{block}");
    }
}

#[test]
fn uncaught_exceptions_have_a_trace() {
    assert_eq!(run("Integer i = 0;\nSystem.debug(1 / i);"), ["System.MathException: Divide by 0\n\nAnonymousBlock: line 2, column 1"]);
    let class = "public class Foo {\n  public static void go() {\n    bar(null);\n  }\n  static Integer bar(String s) {\n    return s.length();\n  }\n}";
    assert_eq!(
        run_in(&mut Org::default(), &[class], "Foo.go();"),
        [
            "System.NullPointerException: Attempt to de-reference a null object\n\nClass.Foo.bar: line 6, column 1\nClass.Foo.go: line 3, column 1\nAnonymousBlock: line 1, column 1"
        ]
    );
}

#[test]
fn classes_and_their_members() {
    let shapes = "public abstract class Shape {\n public String name { get; set; }\n public Integer sides { get { return sides * 2; } private set; }\n public static Integer made = 0;\n public Shape(String name) { this.name = name; sides = 2; made++; }\n public abstract Decimal area();\n public virtual String tell() { return name + ':' + area(); }\n public class Square extends Shape { Decimal a; public Square(Decimal a) { super('sq'); this.a = a; } public override Decimal area() { return a * a; } public override String tell() { return '<' + super.tell() + '>'; } }\n public interface Named { String who(); }\n public enum Color { RED, GREEN }\n}";
    let mut org = Org::default();
    let out = run_in(
        &mut org,
        &[shapes],
        "Shape s = new Shape.Square(3); System.debug(s.tell()); System.debug(s.sides); System.debug(Shape.made); System.debug(Shape.Color.values()); System.debug(Shape.Color.GREEN.ordinal()); System.debug(s instanceof Shape.Square);",
    );
    assert_eq!(out, ["<sq:9>", "4", "1", "(RED, GREEN)", "1", "true"]);
    let sorted = "public class P implements Comparable { public Integer n; public P(Integer n) { this.n = n; } public Integer compareTo(Object o) { return n - ((P) o).n; } public override String toString() { return 'P' + n; } public Boolean equals(Object o) { return o instanceof P && ((P) o).n == n; } public override Integer hashCode() { return n; } }";
    let out = run_in(
        &mut org,
        &[sorted],
        "List<P> l = new List<P>{new P(3), new P(1), new P(2)}; l.sort(); System.debug(l); System.debug(new Set<P>{new P(1), new P(1)}.size());",
    );
    assert_eq!(out, ["(P1, P2, P3)", "1"]);
}

#[test]
fn exceptions_of_ones_own() {
    let class = "public class MyException extends Exception { public Integer code = 5; }";
    let out = run_in(
        &mut Org::default(),
        &[class],
        "try { throw new MyException('no', new IllegalArgumentException('why')); } catch (MyException e) { System.debug(e.getMessage() + e.code + e.getCause().getMessage() + e.getTypeName()); } throw new MyException();",
    );
    assert_eq!(out, ["no5whyMyException", "MyException: Script-thrown exception\n\nAnonymousBlock: line 1, column 1"]);
}

#[test]
fn overloads_take_the_nearest() {
    let class = "public class O { public static String f(Integer i) { return 'int'; } public static String f(Long l) { return 'long'; } public static String f(Object o) { return 'object'; } public static String f(String s) { return 'string'; } }";
    let out = run_in(&mut Org::default(), &[class], "System.debug(O.f(1) + O.f(1L) + O.f('x') + O.f(1.5) + O.f(new List<Id>()));");
    assert_eq!(out, ["intlongstringobjectobject"]);
}

#[test]
fn statics_begin_once() {
    let class = "public class S { public static List<String> log = new List<String>(); public static Integer n = start(); static { log.add('block'); } static Integer start() { log.add('start'); return 4; } public Integer m = n + 1; { log.add('new'); } }";
    let out = run_in(&mut Org::default(), &[class], "S one = new S(); System.debug(one.m); System.debug(S.log);");
    assert_eq!(out, ["5", "(start, block, new)"]);
}

#[test]
fn limits_end_the_request() {
    let class = "public class R { public static Integer down(Integer n) { return down(n + 1) + 1; } }";
    let out = run_in(&mut Org::default(), &[class], "try { R.down(0); } catch (Exception e) { System.debug('caught'); }");
    assert!(out[0].starts_with("System.LimitException: Maximum stack depth reached: 1001\n\nClass.R.down: line 1"), "{out:?}");
    let mut org = Org::default();
    org.usage.steps = 199_900_000;
    let out = run_in(&mut org, &[], "while (true) { Integer i = 0; }");
    assert_eq!(out, ["System.LimitException: Apex CPU time limit exceeded\n\nAnonymousBlock: line 1, column 1"]);
    let out = run("for (Integer i = 0; i < 101; i++) { List<Account> a = [SELECT Id FROM Account]; }");
    assert!(out[0].starts_with("System.LimitException: Too many SOQL queries: 101"), "{out:?}");
    let out = run("for (Integer i = 0; i < 151; i++) { insert new Account(Name = 'x'); }");
    assert!(out[0].starts_with("System.LimitException: Too many DML statements: 151"), "{out:?}");
    let out =
        run("String s = 'x'.repeat(1000000); List<String> l = new List<String>(); for (Integer i = 0; i < 20; i++) { l.add(s + i); }");
    assert!(out[0].starts_with("System.LimitException: Apex heap size too large: "), "{out:?}");
    assert_eq!(run("String s; for (Integer i = 0; i < 100; i++) { s = 'x'.repeat(1000000); } System.debug('fine');"), ["fine"]);
}

#[test]
fn problems_of_texts() {
    for (block, want) in [
        ("x = 1;", "1:1 Variable does not exist: x"),
        ("Foo f;", "1:1 Invalid type: Foo"),
        ("Integer i = 'a';", "1:13 Illegal assignment from String to Integer"),
        ("foo(1);", "1:1 Method does not exist or incorrect signature: void foo(Integer) from the type AnonymousBlock"),
        ("Integer i = 1", "1:14 Missing ';' at '<EOF>'"),
        ("Integer i = ;", "1:13 Unexpected token ';'."),
        ("String s = 'a';\ns.foo();", "2:3 Method does not exist or incorrect signature: void foo() from the type String"),
        ("Integer i = 1; Integer i = 2;", "1:24 Duplicate variable: i"),
        ("Account a = new Account(Nme = 'x');", "1:25 Field does not exist: Nme on Account"),
        ("Account a; a.Foo__c = 1;", "1:14 Variable does not exist: Foo__c"),
        ("if (1) {}", "1:5 Condition expression must be of type Boolean"),
        ("return; Integer i = 1;", "1:9 Unreachable statement"),
        ("break;", "1:1 Break statement must be in loop"),
        (
            "List<Account> a = [SELECT Nope FROM Account];",
            "1:19 No such column 'Nope' on entity 'Account'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.",
        ),
        ("List<Account> a = [SELECT Id FROM Nope];", "1:19 sObject type 'Nope' is not supported."),
        ("HttpRequest r = new HttpRequest();", "1:1 HttpRequest is not supported here"),
        ("System.enqueueJob(null);", "1:8 system.enqueueJob is not supported here"),
        ("merge a b;", "1:1 merge is not supported here"),
        ("Integer i = 99999999999;", "1:13 Illegal integer"),
        (
            "String s = 'a\\q';",
            "1:12 Illegal string literal: Invalid string literal 'a\\q'. Illegal character sequence '\\q' in string literal.",
        ),
    ] {
        assert_eq!(run(block).join("|"), want, "{block}");
    }
    for (class, want) in [
        ("public class X { Integer f() { } }", "1:32 Missing return statement required return type: Integer"),
        ("public class X implements Comparable { }", "1:14 Class X must implement the method: Integer Comparable.compareTo(Object)"),
        ("public class X { @future static void f() {} }", "1:18 @future is not supported here"),
        ("public class X { void f() { g(); } }", "1:29 Method does not exist or incorrect signature: void g() from the type X"),
    ] {
        assert_eq!(run_in(&mut Org::default(), &[class], "").join("|"), want, "{class}");
    }
}
