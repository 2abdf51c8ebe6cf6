//! What formulas come to, on a record of an object with a field of each type.

use super::{Finder, Scope, Trouble};
use crate::record::Row;
use jiff::tz::TimeZone;
use orglet_base::{DateTime, Time, Value, time::parse_date};
use orglet_plan::formula::{Places, Purpose, check};
use orglet_schema::object::ObjectParts;
use orglet_schema::{Catalog, Field, FieldType, Object, ObjectSet, standard};
use rust_decimal::Decimal;
use std::str::FromStr;
use std::sync::Arc;

fn object() -> Arc<Object> {
    Arc::new(Object::new("Thing__c", "Thing", "Things", || {
        let field = |name: &str, ty| Field::new(name, name, ty);
        let mut fields = vec![
            field("Id", FieldType::Id),
            field("Name", FieldType::String),
            field("Text__c", FieldType::String),
            field("Blank__c", FieldType::String),
            field("Number__c", FieldType::Double),
            field("None__c", FieldType::Double),
            field("Percent__c", FieldType::Percent),
            field("Flag__c", FieldType::Boolean),
            field("Date__c", FieldType::Date),
            field("When__c", FieldType::DateTime),
            field("Time__c", FieldType::Time),
            field("Pick__c", FieldType::Picklist),
            field("NoPick__c", FieldType::Picklist),
            field("Many__c", FieldType::MultiPicklist),
            field("Place__c", FieldType::Location),
            field("Place__Latitude__s", FieldType::Double),
            field("Place__Longitude__s", FieldType::Double),
            field("AccountId", FieldType::Reference),
            field("OwnerId", FieldType::Reference),
        ];
        for field in &mut fields {
            if field.name.ends_with("__s") {
                field.compound = Some("Place__c".to_owned());
            }
        }
        for (name, to) in [("AccountId", vec!["Account"]), ("OwnerId", vec!["User", "Group"])] {
            if let Some(field) = fields.iter_mut().find(|f| f.name == name) {
                field.reference_to = to.into_iter().map(str::to_owned).collect();
                field.relationship_name = Some(name.trim_end_matches("Id").to_owned());
            }
        }
        ObjectParts { fields, children: Vec::new() }
    }))
}

/// How deep the formulas of [`nesting`] are.
const DEEP: usize = 30;

/// Finds no rows.
struct Nothing;

impl Finder for Nothing {
    fn find(&self, _: &Object, _: usize, _: String, _: usize) -> Result<Option<Row>, Trouble> {
        Ok(None)
    }
}

struct World {
    catalog: Catalog,
    object: Arc<Object>,
    row: Row,
    old: Option<Row>,
}

impl World {
    fn new() -> Self {
        let object = object();
        let catalog = Catalog::new(1, DateTime(0), standard::objects(), ObjectSet::new([object.clone()]));
        let mut row = Row::empty(&object);
        let number = |n: &str| Value::Decimal(Decimal::from_str(n).unwrap());
        row.set(&object, "Id", Value::Id(orglet_base::Id::parse("a00000000000001AAA").unwrap()));
        row.set(&object, "Name", "One");
        row.set(&object, "Text__c", "Golden File");
        row.set(&object, "Number__c", number("12.5"));
        row.set(&object, "Percent__c", number("50"));
        row.set(&object, "Flag__c", true);
        row.set(&object, "Date__c", Value::Date(parse_date("2024-01-31").unwrap()));
        row.set(&object, "When__c", Value::DateTime(DateTime::parse("2024-05-15T23:30:15Z").unwrap()));
        row.set(&object, "Time__c", Value::Time(Time::parse("17:30:45.125").unwrap()));
        row.set(&object, "Pick__c", "Hot");
        row.set(&object, "Many__c", "Golf;Ski");
        row.set(&object, "Place__Latitude__s", number("37.775"));
        row.set(&object, "Place__Longitude__s", number("-122.418"));
        Self { catalog, object, row, old: None }
    }

