//! An org of a few objects in memory, for tests.

#![allow(dead_code, reason = "each test file uses some of it")]

use orglet_apex::*;
use orglet_base::{DateTime, Id, KeyPrefix, Value};
use std::collections::HashMap;
use std::sync::Arc;

pub struct Org {
    pub objects: HashMap<String, Arc<ObjectInfo>>,
    pub rows: Vec<Record>,
    pub log: Vec<String>,
    pub usage: Usage,
    pub queries: Vec<String>,
    pub refuse: Option<RowError>,
    pub program: Option<Arc<Program>>,
    pub trigger: Option<(String, TriggerEvent)>,
    pub saved: Vec<Vec<Record>>,
    pub next: u64,
}

fn field(name: &str, kind: FieldKind) -> FieldInfo {
    FieldInfo {
        name: name.into(),
        label: name.into(),
        kind,
        display_type: "STRING".into(),
        createable: true,
        updateable: true,
        nillable: true,
        ..Default::default()
    }
}

fn reference(name: &str, to: &str, relationship: &str) -> FieldInfo {
    FieldInfo {
        reference_to: vec![to.into()],
        relationship_name: Some(relationship.into()),
        display_type: "REFERENCE".into(),
        ..field(name, FieldKind::Id)
    }
}

fn object(name: &str, prefix: &str, fields: Vec<FieldInfo>, children: Vec<ChildInfo>) -> Arc<ObjectInfo> {
    let mut all = vec![field("Id", FieldKind::Id), FieldInfo { name_field: true, ..field("Name", FieldKind::String) }];
    all.extend(fields);
    ObjectInfo::new(ObjectInfo {
        name: name.into(),
        label: name.into(),
        key_prefix: KeyPrefix::parse(prefix),
        fields: all,
        children,
        createable: true,
        ..Default::default()
    })
}

impl Default for Org {
    fn default() -> Self {
        let account = object(
            "Account",
            "001",
            vec![
                field("Phone", FieldKind::String),
                field("AnnualRevenue", FieldKind::Decimal),
                field("NumberOfEmployees", FieldKind::Integer),
                field("Active__c", FieldKind::Boolean),
                field("Start__c", FieldKind::Date),
                field("CreatedDate", FieldKind::Datetime),
                reference("ParentId", "Account", "Parent"),
            ],
            vec![ChildInfo { name: Some("Contacts".into()), object: "Contact".into(), field: "AccountId".into(), cascade: false }],
        );
        let contact = object(
            "Contact",
            "003",
            vec![field("LastName", FieldKind::String), field("Email", FieldKind::String), reference("AccountId", "Account", "Account")],
            vec![],
        );
        let objects = [account, contact].into_iter().map(|object| (object.name.to_ascii_lowercase(), object)).collect();
        Org {
            objects,
            rows: vec![],
            log: vec![],
            usage: Usage::default(),
            queries: vec![],
            refuse: None,
            program: None,
            trigger: None,
            saved: vec![],
            next: 1,
        }
    }
}

impl Schema for Org {
    fn object(&self, name: &str) -> Option<Arc<ObjectInfo>> {
        self.objects.get(&name.to_ascii_lowercase()).cloned()
    }
    fn object_names(&self) -> Vec<String> {
        vec!["Account".into(), "Contact".into()]
    }
    fn object_of_prefix(&self, prefix: KeyPrefix) -> Option<Arc<ObjectInfo>> {
        self.objects.values().find(|object| object.key_prefix == Some(prefix)).cloned()
    }
}

