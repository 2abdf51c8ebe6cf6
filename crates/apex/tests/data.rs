//! Records, queries, DML, triggers, REST.

mod common;
use common::*;
use orglet_apex::*;
use orglet_base::{Id, Value};
use std::sync::Arc;

fn account(name: &str, n: u64) -> Record {
    let id = Id::new(orglet_base::KeyPrefix(*b"001"), *b"5g", n + 1000);
    Record {
        object: "Account".into(),
        fields: vec![("Id".into(), Value::Id(id)), ("Name".into(), Value::Text(name.into()))],
        ..Default::default()
    }
}

#[test]
fn records_and_queries() {
    let mut org = Org { rows: vec![account("a", 1), account("b", 2), account("it's", 3)], ..Default::default() };
    for (block, want) in [
        ("Account a = [SELECT Id, Name FROM Account WHERE Name = 'a']; System.debug(a.Name);", "a"),
        (
            "String n = 'it\\'s'; List<Account> l = [SELECT Name FROM Account WHERE Name LIKE :n + '%' AND Id IN :new List<Id>() LIMIT :4 + 1]; System.debug(l.size());",
            "3",
        ),
        (
            "Account a = [SELECT Id FROM Account WHERE Name = 'zz'];",
            "System.QueryException: List has no rows for assignment to SObject\n\nAnonymousBlock: line 1, column 1",
        ),
        (
            "Account a = [SELECT Id FROM Account];",
            "System.QueryException: List has more than 1 row for assignment to SObject\n\nAnonymousBlock: line 1, column 1",
        ),
        (
            "for (Account a : [SELECT Id FROM Account WHERE Name = 'a']) { System.debug(a.Name); }",
            "System.SObjectException: SObject row was retrieved via SOQL without querying the requested field: Account.Name\n\nAnonymousBlock: line 1, column 1",
        ),
        ("System.debug([SELECT COUNT() FROM Account]);", "3"),
        ("AggregateResult[] r = [SELECT COUNT(Id) FROM Account]; System.debug((Integer) r[0].get('expr0'));", "3"),
        ("for (List<Account> chunk : [SELECT Id FROM Account]) System.debug(chunk.size());", "3"),
        ("System.debug([SELECT Name FROM Account WHERE Name = 'b'].Name);", "b"),
        ("System.debug(Database.countQuery('SELECT COUNT() FROM Account') + Database.query('SELECT Id FROM Account').size());", "6"),
        (
            "try { Database.query('SELECT Broken FROM Account'); } catch (QueryException e) { System.debug(e.getMessage()); }",
            "it is broken",
        ),
        (
            "Account a = new Account(Name = 'n', NumberOfEmployees = 5); a.put('Phone', '1'); System.debug(a.get('phone') + ' ' + a); Account b = a.clone(); b.Name = 'm'; System.debug(a == b);",
            "1 Account:{Name=n, NumberOfEmployees=5, Phone=1}|false",
        ),
        ("Contact c = new Contact(Account = new Account(Name = 'p')); System.debug(c.Account.Name);", "p"),
        (
            "SObject s = new Account(); s.put('Nope', 1);",
            "System.SObjectException: Invalid field Nope for Account\n\nAnonymousBlock: line 1, column 1",
        ),
        (
            "Id i = '001000000000001'; String s = i; System.debug(s); Id j = 'x';",
            "001000000000001AAA|System.StringException: Invalid id: x\n\nAnonymousBlock: line 1, column 1",
        ),
    ] {
        assert_eq!(run_in(&mut org, &[], block).join("|"), want, "{block}");
    }
    assert_eq!(org.queries[1], "SELECT Name FROM Account WHERE Name LIKE 'it\\'s%' AND Id IN (null) LIMIT 5");
}