    fn eval(&self, text: &str) -> Result<Value, Trouble> {
        let mut places = Places::of(&self.object);
        let (node, _) = check(text, Purpose::Rule, &self.catalog, &mut places).unwrap_or_else(|e| panic!("{text}: {}", e.message));
        let rows = vec![None; places.all().len()];
        let zone = TimeZone::get("America/Los_Angeles").unwrap();
        let now = DateTime::parse("2024-05-15T03:00:00.250Z").unwrap();
        let (places, record, old, time_zone) = (places.all(), &self.row, self.old.as_ref(), &zone);
        Scope { places, rows: &rows, record, old, now, time_zone, finder: &Nothing }.value(&node)
    }

    fn refused(&self, text: &str) -> String {
        let mut places = Places::of(&self.object);
        match check(text, Purpose::Rule, &self.catalog, &mut places) {
            Ok((node, ty)) => panic!("{text}: {node:?} of {ty:?}"),
            Err(fault) => fault.message,
        }
    }
}

/// Values as short texts: a blank is `-`.
fn shown(value: Result<Value, Trouble>) -> String {
    match value {
        Ok(Value::Null) => "-".to_owned(),
        Ok(value) => value.display(),
        Err(Trouble(why)) => format!("! {}", why.unwrap_or_default()),
    }
}

fn all(world: &World, cases: &[(&str, &str)]) {
    for (formula, expected) in cases {
        assert_eq!(shown(world.eval(formula)), *expected, "{formula}");
    }
}

#[test]
fn arithmetic() {
    all(
        &World::new(),
        &[
            ("1 + 2 * 3", "7"),
            ("2 * 3 ^ 2", "36"),
            ("2 ^ 3 ^ 2", "64"),
            ("2 ^ -2", "0.25"),
            ("0 ^ 0", "1"),
            ("2 ^ 0.5", "! Out of range argument to POWER() function"),
            ("Number__c / 0", "! Division by zero"),
            ("Number__c + None__c", "-"),
            ("-None__c", "-"),
            ("Percent__c * 2", "1"),
            ("MOD(3, 0)", "3"),
            ("MOD(-7, 3)", "-1"),
            ("FLOOR(-1.4)", "-1"),
            ("CEILING(-1.4)", "-2"),
            ("MFLOOR(-1.4)", "-2"),
            ("MCEILING(-1.4)", "-1"),
            ("ROUND(1234.5, -2)", "1200"),
            ("ROUND(2.5, 0)", "3"),
            ("TRUNC(-2.57, 1)", "-2.5"),
            ("MAX(1, 3, 2)", "3"),
            ("MIN(1, None__c)", "-"),
            ("SQRT(2)", "1.4142135623730951"),
            ("SQRT(-1)", "! "),
            ("ROUND(PI(), 12)", "3.14159265359"),
            ("ROUND(EXP(LN(10)), 6)", "10"),
            ("LOG(1000) > 2.9", "true"),
            ("LN(0)", "! "),
            ("9999999999999999999999999999 * 99999", "! "),
            ("ROUND(DISTANCE(Place__c, GEOLOCATION(37.775, -122.418), 'km'), 3)", "0"),
            ("ROUND(DISTANCE(GEOLOCATION(0, 0), GEOLOCATION(0, 90), 'mi'), 0)", "6218"),
        ],
    );
}

