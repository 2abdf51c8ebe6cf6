//! The standard library.

mod common;
use common::*;

#[test]
fn strings() {
    for (expr, want) in [
        ("'hello'.substring(1, 3)", "el"),
        ("'hello'.indexOf('l')", "2"),
        ("'hello'.lastIndexOf('l')", "3"),
        ("'a,b,,'.split(',')", "(a, b)"),
        ("'a,b,,'.split(',', -1)", "(a, b, , )"),
        ("'a1b22c'.split('\\\\d+')", "(a, b, c)"),
        ("'abc'.split('')", "(a, b, c)"),
        ("String.join(new List<Integer>{1, 2}, '-')", "1-2"),
        ("String.join(new Set<String>{'x', 'y'}, ', ')", "x, y"),
        ("String.format('{0} is {1}, it\\'\\'s \\'{2}\\'', new List<Object>{'x', 5})", "x is 5, it's {2}"),
        ("String.isBlank('  ')", "true"),
        ("String.isNotBlank(null)", "false"),
        ("String.isEmpty('')", "true"),
        ("'abc'.contains('B')", "false"),
        ("'abc'.containsIgnoreCase('B')", "true"),
        ("'abc'.capitalize()", "Abc"),
        ("'abc'.left(2) + 'abc'.right(2) + 'abcd'.mid(1, 2)", "abbcbc"),
        ("'5'.leftPad(3, '0')", "005"),
        ("'a'.repeat(3)", "aaa"),
        ("'a-b-c'.replace('-', '+')", "a+b+c"),
        ("'a1b2'.replaceAll('[0-9]', '#')", "a#b#"),
        ("'John Smith'.replaceAll('(\\\\w+) (\\\\w+)', '$2 $1')", "Smith John"),
        ("'abcdefghij'.abbreviate(7)", "abcd..."),
        ("'a.b.c'.substringBefore('.') + 'a.b.c'.substringAfterLast('.')", "ac"),
        ("'[x]'.substringBetween('[', ']')", "x"),
        ("'x'.equalsIgnoreCase('X')", "true"),
        ("'abc'.hashCode()", "96354"),
        ("'b'.compareTo('a')", "1"),
        ("String.valueOf(5.50)", "5.50"),
        ("String.valueOf(Date.newInstance(2024, 5, 1))", "2024-05-01"),
        ("String.escapeSingleQuotes('it\\'s')", "it\\'s"),
        ("'<a>'.escapeHtml4()", "&lt;a&gt;"),
        ("'123'.isNumeric()", "true"),
        ("'kitten'.getLevenshteinDistance('sitting')", "3"),
        ("'ab'.reverse()", "ba"),
        ("' a  b '.normalizeSpace()", "a b"),
        ("'a,b'.escapeCsv()", "\"a,b\""),
        ("Pattern.compile('a(b+)').matcher('xabbx').find()", "true"),
        ("Pattern.matches('a+', 'aaa')", "true"),
    ] {
        assert_eq!(eval(expr), want, "{expr}");
    }
    assert_eq!(
        run(
            "Matcher m = Pattern.compile('(\\\\w)(\\\\d)').matcher('a1 b2'); while (m.find()) System.debug(m.group(2) + m.group(1) + m.start());"
        ),
        ["1a0", "2b3"]
    );
}

#[test]
fn numbers() {
    for (expr, want) in [
        ("Integer.valueOf(' 42'.trim()) + 1", "43"),
        ("Decimal.valueOf('1.50')", "1.50"),
        ("Math.mod(7, 3)", "1"),
        ("Math.max(1, 2.5)", "2.5"),
        ("Math.abs(-3)", "3"),
        ("Math.round(2.5)", "2"),
        ("Math.round(3.5)", "4"),
        ("(2.345).setScale(2)", "2.34"),
        ("(2.345).setScale(2, RoundingMode.HALF_UP)", "2.35"),
        ("(5.0).setScale(2)", "5.00"),
        ("(10.0).divide(3, 2)", "3.33"),
        ("Math.ceil(1.2)", "2"),
        ("Math.sqrt(16)", "4.0"),
        ("Math.pow(2, 10)", "1024.0"),
        ("(1.50).scale()", "2"),
        ("(1234567.891).format()", "1,234,567.891"),
        ("(3.7).intValue()", "3"),
        ("(2.5).round()", "2"),
        ("Long.valueOf('123456789012')", "123456789012"),
        ("Boolean.valueOf('TRUE')", "true"),
    ] {
        assert_eq!(eval(expr), want, "{expr}");
    }
    assert!(eval("Integer.valueOf('x')").starts_with("System.TypeException: Invalid integer: x"));
}