#[test]
fn dml() {
    let mut org = Org {
        refuse: Some(RowError {
            status: "REQUIRED_FIELD_MISSING".into(),
            message: "Required fields are missing: [Name]".into(),
            fields: vec!["Name".into()],
        }),
        ..Default::default()
    };
    for (block, want) in [
        (
            "Account a = new Account(Name = 'x'); insert a; System.debug(a.Id != null); a.Name = 'y'; update a; System.debug([SELECT Name FROM Account].Name); delete a; System.debug([SELECT COUNT() FROM Account]);",
            "true|y|0",
        ),
        (
            "insert new List<Account>{new Account(Name = 'x'), new Account(Name = 'bad')};",
            "System.DmlException: Insert failed. First exception on row 1; first error: REQUIRED_FIELD_MISSING, Required fields are missing: [Name]: [Name]\n\nAnonymousBlock: line 1, column 1",
        ),
        (
            "try { insert new Account(Name = 'bad'); } catch (DmlException e) { System.debug(e.getNumDml() + e.getDmlMessage(0) + e.getDmlFieldNames(0)); }",
            "1Required fields are missing: [Name](Name)",
        ),
        (
            "List<Database.SaveResult> r = Database.insert(new List<Account>{new Account(Name = 'ok'), new Account(Name = 'bad')}, false); System.debug(r[0].isSuccess() + ' ' + r[1].isSuccess() + ' ' + r[1].getErrors()[0].getStatusCode());",
            "true false REQUIRED_FIELD_MISSING",
        ),
        (
            "update new Account(Name = 'x');",
            "System.DmlException: Update failed. First exception on row 0; first error: MISSING_ARGUMENT, Id not specified in an update call: []\n\nAnonymousBlock: line 1, column 1",
        ),
        (
            "Savepoint sp = Database.setSavepoint(); insert new Account(Name = 'r'); Database.rollback(sp); System.debug([SELECT COUNT() FROM Account WHERE Name = 'r']);",
            "0",
        ),
        ("Database.UpsertResult u = Database.upsert(new Account(Name = 'u')); System.debug(u.isCreated());", "true"),
    ] {
        assert_eq!(run_in(&mut org, &[], block).join("|"), want, "{block}");
    }
}

#[test]
fn triggers() {
    let trigger = "trigger T on Account (before insert, after insert, before delete) {\n  for (Account a : Trigger.new) {\n    if (a.Name == 'null') { String s; s.length(); }\n    if (Trigger.isBefore && a.Name == 'bad') a.addError('no ' + Trigger.size);\n    if (a.Name == 'field') a.Phone.addError('phone');\n    if (Trigger.operationType == TriggerOperation.BEFORE_INSERT) a.Phone = '42';\n    if (Trigger.isAfter) a.Phone = '1';\n  }\n}";
    let mut org = Org::default();
    let program = classes(&org, &[trigger]).unwrap();
    assert_eq!(program.triggers()[0].object, "Account");
    let names = ["ok", "bad", "field"];
    let context = |event, names: &[&str]| TriggerContext {
        event,
        new: names.iter().enumerate().map(|(n, name)| account(name, n as u64)).collect(),
        old: vec![],
    };
    let outcome = program.run_trigger(&mut org, "t", context(TriggerEvent::BeforeInsert, &names)).unwrap();
    assert_eq!(outcome.rows[0].changed, [(Arc::from("Phone"), Value::Text("42".into()))]);
    assert_eq!(
        (outcome.rows[1].errors[0].message.as_str(), outcome.rows[2].errors[0].fields.as_slice()),
        ("no 3", ["Phone".to_owned()].as_slice())
    );
    let error = program.run_trigger(&mut org, "T", context(TriggerEvent::BeforeInsert, &["null"])).unwrap_err();
    assert_eq!(
        error.trigger_message("T", TriggerEvent::BeforeInsert),
        "T: execution of BeforeInsert\n\ncaused by: System.NullPointerException: Attempt to de-reference a null object\n\nTrigger.T: line 3, column 1"
    );
    let error = program.run_trigger(&mut org, "T", context(TriggerEvent::AfterInsert, &["x"])).unwrap_err();
    assert_eq!(error.headline(), "System.FinalException: Record is read-only");
}

#[test]
fn statics_last_for_a_transaction() {
    let guard = "public class Guard { public static Integer runs = 0; }";
    let trigger = "trigger T on Account (before insert) { Guard.runs++; Trigger.new[0].Phone = String.valueOf(Guard.runs); }";
    let mut org = Org::default();
    let program = Arc::new(classes(&org, &[guard, trigger]).unwrap());
    org.program = Some(program.clone());
    org.trigger = Some(("T".into(), TriggerEvent::BeforeInsert));
    let outcome = program.anonymous(&mut org, "insert new Account(Name = 'a'); insert new Account(Name = 'b'); System.debug(Guard.runs); System.debug([SELECT Phone FROM Account WHERE Name = 'b'].Phone);");
    assert_eq!(outcome.exception, None);
    assert_eq!(org.log, ["2", "2"]);
}