#[test]
fn blanks() {
    all(
        &World::new(),
        &[
            ("None__c < 5", "-"),
            ("None__c = 0", "-"),
            ("None__c <> 0", "-"),
            ("NOT(None__c < 5)", "-"),
            ("Blank__c = \"\"", "true"),
            ("Blank__c <> \"\"", "false"),
            ("Blank__c = NULL", "true"),
            ("ISBLANK(Blank__c)", "true"),
            ("ISNULL(Blank__c)", "false"),
            ("ISBLANK(None__c)", "true"),
            ("ISNULL(None__c)", "true"),
            ("NULLVALUE(Blank__c, \"x\")", "-"),
            ("BLANKVALUE(Blank__c, \"x\")", "x"),
            ("BLANKVALUE(None__c, 3)", "3"),
            ("BEGINS(\"abc\", Blank__c)", "true"),
            ("BEGINS(Blank__c, \"a\")", "-"),
            ("NOT(BEGINS(Blank__c, \"a\"))", "-"),
            ("BEGINS(Blank__c, \"a\") = FALSE", "true"),
            ("CONTAINS(Text__c, Blank__c)", "true"),
            ("CONTAINS(Blank__c, \"a\")", "false"),
            ("FIND(\"a\", Blank__c)", "0"),
            ("FIND(\"\", Text__c)", "0"),
            ("LEN(Blank__c)", "0"),
            ("\"aaaa\" + Blank__c", "aaaa"),
            ("Blank__c & Blank__c", "-"),
            ("ISBLANK(LEFT(Text__c, 0))", "true"),
            ("ISBLANK(TRIM(\" \"))", "true"),
            ("SUBSTITUTE(Text__c, Blank__c, \"Platinum\")", "Golden File"),
            ("VALUE(\"\")", "-"),
            ("VALUE(\" \")", "! The value 'null' is not a valid number."),
            ("IF(None__c > 1, 1, 2)", "2"),
            ("NULL + 1", "-"),
        ],
    );
}

#[test]
fn logic() {
    all(
        &World::new(),
        &[
            ("AND(FALSE, 1 / 0 = 1)", "false"),
            ("OR(TRUE, 1 / 0 = 1)", "true"),
            ("FALSE && 1 / 0 = 1", "false"),
            ("TRUE || 1 / 0 = 1", "true"),
            ("AND(None__c > 1, TRUE)", "false"),
            ("Flag__c && !ISNEW()", "false"),
            ("\"a\" = \"A\"", "false"),
            ("\"Left\" > \"Left\"", "false"),
            ("\"Left\" <= \"Left\"", "true"),
            ("1.50 = 1.5", "true"),
            ("CASE(Number__c, 1, \"one\", 12.5, \"twelve\", \"else\")", "twelve"),
            ("CASE(None__c, 1, \"one\", \"else\")", "else"),
            ("CASE(Pick__c, \"cold\", 1, \"HOT\", 2, 3)", "2"),
            ("CASE(TEXT(Pick__c), \"hot\", 2, 3)", "2"),
            ("CASE(Text__c, \"golden file\", 2, 3)", "3"),
            ("CASE(Blank__c, \"\", 2, 3)", "2"),
            ("ISPICKVAL(Pick__c, \"hot\")", "true"),
            ("ISPICKVAL(NoPick__c, \"\")", "true"),
            ("TEXT(Pick__c) = \"hot\"", "true"),
            ("\"hot\" <> TEXT(Pick__c)", "false"),
            ("TEXT(Pick__c)", "Hot"),
            ("INCLUDES(Many__c, \"golf\")", "true"),
            ("INCLUDES(Many__c, \"Golf;Ski\")", "false"),
            ("PICKLISTCOUNT(Many__c)", "2"),
            ("ISBLANK(Many__c)", "false"),
            ("Id = \"a00000000000001\"", "true"),
            ("CASESAFEID(Id)", "a00000000000001AAA"),
            ("ISBLANK(Account.Name)", "true"),
            ("ISBLANK(Place__c)", "false"),
        ],
    );
}