impl Host for Org {
    fn query(&mut self, query: &Query) -> Result<Rows, HostError> {
        let text = query.with_literals();
        self.queries.push(text.clone());
        let upper = text.to_ascii_uppercase();
        if upper.contains("BROKEN") {
            return Err(HostError::query("it is broken"));
        }
        let from = upper.split(" FROM ").last().unwrap_or_default().split_whitespace().next().unwrap_or_default().to_owned();
        let mut found: Vec<Record> = self.rows.iter().filter(|row| row.object.to_ascii_uppercase() == from).cloned().collect();
        if let Some(name) = text.split("Name = '").nth(1).and_then(|rest| rest.split('\'').next()) {
            found.retain(|row| row.get("Name") == Some(&Value::Text(name.into())));
        }
        if upper.starts_with("SELECT COUNT()") {
            return Ok(Rows { count: Some(found.len() as i64), records: vec![] });
        }
        if upper.contains("COUNT(ID)") {
            let row = Record {
                object: "AggregateResult".into(),
                fields: vec![("expr0".into(), Value::Int(found.len() as i64))],
                ..Default::default()
            };
            return Ok(Rows { records: vec![row], count: None });
        }
        let list = text[6..upper.find(" FROM ").unwrap_or(6)].to_owned();
        let columns: Vec<String> = list.split(',').map(|column| column.trim().to_owned()).collect();
        for row in &mut found {
            let whole = row.clone();
            row.fields.clear();
            row.fields.push(("Id".into(), whole.get("Id").cloned().unwrap_or(Value::Null)));
            for column in columns.iter().filter(|column| !column.contains('.') && !column.eq_ignore_ascii_case("id")) {
                row.fields.push((column.as_str().into(), whole.get(column).cloned().unwrap_or(Value::Null)));
            }
        }
        Ok(Rows { records: found, count: None })
    }
    fn search(&mut self, _: &Query) -> Result<Vec<Vec<Record>>, HostError> {
        Ok(vec![self.rows.clone()])
    }
    fn dml(&mut self, dml: Dml) -> Result<Vec<RowResult>, HostError> {
        let mut out = vec![];
        for mut record in dml.records {
            if let Some(error) = self.refuse.clone()
                && record.get("Name") == Some(&Value::Text("bad".into()))
            {
                out.push(RowResult { id: record.id(), created: false, errors: vec![error] });
                continue;
            }
            if let (Some(program), Some((trigger, event))) = (self.program.clone(), self.trigger.clone()) {
                let context = TriggerContext { event, new: vec![record.clone()], old: vec![] };
                match program.run_trigger(self, &trigger, context) {
                    Ok(outcome) => {
                        if let Some(error) = outcome.rows[0].errors.first() {
                            out.push(RowResult { errors: vec![error.clone()], ..Default::default() });
                            continue;
                        }
                        for (name, value) in &outcome.rows[0].changed {
                            record.fields.retain(|(own, _)| own != name);
                            record.fields.push((name.clone(), value.clone()));
                        }
                    }
                    Err(exception) => {
                        let message = exception.trigger_message(&trigger, event);
                        out.push(RowResult {
                            errors: vec![RowError { status: "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY".into(), message, fields: vec![] }],
                            ..Default::default()
                        });
                        continue;
                    }
                }
            }
            match dml.kind {
                DmlKind::Insert | DmlKind::Upsert => {
                    let prefix = self.object(&record.object).and_then(|object| object.key_prefix).unwrap_or(KeyPrefix(*b"000"));
                    let id = Id::new(prefix, *b"5g", self.next);
                    self.next += 1;
                    record.fields.push(("Id".into(), Value::Id(id)));
                    self.rows.push(record);
                    out.push(RowResult { id: Some(id), created: true, errors: vec![] });
                }
                DmlKind::Delete => {
                    self.rows.retain(|row| row.id() != record.id());
                    out.push(RowResult { id: record.id(), ..Default::default() });
                }
                _ => {
                    if let Some(row) = self.rows.iter_mut().find(|row| row.id() == record.id()) {
                        for (name, value) in &record.fields {
                            row.fields.retain(|(own, _)| own != name);
                            row.fields.push((name.clone(), value.clone()));
                        }
                    }
                    out.push(RowResult { id: record.id(), ..Default::default() });
                }
            }
        }
        Ok(out)
    }
    fn savepoint(&mut self) -> Result<u32, HostError> {
        self.saved.push(self.rows.clone());
        Ok(self.saved.len() as u32 - 1)
    }
    fn rollback(&mut self, savepoint: u32) -> Result<(), HostError> {
        self.rows = self.saved[savepoint as usize].clone();
        Ok(())
    }
    fn user(&self) -> UserInfo {
        UserInfo {
            name: "Ada Admin".into(),
            locale: "en_US".into(),
            time_zone: "America/Los_Angeles".into(),
            user_id: Id::parse("0055g000000000A").ok(),
            ..Default::default()
        }
    }
    fn now(&mut self) -> DateTime {
        DateTime(1_715_797_800_000)
    }
    fn random(&mut self) -> u64 {
        7
    }
    fn debug(&mut self, _: &str, _: u32, text: &str) {
        self.log.push(text.to_owned());
    }
    fn usage(&mut self) -> &mut Usage {
        &mut self.usage
    }
}

/// Class texts compiled.
pub fn classes(org: &Org, texts: &[&str]) -> Result<Program, Vec<CompileError>> {
    let sources: Vec<Source> = texts
        .iter()
        .map(|text| {
            let kind = if text.trim_start().starts_with("trigger") { UnitKind::Trigger } else { UnitKind::Class };
            Source { kind, name: "X".into(), body: (*text).into() }
        })
        .collect();
    compile(&sources, org)
}

/// What a block logs; the exception or problem behind it.
pub fn run_in(org: &mut Org, texts: &[&str], block: &str) -> Vec<String> {
    let program = match classes(org, texts) {
        Ok(program) => program,
        Err(errors) => return errors.iter().map(|error| format!("{}:{} {}", error.line, error.column, error.problem)).collect(),
    };
    org.log.clear();
    let outcome = program.anonymous(org, block);
    let mut log = std::mem::take(&mut org.log);
    if let Some(problem) = outcome.problem {
        log.push(format!("{}:{} {}", problem.line, problem.column, problem.problem));
    }
    if let Some(exception) = outcome.exception {
        log.push(exception.render());
    }
    log
}

/// The same in an org of its own.
pub fn run(block: &str) -> Vec<String> {
    run_in(&mut Org::default(), &[], block)
}

/// The value of an expression as `System.debug` writes it.
pub fn eval(expr: &str) -> String {
    run(&format!("System.debug({expr});")).join("|")
}