#[test]
fn dates() {
    for (expr, want) in [
        ("Date.today()", "2024-05-15 00:00:00"),
        ("Date.newInstance(2024, 1, 31).addMonths(1)", "2024-02-29 00:00:00"),
        ("Date.newInstance(2024, 1, 1).daysBetween(Date.newInstance(2024, 3, 1))", "60"),
        ("Date.valueOf('2024-05-15').month()", "5"),
        ("Date.newInstance(2024, 5, 15).toStartOfWeek().format()", "5/12/2024"),
        ("Date.daysInMonth(2023, 2)", "28"),
        ("Datetime.now()", "2024-05-15 18:30:00"),
        ("Datetime.now().hour()", "11"),
        ("Datetime.now().format('yyyy-MM-dd\\'T\\'HH:mm:ss.SSSZ')", "2024-05-15T11:30:00.000-0700"),
        ("Datetime.now().format('EEE, MMM d yyyy h:mm a z', 'America/New_York')", "Wed, May 15 2024 2:30 PM EDT"),
        ("Datetime.now().formatGmt('HH:mm')", "18:30"),
        ("Datetime.newInstanceGmt(2024, 1, 1, 0, 0, 0).addHours(25)", "2024-01-02 01:00:00"),
        ("Datetime.newInstance(2024, 1, 1, 0, 0, 0)", "2024-01-01 08:00:00"),
        ("Datetime.now().getTime()", "1715797800000"),
        ("String.valueOf(Datetime.now())", "2024-05-15 11:30:00"),
        ("Time.newInstance(10, 30, 0, 0).addMinutes(45)", "11:15:00.000Z"),
        ("Datetime.now().date()", "2024-05-15 00:00:00"),
    ] {
        assert_eq!(eval(expr), want, "{expr}");
    }
}

#[test]
fn collections() {
    for (block, want) in [
        ("List<String> l = new List<String>{'b', 'a', null}; l.sort(); System.debug(l);", "(null, a, b)"),
        (
            "List<Integer> l = new List<Integer>{1, 2}; l.add(0, 9); l.remove(1); System.debug(l + ' ' + l.size() + l.contains(9) + l.indexOf(2));",
            "(9, 2) 2true1",
        ),
        (
            "Map<String, List<Integer>> m = new Map<String, List<Integer>>(); m.put('a', new List<Integer>()); m.get('a').add(1); System.debug(m + '' + m.keySet() + m.values() + m.containsKey('A'));",
            "{a=(1)}{a}((1))false",
        ),
        (
            "Set<Integer> s = new Set<Integer>{1, 2, 3}; s.removeAll(new Set<Integer>{2}); s.retainAll(new List<Integer>{3, 4}); System.debug(s);",
            "{3}",
        ),
        (
            "Map<Id, Account> m = new Map<Id, Account>(new List<Account>{new Account(Id = '001000000000001AAA', Name = 'x')}); System.debug(m.keySet());",
            "{001000000000001AAA}",
        ),
        (
            "Map<Integer, Integer> m = new Map<Integer, Integer>(); for (Integer i = 0; i < 100; i++) m.put(i, i * i); for (Integer i = 0; i < 95; i++) m.remove(i); System.debug(m);",
            "{95=9025, 96=9216, 97=9409, 98=9604, 99=9801}",
        ),
        (
            "List<Integer> l = new List<Integer>(new Set<Integer>{2, 1}); Iterator<Integer> it = l.iterator(); while (it.hasNext()) System.debug(it.next());",
            "2|1",
        ),
        (
            "List<Integer> l = new List<Integer>(); l.get(0);",
            "System.ListException: List index out of bounds: 0\n\nAnonymousBlock: line 1, column 1",
        ),
    ] {
        assert_eq!(run(block).join("|"), want, "{block}");
    }
}