#[test]
fn texts() {
    all(
        &World::new(),
        &[
            ("LEFT(Text__c, 6)", "Golden"),
            ("RIGHT(Text__c, 4)", "File"),
            ("MID(Text__c, 3, 4)", "lden"),
            ("MID(Text__c, 0, 2)", "Go"),
            ("FIND(\"e\", Text__c, 6)", "11"),
            ("FIND(\"z\", Text__c)", "0"),
            ("SUBSTITUTE(Text__c, \"Golden\", \"Old\")", "Old File"),
            ("UPPER(\"straße\")", "STRASSE"),
            ("UPPER(\"i\", \"tr\")", "İ"),
            ("LOWER(\"ABC\")", "abc"),
            ("LPAD(\"abc\", 6, \"xy\")", "xyxabc"),
            ("RPAD(\"abc\", 2)", "ab"),
            ("LPAD(\"abc\", 0)", "-"),
            ("INITCAP(\"hello wORLD 1st\")", "Hello World 1st"),
            ("REVERSE(\"abc\")", "cba"),
            ("ASCII(\"A\")", "65"),
            ("CHR(65)", "A"),
            ("LEN(\"a\\nb\")", "4"),
            ("LEN(\"😀\")", "2"),
            ("ISNUMBER(\"1e3\")", "true"),
            ("ISNUMBER(\" 1\")", "false"),
            ("VALUE(\"1e3\")", "1000"),
            ("VALUE(\"-.5\")", "-0.5"),
            ("TEXT(0.5)", "0.5"),
            ("TEXT(0.25 * 2)", ".5"),
            ("TEXT(Number__c)", "12.5"),
            ("TEXT(1 / 4 - 1)", "-.75"),
            ("TEXT(Percent__c)", ".5"),
            ("REGEX(Text__c, \"[A-Z][a-z]+ .*\")", "true"),
            ("REGEX(\"12345\", \"\\\\d{5}(-\\\\d{4})?\")", "true"),
            ("REGEX(\"x\", Text__c)", "false"),
            ("REGEX(\"x\", \"(\" & \"\")", "! "),
            ("FORMATDURATION(1000000)", "277:46:40"),
            ("FORMATDURATION(1000000, TRUE)", "11:13:46:40"),
        ],
    );
}

#[test]
fn dates() {
    all(
        &World::new(),
        &[
            ("TODAY()", "2024-05-14"),
            ("DATEVALUE(When__c)", "2024-05-15"),
            ("DATEVALUE(\"2024-02-29\")", "2024-02-29"),
            ("DATEVALUE(\"2023-02-29\")", "! "),
            ("DATE(2009, 3.5, 2)", "2009-03-02"),
            ("DATE(10000, 1, 1)", "! Year out of range in DATE() function"),
            ("DATE(2024, 13, 1)", "! Month or Day out of range in DATE() function"),
            ("Date__c + 1.9", "2024-02-01"),
            ("Date__c - 31", "2023-12-31"),
            ("Date__c - DATE(2024, 1, 1)", "30"),
            ("ADDMONTHS(DATE(2024, 1, 31), 1)", "2024-02-29"),
            ("ADDMONTHS(DATE(2023, 1, 30), 1)", "2023-02-28"),
            ("ADDMONTHS(DATE(2023, 2, 28), 1)", "2023-03-31"),
            ("YEAR(Date__c) * 100 + MONTH(Date__c)", "202401"),
            ("DAY(Date__c)", "31"),
            ("WEEKDAY(Date__c)", "4"),
            ("DAYOFYEAR(Date__c)", "31"),
            ("ISOWEEK(DATE(2021, 1, 3))", "53"),
            ("ISOYEAR(DATE(2021, 1, 3))", "2020"),
            ("When__c + 1 / 24", "2024-05-16T00:30:15.000Z"),
            ("When__c - DATETIMEVALUE(\"2024-05-14 23:30:15\")", "1"),
            ("TEXT(When__c)", "2024-05-15 23:30:15Z"),
            ("TEXT(Time__c)", "17:30:45.125"),
            ("TEXT(DATE(50, 1, 2))", "0050-01-02"),
            ("HOUR(Time__c) + MINUTE(Time__c) + SECOND(Time__c) + MILLISECOND(Time__c)", "217"),
            ("TIMEVALUE(\"01:00:00.000\") - TIMEVALUE(\"02:00:00.000\")", "82800000"),
            ("Time__c + 86400000", "17:30:45.125Z"),
            ("TIMEVALUE(\"01:00:00.000\") - 7200000", "! "),
            ("UNIXTIMESTAMP(FROMUNIXTIME(1000))", "1000"),
            ("UNIXTIMESTAMP(Time__c)", "63045"),
            ("FROMUNIXTIME(9000000000000)", "! "),
            ("FROMUNIXTIME(-9000000000000)", "! "),
            ("NOW() + 99999999", "! "),
            ("NOW() - 99999999", "! "),
            ("DATETIMEVALUE(DATE(1, 1, 1)) - 1", "! "),
            ("DATE(1, 1, 1) - 1", "! "),
            ("ADDMONTHS(DATE(1, 1, 1), -1)", "! "),
            ("ADDMONTHS(When__c, -12000000)", "! "),
            ("$System.OriginDateTime", "1900-01-01T00:00:00.000Z"),
            ("NOW() > When__c", "false"),
        ],
    );
}