const REST: &str = "@RestResource(urlMapping='/things/*')\nglobal with sharing class Things {\n  global class Item { public String name; public Integer n; }\n  @HttpGet global static List<Item> read() { Item i = new Item(); i.name = RestContext.request.requestURI + RestContext.request.params.get('q'); return new List<Item>{i}; }\n  @HttpPost global static String write(Item item, List<Integer> ns, Account a) { RestContext.response.statusCode = 201; RestContext.response.addHeader('X', 'y'); return item.name + ns + a; }\n  @HttpDelete global static void drop() { RestContext.response.responseBody = Blob.valueOf('gone'); }\n  @HttpPut global static void fail() {\n    Integer i = 1 / 0;\n  }\n}";

#[test]
fn rest() {
    let mut org = Org::default();
    let program = classes(&org, &[REST]).unwrap();
    let info = program.class("things").unwrap();
    assert_eq!((info.url_mapping.as_deref(), info.global, info.http_methods.len()), (Some("/things/*"), true, 4));
    let call = |org: &mut Org, method: &str, body: &str| {
        let request = RestRequest {
            method: method.into(),
            uri: "/things/1".into(),
            params: vec![("q".into(), "z".into())],
            body: body.as_bytes().to_vec(),
            arguments: RestArguments::Json,
            ..Default::default()
        };
        program.rest_call(org, "Things", &request)
    };
    assert_eq!(call(&mut org, "GET", "").unwrap().json.unwrap(), r#"[{"name":"/things/1z","n":null}]"#);
    let made = call(&mut org, "POST", r#"{"item":{"name":"i"},"ns":[1,2],"a":{"Name":"x"}}"#).unwrap();
    assert_eq!((made.json.as_deref(), made.status, made.headers.len()), (Some(r#""i(1, 2)Account:{Name=x}""#), Some(201), 1));
    let gone = call(&mut org, "DELETE", "").unwrap();
    assert_eq!((gone.body.as_deref(), gone.json), (Some(b"gone".as_slice()), None));
    for (body, want) in [
        (r#"{"nope":1}"#, "Unexpected parameter encountered during deserialization: nope at [line:1, column:10]"),
        (r#"{"item":{"x":1}}"#, "Unknown field: Things.Item.x at [line:1, column:15]"),
        (r#"{"a":{"x":1}}"#, "No such column 'x' on sobject of type Account at [line:1, column:12]"),
        (r#"{"item":1}"#, "Malformed JSON: Expected '{' at the beginning of object at [line:1, column:10]"),
        (
            r#"{"item" 1}"#,
            "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value at [line:1, column:10]",
        ),
    ] {
        match call(&mut org, "POST", body) {
            Err(RestFailure::Arguments(message)) => assert_eq!(message, want, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
    match call(&mut org, "PUT", "") {
        Err(RestFailure::Exception(exception)) => {
            assert_eq!(exception.render(), "System.MathException: Divide by 0\n\nClass.Things.fail: line 8, column 1")
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(call(&mut org, "PATCH", ""), Err(RestFailure::NoMethod)));
}

#[test]
fn statics_are_called_with_data() {
    let class = "public class Inv { public class In { @InvocableVariable(label='L' required=true) public String s; } @InvocableMethod(label='Do') public static List<String> go(List<In> ins) { List<String> out = new List<String>(); for (In i : ins) out.add(i.s.toUpperCase()); return out; } }";
    let mut org = Org::default();
    let program = classes(&org, &[class]).unwrap();
    let invocable = program.class("Inv").unwrap().invocable.clone().unwrap();
    assert_eq!((invocable.label.as_deref(), invocable.inputs[0].name.as_str()), (Some("Do"), "s"));
    assert_eq!((invocable.inputs[0].label.as_deref(), invocable.inputs[0].required), (Some("L"), true));
    let arg = Data::List(vec![Data::Members(String::new(), vec![("s".into(), Data::Text("x".into()))])]);
    assert_eq!(program.call_static(&mut org, "Inv", "go", &[arg]).unwrap(), Data::List(vec![Data::Text("X".into())]));
}