#[test]
fn json() {
    let class = "public class J { public Integer n; public String s; public List<J> kids; public Date d; public Boolean ok = true; transient Integer hidden = 4; }";
    for (block, want) in [
        (
            "J x = new J(); x.n = 1; x.d = Date.newInstance(2024, 1, 2); System.debug(JSON.serialize(x));",
            r#"{"n":1,"s":null,"kids":null,"d":"2024-01-02","ok":true}"#,
        ),
        ("J x = new J(); x.n = 1; System.debug(JSON.serialize(x, true));", r#"{"n":1,"ok":true}"#),
        (
            "J x = (J) JSON.deserialize('{\"n\":5,\"kids\":[{\"s\":\"a\\\\u0041\"}],\"more\":1}', J.class); System.debug(x.n + x.kids[0].s);",
            "5aA",
        ),
        (
            "Map<String, Object> m = (Map<String, Object>) JSON.deserializeUntyped('{\"a\":[1,2.5,\"x\",null,true]}'); List<Object> l = (List<Object>) m.get('a'); System.debug(l);",
            "(1, 2.5, x, null, true)",
        ),
        (
            "System.debug(JSON.serialize(new Map<String, Object>{'a' => 1.50, 'b' => Datetime.newInstanceGmt(2024, 1, 1, 0, 0, 0)}));",
            r#"{"a":1.50,"b":"2024-01-01T00:00:00.000Z"}"#,
        ),
        (
            "System.debug(JSON.serialize(new Account(Name = 'x', AnnualRevenue = 5)));",
            r#"{"attributes":{"type":"Account"},"Name":"x","AnnualRevenue":5}"#,
        ),
        ("Account a = (Account) JSON.deserialize('{\"Name\":\"q\"}', Account.class); System.debug(a.Name);", "q"),
        (
            "try { JSON.deserialize('{\"n\":', J.class); } catch (JSONException e) { System.debug(e.getMessage()); }",
            "Unexpected character: x",
        ),
        (
            "try { JSON.deserializeStrict('{\"no\":1}', J.class); } catch (JSONException e) { System.debug(e.getMessage()); }",
            "Unknown field: J.no at [line:1, column:8]",
        ),
        ("System.debug(JSON.serializePretty(new Map<String, Integer>{'a' => 1}));", "{\n  \"a\" : 1\n}"),
    ] {
        let out = run_in(&mut Org::default(), &[class], block).join("|");
        if want.starts_with("Unexpected character") {
            assert!(out.starts_with("Unexpected"), "{out}")
        } else {
            assert_eq!(out, want, "{block}")
        }
    }
}

#[test]
fn the_rest() {
    for (expr, want) in [
        ("EncodingUtil.base64Encode(Blob.valueOf('hi'))", "aGk="),
        ("EncodingUtil.base64Decode('aGk=').toString()", "hi"),
        ("EncodingUtil.urlEncode('a b&c', 'UTF-8')", "a+b%26c"),
        ("EncodingUtil.convertToHex(Crypto.generateDigest('MD5', Blob.valueOf('')))", "d41d8cd98f00b204e9800998ecf8427e"),
        ("UserInfo.getName()", "Ada Admin"),
        ("Account.SObjectType", "Account"),
        ("Account.SObjectType.getDescribe().getKeyPrefix()", "001"),
        ("Schema.SObjectType.Account.fields.Name.getLabel()", "Name"),
        ("Account.Name.getDescribe().getName()", "Name"),
        ("Schema.getGlobalDescribe().get('account').getDescribe().fields.getMap().containsKey('phone')", "true"),
        ("Type.forName('List<String>')", "List<String>"),
        ("((Account) Type.forName('Account').newInstance()).Name", "null"),
        ("String.class.getName()", "String"),
        ("Id.valueOf('001000000000001').getSObjectType()", "Account"),
        ("Limits.getLimitQueries()", "100"),
        ("Test.isRunningTest()", "false"),
        ("System.equals(1, 1)", "true"),
        ("LoggingLevel.INFO", "INFO"),
    ] {
        assert_eq!(eval(expr), want, "{expr}");
    }
    assert_eq!(
        run("System.assertEquals(1, 2, 'no');"),
        ["System.AssertException: Assertion Failed: no: Expected: 1, Actual: 2\n\nAnonymousBlock: line 1, column 1"]
    );
    assert_eq!(run("Assert.isTrue(false, 'x');"), ["System.AssertException: Assertion Failed: x\n\nAnonymousBlock: line 1, column 1"]);
}