/// What is checked twice at every level would never end at this depth.
#[test]
fn nesting() {
    let world = World::new();
    let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(DEEP), close.repeat(DEEP));
    for (open, close, expected) in [
        ("CASE(", ",1,2,3)", "3"),
        ("IF(ISBLANK(", "),0,1)", "1"),
        ("IF(ISNULL(", "),0,1)", "1"),
        ("IF(TEXT(", ")=\"1\",1,2)", "1"),
        ("IF(\"1\"<>TEXT(", "),1,2)", "1"),
    ] {
        assert_eq!(shown(world.eval(&nested(open, close))), expected, "{open}");
    }
    assert!(world.refused("CASE(IF(TRUE, Pick__c, Pick__c), 1, 2, 3)").contains("is a picklist field"));
    assert!(world.refused("ISBLANK(PRIORVALUE(Pick__c))").contains("Field Pick__c is a picklist field"));
    assert!(world.refused("CASE(PRIORVALUE(Pick__c), 1, 2, 3)").contains("Field Pick__c is a picklist field"));
    all(&world, &[("TEXT(PRIORVALUE(Pick__c)) = \"hot\"", "true"), ("CASE(TEXT(Pick__c), \"Hot\", 1, 2)", "1")]);
}

#[test]
fn what_was() {
    let mut world = World::new();
    all(&world, &[("ISNEW()", "true"), ("ISCHANGED(Name)", "false"), ("PRIORVALUE(Name)", "One")]);
    let mut old = world.row.clone();
    old.set(&world.object, "Name", "Zero");
    old.set(&world.object, "Pick__c", "Cold");
    world.old = Some(old);
    all(
        &world,
        &[
            ("ISNEW()", "false"),
            ("ISCHANGED(Name)", "true"),
            ("ISCHANGED(Text__c)", "false"),
            ("PRIORVALUE(Name)", "Zero"),
            ("ISPICKVAL(PRIORVALUE(Pick__c), \"Cold\")", "true"),
            ("ISCHANGED(Pick__c) && TEXT(PRIORVALUE(Pick__c)) = \"Cold\"", "true"),
            ("INCLUDES(PRIORVALUE(Many__c), \"Ski\")", "true"),
            ("ISCHANGED(Place__c)", "false"),
        ],
    );
}

#[test]
fn refusals() {
    let world = World::new();
    for (formula, message) in [
        ("Gone__c = 1", "Field Gone__c does not exist. Check spelling."),
        ("Account.Gone = \"\"", "Field Account.Gone does not exist. Check spelling."),
        ("foo:bar = 1", "Field foo:bar does not exist. Check spelling."),
        ("Owner.Name = \"\"", "Field Owner.Name does not exist. Check spelling."),
        ("FOO(1)", "Unknown function FOO. Check spelling."),
        ("IFERROR(1, 2)", "Unknown function IFERROR. Check spelling."),
        ("SUBSTR(\"abc\", 1)", "Function SUBSTR may not be used in this type of formula"),
        ("IF(TRUE, 1)", "Incorrect number of parameters for function 'IF()'. Expected 3, received 2"),
        ("TRUNC(1)", "Incorrect number of parameters for function 'TRUNC()'. Expected 2, received 1"),
        ("CASE(1, 2, 3)", "Incorrect number of parameters for function 'CASE()'. Expected 4, received 3"),
        ("AND(Text__c, TRUE)", "Incorrect parameter type for function 'AND()'. Expected Boolean, received Text"),
        ("Text__c && TRUE", "Incorrect parameter type for function 'and()'. Expected Boolean, received Text"),
        ("Flag__c = Date__c", "Incorrect parameter type for operator '='. Expected Boolean, received Date"),
        ("Number__c > Text__c", "Incorrect parameter type for operator '>'. Expected Number, received Text"),
        ("\"x\" & 1 > 0", "Incorrect parameter type for operator '&'. Expected Text, received Number"),
        ("Flag__c + 1", "Incorrect parameter type for operator '+'. Expected Number, Date, Date/Time, received Boolean"),
        ("TEXT(Text__c)", "Incorrect parameter type for function 'TEXT()'. Expected Number, Date, Date/Time, Picklist, received Text"),
        (
            "TEXT(Account.OwnerId)",
            "Incorrect parameter type for function 'TEXT()'. Expected Number, Date, Date/Time, Picklist, received Lookup(User)",
        ),
        ("ISBLANK(Flag__c)", "Incorrect argument type for function 'ISBLANK()'."),
        ("ISBLANK(Pick__c)", "Field Pick__c is a picklist field. Picklist fields are only supported in certain functions."),
        ("Pick__c = \"Hot\"", "Field Pick__c is a picklist field. Picklist fields are only supported in certain functions."),
        ("ISPICKVAL(Pick__c, Text__c)", "Incorrect parameter type for function 'ISPICKVAL()'. Expected Text Literal, received Text"),
        ("ISPICKVAL(Text__c, \"x\")", "Incorrect parameter type for function 'ISPICKVAL()'. Expected Picklist, received Text"),
        ("ISCHANGED(Account.Name)", "The ISCHANGED function cannot reference the Account.Name field."),
        ("YEAR(When__c)", "Incorrect parameter type for function 'YEAR()'. Expected Date, received Date/Time"),
        (
            "Account.BillingAddress = \"\"",
            "You referenced an unsupported field type called \"Address\" using the following field: Account.BillingAddress",
        ),
        ("REGEX(Text__c, \"(\")", "Incorrect parameter for function 'REGEX()'."),
    ] {
        assert_eq!(world.refused(formula), message, "{formula}");
    }
}

/// Whatever is taken can be worked out: nothing breaks, nothing grows without bound.
#[test]
fn nothing_breaks() {
    let world = World::new();
    let deep = format!("{}1{} = 1", "ABS(".repeat(140), ")".repeat(140));
    assert_eq!(world.eval(&deep), Ok(Value::Bool(true)));
    let long = vec!["Number__c"; 380].join("+");
    assert!(world.eval(&long).is_ok());
    let mut wide = "\"aaaaaaaaaa\"".to_owned();
    for _ in 0..60 {
        wide = format!("SUBSTITUTE({wide},\"a\",\"aaaaaaaaaa\")");
    }
    assert_eq!(world.eval(&wide), Err(Trouble(None)));
    assert_eq!(world.eval("LPAD(\"a\", 10000000000)"), Err(Trouble(None)));
    let atoms =
        ["1", "0", "-3.5", "10 ^ 20", "\"\"", "\"é😀\"", "NULL", "Date__c", "When__c", "Time__c", "Number__c", "Text__c", "Flag__c"];
    let calls = [
        "LEFT",
        "RIGHT",
        "MID",
        "FIND",
        "LPAD",
        "DATE",
        "ADDMONTHS",
        "ROUND",
        "TRUNC",
        "MOD",
        "ABS",
        "EXP",
        "CHR",
        "FROMUNIXTIME",
        "SUBSTITUTE",
        "DATEVALUE",
    ];
    let operators = ["+", "-", "*", "/", "^", "&", "=", "<", "&&"];
    let mut checked = 0;
    let mut places = Places::of(&world.object);
    let mut run = |formula: &str| {
        if check(formula, Purpose::Rule, &world.catalog, &mut places).is_ok() {
            let _ = world.eval(formula);
            checked += 1;
        }
    };
    for a in atoms {
        for b in atoms {
            operators.iter().for_each(|op| run(&format!("({a}) {op} ({b})")));
            for c in atoms {
                calls.iter().for_each(|call| run(&format!("{call}({a}, {b}, {c})")));
            }
            calls.iter().for_each(|call| run(&format!("{call}({a}, {b})")));
        }
        calls.iter().for_each(|call| run(&format!("{call}({a})")));
    }
    assert!(checked > 500, "{checked}");
}
